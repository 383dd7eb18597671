//! Writes what statistics are counted from, of quarter hours that have been quiet for a while.

use std::time::Duration;

use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_store::{Cursor, Result};

use crate::app::App;
use crate::runner::{Next, Worker};
use crate::telemetry::labels::WorkerName;

/// How long ago a quarter ended whose calls have mostly come.
const QUIET_US: i64 = 120 * SECOND_US;
/// Quarters in a round.
const STEP: usize = 4;
/// How many times as long as a round the pause after it is: a tenth of a processor at most.
const PAUSE: u32 = 9;
/// Between two looks. What changes meanwhile is written once.
const IDLE: Duration = Duration::from_secs(30);

/// Goes through the quarters that are to be counted, from the latest to the earliest, again and again.
pub struct WriteSegments {
    app: App,
    /// Where it got.
    after: Option<Cursor>,
    /// Whether the latest quarters are looked at next: while there is much to make up for, they
    /// must not wait for all of it.
    is_latest_next: bool,
}

impl Worker for WriteSegments {
    const NAME: WorkerName = WorkerName::Statistics;

    fn idle(&self) -> Duration {
        IDLE
    }

    async fn round(&mut self, now: TimeUs) -> Result<Next> {
        let begin = self.app.clock.passed();
        let quiet = now.plus_us(-QUIET_US);
        self.is_latest_next = !self.is_latest_next && self.after.is_some();
        let from = match self.is_latest_next {
            true => None,
            false => self.after.take(),
        };
        let reached = self.app.store.write_segments(from, quiet, STEP).await?;
        if !self.is_latest_next {
            self.after = reached;
        }
        if self.after.is_none() {
            return Ok(Next::Idle);
        }
        let took = self.app.clock.passed().saturating_sub(begin);
        Ok(Next::After(took.max(Duration::from_millis(1)) * PAUSE))
    }
}

impl WriteSegments {
    /// Begins with the latest.
    #[must_use]
    pub const fn new(app: App) -> Self {
        Self {
            app,
            after: None,
            is_latest_next: false,
        }
    }
}
