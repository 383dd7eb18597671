//! Reading one call as readers see it.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, Row, params};
use sidetone_core::annotation::Annotation;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::parsed::parsed_bytes;
use sidetone_core::summary::CallSummary;

use super::error::{Error, Result};
use super::rows::checksum::{about, expect_sound};
use super::rows::codec;
use super::rows::facet::Axis;
use super::rows::tables::CALL;
use sidetone_store::page::RowKey;
use sidetone_store::{AnnotationRecord, CallRecord, Lookup, Scope, Shown, StoreError};

static RECORD: LazyLock<String> =
    LazyLock::new(|| with_soundness(include_str!("record/record.sql")));
static RECORD_BY_ID: LazyLock<String> =
    LazyLock::new(|| with_soundness(include_str!("record/record_by_id.sql")));
static ANNOTATION: LazyLock<String> =
    LazyLock::new(|| with_soundness(include_str!("record/annotation.sql")));
const GONE: &str = "select a.sid, a.parent_sid from tombstone t join account a on a.id = t.account where t.sid = ?1";

/// Puts the expression of whether the row of `call` is sound where a statement names it.
pub(super) fn with_soundness(sql: &str) -> String {
    sql.replace("IS_SOUND", &CALL.is_sound("c."))
}

/// Whose bytes the packed ones of a call are.
pub(super) fn identity(call: CallRef) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(call.account.as_bytes());
    bytes[16..].copy_from_slice(call.sid.as_bytes());
    bytes
}

/// Expects the row of a call to be what was written.
pub(super) fn expect_sound_call(is_sound: bool, sid: CallSid) -> Result<()> {
    expect_sound(is_sound, || format!("table call, call {sid}"))
}

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

/// What is read of stored summaries.
pub(super) trait Reading {
    type Summary;

    fn read(&self, packed: &[u8], call: CallRef) -> Result<Self::Summary>;

    /// About how much memory the summary of another system takes in it.
    fn imported_bytes(summary: &Self::Summary) -> usize;
}

/// The summary itself.
pub(super) struct Whole;

impl Reading for Whole {
    type Summary = CallSummary;

    fn read(&self, packed: &[u8], call: CallRef) -> Result<CallSummary> {
        read_summary(packed, call)
    }

    fn imported_bytes(summary: &CallSummary) -> usize {
        summary.imported.as_ref().map_or(0, parsed_bytes)
    }
}

/// What was rendered of it in this form, else the summary.
pub(super) struct InForm(pub(super) u8);

impl Reading for InForm {
    type Summary = Shown;

    fn read(&self, packed: &[u8], call: CallRef) -> Result<Shown> {
        let rendered = codec::unpack_rendered(&identity(call), packed, self.0);
        Ok(match about(rendered, || of_document(call))? {
            Some(bytes) => Shown::Rendered(bytes),
            None => Shown::Summary(Box::new(read_summary(packed, call)?)),
        })
    }

    fn imported_bytes(shown: &Shown) -> usize {
        match shown {
            Shown::Rendered(_) => 0,
            Shown::Summary(summary) => Whole::imported_bytes(summary),
        }
    }
}

/// What a call is that was not found: never there, or gone.
pub(super) fn missing<T>(conn: &Connection, scope: Scope, sid: CallSid) -> Result<Lookup<T>> {
    expect_sound_index(conn, sid)?;
    let gone = find(conn, GONE, scope, sid, |_, _| Ok(()))?;
    Ok(gone.map_or(Lookup::Unknown, |()| Lookup::Gone))
}

/// Whether there was such a call once.
pub(super) fn is_gone(conn: &Connection, account: i64, sid: CallSid) -> Result<bool> {
    Ok(conn
        .prepare_cached("select 1 from tombstone where sid = ?1 and account = ?2")?
        .exists(params![sid.as_bytes(), account])?)
}

pub(super) fn record<R: Reading>(
    conn: &Connection,
    scope: Scope,
    sid: CallSid,
    reading: &R,
) -> Result<Lookup<CallRecord<R::Summary>>> {
    let found = find(conn, &RECORD, scope, sid, |row, account| {
        read_record(row, CallRef { account, sid }, row.get(8)?, reading)
    });
    let found = about(found, || format!("call {sid}"))?;
    found.map_or_else(
        || missing(conn, scope, sid),
        |record| Ok(Lookup::Found(record)),
    )
}

/// The record of a row that was found by a list, and about how much memory it takes.
pub(super) fn record_by_id<R: Reading>(
    conn: &Connection,
    row_key: RowKey,
    axis: Axis,
    reading: &R,
) -> Result<(CallRecord<R::Summary>, usize)> {
    about(read_by_id(conn, row_key, axis, reading), || {
        format!("call row {}", row_key.id)
    })
}

fn read_by_id<R: Reading>(
    conn: &Connection,
    row_key: RowKey,
    axis: Axis,
    reading: &R,
) -> Result<(CallRecord<R::Summary>, usize)> {
    let id = row_key.id;
    let mut statement = conn.prepare_cached(&RECORD_BY_ID)?;
    let mut rows = statement.query([id])?;
    let row = rows.next()?.ok_or_else(|| {
        Error(StoreError::Corrupt(format!(
            "call row {id} is in an index only"
        )))
    })?;
    let call = CallRef {
        account: owner(row)?.0,
        sid: CallSid::from_bytes(row.get(8)?),
    };
    let key: Option<i64> = row.get(match axis {
        Axis::Start => 10,
        Axis::End => 11,
    })?;
    if key != Some(row_key.key) {
        return Err(Error(StoreError::Corrupt(format!(
            "the index of table call by {} has call {} elsewhere",
            axis.column(),
            call.sid
        ))));
    }
    let record = read_record(row, call, row.get(9)?, reading)?;
    let json_bytes = row
        .get_ref(5)?
        .as_blob_or_null()?
        .map_or(0, codec::unpacked_bytes);
    let raw = record.summary.as_ref().map_or(0, R::imported_bytes);
    Ok((record, 2 * json_bytes + raw))
}

fn read_record<R: Reading>(
    row: &Row<'_>,
    call: CallRef,
    is_sound: bool,
    reading: &R,
) -> Result<CallRecord<R::Summary>> {
    expect_sound_call(is_sound, call.sid)?;
    let version = row.get(4)?;
    let summary = match row.get_ref(5)?.as_blob_or_null()? {
        Some(packed) => Some(reading.read(packed, call)?),
        None if version > 0 => {
            return Err(Error(StoreError::Corrupt(format!(
                "table document, call {}: the row is not there",
                call.sid
            ))));
        }
        None => None,
    };
    Ok(CallRecord {
        call,
        summary,
        processing_version: version,
        annotation: read_annotation(row, 7)?,
        annotation_revision: row.get(6)?,
        advanced_features: row.get(2)?,
        placeholder: row.get(3)?,
    })
}

/// Unpacks a stored summary.
pub(super) fn read_summary(packed: &[u8], call: CallRef) -> Result<CallSummary> {
    let json = about(codec::unpack(&identity(call), packed), || of_document(call))?;
    let mut summary: CallSummary = serde_json::from_slice(&json)?;
    summary.call = call;
    Ok(summary)
}

fn of_document(call: CallRef) -> String {
    format!("table document, call {}", call.sid)
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
    let found = find(conn, &ANNOTATION, scope, sid, |row, account| {
        expect_sound_call(row.get(5)?, sid)?;
        Ok(AnnotationRecord {
            call: CallRef { account, sid },
            annotation: read_annotation(row, 4)?,
            revision: row.get(3)?,
            advanced_features: row.get(2)?,
        })
    });
    let found = about(found, || format!("call {sid}"))?;
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

/// The row of a call, for its log and its history; and whether anything was ever said of it.
pub(super) fn sound_row_of(conn: &Connection, call: CallRef) -> Result<Option<(i64, bool)>> {
    let sql = with_soundness(
        "select c.id, c.last_change is not null, c.sid, IS_SOUND
         from call c join account a on a.id = c.account where c.sid = ?1 and a.sid = ?2",
    );
    let found = conn
        .prepare_cached(&sql)?
        .query_row([call.sid.as_bytes(), call.account.as_bytes()], |row| {
            let is_it = row.get::<_, [u8; 16]>(2)? == *call.sid.as_bytes();
            Ok(((row.get(0)?, row.get(1)?), is_it && row.get(3)?))
        })
        .optional()?;
    match found {
        Some((row, is_sound)) => {
            expect_sound_call(is_sound, call.sid)?;
            Ok(Some(row))
        }
        None => {
            expect_sound_index(conn, call.sid)?;
            Ok(None)
        }
    }
}

/// Expects that a call that was not found is not there: beside where it would be, the
/// index says the same as the table. An entry that is damaged stands where it stood, so whoever
/// misses it meets it.
pub(super) fn expect_sound_index(conn: &Connection, sid: CallSid) -> Result<()> {
    for beside in [
        "sid >= ?1 order by sid limit 1",
        "sid < ?1 order by sid desc limit 1",
    ] {
        let sql =
            format!("select id, sid from call indexed by sqlite_autoindex_call_1 where {beside}");
        let entry: Option<(i64, [u8; 16])> = conn
            .prepare_cached(&sql)?
            .query_row([sid.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((id, indexed)) = entry else {
            continue;
        };
        let stored: Option<[u8; 16]> = conn
            .prepare_cached("select sid from call where id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        expect_sound(stored == Some(indexed), || {
            format!("the index of table call by sid, about call {sid}")
        })?;
    }
    Ok(())
}
