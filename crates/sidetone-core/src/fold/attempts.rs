//! The INVITEs that ask for a dialog: which of them the caller tried one after the other, and which
//! went on from these.
//!
//! Whom a message belongs to is told by what it says: branch, sequence number, tags. Between which
//! addresses it was seen is the agent's remark; it counts where the message itself does not tell.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::dialog::{Dialogs, Seen};
use super::transactions::{Match, Request, between, transactions};
use crate::capture::Capture;
use crate::sip::SipMessage;
use crate::time::TimeUs;

/// An INVITE for a dialog on one hop, and its responses there.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    request: Request<'a>,
    branch: Option<&'a str>,
    /// The branches it came by, where it was sent on.
    came_by: Vec<&'a str>,
    /// Values of Via: how far from whoever made it.
    pub(super) hops: u8,
    /// The side that sent it.
    pub(super) client: SocketAddr,
    /// The side that received it.
    pub(super) server: SocketAddr,
    /// INVITE and responses. A part may be missing, the INVITE too.
    pub(super) seen: Vec<&'a Seen>,
}

impl<'a> Attempt<'a> {
    fn of(seen: Vec<&'a Seen>) -> Option<Self> {
        let is_request = |it: &&&Seen| it.message.status().is_none();
        let by_time = |it: &&&Seen| (it.at, it.message.capture);
        let invite = seen.iter().filter(is_request).min_by_key(by_time);
        let first = invite.or_else(|| seen.iter().min_by_key(by_time))?;
        let message = &first.message;
        let (client, server) = ends(message);
        Some(Self {
            request: Request::of(message),
            branch: message.branch(),
            came_by: message.came_by().collect(),
            hops: message.hops,
            client,
            server,
            seen,
        })
    }

    /// What it asks, on whichever hop.
    pub(super) const fn request(&self) -> Request<'a> {
        self.request
    }

    /// Its ends as an agent saw them, where it did.
    pub(super) fn ends_seen_by(&self, agent: u32) -> (SocketAddr, SocketAddr) {
        let of_agent = self
            .seen
            .iter()
            .filter(|it| it.message.capture.agent == agent);
        let first =
            of_agent.min_by_key(|it| (it.message.status().is_some(), it.at, it.message.capture));
        first.map_or((self.client, self.server), |it| ends(&it.message))
    }

    /// When it was first seen, by whichever clock.
    fn first_at(&self) -> TimeUs {
        let times = self
            .seen
            .iter()
            .map(|it| (it.message.status().is_some(), it.at));
        times.min().map_or(TimeUs::EPOCH, |(_, at)| at)
    }

    /// How well its addresses agree with those of a message.
    pub(super) fn is_between(&self, capture: &Capture) -> Match {
        between(self.client, self.server, capture)
    }

    /// Whether a message of this request (§17.1.1.3, §9.1: its ACK and its CANCEL too) is of this
    /// transaction. `None`: neither says.
    pub(super) fn has(&self, message: &SipMessage) -> Option<bool> {
        if Request::of(message) != self.request {
            return Some(false);
        }
        let is_hop = message.method != "INVITE" || message.hops == self.hops;
        match (self.branch, message.branch()) {
            (Some(own), Some(branch)) if own == branch && is_hop => Some(true),
            (Some(_), Some(_)) if message.method == "INVITE" => Some(false),
            _ => None,
        }
    }

    /// Whether an ACK confirms a refusal: it goes by the branch of its INVITE, that of a 2xx by one
    /// of its own (§17.1.1.3, §13.2.2.4). `None` where either has no branch.
    pub(super) fn is_refused_by(&self, ack: &SipMessage) -> Option<bool> {
        Some(self.branch? == ack.branch()?)
    }

    /// Whether the addresses say which side is which.
    fn has_sides(&self) -> bool {
        let is_known = |it: SocketAddr| !it.ip().is_unspecified();
        self.client != self.server && is_known(self.client) && is_known(self.server)
    }

    fn is_on_one_host(&self) -> bool {
        self.client.ip() == self.server.ip()
    }

    /// Whether another one led to it, as branches or addresses tell.
    fn is_behind(&self, other: &Self) -> bool {
        let by_branch = other.branch.is_some_and(|it| self.came_by.contains(&it))
            && other.request.call_id == self.request.call_id;
        let by_host = !self.is_on_one_host() && self.client.ip() == other.server.ip();
        let by_port = self.client == other.server && other.client != other.server;
        by_branch || (self.has_sides() && (by_host || by_port))
    }

    /// Whether the same sender, or one on the same way, sent both.
    fn has_sender_of(&self, other: &Self) -> bool {
        if !self.came_by.is_empty() && self.came_by == other.came_by {
            return true;
        }
        let same_host = !self.is_on_one_host() && !other.is_on_one_host();
        let (one, other_one) = (self.client, other.client);
        self.has_sides()
            && other.has_sides()
            && (one == other_one || (same_host && one.ip() == other_one.ip()))
    }

    /// Whether an earlier one led to it although neither branch nor address says so: it was still
    /// alive when this began. A caller gives one up before trying the next.
    fn is_during(&self, earlier: &Self) -> bool {
        if self.has_sender_of(earlier) {
            return false;
        }
        let begun = |agent| {
            let invites = self.seen.iter().filter(|it| it.message.status().is_none());
            let of_agent = invites.filter(move |it| it.message.capture.agent == agent);
            of_agent.map(|it| it.at).min()
        };
        // Canceled is what is given up.
        let is_answer = |it: &&&Seen| it.message.status().is_some_and(|it| it != 487);
        let answers = earlier.seen.iter().filter(is_answer);
        // An agent that saw both knows; where none did, clocks may be off.
        let lives = answers.map(|it| match begun(it.message.capture.agent) {
            Some(begun) => (true, it.at > begun),
            None => (false, it.at > self.first_at()),
        });
        lives.max().is_some_and(|(_, lives)| lives)
    }
}

fn ends(message: &SipMessage) -> (SocketAddr, SocketAddr) {
    let Capture {
        source,
        destination,
        ..
    } = message.capture;
    match message.status() {
        None => (source, destination),
        Some(_) => (destination, source),
    }
}

/// How a call was tried.
pub(super) struct Tried<'a> {
    /// By the caller, one after the other.
    pub(super) by_caller: Vec<Attempt<'a>>,
    /// By whoever sent those on, each with the number of the one it came from, where that is known.
    pub(super) sent_on: Vec<(Option<usize>, Attempt<'a>)>,
    /// What else was said.
    pub(super) rest: Vec<&'a Seen>,
}

impl<'a> Tried<'a> {
    /// `None` without any INVITE.
    pub(super) fn of(dialogs: &'a Dialogs) -> Option<Self> {
        let (transactions, rest) = transactions(dialogs);
        let attempts = transactions.into_iter().filter_map(Attempt::of);
        let attempts: Vec<Attempt<'a>> = attempts.collect();
        let is_behind = |it: &Attempt<'_>| {
            let mut others = attempts.iter().filter(|other| !std::ptr::eq(*other, it));
            others.any(|other| it.is_behind(other))
        };
        let depth: Vec<(bool, u8)> = attempts.iter().map(|it| (is_behind(it), it.hops)).collect();
        let top = depth.iter().min().copied()?;
        let (near, far): (Vec<_>, Vec<_>) = attempts
            .into_iter()
            .zip(depth)
            .partition(|(_, depth)| *depth == top);
        let mut near: Vec<Attempt<'a>> = near.into_iter().map(|(it, _)| it).collect();
        in_order(&mut near);
        let mut far: Vec<Attempt<'a>> = far.into_iter().map(|(it, _)| it).collect();
        let mut by_caller: Vec<Attempt<'a>> = Vec::new();
        for it in near {
            if by_caller.iter().any(|earlier| it.is_during(earlier)) {
                far.push(it);
            } else {
                by_caller.push(it);
            }
        }
        let sent_on = far.into_iter().map(|it| (origin(&it, &by_caller), it));
        Some(Self {
            sent_on: sent_on.collect(),
            by_caller,
            rest,
        })
    }
}

/// Puts attempts of one side in order: those of a From tag by their numbers, whatever the clocks
/// say.
fn in_order<'a>(attempts: &mut [Attempt<'a>]) {
    let side = |it: &Attempt<'a>| (it.request.call_id, it.request.from_tag);
    let mut first: BTreeMap<(&str, Option<&str>), TimeUs> = BTreeMap::new();
    for it in attempts.iter() {
        let at = it.first_at();
        let held = first.entry(side(it)).or_insert(at);
        *held = at.min(*held);
    }
    attempts.sort_by_key(|it| {
        let since = first.get(&side(it)).copied();
        (since, side(it), it.request.cseq, it.first_at())
    });
}

/// The attempt of the caller that another came from.
fn origin(sent_on: &Attempt<'_>, by_caller: &[Attempt<'_>]) -> Option<usize> {
    let came_by = |it: &Attempt<'_>| it.branch.is_some_and(|it| sent_on.came_by.contains(&it));
    let asks_it = |it: &Attempt<'_>| it.request == sent_on.request;
    let mut asking = by_caller.iter().enumerate().filter(|(_, it)| asks_it(it));
    let only = asking.next().filter(|_| asking.next().is_none());
    by_caller
        .iter()
        .position(|it| came_by(it) && asks_it(it))
        .or_else(|| by_caller.iter().position(came_by))
        .or(only.map(|(place, _)| place))
}
