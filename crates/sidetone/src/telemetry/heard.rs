//! When each agent of HEP was heard last: an agent that falls silent is noticed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Agents that are remembered. Further ones are not.
const AGENTS_MAX: usize = 10_000;
/// How long one is missed.
const MISSED: Duration = Duration::from_secs(24 * 3600);

/// Agents by their capture ids. Times are those that have passed: nobody sets them.
#[derive(Debug, Default)]
pub struct Heard(Mutex<HashMap<u32, Duration>>);

impl Heard {
    /// An agent sent a packet that was taken.
    pub fn note(&self, agent: u32, passed: Duration) {
        let mut agents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if agents.len() < AGENTS_MAX || agents.contains_key(&agent) {
            agents.insert(agent, passed);
        }
    }

    /// Those that were heard since the start and within a day, and when last.
    #[must_use]
    pub fn last(&self, passed: Duration) -> Vec<(u32, Duration)> {
        let mut agents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        agents.retain(|_, at| passed.saturating_sub(*at) < MISSED);
        agents.iter().map(|(agent, at)| (*agent, *at)).collect()
    }
}
