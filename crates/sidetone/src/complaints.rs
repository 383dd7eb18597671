//! Log lines about what others send: bounded, because they can send a hundred thousand bad packets a second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sidetone_core::time::TimeUs;

/// How long a complaint about one thing is silent after it was made.
const PAUSE_US: i64 = 1_000_000;

/// What was complained about, and when.
#[derive(Debug, Default)]
pub struct Complaints(Mutex<HashMap<(&'static str, &'static str), Said>>);

#[derive(Debug)]
struct Said {
    at: TimeUs,
    swallowed: u64,
}

impl Complaints {
    /// Whether to complain now of what came in by a door, and of how many more since the last time. The words are few and
    /// fixed: each is kept.
    pub fn may_say(&self, door: &'static str, what: &'static str, now: TimeUs) -> Option<u64> {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(last) = said.get_mut(&(door, what)) else {
            said.insert(
                (door, what),
                Said {
                    at: now,
                    swallowed: 0,
                },
            );
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
        let complaints = Complaints::default();
        let say = |what, ms: i64| complaints.may_say("door", what, TimeUs::from_micros(ms * 1_000));
        assert_eq!(say("a", 0), Some(0));
        assert_eq!(say("b", 1), Some(0));
        assert_eq!(say("a", 500), None);
        assert_eq!(say("a", 999), None);
        assert_eq!(say("a", 1_000), Some(2));
        assert_eq!(say("a", 1_500), None);
        assert_eq!(say("a", 400), Some(1));
        let other = complaints.may_say("other door", "a", TimeUs::from_micros(400_001));
        assert_eq!(other, Some(0));
    }
}
