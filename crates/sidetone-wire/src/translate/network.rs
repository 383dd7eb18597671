//! A mirrored network: packets in, events of calls out. What a packet cannot be put to yet waits.

use std::net::{IpAddr, SocketAddr};

use sidetone_core::correlate::{Limits, Tracker, sip_call_sid};
use sidetone_core::event::CallEvent;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::network::Network as Range;
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
    /// Too many wait already, of its account or of all.
    Crowded(Box<Owned>),
}

/// Puts packets to calls.
#[derive(Debug)]
pub struct Network {
    tracker: Tracker<Owned>,
}

impl Network {
    /// Knows no call yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            tracker: Tracker::new(limits),
        }
    }

    /// Takes a packet.
    pub fn take(&mut self, owned: Owned, now: TimeUs) -> Fate {
        match self.place(owned, now, false) {
            Ok(event) => Fate::Event(event),
            Err(owned) if is_of_no_call(&owned.packet) => Fate::NotACall,
            Err(owned) => {
                let bytes = owned.packet.bytes();
                match self.tracker.wait(owned.account, *owned, bytes, now) {
                    Ok(()) => Fate::Waits,
                    Err(owned) => Fate::Crowded(Box::new(owned)),
                }
            }
        }
    }

    /// Tries again what waits: what has found its call, and what has waited in vain.
    pub fn retry(&mut self, now: TimeUs) -> (Vec<(CallEvent, &'static str)>, Vec<Owned>) {
        let (mut found, mut given_up) = (Vec::new(), Vec::new());
        for (owned, bytes, until) in self.tracker.take_waiting() {
            let came_by = owned.came_by;
            match self.place(owned, now, until <= now) {
                Ok(event) => found.push((*event, came_by)),
                Err(owned) if until <= now => given_up.push(*owned),
                Err(owned) => self.tracker.wait_on(owned.account, *owned, bytes, until),
            }
        }
        self.tracker.forget(now);
        (found, given_up)
    }

    /// Remembers the call of a packet that was looked up elsewhere: those that follow need not wait.
    pub fn recall(&mut self, packet: &Mirrored, call: CallRef, now: TimeUs) {
        if let Some(name) = packet.call_name() {
            self.tracker.recall(call, name, now);
        }
    }

    /// How many calls are remembered, and how many packets wait.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        self.tracker.sizes()
    }

    fn place(
        &mut self,
        owned: Owned,
        now: TimeUs,
        has_waited: bool,
    ) -> Result<Box<CallEvent>, Box<Owned>> {
        let Owned {
            account, packet, ..
        } = &owned;
        let ssrcs = packet.ssrcs();
        let call = match &packet.content {
            Content::Sip(message) => {
                let rtcp: Vec<SocketAddr> = message
                    .media
                    .iter()
                    .filter_map(|media| media.rtcp)
                    .collect();
                let clue = Mirrored::sip_clue(message, *account, packet.named, &rtcp, &ssrcs);
                self.tracker.sip(&clue, now)
            }
            Content::Rtcp(_) | Content::Vq(..) => self
                .tracker
                .media(&packet.media_clue(*account, &ssrcs, has_waited), now),
        };
        match call {
            Some(call) => Ok(Box::new(owned.packet.of_call(call))),
            None => Err(Box::new(owned)),
        }
    }
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
mod tests {
    use super::*;
    use crate::hep::{self, Packet, Payload};
    use crate::translate::mirrored;

    const ACCOUNT: AccountSid = AccountSid::from_bytes([0x11; 16]);

    /// What is read of an INVITE that somebody sent: the call it names, its parent, its verstat.
    fn read(headers: &TrustedHeaders, sender: &str) -> (bool, bool, Option<String>) {
        let text = format!(
            "INVITE sip:b@b SIP/2.0\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nX-Call-Sid: CA{}\r\nX-CID: other\r\n\
             From: <sip:+12025550100@a;verstat=TN-Validation-Passed>;tag=1\r\n\r\n",
            "0".repeat(32)
        );
        let packet = Packet {
            protocol: 17,
            src: SocketAddr::new(sender.parse().unwrap(), 5060),
            dst: SocketAddr::from(([192, 0, 2, 9], 5060)),
            captured_us: 1,
            payload_type: hep::SIP,
            agent: 1,
            auth_key: None,
            payload: Payload::Plain(text.as_bytes()),
            correlation_id: None,
            node_name: None,
            mos_100: None,
            r_factor: None,
            jitter: None,
        };
        let mirrored = mirrored::hep(&packet, ACCOUNT, headers).unwrap();
        let Content::Sip(message) = mirrored.content else {
            panic!("no SIP: {:?}", mirrored.content);
        };
        let parent = message.parent.is_some();
        (mirrored.named.is_some(), parent, message.verstat)
    }

    #[test]
    fn headers_count_by_who_sent_them() {
        let passed = || Some("TN-Validation-Passed".to_owned());
        let proxy = || vec!["192.0.2.1".parse().unwrap()];
        let headers = |sources, verstat_sources| TrustedHeaders {
            call_sid: vec!["X-Call-Sid".to_owned()],
            parent: vec!["X-CID".to_owned()],
            sources,
            verstat_sources,
        };
        for (headers, sender, expected) in [
            (
                headers(vec![], None),
                "198.51.100.7",
                (false, false, passed()),
            ),
            (headers(proxy(), None), "192.0.2.1", (true, true, passed())),
            (
                headers(proxy(), None),
                "198.51.100.7",
                (false, false, passed()),
            ),
            (
                headers(vec![], Some(proxy())),
                "192.0.2.1",
                (false, false, passed()),
            ),
            (
                headers(vec![], Some(proxy())),
                "198.51.100.7",
                (false, false, None),
            ),
            (
                headers(proxy(), Some(vec![])),
                "192.0.2.1",
                (true, true, None),
            ),
        ] {
            assert_eq!(read(&headers, sender), expected, "{headers:?} {sender}");
        }
    }
}
