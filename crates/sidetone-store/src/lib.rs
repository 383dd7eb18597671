//! Where calls are kept: the contract every store honours, and the stores.
//!
//! The contract is the [`Store`] trait, word for word; `conformance` is the same contract as tests.
//! A store knows events, summaries and judgements. It does not fold and knows no HTTP.
#![warn(missing_docs)]

pub mod account;
#[cfg(feature = "testing")]
pub mod conformance;
pub mod delivery;
pub mod error;
pub mod feedback;
pub mod page;
mod patience;
pub mod sqlite;

use async_trait::async_trait;
use sidetone_core::annotation::{Annotation, AnnotationPatch};
use sidetone_core::event::{CallEvent, EventKind};
use sidetone_core::feedback::FeedbackTally;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::{AccountSid, ApiKeySid, CallRef, CallSid, FeedbackSummarySid};
use sidetone_core::rules::Rules;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{EdgeKind, StreamDirection};

use crate::account::{Account, Accounts, ApiKey, ProviderSecret, Settings, Token};
use crate::delivery::{DeadLetter, Delivery, DeliveryId, EndpointId, NewDelivery, Outcome};
pub use crate::error::StoreError;
use crate::feedback::{
    FeedbackRange, FeedbackRecord, FeedbackSummary, FeedbackSummaryStatus, Judgement, Rate, Rated,
};
use crate::page::{Page, PageRequest, Place};
pub use crate::patience::{PATIENCE_MAX_US, dirty_from};

/// Result of a verb of the store.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Whose calls a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// The reader's own account.
    pub account: AccountSid,
}

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
    /// The call's raw events have expired and its summary is sealed; the event was refused.
    Sealed,
    /// The call has [`EVENTS_PER_CALL_MAX`] events already; the event was refused. Timers are always taken.
    Full,
}

/// Most events of one call. A day of reports every ten seconds on four streams is a third of it; beyond it a sender is
/// broken or hostile, and each fold of the call would cost everybody.
pub const EVENTS_PER_CALL_MAX: u64 = 100_000;

/// A call whose log holds events its summary does not know yet.
#[derive(Debug, Clone)]
pub struct DirtyCall {
    /// The call.
    pub call: CallRef,
    /// Events after the state's position; all of them when there is no state. The first of them, when they are many.
    pub events: Vec<CallEvent>,
    /// Where the others are, for [`Store::read_on`].
    pub rest: Option<Rest>,
    /// What [`PutSummary::state`] last stored, as it was.
    pub state: Option<Vec<u8>>,
    /// How many further events there are that cannot be read: damage, or a later version wrote them. They are left out,
    /// so that one of them does not keep all calls from being folded.
    pub unreadable: u64,
    /// Position of the last event in the call's log, to be given back with the summary.
    pub position: u64,
    /// When the last of its events came in.
    pub last_received_at: TimeUs,
    /// When the call's end was first folded into a stored summary, by our clock.
    pub end_seen_at: Option<TimeUs>,
}

/// Where the events of a leased call go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// The next row of the log, and the last that may be the call's.
    next: i64,
    last: i64,
    /// Positions that are not wanted because the state knows them, and those beyond which nothing is.
    known: i64,
    count: i64,
    /// How many of these have been given.
    given: i64,
}

/// Some events of a leased call.
#[derive(Debug, Clone, Default)]
pub struct Piece {
    /// In the order of arrival, but only within the piece.
    pub events: Vec<CallEvent>,
    /// As [`DirtyCall::unreadable`].
    pub unreadable: u64,
    /// Where the others are. `None`: there are none.
    pub rest: Option<Rest>,
}

/// A folded summary on its way into the store.
#[derive(Debug, Clone)]
pub struct PutSummary {
    /// The summary.
    pub summary: CallSummary,
    /// State to continue from with later events. `None`: the log will be folded again.
    pub state: Option<Vec<u8>>,
    /// From [`DirtyCall::position`].
    pub position: u64,
    /// When a timer event is due if nothing comes before.
    pub timer_at: Option<TimeUs>,
    /// When this is written, by our clock.
    pub now: TimeUs,
}

/// A call looked up.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup<T> {
    /// There is no such call in scope.
    Unknown,
    /// There was one; it was erased or has expired.
    Gone,
    /// Here it is.
    Found(T),
}

/// A call as readers see it: the summary and what was said about it, of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    /// The call.
    pub call: CallRef,
    /// `None`: the call is known, but its first summary is not written yet.
    pub summary: Option<CallSummary>,
    /// Count of the summary's versions, from 1; grows only when its content changes.
    pub processing_version: u32,
    /// The annotation of the empty author: the view of the compatible API.
    pub annotation: Annotation,
    /// Counts the changes of `annotation`, 0 before the first.
    pub annotation_revision: u64,
    /// Whether the account had advanced features on when the call was first seen.
    pub advanced_features: bool,
    /// Whether the call exists only because somebody judged it.
    pub placeholder: bool,
}

/// A judgement on its way in.
#[derive(Debug, Clone)]
pub struct Annotate {
    /// Whose view is changed; empty for the view of the compatible API.
    pub author: String,
    /// The credential that asks for it (account or key), kept in the history.
    pub by: String,
    /// What changes; `None` removes the annotation.
    pub patch: Option<AnnotationPatch>,
    /// Only if the annotation is at this revision; else [`StoreError::Conflict`].
    pub if_revision: Option<u64>,
    /// By our clock.
    pub now: TimeUs,
    /// Make a placeholder in the scope's account when the call is unknown.
    pub accept_unknown: bool,
}

/// An annotation and the call it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnotationRecord {
    /// The call.
    pub call: CallRef,
    /// What is said.
    pub annotation: Annotation,
    /// Counts changes, 0 before the first.
    pub revision: u64,
    /// As [`CallRecord::advanced_features`].
    pub advanced_features: bool,
}

/// One change of an annotation.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnotationChange {
    /// The revision it made, from 1.
    pub revision: u64,
    /// Whose view was changed.
    pub author: String,
    /// The credential that asked for it; how the summary of another system came that says so (`event-streams`, `native`).
    pub by: String,
    /// When, by our clock.
    pub at: TimeUs,
    /// Before.
    pub before: Annotation,
    /// After.
    pub after: Annotation,
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

/// Figures about the store's work, for the metrics page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Calls with events not folded yet, without those that are set aside.
    pub dirty_calls: u64,
    /// Calls that are set aside: see [`Store::set_aside`].
    pub set_aside: u64,
    /// Calls a timer is set for.
    pub timers: u64,
    /// Deliveries that have not arrived yet and are still tried.
    pub deliveries_waiting: u64,
    /// Deliveries that were given up.
    pub dead_letters: u64,
    /// Bytes of the database.
    pub bytes: u64,
    /// Transactions this process has committed.
    pub commits: u64,
    /// Writing verbs committed in them.
    pub writes: u64,
    /// Writing verbs of this process that the store could not take: disk full, locked.
    pub refused: u64,
    /// How often this process has met damage, reading or writing.
    pub damaged: u64,
}

/// A store of calls.
///
/// Every writing verb is one transaction and returns after it is durable. Verbs may be called from any task; each
/// sees everything that returned before it was called.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    // Accounts and their credentials.

    /// All accounts; a damaged one keeps no other from being read.
    async fn accounts(&self) -> Result<Accounts>;
    /// All API keys that are not revoked.
    async fn api_keys(&self) -> Result<Vec<ApiKey>>;
    /// Grows with every change of accounts and keys, by whatever process.
    async fn account_epoch(&self) -> Result<u64>;
    /// Creates an account. [`StoreError::Conflict`] when the identifier is taken, [`StoreError::NotFound`] when the
    /// parent does not exist, [`StoreError::Invalid`] when the parent is a subaccount itself.
    async fn create_account(&self, account: Account) -> Result<()>;
    /// Replaces an account's tokens. [`StoreError::NotFound`] for an unknown account.
    async fn put_tokens(&self, account: AccountSid, tokens: Vec<Token>) -> Result<()>;
    /// Replaces an account's provider secrets. [`StoreError::NotFound`] for an unknown account.
    async fn put_provider_secrets(
        &self,
        account: AccountSid,
        secrets: Vec<ProviderSecret>,
    ) -> Result<()>;
    /// Replaces an account's settings and returns them. [`StoreError::NotFound`] for an unknown account.
    async fn put_settings(&self, account: AccountSid, settings: Settings) -> Result<()>;
    /// Adds an API key. [`StoreError::NotFound`] for an unknown account.
    async fn create_api_key(&self, key: ApiKey) -> Result<()>;
    /// Revokes an API key. [`StoreError::NotFound`] when there is none that is valid.
    async fn revoke_api_key(&self, key: ApiKeySid) -> Result<()>;

    // The log and the fold.

    /// Appends events and marks their calls dirty. The answer names each event's fate, in order. Idempotent by event
    /// id within a call, also within one batch. [`StoreError::NotFound`], and nothing appended, when an account does
    /// not exist.
    async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>>;
    /// Leases up to `limit` calls that have been dirty since `dirty_since` or longer (see [`dirty_from`]), longest waiting first: a
    /// call that never falls silent is folded as well.
    /// A call is given to nobody else until `lease_until` has passed `now` or its summary is put.
    /// Fewer when there is much to them, in bytes; of long logs only the beginning is given. What this version of the fold has
    /// set aside is left out.
    async fn take_dirty(
        &self,
        limit: usize,
        dirty_since: TimeUs,
        now: TimeUs,
        lease_until: TimeUs,
        fold_version: u32,
    ) -> Result<Vec<DirtyCall>>;
    /// Gives back leased calls that could not be folded because the store could not be written: they are dirty at once, not
    /// when their lease is over. This itself waits for no write, and comes true with the next [`Self::take_dirty`].
    async fn give_back(&self, calls: Vec<CallRef>) -> Result<()>;
    /// Ends every lease on calls and summaries of feedback: whoever held one is no more. For a process that knows that
    /// no other works on the store; on the embedded one, because it holds the lock of the data directory. Says how many calls
    /// had been leased.
    async fn end_leases(&self) -> Result<u64>;
    /// More events of a leased call.
    async fn read_on(&self, call: CallRef, rest: Rest) -> Result<Piece>;
    /// Notes that a call is about to be folded that costs so much that the process may not survive it. Says how often that was
    /// noted for this version of the fold since a summary of it was put.
    async fn begin_dear(&self, call: CallRef, fold_version: u32, now: TimeUs) -> Result<u32>;
    /// Sets a call aside that cannot be folded: its events are kept, but its summary stands still until another version of the
    /// fold takes it, or it is refolded. [`Self::check`] names it.
    async fn set_aside(
        &self,
        call: CallRef,
        fold_version: u32,
        reason: String,
        now: TimeUs,
    ) -> Result<()>;
    /// Writes summaries: document, filter columns, rollups, timer. The processing version grows where the content
    /// differs from the stored one. A call stays dirty when events came after `position`. A summary whose `position`
    /// is behind the stored one is ignored. A call that is not known is made, so that summaries can be loaded in bulk
    /// (position 0, no events). Where it holds what another system's summary says that people said, and that is something else
    /// than the stored one says, it becomes the annotation of the empty author, unless somebody here has changed that since
    /// the time of that summary; nothing said there takes back only what was said there. A summary that cannot be written
    /// because of what it is or what is stored of its call leaves no trace and keeps no other from being written: says which,
    /// and why.
    async fn put_summaries(&self, summaries: Vec<PutSummary>)
    -> Result<Vec<(CallRef, StoreError)>>;
    /// Calls whose timer is due, earliest first. The timer stays until a summary is put.
    async fn due_timers(&self, now: TimeUs, limit: usize) -> Result<Vec<DueTimer>>;
    /// Sets timers that were due to a later time: those that led to nothing must not stand before all others for ever.
    async fn defer_timers(&self, calls: Vec<CallRef>, until: TimeUs) -> Result<()>;
    /// Tells that the clock was set back to `now`, or may have been. What would wait for longer than it can have to waits from now
    /// on: timers `settle_us` where the end is known, else `call_idle_us`; leases and patience end; deliveries are tried. Says
    /// how many calls waited so.
    async fn clock_set_back(&self, now: TimeUs, settle_us: i64, call_idle_us: i64) -> Result<u64>;
    /// Marks calls dirty again and forgets their fold state, so that the whole log is folded anew.
    async fn refold(&self, calls: Vec<CallRef>) -> Result<()>;

    // Reading.

    /// One call with its summary and annotation.
    async fn record(&self, scope: Scope, sid: CallSid) -> Result<Lookup<CallRecord>>;
    /// One annotation only.
    async fn annotation(&self, scope: Scope, sid: CallSid) -> Result<Lookup<AnnotationRecord>>;
    /// The account's call that a SIP Call-ID names, by what the Call-ID makes of itself: the one of that `CallSid`, else
    /// the latest that something else named, if it began on the day of `at`, the day after or the two before.
    async fn sip_call(
        &self,
        account: AccountSid,
        sid: CallSid,
        at: TimeUs,
    ) -> Result<Option<CallRef>>;
    /// Calls that match, in the filter's order; those that are damaged are left out and named. [`StoreError::TooExpensive`] when the query ran out of steps.
    async fn list(&self, filter: &SummaryFilter, page: &PageRequest) -> Result<Page<CallRecord>>;
    /// A call's events by time, then by arrival; each with its place, so that rows of other origin can be put between.
    async fn events(
        &self,
        call: CallRef,
        filter: &EventFilter,
        page: &PageRequest,
    ) -> Result<Page<(Place, CallEvent)>>;

    // Judgement.

    /// Changes an annotation: log, current row, filter columns and rollups in one transaction. A change that changes
    /// nothing adds nothing to the history.
    async fn annotate(
        &self,
        scope: Scope,
        sid: CallSid,
        change: Annotate,
    ) -> Result<Lookup<AnnotationRecord>>;
    /// Changes of a call's annotation by any author, latest first.
    async fn annotation_history(
        &self,
        call: CallRef,
        page: &PageRequest,
    ) -> Result<Page<AnnotationChange>>;

    /// The feedback on a call, if there is any.
    async fn feedback(&self, call: CallRef) -> Result<Lookup<Option<FeedbackRecord>>>;
    /// Changes the feedback on a call: log, current row and rollups in one transaction. A change that changes nothing adds
    /// nothing to the history.
    async fn rate(&self, call: CallRef, rate: Rate) -> Result<Lookup<Rated>>;
    /// Calls with feedback or an annotation of the empty author, in the order in which they became known, behind a
    /// place (0: from the first).
    async fn judgements(&self, after: u64, limit: usize) -> Result<Vec<Judgement>>;

    // Summaries of feedback.

    /// What the feedback on a range of calls adds up to, as of one moment; and how many rows were read for it. Feedback
    /// on a call whose start is not known counts where it was created.
    async fn tally_feedback(&self, range: &FeedbackRange) -> Result<(FeedbackTally, u64)>;
    /// Whether one of the calls rated last by then, of the range's accounts, has events that nobody has folded yet: its start is
    /// not known, so its feedback would be counted without it.
    async fn awaits_fold(&self, range: &FeedbackRange, by_then: TimeUs) -> Result<bool>;
    /// Queues a feedback summary.
    async fn create_feedback_summary(&self, summary: FeedbackSummary) -> Result<()>;
    /// A feedback summary of an account.
    async fn feedback_summary(
        &self,
        account: AccountSid,
        sid: FeedbackSummarySid,
    ) -> Result<Option<FeedbackSummary>>;
    /// Removes a feedback summary of an account. Says whether there was one.
    async fn delete_feedback_summary(
        &self,
        account: AccountSid,
        sid: FeedbackSummarySid,
    ) -> Result<bool>;
    /// Takes the summary that has waited longest, and gives it to nobody else until `lease_until` has passed `now`.
    async fn take_feedback_summary(
        &self,
        now: TimeUs,
        lease_until: TimeUs,
    ) -> Result<Option<FeedbackSummary>>;
    /// Ends the work on a summary, and queues what is to be told of it in the same transaction. When somebody else has ended
    /// it, or it was deleted, nothing changes and nobody is told.
    async fn finish_feedback_summary(
        &self,
        sid: FeedbackSummarySid,
        status: FeedbackSummaryStatus,
        tell: Option<NewDelivery>,
        now: TimeUs,
    ) -> Result<()>;

    // Deliveries.

    /// Adds deliveries to the outbox. [`StoreError::NotFound`], and nothing added, when an account does not exist.
    async fn deliver(&self, deliveries: Vec<NewDelivery>) -> Result<()>;
    /// Endpoints that have a delivery that is due and not leased, longest waiting first.
    async fn due_endpoints(&self, now: TimeUs, limit: usize) -> Result<Vec<EndpointId>>;
    /// Settles what was taken before, then leases up to `limit` deliveries that are due at an endpoint, longest due
    /// first; fewer when they are large. A delivery is given to nobody else until it is settled or `lease_until` has
    /// passed `now`. Of those about one subject only the first that has neither arrived nor been given up is ever due.
    /// Settling is idempotent: what is not leased any more is left out. What is settled is not taken in the same call.
    async fn take_deliveries(
        &self,
        endpoint: EndpointId,
        settled: Vec<(DeliveryId, Outcome)>,
        limit: usize,
        now: TimeUs,
        lease_until: TimeUs,
    ) -> Result<Vec<Delivery>>;
    /// Deliveries that were given up, of one account or of all, longest dead first.
    async fn dead_letters(
        &self,
        account: Option<AccountSid>,
        page: &PageRequest,
    ) -> Result<Page<DeadLetter>>;
    /// Queues dead letters anew, in this order and behind what waits already. [`StoreError::NotFound`], and nothing
    /// queued, when one of them is none.
    async fn replay(&self, letters: Vec<DeliveryId>, now: TimeUs) -> Result<()>;

    // Rules.

    /// The rules frozen for a UTC day (since 1970).
    async fn rules(&self, day: i64) -> Result<Option<Rules>>;
    /// Freezes the rules of their day, learnt from the rollups of the [`sidetone_core::rules::PDD_LEARNING_DAYS`]
    /// days before it. When they are frozen already, nothing changes. Returns those in force.
    async fn freeze_rules(&self, day: i64) -> Result<Rules>;

    // Care.

    /// Erases all that is known and was said of a call. What remains is that there was one.
    async fn erase(&self, call: CallRef, now: TimeUs) -> Result<Lookup<()>>;
    /// Looks for damage: the engine's own check, and that columns, rollups and history agree with the documents.
    /// Each finding is a sentence; none means clean.
    async fn check(&self) -> Result<Vec<String>>;
    /// Looks at some calls alone and all that belongs to them, those that became known after a place (0: from the first): what
    /// [`Self::check`] does of calls, in steps that hold nobody up.
    async fn check_calls(&self, after: u64, limit: usize) -> Result<CheckedCalls>;
    /// Writes something that nobody reads, durably: whether that is possible at this moment. Says how many writing verbs of
    /// this process could not be.
    async fn probe(&self) -> Result<u64>;
    /// Figures about the store's work.
    async fn stats(&self) -> Result<StoreStats>;
}

/// What a look at some calls found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckedCalls {
    /// How many were looked at.
    pub calls: u64,
    /// A sentence for each finding.
    pub findings: Vec<String>,
    /// How many changes their annotations have had.
    pub changes: u64,
    /// The place to go on from; `None` when these were the last.
    pub last: Option<u64>,
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
