//! The calls that are remembered, found by what packets tell of them: a name, an address, a source.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::SocketAddr;

use smallvec::SmallVec;

use super::clue::{DialogStep, Seen};
use super::holders::Holders;
use super::keys::{AsIs, Key, Keys, Told};
use crate::id::{AccountSid, CallRef};
use crate::time::{SECOND_US, TimeUs};

/// How long an ended call is remembered: what was sent before it ended may still be on its way.
pub(super) const LINGER_US: i64 = 60 * SECOND_US;
/// Most addresses, and most sources and names, remembered of one call.
pub(super) const CLUES_MAX: usize = 32;
/// So many of either take no memory of their own: those of a proxied call.
const CLUES_USUAL: usize = 4;
/// Before anything was.
const NOT_YET: TimeUs = TimeUs::from_micros(i64::MIN);
/// After everything.
const NEVER: TimeUs = TimeUs::from_micros(i64::MAX);

/// The calls of all accounts.
#[derive(Debug, Default)]
pub(super) struct Calls {
    keys: Keys,
    by_name: HashMap<Key, Known, AsIs>,
    /// The calls of addresses, sources and names that are no Call-IDs.
    by_clue: HashMap<Key, Holders, AsIs>,
}

/// A call that is remembered. Its messages may come in any order.
#[derive(Debug)]
pub(super) struct Known {
    /// The call: its natural identity, or the one a trusted header gave it.
    pub(super) call: CallRef,
    pub(super) forget_at: TimeUs,
    /// When it was first told of.
    began: TimeUs,
    /// When it was asked for last: after a challenge it is asked for anew.
    asked_at: TimeUs,
    /// Whether a clock that tells of it may be wrong.
    pub(super) is_off: bool,
    is_accepted: bool,
    /// When it was refused last. Nothing else ends a call that was not accepted, and of one that
    /// was it is a re-INVITE.
    refused_at: TimeUs,
    ended_at: TimeUs,
    rtcp: Clues,
    noticed: Clues,
}

type Clues = SmallVec<[Key; CLUES_USUAL]>;

impl Known {
    /// A call that something tells of at that time.
    pub(super) const fn new(call: CallRef, began: TimeUs) -> Self {
        Self {
            call,
            // Until something is learnt of it.
            forget_at: TimeUs::EPOCH,
            began,
            asked_at: began,
            is_off: false,
            is_accepted: false,
            refused_at: NOT_YET,
            ended_at: NOT_YET,
            rtcp: SmallVec::new_const(),
            noticed: SmallVec::new_const(),
        }
    }

    /// A call that began some time ago.
    pub(super) const fn running(call: CallRef) -> Self {
        let mut known = Self::new(call, TimeUs::EPOCH);
        known.is_accepted = true;
        known
    }

    /// Learns what a message of that time does to its dialog.
    pub(super) fn learn(&mut self, step: DialogStep, at: TimeUs, now: TimeUs, idle_us: i64) {
        self.began = self.began.min(at);
        match step {
            DialogStep::Begins => self.asked_at = self.asked_at.max(at),
            DialogStep::Accepts => self.is_accepted = true,
            DialogStep::Refuses => self.refused_at = self.refused_at.max(at),
            DialogStep::Ends => self.ended_at = self.ended_at.max(at),
            DialogStep::Other => {}
        }
        let memory_us = if self.has_ended() { LINGER_US } else { idle_us };
        self.forget_at = now.plus_us(memory_us);
    }

    /// When it ended, [`NEVER`] while it runs.
    fn end(&self) -> TimeUs {
        let end = if self.is_accepted {
            self.ended_at
        } else {
            self.ended_at.max(self.refused_at)
        };
        if end < self.asked_at { NEVER } else { end }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.end() < NEVER
    }

    /// Whether it had not ended when something was received, as far as what had been received by
    /// then tells.
    fn ran_at_receipt(&self, at: TimeUs) -> bool {
        !self.has_ended() || at.plus_us(LINGER_US) <= self.forget_at
    }
}

impl Calls {
    /// The key of what is told within an account.
    pub(super) fn key(&self, account: AccountSid, told: Told<'_>) -> Key {
        self.keys.told(account, told)
    }

    /// The key of anything.
    pub(super) fn key_of(&self, it: impl Hash) -> Key {
        self.keys.any(it)
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// How many calls are remembered, and how many addresses, sources and names of theirs.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        let clues = self.by_clue.values().map(Holders::len);
        (self.by_name.len(), clues.sum())
    }

    pub(super) fn has(&self, name: Key) -> bool {
        self.by_name.contains_key(&name)
    }

    pub(super) fn get_mut(&mut self, name: Key) -> Option<&mut Known> {
        self.by_name.get_mut(&name)
    }

    /// Begins to remember a call that is not remembered yet.
    pub(super) fn begin(&mut self, name: Key, known: Known) -> &mut Known {
        self.by_name.entry(name).or_insert(known)
    }

    /// Takes it that an address is the call's from a time on, until another call announces it.
    pub(super) fn announce(&mut self, name: Key, address: SocketAddr, at: TimeUs) {
        let Some(known) = self.by_name.get_mut(&name) else {
            return;
        };
        let clue = self.keys.told(known.call.account, Told::Rtcp(address));
        remember(&mut known.rtcp, clue);
        // What the call does not keep would never be forgotten.
        if known.rtcp.contains(&clue) {
            self.by_clue.entry(clue).or_default().add(name, at);
        }
    }

    /// Takes it that a source, or a name that is no Call-ID, is the call's as long as it lasts, if
    /// that is new.
    pub(super) fn notice(&mut self, name: Key, clue: Key) {
        let Some(known) = self.by_name.get_mut(&name) else {
            return;
        };
        if remember(&mut known.noticed, clue) {
            self.by_clue.entry(clue).or_default().add(name, known.began);
        }
    }

    /// Whether a name is known to be no Call-ID.
    pub(super) fn is_alias(&self, name: Key) -> bool {
        self.by_clue.contains_key(&name)
    }

    /// The name of the call that packets of a time belong to by what is told of them: by the first
    /// that was one running call's only, else by the first that was any's; else by another name of
    /// theirs, if that was one running call's only.
    pub(super) fn at<'a>(
        &self,
        seen: Seen,
        account: AccountSid,
        told: impl Iterator<Item = Told<'a>>,
        alias: Option<Key>,
    ) -> Option<Key> {
        let holder = |clue: Key| {
            let holders = self.by_clue.get(&clue)?;
            let known = |name| self.by_name.get(&name);
            let ran =
                |it: &Known| (seen.is_off() || it.is_off) && it.ran_at_receipt(seen.received_at);
            holders
                .at(seen.at, |name| known(name).map(Known::end))
                .or_else(|| holders.latest(|name| known(name).is_some_and(ran)))
        };
        let mut first = None;
        for held in told.filter_map(|told| holder(self.key(account, told))) {
            if held.is_certain {
                return Some(held.by);
            }
            first = first.or(Some(held.by));
        }
        let alias = || alias.and_then(holder).filter(|held| held.is_certain);
        first.or_else(|| alias().map(|held| held.by))
    }

    /// Forgets the calls whose time has come.
    pub(super) fn forget(&mut self, now: TimeUs) {
        let by_clue = &mut self.by_clue;
        self.by_name.retain(|name, known| {
            let keep = now < known.forget_at;
            if !keep {
                for clue in known.rtcp.iter().chain(&known.noticed) {
                    // Another call may have it by now.
                    let others = by_clue.get_mut(clue).map(|it| it.remove(*name));
                    if others == Some(false) {
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
