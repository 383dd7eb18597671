//! Which reports can be true.
//!
//! Encrypted RTCP that somebody takes for plain has its header and its source in the clear and
//! noise behind them (RFC 3711 §3.4), and some end systems fill in nonsense. RFC 3550 §A.2 and
//! §6.4.1 give limits: nobody sends or loses more than can be sent, and the mean difference of
//! transit times is no longer than the stream is old.

use std::collections::BTreeMap;

use super::media_ends::MediaEnds;
use super::reports::ReportKind;
use super::sent::Sent;
use super::source::{Known, Source, senders};
use super::ways::Ways;
use crate::rtcp::{SenderInfo, VoipMetrics};
use crate::time::SECOND_US;
use crate::vq::VqMetrics;

/// More packets than any codec sends in a second: one every millisecond.
const PACKETS_A_SECOND_MAX: i64 = 1_000;
/// How far agents' clocks may be apart, and how long before its call a stream may have begun.
const AGE_MARGIN_US: i64 = 60 * SECOND_US;
/// The clock that jitter is told in when no codec is known: the fastest of RFC 3551, so that doubt
/// is for the report.
const CLOCK_MAX_HZ: u32 = 90_000;
/// A round trip longer than this is a clock that was set, or a report that was mixed up.
pub(super) const ROUND_TRIP_MAX_MS: f64 = 60_000.0;

/// What cannot be true of a report.
#[derive(Clone, Copy, Default)]
struct Faults {
    /// Anything.
    any: bool,
    /// All its counts.
    all: bool,
}

/// Leaves of each source's reports what can be true, and adds up what it sent. `started`: when the
/// call began.
///
/// Where media may be encrypted, one thing that cannot be true makes noise of its report; elsewhere
/// it is left out by itself. A source of which half the reports are noise is not believed at all:
/// some noise looks like figures.
pub(super) fn disbelieve(
    sources: &mut BTreeMap<u32, Source>,
    media_ends: &MediaEnds,
    ways: &Ways,
    started: i64,
) {
    let oldest = |source: &Source| {
        let first = source.reports.first().map(|known| known.at);
        first.map_or(started, |first| first.min(started))
    };
    let mut faults: BTreeMap<u32, Vec<Faults>> = BTreeMap::new();
    let mut sent: BTreeMap<u32, Sent> = BTreeMap::new();
    for (ssrc, source) in sources.iter_mut() {
        let oldest = oldest(source);
        let is_partial = count_from_first(&mut source.reports, oldest);
        let reports = source.reports.iter_mut();
        let of_senders = reports.map(|known| check_sender(known, age(known.at, oldest)));
        faults.insert(*ssrc, of_senders.collect());
        sent.insert(*ssrc, Sent::of(senders(&source.reports), is_partial));
    }
    for (ssrc, source) in sources.iter_mut() {
        let oldest = oldest(source);
        let edge = source.media_end.map(|media_end| media_end.edge);
        let is_encrypted = edge.is_some_and(|edge| ways.is_encrypted(edge));
        let codecs = edge.map(|edge| media_ends.codecs(edge));
        let faults = faults.remove(ssrc).unwrap_or_default();
        let (mut told, mut noise) = (0_u32, 0_u32);
        for (known, mut faults) in source.reports.iter_mut().zip(faults) {
            let is_report = known.tells() || faults.any;
            let codec = codecs.and_then(|codecs| codecs.when_seen(&known.seen));
            let clock_hz = codec.map_or(CLOCK_MAX_HZ, |codec| codec.clock_hz.max(1));
            let age_us = age(known.at, oldest);
            check_blocks(known, &sent, age_us, clock_hz, &mut faults);
            if faults.any && is_encrypted {
                known.forget();
            }
            told += u32::from(is_report);
            noise += u32::from(if is_encrypted { faults.any } else { faults.all });
            source.disregarded += u32::from(faults.any);
        }
        if noise > 0 && noise.saturating_mul(2) >= told {
            source.is_noise = true;
            source.disregarded = told;
            source.reports.clear();
        }
        let sent = sent.get(ssrc).cloned().unwrap_or_default();
        source.sent = if source.disregarded > 0 {
            Sent::of(senders(&source.reports), sent.is_partial)
        } else {
            sent
        };
    }
}

/// How old a stream can be at most by a moment.
const fn age(at: i64, oldest: i64) -> i64 {
    at.saturating_sub(oldest).saturating_add(AGE_MARGIN_US)
}

/// How many packets there can be at most after some time.
const fn packets(us: i64) -> i64 {
    us.saturating_mul(PACKETS_A_SECOND_MAX) / SECOND_US
}

/// Tells what a source sent from its first report on, where its count is of more than this call and
/// yet goes on as one: it began before, or at some other number than 0. Says whether it did.
fn count_from_first(reports: &mut [Known], oldest: i64) -> bool {
    let told: Vec<(i64, SenderInfo)> = senders(reports).collect();
    let Some((at, first)) = told.first().copied() else {
        return false;
    };
    let goes_on = |((then, before), (now, after)): (&(i64, SenderInfo), &(i64, SenderInfo))| {
        let since = now.saturating_sub(*then).saturating_add(SECOND_US);
        i64::from(after.packets.wrapping_sub(before.packets)) <= packets(since)
    };
    let is_of_more = i64::from(first.packets) > packets(age(at, oldest));
    let is_one = told.len() > 1 && told.iter().zip(told.iter().skip(1)).all(goes_on);
    if !(is_of_more && is_one) {
        return false;
    }
    for sender in reports.iter_mut().filter_map(|known| known.sender.as_mut()) {
        sender.packets = sender.packets.wrapping_sub(first.packets);
        sender.octets = sender.octets.wrapping_sub(first.octets);
    }
    true
}

fn check_sender(known: &mut Known, age_us: i64) -> Faults {
    let is_encrypted = known.kind == ReportKind::Encrypted;
    let too_many = |packets_sent: u32| i64::from(packets_sent) > packets(age_us);
    let is_wrong = known.sender.is_some_and(|sender| too_many(sender.packets));
    if is_wrong {
        known.sender = None;
        known.kind = ReportKind::Plain;
    }
    Faults {
        any: is_wrong || is_encrypted,
        all: is_wrong || is_encrypted,
    }
}

fn check_blocks(
    known: &mut Known,
    sent: &BTreeMap<u32, Sent>,
    age_us: i64,
    clock_hz: u32,
    faults: &mut Faults,
) {
    let is_wrong = |ssrc: u32, lost: i32| {
        let most = packets(age_us);
        let sent = sent.get(&ssrc).and_then(|sent| most_sent(sent, known.at));
        i64::from(lost).abs() > sent.map_or(most, |sent| sent.min(most))
    };
    let before = known.blocks.len();
    let mut blocks = std::mem::take(&mut known.blocks);
    blocks.retain(|block| !is_wrong(block.said.ssrc, block.said.lost));
    for block in &mut blocks {
        let us = i64::from(block.said.jitter_rtp).saturating_mul(SECOND_US) / i64::from(clock_hz);
        block.has_jitter = us <= age_us;
        faults.any |= !block.has_jitter;
    }
    if blocks.len() < before {
        faults.any = true;
        known.kind = ReportKind::Plain;
    }
    let has_sender_or_none = known.sender.is_none() && (faults.all || before > 0);
    faults.all = has_sender_or_none && blocks.is_empty();
    known.blocks = blocks;
}

/// What a source can have sent at most by a moment. `None` when it never said, not all, or that it
/// sent nothing.
fn most_sent(sent: &Sent, at: i64) -> Option<i64> {
    let last = sent
        .last()
        .filter(|last| last.packets > 0 && !sent.is_partial)?;
    let later = sent.counts.partition_point(|count| count.at < at);
    let most = sent.counts.get(later).map_or_else(
        || {
            let since = at.saturating_sub(last.at);
            last.packets.saturating_add(packets(since))
        },
        |count| count.packets,
    );
    Some(most.saturating_add(sent.at_most(SECOND_US)))
}

impl Known {
    /// Whether it is a report of anything.
    fn tells(&self) -> bool {
        self.sender.is_some() || !self.blocks.is_empty() || self.kind == ReportKind::Encrypted
    }

    fn forget(&mut self) {
        self.sender = None;
        self.blocks.clear();
        self.kind = ReportKind::Plain;
    }
}

/// As much of what an end system says as can be true: no more is lost and thrown away than all (RFC
/// 3611 §4.7.1).
pub(super) fn believed(mut metrics: VoipMetrics) -> VoipMetrics {
    if is_more_than_all(metrics.loss_percent, metrics.discard_percent) {
        (metrics.loss_percent, metrics.discard_percent) = (None, None);
    }
    let is_short = |ms: &u16| f64::from(*ms) < ROUND_TRIP_MAX_MS;
    metrics.round_trip_ms = metrics.round_trip_ms.filter(is_short);
    metrics
}

/// As much of what a telephone says as can be true, likewise.
pub(super) fn believed_of_phone(mut metrics: VqMetrics) -> VqMetrics {
    if is_more_than_all(metrics.loss_percent, metrics.discard_percent) {
        (metrics.loss_percent, metrics.discard_percent) = (None, None);
    }
    metrics.round_trip_ms = metrics.round_trip_ms.filter(|ms| *ms < ROUND_TRIP_MAX_MS);
    metrics
}

fn is_more_than_all(lost: Option<f64>, discarded: Option<f64>) -> bool {
    // Shares of a byte are rounded.
    const ALL_PERCENT: f64 = 101.0;
    lost.unwrap_or(0.0) + discarded.unwrap_or(0.0) > ALL_PERCENT
}
