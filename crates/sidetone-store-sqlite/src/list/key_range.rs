//! Parts of an axis.

use crate::rows::paging::Toward;
use sidetone_store::page::RowKey;

/// Keys from one to another, both included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyRange {
    pub(crate) low: i64,
    pub(crate) high: i64,
}

/// The part of a range that lies beyond a row key, in a direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) range: KeyRange,
    pub(crate) toward: Toward,
    pub(crate) from: Option<RowKey>,
}

impl Part {
    pub(crate) fn of(range: KeyRange, toward: Toward, from: Option<RowKey>) -> Option<Self> {
        let mut range = range;
        if let Some(from) = from {
            match toward {
                Toward::End => range.high = range.high.min(from.key),
                Toward::Beginning => range.low = range.low.max(from.key),
            }
        }
        (range.low <= range.high).then_some(Self {
            range,
            toward,
            from,
        })
    }

    pub(crate) fn within(self, other: KeyRange) -> Option<Self> {
        let range = KeyRange {
            low: self.range.low.max(other.low),
            high: self.range.high.min(other.high),
        };
        (range.low <= range.high).then_some(Self { range, ..self })
    }

    /// What is left when a range is done with.
    pub(crate) fn beyond(self, other: KeyRange) -> Option<Self> {
        let mut range = self.range;
        match self.toward {
            Toward::End => range.high = range.high.min(other.low.saturating_sub(1)),
            Toward::Beginning => range.low = range.low.max(other.high.saturating_add(1)),
        }
        (range.low <= range.high).then_some(Self { range, ..self })
    }

    pub(crate) fn holds(self, row_key: RowKey) -> bool {
        (self.range.low..=self.range.high).contains(&row_key.key)
            && self.from.is_none_or(|from| match self.toward {
                Toward::End => row_key < from,
                Toward::Beginning => row_key > from,
            })
    }
}
