//! The SIP messages of a call that say how it went, each once for each agent that saw it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::capture::Capture;
use crate::id::EventKey;
use crate::sip::SipMessage;
use crate::time::TimeUs;

/// Most messages kept of each [`Kind`], the earliest. None takes another's room: a call with a
/// thousand re-INVITEs keeps its beginning and its end, one with a thousand BYEs its beginning, and
/// one that rings a hundred phones the answer.
const OF_A_KIND_MAX: usize = 128;

/// What was seen of a call's signalling.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Dialogs {
    seen: BTreeMap<MessageKey, Seen>,
}

/// What makes two messages the same one, sent again: all but the time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct MessageKey {
    method: String,
    cseq: u32,
    start: Start,
    capture: Capture,
    call_id: String,
    /// A request that forked is answered by dialogs that differ in them alone.
    tags: [Option<String>; 2],
    /// A request that is tried elsewhere may differ in it alone (RFC 3263 §4.3).
    branch: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Start {
    Request,
    Response(u16),
}

/// What a message is to its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// An INVITE for a dialog.
    Begins,
    /// Says that an INVITE is being worked on.
    Provisional,
    /// Says what became of an INVITE.
    Final,
    Ack,
    Bye,
    Cancel,
    /// What is said meanwhile.
    Within,
}

/// A message and when it was seen first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// By the agent's clock.
    #[serde(rename = "t")]
    pub(super) at: TimeUs,
    /// Of two that are the same, at the same time, one is kept.
    #[serde(rename = "k")]
    key: EventKey,
    /// It, without its text.
    #[serde(rename = "m")]
    pub(super) message: SipMessage,
}

impl Seen {
    fn is_before(&self, other: &Self) -> bool {
        (self.at, self.key) < (other.at, other.key)
    }

    /// What tells it from the other messages of its hop, whoever saw them.
    pub(super) fn said(&self) -> Said<'_> {
        let message = &self.message;
        Said {
            method: &message.method,
            cseq: message.cseq,
            start: Start::of(message),
            tags: message.tags(),
            branch: message.branch(),
        }
    }
}

/// A message of a hop, without who saw it and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Said<'a> {
    method: &'a str,
    cseq: u32,
    start: Start,
    tags: [Option<&'a str>; 2],
    branch: Option<&'a str>,
}

impl Start {
    fn of(message: &SipMessage) -> Self {
        message.status().map_or(Self::Request, Self::Response)
    }
}

impl Dialogs {
    pub(super) fn add(&mut self, at: TimeUs, key: EventKey, message: &SipMessage) {
        if !tells(message) {
            return;
        }
        let message = SipMessage {
            text: String::new(),
            ..message.clone()
        };
        self.see(Seen { at, key, message });
        self.cap();
    }

    pub(super) fn merge(&mut self, other: Self) {
        for seen in other.seen.into_values() {
            self.see(seen);
        }
        self.cap();
    }

    fn see(&mut self, seen: Seen) {
        let key = key_of(&seen.message);
        match self.seen.get(&key) {
            Some(held) if !seen.is_before(held) => {}
            _ => {
                self.seen.insert(key, seen);
            }
        }
    }

    /// Lets the latest of each kind go, a 100 before all else. Times under a key only become
    /// earlier, so what is among the first of all is among the first of any part, from when its own
    /// first sighting is known: what is kept depends on no order.
    fn cap(&mut self) {
        if self.seen.len() <= OF_A_KIND_MAX {
            return;
        }
        let mut kinds: BTreeMap<Kind, Vec<_>> = BTreeMap::new();
        for (key, seen) in &self.seen {
            let is_trying = key.start == Start::Response(100);
            let of_kind = kinds.entry(kind_of(&seen.message)).or_default();
            of_kind.push((is_trying, seen.at, key));
        }
        let mut let_go: Vec<MessageKey> = Vec::new();
        for mut of_kind in kinds.into_values() {
            of_kind.sort_unstable();
            let last = of_kind.into_iter().skip(OF_A_KIND_MAX);
            let_go.extend(last.map(|(.., key)| key.clone()));
        }
        for key in let_go {
            self.seen.remove(&key);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &Seen> {
        self.seen.values()
    }
}

/// Whether a message says how its call went. Keep-alives, key presses and the like do not, but for
/// the first that shows that somebody is there.
fn tells(message: &SipMessage) -> bool {
    match message.method.as_str() {
        "INVITE" | "BYE" | "CANCEL" => true,
        "ACK" => message.status().is_none(),
        _ => !message.media.is_empty() || shows_presence(message),
    }
}

/// Whether it is a request of a kind that sessions send while they last.
pub(super) fn shows_presence(message: &SipMessage) -> bool {
    (message.is_request("INFO") || message.is_request("REFER")) && message.to.tag.is_some()
}

/// A function of its key.
fn kind_of(message: &SipMessage) -> Kind {
    match (message.method.as_str(), message.status()) {
        ("INVITE", None) if message.to.tag.is_none() => Kind::Begins,
        ("INVITE", Some(..200)) => Kind::Provisional,
        ("INVITE", Some(_)) => Kind::Final,
        ("ACK", _) => Kind::Ack,
        ("BYE", _) => Kind::Bye,
        ("CANCEL", _) => Kind::Cancel,
        _ => Kind::Within,
    }
}

fn key_of(message: &SipMessage) -> MessageKey {
    let mut key = MessageKey {
        method: message.method.clone(),
        cseq: message.cseq,
        start: Start::of(message),
        capture: message.capture,
        call_id: message.call_id.clone(),
        tags: message.tags().map(|tag| tag.map(str::to_owned)),
        branch: message.branch().map(str::to_owned),
    };
    if shows_presence(message) && message.media.is_empty() {
        (key.cseq, key.branch) = (0, None);
    }
    key
}

impl Serialize for Dialogs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.seen.values())
    }
}

impl<'de> Deserialize<'de> for Dialogs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seen = Vec::<Seen>::deserialize(deserializer)?;
        let seen = seen.into_iter().map(|it| (key_of(&it.message), it));
        Ok(Self {
            seen: seen.collect(),
        })
    }
}
