//! `GET /v1/Voice/{CallSid}/Metrics`: media reports of a call.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use sidetone_core::event::EventKind;
use sidetone_store::EventFilter;

use super::lookup;
use super::path::CallPath;
use super::render::metric;
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::form::{Invalid, Params};
use crate::http::json::Json;
use crate::http::page::{Envelope, ListRequest, PageQuery};

const PAGE_SIZE: u64 = 50;

/// Answers with a page of media reports, earliest first.
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
    let filter = filter(&request.params).map_err(ApiError::invalid_query)?;
    // The annotation is the cheapest proof that the call is there.
    let call = lookup::annotation(&app, &caller, sid).await?.call;
    let page = app.store.events(call, &filter, &query.request()).await?;
    let envelope = Envelope {
        meta: list.meta("metrics", &query, &page, now),
        rows: page.rows.iter().filter_map(metric::render).collect(),
    };
    Ok(Json(envelope).into_response())
}

fn filter(params: &Params) -> Result<EventFilter, Invalid> {
    let (edge, direction) = (params.filled("Edge"), params.filled("Direction"));
    Ok(EventFilter {
        kinds: vec![EventKind::Media],
        edge: edge.map(|value| value.word()).transpose()?,
        or_progress: false,
        direction: direction.map(|value| value.word()).transpose()?,
    })
}
