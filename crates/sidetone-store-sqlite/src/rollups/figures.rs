//! What was measured, by hour: in how many calls of which band, and which calls those are while they
//! are few.
//!
//! Every band of a figure is a bit. A call has a mask of them, an hour the union of the masks of its
//! calls, all in one row: a row per value would be a dozen rows per summary. An hour lists its calls
//! until they are many; then it lets go of those that have only what most have. So what is rare in
//! an hour is found call by call, and what is not is found by looking into the hour.

use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::masked::{self, MaskedCall, MaskedStep};
use super::posting;
use crate::error::Result;
use crate::rows::facet::{Axis, Facets};
use sidetone_store::facets::Facet;

/// So many calls an hour lists at most.
const LISTED_MAX: usize = 256;
/// So many are left when there were more.
const LISTED_KEPT: usize = 128;

/// Figures, the first of their bits, and where each of their bands begins.
const BANDS: [(Facet, u32, &[i64]); 5] = [
    (
        Facet::Duration,
        0,
        &[0, 1, 5, 10, 30, 60, 300, 1800, 3600, 7200],
    ),
    (Facet::Pdd, 10, &[0, 1000, 2000, 4000, 6000, 10_000, 20_000]),
    (Facet::Loss, 17, &[0, 1, 50, 100, 200, 500, 1000, 2000]),
    (Facet::Jitter, 25, &[0, 500, 1000, 2000, 3000, 5000, 10_000]),
    (Facet::Mos, 32, &[0, 200, 250, 300, 340, 360, 380, 400, 420]),
];
/// First bit of the edges, which are a set.
const EDGES: u32 = 41;
const EDGES_BITS: i64 = 5;
/// Not measured, and measured.
const MEASURED: u32 = 46;
/// SIP responses with a bit of their own; all others share the one after these.
const RESPONSES: u32 = 48;
const RESPONSES_KNOWN: [i64; 7] = [200, 404, 408, 480, 486, 487, 503];
/// Texts with codecs share these bits.
const CODECS: u32 = 56;
const CODECS_BITS: i64 = 8;

fn band(first: u32, bands: &[i64], value: i64) -> u32 {
    let place = bands.partition_point(|low| *low <= value).saturating_sub(1);
    first + u32::try_from(place).unwrap_or(0)
}

/// The bit of a value; `None`: it is no figure.
fn bit(facet: Facet, value: i64) -> Option<u32> {
    if let Some((_, first, bands)) = BANDS.iter().find(|(known, ..)| *known == facet) {
        return Some(band(*first, bands, value));
    }
    let place = |first: u32, place: i64| first + u32::try_from(place).unwrap_or(0);
    match facet {
        Facet::Edges => Some(place(EDGES, value.clamp(0, EDGES_BITS - 1))),
        Facet::Measured => Some(place(MEASURED, value.clamp(0, 1))),
        Facet::SipResponse => {
            let known = RESPONSES_KNOWN.iter().position(|code| *code == value);
            let at = known.unwrap_or(RESPONSES_KNOWN.len());
            Some(RESPONSES + u32::try_from(at).unwrap_or(0))
        }
        Facet::Codecs => Some(place(CODECS, value.rem_euclid(CODECS_BITS))),
        _ => None,
    }
}

/// The facets that have bits.
const FIGURES: [Facet; 9] = [
    Facet::Duration,
    Facet::Pdd,
    Facet::SipResponse,
    Facet::Loss,
    Facet::Jitter,
    Facet::Mos,
    Facet::Codecs,
    Facet::Edges,
    Facet::Measured,
];

/// What was measured of a call, as bits.
pub(crate) fn mask_of(facets: &Facets) -> u64 {
    let mut mask = 0;
    for facet in FIGURES {
        for value in facets.counted(facet as usize) {
            mask |= bit(facet, value).map_or(0, |bit| 1 << bit);
        }
    }
    mask
}

/// The bits of which a call must have one to have any of some values. `None`: they are no figures.
pub(crate) fn mask_of_any(facet: Facet, values: &[i64]) -> Option<u64> {
    let mut bits = values.iter().map(|value| bit(facet, *value));
    bits.try_fold(0, |mask, bit| Some(mask | 1 << bit?))
}

/// The same of the values from one to another. `None`: it is no figure.
pub(crate) fn mask_between(facet: Facet, range: &RangeInclusive<i64>) -> Option<u64> {
    let [first, last] = [*range.start(), *range.end()].map(|value| bit(facet, value));
    Some((first?..=last?).fold(0, |mask, bit| mask | 1 << bit))
}

/// An hour, on one axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FigureHour {
    /// Calls by bit.
    counts: [u64; 64],
    /// The bits of which all calls are listed.
    pub(crate) listed: u64,
    /// The calls that have one of these, in order.
    pub(crate) calls: Vec<MaskedCall>,
}

impl FigureHour {
    pub(crate) const fn empty() -> Self {
        Self {
            counts: [0; 64],
            listed: u64::MAX,
            calls: Vec::new(),
        }
    }

    /// Adds a call or takes it away.
    pub(crate) fn step(&mut self, call: MaskedCall, by: i64) {
        masked::count(&mut self.counts, call.mask, by);
        if call.mask & self.listed != 0 {
            masked::apply_step(&mut self.calls, call, by);
        }
        if self.calls.len() > LISTED_MAX {
            self.let_go();
        }
        if self.mask() == 0 {
            *self = Self::empty();
        }
    }

    /// Lists no longer what most calls have.
    fn let_go(&mut self) {
        while self.calls.len() > LISTED_KEPT && self.listed & self.mask() != 0 {
            let listed = (0..64).filter(|place| self.listed >> place & 1 == 1);
            let Some(most) = listed.max_by_key(|place: &usize| self.counts[*place]) else {
                break;
            };
            self.listed &= !(1 << most);
            self.calls.retain(|call| call.mask & self.listed != 0);
        }
    }

    fn mask(&self) -> u64 {
        masked::mask(&self.counts)
    }

    /// Whether the row is what a recount of all calls says it should be.
    pub(crate) fn agrees_with(&self, counts: &[u64; 64], all: &[MaskedCall]) -> bool {
        let listed = all.iter().filter(|call| call.mask & self.listed != 0);
        self.counts == *counts && self.calls.iter().eq(listed)
    }

    fn pack_calls(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        posting::put_varint(&mut bytes, self.listed);
        bytes.extend(masked::pack(&self.calls));
        bytes
    }

    /// Reads mask, counts and calls, which are beside each other from `column` on.
    pub(crate) fn read(row: &Row<'_>, column: usize) -> Result<Self> {
        let mask: i64 = row.get(column)?;
        let (listed, calls) = unpack(row.get_ref(column + 2)?.as_blob()?)?;
        Ok(Self {
            counts: masked::unpack_counts(mask, row.get_ref(column + 1)?.as_blob()?)?,
            listed,
            calls,
        })
    }
}

/// The bits of which all calls are listed, and the calls.
pub(crate) fn unpack(bytes: &[u8]) -> Result<(u64, Vec<MaskedCall>)> {
    let mut rest = bytes;
    let listed = posting::take_varint(&mut rest)?;
    Ok((listed, masked::unpack(rest)?))
}

const READ: &str = "select start_mask, start_counts, start_calls, end_mask, end_counts, end_calls
    from figures where account = ?1 and hour = ?2 and bucket = ?3";
const WRITE: &str = "replace into figures
    (account, hour, bucket, start_mask, start_counts, start_calls, end_mask, end_counts, end_calls)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const DELETE: &str = "delete from figures where account = ?1 and hour = ?2 and bucket = ?3";

/// Applies steps, which are of one row.
pub(crate) fn write(conn: &Connection, steps: &[MaskedStep]) -> Result<()> {
    let Some(MaskedStep { shard, hour, .. }) = steps.first() else {
        return Ok(());
    };
    let row = [shard.account, *hour, shard.bucket];
    let stored = conn
        .prepare_cached(READ)?
        .query_row(row, |row| {
            Ok(Axis::BOTH.map(|axis| FigureHour::read(row, axis.number() as usize * 3)))
        })
        .optional()?;
    let [mut start, mut end] = match stored {
        Some([start, end]) => [start?, end?],
        None => [FigureHour::empty(), FigureHour::empty()],
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
    conn.prepare_cached(WRITE)?.execute(params![
        shard.account,
        hour,
        shard.bucket,
        start.mask().cast_signed(),
        masked::pack_counts(&start.counts),
        start.pack_calls(),
        end.mask().cast_signed(),
        masked::pack_counts(&end.counts),
        end.pack_calls()
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollups::posting::Posting;

    #[test]
    fn every_value_has_a_bit_of_its_figure() {
        for (facet, value, expected) in [
            (Facet::Duration, 0, 0),
            (Facet::Duration, 4, 1),
            (Facet::Duration, i64::from(u32::MAX), 9),
            (Facet::Pdd, 0, 10),
            (Facet::Pdd, 99_999, 16),
            (Facet::Loss, 0, 17),
            (Facet::Loss, 10_000, 24),
            (Facet::Jitter, 499, 25),
            (Facet::Mos, 450, 40),
            (Facet::Edges, 4, 45),
            (Facet::Measured, 1, 47),
            (Facet::SipResponse, 200, 48),
            (Facet::SipResponse, 603, 55),
            (Facet::Codecs, 7, 63),
        ] {
            assert_eq!(bit(facet, value), Some(expected), "{facet:?} {value}");
        }
        assert_eq!(bit(Facet::CallType, 1), None);
        assert_eq!(mask_between(Facet::Mos, &(0..=249)), Some(0b11 << 32));
        let all = mask_between(Facet::Duration, &(0..=i64::MAX));
        assert_eq!(all, Some((1 << 10) - 1));
    }

    #[test]
    fn an_hour_lists_what_is_rare() {
        let call = |id: i64| MaskedCall {
            posting: Posting {
                offset_us: id * 1000,
                id,
            },
            mask: if id % 100 == 7 { 0b110 } else { 0b11 },
        };
        let mut hour = FigureHour::empty();
        for id in 0..1000 {
            hour.step(call(id), 1);
            let (listed, calls) = unpack(&hour.pack_calls()).unwrap();
            assert_eq!((listed, &calls), (hour.listed, &hour.calls));
            assert!(calls.len() <= LISTED_MAX);
        }
        assert_eq!(hour.listed & 0b111, 0b100);
        assert_eq!(hour.calls.len(), 10);
        assert_eq!(hour.counts[..3], [990, 1000, 10]);
        for id in 0..1000 {
            hour.step(call(id), -1);
        }
        assert_eq!(hour, FigureHour::empty());
    }
}
