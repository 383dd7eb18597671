//! Where a list goes on, as an opaque text that is good for that list only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// What every token begins with.
const PREFIX: &str = "PT";
/// The first bytes of a digest over list and position.
const CHECK_BYTES: usize = 8;

/// Identity of a list: path, reader and filters. It is no secret: a forged token can only point to
/// another position of a list that the forger may read anyway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListDigest([u8; 32]);

impl ListDigest {
    /// The digest of a list. The order of the filters does not matter.
    pub fn of<'a>(
        path: &str,
        reader: &[u8; 16],
        filters: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut filters: Vec<_> = filters.collect();
        filters.sort_unstable();
        let mut hash = Sha256::new();
        hash.update(reader);
        for text in [path]
            .into_iter()
            .chain(filters.into_iter().flat_map(|(name, value)| [name, value]))
        {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        Self(hash.finalize().into())
    }

    /// The token of a position in the list.
    #[must_use]
    pub fn token(&self, position: &[u8]) -> String {
        let bytes = [position, &self.check(position)].concat();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The position that a token means. `None` when it is malformed or was made for another list.
    #[must_use]
    pub fn position(&self, token: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
        let (position, given) = bytes.split_last_chunk::<CHECK_BYTES>()?;
        (*given == self.check(position)).then(|| position.to_vec())
    }

    fn check(&self, position: &[u8]) -> [u8; CHECK_BYTES] {
        let digest = Sha256::new()
            .chain_update(self.0)
            .chain_update(position)
            .finalize();
        let mut check = [0; CHECK_BYTES];
        for (to, from) in check.iter_mut().zip(digest) {
            *to = from;
        }
        check
    }
}
