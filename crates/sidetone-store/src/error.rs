//! What can go wrong in a store, by what a caller can do about it.

use sidetone_core::id::{AccountSid, AlertRuleSid, AnnotationBatchSid, ApiKeySid};

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
    Conflict(Conflict),
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

/// What stands in the way of a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The account is there, or one where a first one was to be made.
    #[error("account {0} exists")]
    AccountExists(AccountSid),
    /// The API key is there.
    #[error("API key {0} exists")]
    ApiKeyExists(ApiKeySid),
    /// Somebody has the name, of this account or another.
    #[error("there is a person of the name {0}")]
    PersonExists(String),
    /// The person may not sign in.
    #[error("{0} is disabled")]
    PersonDisabled(String),
    /// The owner has a view of that name.
    #[error("there is a view of the name {0}")]
    ViewExists(String),
    /// The account has a rule of that name.
    #[error("there is a rule of the name {0}")]
    AlertRuleExists(String),
    /// The rule says something else than what the change was made from.
    #[error("the rule {0} was changed meanwhile")]
    AlertRuleChanged(AlertRuleSid),
    /// The sink has a subscription.
    #[error("sink {0} is in use")]
    SinkInUse(String),
    /// The secret of an account with a provider is another account's.
    #[error("provider account {0} belongs to another account")]
    ProviderAccountTaken(String),
    /// Secrets are sealed with another key than this.
    #[error("secrets are sealed with another key")]
    AnotherKey,
    /// The annotation was changed since.
    #[error("the annotation is at revision {current}, not {expected}")]
    Revision {
        /// Which it is at.
        current: u64,
        /// Which the change is for.
        expected: u64,
    },
    /// The batch is another account's.
    #[error("{0} is of another account")]
    BatchOfAnotherAccount(AnnotationBatchSid),
    /// The batch was undone: it takes no lines any more.
    #[error("{0} was undone")]
    BatchUndone(AnnotationBatchSid),
}
