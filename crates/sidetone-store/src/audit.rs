//! Who did what: the log for those who answer for an installation.

use std::str::FromStr;

use async_trait::async_trait;
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;

use crate::error::Result;
use crate::page::{Page, PageRequest};

/// What can be done that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Somebody signed in.
    SignedIn,
    /// A person was made.
    PersonCreated,
    /// A person has another role or password, or may or may not sign in.
    PersonChanged,
    /// An API key was made.
    KeyCreated,
    /// An API key was revoked.
    KeyRevoked,
    /// An account has other tokens.
    TokensReplaced,
    /// Calls were erased.
    CallsErased,
    /// Many calls were annotated at once.
    CallsAnnotated,
    /// That was undone.
    AnnotationsUndone,
    /// An access token for a call was given out.
    TokenGiven,
    /// A view that others see, or saw until then, is another.
    ViewChanged,
    /// A sink was made or deleted, or is subscribed or is no longer.
    SinkChanged,
    /// A rule of alerts was made, changed, muted or deleted.
    AlertRuleChanged,
}

impl Deed {
    /// All there are.
    pub const ALL: [Self; 13] = [
        Self::SignedIn,
        Self::PersonCreated,
        Self::PersonChanged,
        Self::KeyCreated,
        Self::KeyRevoked,
        Self::TokensReplaced,
        Self::CallsErased,
        Self::CallsAnnotated,
        Self::AnnotationsUndone,
        Self::TokenGiven,
        Self::ViewChanged,
        Self::SinkChanged,
        Self::AlertRuleChanged,
    ];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed-in",
            Self::PersonCreated => "person-created",
            Self::PersonChanged => "person-changed",
            Self::KeyCreated => "key-created",
            Self::KeyRevoked => "key-revoked",
            Self::TokensReplaced => "tokens-replaced",
            Self::CallsErased => "calls-erased",
            Self::CallsAnnotated => "calls-annotated",
            Self::AnnotationsUndone => "annotations-undone",
            Self::TokenGiven => "token-given",
            Self::ViewChanged => "view-changed",
            Self::SinkChanged => "sink-changed",
            Self::AlertRuleChanged => "alert-rule-changed",
        }
    }
}

/// A text that is no deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such deed")]
pub struct DeedError;

impl FromStr for Deed {
    type Err = DeedError;

    fn from_str(text: &str) -> std::result::Result<Self, DeedError> {
        let deed = Self::ALL.into_iter().find(|deed| deed.as_str() == text);
        deed.ok_or(DeedError)
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The account that it was done in.
    pub account: AccountSid,
    /// When, by our clock.
    pub at: TimeUs,
    /// The person, the credential or the command that did it.
    pub who: String,
    /// What was done.
    pub what: Deed,
    /// To what: a person's name, an identifier; empty when there is nothing to name.
    pub target: String,
    /// How: what is different; empty when there is no more to say. Never a secret, never a number.
    pub detail: String,
}

/// The log of what was done. What people, keys, tokens and erasures are changed by writes it in the
/// same transaction.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Adds an entry. [`StoreError::NotFound`](crate::StoreError::NotFound) when there is no such
    /// account.
    async fn note(&self, entry: AuditEntry) -> Result<()>;
    /// The entries of an account, latest first.
    async fn audit(&self, account: AccountSid, page: &PageRequest) -> Result<Page<AuditEntry>>;
}
