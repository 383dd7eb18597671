//! Erasing a call: everything that was observed and said of it goes, the counts shrink, a tombstone
//! stays.

use rusqlite::{OptionalExtension, params};
use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;

use super::engine::work::Work;
use super::error::Result;
use super::rows::facet::{self, Facets};
use super::{account, comments, feed, feedback, record};
use sidetone_store::Lookup;
use sidetone_store::facets::Facet;
use sidetone_store::feed::Changed;

/// Tables with rows of a call, by its row in `call`; those that refer to others first.
const PARTS: [&str; 8] = [
    "delete from annotation_batch_line where call_id = ?1",
    "delete from alias where call_id = ?1",
    "delete from document where call_id = ?1",
    "delete from fold_state where call_id = ?1",
    "delete from set_aside where call_id = ?1",
    "delete from event where id between ?1 << 28 and (?1 << 28) + ((1 << 28) - 1)",
    "delete from annotation where call_id = ?1",
    "with recursive change (id) as (
       select last_change from call where id = ?1
       union all
       select l.previous from change c join annotation_log l on l.id = c.id
     ) delete from annotation_log where id in (select id from change where id is not null)",
];

pub(super) fn erase(work: &mut Work<'_>, call: CallRef, now: TimeUs) -> Result<Lookup<()>> {
    let conn = work.conn;
    let Some(account) = account::find(conn, call.account)? else {
        return Ok(Lookup::Unknown);
    };
    let found: Option<(i64, Facets)> = conn
        .prepare_cached(&format!(
            "select id, {} from call where sid = ?1 and account = ?2",
            facet::columns()
        ))?
        .query_row(params![call.sid.as_bytes(), account.id], |row| {
            Ok((row.get(0)?, Facets::read(row, 1)?))
        })
        .optional()?;
    let Some((id, facets)) = found else {
        return Ok(if record::is_erased(conn, account.id, call.sid)? {
            Lookup::Gone
        } else {
            Lookup::Unknown
        });
    };
    let shard = account.shard(call.sid);
    feedback::erase(work, shard, id, facets.keys.map(|keys| keys.start_us))?;
    if facets.get(Facet::Commented).is_some() {
        comments::erase(conn, id)?;
    }
    for part in PARTS {
        conn.prepare_cached(part)?.execute([id])?;
    }
    conn.prepare_cached("delete from call where id = ?1")?
        .execute([id])?;
    conn.prepare_cached("replace into tombstone (sid, account, at_us) values (?1, ?2, ?3)")?
        .execute(params![call.sid.as_bytes(), account.id, now.micros()])?;
    work.count(shard, id, &facets, &Facets::NONE);
    work.uncount(shard, &facets, &Facets::NONE);
    feed::note(work, call, &Changed::Erased, now)?;
    Ok(Lookup::Found(()))
}
