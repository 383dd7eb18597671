//! The stretches of an axis in which a filter can match.
//!
//! In the main stretch every condition can be met. Beside it lie only odd calls: running ones and
//! those that ended before they started; they are rare, and the rollups tell in which hours they
//! are.

use sidetone_core::filter::SummaryFilter;

use super::condition::Condition;
use super::key_range::KeyRange;
use crate::rows::facet::Axis;
use sidetone_store::facets::{Facet, RUNNING_BASE, Shape};

/// A stretch of the axis, and what must be true of a call to be found there.
pub(crate) struct Stretch {
    pub(crate) range: KeyRange,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) is_main: bool,
}

/// The stretches of an axis in which a filter can match, latest first.
pub(crate) fn stretches(
    filter: &SummaryFilter,
    axis: Axis,
    conditions: &[Condition],
) -> Vec<Stretch> {
    let (from, until) = (filter.started_from.micros(), filter.ended_until.micros());
    let main = |low, high| Stretch {
        range: KeyRange { low, high },
        conditions: conditions.to_vec(),
        is_main: true,
    };
    let odd = |low, high, shapes: &[Shape]| {
        let shapes = shapes.iter().map(|shape| *shape as i64).collect();
        let shape = Condition::any(Facet::Shape, shapes);
        Stretch {
            range: KeyRange { low, high },
            conditions: conditions.iter().cloned().chain([shape]).collect(),
            is_main: false,
        }
    };
    let last_start = filter.started_before.micros().saturating_sub(1);
    let last_of_ended = RUNNING_BASE / 2;
    let stretches = match axis {
        // Running calls lie before all others.
        Axis::End => [
            filter
                .include_running
                .then(|| main(RUNNING_BASE + from, RUNNING_BASE.saturating_add(last_start))),
            Some(main(from, until.min(last_of_ended))),
            Some(odd(
                i64::MIN,
                until.min(from.saturating_sub(1)),
                &[Shape::Skewed],
            )),
        ],
        Axis::Start => [
            Some(odd(
                from.max(until.saturating_add(1)),
                last_start,
                &[Shape::Skewed, Shape::Running],
            )),
            Some(main(from, until.min(last_start))),
            None,
        ],
    };
    stretches
        .into_iter()
        .flatten()
        .filter(|stretch| stretch.range.low <= stretch.range.high)
        .collect()
}
