//! Removing what is too old, piece by piece.

use async_trait::async_trait;
use sidetone_core::time::TimeUs;

use crate::cursor::Cursor;
use crate::error::Result;

/// From when on what is kept. A call is as old as what came of it last, by our clock, and as what
/// was said of it last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Horizons {
    /// Of events, and of deliveries that were given up.
    pub events: TimeUs,
    /// Of calls with all that is left of them, of finished summaries of feedback, of batches of
    /// annotations without calls, of what remains of calls that were erased or have expired, and of
    /// the log of what was done.
    pub calls: TimeUs,
    /// Of reports and sessions, by when they expire.
    pub expiring: TimeUs,
}

/// What was removed of some calls that were looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expired {
    /// Calls that were removed.
    pub calls: u64,
    /// Events that were removed of others.
    pub events: u64,
    /// Calls that are too old, and cannot be removed for damage.
    pub damaged: u64,
    /// Where to go on; `None` when these calls were the last.
    pub next: Option<Cursor>,
}

/// What would be removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expirable {
    /// Calls.
    pub calls: u64,
    /// Other calls, of which the events would be.
    pub calls_with_events: u64,
}

/// What was removed beside calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExpiredBeside {
    /// Deliveries that were given up.
    pub dead_letters: u64,
    /// Finished summaries of feedback.
    pub feedback_summaries: u64,
    /// Batches of annotations of which no call is left.
    pub annotation_batches: u64,
    /// What remained of calls.
    pub tombstones: u64,
    /// Reports.
    pub reports: u64,
    /// Sessions that were over.
    pub sessions: u64,
    /// Alerts that were over.
    pub alerts: u64,
    /// Entries of the log of what was done.
    pub audit_entries: u64,
}

/// Removing what is too old. Nothing is removed of a call that is not complete, nor of one that is to be
/// folded. One that is known only by what was said of it is as old as that.
#[async_trait]
pub trait Retention: Send + Sync {
    /// Looks at up to `limit` calls behind a cursor. Of those that are too old, removes the events,
    /// or all there is. Without its events a call is sealed: its summary stays as it is, and later
    /// events are counted and refused. One that was removed is gone, and followers are told as of
    /// an erasure. May look at fewer calls when much is removed of them.
    async fn expire(
        &self,
        horizons: Horizons,
        after: Option<Cursor>,
        limit: usize,
        now: TimeUs,
    ) -> Result<Expired>;
    /// How much [`Self::expire`] would remove.
    async fn expirable(&self, horizons: Horizons) -> Result<Expirable>;
    /// Removes up to `limit` of each that is no call.
    async fn expire_beside(&self, horizons: Horizons, limit: usize) -> Result<ExpiredBeside>;
}
