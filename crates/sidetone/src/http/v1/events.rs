//! `GET /v1/Voice/{CallSid}/Events`: what happened in a call.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use sidetone_core::event::EventKind;
use sidetone_core::vocabulary::EdgeKind;
use sidetone_store::EventFilter;

use super::lookup;
use super::path::CallPath;
use super::render::event;
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::form::{Invalid, Params};
use crate::http::json::Json;
use crate::http::page::{Envelope, ListRequest, PageQuery};

const PAGE_SIZE: u64 = 50;

/// Answers with a page of events, earliest first.
///
/// # Errors
/// When there is no such call, or a parameter is malformed.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    CallPath(sid): CallPath,
    request: ListRequest,
) -> Result<Response, ApiError> {
    let list = request.by(caller.account);
    let query = PageQuery::read(&list, PAGE_SIZE).map_err(ApiError::invalid_query)?;
    let now = query.now(app.clock.now());
    let edge = edge(&request.params).map_err(ApiError::invalid_query)?;
    let record = lookup::record(&app, &caller, sid).await?;
    let summary = record.summary.as_ref();
    let filter = EventFilter {
        kinds: vec![EventKind::Progress, EventKind::Edge],
        edge,
        or_progress: edge == event::main_edge(summary.and_then(|summary| summary.facts.call_type)),
        direction: None,
    };
    let page = app
        .store
        .events(record.call, &filter, &query.request())
        .await?;
    let rows = page
        .rows
        .iter()
        .filter_map(|row| event::render(row, summary));
    let envelope = Envelope {
        meta: list.meta("events", &query, &page, now),
        rows: rows.collect(),
    };
    Ok(Json(envelope).into_response())
}

fn edge(params: &Params) -> Result<Option<EdgeKind>, Invalid> {
    params.filled("Edge").map(|value| value.word()).transpose()
}
