//! Makes the summaries of feedback that were asked for.

use std::time::Duration;

use sidetone_core::time::TimeUs;
use sidetone_store::delivery::NewDelivery;
use sidetone_store::feedback::{FeedbackSummary, FeedbackSummaryStatus, StatusCallback};
use sidetone_store::{Result, StoreError, Topic};

use crate::app::App;
use crate::runner::{Next, Worker};
use crate::telemetry::labels::WorkerName;

/// How long a summary is ours before another worker may take it.
const LEASE_US: i64 = 5_000_000;
/// Summaries of another process, or of one whose worker died, come without a wake-up.
const IDLE: Duration = Duration::from_secs(1);

/// How long rated calls that are not folded yet are waited for, and the pause between two looks at
/// whether they are.
const FOLD_TIME: Duration = Duration::from_secs(3);
const FOLD_PAUSE: Duration = Duration::from_millis(50);

/// Makes what is sent to whoever wants to be told of a summary. Its words are those of the API.
pub type Notice =
    fn(&FeedbackSummary, FeedbackSummaryStatus, &StatusCallback, TimeUs) -> NewDelivery;

/// Makes summaries, one a round.
pub struct FeedbackSummaries {
    app: App,
    notice: Notice,
}

impl Worker for FeedbackSummaries {
    const NAME: WorkerName = WorkerName::FeedbackSummaries;
    const TOPIC: Option<Topic> = Some(Topic::FeedbackSummaries);

    fn idle(&self) -> Duration {
        IDLE
    }

    async fn round(&mut self, now: TimeUs) -> Result<Next> {
        let lease_until = now.plus_us(LEASE_US);
        let taken = self.app.store.take_feedback_summary(now, lease_until).await;
        let Some(summary) = taken? else {
            return Ok(Next::Idle);
        };
        self.make(summary).await?;
        Ok(Next::After(Duration::ZERO))
    }
}

impl FeedbackSummaries {
    /// A worker that sends such notices.
    #[must_use]
    pub const fn new(app: App, notice: Notice) -> Self {
        Self { app, notice }
    }

    /// Makes a summary that was taken. When the store fails, it is tried again when its lease is
    /// over.
    async fn make(&self, summary: FeedbackSummary) -> Result<()> {
        let Self { app, notice } = self;
        // What is not folded by then is summed up as it is.
        let _ = tokio::time::timeout(FOLD_TIME, wait_for_fold(app, &summary)).await;
        let status = tally(app, &summary).await?;
        let now = app.clock.now();
        let tell = summary
            .callback
            .as_ref()
            .map(|callback| notice(&summary, status, callback, now));
        app.store
            .finish_feedback_summary(summary.sid, status, tell, now)
            .await
    }
}

/// A call may be rated before its first events are folded. Summed up then, there would be feedback
/// without its call. Feedback that came after the summary was asked for is not waited for.
async fn wait_for_fold(app: &App, summary: &FeedbackSummary) {
    let awaits = || app.store.awaits_fold(&summary.range, summary.created_at);
    while awaits().await.is_ok_and(|awaits| awaits) {
        tokio::time::sleep(FOLD_PAUSE).await;
    }
}

async fn tally(app: &App, summary: &FeedbackSummary) -> Result<FeedbackSummaryStatus> {
    match app.store.tally_feedback(&summary.range).await {
        Ok((tally, rows)) => {
            tracing::debug!(summary.sid = %summary.sid, rows, "feedback summed up");
            Ok(FeedbackSummaryStatus::Completed(tally))
        }
        Err(error @ StoreError::Unavailable(_)) => Err(error),
        Err(error) => {
            tracing::error!(%error, summary.sid = %summary.sid, "a feedback summary failed");
            Ok(FeedbackSummaryStatus::Failed)
        }
    }
}
