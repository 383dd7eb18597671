//! `POST /ingest/v1/cdr/…`: call detail records, as software switches post them when a call ends.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use sidetone_core::time::TimeUs;
use sidetone_wire::cdr::BODY_MAX_BYTES;
use sidetone_wire::error::DecodeError;
use sidetone_wire::translate::cdr::{self, Decoded};

use super::keep::{answer, append, count};
use super::outcome::Outcome;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::app::App;
use crate::bounds::EVENTS_OF_BODY_BYTES;
use crate::telemetry::labels::{EventResult, Source};
use crate::web::body;

/// How many times the memory of its text a record takes at most while it is read: JSON of empty
/// objects takes nearly as much.
const MEMORY: usize = 100;

/// Keeps what a record of `FreeSWITCH` says. 200 also when it was kept before: `mod_json_cdr`
/// repeats a record until it is answered so.
///
/// # Errors
/// 400 that says what is wrong, 401, 413; 503 when nothing can be kept now.
pub async fn freeswitch(
    State(app): State<App>,
    caller: Caller,
    body: Body,
) -> Result<Response, ApiError> {
    receive(
        &app,
        &caller,
        body,
        Source::FreeSwitch,
        cdr::freeswitch::decode,
    )
    .await
}

/// Keeps what a row of Asterisk's CDR says.
///
/// # Errors
/// As [`freeswitch`].
pub async fn asterisk(
    State(app): State<App>,
    caller: Caller,
    body: Body,
) -> Result<Response, ApiError> {
    receive(&app, &caller, body, Source::Asterisk, cdr::asterisk::decode).await
}

async fn receive(
    app: &App,
    caller: &Caller,
    body: Body,
    source: Source,
    decode: fn(&[u8], TimeUs) -> Result<Decoded, DecodeError>,
) -> Result<Response, ApiError> {
    let received_at = app.clock.now();
    let (body, held) = body::read_large(&app.bounds.bodies, body, BODY_MAX_BYTES).await?;
    // Only few are read at once, so that the few that take more may.
    let memory = (body.len() * MEMORY).min(EVENTS_OF_BODY_BYTES);
    let share = app.bounds.events.take(memory).await;
    let _share = share.ok_or_else(ApiError::busy)?;
    let bytes = body.len();
    let decode = move || {
        let _held = held;
        decode(&body, received_at)
    };
    let read = app.bounds.reading(bytes, decode).await?;
    let Decoded { observed, repairs } = read.map_err(|error| {
        app.counters.count_events(source, EventResult::Rejected, 1);
        ApiError::bad_request(error.to_string())
    })?;
    let events = observed
        .into_iter()
        .map(|observed| observed.place(caller.account))
        .collect();
    let mut outcome = Outcome::default();
    outcome.note(repairs);
    app.counters.count_repairs(source, repairs);
    append(app, events, received_at, &mut outcome).await?;
    count(app, source, &outcome);
    answer(app, source, outcome)
}
