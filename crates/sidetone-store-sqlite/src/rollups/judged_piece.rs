//! The judged calls of an hour that has more of them than its row lists, in pieces.
//!
//! Calls are in the order of lists. A piece has those from its first place up to the next piece's,
//! and is cut in two when they are too many: judging a call then changes a small row, whatever the
//! hour holds.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::masked::{MaskedCall, apply_step, pack, unpack};
use super::posting::Posting;
use crate::error::{Error, Result};
use crate::rows::facet::Axis;
use crate::rows::shard::Shard;
use sidetone_store::StoreError;

/// So many calls fill a row that still stands in one page with others.
const CALLS_MAX: usize = 64;

/// Where everything lies that no piece lies before.
const BEGIN: Posting = Posting {
    offset_us: 0,
    id: 0,
};

/// The hour that pieces are of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JudgedHourKey {
    pub(crate) shard: Shard,
    pub(crate) axis: Axis,
    pub(crate) hour: i64,
}

const FIND: &str = "select first_us, first_id, calls from judged_piece
    where account = ?1 and axis = ?2 and hour = ?3 and bucket = ?4 and (first_us, first_id) <= (?5, ?6)
    order by first_us desc, first_id desc limit 1";
const NEXT: &str = "select first_us, first_id from judged_piece
    where account = ?1 and axis = ?2 and hour = ?3 and bucket = ?4 and (first_us, first_id) > (?5, ?6)
    order by first_us, first_id limit 1";
const WRITE: &str =
    "replace into judged_piece (account, axis, hour, bucket, first_us, first_id, mask, calls)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const DELETE: &str = "delete from judged_piece
    where account = ?1 and axis = ?2 and hour = ?3 and bucket = ?4 and first_us = ?5 and first_id = ?6";
const ALL: &str = "select first_us, first_id, mask, calls from judged_piece
    where account = ?1 and axis = ?2 and hour = ?3 and bucket = ?4 order by first_us, first_id";

impl JudgedHourKey {
    /// Writes the calls of an hour that has no pieces.
    pub(crate) fn fill(self, conn: &Connection, calls: &[MaskedCall]) -> Result<()> {
        self.write(conn, BEGIN, calls)
    }

    /// Applies steps, which are in the order of their calls.
    pub(crate) fn apply(self, conn: &Connection, steps: &[(MaskedCall, i64)]) -> Result<()> {
        let mut rest = steps;
        while let Some((call, _)) = rest.first() {
            let (first, mut calls) = self.find(conn, call.posting)?;
            let end = self.next(conn, first)?;
            let here = rest.partition_point(|(call, _)| end.is_none_or(|end| call.posting < end));
            for (call, by) in &rest[..here] {
                apply_step(&mut calls, *call, *by);
            }
            self.write(conn, first, &calls)?;
            rest = &rest[here..];
        }
        Ok(())
    }

    /// All calls of the hour, in order.
    ///
    /// # Errors
    /// When a piece holds what does not belong into it.
    pub(crate) fn read(self, conn: &Connection) -> Result<Vec<MaskedCall>> {
        let Self { shard, axis, hour } = self;
        let mut statement = conn.prepare_cached(ALL)?;
        let mut rows = statement.query([shard.account, axis.number(), hour, shard.bucket])?;
        let mut all: Vec<MaskedCall> = Vec::new();
        while let Some(row) = rows.next()? {
            let first = first_of(row)?;
            let calls = unpack(row.get_ref(3)?.as_blob()?)?;
            let mask = calls.iter().fold(0, |mask, call| mask | call.mask);
            let is_beyond = all.last().is_none_or(|last| last.posting < first);
            let is_it = calls.first().is_some_and(|call| call.posting >= first);
            if !is_beyond || !is_it || row.get::<_, i64>(2)?.cast_unsigned() != mask {
                return Err(Error(StoreError::Corrupt(
                    "a piece of a judged hour holds other calls".into(),
                )));
            }
            all.extend(calls);
        }
        Ok(all)
    }

    /// The piece that a place belongs into; an empty one where no piece reaches it.
    fn find(self, conn: &Connection, place: Posting) -> Result<(Posting, Vec<MaskedCall>)> {
        let Self { shard, axis, hour } = self;
        let mut statement = conn.prepare_cached(FIND)?;
        let mut rows = statement.query(params![
            shard.account,
            axis.number(),
            hour,
            shard.bucket,
            place.offset_us,
            place.id
        ])?;
        Ok(match rows.next()? {
            Some(row) => (first_of(row)?, unpack(row.get_ref(2)?.as_blob()?)?),
            None => (BEGIN, Vec::new()),
        })
    }

    /// Where the piece after one begins.
    fn next(self, conn: &Connection, first: Posting) -> Result<Option<Posting>> {
        let Self { shard, axis, hour } = self;
        Ok(conn
            .prepare_cached(NEXT)?
            .query_row(
                params![
                    shard.account,
                    axis.number(),
                    hour,
                    shard.bucket,
                    first.offset_us,
                    first.id
                ],
                first_of,
            )
            .optional()?)
    }

    /// Writes the piece that begins at a place, as several when it is too long.
    fn write(self, conn: &Connection, first: Posting, calls: &[MaskedCall]) -> Result<()> {
        let Self { shard, axis, hour } = self;
        let Posting { offset_us, id } = first;
        if calls.is_empty() {
            conn.prepare_cached(DELETE)?.execute(params![
                shard.account,
                axis.number(),
                hour,
                shard.bucket,
                offset_us,
                id
            ])?;
            return Ok(());
        }
        let size = if calls.len() > CALLS_MAX {
            CALLS_MAX / 2
        } else {
            CALLS_MAX
        };
        let mut write = conn.prepare_cached(WRITE)?;
        for (place, piece) in calls.chunks(size).enumerate() {
            let first = match place {
                0 => first,
                _ => piece[0].posting,
            };
            write.execute(params![
                shard.account,
                axis.number(),
                hour,
                shard.bucket,
                first.offset_us,
                first.id,
                piece
                    .iter()
                    .fold(0, |mask, call| mask | call.mask)
                    .cast_signed(),
                pack(piece)
            ])?;
        }
        Ok(())
    }
}

fn first_of(row: &Row<'_>) -> rusqlite::Result<Posting> {
    Ok(Posting {
        offset_us: row.get(0)?,
        id: row.get(1)?,
    })
}

/// The calls in an hour that have a bit of each mask, of all buckets, as far as they are in pieces.
pub(crate) fn matching(
    conn: &Connection,
    (account, axis, hour): (i64, Axis, i64),
    masks: &[u64],
) -> Result<Vec<MaskedCall>> {
    let sql = format!(
        "select calls from judged_piece where account = ? and axis = ? and hour = ?{}",
        " and mask & ? <> 0".repeat(masks.len())
    );
    let place = [account, axis.number(), hour].into_iter();
    let values = place.chain(masks.iter().map(|mask| mask.cast_signed()));
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let calls = unpack(row.get_ref(0)?.as_blob()?)?.into_iter();
        found.extend(calls.filter(|call| masks.iter().all(|mask| call.mask & mask != 0)));
    }
    Ok(found)
}
