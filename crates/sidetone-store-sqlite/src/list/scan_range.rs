//! Where a walk over hours takes place, and which way it goes.

use rusqlite::Connection;

use crate::rows::facet::Axis;
use crate::rows::paging::Toward;

/// Where a walk takes place.
#[derive(Clone, Copy)]
pub(crate) struct ScanRange<'c> {
    pub(crate) conn: &'c Connection,
    pub(crate) account: i64,
    pub(crate) axis: Axis,
    /// Lists are latest first: towards their end is towards earlier hours.
    pub(crate) toward: Toward,
    pub(crate) first_hour: i64,
    pub(crate) last_hour: i64,
}

impl ScanRange<'_> {
    /// Whether an hour is met before another.
    pub(crate) const fn is_before(&self, hour: i64, other: i64) -> bool {
        match self.toward {
            Toward::End => hour > other,
            Toward::Beginning => hour < other,
        }
    }

    /// Whether an hour is in it.
    pub(crate) const fn has(&self, hour: i64) -> bool {
        self.first_hour <= hour && hour <= self.last_hour
    }

    /// First and last of the hours that are not met before one.
    pub(crate) fn hours_from(&self, hour: i64) -> (i64, i64) {
        match self.toward {
            Toward::End => (self.first_hour, hour.min(self.last_hour)),
            Toward::Beginning => (hour.max(self.first_hour), self.last_hour),
        }
    }
}
