//! `/v2/Voice/Reports`: making reports, and reading them.

use axum::extract::{FromRequestParts, RawPathParams, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::{AccountSid, ReportId};
use sidetone_core::time::DAY_US;
use sidetone_core::vocabulary::{CallDirection, CallType};
use sidetone_store::StoreError;
use sidetone_store::page::{Page, PageRequest, RowKey, Start};
use sidetone_store::report::{Report, ReportKind};
use sidetone_store::statistics::{Statistics, StatisticsQuery};

use super::request::{INBOUND, OUTBOUND, ReportBody, ReportRequest};
use super::{account_report, number_report};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::page::{ListRequest, PageQuery};
use crate::api::v1::lookup::scope;
use crate::api::v1::statistics::count;
use crate::app::App;
use crate::secrets::random_id;
use crate::web::base_url::BaseUrl;
use crate::web::form::quoted;
use crate::web::json::{Json, Written};

/// How long a report is kept, unless calls are kept for less.
pub const KEPT_US: i64 = 7 * DAY_US;
/// The most that a report may say, in bytes.
const TEXT_MAX_BYTES: usize = 8 << 20;
/// Numbers of a page when it is not said.
const PAGE_SIZE: u64 = 50;
/// The rows of a page that take as much memory as the largest report.
const PAGE_ROWS: u64 = 32;

/// Where reports of a kind are made.
#[must_use]
pub const fn path(kind: ReportKind) -> &'static str {
    match kind {
        ReportKind::Account => "/v2/Voice/Reports",
        ReportKind::Inbound => "/v2/Voice/Reports/PhoneNumbers/Inbound",
        ReportKind::Outbound => "/v2/Voice/Reports/PhoneNumbers/Outbound",
    }
}

/// The report that a path names. What cannot be one leads nowhere: 404.
#[derive(Debug, Clone)]
pub struct ReportPath {
    id: ReportId,
    path: String,
}

impl<S: Send + Sync> FromRequestParts<S> for ReportPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = quoted(parts.uri.path());
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let mut params = params.iter().flat_map(RawPathParams::iter);
        match params.next().and_then(|(_, value)| value.parse().ok()) {
            Some(id) => Ok(Self { id, path }),
            None => Err(ApiError::not_found(path)),
        }
    }
}

/// Makes a report on calls of the caller's account.
///
/// # Errors
/// When a member of the body is malformed, or the report takes too much work.
pub async fn create(
    kind: ReportKind,
    State(app): State<App>,
    caller: Caller,
    base: BaseUrl,
    body: ReportBody,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    let asked =
        ReportRequest::read(&body, caller.account, now).map_err(ApiError::invalid_parameter)?;
    let id = random_id().map_err(|error| {
        tracing::error!(%error, "no identifier for a report");
        ApiError::internal()
    })?;
    let id = ReportId::from_bytes(id);
    let account = caller.account;
    let kept_us = KEPT_US.min(app.config.retention.summaries_us);
    let expires_at = now.plus_us(kept_us);
    let _share = app.bounds.page(PAGE_ROWS).await?;
    let begun = app.store.begin_report(id, account, kind, expires_at);
    begun.await?;
    let told = count(&app, &queries(&app, kind, &asked)).await;
    let told = told.map_err(|error| match error {
        StoreError::TooExpensive(reason) => {
            tracing::warn!(reason, "a report was too expensive");
            ApiError::too_expensive_report()
        }
        error => error.into(),
    })?;
    let meta = json!(asked.meta);
    let (size, first) = (asked.size, meta.to_string());
    let text = app.bounds.making(move || text(kind, first, told, size));
    let report = Report {
        id,
        account,
        kind,
        expires_at,
        text: text.await?.ok_or_else(ApiError::too_expensive_report)?,
    };
    if !app.store.put_report(report).await? {
        // A call was erased meanwhile: it may have been counted.
        return Err(ApiError::unavailable());
    }
    let body = head(kind, account, id, meta, &base);
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// What is said of a report beside what it says.
fn head(kind: ReportKind, account: AccountSid, id: ReportId, meta: Value, base: &BaseUrl) -> Value {
    json!({
        "account_sid": account,
        "report_id": id,
        "status": "completed",
        "request_meta": meta,
        "url": format!("{}{}/{id}", base.0, path(kind)),
    })
}

/// What is counted for a report.
fn queries(app: &App, kind: ReportKind, asked: &ReportRequest) -> Vec<StatisticsQuery> {
    let calls = StatisticsQuery {
        regions: asked.regions.clone(),
        advanced_only: app.config.gate_advanced_features,
        ..StatisticsQuery::of(asked.filter.clone())
    };
    let narrowed = |directions: &[CallDirection], types: &[CallType]| {
        Some(StatisticsQuery {
            filter: narrowed(&asked.filter, directions, types)?,
            ..calls.clone()
        })
    };
    match kind {
        ReportKind::Account => {
            let outbound = narrowed(&OUTBOUND, &[CallType::Carrier]);
            account_report::queries(&calls, outbound.as_ref())
        }
        ReportKind::Inbound => narrowed(&INBOUND, CallType::ALL)
            .map(|calls| number_report::inbound_queries(&calls, asked.size))
            .unwrap_or_default(),
        ReportKind::Outbound => narrowed(&OUTBOUND, CallType::ALL)
            .map(|calls| number_report::outbound_queries(&calls, asked.size))
            .unwrap_or_default(),
    }
}

/// A filter that lets only some directions and types through. `None`: it lets none of them.
fn narrowed(
    filter: &SummaryFilter,
    directions: &[CallDirection],
    types: &[CallType],
) -> Option<SummaryFilter> {
    Some(SummaryFilter {
        direction: both(&filter.direction, directions)?,
        call_type: if types == CallType::ALL {
            filter.call_type.clone()
        } else {
            both(&filter.call_type, types)?
        },
        ..filter.clone()
    })
}

/// Those that are wanted twice; `wanted` is all when it is empty. `None`: none.
fn both<T: Copy + PartialEq>(wanted: &[T], of: &[T]) -> Option<Vec<T>> {
    let is_wanted = |it: &&T| wanted.is_empty() || wanted.contains(it);
    let both: Vec<T> = of.iter().filter(is_wanted).copied().collect();
    (!both.is_empty()).then_some(both)
}

/// A report as it is kept: a line with what was asked for, then one with what it says, or one for
/// each number. `None`: it says too much.
fn text(kind: ReportKind, first: String, told: Vec<Statistics>, size: usize) -> Option<String> {
    let rows = match kind {
        ReportKind::Account => vec![account_report::report(told)],
        ReportKind::Inbound => number_report::inbound(&told, size),
        ReportKind::Outbound => number_report::outbound(&told, size),
    };
    let mut text = first;
    for row in rows {
        text.push('\n');
        text.push_str(&row.to_string());
        if text.len() > TEXT_MAX_BYTES {
            return None;
        }
    }
    Some(text)
}

async fn find(
    app: &App,
    caller: &Caller,
    kind: ReportKind,
    asked: ReportPath,
) -> Result<Report, ApiError> {
    let now = app.clock.now();
    let report = app.store.report(scope(caller), asked.id, now).await?;
    report
        .filter(|report| report.kind == kind)
        .ok_or_else(|| ApiError::not_found(asked.path))
}

/// Answers with a report on an account.
///
/// # Errors
/// When there is none, or there is none any more.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    asked: ReportPath,
    base: BaseUrl,
) -> Result<Response, ApiError> {
    let share = app.bounds.page(1).await?;
    let report = find(&app, &caller, ReportKind::Account, asked).await?;
    let mut lines = report.text.lines().map(serde_json::from_str);
    let (Some(Ok(meta)), Some(Ok(says))) = (lines.next(), lines.next()) else {
        tracing::error!(report.id = %report.id, "a report is not as it was written");
        return Err(ApiError::internal());
    };
    let mut body = head(report.kind, report.account, report.id, meta, &base);
    body["report"] = says;
    Ok(Json(body).holding(share))
}

/// Answers with a page of a report by number.
///
/// # Errors
/// When there is none, or there is none any more, or the page is malformed.
pub async fn list(
    kind: ReportKind,
    State(app): State<App>,
    caller: Caller,
    asked: ReportPath,
    request: ListRequest,
) -> Result<Response, ApiError> {
    let list = request.by(caller.account);
    let query = PageQuery::read(&list, PAGE_SIZE).map_err(ApiError::invalid_query)?;
    let share = app.bounds.page(PAGE_ROWS).await?;
    let report = find(&app, &caller, kind, asked).await?;
    let rows: Vec<&str> = report.text.lines().skip(1).collect();
    let page = page(&rows, &query.request());
    let meta = list.meta("reports", &query, &page, app.clock.now());
    let rows = page.rows.iter().map(|row| {
        |json: &mut Vec<u8>| {
            json.extend_from_slice(row.as_bytes());
            Ok(())
        }
    });
    Ok(Written(meta.around(rows)).holding(share))
}

/// Some of the rows of a list that stands still. A row's key is its place.
fn page<'a>(rows: &[&'a str], request: &PageRequest) -> Page<&'a str> {
    let place = |at: i64| usize::try_from(at).unwrap_or(0).min(rows.len());
    let (from, until) = match request.start {
        Start::First { skip } => {
            let from = usize::try_from(skip).unwrap_or(usize::MAX).min(rows.len());
            (from, from.saturating_add(request.size))
        }
        Start::After(last) => {
            let from = place(last.key.saturating_add(1));
            (from, from.saturating_add(request.size))
        }
        Start::Before(first) => {
            let until = place(first.key);
            (until.saturating_sub(request.size), until)
        }
    };
    let until = until.min(rows.len());
    let key = |place: usize| RowKey {
        key: i64::try_from(place).unwrap_or(i64::MAX),
        id: 0,
    };
    Page {
        rows: rows[from..until].to_vec(),
        before: (from > 0 && from < until).then(|| key(from)),
        after: (until < rows.len() && from < until).then(|| key(until - 1)),
        damaged: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
