//! The history of a call's annotation, from the log of changes.

use rusqlite::{Connection, params};
use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;

use crate::error::{Error, Result};
use crate::record;
use crate::rows::checksum::expect_sound;
use crate::rows::paging::{self, Toward};
use crate::rows::tables::ANNOTATION_LOG;
use sidetone_store::page::{Page, PageRequest, RowKey};
use sidetone_store::{AnnotationChange, StoreError};

pub(crate) fn page(
    conn: &Connection,
    call: CallRef,
    request: &PageRequest,
) -> Result<Page<AnnotationChange>> {
    let Some((id, is_judged)) = record::sound_row_of(conn, call)? else {
        return Ok(Page::default());
    };
    let missing = || {
        Error(StoreError::Corrupt(format!(
            "table annotation_log, call {}: changes are missing",
            call.sid
        )))
    };
    let page = paging::page(
        request,
        |(row_key, _): &(RowKey, AnnotationChange)| *row_key,
        |toward, from, limit| {
            let changes = read_history(conn, id, toward, from, limit)?;
            let is_first = toward == Toward::End && from.is_none();
            if is_whole(&changes, toward, limit) && !(is_first && is_judged && changes.is_empty()) {
                Ok(changes)
            } else {
                Err(missing())
            }
        },
    )?;
    Ok(Page {
        rows: page.rows.into_iter().map(|(_, change)| change).collect(),
        before: page.before,
        after: page.after,
        damaged: page.damaged,
    })
}

fn read_history(
    conn: &Connection,
    id: i64,
    toward: Toward,
    from: Option<RowKey>,
    limit: usize,
) -> Result<Vec<(RowKey, AnnotationChange)>> {
    let (sql, open_end) = match toward {
        Toward::End => (include_str!("history.sql"), i64::MAX),
        Toward::Beginning => (include_str!("history_backwards.sql"), 0),
    };
    let sql = sql.replace("IS_SOUND", &ANNOTATION_LOG.is_sound("l."));
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params![
        id,
        from.map_or(open_end, |row_key| row_key.key),
        i64::try_from(limit).unwrap_or(i64::MAX)
    ])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        let seq = row.get(0)?;
        expect_sound(row.get(7)?, || {
            format!("table annotation_log, call row {id}, change {seq}")
        })?;
        let change = AnnotationChange {
            revision: row.get(1)?,
            author: row.get(2)?,
            by: row.get(3)?,
            at: TimeUs::from_micros(row.get(4)?),
            before: record::read_annotation(row, 5)?,
            after: record::read_annotation(row, 6)?,
        };
        changes.push((RowKey { key: seq, id: seq }, change));
    }
    Ok(changes)
}

/// Whether no change is missing: they are counted without a gap, from 1.
fn is_whole(changes: &[(RowKey, AnnotationChange)], toward: Toward, limit: usize) -> bool {
    let mut seqs = changes.iter().map(|(row_key, _)| row_key.key);
    let ends_early =
        toward == Toward::End && changes.len() < limit && seqs.clone().next_back() > Some(1);
    let is_consecutive = seqs
        .next()
        .is_none_or(|first| seqs.zip(1..).all(|(seq, step)| (seq - first).abs() == step));
    is_consecutive && !ends_early
}
