//! `GET /v1/Voice/Statistics`: how many calls there are and what they were like, by interval and group.

pub mod agreement;
pub mod query;
mod render;

use std::collections::{BTreeSet, HashSet};
use std::slice;

use axum::extract::State;
use axum::response::Response;
use sidetone_store::statistics::{Statistics, StatisticsQuery};

use self::query::StatisticsRequest;
use self::render::{Body, Period};
use super::hint;
use super::selection::select;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::hint::put;
use crate::api::page::FilterRequest;
use crate::app::App;
use crate::web::json::Json;

/// The most rows of an answer.
const ROWS_MAX: usize = 20_000;
/// Rows that take as much memory as one of a page of calls, which holds a whole summary.
const ROWS_PER_PAGE_ROW: u64 = 64;

/// Answers with what calls come to. They are chosen as in the list of summaries.
///
/// # Errors
/// When a parameter is malformed, or the account addressed is not the caller's.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    FilterRequest(request): FilterRequest,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    let selection = select(&app, &caller, &request.params, now)?;
    let advanced_only = app.config.gate_advanced_features;
    let asked = StatisticsRequest::read(&request.params, &selection.filter, advanced_only)
        .map_err(ApiError::invalid_query)?;

    let told = counted(&app, &asked.query).await?;
    let before = match &asked.previous {
        Some(previous) => {
            let mut before = counted(&app, previous).await?;
            let groups: HashSet<_> = told.rows.iter().map(|row| &row.group).collect();
            before.rows.retain(|row| groups.contains(&row.group));
            Some(before)
        }
        None => None,
    };
    let rows = told.rows.len() + before.as_ref().map_or(0, |before| before.rows.len());
    if rows > ROWS_MAX {
        return Err(ApiError::too_expensive());
    }
    let share = app.bounds.page(rows as u64 / ROWS_PER_PAGE_ROW + 1).await?;
    let hints = hint::of(&app, &selection, told.calls == 0, now).await;
    let url = format!("{}{}", request.base.0, request.uri);
    let write = move || Json(body(&asked, &told, before.as_ref(), &url)).holding(share);
    let mut response = app.bounds.making(write).await?;
    for hint in hints {
        put(&mut response, &hint);
    }
    Ok(response)
}

/// What the store counts, as of one moment. What it finds damaged of what is kept for that is no fault
/// of the answers, which all tell of it.
///
/// # Errors
/// When they take too much work, or the store fails.
pub async fn count(
    app: &App,
    queries: &[StatisticsQuery],
) -> sidetone_store::Result<Vec<Statistics>> {
    let told = app.store.statistics(queries).await?;
    let damaged: BTreeSet<&String> = told.iter().flat_map(|told| &told.damaged).collect();
    for damage in damaged {
        tracing::error!(
            damage,
            "what is kept for statistics is damaged; its calls were counted themselves, and it is made again"
        );
    }
    Ok(told)
}

/// What calls come to. Each period has the bounds of a query for itself.
async fn counted(app: &App, query: &StatisticsQuery) -> Result<Statistics, ApiError> {
    let mut told = count(app, slice::from_ref(query)).await?;
    Ok(told.pop().unwrap_or_default())
}

fn body<'a>(
    asked: &'a StatisticsRequest,
    told: &'a Statistics,
    before: Option<&'a Statistics>,
    url: &'a str,
) -> Body<'a> {
    Body {
        asked,
        period: Period::of(&asked.query, told),
        previous: asked
            .previous
            .as_ref()
            .zip(before)
            .map(|(query, told)| Period::of(query, told)),
        url,
    }
}
