//! The outcome of decoding many items: the good ones kept, the others counted and the first of them
//! named.

use crate::error::DecodeError;
use crate::observed::Observed;

/// How many messages of each sort are kept; the rest are only counted, so that bad input cannot
/// fill the memory.
pub const MESSAGES_MAX: usize = 1_000;

/// What came of some items.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Batch {
    /// The good ones, in order. May be taken between two feeds.
    pub observed: Vec<Observed>,
    /// About how much memory they take, in bytes.
    pub bytes: usize,
    /// Those that are wrong.
    pub refused: Tally,
    /// Those that are well-formed but of a type that means nothing here.
    pub ignored: Tally,
}

impl Batch {
    /// Keeps a good one, given the length of its JSON.
    pub fn keep(&mut self, observed: Observed, json_bytes: usize) {
        let bytes = observed.observation.memory_bytes(json_bytes);
        self.bytes = self.bytes.saturating_add(bytes);
        self.observed.push(observed);
    }
}

/// A count, and the first of what is counted.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// The first [`MESSAGES_MAX`].
    pub first: Vec<DecodeError>,
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, error: DecodeError) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < MESSAGES_MAX {
            self.first.push(error);
        }
    }
}
