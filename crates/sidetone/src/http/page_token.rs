//! Where a page continues, as an opaque text that is good for one list only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_store::page::{Place, Start};

/// What every token begins with.
const PREFIX: &str = "PT";
/// Version of the token's bytes.
const VERSION: u8 = 1;
const AFTER: u8 = 1;
const BEFORE: u8 = 2;
/// Version, kind, now, key, id.
const PLACE_BYTES: usize = 1 + 1 + 8 + 8 + 8;
/// The first bytes of a digest over list and place.
const CHECK_BYTES: usize = 8;

/// Identity of a list: path, account and filters. It is no secret: a forged token can only point to another place of a
/// list that the forger may read anyway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListDigest([u8; 32]);

impl ListDigest {
    /// The digest of a list. The order of the filters does not matter.
    pub fn of<'a>(
        path: &str,
        account: AccountSid,
        filters: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut filters: Vec<_> = filters.collect();
        filters.sort_unstable();
        let mut hash = Sha256::new();
        hash.update(account.as_bytes());
        for text in [path]
            .into_iter()
            .chain(filters.into_iter().flat_map(|(name, value)| [name, value]))
        {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        Self(hash.finalize().into())
    }
}

/// Where a page begins, and what was now when the first one was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken {
    /// What relative times of the list count from.
    pub now: TimeUs,
    /// Where the page begins.
    pub start: Start,
}

impl PageToken {
    /// Writes the token for a list. A place is all it can hold: the beginning of a list needs none.
    #[must_use]
    pub fn encode(&self, list: &ListDigest) -> String {
        let (kind, place) = match self.start {
            Start::After(place) => (AFTER, place),
            Start::Before(place) => (BEFORE, place),
            Start::First { .. } => return String::new(),
        };
        let mut bytes = Vec::with_capacity(PLACE_BYTES + CHECK_BYTES);
        bytes.extend([VERSION, kind]);
        bytes.extend(self.now.micros().to_be_bytes());
        bytes.extend(place.key.to_be_bytes());
        bytes.extend(place.id.to_be_bytes());
        let check = check(list, &bytes);
        bytes.extend(check);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a token. `None` when it is malformed or was made for another list.
    #[must_use]
    pub fn decode(text: &str, list: &ListDigest) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (place, given) = bytes.split_at_checked(PLACE_BYTES)?;
        if given != check(list, place) {
            return None;
        }
        let ([VERSION, kind], numbers) = place.split_first_chunk()? else {
            return None;
        };
        let (numbers, []) = numbers.as_chunks::<8>() else {
            return None;
        };
        let [now, key, id] = numbers else { return None };
        let place = Place {
            key: i64::from_be_bytes(*key),
            id: i64::from_be_bytes(*id),
        };
        Some(Self {
            now: TimeUs::from_micros(i64::from_be_bytes(*now)),
            start: match *kind {
                AFTER => Start::After(place),
                BEFORE => Start::Before(place),
                _ => return None,
            },
        })
    }
}

fn check(list: &ListDigest, place: &[u8]) -> [u8; CHECK_BYTES] {
    let digest = Sha256::new()
        .chain_update(list.0)
        .chain_update(place)
        .finalize();
    let mut check = [0; CHECK_BYTES];
    for (to, from) in check.iter_mut().zip(digest) {
        *to = from;
    }
    check
}
