//! How segments are found, and whose they are.

use sidetone_core::id::AccountSid;

use crate::rows::facet::FACETS;
use sidetone_store::statistics::column::Column;
use sidetone_store::statistics::quarter::Period;

/// The number of the segment that is about the calls, whatever the column.
pub(super) const ABOUT: i64 = 0;

/// The number of a column.
pub(super) const fn number_of(column: Column) -> i64 {
    match column {
        Column::Facet(facet) => FACETS[facet as usize].dim,
        Column::Own(own) => 128 + own as i64,
    }
}

/// The numbers of all segments there may be of a period.
pub(super) fn numbers() -> impl Iterator<Item = i64> {
    std::iter::once(ABOUT).chain(Column::all().map(number_of))
}

/// How long the periods are that segments are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grain {
    /// A quarter.
    Quarter,
    /// A day: its quarters joined.
    Day,
}

impl Grain {
    /// The table of its segments, and the column of that which tells the period.
    pub(super) const fn table(self) -> (&'static str, &'static str) {
        match self {
            Self::Quarter => ("segment", "quarter"),
            Self::Day => ("day_segment", "day"),
        }
    }

    /// The period of a number.
    pub(super) const fn period(self, number: i64) -> Period {
        match self {
            Self::Quarter => Period::quarter(number),
            Self::Day => Period::day(number),
        }
    }
}

/// Whose a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) grain: Grain,
    pub(super) account: i64,
    pub(super) key: Key,
}

/// Where a segment is within its column: quarter or day, bucket, piece.
pub(super) type Key = (i64, i64, i64);

impl Owner {
    pub(super) const fn period(self) -> Period {
        self.grain.period(self.key.0)
    }

    pub(super) fn of(self, number: i64) -> [u8; 40] {
        let (at, bucket, piece) = self.key;
        let number = match self.grain {
            Grain::Quarter => number,
            Grain::Day => number | 1 << 8,
        };
        let mut bytes = [0; 40];
        let parts = [self.account, number, at, bucket, piece];
        for (place, part) in bytes.chunks_exact_mut(8).zip(parts) {
            place.copy_from_slice(&part.to_le_bytes());
        }
        bytes
    }
}

/// An account by its row, and as calls are known by it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    pub(super) id: i64,
    pub(super) sid: AccountSid,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_number_of_its_own() {
        let mut numbers: Vec<i64> = numbers().collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), Column::all().count() + 1);
        assert!(numbers.iter().all(|number| (0..256).contains(number)));
    }
}
