//! The hours in which figures can be as is asked for.

use super::condition::Condition;
use super::masked_hours::MaskedHours;
use crate::error::Result;
use crate::rollups::figures;
use crate::rollups::posting::Posting;

/// A walk for those of the conditions that are on figures; `None` when there are none.
pub(crate) fn of(conditions: &[Condition]) -> Option<MaskedHours> {
    MaskedHours::of("figures", conditions.iter().filter_map(Condition::figures))
}

/// The calls in `hour` that can meet the conditions, in order: `None` when too many meet each.
pub(crate) fn calls_in(hours: &MaskedHours, hour: i64) -> Result<Option<Vec<Posting>>> {
    let mut found = Vec::new();
    for packed in hours.rows.of_hour(hour).flatten() {
        let (listed, calls) = figures::unpack(packed)?;
        // Whoever meets a condition that is listed whole is listed, with all his bits.
        if !hours.masks.iter().any(|mask| mask & !listed == 0) {
            return Ok(None);
        }
        let calls = calls.into_iter().filter(|call| hours.is_met_by(call.mask));
        found.extend(calls.map(|call| call.posting));
    }
    // They are in order within a bucket.
    found.sort_unstable();
    Ok(Some(found))
}
