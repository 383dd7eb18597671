//! `POST /ingest/v1/events`: call events as NDJSON or one JSON array, streamed, gzip or plain.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use axum::response::Response;
use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt;
use sidetone_core::event::{CallEvent, Observation, Timer};
use sidetone_core::id::{AccountSid, CallRef};
use sidetone_store::StoreError;
use sidetone_wire::batch::Batch;
use sidetone_wire::translate::native::NativeReader;
use tokio::task::JoinHandle;

use super::sender::account_of;
use super::{Report, answer, append, count};
use crate::app::App;
use crate::http::auth::Caller;
use crate::http::body;
use crate::http::error::ApiError;
use crate::http::form::Query;

/// As counters call it.
const DOOR: &str = "native";
/// Events in one transaction.
const BATCH: usize = 1_000;
/// Text in one transaction: long events become several times as large once they are read.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Bytes read at a time, so that no batch grows much beyond its bounds.
const PIECE: usize = 64 * 1024;
/// Longest pause within a body.
const PAUSE: Duration = Duration::from_secs(60);
/// Compressed bytes unpacked at a time: at most about a thousand times as many come out.
const GZIP_PIECE: usize = 4 * 1024;
/// Most ended calls that one body settles; those beyond settle by their timers.
const SETTLED_MAX: usize = 1_000_000;

/// Keeps the good events, names the others by number. `?Settle=true`: the body is all there is of its calls, so those
/// that ended in it are complete.
///
/// # Errors
/// 400 when there is nothing to read, 401; 503 when nothing more can be kept: what was kept before stays, and the same
/// body may be sent again.
pub async fn receive(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let settle = match query.filled("Settle") {
        Some(value) => value.boolean().map_err(ApiError::invalid_query)?,
        None => false,
    };
    let mut intake = Intake::new(app.clone(), caller.account, settle);
    let read = match encoding(&headers)? {
        Encoding::Plain => intake.read_plain(body.into_data_stream()).await,
        Encoding::Gzip => intake.read_gzip(body.into_data_stream()).await,
    };
    let report = intake.finish(read).await?;
    if report.accepted + report.duplicates + report.rejected == 0 {
        return Err(ApiError::bad_request(
            "The body holds no events. Expected one JSON object a line, or an array of them.",
        ));
    }
    answer(&app, DOOR, report)
}

enum Encoding {
    Plain,
    Gzip,
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, ApiError> {
    match headers.get(CONTENT_ENCODING).map(|value| value.as_bytes()) {
        None | Some(b"identity" | b"") => Ok(Encoding::Plain),
        Some(b"gzip" | b"x-gzip") => Ok(Encoding::Gzip),
        Some(other) => {
            let other = crate::http::form::quoted(&String::from_utf8_lossy(other));
            Err(ApiError::bad_request(format!(
                "Invalid Content-Encoding '{other}'. Expected gzip, or none."
            )))
        }
    }
}

/// Takes the events of one body. While a batch is being written, the next is read.
pub struct Intake {
    app: App,
    account: AccountSid,
    reader: NativeReader,
    batch: Batch,
    batch_bytes: usize,
    report: Report,
    writing: Option<JoinHandle<Result<Report, StoreError>>>,
    settle: bool,
    ended: BTreeSet<CallRef>,
}

impl Intake {
    /// An intake for an account. `settle`: as [`receive`].
    #[must_use]
    pub fn new(app: App, account: AccountSid, settle: bool) -> Self {
        Self {
            app,
            account,
            reader: NativeReader::default(),
            batch: Batch::default(),
            batch_bytes: 0,
            report: Report::default(),
            writing: None,
            settle,
            ended: BTreeSet::new(),
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// As the store's.
    pub async fn feed(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        for piece in bytes.chunks(PIECE) {
            self.reader.feed(piece, &mut self.batch);
            self.batch_bytes += piece.len();
            if self.batch.observed.len() >= BATCH || self.batch_bytes >= BATCH_BYTES {
                self.write().await?;
            }
        }
        Ok(())
    }

    /// Takes the end, or whatever kept it from coming, and says what became of the events.
    ///
    /// # Errors
    /// As the store's, or that of reading when nothing was kept.
    pub async fn finish(mut self, read: Result<(), ApiError>) -> Result<Report, ApiError> {
        std::mem::take(&mut self.reader).finish(&mut self.batch);
        self.write().await?;
        self.wait().await?;
        if read.is_ok() {
            self.settle_ended().await?;
        }
        count(&self.app, DOOR, &self.report);
        read?;
        Ok(self.report)
    }

    async fn read_plain(&mut self, mut body: BodyDataStream) -> Result<(), ApiError> {
        while let Some(bytes) = next(&mut body).await? {
            self.feed(&bytes).await?;
        }
        Ok(())
    }

    async fn read_gzip(&mut self, mut body: BodyDataStream) -> Result<(), ApiError> {
        let broken =
            |_| ApiError::bad_request("The body is not valid gzip, as its Content-Encoding says.");
        let mut gzip = MultiGzDecoder::new(Vec::new());
        while let Some(bytes) = next(&mut body).await? {
            for piece in bytes.chunks(GZIP_PIECE) {
                gzip.write_all(piece).map_err(broken)?;
                let plain = std::mem::take(gzip.get_mut());
                self.feed(&plain).await?;
            }
        }
        let rest = gzip.finish().map_err(broken)?;
        Ok(self.feed(&rest).await?)
    }

    /// Begins to write what was read, after the batch before is written.
    async fn write(&mut self) -> Result<(), StoreError> {
        let received_at = self.app.clock.now();
        self.batch_bytes = 0;
        self.report
            .refuse_all(&std::mem::take(&mut self.batch.refused));
        let mut events = Vec::with_capacity(self.batch.observed.len());
        for observed in std::mem::take(&mut self.batch.observed) {
            match account_of(&self.app, self.account, observed.account.as_ref()) {
                Ok(account) => events.push(observed.place(account)),
                Err(error) => self.report.refuse(&error),
            }
        }
        if self.settle {
            self.note_ends(&events);
        }
        self.wait().await?;
        let app = self.app.clone();
        self.writing = Some(tokio::spawn(async move {
            let mut report = Report::default();
            append(&app, events, received_at, &mut report).await?;
            Ok(report)
        }));
        Ok(())
    }

    async fn wait(&mut self) -> Result<(), StoreError> {
        let Some(writing) = self.writing.take() else {
            return Ok(());
        };
        let written = writing.await.map_err(|error| {
            StoreError::Unavailable(format!("writing was cut short: {error}"))
        })??;
        self.report.add(written);
        Ok(())
    }

    fn note_ends(&mut self, events: &[CallEvent]) {
        for event in events {
            let ends = match &event.observation {
                Observation::Progress { step, facts, .. } => {
                    step.is_final() || facts.ended_at.is_some()
                }
                Observation::Facts { facts } => facts.ended_at.is_some(),
                _ => false,
            };
            if ends && self.ended.len() < SETTLED_MAX {
                self.ended.insert(event.call);
            }
        }
    }

    async fn settle_ended(&mut self) -> Result<(), StoreError> {
        let now = self.app.clock.now();
        let mut calls = std::mem::take(&mut self.ended).into_iter().peekable();
        while calls.peek().is_some() {
            let events = calls
                .by_ref()
                .take(BATCH)
                .map(|call| CallEvent::timer(call, Timer::Settled, now))
                .collect();
            append(&self.app, events, now, &mut Report::default()).await?;
        }
        Ok(())
    }
}

/// The next piece of a body; `None` at its end.
pub(super) async fn next(body: &mut BodyDataStream) -> Result<Option<Bytes>, ApiError> {
    // BodyDataStream is a Body as well; frames of it are its data.
    match tokio::time::timeout(PAUSE, body.frame()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(frame))) => Ok(Some(frame.into_data().unwrap_or_default())),
        Ok(Some(Err(error))) => Err(body::broken_off(&error)),
        Err(_) => Err(ApiError::request_timeout()),
    }
}
