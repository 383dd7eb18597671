//! What packets of a call have in common, as keys.

use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::net::SocketAddr;

use crate::id::AccountSid;

/// Something that packets of a call have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Told<'a> {
    /// The Call-ID, or another name that an agent gives the call.
    Name(&'a str),
    /// Where a side wants RTCP.
    Rtcp(SocketAddr),
    /// A source of its media.
    Ssrc(u32),
}

/// What is told within one account, as 64 bits that nobody outside can foresee. That a new call
/// meets one of a million others has a chance of one in 10¹³. Finding a call touches no text, which
/// would have to come from memory for each packet.
pub(super) type Key = u64;

/// Makes keys. Those of one maker mean nothing to another.
#[derive(Debug, Default)]
pub(super) struct Keys(RandomState);

impl Keys {
    /// The key of what is told within an account.
    pub(super) fn told(&self, account: AccountSid, told: Told<'_>) -> Key {
        self.any((account, told))
    }

    /// The key of anything.
    pub(super) fn any(&self, it: impl Hash) -> Key {
        self.0.hash_one(it)
    }
}

/// A map by what is a hash already.
pub(super) type AsIs = BuildHasherDefault<Hashed>;

/// Takes a [`Key`] for the hash that it is.
#[derive(Debug, Default)]
pub(super) struct Hashed(u64);

impl Hasher for Hashed {
    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
