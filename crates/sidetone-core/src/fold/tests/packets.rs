//! Packets of a call as tests tell them: between a caller, a proxy and its callees.

use std::net::SocketAddr;

use super::{CALL, at};
use crate::capture::Capture;
use crate::event::{CallEvent, EventId, Observation, Source, SourceKind};
use crate::fold::fold;
use crate::rtcp::{ReportBlock, RtcpReport, SenderInfo};
use crate::rules::Rules;
use crate::sides::Sides;
use crate::sip::{Codec, Media, Party, SipMessage, StartLine};
use crate::summary::CallSummary;

/// The caller, the proxy and its second callee's, the callee, another callee.
pub(super) const A: &str = "192.0.2.10:5060";
pub(super) const S: &str = "192.0.2.1:5060";
pub(super) const B: &str = "198.51.100.20:5060";
pub(super) const C: &str = "198.51.100.30:5060";

#[derive(Default)]
pub(super) struct Story {
    pub(super) events: Vec<CallEvent>,
    pub(super) rules: Sides,
}

pub(super) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

impl Story {
    pub(super) fn event(&mut self, ms: i64, observation: Observation) {
        let id = EventId::try_from(format!("e{}", self.events.len())).unwrap();
        self.events.push(CallEvent {
            id,
            call: CALL,
            at: at(ms),
            source: Source {
                kind: SourceKind::Hep,
                agent: Some("1".to_owned()),
                translator: 1,
            },
            observation,
        });
    }

    /// `START` is a method and perhaps a tag of the called side, or a status and the method it
    /// answers.
    pub(super) fn sip(
        &mut self,
        ms: i64,
        from: &str,
        to: &str,
        start: &str,
        change: impl FnOnce(&mut SipMessage),
    ) {
        let mut words = start.split(' ');
        let first = words.next().unwrap();
        let status: Option<u16> = first.parse().ok();
        let method = if status.is_some() {
            words.next().unwrap()
        } else {
            first
        };
        let mut message = SipMessage {
            capture: Capture {
                agent: 1,
                source: address(from),
                destination: address(to),
            },
            start: status.map_or(
                StartLine::Request("sip:b@example.com".to_owned()),
                StartLine::Response,
            ),
            call_id: "a84b4c76".to_owned(),
            cseq: 1,
            method: method.to_owned(),
            hops: if from == A || to == A { 1 } else { 2 },
            branches: Vec::new(),
            from: Party {
                address: "+12025550100".to_owned(),
                host: Some("pbx.example.com".to_owned()),
                tag: Some("caller".to_owned()),
            },
            to: Party {
                address: "+12025550199".to_owned(),
                host: Some("trunk.example.com".to_owned()),
                tag: status.map(|_| "callee".to_owned()),
            },
            asserted: None,
            verstat: None,
            diverted_by: Vec::new(),
            user_agent: None,
            reasons: Vec::new(),
            passports: Vec::new(),
            media: Vec::new(),
            source_location: None,
            destination_location: None,
            parent: None,
            text: String::new(),
        };
        if method == "BYE" {
            message.to.tag = Some("callee".to_owned());
        }
        change(&mut message);
        self.event(
            ms,
            Observation::Sip {
                sip: Box::new(message),
            },
        );
    }

    pub(super) fn plain(&mut self, ms: i64, from: &str, to: &str, start: &str) {
        self.sip(ms, from, to, start, |_| {});
    }

    /// A description of an endpoint that wants RTCP at a port.
    pub(super) fn media(&mut self, ms: i64, from: &str, to: &str, start: &str, rtcp: &str) {
        self.sip(ms, from, to, start, |message| {
            message.media = vec![audio(rtcp)]
        });
    }

    pub(super) fn rtcp(
        &mut self,
        ms: i64,
        from: &str,
        to: &str,
        ssrc: u32,
        sent: Option<u32>,
        block: Option<ReportBlock>,
    ) {
        let sender = sent.map(|packets| SenderInfo {
            ntp: (u64::from(ssrc) << 48) | (u64::try_from(ms).unwrap() << 16),
            rtp: 0,
            packets,
            octets: packets * 160,
        });
        self.report(
            ms,
            RtcpReport {
                sender,
                blocks: block.into_iter().collect(),
                ..says_nothing(from, to, ssrc)
            },
        );
    }

    pub(super) fn report(&mut self, ms: i64, report: RtcpReport) {
        let rtcp = Box::new(report);
        self.event(ms, Observation::Rtcp { rtcp });
    }

    pub(super) fn summary(&self) -> CallSummary {
        let rules = Rules {
            sides: self.rules.clone(),
            ..Rules::built_in()
        };
        fold(CALL, &self.events, &rules)
    }
}

/// A report without any content.
pub(super) fn says_nothing(from: &str, to: &str, ssrc: u32) -> RtcpReport {
    RtcpReport {
        capture: Capture {
            agent: 2,
            source: address(from),
            destination: address(to),
        },
        ssrc,
        sender: None,
        blocks: Vec::new(),
        voip_metrics: Vec::new(),
        is_silent: false,
        is_encrypted: false,
    }
}

pub(super) fn audio(rtcp: &str) -> Media {
    Media {
        kind: "audio".to_owned(),
        rtp: Some(address(rtcp)),
        rtcp: Some(address(rtcp)),
        codec: Some(Codec {
            payload_type: 0,
            name: "pcmu".to_owned(),
            clock_hz: 8_000,
        }),
        ..Media::default()
    }
}

pub(super) fn block(ssrc: u32, lost: i32, highest_seq: u32) -> Option<ReportBlock> {
    Some(ReportBlock {
        ssrc,
        fraction_lost: 0,
        lost,
        highest_seq,
        jitter_rtp: 80,
        lsr: 0,
        dlsr: 0,
    })
}

/// Both legs of a call that was answered, with the media addresses of all four ends.
pub(super) fn answered() -> Story {
    let mut story = Story::default();
    story.media(0, A, S, "INVITE", "192.0.2.10:4001");
    story.media(5, S, B, "INVITE", "192.0.2.1:3001");
    story.media(1_000, B, S, "200 INVITE", "198.51.100.20:4001");
    story.media(1_005, S, A, "200 INVITE", "192.0.2.1:3003");
    story
}
