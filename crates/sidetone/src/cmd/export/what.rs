//! What can be exported.

use clap::ValueEnum;

use crate::api::v1::export::column::Columns;
use crate::api::v1::export::columns::{ANNOTATIONS, FEEDBACK, SUMMARIES};

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum What {
    /// A row for each call: its summary, and its annotation beside it
    Summaries,
    /// A row for each change of an annotation
    Annotations,
    /// A row for each call with feedback
    Feedback,
}

impl What {
    /// In a word.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Summaries => "summaries",
            Self::Annotations => "annotations",
            Self::Feedback => "feedback",
        }
    }

    /// The columns of its rows.
    pub(super) fn columns(self) -> &'static Columns {
        match self {
            Self::Summaries => &SUMMARIES,
            Self::Annotations => &ANNOTATIONS,
            Self::Feedback => &FEEDBACK,
        }
    }
}
