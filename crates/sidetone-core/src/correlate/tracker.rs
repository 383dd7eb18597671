//! Which call a mirrored packet belongs to, as far as the packets before it tell.
//!
//! Whose call a SIP message is follows from its Call-ID alone; what has to be remembered is which Call-IDs are calls (only
//! an INVITE makes one), and where their media goes, because RTCP names no call, or by a name of its agent's own. What comes
//! before the packet that explains it waits for a bounded time.
//!
//! Addresses go from one call to the next, and packets do not come in the order in which they were seen: so it is told by
//! the time at which each was seen whose an address was; where that tells nothing and a clock may be wrong, by whose it was
//! when the packet came.

mod calls;
mod holders;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use self::calls::{AsIs, Calls, Key, Known, Told};
use super::sip_call_sid;
use crate::id::{AccountSid, CallRef, CallSid};
use crate::time::{SECOND_US, TimeUs};

/// How long a packet waits for the one that explains it.
pub const WAIT_US: i64 = 5 * SECOND_US;
/// How far the clocks of agents may be apart, and from ours, and still be right.
const CLOCKS_OFF_US: i64 = 2 * SECOND_US;
/// How long after its end reports may be a call's: a phone sends them until it hears of the end, most often every 5 s
/// (RFC 3550 §6.2).
const LATE_US: i64 = 5 * SECOND_US;
/// How long an ended call is remembered: what was sent before it ended may still be on its way.
const LINGER_US: i64 = 60 * SECOND_US;
/// How long packets need not wait whose like has waited in vain: their call may have begun meanwhile.
const HOPELESS_US: i64 = 60 * SECOND_US;
/// Most of these that are remembered; others wait.
const HOPELESS_MAX: usize = 100_000;
/// How often forgotten calls are looked for.
const SWEEP_US: i64 = 10 * SECOND_US;

/// How much is remembered.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Calls at once.
    pub calls: usize,
    /// Packets that wait for their call. No account's may be more than what is left free: alone, an account has half of
    /// this, and however many flood, there is room for another.
    pub waiting: usize,
    /// Bytes of these, shared alike.
    pub waiting_bytes: usize,
    /// How long a call without an end is remembered after its last packet.
    pub idle_us: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: 1_000_000,
            waiting: 40_000,
            waiting_bytes: 128 << 20,
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

/// When a packet was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// By its agent's clock.
    pub at: TimeUs,
    /// When it came; the same as `at` where it did not come as it was seen.
    pub received_at: TimeUs,
}

impl Seen {
    /// Whether the agent's clock may be wrong.
    const fn is_off(self) -> bool {
        self.at.since_us(self.received_at).saturating_abs() > CLOCKS_OFF_US
    }
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
    /// When it was seen.
    pub seen: Seen,
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
    /// When it was seen.
    pub seen: Seen,
    /// What may tell.
    pub evidence: Evidence,
}

/// What may tell whose a report is, when its name is no Call-ID that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing: messages that were seen before it may still come, and tell otherwise.
    CallId,
    /// Addresses and sources, unless its name may be the Call-ID of a call that will begin.
    Known,
    /// Addresses and sources: nothing better will come.
    All,
}

/// Remembers what explains packets to come. `T` is a packet that waits.
#[derive(Debug)]
pub struct Tracker<T> {
    limits: Limits,
    calls: Calls,
    waiting: VecDeque<Waiting<T>>,
    room: Room,
    room_of: HashMap<AccountSid, Room>,
    /// Reports whose like has waited in vain, and until when they need not wait.
    hopeless: HashMap<Key, TimeUs, AsIs>,
    sweep_at: TimeUs,
}

#[derive(Debug)]
struct Waiting<T> {
    since: TimeUs,
    bytes: usize,
    packet: T,
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

impl<T> Tracker<T> {
    /// Remembers nothing yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            calls: Calls::default(),
            waiting: VecDeque::new(),
            room: Room::default(),
            room_of: HashMap::new(),
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
                    // It is a call all the same; what does not name it by its Call-ID will not find it.
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

    /// The call of an RTCP packet or of a phone's report: by the name it has, if that is a Call-ID; else by what its
    /// addresses and sources were at its time, else by what its name has come to mean. What it has of these is known from
    /// then on.
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

    /// Remembers a call that was looked up elsewhere: it began before this did, so its INVITE will not come.
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

    /// Takes it that nothing explains a report, which has waited for that. Those that follow with its name between its
    /// addresses need not wait, for a while.
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

    /// Lets a packet of so many bytes wait for the one that explains it. Gives it back when too many wait, or too many of
    /// its account ([`Limits::waiting`]).
    ///
    /// # Errors
    /// The packet, when it cannot wait.
    pub fn wait(
        &mut self,
        account: AccountSid,
        packet: T,
        bytes: usize,
        now: TimeUs,
    ) -> Result<(), T> {
        let own = self.room_of.get(&account).copied().unwrap_or_default();
        let (own, all) = (own.with(bytes), self.room.with(bytes));
        let fits = |own: usize, all: usize, limit: usize| own.saturating_add(all) <= limit;
        if fits(own.packets, all.packets, self.limits.waiting)
            && fits(own.bytes, all.bytes, self.limits.waiting_bytes)
        {
            self.wait_on(account, packet, bytes, now);
            Ok(())
        } else {
            Err(packet)
        }
    }

    /// Takes all that waits, to be tried again: each packet, its bytes, and since when it waits.
    pub fn take_waiting(&mut self) -> Vec<(T, usize, TimeUs)> {
        self.room = Room::default();
        self.room_of.clear();
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        waiting.map(|it| (it.packet, it.bytes, it.since)).collect()
    }

    /// Lets a packet wait that has waited before.
    pub fn wait_on(&mut self, account: AccountSid, packet: T, bytes: usize, since: TimeUs) {
        self.room = self.room.with(bytes);
        let own = self.room_of.entry(account).or_default();
        *own = own.with(bytes);
        self.waiting.push_back(Waiting {
            since,
            bytes,
            packet,
        });
    }

    /// How many calls are remembered, and how many packets wait.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        (self.calls.len(), self.waiting.len())
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
