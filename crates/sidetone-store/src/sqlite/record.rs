//! Reading one call as readers see it.

use rusqlite::{Connection, OptionalExtension, Row};
use sidetone_core::annotation::Annotation;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::summary::CallSummary;

use super::codec;
use crate::{AnnotationRecord, CallRecord, Lookup, Result, Scope, StoreError};

const RECORD: &str = include_str!("record.sql");
const RECORD_BY_ID: &str = include_str!("record_by_id.sql");
const ANNOTATION: &str = include_str!("annotation.sql");
const GONE: &str = "select a.sid, a.parent_sid from tombstone t join account a on a.id = t.account where t.sid = ?1";

/// Columns 0 and 1 of every query here: the owner of the call and the account that one belongs to.
fn owner(row: &Row<'_>) -> rusqlite::Result<(AccountSid, Option<AccountSid>)> {
    Ok((
        AccountSid::from_bytes(row.get(0)?),
        row.get::<_, Option<[u8; 16]>>(1)?
            .map(AccountSid::from_bytes),
    ))
}

/// Finds the row of a call in scope: in the reader's own account, else in one of its subaccounts.
fn find<T>(
    conn: &Connection,
    sql: &str,
    scope: Scope,
    sid: CallSid,
    read: impl Fn(&Row<'_>, AccountSid) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query([sid.as_bytes()])?;
    let mut found = None;
    while let Some(row) = rows.next()? {
        let (account, parent) = owner(row)?;
        if account == scope.account {
            return read(row, account).map(Some);
        }
        if parent == Some(scope.account) && found.is_none() {
            found = Some(read(row, account)?);
        }
    }
    Ok(found)
}

/// What a call is that was not found: never there, or gone.
pub(super) fn missing<T>(conn: &Connection, scope: Scope, sid: CallSid) -> Result<Lookup<T>> {
    let gone = find(conn, GONE, scope, sid, |_, _| Ok(()))?;
    Ok(gone.map_or(Lookup::Unknown, |()| Lookup::Gone))
}

pub(super) fn record(conn: &Connection, scope: Scope, sid: CallSid) -> Result<Lookup<CallRecord>> {
    let found = find(conn, RECORD, scope, sid, |row, account| {
        read_record(row, CallRef { account, sid })
    })?;
    found.map_or_else(
        || missing(conn, scope, sid),
        |record| Ok(Lookup::Found(record)),
    )
}

/// The record of a row that was found by a list.
pub(super) fn record_by_id(conn: &Connection, id: i64) -> Result<CallRecord> {
    let mut statement = conn.prepare_cached(RECORD_BY_ID)?;
    let mut rows = statement.query([id])?;
    let row = rows
        .next()?
        .ok_or_else(|| StoreError::Corrupt(format!("call row {id} is in an index only")))?;
    let call = CallRef {
        account: owner(row)?.0,
        sid: CallSid::from_bytes(row.get(8)?),
    };
    read_record(row, call)
}

fn read_record(row: &Row<'_>, call: CallRef) -> Result<CallRecord> {
    let summary = match row.get_ref(5)?.as_blob_or_null()? {
        Some(packed) => Some(read_summary(packed, call)?),
        None => None,
    };
    Ok(CallRecord {
        call,
        summary,
        processing_version: row.get(4)?,
        annotation: read_annotation(row, 7)?,
        annotation_revision: row.get(6)?,
        advanced_features: row.get(2)?,
        placeholder: row.get(3)?,
    })
}

/// Unpacks a stored summary.
pub(super) fn read_summary(packed: &[u8], call: CallRef) -> Result<CallSummary> {
    let mut summary: CallSummary = serde_json::from_slice(&codec::unpack(packed)?)?;
    summary.call = call;
    Ok(summary)
}

/// Reads an annotation's JSON; there is none when nothing was said.
pub(super) fn read_annotation(row: &Row<'_>, column: usize) -> Result<Annotation> {
    match row.get_ref(column)?.as_str_or_null()? {
        Some(json) => Ok(serde_json::from_str(json)?),
        None => Ok(Annotation::default()),
    }
}

pub(super) fn annotation(
    conn: &Connection,
    scope: Scope,
    sid: CallSid,
) -> Result<Lookup<AnnotationRecord>> {
    let found = find(conn, ANNOTATION, scope, sid, |row, account| {
        Ok(AnnotationRecord {
            call: CallRef { account, sid },
            annotation: read_annotation(row, 4)?,
            revision: row.get(3)?,
            advanced_features: row.get(2)?,
        })
    })?;
    found.map_or_else(
        || missing(conn, scope, sid),
        |record| Ok(Lookup::Found(record)),
    )
}

/// The row of a call, known by its owner.
pub(super) fn row_of(conn: &Connection, call: CallRef) -> Result<Option<i64>> {
    Ok(conn
        .prepare_cached(
            "select c.id from call c join account a on a.id = c.account where c.sid = ?1 and a.sid = ?2",
        )?
        .query_row([call.sid.as_bytes(), call.account.as_bytes()], |row| row.get(0))
        .optional()?)
}
