//! The calls that are remembered, found by what packets tell of them: a name, an address, a source.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::net::SocketAddr;

use smallvec::SmallVec;

use super::{DialogStep, LINGER_US};
use crate::id::{AccountSid, CallRef};
use crate::time::TimeUs;

/// Most addresses, and most sources, remembered of one call.
pub(super) const CLUES_MAX: usize = 32;
/// So many of either take no memory of their own: those of a proxied call.
const CLUES_USUAL: usize = 4;

/// Something that packets of a call have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Told<'a> {
    /// The Call-ID.
    Name(&'a str),
    /// Where a side wants RTCP.
    Rtcp(SocketAddr),
    /// A source of its media.
    Ssrc(u32),
}

/// What is told within one account, as 64 bits that nobody outside can foresee. That a new call meets one of a million
/// others has a chance of one in 10¹³. Finding a call touches no text, which would have to come from memory for each packet.
pub(super) type Key = u64;

/// The calls of all accounts.
#[derive(Debug, Default)]
pub(super) struct Calls {
    keys: RandomState,
    by_name: HashMap<Key, Known, AsIs>,
    /// The names of calls by their addresses and sources.
    by_clue: HashMap<Key, Key, AsIs>,
}

/// A call that is remembered. It fits into two lines of a processor's cache, as it is fetched for each packet.
#[derive(Debug)]
pub(super) struct Known {
    /// The call: its natural identity, or the one a trusted header gave it.
    pub(super) call: CallRef,
    pub(super) forget_at: TimeUs,
    pub(super) is_accepted: bool,
    pub(super) has_ended: bool,
    rtcp: Clues,
    ssrcs: Clues,
}

type Clues = SmallVec<[Key; CLUES_USUAL]>;

impl Known {
    pub(super) const fn new(call: CallRef) -> Self {
        Self {
            call,
            // Until something is learnt of it.
            forget_at: TimeUs::EPOCH,
            is_accepted: false,
            has_ended: false,
            rtcp: SmallVec::new_const(),
            ssrcs: SmallVec::new_const(),
        }
    }

    /// Learns what a message does to its dialog.
    pub(super) fn learn(&mut self, step: DialogStep, now: TimeUs, idle_us: i64) {
        match step {
            DialogStep::Accepts => self.is_accepted = true,
            DialogStep::Refuses => self.has_ended |= !self.is_accepted,
            DialogStep::Ends => self.has_ended = true,
            // After a challenge the same dialog is asked for anew.
            DialogStep::Begins => self.has_ended = false,
            DialogStep::Other => {}
        }
        let memory_us = if self.has_ended { LINGER_US } else { idle_us };
        self.forget_at = now.plus_us(memory_us);
    }
}

impl Calls {
    /// The key of what is told within an account.
    pub(super) fn key(&self, account: AccountSid, told: Told<'_>) -> Key {
        self.keys.hash_one((account, told))
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// How many calls are remembered, and how many addresses and sources of theirs.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.by_name.len(), self.by_clue.len())
    }

    pub(super) fn get_mut(&mut self, name: Key) -> Option<&mut Known> {
        self.by_name.get_mut(&name)
    }

    /// Begins to remember a call that is not remembered yet.
    pub(super) fn begin(&mut self, name: Key, known: Known) -> &mut Known {
        self.by_name.entry(name).or_insert(known)
    }

    /// Takes it that an address or a source is the call's from now on: it may have been another call's before.
    pub(super) fn announce(&mut self, name: Key, told: Told<'_>) {
        let Some(known) = self.by_name.get_mut(&name) else {
            return;
        };
        let clue = self.keys.hash_one((known.call.account, told));
        let clues = match told {
            Told::Ssrc(_) => &mut known.ssrcs,
            Told::Rtcp(_) | Told::Name(_) => &mut known.rtcp,
        };
        remember(clues, clue);
        // What the call does not keep would never be forgotten.
        if clues.contains(&clue) {
            self.by_clue.insert(clue, name);
        }
    }

    /// Takes it that a source is the call's, if that is new.
    pub(super) fn notice(&mut self, name: Key, ssrc: u32) {
        let Some(known) = self.by_name.get_mut(&name) else {
            return;
        };
        let clue = self.keys.hash_one((known.call.account, Told::Ssrc(ssrc)));
        if remember(&mut known.ssrcs, clue) {
            self.by_clue.insert(clue, name);
        }
    }

    /// The name of the first call that something is told of and that has not ended: an address goes from one call to the
    /// next, and one that has ended is told by its name only.
    pub(super) fn running<'a>(
        &self,
        account: AccountSid,
        told: impl Iterator<Item = Told<'a>>,
    ) -> Option<Key> {
        let runs = |name: &Key| self.by_name.get(name).is_some_and(|it| !it.has_ended);
        told.filter_map(|told| self.by_clue.get(&self.key(account, told)))
            .copied()
            .find(runs)
    }

    /// Forgets the calls whose time has come.
    pub(super) fn forget(&mut self, now: TimeUs) {
        let by_clue = &mut self.by_clue;
        self.by_name.retain(|name, known| {
            let keep = now < known.forget_at;
            if !keep {
                for clue in known.rtcp.iter().chain(&known.ssrcs) {
                    // Another call may have it by now.
                    if by_clue.get(clue) == Some(name) {
                        by_clue.remove(clue);
                    }
                }
            }
            keep
        });
    }
}

/// Adds a clue, up to a bound. Whether it is new.
fn remember(clues: &mut Clues, clue: Key) -> bool {
    let is_new = clues.len() < CLUES_MAX && !clues.contains(&clue);
    if is_new {
        clues.push(clue);
    }
    is_new
}

/// A map by what is a hash already.
type AsIs = BuildHasherDefault<Hashed>;

/// Takes a [`Key`] for the hash that it is.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
