//! What follows from packets that no capture has.

use std::net::SocketAddr;

use super::*;
use crate::capture::Capture;
use crate::fold::Derived;
use crate::fold::ladder::{Ladder, Rung};
use crate::rtcp::{ReportBlock, RtcpReport, SenderInfo};
use crate::sides::Sides;
use crate::sip::{Codec, Media, Party, SipMessage, StartLine};

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn capture(agent: u32, source: &str, destination: &str) -> Capture {
    Capture {
        agent,
        source: address(source),
        destination: address(destination),
    }
}

const CALLER: &str = "192.0.2.1:5060";
const PROXY: &str = "192.0.2.2:5060";

fn audio(ip: &str) -> Vec<Media> {
    vec![Media {
        kind: "audio".to_owned(),
        rtp: Some(address(&format!("{ip}:4000"))),
        rtcp: Some(address(&format!("{ip}:4001"))),
        codec: Some(Codec {
            payload_type: 0,
            name: "pcmu".to_owned(),
            clock_hz: 8_000,
        }),
        ..Media::default()
    }]
}

fn sip(agent: u32, ms: i64, start: StartLine, media: Vec<Media>) -> CallEvent {
    let (source, destination) = match start {
        StartLine::Request(_) => (CALLER, PROXY),
        StartLine::Response(_) => (PROXY, CALLER),
    };
    let text = match &start {
        StartLine::Request(uri) => format!("INVITE {uri} SIP/2.0\r\n\r\n"),
        StartLine::Response(status) => format!("SIP/2.0 {status} So be it\r\n\r\n"),
    };
    let message = SipMessage {
        capture: capture(agent, source, destination),
        start,
        call_id: "dialog".to_owned(),
        cseq: 1,
        method: "INVITE".to_owned(),
        hops: 1,
        branches: Vec::new(),
        from: Party::default(),
        to: Party::default(),
        asserted: None,
        verstat: None,
        diverted_by: Vec::new(),
        user_agent: None,
        reasons: Vec::new(),
        passports: Vec::new(),
        media,
        source_location: None,
        destination_location: None,
        parent: None,
        text: text.clone(),
    };
    let id = format!("{agent}:{ms}:{}", text.len());
    event(
        &id,
        ms,
        SourceKind::Hep,
        Observation::Sip {
            sip: Box::new(message),
        },
    )
}

fn invite(agent: u32, ms: i64) -> CallEvent {
    sip(
        agent,
        ms,
        StartLine::Request("sip:b".to_owned()),
        audio("192.0.2.1"),
    )
}

fn answer(agent: u32, ms: i64) -> CallEvent {
    sip(agent, ms, StartLine::Response(200), audio("192.0.2.2"))
}

/// What the caller's phone reports of the proxy's stream: so many packets came and were lost of it.
fn report(ms: i64, sequence: u32, lost: i32) -> CallEvent {
    let report = RtcpReport {
        capture: capture(1, "192.0.2.1:4001", "192.0.2.2:4001"),
        ssrc: 7,
        sender: Some(SenderInfo {
            ntp: u64::from(sequence) << 32,
            rtp: 0,
            packets: sequence,
            octets: sequence * 160,
        }),
        blocks: vec![ReportBlock {
            ssrc: 8,
            fraction_lost: 0,
            lost,
            highest_seq: sequence,
            jitter_rtp: 80,
            lsr: 0,
            dlsr: 0,
        }],
        voip_metrics: Vec::new(),
        is_silent: false,
        is_encrypted: false,
    };
    event(
        &format!("rtcp{ms}"),
        ms,
        SourceKind::Hep,
        Observation::Rtcp {
            rtcp: Box::new(report),
        },
    )
}

fn derived(events: &[CallEvent]) -> Derived {
    let mut state = FoldState::default();
    for event in events {
        state.add(event);
    }
    state.derived(CALL, &Sides::default()).unwrap()
}

/// End of the slot in seconds, packets received, lost, and the share of them.
type Slot = (i64, Option<u64>, Option<i64>, Option<f64>);

/// What went out to the caller.
fn slots(events: &[CallEvent]) -> Vec<Slot> {
    let mut series = derived(events).series;
    series.retain(|event| match &event.observation {
        Observation::Media(sample) => sample.direction == StreamDirection::Outbound,
        _ => false,
    });
    let slot = |event: &CallEvent| match &event.observation {
        Observation::Media(sample) => {
            let it = &sample.interval;
            let second = event.at.since_us(at(0)) / 1_000_000;
            (
                second,
                it.packets_received,
                it.packets_lost,
                it.loss_percent,
            )
        }
        other => panic!("{other:?}"),
    };
    series.iter().map(slot).collect()
}

#[test]
fn what_came_between_reports_counts_in_the_later_ones_slot() {
    let events = [
        invite(1, 0),
        answer(1, 2_000),
        // Early media is before the answer, and a slot without a report is left out.
        report(1_000, 50, 1),
        report(7_000, 300, 6),
        report(11_999, 550, 6),
        report(27_000, 1_300, 21),
    ];
    assert_eq!(
        slots(&events),
        [
            (2, None, None, None),
            (12, Some(495), Some(5), Some(1.0)),
            (32, Some(735), Some(15), Some(2.0)),
        ]
    );
}

#[test]
fn duplicates_that_outnumber_losses_are_no_share() {
    let events = [
        invite(1, 0),
        answer(1, 0),
        report(5_000, 250, 3),
        report(15_000, 750, 1),
    ];
    assert_eq!(slots(&events)[1], (20, Some(502), Some(-2), Some(0.0)));
}

#[test]
fn without_an_invite_nothing_follows() {
    let mut state = FoldState::default();
    state.add(&report(0, 1, 0));
    assert!(state.derived(CALL, &Sides::default()).is_none());
}

fn ladder(events: &[CallEvent]) -> Vec<Rung> {
    let mut ladder = Ladder::default();
    for (position, event) in (1..).zip(events) {
        ladder.add(event, position);
    }
    ladder.rungs(Some(&derived(events).route))
}

#[test]
fn a_message_is_one_rung_for_each_time_it_was_sent() {
    // The second agent's clock is ahead, and it missed the first sending of the answer.
    let events = [
        invite(2, 9_000),
        invite(2, 9_500),
        invite(1, 0),
        invite(1, 500),
        answer(1, 600),
    ];
    let rungs = ladder(&events);
    let seen: Vec<_> = rungs
        .iter()
        .map(|rung| {
            (
                rung.at,
                rung.agent,
                rung.seen_by.as_slice(),
                rung.is_retransmission,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (at(0), Some(1), &[1, 2][..], false),
            (at(500), Some(1), &[1, 2][..], true),
            (at(600), Some(1), &[1][..], false),
        ]
    );
}

#[test]
fn a_report_is_put_to_the_leg_it_is_about() {
    let events = [invite(1, 0), answer(1, 0), report(5_000, 250, 3)];
    let rungs = ladder(&events);
    let spot = rungs[2].spot.unwrap();
    assert_eq!((spot.leg.as_str(), spot.edge), ("caller", EdgeKind::Sip));
    let rungs = {
        let mut ladder = Ladder::default();
        ladder.add(&events[2], 1);
        ladder.rungs(None)
    };
    assert_eq!(rungs[0].spot, None);
}

#[test]
fn the_longest_series_takes_no_time_to_speak_of() {
    let mut events = vec![invite(1, 0), answer(1, 0)];
    let reports = 20_000;
    events.extend((1..reports).map(|n| report(i64::from(n) * 5_000, n * 250, 0)));
    assert_eq!(slots(&events).len(), 10_000);
}
