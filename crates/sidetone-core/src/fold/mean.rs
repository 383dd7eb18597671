//! Means that come out the same for the same values in the same order.

/// Counts beyond 2⁵³ lose their last digits, which no weight needs.
#[expect(clippy::cast_precision_loss, reason = "a weight need not be exact")]
pub(super) fn as_weight(count: u64) -> f64 {
    count as f64
}

/// A mean while its values come in.
#[derive(Debug, Clone, Default)]
pub(super) struct Mean {
    first: Option<f64>,
    differ: bool,
    sum: f64,
    weights: f64,
}

impl Mean {
    /// Values without weight do not count.
    pub(super) fn add(&mut self, value: f64, weight: f64) {
        if weight > 0.0 {
            self.differ |= *self.first.get_or_insert(value) != value;
            self.sum += value * weight;
            self.weights += weight;
        }
    }

    /// `None` without any weight, or when the sum leaves the range of numbers.
    pub(super) fn get(&self) -> Option<f64> {
        let first = self.first?;
        // A mean of equal values is that value, free of rounding.
        if self.differ {
            finite(self.sum / self.weights)
        } else {
            Some(first)
        }
    }
}

/// `None` without any weight, or when the sum leaves the range of numbers.
pub(super) fn weighted_mean(values: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let mut mean = Mean::default();
    for (value, weight) in values {
        mean.add(value, weight);
    }
    mean.get()
}

/// JSON has no other numbers, so nothing else may get into a summary.
pub(super) fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_count_and_nothing_has_no_mean() {
        let mean = |values: &[(f64, f64)]| weighted_mean(values.iter().copied());
        assert_eq!(mean(&[(2.0, 300.0), (6.0, 100.0)]), Some(3.0));
        assert_eq!(mean(&[(2.0, 0.0), (6.0, 100.0)]), Some(6.0));
        assert_eq!(mean(&[(0.1, 3.0), (0.1, 7.0), (0.1, 9.0)]), Some(0.1));
        assert_eq!(mean(&[(2.0, 0.0)]), None);
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[(f64::MAX, 2.0), (1.0, 2.0)]), None);
    }
}
