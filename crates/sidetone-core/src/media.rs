//! What was measured of one media stream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::vocabulary::{EdgeKind, MosMethod, StreamDirection};

/// A measured quantity over some time. Which members there are depends on the source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stat {
    /// One reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Smallest reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Mean of the readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avg: Option<f64>,
}

impl Stat {
    /// The mean, or the only reading.
    #[must_use]
    pub fn mean(self) -> Option<f64> {
        self.avg.or(self.value)
    }
}

/// Counts and readings of one stream over some time. `None` means: not measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// RTP payload type, 0–127.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<u8>,
    /// Codec name, lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec_name: Option<String>,
    /// Packets received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packets_received: Option<u64>,
    /// Packets sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packets_sent: Option<u64>,
    /// Packets lost; negative when duplicates outnumber losses (RFC 3550 §6.4.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packets_lost: Option<i64>,
    /// Share of packets lost as reported, 0–100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_percent: Option<f64>,
    /// Octets received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_received: Option<u64>,
    /// Octets sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_sent: Option<u64>,
    /// Interarrival jitter, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<Stat>,
    /// Time from ingress to egress of the platform, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Stat>,
    /// Round-trip time, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<Stat>,
    /// Mean opinion score, 1–5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos: Option<Stat>,
    /// How `mos` was come by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos_method: Option<MosMethod>,
    /// Microphone level, 0–32767.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_in: Option<Stat>,
    /// Speaker level, 0–32767.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_out: Option<Stat>,
    /// Packets later than so many ms: `d50`, `d70`, …, by that number.
    #[serde(
        deserialize_with = "crate::facts::or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub delayed_packets: BTreeMap<u16, u64>,
}

impl Counters {
    /// Whether nothing at all was measured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These figures, with what they leave open taken from others. What belongs together is taken
    /// together: payload type and name of a codec, a score and its method.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let (codec, codec_name) = if self.codec.is_some() || self.codec_name.is_some() {
            (self.codec, self.codec_name)
        } else {
            (other.codec, other.codec_name)
        };
        let (mos, mos_method) = if self.mos.is_some() {
            (self.mos, self.mos_method)
        } else {
            (other.mos, other.mos_method)
        };
        Self {
            codec,
            codec_name,
            packets_received: self.packets_received.or(other.packets_received),
            packets_sent: self.packets_sent.or(other.packets_sent),
            packets_lost: self.packets_lost.or(other.packets_lost),
            loss_percent: self.loss_percent.or(other.loss_percent),
            bytes_received: self.bytes_received.or(other.bytes_received),
            bytes_sent: self.bytes_sent.or(other.bytes_sent),
            jitter_ms: self.jitter_ms.or(other.jitter_ms),
            latency_ms: self.latency_ms.or(other.latency_ms),
            rtt_ms: self.rtt_ms.or(other.rtt_ms),
            mos,
            mos_method,
            audio_in: self.audio_in.or(other.audio_in),
            audio_out: self.audio_out.or(other.audio_out),
            delayed_packets: if self.delayed_packets.is_empty() {
                other.delayed_packets
            } else {
                self.delayed_packets
            },
        }
    }
}

/// One periodic report (every 10 s, as a rule) about a stream at an edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MediaSample {
    /// Where it was measured.
    pub edge: EdgeKind,
    /// Which stream.
    pub direction: StreamDirection,
    /// RTP synchronisation source, when known; streams are counted apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssrc: Option<u32>,
    /// Since the report before.
    #[serde(default, skip_serializing_if = "Counters::is_empty")]
    pub interval: Counters,
    /// Since the stream began.
    #[serde(default, skip_serializing_if = "Counters::is_empty")]
    pub cumulative: Counters,
    /// The edge's own description of itself, as reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
}
