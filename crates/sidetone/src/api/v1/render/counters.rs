//! Figures of one media stream, in the three shapes that the API has for them.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use sidetone_core::media::{Counters, Stat};
use sidetone_core::vocabulary::MosMethod;

/// Whole-call figures of one direction, in a summary.
#[derive(Debug, Serialize)]
pub struct StreamTotals<'a> {
    #[serde(flatten)]
    counts: Counts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet_delay_variation: Option<Delays<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt: Option<FullSpread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mos: Option<FullSpread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mos_method: Option<MosMethod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_in: Option<Spread>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_out: Option<Spread>,
}

impl<'a> From<&'a Counters> for StreamTotals<'a> {
    fn from(counters: &'a Counters) -> Self {
        Self {
            counts: counters.into(),
            jitter: Spread::of(counters.jitter_ms),
            latency: Spread::of(counters.latency_ms),
            packet_delay_variation: Delays::of(counters),
            rtt: FullSpread::of(counters.rtt_ms),
            mos: FullSpread::of(counters.mos),
            mos_method: counters.mos_method,
            audio_in: Spread::of(counters.audio_in),
            audio_out: Spread::of(counters.audio_out),
        }
    }
}

/// Figures of one reporting interval, in a metric.
#[derive(Debug, Serialize)]
pub struct Interval<'a> {
    #[serde(flatten)]
    counts: Counts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet_delay_variation: Option<Delays<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter: Option<Stat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<Stat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt: Option<Stat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mos: Option<Stat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mos_method: Option<MosMethod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_in: Option<Stat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_out: Option<Stat>,
}

impl<'a> From<&'a Counters> for Interval<'a> {
    fn from(counters: &'a Counters) -> Self {
        Self {
            counts: counters.into(),
            packet_delay_variation: Delays::of(counters),
            jitter: counters.jitter_ms,
            latency: counters.latency_ms,
            rtt: counters.rtt_ms,
            mos: counters.mos,
            mos_method: counters.mos_method,
            audio_in: counters.audio_in,
            audio_out: counters.audio_out,
        }
    }
}

/// Figures since the stream began, in a metric.
#[derive(Debug, Serialize)]
pub struct Cumulative<'a> {
    #[serde(flatten)]
    counts: Counts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter: Option<Spread>,
}

impl<'a> From<&'a Counters> for Cumulative<'a> {
    fn from(counters: &'a Counters) -> Self {
        Self {
            counts: counters.into(),
            jitter: Spread::of(counters.jitter_ms),
        }
    }
}

/// What is counted. `None`: not measured, and left out.
#[derive(Debug, Serialize)]
struct Counts<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    codec: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    codec_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packets_received: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packets_sent: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packets_lost: Option<i64>,
    // The original's spelling.
    #[serde(skip_serializing_if = "Option::is_none")]
    packets_loss_percentage: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_received: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_sent: Option<u64>,
}

impl<'a> From<&'a Counters> for Counts<'a> {
    fn from(counters: &'a Counters) -> Self {
        Self {
            codec: counters.codec,
            codec_name: counters.codec_name.as_deref(),
            packets_received: counters.packets_received,
            packets_sent: counters.packets_sent,
            packets_lost: counters.packets_lost,
            packets_loss_percentage: counters.loss_percent,
            bytes_received: counters.bytes_received,
            bytes_sent: counters.bytes_sent,
        }
    }
}

/// Mean and largest reading.
#[derive(Debug, Serialize)]
struct Spread {
    #[serde(skip_serializing_if = "Option::is_none")]
    avg: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
}

impl Spread {
    /// `None` when neither is known.
    fn of(stat: Option<Stat>) -> Option<Self> {
        let Stat { avg, max, .. } = stat?;
        (avg.is_some() || max.is_some()).then_some(Self { avg, max })
    }
}

/// Mean, largest and smallest reading.
#[derive(Debug, Serialize)]
pub struct FullSpread {
    #[serde(skip_serializing_if = "Option::is_none")]
    avg: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
}

impl FullSpread {
    /// `None` when none of them is known.
    pub fn of(stat: Option<Stat>) -> Option<Self> {
        let Stat { avg, max, min, .. } = stat?;
        (avg.is_some() || max.is_some() || min.is_some()).then_some(Self { avg, max, min })
    }
}

/// Packets later than N ms, as `dN`.
#[derive(Debug)]
struct Delays<'a>(&'a BTreeMap<u16, u64>);

impl<'a> Delays<'a> {
    fn of(counters: &'a Counters) -> Option<Self> {
        (!counters.delayed_packets.is_empty()).then_some(Self(&counters.delayed_packets))
    }
}

impl Serialize for Delays<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (ms, packets) in self.0 {
            map.serialize_entry(&format_args!("d{ms}"), packets)?;
        }
        map.end()
    }
}
