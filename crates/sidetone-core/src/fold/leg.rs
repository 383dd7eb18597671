//! One leg of a call: what was said on it, by whom, and in which dialog.
//!
//! On a leg a call may be tried several times. One attempt decides, and the leg is that one's.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::attempts::Attempt;
use super::clock::{Apart, Clock, Heard, by_one_clock};
use super::dialog::Seen;
use super::transactions::Request;
use crate::sip::{Media, SipMessage};
use crate::time::TimeUs;

/// One hop of a call's signalling.
#[derive(Debug)]
pub(super) struct Leg<'a> {
    /// The side that sent the INVITE.
    pub(super) client: SocketAddr,
    /// The side that received it.
    pub(super) server: SocketAddr,
    pub(super) clock: Clock,
    /// What was seen there by anybody of the attempt that decides, and of its dialogs.
    pub(super) messages: Vec<Heard<'a>>,
    /// All that was seen there, each with the attempt that it is of, where it is of one.
    heard: Vec<(Option<usize>, Heard<'a>)>,
    pub(super) attempts: Vec<Attempt<'a>>,
    /// The attempt that decides.
    pub(super) place: usize,
}

/// A side of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// Sent the INVITE.
    Client,
    /// Received it.
    Server,
}

impl End {
    /// The other side.
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

impl<'a> Leg<'a> {
    /// Of the attempts that were made on it, at least one, and all that was seen there.
    pub(super) fn of(attempts: Vec<Attempt<'a>>, seen: &[&'a Seen], apart: &Apart) -> Self {
        let (clock, messages) = by_one_clock(seen, apart);
        let last = attempts.len().saturating_sub(1);
        let Attempt { client, server, .. } = attempts[last];
        let dialogs = dialogs(&attempts, &messages);
        let heard = messages.into_iter().map(|heard| {
            let place = attempt_of(&attempts, &dialogs, heard.message);
            (place, heard)
        });
        let mut leg = Self {
            client,
            server,
            clock,
            messages: Vec::new(),
            heard: heard.collect(),
            attempts,
            place: last,
        };
        let answered = |place: &usize| matches!(leg.final_of(*place), Some((..300, _)));
        leg.decide((0..last).find(answered).unwrap_or(last));
        leg
    }

    /// Makes it the leg of one of its attempts.
    pub(super) fn decide(&mut self, place: usize) {
        self.place = place;
        (self.client, self.server) = self.attempts[place].ends_seen_by(self.clock.agent);
        let of_attempt = self.heard.iter();
        let of_attempt = of_attempt.filter(|(of, _)| of.is_none_or(|of| of == place));
        self.messages = of_attempt.map(|(_, heard)| *heard).collect();
    }

    /// The attempt that decides.
    pub(super) fn attempt(&self) -> &Attempt<'a> {
        &self.attempts[self.place]
    }

    /// How many attempts were made until that one.
    pub(super) const fn tries(&self) -> usize {
        self.place + 1
    }

    /// Where it was tried: from where, to where.
    pub(super) fn ways(&self) -> impl Iterator<Item = (SocketAddr, SocketAddr)> {
        let others = self.attempts.iter().map(|it| (it.client, it.server));
        std::iter::once((self.client, self.server)).chain(others)
    }

    /// The transactions that were seen there, by their branches.
    pub(super) fn branches(&self) -> impl Iterator<Item = &'a str> {
        let heard = self.heard.iter();
        heard.filter_map(|(_, heard)| heard.message.branch())
    }

    /// What was seen of one attempt, and of its dialogs.
    pub(super) fn of_attempt(&self, place: usize) -> impl Iterator<Item = Heard<'a>> {
        let heard = self.heard.iter();
        heard
            .filter(move |(of, _)| *of == Some(place))
            .map(|(_, heard)| *heard)
    }

    /// Responses to the INVITE of an attempt, not to those within its dialogs.
    pub(super) fn responses_of(&self, place: usize) -> impl Iterator<Item = (u16, Heard<'a>)> {
        let asked = self.attempts[place].request();
        let of_attempt = self.of_attempt(place);
        of_attempt.filter_map(move |heard| {
            let is_answer = heard.message.method == "INVITE" && Request::of(heard.message) == asked;
            Some((heard.message.status().filter(|_| is_answer)?, heard))
        })
    }

    /// Responses to the INVITE that decides.
    pub(super) fn invite_responses(&self) -> impl Iterator<Item = (u16, Heard<'a>)> {
        self.responses_of(self.place)
    }

    /// When the called side was first said to ring.
    pub(super) fn alerted(&self) -> Option<Heard<'a>> {
        let mut responses = self.invite_responses();
        let ringing = responses.find(|(status, _)| (180..190).contains(status));
        ringing.map(|(_, heard)| heard)
    }

    /// Responses to this and all attempts before it.
    pub(super) fn all_responses(&self) -> impl Iterator<Item = (u16, Heard<'a>)> {
        (0..=self.place).flat_map(|place| self.responses_of(place))
    }

    /// The INVITEs that asked for the dialog: that of the attempt that decides, then those before
    /// it.
    pub(super) fn invites(&self) -> impl Iterator<Item = Heard<'a>> {
        let places = (0..=self.place).rev();
        let of_attempts = places.flat_map(|place| self.of_attempt(place));
        of_attempts.filter(|heard| heard.message.is_initial_invite())
    }

    /// The INVITEs of all attempts, also of those after the one that decides.
    pub(super) fn requests(&self) -> impl Iterator<Item = &'a SipMessage> {
        let heard = self.heard.iter().map(|(_, heard)| heard.message);
        heard.filter(|message| message.is_initial_invite())
    }

    /// Which side sent a message of this leg: told by whether it asks or answers and by its tags;
    /// where these do not tell, by where it came from.
    pub(super) fn end_of(&self, message: &SipMessage) -> End {
        let own = self.attempt().request().from_tag;
        let [from, to] = message.tags().map(|tag| tag.is_some() && tag == own);
        let asked_by = match (from, to) {
            (true, false) => End::Client,
            (false, true) => End::Server,
            _ if Request::of(message) == self.attempt().request() => End::Client,
            _ => return self.end_at(message.capture.source),
        };
        match message.status() {
            None => asked_by,
            Some(_) => asked_by.other(),
        }
    }

    fn end_at(&self, source: SocketAddr) -> End {
        if source == self.client || (source != self.server && source.ip() == self.client.ip()) {
            End::Client
        } else {
            End::Server
        }
    }

    /// When the first INVITE was seen: that of the first attempt.
    pub(super) fn started(&self) -> Option<Heard<'a>> {
        self.invites().min_by_key(|heard| heard.at)
    }

    /// The time of that.
    pub(super) fn started_at(&self) -> Option<TimeUs> {
        self.started().map(|heard| heard.at)
    }

    /// The final response to the INVITE of an attempt: the first. A 2xx that comes after a refusal
    /// is stray (a branch that was too late), unless the caller confirms it.
    pub(super) fn final_of(&self, place: usize) -> Option<(u16, Heard<'a>)> {
        let finals = || {
            self.responses_of(place)
                .filter(|(status, _)| *status >= 200)
        };
        let (_, first) = finals().next()?;
        let counts = |(status, heard): &(u16, Heard<'a>)| {
            let tag = heard.message.to.tag.as_deref();
            *status < 300 && (heard.at == first.at || self.is_alive(place, tag))
        };
        finals().find(counts).or_else(|| finals().next())
    }

    /// The final response to the INVITE that decides.
    pub(super) fn final_response(&self) -> Option<(u16, Heard<'a>)> {
        self.final_of(self.place)
    }

    /// The 2xx that answered.
    pub(super) fn answer(&self) -> Option<Heard<'a>> {
        let (status, heard) = self.final_response()?;
        (status < 300).then_some(heard)
    }

    /// When it was answered.
    pub(super) fn answered_at(&self) -> Option<TimeUs> {
        self.answer().map(|heard| heard.at)
    }

    /// Media descriptions that one side sent, in order.
    pub(super) fn media_of(&self, end: End) -> impl Iterator<Item = &'a Media> {
        self.messages
            .iter()
            .filter(move |seen| self.end_of(seen.message) == end)
            .flat_map(|seen| &seen.message.media)
    }
}

/// The tags of the called side in each attempt, by its responses and by ACKs of a 2xx.
fn dialogs<'a>(attempts: &[Attempt<'a>], messages: &[Heard<'a>]) -> Vec<BTreeSet<&'a str>> {
    let of_attempt = |attempt: &Attempt<'a>| {
        let made = messages.iter().filter(|heard| {
            let message = heard.message;
            match message.status() {
                Some(status) => (101..300).contains(&status) && attempt.has(message) != Some(false),
                None => message.method == "ACK" && attempt.is_refused_by(message) == Some(false),
            }
        });
        let made = made.filter(|heard| Request::of(heard.message) == attempt.request());
        made.filter_map(|heard| heard.message.to.tag.as_deref())
            .collect()
    };
    attempts.iter().map(of_attempt).collect()
}

/// The attempt that a message of a leg is of, or in whose dialog it was sent. `None`: its tags are
/// of none.
fn attempt_of(
    attempts: &[Attempt<'_>],
    dialogs: &[BTreeSet<&str>],
    message: &SipMessage,
) -> Option<usize> {
    let numbered = || attempts.iter().enumerate();
    let is_of_request = matches!(message.method.as_str(), "INVITE" | "ACK" | "CANCEL");
    if is_of_request {
        let own = numbered().find(|(_, it)| it.has(message) == Some(true));
        let own = own.or_else(|| {
            let may_be = numbered().filter(|(_, it)| it.has(message).is_none());
            may_be.max_by_key(|(place, it)| (it.is_between(&message.capture), *place))
        });
        if let Some((place, _)) = own {
            return Some(place);
        }
    }
    let [from, to] = message.tags();
    let other = |it: &Attempt<'_>| match it.request().from_tag {
        None => None,
        own if own == from => Some(to),
        own if own == to => Some(from),
        _ => None,
    };
    let of_side = numbered().filter_map(|(place, it)| Some((place, other(it)?)));
    of_side
        .max_by_key(|(place, other)| {
            let is_known = other.is_some_and(|other| dialogs[*place].contains(other));
            (is_known, *place)
        })
        .map(|(place, _)| place)
}
