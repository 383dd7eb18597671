//! Media reports, one each ten seconds and stream.

use sidetone_core::event::Observation;
use sidetone_core::media::{Counters, MediaSample, Stat};
use sidetone_core::time::SECOND_US;
use sidetone_core::vocabulary::{EdgeKind, MosMethod, StreamDirection};

use super::chance::Dice;
use super::log::Log;
use super::plan::{Codec, EdgePlan, Plan};
use super::routes::Conditions;

/// A report is made so often.
const INTERVAL_US: i64 = 10 * SECOND_US;
/// Of the dice.
const MATTER: u64 = 1;
/// One packet each 20 ms.
const PACKET_US: i64 = 20_000;

/// Adds the reports of every edge, from the answer to the end.
pub(super) fn report(plan: &Plan, log: &mut Log) {
    if plan.ice_fails {
        return mute(plan, log);
    }
    let mut dice = Dice::of_call(plan.sid, MATTER);
    for edge in &plan.edges {
        match edge.edge {
            EdgeKind::Sdk => {
                sdk_stream(plan, edge, &mut dice, log);
            }
            EdgeKind::Carrier | EdgeKind::Sip | EdgeKind::Client | EdgeKind::Unknown => {
                stream(
                    plan,
                    edge,
                    StreamDirection::Inbound,
                    edge.inbound,
                    &mut dice,
                    log,
                );
                stream(
                    plan,
                    edge,
                    StreamDirection::Outbound,
                    edge.outbound,
                    &mut dice,
                    log,
                );
            }
        }
    }
}

/// Ends of the intervals: µs after the answer, and the length of each.
fn intervals(plan: &Plan) -> impl Iterator<Item = (i64, i64)> {
    let talk_us = plan.talk_us();
    (0..)
        .map(move |n| (n * INTERVAL_US, ((n + 1) * INTERVAL_US).min(talk_us)))
        .take_while(move |(from, _)| *from < talk_us)
        .map(|(from, to)| (to, to - from))
        .filter(|(_, length)| *length >= PACKET_US)
}

/// What an edge received, or what it sent on.
fn stream(
    plan: &Plan,
    edge: &EdgePlan,
    direction: StreamDirection,
    conditions: Conditions,
    dice: &mut Dice,
    log: &mut Log,
) {
    let ssrc = dice.below(u32::MAX);
    let mut so_far = SoFar::default();
    for (end_us, length_us) in intervals(plan) {
        let heard = Heard::during(length_us, conditions, dice);
        so_far.add(&heard);
        let counters = |packets: u64, lost: u64| {
            let received = direction == StreamDirection::Inbound;
            Counters {
                packets_received: received.then_some(packets),
                packets_sent: (!received).then_some(packets),
                bytes_received: received.then_some(packets * edge.codec.packet_bytes),
                bytes_sent: (!received).then_some(packets * edge.codec.packet_bytes),
                packets_lost: i64::try_from(lost).ok(),
                ..named(edge.codec)
            }
        };
        let interval = Counters {
            jitter_ms: heard.stat(heard.jitter_ms, heard.jitter_max_ms),
            latency_ms: heard.stat(heard.latency_ms, heard.latency_ms * 1.2),
            delayed_packets: [(50, 7), (70, 4), (90, 2), (200, 1)]
                .into_iter()
                .map(|(later_than_ms, share)| (later_than_ms, heard.late * share / 7))
                .filter(|(_, packets)| *packets > 0)
                .collect(),
            ..counters(heard.packets, heard.lost)
        };
        let cumulative = Counters {
            jitter_ms: so_far.jitter(),
            ..counters(so_far.packets, so_far.lost)
        };
        add(
            plan,
            log,
            MediaSample {
                edge: edge.edge,
                direction,
                ssrc: Some(ssrc),
                interval,
                cumulative,
                metadata: None,
            },
            end_us,
        );
    }
}

/// What an SDK measured: one report about both directions.
fn sdk_stream(plan: &Plan, edge: &EdgePlan, dice: &mut Dice, log: &mut Log) {
    let mut so_far = SoFar::default();
    let mut sent = 0;
    for (end_us, length_us) in intervals(plan) {
        let heard = Heard::during(length_us, edge.inbound, dice);
        so_far.add(&heard);
        let sending = packets_in(length_us);
        sent += sending;
        let rtt_ms = dice
            .around(edge.inbound.rtt_ms, edge.inbound.rtt_ms * 0.12)
            .max(4.0);
        let talking = dice.within(1_800.0, 9_500.0);
        let level = |mean: f64| {
            Some(Stat {
                avg: Some(tenth(mean)),
                max: Some(tenth(mean * 2.4)),
                ..Stat::default()
            })
        };
        let interval = Counters {
            packets_received: Some(heard.packets),
            packets_sent: Some(sending),
            packets_lost: i64::try_from(heard.lost).ok(),
            bytes_received: Some(heard.packets * edge.codec.packet_bytes),
            bytes_sent: Some(sending * edge.codec.packet_bytes),
            jitter_ms: heard.stat(heard.jitter_ms, heard.jitter_max_ms),
            rtt_ms: Some(Stat {
                value: Some(tenth(rtt_ms)),
                ..Stat::default()
            }),
            mos: sdk_mos(rtt_ms, heard.jitter_ms, heard.lost_percent()).map(|mos| Stat {
                value: Some(mos),
                ..Stat::default()
            }),
            mos_method: Some(MosMethod::Sdk),
            audio_in: level(talking),
            audio_out: level(if edge.inbound.silent {
                0.0
            } else {
                dice.within(1_500.0, 8_000.0)
            }),
            ..named(edge.codec)
        };
        let cumulative = Counters {
            packets_received: Some(so_far.packets),
            packets_sent: Some(sent),
            packets_lost: i64::try_from(so_far.lost).ok(),
            bytes_received: Some(so_far.packets * edge.codec.packet_bytes),
            bytes_sent: Some(sent * edge.codec.packet_bytes),
            jitter_ms: so_far.jitter(),
            ..Counters::default()
        };
        let direction = StreamDirection::Both;
        add(
            plan,
            log,
            MediaSample {
                edge: edge.edge,
                direction,
                ssrc: None,
                interval,
                cumulative,
                metadata: None,
            },
            end_us,
        );
    }
}

/// Without a path for media, gateways count nothing, and the SDK has nothing to report.
fn mute(plan: &Plan, log: &mut Log) {
    for edge in plan.edges.iter().filter(|edge| edge.edge != EdgeKind::Sdk) {
        for (end_us, _) in intervals(plan) {
            let none = Counters {
                packets_received: Some(0),
                packets_lost: Some(0),
                ..named(edge.codec)
            };
            let sample = MediaSample {
                edge: edge.edge,
                direction: StreamDirection::Inbound,
                ssrc: None,
                interval: none.clone(),
                cumulative: none,
                metadata: None,
            };
            add(plan, log, sample, end_us);
        }
    }
}

fn add(plan: &Plan, log: &mut Log, sample: MediaSample, end_us: i64) {
    let Some(answer) = plan.answered_at() else {
        return;
    };
    let id = format!("media:{}:{}:{end_us}", sample.edge, sample.direction);
    log.gateway(
        id,
        answer.plus_us(end_us),
        Observation::Media(Box::new(sample)),
    );
}

fn named(codec: Codec) -> Counters {
    Counters {
        codec: Some(codec.payload_type),
        codec_name: Some(codec.name.to_owned()),
        ..Counters::default()
    }
}

/// What came in one interval.
struct Heard {
    packets: u64,
    lost: u64,
    /// Later than 50 ms.
    late: u64,
    jitter_ms: f64,
    jitter_max_ms: f64,
    latency_ms: f64,
}

impl Heard {
    fn during(length_us: i64, conditions: Conditions, dice: &mut Dice) -> Self {
        let due = packets_in(length_us);
        if conditions.silent {
            return Self {
                packets: 0,
                lost: 0,
                late: 0,
                jitter_ms: 0.0,
                jitter_max_ms: 0.0,
                latency_ms: 0.0,
            };
        }
        // Losses come in bursts: some intervals have twice the mean, some none.
        let share = (conditions.loss * dice.within(0.0, 2.0)).min(0.9);
        let lost = (due as f64 * share + dice.unit()) as u64;
        let spike = if dice.happens(conditions.spikes) {
            dice.within(18.0, 75.0)
        } else {
            0.0
        };
        let jitter_ms = dice
            .around(conditions.jitter_ms, conditions.jitter_ms * 0.35)
            .max(0.05);
        let jitter_max_ms = jitter_ms * dice.within(1.3, 2.2) + spike;
        let late = if jitter_max_ms > 30.0 {
            (due as f64 * jitter_max_ms / 2_400.0) as u64
        } else {
            0
        };
        Self {
            packets: due - lost.min(due),
            lost: lost.min(due),
            late,
            jitter_ms,
            jitter_max_ms,
            latency_ms: dice
                .around(conditions.latency_ms, conditions.latency_ms * 0.1)
                .max(1.0),
        }
    }

    /// A measured quantity; `None` when no packet came to measure it by.
    fn stat(&self, avg: f64, max: f64) -> Option<Stat> {
        (self.packets > 0).then(|| Stat {
            avg: Some(tenth(avg)),
            max: Some(tenth(max)),
            ..Stat::default()
        })
    }

    fn lost_percent(&self) -> f64 {
        let all = self.packets + self.lost;
        if all == 0 {
            0.0
        } else {
            self.lost as f64 * 100.0 / all as f64
        }
    }
}

/// What came since the answer.
#[derive(Default)]
struct SoFar {
    packets: u64,
    lost: u64,
    jitter_sum: f64,
    jitter_max: f64,
    reports: u32,
}

impl SoFar {
    fn add(&mut self, heard: &Heard) {
        self.packets += heard.packets;
        self.lost += heard.lost;
        if heard.packets > 0 {
            self.jitter_sum += heard.jitter_ms;
            self.jitter_max = self.jitter_max.max(heard.jitter_max_ms);
            self.reports += 1;
        }
    }

    fn jitter(&self) -> Option<Stat> {
        (self.reports > 0).then(|| Stat {
            avg: Some(tenth(self.jitter_sum / f64::from(self.reports))),
            max: Some(tenth(self.jitter_max)),
            ..Stat::default()
        })
    }
}

fn packets_in(length_us: i64) -> u64 {
    u64::try_from(length_us / PACKET_US).unwrap_or(0)
}

/// Gateways report tenths.
fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// The SDK's own formula for a score (an E-model with constants of its own). Hundredths.
pub(super) fn sdk_mos(rtt_ms: f64, jitter_ms: f64, lost_percent: f64) -> Option<f64> {
    let latency = rtt_ms + 2.0 * jitter_ms + 10.0;
    let r = if latency < 160.0 {
        94.768 - latency / 40.0
    } else if latency < 1_000.0 {
        94.768 - (latency - 120.0) / 10.0
    } else {
        0.0
    };
    let r = if lost_percent <= r / 2.5 {
        (r - 2.5 * lost_percent).max(6.52)
    } else {
        0.0
    };
    let mos = 1.0 + 0.035 * r + 0.000_007 * r * (r - 60.0) * (100.0 - r);
    mos.is_finite().then(|| (mos * 100.0).round() / 100.0)
}
