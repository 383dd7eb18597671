//! How sure a share of counted calls is.

/// The quantile of the normal distribution that 95 percent lie within, both ways.
const Z: f64 = 1.959_963_985;

/// The score interval of a share, in percent, with 95 % confidence (Wilson, 1927). `None`: it is a
/// share of nothing.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub fn wilson(some: u64, of: u64) -> Option<[f64; 2]> {
    if of == 0 {
        return None;
    }
    let n = of as f64;
    let share = some as f64 / n;
    let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let spread = (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let half = Z * spread / (1.0 + Z * Z / n);
    Some([middle - half, middle + half].map(|share| (share * 100.0).clamp(0.0, 100.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_wilsons() {
        assert_eq!(wilson(0, 0), None);
        // As tabulated by Newcombe (1998), method 3.
        for (some, of, expected) in [
            (81, 263, [25.53, 36.62]),
            (15, 148, [6.24, 16.05]),
            (0, 20, [0.0, 16.11]),
            (1, 29, [0.61, 17.18]),
        ] {
            let bounds = wilson(some, of).unwrap();
            for (told, expected) in bounds.into_iter().zip(expected) {
                assert!((told - expected).abs() < 0.006, "{some} of {of}: {told}");
            }
        }
    }
}
