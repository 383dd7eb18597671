//! Erasing calls, and what remains of that.

use async_trait::async_trait;
use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;

use crate::cursor::Cursor;
use crate::error::Result;
use crate::lookup::Lookup;

/// That a call was erased: all that remains of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The call.
    pub call: CallRef,
    /// When it was erased.
    pub at: TimeUs,
    /// Who did it: a credential, or what the operator says.
    pub by: String,
}

/// Calls of an address among some that were looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallsOf {
    /// Those that have it on either side.
    pub calls: Vec<CallRef>,
    /// How many have no summary yet, so that nobody knows whose they are. With the first are those
    /// that wait for their names.
    pub not_folded: u64,
    /// Where to go on; `None` when these were the last.
    pub next: Option<Cursor>,
}

/// Erasing.
#[async_trait]
pub trait ErasureStore: Send + Sync {
    /// Erases all that is known and was said of calls, what was to be told of them too, and what
    /// waits under their temporary names, and says of each whether there was one. What remains is who did it and when: their events are refused,
    /// and they are gone, not unknown. Followers are told that, and nothing from before.
    async fn erase(&self, calls: Vec<CallRef>, by: &str, now: TimeUs) -> Result<Vec<Lookup<()>>>;
    /// Erases what was erased elsewhere, in a later state of this store; calls that are not known
    /// here are gone as well. Erasures of unknown accounts are left out.
    async fn erase_again(&self, erasures: Vec<Erasure>) -> Result<()>;
    /// What was erased, in that order; at most `limit`, behind a cursor.
    async fn erasures(
        &self,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<(Vec<Erasure>, Option<Cursor>)>;
    /// Looks at up to `limit` calls behind a cursor for those of an address: a number, however it is
    /// written ([`digits`](sidetone_core::search::digits)), or another address as a summary has it.
    async fn calls_of(&self, address: &str, after: Option<Cursor>, limit: usize)
    -> Result<CallsOf>;
}
