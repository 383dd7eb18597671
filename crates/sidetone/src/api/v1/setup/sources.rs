//! `GET /v1/Voice/Sources`: what has come from each source since the server started, and what was
//! refused of it and why.

use axum::extract::State;
use serde_json::{Value, json};

use super::of_whole_server;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::v1::render::Seconds;
use crate::app::App;
use crate::telemetry::labels::Source;
use crate::web::json::Json;

/// The sources there are, as paths call them.
const SOURCES: [(&str, Source); 7] = [
    ("hep", Source::Hep),
    ("status-callback", Source::StatusCallback),
    ("event-streams", Source::EventStreams),
    ("native", Source::Native),
    ("freeswitch", Source::FreeSwitch),
    ("asterisk", Source::Asterisk),
    ("voice-sdk", Source::VoiceSdk),
];

/// Answers with them.
///
/// # Errors
/// When the account is a subaccount.
pub async fn read(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    of_whole_server(&app, &caller)?;
    let sources = SOURCES.map(|(name, source)| {
        let came = app.counters.doors.of(source);
        let refused = came.refused.iter().map(|(reason, refused)| {
            json!({
                "reason": reason,
                "count": refused.count,
                "last": Seconds(refused.last),
                "message": refused.message,
            })
        });
        json!({
            "source": name,
            "accepted": came.accepted,
            "last_accepted": came.last_accepted.map(Seconds),
            "refused": refused.collect::<Vec<_>>(),
        })
    });
    let hep = &app.config.hep;
    Ok(Json(json!({
        "sources": sources,
        "hep": {
            "udp": hep.udp.map(|it| it.to_string()),
            "tcp": hep.tcp.map(|it| it.to_string()),
        },
        "public_url": app.config.public_url,
    })))
}
