//! Log lines about what others send: bounded, because they can send a hundred thousand bad packets
//! a second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sidetone_core::time::TimeUs;

use super::labels::{PacketReason, PacketResult, RefusalReason, Source, Transport};

/// How long a line about one thing is silent after it was made.
const PAUSE_US: i64 = 1_000_000;

/// What is logged. There are few of them: each that was logged is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A request or a connection that was refused.
    Refusal(Source, RefusalReason),
    /// A packet that was not taken.
    Packet(Transport, PacketResult, PacketReason),
    /// The clock of an agent.
    Clock(Transport),
    /// Packets that could not be kept.
    PacketsNotKept,
    /// Too many connections of agents.
    AgentsCrowded,
    /// A connection of an agent that made room for another.
    AgentDisplaced,
    /// Somebody who could not sign in through the provider of identities.
    Provider,
    /// The store takes nothing.
    StoreUnavailable,
    /// The store is damaged.
    StoreDamaged,
}

/// What was logged, and when.
#[derive(Debug, Default)]
pub struct LogThrottle(Mutex<HashMap<Subject, Logged>>);

#[derive(Debug)]
struct Logged {
    at: TimeUs,
    swallowed: u64,
}

impl LogThrottle {
    /// Whether to log it now, and of how many more since the last time.
    pub fn may_log(&self, what: Subject, now: TimeUs) -> Option<u64> {
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(last) = logged.get_mut(&what) else {
            let first = Logged {
                at: now,
                swallowed: 0,
            };
            logged.insert(what, first);
            return Some(0);
        };
        let since = now.micros().saturating_sub(last.at.micros());
        // A clock that was set back does not silence for longer.
        if (0..PAUSE_US).contains(&since) {
            last.swallowed = last.swallowed.saturating_add(1);
            return None;
        }
        last.at = now;
        Some(std::mem::take(&mut last.swallowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_second_for_each_thing() {
        let log_throttle = LogThrottle::default();
        let log = |what, ms: i64| log_throttle.may_log(what, TimeUs::from_micros(ms * 1_000));
        let (a, b) = (Subject::StoreDamaged, Subject::Clock(Transport::Udp));
        assert_eq!(log(a, 0), Some(0));
        assert_eq!(log(b, 1), Some(0));
        assert_eq!(log(a, 500), None);
        assert_eq!(log(a, 999), None);
        assert_eq!(log(a, 1_000), Some(2));
        assert_eq!(log(a, 1_500), None);
        assert_eq!(log(a, 400), Some(1));
        assert_eq!(log(Subject::Clock(Transport::Tcp), 401), Some(0));
    }
}
