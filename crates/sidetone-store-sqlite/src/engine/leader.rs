//! Who alone does something, of the handles of a database. In memory: its server died with its process.

use std::sync::{Mutex, PoisonError};

use sidetone_core::time::TimeUs;

/// The handle that leads, and until when.
#[derive(Debug, Default)]
pub(crate) struct Leader(Mutex<Option<(u64, TimeUs)>>);

impl Leader {
    /// Whether a handle leads until a time: it does already, or nobody does.
    pub(crate) fn lead(&self, owner: u64, now: TimeUs, until: TimeUs) -> bool {
        let mut leader = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = leader.is_none_or(|(other, end)| other == owner || end <= now);
        if is_free {
            *leader = Some((owner, until));
        }
        is_free
    }

    /// It lasts no longer than until then.
    pub(crate) fn end_by(&self, latest: TimeUs) {
        let mut leader = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        leader.take_if(|(_, until)| *until > latest);
    }

    /// The handle is gone.
    pub(crate) fn release(&self, owner: u64) {
        let mut leader = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        leader.take_if(|(other, _)| *other == owner);
    }
}
