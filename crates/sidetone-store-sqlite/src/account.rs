//! Accounts, their tokens and the secrets of providers.

use std::num::NonZeroU16;

use rusqlite::{Connection, OptionalExtension, params};
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::time::TimeUs;

use super::audit;
use super::engine::write_tx::WriteTx;
use super::error::{Error, Result};
use super::rows::checksum::expect_sound;
use super::rows::shard::{self, Shard};
use super::rows::tables::{ACCOUNT, SECRET_KEY};
use sidetone_store::account::{
    Account, AccountSettings, Accounts, KeyFingerprint, ProviderSecret, Token,
};
use sidetone_store::audit::{AuditEntry, Deed};
use sidetone_store::{Conflict, StoreError};

pub(super) fn accounts(conn: &Connection) -> Result<Accounts> {
    let mut statement = conn.prepare_cached(&format!(
        "select id, sid, parent_sid, name, created_us, advanced_features, voice_trace, mirror_feedback, {}
         from account order by id",
        ACCOUNT.is_sound("")
    ))?;
    let rows = statement.query_map([], |row| {
        let account = Account {
            sid: AccountSid::from_bytes(row.get(1)?),
            parent: row
                .get::<_, Option<[u8; 16]>>(2)?
                .map(AccountSid::from_bytes),
            name: row.get(3)?,
            created_at: TimeUs::from_micros(row.get(4)?),
            settings: AccountSettings {
                advanced_features: row.get(5)?,
                voice_trace: row.get(6)?,
                mirror_feedback: row.get(7)?,
            },
            tokens: Vec::new(),
            provider_secrets: Vec::new(),
        };
        Ok((row.get::<_, i64>(0)?, account, row.get(8)?))
    })?;
    let mut accounts = Accounts::default();
    for row in rows {
        let (id, mut account, is_sound) = row?;
        match expect_sound(is_sound, || format!("table account, {}", account.sid)) {
            Err(Error(StoreError::Corrupt(damage))) => {
                accounts.damaged.push(damage);
                continue;
            }
            sound => sound?,
        }
        account.tokens = tokens(conn, id)?;
        account.provider_secrets = provider_secrets(conn, id)?;
        accounts.sound.push(account);
    }
    Ok(accounts)
}

fn tokens(conn: &Connection, account: i64) -> Result<Vec<Token>> {
    let mut statement = conn.prepare_cached(
        "select sealed, expires_us from account_token where account = ?1 order by place",
    )?;
    let rows = statement.query_map([account], |row| {
        Ok(Token {
            sealed: row.get(0)?,
            expires_at: row.get::<_, Option<i64>>(1)?.map(TimeUs::from_micros),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn provider_secrets(conn: &Connection, account: i64) -> Result<Vec<ProviderSecret>> {
    let mut statement = conn.prepare_cached(
        "select provider_account, sealed from provider_secret where account = ?1 order by provider_account",
    )?;
    let rows = statement.query_map([account], |row| {
        Ok(ProviderSecret {
            provider_account: row.get(0)?,
            sealed: row.get(1)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn epoch(conn: &Connection) -> Result<u64> {
    let epoch: i64 = conn
        .prepare_cached("select epoch from account_epoch")?
        .query_row([], |row| row.get(0))?;
    Ok(epoch.unsigned_abs())
}

/// Tells whoever keeps accounts in memory that they have changed.
pub(super) fn changed(conn: &Connection) -> Result<()> {
    conn.execute("update account_epoch set epoch = epoch + 1", [])?;
    Ok(())
}

/// What calls need to know of their account.
#[derive(Debug, Clone, Copy)]
pub(super) struct AccountRow {
    pub(super) id: i64,
    pub(super) advanced_features: bool,
    buckets: NonZeroU16,
}

impl AccountRow {
    /// Where what is counted of a call stands.
    pub(super) fn shard(&self, sid: CallSid) -> Shard {
        Shard::of(self.id, self.buckets, sid)
    }
}

/// The row of an account.
pub(super) fn find(conn: &Connection, sid: AccountSid) -> Result<Option<AccountRow>> {
    let found = conn
        .prepare_cached("select id, advanced_features, buckets from account where sid = ?1")?
        .query_row([sid.as_bytes()], |row| {
            Ok(AccountRow {
                id: row.get(0)?,
                advanced_features: row.get(1)?,
                buckets: shard::buckets(row, 2)?,
            })
        })
        .optional()?;
    if found.is_none() {
        let is_there = conn
            .prepare_cached("select 1 from account not indexed where sid = ?1")?
            .exists([sid.as_bytes()])?;
        expect_sound(!is_there, || {
            format!("the index of table account, about {sid}")
        })?;
    }
    Ok(found)
}

/// The row of an account that must exist.
pub(super) fn existing(conn: &Connection, sid: AccountSid) -> Result<AccountRow> {
    find(conn, sid)?.ok_or_else(|| Error(StoreError::NotFound(format!("account {sid}"))))
}

/// `buckets`: how many parts its calls are divided into, from now on.
pub(super) fn create(tx: &mut WriteTx<'_>, account: &Account, buckets: NonZeroU16) -> Result<()> {
    let conn = tx.conn;
    if find(conn, account.sid)?.is_some() {
        return Err(Error(StoreError::Conflict(Conflict::AccountExists(
            account.sid,
        ))));
    }
    if let Some(parent) = account.parent {
        let of_parent: Option<Option<[u8; 16]>> = conn
            .query_row(
                "select parent_sid from account where sid = ?1",
                [parent.as_bytes()],
                |row| row.get(0),
            )
            .optional()?;
        match of_parent {
            None => return Err(Error(StoreError::NotFound(format!("account {parent}")))),
            Some(Some(_)) => {
                return Err(Error(StoreError::Invalid(format!(
                    "account {parent} is a subaccount, and subaccounts have none of their own; the parent must be an account without a parent"
                ))));
            }
            Some(None) => {}
        }
    }
    let id = conn
        .prepare(&ACCOUNT.insert_columns(&[
            "sid",
            "parent_sid",
            "name",
            "created_us",
            "advanced_features",
            "voice_trace",
            "mirror_feedback",
            "buckets",
        ]))?
        .insert(params![
            account.sid.as_bytes(),
            account.parent.as_ref().map(AccountSid::as_bytes),
            account.name,
            account.created_at.micros(),
            account.settings.advanced_features,
            account.settings.voice_trace,
            account.settings.mirror_feedback,
            buckets.get(),
        ])?;
    write_tokens(conn, id, &account.tokens)?;
    write_provider_secrets(conn, id, &account.provider_secrets)?;
    changed(conn)
}

pub(super) fn create_first(
    tx: &mut WriteTx<'_>,
    account: &Account,
    buckets: NonZeroU16,
    key: KeyFingerprint,
) -> Result<()> {
    let there = tx
        .conn
        .query_row("select sid from account not indexed limit 1", [], |row| {
            row.get(0).map(AccountSid::from_bytes)
        })
        .optional()?;
    if let Some(there) = there {
        return Err(Error(StoreError::Conflict(Conflict::AccountExists(there))));
    }
    keep_key(tx, key)?;
    create(tx, account, buckets)
}

/// The fingerprint of the key that is kept, if one is.
pub(super) fn kept_key(conn: &Connection) -> Result<Option<KeyFingerprint>> {
    let kept = conn
        .prepare_cached(&format!(
            "select fingerprint, {} from secret_key",
            SECRET_KEY.is_sound("")
        ))?
        .query_row([], |row| Ok((KeyFingerprint(row.get(0)?), row.get(1)?)))
        .optional()?;
    let Some((kept, is_sound)) = kept else {
        return Ok(None);
    };
    expect_sound(is_sound, || "table secret_key".to_owned())?;
    Ok(Some(kept))
}

/// Whether this is the key whose fingerprint is kept; `false`: none is.
pub(super) fn is_kept(conn: &Connection, key: KeyFingerprint) -> Result<bool> {
    match kept_key(conn)? {
        None => Ok(false),
        Some(kept) if kept == key => Ok(true),
        Some(_) => Err(Error(StoreError::Conflict(Conflict::AnotherKey))),
    }
}

/// Keeps the fingerprint of the key, unless one is kept: then it must be this.
pub(super) fn keep_key(tx: &mut WriteTx<'_>, key: KeyFingerprint) -> Result<()> {
    if !is_kept(tx.conn, key)? {
        tx.conn.execute(
            &SECRET_KEY.insert_columns(&["only_row", "fingerprint"]),
            params![1, key.0],
        )?;
    }
    Ok(())
}

pub(super) fn put_tokens(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    tokens: &[Token],
    by: &str,
    now: TimeUs,
) -> Result<()> {
    let id = existing(tx.conn, account)?.id;
    tx.conn
        .execute("delete from account_token where account = ?1", [id])?;
    write_tokens(tx.conn, id, tokens)?;
    let entry = AuditEntry {
        account,
        at: now,
        who: by.to_owned(),
        what: Deed::TokensReplaced,
        target: String::new(),
        detail: String::new(),
    };
    audit::note(tx.conn, id, &entry)?;
    changed(tx.conn)
}

fn write_tokens(conn: &Connection, account: i64, tokens: &[Token]) -> Result<()> {
    let mut insert = conn.prepare(
        "insert into account_token (account, place, sealed, expires_us) values (?1, ?2, ?3, ?4)",
    )?;
    for (place, token) in (0_i64..).zip(tokens) {
        insert.execute(params![
            account,
            place,
            token.sealed,
            token.expires_at.map(TimeUs::micros)
        ])?;
    }
    Ok(())
}

pub(super) fn put_provider_secrets(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    secrets: &[ProviderSecret],
) -> Result<()> {
    let id = existing(tx.conn, account)?.id;
    tx.conn
        .execute("delete from provider_secret where account = ?1", [id])?;
    write_provider_secrets(tx.conn, id, secrets)?;
    changed(tx.conn)
}

fn write_provider_secrets(
    conn: &Connection,
    account: i64,
    secrets: &[ProviderSecret],
) -> Result<()> {
    let mut insert = conn.prepare(
        "insert into provider_secret (provider_account, account, sealed) values (?1, ?2, ?3)
         on conflict do nothing",
    )?;
    for secret in secrets {
        if insert.execute(params![secret.provider_account, account, secret.sealed])? == 0 {
            return Err(Error(StoreError::Conflict(Conflict::ProviderAccountTaken(
                secret.provider_account.clone(),
            ))));
        }
    }
    Ok(())
}

pub(super) fn put_settings(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    settings: AccountSettings,
) -> Result<()> {
    let id = existing(tx.conn, account)?.id;
    let checksum = ACCOUNT.updated_unread(&[
        ("advanced_features", "?2"),
        ("voice_trace", "?3"),
        ("mirror_feedback", "?4"),
    ]);
    tx.conn.execute(
        &format!(
            "update account set advanced_features = ?2, voice_trace = ?3, mirror_feedback = ?4, checksum = {checksum}
             where id = ?1"
        ),
        params![
            id,
            settings.advanced_features,
            settings.voice_trace,
            settings.mirror_feedback
        ],
    )?;
    changed(tx.conn)
}
