//! Whose an address, a source or a name was, and from when on: each goes from one call to the next.

use smallvec::SmallVec;

use super::clue::CLOCKS_OFF_US;
use super::keys::Key;
use crate::time::{SECOND_US, TimeUs};

/// How long after its end reports may be a call's: a phone sends them until it hears of the end,
/// most often every 5 s (RFC 3550 §6.2).
pub(super) const LATE_US: i64 = 5 * SECOND_US;
/// Most calls remembered of one address. Beyond, the earliest are forgotten.
pub(super) const HOLDERS_MAX: usize = 1_000;
/// So many of them are asked, from the latest back.
const ASKED_MAX: usize = 32;

/// The calls that had something, by when each had it first.
#[derive(Debug, Default)]
pub(super) struct Holders(SmallVec<[Holder; 1]>);

#[derive(Debug, Clone, Copy)]
struct Holder {
    from: TimeUs,
    name: Key,
}

/// Whose it was at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// The call's name.
    pub(super) by: Key,
    /// Whether that call ran then, and no other did that had it.
    pub(super) is_certain: bool,
}

impl Holders {
    /// Takes it that a call had it from a time on.
    pub(super) fn add(&mut self, name: Key, from: TimeUs) {
        if let Some(own) = self.0.iter().rposition(|it| it.name == name) {
            if self.0[own].from <= from {
                return;
            }
            self.0.remove(own);
        }
        let mut place = self.0.partition_point(|it| it.from <= from);
        if self.0.len() >= HOLDERS_MAX {
            if place == 0 {
                return;
            }
            self.0.remove(0);
            place -= 1;
        }
        self.0.insert(place, Holder { from, name });
    }

    /// Whose it was at a time: the latest call's that ran; else that of the latest which had just
    /// ended, or of the next if its beginning may be a matter of clocks. `end_of` tells when a call
    /// ended.
    pub(super) fn at(&self, at: TimeUs, end_of: impl Fn(Key) -> Option<TimeUs>) -> Option<Held> {
        let begun = self.0.partition_point(|it| it.from <= at);
        let (mut running, mut late) = (None, None);
        for Holder { name, .. } in self.0[..begun].iter().rev().take(ASKED_MAX) {
            match (end_of(*name), running) {
                (Some(end), None) if at <= end => running = Some(*name),
                (Some(end), Some(latest)) if at <= end => {
                    return Some(Held {
                        by: latest,
                        is_certain: false,
                    });
                }
                (Some(end), _) if at <= end.plus_us(LATE_US) => late = late.or(Some(*name)),
                (Some(_) | None, _) => {}
            }
        }
        let next = || {
            self.0
                .get(begun)
                .filter(|it| it.from <= at.plus_us(CLOCKS_OFF_US))
        };
        let by = running.or(late).or_else(|| next().map(|it| it.name))?;
        Some(Held {
            by,
            is_certain: running.is_some(),
        })
    }

    /// Whose it is, whenever it was: the latest call's that is as wanted.
    pub(super) fn latest(&self, is_wanted: impl Fn(Key) -> bool) -> Option<Held> {
        let mut names = self.0.iter().rev().take(ASKED_MAX).map(|it| it.name);
        let by = names.find(|name| is_wanted(*name))?;
        Some(Held {
            by,
            is_certain: false,
        })
    }

    /// Forgets a call. Whether any is left.
    pub(super) fn remove(&mut self, name: Key) -> bool {
        self.0.retain(|it| it.name != name);
        !self.0.is_empty()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
