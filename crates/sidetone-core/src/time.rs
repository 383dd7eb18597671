//! Points in time, without a clock.

use std::fmt;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds in a second.
pub const SECOND_US: i64 = 1_000_000;
/// Microseconds in an hour.
pub const HOUR_US: i64 = 3_600 * SECOND_US;
/// Microseconds in a day.
pub const DAY_US: i64 = 24 * HOUR_US;
const FIRST_DAY: Date = Date::constant(1970, 1, 1);

/// Microseconds since 1970-01-01T00:00:00Z. Serialised as RFC 3339 with the fraction it needs.
///
/// Always within the years 1 to 9999 (less its last day), so that it can be written as text with
/// any offset.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimeUs(i64);

impl TimeUs {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    const MIN_US: i64 = -62_135_596_800 * SECOND_US;
    // 9999-12-30T22:00:00Z, the last second that jiff writes.
    const MAX_US: i64 = 253_402_207_200 * SECOND_US;

    /// Makes a time of microseconds since 1970; what lies outside the years 1–9999 becomes the
    /// nearest end.
    #[must_use]
    pub const fn from_micros(us: i64) -> Self {
        if us < Self::MIN_US {
            Self(Self::MIN_US)
        } else if us > Self::MAX_US {
            Self(Self::MAX_US)
        } else {
            Self(us)
        }
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This time moved by some microseconds.
    #[must_use]
    pub const fn plus_us(self, us: i64) -> Self {
        Self::from_micros(self.0.saturating_add(us))
    }

    /// Microseconds from an earlier time to this one; negative when it is later.
    #[must_use]
    pub const fn since_us(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Hours since 1970, rounded down.
    #[must_use]
    pub const fn hour(self) -> i64 {
        self.0.div_euclid(HOUR_US)
    }

    /// UTC days since 1970, rounded down.
    #[must_use]
    pub const fn day(self) -> i64 {
        self.0.div_euclid(DAY_US)
    }

    /// Reads RFC 3339 (`2026-06-01T00:00:00.5Z`, any offset).
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let time: Timestamp = text.parse().ok()?;
        Some(Self::from_micros(time.as_microsecond()))
    }

    /// Writes `2026-06-01T00:00:00Z`: whole seconds, rounded down, as the v1 API wants them.
    #[must_use]
    pub fn to_seconds_text(self) -> String {
        let whole = self.0.div_euclid(SECOND_US);
        Timestamp::from_second(whole).map_or_else(|_| String::new(), |time| time.to_string())
    }

    /// Writes `Mon, 01 Jun 2026 00:00:00 +0000` (RFC 2822), as the 2010 API wants it.
    #[must_use]
    pub fn to_rfc2822(self) -> String {
        let whole = Timestamp::from_second(self.0.div_euclid(SECOND_US));
        whole.map_or_else(
            |_| String::new(),
            |time| time.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string(),
        )
    }
}

/// The UTC day (since 1970) of a date like `2026-06-01`. `None`: it is not one, or is in no
/// calendar.
#[must_use]
pub fn parse_day(text: &str) -> Option<i64> {
    // Nothing else that jiff reads as a date: no time of day, no week, no sign.
    let is_plain = text.len() == 10 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-'));
    let date: Date = text.parse().ok().filter(|_| is_plain)?;
    Some(FIRST_DAY.until(date).ok()?.get_days().into())
}

/// Writes a UTC day (since 1970) as `2026-06-01`.
#[must_use]
pub fn day_text(day: i64) -> String {
    let since = Span::new().try_days(day);
    let date = since.and_then(|days| FIRST_DAY.checked_add(days));
    date.map_or_else(|_| String::new(), |date| date.to_string())
}

impl fmt::Display for TimeUs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_microsecond(self.0) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl fmt::Debug for TimeUs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TimeUs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeUs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse_rfc3339(&text)
            .ok_or_else(|| serde::de::Error::custom("expected a time like 2026-06-01T00:00:00Z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_whole_seconds() {
        let time = TimeUs::parse_rfc3339("2026-06-01T02:00:00.999+02:00").unwrap();
        assert_eq!(time.to_seconds_text(), "2026-06-01T00:00:00Z");
        assert_eq!(time.to_string(), "2026-06-01T00:00:00.999Z");
    }

    #[test]
    fn writes_rfc_2822() {
        let time = TimeUs::parse_rfc3339("2015-08-20T21:45:46.9Z").unwrap();
        assert_eq!(time.to_rfc2822(), "Thu, 20 Aug 2015 21:45:46 +0000");
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (text, day) in [
            ("1970-01-01", Some(0)),
            ("2026-06-01", Some(20_605)),
            ("2024-02-29", Some(19_782)),
            ("0000-01-01", Some(-719_528)),
            ("9999-12-31", Some(2_932_896)),
            ("2026-02-29", None),
            ("2014-02-31", None),
            ("2026-6-1", None),
            ("20260601", None),
            ("2026-06-01T00", None),
            ("-00001-01-", None),
            ("", None),
        ] {
            assert_eq!(parse_day(text), day, "{text}");
            if let Some(day) = day {
                assert_eq!(day_text(day), text);
            }
        }
    }

    #[test]
    fn stays_within_what_can_be_written() {
        for us in [i64::MIN, i64::MAX, -1, 0] {
            assert!(!TimeUs::from_micros(us).to_string().is_empty());
        }
    }
}
