use super::*;

const FILE_HEADER_BYTES: usize = 24;
const RECORD_HEADER_BYTES: usize = 16;

/// A capture file of frames, in the given byte order.
fn file(link: u32, magic: [u8; 4], frames: &[&[u8]]) -> Vec<u8> {
    let is_little = magic[3] == 0xa1;
    let number = |number: u32| {
        if is_little {
            number.to_le_bytes()
        } else {
            number.to_be_bytes()
        }
    };
    let mut bytes = magic.to_vec();
    bytes.extend([0; 16]);
    bytes.extend(number(link));
    for frame in frames {
        let length = u32::try_from(frame.len()).unwrap();
        for field in [7, 123_456, length, length] {
            bytes.extend(number(field));
        }
        bytes.extend(*frame);
    }
    bytes
}

const MICROSECONDS: [u8; 4] = [0xd4, 0xc3, 0xb2, 0xa1];

fn udp_datagram(payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap();
    let [high, low] = length.to_be_bytes();
    [&[0x13, 0xc4, 0x23, 0x64, high, low, 0, 0], payload].concat()
}

fn ipv4_packet(payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0];
    bytes.extend([192, 0, 2, 1, 192, 0, 2, 2]);
    bytes.extend(udp_datagram(payload));
    // Ethernet fills short frames up.
    bytes.extend([0; 9]);
    bytes
}

fn ipv6_packet(payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0, 0, 0, 60, 64];
    for last in [1, 2] {
        bytes.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    // Destination options of eight bytes.
    bytes.extend([17, 0, 1, 4, 0, 0, 0, 0]);
    bytes.extend(udp_datagram(payload));
    bytes
}

#[track_caller]
fn check(file: &[u8], src: &str) {
    let mut found = datagrams(file).unwrap();
    let expected = Datagram {
        src: src.parse().unwrap(),
        payload: b"hello".to_vec(),
    };
    assert_eq!(found.next(), Some(Ok(expected)));
    assert_eq!((found.next(), found.skipped()), (None, 0));
}

#[test]
fn link_layers() {
    let (v4, v6) = (ipv4_packet(b"hello"), ipv6_packet(b"hello"));
    let behind = |header: &[u8], packet: &[u8]| [header, packet].concat();
    let macs = [0; 12];
    let ethernet = |rest: &[u8]| behind(&macs, rest);
    for (link, frame) in [
        (1, ethernet(&behind(&[8, 0], &v4))),
        (1, ethernet(&behind(&[0x81, 0, 0, 5, 8, 0], &v4))),
        (
            1,
            ethernet(&behind(&[0x88, 0xa8, 0, 1, 0x81, 0, 0, 5, 8, 0], &v4)),
        ),
        (0, behind(&[2, 0, 0, 0], &v4)),
        (108, behind(&[0, 0, 0, 2], &v4)),
        (101, v4.clone()),
        (12, v4.clone()),
        (228, v4.clone()),
        (113, behind(&[0; 14], &behind(&[8, 0], &v4))),
        (276, behind(&[8, 0], &behind(&[0; 18], &v4))),
    ] {
        check(&file(link, MICROSECONDS, &[&frame]), "192.0.2.1:5060");
    }
    let frame = ethernet(&behind(&[0x86, 0xdd], &v6));
    check(&file(1, MICROSECONDS, &[&frame]), "[2001:db8::1]:5060");
}

#[test]
fn byte_orders_and_fractions() {
    let packet = ipv4_packet(b"hello");
    for magic in PCAP_HEADERS {
        check(&file(101, magic, &[&packet]), "192.0.2.1:5060");
    }
}

/// Blocks of a pcapng file in one byte order.
struct Blocks {
    is_little: bool,
    bytes: Vec<u8>,
}

impl Blocks {
    fn section(is_little: bool) -> Self {
        let mut blocks = Self {
            is_little,
            bytes: Vec::new(),
        };
        let version = [
            blocks.number(0x1a2b_3c4d),
            blocks.number(0),
            [0xff; 4],
            [0xff; 4],
        ];
        blocks.add(0x0a0d_0d0a, &version.concat());
        blocks
    }

    fn number(&self, number: u32) -> [u8; 4] {
        if self.is_little {
            number.to_le_bytes()
        } else {
            number.to_be_bytes()
        }
    }

    fn add(&mut self, kind: u32, body: &[u8]) {
        let padding = body.len().next_multiple_of(4) - body.len();
        let length = self.number(u32::try_from(body.len() + padding + 12).unwrap());
        self.bytes.extend(self.number(kind));
        self.bytes.extend(length);
        self.bytes.extend(body);
        self.bytes.extend(&[0; 3][..padding]);
        self.bytes.extend(length);
    }

    fn interface(&mut self, link: u16) {
        let [link, _] = [link, 0].map(|half| match self.is_little {
            true => half.to_le_bytes(),
            false => half.to_be_bytes(),
        });
        self.add(1, &[&link[..], &[0; 6]].concat());
    }

    fn packet(&mut self, interface: u32, frame: &[u8]) {
        let length = u32::try_from(frame.len()).unwrap();
        let fields = [interface, 7, 123_456, length, length].map(|field| self.number(field));
        self.add(6, &[&fields.concat(), frame].concat());
    }

    fn simple_packet(&mut self, frame: &[u8]) {
        let length = self.number(u32::try_from(frame.len()).unwrap());
        self.add(3, &[&length, frame].concat());
    }
}

#[test]
fn sections_and_interfaces_of_pcapng() {
    let raw = ipv4_packet(b"hello");
    let ethernet = [&[0; 12][..], &[8, 0], &raw].concat();
    let mut file = Vec::new();
    for is_little in [true, false] {
        let mut blocks = Blocks::section(is_little);
        blocks.interface(1);
        // Bluetooth: its frames are skipped.
        blocks.interface(187);
        blocks.interface(101);
        blocks.packet(2, &raw);
        blocks.packet(1, &raw);
        blocks.packet(0, &ethernet);
        // Of an interface that is not described.
        blocks.packet(3, &raw);
        // A kind of block that nobody knows.
        blocks.add(0x7fff_0001, b"...");
        blocks.simple_packet(&ethernet);
        file.extend(blocks.bytes);
    }
    let mut found = datagrams(&file[..]).unwrap();
    let payloads: Vec<_> = found.by_ref().map(|found| found.unwrap().payload).collect();
    assert_eq!((payloads, found.skipped()), (vec![b"hello".to_vec(); 6], 4));
}

#[test]
fn blocks_of_pcapng_that_nothing_depends_on() {
    let packet = ipv4_packet(b"hello");
    for is_little in [true, false] {
        let mut blocks = Blocks::section(is_little);
        blocks.interface(101);
        blocks.packet(0, &packet);
        // A packet as it was written once: it is counted.
        blocks.add(2, &[&[0; 20], &packet[..]].concat());
        let long = blocks.bytes.len();
        // Secrets, longer than anything that is held.
        blocks.add(10, &vec![0; 3 * RECORD_BYTES_MAX]);
        let behind = blocks.bytes.len();
        blocks.packet(0, &packet);
        let file = blocks.bytes;
        let mut found = datagrams(&file[..]).unwrap();
        assert_eq!((found.by_ref().flatten().count(), found.skipped()), (2, 1));
        assert!(found.buffer.capacity() < RECORD_BYTES_MAX);
        for (length, at) in [(behind - 1, long), (file.len() - 1, behind)] {
            let last = datagrams(&file[..length]).unwrap().last();
            let cut = Malformed::new("capture file is cut in a record", at);
            assert_eq!(last, Some(Err(cut)));
        }
    }
}

#[test]
fn damaged_pcapng() {
    let packet = ipv4_packet(b"hello");
    let mut blocks = Blocks::section(true);
    blocks.interface(101);
    let second = blocks.bytes.len();
    blocks.packet(0, &packet);
    let whole = blocks.bytes;
    let refused = |at: usize, bytes: [u8; 4], what| {
        let mut file = whole.clone();
        file[at..at + 4].copy_from_slice(&bytes);
        let last = datagrams(&file[..]).unwrap().last();
        assert_eq!(last, Some(Err(what)), "{at}");
    };
    let damaged = |at| Malformed::new("capture file is damaged in a record", at);
    let cut = |at| Malformed::new("capture file is cut in a record", at);
    // Bytes that tell the byte order; a block shorter than its head; two lengths that differ.
    refused(8, [0; 4], damaged(0));
    refused(second + 4, [8, 0, 0, 0], damaged(second));
    refused(whole.len() - 4, [0; 4], damaged(second));
    // A frame that claims more than its block has, and a block that claims more than the file.
    refused(second + 20, [0, 0, 1, 0], damaged(second));
    refused(second + 4, [0xff; 4], cut(second));
    for length in second + 1..whole.len() {
        let found = datagrams(&whole[..length]).unwrap().next();
        assert_eq!(found, Some(Err(cut(second))), "{length}");
    }
}

/// Gives a byte at a time.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(&mut buffer[..1])
    }
}

#[test]
fn files_larger_than_what_is_read_at_a_time() {
    let frame = ipv4_packet(&[b'a'; 1_400]);
    let pcap = file(101, MICROSECONDS, &vec![&frame[..]; 200]);
    let mut blocks = Blocks::section(true);
    blocks.interface(101);
    for _ in 0..200 {
        blocks.packet(0, &frame);
    }
    for file in [pcap, blocks.bytes] {
        assert_eq!(datagrams(&file[..]).unwrap().flatten().count(), 200);
        assert_eq!(datagrams(Trickle(&file)).unwrap().flatten().count(), 200);
    }
}

#[test]
fn a_record_that_claims_to_be_huge_is_not_read_into_memory() {
    let mut bytes = file(101, MICROSECONDS, &[]);
    bytes.extend([0xff; 16]);
    let mut found = datagrams(bytes.chain(std::io::repeat(0))).unwrap();
    let error = Malformed::new("capture file has a record of over 1 MiB", FILE_HEADER_BYTES);
    assert_eq!((found.next(), found.next()), (Some(Err(error)), None));
    assert!(found.buffer.capacity() < 4 * RECORD_BYTES_MAX);
}

#[test]
fn what_is_no_whole_datagram_is_skipped() {
    let whole = ipv4_packet(b"hello");
    let changed = |at: usize, byte: u8| {
        let mut packet = whole.clone();
        packet[at] = byte;
        packet
    };
    let cut = &whole[..whole.len() - 10];
    let frames: Vec<Vec<u8>> = vec![
        vec![],
        changed(0, 0x44),
        changed(0, 0x4f),
        changed(0, 0x55),
        // The first fragment of several, and a later one.
        changed(6, 0x20),
        changed(7, 1),
        changed(9, 6),
        // A length of UDP that is less than its header, and one beyond the frame.
        changed(25, 7),
        changed(24, 1),
        cut.to_vec(),
        whole.clone(),
    ];
    let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    let file = file(101, MICROSECONDS, &frames);
    let mut found = datagrams(&file[..]).unwrap();
    assert_eq!(found.next().unwrap().unwrap().payload, b"hello");
    assert_eq!((found.next(), found.skipped()), (None, 10));
}

#[test]
fn files_that_are_not_read() {
    let refused = |file: &[u8], message: &str| {
        assert_eq!(datagrams(file).unwrap_err().to_string(), message);
    };
    refused(b"", "no capture file at byte 0");
    refused(b"{\"events\":[]}", "no capture file at byte 0");
    refused(&MICROSECONDS, "capture file is cut in its header at byte 0");
    refused(
        &file(147, MICROSECONDS, &[]),
        "capture file of an unknown link layer at byte 20",
    );
}

#[test]
fn a_cut_file_gives_what_is_whole_and_one_error() {
    let packet = ipv4_packet(b"hello");
    let bytes = file(101, MICROSECONDS, &[&packet, &packet]);
    let second = FILE_HEADER_BYTES + RECORD_HEADER_BYTES + packet.len();
    for length in second + 1..bytes.len() {
        let mut found = datagrams(&bytes[..length]).unwrap();
        assert!(found.next().unwrap().is_ok());
        let error = Malformed::new("capture file is cut in a record", second);
        assert_eq!(found.next(), Some(Err(error)));
        assert_eq!(found.next(), None);
    }
}

/// A file on a disk that breaks.
struct Broken<'a>(&'a [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::Error::other("the disk broke")),
            read => Ok(read),
        }
    }
}

#[test]
fn says_why_a_file_can_be_read_no_further() {
    let packet = ipv4_packet(b"hello");
    let whole = file(101, PCAP_HEADERS[0], &[&packet]);
    let mut read = datagrams(Broken(&whole)).unwrap();
    assert!(read.next().unwrap().is_ok());
    assert!(read.next().unwrap().is_err());
    assert_eq!(read.failure().unwrap().to_string(), "the disk broke");
    let mut read = datagrams(&whole[..]).unwrap();
    while read.next().is_some() {}
    assert!(read.failure().is_none());
}
