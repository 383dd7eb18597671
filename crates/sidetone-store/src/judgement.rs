//! What people say about calls, author by author.

pub mod batch;

use async_trait::async_trait;
use sidetone_core::annotation::{Annotation, AnnotationPatch};
use sidetone_core::event::SourceKind;
use sidetone_core::id::{CallRef, CallSid};
use sidetone_core::summary::ImportedAnnotation;
use sidetone_core::time::TimeUs;

use self::batch::{AnnotateBatch, LineFate, UndoBatch, Undone};
use crate::error::{Conflict, Result, StoreError};
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
    /// Only if the annotation is at this revision; else
    /// [`StoreError::Conflict`].
    pub if_revision: Option<u64>,
    /// By our clock.
    pub now: TimeUs,
    /// Make a placeholder in the scope's account when the call is unknown.
    pub accept_unknown: bool,
}

/// What one author says of a call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Said {
    /// What is said.
    pub annotation: Annotation,
    /// Counts changes, 0 before the first.
    pub revision: u64,
}

impl Said {
    /// What a change makes of it (see [`Annotate`]). `None`: nothing else than it says, and nothing
    /// is written.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is not at the revision that the change is for.
    pub fn changed(
        &self,
        patch: Option<AnnotationPatch>,
        if_revision: Option<u64>,
    ) -> Result<Option<Self>> {
        if let Some(expected) = if_revision
            && expected != self.revision
        {
            return Err(StoreError::Conflict(Conflict::Revision {
                current: self.revision,
                expected,
            }));
        }
        let mut after = patch.map_or_else(Annotation::default, |patch| self.annotation.with(patch));
        after.quality_issues = after.quality_issues.filter(|issues| !issues.is_empty());
        Ok((after != self.annotation).then(|| self.followed_by(after)))
    }

    /// What the view of the compatible API becomes when another system's summary says something of
    /// the call ([`is_news`]), given who changed it last and when. `None`: it stays.
    ///
    /// What somebody here has said since stays, and so does all that was said here when nothing is
    /// said there any more: that takes back only what was said there.
    #[must_use]
    pub fn adopted(&self, last: Option<(&str, TimeUs)>, new: &ImportedAnnotation) -> Option<Self> {
        let said = &new.annotation;
        let is_kept =
            last.is_some_and(|(by, at)| !is_imported(by) && (at >= new.at || said.is_empty()));
        (!is_kept && self.annotation != *said).then(|| self.followed_by(said.clone()))
    }

    const fn followed_by(&self, annotation: Annotation) -> Self {
        Self {
            annotation,
            revision: self.revision + 1,
        }
    }
}

/// Whether another system's summary says something else that people said than the one before it.
#[must_use]
pub fn is_news(before: Option<&Annotation>, new: &ImportedAnnotation) -> bool {
    match before {
        Some(before) => *before != new.annotation,
        None => !new.annotation.is_empty(),
    }
}

/// What the history names for a credential where another system's summary said it: how that came.
#[must_use]
pub fn imported_by(source: SourceKind) -> String {
    source.as_str().replace('_', "-")
}

fn is_imported(by: &str) -> bool {
    let mut sources = SourceKind::ALL.iter();
    sources.any(|source| imported_by(*source) == by)
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
    /// The credential that asked for it; how the summary of another system came that says so
    /// (`event-streams`, `native`).
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
    /// Changes an annotation: log, current row, filter columns and rollups in one transaction. A
    /// change that changes nothing adds nothing to the history.
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
    /// Changes the annotations of the empty author that lines of a batch name, each whole or not at all: one that cannot be
    /// changed keeps no other from being. A line that the batch had already, by its number, changes nothing, whatever was said of
    /// its call since; one that found no call, or was refused, may come again. Says what became of each, in order.
    /// [`StoreError::Conflict`] when the batch was undone, or is another account's.
    async fn annotate_batch(&self, batch: AnnotateBatch) -> Result<Vec<LineFate>>;
    /// Undoes some more of a batch: what it changed last first. From the first of it on, the batch takes no more lines. Annotations get
    /// back what they said before, as a change like any other, unless somebody has changed them since. `None`: the account has
    /// no such batch.
    async fn undo_batch(&self, undo: UndoBatch) -> Result<Option<Undone>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(score: Option<u8>, revision: u64) -> Said {
        let annotation = Annotation {
            call_score: score,
            ..Annotation::default()
        };
        Said {
            annotation,
            revision,
        }
    }

    fn score(score: Option<u8>) -> Option<AnnotationPatch> {
        Some(AnnotationPatch {
            call_score: Some(score),
            ..AnnotationPatch::default()
        })
    }

    #[test]
    fn a_change_makes_a_revision_if_it_changes_anything() {
        #[track_caller]
        fn check(before: Said, patch: Option<AnnotationPatch>, expected: Option<Said>) {
            assert_eq!(before.changed(patch, None), Ok(expected));
        }
        check(scored(None, 0), score(Some(4)), Some(scored(Some(4), 1)));
        check(scored(Some(4), 1), score(Some(4)), None);
        check(scored(Some(4), 1), score(None), Some(scored(None, 2)));
        check(scored(Some(4), 1), Some(AnnotationPatch::default()), None);
        check(scored(Some(4), 1), None, Some(scored(None, 2)));
        check(scored(None, 2), None, None);
        let no_issues = AnnotationPatch {
            quality_issues: Some(Some(Vec::new())),
            ..AnnotationPatch::default()
        };
        check(scored(Some(4), 1), Some(no_issues), None);
    }

    #[test]
    fn a_change_is_for_one_revision() {
        let before = scored(Some(4), 3);
        assert_eq!(
            before.changed(score(Some(5)), Some(3)),
            Ok(Some(scored(Some(5), 4)))
        );
        for other in [0, 2, 4] {
            for patch in [score(Some(5)), score(Some(4))] {
                let refused = before.changed(patch, Some(other));
                assert!(matches!(refused, Err(StoreError::Conflict(_))), "{other}");
            }
        }
    }

    #[test]
    fn what_another_system_says_is_adopted_unless_somebody_here_said_more() {
        const AT: TimeUs = TimeUs::from_micros(10);
        const BEFORE: TimeUs = TimeUs::from_micros(9);
        const AFTER: TimeUs = TimeUs::from_micros(11);
        #[track_caller]
        fn check(
            said: Option<u8>,
            last: Option<(&str, TimeUs)>,
            new: Option<u8>,
            expected: Option<Option<u8>>,
        ) {
            let new = ImportedAnnotation {
                at: AT,
                source: SourceKind::EventStreams,
                annotation: scored(new, 0).annotation,
            };
            let adopted = scored(said, 1).adopted(last, &new);
            assert_eq!(adopted, expected.map(|score| scored(score, 2)));
        }
        check(None, None, Some(2), Some(Some(2)));
        check(Some(2), None, Some(2), None);
        check(Some(4), Some(("key", BEFORE)), Some(2), Some(Some(2)));
        check(Some(4), Some(("key", AT)), Some(2), None);
        check(Some(4), Some(("key", AFTER)), Some(2), None);
        check(
            Some(4),
            Some(("event-streams", AFTER)),
            Some(2),
            Some(Some(2)),
        );
        check(Some(4), Some(("key", BEFORE)), None, None);
        check(Some(4), Some(("event-streams", BEFORE)), None, Some(None));
    }

    #[test]
    fn what_was_said_before_is_no_news() {
        let new = |score| ImportedAnnotation {
            at: TimeUs::from_micros(0),
            source: SourceKind::EventStreams,
            annotation: scored(score, 0).annotation,
        };
        let said = scored(Some(4), 0).annotation;
        assert!(is_news(None, &new(Some(4))));
        assert!(!is_news(None, &new(None)));
        assert!(!is_news(Some(&said), &new(Some(4))));
        assert!(is_news(Some(&said), &new(Some(5))));
        assert!(is_news(Some(&said), &new(None)));
    }
}
