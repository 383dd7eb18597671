//! `GET /v1/Voice/{CallSid}/Annotation/History`: who said what about a call, and when. Ours.

use axum::extract::State;
use axum::response::Response;

use super::lookup;
use super::path::CallPath;
use super::render::annotation::ChangeItem;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::page::{Envelope, ListRequest, PageQuery};
use crate::app::App;
use crate::web::json::Json;

const PAGE_SIZE: u64 = 50;

/// Answers with a page of changes, latest first.
///
/// # Errors
/// When there is no such call, or the page is malformed.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    CallPath(sid): CallPath,
    request: ListRequest,
) -> Result<Response, ApiError> {
    let list = request.by(caller.account);
    let query = PageQuery::read(&list, PAGE_SIZE).map_err(ApiError::invalid_query)?;
    let now = query.now(app.clock.now());
    let call = lookup::annotation(&app, lookup::scope(&caller), sid)
        .await?
        .call;
    let share = app.bounds.page(query.size).await?;
    let page = app.store.annotation_history(call, &query.request()).await?;
    let envelope = Envelope {
        meta: list.meta("history", &query, &page, now),
        rows: page.rows.iter().map(ChangeItem::from).collect(),
    };
    Ok(Json(envelope).holding(share))
}
