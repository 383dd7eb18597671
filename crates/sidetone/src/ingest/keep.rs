//! Keeping events, counting what became of them, and saying so.

use axum::response::{IntoResponse, Response};
use sidetone_core::event::CallEvent;
use sidetone_core::time::TimeUs;
use sidetone_store::{NewEvent, StoreError};

use super::outcome::Outcome;
use crate::api::error::ApiError;
use crate::app::App;
use crate::telemetry::labels::{EventResult, RefusalReason, Source};
use crate::web::json::Json;

/// The answer to a batch: 200 with what became of its events, or 400 with the same when all of them
/// were refused.
pub(super) fn answer(app: &App, door: Source, outcome: Outcome) -> Result<Response, ApiError> {
    let first = outcome.errors.first().map(|first| first.message.clone());
    let first = first.unwrap_or_default();
    if outcome.accepted + outcome.duplicates == 0 && outcome.rejected > 0 {
        return Err(ApiError::nothing_accepted(&outcome, &first));
    }
    if outcome.rejected == 0 {
        return Ok(Json(outcome).into_response());
    }
    let (reason, now) = (RefusalReason::InPart, app.clock.now());
    let doors = &app.counters.doors;
    doors.refuse(door, reason.as_str(), now, || first.clone());
    if let Some(more) = app.counters.refuse(door, reason, now) {
        let door = door.as_str();
        let (accepted, rejected) = (outcome.accepted, outcome.rejected);
        tracing::warn!(
            door,
            accepted,
            rejected,
            more,
            "some of a body was refused: {first}"
        );
    }
    Ok(Json(outcome).into_response())
}

/// Appends events and counts what became of them.
pub(super) async fn append(
    app: &App,
    events: Vec<CallEvent>,
    received_at: TimeUs,
    outcome: &mut Outcome,
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let events = events
        .into_iter()
        .map(|event| NewEvent { event, received_at })
        .collect();
    let fates = app.store.append(events).await?;
    outcome.count(&fates);
    Ok(())
}

/// Counts an outcome for `/metrics`.
pub(super) fn count(app: &App, source: Source, outcome: &Outcome) {
    let came = outcome.accepted + outcome.duplicates;
    app.counters.doors.accept(source, came, app.clock.now());
    for (result, number) in [
        (EventResult::Accepted, outcome.accepted),
        (EventResult::Duplicate, outcome.duplicates),
        (EventResult::Rejected, outcome.rejected),
        (EventResult::Ignored, outcome.ignored),
    ] {
        app.counters.count_events(source, result, number);
    }
}
