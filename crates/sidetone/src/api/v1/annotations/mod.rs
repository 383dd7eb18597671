//! `/v1/Voice/Annotations`: many annotations at once, and taking them back. Ours.

mod csv;
mod json;
pub mod line;
pub mod lines;
pub mod undo;
pub mod upload;

use std::fmt;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use sidetone_core::id::AnnotationBatchSid;
use sidetone_store::audit::Deed;
use sidetone_store::{Conflict, StoreError};

use self::line::Line;
use self::lines::Lines;
use self::undo::Undoing;
use self::upload::{Upload, Word, sid_of};
use super::row_text::{Format, NDJSON};
use super::{audit, patch};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::api::hint::{Hints, note_mistyped};
use crate::app::App;
use crate::budget::Share;
use crate::secrets::random_id;
use crate::web::body;
use crate::web::form::{Invalid, quoted};
use crate::web::json::Json;
use crate::web::stream;

/// The header that names the batch.
pub const BATCH: HeaderName = HeaderName::from_static("sidetone-batch");

/// The most lines of one body.
const LINES_MAX: u64 = 100_000;
/// The longest key.
const KEY_MAX_CHARS: usize = 128;
/// Line ends of a body that are read at a time; each is the end of a line at most.
const TOGETHER: usize = 250;
/// Room for what is said of lines is taken in such steps: more than of those that are read at a time.
const RESULTS_STEP: usize = 256 * 1024;

/// Changes the annotations that the lines of the body name, and answers with a line for each.
///
/// # Errors
/// When the body is of another type, has too many lines or breaks off, or nothing more can be kept.
/// What was kept before stays; under the same key the body may be sent again.
pub async fn receive(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query,
    headers: HeaderMap,
    extensions: Extensions,
    body: Body,
) -> Result<Response, ApiError> {
    let format = format(&headers)?;
    if let Some(encoding) = headers.get(CONTENT_ENCODING) {
        let encoding = quoted(&String::from_utf8_lossy(encoding.as_bytes()));
        return Err(ApiError::bad_request(format!(
            "Invalid Content-Encoding '{encoding}'. Expected none: lines are read as they come."
        )));
    }
    let sid = match query.filled("Key") {
        Some(key) => {
            let key = key.text_up_to(KEY_MAX_CHARS);
            sid_of(caller.account, &key.map_err(ApiError::invalid_query)?)
        }
        None => AnnotationBatchSid::from_bytes(random_id().map_err(|error| {
            tracing::error!(%error, "no batch can be made");
            ApiError::internal()
        })?),
    };
    let upload = Upload {
        store: app.store.clone(),
        sid,
        account: caller.account,
        by: caller.who.to_string(),
        accept_unknown: app.config.accept_unknown_calls,
        only_advanced: app.config.gate_advanced_features,
    };
    let share = app.bounds.answers.take(RESULTS_STEP).await;
    let mut batch = Batch {
        app: app.clone(),
        upload,
        lines: Some(Lines::new(format)),
        text: Vec::new(),
        changed: 0,
        share: share.ok_or_else(ApiError::busy)?,
    };
    let read = batch.read(body).await;
    if batch.changed > 0 {
        let (target, detail) = (sid.to_string(), format!("{} annotations", batch.changed));
        audit::note(&app, &caller, Deed::CallsAnnotated, target, detail).await;
    }
    read?;
    if batch.text.is_empty() {
        return Err(ApiError::bad_request(
            "The body holds no annotations. Expected one JSON object a line, or CSV with the names of its columns in the first line.",
        ));
    }
    if let Some(hints) = extensions.get::<Hints>() {
        let unknown = batch.lines.as_ref().map(|lines| &lines.unknown);
        let unknown = unknown.into_iter().flatten().map(String::as_str);
        note_mistyped(hints, unknown, patch::FIELDS);
    }
    Ok(batch.answer())
}

fn format(headers: &HeaderMap) -> Result<Format, ApiError> {
    let kind = headers
        .get(CONTENT_TYPE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    match essence.trim_ascii().to_ascii_lowercase().as_slice() {
        b"application/x-ndjson" | b"application/jsonl" => Ok(Format::Ndjson),
        b"text/csv" => Ok(Format::Csv),
        _ => {
            let kind = quoted(&String::from_utf8_lossy(kind));
            Err(ApiError::bad_request(format!(
                "Invalid Content-Type '{kind}'. Expected application/x-ndjson or text/csv."
            )))
        }
    }
}

/// A batch under way: what has come of it, and what is to be answered.
struct Batch {
    app: App,
    upload: Upload,
    /// `None` only while they are read.
    lines: Option<Lines>,
    /// The answer so far.
    text: Vec<u8>,
    /// Annotations that are others now.
    changed: u64,
    share: Share,
}

impl Batch {
    async fn read(&mut self, body: Body) -> Result<(), ApiError> {
        let mut body = body.into_data_stream();
        while let Some(mut bytes) = body::next(&mut body).await? {
            while !bytes.is_empty() {
                let some = bytes.split_to(some_lines(&bytes));
                self.take(some.len(), move |lines, read| lines.feed(&some, read))
                    .await?;
            }
        }
        self.take(0, Lines::finish).await
    }

    /// Reads some more, and annotates what came.
    async fn take(
        &mut self,
        bytes: usize,
        read: impl FnOnce(&mut Lines, &mut Vec<Line>) -> Result<(), Invalid> + Send + 'static,
    ) -> Result<(), ApiError> {
        let lines = self.lines.take();
        let reading = self.app.bounds.reading(bytes, move || {
            let mut lines = lines?;
            let mut came = Vec::new();
            let read = read(&mut lines, &mut came);
            Some((lines, came, read))
        });
        let (lines, mut came, read) = reading.await?.ok_or_else(ApiError::internal)?;
        self.lines = Some(lines);
        read.map_err(ApiError::invalid_parameter)?;
        let length = came.len();
        came.retain(|line| line.number <= LINES_MAX);
        let is_cut = came.len() < length;
        let another_key = |why: fmt::Arguments<'_>| {
            ApiError::bad_request(format!(
                "The batch {why}. Send the lines under another Key."
            ))
        };
        let results = self.upload.take(came, self.app.clock.now()).await;
        let results = results.map_err(|error| match error {
            StoreError::Conflict(Conflict::BatchOfAnotherAccount(sid)) => {
                another_key(format_args!("{sid} is of another account"))
            }
            StoreError::Conflict(Conflict::BatchUndone(sid)) => {
                another_key(format_args!("{sid} was undone"))
            }
            error => error.into(),
        })?;
        for result in results {
            self.changed += u64::from(result.result == Word::Changed);
            // It is always JSON.
            let _ = serde_json::to_writer(&mut self.text, &result);
            self.text.push(b'\n');
        }
        if is_cut {
            let sid = self.upload.sid;
            return Err(ApiError::bad_request(format!(
                "The body has more than {LINES_MAX} lines. Those are kept, in batch {sid}; send the rest in another body, under another Key."
            )));
        }
        let answers = &self.app.bounds.answers;
        let wanted = self.text.capacity() + RESULTS_STEP;
        let room = answers.grow(&mut self.share, wanted).await;
        room.ok_or_else(ApiError::busy)
    }

    fn answer(self) -> Response {
        let Self { text, share, .. } = self;
        let (sender, body) = stream::body();
        tokio::spawn(async move {
            let _share = share;
            sender.send(text.into()).await;
        });
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, NDJSON);
        let sid = HeaderValue::try_from(self.upload.sid.to_string());
        headers.extend(sid.ok().map(|sid| (BATCH, sid)));
        response
    }
}

/// How many of the bytes are read at a time: what is said of a short line takes far more room than
/// the line.
fn some_lines(bytes: &[u8]) -> usize {
    let is_end = |(_, byte): &(usize, &u8)| matches!(**byte, b'\r' | b'\n');
    let mut ends = bytes.iter().enumerate().filter(is_end);
    ends.nth(TOGETHER - 1).map_or(bytes.len(), |(at, _)| at + 1)
}

/// Undoes a batch, and answers with what was left.
///
/// # Errors
/// When the caller's account has no such batch.
pub async fn undo(
    State(app): State<App>,
    caller: Caller,
    Path(sid): Path<String>,
) -> Result<Response, ApiError> {
    let none = || ApiError::not_found(format_args!("/v1/Voice/Annotations/{}", quoted(&sid)));
    let sid: AnnotationBatchSid = sid.parse().map_err(|_| none())?;
    let undoing = Undoing {
        sid,
        account: caller.account,
        by: caller.who.to_string(),
    };
    let share = app.bounds.answers.take(undo::REPORT_MAX_BYTES).await;
    let share = share.ok_or_else(ApiError::busy)?;
    let report = undoing.all(app.store.as_ref(), || app.clock.now()).await?;
    let report = report.ok_or_else(none)?;
    let detail = format!("{} restored, {} left", report.restored, report.left.len());
    let target = report.batch_sid.to_string();
    audit::note(&app, &caller, Deed::AnnotationsUndone, target, detail).await;
    Ok(Json(report).holding(share))
}
