//! Where a page begins, as the bytes of a token.

use sidetone_core::time::TimeUs;
use sidetone_store::page::{RowKey, Start};

use crate::web::page_token::ListDigest;

/// Version of the token's bytes: version, kind, now, key, id.
const VERSION: u8 = 1;
const AFTER: u8 = 1;
const BEFORE: u8 = 2;

/// Where a page begins, and what was now when the first one was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageToken {
    /// What relative times of the list count from.
    pub now: TimeUs,
    /// Where the page begins.
    pub start: Start,
}

impl PageToken {
    /// Writes the token for a list. A row key is all it can hold: the beginning of a list needs
    /// none.
    #[must_use]
    pub fn encode(&self, list: &ListDigest) -> String {
        let (kind, row_key) = match self.start {
            Start::After(row_key) => (AFTER, row_key),
            Start::Before(row_key) => (BEFORE, row_key),
            Start::First { .. } => return String::new(),
        };
        let mut bytes = vec![VERSION, kind];
        bytes.extend(self.now.micros().to_be_bytes());
        bytes.extend(row_key.key.to_be_bytes());
        bytes.extend(row_key.id.to_be_bytes());
        list.token(&bytes)
    }

    /// Reads a token. `None` when it is malformed or was made for another list.
    #[must_use]
    pub fn decode(text: &str, list: &ListDigest) -> Option<Self> {
        let bytes = list.position(text)?;
        let ([VERSION, kind], numbers) = bytes.split_first_chunk()? else {
            return None;
        };
        let (numbers, []) = numbers.as_chunks::<8>() else {
            return None;
        };
        let [now, key, id] = numbers else { return None };
        let row_key = RowKey {
            key: i64::from_be_bytes(*key),
            id: i64::from_be_bytes(*id),
        };
        Some(Self {
            now: TimeUs::from_micros(i64::from_be_bytes(*now)),
            start: match *kind {
                AFTER => Start::After(row_key),
                BEFORE => Start::Before(row_key),
                _ => return None,
            },
        })
    }
}
