//! What people wrote of calls, by the trigrams in it.
//!
//! The index only says which calls may have a fragment; that they do is seen in the annotation.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use sidetone_core::search;

use super::error::Result;

/// Characters of what the index knows.
const TRIGRAM_CHARS: usize = 3;
/// So many of them are asked for: they narrow enough.
const TRIGRAMS_MAX: usize = 24;

/// Notes that the comment on a call was one thing and is another.
pub(super) fn write(
    conn: &Connection,
    call: i64,
    old: Option<&String>,
    new: Option<&String>,
) -> Result<()> {
    if old == new {
        return Ok(());
    }
    if old.is_some() {
        erase(conn, call)?;
    }
    if let Some(new) = new {
        conn.prepare_cached("insert into comment (rowid, text) values (?1, ?2)")?
            .execute(params![call, search::lowercase(new)])?;
    }
    Ok(())
}

/// Forgets the comment on a call.
pub(super) fn erase(conn: &Connection, call: i64) -> Result<()> {
    conn.prepare_cached("delete from comment where rowid = ?1")?
        .execute([call])?;
    Ok(())
}

/// Forgets all comments, whatever is the matter with the index.
pub(super) fn begin_anew(conn: &Connection) -> Result<()> {
    let sql: String = conn.query_row(
        "select sql from sqlite_schema where name = 'comment'",
        [],
        |row| row.get(0),
    )?;
    conn.execute_batch("drop table comment")?;
    Ok(conn.execute_batch(&sql)?)
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
    let mut statement =
        conn.prepare_cached("select rowid from comment where comment match ?1 limit ?2")?;
    let mut rows = BTreeSet::new();
    for fragment in fragments {
        let Some(query) = query(fragment) else {
            return Ok(None);
        };
        let found = statement.query_map(params![query, few + 1], |row| row.get(0))?;
        rows.extend(found.collect::<rusqlite::Result<Vec<i64>>>()?);
        if rows.len() > few {
            return Ok(None);
        }
    }
    Ok(Some(rows))
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
