//! `GET /v1/Voice/Summaries`: calls that match.

use axum::extract::State;
use axum::response::Response;
use sidetone_store::{CallRecord, Shown};

use super::hint;
use super::lookup;
use super::render::{SummaryUrl, template};
use super::selection::select;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::hint::put;
use crate::api::page::{FilterRequest, PageQuery};
use crate::app::App;
use crate::web::json::Written;

/// The text of the specification says 50; the older one and every recorded answer say 25.
const PAGE_SIZE: u64 = 25;

/// Answers with a page of summaries.
///
/// # Errors
/// When a filter or the page is malformed, or the account addressed is not the caller's.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    FilterRequest(request): FilterRequest,
) -> Result<Response, ApiError> {
    let list = request.by(caller.account);
    let query = PageQuery::read(&list, PAGE_SIZE).map_err(ApiError::invalid_query)?;
    let now = query.now(app.clock.now());
    let selection = select(&app, &caller, &request.params, now)?;
    let share = app.bounds.page(query.size).await?;
    let wanted = query.request();
    let page = app
        .store
        .list_shown(&selection.filter, &wanted, template::FORM);
    let page = page.await?;
    let mut count = None;
    if selection.with_total {
        let mut counted = app.store.count(&selection.filter).await?;
        // Calls that are held back from the list are counted, too.
        counted.is_exact &= !app.config.gate_advanced_features;
        count = Some(counted);
    }

    let url = format!("{}{}", request.base.0, request.uri.path());
    let meta = list.meta("call_summaries", &query, &page, now);
    let meta = meta.with_total(count);
    let empty = page.rows.is_empty() && query.is_first();
    let hints = hint::of(&app, &selection, empty && page.damaged.is_empty(), now).await;
    let of_damaged = hint::of_damaged(&page.damaged);
    let read = page.rows.len() + page.damaged.len();
    let of_short = hint::of_short(read, wanted.size, page.after.is_some());
    let server = app.clone();
    let told = move || {
        // Left out of the page, not of the list: a page may then have fewer rows than asked for, as
        // on any last page, and the keys it continues from stay right.
        let served =
            |record: &&CallRecord<Shown>| lookup::served(&server, record.advanced_features).is_ok();
        let records = page.rows.iter().map(|(_, record)| record);
        let rows = records.filter(served).filter_map(|record| {
            let shown = record.summary.as_ref()?;
            Some(|json: &mut Vec<u8>| template::write(json, record, shown, SummaryUrl::List(&url)))
        });
        Written(meta.around(rows)).holding(share)
    };
    let mut response = app.bounds.making(told).await?;
    for hint in hints.into_iter().chain(of_damaged).chain(of_short) {
        put(&mut response, &hint);
    }
    Ok(response)
}
