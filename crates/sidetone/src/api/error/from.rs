//! What the API answers where a layer below could not.

use std::sync::LazyLock;

use sidetone_store::StoreError;

use super::ApiError;
use crate::bounds::Undone;
use crate::clock::Clock;
use crate::telemetry::throttle::{LogThrottle, Subject};
use crate::web::body::BodyError;

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { max_bytes } => Self::too_large(max_bytes),
            BodyError::TooSlow => Self::request_timeout(),
            BodyError::BrokenOff => Self::bad_request("The request body broke off."),
            BodyError::NoRoom => Self::busy(),
        }
    }
}

impl From<Undone> for ApiError {
    fn from(undone: Undone) -> Self {
        match undone {
            Undone::NoRoom => Self::busy(),
            Undone::Panicked => Self::internal(),
        }
    }
}

/// A full disk refuses every write, and each page may meet the same damage: one line a second of
/// each kind is enough.
static LOG_THROTTLE: LazyLock<LogThrottle> = LazyLock::new(LogThrottle::default);

impl From<StoreError> for ApiError {
    /// The outside of a failure of the store. The inside is logged here.
    fn from(error: StoreError) -> Self {
        let may_log = |what| LOG_THROTTLE.may_log(what, Clock::default().now());
        match error {
            StoreError::NotFound(what) => Self::not_found(what),
            StoreError::Conflict(_) => Self::precondition_failed(),
            StoreError::Invalid(reason) => {
                tracing::warn!(reason, "the store refused a request as invalid");
                Self::bad_request("The request makes no sense to the store.")
            }
            StoreError::TooExpensive(reason) => {
                tracing::warn!(reason, "a query was too expensive");
                Self::too_expensive()
            }
            StoreError::Unavailable(reason) => {
                if let Some(more) = may_log(Subject::StoreUnavailable) {
                    tracing::warn!(reason, more, "the store is unavailable");
                }
                Self::unavailable()
            }
            StoreError::Corrupt(reason) => {
                if let Some(more) = may_log(Subject::StoreDamaged) {
                    tracing::error!(reason, more, "the store is damaged");
                }
                Self::internal()
            }
        }
    }
}
