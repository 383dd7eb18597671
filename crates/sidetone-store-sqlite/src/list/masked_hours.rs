//! The hours of a table that has a mask for each hour and each of its calls.

use super::hour_rows::HourRows;
use super::scan_range::ScanRange;
use crate::error::Result;
use crate::rows::paging::Toward;

/// Hours that are fetched first.
const FETCH_FIRST: usize = 8;

/// A walk over the hours that have a bit of each of some masks.
pub(crate) struct MaskedHours {
    table: &'static str,
    /// A call must have a bit of each of these.
    pub(crate) masks: Vec<u64>,
    pub(crate) rows: HourRows,
}

impl MaskedHours {
    /// A walk over the hours of a table; `None` without masks.
    pub(crate) fn of(table: &'static str, masks: impl Iterator<Item = u64>) -> Option<Self> {
        let masks: Vec<u64> = masks.collect();
        (!masks.is_empty()).then_some(Self {
            table,
            masks,
            rows: HourRows::new(FETCH_FIRST),
        })
    }

    /// The first hour that is not met before `hour`.
    pub(crate) fn seek(&mut self, range: &ScanRange<'_>, hour: i64) -> Result<Option<i64>> {
        let (axis, table, masks) = (range.axis.prefix(), self.table, &self.masks);
        let order = match range.toward {
            Toward::End => "hour desc",
            Toward::Beginning => "hour",
        };
        self.rows.seek(range, hour, |first, last| {
            let sql = format!(
                "select hour, {axis}_calls from {table} where account = ? and hour between ? and ?
                 {} order by {order}",
                format!(" and {axis}_mask & ? <> 0").repeat(masks.len())
            );
            let place = [range.account, first, last].into_iter();
            let masks = masks.iter().map(|mask| mask.cast_signed());
            (sql, place.chain(masks).collect())
        })
    }

    /// Whether a call with this mask meets all conditions.
    pub(crate) fn is_met_by(&self, mask: u64) -> bool {
        self.masks.iter().all(|wanted| wanted & mask != 0)
    }
}
