//! An annotation: alone, within a summary, and in the history.

use serde::Serialize;
use sidetone_core::annotation::{Annotation, AnsweredByHeard, ConnectivityIssue, QualityIssue};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_store::{AnnotationChange, AnnotationRecord};

use super::{CallUrl, Seconds};

/// What is said, each field null when it is not.
#[derive(Debug, Serialize)]
pub struct AnnotationFields<'a> {
    answered_by: Option<AnsweredByHeard>,
    connectivity_issue: Option<ConnectivityIssue>,
    quality_issues: Option<&'a [QualityIssue]>,
    spam: Option<bool>,
    call_score: Option<u8>,
    comment: Option<&'a str>,
    incident: Option<&'a str>,
}

impl<'a> From<&'a Annotation> for AnnotationFields<'a> {
    fn from(annotation: &'a Annotation) -> Self {
        Self {
            answered_by: annotation.answered_by,
            connectivity_issue: annotation.connectivity_issue,
            quality_issues: annotation.quality_issues.as_deref(),
            spam: annotation.spam,
            call_score: annotation.call_score,
            comment: annotation.comment.as_deref(),
            incident: annotation.incident.as_deref(),
        }
    }
}

/// The annotation within a summary: without a URL of its own.
#[derive(Debug, Serialize)]
pub struct NestedAnnotation<'a> {
    account_sid: AccountSid,
    call_sid: CallSid,
    #[serde(flatten)]
    fields: AnnotationFields<'a>,
}

impl<'a> NestedAnnotation<'a> {
    /// `None` when nothing is said.
    #[must_use]
    pub fn of(call: CallRef, annotation: &'a Annotation) -> Option<Self> {
        (!annotation.is_empty()).then(|| Self {
            account_sid: call.account,
            call_sid: call.sid,
            fields: annotation.into(),
        })
    }
}

/// The Annotation resource.
#[derive(Debug, Serialize)]
pub struct AnnotationResource<'a> {
    account_sid: AccountSid,
    call_sid: CallSid,
    #[serde(flatten)]
    fields: AnnotationFields<'a>,
    url: CallUrl<'a>,
}

impl<'a> AnnotationResource<'a> {
    /// The resource of a call.
    #[must_use]
    pub fn of(record: &'a AnnotationRecord, base: &'a str) -> Self {
        Self {
            account_sid: record.call.account,
            call_sid: record.call.sid,
            fields: (&record.annotation).into(),
            url: CallUrl {
                base,
                sid: record.call.sid,
                part: "/Annotation",
            },
        }
    }
}

/// One entry of the history. Ours: the original keeps none.
#[derive(Debug, Serialize)]
pub struct ChangeItem<'a> {
    revision: u64,
    time: Seconds,
    author: &'a str,
    by: &'a str,
    before: AnnotationFields<'a>,
    after: AnnotationFields<'a>,
}

impl<'a> From<&'a AnnotationChange> for ChangeItem<'a> {
    fn from(change: &'a AnnotationChange) -> Self {
        Self {
            revision: change.revision,
            time: Seconds(change.at),
            author: &change.author,
            by: &change.by,
            before: (&change.before).into(),
            after: (&change.after).into(),
        }
    }
}
