//! What is owed to sinks: counted and forgotten by endpoint, so that it takes as long as there is of it,
//! whatever else waits.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, params};
use sidetone_core::id::SinkSid;
use sidetone_core::time::TimeUs;

use crate::error::Result;
use sidetone_store::delivery::{Backlog, EndpointId};

/// Rows of one job: others write after some 20 ms.
pub(crate) const AT_ONCE: usize = 500;

/// Deliveries of an endpoint, so many at most.
const OF_ENDPOINT: &str = "
    select id from outbox indexed by outbox_queued where endpoint = ?1 and state = 0
    union all
    select id from outbox indexed by outbox_retried where endpoint = ?1 and state = 1
    union all
    select id from outbox indexed by outbox_held
    where endpoint = ?1 and subject is not null and state in (1, 2) and state = 2
    union all
    select id from outbox indexed by outbox_dead_endpoint where endpoint = ?1 and dead_us is not null
    limit ?2";

static DELETE: LazyLock<String> =
    LazyLock::new(|| format!("delete from outbox where id in ({OF_ENDPOINT})"));

/// By indexes alone, which say nothing of what is tried again without a subject: of sinks there is no
/// such thing.
const WAITING: &str = "select count(*) from (
    select id from outbox indexed by outbox_queued where endpoint = ?1 and state = 0
    union all
    select id from outbox indexed by outbox_held where endpoint = ?1 and subject is not null and state in (1, 2)
    limit ?2)";
const DEAD: &str = "select count(*) from (
    select id from outbox indexed by outbox_dead_endpoint where endpoint = ?1 and dead_us is not null limit ?2)";
const OLDEST: &str = "select created_us from outbox where id = (select min(id) from (
    select min(id) as id from outbox indexed by outbox_queued where endpoint = ?1 and state = 0
    union all
    select min(id) from outbox indexed by outbox_held where endpoint = ?1 and subject is not null and state in (1, 2)))";
const NEXT: &str =
    "select min(due_us) from outbox indexed by outbox_retried where endpoint = ?1 and state = 1";

/// What is owed to each sink, not counted beyond so many.
pub(crate) fn of_all(conn: &Connection, most: u64) -> Result<Vec<(SinkSid, Backlog)>> {
    let mut sinks = conn.prepare_cached("select sid from sink order by sid")?;
    let mut backlog = Vec::new();
    for sink in sinks.query_map([], |row| row.get(0).map(SinkSid::from_bytes))? {
        let sink = sink?;
        backlog.push((sink, of(conn, sink, most)?));
    }
    Ok(backlog)
}

/// What is owed to one.
pub(crate) fn of(conn: &Connection, sink: SinkSid, most: u64) -> Result<Backlog> {
    let endpoint = EndpointId::of_sink(sink).number();
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let count = |sql| -> Result<u64> {
        let mut count = conn.prepare_cached(sql)?;
        Ok(count.query_row([endpoint, most], |row| row.get(0))?)
    };
    let time = |sql| -> Result<Option<TimeUs>> {
        let mut time = conn.prepare_cached(sql)?;
        let found: Option<Option<i64>> = time.query_row([endpoint], |row| row.get(0)).optional()?;
        Ok(found.flatten().map(TimeUs::from_micros))
    };
    Ok(Backlog {
        waiting: count(WAITING)?,
        dead: count(DEAD)?,
        oldest_at: time(OLDEST)?,
        retry_at: time(NEXT)?,
    })
}

/// Forgets up to so many of a sink. Says how many there were.
pub(crate) fn forget(conn: &Connection, sink: SinkSid, most: usize) -> Result<usize> {
    let endpoint = EndpointId::of_sink(sink).number();
    Ok(conn
        .prepare_cached(&DELETE)?
        .execute(params![endpoint, most])?)
}
