//! Decides how one call goes: whether it is answered, how long it takes, what its streams suffer.

use serde_json::json;
use sidetone_core::facts::{EdgeFacts, PartyFacts};
use sidetone_core::id::CallSid;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{CallDirection, CallType, EdgeKind, StreamDirection};

use super::agents::{Agent, Trunk};
use super::chance::{Dice, Quantiles};
use super::places::{self, Country};
use super::plan::{Codec, EdgePlan, OPUS, Outcome, PCMA, PCMU, Plan, Side};
use super::routes::{self, Conditions};

/// A call to be decided.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) call_type: CallType,
    pub(super) direction: CallDirection,
    pub(super) from: PartyFacts,
    pub(super) to: PartyFacts,
    pub(super) equipment: Equipment,
    pub(super) at: TimeUs,
}

/// What stands at the company's end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Equipment {
    /// Software: nothing of its own.
    Software,
    /// An SDK.
    Sdk(Agent),
    /// A desk phone, by what it calls itself.
    Desk(&'static str),
    /// A PBX.
    Pbx(Trunk),
}

const TALK_MS: &Quantiles = &[
    (0.0, 1_200.0),
    (0.06, 9_000.0),
    (0.25, 34_000.0),
    (0.5, 78_000.0),
    (0.75, 165_000.0),
    (0.9, 320_000.0),
    (0.98, 620_000.0),
    (1.0, 900_000.0),
];
const RING_MS: &Quantiles = &[
    (0.0, 700.0),
    (0.3, 4_000.0),
    (0.7, 11_000.0),
    (0.95, 22_000.0),
    (1.0, 29_000.0),
];

/// Decides a call.
pub(super) fn dial(line: Line, dice: &mut Dice) -> Plan {
    let sid = CallSid::from_bytes(dice.bytes());
    let far = far_side(&line).clone();
    let pdd_us = pdd_us(&line, dice);
    let ice_fails = matches!(line.equipment, Equipment::Sdk(_)) && dice.happens(0.03);
    let outcome = if ice_fails {
        given_up(dice)
    } else {
        outcome(&line, dice)
    };
    Plan {
        sid,
        parent: None,
        call_type: line.call_type,
        direction: line.direction,
        created_at: line.at,
        queue_us: 0,
        pdd_us,
        outcome,
        detection: None,
        conference: false,
        trust: Default::default(),
        edges: edges(&line, &far, dice),
        agent: match line.equipment {
            Equipment::Sdk(agent) => Some(agent),
            Equipment::Software | Equipment::Desk(_) | Equipment::Pbx(_) => None,
        },
        ice_fails,
        from: line.from,
        to: line.to,
    }
}

/// Milliseconds as whole microseconds.
pub(super) fn ms_us(ms: f64) -> i64 {
    (ms * 1_000.0) as i64
}

/// Whether the company's side is the calling one.
const fn goes_out(direction: CallDirection) -> bool {
    match direction {
        CallDirection::OutboundApi
        | CallDirection::OutboundDial
        | CallDirection::TrunkingOriginating => true,
        CallDirection::Inbound | CallDirection::TrunkingTerminating => false,
    }
}

/// The side that is not the company's.
fn far_side(line: &Line) -> &PartyFacts {
    if goes_out(line.direction) {
        &line.to
    } else {
        &line.from
    }
}

fn pdd_us(line: &Line, dice: &mut Dice) -> i64 {
    let country = line.to.country_code.as_deref().map(places::country);
    match (line.call_type, country) {
        (CallType::Carrier | CallType::Trunking, Some(country)) if goes_out(line.direction) => {
            let carrier = line.to.carrier.as_deref().unwrap_or_default();
            let usual = dice.quantile(country.pdd_ms);
            ms_us(usual * routes::pdd_factor(carrier, line.at, dice))
        }
        (CallType::Carrier | CallType::Trunking, _) => {
            ms_us(dice.quantile(&[(0.0, 110.0), (0.5, 380.0), (0.95, 1_400.0), (1.0, 3_200.0)]))
        }
        (CallType::Whatsapp, _) => ms_us(dice.within(600.0, 2_400.0)),
        (CallType::Sip | CallType::Client, _) => {
            ms_us(dice.quantile(&[(0.0, 60.0), (0.5, 210.0), (0.95, 900.0), (1.0, 2_600.0)]))
        }
    }
}

fn outcome(line: &Line, dice: &mut Dice) -> Outcome {
    #[derive(Clone, Copy)]
    enum End {
        Talked,
        RangOut,
        Busy,
        GivenUp,
        Refused,
    }
    use End::{Busy, GivenUp, RangOut, Refused, Talked};
    let ends: &[(u32, End)] = match (line.call_type, goes_out(line.direction)) {
        (CallType::Carrier | CallType::Trunking, true) => &[
            (62, Talked),
            (17, RangOut),
            (8, Busy),
            (5, GivenUp),
            (8, Refused),
        ],
        (CallType::Carrier, false) => &[(93, Talked), (3, GivenUp), (2, Busy), (2, Refused)],
        _ => &[
            (80, Talked),
            (10, RangOut),
            (3, Busy),
            (4, GivenUp),
            (3, Refused),
        ],
    };
    let ring_us = ms_us(match (line.call_type, goes_out(line.direction)) {
        // A machine answers the hotline.
        (CallType::Carrier, false) => dice.within(300.0, 2_500.0),
        _ => dice.quantile(RING_MS),
    });
    match dice.weighted(ends) {
        Talked => {
            let talk_us = ms_us(dice.quantile(TALK_MS));
            if dice.happens(0.004) {
                return Outcome::Lost { ring_us, talk_us };
            }
            let by = if dice.happens(0.55) {
                Side::Caller
            } else {
                Side::Callee
            };
            Outcome::Completed {
                ring_us,
                talk_us,
                by,
            }
        }
        RangOut => Outcome::NoAnswer {
            ring_us: ms_us(dice.within(24_000.0, 45_000.0)),
        },
        Busy => Outcome::Busy,
        GivenUp => Outcome::Canceled {
            ring_us: ms_us(dice.within(1_500.0, 21_000.0)),
        },
        Refused => {
            let (sip, q850) = *dice.weighted(&[
                (34, (404, 1)),
                (22, (480, 18)),
                (16, (503, 34)),
                (10, (603, 21)),
                (8, (484, 28)),
                (6, (500, 41)),
                (4, (408, 102)),
            ]);
            Outcome::Failed { sip, q850 }
        }
    }
}

/// Nothing is heard, so it is soon over.
fn given_up(dice: &mut Dice) -> Outcome {
    Outcome::Completed {
        ring_us: ms_us(dice.quantile(RING_MS)),
        talk_us: ms_us(dice.within(9_000.0, 24_000.0)),
        by: Side::Caller,
    }
}

fn edges(line: &Line, far: &PartyFacts, dice: &mut Dice) -> Vec<EdgePlan> {
    let country = places::country(far.country_code.as_deref().unwrap_or("US"));
    let carrier = far.carrier.as_deref().unwrap_or_default();
    let law = if country.region == "us1" { PCMU } else { PCMA };
    let kinds: &[EdgeKind] = match line.call_type {
        CallType::Carrier => &[EdgeKind::Carrier],
        CallType::Sip => &[EdgeKind::Sip],
        CallType::Trunking => &[EdgeKind::Sip, EdgeKind::Carrier],
        CallType::Client => &[EdgeKind::Client, EdgeKind::Sdk],
        // Its media comes as WebRTC, as an SDK's does, but tells nothing of the telephone.
        CallType::Whatsapp => &[EdgeKind::Client],
    };
    let codec = |edge| -> Codec {
        match edge {
            EdgeKind::Client | EdgeKind::Sdk => OPUS,
            EdgeKind::Carrier | EdgeKind::Sip | EdgeKind::Unknown => law,
        }
    };
    let mut plans: Vec<EdgePlan> = Vec::with_capacity(kinds.len());
    for edge in kinds {
        let inbound = match (edge, line.equipment) {
            (EdgeKind::Client | EdgeKind::Sdk, Equipment::Sdk(agent)) => {
                routes::internet(agent.access(), dice)
            }
            (EdgeKind::Carrier, _) => routes::towards(carrier, line.at, dice),
            _ => Conditions::good(dice),
        };
        let latency_ms = inbound.latency_ms;
        plans.push(EdgePlan {
            edge: *edge,
            facts: edge_facts(*edge, line, far, country, dice),
            codec: codec(*edge),
            inbound,
            outbound: Conditions {
                latency_ms,
                ..Conditions::own(dice)
            },
        });
    }
    // What one edge of a trunk receives the other sends.
    if let [sip, carrier] = plans.as_mut_slice()
        && line.call_type == CallType::Trunking
    {
        let latency_ms = carrier.outbound.latency_ms;
        sip.outbound = Conditions {
            latency_ms,
            ..carrier.inbound
        };
        carrier.outbound = Conditions {
            latency_ms,
            ..sip.inbound
        };
    }
    // What the gateway sends the SDK hears, and the other way round.
    if let [client, sdk] = plans.as_mut_slice()
        && line.call_type == CallType::Client
    {
        sdk.inbound.silent = client.outbound.silent;
        client.inbound.silent = sdk.outbound.silent;
    }
    plans
}

fn edge_facts(
    edge: EdgeKind,
    line: &Line,
    far: &PartyFacts,
    country: &Country,
    dice: &mut Dice,
) -> EdgeFacts {
    let seen = match edge {
        EdgeKind::Sdk => !goes_out(line.direction),
        _ => goes_out(line.direction),
    };
    let (region, place) = match line.equipment {
        Equipment::Sdk(agent) => (agent.region(), agent.edge_location()),
        Equipment::Software | Equipment::Desk(_) | Equipment::Pbx(_) => {
            (country.region, country.edge_location)
        }
    };
    let common = EdgeFacts {
        direction: Some(if seen {
            StreamDirection::Outbound
        } else {
            StreamDirection::Inbound
        }),
        ..EdgeFacts::default()
    };
    let sited = EdgeFacts {
        media_region: Some(region.to_owned()),
        signaling_region: Some(region.to_owned()),
        edge_location: Some(place.to_owned()),
        ..common.clone()
    };
    let ours = format!("203.0.113.{}", dice.between(8, 31));
    match edge {
        EdgeKind::Carrier | EdgeKind::Unknown => sited,
        EdgeKind::Sip => {
            let (user_agent, external, trunk) = match line.equipment {
                Equipment::Pbx(trunk) => (
                    trunk.user_agent,
                    trunk.ip_address.to_owned(),
                    Some(trunk.sid),
                ),
                Equipment::Desk(user_agent) => (user_agent, "198.51.100.24".to_owned(), None),
                Equipment::Software | Equipment::Sdk(_) => (
                    "",
                    far.ip_address
                        .clone()
                        .unwrap_or_else(|| "192.0.2.44".to_owned()),
                    None,
                ),
            };
            EdgeFacts {
                media_ip: Some(ours.clone()),
                signaling_ip: Some(ours),
                external_media_ip: Some(external.clone()),
                external_signaling_ip: Some(external),
                sip_call_id: Some(
                    dice.text("~~~~~~~~-~~~~-4~~~-a~~~-~~~~~~~~~~~~@sbc.example.net"),
                ),
                user_agent: Some(user_agent.to_owned()).filter(|name| !name.is_empty()),
                trunk_sid: trunk.map(str::to_owned),
                ..sited
            }
        }
        EdgeKind::Client => EdgeFacts {
            media_ip: Some(ours.clone()),
            signaling_ip: Some(ours),
            external_media_ip: line.agent().map(Agent::ip_address),
            selected_region: Some(region.to_owned()),
            region: Some(region.to_owned()),
            ..sited
        },
        EdgeKind::Sdk => EdgeFacts {
            settings: Some(json!({
                "dscp": true,
                "ice_restart_enabled": true,
                "edge": place,
                "selected_edges": [place],
            })),
            ..common
        },
    }
}

impl Line {
    fn agent(&self) -> Option<Agent> {
        match self.equipment {
            Equipment::Sdk(agent) => Some(agent),
            Equipment::Software | Equipment::Desk(_) | Equipment::Pbx(_) => None,
        }
    }
}
