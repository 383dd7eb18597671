//! `StartTime` and `EndTime`: so long ago, or a point in time.

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use sidetone_core::time::{DAY_US, HOUR_US, SECOND_US, TimeUs};

use crate::web::form::{Invalid, Value};

/// Which end of the range a time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The earliest.
    Start,
    /// The latest. A date without a time means its whole day.
    End,
}

/// Reads a time.
///
/// # Errors
/// When it is none.
pub fn read(value: Value<'_>, now: TimeUs, bound: Bound) -> Result<TimeUs, Invalid> {
    let text = value.text;
    ago(text, now)
        .or_else(|| point(text))
        .or_else(|| date(text, bound))
        .ok_or_else(|| {
            if is_beyond_calendar(text) {
                return value.invalid(
                    "a time of the years 0001 to 9999, until 9999-12-30T22:00:00Z",
                );
            }
            value.invalid(
                "a number of minutes, hours, days or weeks ago (30m, 4h, 7d, 4w) or an ISO 8601 time (2026-06-01T00:00:00Z)",
            )
        })
}

/// Whether a text looks like a time, but of a year that cannot be told here.
fn is_beyond_calendar(text: &str) -> bool {
    let unsigned = text.trim_start_matches(['+', '-']).trim_start_matches('0');
    let year = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    let is_date = unsigned
        .get(year..)
        .is_some_and(|rest| rest.starts_with('-'));
    let is_last_day = unsigned.starts_with("9999-12-3") || unsigned.starts_with("9999123");
    is_date && (year > 4 || text.starts_with('-')) || is_last_day
}

/// `30m`, `4h`, `7d`, `4w`: so long before now.
fn ago(text: &str, now: TimeUs) -> Option<TimeUs> {
    let unit_at = text.len().checked_sub(1)?;
    let (number, unit) = text.split_at_checked(unit_at)?;
    let unit_us = match unit {
        "m" => 60 * SECOND_US,
        "h" => HOUR_US,
        "d" => DAY_US,
        "w" => 7 * DAY_US,
        _ => return None,
    };
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i64 = number.parse().ok()?;
    Some(now.plus_us(number.saturating_mul(unit_us).saturating_neg()))
}

/// A date and a time; without an offset, UTC. An unescaped plus before the offset arrives as a
/// space. `None`: it is none.
#[must_use]
pub fn point(text: &str) -> Option<TimeUs> {
    if !is_written_out(text) && !is_basic(text) {
        return None;
    }
    let with_plus = match text.rsplit_once(' ') {
        Some((time, offset)) if time.contains('T') => Some(format!("{time}+{offset}")),
        _ => None,
    };
    let text = with_plus.as_deref().unwrap_or(text);
    TimeUs::parse_rfc3339(text).or_else(|| utc(text.parse().ok()?))
}

/// Whether a text begins as `2026-06-01T10:15` and goes on with nothing but digits and what may
/// stand between them. The parser takes more: weeks, zones in brackets, years with a sign.
fn is_written_out(text: &str) -> bool {
    let Some((head, rest)) = text.split_at_checked(16) else {
        return false;
    };
    matches_shape(head, "0000-00-00T00:00") && rest.bytes().all(is_of_a_time)
}

/// Whether a text is like `20260601T101500Z`.
fn is_basic(text: &str) -> bool {
    matches_shape(text, "00000000T000000Z")
}

fn is_of_a_time(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b'+' | b'-' | b' ' | b'Z' | b'z')
}

/// `0` in a shape stands for a digit; `T` for itself in either case, or a space.
fn matches_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                b'T' => matches!(byte, b'T' | b't' | b' '),
                _ => byte == shape,
            })
}

/// A date: where its day begins, or where it ends.
fn date(text: &str, bound: Bound) -> Option<TimeUs> {
    if !matches_shape(text, "0000-00-00") {
        return None;
    }
    let date: Date = text.parse().ok()?;
    let begin = utc(date.to_datetime(jiff::civil::Time::midnight()))?;
    Some(match bound {
        Bound::Start => begin,
        Bound::End => begin.plus_us(DAY_US - 1),
    })
}

fn utc(time: DateTime) -> Option<TimeUs> {
    let time = Offset::UTC.to_timestamp(time).ok()?;
    Some(TimeUs::from_micros(time.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> TimeUs {
        TimeUs::parse_rfc3339("2026-06-08T12:00:00.5Z").unwrap()
    }

    #[track_caller]
    fn check(text: &str, start: &str, end: &str) {
        let value = Value {
            name: "StartTime",
            text,
        };
        assert_eq!(
            read(value, now(), Bound::Start).unwrap().to_string(),
            start,
            "{text}"
        );
        assert_eq!(
            read(value, now(), Bound::End).unwrap().to_string(),
            end,
            "{text}"
        );
    }

    #[test]
    fn a_year_that_no_calendar_here_has_is_told_with_the_range() {
        for (text, names_range) in [
            ("99999-01-01T00:00:00Z", true),
            ("12026-06-01", true),
            ("+12026-06-01T00:00:00Z", true),
            ("+2026-06-01T00:00:00Z", false),
            ("02026-06-01", false),
            ("-0044-03-15T00:00:00Z", true),
            ("9999-12-31", true),
            ("9999-12-31T00:00:00Z", true),
            ("2026-13-01", false),
            ("20260601", false),
            ("yesterday", false),
            ("5", false),
        ] {
            let value = Value {
                name: "StartTime",
                text,
            };
            let error = read(value, now(), Bound::Start).unwrap_err();
            let message = format!("{error:?}");
            assert_eq!(
                message.contains("years 0001 to 9999"),
                names_range,
                "{message}"
            );
        }
    }

    #[test]
    fn so_long_ago() {
        for (text, expected) in [
            ("0m", "2026-06-08T12:00:00.5Z"),
            ("30m", "2026-06-08T11:30:00.5Z"),
            ("4h", "2026-06-08T08:00:00.5Z"),
            ("3d", "2026-06-05T12:00:00.5Z"),
            ("1w", "2026-06-01T12:00:00.5Z"),
            ("9000000000000w", "0001-01-01T00:00:00Z"),
        ] {
            check(text, expected, expected);
        }
    }

    #[test]
    fn points_in_time() {
        for (text, expected) in [
            ("2023-06-01T00:00:00Z", "2023-06-01T00:00:00Z"),
            ("2023-06-01T00:00Z", "2023-06-01T00:00:00Z"),
            ("2023-06-01T00:00:00.25Z", "2023-06-01T00:00:00.25Z"),
            ("2023-06-01T02:00:00+02:00", "2023-06-01T00:00:00Z"),
            ("2023-06-01T02:00:00 02:00", "2023-06-01T00:00:00Z"),
            ("2023-05-31T17:00:00-07:00", "2023-06-01T00:00:00Z"),
            ("2023-06-01T00:00:00", "2023-06-01T00:00:00Z"),
            ("20230601T000000Z", "2023-06-01T00:00:00Z"),
            ("2023-06-01 00:00:00", "2023-06-01T00:00:00Z"),
            ("2023-06-01 02:00:00+02:00", "2023-06-01T00:00:00Z"),
        ] {
            check(text, expected, expected);
        }
    }

    #[test]
    fn a_date_is_its_whole_day() {
        check(
            "2023-06-01",
            "2023-06-01T00:00:00Z",
            "2023-06-01T23:59:59.999999Z",
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "h",
            "m",
            "4",
            "-4h",
            "+4h",
            "4.5h",
            "4 h",
            "4H",
            "4s",
            "1y",
            "2023-02-31",
            "2023-06-01T25:00:00Z",
            "now",
            "é",
            "99999999999999999999w",
            "12:00",
            "20230601",
            "2023-W22-4",
            "2023-06-01T00:00:00Z[UTC]",
            "2023-06-01T00:00:00[Europe/Berlin]",
            "2023-06-01[UTC]",
            "+002023-06-01",
            "+002023-06-01T00:00:00Z",
        ] {
            let value = Value {
                name: "EndTime",
                text,
            };
            let error = read(value, now(), Bound::End).unwrap_err();
            assert!(
                error
                    .message
                    .starts_with(&format!("Invalid EndTime '{text}'. Expected a number of")),
                "{text}"
            );
        }
    }
}
