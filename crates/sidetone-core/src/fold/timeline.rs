//! One line of time for a whole call: microseconds from its answer.
//!
//! Legs whose agents differ have a clock each, and both heard the answer: times of each leg are
//! counted from that.

use std::collections::BTreeMap;

use super::clock::Clock;
use super::legs::Leg;
use super::media_ends::PartyEdge;
use super::sip::Signalling;
use crate::time::TimeUs;

/// When things happened, from the answer; from the first report of a call that was not answered.
#[derive(Debug)]
pub(super) struct Timeline<'a> {
    caller: Since<'a>,
    callee: Since<'a>,
    /// Whether there was an answer to count from.
    pub(super) is_answered: bool,
}

#[derive(Debug)]
struct Since<'a> {
    clock: &'a Clock,
    zero: TimeUs,
}

impl<'a> Timeline<'a> {
    pub(super) fn of(signalling: &'a Signalling<'_>, first_report: Option<TimeUs>) -> Self {
        let (near, far) = (&signalling.legs.caller, signalling.legs.callee());
        // What was not mirrored may be proved by what came after it.
        let answered_at = signalling.facts.answered_at;
        let (caller, callee) = match answered_at {
            Some(answered_at) if near.clock.agent != far.clock.agent => {
                let caller = near.answered_at().unwrap_or(answered_at);
                let by_near = [(near.clock.agent, caller)].into();
                let callee = far.answered_at().or_else(|| far.clock.time(&by_near));
                (caller, callee.unwrap_or(caller))
            }
            _ => {
                let zero = answered_at.or(first_report);
                let zero = zero.unwrap_or(TimeUs::EPOCH);
                (zero, zero)
            }
        };
        let since = |leg: &'a Leg<'_>, zero| Since {
            clock: &leg.clock,
            zero,
        };
        Self {
            caller: since(near, caller),
            callee: since(far, callee),
            is_answered: answered_at.is_some(),
        }
    }

    /// When something happened at an edge that these agents saw; of none, at the caller's.
    pub(super) fn moment(&self, edge: Option<PartyEdge>, seen: &BTreeMap<u32, TimeUs>) -> i64 {
        let since = self.since(edge);
        let at = since.clock.time(seen);
        at.map_or(0, |at| at.since_us(since.zero))
    }

    /// When a message of a leg was, by that leg's clock.
    pub(super) fn on_leg(&self, edge: PartyEdge, at: TimeUs) -> i64 {
        at.since_us(self.since(Some(edge)).zero)
    }

    /// A moment, by the clock of the caller's leg.
    pub(super) fn time(&self, moment: i64) -> TimeUs {
        self.caller.zero.plus_us(moment)
    }

    const fn since(&self, edge: Option<PartyEdge>) -> &Since<'a> {
        match edge {
            Some(PartyEdge::Callee) => &self.callee,
            Some(PartyEdge::Caller) | None => &self.caller,
        }
    }
}
