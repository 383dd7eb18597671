//! Quarter hours, counted from 1970: what segments are of.

use sidetone_core::time::HOUR_US;

/// Microseconds in one.
pub const QUARTER_US: i64 = HOUR_US / 4;

/// The one that a time lies in.
#[must_use]
pub const fn quarter_of(us: i64) -> i64 {
    us.div_euclid(QUARTER_US)
}
