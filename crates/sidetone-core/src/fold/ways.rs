//! Which ways media was to flow, by offers and answers (RFC 3264): silence that was agreed on is no
//! loss.

use super::clock::Heard;
use super::legs::{End, Leg};
use super::media_ends::{MediaEnd, PartyEdge};
use super::sip::Signalling;
use super::timeline::Timeline;
use super::transactions::Request;
use crate::sip::{Media, SipMessage};

/// What was agreed on at both edges, over time.
#[derive(Debug)]
pub(super) struct Ways {
    caller: OfLeg,
    callee: OfLeg,
    ended: Option<i64>,
    is_answered: bool,
}

#[derive(Debug, Default)]
struct OfLeg {
    /// From when on what holds, in order. Empty when no answer was seen: then nothing is known to
    /// be agreed on.
    agreed: Vec<(i64, Open)>,
    is_encrypted: bool,
}

/// Which ways are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    from_party: bool,
    to_party: bool,
}

impl Ways {
    pub(super) fn of(signalling: &Signalling<'_>, timeline: &Timeline<'_>) -> Self {
        let legs = &signalling.legs;
        let ended_at = signalling.facts.ended_at;
        Self {
            caller: OfLeg::of(&legs.caller, PartyEdge::Caller, timeline),
            callee: OfLeg::of(legs.callee(), PartyEdge::Callee, timeline),
            ended: ended_at.map(|at| timeline.on_leg(PartyEdge::Caller, at)),
            is_answered: timeline.is_answered,
        }
    }

    /// Whether what one end receives was to flow all the time between two moments: from another, if
    /// its sender is known. Before the answer and after the end nothing was.
    pub(super) fn flow(
        &self,
        to: MediaEnd,
        from: Option<MediaEnd>,
        (since, until): (i64, i64),
    ) -> bool {
        let is_of_leg = |media_end: MediaEnd, is_received: bool| {
            let leg = self.leg(media_end.edge);
            leg.is_open(media_end.is_party == is_received, since, until)
        };
        let is_sent = |from: MediaEnd| from.edge == to.edge || is_of_leg(from, false);
        let is_ended = self.ended.is_some_and(|ended| until > ended);
        self.is_answered
            && !is_ended
            && since >= 0
            && is_of_leg(to, true)
            && from.is_none_or(is_sent)
    }

    /// Whether media at an edge is or may be encrypted.
    pub(super) const fn is_encrypted(&self, edge: PartyEdge) -> bool {
        self.leg(edge).is_encrypted
    }

    const fn leg(&self, edge: PartyEdge) -> &OfLeg {
        match edge {
            PartyEdge::Caller => &self.caller,
            PartyEdge::Callee => &self.callee,
        }
    }
}

impl OfLeg {
    fn of(leg: &Leg<'_>, edge: PartyEdge, timeline: &Timeline<'_>) -> Self {
        let party = match edge {
            PartyEdge::Caller => End::Client,
            PartyEdge::Callee => End::Server,
        };
        let mut of_leg = Self::default();
        let (mut of_party, mut of_platform) = (None, None);
        for heard in &leg.messages {
            let message = heard.message;
            if message.media.is_empty() {
                continue;
            }
            let described = audio(message);
            of_leg.is_encrypted |= described.is_some_and(|media| media.is_encrypted);
            let (own, other) = if leg.end_of(message) == party {
                (&mut of_party, &mut of_platform)
            } else {
                (&mut of_platform, &mut of_party)
            };
            *own = Some(described);
            let is_alone = is_unanswered(leg, message);
            if is_alone {
                *other = None;
            }
            if is_alone || message.answers() {
                let open = Open {
                    from_party: sends(of_party) && receives(of_platform),
                    to_party: sends(of_platform) && receives(of_party),
                };
                let since = timeline.on_leg(edge, heard.at);
                of_leg.agreed.push((since, open));
            }
        }
        of_leg
    }

    /// Whether a way was open all the time.
    fn is_open(&self, to_party: bool, since: i64, until: i64) -> bool {
        let before = self.agreed.partition_point(|(at, _)| *at <= since);
        let within = self.agreed.iter().skip(before.saturating_sub(1));
        let mut in_force = within.take_while(|(at, _)| *at <= until);
        in_force.all(|(_, open)| {
            if to_party {
                open.to_party
            } else {
                open.from_party
            }
        })
    }
}

/// Whether it is an offer within a dialog whose answer was not mirrored. Unless it is refused, the
/// answer can only agree to less than what it offers (RFC 3264 §6.1).
fn is_unanswered(leg: &Leg<'_>, message: &SipMessage) -> bool {
    let is_offer =
        message.to.tag.is_some() && ["INVITE", "UPDATE"].iter().any(|it| message.is_request(it));
    let is_final = |heard: &Heard<'_>| {
        let it = heard.message;
        it.status().is_some_and(|status| status >= 200)
            && it.method == message.method
            && Request::of(it) == Request::of(message)
    };
    is_offer && !leg.messages.iter().any(is_final)
}

/// What a message says of the call's sound, in which only the first stream is used. `None`: there
/// is to be none.
fn audio(message: &SipMessage) -> Option<&Media> {
    let mut audio = message.media.iter().filter(|media| media.kind == "audio");
    audio.find(|media| !media.is_refused)
}

/// Whether somebody may send, by the last that was heard. Who said nothing forbids nothing.
fn sends(described: Option<Option<&Media>>) -> bool {
    allows(described, "sendonly")
}

fn receives(described: Option<Option<&Media>>) -> bool {
    allows(described, "recvonly")
}

fn allows(described: Option<Option<&Media>>, one_way: &str) -> bool {
    let allows = |media: &Media| media.direction.is_empty() || media.direction == one_way;
    described.is_none_or(|described| described.is_some_and(allows))
}
