//! Notices accounts and keys that other processes changed.

use std::time::Duration;

use sidetone_core::time::TimeUs;
use sidetone_store::Result;

use crate::app::App;
use crate::runner::{Next, Worker};
use crate::telemetry::labels::WorkerName;

/// Keeps the directory of accounts as the store has them.
pub struct FollowAccounts(pub App);

impl Worker for FollowAccounts {
    const NAME: WorkerName = WorkerName::Accounts;

    fn idle(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn round(&mut self, _: TimeUs) -> Result<Next> {
        let Self(app) = self;
        app.directory.refresh(app.store.as_ref()).await?;
        Ok(Next::Idle)
    }
}
