//! An RTCP report that was seen on its way (RFC 3550 §6.4), in the units of the wire.

use serde::{Deserialize, Serialize};

use crate::capture::Capture;
use crate::facts::is_default;

/// One compound packet: what its sender has sent, and what it has received of others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RtcpReport {
    /// Where it was seen.
    pub capture: Capture,
    /// Who reports.
    pub ssrc: u32,
    /// What the reporter has sent, if it sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<SenderInfo>,
    /// What it has received.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<ReportBlock>,
    /// What it says of quality (RFC 3611 §4.7).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub voip_metrics: Vec<VoipMetrics>,
    /// Whether it says that nothing came in since the report before: it is a report, and about
    /// nobody (RFC 3550 §6.4.1).
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_silent: bool,
    /// Whether it is encrypted (RFC 3711 §3.4): nothing but its source can be read.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_encrypted: bool,
}

/// What a reporter has sent since it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderInfo {
    /// The 64-bit NTP time of the report, as it stood there.
    pub ntp: u64,
    /// The same moment in RTP time.
    pub rtp: u32,
    /// RTP packets sent.
    pub packets: u32,
    /// Octets of payload sent.
    pub octets: u32,
}

impl SenderInfo {
    /// The middle of the NTP time, which receivers name the report by.
    #[must_use]
    pub const fn lsr(self) -> u32 {
        // 32 bits are left.
        ((self.ntp >> 16) & 0xffff_ffff) as u32
    }
}

/// What one receiver says of one source (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportBlock {
    /// The source.
    pub ssrc: u32,
    /// Share lost since the previous report, in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the stream began. Negative when duplicates outnumber losses.
    pub lost: i32,
    /// Highest sequence number received, with its count of cycles in the upper half.
    pub highest_seq: u32,
    /// Interarrival jitter in RTP time (§A.8): needs the clock rate to become time.
    pub jitter_rtp: u32,
    /// The middle of the NTP time of the last sender report received; 0: none yet.
    pub lsr: u32,
    /// Since then, in 1/65536 s.
    pub dlsr: u32,
}

/// What an end system says of the quality of a stream (RFC 3611 §4.7). `None`: unavailable there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VoipMetrics {
    /// The source.
    pub ssrc: u32,
    /// Share lost in the network, 0–100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_percent: Option<f64>,
    /// Share that came too late or too early to be played, 0–100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discard_percent: Option<f64>,
    /// Round trip between the RTP interfaces, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip_ms: Option<u16>,
    /// What the end system itself adds, ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_system_ms: Option<u16>,
    /// Rating, 0–100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r_factor: Option<u8>,
    /// Listening quality, 1–5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos_lq: Option<f64>,
    /// Conversational quality, 1–5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos_cq: Option<f64>,
}
