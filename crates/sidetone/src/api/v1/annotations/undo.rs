//! Takes a batch back, part by part.

use serde::Serialize;
use sidetone_core::id::{AccountSid, AnnotationBatchSid, CallSid};
use sidetone_core::time::TimeUs;
use sidetone_store::judgement::batch::{UndoBatch, UndoFate};
use sidetone_store::{Result, Store};

/// Lines in one transaction.
const TOGETHER: usize = 250;
/// The longest report: as many calls as a batch has lines.
pub const REPORT_MAX_BYTES: usize = 5 << 20;

/// A batch to be taken back.
pub struct Undoing {
    /// Its identifier.
    pub sid: AnnotationBatchSid,
    /// Whose it is.
    pub account: AccountSid,
    /// Who asks for it, for the history.
    pub by: String,
}

/// What became of it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The batch.
    pub batch_sid: AnnotationBatchSid,
    /// Annotations that say what they said before.
    pub restored: u64,
    /// Calls whose annotation somebody has changed since.
    pub left: Vec<CallSid>,
}

impl Undoing {
    /// Takes all of it back. `None`: the account has no such batch.
    ///
    /// # Errors
    /// As the store's. What was restored stays so, and the rest is when it is asked for again.
    pub async fn all(&self, store: &dyn Store, now: impl Fn() -> TimeUs) -> Result<Option<Report>> {
        let mut report = Report {
            batch_sid: self.sid,
            restored: 0,
            left: Vec::new(),
        };
        let mut after = None;
        loop {
            let undo = UndoBatch {
                sid: self.sid,
                account: self.account,
                by: self.by.clone(),
                now: now(),
                after,
                limit: TOGETHER,
            };
            let Some(undone) = store.undo_batch(undo).await? else {
                return Ok(None);
            };
            for (call, fate) in undone.calls {
                match fate {
                    UndoFate::Restored { .. } => report.restored += 1,
                    UndoFate::Left => report.left.push(call),
                }
            }
            match undone.rest {
                Some(rest) => after = Some(rest),
                None => return Ok(Some(report)),
            }
        }
    }
}
