//! What an SDK tells of a call beside its figures: states, warnings, errors, its user's feedback.

use serde_json::{Value, json};
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_core::vocabulary::{CallDirection, EdgeKind, Level};

use super::agents::Agent;
use super::chance::Dice;
use super::log::Log;
use super::media::sdk_mos;
use super::plan::{Outcome, Plan, Side};
use super::routes::{Access, Conditions};

/// Of the dice.
const MATTER: u64 = 2;

/// A group, a name and a level.
type Name = (&'static str, &'static str, Level);

/// Adds the events of the SDK that takes part, if one does.
pub(super) fn report(plan: &Plan, log: &mut Log) {
    let (Some(agent), Some(edge)) = (
        plan.agent,
        plan.edges.iter().find(|edge| edge.edge == EdgeKind::Sdk),
    ) else {
        return;
    };
    let mut told = Told {
        log,
        metadata: metadata(agent),
        dice: Dice::of_call(plan.sid, MATTER),
    };
    told.setup(plan);
    if let Some(answer) = plan.answered_at() {
        if plan.ice_fails {
            told.ice_failure(answer);
        } else {
            told.connection(plan, answer);
            told.warnings(plan, answer, edge.inbound);
            told.habits(plan, answer, agent);
        }
    }
    told.end(plan);
}

fn metadata(agent: Agent) -> Value {
    let party = agent.party();
    json!({
        "client_name": party.address,
        "location": {"lat": party.latitude, "lon": party.longitude},
        "city": party.city,
        "country_code": agent.country(),
        "country_subdivision": party.country_subdivision,
        "ip_address": party.ip_address,
        "sdk": party.sdk,
    })
}

struct Told<'a> {
    log: &'a mut Log,
    metadata: Value,
    dice: Dice,
}

impl Told<'_> {
    fn tell(&mut self, at: TimeUs, name: Name) {
        let data = json!({"metadata": self.metadata});
        self.log.edge(EdgeKind::Sdk, at, name, Some(data));
    }

    /// Tells with one more member of the event's object.
    fn tell_of(&mut self, at: TimeUs, name: Name, key: &str, value: Value) {
        let mut data = json!({"metadata": self.metadata});
        data[key] = value;
        self.log.edge(EdgeKind::Sdk, at, name, Some(data));
    }

    fn setup(&mut self, plan: &Plan) {
        let at = plan.initiated_at();
        self.tell(at.plus_us(3_000), ("settings", "edge", Level::Info));
        self.tell(
            at.plus_us(21_000),
            ("get-user-media", "succeeded", Level::Info),
        );
        self.tell(
            at.plus_us(48_000),
            ("ice-gathering-state", "gathering", Level::Debug),
        );
        if plan.direction == CallDirection::Inbound {
            self.tell(at.plus_us(9_000), ("connection", "outgoing", Level::Info));
        } else if let Some(at) = plan.ringing_at() {
            self.tell(at.plus_us(5_000), ("connection", "incoming", Level::Info));
        }
    }

    fn connection(&mut self, plan: &Plan, answer: TimeUs) {
        let accepted = if plan.direction == CallDirection::Inbound {
            "accepted-by-remote"
        } else {
            "accepted-by-local"
        };
        self.tell(answer.plus_us(2_000), ("connection", accepted, Level::Info));
        self.tell(
            answer.plus_us(30_000),
            ("ice-connection-state", "checking", Level::Debug),
        );
        self.tell(
            answer.plus_us(110_000),
            ("ice-connection-state", "connected", Level::Debug),
        );
        let (local, remote) = (
            *self.dice.pick(&["srflx", "host", "relay", "srflx"]),
            "host",
        );
        let pair = json!({
            "local": {"type": local, "protocol": "udp"},
            "remote": {"type": remote, "protocol": "udp"},
        });
        let name = ("ice-candidate", "selected-ice-candidate-pair", Level::Debug);
        self.tell_of(answer.plus_us(112_000), name, "ice_candidate_pair", pair);
        self.tell(
            answer.plus_us(190_000),
            ("pc-connection-state", "connected", Level::Debug),
        );
    }

    fn ice_failure(&mut self, answer: TimeUs) {
        self.tell(
            answer.plus_us(30_000),
            ("ice-connection-state", "checking", Level::Debug),
        );
        let failed = answer.plus_us(8 * SECOND_US);
        self.tell(failed, ("ice-connection-state", "failed", Level::Error));
        self.tell(
            failed.plus_us(1_000),
            ("pc-connection-state", "failed", Level::Warning),
        );
        let error = json!({"code": 53405, "message": "Media connection failed"});
        self.tell_of(
            failed.plus_us(4_000),
            ("connection", "error", Level::Error),
            "error",
            error,
        );
    }

    /// Raises what the SDK would raise, and clears it before the end where there is time.
    fn warnings(&mut self, plan: &Plan, answer: TimeUs, conditions: Conditions) {
        let percent = conditions.loss * 100.0;
        let mos = sdk_mos(conditions.rtt_ms, conditions.jitter_ms, percent).unwrap_or(1.0);
        let rules = [
            (
                conditions.rtt_ms > 400.0,
                "high-rtt",
                400.0,
                conditions.rtt_ms,
            ),
            (mos < 3.5, "low-mos", 3.5, mos),
            (
                conditions.spikes > 0.4,
                "high-jitter",
                30.0,
                conditions.jitter_ms * 2.0 + 22.0,
            ),
            (percent > 1.0, "high-packet-loss", 1.0, percent),
            (percent > 3.0, "high-packets-lost-fraction", 3.0, percent),
        ];
        for (raised, name, threshold, value) in rules {
            if raised {
                self.warning(plan, answer, name, threshold, value);
            }
        }
        if conditions.silent {
            let at = answer.plus_us(20 * SECOND_US);
            if at < plan.ended_at() {
                self.tell(
                    at,
                    (
                        "audio-level-warning-raised",
                        "constant-audio-output-level",
                        Level::Info,
                    ),
                );
            }
        }
    }

    fn warning(
        &mut self,
        plan: &Plan,
        answer: TimeUs,
        name: &'static str,
        threshold: f64,
        value: f64,
    ) {
        let at = answer.plus_us(i64::from(self.dice.between(5_000, 16_000)) * 1_000);
        if at >= plan.ended_at() {
            return;
        }
        let values: Vec<f64> = (0..5)
            .map(|_| (self.dice.around(value, value * 0.08) * 100.0).round() / 100.0)
            .collect();
        let metric = json!({"threshold": threshold, "values": values});
        self.tell_of(
            at,
            ("network-quality-warning-raised", name, Level::Warning),
            "metric",
            metric,
        );
        let clear = at.plus_us(i64::from(self.dice.between(6_000, 60_000)) * 1_000);
        if clear < plan.ended_at() {
            self.tell(
                clear,
                ("network-quality-warning-cleared", name, Level::Info),
            );
        }
    }

    /// Muting, holding, walking out of the range of a network.
    fn habits(&mut self, plan: &Plan, answer: TimeUs, agent: Agent) {
        let end = plan.ended_at();
        let pairs: [(f64, Name, Name); 3] = [
            (
                0.22,
                ("connection", "muted", Level::Info),
                ("connection", "unmuted", Level::Info),
            ),
            (
                0.10,
                ("connection", "hold", Level::Info),
                ("connection", "unhold", Level::Info),
            ),
            (
                if agent.access() == Access::Mobile {
                    0.25
                } else {
                    0.01
                },
                ("connection", "reconnecting", Level::Warning),
                ("connection", "reconnected", Level::Info),
            ),
        ];
        for (probability, begin, finish) in pairs {
            if self.dice.happens(probability) {
                let from = answer.plus_us(i64::from(self.dice.between(9_000, 60_000)) * 1_000);
                let to = from.plus_us(i64::from(self.dice.between(1_200, 30_000)) * 1_000);
                if to < end {
                    self.tell(from, begin);
                    self.tell(to, finish);
                }
            }
        }
    }

    fn end(&mut self, plan: &Plan) {
        let at = plan.ended_at();
        let here = if plan.direction == CallDirection::Inbound {
            Side::Caller
        } else {
            Side::Callee
        };
        match plan.outcome {
            Outcome::Completed { by, .. } => {
                let name = if by == here {
                    "disconnected-by-local"
                } else {
                    "disconnected-by-remote"
                };
                self.tell(at.plus_us(-3_000), ("connection", name, Level::Info));
                self.feedback(plan, at);
            }
            Outcome::Canceled { .. } => self.tell(at, ("connection", "cancel", Level::Info)),
            Outcome::NoAnswer { .. } => {
                self.tell(at, ("connection", "ignored-by-local", Level::Info))
            }
            Outcome::Busy => self.tell(at, ("connection", "rejected-by-local", Level::Info)),
            Outcome::Failed { .. } => {
                let error = json!({"code": 31005, "message": "Error sent from gateway in HANGUP"});
                self.tell_of(at, ("connection", "error", Level::Error), "error", error);
            }
            Outcome::Lost { .. } => {}
        }
    }

    /// The widget at the end of a call, which most people close.
    fn feedback(&mut self, plan: &Plan, at: TimeUs) {
        let asked = at.plus_us(i64::from(self.dice.between(1_500, 9_000)) * 1_000);
        if self.dice.happens(0.35) {
            let score = self
                .dice
                .around(plan.pleasure(), 0.8)
                .round()
                .clamp(1.0, 5.0) as u8;
            let reason = if plan.ice_fails {
                "one-way-audio"
            } else if score <= 3 {
                *self
                    .dice
                    .pick(&["choppy-audio", "audio-latency", "noisy-call", "echo"])
            } else {
                ""
            };
            let value = json!({"score": score, "reason": reason});
            self.tell_of(
                asked,
                ("feedback", "received", Level::Info),
                "feedback",
                value,
            );
        } else if self.dice.happens(0.3) {
            self.tell(asked, ("feedback", "received-none", Level::Info));
        }
    }
}
