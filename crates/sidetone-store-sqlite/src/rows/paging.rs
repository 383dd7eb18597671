//! Pages of any ordered list, from one way to read it in either direction.

use rusqlite::{Connection, Row, ToSql};

use crate::error::{Error, Result};
use sidetone_store::StoreError;
use sidetone_store::page::{Page, PageRequest, RowKey, Start};

/// Which way a list is read from a row key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toward {
    /// In the list's order.
    End,
    /// Against it.
    Beginning,
}

/// Up to so many of some row keys, which are in ascending order, beyond one of them, nearest first.
pub(crate) fn beyond(
    row_keys: &[RowKey],
    toward: Toward,
    from: Option<RowKey>,
    limit: usize,
) -> Vec<RowKey> {
    match toward {
        Toward::End => {
            let end = from.map_or(row_keys.len(), |from| {
                row_keys.partition_point(|row_key| *row_key < from)
            });
            row_keys[..end].iter().rev().take(limit).copied().collect()
        }
        Toward::Beginning => {
            let begin = from.map_or(0, |from| {
                row_keys.partition_point(|row_key| *row_key <= from)
            });
            row_keys[begin..].iter().take(limit).copied().collect()
        }
    }
}

/// Reads one page. `read` returns up to so many rows from a row key (not including it) in a
/// direction, nearest first.
pub(crate) fn page<T>(
    request: &PageRequest,
    row_key_of: impl Fn(&T) -> RowKey,
    mut read: impl FnMut(Toward, Option<RowKey>, usize) -> Result<Vec<T>>,
) -> Result<Page<T>> {
    let size = request.size.max(1);
    let toward = match request.start {
        Start::First { .. } | Start::After(_) => Toward::End,
        Start::Before(_) => Toward::Beginning,
    };
    let mut rows = match request.start {
        Start::First { skip } => {
            let skip = usize::try_from(skip).unwrap_or(usize::MAX);
            let mut rows = read(toward, None, skip.saturating_add(size).saturating_add(1))?;
            rows.drain(..skip.min(rows.len()));
            rows
        }
        Start::After(row_key) | Start::Before(row_key) => read(toward, Some(row_key), size + 1)?,
    };
    let more_ahead = rows.len() > size;
    rows.truncate(size);
    // The other side: whether anything lies behind the row the page began with.
    let first_read = rows.first().map(&row_key_of);
    let more_behind = match (first_read, request.start) {
        (None, _) => false,
        (Some(_), Start::First { skip }) => skip > 0,
        (Some(first), Start::After(_)) => !read(Toward::Beginning, Some(first), 1)?.is_empty(),
        (Some(first), Start::Before(_)) => !read(Toward::End, Some(first), 1)?.is_empty(),
    };
    let (before, after) = match toward {
        Toward::End => (more_behind, more_ahead),
        Toward::Beginning => {
            rows.reverse();
            (more_ahead, more_behind)
        }
    };
    Ok(Page {
        before: rows.first().filter(|_| before).map(&row_key_of),
        after: rows.last().filter(|_| after).map(&row_key_of),
        rows,
        damaged: Vec::new(),
    })
}

/// A page of which some rows turned out to be damaged: what is wrong with each stands beside the
/// others.
pub(crate) fn sound<T>(page: Page<Result<T>>) -> Result<Page<T>> {
    let (mut rows, mut damaged) = (Vec::with_capacity(page.rows.len()), page.damaged);
    for row in page.rows {
        match row {
            Ok(row) => rows.push(row),
            Err(Error(StoreError::Corrupt(damage))) => damaged.push(damage),
            Err(error) => return Err(error),
        }
    }
    Ok(Page {
        rows,
        before: page.before,
        after: page.after,
        damaged,
    })
}

/// A page that ends before it has as many rows as it might: where it goes on although it did not
/// seem so.
pub(crate) fn cut<T>(page: Page<T>, start: Start, row_key_of: impl Fn(&T) -> RowKey) -> Page<T> {
    let (before, after) = match start {
        Start::First { .. } | Start::After(_) => (page.before, page.rows.last().map(row_key_of)),
        Start::Before(_) => (page.rows.first().map(row_key_of), page.after),
    };
    Page {
        before,
        after,
        ..page
    }
}

/// A page of what is selected from a table, latest first. `parameters`: those of `select`, from the
/// third on.
pub(crate) fn latest_first<T>(
    conn: &Connection,
    request: &PageRequest,
    (table, select): (&str, &str),
    parameters: &[&dyn ToSql],
    read: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Page<T>> {
    let page = self::page(
        request,
        |(id, _): &(i64, Result<T>)| RowKey { key: *id, id: *id },
        |toward, from, limit| {
            let (beyond, order, outermost) = match toward {
                Toward::End => ("<", "desc", i64::MAX),
                Toward::Beginning => (">", "asc", i64::MIN),
            };
            let sql =
                format!("{select} and {table}.id {beyond} ?1 order by {table}.id {order} limit ?2");
            let from = from.map_or(outermost, |row_key| row_key.id);
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let ends: [&dyn ToSql; 2] = [&from, &limit];
            let mut statement = conn.prepare_cached(&sql)?;
            let rows = statement.query_map(&*[&ends[..], parameters].concat(), |row| {
                Ok((row.get(0)?, read(row)))
            })?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
        },
    )?;
    sound(page.map(|(_, row)| row))
}
