//! The doors that speak HTTP.

pub mod auth;
pub mod base_url;
pub mod body;
pub mod cors;
pub mod error;
pub mod form;
pub mod forwarded;
pub mod json;
pub mod operations;
pub mod page;
pub mod page_token;
pub mod v1;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;

use crate::app::App;
use crate::ingest;
use crate::telemetry::StatusLabels;

/// Every route this process answers, by its roles.
pub fn router(app: App) -> Router {
    let mut router = operations::routes();
    if app.config.roles.api {
        router = router.merge(v1::routes());
    }
    if app.config.roles.ingest {
        router = router.merge(ingest::routes());
    }
    router
        .fallback(v1::fallback)
        .layer(from_fn(cors::cors))
        .layer(from_fn_with_state(app.clone(), forwarded::forwarded))
        .layer(from_fn_with_state(app.clone(), count))
        .with_state(app)
}

async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status().as_u16();
    app.counters
        .requests
        .get_or_create(&StatusLabels { status })
        .inc();
    response
}
