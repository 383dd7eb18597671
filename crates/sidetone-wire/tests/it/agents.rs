//! Captures of real calls, shared out among agents whose clocks differ.

use std::net::SocketAddr;

use serde_json::Value;
use sidetone_core::summary::CallSummary;
use sidetone_wire::hep::{self, Packet};

use crate::calls::{Sent, capture, names, summary};

/// What must not depend on who saw what when.
fn essence(summary: &CallSummary) -> Value {
    let mut summary = serde_json::to_value(summary).unwrap();
    let edges = summary["edges"].as_object_mut().unwrap();
    for edge in edges.values_mut() {
        // A round trip on one leg is told by one agent's clock only.
        edge.as_object_mut().unwrap().remove("leg_rtt_ms");
        for way in ["inbound", "outbound"] {
            round(&mut edge[way]["rtt_ms"]);
            round(&mut edge[way]["mos"]);
        }
    }
    summary["last_event_at"] = Value::Null;
    summary
}

/// To thousandths: sums of differences of times come out the same but for the last digits. Of
/// extremes of both legs added up, which are not known on two clocks, nothing.
fn round(stat: &mut Value) {
    let mean = stat["avg"].as_f64().map(|avg| (avg * 1e3).round() / 1e3);
    *stat = serde_json::json!(mean);
}

pub(crate) fn to_callee(sent: &Sent) -> bool {
    let callee: std::net::IpAddr = "10.77.2.2".parse().unwrap();
    let packet = Packet::decode(&sent.datagram).unwrap();
    [packet.src, packet.dst]
        .iter()
        .any(|it: &SocketAddr| it.ip() == callee)
}

#[test]
fn legs_seen_by_two_agents_whose_clocks_differ_are_the_same_call() {
    for name in names() {
        let whole = capture(&name);
        let split: Vec<Sent> = whole
            .iter()
            .map(|sent| {
                let far = to_callee(sent);
                Sent {
                    agent_plus: u32::from(far),
                    clock_plus_us: if far { 3_000_000 } else { 0 },
                    ..sent.clone()
                }
            })
            .collect();
        let (expected, split) = (essence(&summary(&whole)), essence(&summary(&split)));
        pretty_assertions(&name, &expected, &split);
    }
}

#[test]
fn what_two_agents_saw_counts_once() {
    for name in names() {
        let whole = capture(&name);
        let again = whole.iter().map(|sent| Sent {
            agent_plus: 1,
            clock_plus_us: 3_000_000,
            ..sent.clone()
        });
        let both: Vec<Sent> = whole.iter().cloned().chain(again).collect();
        let (expected, both) = (essence(&summary(&whole)), essence(&summary(&both)));
        pretty_assertions(&name, &expected, &both);
    }
}

#[test]
fn what_one_agent_missed_another_tells() {
    for name in names() {
        let whole = capture(&name);
        let another = |sent: &Sent| Sent {
            agent_plus: 1,
            clock_plus_us: 3_000_000,
            ..sent.clone()
        };
        let is_sip = |sent: &Sent| Packet::decode(&sent.datagram).unwrap().payload_type == hep::SIP;
        // Both saw the INVITEs, but for the one that one of them missed.
        let begins = |sent: &Sent| {
            let payload = Packet::decode(&sent.datagram).unwrap().payload;
            matches!(payload, hep::Payload::Plain(bytes) if bytes.starts_with(b"INVITE"))
        };
        for missed in 0..7 {
            let mut patchy = Vec::new();
            for (number, sent) in whole.iter().enumerate() {
                if number % 7 == missed && is_sip(sent) {
                    patchy.push(another(sent));
                    continue;
                }
                patchy.push(sent.clone());
                if begins(sent) {
                    patchy.push(another(sent));
                }
            }
            let (expected, patchy) = (essence(&summary(&whole)), essence(&summary(&patchy)));
            pretty_assertions(&name, &expected, &patchy);
        }
    }
}

#[track_caller]
fn pretty_assertions(name: &str, expected: &Value, actual: &Value) {
    let text = |value| serde_json::to_string_pretty(value).unwrap();
    assert!(
        expected == actual,
        "{name}: {} became {}",
        text(expected),
        text(actual)
    );
}
