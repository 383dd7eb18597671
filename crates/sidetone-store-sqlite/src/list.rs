//! Lists of calls.
//!
//! A list is a walk along one axis (start or end) from the latest call to the earliest, in up to
//! three stretches; that of a few calls which something names needs none.

pub(crate) mod condition;
pub(crate) mod conditions;
pub(super) mod count;
mod effort;
mod figure_hours;
mod hour_rows;
mod judged_hours;
mod key_range;
mod masked_hours;
mod matching_hours;
pub(crate) mod named;
mod party;
mod ruled_out;
mod scan_range;
mod stretch;
mod walk;

use rusqlite::Connection;
use sidetone_core::filter::{SortBy, SummaryFilter};

use self::conditions::Conditions;
use self::effort::Wish;
use self::walk::Walk;
use super::account;
use super::error::{Error, Result};
use super::record::{self, Reading};
use super::rows::facet::Axis;
use super::rows::paging;
use sidetone_store::page::{Page, PageRequest, RowKey, Start};
use sidetone_store::{CallRecord, StoreError};

pub(super) fn list<R: Reading>(
    conn: &Connection,
    filter: &SummaryFilter,
    request: &PageRequest,
    page_steps: u64,
    reading: &R,
) -> Result<Page<(RowKey, CallRecord<R::Summary>)>> {
    let Some(account) = account::find(conn, filter.account)?.map(|row| row.id) else {
        return Ok(Page::default());
    };
    let Some(conditions) = Conditions::of(conn, account, filter)? else {
        return Ok(Page::default());
    };
    let axis = axis_of(filter);
    let row_keys = if let Some(rows) = named::rows(conn, account, &conditions)? {
        let named = named::row_keys(conn, account, &rows, axis, &conditions)?;
        paging::page(
            request,
            |row_key| *row_key,
            |toward, from, limit| Ok(paging::beyond(&named, toward, from, limit)),
        )?
    } else {
        walk(
            &Walk::new(conn, account, axis, filter, conditions)?.within(page_steps),
            request,
        )?
    };
    read_records(conn, row_keys, axis, request.start, reading)
}

/// A page of a walk; shorter than it might be when looking for more is dear.
fn walk(walk: &Walk<'_>, request: &PageRequest) -> Result<Page<RowKey>> {
    let least = match request.start {
        Start::First { skip } => usize::try_from(skip)
            .unwrap_or(usize::MAX)
            .saturating_add(1),
        Start::After(_) | Start::Before(_) => 1,
    };
    let mut is_cut = false;
    let page = paging::page(
        request,
        |row_key| *row_key,
        |toward, from, most| {
            let mut found = Vec::new();
            is_cut |= walk.read(toward, from, Wish { least, most }, &mut found)?;
            Ok(found)
        },
    )?;
    Ok(if is_cut {
        paging::cut(page, request.start, |row_key| *row_key)
    } else {
        page
    })
}

/// The axis that a list goes along.
const fn axis_of(filter: &SummaryFilter) -> Axis {
    match filter.sort_by {
        SortBy::StartTime => Axis::Start,
        SortBy::EndTime => Axis::End,
    }
}

/// How much memory the records of a page may take: they take as much again as they are told, and as
/// text. One is always given.
const PAGE_BYTES: usize = 4 << 20;

/// Reads the records of a page: those nearest to where it begins, while there is room.
fn read_records<R: Reading>(
    conn: &Connection,
    mut row_keys: Page<RowKey>,
    axis: Axis,
    start: Start,
    reading: &R,
) -> Result<Page<(RowKey, CallRecord<R::Summary>)>> {
    let is_backwards = matches!(start, Start::Before(_));
    if is_backwards {
        row_keys.rows.reverse();
    }
    let mut rows = Vec::with_capacity(row_keys.rows.len());
    let mut damaged = Vec::new();
    let (mut room, mut read) = (PAGE_BYTES, 0);
    for row_key in &row_keys.rows {
        if room == 0 {
            break;
        }
        read += 1;
        match record::record_by_id(conn, *row_key, axis, reading) {
            Ok((record, bytes)) => {
                room = room.saturating_sub(bytes);
                rows.push((*row_key, record));
            }
            // The others are served: a page that failed as a whole would hide all that lies behind
            // it.
            Err(Error(StoreError::Corrupt(damage))) => damaged.push(damage),
            Err(error) => return Err(error),
        }
    }
    let is_cut = read < row_keys.rows.len();
    row_keys.rows.truncate(read);
    if is_backwards {
        rows.reverse();
        row_keys.rows.reverse();
    }
    if is_cut {
        row_keys = paging::cut(row_keys, start, |row_key| *row_key);
    }
    Ok(Page {
        rows,
        before: row_keys.before,
        after: row_keys.after,
        damaged,
    })
}
