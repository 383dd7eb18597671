//! Tells sinks of calls: follows changes, and leaves a delivery for each event that a subscription
//! asks for. What an event says is read when it is sent.

mod quiet;
mod told;

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
use crate::streams::outlets::{BACKLOG_MAX, FOLLOWER, Outlet, Outlets};
use crate::streams::types::EventType;
use crate::telemetry::labels::WorkerName;

/// Changes that are taken at a time.
const TAKEN_MAX: usize = 1000;
/// How long they are ours.
const LEASE_US: i64 = 60_000_000;
/// What comes so soon after one another is taken together.
const GATHERED: Duration = Duration::from_millis(20);
/// How often is looked for sinks that other processes changed, and for calls that are quiet.
const LOOK: Duration = Duration::from_secs(1);
/// How often is looked which sinks are full, which takes a while when much waits.
const LOOK_FOR_FULL: Duration = Duration::from_secs(60);

/// Follows changes for sinks.
pub struct TellSinks {
    app: App,
    /// Rings when sinks or subscriptions change.
    changed: watch::Receiver<u64>,
    /// When they were read last. `None`: they must be.
    read_at: Option<Duration>,
    /// When was looked which of them are full.
    looked_at: Option<Duration>,
    /// Changes that are done but for saying so, and what is to be delivered because of them.
    settled: Vec<Change>,
    deliveries: Vec<NewDelivery>,
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
            self.quiet = Quiet::default();
            return Ok(Next::Idle);
        }
        let mut deliveries = Vec::new();
        for (call, version) in self.quiet.due(passed) {
            let told = Told {
                version,
                ..Told::of(call, EventType::SummaryPredictedComplete, now)
            };
            self.push(&outlets, &told, &mut None, &mut deliveries)
                .await?;
        }
        self.deliveries.append(&mut deliveries);
        let taken = match self.take(now).await {
            // Too much waited and was dropped: what was to be told of it is not known any more.
            Err(StoreError::NotFound(_)) => {
                tracing::error!(
                    "changes of calls were dropped before sinks were told of them: events are missing there"
                );
                self.app.streams.is_dropped().await;
                self.read_at = None;
                return Ok(Next::After(Duration::ZERO));
            }
            taken => taken?,
        };
        for change in &taken {
            self.tell(&outlets, change, &mut deliveries).await?;
        }
        self.settled = taken;
        self.deliveries = deliveries;
        let is_done = self.settled.is_empty() && self.deliveries.is_empty();
        Ok(if is_done {
            Next::Idle
        } else {
            Next::After(Duration::ZERO)
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
            looked_at: None,
            settled: Vec::new(),
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
        if self.looked_at.is_none_or(|at| passed >= at + LOOK_FOR_FULL) {
            let app = &self.app;
            for sink in app.streams.look(app.store.as_ref()).await? {
                tracing::error!(
                    sink.sid = %sink, most = BACKLOG_MAX,
                    "a sink has not taken what waits for it: what is new is not kept for it any more"
                );
            }
            self.looked_at = Some(passed);
        }
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
        if let Err(StoreError::Unavailable(_)) = taken {
            self.settled = taking.settled;
            self.deliveries = taking.deliveries;
        }
        taken
    }

    /// Adds what a change is to be told as.
    async fn tell(
        &mut self,
        outlets: &Outlets,
        change: &Change,
        deliveries: &mut Vec<NewDelivery>,
    ) -> Result<()> {
        let call = change.call;
        let parent = self.app.directory.parent(call.account);
        if outlets.of(call.account, parent).next().is_none() {
            return Ok(());
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
                let mut kinds = Vec::new();
                if self.quiet.is_to_be_told(call, since_us, passed) {
                    kinds.push(EventType::SummaryPredictedComplete);
                }
                // What follows from packets is told when all of it is known.
                if has_packets {
                    kinds.extend([EventType::EventGateway, EventType::MetricsGateway]);
                }
                kinds.push(EventType::SummaryComplete);
                for kind in kinds {
                    let told = Told {
                        version: *version,
                        ..Told::of(call, kind, change.at)
                    };
                    self.push(outlets, &told, &mut known, deliveries).await?;
                }
            }
            Changed::Annotation { author, revision } if author.is_empty() => {
                let record = self.record(call, &mut known).await?;
                let Some(summary) = record.and_then(|it| it.summary.as_ref()) else {
                    return Ok(());
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
                    Ok(None) | Err(StoreError::Corrupt(_)) => return Ok(()),
                    Err(error) => return Err(error),
                };
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
        Ok(())
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
                if self.app.streams.is_full(outlet.sink) {
                    self.app.counters.streams_refused.inc();
                } else {
                    deliveries.push(told.delivery(outlet, self.app.clock.now()));
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
                Ok(Lookup::Found(record)) => Some(record),
                // A damaged call is in no list either, and logged where it is read.
                Ok(Lookup::Gone | Lookup::Unknown) | Err(StoreError::Corrupt(_)) => None,
                Err(error) => return Err(error),
            });
        }
        Ok(known.as_ref().and_then(Option::as_ref))
    }
}
