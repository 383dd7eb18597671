//! What waits for sinks, and what was given up there: counted and forgotten by endpoint, so that it takes
//! as long as there is of it, whatever else waits.

use std::sync::LazyLock;

use rusqlite::{Connection, params};
use sidetone_core::id::SinkSid;

use crate::error::Result;
use sidetone_store::delivery::EndpointId;

/// Rows of one job.
pub(crate) const AT_ONCE: usize = 2_000;

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

static COUNT: LazyLock<String> = LazyLock::new(|| format!("select count(*) from ({OF_ENDPOINT})"));
static DELETE: LazyLock<String> =
    LazyLock::new(|| format!("delete from outbox where id in ({OF_ENDPOINT})"));

/// How many there are for each sink, not counted beyond so many.
pub(crate) fn backlog(conn: &Connection, most: u64) -> Result<Vec<(SinkSid, u64)>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut sinks = conn.prepare_cached("select sid from sink order by sid")?;
    let mut count = conn.prepare_cached(&COUNT)?;
    let mut backlog = Vec::new();
    for sink in sinks.query_map([], |row| row.get(0).map(SinkSid::from_bytes))? {
        let sink = sink?;
        let endpoint = EndpointId::of_sink(sink).number();
        let there = count.query_row([endpoint, most], |row| row.get(0))?;
        backlog.push((sink, there));
    }
    Ok(backlog)
}

/// Forgets up to so many of a sink. Says how many there were.
pub(crate) fn forget(conn: &Connection, sink: SinkSid, most: usize) -> Result<usize> {
    let endpoint = EndpointId::of_sink(sink).number();
    Ok(conn
        .prepare_cached(&DELETE)?
        .execute(params![endpoint, most])?)
}
