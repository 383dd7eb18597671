//! A side of an edge, and its figures: of one stream and of all.

use std::collections::BTreeMap;

use super::mean::as_weight;
use crate::facts::Rank;
use crate::media::Counters;
use crate::quality::loss;

/// A side of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Inbound,
    Outbound,
}

/// Figures of one stream, and what is needed to put several together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StreamFigures {
    pub(super) counters: Counters,
    /// When the codec was named.
    pub(super) codec_rank: Option<Rank>,
    /// Readings, the weight of a stream whose packets were not counted.
    pub(super) readings: usize,
}

/// Figures of one side of an edge.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SideFigures {
    /// All streams together.
    pub(super) total: Counters,
    /// Each stream by itself; findings are made for each, because a bad one drowns among good ones.
    pub(super) streams: Vec<Counters>,
}

/// Computes the share lost where the counts are known, else leaves what was reported.
pub(super) fn set_loss_percent(counters: &mut Counters, side: Side) {
    let computed = match side {
        Side::Inbound => loss::inbound_percent(counters.packets_received, counters.packets_lost),
        Side::Outbound => loss::outbound_percent(counters.packets_sent, counters.packets_lost),
    };
    counters.loss_percent = computed.or(counters.loss_percent);
}

/// How many packets should have come: those that came and those that did not. Losses are weighed by
/// these; by those that came, an outage would weigh nothing.
pub(super) fn expected(
    received: Option<u64>,
    sent: Option<u64>,
    lost: Option<i64>,
    loss_percent: Option<f64>,
) -> Option<f64> {
    let of_received = || {
        let received = received?;
        if let Some(lost) = lost {
            return Some(as_weight(received.saturating_add_signed(lost.max(0))));
        }
        let share = 1.0 - loss_percent? / 100.0;
        (received > 0 && share > 0.0).then(|| as_weight(received) / share)
    };
    of_received().or_else(|| sent.map(as_weight))
}

/// Adds up histograms. A packet later than 200 ms is among those later than 50 ms; bins do not
/// depend on each other.
pub(super) fn delayed<'a>(
    histograms: impl Iterator<Item = &'a BTreeMap<u16, u64>>,
) -> BTreeMap<u16, u64> {
    let mut total: BTreeMap<u16, u64> = BTreeMap::new();
    for histogram in histograms {
        for (later_than_ms, packets) in histogram {
            let held = total.entry(*later_than_ms).or_default();
            *held = held.saturating_add(*packets);
        }
    }
    total
}
