//! Making accounts, tokens and keys: secrets are born here and sealed before they are stored.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use sidetone_core::id::{AccountSid, ApiKeySid};
use sidetone_core::time::{DAY_US, TimeUs};
use sidetone_store::Store;
use sidetone_store::account::{Account, Accounts, ApiKey, Settings, Token};

use crate::config::{Config, Secret};
use crate::secrets::{Vault, random_hex, random_id, replace_private, write_private};

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
        settings: Settings {
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
    store.create_account(account).await?;
    Ok(Credentials {
        account_sid,
        auth_token,
    })
}

/// Gives an account a new token. The newest one before stays valid until `old_until`: two are valid at once at most.
///
/// # Errors
/// When there is no such account, or the store fails.
pub async fn rotate_token(
    store: &dyn Store,
    vault: &Vault,
    sid: AccountSid,
    old_until: TimeUs,
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
    store.put_tokens(sid, tokens).await?;
    Ok(Credentials {
        account_sid,
        auth_token,
    })
}

/// Keeps a new token where people look for it: in `credentials.json`, if that is about this account.
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

/// Makes an API key and returns its identifier and secret.
///
/// # Errors
/// When there is no such account, or the store fails.
pub async fn create_key(
    store: &dyn Store,
    vault: &Vault,
    account: AccountSid,
    name: String,
    now: TimeUs,
) -> anyhow::Result<(ApiKeySid, String)> {
    let sid = ApiKeySid::from_bytes(random_id()?);
    let secret = random_hex(16)?;
    let sealed = vault.seal(&sid.to_string(), &secret)?;
    store
        .create_api_key(ApiKey {
            sid,
            account,
            name,
            sealed,
            created_at: now,
        })
        .await?;
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

/// The first account, as a start finds or makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct First {
    /// The account.
    pub account: AccountSid,
    /// Its credentials, when they were made up just now.
    pub made: Option<Credentials>,
    /// The file that holds them. `None`: the settings give the token, or only the database has it.
    pub kept_in: Option<PathBuf>,
}

/// How long the token before stays valid when the settings give another one.
const KEPT_US: i64 = DAY_US;

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

/// Makes sure that there is a first account, with the token that the settings give if they give one. What is made up here is
/// kept in `credentials.json`, and what stands there about the account is kept right.
///
/// # Errors
/// When settings are not identifiers, or files or the store fail.
pub async fn ensure_first(
    store: &dyn Store,
    vault: &Vault,
    config: &Config,
    now: TimeUs,
) -> anyhow::Result<First> {
    let fixed = config.account_sid.as_ref().map(|sid| {
        sid.parse::<AccountSid>()
            .with_context(|| format!("SIDETONE_ACCOUNT_SID '{sid}' is not an AccountSid"))
    });
    let fixed = fixed.transpose()?;
    let token = config.auth_token.as_ref().map(|token| token.0.as_str());
    if token == Some("") {
        bail!("SIDETONE_AUTH_TOKEN is empty");
    }
    let dir = &config.data;
    let kept = kept(dir);
    let named = kept.as_ref().and_then(|kept| kept.account_sid.parse().ok());
    let Accounts {
        sound: accounts,
        damaged,
    } = store.accounts().await?;
    let sid = fixed.or_else(|| of_existing(&accounts, named));
    let existing = accounts.iter().find(|account| Some(account.sid) == sid);
    let mut made = None;
    let account = match existing {
        Some(account) => {
            // Beside one that cannot be read it may be meant for that one.
            let is_meant = damaged.is_empty() || sid == fixed || sid == named;
            if let Some(token) = token
                && is_meant
            {
                renew(store, vault, account, token, now).await?;
                keep_renewed(dir, &Credentials::new(account.sid, token))?;
            }
            account.sid
        }
        None => {
            if let Some(damage) = damaged.first() {
                bail!(
                    "{damage}: it may be the first account, so none is made; put a copy of the data directory back"
                );
            }
            if !accounts.is_empty() {
                let others = accounts.len();
                tracing::warn!(
                    account.sid = sid.map(tracing::field::display),
                    others,
                    "the data holds other accounts; this one is new and sees none of their calls"
                );
            }
            let (credentials, is_made) = match (sid.or(named), token, kept) {
                (Some(sid), Some(token), _) => (Credentials::new(sid, token), false),
                // A start failed between the file and the account: the file was kept, so it holds.
                (sid, None, Some(kept)) if sid == named => (kept, true),
                (sid, token, _) => (keep_new(dir, sid, token)?, true),
            };
            let account = credentials.account_sid.parse()?;
            let new = NewAccount {
                sid: Some(account),
                token: Some(Secret(credentials.auth_token.clone())),
                ..NewAccount::default()
            };
            create(store, vault, new, now).await?;
            keep_renewed(dir, &credentials)?;
            made = is_made.then_some(credentials);
            account
        }
    };
    let is_kept = self::kept(dir).is_some_and(|kept| kept.account_sid == account.to_string());
    Ok(First {
        account,
        made,
        kept_in: is_kept.then(|| credentials_file(dir)),
    })
}

/// The account that settings without an `AccountSid` are about: the one whose credentials are kept, else the oldest.
fn of_existing(accounts: &[Account], named: Option<AccountSid>) -> Option<AccountSid> {
    let is_named = accounts.iter().find(|account| Some(account.sid) == named);
    let of_nobody = accounts.iter().filter(|account| account.parent.is_none());
    let oldest = of_nobody.min_by_key(|account| account.created_at);
    is_named.or(oldest).map(|account| account.sid)
}

/// Makes up what is not given, and keeps it before anybody can see it.
fn keep_new(
    dir: &Path,
    sid: Option<AccountSid>,
    token: Option<&str>,
) -> anyhow::Result<Credentials> {
    let sid = sid.map_or_else(|| random_id().map(AccountSid::from_bytes), Ok)?;
    let token = token.map_or_else(|| random_hex(16), |token| Ok(token.to_owned()))?;
    let credentials = Credentials::new(sid, &token);
    let text = format!("{}\n", serde_json::to_string(&credentials)?);
    write_private(&credentials_file(dir), &text).with_context(|| {
        format!(
            "cannot keep the credentials of account {sid}; give both SIDETONE_ACCOUNT_SID and SIDETONE_AUTH_TOKEN to keep them elsewhere"
        )
    })?;
    Ok(credentials)
}

/// Makes an account have this token as its primary one. The one before stays valid for a day, so that clients can change
/// over.
async fn renew(
    store: &dyn Store,
    vault: &Vault,
    account: &Account,
    token: &str,
    now: TimeUs,
) -> anyhow::Result<()> {
    let owner = account.sid.to_string();
    let old = account.tokens.first();
    let current = old.and_then(|old| vault.open_sealed(&owner, &old.sealed));
    if current.as_deref() == Some(token) {
        return Ok(());
    }
    let until = now.plus_us(KEPT_US);
    tracing::warn!(
        account.sid = %owner,
        until = until.to_seconds_text(),
        "SIDETONE_AUTH_TOKEN replaces another token of this account, which stays valid until then; after a rotation, change it there as well"
    );
    let mut tokens = vec![Token {
        sealed: vault.seal(&owner, token)?,
        expires_at: None,
    }];
    tokens.extend(old.cloned().map(|old| Token {
        expires_at: Some(until),
        ..old
    }));
    Ok(store.put_tokens(account.sid, tokens).await?)
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
