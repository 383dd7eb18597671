//! The dictionary of texts of open sets.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use crate::Result;

/// So many texts are remembered; then all are forgotten, and asked for again.
const REMEMBERED_MAX: usize = 20_000;

/// What the writer remembers of the dictionary.
#[derive(Debug, Default)]
pub(super) struct TermCache(HashMap<String, i64>);

impl TermCache {
    /// Forgets everything, because what was added last was rolled back.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The dictionary within a writing transaction.
pub(super) struct Terms<'a> {
    pub(super) conn: &'a Connection,
    pub(super) cache: &'a mut TermCache,
}

impl Terms<'_> {
    /// The number of a text, which is added when it is new.
    pub(super) fn id(&mut self, text: &str) -> Result<i64> {
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

/// The number of a text, if it was ever stored.
pub(super) fn find(conn: &Connection, text: &str) -> Result<Option<i64>> {
    Ok(conn
        .prepare_cached("select id from term where text = ?1")?
        .query_row([text], |row| row.get(0))
        .optional()?)
}
