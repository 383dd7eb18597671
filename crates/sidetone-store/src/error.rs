//! What can go wrong in a store, by what a caller can do about it.

/// Result of a verb of the store.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A failure of a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// What the verb is about does not exist.
    #[error("{0} not found")]
    NotFound(String),
    /// It exists already, or has changed since it was read.
    #[error("conflict: {0}")]
    Conflict(String),
    /// The request makes no sense to the store.
    #[error("invalid: {0}")]
    Invalid(String),
    /// The query took more work than a query may, as the engine measures it; a narrower one would
    /// not.
    #[error("the query is too expensive: {0}")]
    TooExpensive(String),
    /// The store cannot take writes now (disk full, locked, shutting down); a retry may succeed.
    #[error("store unavailable: {0}")]
    Unavailable(String),
    /// What is stored cannot be read; somebody must look.
    #[error("store damaged: {0}")]
    Corrupt(String),
}
