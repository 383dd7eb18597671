//! Accounts and their credentials, as stored. Secrets are sealed before they come here.

use async_trait::async_trait;
use sidetone_core::id::{AccountSid, ApiKeySid};
use sidetone_core::time::TimeUs;

use crate::error::Result;

/// An account or, with a parent, a subaccount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its identifier.
    pub sid: AccountSid,
    /// The account it belongs to.
    pub parent: Option<AccountSid>,
    /// For people.
    pub name: String,
    /// When it was created.
    pub created_at: TimeUs,
    /// Switches of the compatible API.
    pub settings: AccountSettings,
    /// Valid auth tokens, the primary one first; two while rotating.
    pub tokens: Vec<Token>,
    /// Secrets of other providers, to check the signatures of their callbacks.
    pub provider_secrets: Vec<ProviderSecret>,
}

/// The accounts that there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Those that can be read, in the order in which they were made.
    pub sound: Vec<Account>,
    /// What is wrong with each of the others.
    pub damaged: Vec<String>,
}

/// The first account: that of whoever runs the server. Of accounts in the order in which they were made.
#[must_use]
pub fn first(accounts: &[Account]) -> Option<&Account> {
    accounts.iter().find(|account| account.parent.is_none())
}

/// Switches of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountSettings {
    /// Only calls first seen while this is on are served, if the server is told to gate by it.
    pub advanced_features: bool,
    /// Stored only.
    pub voice_trace: bool,
    /// Whether new feedback is written into the annotation too.
    pub mirror_feedback: bool,
}

/// An auth token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The secret, sealed.
    pub sealed: Vec<u8>,
    /// After this it is no longer accepted. `None`: valid until replaced.
    pub expires_at: Option<TimeUs>,
}

/// The secret another provider signs its callbacks with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSecret {
    /// The `AccountSid` that provider sends, as text. Unique over all accounts.
    pub provider_account: String,
    /// The secret, sealed.
    pub sealed: Vec<u8>,
}

/// What tells one secret key from another without giving it away: secrets are sealed with the key
/// above the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFingerprint(pub [u8; 32]);

/// An API key of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its identifier.
    pub sid: ApiKeySid,
    /// Whose calls it opens.
    pub account: AccountSid,
    /// For people.
    pub name: String,
    /// The secret, sealed.
    pub sealed: Vec<u8>,
    /// When it was created.
    pub created_at: TimeUs,
}

/// Accounts and their credentials.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// All accounts; a damaged one keeps no other from being read.
    async fn accounts(&self) -> Result<Accounts>;
    /// All API keys that are not revoked.
    async fn api_keys(&self) -> Result<Vec<ApiKey>>;
    /// Grows with every change of accounts and keys, by whatever process.
    async fn account_epoch(&self) -> Result<u64>;
    /// Creates an account. [`StoreError::Conflict`](crate::StoreError::Conflict) when the
    /// identifier is taken, [`StoreError::NotFound`](crate::StoreError::NotFound) when the parent
    /// does not exist, [`StoreError::Invalid`](crate::StoreError::Invalid) when the parent is a
    /// subaccount itself.
    async fn create_account(&self, account: Account) -> Result<()>;
    /// Creates the first account and keeps the fingerprint of the key that its secrets are sealed
    /// with. [`StoreError::Conflict`](crate::StoreError::Conflict) when there is an account
    /// already, whichever: of nodes that start at once on an empty database, one makes it.
    async fn create_first_account(&self, account: Account, key: KeyFingerprint) -> Result<()>;
    /// The fingerprint that is kept, if one is.
    async fn key_fingerprint(&self) -> Result<Option<KeyFingerprint>>;
    /// Keeps the fingerprint when none is kept.
    /// [`StoreError::Conflict`](crate::StoreError::Conflict) when that of another key is.
    async fn expect_key(&self, key: KeyFingerprint) -> Result<()>;
    /// Replaces an account's tokens, and ends the sessions that began with one.
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) for an unknown account. `by` and `now`
    /// here and below: whom the log of what was done names, and when.
    async fn put_tokens(
        &self,
        account: AccountSid,
        tokens: Vec<Token>,
        by: &str,
        now: TimeUs,
    ) -> Result<()>;
    /// Replaces an account's provider secrets.
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) for an unknown account.
    async fn put_provider_secrets(
        &self,
        account: AccountSid,
        secrets: Vec<ProviderSecret>,
    ) -> Result<()>;
    /// Replaces an account's settings and returns them.
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) for an unknown account.
    async fn put_settings(&self, account: AccountSid, settings: AccountSettings) -> Result<()>;
    /// Adds an API key. [`StoreError::NotFound`](crate::StoreError::NotFound) for an unknown
    /// account.
    async fn create_api_key(&self, key: ApiKey, by: &str) -> Result<()>;
    /// Revokes an API key, and ends the sessions that began with it.
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) when there is none that is valid.
    async fn revoke_api_key(&self, key: ApiKeySid, by: &str, now: TimeUs) -> Result<()>;
}
