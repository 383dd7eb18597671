//! Turns events into summaries, and time into events.

use std::collections::{HashMap, HashSet};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use sidetone_core::event::{CallEvent, Timer};
use sidetone_core::fold::{FOLD_VERSION, FoldState};
use sidetone_core::id::CallRef;
use sidetone_core::parsed::parsed_bytes;
use sidetone_core::rules::Rules;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_core::vocabulary::ProcessingState;
use sidetone_store::{
    Appended, DirtyCall, DueTimer, NewEvent, PATIENCE_MAX_US, Piece, Put, PutSummary, Result,
    StoreError, Topic,
};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::app::App;
use crate::config::Lifecycle;
use crate::guard::guarded;
use crate::shutdown::stopped;
use crate::tables::Tables;
use crate::telemetry::labels::{EventResult, Source};

/// Calls folded in one transaction.
const BATCH: usize = 512;
/// About how much memory summaries and states may take that are written in one transaction.
const PUT_MAX_BYTES: usize = 8 << 20;
/// The longest state of a call, in bytes as it is stored: 100,000 reports of RTCP take some 12 MB.
/// Beyond it each fold of the call would cost everybody.
const STATE_MAX_BYTES: usize = 16 << 20;
/// From this length of its state on a call is dear; one whose events do not fit into a piece is as
/// well.
const DEAR_BYTES: usize = 1 << 20;
/// How often folding a dear call may be cut short by the end of the process before it is not tried
/// again.
const TRIES_MAX: u32 = 3;
/// How long a call is ours before another worker may take it.
const LEASE_US: i64 = 30_000_000;
/// Days before today that rules are frozen for: as long as summaries are kept.
const RULES_DAYS: i64 = 400;
/// So many events of packets in one transaction were read while the one before was written, which
/// took long.
const PRESSING: i64 = 2_000;
/// Pause when there is nothing to do: a timer is due, or another process wrote something, and nobody rings for that.
const IDLE: Duration = Duration::from_millis(100);
/// Pause after the store failed.
const RETRY: Duration = Duration::from_secs(1);

/// Works until a stop is asked for. On a thread of its own: folding takes long enough to keep
/// requests waiting.
pub async fn run(app: App, stop: watch::Receiver<bool>) {
    let working = tokio::task::spawn_blocking(move || Handle::current().block_on(work(app, stop)));
    if let Err(error) = working.await
        && let Ok(panic) = error.try_into_panic()
    {
        resume_unwind(panic);
    }
}

async fn work(app: App, mut stop: watch::Receiver<bool>) {
    let mut wakeups = app.store.wakeups(Topic::Calls);
    let mut worker = FoldWorker::new(app);
    worker.looked = None;
    let fold_delay = worker.app.config.lifecycle.fold_delay_us;
    let gathering = Duration::from_micros(u64::try_from(fold_delay).unwrap_or(0)).min(IDLE);
    loop {
        let begin = worker.app.clock.passed();
        let pause = match worker.round().await {
            // More comes with the first of it, as a rule.
            Ok(0) => tokio::select! {
                () = tokio::time::sleep(IDLE) => Duration::ZERO,
                _ = wakeups.changed() => gathering,
                () = stopped(&mut stop) => break,
            },
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
    /// Dear calls that were begun and not written yet: the process did not end meanwhile.
    begun: HashSet<CallRef>,
    /// How much time had passed, and what time it was, when the worker last looked. `None`: the
    /// clock may have been set back since what is stored was written.
    looked: Option<(Duration, TimeUs)>,
}

/// What becomes of a call.
enum Folded {
    Summary(Box<PutSummary>),
    /// Another version wrote its state: its whole log is folded on a later round.
    Unreadable,
    /// It cannot be folded, and why.
    Impossible(String),
}

impl FoldWorker {
    /// A worker that has learnt nothing yet.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self {
            tables: app.tables.get(),
            rules: HashMap::new(),
            begun: HashSet::new(),
            looked: Some((app.clock.passed(), app.clock.now())),
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
        self.app.clock.passed().saturating_sub(begin).min(RETRY) * 3
    }

    /// Notices that the clock was set back: what waits for a time would wait for as long as the
    /// clock was set back by.
    async fn look_at_clock(&mut self) -> Result<()> {
        let (passed, now) = (self.app.clock.passed(), self.app.clock.now());
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
                    "calls waited for times that are further off than they can be: the clock was set back"
                );
            }
        }
        self.looked = Some((passed, now));
        Ok(())
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
        self.look_at_clock().await?;
        let fired = self.fire_timers().await?;
        let now = self.app.clock.now();
        let dirty_since = now.plus_us(-fold_delay_us);
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
            .count_events(Source::Timer, EventResult::Accepted, new as u64);
        Ok(new)
    }

    async fn fold(&mut self, calls: Vec<DirtyCall>, now: TimeUs) -> Result<()> {
        let (mut folded, mut bytes) = (Vec::new(), 0);
        let mut unreadable = Vec::new();
        for mut dirty in calls {
            let call = dirty.call;
            let is_dear = self.is_dear(&mut dirty).await?;
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

    async fn put(&mut self, folded: Vec<PutSummary>, now: TimeUs) -> Result<()> {
        if folded.is_empty() {
            return Ok(());
        }
        let calls: Vec<CallRef> = folded.iter().map(|put| put.summary.call).collect();
        let fates = self.app.store.put_summaries(folded).await?;
        for (call, fate) in calls.into_iter().zip(fates) {
            self.begun.remove(&call);
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
        self.begun.remove(&call);
        let store = &self.app.store;
        match store.set_aside(call, FOLD_VERSION, reason, now).await {
            Err(StoreError::Corrupt(damage)) => {
                tracing::error!(call.sid = %call.sid, damage, "that cannot be noted; it will be tried again");
                Ok(())
            }
            noted => noted,
        }
    }

    /// Whether folding a call costs so much that the process may not survive it.
    async fn is_dear(&self, dirty: &mut DirtyCall) -> Result<bool> {
        // Others may have left no room for it: what does not fit into a whole piece is long by
        // itself.
        if let Some(rest) = dirty.rest.take() {
            match self.app.store.read_on(dirty.call, &rest).await {
                Ok(piece) => {
                    dirty.events.extend(piece.events);
                    dirty.unreadable += piece.unreadable;
                    dirty.rest = piece.rest;
                }
                Err(StoreError::Corrupt(_)) => dirty.rest = Some(rest),
                Err(error) => return Err(error),
            }
        }
        let state_bytes = dirty.state.as_ref().map_or(0, Vec::len);
        Ok(dirty.rest.is_some() || state_bytes > DEAR_BYTES)
    }

    async fn fold_one(
        &mut self,
        mut dirty: DirtyCall,
        is_dear: bool,
        now: TimeUs,
    ) -> Result<Folded> {
        let call = dirty.call;
        if is_dear && self.begun.insert(call) {
            let tries = self.app.store.begin_dear(call, FOLD_VERSION, now).await?;
            if tries >= TRIES_MAX {
                let reason =
                    format!("folding it was cut short by the end of the process {tries} times");
                return Ok(Folded::Impossible(reason));
            }
        }
        let mut state = match dirty.state.take() {
            None => FoldState::default(),
            Some(bytes) => match FoldState::from_bytes(&bytes) {
                Some(state) => state,
                None => return Ok(Folded::Unreadable),
            },
        };
        let mut piece = Piece {
            events: std::mem::take(&mut dirty.events),
            unreadable: dirty.unreadable,
            rest: dirty.rest.take(),
        };
        let mut unreadable = 0;
        loop {
            unreadable += piece.unreadable;
            if let Err(reason) = guarded(|| {
                piece.events.iter().for_each(|event| state.add(event));
            }) {
                return Ok(Folded::Impossible(reason));
            }
            if is_dear && state.size_bytes() > STATE_MAX_BYTES {
                let reason =
                    format!("what its events tell takes more than {STATE_MAX_BYTES} bytes");
                return Ok(Folded::Impossible(reason));
            }
            let Some(rest) = piece.rest.take() else {
                break;
            };
            // One piece goes before the next comes.
            drop(piece);
            piece = self.app.store.read_on(call, &rest).await?;
        }
        drop(piece);
        if unreadable > 0 {
            tracing::error!(call.sid = %call.sid, call.unreadable = unreadable, "events cannot be read and were left out");
        }
        self.summarize(&dirty, &state, now).await
    }

    async fn summarize(
        &mut self,
        dirty: &DirtyCall,
        state: &FoldState,
        now: TimeUs,
    ) -> Result<Folded> {
        let findings = match guarded(|| state.findings()) {
            Ok(findings) => findings,
            Err(reason) => return Ok(Folded::Impossible(reason)),
        };
        // The day of a call is the day of its start, which only the fold knows. No rules are frozen
        // ahead of time.
        let day = findings.started_at().unwrap_or(now).day().min(now.day());
        let rules = self.rules(day).await?;
        let made = guarded(|| {
            let summary = findings.summary(dirty.call, &rules);
            let complete = summary.processing == ProcessingState::Complete;
            (summary, (!complete).then(|| state.to_bytes()))
        });
        Ok(match made {
            Ok((summary, state)) => Folded::Summary(Box::new(PutSummary {
                timer_at: next_timer(&summary, dirty, now, &self.app.config.lifecycle),
                state,
                position: dirty.position,
                summary,
                now,
            })),
            Err(reason) => Folded::Impossible(reason),
        })
    }

    /// The rules of a day; frozen the first time a call of that day is folded. Calls dated before
    /// everything that is kept teach nothing and are judged by the built-in rules.
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
        let rules = match self.app.store.freeze_rules(day).await {
            Err(StoreError::Corrupt(damage)) => {
                tracing::error!(
                    day,
                    damage,
                    "the rules of a day cannot be read; its calls are judged by the built-in ones"
                );
                Rules::built_in()
            }
            frozen => frozen?,
        };
        let rules = of_operator(rules);
        self.rules.insert(day, rules.clone());
        Ok(rules)
    }
}

/// About how much memory it takes until it is written.
fn memory_bytes(put: &PutSummary) -> usize {
    const SUMMARY: usize = 8 * 1024;
    let raw = put.summary.imported.as_ref().map_or(0, parsed_bytes);
    SUMMARY + raw + put.state.as_ref().map_or(0, Vec::len)
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
    // Not later than now: the clock may have been set back since.
    let last_received_at = call.last_received_at.min(now);
    if summary.facts.ended_at.is_none() {
        return Some(last_received_at.plus_us(lifecycle.call_idle_us));
    }
    // The other system completes its summary itself, much later; ours waits for it as long as for
    // anything.
    let settle_us = match summary.imported {
        Some(_) => lifecycle.settle_max_us,
        None => lifecycle.settle_us,
    };
    let quiet = last_received_at.plus_us(settle_us);
    let latest = call
        .end_seen_at
        .unwrap_or(now)
        .min(now)
        .plus_us(lifecycle.settle_max_us);
    Some(quiet.min(latest))
}
