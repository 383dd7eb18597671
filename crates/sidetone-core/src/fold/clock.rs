//! The clock that times of a leg are of.

use std::collections::BTreeMap;

use crate::time::TimeUs;

/// One agent's clock, and how far it is ahead of those of others.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    /// Whose it is.
    pub(super) agent: u32,
    /// Of each other agent that saw the leg and is known to compare with: how far this clock is ahead, in microseconds.
    pub(super) ahead_us: BTreeMap<u32, i64>,
}

impl Clock {
    /// When something happened that these agents saw. By this clock if any of them tells it, else by that of the first of them;
    /// `None` when nobody saw it.
    pub(super) fn time(&self, seen: &BTreeMap<u32, TimeUs>) -> Option<TimeUs> {
        let own = seen.get(&self.agent).copied();
        own.or_else(|| {
            let mut others = seen.iter();
            others.find_map(|(agent, at)| Some(at.plus_us(*self.ahead_us.get(agent)?)))
        })
        .or_else(|| seen.values().next().copied())
    }
}
