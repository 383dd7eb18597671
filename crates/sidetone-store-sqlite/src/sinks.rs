//! Sinks. What they are sent is in `sinks/subscription.rs`.

pub(crate) mod subscription;

use rusqlite::{Connection, Row, params};
use sidetone_core::id::{AccountSid, SinkSid};
use sidetone_core::time::TimeUs;

use super::engine::write_tx::WriteTx;
use super::error::{Error, Result};
use super::rows::checksum::expect_sound;
use super::rows::paging::latest_first;
use super::rows::tables::SINK;
use super::{account, audit};
use sidetone_store::audit::{AuditEntry, Deed};
use sidetone_store::page::{Page, PageRequest};
use sidetone_store::sinks::{SINKS_MAX, Sink, SinkChange, SinkFilter, SinkKind, SinkStatus};
use sidetone_store::{Conflict, StoreError, Topic};

/// A sink and its row.
pub(crate) struct SinkRow {
    id: i64,
    sink: Sink,
    is_used: bool,
}

/// Columns of the tables `sink` and `account`, as [`read`] takes them.
fn columns() -> String {
    format!(
        "sink.id, sink.sid, account.sid, sink.description, sink.kind, sink.configuration, sink.status, sink.test,
         sink.created_us, sink.updated_us, {},
         exists (select 1 from subscription where subscription.sink = sink.id)",
        SINK.is_sound("sink.")
    )
}

fn selected() -> String {
    let columns = columns();
    format!("select {columns} from sink cross join account on account.id = sink.account")
}

fn read(row: &Row<'_>) -> Result<SinkRow> {
    let id: i64 = row.get(0)?;
    let damage = || format!("table sink, row {id}");
    expect_sound(row.get(10)?, damage)?;
    let (kind, status): (u8, u8) = (row.get(4)?, row.get(6)?);
    let kind = SinkKind::ALL.iter().find(|it| it.index() == kind);
    let status = SinkStatus::ALL.iter().find(|it| it.index() == status);
    let (Some(kind), Some(status)) = (kind, status) else {
        return Err(Error(StoreError::Corrupt(damage())));
    };
    let sink = Sink {
        sid: SinkSid::from_bytes(row.get(1)?),
        account: AccountSid::from_bytes(row.get(2)?),
        description: row.get(3)?,
        kind: *kind,
        configuration: row.get(5)?,
        status: *status,
        test: row.get(7)?,
        created_at: TimeUs::from_micros(row.get(8)?),
        updated_at: TimeUs::from_micros(row.get(9)?),
    };
    Ok(SinkRow {
        id,
        sink,
        is_used: row.get(11)?,
    })
}

fn row_of(conn: &Connection, account: AccountSid, sid: SinkSid) -> Result<Option<SinkRow>> {
    let sql = selected() + " where sink.sid = ?1 and account.sid = ?2";
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query([sid.as_bytes(), account.as_bytes()])?;
    rows.next()?.map(read).transpose()
}

fn existing(conn: &Connection, account: AccountSid, sid: SinkSid) -> Result<SinkRow> {
    row_of(conn, account, sid)?.ok_or_else(|| Error(StoreError::NotFound(format!("sink {sid}"))))
}

pub(super) fn find(conn: &Connection, account: AccountSid, sid: SinkSid) -> Result<Option<Sink>> {
    Ok(row_of(conn, account, sid)?.map(|row| row.sink))
}

/// A page of an account's, latest first.
pub(super) fn page(
    conn: &Connection,
    account: AccountSid,
    filter: SinkFilter,
    request: &PageRequest,
) -> Result<Page<Sink>> {
    let Some(account) = account::find(conn, account)? else {
        return Ok(Page::default());
    };
    let select = selected()
        + " where sink.account = ?3
              and (?4 is null or ?4 = exists (select 1 from subscription where subscription.sink = sink.id))
              and (?5 is null or ?5 = sink.status)
              and (?6 = 0 or 1 << sink.kind & ?6 <> 0)";
    let kinds = filter.kinds.iter();
    let kinds: i64 = kinds.map(|kind| 1 << kind.index()).sum();
    let (is_used, status) = (filter.is_used, filter.status.map(SinkStatus::index));
    latest_first(
        conn,
        request,
        ("sink", &select),
        &[&account.id, &is_used, &status, &kinds],
        |row| Ok(read(row)?.sink),
    )
}

pub(super) fn create(tx: &mut WriteTx<'_>, sink: &Sink, by: &str) -> Result<()> {
    let account = account::existing(tx.conn, sink.account)?.id;
    let there: usize = tx
        .conn
        .prepare_cached("select count(*) from sink where account = ?1")?
        .query_row([account], |row| row.get(0))?;
    if there >= SINKS_MAX {
        return Err(Error(StoreError::Invalid(format!(
            "account {} has {there} sinks, as many as it may have",
            sink.account
        ))));
    }
    let columns = [
        "sid",
        "account",
        "description",
        "kind",
        "configuration",
        "status",
        "test",
        "created_us",
        "updated_us",
    ];
    tx.conn
        .prepare_cached(&SINK.insert_columns(&columns))?
        .execute(params![
            sink.sid.as_bytes(),
            account,
            sink.description,
            sink.kind.index(),
            sink.configuration,
            sink.status.index(),
            sink.test,
            sink.created_at.micros(),
            sink.updated_at.micros()
        ])?;
    note(tx, (sink.account, sink.sid), "created", by, sink.created_at)
}

pub(super) fn change(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    sid: SinkSid,
    change: SinkChange,
    now: TimeUs,
) -> Result<Sink> {
    let SinkRow { id, sink: was, .. } = existing(tx.conn, account, sid)?;
    let sink = Sink {
        description: change
            .description
            .unwrap_or_else(|| was.description.clone()),
        configuration: change
            .configuration
            .unwrap_or_else(|| was.configuration.clone()),
        status: change.status.unwrap_or(was.status),
        test: change.test.unwrap_or_else(|| was.test.clone()),
        ..was.clone()
    };
    if sink == was {
        return Ok(sink);
    }
    let sink = Sink {
        updated_at: now,
        ..sink
    };
    tx.conn
        .prepare_cached(&SINK.update(&[
            "description",
            "configuration",
            "status",
            "test",
            "updated_us",
        ]))?
        .execute(params![
            sink.description,
            sink.configuration,
            sink.status.index(),
            sink.test,
            now.micros(),
            id
        ])?;
    tx.ring(Topic::Streams);
    Ok(sink)
}

/// Deletes a sink. Says whether there was one.
pub(super) fn delete(
    tx: &mut WriteTx<'_>,
    account: AccountSid,
    sid: SinkSid,
    by: &str,
    now: TimeUs,
) -> Result<bool> {
    match row_of(tx.conn, account, sid)? {
        Some(row) if row.is_used => return Err(in_use(sid)),
        Some(_) => {}
        None => return Ok(false),
    }
    tx.conn
        .prepare_cached("delete from sink where sid = ?1")?
        .execute([sid.as_bytes()])?;
    note(tx, (account, sid), "deleted", by, now)?;
    Ok(true)
}

fn in_use(sid: SinkSid) -> Error {
    Error(StoreError::Conflict(Conflict::SinkInUse(sid.to_string())))
}

/// Logs what was done, and wakes those who stream. What a sink is called may be anything, so it is not
/// in the log; where it is, is sealed.
fn note(
    tx: &mut WriteTx<'_>,
    (account, sid): (AccountSid, SinkSid),
    detail: &str,
    by: &str,
    at: TimeUs,
) -> Result<()> {
    let entry = AuditEntry {
        account,
        at,
        who: by.to_owned(),
        what: Deed::SinkChanged,
        target: sid.to_string(),
        detail: detail.to_owned(),
    };
    let row = account::existing(tx.conn, account)?.id;
    audit::note(tx.conn, row, &entry)?;
    tx.ring(Topic::Streams);
    Ok(())
}
