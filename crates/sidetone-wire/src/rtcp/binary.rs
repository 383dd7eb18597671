//! RTCP as on the wire: a compound of packets, each with its own header (RFC 3550 §6.1).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |V=2|P|  count  |      type     |   32-bit words that follow    |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! Lengths must add up to the whole, as §A.2 asks; the first packet may be of any type, since
//! reduced-size RTCP (RFC 5506) and some telephones begin with others than reports. Types that say
//! nothing here are passed over.

use super::compound::{Compound, ReportBlock, SenderInfo, push};
use super::voip_metrics::{VoipMetrics, available, level, measured, mos_10, r_factor};
use crate::malformed::Malformed;

/// Sender report.
const SR: u8 = 200;
/// Receiver report.
const RR: u8 = 201;
/// Source description.
const SDES: u8 = 202;
/// Goodbye.
const BYE: u8 = 203;
/// Application-defined.
const APP: u8 = 204;
/// Extended report (RFC 3611).
const XR: u8 = 207;

/// The type of the `VoIP` metrics block within an extended report.
const VOIP_METRICS: u8 = 7;
/// The canonical name among the items of a source description.
const CNAME: u8 = 1;

/// Decodes a compound packet.
///
/// # Errors
/// When a version is not 2, or a length or count does not fit the bytes that are there.
pub fn decode(payload: &[u8]) -> Result<Compound, Malformed> {
    plain(payload).or_else(|malformed| encrypted(payload).ok_or(malformed))
}

/// What can be read of a report that is encrypted: who sent it.
///
/// Its first eight bytes are in the clear. The last word but the authentication tag is the packet's
/// number, with its highest bit set (RFC 3711 §3.4); the tag has 80 bits (§5.2), and no room of its
/// own with AES-GCM (RFC 7714 §17).
fn encrypted(payload: &[u8]) -> Option<Compound> {
    const TAGS: [usize; 2] = [10, 0];
    /// Numbers begin at 0 with each key; at a few reports a second, no call gets this far.
    const NUMBER_MAX: u32 = 1 << 20;
    let mut reader = Reader::new(payload);
    let [first, kind, _, _] = reader.bytes("").ok()?;
    let ssrc = reader.u32("").ok()?;
    let is_numbered = |tag: &usize| {
        let rest = reader.rest;
        let end = rest.len().checked_sub(*tag).and_then(|end| rest.get(..end));
        let word = end.and_then(|rest| rest.last_chunk());
        let number = word.map(|word| u32::from_be_bytes(*word) ^ 1 << 31);
        number.is_some_and(|number| number < NUMBER_MAX)
    };
    let is_report = first >> 6 == 2 && matches!(kind, SR | RR);
    (is_report && TAGS.iter().any(is_numbered)).then(|| Compound {
        ssrc,
        is_encrypted: true,
        ..Compound::default()
    })
}

fn plain(payload: &[u8]) -> Result<Compound, Malformed> {
    let mut reader = Reader::new(payload);
    let mut compound = Compound::default();
    let mut named = Named::default();
    if reader.is_empty() {
        return Err(Malformed::new("empty RTCP", 0));
    }
    while !reader.is_empty() {
        let at = reader.at;
        let [first, kind] = reader.bytes("short RTCP header")?;
        let words = u16::from_be_bytes(reader.bytes("short RTCP header")?);
        if first >> 6 != 2 {
            return Err(Malformed::new("RTCP version is not 2", at));
        }
        let mut body = reader.part(usize::from(words).saturating_mul(4), "short RTCP packet")?;
        if first & 0x20 != 0 {
            body.drop_padding()?;
        }
        packet(kind, first & 0x1F, body, &mut compound, &mut named)?;
    }
    compound.ssrc = named.report.or(named.other).unwrap_or(0);
    compound.is_silent = named.report.is_some() && compound.blocks.is_empty() && !compound.bye;
    Ok(compound)
}

/// The SSRCs that packets are from.
#[derive(Default)]
struct Named {
    /// Of the first sender or receiver report.
    report: Option<u32>,
    /// Of the first packet of another type.
    other: Option<u32>,
}

fn packet(
    kind: u8,
    count: u8,
    mut body: Reader<'_>,
    compound: &mut Compound,
    named: &mut Named,
) -> Result<(), Malformed> {
    match kind {
        SR => {
            let ssrc = body.u32("short sender report")?;
            let sender = sender_info(&mut body)?;
            // One compound may carry reports of several streams of one sender; the first is the one
            // it is known by.
            if named.report.is_none() {
                named.report = Some(ssrc);
                compound.sender = Some(sender);
            }
            blocks(count, body, compound)
        }
        RR => {
            let ssrc = body.u32("short receiver report")?;
            named.report.get_or_insert(ssrc);
            blocks(count, body, compound)
        }
        SDES => description(count, body, compound, named),
        BYE => {
            compound.bye = true;
            if count > 0 {
                let ssrc = body.u32("short BYE")?;
                named.other.get_or_insert(ssrc);
            }
            Ok(())
        }
        APP => {
            let ssrc = body.u32("short APP")?;
            named.other.get_or_insert(ssrc);
            Ok(())
        }
        XR => {
            let ssrc = body.u32("short XR")?;
            named.other.get_or_insert(ssrc);
            extended(body, compound)
        }
        _ => Ok(()),
    }
}

fn sender_info(body: &mut Reader<'_>) -> Result<SenderInfo, Malformed> {
    const SHORT: &str = "short sender report";
    let ntp = u64::from_be_bytes(body.bytes(SHORT)?);
    Ok(SenderInfo {
        ntp_64: (ntp != 0).then_some(ntp),
        rtp_timestamp: body.u32(SHORT)?,
        packets: body.u32(SHORT)?,
        octets: body.u32(SHORT)?,
    })
}

/// As many blocks as the header counts. What follows them is a profile's own extension.
fn blocks(count: u8, mut body: Reader<'_>, compound: &mut Compound) -> Result<(), Malformed> {
    const SHORT: &str = "fewer RTCP report blocks than counted";
    for _ in 0..count {
        let at = body.at;
        let about_ssrc = body.u32(SHORT)?;
        let [fraction_lost, a, b, c] = body.bytes(SHORT)?;
        let block = ReportBlock {
            about_ssrc,
            fraction_lost,
            // 24 bits in the upper part of 32, then shifted back down with their sign.
            cumulative_lost: i32::from_be_bytes([a, b, c, 0]) >> 8,
            highest_seq: body.u32(SHORT)?,
            jitter_rtp: body.u32(SHORT)?,
            lsr: body.u32(SHORT)?,
            dlsr: body.u32(SHORT)?,
        };
        push(&mut compound.blocks, block, at)?;
    }
    Ok(())
}

/// As many chunks as the header counts: an SSRC, items of type, length and text, zeros up to the
/// next word.
fn description(
    count: u8,
    mut body: Reader<'_>,
    compound: &mut Compound,
    named: &mut Named,
) -> Result<(), Malformed> {
    const SHORT: &str = "short source description";
    for _ in 0..count {
        let ssrc = body.u32(SHORT)?;
        named.other.get_or_insert(ssrc);
        loop {
            let [kind] = body.bytes(SHORT)?;
            if kind == 0 {
                body.skip_to_word(SHORT)?;
                break;
            }
            let [length] = body.bytes(SHORT)?;
            let text = body.part(usize::from(length), SHORT)?;
            let reporter = named.report.or(named.other);
            if kind == CNAME && compound.cname.is_none() && reporter == Some(ssrc) {
                compound.cname = Some(String::from_utf8_lossy(text.rest).into());
            }
        }
    }
    Ok(())
}

/// Blocks of type, a byte of its own, length in words and content, to the end of the packet.
fn extended(mut body: Reader<'_>, compound: &mut Compound) -> Result<(), Malformed> {
    const SHORT: &str = "short XR block";
    while !body.is_empty() {
        let at = body.at;
        let [kind, _] = body.bytes(SHORT)?;
        let words = u16::from_be_bytes(body.bytes(SHORT)?);
        let content = body.part(usize::from(words).saturating_mul(4), SHORT)?;
        if kind == VOIP_METRICS {
            push(&mut compound.xr, voip_metrics(content)?, at)?;
        }
    }
    Ok(())
}

fn voip_metrics(mut block: Reader<'_>) -> Result<VoipMetrics, Malformed> {
    const SHORT: &str = "short VoIP metrics";
    let about_ssrc = block.u32(SHORT)?;
    let [loss, discard, burst, gap] = block.bytes(SHORT)?;
    let burst_ms = block.u16(SHORT)?;
    let gap_ms = block.u16(SHORT)?;
    let rtt = block.u16(SHORT)?;
    let end_system_delay = block.u16(SHORT)?;
    let [signal, noise, rerl, gmin] = block.bytes(SHORT)?;
    let [r, ext_r, mos_lq, mos_cq] = block.bytes(SHORT)?;
    let [_receiver_configuration, _reserved] = block.bytes(SHORT)?;
    Ok(VoipMetrics {
        about_ssrc,
        loss_rate_256: loss,
        discard_rate_256: discard,
        burst_density_256: burst,
        gap_density_256: gap,
        burst_ms,
        gap_ms,
        rtt_ms: measured(rtt),
        end_system_delay_ms: measured(end_system_delay),
        signal_dbm: level(signal),
        noise_dbm: level(noise),
        rerl_db: available(rerl),
        gmin: (gmin != 0).then_some(gmin),
        r_factor: r_factor(r),
        ext_r: r_factor(ext_r),
        mos_lq_10: mos_10(mos_lq),
        mos_cq_10: mos_10(mos_cq),
        jb_nominal_ms: measured(block.u16(SHORT)?),
        jb_max_ms: measured(block.u16(SHORT)?),
        jb_abs_max_ms: measured(block.u16(SHORT)?),
    })
}

/// Bytes not read yet, and where they are in the whole.
struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, at: 0 }
    }

    fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next so many bytes, as a reader of their own.
    fn part(&mut self, length: usize, short: &'static str) -> Result<Self, Malformed> {
        let (part, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(Malformed::new(short, self.at))?;
        let part = Self {
            rest: part,
            at: self.at,
        };
        self.rest = rest;
        self.at = self.at.saturating_add(length);
        Ok(part)
    }

    fn bytes<const N: usize>(&mut self, short: &'static str) -> Result<[u8; N], Malformed> {
        let at = self.at;
        let part = self.part(N, short)?;
        part.rest.try_into().map_err(|_| Malformed::new(short, at))
    }

    fn u16(&mut self, short: &'static str) -> Result<u16, Malformed> {
        self.bytes(short).map(u16::from_be_bytes)
    }

    fn u32(&mut self, short: &'static str) -> Result<u32, Malformed> {
        self.bytes(short).map(u32::from_be_bytes)
    }

    /// Passes over what is left of a word. Packets begin at whole words.
    fn skip_to_word(&mut self, short: &'static str) -> Result<(), Malformed> {
        let over = self.at % 4;
        if over > 0 {
            self.part(4_usize.saturating_sub(over), short)?;
        }
        Ok(())
    }

    /// Cuts off the padding: its last byte counts it, itself included.
    fn drop_padding(&mut self) -> Result<(), Malformed> {
        const WRONG: Malformed = Malformed::new("RTCP padding", 0);
        let wrong = Malformed {
            at: self.at,
            ..WRONG
        };
        let padding = usize::from(*self.rest.last().ok_or(wrong)?);
        let length = self.rest.len().checked_sub(padding).ok_or(wrong)?;
        if padding == 0 {
            return Err(wrong);
        }
        let (kept, _) = self.rest.split_at_checked(length).ok_or(wrong)?;
        self.rest = kept;
        Ok(())
    }
}
