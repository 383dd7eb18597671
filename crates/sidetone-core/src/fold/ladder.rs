//! The packets of a call in the order of time, each once: what went between whom.
//!
//! A packet that several agents saw is one rung; one that was sent again is another. Agents have a
//! clock each, so a rung says whose its time is of: on a leg always the same agent's, where that
//! one saw the packet.

use std::collections::BTreeMap;

use super::route::{Hop, Route, Spot};
use crate::capture::Capture;
use crate::event::{CallEvent, Observation};
use crate::id::EventKey;
use crate::rtcp::RtcpReport;
use crate::sip::{SipMessage, StartLine};
use crate::time::TimeUs;
use crate::vq::VqReport;

/// The longest reason phrase shown, in characters.
const REASON_MAX_CHARS: usize = 100;

/// Gathers packets, in any order.
#[derive(Debug, Default)]
pub struct Ladder {
    packets: BTreeMap<Same, Packet>,
}

/// What makes two packets the same one: what it says, and between which addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Same {
    between: Option<(std::net::SocketAddr, std::net::SocketAddr)>,
    content: EventKey,
}

#[derive(Debug)]
struct Packet {
    content: Content,
    /// When each agent saw it: more than once when it was sent again.
    seen: BTreeMap<Option<u32>, Vec<Sight>>,
}

/// A time, and the place in the log of whoever saw it then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sight {
    at: TimeUs,
    position: i64,
}

/// What a packet says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A SIP message.
    Sip(SipLine),
    /// An RTCP report.
    Rtcp(Box<RtcpReport>),
    /// A phone's report.
    Vq(Box<VqReport>),
}

/// What is shown of a SIP message without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipLine {
    /// The dialog's name.
    pub call_id: String,
    /// Names its transaction on this hop.
    pub branch: Option<String>,
    /// The number of the request in its dialog.
    pub cseq: u32,
    /// The method of that request.
    pub method: String,
    /// What it asks or answers.
    pub start: StartLine,
    /// The words after the status of a response.
    pub reason: Option<String>,
    /// How many media lines its session description has.
    pub media: usize,
}

/// One packet on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Rung {
    /// When it was seen, by the clock of [`Self::agent`].
    pub at: TimeUs,
    /// Its place in the log: decides between packets of the same time.
    pub position: i64,
    /// Whose clock the time is of; `None` when it was sent to us.
    pub agent: Option<u32>,
    /// Everybody who saw it.
    pub seen_by: Vec<u32>,
    /// Whether the same was sent before.
    pub is_retransmission: bool,
    /// Between which addresses it went.
    pub between: Option<(std::net::SocketAddr, std::net::SocketAddr)>,
    /// Where it belongs; `None` when that is not known.
    pub spot: Option<Spot>,
    /// What it says.
    pub content: Content,
}

impl Ladder {
    /// Adds a packet that an event tells of; its position is its place in the log. Other events are
    /// left out.
    pub fn add(&mut self, event: &CallEvent, position: i64) {
        let (capture, content, text) = match &event.observation {
            Observation::Sip { sip } => {
                let capture = Some(sip.capture);
                (capture, Content::Sip(SipLine::of(sip)), identity(sip))
            }
            Observation::Rtcp { rtcp } => {
                let said = (&rtcp.sender, &rtcp.blocks, &rtcp.voip_metrics);
                let text = format!("{} {said:?}", rtcp.ssrc);
                (Some(rtcp.capture), Content::Rtcp(rtcp.clone()), text)
            }
            Observation::Vq { vq } => {
                let said = VqReport {
                    capture: None,
                    ..(**vq).clone()
                };
                (vq.capture, Content::Vq(vq.clone()), format!("{said:?}"))
            }
            _ => return,
        };
        let same = Same {
            between: capture.map(|it: Capture| (it.source, it.destination)),
            content: EventKey::of(&text),
        };
        let packet = self.packets.entry(same).or_insert_with(|| Packet {
            content,
            seen: BTreeMap::new(),
        });
        let sight = Sight {
            at: event.at,
            position,
        };
        let agent = capture.map(|it| it.agent);
        packet.seen.entry(agent).or_default().push(sight);
    }

    /// The packets in order, put to legs where these are known.
    #[must_use]
    pub fn rungs(self, route: Option<&Route>) -> Vec<Rung> {
        let packets = self.packets.into_iter();
        let mut rungs: Vec<Rung> = packets
            .flat_map(|(same, packet)| packet.rungs(same, route))
            .collect();
        rungs.sort_by_key(|rung| (rung.at, rung.position));
        rungs
    }
}

impl Packet {
    /// The first time that each agent saw it is the first sending, and so on.
    fn rungs(mut self, same: Same, route: Option<&Route>) -> Vec<Rung> {
        for sights in self.seen.values_mut() {
            sights.sort_unstable();
        }
        let hop = route.and_then(|route| self.hop(same, route));
        let spot = match (&self.content, route) {
            (_, None) => None,
            (Content::Sip(_), _) => hop.map(|hop| hop.spot),
            (Content::Rtcp(report), Some(route)) => route.of_rtcp(report),
            (Content::Vq(report), Some(route)) => route.of_phone(report),
        };
        let sendings = self.seen.values().map(Vec::len).max().unwrap_or(0);
        let rung = |sending: usize| {
            let seen = || {
                let sights = self.seen.iter();
                sights.filter_map(move |(agent, sights)| Some((*agent, *sights.get(sending)?)))
            };
            let clock = spot.and_then(|spot| route?.clock(spot));
            let of_clock = seen().find(|(agent, _)| agent.is_some() && *agent == clock);
            let (agent, sight) = of_clock.or_else(|| seen().next())?;
            Some(Rung {
                at: sight.at,
                position: sight.position,
                agent,
                seen_by: seen().filter_map(|(agent, _)| agent).collect(),
                is_retransmission: sending > 0,
                between: same.between,
                spot,
                content: self.content.clone(),
            })
        };
        (0..sendings).filter_map(rung).collect()
    }

    fn hop<'a>(&self, same: Same, route: &'a Route) -> Option<&'a Hop> {
        let Content::Sip(line) = &self.content else {
            return None;
        };
        let (source, destination) = same.between?;
        let capture = Capture {
            agent: 0,
            source,
            destination,
        };
        route.of_sip(&line.call_id, line.branch.as_deref(), &capture)
    }
}

/// The whole text, or what stands for it where that was not kept.
fn identity(sip: &SipMessage) -> String {
    if !sip.text.is_empty() {
        return sip.text.clone();
    }
    let SipMessage {
        call_id,
        cseq,
        method,
        start,
        ..
    } = sip;
    format!("{start:?} {cseq} {method} {call_id}")
}

impl SipLine {
    fn of(sip: &SipMessage) -> Self {
        Self {
            call_id: sip.call_id.clone(),
            branch: sip.branch().map(str::to_owned),
            cseq: sip.cseq,
            method: sip.method.clone(),
            start: sip.start.clone(),
            reason: reason(sip),
            media: sip.media.len(),
        }
    }

    /// The status of a response.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self.start {
            StartLine::Request(_) => None,
            StartLine::Response(status) => Some(status),
        }
    }
}

/// `SIP/2.0 180 Ringing`: the words after the status.
fn reason(sip: &SipMessage) -> Option<String> {
    let StartLine::Response(_) = sip.start else {
        return None;
    };
    let line = sip.text.lines().next()?;
    let words = line.splitn(3, ' ').nth(2)?.trim();
    (!words.is_empty()).then(|| words.chars().take(REASON_MAX_CHARS).collect())
}
