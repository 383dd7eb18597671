//! Annotations that came together: each line once, and all of them back.

use rusqlite::{OptionalExtension, params};
use sidetone_core::annotation::{Annotation, AnnotationPatch};
use sidetone_core::id::CallSid;

use super::{Before, find};
use crate::engine::write_tx::WriteTx;
use crate::error::{Error, Result};
use crate::rows::checksum::expect_sound;
use crate::rows::cursor;
use crate::rows::tables::ANNOTATION_LOG;
use crate::{account, record};
use sidetone_store::judgement::batch::{
    AnnotateBatch, BatchLine, LineFate, UndoBatch, UndoFate, Undone,
};
use sidetone_store::{Annotate, Conflict, Lookup, Scope, StoreError};

pub(crate) fn annotate(
    tx: &mut WriteTx<'_>,
    batch: &AnnotateBatch,
    line: &BatchLine,
) -> Result<LineFate> {
    let conn = tx.conn;
    let id = find_or_make(tx, batch)?;
    let number = i64::try_from(line.number).unwrap_or(i64::MAX);
    let had: Option<i64> = conn
        .prepare_cached("select content from annotation_batch_line where batch = ?1 and line = ?2")?
        .query_row([id, number], |row| row.get(0))
        .optional()?;
    if let Some(content) = had {
        return Ok(if content == line.content {
            LineFate::Repeated
        } else {
            LineFate::Other
        });
    }
    let scope = Scope {
        account: batch.account,
    };
    let before = find(conn, scope, line.call)?;
    if batch.only_advanced && before.as_ref().is_some_and(|it| !it.advanced_features) {
        return Ok(LineFate::Gated);
    }
    let change = Annotate {
        author: String::new(),
        by: batch.by.clone(),
        patch: Some(line.patch.clone()),
        if_revision: None,
        now: batch.now,
        accept_unknown: batch.accept_unknown,
    };
    let said = match super::annotate(tx, scope, line.call, change)? {
        Lookup::Found(said) => said,
        Lookup::Gone => return Ok(LineFate::Gone),
        Lookup::Unknown => return Ok(LineFate::Unknown),
    };
    let after = found(tx, scope, line.call)?;
    let is_changed = before.map_or(0, |it| it.said.revision) != said.revision;
    conn.prepare_cached(
        "insert into annotation_batch_line (batch, line, content, call_id, change) values (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        id,
        number,
        line.content,
        after.id,
        after.last_change.filter(|_| is_changed)
    ])?;
    Ok(if is_changed {
        LineFate::Changed {
            revision: said.revision,
        }
    } else {
        LineFate::Unchanged
    })
}

fn found(tx: &WriteTx<'_>, scope: Scope, sid: CallSid) -> Result<Before> {
    find(tx.conn, scope, sid)?.ok_or_else(|| Error(StoreError::NotFound(sid.to_string())))
}

/// The row of the batch.
fn find_or_make(tx: &WriteTx<'_>, batch: &AnnotateBatch) -> Result<i64> {
    let account = account::existing(tx.conn, batch.account)?.id;
    let found: Option<(i64, i64, bool)> = tx
        .conn
        .prepare_cached(
            "select id, account, undone_us is not null from annotation_batch where sid = ?1",
        )?
        .query_row([batch.sid.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let refused = |conflict| Err(Error(StoreError::Conflict(conflict)));
    match found {
        None => Ok(tx
            .conn
            .prepare_cached(
                "insert into annotation_batch (sid, account, created_us) values (?1, ?2, ?3)",
            )?
            .insert(params![batch.sid.as_bytes(), account, batch.now.micros()])?),
        Some((_, owner, _)) if owner != account => {
            refused(Conflict::BatchOfAnotherAccount(batch.sid))
        }
        Some((_, _, true)) => refused(Conflict::BatchUndone(batch.sid)),
        Some((id, ..)) => Ok(id),
    }
}

pub(crate) fn undo(tx: &mut WriteTx<'_>, undo: &UndoBatch) -> Result<Option<Undone>> {
    let conn = tx.conn;
    let id: Option<i64> = conn
        .prepare_cached(
            "update annotation_batch set undone_us = coalesce(undone_us, ?3)
             where sid = ?1 and account = (select id from account where sid = ?2) returning id",
        )?
        .query_row(
            params![
                undo.sid.as_bytes(),
                undo.account.as_bytes(),
                undo.now.micros()
            ],
            |row| row.get(0),
        )
        .optional()?;
    let Some(id) = id else { return Ok(None) };
    let before = match &undo.after {
        Some(after) => {
            let [line] = cursor::read(after)?;
            line
        }
        None => i64::MAX,
    };
    // Each call at its last line.
    let mut statement = conn.prepare_cached(
        "select b.line, b.call_id, c.sid,
           exists (select 1 from annotation_batch_line m where m.call_id = b.call_id and m.batch = b.batch and m.line > b.line
             and m.change is not null)
         from annotation_batch_line b join call c on c.id = b.call_id
         where b.batch = ?1 and b.line < ?2 and b.change is not null order by b.line desc limit ?3",
    )?;
    let limit = i64::try_from(undo.limit).unwrap_or(i64::MAX);
    let lines = statement.query_map([id, before, limit], |row| {
        let sid = CallSid::from_bytes(row.get(2)?);
        Ok((row.get(0)?, row.get(1)?, sid, row.get(3)?))
    })?;
    let lines: Vec<(i64, i64, CallSid, bool)> = lines.collect::<rusqlite::Result<_>>()?;
    let rest = lines.last().filter(|_| lines.len() >= undo.limit);
    let rest = rest.map(|(line, ..)| cursor::of([*line]));
    let mut calls = Vec::new();
    for (_, call_id, sid, is_told) in lines {
        if !is_told {
            calls.push((sid, undo_call(tx, undo, id, call_id, sid)?));
        }
    }
    Ok(Some(Undone { calls, rest }))
}

/// Gives an annotation back what it said before the batch changed it, as far back as nobody else
/// did.
fn undo_call(
    tx: &mut WriteTx<'_>,
    undo: &UndoBatch,
    batch: i64,
    call_id: i64,
    sid: CallSid,
) -> Result<UndoFate> {
    let conn = tx.conn;
    let mut statement = conn.prepare_cached(&format!(
        "select l.revision, l.before, l.call_id, {} from annotation_batch_line b join annotation_log l on l.id = b.change
         where b.call_id = ?1 and b.batch = ?2 order by l.id desc",
        ANNOTATION_LOG.is_sound("l.")
    ))?;
    let mut changes = statement.query([call_id, batch])?;
    let scope = Scope {
        account: undo.account,
    };
    let current = found(tx, scope, sid)?;
    if current.id != call_id {
        // The account has got a call of its own by that name.
        return Ok(UndoFate::Left);
    }
    let current = current.said;
    let mut restored: Option<Annotation> = None;
    let mut revision = current.revision;
    while let Some(change) = changes.next()? {
        let is_sound = change.get::<_, bool>(3)? && change.get::<_, i64>(2)? == call_id;
        expect_sound(is_sound, || format!("table annotation_log, call {sid}"))?;
        if change.get::<_, u64>(0)? != revision {
            break;
        }
        restored = Some(record::read_annotation(change, 1)?);
        revision -= 1;
    }
    let Some(restored) = restored else {
        return Ok(UndoFate::Left);
    };
    conn.prepare_cached(
        "update annotation_batch_line set change = null where call_id = ?1 and batch = ?2",
    )?
    .execute([call_id, batch])?;
    let change = Annotate {
        author: String::new(),
        by: undo.by.clone(),
        patch: Some(AnnotationPatch::to(&restored)),
        if_revision: Some(current.revision),
        now: undo.now,
        accept_unknown: false,
    };
    match super::annotate(tx, scope, sid, change)? {
        Lookup::Found(said) => Ok(UndoFate::Restored {
            revision: said.revision,
        }),
        Lookup::Gone | Lookup::Unknown => Ok(UndoFate::Left),
    }
}
