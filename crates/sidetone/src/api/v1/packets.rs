//! The packets of a call, read from its log.

use std::time::Duration;

use axum::response::Response;
use sidetone_core::event::{CallEvent, EventKind, Observation};
use sidetone_core::fold::ladder::{Ladder, Rung};
use sidetone_core::fold::{Derived, FoldState};
use sidetone_core::id::CallRef;
use sidetone_store::EventFilter;
use sidetone_store::page::{PageRequest, RowKey, Start};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::api::error::ApiError;
use crate::api::hint::put;
use crate::app::App;

/// Kinds of events that tell of packets.
const KINDS: [EventKind; 3] = [EventKind::Sip, EventKind::Rtcp, EventKind::Vq];
/// The most packets read for one answer. Two parties that report every five seconds, mirrored on
/// both legs, need seven hours for as many.
const PACKETS_MAX: usize = 20_000;
/// The most text of SIP messages read for one answer.
const TEXT_MAX_BYTES: usize = 32 << 20;
/// About how much memory may be held of them.
const HELD_MAX_BYTES: usize = 16 << 20;
/// Packets read at a time.
const CHUNK: usize = 250;
/// Answers that are made of packets at once; others wait for a while. Each takes memory for all
/// packets of a call.
static READERS: Semaphore = Semaphore::const_new(4);
const WAIT: Duration = Duration::from_secs(10);

/// What the first packets of a call tell.
#[derive(Debug, Default)]
pub struct Packets<T> {
    /// As the reader wants it.
    pub told: T,
    /// Whether there are more than were read.
    pub is_cut: bool,
}

/// Packets that were read so far.
#[derive(Debug, Default)]
struct Reading {
    /// Goes where the work goes: whoever asked may leave while it is done.
    reader: Option<SemaphorePermit<'static>>,
    state: FoldState,
    ladder: Option<Ladder>,
    text_bytes: usize,
    held_bytes: usize,
}

impl Reading {
    fn with(mut self, rows: Vec<(RowKey, CallEvent)>) -> Self {
        for (row_key, event) in &rows {
            self.state.add(event);
            self.held_bytes += match &event.observation {
                Observation::Sip { sip } => {
                    self.text_bytes += sip.text.len();
                    512
                }
                Observation::Rtcp { rtcp } => 256 + 64 * rtcp.blocks.len(),
                _ => 256,
            };
            if let Some(ladder) = &mut self.ladder {
                ladder.add(event, row_key.id);
            }
        }
        self
    }
}

impl<T: Send + 'static> Packets<T> {
    /// Reads a call's packets by time; `tell` makes of them what is wanted, given what follows from
    /// them and, with a ladder, its rungs. All of it on threads that may take their time: others
    /// are answered meanwhile.
    ///
    /// # Errors
    /// As the store's; 503 when others are read for too long.
    pub async fn read(
        app: &App,
        call: CallRef,
        ladder: Option<Ladder>,
        tell: impl FnOnce(Option<Derived>, Vec<Rung>) -> T + Send + 'static,
    ) -> Result<Self, ApiError> {
        let reader = tokio::time::timeout(WAIT, READERS.acquire()).await;
        let reader = reader.map_err(|_| ApiError::busy())?;
        let mut reading = Reading {
            // Never closed: acquiring it does not fail.
            reader: reader.ok(),
            ladder,
            ..Reading::default()
        };
        let mut is_cut = true;
        let mut start = Start::First { skip: 0 };
        for _ in 0..PACKETS_MAX / CHUNK {
            let request = PageRequest { start, size: CHUNK };
            let page = app.store.events(call, &of_packets(), &request).await?;
            reading = app.bounds.making(move || reading.with(page.rows)).await?;
            let Some(last) = page.after else {
                is_cut = false;
                break;
            };
            if reading.text_bytes > TEXT_MAX_BYTES || reading.held_bytes > HELD_MAX_BYTES {
                break;
            }
            start = Start::After(last);
        }
        let sides = app.sides.get();
        let tell = move || {
            let derived = reading.state.derived(call, &sides);
            let route = derived.as_ref().map(|derived| &derived.route);
            let rungs = reading.ladder.unwrap_or_default().rungs(route);
            let told = tell(derived, rungs);
            drop(reading.reader);
            told
        };
        let told = app.bounds.making(tell).await?;
        Ok(Self { told, is_cut })
    }

    /// Says so when not all packets were read.
    pub fn hint(&self, response: &mut Response) {
        if self.is_cut {
            put(response, "only the first packets of this call were read");
        }
    }
}

fn of_packets() -> EventFilter {
    EventFilter {
        kinds: KINDS.to_vec(),
        ..EventFilter::default()
    }
}
