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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::http::{parameters, v1, v2010};
    use crate::ingest;
    use crate::program;

    fn document() -> Value {
        serde_json::from_str(include_str!("openapi.json")).unwrap()
    }

    /// Paths, however their parameters are called and whether they end in `.json` or not.
    fn alike(path: &str) -> String {
        let parts = path.trim_end_matches(".json").split('/');
        let parts: Vec<&str> = parts
            .map(|part| if part.starts_with('{') { "{}" } else { part })
            .collect();
        parts.join("/")
    }

    #[test]
    fn the_document_has_every_route_and_no_other() {
        let routes = routes()
            .merge(v1::routes())
            .merge(v2010::routes())
            .merge(ingest::routes());
        // A router lists its paths nowhere else.
        let shown = format!("{routes:?}");
        let served: BTreeSet<String> = shown
            .split('"')
            .filter(|text| text.starts_with('/') && !text.contains("__private"))
            .map(alike)
            .collect();
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        let told: BTreeSet<String> = paths.keys().map(|path| alike(path)).collect();
        assert_eq!(served, told);
    }

    #[test]
    fn the_document_has_the_parameters_that_are_read() {
        let document = document();
        let resolve = |value: &Value| match value["$ref"].as_str() {
            Some(place) => document.pointer(&place[1..]).unwrap().clone(),
            None => value.clone(),
        };
        for (path, methods) in document["paths"].as_object().unwrap() {
            let Some(known) = parameters::of(path) else {
                continue;
            };
            let mut told = BTreeSet::new();
            for operation in methods.as_object().unwrap().values() {
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    let parameter = resolve(parameter);
                    if parameter["in"] == "query" {
                        told.insert(parameter["name"].as_str().unwrap().to_owned());
                    }
                }
                let form = "/requestBody/content/application~1x-www-form-urlencoded/schema";
                if let Some(form) = operation.pointer(form) {
                    let form = resolve(form);
                    told.extend(form["properties"].as_object().unwrap().keys().cloned());
                }
            }
            let known: BTreeSet<String> = known
                .iter()
                .flat_map(|names| names.iter().map(|name| (*name).to_owned()))
                .collect();
            assert_eq!(told, known, "{path}");
        }
    }

    #[test]
    fn the_document_is_of_this_version() {
        assert_eq!(document()["info"]["version"], program::VERSION);
    }
}
