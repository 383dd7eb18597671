//! API keys of accounts.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sidetone_core::id::{AccountSid, ApiKeySid};
use sidetone_core::time::TimeUs;

use super::account::{changed, existing};
use super::audit;
use super::engine::write_tx::WriteTx;
use super::error::{Error, Result};
use sidetone_store::account::ApiKey;
use sidetone_store::audit::{AuditEntry, Deed};
use sidetone_store::{Conflict, StoreError};

pub(super) fn all(conn: &Connection) -> Result<Vec<ApiKey>> {
    let mut statement = conn.prepare_cached(
        "select k.sid, a.sid, k.name, k.sealed, k.created_us
         from api_key k join account a on a.id = k.account where not k.revoked order by k.sid",
    )?;
    let rows = statement.query_map([], |row: &Row<'_>| {
        Ok(ApiKey {
            sid: ApiKeySid::from_bytes(row.get(0)?),
            account: AccountSid::from_bytes(row.get(1)?),
            name: row.get(2)?,
            sealed: row.get(3)?,
            created_at: TimeUs::from_micros(row.get(4)?),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn create(tx: &mut WriteTx<'_>, key: &ApiKey, by: &str) -> Result<()> {
    let account = existing(tx.conn, key.account)?.id;
    let added = tx.conn.execute(
        "insert into api_key (sid, account, name, sealed, created_us) values (?1, ?2, ?3, ?4, ?5)
         on conflict do nothing",
        params![
            key.sid.as_bytes(),
            account,
            key.name,
            key.sealed,
            key.created_at.micros()
        ],
    )?;
    if added == 0 {
        return Err(Error(StoreError::Conflict(Conflict::ApiKeyExists(key.sid))));
    }
    let entry = AuditEntry {
        account: key.account,
        at: key.created_at,
        who: by.to_owned(),
        what: Deed::KeyCreated,
        target: key.sid.to_string(),
        detail: String::new(),
    };
    audit::note(tx.conn, account, &entry)?;
    changed(tx.conn)
}

pub(super) fn revoke(tx: &mut WriteTx<'_>, key: ApiKeySid, by: &str, now: TimeUs) -> Result<()> {
    let revoked: Option<i64> = tx
        .conn
        .query_row(
            "update api_key set revoked = 1 where sid = ?1 and not revoked returning account",
            [key.as_bytes()],
            |row| row.get(0),
        )
        .optional()?;
    let Some(account) = revoked else {
        return Err(Error(StoreError::NotFound(format!("API key {key}"))));
    };
    let sid = tx
        .conn
        .query_row("select sid from account where id = ?1", [account], |row| {
            row.get(0).map(AccountSid::from_bytes)
        })?;
    let entry = AuditEntry {
        account: sid,
        at: now,
        who: by.to_owned(),
        what: Deed::KeyRevoked,
        target: key.to_string(),
        detail: String::new(),
    };
    audit::note(tx.conn, account, &entry)?;
    changed(tx.conn)
}
