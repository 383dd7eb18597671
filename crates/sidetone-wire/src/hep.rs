//! HEP3, the protocol in which agents send what they captured (revision 37 of its specification).
//!
//! ```text
//! "HEP3"  u16 length of the packet, these six bytes included
//! then chunks:  u16 vendor  u16 type  u16 length, these six bytes included  value
//! ```
//!
//! All numbers are in network order. Chunks come in any order. Those of a vendor and those of
//! unknown types are skipped; of chunks that come twice, the last counts, but for addresses that
//! are none.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use memchr::memmem;

use crate::malformed::Malformed;
use crate::scan::{array, be16};

/// What a packet begins with.
const MAGIC: &[u8] = b"HEP3";
/// Magic and length. A chunk's header has as many bytes.
const HEADER_BYTES: usize = 6;

/// [`Packet::payload_type`] of SIP.
pub const SIP: u8 = 1;
/// [`Packet::payload_type`] of RTCP, as JSON or binary.
pub const RTCP: u8 = 5;
/// [`Packet::payload_type`] of reports of RFC 6035, and of heplify's short MOS reports.
pub const QUALITY_REPORT: u8 = 35;

/// One captured packet, as its agent describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// IP protocol: 17 is UDP, 6 is TCP. 0 when not stated.
    pub protocol: u8,
    /// Who sent it, an IPv4 address never in IPv6's clothes. `0.0.0.0:0` in a keep-alive that names
    /// nobody.
    pub src: SocketAddr,
    /// Whom it was sent to, likewise.
    pub dst: SocketAddr,
    /// When the agent captured it, by the agent's clock, in microseconds since 1970. 0 in a
    /// keep-alive without a time.
    pub captured_us: i64,
    /// What the payload is: [`SIP`], [`RTCP`], …; 0 in a keep-alive.
    pub payload_type: u8,
    /// Which agent captured it: a number its operator chose. 0 when not stated.
    pub agent: u32,
    /// The agent's password in plain text. `None`: it sent none; rtpengine cannot.
    pub auth_key: Option<&'a [u8]>,
    /// What was captured.
    pub payload: Payload<'a>,
    /// Which call it belongs to, mostly a Call-ID. `None` when not stated or empty.
    pub correlation_id: Option<&'a [u8]>,
    /// The agent's name. `None` when not stated or empty.
    pub node_name: Option<&'a [u8]>,
    /// MOS in hundredths, as the agent computed it.
    pub mos_100: Option<u16>,
    /// R factor, as the agent computed it.
    pub r_factor: Option<u16>,
    /// Jitter, as the agent computed it. The specification gives no unit.
    pub jitter: Option<u32>,
}

/// What was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// As it was on the wire.
    Plain(&'a [u8]),
    /// To be read with [`inflate`].
    Compressed(&'a [u8]),
    /// Nothing: the packet is a keep-alive.
    None,
}

impl<'a> Packet<'a> {
    /// Decodes a datagram, or what [`frame`] found in a stream.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when it is no HEP3, its length is not the one it states, a chunk does not fit,
    /// a chunk of a known type has the wrong size, or there is a payload without addresses, time or
    /// type.
    pub fn decode(datagram: &'a [u8]) -> Result<Self, Malformed> {
        if !datagram.starts_with(MAGIC) {
            return Err(Malformed::new(
                match datagram.first() {
                    Some(1 | 2) => "HEP version 1 or 2",
                    _ => "not HEP3",
                },
                0,
            ));
        }
        let Some(length) = be16(datagram, MAGIC.len()) else {
            return Err(Malformed::new("HEP3 packet cut in its header", 0));
        };
        if usize::from(length) != datagram.len() {
            return Err(Malformed::new("HEP3 length is not the packet's", 4));
        }

        let mut read = Reading::default();
        let mut at = HEADER_BYTES;
        while at < datagram.len() {
            let end = read.chunk(datagram, at)?;
            at = end;
        }
        read.packet()
    }
}

/// What of a packet has been read.
#[derive(Default)]
struct Reading<'a> {
    protocol: u8,
    src: Option<IpAddr>,
    dst: Option<IpAddr>,
    src_port: u16,
    dst_port: u16,
    seconds: Option<u32>,
    microseconds: u32,
    payload_type: Option<u8>,
    agent: u32,
    auth_key: Option<&'a [u8]>,
    payload: Option<Payload<'a>>,
    correlation_id: Option<&'a [u8]>,
    node_name: Option<&'a [u8]>,
    mos_100: Option<u16>,
    r_factor: Option<u16>,
    jitter: Option<u32>,
}

impl<'a> Reading<'a> {
    /// Reads the chunk at an offset; says where it ends.
    fn chunk(&mut self, datagram: &'a [u8], at: usize) -> Result<usize, Malformed> {
        let malformed = |what| Malformed::new(what, at);
        let (Some(vendor), Some(kind), Some(length)) = (
            be16(datagram, at),
            be16(datagram, at.saturating_add(2)),
            be16(datagram, at.saturating_add(4)),
        ) else {
            return Err(malformed("HEP3 chunk header is cut"));
        };
        if usize::from(length) < HEADER_BYTES {
            return Err(malformed("HEP3 chunk is shorter than its header"));
        }
        let end = at.saturating_add(length.into());
        let value = datagram
            .get(at.saturating_add(HEADER_BYTES)..end)
            .ok_or_else(|| malformed("HEP3 chunk is longer than the packet"))?;
        if vendor == 0 {
            self.value(kind, value)
                .ok_or_else(|| malformed("HEP3 chunk has the wrong size"))?;
        }
        Ok(end)
    }

    /// Takes a chunk's value. `None`: its size is wrong.
    fn value(&mut self, kind: u16, value: &'a [u8]) -> Option<()> {
        let byte = || sized(value).map(|[byte]: [u8; 1]| byte);
        let short = || sized(value).map(u16::from_be_bytes);
        let long = || sized(value).map(u32::from_be_bytes);
        let ipv4 = || sized(value).map(|octets: [u8; 4]| IpAddr::from(octets));
        let ipv6 = || sized(value).map(|octets: [u8; 16]| IpAddr::from(Ipv6Addr::from(octets)));
        let text = (!value.is_empty()).then_some(value);
        match kind {
            // The address chunks say the family too.
            0x01 => drop(byte()?),
            0x02 => self.protocol = byte()?,
            0x03 => name(&mut self.src, ipv4()?),
            0x04 => name(&mut self.dst, ipv4()?),
            0x05 => name(&mut self.src, ipv6()?),
            0x06 => name(&mut self.dst, ipv6()?),
            0x07 => self.src_port = short()?,
            0x08 => self.dst_port = short()?,
            0x09 => self.seconds = Some(long()?),
            0x0a => self.microseconds = long()?,
            0x0b => self.payload_type = Some(byte()?),
            0x0c => self.agent = long()?,
            0x0e => self.auth_key = Some(value),
            0x0f => self.payload = Some(Payload::Plain(value)),
            0x10 => self.payload = Some(Payload::Compressed(value)),
            0x11 => self.correlation_id = text,
            0x13 => self.node_name = text,
            0x20 => self.mos_100 = Some(short()?),
            0x21 => self.r_factor = Some(short()?),
            0x23 => self.jitter = Some(long()?),
            _ => {}
        }
        Some(())
    }

    /// The packet, if all is there that its payload needs.
    fn packet(self) -> Result<Packet<'a>, Malformed> {
        let payload = self.payload.unwrap_or(Payload::None);
        let needed = payload != Payload::None;
        let missing = |what, is_missing: bool| {
            if needed && is_missing {
                Err(Malformed::new(what, 0))
            } else {
                Ok(())
            }
        };
        missing("HEP3 packet without source address", self.src.is_none())?;
        missing(
            "HEP3 packet without destination address",
            self.dst.is_none(),
        )?;
        missing("HEP3 packet without capture time", self.seconds.is_none())?;
        missing(
            "HEP3 packet without payload type",
            self.payload_type.is_none(),
        )?;
        let address = |ip: Option<IpAddr>, port| {
            let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
            SocketAddr::new(ip.unwrap_or(nobody).to_canonical(), port)
        };
        Ok(Packet {
            protocol: self.protocol,
            src: address(self.src, self.src_port),
            dst: address(self.dst, self.dst_port),
            captured_us: i64::from(self.seconds.unwrap_or(0))
                .saturating_mul(1_000_000)
                .saturating_add(self.microseconds.into()),
            payload_type: self.payload_type.unwrap_or(0),
            agent: self.agent,
            auth_key: self.auth_key,
            payload,
            correlation_id: self.correlation_id,
            node_name: self.node_name,
            mos_100: self.mos_100,
            r_factor: self.r_factor,
            jitter: self.jitter,
        })
    }
}

/// Takes an address. Some agents send both families, one of them zero: that names nobody.
fn name(side: &mut Option<IpAddr>, address: IpAddr) {
    let is_named = side.is_some_and(|held| !held.is_unspecified());
    if !(is_named && address.is_unspecified()) {
        *side = Some(address);
    }
}

/// A value that has exactly so many bytes.
fn sized<const N: usize>(value: &[u8]) -> Option<[u8; N]> {
    array(value, 0).filter(|_| value.len() == N)
}

/// What is next in a stream of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// A packet of so many bytes, all of them there.
    Packet(usize),
    /// A packet, or its beginning: nothing can be done before so many bytes are there in all.
    Incomplete(usize),
    /// So many bytes, at least one, that belong to no packet.
    Skip(usize),
}

/// Finds the next packet in what has been read of a stream.
#[must_use]
pub fn frame(buffer: &[u8]) -> Frame {
    if buffer.starts_with(MAGIC) {
        return match be16(buffer, MAGIC.len()).map(usize::from) {
            None => Frame::Incomplete(HEADER_BYTES),
            // No packet is that short, so these four letters are not the beginning of one.
            Some(length) if length < HEADER_BYTES => Frame::Skip(MAGIC.len()),
            Some(length) if buffer.len() < length => Frame::Incomplete(length),
            Some(length) => Frame::Packet(length),
        };
    }
    if MAGIC.starts_with(buffer) {
        return Frame::Incomplete(HEADER_BYTES);
    }
    Frame::Skip(memmem::find(buffer, MAGIC).unwrap_or_else(|| {
        // The end may be the beginning of the next packet.
        let kept = (1..MAGIC.len())
            .rev()
            .find(|&length| MAGIC.get(..length).is_some_and(|m| buffer.ends_with(m)));
        buffer.len().saturating_sub(kept.unwrap_or(0))
    }))
}

/// Decompresses a payload, zlib or gzip, of at most `max` bytes.
///
/// # Errors
///
/// [`Malformed`] when it is neither, is damaged, or has more bytes than `max`.
pub fn inflate(compressed: &[u8], max: usize) -> Result<Vec<u8>, Malformed> {
    let reader: Box<dyn Read + '_> = if compressed.starts_with(&[0x1f, 0x8b]) {
        Box::new(flate2::read::GzDecoder::new(compressed))
    } else {
        Box::new(flate2::read::ZlibDecoder::new(compressed))
    };
    let mut plain = Vec::new();
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    reader
        .take(limit)
        .read_to_end(&mut plain)
        .map_err(|_| Malformed::new("compressed payload is damaged", 0))?;
    if plain.len() > max {
        return Err(Malformed::new("compressed payload is too large", max));
    }
    Ok(plain)
}

#[cfg(test)]
mod tests;
