use super::*;

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
fn check(file: &[u8], captured_us: i64, src: &str, dst: &str) {
    let mut found = datagrams(file).unwrap();
    let expected = Datagram {
        captured_us,
        src: src.parse().unwrap(),
        dst: dst.parse().unwrap(),
        payload: b"hello",
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
    let (src, dst) = ("192.0.2.1:5060", "192.0.2.2:9060");
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
        check(&file(link, MICROSECONDS, &[&frame]), 7_123_456, src, dst);
    }
    let (src, dst) = ("[2001:db8::1]:5060", "[2001:db8::2]:9060");
    let frame = ethernet(&behind(&[0x86, 0xdd], &v6));
    check(&file(1, MICROSECONDS, &[&frame]), 7_123_456, src, dst);
}

#[test]
fn byte_orders_and_fractions() {
    let packet = ipv4_packet(b"hello");
    for (magic, captured_us) in [
        (MICROSECONDS, 7_123_456),
        ([0xa1, 0xb2, 0xc3, 0xd4], 7_123_456),
        ([0x4d, 0x3c, 0xb2, 0xa1], 7_000_123),
        ([0xa1, 0xb2, 0x3c, 0x4d], 7_000_123),
    ] {
        let file = file(101, magic, &[&packet]);
        check(&file, captured_us, "192.0.2.1:5060", "192.0.2.2:9060");
    }
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
    let mut found = datagrams(&file).unwrap();
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
        &[0x0a, 0x0d, 0x0d, 0x0a, 0, 0],
        "pcapng file, which `editcap -F pcap IN OUT` converts, at byte 0",
    );
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
