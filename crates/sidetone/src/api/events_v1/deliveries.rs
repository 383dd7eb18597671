//! `/v1/Sinks/{Sid}/Deliveries` (ours): what a sink is owed, what it was sent last, and once more.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use sidetone_core::id::{CallSid, SinkSid};
use sidetone_core::time::TimeUs;
use sidetone_store::delivery::{Backlog, EndpointId};

use super::sinks::found;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::v1::render::Seconds;
use crate::app::App;
use crate::streams::attempts::{Attempt, AttemptResult};
use crate::web::base_url::BaseUrl;
use crate::web::json::Json;

/// Counted at once; of more the last look of the worker is told.
const COUNTED_MAX: u64 = 100_000;
/// Queued anew by a request.
const REPLAYED_MAX: usize = 100_000;

#[derive(Serialize)]
struct Told {
    sink_sid: SinkSid,
    url: String,
    waiting: Waiting,
    dead: Dead,
    /// When that was counted.
    counted_time: Seconds,
    /// The most that may wait, with what was given up.
    backlog_max: u64,
    full: bool,
    /// Events that were not kept since the start.
    refused: u64,
    /// Until when the sink wants to be left alone.
    paused_until: Option<Seconds>,
    last_deliveries: Vec<Last>,
    links: Links,
}

#[derive(Serialize)]
struct Waiting {
    count: u64,
    oldest_time: Option<Seconds>,
    next_attempt_time: Option<Seconds>,
}

#[derive(Serialize)]
struct Dead {
    count: u64,
}

/// A request.
#[derive(Serialize)]
struct Last {
    time: TimeUs,
    result: AttemptResult,
    status: Option<u16>,
    error: Option<String>,
    duration_ms: u64,
    bytes: usize,
    event_count: usize,
    events: Vec<Event>,
}

#[derive(Serialize)]
struct Event {
    id: String,
    r#type: String,
    call_sid: Option<CallSid>,
    attempt: u32,
}

#[derive(Serialize)]
struct Links {
    waiting: String,
    dead: String,
    replay: String,
}

impl Last {
    fn of(attempt: &Attempt) -> Self {
        let events = attempt.events.iter().map(|event| Event {
            id: event.id.to_string(),
            r#type: event.kind.clone(),
            call_sid: event.call,
            attempt: event.attempt,
        });
        Self {
            time: attempt.at,
            result: attempt.result,
            status: attempt.status,
            error: attempt.error.clone(),
            duration_ms: u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX),
            bytes: attempt.bytes,
            event_count: attempt.event_count,
            events: events.collect(),
        }
    }
}

/// Answers with what a sink is owed, and what it was sent last.
///
/// # Errors
/// When the account has no such sink, or the store fails.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    Path(sid): Path<String>,
) -> Result<Response, ApiError> {
    let sink = found(&app, &caller, &sid).await?.sid;
    let (backlog, counted_at) = owed(&app, sink).await?;
    let (full, refused) = app.streams.backlogs.refused(sink);
    let now = app.clock.now();
    let left = app
        .pauses
        .left(EndpointId::of_sink(sink), app.clock.passed());
    let left_us = left.map(|left| i64::try_from(left.as_micros()).unwrap_or(i64::MAX));
    let last = app.streams.attempts.of(sink);
    let url = format!("{}/v1/Sinks/{sink}/Deliveries", base.0);
    let list = |status| {
        let base = &base.0;
        format!("{base}/v1/Voice/Deliveries?Status={status}&SinkSid={sink}")
    };
    Ok(Json(Told {
        sink_sid: sink,
        waiting: Waiting {
            count: backlog.waiting,
            oldest_time: backlog.oldest_at.map(Seconds),
            next_attempt_time: backlog.retry_at.map(Seconds),
        },
        dead: Dead {
            count: backlog.dead,
        },
        counted_time: Seconds(counted_at),
        backlog_max: app.config.sink_backlog,
        full,
        refused,
        paused_until: left_us.map(|left_us| Seconds(now.plus_us(left_us))),
        last_deliveries: last.iter().map(|attempt| Last::of(attempt)).collect(),
        links: Links {
            waiting: list("waiting"),
            dead: list("dead"),
            replay: format!("{url}/Replay"),
        },
        url,
    })
    .into_response())
}

/// What a sink is owed, and as of when it was counted.
async fn owed(app: &App, sink: SinkSid) -> Result<(Backlog, TimeUs), ApiError> {
    let (store, now) = (&app.store, app.clock.now());
    let backlog = store.backlog_of(sink, COUNTED_MAX).await?;
    if backlog.waiting < COUNTED_MAX && backlog.dead < COUNTED_MAX {
        return Ok((backlog, now));
    }
    Ok(match app.streams.backlogs.counted(sink) {
        Some(counted) => (counted.backlog, counted.at),
        None => (store.backlog_of(sink, app.config.sink_backlog).await?, now),
    })
}

/// Queues what was given up at a sink anew (202), and tells how much that was.
///
/// # Errors
/// When the account has no such sink, or the store fails.
pub async fn replay(
    State(app): State<App>,
    caller: Caller,
    Path(sid): Path<String>,
) -> Result<Response, ApiError> {
    let sink = found(&app, &caller, &sid).await?;
    let by = caller.who.to_string();
    // A client that does not wait for it is told nothing, but all is queued.
    let replaying = async move {
        let (store, now) = (&app.store, app.clock.now());
        let replayed = store.replay_sink(sink.account, sink.sid, REPLAYED_MAX, now);
        let replayed = replayed.await?;
        tracing::info!(sink.sid = %sink.sid, replayed, by, "dead letters of a sink are tried again");
        let (left, _) = owed(&app, sink.sid).await?;
        let told = json!({ "sink_sid": sink.sid, "replayed": replayed, "left": left.dead });
        Ok((StatusCode::ACCEPTED, Json(told)).into_response())
    };
    tokio::spawn(replaying).await.unwrap_or_else(|error| {
        tracing::error!(%error, "trying dead letters of a sink again failed");
        Err(ApiError::internal())
    })
}
