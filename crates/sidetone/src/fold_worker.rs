//! Turns events into summaries, and time into events.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sidetone_core::event::{CallEvent, Timer};
use sidetone_core::fold::FoldState;
use sidetone_core::id::CallRef;
use sidetone_core::rules::Rules;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::ProcessingState;
use sidetone_store::{
    Appended, DirtyCall, DueTimer, NewEvent, PATIENCE_MAX_US, PutSummary, Result, StoreError,
};
use tokio::sync::watch;

use crate::app::App;
use crate::config::Lifecycle;
use crate::ingest::hep::intake::PRESSING;
use crate::server::stopped;
use crate::tables::Tables;

/// Calls folded in one transaction.
const BATCH: usize = 512;
/// How long a call is ours before another worker may take it.
const LEASE_US: i64 = 30_000_000;
/// Days before today that rules are frozen for: as long as summaries are kept.
const RULES_DAYS: i64 = 400;
/// Pause when there is nothing to do.
const IDLE: Duration = Duration::from_millis(50);
/// Pause after the store failed.
const RETRY: Duration = Duration::from_secs(1);

/// Works until a stop is asked for.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let mut worker = FoldWorker::new(app);
    loop {
        let begin = worker.app.clock.now();
        let pause = match worker.round().await {
            Ok(0) => IDLE,
            Ok(_) => worker.pause_after(begin),
            Err(error) => {
                tracing::error!(%error, "summaries could not be written; they will be tried again");
                RETRY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stopped(&mut stop) => break,
        }
    }
}

/// One worker. Any number may share a store: calls are leased.
pub struct FoldWorker {
    app: App,
    rules: HashMap<i64, Arc<Rules>>,
    /// Those the rules were made with.
    tables: Arc<Tables>,
}

impl FoldWorker {
    /// A worker that has learnt nothing yet.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self {
            tables: app.tables.get(),
            app,
            rules: HashMap::new(),
        }
    }

    /// The pause after a round that began then. While packets come as fast as they can be written, writing them has three
    /// quarters of the time: what is not written is lost, while a call that waits to be folded is folded once for all that
    /// came meanwhile.
    fn pause_after(&self, begin: TimeUs) -> Duration {
        if self.app.counters.hep_writing.get() < PRESSING {
            return Duration::ZERO;
        }
        let took_us = self.app.clock.now().micros() - begin.micros();
        Duration::from_micros(u64::try_from(took_us).unwrap_or(0)).min(RETRY) * 3
    }

    /// Fires due timers and folds what is dirty. Says how many calls it touched.
    ///
    /// # Errors
    /// As the store's; what was not written stays dirty.
    pub async fn round(&mut self) -> Result<usize> {
        self.round_after(self.app.config.lifecycle.fold_delay_us)
            .await
    }

    async fn round_after(&mut self, fold_delay_us: i64) -> Result<usize> {
        let tables = self.app.tables.get();
        if !Arc::ptr_eq(&tables, &self.tables) {
            self.tables = tables;
            self.rules.clear();
        }
        let fired = self.fire_timers().await?;
        let now = self.app.clock.now();
        let dirty_since = now.plus_us(-fold_delay_us);
        let lease = now.plus_us(LEASE_US);
        let calls = self
            .app
            .store
            .take_dirty(BATCH, dirty_since, now, lease)
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
        Ok(fired + taken)
    }

    /// Works until nothing is dirty and no timer is due, without waiting for more events to gather.
    ///
    /// # Errors
    /// As the store's.
    pub async fn drain(&mut self) -> Result<()> {
        while self.round_after(-PATIENCE_MAX_US).await? > 0 {}
        Ok(())
    }

    async fn fire_timers(&self) -> Result<usize> {
        let now = self.app.clock.now();
        let due = self.app.store.due_timers(now, BATCH).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let events: Vec<NewEvent> = due
            .iter()
            .map(|timer| timer_event(timer, now))
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
            // Told already and not folded yet, as a rule.
            self.app
                .store
                .defer_timers(idle, now.plus_us(LEASE_US))
                .await?;
        }
        self.app
            .counters
            .count_events("timer", "accepted", new as u64);
        Ok(new)
    }

    async fn fold(&mut self, calls: Vec<DirtyCall>, now: TimeUs) -> Result<()> {
        let mut folded = Vec::with_capacity(calls.len());
        let mut unreadable = Vec::new();
        for call in calls {
            let state = match &call.state {
                None => FoldState::default(),
                Some(bytes) => match FoldState::from_bytes(bytes) {
                    Some(state) => state,
                    None => {
                        // Written by another version: its whole log is folded on a later round.
                        unreadable.push(call.call);
                        continue;
                    }
                },
            };
            folded.push(self.fold_one(call, state, now).await?);
        }
        if !unreadable.is_empty() {
            self.app.store.refold(unreadable).await?;
        }
        self.app.counters.summaries.inc_by(folded.len() as u64);
        self.app.store.put_summaries(folded).await
    }

    async fn fold_one(
        &mut self,
        call: DirtyCall,
        mut state: FoldState,
        now: TimeUs,
    ) -> Result<PutSummary> {
        if call.unreadable > 0 {
            tracing::error!(call.sid = %call.call.sid, call.unreadable, "events cannot be read and were left out");
        }
        for event in &call.events {
            state.add(event);
        }
        // The day of a call is the day of its start, which only the fold knows. No rules are frozen ahead of time.
        let findings = state.findings();
        let day = findings.started_at().unwrap_or(now).day().min(now.day());
        let summary = findings.summary(call.call, &*self.rules(day).await?);
        let complete = summary.processing == ProcessingState::Complete;
        Ok(PutSummary {
            timer_at: next_timer(&summary, &call, now, &self.app.config.lifecycle),
            state: (!complete).then(|| state.to_bytes()),
            position: call.position,
            summary,
            now,
        })
    }

    /// The rules of a day; frozen the first time a call of that day is folded. Calls dated before everything that is
    /// kept teach nothing and are judged by the built-in rules.
    async fn rules(&mut self, day: i64) -> Result<Arc<Rules>> {
        let of_operator = |rules: Rules| {
            Arc::new(Rules {
                sides: self.tables.sides.clone(),
                ..rules
            })
        };
        if day < self.app.clock.now().day() - RULES_DAYS {
            return Ok(of_operator(Rules::built_in()));
        }
        if let Some(rules) = self.rules.get(&day) {
            return Ok(rules.clone());
        }
        let rules = of_operator(self.app.store.freeze_rules(day).await?);
        self.rules.insert(day, rules.clone());
        Ok(rules)
    }
}

/// What a timer that ran out says of its call.
fn timer_event(due: &DueTimer, now: TimeUs) -> CallEvent {
    if due.ended {
        CallEvent::timer(due.call, Timer::Settled, now)
    } else {
        CallEvent::timer(due.call, Timer::EndNotSeen, due.last_event_at)
    }
}

/// When the next timer of a call is due, if no event comes before.
fn next_timer(
    summary: &CallSummary,
    call: &DirtyCall,
    now: TimeUs,
    lifecycle: &Lifecycle,
) -> Option<TimeUs> {
    if summary.processing == ProcessingState::Complete {
        return None;
    }
    if summary.facts.ended_at.is_none() {
        return Some(call.last_received_at.plus_us(lifecycle.call_idle_us));
    }
    // The other system completes its summary itself, much later; ours waits for it as long as for anything.
    let settle_us = match summary.imported {
        Some(_) => lifecycle.settle_max_us,
        None => lifecycle.settle_us,
    };
    let quiet = call.last_received_at.plus_us(settle_us);
    let latest = call
        .end_seen_at
        .unwrap_or(now)
        .plus_us(lifecycle.settle_max_us);
    Some(quiet.min(latest))
}
