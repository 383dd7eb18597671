//! RTCP told in JSON, as capture agents send it in HEP.
//!
//! The names are the same everywhere, what stands under them is not:
//!
//! | | rtpengine, captagent, heplify | Asterisk |
//! |---|---|---|
//! | numbers | numbers | some are texts |
//! | `ntp_timestamp_sec` | seconds since 1900 | seconds since 1970 |
//! | `ntp_timestamp_usec` | the fraction of a second in 1/2³² | microseconds |
//! | `sender_information` of a receiver | absent; heplify: all zero | null |
//! | `packets_lost` | the 24 bits without their sign; captagent: with it | with its sign |
//!
//! Extended reports come as `voip_metrics` (heplify 2), `report_blocks_xr` (heplify, all zero when there is none) and
//! `Extended_report_information` (captagent).

mod number;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::error::Category;

use self::number::{Tenths, Whole};
use super::compound::{Compound, ReportBlock, SenderInfo, push};
use super::voip_metrics::{VoipMetrics, available, level, measured, mos_10, r_factor};
use crate::json;
use crate::malformed::Malformed;

/// Types of a sender's and of a receiver's report.
const REPORTS: [i64; 2] = [200, 201];
/// Type of a goodbye.
const BYE: i64 = 203;
/// The type of the `VoIP` metrics block within an extended report.
const VOIP_METRICS: i64 = 7;
/// The canonical name among the items of a source description.
const CNAME: i64 = 1;
/// Seconds from 1900, where NTP begins, to 1970.
const NTP_TO_UNIX_S: u64 = 2_208_988_800;

/// Decodes a JSON object. One that is not quite JSON is repaired; then figures that are not whole are
/// left out with the block they stand in.
///
/// # Errors
/// When it is not JSON, a required number is not there, or one does not fit its field.
pub fn decode(payload: &[u8]) -> Result<Compound, Malformed> {
    // Most are UTF-8 throughout: then that is looked at once, not text by text.
    let strict = match std::str::from_utf8(payload) {
        Ok(text) => serde_json::from_str::<Report<'_>>(text),
        Err(_) => serde_json::from_slice(payload),
    };
    let error = match strict {
        Ok(report) => return read(report, false),
        Err(error) => error,
    };
    let repaired = match error.classify() {
        Category::Data => None,
        Category::Io | Category::Syntax | Category::Eof => json::repaired(payload),
    };
    let repaired = repaired.ok_or_else(|| refusal(payload, &error))?;
    let report: Report<'_> = serde_json::from_str(&repaired.text)
        .map_err(|_| Malformed::new("RTCP JSON of another shape", 0))?;
    let compound = read(report, repaired.is_part())?;
    let is_nothing =
        compound.sender.is_none() && compound.blocks.is_empty() && compound.xr.is_empty();
    if is_nothing && repaired.is_part() {
        return Err(refusal(payload, &error));
    }
    Ok(Compound {
        repairs: repaired.repairs,
        ..compound
    })
}

/// Reads the figures. Of a report that is only part of one, blocks that are not whole are left out.
fn read(report: Report<'_>, is_part: bool) -> Result<Compound, Malformed> {
    if report.says_nothing() {
        return Ok(Compound::default());
    }
    let mut compound = Compound {
        ssrc: report.ssrc.narrow("RTCP JSON without ssrc")?,
        bye: report.kind.0 == Some(BYE),
        ..Compound::default()
    };
    if let Some(sender) = report.sender_information {
        compound.sender = whole(sender.read(), is_part)?.flatten();
    }
    let is_report = report.kind.0.is_some_and(|kind| REPORTS.contains(&kind));
    // An agent that leaves out blocks counts them, and one that fills in their places lists them.
    let has_none = match (report.report_count.0, report.report_blocks.as_deref()) {
        (_, Some([_, ..])) | (Some(0), _) | (None, Some([])) => true,
        (Some(_), Some([]) | None) | (None, None) => false,
    };
    for block in report.report_blocks.into_iter().flatten() {
        let block = whole(block.read(), is_part)?;
        if let Some(block) = block.filter(|block| !block.is_filler()) {
            push(&mut compound.blocks, block, 0)?;
        }
    }
    compound.is_silent = is_report && has_none && compound.blocks.is_empty();
    let legacy = report
        .report_blocks_xr
        .filter(|block| block.kind.0 == Some(VOIP_METRICS));
    // heplify 2 tells the same block under both names, the old one with less in it.
    let extended = report.extended_report_information;
    for block in [report.voip_metrics.or(legacy), extended]
        .into_iter()
        .flatten()
    {
        compound.xr.extend(whole(block.read(), is_part)?);
    }
    compound.cname = report
        .sdes_information
        .into_iter()
        .flatten()
        .find(|item| item.kind.0 == Some(CNAME))
        .map(|item| item.text.as_ref().into());
    Ok(compound)
}

/// What was read; where parts may be missing, `None` instead of an error.
fn whole<T>(read: Result<T, Malformed>, is_part: bool) -> Result<Option<T>, Malformed> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(_) if is_part => Ok(None),
        Err(error) => Err(error),
    }
}

fn refusal(payload: &[u8], error: &serde_json::Error) -> Malformed {
    let what = match error.classify() {
        Category::Io | Category::Syntax => "RTCP not JSON",
        Category::Data => "RTCP JSON of another shape",
        Category::Eof => "RTCP JSON cut short",
    };
    let before: usize = payload
        .split_inclusive(|byte| *byte == b'\n')
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    Malformed::new(
        what,
        before.saturating_add(error.column().saturating_sub(1)),
    )
}

#[derive(Deserialize)]
struct Report<'a> {
    #[serde(default)]
    ssrc: Whole,
    #[serde(default, rename = "type")]
    kind: Whole,
    #[serde(default)]
    report_count: Whole,
    sender_information: Option<Sender>,
    report_blocks: Option<Vec<Block>>,
    report_blocks_xr: Option<Extended>,
    voip_metrics: Option<Extended>,
    #[serde(rename = "Extended_report_information")]
    #[serde(alias = "extended_report_information")]
    extended_report_information: Option<Extended>,
    #[serde(borrow)]
    sdes_information: Option<Vec<Description<'a>>>,
}

impl Report<'_> {
    /// rtpengine tells of a packet that is no report (a description, a goodbye) with all of the report left out.
    fn says_nothing(&self) -> bool {
        let tells_what_it_is = self.kind.0.is_some() || self.sdes_information.is_some();
        tells_what_it_is
            && self.ssrc.0.is_none()
            && self.sender_information.is_none()
            && self.report_blocks.is_none()
            && self.report_blocks_xr.is_none()
            && self.voip_metrics.is_none()
            && self.extended_report_information.is_none()
    }
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Sender {
    ntp_timestamp_sec: Whole,
    ntp_timestamp_usec: Whole,
    rtp_timestamp: Whole,
    packets: Whole,
    octets: Whole,
}

impl Sender {
    fn read(self) -> Result<Option<SenderInfo>, Malformed> {
        const WRONG: &str = "RTCP JSON sender_information";
        let packets = self.packets.narrow(WRONG)?;
        let octets = self.octets.narrow(WRONG)?;
        let rtp_timestamp = self.rtp_timestamp.narrow(WRONG)?;
        let ntp_64 = self.ntp_64()?;
        let nothing = ntp_64.is_none() && packets == 0 && octets == 0 && rtp_timestamp == 0;
        Ok((!nothing).then_some(SenderInfo {
            ntp_64,
            rtp_timestamp,
            packets,
            octets,
        }))
    }

    fn ntp_64(&self) -> Result<Option<u64>, Malformed> {
        const WRONG: &str = "RTCP JSON ntp_timestamp";
        let (Some(_), Some(_)) = (self.ntp_timestamp_sec.0, self.ntp_timestamp_usec.0) else {
            return Ok(None);
        };
        let seconds: u32 = self.ntp_timestamp_sec.narrow(WRONG)?;
        let part: u32 = self.ntp_timestamp_usec.narrow(WRONG)?;
        Ok(match (u64::from(seconds), u64::from(part)) {
            (0, 0) => None,
            // No clock stands between 1931 and 1970, and one that counts from its own start does not get so far:
            // these are seconds since 1970, and what follows is below a million because it is microseconds.
            (unix @ 1_000_000_000..NTP_TO_UNIX_S, micros @ 0..1_000_000) => {
                let fraction = (micros << 32) / 1_000_000;
                Some((unix.saturating_add(NTP_TO_UNIX_S) << 32) | fraction)
            }
            (seconds, fraction) => Some((seconds << 32) | fraction),
        })
    }
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Block {
    source_ssrc: Whole,
    highest_seq_no: Whole,
    fraction_lost: Whole,
    ia_jitter: Whole,
    packets_lost: Whole,
    lsr: Whole,
    dlsr: Whole,
}

impl Block {
    fn read(self) -> Result<ReportBlock, Malformed> {
        const WRONG: &str = "RTCP JSON report block";
        // Each says nothing without the other.
        let (lsr, dlsr) = match (self.lsr.0, self.dlsr.0) {
            (Some(_), Some(_)) => (self.lsr.narrow(WRONG)?, self.dlsr.narrow(WRONG)?),
            _ => (0, 0),
        };
        Ok(ReportBlock {
            about_ssrc: self.source_ssrc.narrow(WRONG)?,
            fraction_lost: self.fraction_lost.narrow(WRONG)?,
            cumulative_lost: self
                .packets_lost
                .0
                .and_then(cumulative_lost)
                .ok_or(Malformed::new(WRONG, 0))?,
            highest_seq: self.highest_seq_no.narrow(WRONG)?,
            jitter_rtp: self.ia_jitter.narrow(WRONG)?,
            lsr,
            dlsr,
        })
    }
}

/// A signed number of 24 bits that is told with its sign, without it, or without it in 32 bits.
fn cumulative_lost(told: i64) -> Option<i32> {
    const SIGN: i64 = 1 << 23;
    let signed = match told {
        lost if (-SIGN..SIGN).contains(&lost) => lost,
        lost if (SIGN..2 * SIGN).contains(&lost) => lost.checked_sub(2 * SIGN)?,
        lost => {
            let lost = lost.checked_sub(1 << 32)?;
            (-SIGN..0).contains(&lost).then_some(lost)?
        }
    };
    i32::try_from(signed).ok()
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Extended {
    #[serde(rename = "type")]
    kind: Whole,
    #[serde(alias = "id", alias = "identifier")]
    ssrc: Whole,
    #[serde(alias = "fraction_lost")]
    loss_rate: Whole,
    #[serde(alias = "fraction_discard")]
    discard_rate: Whole,
    #[serde(alias = "burst_rate")]
    burst_density: Whole,
    #[serde(alias = "gap_rate")]
    gap_density: Whole,
    burst_duration: Whole,
    #[serde(alias = "gap_Duration")]
    gap_duration: Whole,
    round_trip_delay: Whole,
    #[serde(alias = "end_sys_delay")]
    end_system_delay: Whole,
    #[serde(alias = "signal_lev")]
    signal_level: Whole,
    #[serde(alias = "noise_lev")]
    noise_level: Whole,
    #[serde(alias = "RERL")]
    rerl: Whole,
    #[serde(alias = "Gmin")]
    gmin: Whole,
    #[serde(alias = "R_fact")]
    r_factor: Whole,
    #[serde(alias = "ext_R_fact")]
    ext_r_factor: Whole,
    mos_lq: Tenths,
    mos_cq: Tenths,
    #[serde(rename = "MOS_LQ")]
    mos_lq_10: Whole,
    #[serde(rename = "MOS_CQ")]
    mos_cq_10: Whole,
    #[serde(alias = "JB_nom")]
    jb_nominal: Whole,
    #[serde(alias = "JB_max")]
    jb_maximum: Whole,
    #[serde(alias = "JB_abs_max")]
    jb_abs_max: Whole,
}

impl Extended {
    fn read(self) -> Result<VoipMetrics, Malformed> {
        const WRONG: &str = "RTCP JSON extended report";
        Ok(VoipMetrics {
            about_ssrc: self.ssrc.narrow(WRONG)?,
            loss_rate_256: self.loss_rate.narrow(WRONG)?,
            discard_rate_256: self.discard_rate.narrow(WRONG)?,
            burst_density_256: self.burst_density.narrow(WRONG)?,
            gap_density_256: self.gap_density.narrow(WRONG)?,
            burst_ms: self.burst_duration.narrow(WRONG)?,
            gap_ms: self.gap_duration.narrow(WRONG)?,
            rtt_ms: self.round_trip_delay.if_fits().and_then(measured),
            end_system_delay_ms: self.end_system_delay.if_fits().and_then(measured),
            signal_dbm: self.signal_level.octet().and_then(level),
            noise_dbm: self.noise_level.octet().and_then(level),
            rerl_db: self.rerl.if_fits().and_then(available),
            gmin: self.gmin.if_fits().filter(|gmin| *gmin != 0),
            r_factor: self.r_factor.if_fits().and_then(r_factor),
            ext_r: self.ext_r_factor.if_fits().and_then(r_factor),
            mos_lq_10: mos(self.mos_lq, self.mos_lq_10),
            mos_cq_10: mos(self.mos_cq, self.mos_cq_10),
            jb_nominal_ms: self.jb_nominal.if_fits().and_then(measured),
            jb_max_ms: self.jb_maximum.if_fits().and_then(measured),
            jb_abs_max_ms: self.jb_abs_max.if_fits().and_then(measured),
        })
    }
}

/// A MOS told as such by heplify, times ten by captagent.
fn mos(told: Tenths, told_10: Whole) -> Option<u8> {
    let tenths: Option<u8> = told.if_fits().or_else(|| told_10.if_fits());
    tenths.and_then(mos_10)
}

#[derive(Deserialize)]
struct Description<'a> {
    #[serde(default, rename = "type")]
    kind: Whole,
    #[serde(default, borrow)]
    text: Cow<'a, str>,
}
