//! Finding the hours in which annotations can say what is asked for.

use super::condition::Condition;
use super::hour_rows::HourRows;
use super::scan_range::ScanRange;
use crate::error::Result;
use crate::rollups::judged_piece;
use crate::rollups::masked::{self, MaskedCall};
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
        let masks: Vec<u64> = conditions.iter().filter_map(Condition::judged).collect();
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

    /// The calls in `hour` that meet the conditions, in order.
    pub(crate) fn calls_in(&self, range: &ScanRange<'_>, hour: i64) -> Result<Vec<Posting>> {
        let meets = |call: &MaskedCall| self.masks.iter().all(|mask| call.mask & mask != 0);
        let mut found = Vec::new();
        let mut has_pieces = false;
        for packed in self.rows.of_hour(hour) {
            match packed {
                Some(packed) => {
                    let calls = masked::unpack(packed)?.into_iter();
                    found.extend(calls.filter(meets).map(|call| call.posting));
                }
                None => has_pieces = true,
            }
        }
        if has_pieces {
            let place = (range.account, range.axis, hour);
            let calls = judged_piece::matching(range.conn, place, &self.masks)?;
            found.extend(calls.into_iter().map(|call| call.posting));
        }
        // They are in order within a bucket.
        found.sort_unstable();
        Ok(found)
    }
}
