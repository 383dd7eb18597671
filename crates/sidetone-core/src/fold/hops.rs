//! The hops of a call's signalling, each with the messages that were seen there.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::attempts::{Attempt, Tried};
use super::dialog::{Dialogs, Seen};
use super::leg::End;
use super::transactions::{Match, Request};
use crate::sip::SipMessage;

/// A hop while its messages are gathered.
pub(super) struct Hop<'a> {
    /// The caller's attempt that led to it.
    pub(super) origin: Option<usize>,
    pub(super) attempts: Vec<Attempt<'a>>,
    /// Tags of its sides, as far as they are known: of those who ask, and of those who answer.
    tags: [BTreeSet<&'a str>; 2],
    rest: Vec<&'a Seen>,
}

/// The caller's, then every pair of addresses that INVITEs were sent on between.
pub(super) fn hops(dialogs: &Dialogs) -> Option<Vec<Hop<'_>>> {
    let tried = Tried::of(dialogs)?;
    let mut further: BTreeMap<_, Vec<Attempt<'_>>> = BTreeMap::new();
    for (origin, attempt) in tried.sent_on {
        let Request { call_id, .. } = attempt.request();
        let key = (
            origin,
            call_id,
            attempt.client,
            attempt.server,
            attempt.hops,
        );
        further.entry(key).or_default().push(attempt);
    }
    let mut hops = vec![Hop::of(None, tried.by_caller)];
    let further = further.into_iter();
    hops.extend(further.map(|((origin, ..), attempts)| Hop::of(origin, attempts)));
    let deepest = hops
        .iter()
        .flat_map(|hop| &hop.attempts)
        .map(|it| it.hops)
        .max();
    for seen in tried.rest {
        if let Some(hop) = hop_of(&hops, &seen.message, deepest.unwrap_or(0)) {
            hops[hop].rest.push(seen);
        }
    }
    Some(hops)
}

/// The hop of a message that is none of an INVITE for a dialog: by its transaction, its addresses,
/// its dialog, and how many hands it has gone through since it left its side.
fn hop_of(hops: &[Hop<'_>], message: &SipMessage, deepest: u8) -> Option<usize> {
    let fits = |hop: &Hop<'_>| {
        let of_call = hop
            .attempts
            .iter()
            .filter(|it| it.request().call_id == message.call_id);
        let [mut is_own, mut is_of] = [false; 2];
        let mut between = Match::None;
        let mut is_as_far = false;
        for attempt in of_call {
            is_own |= attempt.has(message) == Some(true);
            is_of |= attempt.has(message).is_none();
            between = between.max(attempt.is_between(&message.capture));
            is_as_far |= match hop.asked_by(message) {
                Some(End::Server) => {
                    message.hops == deepest.saturating_sub(attempt.hops).saturating_add(1)
                }
                Some(End::Client) | None => message.hops == attempt.hops,
            };
        }
        let is_known = is_own || is_of || hop.has_dialog_of(message);
        let fits = is_own || between != Match::None || (is_known && is_as_far);
        fits.then_some((is_own, between, is_known, is_as_far))
    };
    let fitting = hops.iter().enumerate();
    let fitting = fitting.filter_map(|(place, hop)| Some((fits(hop)?, Reverse(place))));
    match fitting.max() {
        Some((_, Reverse(place))) => Some(place),
        // Where no other was seen, its dialog is known by its name.
        None if hops.len() == 1 => hops[0].asked_by(message).map(|_| 0),
        None => None,
    }
}

impl<'a> Hop<'a> {
    fn of(origin: Option<usize>, attempts: Vec<Attempt<'a>>) -> Self {
        let asking = attempts.iter().filter_map(|it| it.request().from_tag);
        let seen = attempts.iter().flat_map(|it| &it.seen);
        let answering = seen.filter(|it| it.message.status().is_some_and(|it| it < 300));
        Self {
            tags: [
                asking.collect(),
                answering
                    .filter_map(|it| it.message.to.tag.as_deref())
                    .collect(),
            ],
            origin,
            attempts,
            rest: Vec::new(),
        }
    }

    /// Which side sent the request that a message is, or answers. `None`: its tags do not tell.
    fn asked_by(&self, message: &SipMessage) -> Option<End> {
        let [asking, _] = &self.tags;
        let [from, to] = message
            .tags()
            .map(|tag| tag.is_some_and(|tag| asking.contains(tag)));
        match (from, to) {
            (true, false) => Some(End::Client),
            (false, true) => Some(End::Server),
            _ => None,
        }
    }

    /// Whether both tags of a message are of its sides.
    fn has_dialog_of(&self, message: &SipMessage) -> bool {
        let [asking, answering] = &self.tags;
        let [from, to] = message.tags();
        let is = |one: Option<&str>, other: Option<&str>| {
            one.is_some_and(|it| asking.contains(it))
                && other.is_some_and(|it| answering.contains(it))
        };
        is(from, to) || is(to, from)
    }

    /// All that was seen there.
    pub(super) fn seen(&self) -> Vec<&'a Seen> {
        let of_attempts = self.attempts.iter().flat_map(|it| &it.seen);
        of_attempts.chain(&self.rest).copied().collect()
    }
}
