//! The histogram of post-dial delays: calls by day, country and bin.

use rusqlite::{Connection, OptionalExtension};
use sidetone_core::time::DAY_US;

use crate::error::Result;
use crate::rows::facet::Facets;
use crate::rows::shard::Shard;
use sidetone_store::facets::Facet;

/// One call more or less in a row: day, country, bin and bucket; by how many.
pub(super) type Step = ([i64; 4], i64);

/// What changes when a call was `old` and is `new`.
pub(super) fn steps(shard: Shard, old: &Facets, new: &Facets) -> impl Iterator<Item = Step> {
    let (old, new) = (row_of(old), row_of(new));
    let rows = [(old, -1), (new, 1)].into_iter();
    rows.filter(move |_| old != new)
        .filter_map(move |(row, by)| {
            let (day, country, bin) = row?;
            Some(([day, country, bin, shard.bucket], by))
        })
}

/// Day, country and bin that a call counts for.
fn row_of(facets: &Facets) -> Option<(i64, i64, i64)> {
    let day = facets.keys?.start_us.div_euclid(DAY_US);
    let country = facets.get(Facet::ToCountry).unwrap_or(0);
    Some((day, country, facets.pdd_bin?))
}

/// Applies steps, which are sorted.
pub(super) fn write(conn: &Connection, steps: &[Step]) -> Result<()> {
    for steps in steps.chunk_by(|a, b| a.0 == b.0) {
        write_row(conn, steps)?;
    }
    Ok(())
}

/// Applies steps of one row.
fn write_row(conn: &Connection, steps: &[Step]) -> Result<()> {
    let Some(([day, country, bin, bucket], _)) = steps.first() else {
        return Ok(());
    };
    let by: i64 = steps.iter().map(|(_, by)| by).sum();
    let row = [day, country, bin, bucket, &by];
    if by > 0 {
        conn.prepare_cached(
            "insert into pdd (day, country, bin, bucket, n) values (?1, ?2, ?3, ?4, ?5)
             on conflict do update set n = n + excluded.n",
        )?
        .execute(row)?;
    } else if by < 0 {
        let left: Option<i64> = conn
            .prepare_cached(
                "select n + ?5 from pdd
                 where day = ?1 and country = ?2 and bin = ?3 and bucket = ?4",
            )?
            .query_row(row, |row| row.get(0))
            .optional()?;
        if left.is_some_and(|left| left > 0) {
            conn.prepare_cached(
                "update pdd set n = n + ?5
                 where day = ?1 and country = ?2 and bin = ?3 and bucket = ?4",
            )?
            .execute(row)?;
        } else {
            conn.prepare_cached(
                "delete from pdd where day = ?1 and country = ?2 and bin = ?3 and bucket = ?4",
            )?
            .execute([day, country, bin, bucket])?;
        }
    }
    Ok(())
}
