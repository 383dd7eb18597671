//! The legs of a call: the hops its INVITE took, from the caller's to the callee's.
//!
//! A proxy keeps the dialog's name, so one call is seen on several hops. What the caller was told is on the caller's
//! leg, why is on the callee's. What happened on a leg is told by all agents that saw it, when it did by the clock of one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::clock::Clock;
use super::dialog::{Dialogs, Said, Seen};
use crate::sip::{Media, SipMessage};
use crate::time::TimeUs;

/// One hop of a call's signalling.
#[derive(Debug)]
pub(super) struct Leg<'a> {
    /// The side that sent the INVITE.
    pub(super) client: SocketAddr,
    /// The side that received it.
    pub(super) server: SocketAddr,
    /// That of the agent that saw most of it; of several, of the one of the lowest number.
    pub(super) clock: Clock,
    /// What was seen there by anybody, each once, in order.
    pub(super) messages: Vec<Heard<'a>>,
    /// How far from the caller.
    order: (bool, u8, TimeUs),
}

/// Agents that saw the same sending of a message saw it within so long. It is sent again after half a second (T1 of RFC 3261)
/// at the earliest.
const SENT_AGAIN_US: i64 = 100_000;

/// A message of a leg.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard<'a> {
    /// When: by the clock of the leg's agent if [`Self::is_timed`], else by that of whoever saw it.
    pub(super) at: TimeUs,
    /// Whether the leg's agent saw it too, or how far its clock is from that of whoever did is known.
    pub(super) is_timed: bool,
    pub(super) message: &'a SipMessage,
}

/// A side of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// Sent the INVITE.
    Client,
    /// Received it.
    Server,
}

/// The legs of a call.
#[derive(Debug)]
pub(super) struct Legs<'a> {
    /// The first one.
    pub(super) caller: Leg<'a>,
    /// The last ones: several when the call forked or was tried elsewhere. None when the caller's leg is all there is.
    pub(super) callees: Vec<Leg<'a>>,
}

impl<'a> Legs<'a> {
    /// The legs, by the INVITEs that were seen. `None` without any.
    pub(super) fn of(dialogs: &'a Dialogs) -> Option<Self> {
        let mut hops = hops(dialogs);
        for seen in dialogs.messages() {
            if let Some(hop) = hop_of(&hops, seen) {
                hops[hop].seen.push(seen);
            }
        }
        let servers: Vec<_> = hops.iter().map(|hop| hop.server.ip()).collect();
        let mut legs: Vec<Leg<'a>> = hops
            .iter()
            .map(|hop| {
                let is_behind =
                    servers.contains(&hop.client.ip()) && hop.client.ip() != hop.server.ip();
                hop.leg(is_behind, &hops)
            })
            .collect();
        legs.sort_by_key(|leg| (leg.order, leg.client, leg.server));
        let mut legs = legs.into_iter();
        let caller = legs.next()?;
        let mut callees: Vec<Leg<'a>> = legs.collect();
        // A branch that went further without an answer does not hide the one that answered.
        let how_far = |leg: &&Leg<'_>| (leg.answered_at().is_some(), leg.order.1);
        let last = callees.iter().max_by_key(how_far).map(|leg| leg.order.1);
        callees.retain(|leg| Some(leg.order.1) == last);
        Some(Self { caller, callees })
    }

    /// The leg towards whoever answered, else the one that was tried last; the caller's when there is no other.
    pub(super) fn callee(&self) -> &Leg<'a> {
        self.callees
            .iter()
            .max_by_key(|leg| (leg.answered_at().is_some(), leg.started_at()))
            .unwrap_or(&self.caller)
    }

    /// Whether both sides were seen on one leg only.
    pub(super) fn is_direct(&self) -> bool {
        self.callees.is_empty()
    }

    /// Each leg that ends at a party, callers first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Leg<'a>> {
        std::iter::once(&self.caller).chain(&self.callees)
    }
}

/// A hop while its messages are gathered.
struct Hop<'a> {
    call_id: &'a str,
    client: SocketAddr,
    server: SocketAddr,
    via: u8,
    seen: Vec<&'a Seen>,
}

/// Every pair of addresses that an INVITE went between.
fn hops(dialogs: &Dialogs) -> Vec<Hop<'_>> {
    let mut hops: BTreeMap<(&str, SocketAddr, SocketAddr), u8> = BTreeMap::new();
    for seen in dialogs
        .messages()
        .filter(|seen| seen.message.is_initial_invite())
    {
        let message = &seen.message;
        let capture = &message.capture;
        let pair = (
            message.call_id.as_str(),
            capture.source,
            capture.destination,
        );
        let via = hops.entry(pair).or_insert(message.hops);
        *via = message.hops.min(*via);
    }
    hops.into_iter()
        .map(|((call_id, client, server), via)| Hop {
            call_id,
            client,
            server,
            via,
            seen: Vec::new(),
        })
        .collect()
}

/// The hop a message belongs to: that of its addresses, else the only one between these hosts (other connections have
/// other ports).
fn hop_of(hops: &[Hop<'_>], seen: &Seen) -> Option<usize> {
    let capture = &seen.message.capture;
    let is_between = |hop: &Hop<'_>, with_ports: bool| {
        let same = |one: SocketAddr, other: SocketAddr| {
            one.ip() == other.ip() && (!with_ports || one.port() == other.port())
        };
        let (source, destination) = (capture.source, capture.destination);
        hop.call_id == seen.message.call_id
            && ((same(hop.client, source) && same(hop.server, destination))
                || (same(hop.client, destination) && same(hop.server, source)))
    };
    let exact = hops.iter().position(|hop| is_between(hop, true));
    exact.or_else(|| {
        let mut near = (0..hops.len()).filter(|place| is_between(&hops[*place], false));
        near.next().filter(|_| near.next().is_none())
    })
}

impl<'a> Hop<'a> {
    /// The leg. All hops of the call tell how far the clocks of its agents are apart.
    fn leg(&self, is_behind: bool, hops: &[Hop<'_>]) -> Leg<'a> {
        let mut by_agent: BTreeMap<u32, Vec<&'a Seen>> = BTreeMap::new();
        for seen in &self.seen {
            let agent = seen.message.capture.agent;
            by_agent.entry(agent).or_default().push(seen);
        }
        let most = by_agent
            .iter()
            .max_by_key(|(agent, seen)| (seen.len(), Reverse(**agent)));
        let agent = most.map_or(0, |(agent, _)| *agent);
        let own = by_agent.remove(&agent).unwrap_or_default();
        let mut messages: Vec<Heard<'a>> = own.iter().map(|seen| seen.heard(Some(0))).collect();
        let numbered = own.iter().enumerate().rev();
        let mut places: BTreeMap<Said<'_>, usize> =
            numbered.map(|(place, seen)| (seen.said(), place)).collect();
        let clock = Clock {
            agent,
            ahead_us: by_agent
                .keys()
                .filter_map(|other| Some((*other, ahead_us(hops, agent, *other)?)))
                .collect(),
        };
        let mut others: Vec<(Option<i64>, Vec<&'a Seen>)> = by_agent
            .into_iter()
            .map(|(other, seen)| (clock.ahead_us.get(&other).copied(), seen))
            .collect();
        others.sort_by_key(|(ahead_us, seen)| (ahead_us.is_none(), Reverse(seen.len())));
        for (ahead_us, seen) in others {
            for seen in seen {
                let heard = seen.heard(ahead_us);
                let held = places.get(&seen.said()).copied();
                match held.and_then(|place| messages.get_mut(place)) {
                    // What the leg's agent saw was sent again: it missed the first sending.
                    Some(held) if heard.is_timed && held.at.since_us(heard.at) > SENT_AGAIN_US => {
                        held.at = heard.at;
                    }
                    Some(_) => {}
                    None => {
                        places.insert(seen.said(), messages.len());
                        messages.push(heard);
                    }
                }
            }
        }
        messages.sort_by_key(|heard| (heard.at, place_in_transaction(heard.message)));
        let timed = messages.iter().find(|heard| heard.is_timed);
        let first = timed
            .or(messages.first())
            .map_or(TimeUs::EPOCH, |heard| heard.at);
        Leg {
            client: self.client,
            server: self.server,
            clock,
            messages,
            order: (is_behind, self.via, first),
        }
    }

    /// When an agent first saw each message.
    fn first_seen(&self, agent: u32) -> BTreeMap<Said<'a>, TimeUs> {
        let mut first = BTreeMap::new();
        for seen in &self.seen {
            if seen.message.capture.agent == agent {
                let held = first.entry(seen.said()).or_insert(seen.at);
                *held = seen.at.min(*held);
            }
        }
        first
    }
}

/// How far the clock of one agent is ahead of that of another, in microseconds: the median over the messages of a call that
/// both saw. `None` without any.
fn ahead_us(hops: &[Hop<'_>], one: u32, other: u32) -> Option<i64> {
    let mut differences: Vec<i64> = Vec::new();
    for hop in hops {
        let by_one = hop.first_seen(one);
        let both = hop.first_seen(other).into_iter();
        differences.extend(both.filter_map(|(said, at)| Some(by_one.get(&said)?.since_us(at))));
    }
    differences.sort_unstable();
    differences
        .get(differences.len().saturating_sub(1) / 2)
        .copied()
}

impl Seen {
    /// As of the leg's agent, whose clock is so far ahead.
    const fn heard(&self, ahead_us: Option<i64>) -> Heard<'_> {
        Heard {
            at: match ahead_us {
                Some(us) => self.at.plus_us(us),
                None => self.at,
            },
            is_timed: ahead_us.is_some(),
            message: &self.message,
        }
    }
}

/// Of messages seen at the same moment, requests come before their answers and those in the order of their status.
fn place_in_transaction(message: &SipMessage) -> (u32, u16) {
    (message.cseq, message.status().unwrap_or(0))
}

impl<'a> Leg<'a> {
    /// Responses to the INVITEs that asked for the dialog, not to those within it.
    pub(super) fn invite_responses(&self) -> impl Iterator<Item = (u16, Heard<'a>)> {
        let numbers: Vec<u32> = self.invites().map(|seen| seen.message.cseq).collect();
        self.messages.iter().filter_map(move |seen| {
            let message = seen.message;
            let is_answer = message.method == "INVITE"
                && numbers.contains(&message.cseq)
                && self.end_of(message) == End::Server;
            Some((message.status().filter(|_| is_answer)?, *seen))
        })
    }

    /// The INVITEs that asked for the dialog: several when the first was challenged.
    pub(super) fn invites(&self) -> impl Iterator<Item = Heard<'a>> {
        let of_leg = self.messages.iter().copied();
        of_leg.filter(|seen| seen.message.is_initial_invite())
    }

    /// Which side sent a message of this leg.
    pub(super) fn end_of(&self, message: &SipMessage) -> End {
        let source = message.capture.source;
        if source == self.client || (source != self.server && source.ip() == self.client.ip()) {
            End::Client
        } else {
            End::Server
        }
    }

    /// When the first INVITE was seen.
    pub(super) fn started_at(&self) -> Option<TimeUs> {
        self.invites().map(|seen| seen.at).next()
    }

    /// The final response: of the last INVITE that asked for the dialog.
    pub(super) fn final_response(&self) -> Option<(u16, Heard<'a>)> {
        let last = self.invites().map(|seen| seen.message.cseq).max()?;
        let finals = || {
            self.invite_responses()
                .filter(|(status, seen)| *status >= 200 && seen.message.cseq == last)
        };
        let answer = finals().find(|(status, _)| *status < 300);
        answer.or_else(|| finals().next())
    }

    /// When it was answered.
    pub(super) fn answered_at(&self) -> Option<TimeUs> {
        let (status, seen) = self.final_response()?;
        (status < 300).then_some(seen.at)
    }

    /// The BYE that ended the call, and which side sent it: told by the dialog's tags, which are the same on every hop and
    /// for requests that come by another connection.
    ///
    /// When several branches of a fork answered, the call lasts until the last of these dialogs is ended; a BYE of any other
    /// dialog ends nothing. Where no answer was seen, any BYE counts.
    pub(super) fn bye(&self) -> Option<(End, Heard<'a>)> {
        let client_tag = self.invites().next()?.message.from.tag.as_deref();
        let byes = || {
            self.messages
                .iter()
                .copied()
                .filter(|seen| seen.message.is_request("BYE"))
        };
        let answered: BTreeSet<Option<&str>> = self
            .invite_responses()
            .filter(|(status, _)| (200..300).contains(status))
            .map(|(_, seen)| seen.message.to.tag.as_deref())
            .collect();
        let bye = if answered.is_empty() {
            byes().next()?
        } else {
            let of = |server_tag: Option<&str>| {
                byes().find(|seen| {
                    let message = seen.message;
                    let tags = (message.from.tag.as_deref(), message.to.tag.as_deref());
                    tags == (client_tag, server_tag) || tags == (server_tag, client_tag)
                })
            };
            let ends: Option<Vec<Heard<'_>>> = answered.into_iter().map(of).collect();
            ends?.into_iter().max_by_key(|seen| seen.at)?
        };
        let end = if bye.message.from.tag.as_deref() == client_tag {
            End::Client
        } else {
            End::Server
        };
        Some((end, bye))
    }

    /// Media descriptions that one side sent, in order.
    pub(super) fn media_of(&self, end: End) -> impl Iterator<Item = &'a Media> {
        self.messages
            .iter()
            .filter(move |seen| self.end_of(seen.message) == end)
            .flat_map(|seen| &seen.message.media)
    }
}
