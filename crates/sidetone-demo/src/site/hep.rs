//! HEP packets of the site's agents.

use std::net::{IpAddr, SocketAddr};

use sidetone_core::time::{SECOND_US, TimeUs};

/// Who captured a packet.
#[derive(Debug, Clone, Copy)]
pub(super) enum Agent<'a> {
    /// The proxy: SIP.
    Proxy,
    /// The relay: RTCP of the call of this Call-ID.
    Relay(&'a str),
}

/// A captured payload. `addresses`: from and to.
pub(super) fn packet(
    agent: Agent<'_>,
    addresses: [SocketAddr; 2],
    at: TimeUs,
    payload: &str,
) -> Vec<u8> {
    let (payload_type, capture_id, call_id) = match agent {
        Agent::Proxy => (sidetone_wire::hep::SIP, 2_001_u32, None),
        Agent::Relay(call_id) => (sidetone_wire::hep::RTCP, 2_002, Some(call_id)),
    };
    let time = |us: i64| u32::try_from(us).unwrap_or(u32::MAX).to_be_bytes();
    let mut bytes = b"HEP3\0\0".to_vec();
    let mut chunk = |kind: u16, value: &[u8]| {
        let length = u16::try_from(value.len() + 6).unwrap_or(u16::MAX);
        bytes.extend([0, 0]);
        bytes.extend(kind.to_be_bytes());
        bytes.extend(length.to_be_bytes());
        bytes.extend(value);
    };
    chunk(0x01, &[2]);
    chunk(0x02, &[17]);
    for (kind, address) in (0_u16..).zip(addresses) {
        match address.ip() {
            IpAddr::V4(ip) => chunk(0x03 + kind, &ip.octets()),
            IpAddr::V6(ip) => chunk(0x05 + kind, &ip.octets()),
        }
        chunk(0x07 + kind, &address.port().to_be_bytes());
    }
    chunk(0x09, &time(at.micros().div_euclid(SECOND_US)));
    chunk(0x0a, &time(at.micros().rem_euclid(SECOND_US)));
    chunk(0x0b, &[payload_type]);
    chunk(0x0c, &capture_id.to_be_bytes());
    if let Some(call_id) = call_id {
        chunk(0x11, call_id.as_bytes());
    }
    chunk(0x0f, payload.as_bytes());
    // No message of ours comes near the bound.
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    if let Some(field) = bytes.get_mut(4..6) {
        field.copy_from_slice(&length.to_be_bytes());
    }
    bytes
}
