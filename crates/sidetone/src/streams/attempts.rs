//! What sinks were sent last, and what they answered. In memory: for people who look whether it works.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sidetone_core::closed_set;
use sidetone_core::id::{CallSid, SinkSid};
use sidetone_core::time::TimeUs;
use sidetone_store::delivery::DeliveryId;

/// Requests that are remembered of a sink.
const ATTEMPTS_MAX: usize = 100;
/// Events of a request that are.
pub const EVENTS_MAX: usize = 10;
/// Sinks of which anything is.
const SINKS_MAX: usize = 1_000;

closed_set!(
    /// What became of a request.
    AttemptResult {
        /// It arrived.
        Delivered = "delivered",
        /// It did not, and what it carried comes again.
        Failed = "failed",
        /// It did not, and some of what it carried was given up.
        Dead = "dead",
    }
);

/// A request to a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub at: TimeUs,
    /// How long it took.
    pub took: Duration,
    /// What became of it.
    pub result: AttemptResult,
    /// What it was answered. `None`: there was no answer.
    pub status: Option<u16>,
    /// Why it did not arrive, or what of it was not taken all the same.
    pub error: Option<String>,
    /// Bytes of its body; 0: it could not be made.
    pub bytes: usize,
    /// How many events it carried.
    pub event_count: usize,
    /// The first of them, at most [`EVENTS_MAX`].
    pub events: Vec<AttemptedEvent>,
}

/// An event that a request carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptedEvent {
    /// Its delivery.
    pub id: DeliveryId,
    /// Its type, without what all types begin with.
    pub kind: String,
    /// The call it is of. `None`: it is of none.
    pub call: Option<CallSid>,
    /// The how-manieth time it was sent, from 1.
    pub attempt: u32,
}

/// The last attempts of each sink.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<SinkSid, VecDeque<Arc<Attempt>>>>);

impl Attempts {
    /// Remembers one.
    pub fn note(&self, sink: SinkSid, attempt: Attempt) {
        let mut attempts = self.lock();
        if attempts.len() >= SINKS_MAX && !attempts.contains_key(&sink) {
            return;
        }
        let of_sink = attempts.entry(sink).or_default();
        of_sink.truncate(ATTEMPTS_MAX - 1);
        of_sink.push_front(Arc::new(attempt));
    }

    /// Those of a sink, latest first.
    #[must_use]
    pub fn of(&self, sink: SinkSid) -> Vec<Arc<Attempt>> {
        let attempts = self.lock();
        let of_sink = attempts.get(&sink).into_iter().flatten();
        of_sink.cloned().collect()
    }

    /// Forgets those of a sink that is no more.
    pub fn forget(&self, sink: SinkSid) {
        self.lock().remove(&sink);
    }

    /// A panic elsewhere leaves them as good as they were.
    fn lock(&self) -> MutexGuard<'_, HashMap<SinkSid, VecDeque<Arc<Attempt>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_each_sink_are_remembered() {
        let attempts = Attempts::default();
        let attempt = |n: usize| Attempt {
            at: TimeUs::EPOCH,
            took: Duration::ZERO,
            result: AttemptResult::Delivered,
            status: Some(200),
            error: None,
            bytes: n,
            event_count: 1,
            events: Vec::new(),
        };
        let sid = |n: usize| SinkSid::from_bytes((n as u128).to_be_bytes());
        for n in 0..250 {
            attempts.note(sid(1), attempt(n));
        }
        let bytes: Vec<_> = attempts.of(sid(1)).iter().map(|it| it.bytes).collect();
        assert_eq!(bytes, (150..250).rev().collect::<Vec<_>>());
        for n in 2..=SINKS_MAX + 1 {
            attempts.note(sid(n), attempt(n));
        }
        assert_eq!(attempts.of(sid(SINKS_MAX)).len(), 1);
        assert_eq!(attempts.of(sid(SINKS_MAX + 1)).len(), 0);
        attempts.forget(sid(1));
        assert_eq!(attempts.of(sid(1)).len(), 0);
    }
}
