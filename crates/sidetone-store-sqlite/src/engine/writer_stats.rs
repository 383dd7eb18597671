//! What the writing thread has done, and what damage was met.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};
use sidetone_store::StoreError;

/// What the writing thread has done since it was started.
#[derive(Debug, Default)]
pub(crate) struct WriterStats {
    /// Transactions committed.
    pub(crate) commits: AtomicU64,
    /// Jobs committed in them.
    pub(crate) jobs: AtomicU64,
    /// Jobs that could not be written.
    pub(crate) refused: AtomicU64,
    /// Reads and jobs that met damage.
    pub(crate) damaged: AtomicU64,
}

impl WriterStats {
    /// Counts an answer that met damage.
    pub(crate) fn note<T>(&self, answer: Result<T>) -> Result<T> {
        if let Err(Error(StoreError::Corrupt(_))) = &answer {
            self.damaged.fetch_add(1, Ordering::Relaxed);
        }
        answer
    }

    /// Counts the answer of a job.
    pub(crate) fn note_job<T>(&self, answer: Result<T>) -> Result<T> {
        if let Err(Error(StoreError::Unavailable(_))) = &answer {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        self.note(answer)
    }
}
