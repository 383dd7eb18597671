//! Jitter of calls whose codec changes.

use super::packets::{B, S, Story, answered, audio};
use crate::media::Counters;
use crate::rtcp::ReportBlock;
use crate::sip::{Codec, Media, SipMessage};
use crate::vocabulary::EdgeKind;

fn codec(name: &str, payload_type: u8, clock_hz: u32) -> Codec {
    Codec {
        payload_type,
        name: name.to_owned(),
        clock_hz,
    }
}

fn opus() -> Codec {
    codec("opus", 96, 48_000)
}

/// A message within the dialog, whose description begins with a codec.
fn within(story: &mut Story, ms: i64, from: &str, to: &str, start: &str, codec: Codec) {
    story.sip(ms, from, to, start, |message: &mut SipMessage| {
        message.cseq = 2;
        message.to.tag = Some("callee".to_owned());
        message.media = vec![Media {
            codec: Some(codec),
            ..audio("192.0.2.10:4001")
        }];
    });
}

/// The callee says what jitter the caller's stream had, in ticks.
fn report(story: &mut Story, ms: i64, highest_seq: u32, jitter_rtp: u32) {
    let block = ReportBlock {
        ssrc: 7,
        fraction_lost: 0,
        lost: 0,
        highest_seq,
        jitter_rtp,
        lsr: 0,
        dlsr: 0,
    };
    let sent = Some(highest_seq);
    story.rtcp(
        ms,
        "198.51.100.20:4001",
        "192.0.2.1:3001",
        9,
        sent,
        Some(block),
    );
}

fn outbound(story: &Story) -> Counters {
    let edge = &story.summary().edges[&EdgeKind::Carrier];
    edge.outbound.clone().unwrap()
}

/// Jitter, ms: mean and largest; and the codec.
fn told(story: &Story) -> (f64, f64, String) {
    let counters = outbound(story);
    let jitter_ms = counters.jitter_ms.unwrap();
    let (avg, max) = (jitter_ms.avg.unwrap(), jitter_ms.max.unwrap());
    (avg, max, counters.codec_name.unwrap())
}

#[test]
fn jitter_is_told_by_the_codec_in_force() {
    let mut story = answered();
    report(&mut story, 6_000, 250, 80);
    within(&mut story, 7_000, S, B, "INVITE", opus());
    within(&mut story, 7_100, B, S, "200 INVITE", opus());
    report(&mut story, 11_000, 500, 960);
    assert_eq!(told(&story), (15.0, 20.0, "opus".to_owned()));
    story.events.reverse();
    assert_eq!(told(&story), (15.0, 20.0, "opus".to_owned()));
    // Nothing was reported after a change: what was measured is of the codec before.
    within(&mut story, 12_000, S, B, "INVITE", codec("g722", 9, 8_000));
    within(
        &mut story,
        12_100,
        B,
        S,
        "200 INVITE",
        codec("g722", 9, 8_000),
    );
    assert_eq!(told(&story), (15.0, 20.0, "opus".to_owned()));
}

#[test]
fn what_was_not_accepted_changes_nothing() {
    let mut story = answered();
    report(&mut story, 6_000, 250, 80);
    within(&mut story, 7_000, S, B, "INVITE", opus());
    within(&mut story, 7_100, B, S, "488 INVITE", opus());
    report(&mut story, 11_000, 500, 160);
    assert_eq!(told(&story), (15.0, 20.0, "pcmu".to_owned()));
}

#[test]
fn an_offer_in_a_response_is_answered_by_its_confirmation() {
    let mut story = answered();
    within(
        &mut story,
        7_100,
        B,
        S,
        "200 INVITE",
        codec("pcmu", 0, 8_000),
    );
    within(&mut story, 7_200, S, B, "ACK", opus());
    report(&mut story, 11_000, 500, 960);
    assert_eq!(told(&story), (20.0, 20.0, "opus".to_owned()));
}

#[test]
fn reports_are_timed_by_the_clock_of_the_signalling() {
    // Agent 2 sees the reports, and 60 s ahead what agent 1 sees of the signalling.
    let mut story = Story::default();
    for (agent, ahead_ms) in [(1, 0), (2, 60_000)] {
        let mut seen = answered();
        within(&mut seen, 7_000, S, B, "INVITE", opus());
        within(&mut seen, 7_100, B, S, "200 INVITE", opus());
        for mut event in seen.events {
            event.at = event.at.plus_us(ahead_ms * 1_000);
            event.id = format!("{agent}:{}", story.events.len())
                .try_into()
                .unwrap();
            if let crate::event::Observation::Sip { sip } = &mut event.observation {
                sip.capture.agent = agent;
            }
            story.events.push(event);
        }
    }
    report(&mut story, 66_000, 250, 80);
    report(&mut story, 71_000, 500, 960);
    assert_eq!(told(&story), (15.0, 20.0, "opus".to_owned()));
}
