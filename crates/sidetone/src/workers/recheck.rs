//! A look at every call after an unclean stop, while serving.
//!
//! What a crash of the machine leaves of a file is not known. So every call and all that belongs to
//! it is read once: in steps, each followed by a longer pause, so that it takes a fifth of a disk's
//! time at most. Until that was done, each start begins it anew.

use std::sync::Arc;
use std::time::Duration;

use sidetone_core::time::TimeUs;
use sidetone_store::{Cursor, Result};

use crate::app::App;
use crate::data_dir::Lock;
use crate::runner::{Next, Worker};
use crate::telemetry::labels::WorkerName;

/// Calls in a step.
const STEP: usize = 100;
/// How many times as long as a step the pause after it is.
const PAUSE: u32 = 4;
/// Findings that are logged one by one.
const LOGGED_MAX: u64 = 100;

/// Looks at all calls, a step a round, and says what it found.
pub struct Recheck {
    app: App,
    lock: Arc<Lock>,
    /// The last call that was looked at.
    after: Option<Cursor>,
    calls: u64,
    findings: u64,
}

impl Worker for Recheck {
    const NAME: WorkerName = WorkerName::Recheck;

    /// Never idle: it is done or goes on.
    fn idle(&self) -> Duration {
        Duration::ZERO
    }

    async fn round(&mut self, _: TimeUs) -> Result<Next> {
        let begin = self.app.clock.passed();
        self.step().await?;
        if self.after.is_some() {
            let took = self.app.clock.passed().saturating_sub(begin);
            return Ok(Next::After(took.max(Duration::from_millis(1)) * PAUSE));
        }
        self.lock.note_checked();
        self.tell();
        Ok(Next::Done)
    }
}

impl Recheck {
    /// Begins with the first call. `lock`: that of the data, which notes when all are done.
    #[must_use]
    pub const fn new(app: App, lock: Arc<Lock>) -> Self {
        Self {
            app,
            lock,
            after: None,
            calls: 0,
            findings: 0,
        }
    }

    async fn step(&mut self) -> Result<()> {
        let after = self.after.clone();
        let checked = self.app.store.check_calls(after, STEP).await?;
        let counters = &self.app.counters;
        self.calls += checked.calls;
        counters.checked_calls.inc_by(checked.calls);
        for finding in checked.findings {
            self.findings += 1;
            counters.check_findings.inc();
            if self.findings <= LOGGED_MAX {
                tracing::error!(finding, "damage in the database");
            }
        }
        self.after = checked.next;
        Ok(())
    }

    fn tell(&self) {
        let Self {
            calls, findings, ..
        } = self;
        if *findings == 0 {
            tracing::info!(calls, "no damage was found after the unclean stop");
        } else {
            tracing::error!(
                calls,
                findings,
                "damage was found after the unclean stop; `sidetone check` looks at everything, and a copy of the data directory is to be put back"
            );
        }
    }
}
