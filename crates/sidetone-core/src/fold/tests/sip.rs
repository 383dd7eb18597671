//! What captures of real calls do not hold: challenges, forks, other topologies, other agents.

use std::net::SocketAddr;

use super::{CALL, at};
use crate::capture::Capture;
use crate::event::{CallEvent, EventId, Observation, Source, SourceKind};
use crate::fold::fold;
use crate::media::{Counters, MediaSample};
use crate::rtcp::{ReportBlock, RtcpReport, SenderInfo};
use crate::rules::Rules;
use crate::sides::{SideEdge, SideRule, Sides};
use crate::sip::{Codec, Media, Party, Passport, Reason, SipMessage, StartLine};
use crate::summary::CallSummary;
use crate::vocabulary::{CallState, CallType, EdgeKind, StreamDirection};

/// The caller, the proxy and its second callee's, the callee, another callee.
const A: &str = "192.0.2.10:5060";
const S: &str = "192.0.2.1:5060";
const B: &str = "198.51.100.20:5060";
const C: &str = "198.51.100.30:5060";

#[derive(Default)]
struct Story {
    events: Vec<CallEvent>,
    rules: Sides,
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

impl Story {
    fn event(&mut self, ms: i64, observation: Observation) {
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

    /// `START` is a method and perhaps a tag of the called side, or a status and the method it answers.
    fn sip(
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

    fn plain(&mut self, ms: i64, from: &str, to: &str, start: &str) {
        self.sip(ms, from, to, start, |_| {});
    }

    /// A description of an endpoint that wants RTCP at a port.
    fn media(&mut self, ms: i64, from: &str, to: &str, start: &str, rtcp: &str) {
        self.sip(ms, from, to, start, |message| {
            message.media = vec![audio(rtcp)]
        });
    }

    fn rtcp(
        &mut self,
        ms: i64,
        from: &str,
        to: &str,
        ssrc: u32,
        sent: Option<u32>,
        block: Option<ReportBlock>,
    ) {
        let capture = Capture {
            agent: 2,
            source: address(from),
            destination: address(to),
        };
        let sender = sent.map(|packets| SenderInfo {
            ntp: (u64::from(ssrc) << 48) | (u64::try_from(ms).unwrap() << 16),
            rtp: 0,
            packets,
            octets: packets * 160,
        });
        let report = RtcpReport {
            capture,
            ssrc,
            sender,
            blocks: block.into_iter().collect(),
            voip_metrics: Vec::new(),
        };
        self.event(
            ms,
            Observation::Rtcp {
                rtcp: Box::new(report),
            },
        );
    }

    fn summary(&self) -> CallSummary {
        let rules = Rules {
            sides: self.rules.clone(),
            ..Rules::built_in()
        };
        fold(CALL, &self.events, &rules)
    }
}

fn audio(rtcp: &str) -> Media {
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

fn block(ssrc: u32, lost: i32, highest_seq: u32) -> Option<ReportBlock> {
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
fn answered() -> Story {
    let mut story = Story::default();
    story.media(0, A, S, "INVITE", "192.0.2.10:4001");
    story.media(5, S, B, "INVITE", "192.0.2.1:3001");
    story.media(1_000, B, S, "200 INVITE", "198.51.100.20:4001");
    story.media(1_005, S, A, "200 INVITE", "192.0.2.1:3003");
    story
}

#[test]
fn a_challenge_is_no_refusal() {
    let mut story = Story::default();
    story.plain(0, A, S, "INVITE");
    story.plain(10, S, A, "407 INVITE");
    story.sip(50, A, S, "INVITE", |message| message.cseq = 2);
    story.sip(60, S, B, "INVITE", |message| message.cseq = 2);
    let summary = story.summary();
    assert_eq!(summary.facts.state, Some(CallState::Undialed));
    story.sip(300, B, S, "180 INVITE", |message| message.cseq = 2);
    story.sip(310, S, A, "180 INVITE", |message| message.cseq = 2);
    story.sip(900, S, A, "200 INVITE", |message| message.cseq = 2);
    let summary = story.summary();
    assert_eq!(summary.facts.state, Some(CallState::Answered));
    assert_eq!(summary.facts.pdd_ms, Some(310));
    assert_eq!(summary.facts.last_sip_response, Some(200));
    assert!(summary.sip.unwrap().challenged);
}

#[test]
fn a_caller_who_does_not_answer_the_challenge_has_failed() {
    let mut story = Story::default();
    story.plain(0, A, S, "INVITE");
    story.plain(10, S, A, "401 INVITE");
    let summary = story.summary();
    assert_eq!(summary.facts.state, Some(CallState::Fail));
    assert_eq!(summary.facts.q850_cause, Some(21));
    assert_eq!(summary.facts.ended_at, Some(at(10)));
    assert_eq!(summary.facts.call_type, Some(CallType::Sip));
}

#[test]
fn of_a_fork_the_branch_that_answered_is_the_callee() {
    for winner in [B, C] {
        let mut story = Story::default();
        story.plain(0, A, S, "INVITE");
        for branch in [B, C] {
            story.plain(5, S, branch, "INVITE");
        }
        for branch in [B, C] {
            let answer = if branch == winner {
                "200 INVITE"
            } else {
                "487 INVITE"
            };
            story.sip(500, branch, S, answer, |message| {
                message.user_agent = Some(branch.to_owned())
            });
        }
        story.plain(510, S, A, "200 INVITE");
        let summary = story.summary();
        assert_eq!(summary.facts.state, Some(CallState::Answered), "{winner}");
        let callee = &summary.edges[&EdgeKind::Carrier].facts;
        assert_eq!(callee.user_agent.as_deref(), Some(winner));
        assert_eq!(summary.sip.unwrap().forks, 1);
    }
}

#[test]
fn a_branch_that_answered_is_the_callee_although_another_went_further() {
    const D: &str = "198.51.100.40:5060";
    let mut story = Story::default();
    story.plain(0, A, S, "INVITE");
    story.plain(5, S, B, "INVITE");
    story.plain(5, S, C, "INVITE");
    story.sip(10, C, D, "INVITE", |message| message.hops = 3);
    story.sip(500, B, S, "200 INVITE", |message| {
        message.user_agent = Some("phone".to_owned());
    });
    story.plain(505, S, A, "200 INVITE");
    story.sip(520, D, C, "487 INVITE", |message| message.hops = 3);
    story.plain(525, C, S, "487 INVITE");
    let summary = story.summary();
    let callee = &summary.edges[&EdgeKind::Carrier].facts;
    assert_eq!(callee.user_agent.as_deref(), Some("phone"));
    let sip = summary.sip.unwrap();
    assert_eq!((sip.callee_response, sip.forks), (Some(200), 1));
}

#[test]
fn a_caller_is_verified_when_nobody_says_otherwise() {
    let verified = |verstat: Option<&str>, signature| {
        let mut story = Story::default();
        story.sip(0, A, S, "INVITE", |message| {
            message.verstat = verstat.map(str::to_owned);
            message.passports = vec![Passport {
                verified: signature,
                ..Passport::default()
            }];
        });
        story.summary().facts.trust.verified_caller
    };
    let passed = Some("TN-Validation-Passed");
    assert_eq!(verified(passed, Some(true)), Some(true));
    assert_eq!(verified(passed, None), Some(true));
    assert_eq!(verified(passed, Some(false)), Some(false));
    assert_eq!(
        verified(Some("TN-Validation-Failed"), Some(true)),
        Some(false)
    );
    assert_eq!(verified(Some("No-TN-Validation"), None), None);
}

#[test]
fn the_cause_is_nearest_to_the_callee() {
    let mut story = Story::default();
    story.plain(0, A, S, "INVITE");
    story.plain(5, S, B, "INVITE");
    story.sip(100, B, S, "503 INVITE", |message| {
        message.reasons = vec![Reason {
            protocol: "Q.850".to_owned(),
            cause: Some(34),
            text: None,
        }];
    });
    story.plain(110, S, A, "500 INVITE");
    let summary = story.summary();
    assert_eq!(summary.facts.state, Some(CallState::Fail));
    assert_eq!(summary.facts.last_sip_response, Some(500));
    assert_eq!(summary.facts.q850_cause, Some(34));
    let sip = summary.sip.unwrap();
    assert_eq!(
        (sip.caller_response, sip.callee_response),
        (Some(500), Some(503))
    );
}

#[test]
fn who_hung_up_is_told_by_tags_and_a_platform_that_ends_both_sides_is_neither() {
    let by_caller = |message: &mut SipMessage| message.from.tag = Some("caller".to_owned());
    let by_callee = |message: &mut SipMessage| {
        message.from.tag = Some("callee".to_owned());
        message.to.tag = Some("caller".to_owned());
    };
    let mut story = answered();
    story.sip(5_000, A, S, "BYE", by_caller);
    story.sip(5_005, S, B, "BYE", by_caller);
    assert_eq!(
        story.summary().facts.disconnected_by.as_deref(),
        Some("caller")
    );
    // The callee's BYE comes by another connection, and the far leg's agent is half a second ahead.
    let mut story = answered();
    story.sip(5_500, "198.51.100.20:40000", S, "BYE", by_callee);
    story.sip(5_000, S, A, "BYE", by_callee);
    assert_eq!(
        story.summary().facts.disconnected_by.as_deref(),
        Some("callee")
    );
    let mut story = answered();
    story.sip(5_000, S, A, "BYE", by_callee);
    story.sip(5_001, S, B, "BYE", by_caller);
    let summary = story.summary();
    assert_eq!(summary.facts.disconnected_by.as_deref(), Some("platform"));
    assert_eq!(summary.facts.state, Some(CallState::Completed));
    assert_eq!(summary.facts.connect_duration_s, Some(3));
}

#[test]
fn a_hold_that_is_kept_up_is_one() {
    let mut story = answered();
    let mut again = |ms, cseq, direction: &str| {
        story.sip(ms, A, S, "INVITE", |message| {
            message.cseq = cseq;
            message.to.tag = Some("callee".to_owned());
            message.media = vec![Media {
                direction: direction.to_owned(),
                ..audio("192.0.2.10:4001")
            }];
        });
    };
    again(2_000, 2, "sendonly");
    again(3_000, 3, "sendonly");
    again(4_000, 4, "");
    again(5_000, 5, "inactive");
    let sip = story.summary().sip.unwrap();
    assert_eq!((sip.reinvites, sip.holds), (4, 2));
}

#[test]
fn operators_say_which_side_is_which() {
    let rule = |network: &str, edge, carrier: &str| SideRule {
        networks: vec![network.parse().unwrap()],
        edge: Some(edge),
        carrier: Some(carrier.to_owned()),
        ..SideRule::default()
    };
    let mut story = answered();
    story.rules = Sides(vec![
        rule("192.0.2.10", SideEdge::Carrier, "Near"),
        rule("198.51.100.0/24", SideEdge::Sip, "Far"),
    ]);
    let summary = story.summary();
    assert_eq!(summary.facts.from.carrier.as_deref(), Some("Near"));
    assert_eq!(summary.facts.to.carrier.as_deref(), Some("Far"));
    let far = |kind: &EdgeKind| summary.edges[kind].facts.external_signaling_ip.clone();
    assert_eq!(far(&EdgeKind::Carrier).as_deref(), Some("192.0.2.10"));
    assert_eq!(far(&EdgeKind::Sip).as_deref(), Some("198.51.100.20"));
    assert_eq!(summary.facts.call_type, Some(CallType::Trunking));
    assert!(summary.sides_version.is_some());
    story.rules = Sides(vec![SideRule {
        domains: vec!["Trunk.example.com".to_owned()],
        carrier: Some("By domain".to_owned()),
        ..SideRule::default()
    }]);
    let facts = story.summary().facts;
    assert_eq!(facts.from.carrier, None);
    assert_eq!(facts.to.carrier.as_deref(), Some("By domain"));
    // Both of the same kind: a platform has one edge of each.
    story.rules = Sides(vec![SideRule {
        edge: Some(SideEdge::Carrier),
        ..SideRule::default()
    }]);
    let kinds: Vec<EdgeKind> = story.summary().edges.into_keys().collect();
    assert_eq!(kinds, [EdgeKind::Carrier, EdgeKind::Sip]);
}

#[test]
fn reports_from_behind_a_nat_are_told_by_where_they_go() {
    let mut story = answered();
    // The caller's router has another address than its telephone knows of.
    story.rtcp(
        6_000,
        "203.0.113.7:61001",
        "192.0.2.1:3003",
        7,
        Some(250),
        block(9, 3, 1_000),
    );
    story.rtcp(
        6_000,
        "198.51.100.20:4001",
        "192.0.2.1:3001",
        9,
        Some(260),
        block(7, 5, 2_000),
    );
    let summary = story.summary();
    let out = |kind| summary.edges[&kind].outbound.as_ref().unwrap().packets_lost;
    assert_eq!(
        (out(EdgeKind::Sip), out(EdgeKind::Carrier)),
        (Some(3), Some(5))
    );
}

#[test]
fn a_report_that_a_relay_sends_on_is_its_makers() {
    const NEAR: (&str, &str) = ("192.0.2.10:4001", "192.0.2.1:3003");
    const FAR: (&str, &str) = ("198.51.100.20:4001", "192.0.2.1:3001");
    let mut story = answered();
    let of_caller = block(9, 3, 1_000);
    let of_callee = block(7, 5, 2_000);
    story.rtcp(6_000, NEAR.0, NEAR.1, 7, Some(250), of_caller);
    story.rtcp(6_000, FAR.0, FAR.1, 9, Some(260), of_callee);
    let edges = story.summary().edges;
    story.rtcp(6_000, FAR.1, FAR.0, 7, Some(250), of_caller);
    story.rtcp(6_000, NEAR.1, NEAR.0, 9, Some(260), of_callee);
    assert_eq!(story.summary().edges, edges);
}

/// An agent that mirrors what it receives and what it sends: two streams on one leg.
fn terminated() -> Story {
    let mut story = Story::default();
    story.media(0, A, S, "INVITE", "192.0.2.10:4001");
    story.media(500, S, A, "200 INVITE", "192.0.2.1:3003");
    story.rtcp(
        6_000,
        "192.0.2.10:4001",
        "192.0.2.1:3003",
        7,
        Some(250),
        block(9, 3, 1_000),
    );
    story.rtcp(
        6_100,
        "192.0.2.1:3003",
        "192.0.2.10:4001",
        9,
        Some(255),
        block(7, -2, 2_000),
    );
    story
}

#[test]
fn what_a_switch_leaves_open_its_reports_tell() {
    let mut story = terminated();
    let counted = MediaSample {
        edge: EdgeKind::Sip,
        direction: StreamDirection::Outbound,
        ssrc: None,
        interval: Counters::default(),
        cumulative: Counters {
            packets_sent: Some(300),
            ..Counters::default()
        },
        metadata: None,
    };
    story.event(7_000, Observation::Media(Box::new(counted)));
    let summary = story.summary();
    let outbound = summary.edges[&EdgeKind::Sip].outbound.as_ref().unwrap();
    assert_eq!(
        (outbound.packets_sent, outbound.packets_lost),
        (Some(300), Some(3))
    );
    assert_eq!(outbound.jitter_ms.unwrap().avg, Some(10.0));
}

#[test]
fn a_platform_that_ends_media_itself_measures_what_comes_in() {
    let summary = terminated().summary();
    let edge = &summary.edges[&EdgeKind::Sip];
    let (inbound, outbound) = (
        edge.inbound.as_ref().unwrap(),
        edge.outbound.as_ref().unwrap(),
    );
    assert_eq!(
        (outbound.packets_sent, outbound.packets_lost),
        (Some(255), Some(3))
    );
    // More came than was sent: a duplicate is no loss.
    assert_eq!(
        (inbound.packets_received, inbound.packets_lost),
        (Some(252), Some(-2))
    );
    assert_eq!(inbound.loss_percent, Some(0.0));
    assert_eq!(inbound.jitter_ms.unwrap().avg, Some(10.0));
    assert_eq!(edge.leg_rtt_ms, None);
    assert_eq!(inbound.mos, None);
}

#[test]
fn the_streams_of_one_side_add_up() {
    let mut story = answered();
    for (ms, ssrc, lost) in [(6_000, 7, 4), (16_000, 8, 6)] {
        story.rtcp(
            ms,
            "192.0.2.10:4001",
            "192.0.2.1:3003",
            ssrc,
            Some(200),
            None,
        );
        story.rtcp(
            ms + 10,
            "198.51.100.20:4001",
            "192.0.2.1:3001",
            9,
            Some(200),
            block(ssrc, lost, 1_000),
        );
    }
    let summary = story.summary();
    let counters = summary.edges[&EdgeKind::Carrier].outbound.as_ref().unwrap();
    assert_eq!(
        (counters.packets_sent, counters.packets_lost),
        (Some(400), Some(10))
    );
    assert_eq!(counters.loss_percent, Some(2.5));
}

#[test]
fn receivers_that_do_not_send_are_counted_by_their_sequence_numbers() {
    let mut story = answered();
    story.rtcp(
        6_000,
        "198.51.100.20:4001",
        "192.0.2.1:3001",
        9,
        None,
        block(7, 10, 1_000),
    );
    story.rtcp(
        11_000,
        "198.51.100.20:4001",
        "192.0.2.1:3001",
        9,
        None,
        block(7, 15, 1_250),
    );
    let summary = story.summary();
    let counters = summary.edges[&EdgeKind::Carrier].outbound.as_ref().unwrap();
    assert_eq!(counters.packets_sent, None);
    // Between the reports 250 were expected, and 5 of them lost.
    assert_eq!(
        (counters.packets_received, counters.packets_lost),
        (Some(245), Some(15))
    );
    assert_eq!(counters.loss_percent, Some(2.0));
}

#[test]
fn only_the_dialogs_that_were_answered_are_ended() {
    let tagged = |from: &'static str, to: &'static str| {
        move |message: &mut SipMessage| {
            message.from.tag = Some(from.to_owned());
            message.to.tag = Some(to.to_owned());
        }
    };
    // Two branches answered; the caller drops one of them and talks with the other.
    let mut story = answered();
    story.sip(1_100, S, A, "200 INVITE", tagged("caller", "second"));
    story.sip(2_000, A, S, "BYE", tagged("caller", "callee"));
    let state = |story: &Story| story.summary().facts.state;
    assert_eq!(state(&story), Some(CallState::Answered));
    // Somebody's BYE of a dialog that is none.
    story.sip(3_000, S, A, "BYE", tagged("stranger", "caller"));
    assert_eq!(state(&story), Some(CallState::Answered));
    story.sip(21_000, S, A, "BYE", tagged("second", "caller"));
    let summary = story.summary();
    assert_eq!(summary.facts.state, Some(CallState::Completed));
    assert_eq!(summary.facts.connect_duration_s, Some(19));
    assert_eq!(summary.facts.disconnected_by.as_deref(), Some("callee"));
}
