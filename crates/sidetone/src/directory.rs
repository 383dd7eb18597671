//! Accounts and their credentials, in memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sha2::{Digest, Sha256};
use sidetone_core::id::{AccountSid, ApiKeySid};
use sidetone_core::time::TimeUs;
use sidetone_store::account::{self, Account, AccountSettings, ApiKey};
use sidetone_store::{Store, StoreError};
use sidetone_wire::access_token::Issuer;
use subtle::ConstantTimeEq;
use tokio::sync::Mutex;

use crate::rates::RateLimit;
use crate::secrets::Vault;

/// All accounts and credentials, kept up to date with the store.
pub struct Directory {
    vault: Arc<Vault>,
    entries: RwLock<Arc<Entries>>,
    /// Held while loading: of two loads at once, the one that began earlier could end later, and
    /// bring back what was revoked between them.
    loading: Mutex<()>,
    /// Milliseconds of the time that has passed.
    checked_at_ms: AtomicU64,
}

#[derive(Default)]
struct Entries {
    /// The store's state that these are at least as new as. `None`: nothing was loaded yet.
    epoch: Option<u64>,
    accounts: HashMap<AccountSid, AccountEntry>,
    /// That of whoever runs the server.
    first: Option<AccountSid>,
    keys: HashMap<ApiKeySid, KeyEntry>,
    /// Accounts by the `AccountSid` another provider sends.
    providers: HashMap<String, (AccountSid, String)>,
}

/// A secret that signatures are made with, and until when.
type Signing = (String, Option<TimeUs>);

struct AccountEntry {
    parent: Option<AccountSid>,
    name: String,
    settings: AccountSettings,
    tokens: Vec<(SecretDigest, Option<TimeUs>)>,
    /// The same in clear: what callbacks are signed with.
    signing: Vec<Signing>,
    rate_limit: Arc<RateLimit>,
}

struct KeyEntry {
    account: AccountSid,
    secret: SecretDigest,
    /// The same in clear: what access tokens are signed with.
    signing: String,
}

/// Digests are compared, not secrets: the comparison then takes the same time whatever the lengths.
struct SecretDigest([u8; 32]);

impl SecretDigest {
    fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }

    fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// What access tokens of an issuer may be signed with.
pub struct TokenSecrets {
    /// The account of the issuer.
    pub account: AccountSid,
    /// It is a key of another provider's, who calls its account by another name.
    pub is_of_provider: bool,
    /// Any of them.
    pub secrets: Vec<String>,
}

/// Whose credentials these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// An account's own token.
    Account(AccountSid),
    /// An API key of an account.
    Key(ApiKeySid, AccountSid),
}

impl Credential {
    /// The account they open.
    #[must_use]
    pub const fn account(self) -> AccountSid {
        match self {
            Self::Account(account) | Self::Key(_, account) => account,
        }
    }
}

impl std::fmt::Display for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account(account) => account.fmt(f),
            Self::Key(key, _) => key.fmt(f),
        }
    }
}

impl Directory {
    /// Loads everything.
    ///
    /// # Errors
    /// As the store's.
    pub async fn load(store: &dyn Store, vault: Arc<Vault>) -> Result<Self, StoreError> {
        let directory = Self {
            vault,
            entries: RwLock::default(),
            loading: Mutex::new(()),
            checked_at_ms: AtomicU64::new(0),
        };
        directory.refresh(store).await?;
        Ok(directory)
    }

    /// Loads everything again if anything changed, by whatever process. Says whether it did.
    ///
    /// # Errors
    /// As the store's.
    pub async fn refresh(&self, store: &dyn Store) -> Result<bool, StoreError> {
        let _loading = self.loading.lock().await;
        let epoch = store.account_epoch().await?;
        let old = self.entries();
        if old.epoch == Some(epoch) {
            return Ok(false);
        }
        let accounts = store.accounts().await?;
        let keys = store.api_keys().await?;
        for damage in &accounts.damaged {
            tracing::error!(
                damage,
                "an account cannot be read; nobody can use it until it is put back"
            );
        }
        let mut entries = self.entries_of(&old, accounts.sound, keys);
        entries.epoch = Some(epoch);
        *self.entries.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(entries);
        Ok(true)
    }

    /// As [`Self::refresh`], at most five times a second: for credentials that are not known (yet).
    pub async fn refresh_for_unknown(&self, store: &dyn Store, passed: Duration) -> bool {
        let now = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        let last = self.checked_at_ms.load(Ordering::Relaxed);
        if last > 0 && now.saturating_sub(last) < 200 {
            return false;
        }
        self.checked_at_ms.store(now.max(1), Ordering::Relaxed);
        self.refresh(store).await.unwrap_or(false)
    }

    /// Whose user and password these are, if anybody's.
    #[must_use]
    pub fn authenticate(&self, user: &str, password: &str, now: TimeUs) -> Option<Credential> {
        let given = SecretDigest::of(password);
        let entries = self.entries();
        if let Ok(sid) = user.parse::<AccountSid>() {
            let account = entries.accounts.get(&sid)?;
            let valid = |(token, expires): &(SecretDigest, Option<TimeUs>)| {
                token.is(&given) & expires.is_none_or(|expires| now < expires)
            };
            return account
                .tokens
                .iter()
                .any(valid)
                .then_some(Credential::Account(sid));
        }
        let sid = user.parse::<ApiKeySid>().ok()?;
        let key = entries.keys.get(&sid)?;
        key.secret
            .is(&given)
            .then_some(Credential::Key(sid, key.account))
    }

    /// What secrets are sealed with.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The first account that was made. `None`: there is no account yet.
    #[must_use]
    pub fn first_account(&self) -> Option<AccountSid> {
        self.entries().first
    }

    /// The account's rate limit of requests.
    #[must_use]
    pub fn rate_limit(&self, account: AccountSid) -> Option<Arc<RateLimit>> {
        self.entries()
            .accounts
            .get(&account)
            .map(|entry| entry.rate_limit.clone())
    }

    /// The account that an account is a subaccount of, if it is one.
    #[must_use]
    pub fn parent(&self, account: AccountSid) -> Option<AccountSid> {
        self.entries().accounts.get(&account)?.parent
    }

    /// Whether `child` is a subaccount of `parent`.
    #[must_use]
    pub fn is_subaccount(&self, child: AccountSid, parent: AccountSid) -> bool {
        self.entries()
            .accounts
            .get(&child)
            .is_some_and(|entry| entry.parent == Some(parent))
    }

    /// The subaccounts of an account, with their names.
    #[must_use]
    pub fn subaccounts(&self, parent: AccountSid) -> Vec<(AccountSid, String)> {
        let entries = self.entries();
        let all = entries.accounts.iter();
        let mut below: Vec<_> = all
            .filter(|(_, entry)| entry.parent == Some(parent))
            .map(|(sid, entry)| (*sid, entry.name.clone()))
            .collect();
        below.sort_unstable();
        below
    }

    /// The store's state that these are at least as new as.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.entries().epoch.unwrap_or_default()
    }

    /// The account's switches. `None`: there is no such account.
    #[must_use]
    pub fn settings(&self, account: AccountSid) -> Option<AccountSettings> {
        self.entries()
            .accounts
            .get(&account)
            .map(|entry| entry.settings)
    }

    /// The account that stored another provider's secret for this `AccountSid` of theirs. An
    /// account of our own answers for itself.
    #[must_use]
    pub fn provider(&self, provider_account: &str) -> Option<AccountSid> {
        let entries = self.entries();
        if let Some((account, _)) = entries.providers.get(provider_account) {
            return Some(*account);
        }
        let sid = provider_account.parse().ok()?;
        entries.accounts.contains_key(&sid).then_some(sid)
    }

    /// What signatures of this name are made with: the provider's secret; for an account of our
    /// own, every token that is still valid.
    #[must_use]
    pub fn signing_secrets(&self, provider_account: &str, now: TimeUs) -> Vec<String> {
        let entries = self.entries();
        if let Some((_, secret)) = entries.providers.get(provider_account) {
            return vec![secret.clone()];
        }
        match provider_account.parse() {
            Ok(sid) => self.own_tokens(sid, now),
            Err(_) => Vec::new(),
        }
    }

    /// What an issuer's access tokens may be signed with: the secret of a key, or every token of the
    /// account that is still valid. A key may be another provider's, whose secret an account has
    /// stored under its name. `None`: there is no such issuer.
    #[must_use]
    pub fn token_secrets(&self, issuer: Issuer, now: TimeUs) -> Option<TokenSecrets> {
        let entries = self.entries();
        match issuer {
            Issuer::Key(sid) => {
                if let Some(key) = entries.keys.get(&sid) {
                    return Some(TokenSecrets {
                        account: key.account,
                        is_of_provider: false,
                        secrets: vec![key.signing.clone()],
                    });
                }
                let (account, secret) = entries.providers.get(&sid.to_string())?;
                Some(TokenSecrets {
                    account: *account,
                    is_of_provider: true,
                    secrets: vec![secret.clone()],
                })
            }
            Issuer::Account(account) => {
                let is_ours = entries.accounts.contains_key(&account);
                is_ours.then(|| TokenSecrets {
                    account,
                    is_of_provider: false,
                    secrets: self.own_tokens(account, now),
                })
            }
        }
    }

    /// What an issuer signs access tokens with now.
    #[must_use]
    pub fn token_secret(&self, issuer: Issuer, now: TimeUs) -> Option<String> {
        let TokenSecrets { secrets, .. } = self.token_secrets(issuer, now)?;
        secrets.into_iter().next()
    }

    /// The account's own tokens that are still valid.
    fn own_tokens(&self, account: AccountSid, now: TimeUs) -> Vec<String> {
        let entries = self.entries();
        let signing = entries.accounts.get(&account).map(|entry| &entry.signing);
        let valid = signing.into_iter().flatten();
        let valid = valid.filter(|(_, expires)| expires.is_none_or(|expires| now < expires));
        valid.map(|(secret, _)| secret.clone()).collect()
    }

    /// What the account's own callbacks are signed with: the first of its tokens that is valid.
    #[must_use]
    pub fn primary_token(&self, account: AccountSid, now: TimeUs) -> Option<String> {
        self.own_tokens(account, now).into_iter().next()
    }

    fn entries(&self) -> Arc<Entries> {
        self.entries
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn entries_of(&self, old: &Entries, accounts: Vec<Account>, keys: Vec<ApiKey>) -> Entries {
        let mut entries = Entries {
            first: account::first(&accounts).map(|account| account.sid),
            ..Entries::default()
        };
        for account in accounts {
            let owner = account.sid.to_string();
            let mut clear = Vec::new();
            for token in &account.tokens {
                match self.vault.open_sealed(&owner, &token.sealed) {
                    Some(secret) => clear.push((secret, token.expires_at)),
                    None => {
                        tracing::error!(account.sid = %owner, "a token cannot be opened with this secret key")
                    }
                }
            }
            for provider in account.provider_secrets {
                if let Some(secret) = self.vault.open_sealed(&owner, &provider.sealed) {
                    entries
                        .providers
                        .insert(provider.provider_account, (account.sid, secret));
                }
            }
            let entry = AccountEntry {
                parent: account.parent,
                name: account.name,
                settings: account.settings,
                tokens: clear
                    .iter()
                    .map(|(token, expires)| (SecretDigest::of(token), *expires))
                    .collect(),
                signing: clear,
                rate_limit: old
                    .accounts
                    .get(&account.sid)
                    .map_or_else(Arc::default, |e| e.rate_limit.clone()),
            };
            entries.accounts.insert(account.sid, entry);
        }
        for key in keys {
            if let Some(secret) = self.vault.open_sealed(&key.sid.to_string(), &key.sealed) {
                let entry = KeyEntry {
                    account: key.account,
                    secret: SecretDigest::of(&secret),
                    signing: secret,
                };
                entries.keys.insert(key.sid, entry);
            }
        }
        entries
    }
}
