//! How much waits for each sink, and for which as much as may.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sidetone_core::id::SinkSid;
use sidetone_core::time::TimeUs;
use sidetone_store::delivery::Backlog;
use sidetone_store::{Result, Store};

/// How often is looked, which takes a while when much waits.
const LOOK: Duration = Duration::from_secs(60);
/// How often when a sink is full, or may have become so: each second, but so that looking takes a
/// hundredth of the time.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
const LOOK_SHARE: u32 = 100;

/// What is owed to sinks, as it was when it was counted last.
#[derive(Debug, Default)]
pub struct Backlogs(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    sinks: HashMap<SinkSid, Owed>,
    /// When was looked, by how much time had passed, and how long that took.
    looked: Option<(Duration, Duration)>,
    /// Whether one is full, or may have become so since.
    may_be_full: bool,
}

#[derive(Debug, Default, Clone, Copy)]
struct Owed {
    counted: Option<Counted>,
    /// What was added since.
    added: u64,
    is_full: bool,
    refused: u64,
}

/// What was counted, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// How much.
    pub backlog: Backlog,
    /// Then.
    pub at: TimeUs,
}

/// Sinks that became full, and those that are not any more, with what was refused meanwhile.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Turned {
    /// What is new is not kept for these.
    pub full: Vec<SinkSid>,
    /// For these it is again.
    pub open: Vec<(SinkSid, u64)>,
}

impl Backlogs {
    /// Whether what is new may be kept for a sink. Counts it as kept, or as refused.
    pub fn admit(&self, sink: SinkSid, most: u64) -> bool {
        let mut known = self.lock();
        let owed = known.sinks.entry(sink).or_default();
        if owed.is_full {
            owed.refused += 1;
            return false;
        }
        owed.added += 1;
        let backlog = owed.counted.map(|it| it.backlog).unwrap_or_default();
        // Much of it may have arrived since.
        known.may_be_full |= backlog.waiting + backlog.dead + owed.added >= most;
        true
    }

    /// Whether nothing more is kept for a sink until some of it has arrived, and how much was refused
    /// since the start.
    #[must_use]
    pub fn refused(&self, sink: SinkSid) -> (bool, u64) {
        let owed = self.lock().sinks.get(&sink).copied().unwrap_or_default();
        (owed.is_full, owed.refused)
    }

    /// What was counted of a sink last. `None`: nothing yet.
    #[must_use]
    pub fn counted(&self, sink: SinkSid) -> Option<Counted> {
        self.lock().sinks.get(&sink)?.counted
    }

    /// Whether it is time to look.
    #[must_use]
    pub fn is_look_due(&self, passed: Duration) -> bool {
        let known = self.lock();
        known.looked.is_none_or(|(at, took)| {
            let pause = match known.may_be_full {
                true => LOOK_AGAIN.max(took * LOOK_SHARE).min(LOOK),
                false => LOOK,
            };
            passed >= at + pause
        })
    }

    /// Counts what is owed to each sink, and says which turned. `passed`: how much time had, before
    /// and after.
    ///
    /// # Errors
    /// As the store's; then all stays as it was.
    pub async fn look(
        &self,
        store: &dyn Store,
        most: u64,
        now: TimeUs,
        passed: impl Fn() -> Duration,
    ) -> Result<Turned> {
        let begin = passed();
        let counted = store.sink_backlog(most).await?;
        let end = passed();
        let mut known = self.lock();
        let mut turned = Turned::default();
        let mut sinks = HashMap::with_capacity(counted.len());
        let mut is_any_full = false;
        for (sink, backlog) in counted {
            let before = known.sinks.get(&sink).copied().unwrap_or_default();
            let is_full = backlog.waiting + backlog.dead >= most;
            is_any_full |= is_full;
            match (before.is_full, is_full) {
                (false, true) => turned.full.push(sink),
                (true, false) => turned.open.push((sink, before.refused)),
                _ => {}
            }
            let owed = Owed {
                counted: Some(Counted { backlog, at: now }),
                added: 0,
                is_full,
                ..before
            };
            sinks.insert(sink, owed);
        }
        *known = Known {
            sinks,
            looked: Some((end, end.saturating_sub(begin))),
            may_be_full: is_any_full,
        };
        Ok(turned)
    }

    /// How many sinks are full.
    #[must_use]
    pub fn full(&self) -> usize {
        let known = self.lock();
        known.sinks.values().filter(|owed| owed.is_full).count()
    }

    /// A panic elsewhere leaves it as good as it was.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use sidetone_store::conformance::sample::create_account;
    use sidetone_store::conformance::sample::{at, call};
    use sidetone_store::conformance::sinks::{keep, sink_sid};
    use sidetone_store::conformance::stream_events::of;
    use sidetone_store::delivery::{EndpointId, Outcome};
    use sidetone_store::prelude::*;
    use sidetone_store_sqlite::{Options, SqliteStore};

    use super::*;

    const MOST: u64 = 3;

    #[tokio::test]
    async fn a_sink_is_full_until_some_of_it_has_arrived() {
        let [store, _] = SqliteStore::open_temporary_twice(Options::default()).unwrap();
        create_account(&store).await;
        keep(&store, &[1, 2]).await;
        let backlogs = Backlogs::default();
        let sink = sink_sid(1);
        let second = Duration::from_secs;
        let look = async |passed| {
            backlogs
                .look(&store, MOST, at(0), move || second(passed))
                .await
                .unwrap()
        };
        assert!(backlogs.is_look_due(second(0)));
        assert_eq!(look(0).await, Turned::default());
        assert!(!backlogs.is_look_due(second(59)));
        for n in 1..=3 {
            assert!(backlogs.admit(sink, MOST));
            store.deliver(vec![of(n, 1, call(n.into()))]).await.unwrap();
        }
        // It may be full: that is looked at soon.
        assert!(!backlogs.is_look_due(second(0)) && backlogs.is_look_due(second(1)));
        let full = Turned {
            full: vec![sink],
            open: Vec::new(),
        };
        assert_eq!(look(1).await, full);
        assert!(!backlogs.admit(sink, MOST) && !backlogs.admit(sink, MOST));
        assert!(backlogs.admit(sink_sid(2), MOST), "another is not");
        assert_eq!((backlogs.refused(sink), backlogs.full()), ((true, 2), 1));
        assert_eq!(look(2).await, Turned::default(), "nothing new");
        let endpoint = EndpointId::of_sink(sink);
        let taken = store
            .take_deliveries(endpoint, Vec::new(), 1, at(1), at(9))
            .await
            .unwrap();
        let arrived = vec![(taken[0].id, Outcome::Delivered)];
        store
            .take_deliveries(endpoint, arrived, 0, at(1), at(9))
            .await
            .unwrap();
        let open = Turned {
            full: Vec::new(),
            open: vec![(sink, 2)],
        };
        assert!(backlogs.is_look_due(second(3)));
        assert_eq!(look(3).await, open);
        assert!(backlogs.admit(sink, MOST));
        assert_eq!(backlogs.counted(sink).unwrap().backlog.waiting, 2);
    }
}
