//! Rollups: how many calls of which value there are in which hour, and which they are while they
//! are few.
//!
//! Differences are collected while a transaction runs and written once at its end, sorted: a
//! thousand calls of one hour change some hundred rows, not thirty thousand.

use rusqlite::{Connection, OptionalExtension, params};
use sidetone_core::time::HOUR_US;

use super::judged;
use super::masked::{MaskedCall, MaskedStep};
use super::posting::{self, POSTINGS_MAX, Posting};
use super::{figures, hourly, pdd, stale};
use crate::error::Result;
use crate::rows::facet::{Axis, Column, DIM_CALLS, FACETS, Facets, NOT_COUNTED, hour_of};
use crate::rows::shard::Shard;
use sidetone_store::facets::Keys;

/// One row of the rollups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    account: i64,
    axis: i64,
    dim: i64,
    value: i64,
    hour: i64,
    bucket: i64,
}

/// One call more or less in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    key: Key,
    posting: Posting,
    by: i64,
}

/// Differences not yet written.
#[derive(Debug, Default)]
pub(crate) struct Deltas {
    steps: Vec<Step>,
    judged: Vec<MaskedStep>,
    figures: Vec<MaskedStep>,
    hourly: Vec<hourly::Step>,
    pdd: Vec<pdd::Step>,
    stale: Vec<(i64, Shard)>,
}

/// A moment to which [`Deltas`] can be taken back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    steps: usize,
    judged: usize,
    figures: usize,
    hourly: usize,
    pdd: usize,
    stale: usize,
}

impl Deltas {
    pub(crate) const fn mark(&self) -> Mark {
        Mark {
            steps: self.steps.len(),
            judged: self.judged.len(),
            figures: self.figures.len(),
            hourly: self.hourly.len(),
            pdd: self.pdd.len(),
            stale: self.stale.len(),
        }
    }

    /// Forgets what was added since.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.steps.truncate(mark.steps);
        self.judged.truncate(mark.judged);
        self.figures.truncate(mark.figures);
        self.hourly.truncate(mark.hourly);
        self.pdd.truncate(mark.pdd);
        self.stale.truncate(mark.stale);
    }

    /// Notes counts of hours.
    pub(crate) fn hourly(&mut self, steps: impl IntoIterator<Item = hourly::Step>) {
        self.hourly.extend(steps);
    }

    /// Notes that something changed of a call that is there: what is written of its days is old.
    pub(crate) fn mark_stale(&mut self, shard: Shard, keys: Option<Keys>) {
        let quarters = keys.into_iter().flat_map(stale::quarters_of);
        self.stale.extend(quarters.map(|quarter| (quarter, shard)));
    }

    /// Notes that a call was `old` and is `new`.
    pub(crate) fn change(&mut self, shard: Shard, id: i64, old: &Facets, new: &Facets) {
        for axis in Axis::BOTH {
            let old_key = old.keys.map(|keys| axis.key(keys));
            let new_key = new.keys.map(|keys| axis.key(keys));
            let stays = old_key == new_key;
            if !stays {
                self.step(shard, axis, DIM_CALLS, 0, old_key, id, -1);
                self.step(shard, axis, DIM_CALLS, 0, new_key, id, 1);
            }
            for (place, Column { facet, dim, .. }) in FACETS.iter().enumerate() {
                let is_same = stays && old.values[place] == new.values[place];
                if *dim == NOT_COUNTED || facet.is_judged() || is_same {
                    continue;
                }
                let dim = *dim;
                for value in old.counted(place) {
                    self.step(shard, axis, dim, value, old_key, id, -1);
                }
                for value in new.counted(place) {
                    self.step(shard, axis, dim, value, new_key, id, 1);
                }
            }
        }
        let changed = masked_steps(shard, id, [old, new], judged::mask_of);
        self.judged.extend(changed);
        let changed = masked_steps(shard, id, [old, new], figures::mask_of);
        self.figures.extend(changed);
        let [old_hour, new_hour] =
            [old, new].map(|facets| facets.keys.map(|keys| hour_of(keys.start_us)));
        if old_hour != new_hour {
            let step = |hour: Option<i64>, by| hour.map(|hour| hourly::Step::call(shard, hour, by));
            self.hourly(step(old_hour, -1));
            self.hourly(step(new_hour, 1));
        }
        self.pdd.extend(pdd::steps(shard, old, new));
    }

    #[expect(clippy::too_many_arguments, reason = "they are the columns of one row")]
    fn step(
        &mut self,
        shard: Shard,
        axis: Axis,
        dim: i64,
        value: i64,
        key: Option<i64>,
        id: i64,
        by: i64,
    ) {
        let Some(key) = key else { return };
        self.steps.push(Step {
            key: Key {
                account: shard.account,
                axis: axis.number(),
                dim,
                value,
                hour: hour_of(key),
                bucket: shard.bucket,
            },
            posting: posting_at(key, id),
            by,
        });
    }

    /// Writes everything and forgets it.
    pub(crate) fn flush(&mut self, conn: &Connection) -> Result<()> {
        self.steps.sort_unstable();
        for steps in self.steps.chunk_by(|a, b| a.key == b.key) {
            write_row(conn, steps)?;
        }
        self.steps.clear();
        flush_masked(&mut self.judged, |steps| judged::write(conn, steps))?;
        flush_masked(&mut self.figures, |steps| figures::write(conn, steps))?;
        self.hourly.sort_unstable();
        hourly::write(conn, &self.hourly)?;
        self.hourly.clear();
        self.pdd.sort_unstable();
        pdd::write(conn, &self.pdd)?;
        self.pdd.clear();
        self.stale.sort_unstable();
        self.stale.dedup();
        for (quarter, shard) in self.stale.drain(..) {
            stale::mark_quarter(conn, shard, quarter)?;
        }
        Ok(())
    }
}

/// What changes in masked hours when a call was one thing and is another.
fn masked_steps(
    shard: Shard,
    id: i64,
    [old, new]: [&Facets; 2],
    mask_of: fn(&Facets) -> u64,
) -> Vec<MaskedStep> {
    let (old_mask, new_mask) = (mask_of(old), mask_of(new));
    let mut steps = Vec::new();
    for axis in Axis::BOTH {
        let sides = [(old, old_mask, -1), (new, new_mask, 1)];
        let [old_step, new_step] = sides.map(|(facets, mask, by)| {
            let key = axis.key(facets.keys.filter(|_| mask != 0)?);
            let posting = posting_at(key, id);
            Some(MaskedStep {
                shard,
                hour: hour_of(key),
                axis,
                call: MaskedCall { posting, mask },
                by,
            })
        });
        let is_same = match (old_step, new_step) {
            (Some(old), Some(new)) => (old.hour, old.call) == (new.hour, new.call),
            (None, None) => true,
            _ => false,
        };
        if !is_same {
            steps.extend(old_step.into_iter().chain(new_step));
        }
    }
    steps
}

/// Writes the steps of each row and forgets them.
fn flush_masked(
    steps: &mut Vec<MaskedStep>,
    write: impl Fn(&[MaskedStep]) -> Result<()>,
) -> Result<()> {
    steps.sort_unstable();
    for steps in steps.chunk_by(|a, b| (a.shard, a.hour) == (b.shard, b.hour)) {
        // A call that left and came back in one transaction changes nothing.
        let net: Vec<MaskedStep> = steps
            .chunk_by(|a, b| (a.axis, a.call) == (b.axis, b.call))
            .map(|same| MaskedStep {
                by: same.iter().map(|step| step.by).sum(),
                ..same[0]
            })
            .filter(|step| step.by != 0)
            .collect();
        write(&net)?;
    }
    steps.clear();
    Ok(())
}

/// Where a call lies within the hour of a key.
const fn posting_at(key: i64, id: i64) -> Posting {
    Posting {
        offset_us: key.rem_euclid(HOUR_US),
        id,
    }
}

/// Whether the calls of a dimension are kept one by one while they are few. Not where no list asks
/// for them.
const fn is_listed(dim: i64) -> bool {
    dim != DIM_CALLS
}

const READ: &str = "select n, calls from rollup
    where account = ?1 and axis = ?2 and dim = ?3 and value = ?4 and hour = ?5 and bucket = ?6";
const WRITE: &str = "insert into rollup (account, axis, dim, value, hour, bucket, n, calls)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    on conflict do update set n = excluded.n, calls = excluded.calls";
const DELETE: &str = "delete from rollup
    where account = ?1 and axis = ?2 and dim = ?3 and value = ?4 and hour = ?5 and bucket = ?6";

/// Applies steps, which are of one row and sorted by posting.
fn write_row(conn: &Connection, steps: &[Step]) -> Result<()> {
    let Some(Step { key, .. }) = steps.first() else {
        return Ok(());
    };
    let row = params![
        key.account,
        key.axis,
        key.dim,
        key.value,
        key.hour,
        key.bucket
    ];
    // A call that left and came back in one transaction changes nothing.
    let net: Vec<(Posting, i64)> = steps
        .chunk_by(|a, b| a.posting == b.posting)
        .map(|same| (same[0].posting, same.iter().map(|step| step.by).sum()))
        .filter(|(_, by)| *by != 0)
        .collect();
    if net.is_empty() {
        return Ok(());
    }
    let stored: Option<(i64, Option<Vec<u8>>)> = conn
        .prepare_cached(READ)?
        .query_row(row, |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (count, postings) = match stored {
        None => (0, Some(Vec::new())),
        Some((count, None)) => (count, None),
        Some((count, Some(bytes))) => (count, Some(posting::decode(&bytes)?)),
    };
    let count = count + net.iter().map(|(_, by)| by).sum::<i64>();
    if count <= 0 {
        conn.prepare_cached(DELETE)?.execute(row)?;
        return Ok(());
    }
    let packed = postings
        .filter(|_| is_listed(key.dim) && count <= POSTINGS_MAX as i64)
        .map(|postings| posting::encode(merge(postings, &net).into_iter()));
    conn.prepare_cached(WRITE)?.execute(params![
        key.account,
        key.axis,
        key.dim,
        key.value,
        key.hour,
        key.bucket,
        count,
        packed
    ])?;
    Ok(())
}

/// Adds and removes postings; both lists are in order.
fn merge(postings: Vec<Posting>, net: &[(Posting, i64)]) -> Vec<Posting> {
    let mut merged = Vec::with_capacity(postings.len() + net.len());
    let mut net = net.iter().peekable();
    for posting in postings {
        while let Some((changed, by)) = net.next_if(|(changed, _)| *changed < posting) {
            merged.extend((*by > 0).then_some(*changed));
        }
        match net.next_if(|(changed, _)| *changed == posting) {
            Some((_, by)) if *by < 0 => {}
            _ => merged.push(posting),
        }
    }
    merged.extend(net.filter(|(_, by)| *by > 0).map(|(posting, _)| *posting));
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_adds_and_removes_in_order() {
        let posting = |offset_us, id| Posting { offset_us, id };
        let merged = merge(
            vec![posting(1, 1), posting(5, 2), posting(9, 3)],
            &[
                (posting(0, 9), 1),
                (posting(2, 8), -1),
                (posting(3, 7), 1),
                (posting(5, 2), -1),
                (posting(10, 4), 1),
            ],
        );
        assert_eq!(
            merged,
            [
                posting(0, 9),
                posting(1, 1),
                posting(3, 7),
                posting(9, 3),
                posting(10, 4)
            ]
        );
    }
}
