//! How far a call got and when, from its steps and from what was reported.

use super::state::{Began, FoldState};
use crate::event::{ImportStage, Step};
use crate::facts::{CallClaims, CallFacts};
use crate::time::{SECOND_US, TimeUs};
use crate::vocabulary::CallState;

/// What the sources say outright of the things that are settled here.
struct Reported {
    own_state: Option<CallState>,
    sip_state: Option<CallState>,
    imported_state: Option<CallState>,
    import_stage: Option<ImportStage>,
    created_at: Option<TimeUs>,
    started_at: Option<TimeUs>,
    answered_at: Option<TimeUs>,
    ended_at: Option<TimeUs>,
    duration_s: Option<u64>,
    connect_duration_s: Option<u64>,
    pdd_ms: Option<u64>,
}

/// How far a call got and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) state: Option<CallState>,
    pub(super) created_at: Option<TimeUs>,
    pub(super) started_at: Option<TimeUs>,
    pub(super) answered_at: Option<TimeUs>,
    pub(super) ended_at: Option<TimeUs>,
    pub(super) duration_s: Option<u64>,
    pub(super) connect_duration_s: Option<u64>,
    pub(super) pdd_ms: Option<u64>,
    pub(super) end_not_seen: bool,
}

impl Outcome {
    /// Whether somebody answered, now or in the end.
    pub(super) fn is_answered(&self) -> bool {
        self.answered_at.is_some()
            || matches!(self.state, Some(CallState::Answered | CallState::Completed))
    }
}

impl FoldState {
    /// What the messages of the call itself tell is exact, and goes before what is told about it.
    fn reported(&self, sip: Option<&CallFacts>) -> Reported {
        let import = self.import.as_ref().map(|import| &*import.summary);
        let is_sdk_alone = self.is_told_by_sdk_alone(sip);
        let sdk = is_sdk_alone.then_some(&self.sdk_claims);
        let began = if is_sdk_alone {
            self.sdk_began
        } else {
            Began::default()
        };
        macro_rules! claimed {
            ($field:ident) => {
                [Some(&self.claims), sdk]
                    .into_iter()
                    .flatten()
                    .find_map(|claims| claims.$field.as_ref())
                    .map(|claim| claim.value)
            };
        }
        macro_rules! told {
            ($field:ident) => {
                import
                    .and_then(|import| import.facts.$field)
                    .or(sip.and_then(|sip| sip.$field))
                    .or(claimed!($field))
            };
        }
        Reported {
            own_state: claimed!(state),
            sip_state: sip.and_then(|sip| sip.state),
            imported_state: import.and_then(|import| import.facts.state),
            import_stage: import.map(|import| import.stage),
            created_at: told!(created_at),
            started_at: began.started_at.or(told!(started_at)),
            answered_at: began.answered_at.or(told!(answered_at)),
            ended_at: told!(ended_at),
            duration_s: told!(duration_s),
            connect_duration_s: told!(connect_duration_s),
            pdd_ms: told!(pdd_ms),
        }
    }

    /// Whether nobody but an SDK tells how far the call got and when. Else its word would be mixed
    /// with that of others, and its clock with theirs.
    fn is_told_by_sdk_alone(&self, sip: Option<&CallFacts>) -> bool {
        let CallClaims {
            state,
            started_at,
            answered_at,
            ended_at,
            ..
        } = &self.claims;
        let times = [started_at, answered_at, ended_at];
        sip.is_none()
            && self.import.is_none()
            && self.progress.is_empty()
            && state.is_none()
            && times.into_iter().all(Option::is_none)
    }

    /// How far the call got and when, from everything learnt.
    /// `sip`: what follows from the call's SIP messages.
    pub(super) fn outcome(&self, sip: Option<&CallFacts>) -> Outcome {
        let told = self.reported(sip);
        let progress = &self.progress;
        let start = told.started_at.or_else(|| progress.first(Step::Initiated));
        let answer = told.answered_at.or_else(|| progress.first(Step::Answered));
        let mut state = self.state(&told, answer);
        let mut end = told.ended_at;
        let mut end_not_seen = false;
        if state.is_some_and(is_final) {
            end = end.or_else(|| self.end_of_final(start, told.duration_s));
        } else {
            if end.is_none() && self.timers.end_not_seen.is_some() {
                end = self.range().map(|seen| seen.last);
                end_not_seen = end.is_some();
            }
            // A settled summary is served as it is, even when it does not fit together.
            if end.is_some() && told.import_stage != Some(ImportStage::Complete) {
                state = state.map(state_at_end);
            }
        }
        let before_end = |seconds: u64| end.map(|end| end.plus_us(us_of(seconds).saturating_neg()));
        let completed = state == Some(CallState::Completed);
        let answered_at = answer.or_else(|| {
            told.connect_duration_s
                .filter(|_| completed)
                .and_then(before_end)
        });
        let started_at = start.or_else(|| {
            let by_duration = told.duration_s.and_then(before_end);
            let seen = self.range().map(|seen| seen.first);
            [by_duration, seen, answered_at, end]
                .into_iter()
                .flatten()
                .min()
        });
        // Clocks that were set, or records that were: no call ends before it begins.
        let is_own = told.import_stage.is_none();
        let end = match (end, started_at) {
            (Some(end), Some(start)) if is_own => Some(end.max(start)),
            _ => end,
        };
        let seconds = |from: Option<TimeUs>| {
            let us = end?.since_us(from?).max(0);
            u64::try_from(us.div_euclid(SECOND_US)).ok()
        };
        let connect_duration_s = told.connect_duration_s.or_else(|| seconds(answered_at));
        // A call lasted at least as long as it was connected, however coarse the times of its steps
        // are.
        let lasted = || Some(seconds(started_at)?.max(connect_duration_s.unwrap_or(0)));
        Outcome {
            state,
            created_at: told.created_at.or_else(|| progress.first(Step::Queued)),
            started_at,
            answered_at,
            ended_at: end,
            duration_s: told.duration_s.or_else(lasted),
            connect_duration_s,
            pdd_ms: told.pdd_ms.or_else(|| progress.pdd_ms()),
            end_not_seen,
        }
    }

    /// The state as of the last event: what is reported, unless the steps show that the call has
    /// gone on since.
    fn state(&self, told: &Reported, answer: Option<TimeUs>) -> Option<CallState> {
        if let (Some(state), Some(ImportStage::Complete)) = (told.imported_state, told.import_stage)
        {
            return Some(state);
        }
        let shown = match &self.progress.ended {
            Some(ended) => Some(state_of(ended.value)),
            None if answer.is_some() => Some(CallState::Answered),
            None => [Step::Ringing, Step::Initiated, Step::Queued]
                .into_iter()
                .find(|step| self.progress.first(*step).is_some())
                .map(state_of)
                // Packets without any signalling: somebody is talking to somebody.
                .or_else(|| self.streams.any_packets().then_some(CallState::Answered)),
        };
        let mut furthest = told.imported_state;
        for state in [told.sip_state, told.own_state, shown]
            .into_iter()
            .flatten()
        {
            if furthest.is_none_or(|held| how_far(held) < how_far(state)) {
                furthest = Some(state);
            }
        }
        furthest
    }

    /// When a call that is over ended: at its last step, else as its duration says, else at its
    /// last event.
    fn end_of_final(&self, start: Option<TimeUs>, duration_s: Option<u64>) -> Option<TimeUs> {
        let step = self.progress.ended.as_ref().map(|ended| ended.value);
        step.and_then(|step| self.progress.first(step))
            .or_else(|| Some(start?.plus_us(us_of(duration_s?))))
            .or_else(|| self.range().map(|seen| seen.last))
    }
}

fn us_of(seconds: u64) -> i64 {
    i64::try_from(seconds)
        .unwrap_or(i64::MAX)
        .saturating_mul(SECOND_US)
}

const fn state_of(step: Step) -> CallState {
    match step {
        Step::Queued | Step::Initiated => CallState::Undialed,
        Step::Ringing => CallState::Ringing,
        Step::Answered => CallState::Answered,
        Step::Completed => CallState::Completed,
        Step::Busy => CallState::Busy,
        Step::Failed => CallState::Fail,
        Step::NoAnswer => CallState::NoAnswer,
        Step::Canceled => CallState::Canceled,
    }
}

/// How far along a state is; all ends are equally far.
const fn how_far(state: CallState) -> u8 {
    match state {
        CallState::Undialed => 0,
        CallState::Ringing => 1,
        CallState::Answered => 2,
        CallState::Completed
        | CallState::Busy
        | CallState::Fail
        | CallState::NoAnswer
        | CallState::Canceled => 3,
    }
}

const fn is_final(state: CallState) -> bool {
    how_far(state) == 3
}

/// What a call was that is over, by how far it had got. One that never rang stays undialed.
const fn state_at_end(state: CallState) -> CallState {
    match state {
        CallState::Answered => CallState::Completed,
        CallState::Ringing => CallState::NoAnswer,
        other => other,
    }
}
