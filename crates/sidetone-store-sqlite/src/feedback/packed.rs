//! Feedback as a number: how the log of its changes and `call.rated` hold it.

use sidetone_core::feedback::{Feedback, Issues};

/// Feedback as `feedback_log` holds it: as `call.rated`, and from bit 11 on the order of the
/// issues. Rows without it are of versions that kept none.
pub(crate) fn pack(feedback: Feedback) -> i64 {
    rated(feedback) | i64::from(feedback.issues.order()) << 11
}

/// Feedback as `call.rated` holds it.
pub(crate) fn rated(feedback: Feedback) -> i64 {
    i64::from(feedback.score) | i64::from(feedback.issues.bits()) << 3
}

/// Reads either back.
pub(crate) fn unpack(packed: i64) -> Feedback {
    Feedback {
        score: (packed & 7) as u8,
        issues: Issues::from_bits((packed >> 3) as u8, (packed >> 11) as u32),
    }
}
