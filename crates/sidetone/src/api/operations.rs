//! Doors for whoever runs the server.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sidetone_store::StoreError;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::welcome;
use crate::app::App;

/// How long a write may take before the server is not ready.
const WRITE_TIME: Duration = Duration::from_secs(3);
/// How long an answer holds: however often it is asked for, the disk is written once in that time.
const HOLDS: Duration = Duration::from_secs(1);

/// The document of the API.
pub const OPENAPI: &str = include_str!("openapi.json");

/// `/`, `/errors`, `/healthz`, `/readyz`, `/metrics`, `/openapi.json`.
pub fn routes() -> Router<App> {
    let readiness = Arc::<Mutex<Readiness>>::default();
    Router::new()
        .route("/", get(welcome::welcome))
        .route("/errors", get(welcome::errors))
        .route("/errors/{Code}", get(welcome::error))
        .route("/healthz", get(|| async { "ok\n" }))
        .route(
            "/readyz",
            get(move |State(app): State<App>| async move {
                readiness.lock().await.answer(&app).await
            }),
        )
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi))
}

/// Ready means: what is written now is durable, and no write was refused since it was last asked:
/// where a little can be written, more may not. A disk that is full, read-only or frozen still
/// gives what was read before.
#[derive(Default)]
struct Readiness {
    /// The write that is tried. One that takes too long is waited for further, not joined by
    /// others.
    running: Option<JoinHandle<Result<u64, StoreError>>>,
    /// Writes that were refused until then.
    refused: Option<u64>,
    answered: Option<(Instant, Result<(), String>)>,
}

impl Readiness {
    async fn answer(&mut self, app: &App) -> Response {
        let is_fresh = |(at, _): &&(Instant, _)| at.elapsed() < HOLDS;
        let answer = match self.answered.as_ref().filter(is_fresh) {
            Some((_, answer)) => answer.clone(),
            None => {
                let answer = self.try_write(app).await;
                let was_ready = !matches!(self.answered, Some((_, Err(_))));
                match &answer {
                    Err(why) if was_ready => tracing::error!(why, "not ready"),
                    Ok(()) if !was_ready => tracing::info!("ready again"),
                    Ok(()) | Err(_) => {}
                }
                self.answered = Some((Instant::now(), answer.clone()));
                answer
            }
        };
        match answer {
            Ok(()) => "ready\n".into_response(),
            Err(_) => {
                let text = "the store does not take writes\n";
                (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
            }
        }
    }

    async fn try_write(&mut self, app: &App) -> Result<(), String> {
        let running = self.running.get_or_insert_with(|| {
            let app = app.clone();
            tokio::spawn(async move { app.store.probe().await })
        });
        let Ok(ended) = tokio::time::timeout(WRITE_TIME, running).await else {
            return Err(format!("a write has taken longer than {WRITE_TIME:?}"));
        };
        self.running = None;
        let refused = ended
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())?;
        match self.refused.replace(refused) {
            Some(before) if before < refused => {
                Err(format!("{} writes were refused", refused - before))
            }
            _ => Ok(()),
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
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}
