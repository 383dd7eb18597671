//! The addresses of a call's parties, and how they are indexed.

use sha2::{Digest, Sha256};
use sidetone_core::search::identity;

/// A side of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    From,
    To,
}

impl Side {
    pub(crate) const fn hash_column(self) -> &'static str {
        match self {
            Self::From => "from_hash",
            Self::To => "to_hash",
        }
    }

    pub(crate) const fn address_column(self) -> &'static str {
        match self {
            Self::From => "from_address",
            Self::To => "to_address",
        }
    }
}

/// What an address is found by: the hash of whom it names. A number is looked for with and without
/// its plus, a SIP user with and without his host.
pub(crate) fn address_hash(address: &str) -> i64 {
    hash(identity(address))
}

/// The first 64 bits of the SHA-256 of a text.
pub(crate) fn hash(text: &str) -> i64 {
    let digest = Sha256::digest(text);
    digest
        .iter()
        .take(8)
        .fold(0_i64, |hash, byte| hash << 8 | i64::from(*byte))
}
