//! When each agent of HEP was heard last: an agent that falls silent is noticed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sidetone_core::time::TimeUs;

/// Agents that are remembered. Further ones are not.
const AGENTS_MAX: usize = 10_000;

/// Agents by their capture ids.
#[derive(Debug, Default)]
pub struct Heard(Mutex<HashMap<u32, TimeUs>>);

impl Heard {
    /// An agent sent a packet that was taken.
    pub fn note(&self, agent: u32, at: TimeUs) {
        let mut agents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if agents.len() < AGENTS_MAX || agents.contains_key(&agent) {
            agents.insert(agent, at);
        }
    }

    /// Those that were heard since the start, and when last.
    #[must_use]
    pub fn last(&self) -> Vec<(u32, TimeUs)> {
        let agents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        agents.iter().map(|(agent, at)| (*agent, *at)).collect()
    }
}
