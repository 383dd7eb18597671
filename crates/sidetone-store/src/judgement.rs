//! What people say about calls, author by author.

use async_trait::async_trait;
use sidetone_core::annotation::{Annotation, AnnotationPatch};
use sidetone_core::id::{CallRef, CallSid};
use sidetone_core::time::TimeUs;

use crate::error::Result;
use crate::lookup::{Lookup, Scope};
use crate::page::{Page, PageRequest};

/// A judgement on its way in.
#[derive(Debug, Clone)]
pub struct Annotate {
    /// Whose view is changed; empty for the view of the compatible API.
    pub author: String,
    /// The credential that asks for it (account or key), kept in the history.
    pub by: String,
    /// What changes; `None` removes the annotation.
    pub patch: Option<AnnotationPatch>,
    /// Only if the annotation is at this revision; else [`StoreError::Conflict`](crate::StoreError::Conflict).
    pub if_revision: Option<u64>,
    /// By our clock.
    pub now: TimeUs,
    /// Make a placeholder in the scope's account when the call is unknown.
    pub accept_unknown: bool,
}

/// An annotation and the call it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnotationRecord {
    /// The call.
    pub call: CallRef,
    /// What is said.
    pub annotation: Annotation,
    /// Counts changes, 0 before the first.
    pub revision: u64,
    /// As [`CallRecord::advanced_features`](crate::CallRecord::advanced_features).
    pub advanced_features: bool,
}

/// One change of an annotation.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnotationChange {
    /// The revision it made, from 1.
    pub revision: u64,
    /// Whose view was changed.
    pub author: String,
    /// The credential that asked for it; how the summary of another system came that says so (`event-streams`, `native`).
    pub by: String,
    /// When, by our clock.
    pub at: TimeUs,
    /// Before.
    pub before: Annotation,
    /// After.
    pub after: Annotation,
}

/// Annotations, and what was ever said in them.
#[async_trait]
pub trait JudgementStore: Send + Sync {
    /// One annotation only.
    async fn annotation(&self, scope: Scope, sid: CallSid) -> Result<Lookup<AnnotationRecord>>;
    /// Changes an annotation: log, current row, filter columns and rollups in one transaction. A change that changes
    /// nothing adds nothing to the history.
    async fn annotate(
        &self,
        scope: Scope,
        sid: CallSid,
        change: Annotate,
    ) -> Result<Lookup<AnnotationRecord>>;
    /// Changes of a call's annotation by any author, latest first.
    async fn annotation_history(
        &self,
        call: CallRef,
        page: &PageRequest,
    ) -> Result<Page<AnnotationChange>>;
}
