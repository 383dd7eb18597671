//! A look at every call after an unclean stop, while serving.
//!
//! What a crash of the machine leaves of a file is not known. So every call and all that belongs to it is read once: in steps,
//! each followed by a longer pause, so that it takes a fifth of a disk's time at most. Until that was done, each start begins it anew.

use std::sync::Arc;
use std::time::Duration;

use sidetone_store::Result;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::app::App;
use crate::data::Lock;
use crate::shutdown::stopped;

/// Calls in a step.
const STEP: usize = 100;
/// How many times as long as a step the pause after it is.
const PAUSE: u32 = 4;
/// Findings that are logged one by one.
const LOGGED_MAX: u64 = 100;

/// Looks at all calls, says what it found, and waits for a stop.
pub async fn run(app: App, lock: Arc<Lock>, mut stop: watch::Receiver<bool>) {
    tokio::select! {
        checked = check(&app) => match checked.inspect(|_| lock.note_checked()) {
            Ok((calls, 0)) => tracing::info!(calls, "no damage was found after the unclean stop"),
            Ok((calls, findings)) => tracing::error!(
                calls,
                findings,
                "damage was found after the unclean stop; `sidetone check` looks at everything, and a copy of the data directory is to be put back"
            ),
            Err(error) => tracing::error!(%error, "the check after the unclean stop was given up"),
        },
        () = stopped(&mut stop) => return,
    }
    stopped(&mut stop).await;
}

/// How many calls were looked at, and how much was found.
async fn check(app: &App) -> Result<(u64, u64)> {
    let (mut after, mut calls, mut findings) = (None, 0, 0);
    loop {
        let begin = Instant::now();
        let checked = app.store.check_calls(after, STEP).await?;
        calls += checked.calls;
        app.counters.checked_calls.inc_by(checked.calls);
        for finding in checked.findings {
            findings += 1;
            app.counters.check_findings.inc();
            if findings <= LOGGED_MAX {
                tracing::error!(finding, "damage in the database");
            }
        }
        if checked.next.is_none() {
            return Ok((calls, findings));
        }
        after = checked.next;
        tokio::time::sleep(begin.elapsed().max(Duration::from_millis(1)) * PAUSE).await;
    }
}
