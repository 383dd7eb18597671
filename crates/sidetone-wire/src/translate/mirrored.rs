//! Reads packets of a mirrored network: HEP, and reports that phones send to us.

use std::borrow::Cow;
use std::io::Write as _;
use std::net::SocketAddr;

use sha2::{Digest, Sha256};
use sidetone_core::bounds::TEXT_MAX_CHARS;
use sidetone_core::capture::Capture;
use sidetone_core::correlate::{Content, Mirrored};
use sidetone_core::event::{EventId, SourceKind};
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::time::TimeUs;

use crate::hep::{self, Packet, Payload};
use crate::malformed::Malformed;
use crate::repairs::Repairs;
use crate::sip::{Message, Messages};
use crate::translate::TRANSLATOR;
use crate::translate::trusted_headers::TrustedHeaders;
use crate::{rtcp, vq_report};

/// The protocol number of what does not keep messages apart (IANA).
const TCP: u8 = 6;
/// Largest payload after unpacking: a UDP datagram cannot hold more.
const PAYLOAD_MAX_BYTES: usize = 65_535;

/// What became of a packet that is no observation of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// The agent says that it is alive.
    KeepAlive,
    /// Well-formed, of a kind that says nothing of calls here.
    OtherKind,
    /// Not what it should be.
    Malformed(Malformed),
}

impl From<Malformed> for Skipped {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// Reads what a HEP packet of an account's network carries, and gives each thing to `each`: mostly
/// one, of SIP as many messages as there are, each of them a microsecond after the one before.
/// Tells what was not whole.
pub fn hep(
    packet: &Packet<'_>,
    account: AccountSid,
    headers: &TrustedHeaders,
    mut each: impl FnMut(Result<Mirrored, Skipped>),
) -> Repairs {
    let payload = match packet.payload {
        Payload::None => {
            each(Err(Skipped::KeepAlive));
            return Repairs::default();
        }
        Payload::Plain(bytes) => Cow::Borrowed(bytes),
        Payload::Compressed(bytes) => match hep::inflate(bytes, PAYLOAD_MAX_BYTES) {
            Ok(bytes) => Cow::Owned(bytes),
            Err(error) => {
                each(Err(error.into()));
                return Repairs::default();
            }
        },
    };
    let capture = Capture {
        agent: packet.agent,
        source: packet.src,
        destination: packet.dst,
    };
    let opened = Opened::new(packet, &payload);
    match packet.payload_type {
        hep::SIP => {
            let mut messages = Messages::new(&payload, packet.protocol == TCP);
            let mut index = 0;
            for message in messages.by_ref() {
                let content = message.map_err(Skipped::from).and_then(|message| {
                    let names = headers.read(&message, packet.src.ip(), account);
                    let mut content = sip(&message, Some(capture))?;
                    if let Content::Sip(message) = &mut content {
                        message.parent = names.parent;
                        if !headers.believes_verstat_of(packet.src.ip()) {
                            message.verstat = None;
                        }
                    }
                    Ok((content, names.call))
                });
                each(content.map(|(content, named)| opened.mirrored(content, named, index)));
                index = index.saturating_add(1);
            }
            messages.repairs
        }
        hep::RTCP => match rtcp::decode(&payload) {
            Ok(compound) => {
                let report = crate::translate::rtcp::report(&compound, capture);
                let content = report.map(|report| Content::Rtcp(Box::new(report)));
                let content = content.ok_or(Skipped::OtherKind);
                each(content.map(|content| opened.mirrored(content, None, 0)));
                compound.repairs
            }
            Err(error) => {
                each(Err(error.into()));
                Repairs::default()
            }
        },
        hep::QUALITY_REPORT => {
            let content = vq(&payload, Some(capture));
            each(content.map(|content| opened.mirrored(content, None, 0)));
            Repairs::default()
        }
        _ => {
            each(Err(Skipped::OtherKind));
            Repairs::default()
        }
    }
}

/// A packet whose payload is read.
struct Opened<'a> {
    packet: &'a Packet<'a>,
    hash: Sha256,
}

impl<'a> Opened<'a> {
    fn new(packet: &'a Packet<'a>, payload: &[u8]) -> Self {
        Self {
            packet,
            hash: hash(
                packet.agent,
                packet.captured_us,
                packet.src,
                packet.dst,
                payload,
            ),
        }
    }

    /// One of the things it holds, by its index among them.
    fn mirrored(&self, content: Content, named: Option<CallSid>, index: u8) -> Mirrored {
        let packet = self.packet;
        let mut hash = self.hash.clone();
        if index > 0 {
            hash.update([index]);
        }
        let correlation_id = packet
            .correlation_id
            .filter(|id| id.len() <= TEXT_MAX_CHARS)
            .map(|id| crate::sip::text(id).into_owned());
        Mirrored {
            at: TimeUs::from_micros(packet.captured_us).plus_us(index.into()),
            id: EventId::of_digest("hep", &hash.finalize()),
            kind: SourceKind::Hep,
            translator: TRANSLATOR,
            agent: packet.agent,
            correlation_id,
            addresses: [packet.src, packet.dst],
            named,
            content,
        }
    }
}

/// Reads a phone's report that was sent to us over SIP.
///
/// # Errors
/// Why it is none.
pub fn report_to_us(
    message: &[u8],
    received_at: TimeUs,
    from: SocketAddr,
) -> Result<Mirrored, Skipped> {
    let content = match sip(&Message::parse(message)?, None)? {
        content @ Content::Vq(..) => content,
        Content::Sip(_) | Content::Rtcp(_) => return Err(Skipped::OtherKind),
    };
    Ok(Mirrored {
        at: received_at,
        // Sent again, it is another moment and the same message.
        id: EventId::of_digest("hep", &hash(0, 0, from, from, message).finalize()),
        kind: SourceKind::Sip,
        translator: TRANSLATOR,
        agent: 0,
        correlation_id: None,
        addresses: [from, from],
        named: None,
        content,
    })
}

fn sip(message: &Message<'_>, capture: Option<Capture>) -> Result<Content, Skipped> {
    let is_report = message.content_type().is_some_and(|kind| {
        kind.to_ascii_lowercase()
            .starts_with(b"application/vq-rtcpxr")
    });
    if is_report && matches!(message.start(), crate::sip::StartLine::Request { .. }) {
        return vq(message.body(), capture);
    }
    let capture = capture.ok_or(Skipped::OtherKind)?;
    Ok(Content::Sip(Box::new(crate::translate::sip::message(
        message, capture,
    )?)))
}

fn vq(body: &[u8], capture: Option<Capture>) -> Result<Content, Skipped> {
    let report = vq_report::decode(body)?;
    let call_id = report
        .call_id
        .clone()
        .ok_or(Malformed::new("quality report without CallID", 0))?;
    if call_id.len() > TEXT_MAX_CHARS {
        return Err(Malformed::new("CallID of quality report is too long", 0).into());
    }
    let report = crate::translate::vq_report::report(report, capture);
    Ok(Content::Vq(Box::new(report), call_id))
}

/// What makes the identity of what a packet holds.
fn hash(agent: u32, at_us: i64, from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Sha256 {
    let mut hash = Sha256::new();
    hash.update(agent.to_be_bytes());
    hash.update(at_us.to_be_bytes());
    // In one piece: a hash takes as long for a few bytes as for many. Two addresses are shorter.
    let mut addresses = [0; 128];
    let mut rest = addresses.as_mut_slice();
    let _ = write!(rest, "{from} {to} ");
    let unused = rest.len();
    let used = addresses.len().saturating_sub(unused);
    hash.update(addresses.get(..used).unwrap_or_default());
    hash.update(payload);
    hash
}

#[cfg(test)]
mod tests;
