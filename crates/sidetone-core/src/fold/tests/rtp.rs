//! RTCP that captures of real calls do not hold: other topologies, other agents, sources that
//! change.

use super::packets::{A, S, Story, answered, audio, block};
use crate::event::Observation;
use crate::media::{Counters, MediaSample};
use crate::vocabulary::{EdgeKind, StreamDirection};
use crate::vq::{VqMetrics, VqReport};

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
fn reports_that_come_where_media_does_are_told_by_that() {
    // What is said of RTCP is for those who cannot take both at one port, or for nobody.
    for rtcp_port in [9, 4_010] {
        let (phone, platform) = ("203.0.113.30:4000", "203.0.113.40:4000");
        let mut story = Story::default();
        for (ms, from, to, start, rtp) in [
            (0, A, S, "INVITE", phone),
            (500, S, A, "200 INVITE", platform),
        ] {
            story.sip(ms, from, to, start, |message| {
                let mut media = audio(rtp);
                media.rtcp.as_mut().unwrap().set_port(rtcp_port);
                message.media = vec![media];
            });
        }
        story.rtcp(6_000, phone, platform, 7, Some(250), block(9, 3, 1_000));
        story.rtcp(6_100, platform, phone, 9, Some(255), block(7, 5, 2_000));
        let edge = story.summary().edges[&EdgeKind::Sip].clone();
        let lost = [edge.outbound, edge.inbound].map(|it| it.unwrap().packets_lost);
        assert_eq!(lost, [Some(3), Some(5)], "{rtcp_port}");
    }
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
fn a_stream_that_nobody_reports_as_is_the_partys_when_nothing_else_can_be() {
    const NEAR: (&str, &str) = ("192.0.2.10:4001", "192.0.2.1:3003");
    const FAR: (&str, &str) = ("198.51.100.20:4001", "192.0.2.1:3001");
    // Sources that the caller reports as, sources that the callee receives, what the caller is said
    // to have sent: lost packets.
    for (caller, received, expected) in [
        (&[][..], &[7][..], Some(5)),
        (&[7], &[7], Some(5)),
        // One of them may be music of the platform.
        (&[], &[7, 8], None),
        (&[7], &[7, 8], Some(5)),
        // The caller sends something else: the platform ends media.
        (&[6], &[7], None),
    ] {
        let mut story = answered();
        for ssrc in caller {
            story.rtcp(6_000, NEAR.0, NEAR.1, *ssrc, Some(250), None);
        }
        for ssrc in received {
            let block = block(*ssrc, 5, 2_000);
            let ms = 6_100 + i64::from(*ssrc);
            story.rtcp(ms, FAR.0, FAR.1, 9, Some(260), block);
        }
        let edges = story.summary().edges;
        let outbound = edges[&EdgeKind::Carrier].outbound.as_ref().unwrap();
        let lost = i64::try_from(received.len()).unwrap() * 5;
        assert_eq!(outbound.packets_lost, Some(lost));
        let inbound = edges[&EdgeKind::Sip].inbound.as_ref();
        let lost = inbound.and_then(|inbound| inbound.packets_lost);
        assert_eq!(lost, expected, "{caller:?} {received:?}");
    }
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
fn where_one_leg_was_seen_a_stream_has_one_direction() {
    let mut story = Story::default();
    story.sip(0, A, S, "INVITE", |message| {
        message.media = vec![audio("192.0.2.10:4000")]
    });
    story.sip(900, S, A, "200 INVITE", |message| {
        message.media = vec![audio("192.0.2.1:3000")]
    });
    // The caller's telephone alone reports: of what it sends, and what it receives of the other
    // side's.
    story.rtcp(
        6_000,
        "192.0.2.10:4001",
        "192.0.2.1:3001",
        7,
        Some(250),
        block(9, 5, 1_000),
    );
    story.rtcp(
        11_000,
        "192.0.2.10:4001",
        "192.0.2.1:3001",
        7,
        Some(500),
        block(9, 10, 1_250),
    );
    let edge = story.summary().edges.remove(&EdgeKind::Sip).unwrap();
    assert_eq!(edge.outbound.unwrap().packets_lost, Some(5));
    assert!(edge.inbound.is_none());
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
        (Some(245), Some(5))
    );
    assert_eq!(counters.loss_percent, Some(2.0));
}

#[test]
fn what_a_phone_says_of_the_whole_call_holds() {
    let report = |is_final, is_session, mos_lq| VqReport {
        capture: None,
        is_final,
        is_session,
        local_id: None,
        remote_id: None,
        local_ssrc: None,
        remote_ssrc: Some(9),
        local_ip: Some("192.0.2.10".parse().unwrap()),
        local: VqMetrics {
            mos_lq: Some(mos_lq),
            ..VqMetrics::default()
        },
        remote: None,
    };
    let interval = |mos| report(false, false, mos);
    let session = |mos| report(false, true, mos);
    let whole = |mos| report(true, true, mos);
    for (reports, expected) in [
        (&[interval(4.0), interval(3.0)][..], 3.0),
        (&[interval(4.0), session(3.0)], 3.0),
        (&[session(4.0), interval(3.0)], 4.0),
        (&[session(4.0), session(3.0)], 3.0),
        (&[whole(4.0), session(3.0), interval(2.0)], 4.0),
        (&[interval(2.0), whole(4.0), whole(3.5)], 3.5),
    ] {
        let mut story = answered();
        for (ms, vq) in (5_000..).step_by(1_000).zip(reports) {
            let vq = Box::new(vq.clone());
            story.event(ms, Observation::Vq { vq });
        }
        for _ in 0..2 {
            let summary = story.summary();
            let outbound = summary.edges[&EdgeKind::Sip].outbound.as_ref().unwrap();
            assert_eq!(outbound.mos.unwrap().avg, Some(expected), "{reports:?}");
            story.events.reverse();
        }
    }
}
