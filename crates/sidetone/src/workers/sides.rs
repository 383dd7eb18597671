//! Follows the rules of sides that other nodes of the database publish.

use std::time::Duration;

use sidetone_core::time::TimeUs;
use sidetone_store::{Result, Topic};

use crate::app::App;
use crate::runner::{Next, Worker};
use crate::telemetry::labels::WorkerName;

/// Keeps the rules of sides as they were published last.
pub struct FollowSides(pub App);

impl Worker for FollowSides {
    const NAME: WorkerName = WorkerName::Sides;
    const TOPIC: Option<Topic> = Some(Topic::Rules);

    fn idle(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn round(&mut self, _: TimeUs) -> Result<Next> {
        let Self(app) = self;
        app.sides.refresh(app.store.as_ref()).await?;
        Ok(Next::Idle)
    }
}
