//! Lists of what waits, and of what was given up.
//!
//! Of an account or a sink they are read from indexes that know whose a delivery is: the next rows of
//! requests, and of each sink, and of these the first. So they take as long as the account has of them,
//! whatever waits for others.

use rusqlite::{Connection, Row};
use sidetone_core::id::{AccountSid, SinkSid};
use sidetone_core::time::TimeUs;

use super::sink_of;
use crate::account;
use crate::error::Result;
use crate::rows::paging::{self, Toward};
use sidetone_store::delivery::{DeadLetter, DeliveryId, EndpointId, Owed, WaitingDelivery};
use sidetone_store::page::{Page, PageRequest, RowKey};

const COLUMNS: &str = "o.id, o.sid, a.sid, o.kind, o.url, o.sink, o.created_us, o.attempts, o.last_error, o.due_us, o.dead_us
    from outbox o cross join account a on a.id = o.account";

/// A delivery, and where it stands in its list.
struct Listed<T> {
    row_key: RowKey,
    delivery: T,
}

/// Parts of the outbox that are in order by index or are sorted, each by one. `?1`: whose.
struct Parts {
    of_requests: &'static [&'static str],
    of_sink: &'static [&'static str],
}

const WAITING: Parts = Parts {
    of_requests: &["outbox_request where sink is null and account = ?1 and dead_us is null"],
    of_sink: &[
        "outbox_queued where endpoint = ?1 and state = 0",
        "outbox_retried where endpoint = ?1 and state = 1",
        // With those that are tried again, which the index does not tell apart.
        "outbox_held where endpoint = ?1 and subject is not null and state in (1, 2)",
    ],
};
const DEAD: Parts = Parts {
    of_requests: &["outbox_request where sink is null and account = ?1 and dead_us is not null"],
    of_sink: &["outbox_dead_endpoint where endpoint = ?1 and dead_us is not null"],
};

/// What waits.
pub(crate) fn waiting(
    conn: &Connection,
    owed: Owed,
    request: &PageRequest,
) -> Result<Page<WaitingDelivery>> {
    let read = |row: &Row<'_>| {
        Ok(WaitingDelivery {
            id: DeliveryId::from_bytes(row.get(1)?),
            account: AccountSid::from_bytes(row.get(2)?),
            kind: row.get(3)?,
            url: row.get(4)?,
            sink: sink_of(row, 5)?,
            created_at: TimeUs::from_micros(row.get(6)?),
            attempts: row.get(7)?,
            error: row.get(8)?,
            retry_at: row.get::<_, Option<i64>>(9)?.map(TimeUs::from_micros),
        })
    };
    page(request, |toward, from, limit| match owed {
        Owed::All => {
            let condition = "o.state <> 3";
            all(conn, condition, "o.id", (toward, from, limit), read)
        }
        owed => some(conn, owed, &WAITING, (toward, from, limit), read),
    })
}

/// What was given up.
pub(crate) fn dead(
    conn: &Connection,
    owed: Owed,
    request: &PageRequest,
) -> Result<Page<DeadLetter>> {
    let read = |row: &Row<'_>| {
        Ok(DeadLetter {
            id: DeliveryId::from_bytes(row.get(1)?),
            account: AccountSid::from_bytes(row.get(2)?),
            kind: row.get(3)?,
            url: row.get(4)?,
            sink: sink_of(row, 5)?,
            created_at: TimeUs::from_micros(row.get(6)?),
            attempts: row.get(7)?,
            error: row.get::<_, Option<_>>(8)?.unwrap_or_default(),
            died_at: TimeUs::from_micros(row.get(10)?),
        })
    };
    page(request, |toward, from, limit| match owed {
        Owed::All => {
            let condition = "o.dead_us is not null";
            all(conn, condition, "o.dead_us", (toward, from, limit), read)
        }
        owed => some(conn, owed, &DEAD, (toward, from, limit), read),
    })
}

/// Which way, from where, and how many.
type Reading = (Toward, Option<RowKey>, usize);

fn page<T>(
    request: &PageRequest,
    read: impl FnMut(Toward, Option<RowKey>, usize) -> Result<Vec<Listed<T>>>,
) -> Result<Page<T>> {
    let page = paging::page(request, |listed: &Listed<T>| listed.row_key, read)?;
    Ok(page.map(|listed| listed.delivery))
}

/// Deliveries of everybody, in the order of a column and the row.
fn all<T>(
    conn: &Connection,
    condition: &str,
    key: &str,
    (toward, from, limit): Reading,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<Listed<T>>> {
    let (beyond, order, outermost) = words(toward);
    let sql = format!(
        "select {COLUMNS} where {condition} and ({key}, o.id) {beyond} (?1, ?2)
         order by {key} {order}, o.id {order} limit ?3"
    );
    let from = from.unwrap_or(RowKey {
        key: outermost,
        id: outermost,
    });
    let is_by_death = key != "o.id";
    let mut statement = conn.prepare_cached(&sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map([from.key, from.id, limit], |row| {
        let id = row.get(0)?;
        let key = if is_by_death { row.get(10)? } else { id };
        Ok(Listed {
            row_key: RowKey { key, id },
            delivery: read(row)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Deliveries of an account or a sink, in the order in which they came.
fn some<T>(
    conn: &Connection,
    owed: Owed,
    parts: &Parts,
    (toward, from, limit): Reading,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<Listed<T>>> {
    let (beyond, order, outermost) = words(toward);
    let from = from.map_or(outermost, |from| from.id);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut ids: Vec<i64> = Vec::new();
    for (part, whose) in sources(conn, owed, parts)? {
        let sql = format!(
            "select id from outbox indexed by {part} and id {beyond} ?2 order by id {order} limit ?3"
        );
        let mut statement = conn.prepare_cached(&sql)?;
        for id in statement.query_map([whose, from, limit], |row| row.get(0))? {
            ids.push(id?);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    if toward == Toward::Beginning {
        ids.reverse();
    }
    ids.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let mut statement = conn.prepare_cached(&format!("select {COLUMNS} where o.id = ?1"))?;
    let listed = ids.into_iter().map(|id| {
        let row_key = RowKey { key: id, id };
        let delivery = statement.query_row([id], &read)?;
        Ok(Listed { row_key, delivery })
    });
    listed.collect()
}

/// The parts of the outbox that have what is owed, with whose it is.
fn sources(conn: &Connection, owed: Owed, parts: &Parts) -> Result<Vec<(&'static str, i64)>> {
    let (account, sink) = match owed {
        Owed::All => return Ok(Vec::new()),
        Owed::Of(account) => (account, None),
        Owed::To(account, sink) => (account, Some(sink)),
    };
    let Some(account) = account::find(conn, account)? else {
        return Ok(Vec::new());
    };
    let mut sources = Vec::new();
    if sink.is_none() {
        sources.extend(parts.of_requests.iter().map(|part| (*part, account.id)));
    }
    let mut sinks = conn.prepare_cached("select sid from sink where account = ?1")?;
    for sid in sinks.query_map([account.id], |row| row.get(0).map(SinkSid::from_bytes))? {
        let sid = sid?;
        if sink.is_none_or(|sink| sink == sid) {
            let endpoint = EndpointId::of_sink(sid).number();
            sources.extend(parts.of_sink.iter().map(|part| (*part, endpoint)));
        }
    }
    Ok(sources)
}

const fn words(toward: Toward) -> (&'static str, &'static str, i64) {
    match toward {
        Toward::End => (">", "asc", i64::MIN),
        Toward::Beginning => ("<", "desc", i64::MAX),
    }
}
