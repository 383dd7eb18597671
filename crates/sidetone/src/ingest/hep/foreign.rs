//! What is sent to a HEP port by mistake.

use crate::telemetry::labels::{PacketReason, PacketResult};

/// A protocol that is none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// HTTP, version 1 or 2.
    Http,
    /// SIP as it is, not mirrored within HEP.
    Sip,
    /// TLS, or over datagrams DTLS.
    Tls,
}

impl Foreign {
    /// The protocol that a packet or a stream begins with.
    #[must_use]
    pub fn of(beginning: &[u8]) -> Option<Self> {
        // Handshake of TLS 1.x and DTLS 1.x (RFC 8446 §5.1, RFC 6347 §4.1).
        if beginning.starts_with(&[0x16, 0x03]) || beginning.starts_with(&[0x16, 0xfe]) {
            return Some(Self::Tls);
        }
        let line = beginning
            .split(|byte| matches!(byte, b'\r' | b'\n'))
            .next()?;
        // Both have three words in their first line; that of requests ends with the protocol, that
        // of responses begins with it.
        let has = |protocol: &[u8]| {
            let mut words = line.split(|byte| *byte == b' ');
            let first = words.next().is_some_and(|word| word.starts_with(protocol));
            first
                || words
                    .next_back()
                    .is_some_and(|word| word.starts_with(protocol))
        };
        if has(b"SIP/2.0") {
            Some(Self::Sip)
        } else if has(b"HTTP/") {
            Some(Self::Http)
        } else {
            None
        }
    }

    /// As counters call it.
    #[must_use]
    pub const fn reason(self) -> PacketReason {
        match self {
            Self::Http => PacketReason::Http,
            Self::Sip => PacketReason::Sip,
            Self::Tls => PacketReason::Tls,
        }
    }
}

/// What to do about packets of which this became, by the result and the reason they are counted
/// with. `None`: nothing that would be right every time.
#[must_use]
pub const fn remedy(result: PacketResult, reason: PacketReason) -> Option<&'static str> {
    Some(match (result, reason) {
        (PacketResult::RefusedAgent, _) => {
            "give its capture id an [[agent]] table, or add its network to hep_allow"
        }
        (PacketResult::RefusedKey, _) => "let the agent send the key of its [[agent]] table",
        (PacketResult::RefusedSource, _) => "add its network to the sources of its [[agent]] table",
        (PacketResult::Version, _) => "let the agent speak HEP version 3",
        (_, PacketReason::Http) => "this port takes HEP; HTTP is served at the address of --listen",
        (_, PacketReason::Sip) => "this port takes HEP; let an agent mirror SIP within it",
        (_, PacketReason::Tls) => {
            "set hep_tls = true (over TCP), or let the agent send without TLS"
        }
        (_, PacketReason::TlsHandshake) => {
            "hep_tls is on: let the agent use TLS, and trust the certificate of tls_cert"
        }
        _ => return None,
    })
}

/// What is wrong with packets of which this became, and what to do about it.
#[must_use]
pub fn told(result: PacketResult, reason: PacketReason) -> String {
    match (reason.as_str(), remedy(result, reason)) {
        ("", None) => result.as_str().replace('_', " "),
        (what, None) => what.to_owned(),
        ("", Some(remedy)) => remedy.to_owned(),
        (what, Some(remedy)) => format!("{what}: {remedy}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_was_sent_by_mistake() {
        for (beginning, expected) in [
            (&b"GET / HTTP/1.1\r\nHost: x\r\n"[..], Some(Foreign::Http)),
            (b"PRI * HTTP/2.0\r\n\r\nSM", Some(Foreign::Http)),
            (b"HTTP/1.1 200 OK\r\n", Some(Foreign::Http)),
            (b"OPTIONS sip:a@b SIP/2.0\r\nVia:", Some(Foreign::Sip)),
            (b"SIP/2.0 180 Ringing\r\n", Some(Foreign::Sip)),
            (b"\x16\x03\x01\x02\x00\x01", Some(Foreign::Tls)),
            (b"\x16\xfe\xfd\x00", Some(Foreign::Tls)),
            (b"HEP3\x00\x10", None),
            (b"\x02\x10\x02", None),
            (b"<13>syslog", None),
            (b"", None),
        ] {
            assert_eq!(Foreign::of(beginning), expected, "{beginning:?}");
        }
    }
}
