use std::io::Write;

use super::*;

/// A packet of chunks: vendor, type, value.
fn packet(chunks: &[(u16, u16, &[u8])]) -> Vec<u8> {
    let mut bytes = b"HEP3\0\0".to_vec();
    for (vendor, kind, value) in chunks {
        bytes.extend(vendor.to_be_bytes());
        bytes.extend(kind.to_be_bytes());
        bytes.extend(u16::try_from(value.len() + 6).unwrap().to_be_bytes());
        bytes.extend(*value);
    }
    let length = u16::try_from(bytes.len()).unwrap();
    bytes[4..6].copy_from_slice(&length.to_be_bytes());
    bytes
}

const LEAST: [(u16, u16, &[u8]); 5] = [
    (0, 3, &[192, 0, 2, 1]),
    (0, 4, &[192, 0, 2, 2]),
    (0, 9, &[0, 0, 0, 1]),
    (0, 11, &[1]),
    (0, 15, b"hello"),
];

#[track_caller]
fn refused(bytes: &[u8], what: &str, at: usize) {
    let error = Packet::decode(bytes).unwrap_err();
    assert_eq!((error.what, error.at), (what, at));
}

#[test]
fn chunks_come_in_any_order() {
    let forwards = packet(&LEAST);
    let mut chunks = LEAST;
    chunks.reverse();
    let backwards = packet(&chunks);
    assert_eq!(Packet::decode(&forwards), Packet::decode(&backwards));
    let decoded = Packet::decode(&forwards).unwrap();
    assert_eq!(decoded.captured_us, 1_000_000);
    assert_eq!(decoded.payload, Payload::Plain(b"hello"));
    assert_eq!(decoded.src, "192.0.2.1:0".parse().unwrap());
    assert_eq!(decoded.auth_key, None);
}

#[test]
fn every_known_chunk_is_read() {
    let six = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let bytes = packet(&[
        (0, 1, &[10]),
        (0, 2, &[6]),
        (0, 5, &six),
        (0, 6, &six),
        (0, 7, &[0x13, 0xc4]),
        (0, 8, &[0x13, 0xc5]),
        (0, 9, &[0xff; 4]),
        (0, 10, &[0, 0, 0, 9]),
        (0, 11, &[5]),
        (0, 12, &[0, 0, 7, 0xd2]),
        (0, 13, &[0, 60]),
        (0, 14, b"key"),
        (0, 16, b"zipped"),
        (0, 17, b"a@b"),
        (0, 18, &[0, 1]),
        (0, 19, b"node"),
        (0, 0x20, &[1, 0xae]),
        (0, 0x21, &[0, 93]),
        (0, 0x23, &[0, 0, 0, 3]),
    ]);
    let address = |port| SocketAddr::new(IpAddr::from(Ipv6Addr::from(six)), port);
    assert_eq!(
        Packet::decode(&bytes).unwrap(),
        Packet {
            protocol: 6,
            src: address(5060),
            dst: address(5061),
            captured_us: 4_294_967_295_000_009,
            payload_type: RTCP,
            agent: 2002,
            auth_key: Some(b"key"),
            payload: Payload::Compressed(b"zipped"),
            correlation_id: Some(b"a@b"),
            node_name: Some(b"node"),
            mos_100: Some(430),
            r_factor: Some(93),
            jitter: Some(3),
        }
    );
}

/// An agent on a socket of both families mixes them in one packet.
#[test]
fn an_ipv4_address_is_one_in_whatever_chunk_it_comes() {
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 2];
    let mut chunks = LEAST.to_vec();
    chunks[1] = (0, 6, &mapped);
    let bytes = packet(&chunks);
    let plain = packet(&LEAST);
    assert_eq!(Packet::decode(&bytes), Packet::decode(&plain));
    // The other family is there and names nobody.
    let mut chunks = LEAST.to_vec();
    chunks.extend([(0, 5, &[0; 16][..]), (0, 6, &[0; 16])]);
    let bytes = packet(&chunks);
    assert_eq!(Packet::decode(&bytes), Packet::decode(&plain));
}

#[test]
fn vendors_and_unknown_types_are_skipped() {
    let mut chunks = LEAST.to_vec();
    // A vendor's chunk must not pass for the generic one of the same number.
    chunks.push((2, 15, b"shadow"));
    chunks.push((0, 0x7777, b""));
    chunks.push((0, 17, b""));
    let bytes = packet(&chunks);
    let decoded = Packet::decode(&bytes).unwrap();
    assert_eq!(decoded.payload, Payload::Plain(b"hello"));
    assert_eq!(decoded.correlation_id, None);
}

#[test]
fn a_packet_without_payload_is_a_keep_alive() {
    let bytes = packet(&[(0, 12, &[0, 0, 0, 5]), (0, 13, &[0, 30])]);
    let decoded = Packet::decode(&bytes).unwrap();
    assert_eq!((decoded.agent, decoded.payload), (5, Payload::None));
    assert_eq!(
        Packet::decode(b"HEP3\0\x06").unwrap().payload,
        Payload::None
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    refused(b"", "not HEP3", 0);
    refused(b"HEP", "not HEP3", 0);
    refused(b"HEP3\0", "HEP3 packet cut in its header", 0);
    refused(b"\x01\x10\x02\x11", "HEP version 1 or 2", 0);
    refused(b"\x02\x10\x02\x11", "HEP version 1 or 2", 0);
    refused(b"HEP3\0\x07", "HEP3 length is not the packet's", 4);
    refused(b"HEP3\0\x06x", "HEP3 length is not the packet's", 4);
    refused(b"HEP3\0\x0b\0\0\0\x0f\0", "HEP3 chunk header is cut", 6);
    let short = b"HEP3\0\x0c\0\0\0\x0f\0\x05";
    refused(short, "HEP3 chunk is shorter than its header", 6);
    let long = b"HEP3\0\x0c\0\0\0\x0f\0\x07";
    refused(long, "HEP3 chunk is longer than the packet", 6);
    let wrong = packet(&[(0, 2, &[17]), (0, 3, &[1; 16])]);
    refused(&wrong, "HEP3 chunk has the wrong size", 13);
    for (missing, what) in [
        "HEP3 packet without source address",
        "HEP3 packet without destination address",
        "HEP3 packet without capture time",
        "HEP3 packet without payload type",
    ]
    .into_iter()
    .enumerate()
    {
        let mut chunks = LEAST.to_vec();
        chunks.remove(missing);
        refused(&packet(&chunks), what, 0);
    }
}

#[test]
fn frames_a_stream() {
    assert_eq!(frame(b""), Frame::Incomplete(6));
    assert_eq!(frame(b"HE"), Frame::Incomplete(6));
    assert_eq!(frame(b"HEP3\0"), Frame::Incomplete(6));
    assert_eq!(frame(b"HEP3\0\x07"), Frame::Incomplete(7));
    assert_eq!(frame(b"HEP3\0\x07xHEP3"), Frame::Packet(7));
    assert_eq!(frame(b"HEP3\0\x05x"), Frame::Skip(4));
    assert_eq!(frame(b"noiseHEP3\0\x06"), Frame::Skip(5));
    assert_eq!(frame(b"noiseHEP"), Frame::Skip(5));
    assert_eq!(frame(b"noise"), Frame::Skip(5));
    assert_eq!(frame(b"HHEP3\0\x06"), Frame::Skip(1));
    assert_eq!(frame(b"HEHEHE"), Frame::Skip(4));
}

#[test]
fn a_stream_comes_back_in_step_wherever_it_is_cut() {
    let one = packet(&LEAST);
    let stream = [&one[..], b"HEP3\0\x01", b"HEHEP", &one, b"\n", &one].concat();
    for piece in 1..stream.len() {
        let (mut buffer, mut found) = (Vec::new(), 0);
        for bytes in stream.chunks(piece) {
            buffer.extend_from_slice(bytes);
            loop {
                match frame(&buffer) {
                    Frame::Packet(length) => {
                        found += usize::from(Packet::decode(&buffer[..length]).is_ok());
                        buffer.drain(..length);
                    }
                    Frame::Skip(length) => drop(buffer.drain(..length)),
                    Frame::Incomplete(needed) => {
                        assert!(needed > buffer.len());
                        break;
                    }
                }
            }
        }
        assert_eq!(found, 3, "in pieces of {piece}");
    }
}

#[test]
fn inflates_zlib_and_gzip_to_a_bound() {
    let plain = vec![b'a'; 100_000];
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(&plain).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&plain).unwrap();
    for compressed in [zlib.finish().unwrap(), gzip.finish().unwrap()] {
        assert_eq!(inflate(&compressed, plain.len()).unwrap(), plain);
        let error = inflate(&compressed, plain.len() - 1).unwrap_err();
        assert_eq!(error.what, "compressed payload is too large");
        let cut = &compressed[..compressed.len() / 2];
        assert_eq!(
            inflate(cut, plain.len()).unwrap_err().what,
            "compressed payload is damaged"
        );
    }
    assert!(inflate(b"", 10).is_err());
    assert!(inflate(b"plain text", 10).is_err());
}
