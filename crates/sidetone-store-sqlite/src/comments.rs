//! What people wrote of calls, by the trigrams in it.
//!
//! The index only says which calls may have a fragment; that they do is seen in the annotation. Adding
//! comments one by one costs as much as all else that annotating does, so they are added many at once,
//! when nobody waits: those of changes up to a row of `annotation_log` are in the index, the others are
//! read there. A comment that was changed stays in the index beside the new one until its call goes:
//! taking it out costs three times as much as adding one.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Row, params};
use sidetone_core::annotation::Annotation;
use sidetone_core::search;

use super::error::{Error, Result};
use sidetone_store::StoreError;

/// Characters of what the index knows.
const TRIGRAM_CHARS: usize = 3;
/// So many of them are asked for: they narrow enough.
const TRIGRAMS_MAX: usize = 24;
/// So many changes behind the index are worth adding when nobody waits.
const CHANGES_MIN: i64 = 250;
/// So many are added at once, at most: some 10 ms.
const CHANGES_AT_ONCE: i64 = 1000;
/// So many may be behind it while others wait. Reading them takes a list 0.2 s.
const PENDING_MAX: i64 = 100_000;

/// Bits of the number of a text in the index that tell its revision; those above are the row of its
/// call.
const REVISION_BITS: u32 = 20;

static WRITE: &str = "replace into comment (rowid, text) values (?1, ?2)";

/// Up to which change the index knows comments, and which change is the newest. `None`: nothing says
/// so.
fn progress(conn: &Connection) -> Result<Option<(i64, i64)>> {
    Ok(conn
        .prepare_cached(
            "select indexed, coalesce((select max(id) from annotation_log), 0) from comment_progress",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// Adds comments to the index, outside of transactions. One that cannot be written stays behind; what
/// was said stands all the same.
#[derive(Debug, Default)]
pub(super) struct Indexing {
    /// The change up to which comments are in the index.
    indexed: i64,
    newest: i64,
    /// The change behind which it is tried again.
    failed: i64,
}

impl Indexing {
    /// Whether there is something to add when nobody waits.
    pub(super) fn is_behind(&self) -> bool {
        self.pending() >= CHANGES_MIN
    }

    fn pending(&self) -> i64 {
        self.newest - self.indexed.max(self.failed)
    }

    /// After a commit: sees what there is to add, and adds what cannot wait any longer.
    pub(super) fn after_commit(&mut self, conn: &Connection) {
        if let Ok(Some((indexed, newest))) = progress(conn) {
            (self.indexed, self.newest) = (indexed, newest);
        }
        if self.pending() >= PENDING_MAX {
            self.go_on(conn);
        }
    }

    /// Adds some.
    pub(super) fn go_on(&mut self, conn: &Connection) {
        match add_changes(conn) {
            Ok(progress) => (self.indexed, self.newest) = progress,
            Err(_) => {
                self.failed = self.newest;
                if !conn.is_autocommit() {
                    // What stays open fails the next transaction, and is tried again there.
                    let _ = conn.execute_batch("rollback");
                }
            }
        }
    }
}

/// Adds the next changes, in a transaction. Says up to which they are added, and which is the newest.
fn add_changes(conn: &Connection) -> Result<(i64, i64)> {
    conn.prepare_cached("begin immediate")?.execute([])?;
    // Asked here: another process may have added or erased some meanwhile.
    let lost = || {
        Error(StoreError::Corrupt(
            "table comment_progress is empty".into(),
        ))
    };
    let (indexed, newest) = progress(conn)?.ok_or_else(lost)?;
    let last = newest.min(indexed + CHANGES_AT_ONCE);
    // In the order of the calls: in any other, each would be written by itself.
    let mut added = BTreeMap::new();
    each_change(conn, indexed, last, |call, revision, comment| {
        added.insert(call, (revision, comment));
    })?;
    let mut write = conn.prepare_cached(WRITE)?;
    for (call, (revision, comment)) in added {
        if let Some(comment) = comment {
            let number = number_of(call, revision);
            write.execute(params![number, search::lowercase(&comment)])?;
        }
    }
    conn.prepare_cached("update comment_progress set indexed = ?1")?
        .execute([last])?;
    conn.prepare_cached("commit")?.execute([])?;
    Ok((last, newest))
}

/// Tells of each change of a comment behind one change up to another: row of the call, revision, and
/// the comment since.
fn each_change(
    conn: &Connection,
    behind: i64,
    last: i64,
    mut tell: impl FnMut(i64, i64, Option<String>),
) -> Result<()> {
    let mut statement = conn.prepare_cached(
        "select call_id, revision, before, after from annotation_log
         where id > ?1 and id <= ?2 and author = '' order by id",
    )?;
    let mut rows = statement.query([behind, last])?;
    while let Some(row) = rows.next()? {
        let Some(after) = comment(row, 3) else {
            continue;
        };
        if comment(row, 2).as_ref() != Some(&after) {
            tell(row.get(0)?, row.get(1)?, after);
        }
    }
    Ok(())
}

/// The comment of the annotation in a column. `None`: it is damaged, of which `check` tells.
fn comment(row: &Row<'_>, column: usize) -> Option<Option<String>> {
    let json = row.get_ref(column).ok()?.as_str().ok()?;
    let said: Annotation = serde_json::from_str(json).ok()?;
    Some(said.comment)
}

const fn number_of(call: i64, revision: i64) -> i64 {
    call << REVISION_BITS | revision & ((1 << REVISION_BITS) - 1)
}

/// Forgets all comments on a call whose changes are not there any more.
pub(super) fn forget(conn: &Connection, call: i64) -> Result<()> {
    conn.prepare_cached("delete from comment where rowid between ?1 and ?2")?
        .execute([number_of(call, 0), number_of(call, -1)])?;
    // The rows of the newest changes are used again.
    conn.prepare_cached(
        "update comment_progress set indexed = coalesce((select max(id) from annotation_log), 0)
         where indexed > coalesce((select max(id) from annotation_log), 0)",
    )?
    .execute([])?;
    Ok(())
}

/// Makes the index of all comments anew, whatever is the matter with it.
pub(super) fn begin_anew(conn: &Connection) -> Result<()> {
    let sql: String = conn.query_row(
        "select sql from sqlite_schema where name = 'comment'",
        [],
        |row| row.get(0),
    )?;
    conn.execute_batch("drop table comment")?;
    conn.execute_batch(&sql)?;
    let mut statement = conn.prepare(
        "select id, annotation, annotation_revision from call where commented order by id",
    )?;
    let mut rows = statement.query([])?;
    let mut write = conn.prepare(WRITE)?;
    while let Some(row) = rows.next()? {
        if let Some(comment) = comment(row, 1).flatten() {
            let number = number_of(row.get(0)?, row.get(2)?);
            write.execute(params![number, search::lowercase(&comment)])?;
        }
    }
    conn.execute_batch(
        "delete from comment_progress;
         insert into comment_progress select coalesce(max(id), 0) from annotation_log",
    )?;
    Ok(())
}

/// How many calls the index does not know the comments of, or too many.
pub(super) fn differ(conn: &Connection) -> Result<i64> {
    let Some((indexed, newest)) = progress(conn)? else {
        return Ok(1);
    };
    if indexed > newest {
        return Ok(indexed - newest);
    }
    Ok(conn.query_row(
        "select (select count(*) from call c where commented and last_change <= ?1
                 and not exists (select 1 from comment where rowid between c.id << ?2 and ((c.id + 1) << ?2) - 1))
              + (select count(*) from comment d
                 where not exists (select 1 from call where id = d.rowid >> ?2
                                     and annotation_revision >= max(d.rowid & ((1 << ?2) - 1), 1)))",
        params![indexed, REVISION_BITS],
        |row| row.get(0),
    )?)
}

/// The calls of any account whose comments may have one of some fragments. `None`: they are more than
/// `few`, or a fragment is too short.
pub(super) fn rows(
    conn: &Connection,
    fragments: &[String],
    few: usize,
) -> Result<Option<BTreeSet<i64>>> {
    if fragments.is_empty() {
        return Ok(None);
    }
    let queries: Option<Vec<String>> = fragments.iter().map(|fragment| query(fragment)).collect();
    let (Some(queries), Some((indexed, newest))) = (queries, progress(conn)?) else {
        return Ok(None);
    };
    // The index could not be written.
    if newest - indexed > 2 * PENDING_MAX {
        return Ok(None);
    }
    let mut statement =
        conn.prepare_cached("select rowid from comment where comment match ?1 limit ?2")?;
    let mut rows = BTreeSet::new();
    for query in queries {
        let found = statement.query_map(params![query, few + 1], |row| row.get::<_, i64>(0))?;
        for (at, number) in found.enumerate() {
            rows.insert(number? >> REVISION_BITS);
            if at == few {
                return Ok(None);
            }
        }
    }
    each_change(conn, indexed, newest, |call, _, comment| {
        let comment = comment.as_deref().map(search::lowercase);
        let is_in = |comment: &String| fragments.iter().any(|it| comment.contains(it));
        // One more than few is enough to know.
        if rows.len() <= few && comment.as_ref().is_some_and(is_in) {
            rows.insert(call);
        }
    })?;
    Ok((rows.len() <= few).then_some(rows))
}

/// Asks for a fragment in lower case; `None`: it is too short.
fn query(fragment: &str) -> Option<String> {
    let chars: Vec<char> = fragment.chars().collect();
    let windows = chars.windows(TRIGRAM_CHARS).take(TRIGRAMS_MAX);
    let quoted = |window: &[char]| {
        let text: String = window.iter().collect();
        format!("\"{}\"", text.replace('"', "\"\""))
    };
    let asked: BTreeSet<String> = windows.map(quoted).collect();
    let asked: Vec<String> = asked.into_iter().collect();
    (!asked.is_empty()).then(|| asked.join(" AND "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_is_asked_for_by_its_trigrams() {
        assert_eq!(query("ab"), None);
        assert_eq!(query("abc"), Some("\"abc\"".to_owned()));
        assert_eq!(query("a\"bé"), Some("\"\"\"bé\" AND \"a\"\"b\"".to_owned()));
    }
}
