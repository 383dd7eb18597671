//! The doors that events come in by. Each answers after its events are durable.

pub mod cdr;
pub mod event_streams;
pub mod hep;
mod keep;
pub mod native;
pub mod outcome;
pub mod sender;
pub mod status_callback;
mod text;
pub mod voice_sdk;
mod writing;

use axum::Router;
use axum::routing::post;

use crate::app::App;
use crate::telemetry::labels::Source;

/// `/ingest/v1/…`, and the doors that voice SDKs know.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/ingest/v1/status-callback", post(status_callback::receive))
        .route("/ingest/v1/event-streams", post(event_streams::receive))
        .route("/ingest/v1/events", post(native::receive))
        .route("/ingest/v1/cdr/freeswitch", post(cdr::freeswitch))
        .route("/ingest/v1/cdr/asterisk", post(cdr::asterisk))
        .route("/ingest/v1/hep", post(hep::http::receive))
        .route("/v4/EndpointEvents", post(voice_sdk::event))
        .route("/v4/EndpointMetrics", post(voice_sdk::metrics))
}

/// The door that a path leads to; [`Source::Ingest`] for a path under it that leads nowhere.
#[must_use]
pub fn source(path: &str) -> Option<Source> {
    if path.starts_with("/v4/Endpoint") {
        return Some(Source::VoiceSdk);
    }
    let rest = path.strip_prefix("/ingest")?;
    Some(match rest {
        "/v1/status-callback" => Source::StatusCallback,
        "/v1/event-streams" => Source::EventStreams,
        "/v1/events" => Source::Native,
        "/v1/cdr/freeswitch" => Source::FreeSwitch,
        "/v1/cdr/asterisk" => Source::Asterisk,
        "/v1/hep" => Source::Hep,
        _ => Source::Ingest,
    })
}
