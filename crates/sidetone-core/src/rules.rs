//! Thresholds that tags are judged by, as versioned snapshots.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The thresholds in force for the calls that start on one UTC day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// UTC days since 1970 these rules were frozen for; `None` for the built-in ones.
    pub day: Option<i64>,
    /// Learnt from the days before.
    #[serde(default)]
    pub pdd: PddRules,
}

/// 95th percentiles of post-dial delay, frozen for a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PddRules {
    /// By destination country (ISO 3166-1 alpha-2), for countries with at least [`PDD_SAMPLES_MIN`] calls, ms.
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

impl Rules {
    /// The rules of a server that has learnt nothing yet: no post-dial-delay limit.
    #[must_use]
    pub fn built_in() -> Self {
        Self {
            day: None,
            pdd: PddRules::default(),
        }
    }
}
