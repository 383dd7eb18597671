//! What agents and supervisors say of a call: not of every one, not always right, sometimes in two
//! goes.

use sidetone_core::annotation::{
    AnnotationPatch, AnsweredByHeard, ConnectivityIssue, QualityIssue,
};
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_core::vocabulary::{AnsweredBy, CallDirection, CallType};

use super::chance::Dice;
use super::plan::{Outcome, Plan};
use super::routes::Conditions;
use super::words;

/// Something said of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// When.
    pub at: TimeUs,
    /// Whose view; empty for the view of the compatible API.
    pub author: String,
    /// What.
    pub patch: AnnotationPatch,
}

/// Of the dice.
const MATTER: u64 = 3;

/// What is said of a call, first to last.
pub(super) fn judgements(plan: &Plan) -> Vec<Judgement> {
    let mut dice = Dice::of_call(plan.sid, MATTER);
    if !dice.happens(eagerness(plan)) {
        return Vec::new();
    }
    let opinion = opinion(plan, &mut dice);
    let first_at = first_at(plan, &mut dice);
    let mut said = vec![judgement(first_at, opinion.patch)];
    let ended = plan.ended_at();
    if dice.happens(0.22) {
        let later = first_at.max(ended).plus_us(minutes(dice.between(3, 90)));
        said.push(judgement(later, second_thoughts(opinion.bad, &mut dice)));
        if dice.happens(0.25) {
            let patch = AnnotationPatch {
                comment: set((*dice.pick(&[
                    "Closed.",
                    "Carrier confirmed, fixed.",
                    "Duplicate of INC-1042",
                ]))
                .to_owned()),
                ..AnnotationPatch::default()
            };
            said.push(judgement(
                later.plus_us(minutes(dice.between(30, 600))),
                patch,
            ));
        }
    }
    if dice.happens(0.08) {
        // A supervisor listens in and has a view of their own.
        let score = dice.around(plan.pleasure(), 0.6).round().clamp(1.0, 5.0) as u8;
        let patch = AnnotationPatch {
            call_score: set(score),
            ..AnnotationPatch::default()
        };
        let at = ended.plus_us(minutes(dice.between(20, 240)));
        said.push(Judgement {
            author: "supervisor".to_owned(),
            ..judgement(at, patch)
        });
    }
    said
}

/// How likely anything is said: people complain more than they praise.
fn eagerness(plan: &Plan) -> f64 {
    let by_software =
        plan.direction == CallDirection::OutboundApi && plan.call_type == CallType::Carrier;
    let bad = plan.pleasure() < 3.4 || plan.ice_fails || plan.seems_robocall();
    match plan.outcome {
        Outcome::Completed { .. } | Outcome::Lost { .. } if bad => 0.34,
        Outcome::Completed { .. } | Outcome::Lost { .. } if by_software => 0.09,
        Outcome::Completed { .. } | Outcome::Lost { .. } => 0.11,
        Outcome::Failed { .. } => 0.16,
        Outcome::NoAnswer { .. } | Outcome::Busy => 0.07,
        Outcome::Canceled { .. } => 0.02,
    }
}

/// Most after the call, some while it runs.
fn first_at(plan: &Plan, dice: &mut Dice) -> TimeUs {
    let talk_us = plan.talk_us();
    if talk_us > 30 * SECOND_US && dice.happens(0.3) {
        let share = dice.within(0.4, 0.95);
        return plan
            .ended_at()
            .plus_us(-((talk_us as f64 * (1.0 - share)) as i64));
    }
    plan.ended_at()
        .plus_us(i64::from(dice.between(4, 100)) * SECOND_US)
}

struct Opinion {
    patch: AnnotationPatch,
    bad: bool,
}

fn opinion(plan: &Plan, dice: &mut Dice) -> Opinion {
    match plan.outcome {
        Outcome::Failed { sip, .. } => of_connectivity(
            if matches!(sip, 404 | 484) {
                ConnectivityIssue::InvalidNumber
            } else {
                ConnectivityIssue::NumberReachability
            },
            dice,
        ),
        Outcome::Busy | Outcome::NoAnswer { .. } | Outcome::Canceled { .. } => {
            of_connectivity(ConnectivityIssue::NumberReachability, dice)
        }
        Outcome::Completed { .. } | Outcome::Lost { .. } => of_talk(plan, dice),
    }
}

/// Whether somebody unknown called the company.
fn is_stranger(plan: &Plan) -> bool {
    plan.direction == CallDirection::Inbound && plan.call_type == CallType::Carrier
}

fn of_connectivity(issue: ConnectivityIssue, dice: &mut Dice) -> Opinion {
    let comments = match issue {
        ConnectivityIssue::InvalidNumber => words::NUMBER,
        ConnectivityIssue::CallerId => words::CALLER_ID,
        ConnectivityIssue::DroppedCall => words::DROPPED,
        ConnectivityIssue::NumberReachability
        | ConnectivityIssue::None
        | ConnectivityIssue::Unknown => words::UNREACHABLE,
    };
    let patch = AnnotationPatch {
        connectivity_issue: set(issue),
        comment: maybe(0.6, comments, dice),
        incident: incident(0.05, dice),
        ..AnnotationPatch::default()
    };
    Opinion { patch, bad: true }
}

fn of_talk(plan: &Plan, dice: &mut Dice) -> Opinion {
    if dice.happens(if plan.seems_robocall() { 0.8 } else { 0.004 }) {
        let patch = AnnotationPatch {
            spam: set(true),
            answered_by: set(AnsweredByHeard::Human),
            comment: maybe(0.7, words::SPAM, dice),
            ..AnnotationPatch::default()
        };
        return Opinion { patch, bad: false };
    }
    if plan.trust.branded_enabled.is_some() && dice.happens(0.06) {
        return of_connectivity(ConnectivityIssue::CallerId, dice);
    }
    let (issues, comments) = heard(plan, dice);
    let dropped = matches!(plan.outcome, Outcome::Lost { .. }) || dice.happens(0.03);
    let bad = !issues.is_empty() || dropped;
    let score = dice
        .around(plan.pleasure() - if dropped { 1.0 } else { 0.2 }, 0.7)
        .round()
        .clamp(1.0, 5.0) as u8;
    let comments = if dropped { words::DROPPED } else { comments };
    let mut patch = AnnotationPatch {
        call_score: if dice.happens(0.9) { set(score) } else { None },
        connectivity_issue: if dropped {
            set(ConnectivityIssue::DroppedCall)
        } else if dice.happens(0.4) {
            set(ConnectivityIssue::None)
        } else {
            None
        },
        quality_issues: if !issues.is_empty() {
            set(issues)
        } else if dice.happens(0.5) {
            set(vec![QualityIssue::None])
        } else {
            None
        },
        comment: maybe(if bad { 0.75 } else { 0.35 }, comments, dice),
        incident: incident(if bad { 0.15 } else { 0.01 }, dice),
        ..AnnotationPatch::default()
    };
    of_answerer(plan, &mut patch, dice);
    if is_stranger(plan) && dice.happens(0.5) {
        patch.spam = set(false);
    }
    Opinion { patch, bad }
}

/// Who answered: where detection was at work, people say whether it was right.
fn of_answerer(plan: &Plan, patch: &mut AnnotationPatch, dice: &mut Dice) {
    let detected_machine = match plan.detection.map(|(found, _)| found) {
        Some(AnsweredBy::Human) => Some(false),
        Some(AnsweredBy::Unknown) => Some(dice.happens(0.5)),
        Some(
            AnsweredBy::MachineStart
            | AnsweredBy::MachineEndBeep
            | AnsweredBy::MachineEndSilence
            | AnsweredBy::MachineEndOther
            | AnsweredBy::Fax,
        ) => Some(true),
        None => None,
    };
    let Some(detected_machine) = detected_machine else {
        if dice.happens(0.4) {
            patch.answered_by = set(AnsweredByHeard::Human);
        }
        return;
    };
    let wrong = dice.happens(0.11);
    let machine = detected_machine != wrong;
    patch.answered_by = set(if machine {
        AnsweredByHeard::Machine
    } else {
        AnsweredByHeard::Human
    });
    if machine && dice.happens(0.6) {
        patch.comment = set((*dice.pick(words::MACHINE)).to_owned());
    }
}

/// What was wrong with the sound, as a listener puts it, and the comments that go with it.
fn heard(plan: &Plan, dice: &mut Dice) -> (Vec<QualityIssue>, &'static [&'static str]) {
    let streams = || {
        plan.edges
            .iter()
            .flat_map(|edge| [edge.inbound, edge.outbound])
    };
    let worst = |quantity: fn(Conditions) -> f64| streams().map(quantity).fold(0.0, f64::max);
    if plan.ice_fails || streams().any(|stream| stream.silent) {
        return (vec![QualityIssue::OneWayAudio], words::SILENT);
    }
    let mut issues = Vec::new();
    let mut comments = words::GOOD;
    if worst(|stream| stream.loss) > 0.025 || worst(|stream| stream.jitter_ms) > 9.0 {
        issues.push(QualityIssue::ChoppyRobotic);
        comments = words::CHOPPY;
    }
    if worst(|stream| stream.latency_ms) > 170.0 || worst(|stream| stream.rtt_ms) > 380.0 {
        issues.push(QualityIssue::Latency);
        comments = words::LATENCY;
    }
    // What no packet tells of.
    let (issue, said) = *dice.weighted(&[
        (88, (None, words::GOOD)),
        (4, (Some(QualityIssue::Echo), words::ECHO)),
        (3, (Some(QualityIssue::StaticNoise), words::NOISE)),
        (3, (Some(QualityIssue::LowVolume), words::QUIET)),
        (2, (Some(QualityIssue::Dtmf), words::DTMF)),
    ]);
    if let Some(issue) = issue {
        issues.push(issue);
        comments = said;
    }
    (issues, comments)
}

fn second_thoughts(bad: bool, dice: &mut Dice) -> AnnotationPatch {
    if bad && dice.happens(0.7) {
        return AnnotationPatch {
            incident: incident(1.0, dice),
            ..AnnotationPatch::default()
        };
    }
    let score = if bad {
        dice.between(1, 3)
    } else {
        dice.between(4, 5)
    } as u8;
    AnnotationPatch {
        call_score: set(score),
        ..AnnotationPatch::default()
    }
}

/// One of few tickets: the same trouble is reported again and again.
fn incident(probability: f64, dice: &mut Dice) -> Option<Option<String>> {
    if !dice.happens(probability) {
        return None;
    }
    let ticket = *dice.weighted(&[
        (6, "INC-1042"),
        (4, "INC-1057"),
        (2, "INC-1063"),
        (1, "NOC-311"),
        (1, "JIRA VOICE-88"),
    ]);
    set(ticket.to_owned())
}

fn maybe(probability: f64, comments: &[&str], dice: &mut Dice) -> Option<Option<String>> {
    if dice.happens(probability) {
        set((*dice.pick(comments)).to_owned())
    } else {
        None
    }
}

fn set<T>(value: T) -> Option<Option<T>> {
    Some(Some(value))
}

fn judgement(at: TimeUs, patch: AnnotationPatch) -> Judgement {
    Judgement {
        at,
        author: String::new(),
        patch,
    }
}

fn minutes(n: u32) -> i64 {
    i64::from(n) * 60 * SECOND_US
}
