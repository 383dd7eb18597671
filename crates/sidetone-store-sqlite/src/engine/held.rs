//! Which changes are in a follower's hands.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;

/// The changes that are in somebody's hands, by follower and call.
#[derive(Debug, Default)]
pub(crate) struct Held(Mutex<HashMap<(i64, CallRef), Lease>>);

#[derive(Debug)]
struct Lease {
    /// The handle that took them.
    owner: u64,
    until: TimeUs,
    /// Those that were taken together may hold several of a call.
    changes: BTreeSet<i64>,
}

impl Held {
    /// Whether nobody has any of the call's.
    pub(crate) fn is_free(&self, line: (i64, CallRef), now: TimeUs) -> bool {
        self.lock()
            .get(&line)
            .is_none_or(|lease| lease.until <= now)
    }

    /// Takes changes of calls of which nobody has any. Says which of the calls are taken.
    pub(crate) fn take(
        &self,
        lines: HashMap<(i64, CallRef), BTreeSet<i64>>,
        owner: u64,
        now: TimeUs,
        until: TimeUs,
    ) -> Vec<i64> {
        let mut held = self.lock();
        let mut taken = Vec::new();
        for (line, changes) in lines {
            if held.get(&line).is_some_and(|lease| now < lease.until) {
                continue;
            }
            taken.extend(&changes);
            let lease = Lease {
                owner,
                until,
                changes,
            };
            held.insert(line, lease);
        }
        taken.sort_unstable();
        taken
    }

    /// Whether a change is in somebody's hands.
    pub(crate) fn has(&self, line: (i64, CallRef), change: i64) -> bool {
        self.lock()
            .get(&line)
            .is_some_and(|lease| lease.changes.contains(&change))
    }

    /// Lets go of a change, and with the last one of its call's.
    pub(crate) fn release(&self, line: (i64, CallRef), change: i64) {
        let mut held = self.lock();
        if let Some(lease) = held.get_mut(&line)
            && lease.changes.remove(&change)
            && lease.changes.is_empty()
        {
            held.remove(&line);
        }
    }

    /// Lets go of changes that are no more.
    pub(crate) fn forget(&self, follower: i64, gone: &[i64]) {
        if gone.is_empty() {
            return;
        }
        self.lock().retain(|(of, _), lease| {
            if *of == follower {
                lease.changes.retain(|change| !gone.contains(change));
            }
            !lease.changes.is_empty()
        });
    }

    /// The handle is gone.
    pub(crate) fn release_all_of(&self, owner: u64) {
        self.lock().retain(|_, lease| lease.owner != owner);
    }

    /// No lease lasts longer than until then.
    pub(crate) fn end_by(&self, latest: TimeUs) {
        self.lock().retain(|_, lease| lease.until <= latest);
    }

    /// A panic elsewhere leaves the map as good as it was.
    fn lock(&self) -> MutexGuard<'_, HashMap<(i64, CallRef), Lease>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
