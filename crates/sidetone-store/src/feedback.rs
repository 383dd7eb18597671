//! Feedback and its summaries, as stored.

use std::ops::RangeInclusive;

use async_trait::async_trait;
use sidetone_core::annotation::Annotation;
use sidetone_core::feedback::{Feedback, FeedbackIssue, FeedbackPatch, FeedbackTally};
use sidetone_core::id::{AccountSid, CallRef, FeedbackSummarySid};
use sidetone_core::time::TimeUs;

use crate::cursor::Cursor;
use crate::delivery::NewDelivery;
use crate::error::Result;
use crate::lookup::Lookup;

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

/// What a rating makes of the feedback on a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rating {
    /// It says this from now on.
    Changed(Feedback),
    /// It says this already, or it is not to be changed.
    Unchanged(Feedback),
    /// There is none, and the rating has no score.
    ScoreMissing,
}

impl Rate {
    /// What it makes of what was said before, if anything was.
    #[must_use]
    pub fn of(&self, before: Option<Feedback>) -> Rating {
        match (before, Feedback::after(before, self.patch)) {
            (Some(before), _) if self.only_first => Rating::Unchanged(before),
            (_, None) => Rating::ScoreMissing,
            (before, Some(after)) if before == Some(after) => Rating::Unchanged(after),
            (_, Some(after)) => Rating::Changed(after),
        }
    }
}

/// The time that the feedback on a call is counted at: the call's start, as long as that is not
/// known when it was said first.
#[must_use]
pub fn counted_at(started: Option<TimeUs>, created: TimeUs) -> TimeUs {
    started.unwrap_or(created)
}

/// One of the counts of feedback that are kept for each hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Feedbacks of a score, 1 to 5.
    Score(u8),
    /// Feedbacks that name an issue.
    Issue(FeedbackIssue),
}

/// What changes in the counts of which hour when the feedback on a call changes, or its hour does:
/// `before` and `after` are the hour it is counted in and what it says. `None`: there is none.
pub fn changed_counts(
    before: Option<(i64, Feedback)>,
    after: Option<(i64, Feedback)>,
) -> impl Iterator<Item = (i64, Count, i64)> {
    let steps = [(before, -1), (after, 1)].into_iter();
    steps
        .filter(move |_| before != after)
        .filter_map(|(counted, by)| Some((counted?, by)))
        .flat_map(|((hour, feedback), by)| {
            let issues = feedback.issues.iter().map(Count::Issue);
            let counts = std::iter::once(Count::Score(feedback.score)).chain(issues);
            counts.map(move |count| (hour, count, by))
        })
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
    /// Where the next ones are.
    pub cursor: Cursor,
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

/// The most feedback summaries of an account that wait to be made.
pub const QUEUED_SUMMARIES_MAX: usize = 1_000;

/// The most feedback summaries of an account that are kept once they are made.
pub const SUMMARIES_MAX: usize = 10_000;

/// Feedback, what it adds up to, and the jobs that add it up.
#[async_trait]
pub trait FeedbackStore: Send + Sync {
    /// The feedback on a call, if there is any.
    async fn feedback(&self, call: CallRef) -> Result<Lookup<Option<FeedbackRecord>>>;
    /// Changes the feedback on a call: log, current row and rollups in one transaction. A change
    /// that changes nothing adds nothing to the history.
    async fn rate(&self, call: CallRef, rate: Rate) -> Result<Lookup<Rated>>;
    /// Calls with feedback or an annotation of the empty author, in the order in which they became
    /// known, behind a cursor; `None`: from the first.
    async fn judgements(&self, after: Option<Cursor>, limit: usize) -> Result<Vec<Judgement>>;
    /// What the feedback on a range of calls adds up to, as of one moment; and how many rows were
    /// read for it. Feedback on a call whose start is not known counts where it was created.
    async fn tally_feedback(&self, range: &FeedbackRange) -> Result<(FeedbackTally, u64)>;
    /// Whether one of the calls rated last by then, of the range's accounts, has events that nobody
    /// has folded yet: its start is not known, so its feedback would be counted without it.
    async fn awaits_fold(&self, range: &FeedbackRange, by_then: TimeUs) -> Result<bool>;
    /// Queues a feedback summary. Says whether it did: not when [`QUEUED_SUMMARIES_MAX`] of the account
    /// wait already.
    async fn create_feedback_summary(&self, summary: FeedbackSummary) -> Result<bool>;
    /// Forgets the oldest feedback summaries of an account that has more than so many that are made or
    /// failed. Says how many.
    async fn trim_feedback_summaries(&self, most: usize) -> Result<u64>;
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
    /// Takes the summary that has waited longest, and gives it to nobody else until `lease_until`
    /// has passed `now`.
    async fn take_feedback_summary(
        &self,
        now: TimeUs,
        lease_until: TimeUs,
    ) -> Result<Option<FeedbackSummary>>;
    /// Ends the work on a summary, and queues what is to be told of it in the same transaction.
    /// When somebody else has ended it, or it was deleted, nothing changes and nobody is told.
    async fn finish_feedback_summary(
        &self,
        sid: FeedbackSummarySid,
        status: FeedbackSummaryStatus,
        tell: Option<NewDelivery>,
        now: TimeUs,
    ) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feedback(score: u8, issues: &[FeedbackIssue]) -> Feedback {
        Feedback {
            score,
            issues: issues.iter().copied().collect(),
        }
    }

    #[test]
    fn a_rating_changes_what_it_may() {
        #[track_caller]
        fn check(before: Option<u8>, score: Option<u8>, only_first: bool, expected: Rating) {
            let rate = Rate {
                by: String::new(),
                patch: FeedbackPatch {
                    score,
                    issues: None,
                },
                now: TimeUs::from_micros(0),
                accept_unknown: false,
                only_first,
                mirror: false,
            };
            let before = before.map(|score| feedback(score, &[]));
            assert_eq!(rate.of(before), expected);
        }
        let four = feedback(4, &[]);
        check(None, None, false, Rating::ScoreMissing);
        check(None, None, true, Rating::ScoreMissing);
        check(None, Some(4), false, Rating::Changed(four));
        check(None, Some(4), true, Rating::Changed(four));
        check(Some(4), Some(4), false, Rating::Unchanged(four));
        check(Some(4), None, false, Rating::Unchanged(four));
        check(Some(1), Some(4), false, Rating::Changed(four));
        check(Some(4), Some(1), true, Rating::Unchanged(four));
    }

    #[test]
    fn counts_follow_the_feedback_and_its_hour() {
        use Count::{Issue, Score};
        use FeedbackIssue::{AudioLatency, DroppedCall};
        #[track_caller]
        fn check(
            before: Option<(i64, Feedback)>,
            after: Option<(i64, Feedback)>,
            expected: &[(i64, Count, i64)],
        ) {
            let counts: Vec<_> = changed_counts(before, after).collect();
            assert_eq!(counts, expected);
        }
        let (good, bad) = (feedback(5, &[]), feedback(1, &[DroppedCall, AudioLatency]));
        let of_bad = |hour, by| {
            [Score(1), Issue(DroppedCall), Issue(AudioLatency)].map(|count| (hour, count, by))
        };
        check(None, None, &[]);
        check(None, Some((7, good)), &[(7, Score(5), 1)]);
        check(Some((7, bad)), None, &of_bad(7, -1));
        check(Some((7, bad)), Some((7, bad)), &[]);
        let moved = [of_bad(7, -1), of_bad(8, 1)];
        check(Some((7, bad)), Some((8, bad)), moved.as_flattened());
        let changed = [&of_bad(7, -1)[..], &[(7, Score(5), 1)]].concat();
        check(Some((7, bad)), Some((7, good)), &changed);
    }

    #[test]
    fn feedback_is_counted_where_the_call_began() {
        let [start, created] = [3, 9].map(TimeUs::from_micros);
        assert_eq!(counted_at(Some(start), created), start);
        assert_eq!(counted_at(None, created), created);
    }
}
