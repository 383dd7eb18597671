//! `GET /v1/Voice/Audit`: who did what. Ours; for admins.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use sidetone_core::time::TimeUs;
use sidetone_store::audit::{AuditEntry, Deed};

use super::account::addressed;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::page::{Envelope, ListRequest, PageQuery};
use crate::app::App;
use crate::web::json::Json;

const PAGE_SIZE: u64 = 50;

#[derive(Serialize)]
struct Item<'a> {
    time: TimeUs,
    who: &'a str,
    what: &'static str,
    target: Option<&'a str>,
    detail: Option<&'a str>,
}

impl<'a> From<&'a AuditEntry> for Item<'a> {
    fn from(entry: &'a AuditEntry) -> Self {
        let filled = |text: &'a String| Some(text.as_str()).filter(|text| !text.is_empty());
        Self {
            time: entry.at,
            who: &entry.who,
            what: entry.what.as_str(),
            target: filled(&entry.target),
            detail: filled(&entry.detail),
        }
    }
}

/// Answers with a page of the log, latest first.
///
/// # Errors
/// When the page is malformed, or the account addressed is not the caller's.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    request: ListRequest,
) -> Result<Response, ApiError> {
    let named = request.params.filled("Subaccount");
    let account = addressed(&app, &caller, named, ApiError::invalid_query)?;
    let list = request.by(caller.account);
    let query = PageQuery::read(&list, PAGE_SIZE).map_err(ApiError::invalid_query)?;
    let now = query.now(app.clock.now());
    let share = app.bounds.page(query.size).await?;
    let page = app.store.audit(account, &query.request()).await?;
    let envelope = Envelope {
        meta: list.meta("audit", &query, &page, now),
        rows: page.rows.iter().map(Item::from).collect(),
    };
    Ok(Json(envelope).holding(share))
}

/// Logs what a request did. What was done is done: when that cannot be logged, the server's log says
/// so.
pub async fn note(app: &App, caller: &Caller, what: Deed, target: String, detail: String) {
    let entry = AuditEntry {
        account: caller.account,
        at: app.clock.now(),
        who: caller.who.to_string(),
        what,
        target,
        detail,
    };
    if let Err(error) = app.store.note(entry.clone()).await {
        tracing::error!(%error, ?entry, "what was done could not be logged");
    }
}
