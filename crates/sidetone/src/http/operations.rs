//! Doors for whoever runs the server.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::welcome;
use crate::app::App;

/// `/`, `/errors`, `/healthz`, `/readyz`, `/metrics`, `/openapi.json`.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(welcome::welcome))
        .route("/errors", get(welcome::errors))
        .route("/errors/{Code}", get(welcome::error))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi))
}

/// Ready means: the store answers.
async fn ready(State(app): State<App>) -> Response {
    match app.store.account_epoch().await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => {
            tracing::error!(%error, "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the store does not answer\n",
            )
                .into_response()
        }
    }
}

async fn metrics(State(app): State<App>) -> Response {
    match app.store.stats().await {
        Ok(stats) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], app.counters.encode(stats)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "no figures from the store");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the store does not answer\n",
            )
                .into_response()
        }
    }
}

async fn openapi() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        include_str!("openapi.json"),
    )
}
