//! Which changes are in a follower's hands.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;

/// The changes of one call that one follower is told.
pub(crate) type Line = (i64, CallRef);

/// The changes that are in somebody's hands.
#[derive(Debug, Default)]
pub(crate) struct Held(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    leases: HashMap<Line, Lease>,
    tickets: i64,
}

#[derive(Debug)]
struct Lease {
    /// What was taken together has one: who comes late with an old one has no say.
    ticket: i64,
    /// The handle that took them.
    owner: u64,
    until: TimeUs,
    changes: BTreeSet<i64>,
}

impl Held {
    /// Whether nobody has any of the call's.
    pub(crate) fn is_free(&self, line: Line, now: TimeUs) -> bool {
        let state = self.lock();
        let lease = state.leases.get(&line);
        lease.is_none_or(|lease| lease.until <= now)
    }

    /// Takes changes of calls of which nobody has any. Says which are taken, and with which ticket.
    pub(crate) fn take(
        &self,
        lines: HashMap<Line, BTreeSet<i64>>,
        owner: u64,
        now: TimeUs,
        until: TimeUs,
    ) -> (i64, Vec<i64>) {
        let mut state = self.lock();
        state.tickets += 1;
        let ticket = state.tickets;
        let mut taken = Vec::new();
        for (line, changes) in lines {
            let held = state.leases.get(&line);
            if held.is_some_and(|lease| now < lease.until) {
                continue;
            }
            taken.extend(&changes);
            let lease = Lease {
                ticket,
                owner,
                until,
                changes,
            };
            state.leases.insert(line, lease);
        }
        taken.sort_unstable();
        (ticket, taken)
    }

    /// Whether a change is still in the hands of who took it with this ticket.
    pub(crate) fn has(&self, line: Line, ticket: i64, change: i64) -> bool {
        let state = self.lock();
        let lease = state.leases.get(&line);
        lease.is_some_and(|lease| lease.ticket == ticket && lease.changes.contains(&change))
    }

    /// Lets go of a change, and with the last one of its call's.
    pub(crate) fn release(&self, line: Line, ticket: i64, change: i64) {
        let mut state = self.lock();
        if let Some(lease) = state.leases.get_mut(&line)
            && lease.ticket == ticket
            && lease.changes.remove(&change)
            && lease.changes.is_empty()
        {
            state.leases.remove(&line);
        }
    }

    /// Lets go of changes that were taken with a ticket: they are no more, or could not be read.
    pub(crate) fn forget(&self, ticket: i64, changes: &[i64]) {
        if changes.is_empty() {
            return;
        }
        self.lock().leases.retain(|_, lease| {
            if lease.ticket == ticket {
                lease.changes.retain(|change| !changes.contains(change));
            }
            !lease.changes.is_empty()
        });
    }

    /// The follower is no more.
    pub(crate) fn release_all_for(&self, follower: i64) {
        self.lock().leases.retain(|(of, _), _| *of != follower);
    }

    /// The handle is gone.
    pub(crate) fn release_all_of(&self, owner: u64) {
        self.lock().leases.retain(|_, lease| lease.owner != owner);
    }

    /// No lease lasts longer than until then.
    pub(crate) fn end_by(&self, latest: TimeUs) {
        self.lock().leases.retain(|_, lease| lease.until <= latest);
    }

    /// A panic elsewhere leaves the map as good as it was.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
