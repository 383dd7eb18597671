//! Packets of a mirrored network as events: what each is, and what it tells about which call it belongs to.

use std::borrow::Cow;
use std::io::Write as _;
use std::net::SocketAddr;

use sha2::{Digest, Sha256};
use sidetone_core::bounds::TEXT_MAX_CHARS;
use sidetone_core::capture::Capture;
use sidetone_core::correlate::{DialogStep, Evidence, MediaClue, Seen, SipClue};
use sidetone_core::event::{CallEvent, EventId, Observation, Source, SourceKind};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::sip::{SipMessage, StartLine};
use sidetone_core::time::TimeUs;

use crate::hep::{self, Packet, Payload};
use crate::malformed::Malformed;
use crate::repairs::Repairs;
use crate::sip::{Message, Messages};
use crate::translate::network::TrustedHeaders;
use crate::{rtcp, vq_report};

/// The protocol number of what does not keep messages apart (IANA).
const TCP: u8 = 6;
/// Largest payload after unpacking: a UDP datagram cannot hold more.
const PAYLOAD_MAX_BYTES: usize = 65_535;

/// One mirrored packet, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Mirrored {
    /// When the agent saw it, by the agent's clock. Whoever knows better may put it right: the identity stays.
    pub at: TimeUs,
    /// Identity: the same packet seen by the same agent at the same time, as it says, is the same event.
    id: EventId,
    kind: SourceKind,
    /// Capture id of the agent that saw it; 0: none did.
    pub agent: u32,
    /// The name its agent gives to the call; one that is longer than any Call-ID that is kept names none.
    correlation_id: Option<String>,
    addresses: [SocketAddr; 2],
    /// The call that a trusted header names.
    pub named: Option<CallSid>,
    /// What it is.
    pub content: Content,
}

/// What a mirrored packet is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A SIP message.
    Sip(Box<SipMessage>),
    /// An RTCP report.
    Rtcp(Box<sidetone_core::rtcp::RtcpReport>),
    /// A phone's report about the call of this Call-ID.
    Vq(Box<sidetone_core::vq::VqReport>, String),
}

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

/// Reads what a HEP packet of an account's network carries, and gives each thing to `each`: mostly one, of SIP as many
/// messages as there are, each of them a microsecond after the one before. Tells what was not whole.
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
            let mut place = 0;
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
                each(content.map(|(content, named)| opened.mirrored(content, named, place)));
                place = place.saturating_add(1);
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

    /// One of the things it holds, by its place among them.
    fn mirrored(&self, content: Content, named: Option<CallSid>, place: u8) -> Mirrored {
        let packet = self.packet;
        let mut hash = self.hash.clone();
        if place > 0 {
            hash.update([place]);
        }
        let correlation_id = packet
            .correlation_id
            .filter(|id| id.len() <= TEXT_MAX_CHARS)
            .map(|id| crate::sip::text(id).into_owned());
        Mirrored {
            at: TimeUs::from_micros(packet.captured_us).plus_us(place.into()),
            id: EventId::of_digest("hep", &hash.finalize()),
            kind: SourceKind::Hep,
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
    // A hash takes whatever is written to it.
    let _ = write!(hash, "{from} {to} ");
    hash.update(payload);
    hash
}

impl Mirrored {
    /// What a SIP message tells about its call. `sid`, `seen`, `rtcp`, `ssrcs`: see [`SipClue`].
    #[must_use]
    pub fn sip_clue<'a>(
        message: &'a SipMessage,
        account: AccountSid,
        sid: Option<CallSid>,
        seen: Seen,
        rtcp: &'a [SocketAddr],
        ssrcs: &'a [u32],
    ) -> SipClue<'a> {
        let is_invite = message.method == "INVITE";
        let step = match message.start {
            StartLine::Request(_) if is_invite && message.to.tag.is_none() => DialogStep::Begins,
            StartLine::Request(_) if message.method == "BYE" => DialogStep::Ends,
            StartLine::Response(200..300) if is_invite => DialogStep::Accepts,
            // Of a call that was sent on, only the first hop's answer is the last word.
            StartLine::Response(300..) if is_invite && message.hops <= 1 => DialogStep::Refuses,
            StartLine::Request(_) | StartLine::Response(_) => DialogStep::Other,
        };
        SipClue {
            account,
            call_id: &message.call_id,
            sid,
            step,
            seen,
            rtcp,
            ssrcs,
        }
    }

    /// What anything else tells about its call. `seen`, `evidence`: see [`MediaClue`].
    #[must_use]
    pub fn media_clue<'a>(
        &'a self,
        account: AccountSid,
        ssrcs: &'a [u32],
        seen: Seen,
        evidence: Evidence,
    ) -> MediaClue<'a> {
        let correlation_id = match &self.content {
            Content::Vq(_, call_id) => Some(call_id.as_str()),
            Content::Sip(_) | Content::Rtcp(_) => self.correlation_id.as_deref(),
        };
        MediaClue {
            account,
            correlation_id,
            addresses: match &self.content {
                Content::Rtcp(_) => &self.addresses,
                // A report comes from where the phone signals, which says nothing.
                Content::Sip(_) | Content::Vq(..) => &[],
            },
            ssrcs,
            seen,
            evidence: match &self.content {
                Content::Rtcp(_) => evidence,
                // What a phone calls its call is no name of an agent's own making.
                Content::Sip(_) | Content::Vq(..) => Evidence::CallId,
            },
        }
    }

    /// The sources a report names: its sender's, and those it is about. None of a message.
    #[must_use]
    pub fn ssrcs(&self) -> Vec<u32> {
        match &self.content {
            Content::Sip(_) => Vec::new(),
            Content::Rtcp(report) => {
                let about = report.blocks.iter().map(|block| block.ssrc);
                std::iter::once(report.ssrc).chain(about).collect()
            }
            Content::Vq(report, _) => report
                .local_ssrc
                .into_iter()
                .chain(report.remote_ssrc)
                .collect(),
        }
    }

    /// About how much memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        const STRUCTURE: usize = 1_024;
        let content = match &self.content {
            // What is read out of a message is no longer than the message.
            Content::Sip(message) => message.text.len().saturating_mul(2),
            Content::Rtcp(report) => size_of_val(report.blocks.as_slice())
                .saturating_add(size_of_val(report.voip_metrics.as_slice())),
            Content::Vq(report, call_id) => {
                let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
                call_id
                    .len()
                    .saturating_add(text(&report.local_id))
                    .saturating_add(text(&report.remote_id))
            }
        };
        let named = self.correlation_id.as_ref().map_or(0, String::len);
        STRUCTURE.saturating_add(content).saturating_add(named)
    }

    /// The name under which the call may be known if nothing else is.
    #[must_use]
    pub fn call_name(&self) -> Option<&str> {
        match &self.content {
            Content::Sip(message) => Some(&message.call_id),
            Content::Rtcp(_) => self.correlation_id.as_deref(),
            Content::Vq(_, call_id) => Some(call_id),
        }
    }

    /// The event of a call.
    #[must_use]
    pub fn of_call(self, call: CallRef) -> CallEvent {
        CallEvent {
            id: self.id,
            call,
            at: self.at,
            source: Source {
                kind: self.kind,
                agent: (self.kind == SourceKind::Hep).then(|| self.agent.to_string()),
                translator: 1,
            },
            observation: match self.content {
                Content::Sip(sip) => Observation::Sip { sip },
                Content::Rtcp(rtcp) => Observation::Rtcp { rtcp },
                Content::Vq(vq, _) => Observation::Vq { vq },
            },
        }
    }
}

#[cfg(test)]
mod tests;
