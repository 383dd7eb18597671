//! What was said of a call, as the logs of its changes say it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Result;
use crate::feedback;
use crate::judgement;
use crate::rows::tables::{ANNOTATION, ANNOTATION_LOG, FEEDBACK, FEEDBACK_LOG};

/// The annotation of the empty author, in the columns of a call.
#[derive(Clone)]
pub(super) struct Said {
    pub(super) annotation: Option<String>,
    pub(super) revision: i64,
    pub(super) last_change: Option<i64>,
}

/// The calls of which a row that follows from a log is damaged or lost, as far as they can be found.
pub(super) fn damaged(conn: &Connection) -> Vec<i64> {
    let damaged = [
        format!(
            "select distinct call_id from annotation where not {}",
            ANNOTATION.is_sound("")
        ),
        format!(
            "select call_id from feedback where not {}",
            FEEDBACK.is_sound("")
        ),
        "select id from call c where rated is not null and not exists (select 1 from feedback where call_id = c.id)
         union all select call_id from feedback f join call c on c.id = f.call_id where c.rated is null"
            .to_owned(),
    ];
    let mut calls = Vec::new();
    for sql in damaged {
        let Ok(mut statement) = conn.prepare(&sql) else {
            continue;
        };
        if let Ok(rows) = statement.query_map([], |row| row.get::<_, i64>(0)) {
            calls.extend(rows.map_while(rusqlite::Result::ok));
        }
    }
    calls
}

/// What the log says that the columns of a call say.
pub(super) fn said(conn: &Connection, id: i64) -> Result<Said> {
    let last_change = conn
        .prepare_cached("select max(id) from annotation_log where call_id = ?1")?
        .query_row([id], |row| row.get(0))?;
    let newest: Option<(i64, String)> = conn
        .prepare_cached(
            "select revision, after from annotation_log where call_id = ?1 and author = '' order by id desc limit 1",
        )?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (revision, annotation) = newest.unzip();
    Ok(Said {
        annotation,
        revision: revision.unwrap_or(0),
        last_change,
    })
}

static CHANGES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with recursive change (id) as (
           select last_change from call where id = ?1
           union all
           select l.previous from change c join annotation_log l on l.id = c.id
         )
         select l.seq, l.author, l.revision, l.after, {}
         from change c join annotation_log l on l.id = c.id where l.call_id = ?1 order by l.seq",
        ANNOTATION_LOG.is_sound("l.")
    )
});

/// Makes the rows of other authors than the empty one again from a history that is whole. The row of
/// the call is what was written.
pub(super) fn annotations(conn: &Connection, id: i64, say: &mut impl FnMut(&str)) -> Result<()> {
    let mut made: BTreeMap<String, (i64, String)> = BTreeMap::new();
    let mut statement = conn.prepare_cached(&CHANGES)?;
    let mut rows = statement.query([id])?;
    let mut last = 0;
    while let Some(row) = rows.next()? {
        let (seq, is_sound): (i64, bool) = (row.get(0)?, row.get(4)?);
        if seq != last + 1 || !is_sound {
            return Ok(());
        }
        last = seq;
        made.insert(row.get(1)?, (row.get(2)?, row.get(3)?));
    }
    // No change at all is no history that is whole.
    if last == 0 {
        return Ok(());
    }
    made.remove("");
    let sound = format!(
        "select author from annotation where call_id = ?1 and {}",
        ANNOTATION.is_sound("")
    );
    let mut sound = conn.prepare_cached(&sound)?;
    for author in sound.query_map([id], |row| row.get::<_, String>(0))? {
        made.remove(&author?);
    }
    let others = format!(
        "delete from annotation where call_id = ?1 and not {}",
        ANNOTATION.is_sound("")
    );
    if made.is_empty() && !has_damaged(conn, id)? {
        return Ok(());
    }
    // Whoever wrote them, what they said is in the history.
    conn.prepare_cached(&others)?.execute([id])?;
    for (author, (revision, json)) in made {
        conn.prepare_cached(&judgement::PUT_BY_AUTHOR)?
            .execute(params![id, author, revision, json])?;
    }
    say("annotations of other authors made again from its history");
    Ok(())
}

fn has_damaged(conn: &Connection, id: i64) -> Result<bool> {
    let sql = format!(
        "select 1 from annotation where call_id = ?1 and not {}",
        ANNOTATION.is_sound("")
    );
    Ok(conn.prepare_cached(&sql)?.exists([id])?)
}

/// The feedback of a call by the log of its changes.
struct Logged {
    last_change: i64,
    created_us: i64,
    updated_us: i64,
    rated: i64,
}

/// `None`: there is none, or a change is missing or damaged.
fn logged(conn: &Connection, id: i64) -> Result<Option<Logged>> {
    let mut statement = conn.prepare_cached(&format!(
        "select id, previous, at_us, before, after, {} from feedback_log where call_id = ?1 order by id",
        FEEDBACK_LOG.is_sound("")
    ))?;
    let mut rows = statement.query([id])?;
    let mut logged: Option<Logged> = None;
    let mut said = None;
    while let Some(row) = rows.next()? {
        let previous: Option<i64> = row.get(1)?;
        let is_next = previous == logged.as_ref().map(|it| it.last_change)
            && row.get::<_, Option<i64>>(3)? == said;
        if !is_next || !row.get::<_, bool>(5)? {
            return Ok(None);
        }
        let after: i64 = row.get(4)?;
        let at_us = row.get(2)?;
        said = Some(after);
        logged = Some(Logged {
            last_change: row.get(0)?,
            created_us: logged.map_or(at_us, |it| it.created_us),
            updated_us: at_us,
            rated: feedback::rated_of(after),
        });
    }
    Ok(logged)
}

/// What `call.rated` is by the log.
pub(super) fn rated(conn: &Connection, id: i64) -> Result<Option<i64>> {
    Ok(logged(conn, id)?.map(|it| it.rated))
}

/// Makes the row of a feedback again where it is damaged or lost and its log is whole.
pub(super) fn feedback(conn: &Connection, id: i64, say: &mut impl FnMut(&str)) -> Result<()> {
    let is_whole = conn
        .prepare_cached(&format!(
            "select 1 from feedback where call_id = ?1 and {}",
            FEEDBACK.is_sound("")
        ))?
        .exists([id])?;
    if is_whole {
        return Ok(());
    }
    if let Some(it) = logged(conn, id)? {
        conn.prepare_cached(&feedback::PUT)?.execute([
            id,
            it.last_change,
            it.created_us,
            it.updated_us,
        ])?;
        say("feedback made again from the log of its changes");
    }
    Ok(())
}
