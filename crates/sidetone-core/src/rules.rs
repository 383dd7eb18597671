//! Thresholds that tags go by, as versioned snapshots.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sides::Sides;

/// The thresholds in force for the calls that start on one UTC day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// UTC days since 1970 these rules were frozen for; `None` for the built-in ones.
    pub day: Option<i64>,
    /// Learnt from the days before.
    #[serde(default)]
    pub pdd: PddRules,
    /// Who is who, as the operator says. Of the server, not of a day.
    #[serde(skip)]
    pub sides: Sides,
}

/// 95th percentiles of post-dial delay, frozen for a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PddRules {
    /// By destination country (ISO 3166-1 alpha-2), for countries with at least [`PDD_SAMPLES_MIN`]
    /// calls, ms.
    pub p95_ms_by_country: BTreeMap<String, u64>,
    /// Of all countries together, ms; `None` when there were too few calls at all.
    pub p95_ms_global: Option<u64>,
}

/// Fewer calls than this say too little about a country.
pub const PDD_SAMPLES_MIN: u64 = 100;

/// Days before the day in question that its limits are learnt from.
pub const PDD_LEARNING_DAYS: i64 = 30;

/// Width of the histogram's bins, ms: limits are exact to this.
pub const PDD_BIN_MS: u64 = 100;

impl PddRules {
    /// Learns limits from counts of calls by destination country (`None`: not known) and step of
    /// [`PDD_BIN_MS`].
    ///
    /// The limit is the upper end of the step that holds the 95th percentile by the nearest-rank
    /// method: of 100 calls the 95th, in order of delay. The same step may come several times; the
    /// order is of no matter.
    #[must_use]
    pub fn learn(counts: impl IntoIterator<Item = (Option<String>, u64, u64)>) -> Self {
        let mut by_country: BTreeMap<String, BTreeMap<u64, u64>> = BTreeMap::new();
        let mut global: BTreeMap<u64, u64> = BTreeMap::new();
        for (country, bin, calls) in counts {
            if let Some(country) = country {
                count(by_country.entry(country).or_default(), bin, calls);
            }
            count(&mut global, bin, calls);
        }
        Self {
            p95_ms_by_country: by_country
                .into_iter()
                .filter_map(|(country, bins)| Some((country, p95_ms(&bins)?)))
                .collect(),
            p95_ms_global: p95_ms(&global),
        }
    }
}

fn count(bins: &mut BTreeMap<u64, u64>, bin: u64, calls: u64) {
    let held = bins.entry(bin).or_default();
    *held = held.saturating_add(calls);
}

/// `None` below [`PDD_SAMPLES_MIN`] calls.
fn p95_ms(bins: &BTreeMap<u64, u64>) -> Option<u64> {
    let total = bins
        .values()
        .fold(0_u64, |sum, calls| sum.saturating_add(*calls));
    if total < PDD_SAMPLES_MIN {
        return None;
    }
    // Nearest rank, rounded up: 95 of 100, 96 of 101.
    let rank = total.saturating_sub(total / 20);
    let mut below = 0_u64;
    let (bin, _) = bins.iter().find(|(_, calls)| {
        below = below.saturating_add(**calls);
        below >= rank
    })?;
    Some(bin.saturating_add(1).saturating_mul(PDD_BIN_MS))
}

impl Rules {
    /// The rules of a server that has learnt nothing yet: no post-dial-delay limit.
    #[must_use]
    pub fn built_in() -> Self {
        Self {
            day: None,
            pdd: PddRules::default(),
            sides: Sides::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(counts: &[(&str, u64, u64)]) -> PddRules {
        PddRules::learn(counts.iter().map(|(country, bin, calls)| {
            let country = (!country.is_empty()).then(|| (*country).to_owned());
            (country, *bin, *calls)
        }))
    }

    #[test]
    fn the_limit_is_the_upper_end_of_the_95th_of_100() {
        let rules = learn(&[("US", 10, 94), ("US", 20, 1), ("US", 30, 5)]);
        assert_eq!(rules.p95_ms_by_country["US"], 2_100);
        let rules = learn(&[("US", 10, 95), ("US", 30, 5)]);
        assert_eq!(rules.p95_ms_by_country["US"], 1_100);
        // Of 101 calls, the 96th: 0.95 · 101 = 95.95.
        let rules = learn(&[("US", 10, 95), ("US", 30, 6)]);
        assert_eq!(rules.p95_ms_by_country["US"], 3_100);
    }

    #[test]
    fn few_calls_say_nothing_of_a_country_but_count_for_all() {
        let rules = learn(&[("US", 10, 99), ("ZA", 90, 99), ("", 10, 2)]);
        assert!(rules.p95_ms_by_country.is_empty());
        assert_eq!(rules.p95_ms_global, Some(9_100));
        assert_eq!(learn(&[("US", 10, 99)]), PddRules::default());
        assert_eq!(learn(&[]), PddRules::default());
    }

    #[test]
    fn counts_may_come_in_parts_and_any_order() {
        let whole = learn(&[("US", 10, 100), ("US", 30, 100)]);
        let parts = learn(&[("US", 30, 60), ("US", 10, 100), ("US", 30, 40)]);
        assert_eq!(whole, parts);
    }

    #[test]
    fn absurd_counts_do_no_harm() {
        let rules = learn(&[("US", u64::MAX, u64::MAX), ("US", 0, u64::MAX)]);
        assert_eq!(rules.p95_ms_global, Some(100));
    }
}
