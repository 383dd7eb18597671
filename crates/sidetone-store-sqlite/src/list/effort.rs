//! What a page may cost.
//!
//! Where calls that match lie far apart, a full page takes long, and what is found first waits for
//! what is found last. So a page ends early once it has something and was dear; the next one goes
//! on from there. It is counted in work and not in time: a page is the same on every machine.

use std::cell::Cell;

/// How many rows are wanted.
#[derive(Clone, Copy)]
pub(crate) struct Wish {
    /// So many, whatever they cost.
    pub(crate) least: usize,
    /// No more than so many.
    pub(crate) most: usize,
}

impl Wish {
    /// So many, whatever they cost.
    pub(crate) const fn all(most: usize) -> Self {
        Self { least: most, most }
    }
}

/// A step over rows that lie scattered takes as long as so many of those.
const SCATTERED: u64 = 20;
/// As do an hour that rollups are asked for, the calls of an hour that one of them lists, and a day
/// that is asked what goes together in it.
const HOUR: u64 = 30;
const POSTINGS: u64 = 200;
const DAY: u64 = 500;

/// What was done for a page so far, in steps of `SQLite`'s virtual machine over rows that lie beside
/// each other: ten of them take about a microsecond.
pub(crate) struct Effort {
    spent: Cell<u64>,
    much: u64,
}

impl Effort {
    /// Nothing yet; so much is much.
    pub(crate) const fn until(much: u64) -> Self {
        Self {
            spent: Cell::new(0),
            much,
        }
    }

    /// Steps over rows beside each other.
    pub(crate) fn rows(&self, steps: i32) {
        self.spend(u64::from(steps.unsigned_abs()));
    }

    /// Steps over rows that lie scattered.
    pub(crate) fn scattered_rows(&self, steps: i32) {
        self.spend(u64::from(steps.unsigned_abs()).saturating_mul(SCATTERED));
    }

    /// An hour was looked at.
    pub(crate) fn hour(&self) {
        self.spend(HOUR);
    }

    /// The calls of an hour were unpacked.
    pub(crate) fn postings(&self) {
        self.spend(POSTINGS);
    }

    /// A day was asked.
    pub(crate) fn day(&self) {
        self.spend(DAY);
    }

    /// Whether that is much for a page.
    pub(crate) const fn is_much(&self) -> bool {
        self.spent.get() > self.much
    }

    fn spend(&self, steps: u64) {
        self.spent.set(self.spent.get().saturating_add(steps));
    }
}
