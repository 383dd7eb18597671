//! Keeps what accounts leave behind within bounds, so that none of them fills the disk of all.

use std::time::Duration;

use sidetone_core::time::TimeUs;
use sidetone_store::Result;
use sidetone_store::delivery::{DEAD_MAX, WAITING_MAX};
use sidetone_store::feedback::SUMMARIES_MAX;

use crate::app::App;
use crate::runner::{Next, Worker};
use crate::telemetry::labels::{OverQuota, WorkerName};

/// Gives up, and forgets, what is beyond.
pub struct KeepQuotas(pub App);

impl Worker for KeepQuotas {
    const NAME: WorkerName = WorkerName::Quotas;

    fn idle(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn round(&mut self, now: TimeUs) -> Result<Next> {
        let Self(app) = self;
        let trimmed = app.store.trim_outbox(WAITING_MAX, DEAD_MAX, now).await?;
        let summaries = app.store.trim_feedback_summaries(SUMMARIES_MAX).await?;
        for (what, number) in [
            (OverQuota::Delivery, trimmed.given_up),
            (OverQuota::DeadLetter, trimmed.forgotten),
            (OverQuota::FeedbackSummary, summaries),
        ] {
            if number > 0 {
                app.counters.count_over_quota(what, number);
                tracing::warn!(
                    what = what.as_str(),
                    number,
                    "an account had more than it may: the oldest deliveries were given up, or the oldest dead letters and feedback summaries forgotten"
                );
            }
        }
        Ok(Next::Idle)
    }
}
