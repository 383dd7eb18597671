//! What annotations say, by hour: how often, and of which calls: in the hour's row while they are
//! few, else in pieces (`judged_piece.rs`).
//!
//! Everything an annotation can say that lists ask for is a bit. A call has a mask of them, an hour
//! the union of the masks of its calls. One row per hour holds it all, on both axes, because people
//! judge one call at a time, of any hour: a row per value would be a dozen rows per judgement, a
//! row per axis two pages instead of one.

use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension, Row, params};
use sidetone_core::time::HOUR_US;

use super::judged_piece::JudgedHourKey;
use super::masked::{self, MaskedCall, MaskedStep};
use super::posting::{POSTINGS_MAX, Posting};
use crate::error::Result;
use crate::rows::facet::{self, Axis, Facets};
use crate::rows::shard::Shard;
use sidetone_store::facets::Facet;

/// The facets of annotations and the bits of their values. A value beyond its bits shares the last
/// of them: the bits only say where to look.
const BITS: [(Facet, RangeInclusive<u32>); 7] = [
    (Facet::Heard, 0..=3),
    (Facet::ConnectivityIssue, 4..=13),
    (Facet::QualityIssues, 14..=29),
    (Facet::Spam, 30..=31),
    (Facet::CallScore, 32..=41),
    (Facet::Judged, 42..=43),
    (Facet::Commented, 44..=45),
];

/// The bits of a facet; `None`: it is not one of annotations.
fn bits_of(facet: Facet) -> Option<RangeInclusive<u32>> {
    BITS.iter()
        .find(|(known, _)| *known == facet)
        .map(|(_, bits)| bits.clone())
}

fn bit(bits: &RangeInclusive<u32>, value: i64) -> u64 {
    let place =
        u32::try_from(value).map_or(*bits.end(), |value| bits.start().saturating_add(value));
    1 << place.min(*bits.end())
}

/// What the annotation of a call says, as bits.
pub(crate) fn mask_of(facets: &Facets) -> u64 {
    let mut mask = 0;
    for (facet, bits) in &BITS {
        for value in facets.counted(*facet as usize) {
            mask |= bit(bits, value);
        }
    }
    mask
}

/// The bits of which a call must have one to have any of some values. `None`: they are not what
/// annotations say.
pub(crate) fn mask_of_any(facet: Facet, values: &[i64]) -> Option<u64> {
    if facet == Facet::Incident {
        // It has no bits of its own: an index finds it.
        return mask_of_any(Facet::Judged, &[1]);
    }
    let bits = bits_of(facet)?;
    let mask = |mask, value: &i64| mask | bit(&bits, *value);
    Some(values.iter().fold(0, mask))
}

/// An hour with judged calls, on one axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JudgedHour {
    /// Calls by bit.
    counts: [u64; 64],
    /// All calls, in order. `None`: they are in pieces.
    pub(crate) calls: Option<Vec<MaskedCall>>,
}

impl JudgedHour {
    pub(crate) const fn empty() -> Self {
        Self {
            counts: [0; 64],
            calls: Some(Vec::new()),
        }
    }

    /// Adds a call or takes it away, as far as it is counted here.
    pub(crate) fn step(&mut self, call: MaskedCall, by: i64) {
        masked::count(&mut self.counts, call.mask, by);
        if let Some(calls) = &mut self.calls {
            masked::apply_step(calls, call, by);
        }
    }

    /// Applies steps, which are in the order of their calls, here and in the pieces.
    fn apply(
        &mut self,
        conn: &Connection,
        place: JudgedHourKey,
        steps: &[MaskedStep],
    ) -> Result<()> {
        for step in steps {
            self.step(step.call, step.by);
        }
        match &self.calls {
            Some(calls) if calls.len() <= POSTINGS_MAX => {}
            Some(calls) => {
                place.fill(conn, calls)?;
                self.calls = None;
            }
            None => {
                let steps: Vec<_> = steps.iter().map(|step| (step.call, step.by)).collect();
                place.apply(conn, &steps)?;
            }
        }
        if self.mask() == 0 {
            *self = Self::empty();
        }
        Ok(())
    }

    fn mask(&self) -> u64 {
        masked::mask(&self.counts)
    }

    /// Whether the row counts what a recount says it should.
    pub(crate) fn counts_as(&self, recount: &[u64; 64]) -> bool {
        self.counts == *recount
    }

    fn pack(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let calls = self.calls.as_deref().map(masked::pack);
        (masked::pack_counts(&self.counts), calls)
    }

    /// Reads mask, counts and calls, which are beside each other from `column` on.
    pub(crate) fn read(row: &Row<'_>, column: usize) -> Result<Self> {
        Self::unpack(
            row.get(column)?,
            row.get_ref(column + 1)?.as_blob()?,
            row.get_ref(column + 2)?.as_blob_or_null()?,
        )
    }

    fn unpack(mask: i64, counts: &[u8], calls: Option<&[u8]>) -> Result<Self> {
        Ok(Self {
            counts: masked::unpack_counts(mask, counts)?,
            calls: calls.map(masked::unpack).transpose()?,
        })
    }
}

const READ: &str =
    "select start_mask, start_counts, start_calls, end_mask, end_counts, end_calls from judged
    where account = ?1 and hour = ?2 and bucket = ?3";
const WRITE: &str = "insert into judged
    (account, hour, bucket, start_mask, start_counts, start_calls, end_mask, end_counts, end_calls)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    on conflict do update set
      start_mask = excluded.start_mask, start_counts = excluded.start_counts, start_calls = excluded.start_calls,
      end_mask = excluded.end_mask, end_counts = excluded.end_counts, end_calls = excluded.end_calls";
const DELETE: &str = "delete from judged where account = ?1 and hour = ?2 and bucket = ?3";

/// Applies steps, which are of one row.
pub(crate) fn write(conn: &Connection, steps: &[MaskedStep]) -> Result<()> {
    let Some(MaskedStep { shard, hour, .. }) = steps.first() else {
        return Ok(());
    };
    let row = [shard.account, *hour, shard.bucket];
    let stored = conn
        .prepare_cached(READ)?
        .query_row(row, |row| {
            Ok(Axis::BOTH.map(|axis| JudgedHour::read(row, axis.number() as usize * 3)))
        })
        .optional()?;
    let [mut start, mut end] = match stored {
        Some([start, end]) => [start?, end?],
        None => [JudgedHour::empty(), JudgedHour::empty()],
    };
    // They are in the order of axes, then of calls.
    for steps in steps.chunk_by(|a, b| a.axis == b.axis) {
        let axis = steps[0].axis;
        let place = JudgedHourKey {
            shard: *shard,
            axis,
            hour: *hour,
        };
        match axis {
            Axis::Start => start.apply(conn, place, steps)?,
            Axis::End => end.apply(conn, place, steps)?,
        }
    }
    if start.mask() == 0 && end.mask() == 0 {
        conn.prepare_cached(DELETE)?.execute(row)?;
        return Ok(());
    }
    let (start_counts, start_calls) = start.pack();
    let (end_counts, end_calls) = end.pack();
    conn.prepare_cached(WRITE)?.execute(params![
        shard.account,
        hour,
        shard.bucket,
        start.mask().cast_signed(),
        start_counts,
        start_calls,
        end.mask().cast_signed(),
        end_counts,
        end_calls
    ])?;
    Ok(())
}

/// Puts the calls of all hours into pieces that have none and list none.
pub(crate) fn fill_pieces(conn: &Connection) -> Result<()> {
    for axis in Axis::BOTH {
        let (of, key) = (axis.prefix(), axis.column());
        let mut hours = conn.prepare(&format!(
            "select account, hour, bucket from judged where {of}_mask <> 0 and {of}_calls is null"
        ))?;
        let mut calls = conn.prepare(&format!(
            "select {key}, id, {} from call
             where account = ?1 and {key} between ?2 and ?3 and bucket = ?4 and judged order by {key}, id",
            facet::columns()
        ))?;
        let mut rows = hours.query([])?;
        while let Some(row) = rows.next()? {
            let hour: i64 = row.get(1)?;
            let shard = Shard {
                account: row.get(0)?,
                bucket: row.get(2)?,
            };
            let begin = hour * HOUR_US;
            let range = [shard.account, begin, begin + HOUR_US - 1, shard.bucket];
            let judged = calls.query_map(range, |row| {
                let (key, id): (i64, i64) = (row.get(0)?, row.get(1)?);
                let posting = Posting {
                    offset_us: key.rem_euclid(HOUR_US),
                    id,
                };
                let mask = mask_of(&Facets::read(row, 2)?);
                Ok(MaskedCall { posting, mask })
            })?;
            let judged: Vec<MaskedCall> = judged.collect::<rusqlite::Result<_>>()?;
            JudgedHourKey { shard, axis, hour }.fill(conn, &judged)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_gives_back_what_it_holds() {
        let call = |id: i64| MaskedCall {
            posting: Posting {
                offset_us: id * 1000,
                id,
            },
            mask: 1 << (id % 40) | 1 << 42,
        };
        let mut hour = JudgedHour::empty();
        for id in 0..300 {
            hour.step(call(id), 1);
            let (counts, calls) = hour.pack();
            let read =
                JudgedHour::unpack(hour.mask().cast_signed(), &counts, calls.as_deref()).unwrap();
            assert_eq!(read, hour);
        }
        for id in 0..300 {
            hour.step(call(id), -1);
        }
        assert_eq!(hour.mask(), 0);
    }

    #[cfg(feature = "testing")]
    #[tokio::test]
    async fn hours_of_an_older_version_are_put_into_pieces() {
        use crate::{Options, SqliteStore};
        use sidetone_store::conformance::sample::{
            call, create_account, put, scope, score, summary,
        };
        use sidetone_store::prelude::*;

        let store = SqliteStore::open_temporary(Options::default()).unwrap();
        create_account(&store).await;
        for n in 0..300_u64 {
            let started = n.cast_signed() * 10;
            let summary = summary(call(n), started, Some(started + 5));
            store.put_summaries(vec![put(summary, 0)]).await.unwrap();
            let judged = store.annotate(scope(1), call(n).sid, score(4));
            judged.await.unwrap();
        }
        let pieces = store.writer.run(1, |tx| {
            let count = "select count(*) from judged_piece";
            let forgotten = tx.conn.execute("delete from judged_piece", [])?;
            fill_pieces(tx.conn)?;
            Ok((forgotten, tx.conn.query_row(count, [], |row| row.get(0))?))
        });
        let (forgotten, pieces): (usize, usize) = pieces.await.unwrap();
        assert!(forgotten > 0 && pieces > 0);
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    }
}
