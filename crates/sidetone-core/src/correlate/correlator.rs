//! Packets of a mirrored network in, events of calls out. What a packet cannot be put to yet waits.

use super::clue::{Evidence, MediaClue, Seen};
use super::limits::{Limits, WAIT_US};
use super::mirrored::{Announced, Content, Mirrored};
use super::tracker::Tracker;
use super::waiting::{Waiter, Waiting};
use crate::event::{CallEvent, Observation};
use crate::id::{AccountSid, CallRef};
use crate::time::TimeUs;

/// A packet and whose network it was seen in.
#[derive(Debug)]
pub struct Owned {
    /// The account.
    pub account: AccountSid,
    /// How it came, in the word of whoever counts.
    pub came_by: &'static str,
    /// The packet.
    pub packet: Mirrored,
}

/// What became of a packet.
#[derive(Debug)]
pub enum Fate {
    /// It is this event.
    Event(Box<CallEvent>),
    /// What explains it may still come.
    Waits,
    /// It is of no call: a registration, a keep-alive, a text message.
    NotACall,
    /// Nothing explains it, and its like has waited in vain.
    Unexplained,
    /// Too many wait already, of its account or of all.
    Crowded(Box<Owned>),
}

/// An event, and how its packet came.
pub type Found = (CallEvent, &'static str);

/// Puts packets to calls, by the packets before them.
#[derive(Debug)]
pub struct Correlator {
    tracker: Tracker,
    waiting: Waiting<Owned>,
    is_whole: bool,
    /// Packets that began to wait since all that wait were tried.
    untried: usize,
}

/// Room is made when at least one of so many that wait was not tried yet.
const RELIEVED_SHARE: usize = 16;
/// Most times that packets which wait are tried one after the other, as one may tell of the next.
const ROUNDS_MAX: usize = 8;

impl Correlator {
    /// Knows no call yet. Packets come about as they are seen.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            tracker: Tracker::new(limits),
            waiting: Waiting::new(limits),
            is_whole: false,
            untried: 0,
        }
    }

    /// The same of packets that are all there is, in any order and seen at any time: addresses tell
    /// whose a report is when all have come.
    #[must_use]
    pub fn of_whole(limits: Limits) -> Self {
        Self {
            is_whole: true,
            ..Self::new(limits)
        }
    }

    /// Takes a packet.
    pub fn take(&mut self, owned: Owned, now: TimeUs) -> Fate {
        let evidence = if self.is_whole {
            Evidence::CallId
        } else {
            Evidence::Known
        };
        let Some(call) = self.call(&owned, now, evidence, now) else {
            return self.put_off(owned, now);
        };
        Fate::Event(Box::new(owned.packet.of_call(call)))
    }

    /// Lets a packet wait whose call nothing tells yet, if something still may.
    fn put_off(&mut self, owned: Owned, now: TimeUs) -> Fate {
        if owned.packet.is_of_no_call() {
            return Fate::NotACall;
        }
        if self.is_hopeless(&owned, now) {
            return Fate::Unexplained;
        }
        let waiter = Waiter {
            account: owned.account,
            bytes: owned.packet.bytes(),
            packet: owned,
            since: now,
        };
        match self.waiting.begin(waiter) {
            Ok(()) => {
                self.untried = self.untried.saturating_add(1);
                Fate::Waits
            }
            Err(owned) => Fate::Crowded(Box::new(owned)),
        }
    }

    /// Tries again what waits: what has found its call, and what has waited in vain.
    pub fn retry(&mut self, now: TimeUs) -> (Vec<Found>, Vec<Owned>) {
        // Also when the clock was set back: nothing waits for longer than that.
        let in_vain = |since: TimeUs| since.plus_us(WAIT_US) <= now || since > now;
        let (found, left) = self.try_waiting(now, |since| {
            if in_vain(since) {
                Evidence::All
            } else {
                Evidence::Known
            }
        });
        let mut given_up = Vec::new();
        for waiter in left {
            if in_vain(waiter.since) {
                given_up.push(waiter.packet);
            } else {
                self.waiting.go_on(waiter);
            }
        }
        self.tracker.forget(now);
        (found, given_up)
    }

    /// Makes room when packets that are all there is are too many to wait for the last: what is
    /// known by now has to tell. What nothing explains waits on. Finds nothing when too little is
    /// new since it was done last.
    pub fn relieve(&mut self, now: TimeUs) -> Vec<Found> {
        if !self.is_whole || self.untried < self.waiting.len() / RELIEVED_SHARE {
            return Vec::new();
        }
        let (found, left) = self.try_waiting(now, |_| Evidence::All);
        for waiter in left {
            self.waiting.go_on(waiter);
        }
        found
    }

    fn try_waiting(
        &mut self,
        now: TimeUs,
        evidence: impl Fn(TimeUs) -> Evidence,
    ) -> (Vec<Found>, Vec<Waiter<Owned>>) {
        self.untried = 0;
        let mut found = Vec::new();
        let mut attempt = |correlator: &mut Self, waiting: Vec<Waiter<Owned>>| {
            let mut left = Vec::new();
            for waiter in waiting {
                let (owned, since) = (&waiter.packet, waiter.since);
                match correlator.call(owned, since, evidence(since), now) {
                    Some(call) => {
                        let Owned {
                            came_by, packet, ..
                        } = waiter.packet;
                        found.push((packet.of_call(call), came_by));
                    }
                    None => left.push(waiter),
                }
            }
            left
        };
        // A message explains reports that came before it, and one report another.
        let waiting = self.waiting.take().into_iter();
        let (messages, mut reports): (Vec<_>, Vec<_>) =
            waiting.partition(|it| matches!(it.packet.packet.content, Content::Sip(_)));
        let mut left = attempt(self, messages);
        for _ in 0..ROUNDS_MAX {
            let tried = reports.len();
            reports = attempt(self, reports);
            if reports.is_empty() || reports.len() == tried {
                break;
            }
        }
        left.append(&mut reports);
        (found, left)
    }

    /// The event of a packet whose call was looked up elsewhere. The call is remembered: packets
    /// that follow need not wait.
    pub fn recall(&mut self, owned: Owned, call: CallRef, now: TimeUs) -> CallEvent {
        if let Some(name) = owned.packet.call_name() {
            self.tracker.recall(call, name, now);
        }
        let known = self.call(&owned, now, Evidence::CallId, now);
        owned.packet.of_call(known.unwrap_or(call))
    }

    /// Remembers a call by a message of it that was kept before.
    pub fn remember(&mut self, event: &CallEvent, now: TimeUs) {
        let Observation::Sip { sip } = &event.observation else {
            return;
        };
        let announced = Announced::by(sip);
        let CallRef { account, sid } = event.call;
        // When it came nobody knows any more.
        let seen = self.seen(event.at, now);
        let clue = announced.clue(sip, account, Some(sid), seen);
        if self.tracker.sip(&clue, now).is_none() {
            self.tracker.recall(event.call, &sip.call_id, now);
            self.tracker.sip(&clue, now);
        }
    }

    /// Takes it that nothing explains a packet: its like need not wait.
    pub fn give_up(&mut self, owned: &Owned, now: TimeUs) {
        if let Some(clue) = self.report(owned, now) {
            self.tracker.give_up(&clue, now);
        }
    }

    fn is_hopeless(&self, owned: &Owned, now: TimeUs) -> bool {
        let report = self.report(owned, now);
        report.is_some_and(|clue| self.tracker.is_hopeless(&clue, now))
    }

    /// A report by what those have in common that follow it; of other packets nothing follows.
    fn report<'a>(&self, owned: &'a Owned, now: TimeUs) -> Option<MediaClue<'a>> {
        let Content::Rtcp(_) = owned.packet.content else {
            return None;
        };
        let seen = self.seen(owned.packet.at, now);
        let clue = owned
            .packet
            .media_clue(owned.account, &[], seen, Evidence::All);
        Some(clue)
    }

    /// The call of a packet, as far as the packets before it tell; what it tells itself is
    /// remembered.
    fn call(
        &mut self,
        owned: &Owned,
        received_at: TimeUs,
        evidence: Evidence,
        now: TimeUs,
    ) -> Option<CallRef> {
        let Owned {
            account, packet, ..
        } = owned;
        let seen = self.seen(packet.at, received_at);
        match &packet.content {
            Content::Sip(message) => {
                let announced = Announced::by(message);
                let clue = announced.clue(message, *account, packet.named, seen);
                self.tracker.sip(&clue, now)
            }
            Content::Rtcp(_) | Content::Vq(..) => {
                let ssrcs = packet.ssrcs();
                let clue = packet.media_clue(*account, &ssrcs, seen, evidence);
                self.tracker.media(&clue, now)
            }
        }
    }

    /// When a packet was seen that came at a time.
    const fn seen(&self, at: TimeUs, received_at: TimeUs) -> Seen {
        let received_at = if self.is_whole { at } else { received_at };
        Seen { at, received_at }
    }
}
