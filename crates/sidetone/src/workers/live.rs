//! Follows changes for those who watch calls (`crate::live`), while there are any.

use std::collections::HashMap;
use std::mem;
use std::time::Duration;

use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;
use sidetone_store::feed::{Change, Follower, TakeChanges};
use sidetone_store::{Result, StoreError, Topic};

use crate::app::App;
use crate::live::Now;
use crate::runner::{Next, Worker};
use crate::telemetry::labels::WorkerName;

/// The follower. The database of an embedded engine has one server: what there is under this name at
/// its start is left by the one before.
const FOLLOWER: &str = "live";
/// Changes that are taken at a time.
const TAKEN_MAX: usize = 1000;
/// How long they are ours.
const LEASE_US: i64 = 60_000_000;
/// What comes so soon after one another is taken together.
const GATHERED: Duration = Duration::from_millis(100);
/// A call that was told is told again no sooner.
const PAUSE: Duration = Duration::from_secs(1);
/// How long changes are followed on when nobody watches any more: who comes again has missed
/// nothing.
const LINGER: Duration = Duration::from_secs(60);

/// Follows changes and tells of them.
pub struct TellChanges {
    app: App,
    /// `None`: it is not known yet whether a server before has left a follower.
    follows: Option<bool>,
    /// Changes that are done, but for saying so.
    settled: Vec<Change>,
    waiting: Waiting,
    /// When somebody watched last.
    watched_at: Duration,
}

impl Worker for TellChanges {
    const NAME: WorkerName = WorkerName::Live;
    const TOPIC: Option<Topic> = Some(Topic::Changes);

    fn idle(&self) -> Duration {
        // Changes of other processes, and of what waits, come without a wake-up.
        Duration::from_secs(if self.follows == Some(true) { 1 } else { 3600 })
    }

    fn debounce(&self) -> Duration {
        GATHERED
    }

    async fn round(&mut self, now: TimeUs) -> Result<Next> {
        if self.follows.is_none() {
            self.app.store.unfollow(FOLLOWER).await?;
            self.follows = Some(false);
        }
        let passed = self.app.clock.passed();
        if self.app.live.is_watched() {
            self.watched_at = passed;
        } else if passed >= self.watched_at + LINGER || self.follows == Some(false) {
            self.stop().await?;
            return Ok(Next::Idle);
        }
        if self.follows == Some(false) {
            let follower = Follower {
                name: FOLLOWER.to_owned(),
                events: Vec::new(),
            };
            self.app.store.follow(follower).await?;
            self.follows = Some(true);
            self.app.live.begin(now);
        }
        let taken = match self.take(now).await {
            // Too much waited: it was dropped, and begins anew.
            Err(StoreError::NotFound(_)) => {
                self.forget();
                return Ok(Next::After(Duration::ZERO));
            }
            taken => taken?,
        };
        for change in &taken {
            self.waiting.add(change.call);
        }
        let may_be_more = taken.len() == TAKEN_MAX;
        self.settled = taken;
        for call in self.waiting.due(passed) {
            self.tell(call).await?;
            self.waiting.told(call, passed);
        }
        Ok(if may_be_more {
            Next::After(Duration::ZERO)
        } else {
            Next::Idle
        })
    }

    async fn woken(&mut self) {
        self.app.live.wanted().await;
    }

    async fn finish(&mut self) {
        self.app.live.close();
        if let Err(error) = self.stop().await {
            tracing::debug!(%error, "changes are still followed");
        }
    }
}

impl TellChanges {
    /// A worker that follows nothing yet.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self {
            app,
            follows: None,
            settled: Vec::new(),
            waiting: Waiting::default(),
            watched_at: Duration::ZERO,
        }
    }

    async fn take(&mut self, now: TimeUs) -> Result<Vec<Change>> {
        let taking = TakeChanges {
            follower: FOLLOWER.to_owned(),
            settled: mem::take(&mut self.settled),
            deliveries: Vec::new(),
            limit: TAKEN_MAX,
            now,
            lease_until: now.plus_us(LEASE_US),
        };
        self.app.store.take_changes(taking).await
    }

    async fn tell(&self, call: CallRef) -> Result<()> {
        let app = &self.app;
        if !app.live.is_account_watched(call.account) {
            return Ok(());
        }
        match Now::read(app.store.as_ref(), app.render, call).await {
            // It is counted and logged, and in no list either.
            Ok(Now::Untold) | Err(StoreError::Corrupt(_)) => {}
            Ok(now) => {
                app.counters.live_changes.inc();
                app.live.tell(call, now);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn stop(&mut self) -> Result<()> {
        if self.follows == Some(true) {
            self.app.store.unfollow(FOLLOWER).await?;
            self.forget();
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.follows = Some(false);
        self.settled.clear();
        self.waiting = Waiting::default();
        self.app.live.end();
    }
}

/// Calls that changed, and those that were told a moment ago.
#[derive(Debug, Default)]
struct Waiting(HashMap<CallRef, Call>);

#[derive(Debug, Default)]
struct Call {
    told_at: Option<Duration>,
    has_changed: bool,
}

impl Waiting {
    fn add(&mut self, call: CallRef) {
        self.0.entry(call).or_default().has_changed = true;
    }

    /// The calls to tell of now.
    fn due(&mut self, now: Duration) -> Vec<CallRef> {
        let rests = |call: &Call| call.told_at.is_some_and(|at| now < at + PAUSE);
        self.0.retain(|_, call| call.has_changed || rests(call));
        let due = self
            .0
            .iter()
            .filter(|(_, call)| call.has_changed && !rests(call));
        due.map(|(call, _)| *call).collect()
    }

    fn told(&mut self, call: CallRef, now: Duration) {
        let call = self.0.entry(call).or_default();
        call.told_at = Some(now);
        call.has_changed = false;
    }
}

#[cfg(test)]
mod tests {
    use sidetone_core::id::{AccountSid, CallSid};

    use super::*;

    #[test]
    fn a_call_is_told_at_once_and_then_once_a_second() {
        let call = CallRef {
            account: AccountSid::from_bytes([1; 16]),
            sid: CallSid::from_bytes([2; 16]),
        };
        let mut waiting = Waiting::default();
        let at = Duration::from_millis;
        // When it changes, and whether it is told then.
        for (ms, changes, is_told) in [
            (0, true, true),
            (100, false, false),
            (200, true, false),
            (900, true, false),
            (1000, false, true),
            (1999, true, false),
            (2000, false, true),
            (9000, false, false),
            (9100, true, true),
        ] {
            if changes {
                waiting.add(call);
            }
            let due = waiting.due(at(ms));
            assert_eq!(due == [call], is_told, "{ms}");
            if is_told {
                waiting.told(call, at(ms));
            }
        }
        assert!(waiting.due(at(99_000)).is_empty());
        assert!(waiting.0.is_empty(), "what rests is forgotten");
    }
}
