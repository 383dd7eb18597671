//! The log of what was done.

use rusqlite::{Connection, Row, params};
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;

use super::error::{Error, Result};
use super::rows::checksum::expect_sound;
use super::rows::paging::{self, Toward};
use super::rows::tables::AUDIT;
use sidetone_store::StoreError;
use sidetone_store::audit::AuditEntry;
use sidetone_store::page::{Page, PageRequest, RowKey};

/// `account`: the row of the entry's account.
pub(super) fn note(conn: &Connection, account: i64, entry: &AuditEntry) -> Result<()> {
    let columns = ["account", "at_us", "who", "what", "target", "detail"];
    conn.prepare_cached(&AUDIT.insert_columns(&columns))?
        .execute(params![
            account,
            entry.at.micros(),
            entry.who,
            entry.what.as_str(),
            entry.target,
            entry.detail
        ])?;
    Ok(())
}

/// A page, latest first.
pub(super) fn page(
    conn: &Connection,
    account: i64,
    sid: AccountSid,
    request: &PageRequest,
) -> Result<Page<AuditEntry>> {
    let page = paging::page(
        request,
        |(row_key, _): &(RowKey, Result<AuditEntry>)| *row_key,
        |toward, from, limit| {
            let (beyond, order, outermost) = match toward {
                Toward::End => ("<", "desc", i64::MAX),
                Toward::Beginning => (">", "asc", i64::MIN),
            };
            let sql = format!(
                "select id, at_us, who, what, target, detail, {} from audit
                 where account = ?1 and (at_us, id) {beyond} (?2, ?3) order by at_us {order}, id {order} limit ?4",
                AUDIT.is_sound("")
            );
            let from = from.unwrap_or(RowKey {
                key: outermost,
                id: outermost,
            });
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut statement = conn.prepare_cached(&sql)?;
            let rows = statement.query_map([account, from.key, from.id, limit], |row| {
                let row_key = RowKey {
                    key: row.get(1)?,
                    id: row.get(0)?,
                };
                Ok((row_key, read(row, sid)))
            })?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        },
    )?;
    paging::sound(page.map(|(_, entry)| entry))
}

fn read(row: &Row<'_>, account: AccountSid) -> Result<AuditEntry> {
    let damage = || -> String {
        let id: i64 = row.get(0).unwrap_or_default();
        format!("table audit, row {id}")
    };
    expect_sound(row.get(6)?, damage)?;
    let what: String = row.get(3)?;
    let what = what.parse();
    Ok(AuditEntry {
        account,
        at: TimeUs::from_micros(row.get(1)?),
        who: row.get(2)?,
        what: what.map_err(|_| Error(StoreError::Corrupt(damage())))?,
        target: row.get(4)?,
        detail: row.get(5)?,
    })
}
