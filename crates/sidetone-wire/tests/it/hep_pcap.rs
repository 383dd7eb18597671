//! HEP packets out of the captures in `fixtures/hep`: just enough of pcap, Ethernet, IPv4, UDP and HEP3 for a test.

use std::fs;

use serde_json::Value;

use crate::doors::{file_name, root};

/// What one HEP packet carries.
pub(crate) struct Carried {
    pub(crate) payload_type: u8,
    pub(crate) payload: Vec<u8>,
}

/// A capture and what happened in it.
pub(crate) struct Capture {
    pub(crate) name: String,
    pub(crate) carried: Vec<Carried>,
    pub(crate) truth: Value,
}

/// Every capture, by name.
pub(crate) fn captures() -> Vec<Capture> {
    let mut captures = Vec::new();
    for entry in fs::read_dir(root().join("fixtures/hep")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "pcap") {
            let truth = fs::read(path.with_extension("json")).unwrap();
            captures.push(Capture {
                name: file_name(&path),
                carried: packets(&fs::read(&path).unwrap()),
                truth: serde_json::from_slice(&truth).unwrap(),
            });
        }
    }
    captures.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(captures.len() >= 10);
    captures
}

/// The packets of a little-endian pcap of Ethernet frames.
fn packets(pcap: &[u8]) -> Vec<Carried> {
    assert_eq!(pcap[..4], [0xD4, 0xC3, 0xB2, 0xA1]);
    let mut rest = &pcap[24..];
    let mut packets = Vec::new();
    while rest.len() >= 16 {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        let frame = &rest[16..16 + length];
        let ip = &frame[14..];
        let udp = &ip[usize::from(ip[0] & 15) * 4..];
        packets.push(hep(&udp[8..]));
        rest = &rest[16 + length..];
    }
    packets
}

fn hep(packet: &[u8]) -> Carried {
    assert_eq!(packet[..4], *b"HEP3");
    let mut carried = Carried {
        payload_type: 0,
        payload: Vec::new(),
    };
    let mut rest = &packet[6..];
    while !rest.is_empty() {
        let length = usize::from(u16::from_be_bytes([rest[4], rest[5]]));
        let value = &rest[6..length];
        match rest[..4] {
            [0, 0, 0, 11] => carried.payload_type = value[0],
            [0, 0, 0, 15] => carried.payload = value.to_vec(),
            _ => {}
        }
        rest = &rest[length..];
    }
    carried
}
