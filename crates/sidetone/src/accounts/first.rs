//! The first account: a start finds or makes it, with the credentials that the settings give or
//! that are kept.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use sidetone_core::id::AccountSid;
use sidetone_core::time::{DAY_US, TimeUs};
use sidetone_store::account::{self, Account, Accounts, KeyFingerprint, Token};
use sidetone_store::{Store, StoreError};

use super::{
    BY, Credentials, NewAccount, credentials_file, expect_key, keep_renewed, kept, sealed,
};
use crate::config::{Config, Secret};
use crate::secrets::{Vault, random_hex, random_id, write_private};

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

/// Tokens that are shorter are warned of. Those that are made up have 32 characters, as Twilio's.
const TOKEN_CHARACTERS_MIN: usize = 16;

/// How long the token before stays valid when the settings give another one.
const KEPT_US: i64 = DAY_US;

/// Makes sure that there is a first account, with the token that the settings give if they give
/// one. What is made up here is kept in `credentials.json`, and what stands there about the account
/// is kept right.
///
/// # Errors
/// When settings are not identifiers, or files or the store fail.
pub async fn ensure_first(
    store: &dyn Store,
    vault: &Vault,
    config: &Config,
    now: TimeUs,
) -> anyhow::Result<First> {
    match find_or_make_first(store, vault, config, now).await {
        // Another node made it meanwhile.
        Err(error) if matches!(error.downcast_ref(), Some(StoreError::Conflict(_))) => {
            tracing::info!(%error, "another node has made an account meanwhile");
            find_or_make_first(store, vault, config, now).await
        }
        done => done,
    }
}

async fn find_or_make_first(
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
    match token {
        Some("") => bail!("auth_token (SIDETONE_AUTH_TOKEN) is empty"),
        Some(token) if token.chars().count() < TOKEN_CHARACTERS_MIN => tracing::warn!(
            "auth_token (SIDETONE_AUTH_TOKEN) has less than {TOKEN_CHARACTERS_MIN} characters: whoever guesses it reads all calls. `openssl rand -hex 16` makes a better one"
        ),
        _ => {}
    }
    let dir = &config.data;
    let kept = kept(dir);
    let named = kept.as_ref().and_then(|kept| kept.account_sid.parse().ok());
    let Accounts {
        sound: accounts,
        damaged,
    } = store.accounts().await?;
    expect_key(store, vault, &config.secret_key_file, &accounts).await?;
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
            let was_kept = kept.is_some();
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
            let (new, _) = sealed(vault, new, now)?;
            let created = if accounts.is_empty() {
                let key = KeyFingerprint(vault.fingerprint());
                store.create_first_account(new, key).await
            } else {
                store.create_account(new).await
            };
            if let Err(error) = created {
                if let StoreError::Conflict(_) = error
                    && is_made
                    && !was_kept
                {
                    // What was made up here opens nothing.
                    forget(&credentials_file(dir));
                }
                return Err(error.into());
            }
            keep_renewed(dir, &credentials)?;
            made = is_made.then_some(credentials);
            account
        }
    };
    let is_kept = super::kept(dir).is_some_and(|kept| kept.account_sid == account.to_string());
    Ok(First {
        account,
        made,
        kept_in: is_kept.then(|| credentials_file(dir)),
    })
}

/// The account that settings without an `AccountSid` are about: the one whose credentials are kept,
/// else the first.
fn of_existing(accounts: &[Account], named: Option<AccountSid>) -> Option<AccountSid> {
    let is_named = accounts.iter().find(|account| Some(account.sid) == named);
    let first = account::first(accounts);
    is_named.or(first).map(|account| account.sid)
}

/// Removes a file of credentials. That it stays is no reason to stop.
fn forget(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(
            path = %path.display(),
            %error,
            "credentials that open nothing cannot be removed; remove the file"
        );
    }
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
            "cannot keep the credentials of account {sid}; give both account_sid (SIDETONE_ACCOUNT_SID) and auth_token (SIDETONE_AUTH_TOKEN) to keep them elsewhere"
        )
    })?;
    Ok(credentials)
}

/// Makes an account have this token as its primary one. The one before stays valid for a day, so
/// that clients can change over.
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
        "auth_token (SIDETONE_AUTH_TOKEN) replaces another token of this account, which stays valid until then; after a rotation, change it there as well"
    );
    let mut tokens = vec![Token {
        sealed: vault.seal(&owner, token)?,
        expires_at: None,
    }];
    tokens.extend(old.cloned().map(|old| Token {
        expires_at: Some(until),
        ..old
    }));
    Ok(store.put_tokens(account.sid, tokens, BY, now).await?)
}
