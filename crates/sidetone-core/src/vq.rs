//! What a phone says of a call's quality (RFC 6035).

use serde::{Deserialize, Serialize};

use crate::capture::Capture;
use crate::facts::is_default;
use crate::time::TimeUs;

/// One report of one phone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VqReport {
    /// Where it was seen; `None` when it was sent to us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture: Option<Capture>,
    /// Whether it is of the whole call, and the last.
    #[serde(default)]
    pub is_final: bool,
    /// Whether it is of a session: until the call ended, or its codec or address changed. Other
    /// reports are of an interval, or sent because a threshold was crossed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_session: bool,
    /// The phone's own address, as From and To have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_id: Option<String>,
    /// The other side's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// The source the phone sends as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_ssrc: Option<u32>,
    /// The source it receives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ssrc: Option<u32>,
    /// The phone's media address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_ip: Option<std::net::IpAddr>,
    /// What it received.
    #[serde(default)]
    pub local: VqMetrics,
    /// What it was told of what the other side received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<VqMetrics>,
}

/// Figures of one stream. `None`: not said, or unavailable there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VqMetrics {
    /// Begin of what is reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<TimeUs>,
    /// End of what is reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<TimeUs>,
    /// RTP payload type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_type: Option<u8>,
    /// Codec name, lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec_name: Option<String>,
    /// Share lost in the network (NLR), 0–100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_percent: Option<f64>,
    /// Share discarded by the jitter buffer (JDR), 0–100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discard_percent: Option<f64>,
    /// Round trip (RTD), ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip_ms: Option<f64>,
    /// What the phone itself adds (ESD), ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_system_ms: Option<f64>,
    /// Interarrival jitter (IAJ), ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<f64>,
    /// Mean absolute jitter (MAJ), ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_absolute_jitter_ms: Option<f64>,
    /// Listening quality (MOSLQ), by the phone's own estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos_lq: Option<f64>,
    /// Conversational quality (MOSCQ), by the phone's own estimate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos_cq: Option<f64>,
    /// How the phone estimated (`QoEEstAlg`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_by: Option<String>,
}
