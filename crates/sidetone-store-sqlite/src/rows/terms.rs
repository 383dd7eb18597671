//! The dictionary of texts of open sets.

use std::collections::HashMap;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension, params};
use sidetone_core::search;
use sidetone_store::facets::Facet;

use super::checksum::expect_sound;
use crate::error::Result;

/// So many texts are remembered; then all are forgotten, and asked for again.
const REMEMBERED_MAX: usize = 20_000;

/// What the writer remembers of the dictionary.
#[derive(Debug, Default)]
pub(crate) struct TermCache(HashMap<String, i64>);

impl TermCache {
    /// Forgets everything, because what was added last was rolled back.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The dictionary within a writing transaction.
pub(crate) struct Terms<'a> {
    pub(crate) conn: &'a Connection,
    pub(crate) cache: &'a mut TermCache,
}

impl Terms<'_> {
    /// The number of a text, which is added when it is new.
    pub(crate) fn id(&mut self, text: &str) -> Result<i64> {
        if let Some(id) = self.cache.0.get(text) {
            return Ok(*id);
        }
        let id = match find(self.conn, text)? {
            Some(id) => id,
            None => self
                .conn
                .prepare_cached("insert into term (text) values (?1)")?
                .insert([text])?,
        };
        if self.cache.0.len() >= REMEMBERED_MAX {
            self.cache.0.clear();
        }
        self.cache.0.insert(text.to_owned(), id);
        Ok(id)
    }
}

/// The text that stands for several of one facet. Each begins with a control character, which no
/// word of another kind does, so that those of a facet stand together in the dictionary and can be
/// searched without the rest.
pub(crate) fn together<'a>(lead: char, texts: impl IntoIterator<Item = &'a String>) -> String {
    let mut together = String::new();
    for text in texts {
        together.push(lead);
        together.push_str(text);
    }
    together
}

/// What texts of a facet begin with where several stand together.
pub(crate) const fn lead(facet: Facet) -> char {
    match facet {
        Facet::Codecs => '\u{b}',
        _ => '\n',
    }
}

/// The numbers of the texts in which a codec is one of several.
pub(crate) fn with_codec(conn: &Connection, codec: &str) -> Result<Vec<i64>> {
    let mut statement = conn.prepare_cached(
        "select id from term where text >= char(11) and text < char(12)
           and instr(text || char(11), char(11) || ?1 || char(11))",
    )?;
    let ids = statement.query_map([codec], |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

/// Gives a connection `lowercase`: text as it is searched for a fragment of it.
pub(crate) fn add_functions(conn: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    conn.create_scalar_function("lowercase", 1, flags, |context| {
        let text: Option<String> = context.get(0)?;
        Ok(text.as_deref().map(search::lowercase))
    })
}

/// The numbers of up to `limit` texts of user agents that have a fragment in them.
pub(crate) fn with_user_agent(conn: &Connection, fragment: &str, limit: usize) -> Result<Vec<i64>> {
    let mut statement = conn.prepare_cached(
        "select id from term where text >= char(10) and text < char(11) and instr(text, ?1) limit ?2",
    )?;
    let ids = statement.query_map(params![fragment, limit], |row| row.get(0))?;
    Ok(ids.collect::<rusqlite::Result<_>>()?)
}

/// The number of a text, if it was ever stored.
pub(crate) fn find(conn: &Connection, text: &str) -> Result<Option<i64>> {
    let found = conn
        .prepare_cached("select id from term where text = ?1")?
        .query_row([text], |row| row.get(0))
        .optional()?;
    if found.is_none() {
        expect_sound_index(conn, text)?;
    }
    Ok(found)
}

/// The text of a number, which its index says too.
pub(crate) fn text(conn: &Connection, id: i64) -> Result<String> {
    let text: Option<String> = conn
        .prepare_cached("select text from term where id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let text = text.unwrap_or_default();
    expect_sound(find(conn, &text)? == Some(id), || {
        format!("table term, row {id}")
    })?;
    Ok(text)
}

/// Expects that a text that was not found is not there (see `record::expect_sound_index`).
fn expect_sound_index(conn: &Connection, text: &str) -> Result<()> {
    for beside in [
        "text >= ?1 order by text limit 1",
        "text < ?1 order by text desc limit 1",
    ] {
        let sql =
            format!("select id, text from term indexed by sqlite_autoindex_term_1 where {beside}");
        let mut entry = conn.prepare_cached(&sql)?;
        let mut stored = conn.prepare_cached("select text from term where id = ?1")?;
        let mut entries = entry.query([text])?;
        let Some(entry) = entries.next()? else {
            continue;
        };
        let mut rows = stored.query([entry.get::<_, i64>(0)?])?;
        let is_sound = match rows.next()? {
            Some(row) => row.get_ref(0)? == entry.get_ref(1)?,
            None => false,
        };
        expect_sound(is_sound, || "the index of table term".to_owned())?;
    }
    Ok(())
}
