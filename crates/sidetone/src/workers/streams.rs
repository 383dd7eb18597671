//! Tells sinks of calls: follows changes, and leaves a delivery for each event that a subscription
//! asks for. What an event says is read when it is sent.

mod quiet;
mod told;

use std::collections::HashSet;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::ProcessingState;
use sidetone_store::delivery::NewDelivery;
use sidetone_store::feed::{Change, Changed, TakeChanges};
use sidetone_store::{CallRecord, Lookup, Result, Scope, StoreError, Topic};
use tokio::sync::watch;

use self::quiet::Quiet;
use self::told::{Told, kind_of};
use crate::app::App;
use crate::runner::{Next, Worker};
use crate::streams::event_type::EventType;
use crate::streams::outlets::{FOLLOWER, Outlet, Outlets};
use crate::telemetry::labels::WorkerName;

/// Changes that are taken at a time.
const TAKEN_MAX: usize = 1000;
/// How long they are ours.
const LEASE_US: i64 = 60_000_000;
/// What comes so soon after one another is taken together.
const GATHERED: Duration = Duration::from_millis(20);
/// How long and how often is waited for the first summary of a call.
const UNFOLDED_US: i64 = 5_000_000;
const FOLD_PAUSE: Duration = Duration::from_millis(50);
/// How often is looked for sinks that other processes changed, and for calls that are quiet.
const LOOK: Duration = Duration::from_secs(1);

/// Follows changes for sinks.
pub struct TellSinks {
    app: App,
    /// Rings when sinks or subscriptions change.
    changed: watch::Receiver<u64>,
    /// When they were read last. `None`: they must be.
    read_at: Option<Duration>,
    /// Changes that are done but for saying so, and what is to be delivered because of them.
    settled: Vec<Change>,
    deliveries: Vec<NewDelivery>,
    /// Changes that are not told yet, and since when there are any.
    held: Vec<Change>,
    held_since: TimeUs,
    quiet: Quiet,
}

impl Worker for TellSinks {
    const NAME: WorkerName = WorkerName::Streams;
    const TOPIC: Option<Topic> = Some(Topic::Changes);
    // It reads a call for most changes.
    const IS_HEAVY: bool = true;

    fn idle(&self) -> Duration {
        LOOK
    }

    fn debounce(&self) -> Duration {
        GATHERED
    }

    async fn round(&mut self, now: TimeUs) -> Result<Next> {
        let passed = self.app.clock.passed();
        self.read(passed).await?;
        self.look(passed).await?;
        let outlets = self.app.streams.get();
        if outlets.is_empty() {
            self.settled.clear();
            self.held.clear();
            self.quiet = Quiet::default();
            return Ok(Next::Idle);
        }
        for (call, version) in self.quiet.due(passed) {
            let mut known = None;
            let record = self.record(call, &mut known).await?;
            let ended_at = record.and_then(|it| it.summary.as_ref()?.facts.ended_at);
            let told = Told {
                version,
                ..Told::predicted(call, ended_at, now)
            };
            let mut deliveries = Vec::new();
            self.push(&outlets, &told, &mut known, &mut deliveries)
                .await?;
            self.deliveries.append(&mut deliveries);
            self.quiet.told(call, passed);
        }
        self.give_back_in_time(now).await?;
        let taken = match self.take(now).await {
            // Too much waited and was dropped: what was to be told of it is not known any more.
            Err(StoreError::NotFound(_)) => {
                self.held.clear();
                self.app.streams.is_dropped().await;
                self.read_at = None;
                return Ok(Next::After(Duration::ZERO));
            }
            taken => taken?,
        };
        if self.held.is_empty() {
            self.held_since = now;
        }
        self.held.extend(taken);
        self.tell_held(&outlets, now).await?;
        let is_done = self.settled.is_empty() && self.deliveries.is_empty();
        Ok(match (is_done, self.held.is_empty()) {
            (true, true) => Next::Idle,
            (true, false) => Next::After(FOLD_PAUSE),
            (false, _) => Next::After(Duration::ZERO),
        })
    }

    async fn woken(&mut self) {
        // Its other end lives as long as the store.
        let _ = self.changed.changed().await;
        self.read_at = None;
    }
}

/// A call as it is now, once somebody has asked.
type Known = Option<Option<CallRecord>>;

impl TellSinks {
    /// A worker that follows nothing yet.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self {
            changed: app.store.wakeups(Topic::Streams),
            app,
            read_at: None,
            settled: Vec::new(),
            held: Vec::new(),
            held_since: TimeUs::EPOCH,
            deliveries: Vec::new(),
            quiet: Quiet::default(),
        }
    }

    async fn read(&mut self, passed: Duration) -> Result<()> {
        if self.read_at.is_none_or(|at| passed >= at + LOOK) {
            let app = &self.app;
            app.streams
                .refresh(app.store.as_ref(), app.directory.vault())
                .await?;
            self.read_at = Some(passed);
        }
        Ok(())
    }

    /// Looks which sinks are full, now and then.
    async fn look(&mut self, passed: Duration) -> Result<()> {
        let app = &self.app;
        let backlogs = &app.streams.backlogs;
        if !backlogs.is_look_due(passed) {
            return Ok(());
        }
        let (store, most) = (app.store.as_ref(), app.config.sink_backlog);
        let looked = backlogs.look(store, most, app.clock.now(), || app.clock.passed());
        let turned = looked.await?;
        for sink in turned.full {
            tracing::error!(
                sink.sid = %sink, most,
                "a sink has not taken what waits for it: what is new is not kept for it any more"
            );
        }
        for (sink, refused) in turned.open {
            tracing::warn!(
                sink.sid = %sink, refused,
                "what is new is kept for a sink again; what was refused since the start is not sent"
            );
        }
        app.counters
            .streams_full
            .set(i64::try_from(backlogs.full()).unwrap_or(i64::MAX));
        Ok(())
    }

    /// Settles what is done, and takes more. What could not be settled is kept.
    async fn take(&mut self, now: TimeUs) -> Result<Vec<Change>> {
        let taking = TakeChanges {
            follower: FOLLOWER.to_owned(),
            settled: mem::take(&mut self.settled),
            deliveries: mem::take(&mut self.deliveries),
            limit: TAKEN_MAX,
            now,
            lease_until: now.plus_us(LEASE_US),
        };
        let taken = self.app.store.take_changes(taking.clone()).await;
        match &taken {
            // There is no follower any more that these are of.
            Ok(_) | Err(StoreError::NotFound(_)) => {}
            Err(_) => {
                self.settled = taking.settled;
                self.deliveries = taking.deliveries;
            }
        }
        taken
    }

    /// Gives back what is held for so long that somebody else may be given it soon.
    async fn give_back_in_time(&mut self, now: TimeUs) -> Result<()> {
        if !self.held.is_empty() && now.since_us(self.held_since) > LEASE_US / 2 {
            let held = mem::take(&mut self.held);
            self.app.store.give_back_changes(held).await?;
        }
        Ok(())
    }

    /// Tells what is held, in order by call. What fails is tried again, and is in nobody's way.
    async fn tell_held(&mut self, outlets: &Outlets, now: TimeUs) -> Result<()> {
        let mut waiting = HashSet::new();
        let mut changes = mem::take(&mut self.held).into_iter();
        while let Some(change) = changes.next() {
            if waiting.contains(&change.call) {
                self.held.push(change);
                continue;
            }
            let mut deliveries = Vec::new();
            match self.tell(outlets, &change, now, &mut deliveries).await {
                Ok(true) => {
                    self.deliveries.append(&mut deliveries);
                    self.settled.push(change);
                }
                Ok(false) => {
                    waiting.insert(change.call);
                    self.held.push(change);
                }
                Err(error) => {
                    self.held.push(change);
                    self.held.extend(changes);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Adds what a change is to be told as. `false`: that cannot be said yet.
    async fn tell(
        &mut self,
        outlets: &Outlets,
        change: &Change,
        now: TimeUs,
        deliveries: &mut Vec<NewDelivery>,
    ) -> Result<bool> {
        let call = change.call;
        let parent = self.app.directory.parent(call.account);
        if outlets.of(call.account, parent).next().is_none() {
            return Ok(true);
        }
        let mut known = None;
        match &change.changed {
            Changed::Summary {
                version,
                is_complete: false,
            } => {
                let told = Told {
                    version: *version,
                    ..Told::of(call, EventType::SummaryPartial, change.at)
                };
                self.push(outlets, &told, &mut known, deliveries).await?;
                let record = self.record(call, &mut known).await?;
                let ended = record.and_then(|it| it.summary.as_ref()?.facts.ended_at);
                let passed = self.app.clock.passed();
                self.quiet.changed(call, *version, ended.is_some(), passed);
            }
            Changed::Summary {
                version,
                is_complete: true,
            } => {
                let record = self.record(call, &mut known).await?;
                let facts = record.and_then(|it| Some(&it.summary.as_ref()?.facts));
                let ended_at = facts.and_then(|facts| facts.ended_at);
                let has_packets =
                    record.is_some_and(|it| it.summary.as_ref().is_some_and(|it| it.sip.is_some()));
                let since_us = ended_at.map_or(0, |ended_at| change.at.since_us(ended_at));
                let passed = self.app.clock.passed();
                let mut all = Vec::new();
                if self.quiet.is_to_be_told(call, since_us) {
                    all.push(Told::predicted(call, ended_at, change.at));
                }
                let mut kinds = Vec::new();
                // What follows from packets is told when all of it is known.
                if has_packets {
                    kinds.extend([EventType::EventGateway, EventType::MetricsGateway]);
                }
                kinds.push(EventType::SummaryComplete);
                all.extend(
                    kinds
                        .into_iter()
                        .map(|kind| Told::of(call, kind, change.at)),
                );
                for told in all {
                    let told = Told {
                        version: *version,
                        ..told
                    };
                    self.push(outlets, &told, &mut known, deliveries).await?;
                }
                self.quiet.complete(call, since_us, passed);
            }
            Changed::Annotation { author, revision } if author.is_empty() => {
                let record = self.record(call, &mut known).await?;
                let Some(summary) = record.and_then(|it| it.summary.as_ref()) else {
                    return Ok(true);
                };
                let kind = match summary.processing {
                    ProcessingState::Complete => EventType::SummaryComplete,
                    ProcessingState::Partial => EventType::SummaryPartial,
                };
                let version = record.map_or(0, |it| it.processing_version);
                let told = Told {
                    version,
                    revision: *revision,
                    ..Told::of(call, kind, change.at)
                };
                self.push(outlets, &told, &mut known, deliveries).await?;
            }
            Changed::Event { position, .. } => {
                let event = match self.app.store.event(call, *position).await {
                    Ok(Some(event)) => event,
                    // What is damaged is in no list of events either; the call is logged there.
                    Ok(None) | Err(StoreError::Corrupt(_)) => return Ok(true),
                    Err(error) => return Err(error),
                };
                // What of a call is known decides whether it is selected: of one that has just begun
                // that is in a moment.
                let is_fresh = now.since_us(change.at) < UNFOLDED_US;
                let mut told_to = outlets.of(call.account, parent);
                if is_fresh && told_to.any(|outlet| !outlet.selection.filters.is_empty()) {
                    let record = self.record(call, &mut known).await?;
                    if record.is_some_and(|it| it.summary.is_none()) {
                        return Ok(false);
                    }
                }
                if let Some(kind) = kind_of(&event) {
                    let told = Told {
                        position: Some(*position),
                        ..Told::of(call, kind, event.at)
                    };
                    self.push(outlets, &told, &mut known, deliveries).await?;
                }
            }
            Changed::Erased => self.quiet.forget(call),
            Changed::Annotation { .. } | Changed::Feedback => {}
        }
        Ok(true)
    }

    /// Adds a delivery for each sink that asks for it.
    async fn push(
        &self,
        outlets: &Outlets,
        told: &Told,
        known: &mut Known,
        deliveries: &mut Vec<NewDelivery>,
    ) -> Result<()> {
        let account = told.call.account;
        let parent = self.app.directory.parent(account);
        for outlet in outlets.of(account, parent) {
            if outlet.types.contains_key(&told.kind)
                && self.is_selected(outlet, told.call, known).await?
            {
                let (backlogs, most) = (&self.app.streams.backlogs, self.app.config.sink_backlog);
                if backlogs.admit(outlet.sink, most) {
                    deliveries.push(told.delivery(outlet, self.app.clock.now()));
                } else {
                    self.app.counters.streams_refused.inc();
                }
            }
        }
        Ok(())
    }

    /// Whether a call is among those that a subscription is about, as far as it is known by now.
    async fn is_selected(
        &self,
        outlet: &Arc<Outlet>,
        call: CallRef,
        known: &mut Known,
    ) -> Result<bool> {
        if outlet.selection.filters.is_empty() {
            return Ok(true);
        }
        let now = self.app.clock.now();
        let filter = (self.app.filter)(&outlet.selection.filters, call.account, now);
        let record = self.record(call, known).await?;
        Ok(match (filter, record) {
            (Some(filter), Some(record)) => record
                .summary
                .as_ref()
                .is_some_and(|summary| filter.matches(summary, &record.annotation)),
            _ => false,
        })
    }

    async fn record<'k>(
        &self,
        call: CallRef,
        known: &'k mut Known,
    ) -> Result<Option<&'k CallRecord>> {
        if known.is_none() {
            let scope = Scope {
                account: call.account,
            };
            *known = Some(match self.app.store.record(scope, call.sid).await {
                // Of its own account: a subaccount may have a call of the same name.
                Ok(Lookup::Found(record)) => Some(record).filter(|it| it.call == call),
                // A damaged call is in no list either, and logged where it is read.
                Ok(Lookup::Gone | Lookup::Unknown) | Err(StoreError::Corrupt(_)) => None,
                Err(error) => return Err(error),
            });
        }
        Ok(known.as_ref().and_then(Option::as_ref))
    }
}
