//! How long people talked.

use crate::facts::CallFacts;
use crate::vocabulary::CallState;

/// Length below which a call is short, s: as the tag of short calls has it.
const SHORT_S: u64 = 10;
/// Length from which on it is long, s.
const LONG_S: u64 = 60;

closed_set!(
    /// The length of a completed call, roughly.
    TalkLength {
        /// Less than 10 s.
        Short = "short",
        /// In between.
        Medium = "medium",
        /// A minute or more.
        Long = "long",
    }
);

/// Answer to end of a completed call, else its start to end, s: as long as it is for tags. `None`: it
/// is not known, or the call was not completed.
#[must_use]
pub fn talk_s(facts: &CallFacts) -> Option<u64> {
    let length_s = facts.connect_duration_s.or(facts.duration_s);
    length_s.filter(|_| facts.state == Some(CallState::Completed))
}

impl TalkLength {
    /// That of a length, s.
    #[must_use]
    pub const fn of(seconds: u64) -> Self {
        match seconds {
            ..SHORT_S => Self::Short,
            SHORT_S..LONG_S => Self::Medium,
            LONG_S.. => Self::Long,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_completed_calls_have_a_length() {
        for (state, connect_s, whole_s, expected) in [
            (Some(CallState::Completed), Some(9), Some(20), Some(9)),
            (Some(CallState::Completed), None, Some(20), Some(20)),
            (Some(CallState::Completed), None, None, None),
            (Some(CallState::Busy), Some(0), Some(20), None),
            (None, Some(9), Some(20), None),
        ] {
            let facts = CallFacts {
                state,
                connect_duration_s: connect_s,
                duration_s: whole_s,
                ..CallFacts::default()
            };
            assert_eq!(talk_s(&facts), expected);
        }
        use TalkLength::{Long, Medium, Short};
        let lengths = [0, 9, 10, 59, 60, u64::MAX].map(TalkLength::of);
        assert_eq!(lengths, [Short, Short, Medium, Medium, Long, Long]);
    }
}
