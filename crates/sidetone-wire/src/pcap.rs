//! Capture files of tcpdump, Wireshark and others: the UDP datagrams in them.
//!
//! pcap and pcapng (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng) in either byte order; link
//! layers Ethernet (with VLAN tags), Linux cooked (SLL, SLL2), BSD loopback and raw IP. Fragments
//! are not put together. A file is read piece by piece, because captures can be larger than memory.

use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};
use pcap_parser::nom::IResult;
use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{
    Block, Linktype, PcapBlockOwned, PcapError, parse_block_be, parse_block_le, parse_pcap_frame,
    parse_pcap_frame_be, parse_pcap_header,
};

use crate::malformed::Malformed;
use crate::scan::{array, be16};

/// How much of a file is read at a time.
const PIECE_BYTES: u64 = 64 * 1024;
/// Most bytes of a record. Capture programs keep at most 256 KiB of a frame.
const RECORD_BYTES_MAX: usize = 1024 * 1024;
/// Blocks of pcapng that datagrams depend on: sections, interfaces, and the three kinds of packets.
const NEEDED_BLOCKS: [u32; 5] = [0x0a0d_0d0a, 1, OBSOLETE_PACKET, 3, 6];
/// A packet as it was written before there were enhanced ones; it is not read.
const OBSOLETE_PACKET: u32 = 2;
/// Most interfaces that are remembered; frames of others are skipped.
const INTERFACES_MAX: usize = 65_536;

/// How a pcapng file begins, in either byte order.
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// How a pcap file begins: with microseconds and with nanoseconds, little and big endian.
const PCAP_HEADERS: [[u8; 4]; 4] = [
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0xa1, 0xb2, 0x3c, 0x4d],
];

/// One captured UDP datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// Who sent it.
    pub src: SocketAddr,
    /// What was sent, whole.
    pub payload: Vec<u8>,
}

/// The datagrams of a capture file. After a [`Malformed`] there are no more.
#[derive(Debug)]
pub struct Datagrams<R> {
    file: R,
    /// What was read of the file last, and where in it the next record begins.
    buffer: Vec<u8>,
    at: usize,
    /// Bytes of the file before the buffer.
    before: usize,
    format: Format,
    /// The link layer of each interface by its number; `None` is one that is not read. A pcap file
    /// has one interface, each section of a pcapng file its own.
    interfaces: Vec<Option<Link>>,
    skipped: u64,
    is_over: bool,
    failure: Option<io::Error>,
}

/// How the records of a file are written.
#[derive(Debug, Clone, Copy)]
struct Format {
    is_pcapng: bool,
    is_big_endian: bool,
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

/// Why nothing more is read of a file.
enum End {
    Whole,
    Damaged(&'static str),
}

const UNREADABLE: End = End::Damaged("capture file can be read no further");

/// Whether a file that begins so is a capture.
#[must_use]
pub fn is_capture(beginning: &[u8]) -> bool {
    let magic = beginning.first_chunk();
    magic.is_some_and(|magic| *magic == SECTION_HEADER || PCAP_HEADERS.contains(magic))
}

/// Reads the header of a capture file.
///
/// # Errors
///
/// [`Malformed`] when it is no capture file, or a pcap file of a link layer that is not read.
pub fn datagrams<R: Read>(file: R) -> Result<Datagrams<R>, Malformed> {
    let mut datagrams = Datagrams {
        file,
        buffer: Vec::new(),
        at: 0,
        before: 0,
        // Until its header says otherwise.
        format: Format {
            is_pcapng: true,
            is_big_endian: false,
        },
        interfaces: Vec::new(),
        skipped: 0,
        is_over: false,
        failure: None,
    };
    if let Err(End::Damaged(what)) = datagrams.read_on() {
        return Err(Malformed::new(what, 0));
    }
    if !is_capture(&datagrams.buffer) {
        return Err(Malformed::new("no capture file", 0));
    }
    if !datagrams.buffer.starts_with(&SECTION_HEADER) {
        let header = parse_pcap_header(&datagrams.buffer);
        let (_, header) =
            header.map_err(|_| Malformed::new("capture file is cut in its header", 0))?;
        // The upper bits say how long check sequences are.
        let link = Link::of(Linktype(header.network.0 & 0xffff));
        let unknown = Malformed::new("capture file of an unknown link layer", 20);
        datagrams.interfaces.push(Some(link.ok_or(unknown)?));
        datagrams.format = Format {
            is_pcapng: false,
            is_big_endian: header.is_bigendian(),
        };
        datagrams.at = header.size();
    }
    Ok(datagrams)
}

impl<R> Datagrams<R> {
    /// How many frames so far were no whole UDP datagrams: other protocols, fragments, cut short by
    /// the capture, of a link layer that is not read.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Why the file could be read no further, if that is why it ended.
    #[must_use]
    pub fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }
}

impl<R: Read> Datagrams<R> {
    /// Reads on when the buffer does not hold all of a record.
    fn read_on(&mut self) -> Result<(), End> {
        self.buffer.drain(..self.at);
        self.before = self.before.saturating_add(self.at);
        self.at = 0;
        if self.failure.is_some() {
            return Err(UNREADABLE);
        }
        if self.buffer.len() > RECORD_BYTES_MAX {
            return Err(End::Damaged("capture file has a record of over 1 MiB"));
        }
        let held = self.buffer.len();
        let mut piece = self.file.by_ref().take(PIECE_BYTES);
        match piece.read_to_end(&mut self.buffer) {
            Ok(0) if self.buffer.is_empty() => Err(End::Whole),
            Ok(0) => Err(End::Damaged("capture file is cut in a record")),
            Ok(_) => Ok(()),
            Err(error) => {
                self.failure = Some(error);
                // What could be read before is as good as ever.
                if self.buffer.len() > held {
                    Ok(())
                } else {
                    Err(UNREADABLE)
                }
            }
        }
    }

    /// Goes on behind a block of that length without holding it.
    fn pass_over(&mut self, length: usize) -> Result<(), End> {
        let held = self.buffer.len().saturating_sub(self.at);
        let Some(beyond @ 1..) = length.checked_sub(held) else {
            self.at = self.at.saturating_add(length);
            return Ok(());
        };
        let beyond = u64::try_from(beyond).unwrap_or(u64::MAX);
        let mut rest = self.file.by_ref().take(beyond);
        match io::copy(&mut rest, &mut io::sink()) {
            Ok(passed) if passed == beyond => {}
            Ok(_) => return Err(End::Damaged("capture file is cut in a record")),
            Err(error) => {
                self.failure = Some(error);
                return Err(UNREADABLE);
            }
        }
        self.before = self.before.saturating_add(self.at).saturating_add(length);
        self.buffer.clear();
        self.at = 0;
        Ok(())
    }

    fn end(&mut self, end: &End) -> Option<Malformed> {
        self.is_over = true;
        match end {
            End::Whole => None,
            End::Damaged(what) => Some(Malformed::new(what, self.before.saturating_add(self.at))),
        }
    }
}

impl<R: Read> Iterator for Datagrams<R> {
    type Item = Result<Datagram, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            let unread = self.buffer.get(self.at..).unwrap_or_default();
            let kind = self.format.block(unread).map(|(kind, _)| kind);
            if let Some(length) = self.format.needless_bytes(unread) {
                match self.pass_over(length) {
                    Ok(()) => continue,
                    Err(end) => return self.end(&end).map(Err),
                }
            }
            let (rest, record) = match self.format.record(unread) {
                Ok(read) => read,
                Err(error) if error.is_incomplete() && !self.format.is_whole(unread) => {
                    match self.read_on() {
                        Ok(()) => continue,
                        Err(end) => return self.end(&end).map(Err),
                    }
                }
                Err(_) => {
                    let end = End::Damaged("capture file is damaged in a record");
                    return self.end(&end).map(Err);
                }
            };
            self.at = self.buffer.len().saturating_sub(rest.len());
            let (interface, frame) = match &record {
                PcapBlockOwned::Legacy(record) => (0, record.data),
                PcapBlockOwned::NG(Block::EnhancedPacket(block)) => {
                    (block.if_id, block.packet_data())
                }
                PcapBlockOwned::NG(Block::SimplePacket(block)) => (0, block.packet_data()),
                PcapBlockOwned::NG(Block::SectionHeader(section)) => {
                    self.format.is_big_endian = section.big_endian();
                    self.interfaces.clear();
                    continue;
                }
                PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                    if self.interfaces.len() < INTERFACES_MAX {
                        self.interfaces.push(Link::of(interface.linktype));
                    }
                    continue;
                }
                PcapBlockOwned::NG(Block::Unknown(_)) if kind == Some(OBSOLETE_PACKET) => {
                    self.skipped = self.skipped.saturating_add(1);
                    continue;
                }
                _ => continue,
            };
            let interface = usize::try_from(interface).unwrap_or(usize::MAX);
            let link = self.interfaces.get(interface).copied().flatten();
            match link.and_then(|link| datagram(link, frame)) {
                Some(datagram) => return Some(Ok(datagram)),
                None => self.skipped = self.skipped.saturating_add(1),
            }
        }
        None
    }
}

impl Format {
    /// The type and the length of the first block.
    fn block(self, bytes: &[u8]) -> Option<(u32, usize)> {
        let number = if self.is_big_endian {
            u32::from_be_bytes
        } else {
            u32::from_le_bytes
        };
        let [kind, length] = [array(bytes, 0)?, array(bytes, 4)?].map(number);
        let length = usize::try_from(length).ok()?;
        self.is_pcapng.then_some((kind, length))
    }

    /// The length of the first block when it is more than is held, and nothing depends on it.
    fn needless_bytes(self, bytes: &[u8]) -> Option<usize> {
        let (kind, length) = self.block(bytes)?;
        (length > RECORD_BYTES_MAX && !NEEDED_BLOCKS.contains(&kind)).then_some(length)
    }

    /// Whether the first record is all there, so that more of the file does not make it readable.
    fn is_whole(self, bytes: &[u8]) -> bool {
        let block = self.block(bytes);
        block.is_some_and(|(_, length)| bytes.len() >= length)
    }

    /// The first record, and what follows it.
    fn record(self, bytes: &[u8]) -> IResult<&[u8], PcapBlockOwned<'_>, PcapError<&[u8]>> {
        let frame = |(rest, frame)| (rest, PcapBlockOwned::Legacy(frame));
        let block = |(rest, block)| (rest, PcapBlockOwned::NG(block));
        match (self.is_pcapng, self.is_big_endian) {
            (false, false) => parse_pcap_frame(bytes).map(frame),
            (false, true) => parse_pcap_frame_be(bytes).map(frame),
            (true, false) => parse_block_le(bytes).map(block),
            (true, true) => parse_block_be(bytes).map(block),
        }
    }
}

impl Link {
    fn of(number: Linktype) -> Option<Self> {
        match number {
            Linktype::NULL | Linktype::LOOP => Some(Self::Loopback),
            Linktype::ETHERNET => Some(Self::Ethernet),
            // Systems of BSD number raw IP as they did before it had a number of its own.
            Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 | Linktype(12 | 14) => {
                Some(Self::RawIp)
            }
            Linktype::LINUX_SLL => Some(Self::Cooked),
            Linktype::LINUX_SLL2 => Some(Self::Cooked2),
            _ => None,
        }
    }

    /// What a frame of this link layer carries.
    fn packet(self, frame: &[u8]) -> Option<LaxSlicedPacket<'_>> {
        let of_type =
            |ethertype, packet| LaxSlicedPacket::from_ether_type(EtherType(ethertype), packet);
        match self {
            Self::Loopback => LaxSlicedPacket::from_ip(frame.get(4..)?).ok(),
            Self::Ethernet => LaxSlicedPacket::from_ethernet(frame).ok(),
            Self::RawIp => LaxSlicedPacket::from_ip(frame).ok(),
            Self::Cooked => Some(of_type(be16(frame, 14)?, frame.get(16..)?)),
            Self::Cooked2 => Some(of_type(be16(frame, 0)?, frame.get(20..)?)),
        }
    }
}

/// The whole UDP datagram that a frame carries.
fn datagram(link: Link, frame: &[u8]) -> Option<Datagram> {
    let packet = link.packet(frame)?;
    let src: IpAddr = match packet.net? {
        LaxNetSlice::Ipv4(ip) => ip.header().source_addr().into(),
        LaxNetSlice::Ipv6(ip) => ip.header().source_addr().into(),
        LaxNetSlice::Arp(_) => return None,
    };
    let Some(TransportSlice::Udp(udp)) = packet.transport else {
        return None;
    };
    // A length that does not fit is not kept to: the capture cut the frame short, or it is damaged.
    if udp.slice().len() != usize::from(udp.length()) {
        return None;
    }
    Some(Datagram {
        src: SocketAddr::new(src.to_canonical(), udp.source_port()),
        payload: udp.payload().to_vec(),
    })
}

#[cfg(test)]
mod tests;
