//! Whether a call was let through to somebody, as reports on carriers ask it.

use crate::facts::CallFacts;
use crate::vocabulary::CallState;

closed_set!(
    /// What stood in the way of a call, if anything.
    Reach {
        /// Neither of the two below.
        Open = "open",
        /// The callee's side would not have it: it was blocked, or declined by hand.
        Blocked = "blocked",
        /// Nobody has the number.
        Unallocated = "unallocated",
    }
);

/// Q.850: unallocated (unassigned) number.
const UNALLOCATED: u8 = 1;

impl Reach {
    /// What stood in the way of a call. `None`: it is not known what became of it.
    ///
    /// Carriers block with the SIP responses 603, 607 (RFC 8197) and 608 (RFC 8688), as the FCC has
    /// them do (47 CFR 64.1200(k)(9)). Somebody who declines by hand may send a 603 too: the
    /// number alone does not tell them apart. A number is unallocated by Q.850 cause 1, which RFC
    /// 3398 makes a 404; a 404 with another cause is none.
    #[must_use]
    pub fn of(facts: &CallFacts) -> Option<Self> {
        let state = facts.state?;
        match state {
            CallState::Completed | CallState::Answered => return Some(Self::Open),
            CallState::Ringing | CallState::Undialed => return None,
            CallState::Busy | CallState::Fail | CallState::NoAnswer | CallState::Canceled => {}
        }
        let (response, cause) = (facts.last_sip_response, facts.q850_cause);
        match (response, cause) {
            (Some(603 | 607 | 608), _) => Some(Self::Blocked),
            (_, Some(UNALLOCATED)) | (Some(404 | 604), None) => Some(Self::Unallocated),
            (None, None) if state == CallState::Fail => None,
            _ => Some(Self::Open),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_way() {
        use CallState::{Busy, Completed, Fail, NoAnswer, Ringing};
        for (state, response, cause, expected) in [
            (Some(Completed), Some(200), None, Some(Reach::Open)),
            (Some(Completed), Some(603), None, Some(Reach::Open)),
            (Some(Fail), Some(603), None, Some(Reach::Blocked)),
            (Some(Busy), Some(603), Some(21), Some(Reach::Blocked)),
            (Some(NoAnswer), Some(607), None, Some(Reach::Blocked)),
            (Some(Fail), Some(608), None, Some(Reach::Blocked)),
            (Some(Fail), Some(404), None, Some(Reach::Unallocated)),
            (Some(Fail), Some(604), None, Some(Reach::Unallocated)),
            (Some(Fail), None, Some(1), Some(Reach::Unallocated)),
            (Some(Fail), Some(503), Some(1), Some(Reach::Unallocated)),
            (Some(Fail), Some(404), Some(3), Some(Reach::Open)),
            (Some(Fail), Some(503), None, Some(Reach::Open)),
            (Some(Busy), None, None, Some(Reach::Open)),
            (Some(Fail), None, None, None),
            (Some(Ringing), Some(180), None, None),
            (None, Some(603), None, None),
        ] {
            let facts = CallFacts {
                state,
                last_sip_response: response,
                q850_cause: cause,
                ..CallFacts::default()
            };
            assert_eq!(
                Reach::of(&facts),
                expected,
                "{state:?} {response:?} {cause:?}"
            );
        }
    }
}
