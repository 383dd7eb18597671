//! Where what is counted of a call stands.

use std::num::NonZeroU16;

use rusqlite::Row;
use sidetone_core::bucket::bucket;
use sidetone_core::id::CallSid;

/// The part of an account's calls that a row of the rollups is about: what a call changes there is
/// in rows of its own bucket, and what is asked of an account is summed over all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Shard {
    /// Row of the account.
    pub(crate) account: i64,
    pub(crate) bucket: i64,
}

impl Shard {
    /// Where a call of an account belongs that has so many buckets.
    pub(crate) fn of(account: i64, buckets: NonZeroU16, sid: CallSid) -> Self {
        Self {
            account,
            bucket: bucket(sid, buckets).into(),
        }
    }
}

/// Reads `account.buckets`.
pub(crate) fn buckets(row: &Row<'_>, column: usize) -> rusqlite::Result<NonZeroU16> {
    let number: u16 = row.get(column)?;
    NonZeroU16::new(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, 0))
}
