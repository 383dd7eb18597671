//! How long an event may wait to be folded.

use sidetone_core::event::EventKind;

/// The longest that a measurement waits before its call is dirty, in microseconds.
pub const PATIENCE_MAX_US: i64 = 60_000_000;

/// From when on a call is dirty because of an event that was received then and has so many before it, in microseconds since 1970.
///
/// At once, but for measurements: folding a call costs the more the longer its log is, so that a call of hours, folded again
/// with each report of its media, would cost as the square of its length. They wait 5 ms for each event before them.
#[must_use]
pub fn dirty_from(kind: EventKind, received_us: i64, events_before: i64) -> i64 {
    const PATIENCE_US: i64 = 5_000;
    let patience_us = match kind {
        EventKind::Media | EventKind::Rtcp => events_before
            .saturating_mul(PATIENCE_US)
            .min(PATIENCE_MAX_US),
        EventKind::Progress
        | EventKind::Facts
        | EventKind::Edge
        | EventKind::Imported
        | EventKind::Timer
        | EventKind::Unknown
        | EventKind::Sip
        | EventKind::Vq => 0,
    };
    received_us.saturating_add(patience_us)
}
