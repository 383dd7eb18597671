//! What a section of a report measured (RFC 6035 §4.6.2).

use std::ops::RangeInclusive;
use std::str::FromStr;

use sidetone_core::time::TimeUs;

use super::parameters::parameters;
use crate::time;

/// Measures of the media that one side receives. What was not measured, or is out of range, is
/// `None`: 127 and −1 stand for unavailable where they are no measure.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    /// When the time it speaks of began.
    pub started_at: Option<TimeUs>,
    /// When it ended.
    pub ended_at: Option<TimeUs>,
    /// RTP payload type, 0–127.
    pub payload_type: Option<u8>,
    /// Codec, as its payload description names it.
    pub codec: Option<String>,
    /// Sample rate, Hz.
    pub sample_rate_hz: Option<u32>,
    /// Length of a frame, ms.
    pub frame_ms: Option<u16>,
    /// Frames in a packet.
    pub frames_per_packet: Option<u16>,
    /// Packets sent in a second.
    pub packets_per_second: Option<u16>,
    /// Nominal delay of the jitter buffer, ms.
    pub jb_nominal_ms: Option<u16>,
    /// Its greatest delay so far, ms.
    pub jb_max_ms: Option<u16>,
    /// The greatest delay it can have, ms.
    pub jb_abs_max_ms: Option<u16>,
    /// Packets lost in the network, percent.
    pub loss_percent: Option<f64>,
    /// Packets thrown away because they came at the wrong time, percent.
    pub discard_percent: Option<f64>,
    /// Packets lost or thrown away within bursts, percent.
    pub burst_loss_percent: Option<f64>,
    /// Mean length of a burst, ms.
    pub burst_ms: Option<f64>,
    /// Packets lost or thrown away between bursts, percent.
    pub gap_loss_percent: Option<f64>,
    /// Mean length of a gap between bursts, ms.
    pub gap_ms: Option<f64>,
    /// Packets in a row that must come through to end a burst.
    pub gmin: Option<u8>,
    /// Round-trip time, ms.
    pub rtt_ms: Option<f64>,
    /// Delay within the telephone, ms.
    pub end_system_delay_ms: Option<f64>,
    /// Delay one way, ms.
    pub one_way_delay_ms: Option<f64>,
    /// Interarrival jitter, ms.
    pub jitter_ms: Option<f64>,
    /// Mean absolute jitter, ms.
    pub mean_abs_jitter_ms: Option<f64>,
    /// Level of the voice, dBm0.
    pub signal_dbm: Option<f64>,
    /// Level of the noise, dBm0.
    pub noise_dbm: Option<f64>,
    /// Residual echo return loss, dB.
    pub rerl_db: Option<f64>,
    /// R factor of listening, 0–120.
    pub r_lq: Option<f64>,
    /// R factor of conversation, 0–120.
    pub r_cq: Option<f64>,
    /// Estimated listening quality, MOS 0–5. Some telephones have a scale of their own beginning at
    /// 0.
    pub mos_lq: Option<f64>,
    /// Estimated conversational quality, MOS 0–5.
    pub mos_cq: Option<f64>,
    /// The method of the estimates, as the telephone names it.
    pub method: Option<String>,
}

const PERCENT: RangeInclusive<f64> = 0.0..=100.0;
const MS: RangeInclusive<f64> = 0.0..=65_535.0;
const DBM: RangeInclusive<f64> = -126.0..=20.0;
const DB: RangeInclusive<f64> = 0.0..=126.0;
const R: RangeInclusive<f64> = 0.0..=120.0;
const MOS: RangeInclusive<f64> = 0.0..=5.0;

impl Metrics {
    /// Reads a line by its name in lower case.
    pub(super) fn read(&mut self, name: &str, line: &str) {
        let read: fn(&mut Self, &str, &str) = match name {
            "timestamps" => Self::timestamp,
            "sessiondesc" => Self::session,
            "jitterbuffer" => Self::jitter_buffer,
            "packetloss" => Self::loss,
            "burstgaploss" => Self::bursts,
            "delay" => Self::delay,
            "signal" => Self::signal,
            "qualityest" => Self::quality,
            _ => return,
        };
        for (name, value) in parameters(line) {
            read(self, &name.to_ascii_uppercase(), value);
        }
    }

    fn timestamp(&mut self, name: &str, value: &str) {
        match name {
            "START" => self.started_at = time::parse(value),
            "STOP" => self.ended_at = time::parse(value),
            _ => {}
        }
    }

    fn session(&mut self, name: &str, value: &str) {
        match name {
            "PT" => self.payload_type = whole(value, 0..=127),
            "PD" => self.codec = Some(value.to_owned()),
            "SR" => self.sample_rate_hz = whole(value, 1..=1_000_000),
            "FD" => self.frame_ms = whole(value, 1..=u16::MAX),
            "FPP" => self.frames_per_packet = whole(value, 1..=u16::MAX),
            "PPS" => self.packets_per_second = whole(value, 1..=u16::MAX),
            _ => {}
        }
    }

    fn jitter_buffer(&mut self, name: &str, value: &str) {
        match name {
            "JBN" => self.jb_nominal_ms = whole(value, 0..=u16::MAX),
            "JBM" => self.jb_max_ms = whole(value, 0..=u16::MAX),
            "JBX" => self.jb_abs_max_ms = whole(value, 0..=u16::MAX),
            _ => {}
        }
    }

    fn loss(&mut self, name: &str, value: &str) {
        match name {
            "NLR" => self.loss_percent = number(value, PERCENT),
            "JDR" => self.discard_percent = number(value, PERCENT),
            _ => {}
        }
    }

    fn bursts(&mut self, name: &str, value: &str) {
        match name {
            "BLD" => self.burst_loss_percent = number(value, PERCENT),
            "BD" => self.burst_ms = number(value, 0.0..=f64::from(u32::MAX)),
            "GLD" => self.gap_loss_percent = number(value, PERCENT),
            "GD" => self.gap_ms = number(value, 0.0..=f64::from(u32::MAX)),
            "GMIN" => self.gmin = whole(value, 1..=u8::MAX),
            _ => {}
        }
    }

    fn delay(&mut self, name: &str, value: &str) {
        match name {
            "RTD" => self.rtt_ms = number(value, MS),
            "ESD" => self.end_system_delay_ms = number(value, MS),
            "OWD" => self.one_way_delay_ms = number(value, MS),
            "IAJ" => self.jitter_ms = number(value, MS),
            "MAJ" => self.mean_abs_jitter_ms = number(value, MS),
            _ => {}
        }
    }

    fn signal(&mut self, name: &str, value: &str) {
        match name {
            "SL" => self.signal_dbm = number(value, DBM),
            "NL" => self.noise_dbm = number(value, DBM),
            "RERL" => self.rerl_db = number(value, DB),
            _ => {}
        }
    }

    fn quality(&mut self, name: &str, value: &str) {
        match name {
            "RLQ" => self.r_lq = number(value, R),
            "RCQ" => self.r_cq = number(value, R),
            "MOSLQ" => self.mos_lq = number(value, MOS),
            "MOSCQ" => self.mos_cq = number(value, MOS),
            "QOEESTALG" => self.method = Some(value.to_owned()),
            _ => {}
        }
    }
}

fn number(text: &str, range: RangeInclusive<f64>) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    // A range does not hold what is not a number.
    range.contains(&number).then_some(number)
}

fn whole<T: FromStr + PartialOrd>(text: &str, range: RangeInclusive<T>) -> Option<T> {
    let whole = text.parse().ok()?;
    range.contains(&whole).then_some(whole)
}
