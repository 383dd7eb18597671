//! Which call a mirrored packet belongs to, as far as the packets before it tell.
//!
//! Whose call a SIP message is follows from its Call-ID alone; what has to be remembered is which
//! Call-IDs are calls (only an INVITE makes one), and where their media goes, because RTCP names no
//! call, or by a name of its agent's own.
//!
//! Addresses go from one call to the next, and packets do not come in the order in which they were
//! seen: so it is told by the time at which each was seen whose an address was; where that tells
//! nothing and a clock may be wrong, by whose it was when the packet came.

use std::collections::HashMap;

use super::calls::{Calls, Known};
use super::clue::{DialogStep, Evidence, MediaClue, SipClue};
use super::keys::{AsIs, Key, Told};
use super::limits::Limits;
use super::name::sip_call_sid;
use crate::id::{AccountSid, CallRef};
use crate::time::{SECOND_US, TimeUs};

/// How long packets need not wait whose like has waited in vain: their call may have begun
/// meanwhile.
const HOPELESS_US: i64 = 60 * SECOND_US;
/// Most of these that are remembered; others wait.
const HOPELESS_MAX: usize = 100_000;
/// How often forgotten calls are looked for.
const SWEEP_US: i64 = 10 * SECOND_US;

/// Remembers what explains packets to come.
#[derive(Debug)]
pub struct Tracker {
    limits: Limits,
    calls: Calls,
    /// Reports whose like has waited in vain, and until when they need not wait.
    hopeless: HashMap<Key, TimeUs, AsIs>,
    sweep_at: TimeUs,
}

impl Tracker {
    /// Remembers nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            calls: Calls::default(),
            hopeless: HashMap::default(),
            sweep_at: TimeUs::from_micros(i64::MIN),
        }
    }

    /// The call of a SIP message; `None` while no INVITE of its dialog was seen.
    pub fn sip(&mut self, clue: &SipClue<'_>, now: TimeUs) -> Option<CallRef> {
        let name = self.calls.key(clue.account, Told::Name(clue.call_id));
        let room = self.calls.len() < self.limits.calls;
        let known = match self.calls.get_mut(name) {
            Some(known) => known,
            None if clue.step != DialogStep::Begins => return None,
            None => {
                let natural = || sip_call_sid(clue.account, clue.call_id);
                let call = CallRef {
                    account: clue.account,
                    sid: clue.sid.unwrap_or_else(natural),
                };
                if !room {
                    // It is a call all the same; what does not name it by its Call-ID will not find
                    // it.
                    return Some(call);
                }
                self.calls.begin(name, Known::new(call, clue.seen.at))
            }
        };
        known.is_off |= clue.seen.is_off();
        known.learn(clue.step, clue.seen.at, now, self.limits.idle_us);
        let call = known.call;
        for address in clue.rtcp {
            self.calls.announce(name, *address, clue.seen.at);
        }
        self.notice_sources(name, clue.account, clue.ssrcs);
        Some(call)
    }

    /// The call of an RTCP packet or of a phone's report: by the name it has, if that is a Call-ID;
    /// else by what its addresses and sources were at its time, else by what its name has come to
    /// mean. What it has of these is known from then on.
    pub fn media(&mut self, clue: &MediaClue<'_>, now: TimeUs) -> Option<CallRef> {
        let named = clue
            .correlation_id
            .map(|id| self.calls.key(clue.account, Told::Name(id)));
        let name = match named {
            Some(name) if self.calls.has(name) => name,
            Some(_) | None if clue.evidence == Evidence::CallId => return None,
            Some(name)
                if clue.evidence == Evidence::Known
                    && !self.calls.is_alias(name)
                    && !self.is_hopeless(clue, now) =>
            {
                return None;
            }
            Some(_) | None => {
                let addresses = clue.addresses.iter().map(|it| Told::Rtcp(*it));
                let told = addresses.chain(clue.ssrcs.iter().map(|it| Told::Ssrc(*it)));
                self.calls.at(clue.seen, clue.account, told, named)?
            }
        };
        let known = self.calls.get_mut(name)?;
        if !known.has_ended() {
            known.forget_at = now.plus_us(self.limits.idle_us);
        }
        let call = known.call;
        if let Some(alias) = named.filter(|alias| *alias != name) {
            self.calls.notice(name, alias);
        }
        self.notice_sources(name, clue.account, clue.ssrcs);
        Some(call)
    }

    fn notice_sources(&mut self, name: Key, account: AccountSid, ssrcs: &[u32]) {
        for ssrc in ssrcs {
            let source = self.calls.key(account, Told::Ssrc(*ssrc));
            self.calls.notice(name, source);
        }
    }

    /// Remembers a call that was looked up elsewhere: it began before this did, so its INVITE will
    /// not come.
    pub fn recall(&mut self, call: CallRef, call_id: &str, now: TimeUs) {
        if self.calls.len() >= self.limits.calls {
            return;
        }
        let name = self.calls.key(call.account, Told::Name(call_id));
        if !self.calls.has(name) {
            let known = self.calls.begin(name, Known::running(call));
            known.forget_at = now.plus_us(self.limits.idle_us);
        }
    }

    /// Takes it that nothing explains a report, which has waited for that. Those that follow with
    /// its name between its addresses need not wait, for a while.
    pub fn give_up(&mut self, clue: &MediaClue<'_>, now: TimeUs) {
        if self.hopeless.len() < HOPELESS_MAX {
            let until = now.plus_us(HOPELESS_US);
            self.hopeless.insert(self.like(clue), until);
        }
    }

    /// Whether the like of a report has waited in vain.
    #[must_use]
    pub fn is_hopeless(&self, clue: &MediaClue<'_>, now: TimeUs) -> bool {
        !self.hopeless.is_empty()
            && self
                .hopeless
                .get(&self.like(clue))
                .is_some_and(|until| now < *until)
    }

    fn like(&self, clue: &MediaClue<'_>) -> Key {
        self.calls
            .key_of((clue.account, clue.correlation_id, clue.addresses))
    }

    /// Forgets calls that are over, or of which nothing came for long. To be called now and then.
    pub fn forget(&mut self, now: TimeUs) {
        if now < self.sweep_at {
            return;
        }
        self.sweep_at = now.plus_us(SWEEP_US);
        self.calls.forget(now);
        self.hopeless.retain(|_, until| now < *until);
    }
}

#[cfg(test)]
mod tests;
