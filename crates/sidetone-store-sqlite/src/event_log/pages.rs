//! Reading the log of a call, as people ask for it.

use std::cell::Cell;

use rusqlite::{Connection, OptionalExtension, params_from_iter};
use sidetone_core::event::{CallEvent, EventKind};
use sidetone_core::id::CallRef;

use super::event::{EVENT, read_event};
use super::rowid;
use crate::error::{Error, Result};
use crate::record;
use crate::rows::paging::{self, Toward};
use sidetone_store::page::{Page, PageRequest, RowKey, Start};
use sidetone_store::{EventFilter, StoreError};

/// How much memory the events of a page may take. One event is always given.
const PAGE_BYTES: usize = 4 << 20;

pub(crate) fn events(
    conn: &Connection,
    call: CallRef,
    filter: &EventFilter,
    request: &PageRequest,
) -> Result<Page<(RowKey, CallEvent)>> {
    let Some((id, _)) = record::sound_row_of(conn, call)? else {
        return Ok(Page::default());
    };
    expect_whole_log(conn, id, call)?;
    let log = Log {
        conn,
        id,
        call,
        filter,
        is_cut: Cell::new(false),
    };
    let request = match request.start {
        // What is left out is not read.
        Start::First { skip: skip @ 1.. } => match log.row_key_before(skip)? {
            Some(row_key) => PageRequest {
                start: Start::After(row_key),
                ..*request
            },
            None => return Ok(Page::default()),
        },
        _ => *request,
    };
    let page = paging::page(
        &request,
        |(row_key, _): &(RowKey, CallEvent)| *row_key,
        |toward, from, limit| log.read(toward, from, limit),
    )?;
    Ok(if log.is_cut.get() {
        paging::cut(page, request.start, |(row_key, _)| *row_key)
    } else {
        page
    })
}

/// The event at a place in a call's log.
pub(crate) fn event(conn: &Connection, call: CallRef, position: u64) -> Result<Option<CallEvent>> {
    let Some((id, _)) = record::sound_row_of(conn, call)? else {
        return Ok(None);
    };
    let (first, last) = rowid::range(id).into_inner();
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    let mut statement = conn.prepare_cached(&format!(
        "select {EVENT} from event where id between ?1 and ?2 and position = ?3"
    ))?;
    let mut rows = statement.query([first, last, position])?;
    let row = rows.next()?;
    Ok(row
        .map(|row| read_event(row, 0, call))
        .transpose()?
        .map(|(event, _)| event))
}

/// Expects all events of a call to be there, or none when they have expired. It is as quick as
/// putting them in order, which each page does.
fn expect_whole_log(conn: &Connection, id: i64, call: CallRef) -> Result<()> {
    let counted: i64 = conn
        .prepare_cached("select iif(late_events is null, event_count, 0) from call where id = ?1")?
        .query_row([id], |row| row.get(0))?;
    let (first, last) = rowid::range(id).into_inner();
    let of_log: [i64; 3] = conn
        .prepare_cached(
            "select count(at_us), count(kind), cast(total(position) as integer) from event where id between ?1 and ?2",
        )?
        .query_row([first, last], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?])
        })?;
    if of_log == [counted, counted, counted * (counted + 1) / 2] {
        Ok(())
    } else {
        Err(Error(StoreError::Corrupt(format!(
            "table event, call {}: events are missing",
            call.sid
        ))))
    }
}

/// The log of one call, as far as it is asked for.
struct Log<'a> {
    conn: &'a Connection,
    id: i64,
    call: CallRef,
    filter: &'a EventFilter,
    /// Whether a page came to its end before all of its rows were read.
    is_cut: Cell<bool>,
}

impl Log<'_> {
    /// A query of what is asked for, beyond a row key.
    fn query(&self, columns: &str, toward: Toward, from: Option<RowKey>) -> (String, Vec<i64>) {
        let (order, beyond, open_end) = match toward {
            Toward::End => ("", '>', (i64::MIN, i64::MIN)),
            Toward::Beginning => (" desc", '<', (i64::MAX, i64::MAX)),
        };
        let from = from.map_or(open_end, |row_key| (row_key.key, row_key.id));
        let mut sql = format!(
            "select {columns} from event
             where id between ? and ? and (at_us, position) {beyond} (?, ?)"
        );
        let (first, last) = rowid::range(self.id).into_inner();
        let mut values = vec![first, last, from.0, from.1];
        let filter = self.filter;
        if !filter.kinds.is_empty() {
            sql.push_str(" and kind in (?");
            sql.push_str(&", ?".repeat(filter.kinds.len() - 1));
            sql.push(')');
            values.extend(filter.kinds.iter().map(|kind| i64::from(kind.index())));
        }
        if let Some(edge) = filter.edge {
            sql.push_str(" and (edge = ?");
            values.push(edge.index().into());
            if filter.or_progress {
                sql.push_str(" or kind = ?");
                values.push(EventKind::Progress.index().into());
            }
            sql.push(')');
        }
        if let Some(direction) = filter.direction {
            sql.push_str(" and direction = ?");
            values.push(direction.index().into());
        }
        sql.push_str(&format!(
            " order by at_us{order}, position{order} limit ? offset ?"
        ));
        (sql, values)
    }

    /// The row key of the last of so many rows from the beginning. `None`: there are fewer.
    fn row_key_before(&self, rows: u64) -> Result<Option<RowKey>> {
        let (sql, mut values) = self.query("at_us, position", Toward::End, None);
        values.extend([1, i64::try_from(rows - 1).unwrap_or(i64::MAX)]);
        let mut statement = self.conn.prepare_cached(&sql)?;
        let row_key = statement.query_row(params_from_iter(values), |row| {
            Ok(RowKey {
                key: row.get(0)?,
                id: row.get(1)?,
            })
        });
        Ok(row_key.optional()?)
    }

    /// Reads rows while there is room.
    fn read(
        &self,
        toward: Toward,
        from: Option<RowKey>,
        limit: usize,
    ) -> Result<Vec<(RowKey, CallEvent)>> {
        // Bodies are not sorted along: those that are not needed are not read, and nothing large is
        // held.
        let (sql, mut values) = self.query("at_us, position, id", toward, from);
        values.extend([i64::try_from(limit).unwrap_or(i64::MAX), 0]);
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut body = self
            .conn
            .prepare_cached(&format!("select {EVENT} from event where id = ?1"))?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut events = Vec::new();
        let mut room = PAGE_BYTES;
        while let Some(row) = rows.next()? {
            if room == 0 {
                self.is_cut.set(true);
                break;
            }
            let row_key = RowKey {
                key: row.get(0)?,
                id: row.get(1)?,
            };
            let mut bodies = body.query([row.get::<_, i64>(2)?])?;
            let Some(body) = bodies.next()? else { continue };
            let (event, json_bytes) = read_event(body, 0, self.call)?;
            room = room.saturating_sub(event.memory_bytes(json_bytes));
            events.push((row_key, event));
        }
        Ok(events)
    }
}
