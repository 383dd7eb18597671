//! Reading the log of a call, as people ask for it.

use rusqlite::{Connection, params_from_iter};
use sidetone_core::event::{CallEvent, EventKind};
use sidetone_core::id::CallRef;

use super::log::{EVENT, read_event};
use super::paging::{self, Toward};
use super::{record, slot};
use crate::page::{Page, PageRequest, Place};
use crate::{EventFilter, Result, StoreError};

pub(super) fn events(
    conn: &Connection,
    call: CallRef,
    filter: &EventFilter,
    request: &PageRequest,
) -> Result<Page<(Place, CallEvent)>> {
    let Some((id, _)) = record::sound_row_of(conn, call)? else {
        return Ok(Page::default());
    };
    expect_whole_log(conn, id, call)?;
    paging::page(
        request,
        |(place, _): &(Place, CallEvent)| *place,
        |toward, from, limit| read_events(conn, id, call, filter, toward, from, limit),
    )
}

/// Expects all events of a call to be there. It is as quick as putting them in order, which each page does.
fn expect_whole_log(conn: &Connection, id: i64, call: CallRef) -> Result<()> {
    let counted: i64 = conn
        .prepare_cached("select event_count from call where id = ?1")?
        .query_row([id], |row| row.get(0))?;
    let (first, last) = slot::range(id).into_inner();
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
        Err(StoreError::Corrupt(format!(
            "table event, call {}: events are missing",
            call.sid
        )))
    }
}

fn read_events(
    conn: &Connection,
    id: i64,
    call: CallRef,
    filter: &EventFilter,
    toward: Toward,
    from: Option<Place>,
    limit: usize,
) -> Result<Vec<(Place, CallEvent)>> {
    let (order, beyond, open_end) = match toward {
        Toward::End => ("", '>', (i64::MIN, i64::MIN)),
        Toward::Beginning => (" desc", '<', (i64::MAX, i64::MAX)),
    };
    let from = from.map_or(open_end, |place| (place.key, place.id));
    let mut sql = format!(
        "select at_us, position, {EVENT} from event
         where id between ? and ? and (at_us, position) {beyond} (?, ?)"
    );
    let (first, last) = slot::range(id).into_inner();
    let mut values = vec![first, last, from.0, from.1];
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
    sql.push_str(&format!(" order by at_us{order}, position{order} limit ?"));
    values.push(i64::try_from(limit).unwrap_or(i64::MAX));
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let place = Place {
            key: row.get(0)?,
            id: row.get(1)?,
        };
        events.push((place, read_event(row, 2, call)?));
    }
    Ok(events)
}
