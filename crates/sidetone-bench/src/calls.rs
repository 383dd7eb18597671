//! Calls to measure with: each follows from the seed and its number, so nothing has to be
//! remembered.

use sidetone_core::correlate::call_sid;
use sidetone_core::facts::CallFacts;
use sidetone_core::fold::FOLD_VERSION;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::summary::CallSummary;
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_core::vocabulary::{
    AnsweredBy, CallDirection, CallState, CallType, ProcessingState, Tag,
};

use crate::times::{Times, talk_us};
use crate::{edges, numbers, trust};
use sidetone_bench::random::Random;

/// Time after its end until a call's summary is complete.
const SETTLE_US: i64 = 60 * SECOND_US;

/// All calls of a run.
#[derive(Debug, Clone)]
pub struct Calls {
    pub seed: u64,
    pub count: u64,
    pub account: AccountSid,
    pub times: Times,
}

impl Calls {
    /// Calls that all happened before `end`.
    pub fn new(seed: u64, count: u64, account: AccountSid, end: TimeUs) -> Self {
        Self {
            seed,
            count,
            account,
            times: Times::new(count, end),
        }
    }

    /// The identifier of a call.
    pub fn sid(&self, number: u64) -> CallSid {
        let random = &mut Random::of(self.seed, 10, number);
        if random.per_mille(100) {
            // A header named it.
            CallSid::from_bytes(random.bytes())
        } else {
            call_sid(self.account, &self.call_id(number))
        }
    }

    /// The SIP Call-ID of a call.
    fn call_id(&self, number: u64) -> String {
        let random = &mut Random::of(self.seed, 12, number);
        format!(
            "{:016x}{:016x}@198.51.100.7",
            random.next_u64(),
            random.next_u64()
        )
    }

    /// The summary of a call, as the fold would leave it.
    pub fn summary(&self, number: u64) -> CallSummary {
        let random = &mut Random::of(self.seed, 11, number);
        let mut facts = self.facts(number, random);
        let (answered_at, ended_at) = (facts.answered_at, facts.ended_at);
        let talk_s = answered_at
            .zip(ended_at)
            .map_or(0, |(from, to)| to.since_us(from) / SECOND_US);
        let edges = edges::of(random, &facts, &self.call_id(number), talk_s);
        let tags = if random.per_mille(100) {
            tags(random)
        } else {
            Vec::new()
        };
        if random.per_mille(50) {
            facts.trust = trust::of(random);
        }
        let last_event_at = ended_at
            .or(answered_at)
            .or(facts.started_at)
            .unwrap_or(TimeUs::EPOCH);
        let settled = ended_at.is_some_and(|at| at.plus_us(SETTLE_US) <= self.times.end());
        CallSummary {
            call: CallRef {
                account: self.account,
                sid: self.sid(number),
            },
            processing: if settled {
                ProcessingState::Complete
            } else {
                ProcessingState::Partial
            },
            fold_version: FOLD_VERSION,
            rules_day: None,
            sides_digest: None,
            facts,
            edges,
            tags,
            reasons: Vec::new(),
            sip: None,
            pdd_limit: None,
            end_not_seen: random.per_mille(2),
            last_event_at,
            imported: None,
            beside: None,
            imported_annotation: None,
        }
    }

    fn facts(&self, number: u64, random: &mut Random) -> CallFacts {
        let call_type = random.weighted(&[
            (CallType::Carrier, 620),
            (CallType::Trunking, 250),
            (CallType::Sip, 90),
            (CallType::Client, 39),
            (CallType::Whatsapp, 1),
        ]);
        let direction = direction(random, call_type);
        let mut state = random.weighted(&[
            (CallState::Completed, 680),
            (CallState::NoAnswer, 140),
            (CallState::Busy, 60),
            (CallState::Canceled, 60),
            (CallState::Fail, 59),
            (CallState::Undialed, 1),
        ]);
        let started_at = self.times.start(number);
        let pdd_ms = random.between(200, 2_000) + random.below(40).pow(2);
        let ring_us = pdd_ms as i64 * 1_000 + random.between(1, 25) as i64 * SECOND_US;
        let talk_us = if state == CallState::Completed {
            talk_us(random)
        } else {
            0
        };
        let over = started_at.plus_us(ring_us + talk_us) <= self.times.end();
        if !over {
            state = if state == CallState::Completed {
                CallState::Answered
            } else {
                CallState::Ringing
            };
        }
        let answered = matches!(state, CallState::Completed | CallState::Answered);
        let answered_at = answered.then(|| started_at.plus_us(ring_us));
        let ended_at = over.then(|| started_at.plus_us(ring_us + talk_us));
        let mut facts = CallFacts {
            call_type: Some(call_type),
            state: Some(state),
            direction: Some(direction),
            created_at: Some(started_at),
            started_at: Some(started_at),
            answered_at,
            ended_at,
            duration_s: over.then_some(((ring_us + talk_us) / SECOND_US) as u64),
            connect_duration_s: over.then_some((talk_us / SECOND_US) as u64),
            pdd_ms: random.per_mille(950).then_some(pdd_ms),
            last_sip_response: response(random, state),
            disconnected_by: over.then(|| (*random.pick(&["caller", "callee"])).to_owned()),
            queue_time_ms: Some(random.below(40)),
            ..CallFacts::default()
        };
        if answered && random.per_mille(250) {
            facts.answered_by = Some(detected(random));
        }
        self.parties(random, &mut facts);
        facts
    }

    fn parties(&self, random: &mut Random, facts: &mut CallFacts) {
        let inner = match facts.call_type {
            Some(CallType::Sip | CallType::Trunking) if random.per_mille(300) => {
                numbers::extension(random)
            }
            Some(CallType::Client) => numbers::client(random),
            _ => numbers::own(self.seed, random),
        };
        let customer = numbers::customer(self.seed, random);
        let comes_in = matches!(
            facts.direction,
            Some(CallDirection::Inbound | CallDirection::TrunkingTerminating)
        );
        (facts.from, facts.to) = if comes_in {
            (customer, inner)
        } else {
            (inner, customer)
        };
    }
}

fn direction(random: &mut Random, call_type: CallType) -> CallDirection {
    match call_type {
        CallType::Trunking => random.weighted(&[
            (CallDirection::TrunkingOriginating, 600),
            (CallDirection::TrunkingTerminating, 400),
        ]),
        _ => random.weighted(&[
            (CallDirection::Inbound, 500),
            (CallDirection::OutboundApi, 330),
            (CallDirection::OutboundDial, 170),
        ]),
    }
}

/// The last SIP response: a share of calls has none.
fn response(random: &mut Random, state: CallState) -> Option<u16> {
    let code = match state {
        CallState::Completed | CallState::Answered => 200,
        CallState::Busy => 486,
        CallState::NoAnswer => random.weighted(&[(480, 8), (408, 2)]),
        CallState::Canceled => 487,
        CallState::Fail => random.weighted(&[(404, 5), (503, 3), (500, 1), (603, 1)]),
        CallState::Ringing => 180,
        CallState::Undialed => return None,
    };
    random.per_mille(970).then_some(code)
}

fn detected(random: &mut Random) -> AnsweredBy {
    random.weighted(&[
        (AnsweredBy::Human, 600),
        (AnsweredBy::MachineStart, 250),
        (AnsweredBy::MachineEndBeep, 80),
        (AnsweredBy::MachineEndSilence, 40),
        (AnsweredBy::MachineEndOther, 24),
        (AnsweredBy::Unknown, 5),
        (AnsweredBy::Fax, 1),
    ])
}

fn tags(random: &mut Random) -> Vec<Tag> {
    let mut tags = vec![random.weighted(&[
        (Tag::HighJitter, 300),
        (Tag::HighPacketLoss, 200),
        (Tag::LowMos, 150),
        (Tag::HighPdd, 150),
        (Tag::PstnShortDuration, 120),
        (Tag::HighLatency, 50),
        (Tag::Silence, 29),
        (Tag::IceFailure, 1),
    ])];
    if tags[0] == Tag::HighPacketLoss && random.per_mille(400) {
        tags.push(Tag::LowMos);
    }
    tags
}
