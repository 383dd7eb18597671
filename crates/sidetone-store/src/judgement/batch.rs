//! Annotations that come together, and taking them back.

use sidetone_core::annotation::AnnotationPatch;
use sidetone_core::id::{AccountSid, AnnotationBatchSid, CallSid};
use sidetone_core::time::TimeUs;

use crate::cursor::Cursor;
use crate::error::StoreError;

/// Lines of a batch on their way in.
#[derive(Debug, Clone)]
pub struct AnnotateBatch {
    /// The batch. It is made with its first lines.
    pub sid: AnnotationBatchSid,
    /// Whose it is. Calls of accounts below are in reach.
    pub account: AccountSid,
    /// The credential that asks for it, kept in the history.
    pub by: String,
    /// By our clock.
    pub now: TimeUs,
    /// Make a placeholder in the account when a call is unknown.
    pub accept_unknown: bool,
    /// Change only calls that were first seen with advanced features on.
    pub only_advanced: bool,
    /// The lines.
    pub lines: Vec<BatchLine>,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct BatchLine {
    /// Its number in the batch, from 1.
    pub number: u64,
    /// Digest of what it says, so that another line under its number is noticed.
    pub content: i64,
    /// The call.
    pub call: CallSid,
    /// What changes.
    pub patch: AnnotationPatch,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineFate {
    /// The annotation is another.
    Changed {
        /// Its revision now.
        revision: u64,
    },
    /// The annotation says that already.
    Unchanged,
    /// The batch had this line before.
    Repeated,
    /// The batch had another line under this number before.
    Other,
    /// There is no such call.
    Unknown,
    /// The call was erased.
    Gone,
    /// The call was made while advanced features were off.
    Gated,
    /// It cannot be changed because of what is stored of it.
    Refused(StoreError),
}

/// Some of a batch on its way back.
#[derive(Debug, Clone)]
pub struct UndoBatch {
    /// The batch.
    pub sid: AnnotationBatchSid,
    /// Whose it is.
    pub account: AccountSid,
    /// The credential that asks for it, kept in the history.
    pub by: String,
    /// By our clock.
    pub now: TimeUs,
    /// Where an earlier part ended; `None`: at the beginning.
    pub after: Option<Cursor>,
    /// At most so many lines.
    pub limit: usize,
}

/// What became of that part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// Each call of it once.
    pub calls: Vec<(CallSid, UndoFate)>,
    /// Where the rest is; `None`: that was all.
    pub rest: Option<Cursor>,
}

/// What became of an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoFate {
    /// It says what it said before.
    Restored {
        /// Its revision now.
        revision: u64,
    },
    /// Somebody has changed it since, so it was left as it is.
    Left,
}
