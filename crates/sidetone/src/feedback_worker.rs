//! Makes the summaries of feedback that were asked for.

use std::time::Duration;

use sidetone_core::time::TimeUs;
use sidetone_store::delivery::NewDelivery;
use sidetone_store::feedback::{FeedbackSummary, FeedbackSummaryStatus, StatusCallback};
use sidetone_store::{Result, StoreError, Topic};
use tokio::sync::watch;

use crate::app::App;
use crate::shutdown::stopped;

/// How long a summary is ours before another worker may take it.
const LEASE_US: i64 = 5_000_000;
/// Pause after which what nobody rang for is looked for: summaries of another process, or whose
/// worker died.
const IDLE: Duration = Duration::from_secs(1);

/// How long rated calls that are not folded yet are waited for, and the pause between two looks at
/// whether they are.
const FOLD_TIME: Duration = Duration::from_secs(3);
const FOLD_PAUSE: Duration = Duration::from_millis(50);

/// Makes what is sent to whoever wants to be told of a summary. Its words are those of the API.
pub type Notice =
    fn(&FeedbackSummary, FeedbackSummaryStatus, &StatusCallback, TimeUs) -> NewDelivery;

/// Works until a stop is asked for.
pub async fn run(app: App, notice: Notice, mut stop: watch::Receiver<bool>) {
    let mut wakeups = app.store.wakeups(Topic::FeedbackSummaries);
    loop {
        match round(&app, notice).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, "a feedback summary could not be made; it will be tried again");
            }
        }
        tokio::select! {
            _ = wakeups.changed() => {}
            () = tokio::time::sleep(IDLE) => {}
            () = stopped(&mut stop) => break,
        }
    }
}

/// Makes one summary. Says whether there was one to make.
///
/// # Errors
/// When the store fails; the summary is tried again when its lease is over.
pub async fn round(app: &App, notice: Notice) -> Result<bool> {
    let now = app.clock.now();
    let lease_until = now.plus_us(LEASE_US);
    let Some(summary) = app.store.take_feedback_summary(now, lease_until).await? else {
        return Ok(false);
    };
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
        .await?;
    Ok(true)
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
