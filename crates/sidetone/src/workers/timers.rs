//! Turns time into events: a timer of a call that runs out is one.
//!
//! A call with events that are not folded yet has no timer that is due, so the order in which
//! timers fire and calls are folded does not matter.

use std::time::Duration;

use sidetone_core::event::{CallEvent, Timer};
use sidetone_core::id::CallRef;
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_store::{Appended, DueTimer, NewEvent, Result};

use crate::app::App;
use crate::config::Lifecycle;
use crate::runner::{Next, Worker};
use crate::telemetry::labels::{EventResult, Source, WorkerName};

/// Timers fired in one transaction.
const BATCH: usize = 512;
/// How long a timer that led to nothing is put off.
const DEFERRED_US: i64 = 30_000_000;
/// Nothing wakes it: timers are due because time passes.
const IDLE: Duration = Duration::from_millis(100);

/// Fires timers, and notices that the clock was set back.
pub struct Timers {
    app: App,
    /// How much time had passed, and what time it was, at the last look at the clock. `None`: it
    /// may have been set back since what is stored was written.
    looked: Option<(Duration, TimeUs)>,
}

impl Worker for Timers {
    const NAME: WorkerName = WorkerName::Timers;

    fn idle(&self) -> Duration {
        IDLE
    }

    async fn round(&mut self, now: TimeUs) -> Result<Next> {
        Ok(match self.fire(now).await? {
            0 => Next::Idle,
            _ => Next::After(Duration::ZERO),
        })
    }
}

impl Timers {
    /// For a clock that nobody has set since what is stored was written.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self {
            looked: Some((app.clock.passed(), app.clock.now())),
            app,
        }
    }

    /// For a server that starts: the clock may have been set back while none ran.
    #[must_use]
    pub fn since_start(app: App) -> Self {
        Self { looked: None, app }
    }

    /// Makes events of timers that are due. Says of how many.
    pub(super) async fn fire(&mut self, now: TimeUs) -> Result<usize> {
        self.look_at_clock(now).await?;
        let due = self.app.store.due_timers(now, BATCH).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let events: Vec<NewEvent> = due
            .iter()
            .map(|timer| event_of(timer, now))
            .map(|event| NewEvent {
                event,
                received_at: now,
            })
            .collect();
        let fates = self.app.store.append(events).await?;
        let idle: Vec<CallRef> = due
            .iter()
            .zip(&fates)
            .filter(|(_, fate)| **fate != Appended::New)
            .map(|(timer, _)| timer.call)
            .collect();
        let new = fates.len() - idle.len();
        if !idle.is_empty() {
            let until = now.plus_us(DEFERRED_US);
            self.app.store.defer_timers(idle, until).await?;
        }
        self.app
            .counters
            .count_events(Source::Timer, EventResult::Accepted, new as u64);
        Ok(new)
    }

    /// Notices that the clock was set back: what waits for a time would wait for as long as the
    /// clock was set back by.
    async fn look_at_clock(&mut self, now: TimeUs) -> Result<()> {
        let passed = self.app.clock.passed();
        let is_behind = self.looked.is_none_or(|(before, then)| {
            let since = i64::try_from((passed - before).as_micros()).unwrap_or(i64::MAX);
            now < then.plus_us(since).plus_us(-SECOND_US)
        });
        if is_behind {
            let Lifecycle {
                settle_us,
                call_idle_us,
                ..
            } = self.app.config.lifecycle;
            let brought = self
                .app
                .store
                .clock_set_back(now, settle_us, call_idle_us)
                .await?;
            if brought > 0 {
                tracing::warn!(
                    calls = brought,
                    "calls waited for times that are further off than they can be: the clock was set back, or settle_max or call_idle was shortened"
                );
            }
        }
        self.looked = Some((passed, now));
        Ok(())
    }
}

/// What a timer that ran out says of its call.
fn event_of(due: &DueTimer, now: TimeUs) -> CallEvent {
    if due.ended {
        CallEvent::timer(due.call, Timer::Settled, now)
    } else {
        CallEvent::timer(due.call, Timer::EndNotSeen, due.last_event_at)
    }
}
