//! The INVITE transactions that ask for a dialog (RFC 3261 §17), from whatever of them was seen.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::dialog::{Dialogs, Seen};
use crate::capture::Capture;
use crate::sip::SipMessage;

/// What a request keeps on its way through proxies, and its responses, its ACK and its CANCEL have
/// in common with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Request<'a> {
    pub(super) call_id: &'a str,
    pub(super) from_tag: Option<&'a str>,
    pub(super) cseq: u32,
}

/// A transaction: a request on a hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Hop<'a> {
    /// By its branch, and the Vias below.
    Branch(&'a str, u8),
    /// Without a branch, by its ends, the lesser first.
    Between(SocketAddr, SocketAddr),
}

/// How well two pairs of addresses agree: not at all, in the hosts (other connections have other
/// ports), in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Match {
    None,
    Hosts,
    Exact,
}

impl<'a> Request<'a> {
    pub(super) fn of(message: &'a SipMessage) -> Self {
        Self {
            call_id: &message.call_id,
            from_tag: message.from.tag.as_deref(),
            cseq: message.cseq,
        }
    }

    /// Whether both are of the same side of the same call, as proxies leave them.
    pub(super) fn is_of_side(self, other: Self) -> bool {
        (self.call_id, self.from_tag) == (other.call_id, other.from_tag)
    }
}

fn transaction(message: &SipMessage) -> (Request<'_>, Hop<'_>) {
    let Capture {
        source,
        destination,
        ..
    } = message.capture;
    let hop = match message.branch() {
        Some(branch) => Hop::Branch(branch, message.hops),
        None => Hop::Between(source.min(destination), source.max(destination)),
    };
    (Request::of(message), hop)
}

/// All that were seen: each INVITE with its responses. A part may be missing, the INVITE too.
/// And what is of none. There are none where no INVITE was seen: only that makes a call.
pub(super) fn transactions(dialogs: &Dialogs) -> (Vec<Vec<&Seen>>, Vec<&Seen>) {
    let mut seen: BTreeMap<_, Vec<&Seen>> = BTreeMap::new();
    for it in dialogs.messages() {
        if it.message.is_initial_invite() {
            seen.entry(transaction(&it.message)).or_default().push(it);
        }
    }
    let asked: BTreeSet<Request<'_>> = seen.keys().map(|(request, _)| *request).collect();
    let within = Within::of(dialogs, &asked);
    let mut rest = Vec::new();
    let others = dialogs.messages();
    for it in others.filter(|it| !it.message.is_initial_invite()) {
        let key = transaction(&it.message);
        let is_response = it.message.method == "INVITE" && it.message.status().is_some();
        // One of a transaction whose INVITE was not seen stands for it.
        if is_response && (seen.contains_key(&key) || !within.has(&it.message)) {
            let key = by_another_connection(&seen, key, &it.message.capture).unwrap_or(key);
            seen.entry(key).or_default().push(it);
        } else {
            rest.push(it);
        }
    }
    if asked.is_empty() {
        seen.clear();
    }
    (seen.into_values().collect(), rest)
}

/// The transaction of a message that came by another connection than its INVITE, and whose Vias do
/// not tell: the only one of its request between these hosts.
fn by_another_connection<'a>(
    seen: &BTreeMap<(Request<'a>, Hop<'a>), Vec<&Seen>>,
    (request, hop): (Request<'a>, Hop<'a>),
    capture: &Capture,
) -> Option<(Request<'a>, Hop<'a>)> {
    if seen.contains_key(&(request, hop)) || matches!(hop, Hop::Branch(..)) {
        return None;
    }
    let mut near = seen.keys().filter(|(of, hop)| {
        let Hop::Between(one, other) = *hop else {
            return false;
        };
        *of == request && between(one, other, capture) != Match::None
    });
    let only = near.next()?;
    near.next().is_none().then_some(*only)
}

/// Tells responses to INVITEs within a dialog from those to INVITEs for one.
struct Within<'a> {
    /// The INVITEs for a dialog.
    asked: &'a BTreeSet<Request<'a>>,
    /// The INVITEs within one.
    again: BTreeSet<Request<'a>>,
    /// The dialogs that responses made, and the INVITEs they answered.
    made: BTreeSet<(&'a str, [Option<&'a str>; 2], u32)>,
}

impl<'a> Within<'a> {
    fn of(dialogs: &'a Dialogs, asked: &'a BTreeSet<Request<'a>>) -> Self {
        let messages = || dialogs.messages().map(|it| &it.message);
        let again = messages().filter(|it| it.is_request("INVITE") && it.to.tag.is_some());
        let makes = |it: &&SipMessage| {
            let status = it.status();
            it.method == "INVITE" && status.is_some_and(|status| (101..300).contains(&status))
        };
        let made = messages().filter(makes);
        Self {
            asked,
            again: again.map(Request::of).collect(),
            made: made
                .map(|it| (it.call_id.as_str(), it.tags(), it.cseq))
                .collect(),
        }
    }

    fn has(&self, response: &SipMessage) -> bool {
        let request = Request::of(response);
        if self.asked.contains(&request) {
            return false;
        }
        let [from, to] = response.tags();
        let is_known = |tags: [Option<&str>; 2]| {
            let of_dialog =
                (response.call_id.as_str(), tags, 0)..=(response.call_id.as_str(), tags, u32::MAX);
            let mut made = self.made.range(of_dialog);
            made.any(|(_, _, cseq)| {
                self.asked.contains(&Request {
                    cseq: *cseq,
                    from_tag: tags[0],
                    ..request
                })
            })
        };
        let is_callers = |tag: Option<&str>| {
            let mut asked = self.asked.iter();
            tag.is_some() && asked.any(|it| it.call_id == request.call_id && it.from_tag == tag)
        };
        self.again.contains(&request) || is_known([from, to]) || is_callers(to)
    }
}

/// How well the addresses of a message agree with those of two ends.
pub(super) fn between(one: SocketAddr, other: SocketAddr, capture: &Capture) -> Match {
    let (source, destination) = (capture.source, capture.destination);
    let is = |same: fn(SocketAddr, SocketAddr) -> bool| {
        (same(one, source) && same(other, destination))
            || (same(one, destination) && same(other, source))
    };
    if is(|one, other| one == other) {
        Match::Exact
    } else if is(|one, other| one.ip() == other.ip()) {
        Match::Hosts
    } else {
        Match::None
    }
}
