//! Keeping events, counting what became of them, and saying so.

use axum::response::{IntoResponse, Response};
use sidetone_core::event::CallEvent;
use sidetone_core::time::TimeUs;
use sidetone_store::{NewEvent, StoreError};

use super::report::Report;
use crate::api::error::ApiError;
use crate::app::App;
use crate::telemetry::labels::{EventResult, RefusalReason, Source};
use crate::web::json::Json;

/// The answer to a batch: 200 with what became of its events, or 400 with the same when all of them
/// were refused.
pub(super) fn answer(app: &App, door: Source, report: Report) -> Result<Response, ApiError> {
    let first = report.errors.first().map(|first| first.message.clone());
    let first = first.unwrap_or_default();
    if report.accepted + report.duplicates == 0 && report.rejected > 0 {
        return Err(ApiError::nothing_accepted(&report, &first));
    }
    if report.rejected > 0
        && let Some(more) = app
            .counters
            .refuse(door, RefusalReason::InPart, app.clock.now())
    {
        let door = door.as_str();
        let (accepted, rejected) = (report.accepted, report.rejected);
        tracing::warn!(
            door,
            accepted,
            rejected,
            more,
            "some of a body was refused: {first}"
        );
    }
    Ok(Json(report).into_response())
}

/// Appends events and counts what became of them.
pub(super) async fn append(
    app: &App,
    events: Vec<CallEvent>,
    received_at: TimeUs,
    report: &mut Report,
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let events = events
        .into_iter()
        .map(|event| NewEvent { event, received_at })
        .collect();
    let fates = app.store.append(events).await?;
    report.count(&fates);
    Ok(())
}

/// Counts a report for `/metrics`.
pub(super) fn count(app: &App, source: Source, report: &Report) {
    for (result, number) in [
        (EventResult::Accepted, report.accepted),
        (EventResult::Duplicate, report.duplicates),
        (EventResult::Rejected, report.rejected),
        (EventResult::Ignored, report.ignored),
    ] {
        app.counters.count_events(source, result, number);
    }
}
