//! What people say about a call.

use serde::{Deserialize, Serialize};

closed_set!(
    /// Who answered, as a person judged it.
    AnsweredByHeard {
        /// The wire's "not set".
        Unknown = "unknown_answered_by",
        /// A person.
        Human = "human",
        /// A machine.
        Machine = "machine",
    }
);

closed_set!(
    /// What went wrong with reaching the other side.
    ConnectivityIssue {
        /// The wire's "not set".
        Unknown = "unknown_connectivity_issue",
        /// Nothing.
        None = "no_connectivity_issue",
        /// The number does not exist.
        InvalidNumber = "invalid_number",
        /// The caller's number was shown wrongly.
        CallerId = "caller_id",
        /// The call broke off.
        DroppedCall = "dropped_call",
        /// The number could not be reached.
        NumberReachability = "number_reachability",
    }
);

closed_set!(
    /// What was wrong with the sound.
    QualityIssue {
        /// The wire's "not set".
        Unknown = "unknown_quality_issue",
        /// Nothing.
        None = "no_quality_issue",
        /// Too quiet.
        LowVolume = "low_volume",
        /// Broken up.
        ChoppyRobotic = "choppy_robotic",
        /// Echo.
        Echo = "echo",
        /// Keys were not understood.
        Dtmf = "dtmf",
        /// Delay.
        Latency = "latency",
        /// One-way audio.
        OneWayAudio = "owa",
        /// Noise.
        StaticNoise = "static_noise",
    }
);

/// The most characters (Unicode scalar values) a comment or an incident may have.
pub const TEXT_MAX_CHARS: usize = 100;

/// The judgement of one author about one call. `None` means: not said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Annotation {
    /// Who answered.
    pub answered_by: Option<AnsweredByHeard>,
    /// What went wrong with reaching the other side.
    pub connectivity_issue: Option<ConnectivityIssue>,
    /// What was wrong with the sound; in the order given, each once. Never an empty list.
    pub quality_issues: Option<Vec<QualityIssue>>,
    /// Whether it was spam.
    pub spam: Option<bool>,
    /// 1 bad, 2 poor, 3 fair, 4 good, 5 excellent.
    pub call_score: Option<u8>,
    /// Free text of at most [`TEXT_MAX_CHARS`] characters.
    pub comment: Option<String>,
    /// Reference to a ticket, at most [`TEXT_MAX_CHARS`] characters.
    pub incident: Option<String>,
}

/// What to do with one field: leave it (`None`), clear it (`Some(None)`) or set it.
pub type FieldChange<T> = Option<Option<T>>;

/// A partial change of an annotation: what is not mentioned stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnnotationPatch {
    /// Who answered.
    pub answered_by: FieldChange<AnsweredByHeard>,
    /// What went wrong with reaching the other side.
    pub connectivity_issue: FieldChange<ConnectivityIssue>,
    /// Replaces the whole list.
    pub quality_issues: FieldChange<Vec<QualityIssue>>,
    /// Whether it was spam.
    pub spam: FieldChange<bool>,
    /// 1–5.
    pub call_score: FieldChange<u8>,
    /// Free text.
    pub comment: FieldChange<String>,
    /// Reference to a ticket.
    pub incident: FieldChange<String>,
}

impl AnnotationPatch {
    /// The change that makes any annotation this one.
    #[must_use]
    pub fn to(annotation: &Annotation) -> Self {
        let Annotation {
            answered_by,
            connectivity_issue,
            quality_issues,
            spam,
            call_score,
            comment,
            incident,
        } = annotation.clone();
        Self {
            answered_by: Some(answered_by),
            connectivity_issue: Some(connectivity_issue),
            quality_issues: Some(quality_issues),
            spam: Some(spam),
            call_score: Some(call_score),
            comment: Some(comment),
            incident: Some(incident),
        }
    }
}

impl Annotation {
    /// Whether nothing at all is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The annotation after a partial change.
    #[must_use]
    pub fn with(&self, patch: AnnotationPatch) -> Self {
        fn pick<T: Clone>(old: &Option<T>, change: FieldChange<T>) -> Option<T> {
            change.unwrap_or_else(|| old.clone())
        }
        Self {
            answered_by: pick(&self.answered_by, patch.answered_by),
            connectivity_issue: pick(&self.connectivity_issue, patch.connectivity_issue),
            quality_issues: pick(&self.quality_issues, patch.quality_issues),
            spam: pick(&self.spam, patch.spam),
            call_score: pick(&self.call_score, patch.call_score),
            comment: pick(&self.comment, patch.comment),
            incident: pick(&self.incident, patch.incident),
        }
    }
}
