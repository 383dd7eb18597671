//! Which segments a range of quarters is counted by: those of days where days are whole and joined, those
//! of quarters elsewhere.

use std::collections::BTreeSet;

use super::key::Grain;
use sidetone_store::statistics::quarter::DAY_QUARTERS;

/// Quarters or days, first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) grain: Grain,
    pub(super) range: (i64, i64),
}

impl Stretch {
    pub(super) const fn quarters(first: i64, last: i64) -> Self {
        Self {
            grain: Grain::Quarter,
            range: (first, last),
        }
    }
}

/// Parts the quarters from the first to the last. `open`: the days whose own segments are old.
pub(super) fn of(first: i64, last: i64, open: &BTreeSet<i64>) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let first_day = -(-first).div_euclid(DAY_QUARTERS);
    let end_day = (last + 1).div_euclid(DAY_QUARTERS);
    if first_day >= end_day {
        add(&mut stretches, Grain::Quarter, first, last);
        return stretches;
    }
    let quarters_of = |day: i64| (day * DAY_QUARTERS, (day + 1) * DAY_QUARTERS - 1);
    add(
        &mut stretches,
        Grain::Quarter,
        first,
        quarters_of(first_day).0 - 1,
    );
    let mut next = first_day;
    for day in open.range(first_day..end_day) {
        add(&mut stretches, Grain::Day, next, day - 1);
        let (first, last) = quarters_of(*day);
        add(&mut stretches, Grain::Quarter, first, last);
        next = day + 1;
    }
    add(&mut stretches, Grain::Day, next, end_day - 1);
    add(&mut stretches, Grain::Quarter, quarters_of(end_day).0, last);
    stretches
}

fn add(stretches: &mut Vec<Stretch>, grain: Grain, first: i64, last: i64) {
    if first > last {
        return;
    }
    if let Some(before) = stretches.last_mut()
        && before.grain == grain
        && before.range.1 + 1 == first
    {
        before.range.1 = last;
        return;
    }
    let range = (first, last);
    stretches.push(Stretch { grain, range });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_parted_into_whole_days_and_the_quarters_beside_them() {
        let told = |first, last, open: &[i64]| {
            let open = open.iter().copied().collect();
            let stretches = of(first, last, &open).into_iter();
            let told = stretches.map(|it| format!("{:?} {:?}", it.grain, it.range));
            told.collect::<Vec<_>>().join(", ")
        };
        for (first, last, open, right) in [
            (10, 20, &[][..], "Quarter (10, 20)"),
            (1, 190, &[], "Quarter (1, 190)"),
            (0, 95, &[], "Day (0, 0)"),
            (0, 95, &[0], "Quarter (0, 95)"),
            (
                -97,
                96,
                &[],
                "Quarter (-97, -97), Day (-1, 0), Quarter (96, 96)",
            ),
            (
                5,
                500,
                &[3],
                "Quarter (5, 95), Day (1, 2), Quarter (288, 383), Day (4, 4), Quarter (480, 500)",
            ),
            (
                5,
                500,
                &[1, 2, 4],
                "Quarter (5, 287), Day (3, 3), Quarter (384, 500)",
            ),
            (20, 10, &[], ""),
        ] {
            assert!(
                told(first, last, open).starts_with(right),
                "{first} to {last}, open {open:?}: {}",
                told(first, last, open)
            );
        }
    }
}
