//! Which deliveries are in somebody's hands.
//!
//! In memory: a database has one server, and what a crash leaves half done is then due again at the next start, not when
//! a lease has run out. It also spares two writes a delivery.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sidetone_core::time::TimeUs;

use crate::delivery::DeliveryId;

/// The leases of a store.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    held: HashMap<DeliveryId, Lease>,
    tickets: u64,
}

/// A delivery that is in somebody's hands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    /// Its row, which is found by nothing else.
    pub(super) row: i64,
    /// How long it is theirs.
    pub(super) until: TimeUs,
    /// Which others were taken together with it.
    pub(super) ticket: u64,
}

impl Leases {
    /// A mark for the leases that are taken together.
    pub(super) fn ticket(&self) -> u64 {
        let mut state = self.lock();
        state.tickets += 1;
        state.tickets
    }

    /// Whether somebody has it.
    pub(super) fn is_held(&self, id: &DeliveryId, now: TimeUs) -> bool {
        let state = self.lock();
        state.held.get(id).is_some_and(|lease| now < lease.until)
    }

    /// Its row, if somebody has it or had it last.
    pub(super) fn row(&self, id: &DeliveryId) -> Option<i64> {
        self.lock().held.get(id).map(|lease| lease.row)
    }

    /// Takes it, unless somebody has it.
    pub(super) fn lease(&self, id: DeliveryId, now: TimeUs, lease: Lease) -> bool {
        let mut state = self.lock();
        if state.held.get(&id).is_some_and(|held| now < held.until) {
            return false;
        }
        state.held.insert(id, lease);
        true
    }

    /// Gives them back.
    pub(super) fn release<'a>(&self, ids: impl Iterator<Item = &'a DeliveryId>) {
        let mut state = self.lock();
        for id in ids {
            state.held.remove(id);
        }
    }

    /// Gives back all that were taken together: whoever asked for them did not get them.
    pub(super) fn undo(&self, ticket: u64) {
        self.lock().held.retain(|_, lease| lease.ticket != ticket);
    }

    /// A panic elsewhere leaves the map as good as it was.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
