//! What a figure of calls comes to.

use super::histogram::Histogram;

/// A figure that calls have: how many have it, their sum, and how they are spread.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spread {
    count: u64,
    sum: u128,
    histogram: Histogram,
}

impl Spread {
    /// How many calls have it.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Their mean, in the column's unit. `None`: no call has it.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "far below 2^53 but for nonsense"
    )]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The figure that so many percent of the calls do not exceed, within
    /// [`RELATIVE_ERROR`](super::histogram::RELATIVE_ERROR).
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        self.histogram.percentile(percent)
    }

    /// Their sum.
    pub(super) const fn sum(&self) -> u128 {
        self.sum
    }

    /// Adds the figures of calls. Says how many bytes of memory that took.
    pub(super) fn add(&mut self, figures: impl Iterator<Item = u64>) -> usize {
        let (mut count, mut sum) = (0, 0);
        let figures = figures.inspect(|figure| {
            count += 1;
            sum += u128::from(*figure);
        });
        let bytes = self.histogram.add(figures);
        self.count += count;
        self.sum += sum;
        bytes
    }
}
