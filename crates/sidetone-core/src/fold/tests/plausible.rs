//! Reports that cannot be true, and those that only look so.

use super::imported;
use super::packets::{A, S, Story, audio, says_nothing};
use crate::event::ImportStage;
use crate::facts::{CallFacts, EdgeFacts};
use crate::media::Counters;
use crate::rtcp::{ReportBlock, RtcpReport, SenderInfo, VoipMetrics};
use crate::sip::{Codec, Media};
use crate::summary::{Disregarded, EdgeSummary, NotMeasured};
use crate::vocabulary::EdgeKind;

const PHONE: &str = "192.0.2.10:4001";
const PLATFORM: &str = "192.0.2.1:3003";

/// What becomes of a report of some second.
type Change = fn(u32, &mut RtcpReport);

/// Numbers that look random and are the same every time (Knuth, TAOCP 3.3.4).
struct Noise(u64);

impl Noise {
    fn word(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        u32::try_from(self.0 >> 32).unwrap()
    }

    /// What stands in an encrypted report: its source, then noise.
    fn report(&mut self, from: &str, to: &str, ssrc: u32, is_sender: bool) -> RtcpReport {
        let sender = is_sender.then(|| SenderInfo {
            ntp: u64::from(self.word()) << 32 | u64::from(self.word()),
            rtp: self.word(),
            packets: self.word(),
            octets: self.word(),
        });
        let lost = i32::try_from(self.word() >> 8).unwrap();
        let block = ReportBlock {
            ssrc: self.word(),
            fraction_lost: 9,
            lost: (lost << 8) >> 8,
            highest_seq: self.word(),
            jitter_rtp: self.word(),
            lsr: self.word(),
            dlsr: self.word(),
        };
        let says = VoipMetrics {
            ssrc: self.word(),
            loss_percent: Some(40.0),
            mos_lq: Some(1.2),
            ..VoipMetrics::default()
        };
        RtcpReport {
            sender,
            blocks: vec![block],
            voip_metrics: vec![says],
            ..says_nothing(from, to, ssrc)
        }
    }
}

fn call(change: impl Fn(&mut Media)) -> Story {
    let mut story = Story::default();
    for (ms, from, to, start, rtcp) in [
        (0, A, S, "INVITE", PHONE),
        (2_000, S, A, "200 INVITE", PLATFORM),
    ] {
        story.sip(ms, from, to, start, |message| {
            let mut media = audio(rtcp);
            change(&mut media);
            message.media = vec![media];
        });
    }
    story
}

fn edge(story: &Story) -> EdgeSummary {
    story.summary().edges[&EdgeKind::Sip].clone()
}

/// What each side tells truly at some second of the call: of what it sent, and of the other.
fn truth(ssrc: u32, about: u32, second: u32) -> RtcpReport {
    let (from, to) = if ssrc == 7 {
        (PHONE, PLATFORM)
    } else {
        (PLATFORM, PHONE)
    };
    RtcpReport {
        sender: Some(SenderInfo {
            ntp: u64::from(second) << 32,
            rtp: 0,
            packets: 50 * second,
            octets: 8_000 * second,
        }),
        blocks: vec![ReportBlock {
            ssrc: about,
            fraction_lost: 0,
            lost: 2,
            highest_seq: 1_000 + 50 * second,
            jitter_rtp: 80,
            lsr: 0,
            dlsr: 0,
        }],
        ..says_nothing(from, to, ssrc)
    }
}

fn add_truth(story: &mut Story, change: impl Fn(u32, &mut RtcpReport)) {
    for second in [5, 10, 15, 20, 25] {
        for (ssrc, about) in [(7, 9), (9, 7)] {
            let mut report = truth(ssrc, about, second);
            change(second, &mut report);
            story.report(2_000 + i64::from(second) * 1_000, report);
        }
    }
}

#[test]
fn noise_is_no_measurement() {
    for (is_encrypted, reason) in [
        (true, NotMeasured::EncryptedReports),
        (false, NotMeasured::ImplausibleReports),
    ] {
        for is_sender in [true, false] {
            for seed in 0..20 {
                let mut noise = Noise(seed);
                let mut story = call(|media| media.is_encrypted = is_encrypted);
                for ms in [7_000, 12_000, 17_000, 22_000, 27_000] {
                    story.report(ms, noise.report(PHONE, PLATFORM, 7, is_sender));
                    story.report(ms, noise.report(PLATFORM, PHONE, 9, is_sender));
                }
                let edge = edge(&story);
                assert_eq!((&edge.inbound, &edge.outbound), (&None, &None), "{seed}");
                assert_eq!(edge.not_measured, Some(reason));
                let expected = Disregarded {
                    reason,
                    reports: 10,
                };
                assert_eq!(edge.disregarded, Some(expected), "{seed}");
                assert_eq!((edge.tags, edge.unheard), (vec![], vec![]));
            }
        }
    }
}

#[test]
fn what_cannot_even_be_read_is_counted() {
    let mut story = call(|media| media.is_encrypted = true);
    for ms in [7_000, 12_000] {
        let report = RtcpReport {
            is_encrypted: true,
            ..says_nothing(PHONE, PLATFORM, 7)
        };
        story.report(ms, report);
    }
    let seen = edge(&story);
    assert_eq!(seen.not_measured, Some(NotMeasured::EncryptedReports));
    assert_eq!(seen.disregarded.map(|it| it.reports), Some(2));
    // It stays said beside another system's summary, unless that one measured the edge.
    for (outbound, expected) in [(None, Some(2)), (Some(Counters::default()), None)] {
        let told = EdgeFacts {
            outbound,
            ..EdgeFacts::default()
        };
        let facts = CallFacts {
            edges: [(EdgeKind::Sip, told)].into(),
            ..CallFacts::default()
        };
        let mut story = Story {
            events: story.events.clone(),
            ..Story::default()
        };
        let import = imported(60_000, ImportStage::Complete, 1, facts);
        story.events.push(import);
        assert_eq!(edge(&story).disregarded.map(|it| it.reports), expected);
    }
}

#[test]
fn what_a_relay_decrypted_counts() {
    let plain = {
        let mut story = call(|_| ());
        add_truth(&mut story, |_, _| ());
        edge(&story)
    };
    let mut story = call(|media| media.is_encrypted = true);
    add_truth(&mut story, |_, _| ());
    let decrypted = edge(&story);
    assert_eq!(decrypted.outbound.as_ref().unwrap().packets_lost, Some(2));
    assert_eq!(decrypted, plain);
    // Of a caller whose reports are plain and a platform's that are not, the caller's count.
    let mut noise = Noise(1);
    let mut story = call(|media| media.is_encrypted = true);
    for second in [5, 10, 15] {
        let ms = 2_000 + i64::from(second) * 1_000;
        story.report(ms, truth(7, 9, second));
        story.report(ms, noise.report(PLATFORM, PHONE, 9, true));
    }
    let edge = edge(&story);
    assert!(edge.outbound.is_some() && edge.inbound.is_none());
    assert_eq!(edge.disregarded.map(|it| it.reports), Some(3));
}

#[test]
fn one_thing_that_cannot_be_is_left_out_by_itself() {
    let good = {
        let mut story = call(|_| ());
        add_truth(&mut story, |_, _| ());
        edge(&story).outbound.unwrap()
    };
    let changes: [(&str, Change); 5] = [
        ("lost", |second, report| {
            if second == 15 {
                report.blocks[0].lost = 4_000;
            }
        }),
        ("lost of all that can be", |second, report| {
            if second == 15 {
                report.blocks[0].lost = -8_000_000;
            }
        }),
        ("jitter", |second, report| {
            if second == 15 {
                report.blocks[0].jitter_rtp = u32::MAX;
            }
        }),
        ("packets", |second, report| {
            if let (15, Some(sender)) = (second, &mut report.sender) {
                sender.packets = 3_000_000_000;
            }
        }),
        ("cycles", |_, report| {
            report.blocks[0].highest_seq |= 0x7fff_0000
        }),
    ];
    for (what, change) in changes {
        let mut story = call(|_| ());
        add_truth(&mut story, change);
        let edge = edge(&story);
        assert_eq!(edge.outbound, Some(good.clone()), "{what}");
        let is_told = edge.disregarded.is_some();
        assert_eq!(is_told, what != "cycles", "{what}");
    }
}

#[test]
fn a_jitter_of_the_fastest_clock_is_possible() {
    let mut story = call(|media| {
        media.codec = Some(Codec {
            payload_type: 96,
            name: "opus".to_owned(),
            clock_hz: 48_000,
        });
    });
    add_truth(&mut story, |_, report| {
        report.blocks[0].jitter_rtp = 48_000 * 3
    });
    let outbound = edge(&story).outbound.unwrap();
    assert_eq!(outbound.jitter_ms.unwrap().avg, Some(3_000.0));
}

#[test]
fn an_agent_whose_clock_is_behind_is_believed() {
    for behind_ms in [3_600_000, -3_600_000] {
        let mut story = call(|_| ());
        let before = story.events.len();
        add_truth(&mut story, |_, _| ());
        for event in &mut story.events[before..] {
            event.at = event.at.plus_us(-behind_ms * 1_000);
        }
        let edge = edge(&story);
        assert_eq!(edge.disregarded, None);
        assert_eq!(edge.outbound.unwrap().packets_lost, Some(2));
    }
}

#[test]
fn shares_of_more_than_all_are_not_taken() {
    let mut story = call(|_| ());
    let says = VoipMetrics {
        ssrc: 9,
        loss_percent: Some(70.0),
        discard_percent: Some(60.0),
        round_trip_ms: Some(65_000),
        mos_lq: Some(3.0),
        ..VoipMetrics::default()
    };
    let report = RtcpReport {
        voip_metrics: vec![says],
        ..says_nothing(PHONE, PLATFORM, 7)
    };
    story.report(7_000, report);
    let outbound = edge(&story).outbound.unwrap();
    assert_eq!((outbound.loss_percent, outbound.rtt_ms), (None, None));
    assert_eq!(outbound.mos.unwrap().avg, Some(3.0));
}
