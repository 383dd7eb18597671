//! What end systems say of quality in their own extended reports, beside what everybody reports.

use super::packets::{Story, answered, block, says_nothing};
use crate::event::Observation;
use crate::fold::FoldState;
use crate::media::Counters;
use crate::rtcp::{ReportBlock, RtcpReport, VoipMetrics};
use crate::vocabulary::{EdgeKind, MosMethod};
use crate::vq::{VqMetrics, VqReport};

/// Where the caller's and the callee's telephones send RTCP from and to.
const NEAR: (&str, &str) = ("192.0.2.10:4001", "192.0.2.1:3003");
const FAR: (&str, &str) = ("198.51.100.20:4001", "192.0.2.1:3001");
/// Their sources.
const CALLER: u32 = 7;
const CALLEE: u32 = 9;

fn says(ssrc: u32, mos_lq: Option<f64>) -> VoipMetrics {
    VoipMetrics {
        ssrc,
        loss_percent: Some(12.5),
        round_trip_ms: Some(80),
        mos_lq,
        ..VoipMetrics::default()
    }
}

/// The callee's telephone says of the caller's stream.
fn callee_says(story: &mut Story, ms: i64, metrics: VoipMetrics) {
    let report = RtcpReport {
        voip_metrics: vec![metrics],
        ..says_nothing(FAR.0, FAR.1, CALLEE)
    };
    story.report(ms, report);
}

fn towards_callee(story: &Story) -> Counters {
    let summary = story.summary();
    let edge = &summary.edges[&EdgeKind::Carrier];
    assert!(edge.not_measured.is_none());
    edge.outbound.clone().unwrap()
}

fn score(counters: &Counters) -> Option<(f64, MosMethod)> {
    Some((counters.mos?.avg?, counters.mos_method?))
}

/// Reports with all that a score by the E-model needs: each names the other's, 20 ms later.
fn complete_reports(story: &mut Story) {
    let naming = |ssrc: u32, lost, of: u32| {
        let block = block(ssrc, lost, 1_000);
        block.map(|block| ReportBlock {
            lsr: of,
            dlsr: 0,
            ..block
        })
    };
    let name = |ssrc: u32, ms: u32| (ssrc << 16 & 0xffff_0000) | ms & 0xffff;
    story.rtcp(6_000, NEAR.0, NEAR.1, CALLER, Some(250), None);
    let answer = naming(CALLER, 5, name(0, 6_000));
    story.rtcp(6_020, FAR.0, FAR.1, CALLEE, Some(250), answer);
    let answer = naming(CALLEE, 5, name(0, 6_020));
    story.rtcp(6_040, NEAR.0, NEAR.1, CALLER, Some(251), answer);
}

#[test]
fn what_is_said_fills_what_nobody_counted() {
    let mut story = answered();
    callee_says(&mut story, 6_000, says(CALLER, Some(3.2)));
    callee_says(&mut story, 11_000, says(CALLER, Some(3.9)));
    let counters = towards_callee(&story);
    assert_eq!(score(&counters), Some((3.9, MosMethod::ExtendedReport)));
    assert_eq!(counters.loss_percent, Some(12.5));
    assert_eq!(counters.rtt_ms.unwrap().avg, Some(80.0));
    // The caller's stream came in at the other edge as it was sent.
    let summary = story.summary();
    let inbound = summary.edges[&EdgeKind::Sip].inbound.as_ref().unwrap();
    assert_eq!(score(inbound), Some((3.9, MosMethod::ExtendedReport)));
}

#[test]
fn what_was_counted_outranks_what_is_said() {
    let mut story = answered();
    complete_reports(&mut story);
    let counted = towards_callee(&story);
    let (_, method) = score(&counted).unwrap();
    assert_eq!(method, MosMethod::EModel);
    callee_says(&mut story, 11_000, says(CALLER, Some(1.5)));
    assert_eq!(towards_callee(&story), counted);
    // Sources that were not counted, as of telephones that leave out which one they mean.
    callee_says(&mut story, 11_010, says(0, Some(1.5)));
    callee_says(&mut story, 11_020, says(500, Some(1.5)));
    assert_eq!(towards_callee(&story), counted);
}

#[test]
fn no_loss_beside_nothing_else_is_no_measurement() {
    let nothing = VoipMetrics {
        ssrc: CALLER,
        loss_percent: Some(0.0),
        discard_percent: Some(0.0),
        ..VoipMetrics::default()
    };
    let lossy = VoipMetrics {
        loss_percent: Some(2.0),
        ..nothing
    };
    for (metrics, loss_percent) in [(nothing, None), (lossy, Some(2.0))] {
        let mut story = answered();
        callee_says(&mut story, 6_000, metrics);
        let edge = &story.summary().edges[&EdgeKind::Carrier];
        assert_eq!(edge.not_measured.is_none(), loss_percent.is_some());
        let outbound = edge.outbound.as_ref();
        assert_eq!(outbound.and_then(|it| it.loss_percent), loss_percent);
    }
}

#[test]
fn scores_that_are_said_stand_where_none_can_be_computed() {
    let listening = says(CALLER, Some(4.0));
    let conversational = VoipMetrics {
        mos_cq: Some(3.0),
        ..says(CALLER, None)
    };
    let both = VoipMetrics {
        mos_cq: Some(3.0),
        ..listening
    };
    let own = MosMethod::ExtendedReport;
    for (metrics, expected) in [
        (listening, Some((4.0, own))),
        (conversational, Some((3.0, own))),
        (both, Some((4.0, own))),
        (
            VoipMetrics {
                round_trip_ms: None,
                ..says(CALLER, None)
            },
            None,
        ),
    ] {
        let mut story = answered();
        // No report names another, so nobody can tell the round trip from them.
        story.rtcp(6_000, NEAR.0, NEAR.1, CALLER, Some(250), None);
        story.rtcp(6_010, FAR.0, FAR.1, CALLEE, None, block(CALLER, 5, 1_000));
        callee_says(&mut story, 6_020, metrics);
        let counters = towards_callee(&story);
        assert_eq!(score(&counters), expected, "{metrics:?}");
        // What was counted stays.
        assert_eq!(counters.loss_percent, Some(2.0));
        assert_eq!(counters.packets_lost, Some(5));
    }
}

#[test]
fn a_round_trip_that_is_said_completes_what_a_score_needs() {
    let mut story = answered();
    story.rtcp(6_000, NEAR.0, NEAR.1, CALLER, Some(250), None);
    story.rtcp(6_010, FAR.0, FAR.1, CALLEE, None, block(CALLER, 5, 1_000));
    assert_eq!(score(&towards_callee(&story)), None);
    callee_says(&mut story, 6_020, says(CALLER, None));
    let (_, method) = score(&towards_callee(&story)).unwrap();
    assert_eq!(method, MosMethod::EModel);
}

#[test]
fn a_report_of_the_whole_call_outranks_those_on_the_way() {
    let mut story = answered();
    callee_says(&mut story, 6_000, says(CALLER, Some(3.2)));
    let phone = |mos_lq| VqReport {
        capture: None,
        is_final: true,
        is_session: true,
        local_id: None,
        remote_id: None,
        local_ssrc: None,
        remote_ssrc: Some(CALLER),
        local_ip: Some("198.51.100.20".parse().unwrap()),
        local: VqMetrics {
            jitter_ms: Some(2.0),
            mos_lq,
            ..VqMetrics::default()
        },
        remote: None,
    };
    for (mos_lq, expected) in [
        (None, (3.2, MosMethod::ExtendedReport)),
        (Some(4.1), (4.1, MosMethod::Phone)),
    ] {
        let vq = Box::new(phone(mos_lq));
        story.event(20_000, Observation::Vq { vq });
        let counters = towards_callee(&story);
        assert_eq!(score(&counters), Some(expected));
        assert_eq!(counters.jitter_ms.unwrap().avg, Some(2.0));
    }
}

#[test]
fn whose_reports_nobody_can_place_say_nothing() {
    let mut story = answered();
    let report = RtcpReport {
        voip_metrics: vec![says(CALLER, Some(3.2))],
        ..says_nothing("203.0.113.9:9", "203.0.113.10:9", 44)
    };
    story.report(6_000, report);
    let edge = &story.summary().edges[&EdgeKind::Carrier];
    assert!(edge.not_measured.is_some());
}

#[test]
fn what_a_sender_makes_up_does_not_grow_the_state() {
    let size = |reports: u32, streams: u32| {
        let mut story = answered();
        for number in 0..reports {
            let of = |stream| says(1_000 + number * streams + stream, Some(3.2));
            let report = RtcpReport {
                voip_metrics: (0..streams).map(of).collect(),
                ..says_nothing(FAR.0, FAR.1, CALLEE)
            };
            story.report(6_000 + i64::from(number), report);
        }
        let mut state = FoldState::default();
        for event in &story.events {
            state.add(event);
        }
        state.to_bytes().len()
    };
    let (one, many) = (size(1, 64), size(100, 64));
    assert!(many < one + 100, "{one} became {many}");
}
