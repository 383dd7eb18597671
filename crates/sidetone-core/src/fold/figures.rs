//! Whole-call figures from the reports about single streams.

use std::collections::BTreeMap;

use super::combine::combine;
use super::mean::{as_weight, weighted_mean};
use super::media::{Reading, Report, Stream, StreamKey, Streams};
use super::side::{Side, SideFigures, StreamFigures, delayed, expected, set_loss_percent};
use crate::facts::{Claim, Rank};
use crate::media::{Counters, Stat};
use crate::quality::loss;
use crate::vocabulary::{EdgeKind, MosMethod, StreamDirection};

impl Streams {
    /// What was measured, by edge and side. `switch_edge`: where a switch's leg ends.
    pub(super) fn figures(&self, switch_edge: EdgeKind) -> BTreeMap<(EdgeKind, Side), SideFigures> {
        let mut sides: BTreeMap<(EdgeKind, Side), Vec<StreamFigures>> = BTreeMap::new();
        for (key, stream) in &self.by_key {
            let edge = if key.is_of_switch {
                switch_edge
            } else {
                key.edge
            };
            for side in [Side::Inbound, Side::Outbound] {
                if let Some(figures) = figures_of(key, stream, side) {
                    sides.entry((edge, side)).or_default().push(figures);
                }
            }
        }
        sides
            .into_iter()
            .map(|(place, streams)| {
                let total = combine(&streams, place.1);
                let streams = streams.into_iter().map(|stream| stream.counters).collect();
                (place, SideFigures { total, streams })
            })
            .collect()
    }
}

/// The figures of a stream as seen from one side; `None` when it tells nothing of that side.
///
/// A sample about both directions tells of the inbound side all but what was sent, as upstream
/// does; what has no direction is treated alike. What came in has no count of packets sent by this
/// edge, and the other way round.
fn figures_of(key: &StreamKey, stream: &Stream, side: Side) -> Option<StreamFigures> {
    let mut counters = whole(stream);
    match (key.direction, side) {
        (StreamDirection::Inbound, Side::Inbound) => {
            // The far sender's count (RTCP SR) and the loss reported for it tell how many came.
            counters.packets_received = counters.packets_received.or_else(|| {
                let lost = counters.packets_lost?;
                Some(counters.packets_sent?.saturating_add_signed(-lost.max(0)))
            });
            keep_received(&mut counters);
        }
        (StreamDirection::Both | StreamDirection::Unknown, Side::Inbound) => {
            keep_received(&mut counters);
        }
        (StreamDirection::Outbound, Side::Outbound) => {
            // Without a count of what was sent, the far receiver's own counts tell the share lost.
            counters.loss_percent =
                loss::inbound_percent(counters.packets_received, counters.packets_lost)
                    .or(counters.loss_percent);
            counters.packets_received = None;
            counters.bytes_received = None;
        }
        (StreamDirection::Both | StreamDirection::Unknown, Side::Outbound) => {
            if counters.packets_sent.is_none() && counters.bytes_sent.is_none() {
                return None;
            }
            counters = Counters {
                codec: counters.codec,
                codec_name: counters.codec_name,
                packets_sent: counters.packets_sent,
                bytes_sent: counters.bytes_sent,
                ..Counters::default()
            };
        }
        (StreamDirection::Inbound, Side::Outbound) | (StreamDirection::Outbound, Side::Inbound) => {
            return None;
        }
    }
    set_loss_percent(&mut counters, side);
    if counters.is_empty() {
        return None;
    }
    let codec_rank = rank_of(stream.totals.codec.as_ref())
        .max(rank_of(stream.totals.codec_name.as_ref()))
        .filter(|_| counters.codec.is_some() || counters.codec_name.is_some());
    Some(StreamFigures {
        counters,
        codec_rank,
        readings: stream.reports.len().max(1),
    })
}

fn rank_of<T>(claim: Option<&Claim<T>>) -> Option<Rank> {
    claim.map(|claim| claim.rank)
}

fn keep_received(counters: &mut Counters) {
    counters.packets_sent = None;
    counters.bytes_sent = None;
}

/// All that is known of a stream, whichever side it is of.
fn whole(stream: &Stream) -> Counters {
    let totals = stream.totals.facts();
    let reports: Vec<&Report> = stream.reports.values().collect();
    macro_rules! count {
        ($field:ident) => {
            totals
                .$field
                .or_else(|| sum(&reports, |report| report.$field, |a, b| a.saturating_add(b)))
        };
    }
    macro_rules! stat {
        ($field:ident, $weights:expr) => {{
            let read = stat_of(&reports, |report| report.$field, $weights);
            match totals.$field {
                Some(whole) => Some(or_stat(whole, read)),
                None => read,
            }
        }};
    }
    let packets = weights(&reports);
    let packets = packets.as_deref();
    let expected: Option<Vec<f64>> = reports
        .iter()
        .map(|report| {
            let (received, sent) = (report.packets_received, report.packets_sent);
            expected(received, sent, report.packets_lost, report.loss_percent)
        })
        .collect();
    let mos = stat!(mos, None);
    Counters {
        codec: totals.codec,
        codec_name: totals.codec_name,
        packets_received: count!(packets_received),
        packets_sent: count!(packets_sent),
        packets_lost: count!(packets_lost),
        loss_percent: totals
            .loss_percent
            .or_else(|| mean(&reports, |report| report.loss_percent, expected.as_deref())),
        bytes_received: count!(bytes_received),
        bytes_sent: count!(bytes_sent),
        jitter_ms: stat!(jitter_ms, packets),
        latency_ms: stat!(latency_ms, packets),
        rtt_ms: stat!(rtt_ms, None),
        mos,
        mos_method: mos.map(|_| totals.mos_method.unwrap_or(MosMethod::Reported)),
        audio_in: stat!(audio_in, None),
        audio_out: stat!(audio_out, None),
        delayed_packets: totals
            .delayed_packets
            .unwrap_or_else(|| delayed(reports.iter().map(|report| &report.delayed_packets))),
    }
}

fn sum<T>(
    reports: &[&Report],
    field: impl Fn(&Report) -> Option<T>,
    add: impl Fn(T, T) -> T,
) -> Option<T> {
    reports
        .iter()
        .filter_map(|report| field(report))
        .reduce(add)
}

/// Packets of each report. `None` unless all of them were counted: half-known weights would favour
/// what is known.
fn weights(reports: &[&Report]) -> Option<Vec<f64>> {
    let packets: Option<Vec<u64>> = reports
        .iter()
        .map(|report| report.packets_received.or(report.packets_sent))
        .collect();
    let packets = packets?;
    packets
        .iter()
        .any(|count| *count > 0)
        .then(|| packets.into_iter().map(as_weight).collect())
}

/// Mean of what the reports say, in the order of the reports. Where there is no weight, each counts
/// the same.
fn mean(
    reports: &[&Report],
    field: impl Fn(&Report) -> Option<f64>,
    weights: Option<&[f64]>,
) -> Option<f64> {
    let values = || reports.iter().map(|report| field(report));
    let weighted = weights.and_then(|weights| {
        let pairs = values().zip(weights);
        weighted_mean(pairs.filter_map(|(value, weight)| Some((value?, *weight))))
    });
    weighted.or_else(|| weighted_mean(values().filter_map(|value| Some((value?, 1.0)))))
}

fn stat_of(
    reports: &[&Report],
    field: impl Fn(&Report) -> Option<Reading>,
    weights: Option<&[f64]>,
) -> Option<Stat> {
    let readings = || reports.iter().filter_map(|report| field(report));
    readings().next()?;
    Some(Stat {
        value: None,
        min: readings().filter_map(|reading| reading.1).reduce(f64::min),
        max: readings().filter_map(|reading| reading.2).reduce(f64::max),
        avg: mean(
            reports,
            |report| field(report).and_then(|reading| reading.0),
            weights,
        ),
    })
}

/// A reported stat, with what it leaves open taken from the readings. Extremes hold whoever saw
/// them.
fn or_stat(reported: Stat, read: Option<Stat>) -> Stat {
    let read = read.unwrap_or_default();
    let either = |reported: Option<f64>, read: Option<f64>, which: fn(f64, f64) -> f64| {
        [reported, read].into_iter().flatten().reduce(which)
    };
    Stat {
        value: None,
        min: either(reported.min, read.min, f64::min),
        max: either(reported.max, read.max, f64::max),
        avg: reported.avg.or(read.avg),
    }
}
