//! Packets that wait for the one that explains them.

use std::collections::{HashMap, VecDeque};

use super::limits::Limits;
use crate::id::AccountSid;
use crate::time::TimeUs;

/// Packets that wait, in the order in which they came. `T` is a packet.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    limits: Limits,
    packets: VecDeque<Waiter<T>>,
    taken: Room,
    taken_by: HashMap<AccountSid, Room>,
}

/// A packet that waits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Waiter<T> {
    /// Whose network it was seen in.
    pub(super) account: AccountSid,
    pub(super) packet: T,
    /// About how much memory it takes.
    pub(super) bytes: usize,
    pub(super) since: TimeUs,
}

/// What packets that wait take up.
#[derive(Debug, Default, Clone, Copy)]
struct Room {
    packets: usize,
    bytes: usize,
}

impl Room {
    const fn with(self, bytes: usize) -> Self {
        Self {
            packets: self.packets.saturating_add(1),
            bytes: self.bytes.saturating_add(bytes),
        }
    }
}

impl<T> Waiting<T> {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            packets: VecDeque::new(),
            taken: Room::default(),
            taken_by: HashMap::new(),
        }
    }

    /// Lets a packet wait.
    ///
    /// # Errors
    /// The packet, when too many wait, or too many of its account ([`Limits::waiting`]).
    pub(super) fn begin(&mut self, waiter: Waiter<T>) -> Result<(), T> {
        let own = self.taken_by.get(&waiter.account).copied();
        let own = own.unwrap_or_default().with(waiter.bytes);
        let all = self.taken.with(waiter.bytes);
        let fits = |own: usize, all: usize, limit: usize| own.saturating_add(all) <= limit;
        if fits(own.packets, all.packets, self.limits.waiting)
            && fits(own.bytes, all.bytes, self.limits.waiting_bytes)
        {
            self.go_on(waiter);
            Ok(())
        } else {
            Err(waiter.packet)
        }
    }

    /// Lets a packet wait that has waited before.
    pub(super) fn go_on(&mut self, waiter: Waiter<T>) {
        self.taken = self.taken.with(waiter.bytes);
        let own = self.taken_by.entry(waiter.account).or_default();
        *own = own.with(waiter.bytes);
        self.packets.push_back(waiter);
    }

    /// Takes all that waits, to be tried again.
    pub(super) fn take(&mut self) -> Vec<Waiter<T>> {
        self.taken = Room::default();
        self.taken_by.clear();
        std::mem::take(&mut self.packets).into()
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.packets.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND_US;

    const ACCOUNT: AccountSid = AccountSid::from_bytes([1; 16]);
    const NOW: TimeUs = TimeUs::from_micros(1_000_000_000_000_000);

    fn waiter<T>(account: AccountSid, packet: T, bytes: usize) -> Waiter<T> {
        Waiter {
            account,
            packet,
            bytes,
            since: NOW,
        }
    }

    #[test]
    fn packets_wait_in_order_up_to_a_bound() {
        let mut waiting = Waiting::new(Limits {
            waiting: 4,
            ..Limits::default()
        });
        let one = || waiter(ACCOUNT, "one", 10);
        let two = || Waiter {
            since: NOW.plus_us(SECOND_US),
            ..waiter(ACCOUNT, "two", 10)
        };
        assert_eq!(waiting.begin(one()), Ok(()));
        assert_eq!(waiting.begin(two()), Ok(()));
        let third = waiting.begin(waiter(ACCOUNT, "three", 1));
        assert_eq!(third, Err("three"));
        assert_eq!(waiting.take(), [one(), two()]);
        assert_eq!(waiting.len(), 0);
        // Few large ones are as much as many small ones.
        let mut wait = |packet, bytes| waiting.begin(waiter(ACCOUNT, packet, bytes));
        assert_eq!(wait("huge", (64 << 20) + 1), Err("huge"));
        assert_eq!(wait("large", 64 << 20), Ok(()));
        assert_eq!(wait("small", 1), Err("small"));
    }

    #[test]
    fn no_account_crowds_out_another() {
        let mut waiting = Waiting::new(Limits {
            waiting: 120,
            ..Limits::default()
        });
        // Each floods for as long as it may; the next still has room, if ever less.
        for (n, expected) in [(1, 60), (2, 30), (3, 15), (1, 0)] {
            let account = AccountSid::from_bytes([n; 16]);
            let taken = (0..200).filter(|_| waiting.begin(waiter(account, (), 10)).is_ok());
            assert_eq!(taken.count(), expected, "{n}");
        }
        // What waits on keeps its place.
        for waiter in waiting.take() {
            waiting.go_on(waiter);
        }
        let first = AccountSid::from_bytes([1; 16]);
        assert_eq!(waiting.begin(waiter(first, (), 10)), Err(()));
        let other = AccountSid::from_bytes([9; 16]);
        assert_eq!(waiting.begin(waiter(other, (), 10)), Ok(()));
    }
}
