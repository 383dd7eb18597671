//! `POST /ingest/v1/events`: call events as NDJSON or one JSON array, streamed, gzip or plain.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_ENCODING;
use axum::response::Response;
use sidetone_core::event::{CallEvent, Observation, Timer};
use sidetone_core::id::{AccountSid, CallRef};
use sidetone_store::StoreError;
use sidetone_wire::batch::Batch;
use sidetone_wire::translate::native::NativeReader;

use super::keep::{answer, append, count};
use super::outcome::Outcome;
use super::sender::account_of;
use super::text::Text;
use super::writing::Writing;
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::app::App;
use crate::budget::Share;
use crate::telemetry::labels::Source;
use crate::web::body;
use crate::web::form::quoted;

/// As counters call it.
const SOURCE: Source = Source::Native;
/// Events in one transaction.
const BATCH: usize = 1_000;
/// Memory of the events in one transaction.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// What a batch may take at most while it is read: it is full only when the last event is in it.
const SHARE_BYTES: usize = 6 * 1024 * 1024;
/// Refused events after which a body is given up.
const REFUSED_MAX: u64 = 1_000;
/// About the memory of what is said of an event that was refused.
const REFUSAL_BYTES: usize = 256;
/// How long events wait at most for others to be written with, when a body comes slowly.
const FLUSH: Duration = Duration::from_secs(1);
/// Most ended calls that one body settles; those beyond settle by their timers.
const SETTLED_MAX: usize = 1_000_000;

/// Keeps the good events, names the others by number. `?Settle=true`: the body is all there is of
/// its calls, so those that ended in it are complete.
///
/// # Errors
/// 400 when there is nothing to read, or a thousand events were refused, 401, 413 when it is
/// compressed too well; 503 when nothing more can be kept. What was kept before stays, and the same
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
    let text = match encoding(&headers)? {
        Encoding::Plain => Text::default(),
        Encoding::Gzip => Text::packed(),
    };
    let reader = NativeReader::giving_up_after(REFUSED_MAX);
    let mut upload = Upload::reading(app.clone(), caller.account, settle, text, reader);
    let read = upload.read(body.into_data_stream()).await;
    let outcome = upload.finish(read).await?;
    if outcome.accepted + outcome.duplicates + outcome.rejected == 0 {
        return Err(ApiError::bad_request(
            "The body holds no events. Expected one JSON object a line, or an array of them.",
        ));
    }
    answer(&app, SOURCE, outcome)
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
            let other = quoted(&String::from_utf8_lossy(other));
            Err(ApiError::bad_request(format!(
                "Invalid Content-Encoding '{other}'. Expected gzip, or none."
            )))
        }
    }
}

/// What is being read.
#[derive(Default)]
struct Reading {
    text: Text,
    reader: NativeReader,
    batch: Batch,
}

impl Reading {
    fn is_full(&self) -> bool {
        self.batch.observed.len() >= BATCH || self.batch.bytes >= BATCH_BYTES
    }

    /// About how much memory the batch takes so far.
    fn bytes(&self) -> usize {
        let said = self.batch.refused.first.len() + self.batch.ignored.first.len();
        self.batch.bytes + said * REFUSAL_BYTES
    }

    /// Reads until a batch is full or the text is at its end.
    fn read_on(&mut self) -> Result<(), ApiError> {
        while !self.is_full() && !self.text.is_empty() && !self.reader.has_given_up() {
            let piece = self.text.next()?;
            self.reader.feed(&piece, &mut self.batch);
        }
        Ok(())
    }
}

/// Takes the events of one body. While a batch is being written, the next is read.
pub struct Upload {
    app: App,
    account: AccountSid,
    reading: Reading,
    /// Memory for the batch that is being read, and since when.
    share: Option<(Share, Duration)>,
    outcome: Outcome,
    writing: Writing,
    settle: bool,
    ended: BTreeSet<CallRef>,
}

impl Upload {
    /// An upload of an account, which reads to the end whatever comes. `settle`: as [`receive`].
    #[must_use]
    pub fn new(app: App, account: AccountSid, settle: bool) -> Self {
        Self::reading(
            app,
            account,
            settle,
            Text::default(),
            NativeReader::default(),
        )
    }

    fn reading(
        app: App,
        account: AccountSid,
        settle: bool,
        text: Text,
        reader: NativeReader,
    ) -> Self {
        Self {
            app,
            account,
            reading: Reading {
                text,
                reader,
                batch: Batch::default(),
            },
            share: None,
            outcome: Outcome::default(),
            writing: Writing::default(),
            settle,
            ended: BTreeSet::new(),
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// As the store's; 400, 413 or 503 as [`receive`].
    pub async fn feed(&mut self, bytes: Bytes) -> Result<(), ApiError> {
        self.reading.text.came(bytes);
        self.read_on().await
    }

    /// Reads what came, and writes what is full.
    async fn read_on(&mut self) -> Result<(), ApiError> {
        while !self.reading.text.is_empty() {
            self.make_room().await?;
            let bytes = self.reading.text.bytes();
            let mut reading = std::mem::take(&mut self.reading);
            let read = move || {
                let read = reading.read_on();
                (reading, read)
            };
            let (reading, read) = self.app.bounds.reading(bytes, read).await?;
            self.reading = reading;
            self.keep_room();
            read?;
            if self.reading.is_full() || self.flush_after().is_zero() {
                self.write().await?;
            }
            if self.reading.reader.has_given_up() {
                return Err(self.give_up());
            }
            if self.outcome.malformed() >= REFUSED_MAX && self.reading.reader.gives_up() {
                return Err(self.give_up());
            }
        }
        Ok(())
    }

    /// Memory to fill the batch. When others have it, what was read so far is written instead:
    /// nobody waits for room who holds some, and so nobody waits for ever.
    async fn make_room(&mut self) -> Result<(), ApiError> {
        let budget = &self.app.bounds.events;
        if let Some((share, _)) = &mut self.share {
            if budget.try_grow(share, SHARE_BYTES) {
                return Ok(());
            }
            self.write().await?;
        }
        let share = self.app.bounds.events.take(SHARE_BYTES).await;
        let share = share.ok_or_else(ApiError::busy)?;
        self.share = Some((share, self.app.clock.passed()));
        Ok(())
    }

    /// Gives back what was not needed: a body that comes slowly holds no more than what came of it.
    fn keep_room(&mut self) {
        match self.reading.bytes() {
            0 => self.share = None,
            bytes => {
                if let Some((share, _)) = &mut self.share {
                    share.shrink_to(bytes);
                }
            }
        }
    }

    /// How long what was read may still wait for more: counted from the first of it, so that a body
    /// that comes bit by bit does not hold room for ever.
    fn flush_after(&self) -> Duration {
        let now = self.app.clock.passed();
        let held = self
            .share
            .as_ref()
            .map(|(_, since)| now.saturating_sub(*since));
        FLUSH.saturating_sub(held.unwrap_or_default())
    }

    /// Says that too much was refused to go on.
    fn give_up(&self) -> ApiError {
        let last = self.reading.batch.refused.first.last();
        let last = last.map(|error| error.to_string());
        let last = last.or_else(|| self.outcome.errors.last().map(|it| it.message.clone()));
        ApiError::given_up(REFUSED_MAX, &last.unwrap_or_default())
    }

    /// Takes the end, or whatever kept it from coming, and says what became of the events.
    ///
    /// # Errors
    /// As the store's, or that of reading when nothing was kept.
    pub async fn finish(mut self, mut read: Result<(), ApiError>) -> Result<Outcome, ApiError> {
        if read.is_ok() {
            read = self.read_end().await;
        }
        self.write().await?;
        self.writing.end(&mut self.outcome).await?;
        read?;
        self.settle_ended().await?;
        Ok(self.outcome)
    }

    async fn read_end(&mut self) -> Result<(), ApiError> {
        self.reading.text.end()?;
        self.read_on().await?;
        let reader = std::mem::take(&mut self.reading.reader);
        reader.finish(&mut self.reading.batch);
        Ok(())
    }

    async fn read(&mut self, mut body: BodyDataStream) -> Result<(), ApiError> {
        loop {
            // What was read is not kept back, nor the room it takes, until the next of a slow body
            // comes.
            let came = match self.share {
                None => Some(body::next(&mut body).await),
                Some(_) => {
                    let came = tokio::time::timeout(self.flush_after(), body::next(&mut body));
                    came.await.ok()
                }
            };
            match came.transpose()? {
                Some(Some(bytes)) => self.feed(bytes).await?,
                Some(None) => return Ok(()),
                None => self.write().await?,
            }
        }
    }

    /// Begins to write what was read, after the batch before is written.
    async fn write(&mut self) -> Result<(), StoreError> {
        let received_at = self.app.clock.now();
        let batch = std::mem::take(&mut self.reading.batch);
        let share = self.share.take();
        let mut refused = Outcome::default();
        refused.refuse_all(&batch.refused);
        let mut events = Vec::with_capacity(batch.observed.len());
        for observed in batch.observed {
            match account_of(&self.app, self.account, observed.account.as_ref()) {
                Ok(account) => events.push(observed.place(account)),
                Err(error) => refused.refuse(&error),
            }
        }
        // Counted when it is known: whoever sent it may be gone before the end.
        count(&self.app, SOURCE, &refused);
        self.outcome.add(refused);
        if self.settle {
            self.note_ends(&events);
        }
        self.writing.end(&mut self.outcome).await?;
        let app = self.app.clone();
        self.writing.begin(async move {
            let _share = share;
            let mut outcome = Outcome::default();
            append(&app, events, received_at, &mut outcome).await?;
            count(&app, SOURCE, &outcome);
            Ok(outcome)
        });
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
            append(&self.app, events, now, &mut Outcome::default()).await?;
        }
        Ok(())
    }
}
