//! When a server that is busy says it may be asked again.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use hyper::header::RETRY_AFTER;
use sidetone_core::time::{SECOND_US, TimeUs};

/// What limits of rates are told by beside `Retry-After`, in no standard: seconds until there may be
/// more requests, or when that is.
const RATE_LIMIT_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
/// So many seconds are a time since 1970 (this one in 2001), and no length of time.
const EPOCH_S: u64 = 1_000_000_000;

/// When a server may be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// After so long.
    Wait(Duration),
    /// At this time.
    At(TimeUs),
}

impl RetryAfter {
    /// What an answer of status 429 (RFC 6585 §4) or 503 says: `Retry-After` (RFC 9110 §10.2.3), else
    /// `X-RateLimit-Reset`. What cannot be read is left out.
    #[must_use]
    pub fn of(status: u16, headers: &HeaderMap) -> Option<Self> {
        let text = |name: &HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
        let is_asked = matches!(status, 429 | 503);
        let said = is_asked.then(|| text(&RETRY_AFTER).and_then(read));
        said?.or_else(|| text(&RATE_LIMIT_RESET).and_then(read))
    }

    /// How long that is from now.
    #[must_use]
    pub fn wait(self, now: TimeUs) -> Duration {
        match self {
            Self::Wait(wait) => wait,
            Self::At(at) => {
                Duration::from_micros(u64::try_from(at.since_us(now)).unwrap_or_default())
            }
        }
    }
}

fn read(text: &str) -> Option<RetryAfter> {
    match text.parse::<u64>() {
        Ok(seconds) if seconds < EPOCH_S => Some(RetryAfter::Wait(Duration::from_secs(seconds))),
        Ok(since_1970) => {
            let us = i64::try_from(since_1970).ok()?.checked_mul(SECOND_US)?;
            Some(RetryAfter::At(TimeUs::from_micros(us)))
        }
        Err(_) => sidetone_wire::time::parse(text).map(RetryAfter::At),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_nothing_else() {
        let now = TimeUs::parse_rfc3339("2026-06-01T10:00:00Z").unwrap();
        for (status, headers, seconds) in [
            (429, &[("retry-after", "120")][..], Some(120)),
            (503, &[("retry-after", " 0 ")], Some(0)),
            (
                503,
                &[("retry-after", "Mon, 01 Jun 2026 10:01:30 GMT")],
                Some(90),
            ),
            (
                503,
                &[("retry-after", "Mon, 01 Jun 2026 09:00:00 GMT")],
                Some(0),
            ),
            (429, &[("x-ratelimit-reset", "7")], Some(7)),
            (429, &[("x-ratelimit-reset", "1780308060")], Some(60)),
            (
                429,
                &[("retry-after", "3"), ("x-ratelimit-reset", "7")],
                Some(3),
            ),
            (
                429,
                &[("retry-after", "soon"), ("x-ratelimit-reset", "7")],
                Some(7),
            ),
            (429, &[("retry-after", "-1")], None),
            (429, &[("retry-after", "1.5")], None),
            (429, &[("retry-after", "99999999999999999999")], None),
            (429, &[("retry-after", "9999999999999999999")], None),
            (429, &[], None),
            (500, &[("retry-after", "3")], None),
            (301, &[("retry-after", "3")], None),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, HeaderValue::from_static(value));
            }
            let read = RetryAfter::of(status, &map).map(|it| it.wait(now).as_secs());
            assert_eq!(read, seconds, "{status} {headers:?}");
        }
    }
}
