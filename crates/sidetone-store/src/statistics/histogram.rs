//! Histograms whose steps grow with the values, so that a percentile is off by a share of itself at
//! most, however large it is.
//!
//! Each power of two is divided into 64 equal steps, as in `HdrHistogram` (Tene, 2012); what is below
//! 128 has a step of its own. Whole numbers only, so that one set of values gives one histogram.

/// Values below have a step each.
const EXACT: u64 = 128;
/// Steps of a power of two, as a power of two.
const STEPS_LOG2: u32 = 6;

/// How far a percentile may be off, as a share of the true one: half a step.
pub const RELATIVE_ERROR: f64 = 1.0 / 128.0;

/// How many values there are in each step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The step of `counts[0]`.
    first: usize,
    counts: Vec<u32>,
}

impl Histogram {
    /// Adds a value. Says how many bytes of memory that took.
    pub fn add(&mut self, value: u64) -> usize {
        let step = step_of(value);
        let before = self.counts.len();
        if before == 0 {
            self.first = step;
        }
        if step < self.first {
            let missing = self.first - step;
            self.counts.splice(0..0, std::iter::repeat_n(0, missing));
            self.first = step;
        }
        let place = step - self.first;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] = self.counts[place].saturating_add(1);
        (self.counts.len() - before) * size_of::<u32>()
    }

    /// The value that so many percent of the values do not exceed, by nearest rank. `None`: there
    /// are none.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let count: u64 = self.counts.iter().map(|count| u64::from(*count)).sum();
        let rank = (count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        for (step, count) in (self.first..).zip(&self.counts) {
            seen += u64::from(*count);
            if seen >= rank {
                return Some(middle_of(step));
            }
        }
        None
    }
}

const fn step_of(value: u64) -> usize {
    if value < EXACT {
        return value as usize;
    }
    let shift = value.ilog2() - STEPS_LOG2;
    ((shift as usize) << STEPS_LOG2) + (value >> shift) as usize
}

/// The value in the middle of a step.
const fn middle_of(step: usize) -> u64 {
    if (step as u64) < EXACT {
        return step as u64;
    }
    let shift = (step >> STEPS_LOG2) - 1;
    let low = ((step - (shift << STEPS_LOG2)) as u64) << shift;
    low + (1 << shift) / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_follow_on_each_other() {
        for value in 0..100_000 {
            let (step, next) = (step_of(value), step_of(value + 1));
            assert!(next == step || next == step + 1, "{value}");
        }
        assert_eq!(Histogram::default().percentile(50), None);
    }

    proptest! {
        #[test]
        fn a_percentile_is_off_by_no_more_than_it_says(
            mut values in prop::collection::vec((0_u32..64, any::<u64>()).prop_map(|(bits, n)| n >> bits), 1..200),
            percent in 1_u64..=100,
        ) {
            let mut histogram = Histogram::default();
            for value in &values {
                histogram.add(*value);
            }
            values.sort_unstable();
            let rank = (values.len() as u64 * percent).div_ceil(100);
            let exact = values[usize::try_from(rank).unwrap() - 1];
            let told = histogram.percentile(percent).unwrap();
            prop_assert!(told.abs_diff(exact) as f64 <= exact as f64 * RELATIVE_ERROR, "{told} for {exact}");
        }
    }
}
