//! Figures about the store.

use rusqlite::Connection;

use super::error::Result;
use sidetone_store::StoreStats;

pub(super) fn stats(conn: &Connection) -> Result<StoreStats> {
    let count = |sql: &str| -> Result<u64> {
        Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    };
    Ok(StoreStats {
        dirty_calls: count(
            "select (select count(*) from call where dirty_us is not null)
               - (select count(*) from set_aside s join call c on c.id = s.call_id
                  where s.reason is not null and c.dirty_us is not null)",
        )?,
        set_aside: count("select count(*) from set_aside where reason is not null")?,
        timers: count("select count(*) from call where timer_us is not null")?,
        // Index by index: rows are many times as long.
        deliveries_waiting: count(
            "select (select count(*) from outbox indexed by outbox_queued where state = 0)
               + (select count(*) from outbox indexed by outbox_retried where state = 1)
               + (select count(*) from outbox indexed by outbox_held
                  where subject is not null and state in (1, 2) and state = 2)",
        )?,
        dead_letters: count("select count(*) from outbox where dead_us is not null")?,
        bytes: count(
            "select (select page_count from pragma_page_count) * (select page_size from pragma_page_size)",
        )?,
        free_bytes: count(
            "select (select freelist_count from pragma_freelist_count) * (select page_size from pragma_page_size)",
        )?,
        // The writer knows.
        commits: 0,
        writes: 0,
        refused: 0,
        damaged: 0,
    })
}
