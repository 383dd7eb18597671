//! Annotates the lines of a batch as they come, and says what became of each.

use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};
use sidetone_core::id::{AccountSid, AnnotationBatchSid, CallSid};
use sidetone_core::time::TimeUs;
use sidetone_store::judgement::batch::{AnnotateBatch, BatchLine, LineFate};
use sidetone_store::{Result, Store};

use super::line::Line;

/// Lines in one transaction.
const TOGETHER: usize = 250;

/// What became of a line.
#[derive(Debug, Serialize)]
pub struct LineResult {
    /// Its number, from 1.
    pub line: u64,
    /// The call, if it names one.
    pub call_sid: Option<CallSid>,
    /// In a word.
    pub result: Word,
    /// The annotation's revision now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// The field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Why it was refused: names field, value and what is allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What became of a line, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The annotation is another.
    Changed,
    /// It said that already.
    Unchanged,
    /// The line was taken before.
    Repeated,
    /// It was not taken.
    Refused,
}

/// A batch that comes.
pub struct Upload {
    /// Where annotations are kept.
    pub store: Arc<dyn Store>,
    /// Its identifier.
    pub sid: AnnotationBatchSid,
    /// Whose it is.
    pub account: AccountSid,
    /// Who sends it, for the history.
    pub by: String,
    /// Make placeholders of unknown calls.
    pub accept_unknown: bool,
    /// Only calls with advanced features.
    pub only_advanced: bool,
}

/// The identifier of the batch that an account calls by some key.
#[must_use]
pub fn sid_of(account: AccountSid, key: &str) -> AnnotationBatchSid {
    let digest = Sha256::new()
        .chain_update(account.as_bytes())
        .chain_update(b"\n")
        .chain_update(key)
        .finalize();
    AnnotationBatchSid::from_bytes(digest.first_chunk().copied().unwrap_or_default())
}

impl Upload {
    /// Takes lines, and says of each in order what became of it.
    ///
    /// # Errors
    /// As the store's. What was taken before stays, and is not taken again when it comes again.
    pub async fn take(&self, lines: Vec<Line>, now: TimeUs) -> Result<Vec<LineResult>> {
        let mut results = Vec::with_capacity(lines.len());
        let mut lines = lines.into_iter().peekable();
        while lines.peek().is_some() {
            let some: Vec<Line> = lines.by_ref().take(TOGETHER).collect();
            let good = some
                .iter()
                .filter_map(|line| line.read.as_ref().ok().cloned());
            let good: Vec<BatchLine> = good.collect();
            let fates = if good.is_empty() {
                Vec::new()
            } else {
                self.annotate(good, now).await?
            };
            let mut fates = fates.into_iter();
            for line in some {
                results.push(match line.read {
                    Err(invalid) => LineResult {
                        field: Some(invalid.parameter.into_owned()),
                        ..LineResult::refused(line.number, line.call, invalid.message)
                    },
                    Ok(_) => match fates.next() {
                        Some(fate) => LineResult::of(line.number, line.call, fate),
                        None => {
                            let message = "The store said nothing of it.".to_owned();
                            LineResult::refused(line.number, line.call, message)
                        }
                    },
                });
            }
        }
        Ok(results)
    }

    async fn annotate(&self, lines: Vec<BatchLine>, now: TimeUs) -> Result<Vec<LineFate>> {
        let batch = AnnotateBatch {
            sid: self.sid,
            account: self.account,
            by: self.by.clone(),
            now,
            accept_unknown: self.accept_unknown,
            only_advanced: self.only_advanced,
            lines,
        };
        self.store.annotate_batch(batch).await
    }
}

impl LineResult {
    fn of(line: u64, call: Option<CallSid>, fate: LineFate) -> Self {
        let done = |result, revision| Self {
            line,
            call_sid: call,
            result,
            revision,
            field: None,
            message: None,
        };
        let refused = |message: &str| Self::refused(line, call, message.to_owned());
        match fate {
            LineFate::Changed { revision } => done(Word::Changed, Some(revision)),
            LineFate::Unchanged => done(Word::Unchanged, None),
            LineFate::Repeated => done(Word::Repeated, None),
            LineFate::Other => refused(
                "The batch had another line under this number. Send other lines under another Key.",
            ),
            LineFate::Unknown => refused("There is no such call."),
            LineFate::Gone => refused("The call has expired or was erased."),
            LineFate::Gated => refused("The call was made while Advanced Features were off."),
            LineFate::Refused(error) => {
                tracing::error!(%error, "an annotation of a batch cannot be changed");
                refused("The annotation cannot be changed; the log says why.")
            }
        }
    }

    fn refused(line: u64, call_sid: Option<CallSid>, message: String) -> Self {
        Self {
            line,
            call_sid,
            result: Word::Refused,
            revision: None,
            field: None,
            message: Some(message),
        }
    }
}
