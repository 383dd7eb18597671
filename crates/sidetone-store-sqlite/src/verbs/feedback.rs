//! Feedback and its summaries.

use async_trait::async_trait;
use sidetone_core::feedback::FeedbackTally;
use sidetone_core::id::{AccountSid, CallRef, FeedbackSummarySid};
use sidetone_core::time::TimeUs;
use sidetone_store::delivery::NewDelivery;
use sidetone_store::feedback::{
    FeedbackRange, FeedbackRecord, FeedbackSummary, FeedbackSummaryStatus, Judgement, Rate, Rated,
};
use sidetone_store::{Cursor, FeedbackStore, Lookup, Result};

use crate::feedback::{summaries, tally};
use crate::{SqliteStore, feedback};

#[async_trait]
impl FeedbackStore for SqliteStore {
    async fn feedback(&self, call: CallRef) -> Result<Lookup<Option<FeedbackRecord>>> {
        self.readers.point(|conn| feedback::feedback(conn, call))
    }

    async fn rate(&self, call: CallRef, rate: Rate) -> Result<Lookup<Rated>> {
        self.writer
            .run(1, move |tx| feedback::rate(tx, call, &rate))
            .await
    }

    async fn judgements(&self, after: Option<Cursor>, limit: usize) -> Result<Vec<Judgement>> {
        self.readers
            .aside(move |conn| feedback::judgements(conn, after.as_ref(), limit))
            .await
    }

    async fn tally_feedback(&self, range: &FeedbackRange) -> Result<(FeedbackTally, u64)> {
        let range = range.clone();
        self.readers
            .scan(move |conn| tally::tally(conn, &range))
            .await
    }

    async fn awaits_fold(&self, range: &FeedbackRange, by_then: TimeUs) -> Result<bool> {
        let range = range.clone();
        self.readers
            .scan(move |conn| feedback::awaits_fold(conn, &range, by_then))
            .await
    }

    async fn create_feedback_summary(&self, summary: FeedbackSummary) -> Result<bool> {
        self.writer
            .run(1, move |tx| summaries::create(tx, &summary))
            .await
    }

    async fn trim_feedback_summaries(&self, most: usize) -> Result<u64> {
        let has_more = self
            .readers
            .aside(move |conn| summaries::has_more(conn, most))
            .await?;
        if !has_more {
            return Ok(0);
        }
        let mut trimmed = 0;
        loop {
            let some = self.writer.run(1, move |tx| summaries::trim(tx, most));
            match some.await? {
                0 => return Ok(trimmed),
                some => trimmed += some,
            }
        }
    }

    async fn feedback_summary(
        &self,
        account: AccountSid,
        sid: FeedbackSummarySid,
    ) -> Result<Option<FeedbackSummary>> {
        self.readers
            .point(|conn| summaries::fetch(conn, account, sid))
    }

    async fn delete_feedback_summary(
        &self,
        account: AccountSid,
        sid: FeedbackSummarySid,
    ) -> Result<bool> {
        self.writer
            .run(1, move |tx| summaries::delete(tx, account, sid))
            .await
    }

    async fn take_feedback_summary(
        &self,
        now: TimeUs,
        lease_until: TimeUs,
    ) -> Result<Option<FeedbackSummary>> {
        let claims = &self.shared.feedback_summaries;
        let claim = |sid| claims.take(sid, self.owner, now, lease_until);
        // Whoever looks whether there is anything writes nothing.
        let Some(sid) = self.readers.point(|conn| summaries::claim(conn, claim))? else {
            return Ok(None);
        };
        let begun = self
            .writer
            .run(1, move |tx| summaries::begin(tx, sid, now))
            .await;
        if !matches!(begun, Ok(Some(_))) {
            claims.release([sid]);
        }
        begun
    }

    async fn finish_feedback_summary(
        &self,
        sid: FeedbackSummarySid,
        status: FeedbackSummaryStatus,
        tell: Option<NewDelivery>,
        now: TimeUs,
    ) -> Result<()> {
        self.writer
            .run(1, move |tx| {
                summaries::finish(tx, sid, status, tell.as_ref(), now)
            })
            .await?;
        self.shared.feedback_summaries.release([sid]);
        Ok(())
    }
}
