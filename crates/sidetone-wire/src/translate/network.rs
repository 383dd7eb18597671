//! A mirrored network: packets in, events of calls out. What a packet cannot be put to yet waits.

use std::net::{IpAddr, SocketAddr};

use sidetone_core::correlate::{Evidence, Limits, MediaClue, Seen, Tracker, WAIT_US, sip_call_sid};
use sidetone_core::event::{CallEvent, Observation};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::network::Network as Range;
use sidetone_core::sip::{Media, SipMessage};
use sidetone_core::time::TimeUs;

use super::mirrored::{Content, Mirrored};
use crate::sip::Message;

/// Headers that count by who sent the message.
#[derive(Debug, Clone, Default)]
pub struct TrustedHeaders {
    /// Headers that hold a call's CallSid.
    pub call_sid: Vec<String>,
    /// Headers that hold the Call-ID of the call on the other side of a back-to-back user agent.
    pub parent: Vec<String>,
    /// Senders of messages whose headers count. Nobody else's do: callers write what they like.
    pub sources: Vec<Range>,
    /// Senders of messages whose `verstat` counts; `None`: everybody.
    pub verstat_sources: Option<Vec<Range>>,
}

/// What the headers of a message name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Names {
    /// The call.
    pub call: Option<CallSid>,
    /// The call on the other side.
    pub parent: Option<CallSid>,
}

impl TrustedHeaders {
    /// What a message's headers name, if its sender is believed.
    #[must_use]
    pub fn read(&self, message: &Message<'_>, sender: IpAddr, account: AccountSid) -> Names {
        if !is_in(&self.sources, sender) {
            return Names::default();
        }
        let value = |names: &[String]| {
            let found = names.iter().find_map(|name| message.header(name));
            found.map(|value| crate::sip::text(value).trim().to_owned())
        };
        Names {
            call: value(&self.call_sid).and_then(|sid| sid.parse().ok()),
            parent: value(&self.parent)
                .filter(|name| !name.is_empty())
                .map(|name| sip_call_sid(account, &name)),
        }
    }

    /// Whether a sender's word about the verification of callers counts.
    #[must_use]
    pub fn believes_verstat_of(&self, sender: IpAddr) -> bool {
        let sources = self.verstat_sources.as_ref();
        sources.is_none_or(|sources| is_in(sources, sender))
    }
}

fn is_in(ranges: &[Range], sender: IpAddr) -> bool {
    ranges.iter().any(|range| range.contains(sender))
}

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

/// Puts packets to calls.
#[derive(Debug)]
pub struct Network {
    tracker: Tracker<Owned>,
    is_whole: bool,
    /// Packets that began to wait since all that wait were tried.
    untried: usize,
}

/// Room is made when at least one of so many that wait was not tried yet.
const RELIEVED_SHARE: usize = 16;
/// Most times that packets which wait are tried one after the other, as one may tell of the next.
const ROUNDS_MAX: usize = 8;

impl Network {
    /// Knows no call yet. Packets come about as they are seen.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            tracker: Tracker::new(limits),
            is_whole: false,
            untried: 0,
        }
    }

    /// The same of packets that are all there is, in any order and seen at any time: addresses tell whose a report is when
    /// all have come.
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
        match self.place(owned, now, evidence, now) {
            Ok(event) => Fate::Event(event),
            Err(owned) if is_of_no_call(&owned.packet) => Fate::NotACall,
            Err(owned) if self.is_hopeless(&owned, now) => Fate::Unexplained,
            Err(owned) => {
                let bytes = owned.packet.bytes();
                match self.tracker.wait(owned.account, *owned, bytes, now) {
                    Ok(()) => {
                        self.untried = self.untried.saturating_add(1);
                        Fate::Waits
                    }
                    Err(owned) => Fate::Crowded(Box::new(owned)),
                }
            }
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
        for (owned, bytes, since) in left {
            if in_vain(since) {
                given_up.push(owned);
            } else {
                self.tracker.wait_on(owned.account, owned, bytes, since);
            }
        }
        self.tracker.forget(now);
        (found, given_up)
    }

    /// Makes room when packets that are all there is are too many to wait for the last: what is known by now has to tell.
    /// What nothing explains waits on. Finds nothing when too little is new since it was done last.
    pub fn relieve(&mut self, now: TimeUs) -> Vec<Found> {
        let (_, waiting) = self.tracker.sizes();
        if !self.is_whole || self.untried < waiting / RELIEVED_SHARE {
            return Vec::new();
        }
        let (found, left) = self.try_waiting(now, |_| Evidence::All);
        for (owned, bytes, since) in left {
            self.tracker.wait_on(owned.account, owned, bytes, since);
        }
        found
    }

    fn try_waiting(
        &mut self,
        now: TimeUs,
        evidence: impl Fn(TimeUs) -> Evidence,
    ) -> (Vec<Found>, Vec<(Owned, usize, TimeUs)>) {
        self.untried = 0;
        let mut found = Vec::new();
        let mut attempt = |network: &mut Self, waiting: Vec<(Owned, usize, TimeUs)>| {
            let mut left = Vec::new();
            for (owned, bytes, since) in waiting {
                let came_by = owned.came_by;
                match network.place(owned, since, evidence(since), now) {
                    Ok(event) => found.push((*event, came_by)),
                    Err(owned) => left.push((*owned, bytes, since)),
                }
            }
            left
        };
        // A message explains reports that came before it, and one report another.
        let waiting = self.tracker.take_waiting().into_iter();
        let (messages, mut reports): (Vec<_>, Vec<_>) =
            waiting.partition(|(owned, ..)| matches!(owned.packet.content, Content::Sip(_)));
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

    /// The event of a packet whose call was looked up elsewhere. The call is remembered: packets that follow need not wait.
    pub fn recall(&mut self, owned: Owned, call: CallRef, now: TimeUs) -> CallEvent {
        if let Some(name) = owned.packet.call_name() {
            self.tracker.recall(call, name, now);
        }
        match self.place(owned, now, Evidence::CallId, now) {
            Ok(event) => *event,
            Err(owned) => owned.packet.of_call(call),
        }
    }

    /// Remembers a call by a message of it that was kept before.
    pub fn remember(&mut self, event: &CallEvent, now: TimeUs) {
        let Observation::Sip { sip } = &event.observation else {
            return;
        };
        let (rtcp, ssrcs) = announced(sip);
        let (account, named) = (event.call.account, Some(event.call.sid));
        // When it came nobody knows any more.
        let seen = self.seen(event.at, now);
        let clue = Mirrored::sip_clue(sip, account, named, seen, &rtcp, &ssrcs);
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

    /// How many calls are remembered, and how many packets wait.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        self.tracker.sizes()
    }

    fn place(
        &mut self,
        owned: Owned,
        received_at: TimeUs,
        evidence: Evidence,
        now: TimeUs,
    ) -> Result<Box<CallEvent>, Box<Owned>> {
        let seen = self.seen(owned.packet.at, received_at);
        let Owned {
            account, packet, ..
        } = &owned;
        let call = match &packet.content {
            Content::Sip(message) => {
                let (rtcp, ssrcs) = announced(message);
                let clue = Mirrored::sip_clue(message, *account, packet.named, seen, &rtcp, &ssrcs);
                self.tracker.sip(&clue, now)
            }
            Content::Rtcp(_) | Content::Vq(..) => {
                let ssrcs = packet.ssrcs();
                let clue = packet.media_clue(*account, &ssrcs, seen, evidence);
                self.tracker.media(&clue, now)
            }
        };
        match call {
            Some(call) => Ok(Box::new(owned.packet.of_call(call))),
            None => Err(Box::new(owned)),
        }
    }

    /// When a packet was seen that came at a time.
    const fn seen(&self, at: TimeUs, received_at: TimeUs) -> Seen {
        let received_at = if self.is_whole { at } else { received_at };
        Seen { at, received_at }
    }
}

/// Where the sender of a message may take RTCP, and the sources it announces.
fn announced(message: &SipMessage) -> (Vec<SocketAddr>, Vec<u32>) {
    let media = &message.media;
    let rtcp = media.iter().flat_map(Media::rtcp_taken);
    let ssrcs = media.iter().flat_map(|media| media.ssrcs.iter().copied());
    (rtcp.collect(), ssrcs.collect())
}

/// Whether a packet's method does without a call. Within a known one, any method is part of it.
fn is_of_no_call(packet: &Mirrored) -> bool {
    const WITHOUT_CALL: [&str; 6] = [
        "REGISTER",
        "OPTIONS",
        "SUBSCRIBE",
        "NOTIFY",
        "PUBLISH",
        "MESSAGE",
    ];
    match &packet.content {
        Content::Sip(message) => WITHOUT_CALL.contains(&message.method.as_str()),
        Content::Rtcp(_) | Content::Vq(..) => false,
    }
}

#[cfg(test)]
mod tests;
