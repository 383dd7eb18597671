//! Summaries of calls, and finding them.

use async_trait::async_trait;
use sidetone_core::annotation::Annotation;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::summary::CallSummary;
use sidetone_core::time::TimeUs;

use crate::error::{Result, StoreError};
use crate::lookup::{Lookup, Scope};
use crate::page::{Page, PageRequest, RowKey};

/// A summary as its readers are shown it, made once, when it is written. What is in it is between
/// those who write summaries and those who show them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// How it was made. Readers that make it otherwise are given the summary itself.
    pub form: u8,
    /// What was made.
    pub bytes: Vec<u8>,
}

/// What a reader is shown of a summary.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// What was rendered when it was written, in the form that was asked for.
    Rendered(Vec<u8>),
    /// The summary: it was rendered otherwise, or not at all.
    Summary(Box<CallSummary>),
}

/// A folded summary on its way into the store.
#[derive(Debug, Clone)]
pub struct PutSummary {
    /// The summary.
    pub summary: CallSummary,
    /// The same for its readers. Follows from it, so it is no content of its own.
    pub rendered: Option<Rendered>,
    /// State to continue from with later events. `None`: the log will be folded again.
    pub state: Option<Vec<u8>>,
    /// From [`DirtyCall::position`](crate::DirtyCall::position).
    pub position: u64,
    /// When a timer event is due if nothing comes before.
    pub timer_at: Option<TimeUs>,
    /// When this is written, by our clock.
    pub now: TimeUs,
}

/// What became of a summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// Its content is new, and made this version.
    Written {
        /// From 1.
        version: u32,
    },
    /// It says what the stored one says, which is of this version.
    Unchanged {
        /// From 1.
        version: u32,
    },
    /// The stored one knows more events, or its row is damaged: nothing changed.
    Stale,
    /// The call was erased or has expired: nothing changed.
    Gone,
    /// It cannot be written because of what it is, or of what is stored of its call: nothing
    /// changed.
    Refused(StoreError),
}

/// A call as readers see it: the summary and what was said about it, of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord<S = CallSummary> {
    /// The call.
    pub call: CallRef,
    /// `None`: the call is known, but its first summary is not written yet.
    pub summary: Option<S>,
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

/// How many calls match a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// So many at least.
    pub calls: u64,
    /// And no more.
    pub is_exact: bool,
}

/// Summaries of calls.
#[async_trait]
pub trait SummaryStore: Send + Sync {
    /// Writes summaries: document, filter columns, rollups, timer. The processing version grows
    /// where the content differs from the stored one. A call stays dirty when events came after
    /// `position`. A summary whose `position` is behind the stored one is ignored. A call that is
    /// not known is made, so that summaries can be loaded in bulk (position 0, no events). Where it
    /// holds what another system's summary says that people said, and that is something else than
    /// the stored one says, it becomes the annotation of the empty author, unless somebody here has
    /// changed that since the time of that summary; nothing said there takes back only what was
    /// said there. Whole or not at all for each call, and none keeps another from being written:
    /// says what became of each, in order.
    async fn put_summaries(&self, summaries: Vec<PutSummary>) -> Result<Vec<Put>>;
    /// One call with its summary and annotation.
    async fn record(&self, scope: Scope, sid: CallSid) -> Result<Lookup<CallRecord>>;
    /// The same with what is rendered of the summary in that form, without reading the rest of it.
    async fn shown(
        &self,
        scope: Scope,
        sid: CallSid,
        form: u8,
    ) -> Result<Lookup<CallRecord<Shown>>>;
    /// The account's call that a SIP Call-ID names, by what the Call-ID makes of itself: the one of
    /// that `CallSid`, else the latest that something else named, if it began on the day of `at`,
    /// the day after or the two before.
    async fn sip_call(
        &self,
        account: AccountSid,
        sid: CallSid,
        at: TimeUs,
    ) -> Result<Option<CallRef>>;
    /// Calls that match, in the filter's order; those that are damaged are left out and named. A page
    /// may have fewer rows than asked for, one at least, where more are dear to find: it says where
    /// the list goes on. [`StoreError::TooExpensive`] when they take too much work to be found.
    async fn list(&self, filter: &SummaryFilter, page: &PageRequest) -> Result<Page<CallRecord>>;
    /// How many calls match, as far as that can be said at once.
    async fn count(&self, filter: &SummaryFilter) -> Result<Count>;
    /// The same as [`Self::shown`], each with the row key that a list goes on after.
    async fn list_shown(
        &self,
        filter: &SummaryFilter,
        page: &PageRequest,
        form: u8,
    ) -> Result<Page<(RowKey, CallRecord<Shown>)>>;
}
