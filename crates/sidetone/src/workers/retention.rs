//! Removes what is older than it is to be kept.
//!
//! Every call is looked at now and then, in steps that each a longer pause follows. What would be
//! removed of a database that was there before is told first, and a while is left to think better of
//! it.

use std::time::Duration;

use sidetone_core::time::TimeUs;
use sidetone_store::retention::{Expirable, Expired, Horizons};
use sidetone_store::{Cursor, Result, StoreError};

use crate::app::App;
use crate::runner::{Next, Worker};
use crate::telemetry::labels::{Removed, WorkerName};

/// Calls in a step, and rows of what is no call.
const STEP: usize = 1_000;
/// How many times as long as a step the pause after it is.
const PAUSE: u32 = 4;
/// The longest time between two looks at all calls.
const IDLE_MAX: Duration = Duration::from_secs(6 * 3600);
/// The longest time between a start and the first that is removed.
const GRACE_MAX: Duration = Duration::from_secs(10 * 60);

/// A clock that gains so much between two rounds was set.
const JUMP: Duration = Duration::from_secs(3600);
/// How long nothing is removed then: a wrong clock would remove what cannot be brought back.
const JUMP_GRACE: Duration = Duration::from_secs(24 * 3600);

/// Looks at all calls, a step a round, and begins anew after a while.
pub struct Retain {
    app: App,
    /// What would be removed was told.
    is_announced: bool,
    /// The last call that was looked at.
    after: Option<Cursor>,
    /// All calls were looked at; what is no call is next.
    is_beside: bool,
    clock: Watched,
}

/// The clock of the last round, and what had passed by then.
#[derive(Default)]
struct Watched(Option<(TimeUs, Duration)>);

impl Watched {
    /// Whether the clock was set forward by more than an hour since the last round.
    fn jumped(&mut self, now: TimeUs, passed: Duration) -> bool {
        let Some((was, passed_then)) = self.0.replace((now, passed)) else {
            return false;
        };
        let went = Duration::from_micros(now.since_us(was).max(0).unsigned_abs());
        went > passed.saturating_sub(passed_then) + JUMP
    }
}

impl Worker for Retain {
    const NAME: WorkerName = WorkerName::Retention;

    /// A hundredth of how long anything is kept.
    fn idle(&self) -> Duration {
        let kept = self.app.config.retention;
        let shortest_us = kept.events_us.min(kept.summaries_us).unsigned_abs();
        Duration::from_micros(shortest_us / 100).clamp(Duration::from_secs(1), IDLE_MAX)
    }

    async fn round(&mut self, now: TimeUs) -> Result<Next> {
        let passed = self.app.clock.passed();
        if self.clock.jumped(now, passed) {
            tracing::warn!(
                %now,
                waits = ?JUMP_GRACE,
                "the clock was set forward; what is too old by it is kept for now"
            );
            (self.is_announced, self.after) = (false, None);
            return Ok(Next::After(JUMP_GRACE));
        }
        let horizons = self.horizons(now);
        if !self.is_announced {
            self.announce(horizons).await?;
            self.is_announced = true;
            return Ok(Next::After(self.idle().min(GRACE_MAX)));
        }
        let begin = self.app.clock.passed();
        let more = if self.is_beside {
            self.is_beside = self.expire_beside(horizons).await?;
            self.is_beside
        } else {
            self.expire_calls(horizons, now).await?;
            true
        };
        let took = self.app.clock.passed().saturating_sub(begin);
        Ok(if more {
            Next::After(took.max(Duration::from_millis(1)) * PAUSE)
        } else {
            Next::Idle
        })
    }
}

impl Retain {
    /// Nothing was looked at yet.
    #[must_use]
    pub const fn new(app: App) -> Self {
        Self {
            app,
            is_announced: false,
            after: None,
            is_beside: false,
            clock: Watched(None),
        }
    }

    fn horizons(&self, now: TimeUs) -> Horizons {
        let kept = self.app.config.retention;
        Horizons {
            events: now.plus_us(kept.events_us.saturating_neg()),
            calls: now.plus_us(kept.summaries_us.saturating_neg()),
            expiring: now,
        }
    }

    async fn announce(&self, horizons: Horizons) -> Result<()> {
        let Expirable {
            calls,
            calls_with_events,
        } = self.app.store.expirable(horizons).await?;
        if calls + calls_with_events > 0 {
            tracing::warn!(
                calls,
                calls_with_events,
                begins_in = ?self.idle().min(GRACE_MAX),
                "calls older than retention_summaries will be removed, and the events of others older than retention_events; to keep them, stop the server and set those longer"
            );
        }
        Ok(())
    }

    /// Looks at some calls.
    async fn expire_calls(&mut self, horizons: Horizons, now: TimeUs) -> Result<()> {
        let after = self.after.clone();
        let expired = match self.app.store.expire(horizons, after, STEP, now).await {
            Err(StoreError::Corrupt(damage)) => {
                tracing::error!(%damage, "what is too old behind this damage is kept; `sidetone check --repair` may mend it");
                Expired::default()
            }
            expired => expired?,
        };
        if expired.damaged > 0 {
            tracing::error!(
                calls = expired.damaged,
                "calls that are too old are kept, because they are damaged; `sidetone check` names them"
            );
        }
        let counters = &self.app.counters;
        counters.count_expired(Removed::Calls, expired.calls);
        counters.count_expired(Removed::Events, expired.events);
        self.after = expired.next;
        self.is_beside = self.after.is_none();
        Ok(())
    }

    /// Removes some of what is no call. Whether there may be more.
    async fn expire_beside(&self, horizons: Horizons) -> Result<bool> {
        let beside = self.app.store.expire_beside(horizons, STEP).await?;
        let removed = [
            (Removed::DeadLetters, beside.dead_letters),
            (Removed::FeedbackSummaries, beside.feedback_summaries),
            (Removed::AnnotationBatches, beside.annotation_batches),
            (Removed::Tombstones, beside.tombstones),
            (Removed::Reports, beside.reports),
            (Removed::Sessions, beside.sessions),
            (Removed::AuditEntries, beside.audit_entries),
            (Removed::Alerts, beside.alerts),
        ];
        for (kind, number) in removed {
            self.app.counters.count_expired(kind, number);
        }
        Ok(removed.iter().any(|(_, number)| *number >= STEP as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_forward_is_noticed_and_time_that_passes_is_not() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let at = |hours: i64| TimeUs::from_micros(hours * 3_600_000_000);
        let mut clock = Watched::default();
        for (now, passed, jumped) in [
            (100, 0, false),
            (101, 1, false),
            (125, 25, false),
            (900, 26, true),
            (901, 27, false),
            // Set back, and on with time.
            (127, 28, false),
            (128, 29, false),
        ] {
            assert_eq!(clock.jumped(at(now), hours(passed)), jumped, "at {now}");
        }
    }
}
