//! Quarter hours, counted from 1970, and days of them: what segments are of.

use sidetone_core::time::{DAY_US, HOUR_US};

/// Microseconds in a quarter.
pub const QUARTER_US: i64 = HOUR_US / 4;

/// Quarters in a day.
pub const DAY_QUARTERS: i64 = DAY_US / QUARTER_US;

/// The one that a time lies in.
#[must_use]
pub const fn quarter_of(us: i64) -> i64 {
    us.div_euclid(QUARTER_US)
}

/// The day, from 1970, that a quarter lies in.
#[must_use]
pub const fn day_of(quarter: i64) -> i64 {
    quarter.div_euclid(DAY_QUARTERS)
}

/// Quarters one after the other: one, or those of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first one.
    pub first: i64,
    /// How many they are.
    pub quarters: i64,
}

impl Period {
    /// A quarter.
    #[must_use]
    pub const fn quarter(quarter: i64) -> Self {
        Self {
            first: quarter,
            quarters: 1,
        }
    }

    /// A day.
    #[must_use]
    pub const fn day(day: i64) -> Self {
        Self {
            first: day.saturating_mul(DAY_QUARTERS),
            quarters: DAY_QUARTERS,
        }
    }

    /// When it begins.
    #[must_use]
    pub const fn begin_us(self) -> i64 {
        self.first.saturating_mul(QUARTER_US)
    }

    /// When it ends, which is past it.
    #[must_use]
    pub const fn end_us(self) -> i64 {
        self.first
            .saturating_add(self.quarters)
            .saturating_mul(QUARTER_US)
    }
}
