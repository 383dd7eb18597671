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
//! Extended reports come as `voip_metrics` (heplify 2), `report_blocks_xr` (heplify, all zero when
//! there is none) and `Extended_report_information` (captagent).

mod extended;
mod figure;

use self::extended::Extended;
use self::figure::{Figure, Figures, Member, figures};
use super::compound::{Compound, ReportBlock, SenderInfo, push};
use crate::json::cursor::{Cursor, Fault, FaultKind};
use crate::json::repaired;
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

/// Decodes a JSON object. One that is not quite JSON is repaired; then figures that are not whole
/// are left out with the block they stand in.
///
/// # Errors
/// When it is not JSON, a required number is not there, or one does not fit its field.
pub fn decode(payload: &[u8]) -> Result<Compound, Malformed> {
    let fault = match Report::of(payload) {
        Ok(report) => return read(report, false),
        Err(fault) => fault,
    };
    let repaired = match fault.kind {
        FaultKind::Shape => None,
        FaultKind::Syntax | FaultKind::Cut => repaired(payload),
    };
    let repaired = repaired.ok_or_else(|| refusal(fault))?;
    let report = Report::of(repaired.text.as_bytes())
        .map_err(|_| Malformed::new("RTCP JSON of another shape", 0))?;
    let compound = read(report, repaired.is_part())?;
    let is_nothing =
        compound.sender.is_none() && compound.blocks.is_empty() && compound.xr.is_empty();
    if is_nothing && repaired.is_part() {
        return Err(refusal(fault));
    }
    Ok(Compound {
        repairs: repaired.repairs,
        ..compound
    })
}

/// Reads the figures. Of a report that is only part of one, blocks that are not whole are left out.
fn read(report: Report, is_part: bool) -> Result<Compound, Malformed> {
    if report.says_nothing() {
        return Ok(Compound::default());
    }
    let kind = report.kind.whole();
    let mut compound = Compound {
        ssrc: report.ssrc.narrow("RTCP JSON without ssrc")?,
        bye: kind == Some(BYE),
        ..Compound::default()
    };
    if let Some(sender) = report.sender_information.get() {
        compound.sender = whole(sender.read(), is_part)?.flatten();
    }
    let is_report = kind.is_some_and(|kind| REPORTS.contains(&kind));
    let blocks = report.report_blocks.take();
    // An agent that leaves out blocks counts them, and one that fills in their places lists them.
    let has_none = match (report.report_count.whole(), blocks.as_deref()) {
        (_, Some([_, ..])) | (Some(0), _) | (None, Some([])) => true,
        (Some(_), Some([]) | None) | (None, None) => false,
    };
    for block in blocks.iter().flatten() {
        let block = whole(block.read(), is_part)?;
        if let Some(block) = block.filter(|block| !block.is_filler()) {
            push(&mut compound.blocks, block, 0)?;
        }
    }
    compound.is_silent = is_report && has_none && compound.blocks.is_empty();
    let legacy = report.report_blocks_xr.get();
    let legacy = legacy.filter(|block| block.kind.whole() == Some(VOIP_METRICS));
    // heplify 2 tells the same block under both names, the old one with less in it.
    let newer = report.voip_metrics.get().or(legacy);
    let extended = report.extended_report_information.get();
    for block in [newer, extended].into_iter().flatten() {
        compound.xr.extend(whole(block.read(), is_part)?);
    }
    compound.cname = report.sdes_information.take().and_then(|it| it.cname);
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

fn refusal(fault: Fault) -> Malformed {
    let what = match fault.kind {
        FaultKind::Syntax => "RTCP not JSON",
        FaultKind::Shape => "RTCP JSON of another shape",
        FaultKind::Cut => "RTCP JSON cut short",
    };
    Malformed::new(what, fault.at)
}

#[derive(Default)]
struct Report {
    ssrc: Figure,
    kind: Figure,
    report_count: Figure,
    sender_information: Member<SenderFigures>,
    report_blocks: Member<Vec<Block>>,
    // Few have any of these, and they are large.
    report_blocks_xr: Member<Box<Extended>>,
    voip_metrics: Member<Box<Extended>>,
    extended_report_information: Member<Box<Extended>>,
    sdes_information: Member<Descriptions>,
}

impl Report {
    fn of(json: &[u8]) -> Result<Self, Fault> {
        let mut cursor = Cursor::new(json);
        let mut report = Self::default();
        match report.read(&mut cursor) {
            Some(()) => Ok(report),
            None => Err(cursor.fault()),
        }
    }

    fn read(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        if !cursor.object(|cursor, name| self.member(cursor, name))? {
            return cursor.shape();
        }
        cursor.end()
    }

    fn member(&mut self, cursor: &mut Cursor<'_>, name: &[u8]) -> Option<()> {
        match name {
            b"ssrc" => self.ssrc.read_number(cursor),
            b"type" => self.kind.read_number(cursor),
            b"report_count" => self.report_count.read_number(cursor),
            b"sender_information" => self.sender_information.read(cursor, figures),
            b"report_blocks" => self.report_blocks.read(cursor, blocks),
            b"report_blocks_xr" => self.report_blocks_xr.read(cursor, extended),
            b"voip_metrics" => self.voip_metrics.read(cursor, extended),
            b"Extended_report_information" | b"extended_report_information" => {
                self.extended_report_information.read(cursor, extended)
            }
            b"sdes_information" => self.sdes_information.read(cursor, descriptions),
            _ => cursor.skip(),
        }
    }

    /// rtpengine tells of a packet that is no report (a description, a goodbye) with all of the
    /// report left out.
    fn says_nothing(&self) -> bool {
        let tells_what_it_is = self.kind.whole().is_some() || self.sdes_information.get().is_some();
        tells_what_it_is
            && self.ssrc.whole().is_none()
            && self.sender_information.get().is_none()
            && self.report_blocks.get().is_none()
            && self.report_blocks_xr.get().is_none()
            && self.voip_metrics.get().is_none()
            && self.extended_report_information.get().is_none()
    }
}

fn blocks(cursor: &mut Cursor<'_>) -> Option<Option<Vec<Block>>> {
    let mut blocks = Vec::new();
    let is_there = cursor.array(|cursor| {
        let Some(block) = figures(cursor)? else {
            return cursor.shape();
        };
        blocks.push(block);
        Some(())
    })?;
    Some(is_there.then_some(blocks))
}

fn extended(cursor: &mut Cursor<'_>) -> Option<Option<Box<Extended>>> {
    Some(figures(cursor)?.map(Box::new))
}

/// What is taken of the items of descriptions.
#[derive(Default)]
struct Descriptions {
    /// The first canonical name.
    cname: Option<Box<str>>,
}

fn descriptions(cursor: &mut Cursor<'_>) -> Option<Option<Descriptions>> {
    let mut descriptions = Descriptions::default();
    let is_there = cursor.array(|cursor| {
        let (mut kind, mut text) = (Figure::default(), Member::default());
        let is_item = cursor.object(|cursor, name| match name {
            b"type" => kind.read_number(cursor),
            b"text" => text.read(cursor, |cursor| cursor.text().map(Some)),
            _ => cursor.skip(),
        })?;
        if !is_item {
            return cursor.shape();
        }
        if kind.whole() == Some(CNAME) {
            let text = text.take().unwrap_or_default();
            descriptions.cname.get_or_insert_with(|| text.into());
        }
        Some(())
    })?;
    Some(is_there.then_some(descriptions))
}

#[derive(Default)]
struct SenderFigures {
    ntp_timestamp_sec: Figure,
    ntp_timestamp_usec: Figure,
    rtp_timestamp: Figure,
    packets: Figure,
    octets: Figure,
}

impl Figures for SenderFigures {
    fn figure(&mut self, name: &[u8]) -> Option<&mut Figure> {
        Some(match name {
            b"ntp_timestamp_sec" => &mut self.ntp_timestamp_sec,
            b"ntp_timestamp_usec" => &mut self.ntp_timestamp_usec,
            b"rtp_timestamp" => &mut self.rtp_timestamp,
            b"packets" => &mut self.packets,
            b"octets" => &mut self.octets,
            _ => return None,
        })
    }
}

impl SenderFigures {
    fn read(&self) -> Result<Option<SenderInfo>, Malformed> {
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
        let told = [&self.ntp_timestamp_sec, &self.ntp_timestamp_usec];
        if told.iter().any(|it| it.whole().is_none()) {
            return Ok(None);
        }
        let seconds: u32 = self.ntp_timestamp_sec.narrow(WRONG)?;
        let part: u32 = self.ntp_timestamp_usec.narrow(WRONG)?;
        Ok(match (u64::from(seconds), u64::from(part)) {
            (0, 0) => None,
            // No clock stands between 1931 and 1970, and one that counts from its own start does
            // not get so far: these are seconds since 1970, and what follows is below a million
            // because it is microseconds.
            (unix @ 1_000_000_000..NTP_TO_UNIX_S, micros @ 0..1_000_000) => {
                let fraction = (micros << 32) / 1_000_000;
                Some((unix.saturating_add(NTP_TO_UNIX_S) << 32) | fraction)
            }
            (seconds, fraction) => Some((seconds << 32) | fraction),
        })
    }
}

#[derive(Default)]
struct Block {
    source_ssrc: Figure,
    highest_seq_no: Figure,
    fraction_lost: Figure,
    ia_jitter: Figure,
    packets_lost: Figure,
    lsr: Figure,
    dlsr: Figure,
}

impl Figures for Block {
    fn figure(&mut self, name: &[u8]) -> Option<&mut Figure> {
        Some(match name {
            b"source_ssrc" => &mut self.source_ssrc,
            b"highest_seq_no" => &mut self.highest_seq_no,
            b"fraction_lost" => &mut self.fraction_lost,
            b"ia_jitter" => &mut self.ia_jitter,
            b"packets_lost" => &mut self.packets_lost,
            b"lsr" => &mut self.lsr,
            b"dlsr" => &mut self.dlsr,
            _ => return None,
        })
    }
}

impl Block {
    fn read(&self) -> Result<ReportBlock, Malformed> {
        const WRONG: &str = "RTCP JSON report block";
        // Each says nothing without the other.
        let (lsr, dlsr) = match (self.lsr.whole(), self.dlsr.whole()) {
            (Some(_), Some(_)) => (self.lsr.narrow(WRONG)?, self.dlsr.narrow(WRONG)?),
            _ => (0, 0),
        };
        Ok(ReportBlock {
            about_ssrc: self.source_ssrc.narrow(WRONG)?,
            fraction_lost: self.fraction_lost.narrow(WRONG)?,
            cumulative_lost: self
                .packets_lost
                .whole()
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
