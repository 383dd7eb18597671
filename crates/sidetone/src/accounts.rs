//! Making accounts, tokens and keys: secrets are born here and sealed before they are stored.

use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use sidetone_core::id::{AccountSid, ApiKeySid};
use sidetone_core::time::TimeUs;
use sidetone_store::Store;
use sidetone_store::account::{Account, ApiKey, Settings, Token};

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
    let path = dir.join("credentials.json");
    let kept = std::fs::read_to_string(&path).ok();
    let kept = kept.and_then(|text| serde_json::from_str::<Credentials>(&text).ok());
    if kept.is_some_and(|kept| kept.account_sid == renewed.account_sid) {
        replace_private(&path, &format!("{}\n", serde_json::to_string(renewed)?))?;
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
        .into_iter()
        .find(|account| account.sid == sid)
        .with_context(|| {
            format!("there is no account {sid}; `sidetone account list` shows those there are")
        })
}

/// Makes sure that there is a first account. Returns its credentials when they were made up just now.
///
/// # Errors
/// When settings are not identifiers, or files or the store fail.
pub async fn ensure_first(
    store: &dyn Store,
    vault: &Vault,
    config: &Config,
    now: TimeUs,
) -> anyhow::Result<Option<Credentials>> {
    match (&config.account_sid, &config.auth_token) {
        (Some(sid), Some(token)) => {
            let sid: AccountSid = sid
                .parse()
                .with_context(|| format!("SIDETONE_ACCOUNT_SID '{sid}' is not an AccountSid"))?;
            if token.0.is_empty() {
                bail!("SIDETONE_AUTH_TOKEN is empty");
            }
            fix(store, vault, sid, &token.0, now).await?;
            Ok(None)
        }
        (None, None) => generate(store, vault, &config.data, now).await,
        _ => bail!(
            "SIDETONE_ACCOUNT_SID and SIDETONE_AUTH_TOKEN belong together: set both or neither"
        ),
    }
}

/// Makes an account have this token as its primary one.
async fn fix(
    store: &dyn Store,
    vault: &Vault,
    sid: AccountSid,
    token: &str,
    now: TimeUs,
) -> anyhow::Result<()> {
    let accounts = store.accounts().await?;
    let owner = sid.to_string();
    let others = accounts.len();
    let Some(account) = accounts.into_iter().find(|account| account.sid == sid) else {
        if others > 0 {
            tracing::warn!(account.sid = %sid, others, "the data holds other accounts; this one is new and sees none of their calls");
        }
        let new = NewAccount {
            sid: Some(sid),
            token: Some(Secret(token.to_owned())),
            ..NewAccount::default()
        };
        create(store, vault, new, now).await?;
        return Ok(());
    };
    let current = account
        .tokens
        .first()
        .and_then(|token| vault.open_sealed(&owner, &token.sealed));
    if current.as_deref() != Some(token) {
        tracing::warn!(
            account.sid = %owner,
            "SIDETONE_AUTH_TOKEN replaces another token of this account; after a rotation, change it there as well"
        );
        let sealed = vault.seal(&owner, token)?;
        store
            .put_tokens(
                sid,
                vec![Token {
                    sealed,
                    expires_at: None,
                }],
            )
            .await?;
    }
    Ok(())
}

async fn generate(
    store: &dyn Store,
    vault: &Vault,
    dir: &Path,
    now: TimeUs,
) -> anyhow::Result<Option<Credentials>> {
    if !store.accounts().await?.is_empty() {
        return Ok(None);
    }
    let path = dir.join("credentials.json");
    let (credentials, made) = match std::fs::read_to_string(&path) {
        // A crash came between the file and the account: the file was shown, so it holds.
        Ok(text) => {
            let kept: Credentials = serde_json::from_str(&text)
                .with_context(|| format!("{} is damaged", path.display()))?;
            (kept, false)
        }
        Err(_) => {
            let account_sid = AccountSid::from_bytes(random_id()?).to_string();
            (
                Credentials {
                    account_sid,
                    auth_token: random_hex(16)?,
                },
                true,
            )
        }
    };
    if made {
        write_private(
            &path,
            &format!("{}\n", serde_json::to_string(&credentials)?),
        )?;
    }
    let new = NewAccount {
        sid: Some(credentials.account_sid.parse()?),
        token: Some(Secret(credentials.auth_token.clone())),
        ..NewAccount::default()
    };
    create(store, vault, new, now).await?;
    Ok(Some(credentials))
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
