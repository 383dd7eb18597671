//! `GET /v1/Voice/Export`: the calls that match, as a stream of rows. Ours.
//!
//! Each row says where to go on behind it, so that a client whose connection broke asks for the
//! rest.

pub mod cell;
pub mod column;
pub mod columns;
pub mod fields;
pub mod text;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::Response;
use serde::de::Error;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::time::TimeUs;
use sidetone_store::page::{Page, PageRequest, RowKey, Start};
use sidetone_store::{CallRecord, Shown};

use self::cell::Cell;
use self::columns::SUMMARIES;
use self::text::Lines;
use super::render::{SummaryUrl, template};
use super::row_text::{Format, NDJSON};
use super::selection::select;
use super::{hint, lookup};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::hint::put;
use crate::api::mask;
use crate::api::masking::Masked;
use crate::api::page::FilterRequest;
use crate::api::page_token::PageToken;
use crate::app::App;
use crate::bounds::Turn;
use crate::budget::Share;
use crate::web::form::{Invalid, Params, Value as Parameter};
use crate::web::page_token::ListDigest;
use crate::web::stream;

const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
const CSV_WITHOUT_NAMES: HeaderValue =
    HeaderValue::from_static("text/csv; charset=utf-8; header=absent");

/// The parameters that say how and from where, not which calls.
pub const NAMES: &[&str] = &["Format", "Cursor"];

/// Rows that are read at a time.
const ROWS: u64 = 100;

/// Answers with a row for each call.
///
/// # Errors
/// When a parameter is malformed, the account addressed is not the caller's, or there are too many
/// exports already.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    FilterRequest(request): FilterRequest,
) -> Result<Response, ApiError> {
    let params = &request.params;
    let format = format(params).map_err(ApiError::invalid_query)?;
    let digest = digest(request.uri.path(), caller.account.as_bytes(), params);
    let begin = begin(params, &digest).map_err(ApiError::invalid_query)?;
    let now = begin.map_or_else(|| app.clock.now(), |token| token.now);
    let selection = select(&app, &caller, params, now)?;
    let turn = app.bounds.exports.begin(*caller.account.as_bytes());
    let turn = turn.ok_or_else(|| ApiError::too_many_requests(EXPORT_WAIT_S))?;
    let lines = match begin {
        None => Lines::new(format, &SUMMARIES),
        Some(_) => Lines::continued(format, &SUMMARIES),
    };
    let mut export = Export {
        app: app.clone(),
        filter: Arc::new(selection.filter.clone()),
        cursors: Arc::new(Cursors { digest, now }),
        lines: Some(lines),
        is_masked: !caller.sees_numbers(),
        _turn: turn,
    };
    let start = begin.map_or(Start::First { skip: 0 }, |token| token.start);
    // The first chunk is made before anything is answered, so that what is wrong is an error.
    let first = export.chunk(start).await?;
    let is_empty = begin.is_none() && first.is_empty;
    let hints = hint::of(&app, &selection, is_empty, now).await;
    let (sender, body) = stream::body();
    tokio::spawn(export.send(first, sender));
    let mut response = Response::new(body);
    response.extensions_mut().insert(Masked);
    let (kind, name) = match (format, begin.is_none()) {
        (Format::Ndjson, _) => (NDJSON, "calls.ndjson"),
        (Format::Csv, true) => (CSV, "calls.csv"),
        (Format::Csv, false) => (CSV_WITHOUT_NAMES, "calls.csv"),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    headers.extend(disposition.ok().map(|it| (CONTENT_DISPOSITION, it)));
    for hint in hints {
        put(&mut response, &hint);
    }
    Ok(response)
}

/// Seconds after which an account that has as many exports as it may is to try again.
const EXPORT_WAIT_S: u64 = 5;

fn format(params: &Params) -> Result<Format, Invalid> {
    match params.filled("Format") {
        None => Ok(Format::Ndjson),
        Some(value) => match value.text {
            "ndjson" => Ok(Format::Ndjson),
            "csv" => Ok(Format::Csv),
            _ => Err(value.invalid("one of ndjson, csv")),
        },
    }
}

/// Which rows these are: a cursor is good for them only.
#[must_use]
pub fn digest(of: &str, account: &[u8; 16], params: &Params) -> ListDigest {
    let filters = params.iter().filter(|(name, _)| !NAMES.contains(name));
    ListDigest::of(of, account, filters)
}

/// Where to go on; `None`: from the first row.
fn begin(params: &Params, digest: &ListDigest) -> Result<Option<PageToken>, Invalid> {
    let read = |value: Parameter<'_>| {
        PageToken::decode(value.text, digest).ok_or_else(|| {
            value.invalid("the cursor of a row of an earlier export with the same filters")
        })
    };
    params.filled("Cursor").map(read).transpose()
}

/// Makes cursors.
#[derive(Debug)]
pub struct Cursors {
    /// Which rows they are of.
    pub digest: ListDigest,
    /// What relative times count from.
    pub now: TimeUs,
}

impl Cursors {
    /// The cursor behind a row.
    #[must_use]
    pub fn after(&self, row_key: RowKey) -> String {
        let token = PageToken {
            now: self.now,
            start: Start::After(row_key),
        };
        token.encode(&self.digest)
    }
}

/// The values of a call's row. `None`: it has no summary yet.
///
/// # Errors
/// When what is stored of it cannot be read.
pub fn cells(record: &CallRecord<Shown>, is_masked: bool) -> serde_json::Result<Option<Vec<Cell>>> {
    let Some(shown) = &record.summary else {
        return Ok(None);
    };
    let mut json = Vec::new();
    template::write(&mut json, record, shown, SummaryUrl::List(""))?;
    if is_masked {
        let masked = mask::json(&json, "");
        json = masked.ok_or_else(|| serde_json::Error::custom("the summary is no JSON"))?;
    }
    let mut json = serde_json::Deserializer::from_slice(&json);
    let cells = SUMMARIES.cells(&mut json)?;
    json.end()?;
    Ok(Some(cells))
}

/// An export under way.
struct Export {
    app: App,
    filter: Arc<SummaryFilter>,
    cursors: Arc<Cursors>,
    /// `None` only while a chunk is made.
    lines: Option<Lines>,
    /// Whether numbers are masked.
    is_masked: bool,
    _turn: Turn<[u8; 16]>,
}

/// Some rows as text, and the memory for them.
struct Chunk {
    text: Bytes,
    _share: Share,
    is_empty: bool,
    /// `None`: these are the last.
    next: Option<Start>,
}

impl Export {
    /// Makes the rows from there on. Memory is held for these alone, and for what they come to as
    /// soon as that is known: a client that is slow holds up no other.
    async fn chunk(&mut self, start: Start) -> Result<Chunk, ApiError> {
        let mut share = self.app.bounds.page(ROWS).await?;
        let request = PageRequest {
            start,
            size: usize::try_from(ROWS).unwrap_or(usize::MAX),
        };
        let store = &self.app.store;
        let page = store.list_shown(&self.filter, &request, template::FORM);
        let page = page.await?;
        // It is logged; whoever reads rows alone cannot be told.
        drop(hint::of_damaged(&page.damaged));
        let is_empty = page.rows.is_empty();
        let next = page.after.map(Start::After);
        let (app, cursors) = (self.app.clone(), self.cursors.clone());
        let (lines, is_masked) = (self.lines.take(), self.is_masked);
        let made = self.app.bounds.making(move || {
            let mut lines = lines?;
            let mut text = Vec::new();
            if request.start == (Start::First { skip: 0 }) {
                lines.begin(&mut text);
            }
            let rows = write(&app, &mut text, &mut lines, &cursors, is_masked, page);
            Some(rows.map(|()| (text, lines)))
        });
        let made = made.await?.ok_or_else(ApiError::internal)?;
        let (mut text, lines) = made.map_err(|error| {
            tracing::error!(%error, "a row could not be written");
            ApiError::internal()
        })?;
        self.lines = Some(lines);
        text.shrink_to_fit();
        share.shrink_to(text.len());
        Ok(Chunk {
            text: text.into(),
            _share: share,
            is_empty,
            next,
        })
    }

    /// Sends the chunks, each when the client has taken the one before.
    async fn send(mut self, first: Chunk, sender: stream::Sender) {
        let mut chunk = first;
        loop {
            let next = chunk.next;
            if !sender.send(chunk.text).await {
                return;
            }
            let Some(start) = next else { return };
            chunk = match self.chunk(start).await {
                Ok(chunk) => chunk,
                Err(error) => {
                    tracing::warn!("an export was broken off: {}", error.message());
                    return sender.break_off(error.message()).await;
                }
            };
        }
    }
}

fn write(
    app: &App,
    text: &mut Vec<u8>,
    lines: &mut Lines,
    cursors: &Cursors,
    is_masked: bool,
    page: Page<(RowKey, CallRecord<Shown>)>,
) -> serde_json::Result<()> {
    for (row_key, record) in page.rows {
        // As in lists.
        if lookup::served(app, record.advanced_features).is_ok()
            && let Some(cells) = cells(&record, is_masked)?
        {
            lines.row(text, &cells, Some(&cursors.after(row_key)));
        }
    }
    Ok(())
}
