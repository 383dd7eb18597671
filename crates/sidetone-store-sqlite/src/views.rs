//! Views: selections of calls under a name.

use rusqlite::{Connection, Row, params};
use sidetone_core::id::{AccountSid, ViewSid};
use sidetone_core::time::TimeUs;

use super::engine::write_tx::WriteTx;
use super::error::{Error, Result};
use super::rows::checksum::expect_sound;
use super::rows::tables::SAVED_VIEW;
use super::{account, audit};
use sidetone_store::audit::{AuditEntry, Deed};
use sidetone_store::views::{SHARED_MAX, VIEWS_MAX, View, ViewChange};
use sidetone_store::{Conflict, StoreError};

fn selected() -> String {
    format!(
        "select saved_view.id, saved_view.sid, account.sid, owner, saved_view.name, query, shared, saved_view.created_us,
         updated_us, {} from saved_view cross join account on account.id = saved_view.account",
        SAVED_VIEW.is_sound("saved_view.")
    )
}

fn read(row: &Row<'_>) -> Result<(i64, View)> {
    let id: i64 = row.get(0)?;
    expect_sound(row.get(9)?, || format!("table saved_view, row {id}"))?;
    let view = View {
        sid: ViewSid::from_bytes(row.get(1)?),
        account: AccountSid::from_bytes(row.get(2)?),
        owner: row.get(3)?,
        name: row.get(4)?,
        query: row.get(5)?,
        is_shared: row.get(6)?,
        created_at: TimeUs::from_micros(row.get(7)?),
        updated_at: TimeUs::from_micros(row.get(8)?),
    };
    Ok((id, view))
}

fn row_of(conn: &Connection, account: AccountSid, sid: ViewSid) -> Result<Option<(i64, View)>> {
    let sql = selected() + " where saved_view.sid = ?1 and account.sid = ?2";
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([sid.as_bytes(), account.as_bytes()])?;
    rows.next()?.map(read).transpose()
}

pub(super) fn find(conn: &Connection, account: AccountSid, sid: ViewSid) -> Result<Option<View>> {
    Ok(row_of(conn, account, sid)?.map(|(_, view)| view))
}

pub(super) fn seen_by(conn: &Connection, account: AccountSid, owner: &str) -> Result<Vec<View>> {
    let Some(account) = account::find(conn, account)? else {
        return Ok(Vec::new());
    };
    let mut views = Vec::new();
    for whose in ["owner = ?2", "owner <> ?2 and shared = 1"] {
        let sql = format!("{} where saved_view.account = ?1 and {whose}", selected());
        let mut statement = conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params![account.id, owner])?;
        while let Some(row) = rows.next()? {
            match read(row) {
                Ok((_, view)) => views.push(view),
                // `check` tells of it.
                Err(Error(StoreError::Corrupt(_))) => {}
                Err(error) => return Err(error),
            }
        }
    }
    views.sort_by(|one, other| (&one.name, one.sid).cmp(&(&other.name, other.sid)));
    Ok(views)
}

pub(super) fn create(tx: &mut WriteTx<'_>, view: &View) -> Result<()> {
    let account = account::existing(tx.conn, view.account)?.id;
    expect_free(tx.conn, account, &view.owner, &view.name)?;
    let owned = tx
        .conn
        .prepare_cached("select count(*) from saved_view where account = ?1 and owner = ?2")?
        .query_row(params![account, view.owner], |row| row.get(0))?;
    expect_room(owned, VIEWS_MAX, &format!("{} has", view.owner))?;
    if view.is_shared {
        expect_room_to_share(tx.conn, account, view.account)?;
    }
    let columns = [
        "sid",
        "account",
        "owner",
        "name",
        "query",
        "shared",
        "created_us",
        "updated_us",
    ];
    tx.conn
        .prepare_cached(&SAVED_VIEW.insert_columns(&columns))?
        .execute(params![
            view.sid.as_bytes(),
            account,
            view.owner,
            view.name,
            view.query,
            view.is_shared,
            view.created_at.micros(),
            view.updated_at.micros()
        ])?;
    if view.is_shared {
        note(
            tx.conn,
            account,
            view,
            "shared",
            &view.owner,
            view.created_at,
        )?;
    }
    Ok(())
}

pub(super) fn change(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    sid: ViewSid,
    change: ViewChange,
    by: &str,
    now: TimeUs,
) -> Result<View> {
    let Some((id, was)) = row_of(tx.conn, account, sid)? else {
        return Err(Error(StoreError::NotFound(format!("view {sid}"))));
    };
    let row = account::existing(tx.conn, account)?.id;
    let view = View {
        name: change.name.unwrap_or_else(|| was.name.clone()),
        query: change.query.unwrap_or_else(|| was.query.clone()),
        is_shared: change.is_shared.unwrap_or(was.is_shared),
        ..was.clone()
    };
    if view == was {
        return Ok(view);
    }
    if view.name != was.name {
        expect_free(tx.conn, row, &view.owner, &view.name)?;
    }
    if view.is_shared && !was.is_shared {
        expect_room_to_share(tx.conn, row, account)?;
    }
    let view = View {
        updated_at: now,
        ..view
    };
    tx.conn
        .prepare_cached(&SAVED_VIEW.update(&["name", "query", "shared", "updated_us"]))?
        .execute(params![
            view.name,
            view.query,
            view.is_shared,
            now.micros(),
            id
        ])?;
    let told = match (was.is_shared, view.is_shared) {
        (false, false) => return Ok(view),
        (false, true) => "shared",
        (true, false) => "no longer shared",
        (true, true) => "changed",
    };
    note(tx.conn, row, &view, told, by, now)?;
    Ok(view)
}

pub(super) fn delete(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    sid: ViewSid,
    by: &str,
    now: TimeUs,
) -> Result<bool> {
    let Some((id, view)) = row_of(tx.conn, account, sid)? else {
        return Ok(false);
    };
    tx.conn
        .prepare_cached("delete from saved_view where id = ?1")?
        .execute([id])?;
    if view.is_shared {
        let row = account::existing(tx.conn, account)?.id;
        note(tx.conn, row, &view, "forgotten", by, now)?;
    }
    Ok(true)
}

/// Its name and its filters may hold a number, so they are not in the log.
fn note(
    conn: &Connection,
    account: i64,
    view: &View,
    detail: &str,
    by: &str,
    at: TimeUs,
) -> Result<()> {
    let entry = AuditEntry {
        account: view.account,
        at,
        who: by.to_owned(),
        what: Deed::ViewChanged,
        target: view.sid.to_string(),
        detail: detail.to_owned(),
    };
    audit::note(conn, account, &entry)
}

fn expect_free(conn: &Connection, account: i64, owner: &str, name: &str) -> Result<()> {
    let mut statement = conn.prepare_cached(
        "select 1 from saved_view where account = ?1 and owner = ?2 and name = ?3",
    )?;
    if statement.exists(params![account, owner, name])? {
        let taken = Conflict::ViewExists(name.to_owned());
        return Err(Error(StoreError::Conflict(taken)));
    }
    Ok(())
}

fn expect_room_to_share(conn: &Connection, account: i64, sid: AccountSid) -> Result<()> {
    let shared = conn
        .prepare_cached("select count(*) from saved_view where account = ?1 and shared = 1")?
        .query_row([account], |row| row.get(0))?;
    expect_room(shared, SHARED_MAX, &format!("account {sid} shares"))
}

fn expect_room(there: usize, most: usize, who: &str) -> Result<()> {
    if there < most {
        return Ok(());
    }
    Err(Error(StoreError::Invalid(format!(
        "{who} {there} views, as many as there may be"
    ))))
}
