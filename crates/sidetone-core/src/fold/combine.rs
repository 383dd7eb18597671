//! Figures of several streams of one side, put together.

use super::mean::{as_weight, weighted_mean};
use super::side::{Side, StreamFigures, delayed, expected, set_loss_percent};
use crate::media::{Counters, Stat};

/// Puts the streams of one side together.
pub(super) fn combine(streams: &[StreamFigures], side: Side) -> Counters {
    if let [single] = streams {
        return single.counters.clone();
    }
    let counters: Vec<&Counters> = streams.iter().map(|stream| &stream.counters).collect();
    macro_rules! count {
        ($field:ident) => {
            counters
                .iter()
                .filter_map(|counters| counters.$field)
                .reduce(|a, b| a.saturating_add(b))
        };
    }
    let weights = stream_weights(streams);
    macro_rules! stat {
        ($field:ident, $wanted:expr) => {
            combine_stat(
                counters
                    .iter()
                    .zip(&weights)
                    .filter(|(counters, _)| $wanted(counters))
                    .filter_map(|(counters, weight)| Some((counters.$field?, *weight))),
            )
        };
        ($field:ident) => {
            stat!($field, |_: &&&Counters| true)
        };
    }
    let latest_codec = streams
        .iter()
        .filter(|stream| stream.codec_rank.is_some())
        .max_by_key(|stream| stream.codec_rank)
        .map(|stream| &stream.counters);
    // Scores of different methods cannot be averaged: the method of the first stream that has a
    // score is kept.
    let mos_method = counters.iter().find_map(|counters| counters.mos_method);
    let mut total = Counters {
        codec: latest_codec.and_then(|counters| counters.codec),
        codec_name: latest_codec.and_then(|counters| counters.codec_name.clone()),
        packets_received: count!(packets_received),
        packets_sent: count!(packets_sent),
        packets_lost: count!(packets_lost),
        loss_percent: loss_percent(&counters, &weights),
        bytes_received: count!(bytes_received),
        bytes_sent: count!(bytes_sent),
        jitter_ms: stat!(jitter_ms),
        latency_ms: stat!(latency_ms),
        rtt_ms: stat!(rtt_ms),
        mos: stat!(mos, |counters: &&&Counters| counters.mos_method
            == mos_method),
        mos_method,
        audio_in: stat!(audio_in),
        audio_out: stat!(audio_out),
        delayed_packets: delayed(counters.iter().map(|counters| &counters.delayed_packets)),
    };
    // Counts of one stream and losses of another make no share.
    let same_streams = |counters: &&Counters| {
        let packets = match side {
            Side::Inbound => counters.packets_received,
            Side::Outbound => counters.packets_sent,
        };
        packets.is_some() == counters.packets_lost.is_some()
    };
    if counters.iter().all(same_streams) {
        set_loss_percent(&mut total, side);
    }
    total
}

/// The share lost of several streams, weighed by the packets expected of each, where that is known
/// of all of them.
fn loss_percent(counters: &[&Counters], weights: &[f64]) -> Option<f64> {
    let expected: Option<Vec<f64>> = counters
        .iter()
        .map(|it| {
            expected(
                it.packets_received,
                it.packets_sent,
                it.packets_lost,
                it.loss_percent,
            )
        })
        .collect();
    let mean = |weights: &[f64]| {
        let pairs = counters.iter().zip(weights);
        weighted_mean(pairs.filter_map(|(it, weight)| Some((it.loss_percent?, *weight))))
    };
    expected
        .and_then(|expected| mean(&expected))
        .or_else(|| mean(weights))
}

/// The packets of each stream, or its readings when the packets of some were not counted.
fn stream_weights(streams: &[StreamFigures]) -> Vec<f64> {
    let packets: Option<Vec<u64>> = streams
        .iter()
        .map(|stream| {
            stream
                .counters
                .packets_received
                .or(stream.counters.packets_sent)
        })
        .collect();
    match packets {
        Some(packets) if packets.iter().any(|count| *count > 0) => {
            packets.into_iter().map(as_weight).collect()
        }
        _ => streams
            .iter()
            .map(|stream| as_weight(u64::try_from(stream.readings).unwrap_or(u64::MAX)))
            .collect(),
    }
}

fn combine_stat(stats: impl Iterator<Item = (Stat, f64)>) -> Option<Stat> {
    let stats: Vec<(Stat, f64)> = stats.collect();
    if stats.is_empty() {
        return None;
    }
    let each =
        |field: fn(&Stat) -> Option<f64>| stats.iter().filter_map(move |(stat, _)| field(stat));
    Some(Stat {
        value: None,
        min: each(|stat| stat.min).reduce(f64::min),
        max: each(|stat| stat.max).reduce(f64::max),
        avg: weighted_mean(
            stats
                .iter()
                .filter_map(|(stat, weight)| Some((stat.avg?, *weight))),
        ),
    })
}
