//! The SIP messages of a call that say how it went, each once for each agent that saw it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::capture::Capture;
use crate::id::EventKey;
use crate::sip::{SipMessage, StartLine};
use crate::time::TimeUs;

/// Most messages kept of a call: those that begin and end it come first.
const MESSAGES_MAX: usize = 512;

/// What was seen of a call's signalling.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Dialogs {
    seen: BTreeMap<MessageKey, Seen>,
}

/// What makes two messages the same one, sent again: all but the time. The smallest keys are kept: those that begin and end
/// calls, then answers, then what is said meanwhile, of each the lowest numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct MessageKey {
    rank: u8,
    method: String,
    cseq: u32,
    start: Start,
    capture: Capture,
    call_id: String,
    /// A request that forked is answered by dialogs that differ in them alone.
    tags: [Option<String>; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Start {
    Request,
    Response(u16),
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
            tags: [&message.from.tag, &message.to.tag].map(Option::as_deref),
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

    /// Keeps the smallest keys, which depend on no order (see [`super::cap`]).
    fn cap(&mut self) {
        while self.seen.len() > MESSAGES_MAX {
            self.seen.pop_last();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &Seen> {
        self.seen.values()
    }
}

/// Whether a message says how its call went. Keep-alives, key presses and the like do not.
fn tells(message: &SipMessage) -> bool {
    matches!(message.method.as_str(), "INVITE" | "BYE" | "CANCEL") || !message.media.is_empty()
}

fn key_of(message: &SipMessage) -> MessageKey {
    let is_invite = message.method == "INVITE";
    MessageKey {
        rank: match message.start {
            StartLine::Request(_) if is_invite && message.to.tag.is_some() => 2,
            StartLine::Request(_) if is_invite || message.method == "BYE" => 0,
            StartLine::Response(_) if is_invite => 1,
            StartLine::Request(_) | StartLine::Response(_) => 2,
        },
        method: message.method.clone(),
        cseq: message.cseq,
        start: Start::of(message),
        capture: message.capture,
        call_id: message.call_id.clone(),
        tags: [message.from.tag.clone(), message.to.tag.clone()],
    }
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
