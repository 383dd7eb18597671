//! What an event is called within its call.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::EventKey;

/// The longest event id, in bytes.
pub const EVENT_ID_MAX_BYTES: usize = 128;

/// Identity of an event within its call, as its source gives it or as made from its content.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventId(String);

/// An event id must have 1 to [`EVENT_ID_MAX_BYTES`] printable ASCII characters without spaces.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to {EVENT_ID_MAX_BYTES} printable ASCII characters without spaces")]
pub struct EventIdError;

impl EventId {
    /// What ids of our own begin with. No door lets one of these in, so nobody else's event is
    /// taken for ours.
    pub const OWN_PREFIX: &str = "sidetone:";

    /// An id made of what an event is made of: a word and the first half of a digest.
    #[must_use]
    pub fn of_digest(word: &'static str, digest: &[u8]) -> Self {
        let half = digest.iter().take(16);
        let digits = half.flat_map(|byte| [byte >> 4, byte & 15]);
        let digits = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
        let mut id = String::with_capacity(word.len().saturating_add(33));
        id.push_str(word);
        id.push(':');
        id.extend(digits);
        Self(id)
    }

    /// One of our own, of words that are printable ASCII without spaces.
    pub(crate) fn own(words: fmt::Arguments<'_>) -> Self {
        Self(format!("{}{words}", Self::OWN_PREFIX))
    }

    /// Whether it is one of our own.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.0.starts_with(Self::OWN_PREFIX)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key that makes duplicates one.
    #[must_use]
    pub fn key(&self) -> EventKey {
        EventKey::of(&self.0)
    }
}

impl TryFrom<String> for EventId {
    type Error = EventIdError;

    fn try_from(text: String) -> Result<Self, EventIdError> {
        let fits = (1..=EVENT_ID_MAX_BYTES).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text))
        } else {
            Err(EventIdError)
        }
    }
}

impl From<EventId> for String {
    fn from(id: EventId) -> Self {
        id.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
