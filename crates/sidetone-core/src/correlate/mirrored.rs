//! A packet of a mirrored network, read: what it is, and what it tells about which call it belongs
//! to.

use std::net::SocketAddr;

use smallvec::SmallVec;

use super::clue::{DialogStep, Evidence, MediaClue, Seen, SipClue};
use crate::event::{CallEvent, EventId, Observation, Source, SourceKind};
use crate::id::{AccountSid, CallRef, CallSid};
use crate::rtcp::RtcpReport;
use crate::sip::{Media, SipMessage, StartLine};
use crate::time::TimeUs;
use crate::vq::VqReport;

/// One mirrored packet, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Mirrored {
    /// When the agent saw it, by the agent's clock. Whoever knows better may put it right: the
    /// identity stays.
    pub at: TimeUs,
    /// Identity: the same packet seen by the same agent at the same time, as it says, is the same
    /// event.
    pub id: EventId,
    /// How it came to us.
    pub kind: SourceKind,
    /// Version of what read it.
    pub translator: u16,
    /// Capture id of the agent that saw it; 0: none did.
    pub agent: u32,
    /// The name its agent gives to the call; one that is longer than any Call-ID that is kept names
    /// none.
    pub correlation_id: Option<String>,
    /// Where it came from and where it went.
    pub addresses: [SocketAddr; 2],
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
    Rtcp(Box<RtcpReport>),
    /// A phone's report about the call of this Call-ID.
    Vq(Box<VqReport>, String),
}

/// Sources that a packet names: few take no memory of their own.
pub(super) type Ssrcs = SmallVec<[u32; 4]>;

/// What the session descriptions of a message announce.
pub(super) struct Announced {
    /// Where its sender may take RTCP.
    pub(super) rtcp: SmallVec<[SocketAddr; 2]>,
    /// The sources that it announces.
    pub(super) ssrcs: Ssrcs,
}

impl Announced {
    pub(super) fn by(message: &SipMessage) -> Self {
        let media = &message.media;
        Self {
            rtcp: media.iter().flat_map(Media::rtcp_taken).collect(),
            ssrcs: media
                .iter()
                .flat_map(|it| it.ssrcs.iter().copied())
                .collect(),
        }
    }

    /// What the message tells about its call. `sid`, `seen`: see [`SipClue`].
    pub(super) fn clue<'a>(
        &'a self,
        message: &'a SipMessage,
        account: AccountSid,
        sid: Option<CallSid>,
        seen: Seen,
    ) -> SipClue<'a> {
        SipClue {
            account,
            call_id: &message.call_id,
            sid,
            step: step(message),
            seen,
            rtcp: &self.rtcp,
            ssrcs: &self.ssrcs,
        }
    }
}

/// What a message does to its dialog.
fn step(message: &SipMessage) -> DialogStep {
    let is_invite = message.method == "INVITE";
    match message.start {
        StartLine::Request(_) if is_invite && message.to.tag.is_none() => DialogStep::Begins,
        StartLine::Request(_) if message.method == "BYE" => DialogStep::Ends,
        StartLine::Response(200..300) if is_invite => DialogStep::Accepts,
        // Of a call that was sent on, only the first hop's answer is the last word.
        StartLine::Response(300..) if is_invite && message.hops <= 1 => DialogStep::Refuses,
        StartLine::Request(_) | StartLine::Response(_) => DialogStep::Other,
    }
}

impl Mirrored {
    /// What anything but a SIP message tells about its call. `seen`, `evidence`: see [`MediaClue`].
    pub(super) fn media_clue<'a>(
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
    pub(super) fn ssrcs(&self) -> Ssrcs {
        match &self.content {
            Content::Sip(_) => Ssrcs::new(),
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

    /// Whether its method does without a call. Within a known one, any method is part of it.
    pub(super) fn is_of_no_call(&self) -> bool {
        const WITHOUT_CALL: [&str; 6] = [
            "REGISTER",
            "OPTIONS",
            "SUBSCRIBE",
            "NOTIFY",
            "PUBLISH",
            "MESSAGE",
        ];
        match &self.content {
            Content::Sip(message) => WITHOUT_CALL.contains(&message.method.as_str()),
            Content::Rtcp(_) | Content::Vq(..) => false,
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
                translator: self.translator,
            },
            observation: match self.content {
                Content::Sip(sip) => Observation::Sip { sip },
                Content::Rtcp(rtcp) => Observation::Rtcp { rtcp },
                Content::Vq(vq, _) => Observation::Vq { vq },
            },
        }
    }
}
