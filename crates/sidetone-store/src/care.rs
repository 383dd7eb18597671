//! Looking after what is stored.

use async_trait::async_trait;

use crate::cursor::Cursor;
use crate::error::Result;

/// Figures about the store's work, for the metrics page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Calls with events not folded yet, without those that are set aside.
    pub dirty_calls: u64,
    /// Calls that are set aside: see [`EventLog::set_aside`](crate::EventLog::set_aside).
    pub set_aside: u64,
    /// Calls a timer is set for.
    pub timers: u64,
    /// Deliveries that have not arrived yet and are still tried.
    pub deliveries_waiting: u64,
    /// Deliveries that were given up.
    pub dead_letters: u64,
    /// Bytes of the database.
    pub bytes: u64,
    /// Those of them that hold nothing, and are used again.
    pub free_bytes: u64,
    /// Transactions this process has committed.
    pub commits: u64,
    /// Writing verbs committed in them.
    pub writes: u64,
    /// Writing verbs of this process that the store could not take: disk full, locked.
    pub refused: u64,
    /// How often this process has met damage, reading or writing.
    pub damaged: u64,
}

/// What a look at some calls found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckedCalls {
    /// How many were looked at.
    pub calls: u64,
    /// A sentence for each finding.
    pub findings: Vec<String>,
    /// How many changes their annotations have had.
    pub changes: u64,
    /// Where to go on; `None` when these were the last.
    pub next: Option<Cursor>,
}

/// Checking and counting.
#[async_trait]
pub trait Care: Send + Sync {
    /// Looks for damage: the engine's own check, and that columns, rollups and history agree with
    /// the documents. Each finding is a sentence; none means clean.
    async fn check(&self) -> Result<Vec<String>>;
    /// Makes again what follows from what is whole (indexes, columns, what is counted, what is searched),
    /// and marks calls to be folded whose summaries are damaged and whose events are whole. Events,
    /// changes of annotations and feedback, and what else nothing tells again, stay as they are. Says each
    /// repair in a sentence. Nobody may use the database meanwhile.
    async fn repair(&self) -> Result<Vec<String>>;
    /// Looks at some calls alone and all that belongs to them, those that became known after others
    /// (`None`: from the first): what [`Self::check`] does of calls, in steps that hold nobody up.
    async fn check_calls(&self, after: Option<Cursor>, limit: usize) -> Result<CheckedCalls>;
    /// Writes something that nobody reads, durably: whether that is possible at this moment. Says
    /// how many writing verbs of this process could not be.
    async fn probe(&self) -> Result<u64>;
    /// Figures about the store's work.
    async fn stats(&self) -> Result<StoreStats>;
}
