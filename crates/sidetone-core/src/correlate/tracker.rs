//! Which call a mirrored packet belongs to, as far as the packets before it tell.
//!
//! Whose call a SIP message is follows from its Call-ID alone; what has to be remembered is which Call-IDs are calls (only
//! an INVITE makes one), and where their media goes, because RTCP names no call. What comes before the packet that
//! explains it waits for a bounded time.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;

use super::sip_call_sid;
use crate::id::{AccountSid, CallRef, CallSid};
use crate::time::{SECOND_US, TimeUs};

/// How long a packet waits for the one that explains it.
pub const WAIT_US: i64 = 5 * SECOND_US;
/// How long an ended call is remembered: what was sent before it ended may still be on its way.
const LINGER_US: i64 = 60 * SECOND_US;
/// How often forgotten calls are looked for.
const SWEEP_US: i64 = 10 * SECOND_US;
/// Most addresses and sources remembered of one call.
const CLUES_MAX: usize = 32;

/// How much is remembered.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Calls at once.
    pub calls: usize,
    /// Packets that wait for their call.
    pub waiting: usize,
    /// Bytes of these.
    pub waiting_bytes: usize,
    /// How long a call without an end is remembered after its last packet.
    pub idle_us: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: 1_000_000,
            waiting: 20_000,
            waiting_bytes: 64 << 20,
            idle_us: 4 * 3600 * SECOND_US,
        }
    }
}

/// What a SIP message does to its dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialogStep {
    /// It asks for it.
    Begins,
    /// It accepts it.
    Accepts,
    /// It refuses an INVITE: that for the dialog, or one within it.
    Refuses,
    /// It ends it.
    Ends,
    /// None of these.
    Other,
}

/// What a SIP message tells about which call it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct SipClue<'a> {
    /// Whose network it was seen in.
    pub account: AccountSid,
    /// Call-ID.
    pub call_id: &'a str,
    /// The call a trusted header names.
    pub sid: Option<CallSid>,
    /// What it does to its dialog.
    pub step: DialogStep,
    /// Where its sender wants RTCP.
    pub rtcp: &'a [SocketAddr],
    /// Sources its sender announces.
    pub ssrcs: &'a [u32],
}

/// What an RTCP packet, or a phone's report, tells about which call it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct MediaClue<'a> {
    /// Whose network it was seen in.
    pub account: AccountSid,
    /// The Call-ID its agent gives it, or whatever else that agent calls it.
    pub correlation_id: Option<&'a str>,
    /// Where it came from and where it went.
    pub addresses: &'a [SocketAddr],
    /// Its sender, and the sources it is about.
    pub ssrcs: &'a [u32],
    /// Whether addresses and sources may tell although it has a name that is not known: not while the call of that name may
    /// still begin.
    pub may_guess: bool,
}

/// Remembers what explains packets to come. `T` is a packet that waits.
#[derive(Debug)]
pub struct Tracker<T> {
    limits: Limits,
    naming: Naming,
    accounts: HashMap<AccountSid, Calls>,
    waiting: VecDeque<Waiting<T>>,
    waiting_bytes: usize,
    sweep_at: TimeUs,
}

/// The calls of one account.
#[derive(Debug, Default)]
struct Calls {
    by_call_id: HashMap<Name, Known>,
    by_rtcp: HashMap<SocketAddr, Name>,
    by_ssrc: HashMap<u32, Name>,
}

/// A Call-ID, as 128 bits that nobody outside can foresee: no two Call-IDs share them but by a chance of one in 10²⁶
/// among a million calls. Finding a call touches no text, which would have to come from memory for each packet.
type Name = u128;

/// What makes a [`Name`] of a Call-ID: two keyed hashes.
#[derive(Debug, Default)]
struct Naming([RandomState; 2]);

impl Naming {
    fn name(&self, call_id: &str) -> Name {
        let [high, low] = &self.0;
        Name::from(high.hash_one(call_id)) << 64 | Name::from(low.hash_one(call_id))
    }
}

/// A call that is remembered.
#[derive(Debug)]
struct Known {
    /// The call: its natural identity, or the one a trusted header gave it.
    call: CallRef,
    forget_at: TimeUs,
    is_accepted: bool,
    has_ended: bool,
    rtcp: Vec<SocketAddr>,
    ssrcs: Vec<u32>,
}

#[derive(Debug)]
struct Waiting<T> {
    until: TimeUs,
    bytes: usize,
    packet: T,
}

impl<T> Tracker<T> {
    /// Remembers nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            naming: Naming::default(),
            accounts: HashMap::new(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            sweep_at: TimeUs::from_micros(i64::MIN),
        }
    }

    /// The call of a SIP message; `None` while no INVITE of its dialog was seen.
    pub fn sip(&mut self, clue: &SipClue<'_>, now: TimeUs) -> Option<CallRef> {
        let remembered = self.sizes().0;
        let name = self.naming.name(clue.call_id);
        let Calls {
            by_call_id,
            by_rtcp,
            by_ssrc,
        } = self.accounts.entry(clue.account).or_default();
        let known = match by_call_id.get_mut(&name) {
            Some(known) => known,
            None if clue.step != DialogStep::Begins => return None,
            None => {
                let natural = || sip_call_sid(clue.account, clue.call_id);
                let call = CallRef {
                    account: clue.account,
                    sid: clue.sid.unwrap_or_else(natural),
                };
                if remembered >= self.limits.calls {
                    // It is a call all the same; what does not name it by its Call-ID will not find it.
                    return Some(call);
                }
                by_call_id.entry(name).or_insert(Known::new(call))
            }
        };
        known.learn(clue.step, now, self.limits.idle_us);
        // What the call does not keep would never be forgotten.
        for address in clue.rtcp {
            remember(&mut known.rtcp, *address);
            if known.rtcp.contains(address) {
                // The address may have been another call's before.
                by_rtcp.insert(*address, name);
            }
        }
        for ssrc in clue.ssrcs {
            remember(&mut known.ssrcs, *ssrc);
            if known.ssrcs.contains(ssrc) {
                by_ssrc.insert(*ssrc, name);
            }
        }
        Some(known.call)
    }

    /// The call of an RTCP packet or of a phone's report: by the name it has, else by the addresses, else by its sources.
    /// Its sources are known from then on.
    pub fn media(&mut self, clue: &MediaClue<'_>, now: TimeUs) -> Option<CallRef> {
        let calls = self.accounts.get_mut(&clue.account)?;
        let Calls {
            by_call_id,
            by_rtcp,
            by_ssrc,
        } = calls;
        let named = clue.correlation_id.map(|id| self.naming.name(id));
        let named = named.filter(|name| by_call_id.contains_key(name));
        // An address goes from one call to the next: a call that has ended is told by its name only.
        let runs = |name: &Name| by_call_id.get(name).is_some_and(|known| !known.has_ended);
        let guess = || {
            let by_address = clue.addresses.iter().filter_map(|it| by_rtcp.get(it));
            let by_source = clue.ssrcs.iter().filter_map(|it| by_ssrc.get(it));
            by_address.chain(by_source).copied().find(runs)
        };
        let is_nameless = clue.correlation_id.is_none();
        let name = match named {
            Some(name) => name,
            None if is_nameless || clue.may_guess => guess()?,
            None => return None,
        };
        let known = by_call_id.get_mut(&name)?;
        if !known.has_ended {
            known.forget_at = now.plus_us(self.limits.idle_us);
        }
        for ssrc in clue.ssrcs {
            if remember(&mut known.ssrcs, *ssrc) {
                by_ssrc.insert(*ssrc, name);
            }
        }
        Some(known.call)
    }

    /// Remembers a call that was looked up elsewhere: it began before this did, so its INVITE will not come.
    pub fn recall(&mut self, call: CallRef, call_id: &str, now: TimeUs) {
        if self.sizes().0 >= self.limits.calls {
            return;
        }
        let calls = self.accounts.entry(call.account).or_default();
        let name = self.naming.name(call_id);
        calls.by_call_id.entry(name).or_insert(Known {
            forget_at: now.plus_us(self.limits.idle_us),
            is_accepted: true,
            ..Known::new(call)
        });
    }

    /// Lets a packet of so many bytes wait for the one that explains it. Gives it back when too many wait.
    ///
    /// # Errors
    /// The packet, when it cannot wait.
    pub fn wait(&mut self, packet: T, bytes: usize, now: TimeUs) -> Result<(), T> {
        let all_bytes = self.waiting_bytes.saturating_add(bytes);
        if self.waiting.len() >= self.limits.waiting || all_bytes > self.limits.waiting_bytes {
            return Err(packet);
        }
        self.wait_on(packet, bytes, now.plus_us(WAIT_US));
        Ok(())
    }

    /// Takes all that waits, to be tried again: each packet, its bytes, and until when it may wait.
    pub fn take_waiting(&mut self) -> Vec<(T, usize, TimeUs)> {
        self.waiting_bytes = 0;
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        waiting.map(|it| (it.packet, it.bytes, it.until)).collect()
    }

    /// Lets a packet wait that has waited before.
    pub fn wait_on(&mut self, packet: T, bytes: usize, until: TimeUs) {
        self.waiting_bytes = self.waiting_bytes.saturating_add(bytes);
        self.waiting.push_back(Waiting {
            until,
            bytes,
            packet,
        });
    }

    /// How many calls are remembered, and how many packets wait.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        let calls = self.accounts.values().map(|calls| calls.by_call_id.len());
        (calls.sum(), self.waiting.len())
    }

    /// Forgets calls that are over, or of which nothing came for long. To be called now and then.
    pub fn forget(&mut self, now: TimeUs) {
        if now < self.sweep_at {
            return;
        }
        self.sweep_at = now.plus_us(SWEEP_US);
        self.accounts.retain(|_, calls| {
            calls.forget(now);
            !calls.by_call_id.is_empty()
        });
    }
}

impl Known {
    const fn new(call: CallRef) -> Self {
        Self {
            call,
            // Until something is learnt of it.
            forget_at: TimeUs::EPOCH,
            is_accepted: false,
            has_ended: false,
            rtcp: Vec::new(),
            ssrcs: Vec::new(),
        }
    }

    /// Learns what a message does to its dialog.
    fn learn(&mut self, step: DialogStep, now: TimeUs, idle_us: i64) {
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
    fn forget(&mut self, now: TimeUs) {
        let (by_rtcp, by_ssrc) = (&mut self.by_rtcp, &mut self.by_ssrc);
        self.by_call_id.retain(|name, known| {
            let keep = now < known.forget_at;
            if !keep {
                for address in &known.rtcp {
                    remove_own(by_rtcp, address, *name);
                }
                for ssrc in &known.ssrcs {
                    remove_own(by_ssrc, ssrc, *name);
                }
            }
            keep
        });
    }
}

/// Adds a clue, up to a bound. Whether it is new.
fn remember<C: PartialEq>(clues: &mut Vec<C>, clue: C) -> bool {
    let is_new = clues.len() < CLUES_MAX && !clues.contains(&clue);
    if is_new {
        clues.push(clue);
    }
    is_new
}

/// Another call may have the address by now.
fn remove_own<K: std::hash::Hash + Eq>(clues: &mut HashMap<K, Name>, key: &K, name: Name) {
    if clues.get(key) == Some(&name) {
        clues.remove(key);
    }
}

#[cfg(test)]
mod tests;
