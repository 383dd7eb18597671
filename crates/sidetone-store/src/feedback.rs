//! Feedback and its summaries, as stored.

use std::ops::RangeInclusive;

use sidetone_core::annotation::Annotation;
use sidetone_core::feedback::{Feedback, FeedbackPatch, FeedbackTally};
use sidetone_core::id::{AccountSid, CallRef, FeedbackSummarySid};
use sidetone_core::time::TimeUs;

/// A rating on its way in.
#[derive(Debug, Clone)]
pub struct Rate {
    /// The credential that asks for it (account or key), kept in the history.
    pub by: String,
    /// What is said; it needs a score where there is no feedback yet.
    pub patch: FeedbackPatch,
    /// By our clock.
    pub now: TimeUs,
    /// Make a placeholder when the call is unknown.
    pub accept_unknown: bool,
    /// Change nothing where there is feedback already.
    pub only_first: bool,
    /// Let the annotation of the empty author follow, in the same transaction.
    pub mirror: bool,
}

/// The feedback on a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedbackRecord {
    /// The call.
    pub call: CallRef,
    /// What is said.
    pub feedback: Feedback,
    /// When it was said first.
    pub created_at: TimeUs,
    /// When it was changed last.
    pub updated_at: TimeUs,
}

/// What became of a rating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rated {
    /// The first feedback on the call.
    Created(FeedbackRecord),
    /// There was one; this is what it says now.
    Updated(FeedbackRecord),
    /// There was none, and the change has no score: nothing was written.
    ScoreMissing,
}

/// What was said about one call in either way.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Its place among all; the next ones lie behind it.
    pub place: u64,
    /// The call.
    pub call: CallRef,
    /// Its feedback, if there is any.
    pub feedback: Option<Feedback>,
    /// The annotation of the empty author.
    pub annotation: Annotation,
    /// Counts its changes.
    pub annotation_revision: u64,
}

/// The calls a feedback summary is about: those that started on some UTC days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackRange {
    /// Whose.
    pub account: AccountSid,
    /// Those of its subaccounts too.
    pub include_subaccounts: bool,
    /// Days since 1970.
    pub days: RangeInclusive<i64>,
}

/// How far a feedback summary is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedbackSummaryStatus {
    /// Nobody works on it yet.
    Queued,
    /// Somebody does.
    InProgress,
    /// It is done.
    Completed(FeedbackTally),
    /// It could not be made.
    Failed,
}

/// Whom to tell that a feedback summary is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusCallback {
    /// Where.
    pub url: String,
    /// By GET with a query; else by POST with a form.
    pub by_get: bool,
}

/// A summary of feedback, and the job of making it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackSummary {
    /// Its identifier.
    pub sid: FeedbackSummarySid,
    /// The calls it is about.
    pub range: FeedbackRange,
    /// How far it is.
    pub status: FeedbackSummaryStatus,
    /// When it was asked for.
    pub created_at: TimeUs,
    /// When its status changed last.
    pub updated_at: TimeUs,
    /// Whom to tell.
    pub callback: Option<StatusCallback>,
}
