//! What the reports about each media stream say, kept so that it can be joined.
//!
//! Counts since the stream began (cumulative) and the codec: the latest report that has the field
//! holds. What is said of a report's own interval is kept by report, because only single reports
//! can be counted once when states overlap.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::cap::cap;
use super::mean::finite;
use super::pairs;
use super::totals::{Totals, TotalsClaims};
use crate::event::SourceKind;
use crate::facts::{Claim, Rank, is_default};
use crate::id::EventKey;
use crate::media::{Counters, MediaSample, Stat};
use crate::time::TimeUs;
use crate::vocabulary::{EdgeKind, StreamDirection};

/// Which stream: a synchronisation source seen at an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct StreamKey {
    pub(super) edge: EdgeKind,
    pub(super) direction: StreamDirection,
    pub(super) ssrc: Option<u32>,
    /// Of a switch's leg: [`Self::edge`] is what the switch could say.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) is_of_switch: bool,
}

/// All streams of a call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Streams {
    #[serde(with = "pairs")]
    pub(super) by_key: BTreeMap<StreamKey, Stream>,
}

/// One stream.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Stream {
    #[serde(rename = "t", default, skip_serializing_if = "is_default")]
    pub(super) totals: TotalsClaims,
    /// By time and event: the order they are summed in.
    #[serde(
        rename = "r",
        with = "pairs",
        default,
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub(super) reports: BTreeMap<(ReportTime, EventKey), Report>,
}

/// A time, written as a number because there are many of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ReportTime(pub(super) TimeUs);

impl Serialize for ReportTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.micros())
    }
}

impl<'de> Deserialize<'de> for ReportTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(|us| Self(TimeUs::from_micros(us)))
    }
}

/// What one report says of its interval. The names are short because there are many of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Report {
    #[serde(rename = "pr", skip_serializing_if = "Option::is_none")]
    pub(super) packets_received: Option<u64>,
    #[serde(rename = "ps", skip_serializing_if = "Option::is_none")]
    pub(super) packets_sent: Option<u64>,
    #[serde(rename = "pl", skip_serializing_if = "Option::is_none")]
    pub(super) packets_lost: Option<i64>,
    #[serde(rename = "lp", skip_serializing_if = "Option::is_none")]
    pub(super) loss_percent: Option<f64>,
    #[serde(rename = "br", skip_serializing_if = "Option::is_none")]
    pub(super) bytes_received: Option<u64>,
    #[serde(rename = "bs", skip_serializing_if = "Option::is_none")]
    pub(super) bytes_sent: Option<u64>,
    #[serde(rename = "j", skip_serializing_if = "Option::is_none")]
    pub(super) jitter_ms: Option<Reading>,
    #[serde(rename = "l", skip_serializing_if = "Option::is_none")]
    pub(super) latency_ms: Option<Reading>,
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub(super) rtt_ms: Option<Reading>,
    #[serde(rename = "m", skip_serializing_if = "Option::is_none")]
    pub(super) mos: Option<Reading>,
    #[serde(rename = "i", skip_serializing_if = "Option::is_none")]
    pub(super) audio_in: Option<Reading>,
    #[serde(rename = "o", skip_serializing_if = "Option::is_none")]
    pub(super) audio_out: Option<Reading>,
    #[serde(rename = "d", skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) delayed_packets: BTreeMap<u16, u64>,
}

/// A quantity over one interval: mean, smallest, largest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Reading(
    pub(super) Option<f64>,
    pub(super) Option<f64>,
    pub(super) Option<f64>,
);

impl Reading {
    /// A mean is an extreme as good as any other, but an extreme is no mean. `None` when the report
    /// says none of them.
    fn of(stat: &Stat) -> Option<Self> {
        let mean = stat.mean().and_then(finite);
        let extreme = |said: Option<f64>, which: fn(f64, f64) -> f64| {
            let said = said.and_then(finite);
            [said, mean].into_iter().flatten().reduce(which)
        };
        let (min, max) = (extreme(stat.min, f64::min), extreme(stat.max, f64::max));
        (min.is_some() || max.is_some()).then_some(Self(mean, min, max))
    }
}

impl Streams {
    pub(super) fn add(&mut self, rank: Rank, kind: SourceKind, sample: &MediaSample) {
        let key = StreamKey {
            is_of_switch: kind.is_switch() && sample.edge == EdgeKind::Sip,
            edge: sample.edge,
            direction: sample.direction,
            ssrc: sample.ssrc,
        };
        let stream = self.by_key.entry(key).or_default();
        stream.totals.add(rank, &totals_of(sample));
        let report = report_of(sample);
        if !is_default(&report) {
            stream
                .reports
                .insert((ReportTime(rank.at), rank.key), report);
        }
        // A call has a few streams; what says it has hundreds makes them up.
        cap(&mut self.by_key, drop);
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (key, stream) in other.by_key {
            let held = self.by_key.entry(key).or_default();
            held.totals.merge(stream.totals);
            held.reports.extend(stream.reports);
        }
        cap(&mut self.by_key, drop);
    }

    /// Whether any packet was counted.
    pub(super) fn any_packets(&self) -> bool {
        let some = |count: Option<u64>| count.is_some_and(|count| count > 0);
        let claimed = |claim: &Option<Claim<u64>>| some(claim.as_ref().map(|claim| claim.value));
        self.by_key.values().any(|stream| {
            claimed(&stream.totals.packets_received)
                || claimed(&stream.totals.packets_sent)
                || stream
                    .reports
                    .values()
                    .any(|report| some(report.packets_received) || some(report.packets_sent))
        })
    }
}

/// Whole-stream figures of a sample. A stat that only has a reading is one of many, not a figure of
/// the whole.
fn totals_of(sample: &MediaSample) -> Totals {
    let Counters {
        codec,
        codec_name,
        packets_received,
        packets_sent,
        packets_lost,
        loss_percent,
        bytes_received,
        bytes_sent,
        jitter_ms,
        latency_ms,
        rtt_ms,
        mos,
        mos_method,
        audio_in,
        audio_out,
        delayed_packets,
    } = &sample.cumulative;
    let whole = |stat: &Option<Stat>| {
        let stat = stat.as_ref()?;
        let whole = Stat {
            value: None,
            min: stat.min.and_then(finite),
            max: stat.max.and_then(finite),
            avg: stat.avg.and_then(finite),
        };
        (!is_default(&whole)).then_some(whole)
    };
    // Payload type and name belong together: never the one of this part and the other of that.
    let (codec, codec_name) = if codec.is_some() || codec_name.is_some() {
        (*codec, codec_name.clone())
    } else {
        (sample.interval.codec, sample.interval.codec_name.clone())
    };
    Totals {
        codec,
        codec_name,
        mos_method: mos_method.or(sample.interval.mos_method),
        packets_received: *packets_received,
        packets_sent: *packets_sent,
        packets_lost: *packets_lost,
        loss_percent: loss_percent.and_then(finite),
        bytes_received: *bytes_received,
        bytes_sent: *bytes_sent,
        jitter_ms: whole(jitter_ms),
        latency_ms: whole(latency_ms),
        rtt_ms: whole(rtt_ms),
        mos: whole(mos),
        audio_in: whole(audio_in),
        audio_out: whole(audio_out),
        delayed_packets: (!delayed_packets.is_empty()).then(|| delayed_packets.clone()),
    }
}

/// What a sample says of its interval, and the cumulative part's single readings.
fn report_of(sample: &MediaSample) -> Report {
    let interval = &sample.interval;
    let cumulative = &sample.cumulative;
    let reading = |here: &Option<Stat>, whole: &Option<Stat>| {
        here.as_ref().and_then(Reading::of).or_else(|| {
            let value = whole.as_ref()?.value?;
            Reading::of(&Stat {
                value: Some(value),
                ..Stat::default()
            })
        })
    };
    Report {
        packets_received: interval.packets_received,
        packets_sent: interval.packets_sent,
        packets_lost: interval.packets_lost,
        loss_percent: interval.loss_percent.and_then(finite),
        bytes_received: interval.bytes_received,
        bytes_sent: interval.bytes_sent,
        jitter_ms: reading(&interval.jitter_ms, &cumulative.jitter_ms),
        latency_ms: reading(&interval.latency_ms, &cumulative.latency_ms),
        rtt_ms: reading(&interval.rtt_ms, &cumulative.rtt_ms),
        mos: reading(&interval.mos, &cumulative.mos),
        audio_in: reading(&interval.audio_in, &cumulative.audio_in),
        audio_out: reading(&interval.audio_out, &cumulative.audio_out),
        delayed_packets: interval.delayed_packets.clone(),
    }
}
