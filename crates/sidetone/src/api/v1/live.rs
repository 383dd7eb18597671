//! `GET /v1/Voice/Live`: the calls that match, as they change, as server-sent events. Ours.
//!
//! An event is what the list would say of the call now. A stream ends after some time, so that its
//! client shows its credentials again; by the number of the last event it misses nothing.

use std::collections::HashMap;
use std::io::Write;
use std::mem;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use serde::de::Error;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::{CallRef, CallSid};
use sidetone_core::time::TimeUs;
use sidetone_store::StoreError;
use sidetone_store::people::SessionDigest;
use tokio::time::{Instant, sleep_until, timeout};

use super::filter::alias;
use super::lookup;
use super::render::{SummaryUrl, template};
use super::selection::select;
use crate::api::auth::{self, Caller, session};
use crate::api::error::ApiError;
use crate::api::mask;
use crate::api::masking::Masked;
use crate::api::page::FilterRequest;
use crate::app::App;
use crate::bounds::Turn;
use crate::live::{ChangeId, LiveCall, Now, Start, Told, Watcher};
use crate::web::form::Params;
use crate::web::stream::{self, Sender};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// nginx gathers what it passes on, unless it is told not to.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// How long nothing is sent at most, so that proxies see that the stream is alive.
const SILENCE: Duration = Duration::from_secs(15);
/// How long a stream goes on.
const LENGTH: Duration = Duration::from_secs(15 * 60);
/// How long it may take until changes are followed.
const BEGIN: Duration = Duration::from_secs(10);
/// Seconds after which who found no room is to try again.
const WAIT_S: u64 = 10;
/// Milliseconds after which a client whose stream has ended asks again.
const RECONNECT_MS: u32 = 2000;
/// What is sent at once is not much longer.
const PIECE_BYTES: usize = 32 * 1024;
/// Calls of which it is remembered whether the client has them.
const KNOWN_MAX: usize = 4096;
/// How long filters that tell times from now hold.
const FILTER_HOLDS_US: i64 = 1_000_000;

/// Answers with the calls that change from now on, or from where the client was.
///
/// # Errors
/// When a filter is malformed, the account addressed is not the caller's, or there are too many
/// streams already.
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    FilterRequest(request): FilterRequest,
) -> Result<Response, ApiError> {
    let now = app.clock.now();
    let params = alias::canonical(&request.params).map_err(ApiError::invalid_query)?;
    let filter = filter(&app, &caller, &params, now)?;
    let account = filter.account;
    let turn = app.bounds.streams.begin(*account.as_bytes());
    let turn = turn.ok_or_else(|| ApiError::too_many_streams(WAIT_S))?;
    let sent = headers.get(&LAST_EVENT_ID);
    let sent = sent.map(|sent| sent.to_str().ok()?.parse().ok());
    let begun = timeout(BEGIN, app.live.watch(account, sent.flatten())).await;
    let (watcher, mut start) = begun.ok().flatten().ok_or_else(ApiError::unavailable)?;
    if sent == Some(None) {
        start.missed = None;
    }
    let session = auth::has_session(&headers).then(|| session::cookies(&headers).next());
    let live = Live {
        session: session.flatten().and_then(session::digest),
        url: format!("{}/v1/Voice/Summaries", request.base.0),
        base: request.base.0,
        app,
        caller,
        params,
        filter,
        filter_from: now,
        known: HashMap::new(),
        text: Vec::new(),
        _turn: turn,
    };
    let (sender, body) = stream::body();
    tokio::spawn(live.send(watcher, start, sender));
    let mut response = Response::new(body);
    response.extensions_mut().insert(Masked);
    for (name, value) in [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        (X_ACCEL_BUFFERING, "no"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// The filter at a time. Other than a list, it is of calls in all states, and of those that are to
/// end, unless that is said.
fn filter(
    app: &App,
    caller: &Caller,
    params: &Params,
    now: TimeUs,
) -> Result<SummaryFilter, ApiError> {
    let mut params = params.clone();
    if params.filled("ProcessingState").is_none() {
        params.push("ProcessingState", "all");
    }
    let mut filter = select(app, caller, &params, now)?.filter;
    if params.filled("EndTime").is_none() {
        let all = SummaryFilter::all(filter.account);
        filter.ended_until = all.ended_until;
        filter.include_running = all.include_running;
    }
    Ok(filter)
}

/// A stream under way.
struct Live {
    app: App,
    caller: Caller,
    /// The session that it was asked as.
    session: Option<SessionDigest>,
    params: Params,
    filter: SummaryFilter,
    /// What times of the filter count from.
    filter_from: TimeUs,
    /// What events say the URL of the list is.
    url: String,
    /// What our URLs begin with.
    base: String,
    /// Calls that were told, and whether the client has them since.
    known: HashMap<CallSid, bool>,
    text: Vec<u8>,
    _turn: Turn<[u8; 16]>,
}

impl Live {
    async fn send(mut self, mut watcher: Watcher, start: Start, sender: Sender) {
        let end = Instant::now() + LENGTH;
        let mut look = tokio::time::interval(SILENCE);
        if !self.begin(start, &sender).await {
            return;
        }
        while self.flush(&sender).await {
            tokio::select! {
                told = watcher.next() => {
                    let mut told = Some(told);
                    while let Some(next) = told {
                        if !self.tell(next) {
                            return;
                        }
                        told = if self.text.len() < PIECE_BYTES { watcher.next_at_once() } else { None };
                    }
                }
                () = tokio::time::sleep(SILENCE) => self.text.extend_from_slice(b":\n\n"),
                _ = look.tick() => if !self.is_let_in().await { return },
                () = sleep_until(end) => return,
                () = sender.closed() => return,
            }
        }
    }

    /// Whether whoever asked may still watch: people are signed out, or may less from now on.
    async fn is_let_in(&self) -> bool {
        match self.session {
            Some(session) => self.caller.is_let_in(session, &self.app).await,
            None => true,
        }
    }

    /// Sends what there is. `false`: the client is gone.
    async fn flush(&mut self, sender: &Sender) -> bool {
        sender.send(Bytes::from(mem::take(&mut self.text))).await
    }

    /// Tells what was missed before, and where the stream begins. `false`: it has ended already.
    async fn begin(&mut self, start: Start, sender: &Sender) -> bool {
        self.line("retry", RECONNECT_MS);
        let Some(missed) = start.missed else {
            self.reset(start.last);
            return true;
        };
        for (id, call) in missed {
            match Now::read(self.app.store.as_ref(), self.app.render, call).await {
                Ok(now) => self.change(id, call, &now),
                Err(StoreError::Corrupt(_)) => {}
                // It comes again.
                Err(_) => return false,
            }
            if self.text.len() >= PIECE_BYTES && !self.flush(sender).await {
                return false;
            }
        }
        // An event without data is none, but its number counts.
        self.line("id", start.last);
        self.text.push(b'\n');
        true
    }

    /// Writes what a watcher was told. `false`: there is no more.
    fn tell(&mut self, told: Told) -> bool {
        match told {
            Told::Update(update) => self.change(update.id, update.call, &update.now),
            Told::Missed(last) => {
                self.app.counters.live_missed.inc();
                self.reset(last);
            }
            Told::Over => return false,
        }
        true
    }

    /// Writes that the client has to read its list again.
    fn reset(&mut self, last: ChangeId) {
        self.known.clear();
        self.event(last, "reset", b"{}");
    }

    fn change(&mut self, id: ChangeId, call: CallRef, now: &Now) {
        match now {
            Now::Untold => {}
            Now::Known(known) if self.matches(known) => {
                let mut json = Vec::new();
                match self.render(&mut json, known) {
                    Ok(()) => {
                        self.event(id, "call", &json);
                        self.remember(call.sid, true);
                    }
                    Err(error) => tracing::error!(%error, "a summary could not be written"),
                }
            }
            // Of its first version nobody has seen another.
            Now::Known(known) if known.record.processing_version == 1 => {
                self.lose(id, call.sid, false);
            }
            Now::Known(_) | Now::Gone => self.lose(id, call.sid, true),
        }
    }

    /// Writes that a call is none of these any more, if the client may have it.
    fn lose(&mut self, id: ChangeId, call: CallSid, may_be_had: bool) {
        if self.known.get(&call).copied().unwrap_or(may_be_had) {
            self.event(
                id,
                "gone",
                format!("{{\"call_sid\":\"{call}\"}}").as_bytes(),
            );
        }
        self.remember(call, false);
    }

    fn matches(&mut self, call: &LiveCall) -> bool {
        let now = self.app.clock.now();
        if now.since_us(self.filter_from) >= FILTER_HOLDS_US
            && let Ok(filter) = filter(&self.app, &self.caller, &self.params, now)
        {
            (self.filter, self.filter_from) = (filter, now);
        }
        let record = &call.record;
        lookup::served(&self.app, record.advanced_features).is_ok()
            && self.filter.matches(&call.summary, &record.annotation)
    }

    fn render(&self, json: &mut Vec<u8>, call: &LiveCall) -> serde_json::Result<()> {
        match &call.record.summary {
            Some(shown) => template::write(json, &call.record, shown, SummaryUrl::List(&self.url))?,
            None => return Ok(()),
        }
        if !self.caller.sees_numbers() {
            let masked = mask::json(json, &self.base);
            *json = masked.ok_or_else(|| serde_json::Error::custom("the summary is no JSON"))?;
        }
        Ok(())
    }

    fn remember(&mut self, call: CallSid, has_it: bool) {
        if self.known.len() >= KNOWN_MAX {
            self.known.clear();
        }
        self.known.insert(call, has_it);
    }

    fn event(&mut self, id: ChangeId, kind: &str, data: &[u8]) {
        self.line("id", id);
        self.line("event", kind);
        self.text.extend_from_slice(b"data: ");
        self.text.extend_from_slice(data);
        self.text.extend_from_slice(b"\n\n");
    }

    fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        // Writing into memory does not fail.
        let _ = writeln!(self.text, "{name}: {value}");
    }
}
