//! The doors that speak HTTP.

pub mod auth;
pub mod base_url;
pub mod body;
pub mod cors;
pub mod error;
pub mod form;
pub mod forwarded;
pub mod hint;
pub mod html;
pub mod json;
pub mod operations;
pub mod page;
pub mod page_token;
pub mod parameters;
pub mod trace;
pub mod v1;
pub mod v2010;
pub mod welcome;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::response::Response;
use tower_service::Service;

use crate::app::App;
use crate::ingest;
use crate::telemetry::StatusLabels;
use trace::Trace;

/// Answers requests: the routes of this process's roles, and what is the same for every one of them.
///
/// Not layers of the router: each of those costs every request some allocations.
#[derive(Clone)]
pub struct Door {
    app: App,
    routes: Router,
}

impl Door {
    /// The door of an app.
    #[must_use]
    pub fn new(app: App) -> Self {
        let mut routes = operations::routes();
        if app.config.roles.api {
            routes = routes.merge(v1::routes()).merge(v2010::routes());
        }
        if app.config.roles.ingest {
            routes = routes.merge(ingest::routes());
        }
        let routes = routes
            .method_not_allowed_fallback(v1::method_not_allowed)
            .fallback(v1::fallback)
            .with_state(app.clone());
        Self { app, routes }
    }

    /// Counts a request that is not answered because there are too many at once.
    pub fn count_refused_request(&self) {
        let labels = StatusLabels { status: 503 };
        self.app.counters.requests.get_or_create(&labels).inc();
    }

    /// Answers a request.
    pub async fn answer(&self, mut request: Request) -> Response {
        forwarded::note(&self.app.config.trusted_proxies, &mut request);
        let trace = Trace::begin(&self.app, &mut request);
        let mut response = if request.method() == Method::OPTIONS {
            cors::preflight()
        } else {
            let Ok(response) = self.routes.clone().call(request).await;
            response
        };
        trace.end(&self.app, &mut response);
        cors::open(response.headers_mut());
        let status = response.status().as_u16();
        self.app
            .counters
            .requests
            .get_or_create(&StatusLabels { status })
            .inc();
        response
    }
}
