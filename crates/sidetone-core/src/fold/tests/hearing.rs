//! Receivers that hear less than was sent to them, and those of whom it only looks so.

mod counts;
mod silence;

use proptest::prelude::*;

use super::packets::{A, S, Story, audio, block, says_nothing};
use super::{at, imported};
use crate::event::{ImportStage, Observation};
use crate::facts::{CallFacts, EdgeFacts};
use crate::fold::cap::KEYS_MAX;
use crate::fold::media_ends::MediaEnds;
use crate::fold::sources::Sources;
use crate::fold::{FoldState, sip};
use crate::media::Counters;
use crate::rtcp::{ReportBlock, RtcpReport, SenderInfo};
use crate::sides::Sides;
use crate::sip::Media;
use crate::summary::EdgeSummary;
use crate::vocabulary::{EdgeKind, StreamDirection, Tag};

const PHONE: &str = "192.0.2.10:4001";
const PLATFORM: &str = "192.0.2.1:3003";
/// The source of the telephone's reports, and that of what is sent to it.
const REPORTER: u32 = 7;
const STREAM: u32 = 9;
/// The answer.
const ANSWER_MS: i64 = 2_000;
/// The number before that of the first packet.
const BASE: u32 = 1_000;

type Change = fn(&mut Media);

/// A call between a telephone and a platform that sends to it. Times are in tenths of a second from
/// the answer.
struct Talk(Story);

fn talk() -> Talk {
    let mut story = Story::default();
    story.media(0, A, S, "INVITE", PHONE);
    story.media(ANSWER_MS, S, A, "200 INVITE", PLATFORM);
    Talk(story)
}

const fn ms(tenths: i64) -> i64 {
    ANSWER_MS + tenths * 100
}

impl Talk {
    /// The platform says how many packets it has sent.
    fn sent(&mut self, tenths: i64, packets: u32) -> &mut Self {
        self.sent_at(tenths, u64::try_from(ms(tenths)).unwrap() << 16, packets)
    }

    fn sent_at(&mut self, tenths: i64, ntp: u64, packets: u32) -> &mut Self {
        let report = RtcpReport {
            sender: Some(SenderInfo {
                ntp,
                rtp: 0,
                packets,
                octets: packets.wrapping_mul(160),
            }),
            ..says_nothing(PLATFORM, PHONE, STREAM)
        };
        self.0.report(ms(tenths), report);
        self
    }

    /// The telephone says what it has heard.
    fn heard(&mut self, tenths: i64, highest: u32, lost: i32) -> &mut Self {
        let block = block(STREAM, lost, highest);
        self.0
            .rtcp(ms(tenths), PHONE, PLATFORM, REPORTER, None, block);
        self
    }

    /// The telephone reports, and of nobody.
    fn silent(&mut self, tenths: i64) -> &mut Self {
        self.silent_as(tenths, REPORTER, (PHONE, PLATFORM))
    }

    fn silent_as(&mut self, tenths: i64, reporter: u32, (from, to): (&str, &str)) -> &mut Self {
        let report = RtcpReport {
            is_silent: true,
            ..says_nothing(from, to, reporter)
        };
        self.0.report(ms(tenths), report);
        self
    }

    /// The telephone asks for another direction of its media, and gets it.
    fn asks(&mut self, tenths: i64, cseq: u32, change: impl Fn(&mut Media)) -> &mut Self {
        for (from, to, start, rtcp) in [(A, S, "INVITE", PHONE), (S, A, "200 INVITE", PLATFORM)] {
            self.0.sip(ms(tenths), from, to, start, |message| {
                message.cseq = cseq;
                message.to.tag = Some("callee".to_owned());
                let mut media = audio(rtcp);
                if from == A {
                    change(&mut media);
                }
                message.media = vec![media];
            });
        }
        self
    }

    fn edge(&self) -> EdgeSummary {
        self.0.summary().edges[&EdgeKind::Sip].clone()
    }

    fn outbound(&self) -> Counters {
        self.edge().outbound.unwrap()
    }

    /// What was received and what was lost of what was sent, and in words why.
    #[track_caller]
    fn check(&self, received: u64, lost: i64, reasons: &[&str]) {
        let told = |story: &Story| {
            let edge = story.summary().edges[&EdgeKind::Sip].clone();
            let counters = edge.outbound.unwrap();
            let reasons: Vec<String> = edge.unheard.iter().map(|it| it.reason()).collect();
            (counters.packets_received, counters.packets_lost, reasons)
        };
        let (got, missed, why) = told(&self.0);
        assert_eq!((got, missed), (Some(received), Some(lost)), "{why:?}");
        assert_eq!(why, reasons);
        let mut again = Story {
            events: self.0.events.clone(),
            ..Story::default()
        };
        again.events.reverse();
        assert_eq!(told(&again), (got, missed, why), "in another order");
        self.check_slots(received, lost);
    }

    /// Slots add up to the call, none with more lost than there was to come.
    #[track_caller]
    fn check_slots(&self, received: u64, lost: i64) {
        let slots = self.slots();
        let lost_in_slots: i64 = slots.iter().filter_map(|it| it.packets_lost).sum();
        assert_eq!(lost_in_slots, lost, "{slots:?}");
        let got: u64 = slots.iter().filter_map(|it| it.packets_received).sum();
        assert!(got.abs_diff(received) <= 60, "{got} are not {received}");
        for slot in slots {
            assert!(
                slot.packets_received.is_none_or(|packets| packets < 2_000),
                "{slot:?}"
            );
            let percent = slot.loss_percent.unwrap_or(0.0);
            assert!((0.0..=100.0).contains(&percent), "{slot:?}");
        }
    }

    fn slots(&self) -> Vec<Counters> {
        let mut state = FoldState::default();
        for event in &self.0.events {
            state.add(event);
        }
        let series = state
            .derived(super::CALL, &Sides::default())
            .unwrap()
            .series;
        let outbound = series
            .into_iter()
            .filter_map(|event| match event.observation {
                Observation::Media(sample) if sample.direction == StreamDirection::Outbound => {
                    Some(sample.interval)
                }
                _ => None,
            });
        outbound.collect()
    }
}

/// Every 5 s the platform says that it has sent 250 more, and 0.1 s later the telephone reports.
fn reports(count: u32, report: impl Fn(&mut Talk, u32, i64)) -> Talk {
    let mut talk = talk();
    for number in 1..=count {
        let tenths = i64::from(number) * 50;
        talk.sent(tenths, 250 * number);
        report(&mut talk, number, tenths + 1);
    }
    talk
}

fn hears_all(talk: &mut Talk, number: u32, tenths: i64) {
    talk.heard(tenths, BASE + 250 * number, 0);
}

#[test]
fn who_hears_everything_has_lost_nothing() {
    reports(5, hears_all).check(1_250, 0, &[]);
}

#[test]
fn a_receiver_that_fills_in_zeros_has_heard_nothing() {
    let talk = reports(5, |talk, _, tenths| {
        talk.heard(tenths, 0, 1);
    });
    talk.check(0, 1_250, &["heard nothing"]);
    let edge = talk.edge();
    assert_eq!(edge.outbound.as_ref().unwrap().jitter_ms, None);
    assert_eq!(edge.tags, [Tag::Silence, Tag::HighPacketLoss]);
    let received = talk.slots().into_iter().map(|it| it.packets_received);
    assert_eq!(received.collect::<Vec<_>>(), [Some(0); 3]);
}

#[test]
fn who_stops_hearing_repeats_itself_or_leaves_the_stream_out() {
    let repeats = reports(5, |talk, _, tenths| {
        talk.heard(tenths, BASE + 250, 0);
    });
    let leaves_out = reports(5, |talk, number, tenths| {
        if number == 1 {
            talk.heard(tenths, BASE + 250, 0);
        } else {
            talk.silent(tenths);
        }
    });
    for talk in [repeats, leaves_out] {
        // By 0.1 s after the sender's report it could have heard five packets more.
        talk.check(255, 995, &["heard nothing since 00:05"]);
        assert_eq!(talk.edge().tags, [Tag::HighPacketLoss]);
        assert_eq!(talk.outbound().jitter_ms.unwrap().avg, Some(10.0));
        let lost: Vec<Option<i64>> = talk.slots().iter().map(|it| it.packets_lost).collect();
        assert_eq!(
            lost,
            [Some(0), Some(250 + 250), Some(250 + 245)][..].to_vec()
        );
    }
}

#[test]
fn who_hears_late_has_lost_what_was_sent_since_the_answer() {
    let talk = reports(5, |talk, number, tenths| {
        if number <= 2 {
            talk.silent(tenths);
        } else {
            hears_all(talk, number, tenths);
        }
    });
    talk.check(745, 505, &["heard nothing until 00:10"]);
    // Who did not report before says nothing of that time.
    let talk = reports(5, |talk, number, tenths| {
        if number > 2 {
            hears_all(talk, number, tenths);
        }
    });
    talk.check(1_250, 0, &[]);
}

#[test]
fn reports_of_different_moments_are_compared_by_what_lies_between() {
    let mut talk = talk();
    for number in 1..=5 {
        let tenths = i64::from(number) * 50;
        talk.sent(tenths, 250 * number);
        // Half an interval before, and nothing after 7.5 s.
        talk.heard(tenths - 25, BASE + (250 * number - 125).min(375), 0);
    }
    talk.check(375, 750, &["heard nothing since 00:07"]);
    let received = talk.slots().into_iter().map(|it| it.packets_received);
    assert_eq!(received.collect::<Vec<_>>(), [Some(375), Some(0), Some(0)]);
}

#[test]
fn before_the_answer_nobody_needs_to_hear() {
    // The platform plays a tone; the telephone listens from the answer on, or heard the tone as
    // well.
    let tone: [(i64, u32); 4] = [(-100, 250), (-50, 500), (50, 1_000), (100, 1_250)];
    for hears_tone in [true, false] {
        let mut talk = Talk(Story::default());
        talk.0.media(ANSWER_MS - 15_000, A, S, "INVITE", PHONE);
        talk.0
            .media(ANSWER_MS - 14_900, S, A, "183 INVITE", PLATFORM);
        talk.0.media(ANSWER_MS, S, A, "200 INVITE", PLATFORM);
        for (tenths, packets) in tone {
            // There is no time before the year of the tests.
            let ntp = u64::try_from(tenths + 1_000).unwrap() << 32;
            talk.sent_at(tenths, ntp, packets);
            if hears_tone || tenths > 0 {
                talk.heard(tenths + 1, BASE + packets, 0);
            } else {
                talk.silent(tenths + 1);
            }
        }
        let counters = talk.outbound();
        assert_eq!(counters.packets_lost, Some(0));
        assert_eq!(talk.edge().unheard, []);
        let lost: i64 = talk.slots().iter().filter_map(|it| it.packets_lost).sum();
        assert_eq!(lost, 0);
    }
}

#[test]
fn a_share_that_does_not_come_is_lost() {
    // Every other packet, and the receiver's numbers go on by what it got.
    let talk = reports(6, |talk, number, tenths| {
        talk.heard(tenths, BASE + 250 + 125 * (number - 1), 0);
    });
    let lost = talk.outbound().packets_lost.unwrap();
    assert!((600..=630).contains(&lost), "{lost}");
    assert_eq!(talk.edge().unheard, []);
}

#[test]
fn a_sender_that_pauses_loses_nothing() {
    let mut talk = talk();
    for number in 1..=6_u32 {
        let tenths = i64::from(number) * 50;
        talk.sent(tenths, 250 * number.min(2));
        if number <= 2 {
            talk.heard(tenths + 1, BASE + 250 * number, 0);
        } else {
            talk.silent(tenths + 1);
        }
    }
    talk.check(500, 0, &[]);
}

#[test]
fn what_a_phone_thinks_of_what_it_did_not_hear_is_not_taken() {
    let mut talk = reports(5, |talk, _, tenths| {
        talk.heard(tenths, BASE + 250, 0);
    });
    let metrics = crate::rtcp::VoipMetrics {
        ssrc: STREAM,
        loss_percent: Some(0.0),
        round_trip_ms: Some(20),
        mos_lq: Some(4.4),
        ..Default::default()
    };
    let report = RtcpReport {
        voip_metrics: vec![metrics],
        ..says_nothing(PHONE, PLATFORM, REPORTER)
    };
    talk.0.report(ms(252), report);
    assert_eq!(talk.outbound().mos, None);
}

/// How many packets a speaker who pauses has sent by a moment, in tenths of a second: five in each
/// in which there is sound.
fn spoken(sounds: &[bool], tenths: i64) -> u32 {
    let so_far = usize::try_from(tenths).unwrap().min(sounds.len());
    let spoken = sounds[..so_far].iter().filter(|sounds| **sounds).count();
    u32::try_from(spoken * 5).unwrap()
}

proptest! {
    /// Whatever speech, and whenever the two report: a receiver that heard all it was sent is never
    /// said to have missed any.
    #[test]
    fn who_tells_the_truth_is_believed(
        spurts in prop::collection::vec((any::<bool>(), 1_usize..80), 1..20),
        sender_every in 7_i64..80,
        receiver_every in 7_i64..80,
        late in 0_i64..5,
        lost_every in 3_u32..50,
    ) {
        let sounds: Vec<bool> = spurts.iter().flat_map(|(sounds, long)| vec![*sounds; *long]).collect();
        let end = i64::try_from(sounds.len()).unwrap();
        let mut talk = talk();
        let (mut tenths, mut heard) = (sender_every, receiver_every);
        while tenths <= end {
            talk.sent(tenths, spoken(&sounds, tenths));
            tenths += sender_every;
        }
        let mut last = None;
        while heard <= end {
            let came = spoken(&sounds, (heard - late).max(0));
            if came > 0 {
                let lost = i32::try_from(came / lost_every).unwrap();
                talk.heard(heard, BASE + came, lost);
                last = Some(i64::from(lost));
            }
            heard += receiver_every;
        }
        let edge = talk.edge();
        prop_assert_eq!(&edge.unheard, &[]);
        if let (Some(last), true) = (last, sender_every <= end) {
            let counters = edge.outbound.unwrap();
            if counters.packets_sent > Some(0) {
                prop_assert_eq!(counters.packets_lost, Some(last));
            }
        }
    }
}
