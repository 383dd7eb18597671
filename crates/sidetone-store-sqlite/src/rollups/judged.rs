//! What annotations say, by hour: how often, and of which calls while they are few.
//!
//! Everything an annotation can say that lists ask for is a bit. A call has a mask of them, an hour
//! the union of the masks of its calls. One row per hour holds it all, on both axes, because people
//! judge one call at a time, of any hour: a row per value would be a dozen rows per judgement, a
//! row per axis two pages instead of one.

use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::posting::{self, POSTINGS_MAX, Posting};
use crate::error::{Error, Result};
use crate::rows::facet::{Axis, Facets};
use crate::rows::shard::Shard;
use sidetone_store::StoreError;
use sidetone_store::facets::Facet;

/// The facets of annotations and the bits of their values. A value beyond its bits shares the last
/// of them: the bits only say where to look.
const BITS: [(Facet, RangeInclusive<u32>); 6] = [
    (Facet::Heard, 0..=3),
    (Facet::ConnectivityIssue, 4..=13),
    (Facet::QualityIssues, 14..=29),
    (Facet::Spam, 30..=31),
    (Facet::CallScore, 32..=41),
    (Facet::Judged, 42..=43),
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
    let bits = bits_of(facet)?;
    let mask = |mask, value: &i64| mask | bit(&bits, *value);
    Some(values.iter().fold(0, mask))
}

/// A judged call within an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct JudgedCall {
    pub(crate) posting: Posting,
    pub(crate) mask: u64,
}

/// An hour with judged calls, on one axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JudgedHour {
    /// Calls by bit.
    counts: [u64; 64],
    /// All calls, in order. `None`: they are many.
    calls: Option<Vec<JudgedCall>>,
}

impl JudgedHour {
    pub(crate) const fn empty() -> Self {
        Self {
            counts: [0; 64],
            calls: Some(Vec::new()),
        }
    }

    /// Adds a call or takes it away.
    pub(crate) fn step(&mut self, call: JudgedCall, by: i64) {
        for (place, count) in self.counts.iter_mut().enumerate() {
            if call.mask >> place & 1 == 1 {
                *count = count.saturating_add_signed(by);
            }
        }
        if let Some(calls) = &mut self.calls {
            match calls.binary_search(&call) {
                Ok(at) if by < 0 => drop(calls.remove(at)),
                Err(at) if by > 0 => calls.insert(at, call),
                _ => {}
            }
            if calls.len() > POSTINGS_MAX {
                self.calls = None;
            }
        }
    }

    fn mask(&self) -> u64 {
        let bits = self
            .counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0);
        bits.fold(0, |mask, (place, _)| mask | 1 << place)
    }

    /// Whether the row is what a recount says it should be. Calls that are not kept are not
    /// compared.
    pub(crate) fn agrees_with(&self, recount: &Self) -> bool {
        self.counts == recount.counts && (self.calls.is_none() || self.calls == recount.calls)
    }

    fn pack(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut counts = Vec::new();
        for count in self.counts.iter().filter(|count| **count > 0) {
            posting::put_varint(&mut counts, *count);
        }
        let calls = self.calls.as_ref().map(|calls| {
            let mut bytes = posting::encode(calls.iter().map(|call| call.posting));
            for call in calls {
                posting::put_varint(&mut bytes, call.mask);
            }
            bytes
        });
        (counts, calls)
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
        let mut hour = Self {
            counts: [0; 64],
            calls: calls.map(unpack_calls).transpose()?,
        };
        let mut rest = counts;
        for (place, count) in hour.counts.iter_mut().enumerate() {
            if mask.cast_unsigned() >> place & 1 == 1 {
                *count = posting::take_varint(&mut rest)?;
            }
        }
        Ok(hour)
    }
}

/// The postings of all calls, then their masks.
pub(crate) fn unpack_calls(bytes: &[u8]) -> Result<Vec<JudgedCall>> {
    // As many numbers as there are bytes without the continuation bit; two of three are of the
    // postings.
    let numbers = bytes.iter().filter(|byte| **byte & 0x80 == 0).count();
    if numbers % 3 != 0 {
        return Err(Error(StoreError::Corrupt(
            "judged calls end within a call".into(),
        )));
    }
    let mut rest = bytes;
    let postings = posting::decode_some(&mut rest, numbers / 3)?;
    postings
        .into_iter()
        .map(|posting| {
            let mask = posting::take_varint(&mut rest)?;
            Ok(JudgedCall { posting, mask })
        })
        .collect()
}

/// A judged call more or less in an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct JudgedStep {
    pub(crate) shard: Shard,
    pub(crate) hour: i64,
    pub(crate) axis: Axis,
    pub(crate) call: JudgedCall,
    pub(crate) by: i64,
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
pub(crate) fn write(conn: &Connection, steps: &[JudgedStep]) -> Result<()> {
    let Some(JudgedStep { shard, hour, .. }) = steps.first() else {
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
    for step in steps {
        match step.axis {
            Axis::Start => start.step(step.call, step.by),
            Axis::End => end.step(step.call, step.by),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_gives_back_what_it_holds_until_there_are_many() {
        let call = |id: i64| JudgedCall {
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
            assert_eq!(read.calls.is_some(), id < 256);
        }
        for id in 0..300 {
            hour.step(call(id), -1);
        }
        assert_eq!(hour.mask(), 0);
    }
}
