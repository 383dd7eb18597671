//! Receivers that hear less than was sent to them, and those of whom it only looks so.

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
fn a_receiver_to_whom_nothing_was_due_is_not_silent() {
    // All the same it fills in zeros of the source it was told.
    for (direction, is_sent, is_silent) in [
        ("sendonly", false, false),
        ("sendonly", true, false),
        ("inactive", false, false),
        ("recvonly", false, true),
        ("", false, true),
    ] {
        let mut talk = Talk(Story::default());
        talk.0.sip(0, A, S, "INVITE", |message| {
            let direction = direction.to_owned();
            message.media = vec![Media {
                direction,
                ..audio(PHONE)
            }];
        });
        talk.0.media(ANSWER_MS, S, A, "200 INVITE", PLATFORM);
        for number in 1..=5_u32 {
            let tenths = i64::from(number) * 50;
            if is_sent {
                talk.sent(tenths, 250 * number);
            }
            talk.heard(tenths + 1, 0, 0);
        }
        let edge = talk.edge();
        let what = (direction, is_sent);
        let silence = is_silent.then_some(Tag::Silence);
        assert_eq!(edge.tags, Vec::from_iter(silence), "{what:?}");
        assert_eq!(edge.unheard, [], "{what:?}");
        let received = is_silent.then_some(0);
        assert_eq!(
            edge.outbound.unwrap().packets_received,
            received,
            "{what:?}"
        );
        let mut slots = talk.slots().into_iter();
        assert!(
            slots.all(|it| is_silent || it.packets_received.is_none()),
            "{what:?}"
        );
    }
}

#[test]
fn another_systems_figures_of_a_stream_stand_without_our_silence() {
    let figures = || Some(Counters::default());
    for (inbound, outbound, expected) in [
        (None, None, &["heard nothing"][..]),
        (figures(), None, &["heard nothing"]),
        (None, figures(), &[]),
    ] {
        let mut talk = reports(5, |talk, _, tenths| {
            talk.heard(tenths, 0, 1);
        });
        let told = EdgeFacts {
            inbound,
            outbound,
            ..EdgeFacts::default()
        };
        let facts = CallFacts {
            edges: [(EdgeKind::Sip, told)].into(),
            ..CallFacts::default()
        };
        let import = imported(60_000, ImportStage::Complete, 1, facts);
        talk.0.events.push(import);
        let reasons = talk.edge().unheard.into_iter().map(|it| it.reason());
        assert_eq!(reasons.collect::<Vec<_>>(), expected);
    }
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
fn a_receiver_is_the_same_under_another_source() {
    let mut talk = reports(3, |talk, number, tenths| {
        talk.heard(tenths, BASE + 250 * number, 4);
    });
    for number in 4..=6_u32 {
        let tenths = i64::from(number) * 50;
        talk.sent(tenths, 250 * number);
        // It counts on, or it begins anew.
        for (reporter, lost) in [(REPORTER - 1, 6), (REPORTER + 1, 6)] {
            let block = block(STREAM, lost, BASE + 250 * number);
            let at = ms(tenths + 1);
            talk.0.rtcp(at, PHONE, PLATFORM, reporter, None, block);
        }
    }
    talk.check(1_494, 6, &[]);
}

#[test]
fn who_reports_of_nobody_speaks_of_its_own_session_only() {
    const OWN_PORTS: (&str, &str) = ("192.0.2.10:5001", "192.0.2.1:5003");
    const SAME_PORTS: (&str, &str) = (PHONE, PLATFORM);
    // The peer's camera is off: nobody sends what the telephone's camera reports of.
    for (what, ports, camera_reports) in [
        ("before the first word of the sound", OWN_PORTS, &[25][..]),
        ("after the last", OWN_PORTS, &[599]),
        ("all the time", OWN_PORTS, &[25, 75, 300, 599]),
        ("all the time, at one port", SAME_PORTS, &[25, 75, 300, 599]),
    ] {
        let mut talk = Talk(Story::default());
        for (at, from, to, start, audio_at, video_at) in [
            (0, A, S, "INVITE", PHONE, ports.0),
            (ANSWER_MS, S, A, "200 INVITE", PLATFORM, ports.1),
        ] {
            talk.0.sip(at, from, to, start, |message| {
                let kind = "video".to_owned();
                let video = Media {
                    kind,
                    ..audio(video_at)
                };
                message.media = vec![audio(audio_at), video];
            });
        }
        for number in 1..=12_u32 {
            let tenths = i64::from(number) * 50;
            talk.sent(tenths, 250 * number);
            // The sound is told of before its sender's last word.
            let heard = if number == 12 { 580 } else { tenths + 1 };
            let came = u32::try_from(heard * 5).unwrap();
            talk.heard(heard, BASE + came, 0);
        }
        for tenths in camera_reports {
            talk.silent_as(*tenths, REPORTER + 1, ports);
        }
        talk.0.plain(ms(610), A, S, "BYE");
        let edge = talk.edge();
        let lost = edge.outbound.unwrap().packets_lost;
        assert_eq!((lost, edge.unheard), (Some(0), vec![]), "{what}");
    }
    // Who reports as another source from some time on is the same.
    let talk = reports(5, |talk, number, tenths| match number {
        1..=2 => hears_all(talk, number, tenths),
        _ => {
            talk.silent_as(tenths, REPORTER + 1, SAME_PORTS);
        }
    });
    talk.check(505, 745, &["heard nothing since 00:10"]);
}

#[test]
fn silence_after_a_transfer_is_about_the_stream_that_came_last() {
    // The first party goes on to send to nobody; the second, from 10 s on, is heard until 20 s.
    let mut talk = reports(2, hears_all);
    for number in 1..=6_u32 {
        let tenths = 100 + i64::from(number) * 50;
        let came = 250 * number;
        talk.sent(tenths, 500 + came);
        let second = STREAM + 1;
        talk.0
            .rtcp(ms(tenths), PLATFORM, PHONE, second, Some(came), None);
        if number > 2 {
            talk.silent(tenths + 1);
            continue;
        }
        let block = block(second, 0, BASE + came);
        talk.0
            .rtcp(ms(tenths + 1), PHONE, PLATFORM, REPORTER, None, block);
    }
    let told: Vec<String> = talk.edge().unheard.iter().map(|it| it.reason()).collect();
    assert_eq!(told, ["heard nothing since 00:20"]);
    let lost = talk.outbound().packets_lost.unwrap();
    assert!((950..=1_000).contains(&lost), "{lost}");
}

#[test]
fn streams_that_nobody_sends_are_told_apart_no_further_than_anything_else() {
    // Each report names more sources that nobody had named before.
    let mut talk = reports(40, hears_all);
    let reports = || (1..=40_u32).map(|number| (number, i64::from(number) * 50 + 2));
    for (number, tenths) in reports() {
        let made_up = (0..60).map(|second| 1_000 * number + second);
        let blocks = made_up.filter_map(|stream| block(stream, 0, BASE + number));
        let report = RtcpReport {
            blocks: blocks.collect(),
            ..says_nothing(PHONE, PLATFORM, REPORTER)
        };
        talk.0.report(ms(tenths), report);
    }
    let mut state = FoldState::default();
    for event in &talk.0.events {
        state.add(event);
    }
    let signalling = sip::signalling(&state.dialogs, &state.reports).unwrap();
    let media_ends = MediaEnds::of(&signalling.legs);
    let sources = Sources::of(&state.reports, &signalling, &media_ends);
    let receivers = sources.receivers();
    let streams = receivers.values().map(|receiver| receiver.streams.len());
    assert_eq!(streams.max(), Some(KEYS_MAX));
    let counters = talk.outbound();
    assert_eq!(counters.packets_sent, Some(10_000));
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
fn a_gap_that_the_receiver_counts_counts_once() {
    let talk = reports(8, |talk, number, tenths| match number {
        1..=3 => hears_all(talk, number, tenths),
        4..=5 => {
            talk.heard(tenths, BASE + 750, 0);
        }
        _ => {
            talk.heard(tenths, BASE + 250 * number, 500);
        }
    });
    talk.check(1_500, 500, &["heard nothing from 00:15 to 00:25"]);
}

#[test]
fn packets_that_come_late_after_all_are_not_lost() {
    let talk = reports(6, |talk, number, tenths| match number {
        3 => {
            talk.heard(tenths, BASE + 500, 0);
        }
        _ => hears_all(talk, number, tenths),
    });
    talk.check(1_500, 0, &[]);
    let mut slots = talk.slots().into_iter();
    assert!(slots.all(|slot| slot.packets_lost == Some(0)));
}

#[test]
fn a_receiver_that_counts_anew_after_a_long_gap_has_lost_the_gap() {
    // 80 s: 4,000 packets.
    let talk = reports(24, |talk, number, tenths| match number {
        1..=4 => {
            talk.heard(tenths, BASE + 250 * number, 2);
        }
        5..=20 => {
            talk.silent(tenths);
        }
        _ => {
            talk.heard(tenths, BASE + 250 * number, 1);
        }
    });
    let counters = talk.outbound();
    let lost = counters.packets_lost.unwrap();
    assert!((3_990..4_010).contains(&lost), "{lost}");
    assert_eq!(talk.edge().unheard.len(), 1);
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
fn silence_that_was_agreed_on_is_no_loss() {
    let changes: [(&str, Change); 5] = [
        ("hold", |media| media.direction = "sendonly".to_owned()),
        ("inactive", |media| media.direction = "inactive".to_owned()),
        ("over", |media| media.is_refused = true),
        ("fax", |media| media.kind = "image".to_owned()),
        ("nothing", |_| ()),
    ];
    // The answers to both changes are mirrored or not.
    let cases = changes.iter().flat_map(|it| [(it, false), (it, true)]);
    for (&(what, change), is_missed) in cases {
        // The platform sends all the same.
        let mut talk = reports(8, |talk, number, tenths| match number {
            4..=6 => {
                talk.silent(tenths);
            }
            _ => {
                talk.heard(tenths, BASE + 250 * number, 0);
            }
        });
        talk.asks(155, 2, change);
        if is_missed {
            talk.0.events.pop();
        }
        talk.asks(305, 3, |_| ());
        if is_missed {
            talk.0.events.pop();
        }
        let lost = talk.outbound().packets_lost;
        let told: Vec<String> = talk.edge().unheard.iter().map(|it| it.reason()).collect();
        if what == "nothing" {
            // The receiver does not count it, and yet nobody hands over 15 s at once.
            assert_eq!(
                (lost, told),
                (
                    Some(750),
                    vec!["heard nothing from 00:15 to 00:30".to_owned()]
                )
            );
        } else {
            assert_eq!((lost, told), (Some(0), vec![]), "{what}");
        }
    }
}

#[test]
fn a_call_that_ends_on_hold_has_lost_nothing() {
    let silent = |talk: &mut Talk, number: u32, tenths: i64| match number {
        1..=3 => hears_all(talk, number, tenths),
        _ => {
            talk.silent(tenths);
        }
    };
    let mut held = reports(8, silent);
    held.asks(155, 2, |media| media.direction = "sendonly".to_owned());
    assert_eq!(held.outbound().packets_lost, Some(0));
    // The same when no agent mirrored the answer.
    held.0.events.pop();
    assert_eq!(held.outbound().packets_lost, Some(0));
    // One that was turned down is none.
    let mut refused = reports(8, silent);
    refused.0.sip(ms(155), A, S, "INVITE", |message| {
        message.cseq = 2;
        message.to.tag = Some("callee".to_owned());
        message.media = vec![Media {
            direction: "sendonly".to_owned(),
            ..audio(PHONE)
        }];
    });
    refused
        .0
        .sip(ms(156), S, A, "488 INVITE", |message| message.cseq = 2);
    refused.check(755, 1_245, &["heard nothing since 00:15"]);
    // After the end nobody listens.
    let mut over = reports(8, silent);
    over.0.plain(ms(152), A, S, "BYE");
    assert_eq!(over.outbound().packets_lost, Some(0));
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
fn counts_that_begin_anew_or_wrap_are_counted_on() {
    // The sender is started again under its old source, with other sequence numbers.
    let mut talk = talk();
    for (tenths, packets, highest) in [
        (50, 250, 1_250),
        (100, 500, 1_500),
        (150, 250, 40_250),
        (200, 500, 40_500),
    ] {
        talk.sent(tenths, packets).heard(tenths + 1, highest, 0);
    }
    let counters = talk.outbound();
    assert_eq!(
        (counters.packets_sent, counters.packets_lost),
        (Some(1_000), Some(0))
    );
    assert_eq!(talk.edge().unheard, []);

    // What was sent, by what the first report counts. Beyond what can be of this call, it is told
    // from there on.
    for (first, expected) in [
        (50, 550),
        (0, 500),
        (u32::MAX - 100, 500),
        (50_000_000, 500),
    ] {
        let mut talk = self::talk();
        for (number, tenths) in (0..).zip([10, 60, 110]) {
            talk.sent(tenths, 250_u32.wrapping_mul(number).wrapping_add(first));
            talk.heard(tenths + 1, BASE + 250 * number, 0);
        }
        let counters = talk.outbound();
        assert_eq!(
            (counters.packets_sent, counters.packets_lost),
            (Some(expected), Some(0)),
            "{first}"
        );
    }
}

#[test]
fn receivers_that_count_anew_are_counted_on() {
    let talk = reports(6, |talk, number, tenths| {
        let lost = if number <= 3 { 150 } else { 3 };
        talk.heard(tenths, BASE + 250 * number, lost);
    });
    assert_eq!(talk.outbound().packets_lost, Some(153));
    // Duplicates are none of that.
    let talk = reports(6, |talk, number, tenths| {
        let lost = if number <= 3 { 5 } else { -2 };
        talk.heard(tenths, BASE + 250 * number, lost);
    });
    assert_eq!(talk.outbound().packets_lost, Some(-2));
}

#[test]
fn sequence_numbers_without_cycles_are_counted_on() {
    for (name, told) in [
        ("cycles", (|number| number) as fn(u32) -> u32),
        ("16 bits", |number| number & 0xffff),
    ] {
        // Ten minutes from shortly before the wrap, a report every 20 s; and an hour in which ten
        // minutes are not reported.
        for (reports, missing) in [(30, 0..0), (180, 60..140)] {
            let mut talk = talk();
            for number in (1..=reports).filter(|number| !missing.contains(number)) {
                let tenths = i64::from(number) * 200;
                let lost = i32::try_from(number * 10).unwrap();
                talk.sent(tenths, 1_000 * number);
                talk.heard(tenths + 1, told(60_000 + 1_000 * number), lost);
            }
            let counters = talk.outbound();
            let lost = i64::from(reports) * 10;
            let received = u64::from(reports) * 990;
            assert_eq!(
                (counters.packets_received, counters.packets_lost),
                (Some(received), Some(lost)),
                "{name} {reports}"
            );
            let of_slots: i64 = talk.slots().iter().filter_map(|it| it.packets_lost).sum();
            assert_eq!(of_slots, lost, "{name} {reports}");
            let all: u64 = talk
                .slots()
                .iter()
                .filter_map(|it| it.packets_received)
                .sum();
            assert!(all.abs_diff(received) < 20, "{name} {reports}: {all}");
        }
    }
}

#[test]
fn without_the_senders_count_cycles_are_counted_by_the_receivers_numbers() {
    let mut talk = talk();
    for number in 1..=30 {
        talk.heard(
            200 * i64::from(number),
            (60_000 + 1_000 * number) & 0xffff,
            0,
        );
    }
    let counters = talk.outbound();
    assert_eq!(
        (counters.packets_received, counters.packets_lost),
        (Some(29_000), Some(0))
    );
}

#[test]
fn reports_that_came_late_change_nothing() {
    let mut talk = reports(5, hears_all);
    let expected = talk.outbound();
    talk.heard(257, BASE + 1_000, 0);
    assert_eq!(talk.outbound().packets_lost, expected.packets_lost);
    assert_eq!(talk.edge().unheard, []);
}

#[test]
fn a_receiver_that_never_names_the_stream_is_not_measured() {
    let talk = reports(5, |talk, _, tenths| {
        talk.silent(tenths);
    });
    let edge = talk.edge();
    assert_eq!(edge.outbound, None);
    let reasons: Vec<String> = edge.unheard.iter().map(|it| it.reason()).collect();
    assert_eq!(reasons, ["no report says what was heard"]);
    // Unless it says otherwise what it heard.
    let mut told = talk;
    let metrics = crate::rtcp::VoipMetrics {
        ssrc: STREAM,
        mos_lq: Some(4.1),
        ..Default::default()
    };
    told.0.report(
        ms(252),
        RtcpReport {
            voip_metrics: vec![metrics],
            ..says_nothing(PHONE, PLATFORM, REPORTER)
        },
    );
    assert_eq!(told.outbound().mos.unwrap().avg, Some(4.1));
    assert_eq!(told.edge().unheard, []);
    // Nobody sent anything: there was nothing to name.
    let mut talk = self::talk();
    talk.sent(50, 0).sent(100, 0).silent(51).silent(101);
    assert_eq!(talk.edge().unheard, []);
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

#[test]
fn repeated_reports_of_two_agents_are_the_same_reports() {
    let mut talk = reports(5, |talk, _, tenths| {
        talk.heard(tenths, BASE + 250, 0);
    });
    let once = talk.edge();
    let again: Vec<_> = talk.0.events.clone();
    for mut event in again {
        if let Observation::Rtcp { rtcp } = &mut event.observation {
            rtcp.capture.agent = 3;
            event.at = event.at.plus_us(40_000);
            event.id = format!("again:{}", event.at.since_us(at(0)))
                .try_into()
                .unwrap();
            talk.0.events.push(event);
        }
    }
    let twice = talk.edge();
    assert_eq!(
        (once.outbound, once.unheard),
        (twice.outbound, twice.unheard)
    );
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

#[test]
fn jitter_of_reports_is_of_blocks_that_tell_something_new() {
    let mut talk = talk();
    talk.sent(50, 250).sent(100, 500);
    let jitter = |jitter_rtp, highest_seq| ReportBlock {
        jitter_rtp,
        highest_seq,
        ..block(STREAM, 0, 0).unwrap()
    };
    for (tenths, block) in [
        (51, jitter(80, 1_250)),
        (60, jitter(80, 1_250)),
        (101, jitter(240, 1_500)),
    ] {
        talk.0
            .rtcp(ms(tenths), PHONE, PLATFORM, REPORTER, None, Some(block));
    }
    assert_eq!(talk.outbound().jitter_ms.unwrap().avg, Some(20.0));
}
