//! What calls are counted by and what is told of them, in words; and which stretch of the calendar a time lies in.

pub mod media;
pub mod reach;
pub mod share;
pub mod talk;

use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{RoundMode, Timestamp, ToSpan, Unit, Zoned, ZonedRound};

use crate::facts::CallFacts;
use crate::time::TimeUs;
use crate::vocabulary::CallState;

closed_set!(
    /// A stretch of the calendar that calls are counted by.
    Interval {
        /// A minute.
        Minute = "minute",
        /// Fifteen minutes.
        QuarterHour = "quarter_hour",
        /// An hour of the clock: where clocks are set by half an hour, one has 90 minutes.
        Hour = "hour",
        /// A day.
        Day = "day",
        /// A week from Monday (ISO 8601).
        Week = "week",
        /// A month.
        Month = "month",
    }
);

closed_set!(
    /// Something that is told of counted calls.
    Measure {
        /// How many there are.
        Calls = "calls",
        /// How many of them were answered.
        Answered = "answered",
        /// Answered seizures among all seizures (ITU-T E.411, E.425).
        AnswerSeizureRatio = "answer_seizure_ratio",
        /// Seizures that the network did its part for among all seizures (ITU-T E.425).
        NetworkEffectivenessRatio = "network_effectiveness_ratio",
        /// Start to end, as summaries have it.
        Duration = "duration",
        /// Answer to end, as summaries have it.
        ConnectDuration = "connect_duration",
        /// Post-dial delay.
        Pdd = "pdd",
        /// Share of packets lost on the worst stream.
        PacketLoss = "packet_loss",
        /// Jitter of the worst stream.
        Jitter = "jitter",
        /// Round-trip time of the worst stream.
        Rtt = "rtt",
        /// Mean opinion score of the worst stream.
        Mos = "mos",
        /// Scores that people gave.
        CallScore = "call_score",
        /// Share of calls with figures about their media.
        Measured = "measured",
        /// Share of calls with a tag.
        Tagged = "tagged",
        /// Share of calls that people said something about.
        Annotated = "annotated",
        /// Share of spam among the calls that people judged so or otherwise.
        Spam = "spam",
        /// How long people talked in completed calls ([`talk::talk_s`]).
        Talk = "talk",
        /// Time that calls waited to be dialled.
        QueueTime = "queue_time",
    }
);

impl Interval {
    /// About how long it is, µs.
    #[must_use]
    pub const fn usual_us(self) -> i64 {
        use crate::time::{DAY_US, HOUR_US, SECOND_US};
        match self {
            Self::Minute => 60 * SECOND_US,
            Self::QuarterHour => HOUR_US / 4,
            Self::Hour => HOUR_US,
            Self::Day => DAY_US,
            Self::Week => 7 * DAY_US,
            Self::Month => 30 * DAY_US,
        }
    }

    /// When the one begins that a time lies in, by the clocks of a zone.
    #[must_use]
    pub fn start_of(self, at: TimeUs, zone: &TimeZone) -> TimeUs {
        let begin = Timestamp::from_microsecond(at.micros())
            .ok()
            .and_then(|at| self.begin(&at.to_zoned(zone.clone())));
        // The calendar ends where times do.
        begin.map_or(at, |begin| {
            TimeUs::from_micros(begin.timestamp().as_microsecond())
        })
    }

    fn begin(self, at: &Zoned) -> Option<Zoned> {
        let floor = |unit, by| {
            let down = ZonedRound::new()
                .smallest(unit)
                .increment(by)
                .mode(RoundMode::Trunc);
            at.round(down).ok()
        };
        let date = match self {
            Self::Minute => return floor(Unit::Minute, 1),
            Self::QuarterHour => return floor(Unit::Minute, 15),
            Self::Hour => return floor(Unit::Hour, 1),
            Self::Day => at.date(),
            Self::Week => {
                let since_monday = at.weekday().since(Weekday::Monday);
                at.date().checked_sub(since_monday.days()).ok()?
            }
            Self::Month => at.date().first_of_month(),
        };
        // Where clocks are set at midnight, a day begins later.
        let midnight = DateTime::from_parts(date, Time::midnight());
        midnight.to_zoned(at.time_zone().clone()).ok()
    }
}

/// What became of a call, as ratios count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seizure {
    /// Somebody answered.
    Answered = 1,
    /// Nobody did, by no fault of the network: the callee was busy, did not answer or declined, or
    /// the caller gave up.
    Effective = 2,
    /// It failed.
    Failed = 3,
}

impl Seizure {
    /// What became of a call. `None`: it is not over, or seized nothing.
    ///
    /// ITU-T E.425 counts as effective an answer, a busy user, ringing without an answer and, in
    /// digital networks, a rejection by the terminal; who gives up while it rings had no answer.
    #[must_use]
    pub fn of(facts: &CallFacts) -> Option<Self> {
        match facts.state? {
            CallState::Completed | CallState::Answered => Some(Self::Answered),
            CallState::Busy | CallState::NoAnswer | CallState::Canceled => Some(Self::Effective),
            CallState::Fail if is_declined(facts) => Some(Self::Effective),
            CallState::Fail => Some(Self::Failed),
            CallState::Ringing | CallState::Undialed => None,
        }
    }
}

/// Whether the callee's side itself turned the call down: unavailable, busy, declined or unwanted
/// (RFC 3261 §21, RFC 8197); or by Q.850: 17 to 19 and 21.
fn is_declined(facts: &CallFacts) -> bool {
    matches!(facts.last_sip_response, Some(480 | 486 | 600 | 603 | 607))
        || matches!(facts.q850_cause, Some(17..=19 | 21))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(interval: Interval, zone: &str, at: &str, expected: &str) {
        let zone = TimeZone::get(zone).unwrap();
        let at = TimeUs::parse_rfc3339(at).unwrap();
        let start = interval.start_of(at, &zone);
        assert_eq!(start.to_string(), expected, "{interval} of {at}");
        assert_eq!(
            interval.start_of(start, &zone),
            start,
            "{interval} of its start"
        );
    }

    #[test]
    fn intervals_begin_by_the_clocks_of_their_zone() {
        let at = "2026-06-03T22:44:59.5Z";
        check(Interval::Minute, "UTC", at, "2026-06-03T22:44:00Z");
        check(Interval::QuarterHour, "UTC", at, "2026-06-03T22:30:00Z");
        check(Interval::Hour, "UTC", at, "2026-06-03T22:00:00Z");
        check(Interval::Hour, "Asia/Kolkata", at, "2026-06-03T22:30:00Z");
        check(Interval::Hour, "Asia/Kathmandu", at, "2026-06-03T22:15:00Z");
        check(Interval::Day, "Europe/Berlin", at, "2026-06-03T22:00:00Z");
        check(Interval::Week, "Europe/Berlin", at, "2026-05-31T22:00:00Z");
        check(
            Interval::Month,
            "America/New_York",
            at,
            "2026-06-01T04:00:00Z",
        );
    }

    #[test]
    fn days_on_which_clocks_are_set_are_whole() {
        // New York, 2026-11-01 02:00 becomes 01:00: two hours of that name, 60 minutes each.
        let zone = "America/New_York";
        check(
            Interval::Hour,
            zone,
            "2026-11-01T05:59:00Z",
            "2026-11-01T05:00:00Z",
        );
        check(
            Interval::Hour,
            zone,
            "2026-11-01T06:01:00Z",
            "2026-11-01T06:00:00Z",
        );
        check(
            Interval::Day,
            zone,
            "2026-11-02T04:59:00Z",
            "2026-11-01T04:00:00Z",
        );
        check(
            Interval::Day,
            zone,
            "2026-11-02T05:00:00Z",
            "2026-11-02T05:00:00Z",
        );
        // Lord Howe, 2026-04-05 02:00 becomes 01:30: an hour of 90 minutes.
        let zone = "Australia/Lord_Howe";
        check(
            Interval::Hour,
            zone,
            "2026-04-04T14:40:00Z",
            "2026-04-04T14:00:00Z",
        );
        check(
            Interval::Hour,
            zone,
            "2026-04-04T15:20:00Z",
            "2026-04-04T14:00:00Z",
        );
        check(
            Interval::Hour,
            zone,
            "2026-04-04T15:30:00Z",
            "2026-04-04T15:30:00Z",
        );
        check(
            Interval::Day,
            zone,
            "2026-04-05T13:29:00Z",
            "2026-04-04T13:00:00Z",
        );
        // And back, 2026-10-04 02:00 becomes 02:30: an hour of 30 minutes.
        check(
            Interval::Hour,
            zone,
            "2026-10-03T15:29:00Z",
            "2026-10-03T14:30:00Z",
        );
        check(
            Interval::Hour,
            zone,
            "2026-10-03T15:40:00Z",
            "2026-10-03T15:30:00Z",
        );
        check(
            Interval::Hour,
            zone,
            "2026-10-03T16:00:00Z",
            "2026-10-03T16:00:00Z",
        );
        // Beirut, 2026-03-29 00:00 becomes 01:00: a day without midnight.
        check(
            Interval::Day,
            "Asia/Beirut",
            "2026-03-29T10:00:00Z",
            "2026-03-28T22:00:00Z",
        );
    }

    #[test]
    fn what_the_network_did_its_part_for() {
        let of = |state, sip| {
            Seizure::of(&CallFacts {
                state,
                last_sip_response: sip,
                ..CallFacts::default()
            })
        };
        for (state, sip, expected) in [
            (Some(CallState::Completed), None, Some(Seizure::Answered)),
            (
                Some(CallState::Answered),
                Some(200),
                Some(Seizure::Answered),
            ),
            (
                Some(CallState::Canceled),
                Some(487),
                Some(Seizure::Effective),
            ),
            (Some(CallState::Fail), Some(603), Some(Seizure::Effective)),
            (Some(CallState::Fail), Some(503), Some(Seizure::Failed)),
            (Some(CallState::Fail), None, Some(Seizure::Failed)),
            (Some(CallState::Ringing), Some(180), None),
            (None, Some(200), None),
        ] {
            assert_eq!(of(state, sip), expected, "{state:?} {sip:?}");
        }
    }
}
