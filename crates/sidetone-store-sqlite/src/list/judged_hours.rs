//! The hours in which annotations can say what is asked for.

use super::condition::Condition;
use super::masked_hours::MaskedHours;
use super::scan_range::ScanRange;
use crate::error::Result;
use crate::rollups::judged_piece;
use crate::rollups::masked;
use crate::rollups::posting::Posting;

/// A walk for those of the conditions that are on annotations; `None` when there are none.
pub(crate) fn of(conditions: &[Condition]) -> Option<MaskedHours> {
    MaskedHours::of("judged", conditions.iter().filter_map(Condition::judged))
}

/// The calls in `hour` that meet the conditions, in order.
pub(crate) fn calls_in(
    hours: &MaskedHours,
    range: &ScanRange<'_>,
    hour: i64,
) -> Result<Vec<Posting>> {
    let mut found = Vec::new();
    let mut has_pieces = false;
    for packed in hours.rows.of_hour(hour) {
        match packed {
            Some(packed) => {
                let calls = masked::unpack(packed)?.into_iter();
                let calls = calls.filter(|call| hours.is_met_by(call.mask));
                found.extend(calls.map(|call| call.posting));
            }
            None => has_pieces = true,
        }
    }
    if has_pieces {
        let place = (range.account, range.axis, hour);
        let calls = judged_piece::matching(range.conn, place, &hours.masks)?;
        found.extend(calls.into_iter().map(|call| call.posting));
    }
    // They are in order within a bucket.
    found.sort_unstable();
    Ok(found)
}
