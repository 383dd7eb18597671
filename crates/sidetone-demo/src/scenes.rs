//! What calls are about: each scene is one call, or several that belong together.

use sidetone_core::facts::PartyFacts;
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_core::vocabulary::{AnsweredBy, CallDirection, CallType};

use super::agents::{Agent, Trunk, desk_phone};
use super::casting::{Equipment, Line, dial, ms_us};
use super::chance::Dice;
use super::places::{any_country, country, own_number};
use super::plan::{Outcome, Plan, Side};
use super::routes::Conditions;
use super::trust;

/// What a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scene {
    /// A reminder, dialled by software, with answering machine detection.
    Campaign,
    /// Somebody calls the hotline and is put through to an agent.
    Hotline,
    /// An agent calls somebody.
    AgentDials,
    /// Somebody calls and is put through to a mobile number.
    Forwarded,
    /// A branch office calls out through its trunk.
    TrunkOut,
    /// Somebody calls a branch office.
    TrunkIn,
    /// A desk phone calls out.
    DeskDials,
    /// Somebody calls and is put through to a desk phone.
    DeskRings,
    /// A call over the messenger, from a customer.
    MessengerIn,
    /// A call over the messenger, to a customer.
    MessengerOut,
    /// Several people are called into a conference.
    Conference,
    /// A machine calls the hotline with a recorded message, from a number that nobody vouches for.
    Robocall,
}

const SCENES: &[(u32, Scene)] = &[
    (30, Scene::Campaign),
    (15, Scene::Hotline),
    (9, Scene::AgentDials),
    (4, Scene::Forwarded),
    (9, Scene::TrunkOut),
    (7, Scene::TrunkIn),
    (4, Scene::DeskDials),
    (3, Scene::DeskRings),
    (4, Scene::MessengerIn),
    (3, Scene::MessengerOut),
    (2, Scene::Conference),
    (4, Scene::Robocall),
];

/// The calls of one scene, the first to be asked for first.
pub(super) fn play(seed: u64, story: u64, at: TimeUs) -> Vec<Plan> {
    let mut dice = Dice::new(seed, story);
    let scene = *dice.weighted(SCENES);
    let abroad = any_country(&mut dice);
    let customer = abroad.subscriber(&mut dice);
    let own = own_number(abroad, &mut dice);
    let with = |call_type, direction, from, to, equipment| Line {
        call_type,
        direction,
        from,
        to,
        equipment,
        at,
    };
    let line =
        |call_type, direction, from, to| with(call_type, direction, from, to, Equipment::Software);
    match scene {
        Scene::Campaign => {
            let mut call = dial(
                line(CallType::Carrier, CallDirection::OutboundApi, own, customer),
                &mut dice,
            );
            if dice.happens(0.5) {
                call.queue_us = ms_us(dice.quantile(&[
                    (0.0, 120.0),
                    (0.5, 2_500.0),
                    (0.9, 14_000.0),
                    (1.0, 41_000.0),
                ]));
            }
            trust::registered(&mut call, &mut dice);
            detect(&mut call, &mut dice);
            vec![call]
        }
        Scene::Hotline => {
            let mut outer = dial(
                line(
                    CallType::Carrier,
                    CallDirection::Inbound,
                    customer,
                    own.clone(),
                ),
                &mut dice,
            );
            trust::verified(&mut outer, &mut dice);
            let agent = Agent::any(&mut dice);
            let inner = through(&mut outer, &mut dice, |at, from| Line {
                call_type: CallType::Client,
                direction: CallDirection::OutboundDial,
                from,
                to: agent.party(),
                equipment: Equipment::Sdk(agent),
                at,
            });
            family(outer, inner, &mut dice)
        }
        Scene::AgentDials => {
            let agent = Agent::any(&mut dice);
            let sdk = Equipment::Sdk(agent);
            let outer = with(
                CallType::Client,
                CallDirection::Inbound,
                agent.party(),
                own.clone(),
                sdk,
            );
            let mut outer = answered_at_once(dial(outer, &mut dice), &mut dice);
            let inner = through(&mut outer, &mut dice, |at, _| Line {
                call_type: CallType::Carrier,
                direction: CallDirection::OutboundDial,
                from: own,
                to: customer,
                equipment: Equipment::Software,
                at,
            });
            family(outer, inner, &mut dice)
        }
        Scene::Forwarded => {
            let mut outer = dial(
                line(
                    CallType::Carrier,
                    CallDirection::Inbound,
                    customer,
                    own.clone(),
                ),
                &mut dice,
            );
            trust::verified(&mut outer, &mut dice);
            let mobile = country(own.country_code.as_deref().unwrap_or("US")).subscriber(&mut dice);
            let inner = through(&mut outer, &mut dice, |at, _| Line {
                call_type: CallType::Carrier,
                direction: CallDirection::OutboundDial,
                from: own,
                to: mobile,
                equipment: Equipment::Software,
                at,
            });
            family(outer, inner, &mut dice)
        }
        Scene::TrunkOut => {
            let trunk = Trunk::any(&mut dice);
            let branch = trunk.party(&mut dice);
            let pbx = Equipment::Pbx(trunk);
            let call = with(
                CallType::Trunking,
                CallDirection::TrunkingOriginating,
                branch,
                customer,
                pbx,
            );
            vec![dial(call, &mut dice)]
        }
        Scene::TrunkIn => {
            let trunk = Trunk::any(&mut dice);
            let branch = trunk.party(&mut dice);
            let pbx = Equipment::Pbx(trunk);
            let call = with(
                CallType::Trunking,
                CallDirection::TrunkingTerminating,
                customer,
                branch,
                pbx,
            );
            let mut call = dial(call, &mut dice);
            trust::verified(&mut call, &mut dice);
            vec![call]
        }
        Scene::DeskDials => {
            let (desk, device) = desk_phone(&mut dice);
            let target = sip_target(&customer);
            let outer = with(
                CallType::Sip,
                CallDirection::Inbound,
                desk,
                target,
                Equipment::Desk(device),
            );
            let mut outer = answered_at_once(dial(outer, &mut dice), &mut dice);
            let inner = through(&mut outer, &mut dice, |at, _| Line {
                call_type: CallType::Carrier,
                direction: CallDirection::OutboundDial,
                from: own,
                to: customer,
                equipment: Equipment::Software,
                at,
            });
            family(outer, inner, &mut dice)
        }
        Scene::DeskRings => {
            let mut outer = dial(
                line(CallType::Carrier, CallDirection::Inbound, customer, own),
                &mut dice,
            );
            let (desk, device) = desk_phone(&mut dice);
            let inner = through(&mut outer, &mut dice, |at, from| Line {
                call_type: CallType::Sip,
                direction: CallDirection::OutboundDial,
                from,
                to: desk,
                equipment: Equipment::Desk(device),
                at,
            });
            family(outer, inner, &mut dice)
        }
        Scene::MessengerIn => {
            let call = line(
                CallType::Whatsapp,
                CallDirection::Inbound,
                messenger(customer),
                messenger(own),
            );
            vec![dial(call, &mut dice)]
        }
        Scene::MessengerOut => {
            let call = line(
                CallType::Whatsapp,
                CallDirection::OutboundApi,
                messenger(own),
                messenger(customer),
            );
            vec![dial(call, &mut dice)]
        }
        Scene::Robocall => {
            let call = line(CallType::Carrier, CallDirection::Inbound, customer, own);
            let mut call = answered_at_once(dial(call, &mut dice), &mut dice);
            let hangs_up_after = ms_us(dice.within(2_000.0, 14_000.0));
            call.end_at(call.ended_at().plus_us(hangs_up_after));
            call.trust.verified_caller = dice.happens(0.8).then_some(false);
            vec![call]
        }
        Scene::Conference => conference(&own, customer, at, &mut dice),
    }
}

/// Three to five people, called one after the other, who leave one after the other.
fn conference(own: &PartyFacts, first: PartyFacts, at: TimeUs, dice: &mut Dice) -> Vec<Plan> {
    let people = dice.between(3, 5);
    let end = at.plus_us(ms_us(dice.within(240_000.0, 900_000.0)));
    let mut calls = Vec::new();
    for n in 0..people {
        let person = if n == 0 {
            first.clone()
        } else {
            any_country(dice).subscriber(dice)
        };
        let line = Line {
            call_type: CallType::Carrier,
            direction: CallDirection::OutboundApi,
            from: own.clone(),
            to: person,
            equipment: Equipment::Software,
            at: at.plus_us(i64::from(n) * 2 * SECOND_US),
        };
        let mut call = dial(line, dice);
        call.conference = true;
        call.end_at(end.plus_us(ms_us(dice.within(0.0, 9_000.0))));
        calls.push(call);
    }
    calls
}

/// Dials the second call of two, once the first is answered and has listened to what it was told
/// to.
fn through(
    outer: &mut Plan,
    dice: &mut Dice,
    line: impl FnOnce(TimeUs, PartyFacts) -> Line,
) -> Option<Plan> {
    let answer = outer.answered_at()?;
    let waited = match outer.direction {
        CallDirection::Inbound if outer.call_type == CallType::Carrier => ms_us(dice.quantile(&[
            (0.0, 1_500.0),
            (0.4, 9_000.0),
            (0.8, 40_000.0),
            (0.95, 120_000.0),
            (1.0, 260_000.0),
        ])),
        _ => ms_us(dice.within(60.0, 400.0)),
    };
    let mut inner = dial(line(answer.plus_us(waited), outer.from.clone()), dice);
    inner.parent = Some(outer.sid);
    Some(inner)
}

/// Fits two calls together: the first outlives the second, and each sends on what the other
/// received.
fn family(mut outer: Plan, inner: Option<Plan>, dice: &mut Dice) -> Vec<Plan> {
    let Some(mut inner) = inner else {
        return vec![outer];
    };
    let after = match inner.outcome {
        // Nobody there: a voice says so.
        Outcome::NoAnswer { .. }
        | Outcome::Busy
        | Outcome::Failed { .. }
        | Outcome::Canceled { .. } => dice.within(1_500.0, 9_000.0),
        Outcome::Completed { .. } | Outcome::Lost { .. } => dice.within(20.0, 900.0),
    };
    outer.end_at(inner.ended_at().plus_us(ms_us(after)));
    if let (Some(near), Some(far)) = (outer.edges.first_mut(), inner.edges.first_mut()) {
        let passed_on = |own: Conditions, received| Conditions {
            latency_ms: own.latency_ms,
            ..received
        };
        near.outbound = passed_on(near.outbound, far.inbound);
        far.outbound = passed_on(far.outbound, near.inbound);
    }
    vec![outer, inner]
}

/// A call that software answers: it is there at once and never fails.
fn answered_at_once(mut call: Plan, dice: &mut Dice) -> Plan {
    call.pdd_us = ms_us(dice.within(90.0, 420.0));
    call.outcome = Outcome::Completed {
        ring_us: ms_us(dice.within(10.0, 120.0)),
        talk_us: SECOND_US,
        by: if dice.happens(0.6) {
            Side::Caller
        } else {
            Side::Callee
        },
    };
    call
}

/// Detection, as often wrong as it is.
fn detect(call: &mut Plan, dice: &mut Dice) {
    if call.answered_at().is_none() || !dice.happens(0.8) {
        return;
    }
    let found = *dice.weighted(&[
        (52, AnsweredBy::Human),
        (14, AnsweredBy::MachineStart),
        (15, AnsweredBy::MachineEndBeep),
        (7, AnsweredBy::MachineEndSilence),
        (3, AnsweredBy::MachineEndOther),
        (2, AnsweredBy::Fax),
        (5, AnsweredBy::Unknown),
    ]);
    let after_ms = match found {
        AnsweredBy::Human => dice.within(1_400.0, 3_600.0),
        AnsweredBy::MachineEndBeep
        | AnsweredBy::MachineEndSilence
        | AnsweredBy::MachineEndOther => dice.within(6_000.0, 19_000.0),
        AnsweredBy::MachineStart | AnsweredBy::Fax | AnsweredBy::Unknown => {
            dice.within(2_600.0, 5_000.0)
        }
    };
    call.detection = Some((found, ms_us(after_ms)));
    if found == AnsweredBy::Human {
        return;
    }
    // A machine is told its message, or nothing.
    if let Outcome::Completed { talk_us, by, .. } = &mut call.outcome {
        *talk_us = ms_us(after_ms + dice.within(900.0, 24_000.0));
        *by = Side::Caller;
    }
}

fn messenger(party: PartyFacts) -> PartyFacts {
    PartyFacts {
        address: party.address.map(|number| format!("whatsapp:{number}")),
        country_code: party.country_code,
        ..PartyFacts::default()
    }
}

/// What a desk phone dials: a number at the SIP interface.
fn sip_target(customer: &PartyFacts) -> PartyFacts {
    let number = customer.address.as_deref().unwrap_or_default();
    PartyFacts {
        address: Some(format!("sip:{number}@desk.example.com")),
        country_code: customer.country_code.clone(),
        connection: Some("sip_interface".to_owned()),
        ..PartyFacts::default()
    }
}
