//! The RTCP reports of a call, each once for each place it was seen at.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::cap::cap;
use super::pairs;
use crate::capture::Capture;
use crate::facts::{Claim, Rank};
use crate::rtcp::{ReportBlock, RtcpReport, SenderInfo, VoipMetrics};
use crate::time::TimeUs;
use crate::vq::VqReport;

/// What was reported of a call's media.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Reports {
    #[serde(with = "pairs", skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) by_path: BTreeMap<(u32, Capture), Path>,
    /// The last word of each phone, by its own address and source: of reports of the whole call,
    /// else of a session, else of an interval, the latest.
    #[serde(with = "pairs", skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) phones: BTreeMap<(Option<String>, Option<u32>), Claim<VqReport>>,
    /// The last word of each end system on the quality of each stream it receives, by its source
    /// and the stream's.
    #[serde(with = "pairs", skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) quality: BTreeMap<(u32, u32), Claim<VoipMetrics>>,
}

/// The reports of one source that went one way, as one agent saw them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Path {
    pub(super) reports: BTreeMap<ReportKey, Report>,
}

/// What makes two reports of one source the same one: its own time, what it has sent, and what it
/// says of the first stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ReportKey {
    pub(super) said: Said,
    /// When it was seen, of a report that does not tell its own time: a receiver that hears nothing
    /// repeats itself.
    at: Option<TimeUs>,
}

/// What a report is known by, whoever saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Said {
    ntp: u64,
    packets: u32,
    highest_seq: u32,
    dlsr: u32,
    jitter_rtp: u32,
}

/// What one report says. Written as a list, because there are many of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    /// By the agent's clock.
    pub(super) at: TimeUs,
    pub(super) sender: Option<SenderInfo>,
    pub(super) blocks: Vec<ReportBlock>,
    pub(super) kind: ReportKind,
}

/// What a report without blocks means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum ReportKind {
    /// Nothing is to be concluded from it.
    #[default]
    Plain,
    /// Nothing came in since the report before.
    Silent,
    /// It could not be read.
    Encrypted,
}

impl ReportKind {
    const fn of(report: &RtcpReport) -> Self {
        if report.is_encrypted {
            Self::Encrypted
        } else if report.is_silent {
            Self::Silent
        } else {
            Self::Plain
        }
    }

    /// Written as a number, because there are many of them.
    const fn number(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Silent => 1,
            Self::Encrypted => 2,
        }
    }

    const fn of_number(number: u8) -> Self {
        match number {
            1 => Self::Silent,
            2 => Self::Encrypted,
            _ => Self::Plain,
        }
    }
}

impl Report {
    fn key(&self) -> ReportKey {
        let block = self.blocks.first();
        let said = Said {
            ntp: self.sender.map_or(0, |sender| sender.ntp),
            packets: self.sender.map_or(0, |sender| sender.packets),
            highest_seq: block.map_or(0, |block| block.highest_seq),
            dlsr: block.map_or(0, |block| block.dlsr),
            jitter_rtp: block.map_or(0, |block| block.jitter_rtp),
        };
        ReportKey {
            said,
            at: (said.ntp == 0).then_some(self.at),
        }
    }
}

impl Reports {
    pub(super) fn add(&mut self, rank: Rank, report: &RtcpReport) {
        let RtcpReport {
            capture,
            ssrc,
            sender,
            blocks,
            voip_metrics,
            is_silent: _,
            is_encrypted: _,
        } = report;
        let path = self.by_path.entry((*ssrc, *capture)).or_default();
        let kind = ReportKind::of(report);
        if sender.is_some() || !blocks.is_empty() || kind != ReportKind::Plain {
            path.see(Report {
                at: rank.at,
                sender: *sender,
                blocks: blocks.clone(),
                kind,
            });
        }
        cap(&mut self.by_path, drop);
        for metrics in voip_metrics {
            let claim = Claim {
                rank,
                value: *metrics,
            };
            settle_in(&mut self.quality, (*ssrc, metrics.ssrc), claim, |_| ());
        }
    }

    pub(super) fn add_phone(&mut self, rank: Rank, report: &VqReport) {
        let key = (report.local_id.clone(), report.local_ssrc);
        let claim = Claim {
            rank,
            value: report.clone(),
        };
        settle_in(&mut self.phones, key, claim, span);
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (key, path) in other.by_path {
            let held = self.by_path.entry(key).or_default();
            for report in path.reports.into_values() {
                held.see(report);
            }
        }
        cap(&mut self.by_path, drop);
        for (key, claim) in other.phones {
            settle_in(&mut self.phones, key, claim, span);
        }
        for (key, claim) in other.quality {
            settle_in(&mut self.quality, key, claim, |_| ());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_path.is_empty() && self.phones.is_empty()
    }
}

/// How much of a call a phone reports of: all of it, a session, an interval.
const fn span(report: &VqReport) -> (bool, bool) {
    (report.is_final, report.is_session)
}

/// Keeps the claim of greater weight under a key, of equal ones that of higher rank, and of keys no
/// more than are told apart.
fn settle_in<K: Ord, T, W: Ord>(
    claims: &mut BTreeMap<K, Claim<T>>,
    key: K,
    claim: Claim<T>,
    weight: impl Fn(&T) -> W,
) {
    let weight = |claim: &Claim<T>| (weight(&claim.value), claim.rank);
    let held = claims.get(&key);
    if held.is_none_or(|held| weight(held) < weight(&claim)) {
        claims.insert(key, claim);
    }
    cap(claims, drop);
}

impl Path {
    /// Keeps the first time a report was seen. Of two that differ and yet seem the same, which
    /// nobody sends, one is kept.
    fn see(&mut self, report: Report) {
        let is_first = |held: &Report| match held.at.cmp(&report.at) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal => *held == report || format!("{held:?}") < format!("{report:?}"),
        };
        if !self.reports.get(&report.key()).is_some_and(is_first) {
            self.reports.insert(report.key(), report);
        }
    }
}

/// Time, sender (NTP, RTP, packets, octets), blocks (as RFC 3550 orders their fields), kind.
type Written = (
    i64,
    Option<(u64, u32, u32, u32)>,
    Vec<(u32, u8, i32, u32, u32, u32, u32)>,
    u8,
);

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.reports.values().map(|it| -> Written {
            let sender = it.sender.map(|it| (it.ntp, it.rtp, it.packets, it.octets));
            let blocks = it.blocks.iter().map(|it| {
                let (lost, sequence) = (it.lost, it.highest_seq);
                (
                    it.ssrc,
                    it.fraction_lost,
                    lost,
                    sequence,
                    it.jitter_rtp,
                    it.lsr,
                    it.dlsr,
                )
            });
            (it.at.micros(), sender, blocks.collect(), it.kind.number())
        }))
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Vec::<Written>::deserialize(deserializer)?;
        let reports = written.into_iter().map(|(at, sender, blocks, kind)| {
            let report = Report {
                at: TimeUs::from_micros(at),
                sender: sender.map(|(ntp, rtp, packets, octets)| SenderInfo {
                    ntp,
                    rtp,
                    packets,
                    octets,
                }),
                blocks: blocks.into_iter().map(read_block).collect(),
                kind: ReportKind::of_number(kind),
            };
            (report.key(), report)
        });
        Ok(Self {
            reports: reports.collect(),
        })
    }
}

fn read_block(
    (ssrc, fraction_lost, lost, highest_seq, jitter_rtp, lsr, dlsr): (
        u32,
        u8,
        i32,
        u32,
        u32,
        u32,
        u32,
    ),
) -> ReportBlock {
    ReportBlock {
        ssrc,
        fraction_lost,
        lost,
        highest_seq,
        jitter_rtp,
        lsr,
        dlsr,
    }
}
