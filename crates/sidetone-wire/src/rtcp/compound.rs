//! What an RTCP packet says, however it was passed on.

use super::voip_metrics::VoipMetrics;
use crate::malformed::Malformed;
use crate::repairs::Repairs;

/// The most report blocks, and the most `VoIP` metrics, that are taken of one packet. A packet has
/// up to 31 of one reporter; more than this is nobody's telephone call.
pub const BLOCKS_MAX: usize = 64;

/// One RTCP packet as it was sent: usually a report, a source description and little else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compound {
    /// Who reports: the SSRC of the first report, else of the first packet that names one.
    pub ssrc: u32,
    /// What the reporter says of its own sending. `None` when it does not send.
    pub sender: Option<SenderInfo>,
    /// What it says of the streams it receives.
    pub blocks: Vec<ReportBlock>,
    /// What it says of the quality of the streams it receives.
    pub xr: Vec<VoipMetrics>,
    /// Whether a source leaves: no more is to come of it.
    pub bye: bool,
    /// Whether it is a report about nobody: nothing came in since the one before (RFC 3550 §6.4.1).
    /// A goodbye is none.
    pub is_silent: bool,
    /// Whether it is encrypted: a report by its header, of which nothing but the source can be
    /// read.
    pub is_encrypted: bool,
    /// The canonical name of the reporter (`user@host`). Bytes that are not UTF-8 are replaced.
    pub cname: Option<Box<str>>,
    /// What was wrong with the text it was told in.
    pub repairs: Repairs,
}

/// What a sender says of its own sending (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    /// The sender's wall clock as it stood in the packet: seconds since 1900 in the upper half,
    /// their fraction in the lower. Its middle 32 bits are what a receiver sends back as
    /// [`ReportBlock::lsr`]. Clocks of senders are often wrong, so this is for matching, not for
    /// telling the time. `None` when the sender has no clock (all zero).
    ///
    /// Asterisk tells it in whole microseconds: then the middle bits may be one more or less than
    /// those that were sent.
    pub ntp_64: Option<u64>,
    /// The same moment in RTP timestamp units.
    pub rtp_timestamp: u32,
    /// Packets sent since the sender began. Wraps.
    pub packets: u32,
    /// Octets of payload sent since the sender began. Wraps.
    pub octets: u32,
}

impl SenderInfo {
    /// What receivers name this report by: the middle 32 bits of its time.
    #[must_use]
    pub fn lsr(&self) -> Option<u32> {
        let [_, _, a, b, c, d, _, _] = self.ntp_64?.to_be_bytes();
        Some(u32::from_be_bytes([a, b, c, d]))
    }
}

/// What one receiver reports about one stream (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream.
    pub about_ssrc: u32,
    /// Share lost since the previous report, in 1/256. Range 0–255.
    pub fraction_lost: u8,
    /// Packets lost since the stream began. Negative when duplicates outnumber losses. Range
    /// −8,388,608–8,388,607.
    pub cumulative_lost: i32,
    /// The highest sequence number received, extended by the count of its cycles in the upper half.
    pub highest_seq: u32,
    /// Interarrival jitter in RTP timestamp units (§A.8); needs the clock rate to become time.
    pub jitter_rtp: u32,
    /// The middle 32 bits of the time in the last sender report received; 0 when none was.
    pub lsr: u32,
    /// Time from receiving that report to sending this one, in 1/65536 s; 0 when none was received.
    pub dlsr: u32,
}

impl ReportBlock {
    /// Whether it speaks of no stream: capture agents fill the place of a block that was not there
    /// with zeros.
    pub(crate) fn is_filler(&self) -> bool {
        self.about_ssrc == 0 && self.highest_seq == 0
    }
}

/// Adds one of at most [`BLOCKS_MAX`].
pub(super) fn push<T>(list: &mut Vec<T>, item: T, at: usize) -> Result<(), Malformed> {
    if list.len() >= BLOCKS_MAX {
        return Err(Malformed::new("too many RTCP report blocks", at));
    }
    list.push(item);
    Ok(())
}
