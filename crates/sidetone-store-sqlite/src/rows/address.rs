//! The addresses of a call's parties, and how they are indexed.

use sha2::{Digest, Sha256};

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

/// The first 64 bits of the SHA-256 of an address, without the plus of a number: it is looked for
/// with and without.
pub(crate) fn address_hash(address: &str) -> i64 {
    let digest = Sha256::digest(address.strip_prefix('+').unwrap_or(address));
    digest
        .iter()
        .take(8)
        .fold(0_i64, |hash, byte| hash << 8 | i64::from(*byte))
}
