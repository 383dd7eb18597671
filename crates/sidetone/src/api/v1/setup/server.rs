//! `GET /v1/Voice/Storage` and `/v1/Voice/Sides`: where calls are kept and for how long, and who is
//! who around the platform.

use axum::extract::State;
use serde_json::{Value, json};
use sidetone_core::filter::SummaryFilter;
use sidetone_core::time::{DAY_US, SECOND_US};

use super::of_whole_server;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::v1::render::Seconds;
use crate::app::App;
use crate::program;
use crate::web::json::Json;

/// Answers with what the calls take, and how long they are kept.
///
/// # Errors
/// When the account is a subaccount, or the store fails.
pub async fn storage(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    of_whole_server(&app, &caller)?;
    let stats = app.store.stats().await?;
    let all = SummaryFilter::all(caller.account);
    let calls = app.store.count(&all).await?;
    let disk = app.counters.disk.last();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at the end of time it is full too"
    )]
    let until = |days: f64| app.clock.now().plus_us((days * DAY_US as f64) as i64);
    let full_at = disk.and_then(|(_, days)| days).map(until);
    let retention = app.config.retention;
    Ok(Json(json!({
        "version": program::VERSION,
        "calls": calls.is_exact.then_some(calls.calls),
        "database": {
            "path": app.config.data.display().to_string(),
            "bytes": stats.bytes,
            "free_bytes": stats.free_bytes,
            "disk_free_bytes": disk.map(|(disk, _)| disk.free),
            "full_at": full_at.map(Seconds),
        },
        "retention": {
            "events_s": retention.events_us / SECOND_US,
            "summaries_s": retention.summaries_us / SECOND_US,
            "judgement_s": retention.summaries_us / SECOND_US,
        },
    })))
}

/// Answers with the rules of sides that are in force, first to last: the first that fits holds.
///
/// # Errors
/// When the account is a subaccount.
pub async fn sides(State(app): State<App>, caller: Caller) -> Result<Json<Value>, ApiError> {
    of_whole_server(&app, &caller)?;
    let (version, sides) = app.sides.published().await;
    Ok(Json(json!({
        "version": version,
        "digest": sides.digest(),
        "sides": *sides,
    })))
}
