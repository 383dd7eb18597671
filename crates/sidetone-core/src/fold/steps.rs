//! The steps of a call, as the caller's leg went through them.

use super::series::ours;
use super::sip::Signalling;
use crate::event::{CallEvent, EventId, Observation, Step};
use crate::id::CallRef;
use crate::vocabulary::CallState;

/// The steps in order, each once.
pub(super) fn steps(call: CallRef, signalling: &Signalling<'_>) -> Vec<CallEvent> {
    let facts = &signalling.facts;
    let alerted = signalling.legs.caller.alerted();
    let end = facts.state.and_then(last_step);
    let times = [
        (Some(Step::Initiated), facts.started_at),
        (Some(Step::Ringing), alerted.map(|heard| heard.at)),
        (Some(Step::Answered), facts.answered_at),
        (end, facts.ended_at),
    ];
    let steps = times
        .into_iter()
        .filter_map(|(step, at)| Some((step?, at?)))
        .map(|(step, at)| CallEvent {
            id: EventId::own(format_args!("step:{step}")),
            call,
            at,
            source: ours(),
            observation: Observation::Progress {
                step,
                sequence: None,
                facts: Box::default(),
            },
        });
    steps.collect()
}

const fn last_step(state: CallState) -> Option<Step> {
    match state {
        CallState::Completed => Some(Step::Completed),
        CallState::Busy => Some(Step::Busy),
        CallState::Fail => Some(Step::Failed),
        CallState::NoAnswer => Some(Step::NoAnswer),
        CallState::Canceled => Some(Step::Canceled),
        CallState::Ringing | CallState::Answered | CallState::Undialed => None,
    }
}
