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

/// Values that are kept one by one: groups with few calls are many, and have no memory for steps that
/// nothing is in.
const FEW: usize = 32;

/// How many values there are in each step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram(Steps);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Steps {
    /// The step of each value, in order.
    Few(Vec<u16>),
    /// How many values are in each step, from `first` on.
    Many { first: usize, counts: Vec<u32> },
}

impl Default for Histogram {
    fn default() -> Self {
        Self(Steps::Few(Vec::new()))
    }
}

impl Steps {
    const fn bytes(&self) -> usize {
        match self {
            Self::Few(steps) => steps.capacity() * size_of::<u16>(),
            Self::Many { counts, .. } => counts.capacity() * size_of::<u32>(),
        }
    }

    fn many(few: &[u16]) -> Self {
        let first = few.first().map_or(0, |step| usize::from(*step));
        let last = few.last().map_or(0, |step| usize::from(*step));
        let mut counts = vec![0; last - first + 1];
        for step in few {
            counts[usize::from(*step) - first] += 1;
        }
        Self::Many { first, counts }
    }
}

impl Histogram {
    /// Adds values. Says how many bytes of memory that took.
    pub fn add(&mut self, values: impl Iterator<Item = u64>) -> usize {
        let mut bytes = 0;
        for value in values {
            let step = step_of(value);
            // Nearly all of them, once there are some.
            if let Steps::Many { first, counts } = &mut self.0
                && let Some(count) = counts.get_mut(step.wrapping_sub(*first))
            {
                *count = count.saturating_add(1);
            } else {
                bytes += self.grow(step);
            }
        }
        bytes
    }

    /// Counts a value in a step that has no place yet. Says how many bytes of memory that took.
    #[inline(never)]
    fn grow(&mut self, step: usize) -> usize {
        let before = self.0.bytes();
        if let Steps::Few(few) = &self.0
            && few.len() == FEW
        {
            self.0 = Steps::many(few);
        }
        match &mut self.0 {
            Steps::Few(few) => {
                let step = u16::try_from(step).unwrap_or(u16::MAX);
                few.insert(few.partition_point(|it| *it < step), step);
            }
            Steps::Many { first, counts } => {
                if step < *first {
                    counts.splice(0..0, std::iter::repeat_n(0, *first - step));
                    *first = step;
                } else if step - *first >= counts.len() {
                    counts.resize(step - *first + 1, 0);
                }
                let count = &mut counts[step - *first];
                *count = count.saturating_add(1);
            }
        }
        self.0.bytes().saturating_sub(before)
    }

    /// The value that so many percent of the values do not exceed, by nearest rank. `None`: there
    /// are none.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let rank_of = |count: u64| (count * percent).div_ceil(100).max(1);
        match &self.0 {
            Steps::Few(few) => {
                let rank = usize::try_from(rank_of(few.len() as u64)).ok()?;
                few.get(rank - 1).map(|step| middle_of(usize::from(*step)))
            }
            Steps::Many { first, counts } => {
                let rank = rank_of(counts.iter().map(|count| u64::from(*count)).sum());
                let mut seen = 0;
                let mut steps = (*first..).zip(counts);
                let found = steps.find(|(_, count)| {
                    seen += u64::from(**count);
                    seen >= rank
                });
                found.map(|(step, _)| middle_of(step))
            }
        }
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
            let mut bytes = 0;
            for value in &values {
                bytes += histogram.add(std::iter::once(*value));
            }
            prop_assert!(bytes >= histogram.0.bytes());
            let mut backwards = Histogram::default();
            backwards.add(values.iter().rev().copied());
            prop_assert_eq!(&histogram, &backwards);
            values.sort_unstable();
            let rank = (values.len() as u64 * percent).div_ceil(100);
            let exact = values[usize::try_from(rank).unwrap() - 1];
            let told = histogram.percentile(percent).unwrap();
            prop_assert!(told.abs_diff(exact) as f64 <= exact as f64 * RELATIVE_ERROR, "{told} for {exact}");
        }
    }
}
