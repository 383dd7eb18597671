//! Finding the hours in which figures can be as is asked for.

use super::condition::Condition;
use super::hour_rows::HourRows;
use super::scan_range::ScanRange;
use crate::error::Result;
use crate::rollups::figures;
use crate::rollups::posting::Posting;
use crate::rows::paging::Toward;

/// Hours that are fetched first.
const FETCH_FIRST: usize = 8;

/// The hours in which the conditions on figures can be met.
pub(crate) struct FigureHours {
    /// A call must have a bit of each of these.
    masks: Vec<u64>,
    rows: HourRows,
}

impl FigureHours {
    /// A walk for those of the conditions that are on figures; `None` when there are none.
    pub(crate) fn of(conditions: &[Condition]) -> Option<Self> {
        let masks: Vec<u64> = conditions.iter().filter_map(Condition::figures).collect();
        (!masks.is_empty()).then_some(Self {
            masks,
            rows: HourRows::new(FETCH_FIRST),
        })
    }

    /// The first hour that is not met before `hour`.
    pub(crate) fn seek(&mut self, range: &ScanRange<'_>, hour: i64) -> Result<Option<i64>> {
        let axis = range.axis.prefix();
        let order = match range.toward {
            Toward::End => "hour desc",
            Toward::Beginning => "hour",
        };
        let masks = &self.masks;
        self.rows.seek(range, hour, |first, last| {
            let sql = format!(
                "select hour, {axis}_calls from figures where account = ? and hour between ? and ?
                 {} order by {order}",
                format!(" and {axis}_mask & ? <> 0").repeat(masks.len())
            );
            let place = [range.account, first, last].into_iter();
            let masks = masks.iter().map(|mask| mask.cast_signed());
            (sql, place.chain(masks).collect())
        })
    }

    /// The calls in `hour` that can meet the conditions, in order: `None` when too many meet each.
    pub(crate) fn calls_in(&self, hour: i64) -> Result<Option<Vec<Posting>>> {
        let mut found = Vec::new();
        for packed in self.rows.of_hour(hour).flatten() {
            let (listed, calls) = figures::unpack(packed)?;
            // Whoever meets a condition that is listed whole is listed, with all his bits.
            if !self.masks.iter().any(|mask| mask & !listed == 0) {
                return Ok(None);
            }
            let meets = |mask: u64| self.masks.iter().all(|wanted| wanted & mask != 0);
            let calls = calls.into_iter().filter(|call| meets(call.mask));
            found.extend(calls.map(|call| call.posting));
        }
        // They are in order within a bucket.
        found.sort_unstable();
        Ok(Some(found))
    }
}
