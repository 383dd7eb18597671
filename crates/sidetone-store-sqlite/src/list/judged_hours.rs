//! Finding the hours in which annotations can say what is asked for.

use super::condition::Condition;
use super::hour_rows::HourRows;
use super::scan_range::ScanRange;
use crate::error::Result;
use crate::rollups::judged;
use crate::rollups::posting::Posting;
use crate::rows::paging::Toward;

/// Hours that are fetched first.
const FETCH_FIRST: usize = 8;

/// The hours in which the conditions on annotations can be met.
pub(crate) struct JudgedHours {
    /// A call must have a bit of each of these.
    masks: Vec<u64>,
    rows: HourRows,
}

impl JudgedHours {
    /// A walk for those of the conditions that are on annotations; `None` when there are none.
    pub(crate) fn of(conditions: &[Condition]) -> Option<Self> {
        let masks: Vec<u64> = conditions
            .iter()
            .filter_map(|condition| judged::mask_of_any(condition.facet, &condition.wanted))
            .collect();
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
                "select hour, {axis}_calls from judged where account = ? and hour between ? and ?
                 {} order by {order}",
                format!(" and {axis}_mask & ? <> 0").repeat(masks.len())
            );
            let place = [range.account, first, last].into_iter();
            let masks = masks.iter().map(|mask| mask.cast_signed());
            (sql, place.chain(masks).collect())
        })
    }

    /// The calls in `hour` that meet the conditions, in order: `None` when there are many judged
    /// calls.
    pub(crate) fn calls_in(&self, hour: i64) -> Result<Option<Vec<Posting>>> {
        let meets = |call: &judged::JudgedCall| self.masks.iter().all(|mask| call.mask & mask != 0);
        let mut found = Vec::new();
        for packed in self.rows.of_hour(hour) {
            let Some(packed) = packed else {
                return Ok(None);
            };
            let calls = judged::unpack_calls(packed)?.into_iter();
            found.extend(calls.filter(meets).map(|call| call.posting));
        }
        // They are in order within a bucket.
        found.sort_unstable();
        Ok(Some(found))
    }
}
