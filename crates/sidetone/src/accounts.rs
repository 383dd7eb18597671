//! Making accounts, tokens and keys: secrets are born here and sealed before they are stored.

pub mod first;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use sidetone_core::id::{AccountSid, ApiKeySid};
use sidetone_core::time::TimeUs;
use sidetone_store::account::{self, Account, AccountSettings, ApiKey, KeyFingerprint, Token};
use sidetone_store::{Store, StoreError};

use crate::config::Secret;
use crate::secrets::{Vault, random_hex, random_id, replace_private};

/// Whom the log of what was done names when the command line does something to accounts.
const BY: &str = "sidetone account";

/// An account and its token, as shown once and as kept in `credentials.json`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// `AC…`
    pub account_sid: String,
    /// Password for it.
    pub auth_token: String,
}

/// What a new account is to be.
#[derive(Debug, Clone, Default)]
pub struct NewAccount {
    /// Chosen identifier; generated when `None`.
    pub sid: Option<AccountSid>,
    /// Chosen token; generated when `None`.
    pub token: Option<Secret>,
    /// The account it belongs to.
    pub parent: Option<AccountSid>,
    /// For people.
    pub name: String,
}

impl Credentials {
    fn new(account: AccountSid, token: &str) -> Self {
        Self {
            account_sid: account.to_string(),
            auth_token: token.to_owned(),
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("account_sid", &self.account_sid)
            .finish_non_exhaustive()
    }
}

/// Makes an account.
///
/// # Errors
/// When the store refuses it, or the system has no random bytes.
pub async fn create(
    store: &dyn Store,
    vault: &Vault,
    new: NewAccount,
    now: TimeUs,
) -> anyhow::Result<Credentials> {
    let (account, credentials) = sealed(vault, new, now)?;
    store.create_account(account).await?;
    Ok(credentials)
}

/// Makes up what is not given, and seals what is secret.
fn sealed(vault: &Vault, new: NewAccount, now: TimeUs) -> anyhow::Result<(Account, Credentials)> {
    let sid = new
        .sid
        .map_or_else(|| random_id().map(AccountSid::from_bytes), Ok)?;
    let auth_token = match new.token {
        Some(token) => token.0,
        None => random_hex(16)?,
    };
    let account_sid = sid.to_string();
    let sealed = vault.seal(&account_sid, &auth_token)?;
    let account = Account {
        sid,
        parent: new.parent,
        name: new.name,
        created_at: now,
        settings: AccountSettings {
            advanced_features: true,
            voice_trace: false,
            mirror_feedback: false,
        },
        tokens: vec![Token {
            sealed,
            expires_at: None,
        }],
        provider_secrets: Vec::new(),
    };
    let credentials = Credentials {
        account_sid,
        auth_token,
    };
    Ok((account, credentials))
}

/// Refuses a key that is not the one that secrets in the database are sealed with. Whoever shows
/// first that a key opens them has its fingerprint kept, if none was with the first account. Where
/// there is nothing to open, the fingerprint alone tells.
///
/// # Errors
/// When it is another, or the store fails.
pub async fn expect_key(
    store: &dyn Store,
    vault: &Vault,
    secret_key: &Path,
    accounts: &[Account],
) -> anyhow::Result<()> {
    let fingerprint = KeyFingerprint(vault.fingerprint());
    let expected = match opens_any(vault, accounts) {
        Some(true) => store.expect_key(fingerprint).await,
        Some(false) => bail!(another_key(secret_key)),
        None => match store.key_fingerprint().await {
            Ok(Some(kept)) if kept != fingerprint => bail!(another_key(secret_key)),
            looked => looked.map(drop),
        },
    };
    match expected {
        Err(StoreError::Conflict(_)) => bail!(another_key(secret_key)),
        // The credentials say enough; and without any, no first account is made then.
        Err(StoreError::Corrupt(damage)) => {
            tracing::error!(damage, "the fingerprint of the secret key cannot be read");
            Ok(())
        }
        expected => Ok(expected?),
    }
}

/// Says that a key is not the one, and what to do.
#[must_use]
pub fn another_key(secret_key: &Path) -> String {
    format!(
        "the secret key {} is not the one that the credentials in the database are sealed with: they are of different installations, or of nodes with a key each. Put the key that belongs to the database in its place, or name its file with --secret-key-file (SIDETONE_SECRET_KEY_FILE); all nodes of a database need the same",
        secret_key.display()
    )
}

/// Whether a key is not the one, as [`expect_key`] would find; keeps nothing.
///
/// # Errors
/// When the store fails.
pub async fn is_another_key(
    store: &dyn Store,
    vault: &Vault,
    accounts: &[Account],
) -> anyhow::Result<bool> {
    if opens_any(vault, accounts) == Some(false) {
        return Ok(true);
    }
    match store.key_fingerprint().await {
        Ok(kept) => Ok(kept.is_some_and(|kept| kept != KeyFingerprint(vault.fingerprint()))),
        // The check of the rows says so.
        Err(StoreError::Corrupt(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether the key opens any of the tokens; `None`: there is none to try.
fn opens_any(vault: &Vault, accounts: &[Account]) -> Option<bool> {
    let opens = accounts.iter().flat_map(|account| {
        let owner = account.sid.to_string();
        let opens = move |token: &Token| vault.open_sealed(&owner, &token.sealed).is_some();
        account.tokens.iter().map(opens)
    });
    opens.reduce(|any, opens| any || opens)
}

/// Gives an account a new token. The newest one before stays valid until `old_until`: two are valid
/// at once at most.
///
/// # Errors
/// When there is no such account, or the store fails.
pub async fn rotate_token(
    store: &dyn Store,
    vault: &Vault,
    sid: AccountSid,
    old_until: TimeUs,
    now: TimeUs,
) -> anyhow::Result<Credentials> {
    let account = find(store, sid).await?;
    let auth_token = random_hex(16)?;
    let account_sid = sid.to_string();
    let mut tokens = vec![Token {
        sealed: vault.seal(&account_sid, &auth_token)?,
        expires_at: None,
    }];
    tokens.extend(account.tokens.into_iter().take(1).map(|old| Token {
        expires_at: Some(old_until),
        ..old
    }));
    store.put_tokens(sid, tokens, BY, now).await?;
    Ok(Credentials {
        account_sid,
        auth_token,
    })
}

/// Keeps a new token where people look for it: in `credentials.json`, if that is about this
/// account.
///
/// # Errors
/// When the file cannot be written.
pub fn keep_renewed(dir: &Path, renewed: &Credentials) -> anyhow::Result<()> {
    if kept(dir).is_some_and(|kept| kept.account_sid == renewed.account_sid && kept != *renewed) {
        let text = format!("{}\n", serde_json::to_string(renewed)?);
        replace_private(&credentials_file(dir), &text)?;
    }
    Ok(())
}

/// Makes an API key and returns its identifier and secret. `by`: who asks for it.
///
/// # Errors
/// When there is no such account, or the store fails.
pub async fn create_key(
    store: &dyn Store,
    vault: &Vault,
    account: AccountSid,
    name: String,
    by: &str,
    now: TimeUs,
) -> anyhow::Result<(ApiKeySid, String)> {
    let sid = ApiKeySid::from_bytes(random_id()?);
    let secret = random_hex(16)?;
    let sealed = vault.seal(&sid.to_string(), &secret)?;
    let key = ApiKey {
        sid,
        account,
        name,
        sealed,
        created_at: now,
    };
    store.create_api_key(key, by).await?;
    Ok((sid, secret))
}

/// The account of an identifier.
///
/// # Errors
/// When there is none.
pub async fn find(store: &dyn Store, sid: AccountSid) -> anyhow::Result<Account> {
    let accounts = store.accounts().await?;
    accounts
        .sound
        .into_iter()
        .find(|account| account.sid == sid)
        .with_context(|| {
            format!("there is no account {sid}; `sidetone account list` shows those there are")
        })
}

/// The account that a command is about: the one that is named, else the first.
///
/// # Errors
/// When there is no such account, or none at all.
pub async fn named_or_first(
    store: &dyn Store,
    named: Option<AccountSid>,
) -> anyhow::Result<AccountSid> {
    if let Some(named) = named {
        return Ok(find(store, named).await?.sid);
    }
    let accounts = store.accounts().await?.sound;
    let first = account::first(&accounts)
        .context("there is no account yet; make one with `sidetone account create`")?;
    Ok(first.sid)
}

/// Where the credentials of the first account are kept.
#[must_use]
pub fn credentials_file(dir: &Path) -> PathBuf {
    dir.join("credentials.json")
}

/// The credentials kept in a data directory. `None`: there are none, or they cannot be read.
#[must_use]
pub fn kept(dir: &Path) -> Option<Credentials> {
    let text = std::fs::read_to_string(credentials_file(dir)).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_made_for_debugging_shows_a_token() {
        let token = "s3cret".to_owned();
        let new = NewAccount {
            token: Some(Secret(token.clone())),
            ..NewAccount::default()
        };
        let credentials = Credentials {
            account_sid: "AC1".to_owned(),
            auth_token: token,
        };
        for shown in [format!("{new:?}"), format!("{credentials:?}")] {
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }
}
