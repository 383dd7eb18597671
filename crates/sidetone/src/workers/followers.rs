//! Drops followers of the change feed that do not come for what is theirs.

use std::time::Duration;

use sidetone_core::time::TimeUs;
use sidetone_store::Result;
use sidetone_store::feed::WAITING_MAX;

use crate::app::App;
use crate::runner::{Next, Worker};
use crate::telemetry::labels::WorkerName;

/// Keeps the change feed within its bound.
pub struct DropFollowers(pub App);

impl Worker for DropFollowers {
    const NAME: WorkerName = WorkerName::Followers;

    fn idle(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn round(&mut self, _: TimeUs) -> Result<Next> {
        let Self(app) = self;
        for follower in app.store.drop_behind(WAITING_MAX).await? {
            app.counters.followers_dropped.inc();
            tracing::warn!(
                follower,
                most = WAITING_MAX,
                "a follower did not take what changed and is dropped; it begins anew when it comes"
            );
        }
        Ok(Next::Idle)
    }
}
