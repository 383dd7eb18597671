//! Chance that repeats: what a seed decides.
//!
//! Only integers and the four basic operations on fractions are used, no logarithms or
//! exponentials, whose last digit may differ between machines: a seed makes the same calls
//! everywhere.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng;
use sidetone_core::id::CallSid;

/// A distribution, as points (share of values below, value) from share 0 to share 1; values between
/// are interpolated.
pub(super) type Quantiles = [(f64, f64)];

/// A source of chance. Each story has its own, so that a change in one does not shift all others.
#[derive(Debug, Clone)]
pub(super) struct Dice(Pcg32);

impl Dice {
    /// The dice of one story of a seed.
    pub(super) fn new(seed: u64, story: u64) -> Self {
        let mut rng = Pcg32::new(seed, story);
        // The first outputs of neighbouring streams are alike.
        for _ in 0..4 {
            rng.next_u32();
        }
        Self(rng)
    }

    /// The dice of one matter of a call: matters do not shift each other.
    pub(super) fn of_call(sid: CallSid, matter: u64) -> Self {
        let half = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |n: u64, byte| n << 8 | u64::from(*byte))
        };
        let (first, second) = sid.as_bytes().split_at(8);
        Self::new(half(first), half(second).wrapping_add(matter))
    }

    /// An integer from 0 to `n` − 1, or 0 when `n` is 0.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        let wide = u64::from(self.0.next_u32()) * u64::from(n);
        u32::try_from(wide >> 32).unwrap_or(0)
    }

    /// An integer in a range, both ends included.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// A fraction from 0 up to, not including, 1.
    pub(super) fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// Whether something of this probability happens.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A fraction in a range.
    pub(super) fn within(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A value near `mean`, mostly within ± `spread`, never further than 2 × `spread`.
    pub(super) fn around(&mut self, mean: f64, spread: f64) -> f64 {
        let bell = self.unit() + self.unit() + self.unit() + self.unit() - 2.0;
        mean + spread * bell
    }

    /// A value of a distribution.
    pub(super) fn quantile(&mut self, points: &Quantiles) -> f64 {
        let share = self.unit();
        for pair in points.windows(2) {
            let ((low_share, low), (high_share, high)) = (pair[0], pair[1]);
            if share < high_share {
                return low + (high - low) * (share - low_share) / (high_share - low_share);
            }
        }
        points.last().map_or(0.0, |(_, value)| *value)
    }

    /// One of some choices.
    ///
    /// # Panics
    /// When there are none; the tables are our own.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let n = u32::try_from(choices.len()).unwrap_or(u32::MAX);
        &choices[self.below(n) as usize]
    }

    /// One of some choices, each as likely as its weight.
    ///
    /// # Panics
    /// When there are none; the tables are our own.
    pub(super) fn weighted<'a, T>(&mut self, choices: &'a [(u32, T)]) -> &'a T {
        &self.weighted_by(choices, |(weight, _)| *weight).1
    }

    /// One of some choices, each as likely as its weight.
    ///
    /// # Panics
    /// When there are none; the tables are our own.
    pub(super) fn weighted_by<'a, T>(&mut self, choices: &'a [T], weight: fn(&T) -> u32) -> &'a T {
        let mut left = self.below(choices.iter().map(weight).sum());
        let found = choices.iter().find(|choice| {
            let here = weight(choice);
            let found = left < here;
            left = left.saturating_sub(here);
            found
        });
        found.unwrap_or(&choices[choices.len() - 1])
    }

    /// 128 bits, for identifiers.
    pub(super) fn bytes(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// A text of a pattern: `#` becomes a digit, `~` a hexadecimal digit, the rest stays.
    pub(super) fn text(&mut self, pattern: &str) -> String {
        let digit = |n: u32, radix| char::from_digit(n, radix).unwrap_or('0');
        pattern
            .chars()
            .map(|c| match c {
                '#' => digit(self.below(10), 10),
                '~' => digit(self.below(16), 16),
                other => other,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_for_the_same_seed_and_story() {
        let draw = |seed, story| Dice::new(seed, story).text("~~~~~~~~~~~~~~~~");
        assert_eq!(draw(1, 0), draw(1, 0));
        assert_ne!(draw(1, 0), draw(1, 1));
        assert_ne!(draw(1, 0), draw(2, 0));
        // Fixed for all time: the crate's promise, and ours.
        assert_eq!(draw(1, 0), "88abd864a4041e9b");
    }

    #[test]
    fn stays_within_bounds() {
        let mut dice = Dice::new(7, 7);
        let table = [(0.0, 10.0), (0.5, 20.0), (1.0, 100.0)];
        for _ in 0..10_000 {
            assert!(dice.below(3) < 3);
            assert!((4..=5).contains(&dice.between(4, 5)));
            assert!((10.0..=100.0).contains(&dice.quantile(&table)));
            assert!((-2.0..=6.0).contains(&dice.around(2.0, 2.0)));
        }
    }
}
