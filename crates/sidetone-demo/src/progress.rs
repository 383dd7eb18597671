//! A call's steps, as a gateway reports them.

use serde_json::json;
use sidetone_core::event::{Observation, SourceKind, Step, Timer};
use sidetone_core::facts::{CallFacts, EdgeFacts};
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_core::vocabulary::{EdgeKind, Level};

use super::log::Log;
use super::plan::{Outcome, Plan, Side};

/// From the end to when nothing more is expected.
const SETTLE_US: i64 = 60 * SECOND_US;
/// From the last sign of a call to when it is given up.
const IDLE_US: i64 = 4 * 3_600 * SECOND_US;

/// Adds every step of a call, and what is known on that occasion.
pub(super) fn report(plan: &Plan, log: &mut Log) {
    let mut steps = Steps { log, count: 0 };
    let mut opening = opening(plan);
    if plan.queue_us > 0 {
        steps.take(Step::Queued, plan.created_at, std::mem::take(&mut opening));
        opening.queue_time_ms = u64::try_from(plan.queue_us / 1_000).ok();
    }
    steps.take(Step::Initiated, plan.initiated_at(), opening);
    if let Some(at) = plan.ringing_at() {
        steps.take(Step::Ringing, at, responded(180));
    }
    if let Some(at) = plan.answered_at() {
        steps.take(Step::Answered, at, responded(200));
    }
    closing(plan, &mut steps);
    detection(plan, log);
    sip_responses(plan, log);
}

/// Adds the timers that have run out by now, as the worker would have when they did.
pub(super) fn settle(plan: &Plan, now: TimeUs, log: &mut Log) {
    let timer = |timer| Observation::Timer { timer };
    let mut ended = plan.ended_at();
    if matches!(plan.outcome, Outcome::Lost { .. }) {
        if ended.plus_us(IDLE_US) > now {
            return;
        }
        log.other(
            SourceKind::Timer,
            format!("end-not-seen:{}", ended.micros()),
            ended,
            timer(Timer::EndNotSeen),
        );
        ended = ended.plus_us(IDLE_US);
    }
    let settled = ended.plus_us(SETTLE_US);
    if settled <= now {
        log.other(
            SourceKind::Timer,
            "settled".to_owned(),
            settled,
            timer(Timer::Settled),
        );
    }
}

struct Steps<'a> {
    log: &'a mut Log,
    count: u32,
}

impl Steps<'_> {
    fn take(&mut self, step: Step, at: TimeUs, facts: CallFacts) {
        let sequence = Some(self.count);
        let id = format!("status:{step}:{}", self.count);
        self.count += 1;
        self.log.gateway(
            id,
            at,
            Observation::Progress {
                step,
                sequence,
                facts: Box::new(facts),
            },
        );
    }
}

/// What is known from the start.
fn opening(plan: &Plan) -> CallFacts {
    let edges = plan
        .edges
        .iter()
        .map(|edge| (edge.edge, edge.facts.clone()))
        .collect();
    CallFacts {
        parent: plan.parent,
        call_type: Some(plan.call_type),
        direction: Some(plan.direction),
        from: plan.from.clone(),
        to: plan.to.clone(),
        trust: plan.trust.clone(),
        conference_participant: Some(plan.conference),
        edges,
        ..CallFacts::default()
    }
}

fn responded(code: u16) -> CallFacts {
    CallFacts {
        last_sip_response: Some(code),
        ..CallFacts::default()
    }
}

fn closing(plan: &Plan, steps: &mut Steps<'_>) {
    let end = |code, q850: u8, by: Option<&str>| {
        let mut facts = CallFacts {
            last_sip_response: Some(code),
            q850_cause: Some(q850),
            disconnected_by: by.map(str::to_owned),
            ..CallFacts::default()
        };
        for edge in plan.edges.iter().filter(|edge| edge.edge != EdgeKind::Sdk) {
            facts.edges.insert(
                edge.edge,
                EdgeFacts {
                    q850_cause: Some(q850),
                    ..EdgeFacts::default()
                },
            );
        }
        facts
    };
    let at = plan.ended_at();
    match plan.outcome {
        Outcome::Completed {
            by: Side::Caller, ..
        } => steps.take(Step::Completed, at, end(200, 16, Some("caller"))),
        Outcome::Completed {
            by: Side::Callee, ..
        } => steps.take(Step::Completed, at, end(200, 16, Some("callee"))),
        Outcome::Busy => steps.take(Step::Busy, at, end(486, 17, Some("callee"))),
        Outcome::NoAnswer { .. } => steps.take(Step::NoAnswer, at, end(480, 19, None)),
        Outcome::Canceled { .. } => steps.take(Step::Canceled, at, end(487, 16, Some("caller"))),
        Outcome::Failed { sip, q850 } => steps.take(Step::Failed, at, end(sip, q850, None)),
        Outcome::Lost { .. } => {}
    }
}

fn detection(plan: &Plan, log: &mut Log) {
    let (Some((found, after_us)), Some(answer)) = (plan.detection, plan.answered_at()) else {
        return;
    };
    let facts = CallFacts {
        answered_by: Some(found),
        ..CallFacts::default()
    };
    let observation = Observation::Facts {
        facts: Box::new(facts),
    };
    log.gateway(
        "amd".to_owned(),
        answer.plus_us(after_us).min(plan.ended_at()),
        observation,
    );
}

/// SIP edges show each response by itself.
fn sip_responses(plan: &Plan, log: &mut Log) {
    let Some(edge) = plan.edges.iter().find(|edge| edge.edge == EdgeKind::Sip) else {
        return;
    };
    let metadata = json!({"metadata": {
        "region": edge.facts.signaling_region,
        "edge_location": edge.facts.edge_location,
        "twilio_ip": edge.facts.signaling_ip,
        "external_ip": edge.facts.external_signaling_ip,
    }});
    let mut respond = |name, at, level| {
        log.edge(
            EdgeKind::Sip,
            at,
            ("sip", name, level),
            Some(metadata.clone()),
        );
    };
    respond(
        "100-trying",
        plan.initiated_at().plus_us(14_000),
        Level::Info,
    );
    if let Some(at) = plan.ringing_at() {
        respond("180-ringing", at, Level::Info);
    }
    if let Some(at) = plan.answered_at() {
        respond("200-ok", at, Level::Info);
    }
    let at = plan.ended_at();
    match plan.outcome {
        Outcome::Busy => respond("486-busy-here", at, Level::Warning),
        Outcome::NoAnswer { .. } => respond("480-temporarily-unavailable", at, Level::Warning),
        Outcome::Canceled { .. } => respond("487-request-terminated", at, Level::Info),
        Outcome::Failed { sip, .. } => respond(&format!("{sip}"), at, Level::Error),
        Outcome::Completed { .. } | Outcome::Lost { .. } => {}
    }
}
