//! Turns events into summaries: takes the calls that have new events, folds each, writes them back.

use std::time::Duration;

use sidetone_core::fold::FOLD_VERSION;
use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;
use sidetone_store::{DirtyCall, Put, PutSummary, Result, StoreError, Topic};

use super::call::{self, Folded, memory_bytes};
use super::dear::{DearCalls, is_dear};
use super::rules::DayRules;
use crate::app::App;
use crate::runner::{Next, Worker};
use crate::telemetry::labels::WorkerName;

/// Calls folded in one transaction.
const BATCH: usize = 512;
/// About how much memory summaries and states may take that are written in one transaction.
const PUT_MAX_BYTES: usize = 8 << 20;
/// How long a call is ours before another worker may take it.
const LEASE_US: i64 = 30_000_000;
/// So many events of packets in one transaction were read while the one before was written, which
/// took long.
const PRESSING: i64 = 2_000;
/// The longest pause, in thirds, that is left to the writing of packets.
const YIELD_MAX: Duration = Duration::from_secs(1);
/// Calls whose events have gathered for long enough, and those of other processes, come without a
/// wake-up.
const IDLE: Duration = Duration::from_millis(100);

/// Folds calls. Any number may share a store: calls are leased.
pub struct Fold {
    app: App,
    rules: DayRules,
    dear: DearCalls,
}

impl Worker for Fold {
    const NAME: WorkerName = WorkerName::Fold;
    const TOPIC: Option<Topic> = Some(Topic::Calls);
    const IS_HEAVY: bool = true;

    fn idle(&self) -> Duration {
        IDLE
    }

    fn debounce(&self) -> Duration {
        let delay_us = self.app.config.lifecycle.fold_delay_us;
        Duration::from_micros(u64::try_from(delay_us).unwrap_or(0)).min(IDLE)
    }

    async fn round(&mut self, _: TimeUs) -> Result<Next> {
        let begin = self.app.clock.passed();
        let delay_us = self.app.config.lifecycle.fold_delay_us;
        Ok(match self.fold_dirty(delay_us).await? {
            0 => Next::Idle,
            _ => Next::After(self.pause_after(begin)),
        })
    }
}

impl Fold {
    /// A worker that has learnt nothing yet.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self {
            rules: DayRules::new(&app),
            dear: DearCalls::default(),
            app,
        }
    }

    /// The pause after a round that began then. While packets come as fast as they can be written,
    /// writing them has three quarters of the time: what is not written is lost, while a call that
    /// waits to be folded is folded once for all that came meanwhile.
    fn pause_after(&self, begin: Duration) -> Duration {
        if self.app.counters.hep_writing.get() < PRESSING {
            return Duration::ZERO;
        }
        self.app.clock.passed().saturating_sub(begin).min(YIELD_MAX) * 3
    }

    /// Folds calls that have been dirty for so long, a batch of them. Says how many it took; what
    /// was not written because of an error stays dirty.
    pub(super) async fn fold_dirty(&mut self, delay_us: i64) -> Result<usize> {
        self.rules.follow_sides(&self.app);
        let now = self.app.clock.now();
        let dirty_since = now.plus_us(-delay_us);
        let lease = now.plus_us(LEASE_US);
        let calls = self
            .app
            .store
            .take_dirty(BATCH, dirty_since, now, lease, FOLD_VERSION)
            .await?;
        let taken = calls.len();
        let leased: Vec<CallRef> = calls.iter().map(|dirty| dirty.call).collect();
        if taken > 0
            && let Err(error) = self.fold(calls, now).await
        {
            if let StoreError::Unavailable(_) = error {
                // No fault of theirs: when the store can be written again, they are the first.
                self.app.store.give_back(leased).await?;
            }
            return Err(error);
        }
        Ok(taken)
    }

    async fn fold(&mut self, calls: Vec<DirtyCall>, now: TimeUs) -> Result<()> {
        let (mut folded, mut bytes) = (Vec::new(), 0);
        let mut unreadable = Vec::new();
        for mut dirty in calls {
            let call = dirty.call;
            let is_dear = is_dear(&mut dirty, &self.app).await?;
            if is_dear {
                // Should it end the process, none of them was tried in vain.
                self.put(std::mem::take(&mut folded), now).await?;
                bytes = 0;
            }
            let one = match self.fold_one(dirty, is_dear, now).await {
                // What is wrong with one call is not the fault of the others.
                Err(error @ (StoreError::Corrupt(_) | StoreError::Invalid(_))) => {
                    Folded::Impossible(error.to_string())
                }
                one => one?,
            };
            match one {
                Folded::Summary(put) => {
                    bytes += memory_bytes(&put);
                    folded.push(*put);
                }
                Folded::Unreadable => unreadable.push(call),
                Folded::Impossible(reason) => self.set_aside(call, reason, now).await?,
            }
            if is_dear || bytes > PUT_MAX_BYTES {
                self.put(std::mem::take(&mut folded), now).await?;
                bytes = 0;
            }
        }
        if !unreadable.is_empty() {
            self.app.store.refold(unreadable).await?;
        }
        self.put(folded, now).await
    }

    async fn fold_one(&mut self, dirty: DirtyCall, is_dear: bool, now: TimeUs) -> Result<Folded> {
        if is_dear && let Some(reason) = self.dear.begin(dirty.call, now, &self.app).await? {
            return Ok(Folded::Impossible(reason));
        }
        call::fold(dirty, is_dear, &mut self.rules, now, &self.app).await
    }

    async fn put(&mut self, folded: Vec<PutSummary>, now: TimeUs) -> Result<()> {
        if folded.is_empty() {
            return Ok(());
        }
        let calls: Vec<CallRef> = folded.iter().map(|put| put.summary.call).collect();
        let fates = self.app.store.put_summaries(folded).await?;
        for (call, fate) in calls.into_iter().zip(fates) {
            self.dear.end(call);
            match fate {
                Put::Refused(error) => self.set_aside(call, error.to_string(), now).await?,
                Put::Written { .. } | Put::Unchanged { .. } | Put::Stale | Put::Gone => {
                    self.app.counters.summaries.inc();
                }
            }
        }
        Ok(())
    }

    /// Leaves a call out, so that it does not take the others along.
    async fn set_aside(&mut self, call: CallRef, reason: String, now: TimeUs) -> Result<()> {
        tracing::error!(
            call.sid = %call.sid, account.sid = %call.account, reason,
            "a call is set aside: its events are kept, its summary stands still"
        );
        self.dear.end(call);
        let store = &self.app.store;
        match store.set_aside(call, FOLD_VERSION, reason, now).await {
            Err(StoreError::Corrupt(damage)) => {
                tracing::error!(call.sid = %call.sid, damage, "that cannot be noted; it will be tried again");
                Ok(())
            }
            noted => noted,
        }
    }
}
