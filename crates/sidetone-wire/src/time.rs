//! Times as other systems write them.

use jiff::civil::{Date, DateTime};
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use sidetone_core::time::TimeUs;

/// The forms [`parse`] reads, for messages.
pub const FORMS: &str = "a time like 2026-06-01T00:00:00Z or Mon, 01 Jun 2026 00:00:00 +0000";

static RFC_2822: rfc2822::DateTimeParser = rfc2822::DateTimeParser::new().relaxed_weekday(true);

/// Reads RFC 3339 and its ISO 8601 relatives, and RFC 2822. Without an offset it is UTC; a date is
/// its midnight.
#[must_use]
pub fn parse(text: &str) -> Option<TimeUs> {
    let text = text.trim();
    if let Some(time) = TimeUs::parse_rfc3339(text) {
        return Some(time);
    }
    if let Ok(time) = RFC_2822.parse_timestamp(text) {
        return Some(TimeUs::from_micros(time.as_microsecond()));
    }
    // `2026-06-01T00:00:00+0000` is read above; what is left has no offset at all.
    let civil = match text.parse::<DateTime>() {
        Ok(civil) => civil,
        Err(_) => text.parse::<Date>().ok()?.at(0, 0, 0, 0),
    };
    let time = TimeZone::UTC.to_timestamp(civil).ok()?;
    Some(TimeUs::from_micros(time.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms_in_use() {
        for text in [
            "2026-06-01T10:00:00Z",
            "2026-06-01T10:00:00.000Z",
            "2026-06-01T12:00:00+02:00",
            "2026-06-01T10:00:00+0000",
            "2026-06-01 10:00:00Z",
            "2026-06-01T10:00:00",
            "2026-06-01 10:00:00",
            "20260601T100000Z",
            "Mon, 01 Jun 2026 10:00:00 +0000",
            "Mon, 1 Jun 2026 10:00:00 GMT",
            "Tue, 01 Jun 2026 12:00:00 +0200",
            "  2026-06-01T10:00:00Z ",
        ] {
            let time = parse(text).map(|time| time.to_string());
            assert_eq!(time.as_deref(), Some("2026-06-01T10:00:00Z"), "{text}");
        }
        let midnight = parse("2026-06-01").map(|time| time.to_string());
        assert_eq!(midnight.as_deref(), Some("2026-06-01T00:00:00Z"));
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in ["", "now", "2026-02-31T00:00:00Z", "1780000000", "10:00"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
