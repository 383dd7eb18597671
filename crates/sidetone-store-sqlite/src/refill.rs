//! What version 5 knows of calls, for those that an earlier version wrote: read from their documents
//! and annotations.

use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use sidetone_core::id::{AccountSid, CallRef, CallSid};

use super::error::Result;
use super::record;
use super::rollups::deltas::Deltas;
use super::rows::address::{Side, address_hash};
use super::rows::checksum::Covered;
use super::rows::facet::{self, FACETS, Facets, NOT_COUNTED};
use super::rows::shard::Shard;
use super::rows::tables::{self, CALL};
use super::rows::terms::{TermCache, Terms};
use sidetone_store::facets::Facet;

/// Calls that are read at once.
const CALLS_AT_ONCE: usize = 1000;

/// A call as it was.
struct Before {
    id: i64,
    shard: Shard,
    call: CallRef,
    document: Option<Vec<u8>>,
    annotation: Option<String>,
    addresses: [Option<String>; 2],
    facets: Facets,
}

/// The columns that are new.
fn columns() -> impl Iterator<Item = (Facet, &'static str)> {
    let new = FACETS.iter().filter(|column| column.dim == NOT_COUNTED);
    new.map(|column| (column.facet, column.column))
}

/// Fills the columns, and what is counted and listed by them.
pub(super) fn fill(conn: &Connection) -> Result<()> {
    // From now on they list their calls.
    conn.execute(
        "delete from rollup where dim = ?1",
        [FACETS[Facet::Tags as usize].dim],
    )?;
    let old = tables::call_columns();
    let old = old.split_once(", duration_s").map_or("", |(old, _)| old);
    let select = format!(
        "select c.id, c.account, c.bucket, a.sid, c.sid, d.body, c.annotation, c.from_address, c.to_address, {}
         from call c join account a on a.id = c.account left join document d on d.call_id = c.id
         where c.id > ?1 and {} order by c.id limit {CALLS_AT_ONCE}",
        facet::columns(),
        // A damaged row stays one: its checksum is that of the columns of before.
        Covered::of("call", old).is_sound("c.")
    );
    let names: Vec<&str> = columns().map(|(_, column)| column).collect();
    let update = CALL.update(&names);
    let (mut deltas, mut cache) = (Deltas::default(), TermCache::default());
    let mut last = i64::MIN;
    loop {
        let calls = read(conn, &select, last)?;
        for call in &calls {
            last = call.id;
            write(conn, call, &update, &mut deltas, &mut cache)?;
        }
        deltas.flush(conn)?;
        if calls.is_empty() {
            return Ok(());
        }
    }
}

fn read(conn: &Connection, select: &str, last: i64) -> Result<Vec<Before>> {
    let mut statement = conn.prepare_cached(select)?;
    let rows = statement.query_map([last], |row| {
        Ok(Before {
            id: row.get(0)?,
            shard: Shard {
                account: row.get(1)?,
                bucket: row.get(2)?,
            },
            call: CallRef {
                account: AccountSid::from_bytes(row.get(3)?),
                sid: CallSid::from_bytes(row.get(4)?),
            },
            document: row.get(5)?,
            annotation: row.get(6)?,
            addresses: [row.get(7)?, row.get(8)?],
            facets: Facets::read(row, 9)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn write(
    conn: &Connection,
    before: &Before,
    update: &str,
    deltas: &mut Deltas,
    cache: &mut TermCache,
) -> Result<()> {
    let mut old = before.facets.clone();
    let mut new = old.clone();
    old.values[Facet::Tags as usize] = None;
    // A document that cannot be read says nothing here either; `check` names it.
    let summary = before
        .document
        .as_ref()
        .and_then(|body| record::read_summary(body, before.call).ok());
    if let Some(summary) = summary {
        new.set_summary(&summary, &mut Terms { conn, cache })?;
    }
    let annotation = before.annotation.as_deref();
    let annotation = annotation.and_then(|json| serde_json::from_str(json).ok());
    if let Some(annotation) = annotation {
        new.set_annotation(&annotation)?;
    }
    let values = columns().map(|(facet, _)| Value::from(new.get(facet)));
    conn.prepare_cached(update)?
        .execute(params_from_iter(values.chain([before.id.into()])))?;
    for (side, address) in [Side::From, Side::To].into_iter().zip(&before.addresses) {
        if let Some(address) = address.as_deref().filter(|address| address.contains(':')) {
            conn.prepare_cached(&CALL.update(&[side.hash_column()]))?
                .execute(params![address_hash(address), before.id])?;
        }
    }
    deltas.change(before.shard, before.id, &old, &new);
    Ok(())
}
