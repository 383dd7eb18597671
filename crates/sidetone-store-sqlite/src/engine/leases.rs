//! Which deliveries are in somebody's hands.
//!
//! In memory: a database has one server, and what a crash leaves half done is then due again at the
//! next start, not when a lease has run out. It also spares writes: that of a subject one goes
//! after the other needs none while all goes well.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sidetone_core::time::TimeUs;

use sidetone_store::delivery::DeliveryId;

/// The leases of a store.
#[derive(Debug, Default)]
pub(crate) struct Leases(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    held: HashMap<DeliveryId, Lease>,
    /// Whose turn it is in each line.
    heads: HashMap<Line, DeliveryId>,
    tickets: u64,
}

/// Deliveries that go one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Line {
    /// All of an endpoint and subject.
    Subject(i64, [u8; 16]),
    /// One that is about nothing: a line of its own, by its row.
    Alone(i64),
}

impl Line {
    pub(crate) fn of(endpoint: i64, subject: Option<[u8; 16]>, row: i64) -> Self {
        subject.map_or(Self::Alone(row), |subject| Self::Subject(endpoint, subject))
    }
}

/// A delivery that is in somebody's hands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lease {
    /// Its row, which is found by nothing else.
    pub(crate) row: i64,
    pub(crate) line: Line,
    /// How long it is theirs.
    pub(crate) until: TimeUs,
    /// Which others were taken together with it.
    pub(crate) ticket: u64,
    /// The handle that took it.
    owner: u64,
    /// Who settles it: it is held until that is durable, but the next of its line may go along.
    settled_by: Option<u64>,
}

impl Lease {
    pub(crate) const fn new(row: i64, line: Line, until: TimeUs, ticket: u64, owner: u64) -> Self {
        Self {
            row,
            line,
            until,
            ticket,
            owner,
            settled_by: None,
        }
    }
}

impl Leases {
    /// A mark for the leases that are taken, and for those that are settled, together.
    pub(crate) fn ticket(&self) -> u64 {
        let mut state = self.lock();
        state.tickets += 1;
        state.tickets
    }

    /// The row in somebody's hands because of which another of its line may not be taken: itself or
    /// one before it.
    pub(crate) fn before(&self, line: Line, row: i64, now: TimeUs) -> Option<i64> {
        let state = self.lock();
        let lease = state.held.get(state.heads.get(&line)?)?;
        let is_in_the_way = lease.settled_by.is_none() || lease.row == row;
        (now < lease.until && is_in_the_way).then_some(lease.row)
    }

    /// Whether the same delivery, in another row, is in somebody's hands or not settled for good.
    pub(crate) fn is_of_another(&self, id: &DeliveryId, row: i64, now: TimeUs) -> bool {
        let state = self.lock();
        let lease = state.held.get(id).filter(|lease| lease.row != row);
        lease.is_some_and(|lease| lease.settled_by.is_some() || now < lease.until)
    }

    /// Marks a delivery as settled. `None`: nobody has it any more, or another settles it.
    pub(crate) fn settle(&self, id: &DeliveryId, ticket: u64) -> Option<(i64, Line)> {
        let mut state = self.lock();
        let lease = state.held.get_mut(id)?;
        if lease.settled_by.is_some() {
            return None;
        }
        lease.settled_by = Some(ticket);
        Some((lease.row, lease.line))
    }

    /// Takes a delivery of which nobody has one of the same line.
    pub(crate) fn lease(&self, id: DeliveryId, lease: Lease) {
        let mut state = self.lock();
        state.heads.insert(lease.line, id);
        state.held.insert(id, lease);
    }

    /// Gives them back.
    pub(crate) fn release<'a>(&self, ids: impl Iterator<Item = &'a DeliveryId>) {
        let mut state = self.lock();
        for id in ids {
            if let Some(lease) = state.held.remove(id)
                && state.heads.get(&lease.line) == Some(id)
            {
                state.heads.remove(&lease.line);
            }
        }
    }

    /// Forgets all that was taken and settled with a ticket: it was not written.
    pub(crate) fn undo(&self, ticket: u64) {
        self.retain(|lease| {
            lease.settled_by.take_if(|by| *by == ticket);
            lease.ticket != ticket
        });
    }

    /// The handle is gone.
    pub(crate) fn release_all_of(&self, owner: u64) {
        self.retain(|lease| lease.owner != owner);
    }

    /// No lease lasts longer than until then.
    pub(crate) fn end_by(&self, latest: TimeUs) {
        self.retain(|lease| lease.until <= latest);
    }

    fn retain(&self, mut keeps: impl FnMut(&mut Lease) -> bool) {
        let mut state = self.lock();
        state.held.retain(|_, lease| keeps(lease));
        state.heads = state
            .held
            .iter()
            .filter(|(_, lease)| lease.settled_by.is_none())
            .map(|(id, lease)| (lease.line, *id))
            .collect();
    }

    /// A panic elsewhere leaves the maps as good as they were.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: TimeUs = TimeUs::EPOCH;

    #[test]
    fn what_is_settled_lets_the_next_go_unless_it_was_not_written() {
        let leases = Leases::default();
        let (first, second) = (
            DeliveryId::from_bytes([1; 16]),
            DeliveryId::from_bytes([2; 16]),
        );
        let line = Line::of(7, Some([3; 16]), 1);
        let lease = |row, ticket| Lease::new(row, line, NOW.plus_us(1), ticket, 0);
        leases.lease(first, lease(1, 1));
        assert_eq!(leases.before(line, 2, NOW), Some(1));
        assert_eq!(leases.before(line, 2, NOW.plus_us(1)), None);
        assert_eq!(leases.settle(&first, 2), Some((1, line)));
        assert_eq!(leases.settle(&first, 3), None);
        // Not itself: what is settled is not taken along.
        assert_eq!(leases.before(line, 1, NOW), Some(1));
        assert_eq!(leases.before(line, 2, NOW), None);
        assert!(leases.is_of_another(&first, 2, NOW));
        assert!(!leases.is_of_another(&first, 1, NOW));
        assert!(!leases.is_of_another(&second, 2, NOW));
        leases.lease(second, lease(2, 2));
        leases.undo(2);
        assert_eq!(leases.before(line, 2, NOW), Some(1));
        assert_eq!(leases.settle(&first, 4), Some((1, line)));
        leases.lease(second, lease(2, 4));
        leases.release([first].iter());
        assert_eq!(leases.before(line, 3, NOW), Some(2));
        leases.release([second].iter());
        assert_eq!(leases.before(line, 3, NOW), None);
    }
}
