//! Writes small databases in MaxMind's format 2.0, as none of the real ones may be passed on.
//!
//! A search tree over the bits of addresses, 16 zero bytes, the records its leaves point to, a
//! marker, and a map that describes it all.

use std::net::IpAddr;

/// A network: its address, the bits that count, the country, the city.
pub(crate) type Place = (&'static str, u8, &'static str, Option<&'static str>);

/// What a side of a node leads to.
#[derive(Clone, Copy)]
enum Branch {
    Nothing,
    Node(usize),
    Record(usize),
}

/// A database of places in the layout of City databases, with records of 24, 28 or 32 bits; of IPv6
/// when there is any.
pub(crate) fn city(places: &[Place], record_bits: usize) -> Vec<u8> {
    let records: Vec<Vec<u8>> = places
        .iter()
        .map(|(_, _, country, city)| {
            let mut members = vec![("country", map(&[("iso_code", text(country))]))];
            members
                .extend(city.map(|city| ("city", map(&[("names", map(&[("en", text(city))]))]))));
            map(&members)
        })
        .collect();
    let networks: Vec<(IpAddr, u8)> = places
        .iter()
        .map(|(address, bits, ..)| (address.parse().unwrap(), *bits))
        .collect();
    database("Test-City", &networks, &records, record_bits)
}

/// A database of anything: what is told of each network is already encoded.
pub(crate) fn database(
    kind: &str,
    networks: &[(IpAddr, u8)],
    records: &[Vec<u8>],
    record_bits: usize,
) -> Vec<u8> {
    let is_v6 = networks.iter().any(|(address, _)| address.is_ipv6());
    let nodes = tree(networks, is_v6);
    let mut offsets = Vec::new();
    let mut data: Vec<u8> = Vec::new();
    for record in records {
        offsets.push(data.len());
        data.extend(record);
    }
    let mut bytes = Vec::new();
    for node in &nodes {
        let value = |branch| match branch {
            Branch::Nothing => nodes.len(),
            Branch::Node(node) => node,
            Branch::Record(record) => nodes.len() + 16 + offsets[record],
        };
        bytes.extend(packed(value(node[0]), value(node[1]), record_bits));
    }
    bytes.extend([0; 16]);
    bytes.extend(data);
    bytes.extend(b"\xab\xcd\xefMaxMind.com");
    bytes.extend(map(&[
        ("binary_format_major_version", number(5, 2)),
        ("binary_format_minor_version", number(5, 0)),
        ("build_epoch", number(9, 1_780_000_000)),
        ("database_type", text(kind)),
        ("description", map(&[("en", text("a test"))])),
        ("ip_version", number(5, if is_v6 { 6 } else { 4 })),
        ("languages", vec![1, 4, 0x42, b'e', b'n']),
        ("node_count", number(6, nodes.len())),
        ("record_size", number(5, record_bits)),
    ]));
    bytes
}

/// The nodes, the first of which is the root. In a tree of IPv6, IPv4 is below 96 zeros.
fn tree(networks: &[(IpAddr, u8)], is_v6: bool) -> Vec<[Branch; 2]> {
    let mut nodes = vec![[Branch::Nothing; 2]];
    for (record, (address, bits)) in networks.iter().enumerate() {
        let (address, bits) = match address {
            IpAddr::V4(address) if is_v6 => (u128::from(u32::from(*address)), bits + 96),
            IpAddr::V4(address) => (u128::from(u32::from(*address)) << 96, *bits),
            IpAddr::V6(address) => (u128::from(*address), *bits),
        };
        let mut node = 0;
        for bit in 0..bits {
            let side = usize::from(address >> (127 - bit) & 1 == 1);
            if bit + 1 == bits {
                nodes[node][side] = Branch::Record(record);
            } else if let Branch::Node(next) = nodes[node][side] {
                node = next;
            } else {
                nodes.push([Branch::Nothing; 2]);
                nodes[node][side] = Branch::Node(nodes.len() - 1);
                node = nodes.len() - 1;
            }
        }
    }
    nodes
}

/// Both sides of a node. Of 28 bits the highest four of each share the byte between them.
fn packed(left: usize, right: usize, record_bits: usize) -> Vec<u8> {
    let bytes = |value: usize, count: usize| value.to_be_bytes()[8 - count..].to_vec();
    let high = |value: usize| u8::try_from(value >> 24).unwrap();
    match record_bits {
        28 => {
            let middle = high(left) << 4 | high(right);
            [
                bytes(left & 0xff_ffff, 3),
                vec![middle],
                bytes(right & 0xff_ffff, 3),
            ]
            .concat()
        }
        _ => [bytes(left, record_bits / 8), bytes(right, record_bits / 8)].concat(),
    }
}

/// A control byte, of types from 8 on with one more, and lengths from 29 on likewise.
fn control(kind: u8, length: usize) -> Vec<u8> {
    let (short, long) = match u8::try_from(length) {
        Ok(short @ ..29) => (short, None),
        _ => (29, Some(u8::try_from(length - 29).unwrap())),
    };
    let mut bytes = match kind {
        ..8 => vec![kind << 5 | short],
        _ => vec![short, kind - 7],
    };
    bytes.extend(long);
    bytes
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    [control(2, text.len()), text.as_bytes().to_vec()].concat()
}

/// A number without its leading zeros. Types: 5 of 16 bits, 6 of 32, 9 of 64.
fn number(kind: u8, value: usize) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let digits = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    [control(kind, digits.len()), digits.to_vec()].concat()
}

pub(crate) fn map(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = control(7, members.len());
    for (name, value) in members {
        bytes.extend(text(name));
        bytes.extend(value);
    }
    bytes
}
