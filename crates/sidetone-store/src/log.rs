//! The log of events, which calls are to be folded, and which timers are due.

use async_trait::async_trait;
use sidetone_core::event::{CallEvent, EventKind};
use sidetone_core::id::CallRef;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{EdgeKind, StreamDirection};

use crate::cursor::Cursor;
use crate::error::Result;
use crate::page::{Page, PageRequest, RowKey};

/// An event on its way into the log.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// What was observed. Its account must exist.
    pub event: CallEvent,
    /// When it came in, by our clock: quiet times are counted from here.
    pub received_at: TimeUs,
}

/// What became of an appended event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is in the log now.
    New,
    /// An event of this id was there already; nothing changed.
    Duplicate,
    /// Its account does not exist; the event was refused.
    NoAccount,
    /// The call was erased or has expired; the event was refused.
    Gone,
    /// The events of the call have expired; the event was counted and refused.
    Expired,
    /// The call has [`EVENTS_PER_CALL_MAX`] events already; the event was refused. Timers are
    /// always taken.
    Full,
}

/// Most events of one call. A day of reports every ten seconds on four streams is a third of it;
/// beyond it a sender is broken or hostile, and each fold of the call would cost everybody.
pub const EVENTS_PER_CALL_MAX: u64 = 100_000;

/// A call whose log holds events its summary does not know yet.
#[derive(Debug, Clone)]
pub struct DirtyCall {
    /// The call.
    pub call: CallRef,
    /// Events after the state's position; all of them when there is no state. The first of them,
    /// when they are many.
    pub events: Vec<CallEvent>,
    /// Where the others are, for [`EventLog::read_on`].
    pub rest: Option<Cursor>,
    /// What [`PutSummary::state`](crate::PutSummary::state) last stored, as it was.
    pub state: Option<Vec<u8>>,
    /// How many further events there are that cannot be read: damage, or a later version wrote
    /// them. They are left out, so that one of them does not keep all calls from being folded.
    pub unreadable: u64,
    /// Position of the last event in the call's log, to be given back with the summary.
    pub position: u64,
    /// When the last of its events came in.
    pub last_received_at: TimeUs,
    /// When the call's end was first folded into a stored summary, by our clock.
    pub end_seen_at: Option<TimeUs>,
}

/// Some events of a leased call.
#[derive(Debug, Clone, Default)]
pub struct LogPart {
    /// In the order of arrival, but only within the part.
    pub events: Vec<CallEvent>,
    /// As [`DirtyCall::unreadable`].
    pub unreadable: u64,
    /// Where the others are. `None`: there are none.
    pub rest: Option<Cursor>,
}

/// A call whose summary was folded from its log.
#[derive(Debug, Clone)]
pub struct FoldedCall {
    /// The summary that is stored.
    pub summary: CallSummary,
    /// The events that it knows, to be folded without its state.
    pub log: DirtyCall,
}

/// Some of them.
#[derive(Debug, Clone, Default)]
pub struct FoldedCalls {
    /// In the order in which they became known.
    pub calls: Vec<FoldedCall>,
    /// How many more there are between them that are damaged.
    pub damaged: u64,
    /// Where to go on; `None` when these were the last.
    pub next: Option<Cursor>,
}

/// Which events of a call are wanted.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Any of these kinds.
    pub kinds: Vec<EventKind>,
    /// Of this edge.
    pub edge: Option<EdgeKind>,
    /// Steps of progress too when `edge` is given, although they name none.
    pub or_progress: bool,
    /// Of this stream direction.
    pub direction: Option<StreamDirection>,
}

/// A timer that has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueTimer {
    /// The call.
    pub call: CallRef,
    /// Whether its end is known: then it settles, else it ends here.
    pub ended: bool,
    /// Time of its latest event.
    pub last_event_at: TimeUs,
}

/// Events, and what has to be done because of them.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Appends events and marks their calls dirty: all of a call's or none, and none because of
    /// another call. Says what became of each, in order. Idempotent by event id within a call, also
    /// within one batch.
    async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>>;
    /// A call's events by time, then by arrival; each with its row key, so that rows of other
    /// origin can be put between.
    async fn events(
        &self,
        call: CallRef,
        filter: &EventFilter,
        page: &PageRequest,
    ) -> Result<Page<(RowKey, CallEvent)>>;
    /// The event at a place in a call's log, counted from 1 in the order of arrival. `None`: there is
    /// none, or it has expired.
    async fn event(&self, call: CallRef, position: u64) -> Result<Option<CallEvent>>;
    /// Leases up to `limit` calls that have been dirty since `dirty_since` or longer (see
    /// [`crate::dirty_from`]), longest waiting first: a call that never falls silent is folded as
    /// well. A call is given to nobody else until `lease_until` has passed `now` or its summary is
    /// put. Fewer when there is much to them, in bytes; of long logs only the beginning is given.
    /// What this version of the fold has set aside is left out.
    async fn take_dirty(
        &self,
        limit: usize,
        dirty_since: TimeUs,
        now: TimeUs,
        lease_until: TimeUs,
        fold_version: u32,
    ) -> Result<Vec<DirtyCall>>;
    /// Gives back leased calls that could not be folded because the store could not be written:
    /// they are dirty at once, not when their lease is over.
    async fn give_back(&self, calls: Vec<CallRef>) -> Result<()>;
    /// Up to `limit` calls that were folded, those that became known after others (`None`: from the
    /// first). Nothing is leased or written, and what came after the summary is left out.
    async fn folded(&self, after: Option<Cursor>, limit: usize) -> Result<FoldedCalls>;
    /// More events of a leased call, or of one of [`Self::folded`].
    async fn read_on(&self, call: CallRef, rest: &Cursor) -> Result<LogPart>;
    /// Notes that a call is about to be folded that costs so much that the process may not survive
    /// it. Says how often that was noted for this version of the fold since a summary of it was
    /// put.
    async fn begin_dear(&self, call: CallRef, fold_version: u32, now: TimeUs) -> Result<u32>;
    /// Sets a call aside that cannot be folded: its events are kept, but its summary stands still
    /// until another version of the fold takes it, or it is refolded.
    /// [`Care::check`](crate::Care::check) names it.
    async fn set_aside(
        &self,
        call: CallRef,
        fold_version: u32,
        reason: String,
        now: TimeUs,
    ) -> Result<()>;
    /// Marks calls dirty again and forgets their fold state, so that the whole log is folded anew.
    async fn refold(&self, calls: Vec<CallRef>) -> Result<()>;
    /// Calls whose timer is due, earliest first. The timer stays until a summary is put.
    async fn due_timers(&self, now: TimeUs, limit: usize) -> Result<Vec<DueTimer>>;
    /// Sets timers that were due to a later time: those that led to nothing must not stand before
    /// all others for ever.
    async fn defer_timers(&self, calls: Vec<CallRef>, until: TimeUs) -> Result<()>;
    /// Tells that the clock was set back to `now`, or may have been. What would wait for longer
    /// than it can have to waits from now on: timers `settle_us` where the end is known, else
    /// `call_idle_us`; leases and delays end; deliveries are tried. Says how many calls waited
    /// so.
    async fn clock_set_back(&self, now: TimeUs, settle_us: i64, call_idle_us: i64) -> Result<u64>;
}

/// The longest that a measurement waits before its call is dirty, in microseconds.
pub const DIRTY_DELAY_MAX_US: i64 = 60_000_000;

/// From when on a call is dirty because of an event that was received then and has so many before
/// it, in microseconds since 1970.
///
/// At once, but for measurements: folding a call costs the more the longer its log is, so that a
/// call of hours, folded again with each report of its media, would cost as the square of its
/// length. They wait 5 ms for each event before them.
#[must_use]
pub fn dirty_from(kind: EventKind, received_us: i64, events_before: i64) -> i64 {
    const DIRTY_DELAY_US: i64 = 5_000;
    let delay_us = match kind {
        EventKind::Media | EventKind::Rtcp => events_before
            .saturating_mul(DIRTY_DELAY_US)
            .min(DIRTY_DELAY_MAX_US),
        EventKind::Progress
        | EventKind::Facts
        | EventKind::Edge
        | EventKind::Imported
        | EventKind::Timer
        | EventKind::Unknown
        | EventKind::Sip
        | EventKind::Vq => 0,
    };
    received_us.saturating_add(delay_us)
}
