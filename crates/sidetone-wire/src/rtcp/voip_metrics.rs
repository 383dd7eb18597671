//! The `VoIP` metrics report block of RTCP XR (RFC 3611 §4.7).

/// What a receiver computed about the quality of one stream (RFC 3611 §4.7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VoipMetrics {
    /// The stream.
    pub about_ssrc: u32,
    /// Share of packets lost since the stream began, in 1/256.
    pub loss_rate_256: u8,
    /// Share of packets thrown away because they came too late or too early, in 1/256.
    pub discard_rate_256: u8,
    /// Share of packets lost or thrown away within bursts, in 1/256.
    pub burst_density_256: u8,
    /// Share of packets lost or thrown away between bursts, in 1/256.
    pub gap_density_256: u8,
    /// Mean length of a burst, ms.
    pub burst_ms: u16,
    /// Mean length of a gap between bursts, ms.
    pub gap_ms: u16,
    /// Latest round-trip time between the RTP interfaces, ms. `None` when 0, which stands for not
    /// measured.
    pub rtt_ms: Option<u16>,
    /// Latest delay within the receiver, from RTP to ear and from mouth to RTP, ms. `None` when 0.
    pub end_system_delay_ms: Option<u16>,
    /// Level of the voice, dBm0, −127 to 0 as a rule.
    pub signal_dbm: Option<i8>,
    /// Level of the noise in silence, dBm0.
    pub noise_dbm: Option<i8>,
    /// Residual echo return loss, dB.
    pub rerl_db: Option<u8>,
    /// Packets in a row that must come through to end a burst. `None` when 0, which is not allowed.
    pub gmin: Option<u8>,
    /// R factor of this part of the path, 0–100.
    pub r_factor: Option<u8>,
    /// R factor of the part beyond (a telephone network), 0–100.
    pub ext_r: Option<u8>,
    /// Estimated listening quality, MOS × 10, 10–50.
    pub mos_lq_10: Option<u8>,
    /// Estimated conversational quality, MOS × 10, 10–50.
    pub mos_cq_10: Option<u8>,
    /// Nominal delay of the jitter buffer, ms. `None` when 0 or not told, as for the two below.
    pub jb_nominal_ms: Option<u16>,
    /// Its greatest delay so far, ms.
    pub jb_max_ms: Option<u16>,
    /// The greatest delay it can have, ms; more than 65535 is told as 65535.
    pub jb_abs_max_ms: Option<u16>,
}

/// What stands for "unavailable" in a field of eight bits.
const UNAVAILABLE: u8 = 127;

/// A level or a loss in dB.
pub(super) fn available(value: u8) -> Option<u8> {
    (value != UNAVAILABLE).then_some(value)
}

/// A level of either sign, in dBm0.
pub(super) fn level(value: u8) -> Option<i8> {
    available(value).map(u8::cast_signed)
}

/// An R factor; what is outside 0–100 is reserved and says nothing.
pub(super) fn r_factor(value: u8) -> Option<u8> {
    (value <= 100).then_some(value)
}

/// A MOS × 10; what is outside 10–50 is reserved and says nothing.
pub(super) fn mos_10(value: u8) -> Option<u8> {
    (10..=50).contains(&value).then_some(value)
}

/// A time that was measured.
pub(super) fn measured(value: u16) -> Option<u16> {
    (value != 0).then_some(value)
}
