//! Capture files of tcpdump and its kin: the UDP datagrams in them.
//!
//! The classic format (draft-ietf-opsawg-pcap) in either byte order, with micro- or nanoseconds; link layers Ethernet
//! (with VLAN tags), Linux cooked (SLL, SLL2), BSD loopback and raw IP. Fragments are not put together.

use std::net::{IpAddr, SocketAddr};

use crate::malformed::Malformed;
use crate::scan::{array, be16};

/// The file's header, and each record's.
const FILE_HEADER_BYTES: usize = 24;
const RECORD_HEADER_BYTES: usize = 16;
/// Tags that are looked through on one frame. Two are usual at most.
const MAX_VLAN_TAGS: usize = 4;

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const UDP: u8 = 17;

/// One captured UDP datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// When it was captured, in microseconds since 1970, rounded down.
    pub captured_us: i64,
    /// Who sent it.
    pub src: SocketAddr,
    /// Whom it was sent to.
    pub dst: SocketAddr,
    /// What was sent, whole.
    pub payload: &'a [u8],
}

/// The datagrams of a capture file. After a [`Malformed`] there are no more.
#[derive(Debug, Clone)]
pub struct Datagrams<'a> {
    file: &'a [u8],
    at: usize,
    is_little_endian: bool,
    is_nanoseconds: bool,
    link: Link,
    skipped: u64,
}

/// What stands before the IP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// A family number of four bytes, in an order nobody states.
    Loopback,
    Ethernet,
    RawIp,
    /// Linux cooked, first and second version.
    Cooked,
    Cooked2,
}

/// Reads the header of a capture file.
///
/// # Errors
///
/// [`Malformed`] when it is no classic capture file, or of a link layer that is not read.
pub fn datagrams(file: &[u8]) -> Result<Datagrams<'_>, Malformed> {
    let (is_little_endian, is_nanoseconds) = match array(file, 0) {
        Some([0xd4, 0xc3, 0xb2, 0xa1]) => (true, false),
        Some([0xa1, 0xb2, 0xc3, 0xd4]) => (false, false),
        Some([0x4d, 0x3c, 0xb2, 0xa1]) => (true, true),
        Some([0xa1, 0xb2, 0x3c, 0x4d]) => (false, true),
        Some([0x0a, 0x0d, 0x0d, 0x0a]) => {
            return Err(Malformed::new(
                "pcapng file, which `editcap -F pcap IN OUT` converts,",
                0,
            ));
        }
        _ => return Err(Malformed::new("no capture file", 0)),
    };
    let mut datagrams = Datagrams {
        file,
        at: FILE_HEADER_BYTES,
        is_little_endian,
        is_nanoseconds,
        link: Link::RawIp,
        skipped: 0,
    };
    let link = datagrams
        .number(20)
        .ok_or(Malformed::new("capture file is cut in its header", 0))?;
    // The upper bits say how long check sequences are.
    datagrams.link = match link & 0xffff {
        0 | 108 => Link::Loopback,
        1 => Link::Ethernet,
        12 | 14 | 101 | 228 | 229 => Link::RawIp,
        113 => Link::Cooked,
        276 => Link::Cooked2,
        _ => return Err(Malformed::new("capture file of an unknown link layer", 20)),
    };
    Ok(datagrams)
}

impl Datagrams<'_> {
    /// How many frames so far were no whole UDP datagrams: other protocols, fragments, cut short by the capture.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// A number of the file's own byte order.
    fn number(&self, at: usize) -> Option<u32> {
        let bytes = array(self.file, at)?;
        Some(if self.is_little_endian {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        })
    }

    /// Where the next record's frame is, and when it was captured. `None`: the file is cut.
    fn record(&self) -> Option<(i64, std::ops::Range<usize>)> {
        let field = |at| self.number(self.at.saturating_add(at));
        let (seconds, fraction, length) = (field(0)?, field(4)?, field(8)?);
        let start = self.at.saturating_add(RECORD_HEADER_BYTES);
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        let microseconds = if self.is_nanoseconds {
            fraction / 1000
        } else {
            fraction
        };
        let captured_us = i64::from(seconds)
            .saturating_mul(1_000_000)
            .saturating_add(microseconds.into());
        Some((captured_us, start..end))
    }
}

impl<'a> Iterator for Datagrams<'a> {
    type Item = Result<Datagram<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.at < self.file.len() {
            let found = self.record().and_then(|(captured_us, range)| {
                let end = range.end;
                Some((captured_us, self.file.get(range)?, end))
            });
            let Some((captured_us, frame, end)) = found else {
                let at = std::mem::replace(&mut self.at, self.file.len());
                return Some(Err(Malformed::new("capture file is cut in a record", at)));
            };
            self.at = end;
            let ip = network(self.link, frame);
            if let Some((src, dst, payload)) = ip.and_then(udp) {
                return Some(Ok(Datagram {
                    captured_us,
                    src,
                    dst,
                    payload,
                }));
            }
            self.skipped = self.skipped.saturating_add(1);
        }
        None
    }
}

/// The IP packet of a frame.
fn network(link: Link, frame: &[u8]) -> Option<&[u8]> {
    let (mut ethertype, mut packet) = match link {
        Link::RawIp => return Some(frame),
        Link::Loopback => return frame.get(4..),
        Link::Ethernet => (be16(frame, 12)?, frame.get(14..)?),
        Link::Cooked => (be16(frame, 14)?, frame.get(16..)?),
        Link::Cooked2 => (be16(frame, 0)?, frame.get(20..)?),
    };
    for _ in 0..MAX_VLAN_TAGS {
        match ethertype {
            ETHERTYPE_IPV4 | ETHERTYPE_IPV6 => return Some(packet),
            0x8100 | 0x88a8 | 0x9100 => (ethertype, packet) = (be16(packet, 2)?, packet.get(4..)?),
            _ => return None,
        }
    }
    None
}

/// Addresses and payload of an IP packet that is one whole UDP datagram.
fn udp(packet: &[u8]) -> Option<(SocketAddr, SocketAddr, &[u8])> {
    let (src, dst, datagram) = match packet.first()? >> 4 {
        4 => ipv4(packet)?,
        6 => ipv6(packet)?,
        _ => return None,
    };
    let length = usize::from(be16(datagram, 4)?);
    let payload = datagram.get(8..length)?;
    Some((
        SocketAddr::new(src.to_canonical(), be16(datagram, 0)?),
        SocketAddr::new(dst.to_canonical(), be16(datagram, 2)?),
        payload,
    ))
}

/// Addresses and UDP datagram of an IPv4 packet (RFC 791 §3.1).
fn ipv4(packet: &[u8]) -> Option<(IpAddr, IpAddr, &[u8])> {
    let header = usize::from(packet.first()? & 0x0f).saturating_mul(4);
    let fragment = be16(packet, 6)?;
    // More fragments, or not the first one.
    let is_fragment = fragment & 0x3fff != 0;
    let [protocol] = array(packet, 9)?;
    if header < 20 || is_fragment || protocol != UDP {
        return None;
    }
    Some((
        IpAddr::from(array::<4>(packet, 12)?),
        IpAddr::from(array::<4>(packet, 16)?),
        packet.get(header..)?,
    ))
}

/// Addresses and UDP datagram of an IPv6 packet (RFC 8200 §3, §4).
fn ipv6(packet: &[u8]) -> Option<(IpAddr, IpAddr, &[u8])> {
    let [mut next] = array(packet, 6)?;
    let mut rest = packet.get(40..)?;
    // Hop-by-hop, routing and destination options; a fragment's header (44) ends the walk.
    while matches!(next, 0 | 43 | 60) {
        let [after, units] = array(rest, 0)?;
        let length = usize::from(units).saturating_add(1).saturating_mul(8);
        (next, rest) = (after, rest.get(length..)?);
    }
    (next == UDP).then_some(())?;
    Some((
        IpAddr::from(array::<16>(packet, 8)?),
        IpAddr::from(array::<16>(packet, 24)?),
        rest,
    ))
}

#[cfg(test)]
mod tests;
