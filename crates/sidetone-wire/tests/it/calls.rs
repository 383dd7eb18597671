//! Captures of real calls, from the mirrored packets to the summary, and what the endpoints
//! themselves saw.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use sidetone_core::correlate::{Correlator, Fate, Limits, Mirrored, Owned};
use sidetone_core::event::{CallEvent, Observation};
use sidetone_core::facts::CallFacts;
use sidetone_core::fold::fold;
use sidetone_core::id::AccountSid;
use sidetone_core::media::Counters;
use sidetone_core::rules::Rules;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{CallState, EdgeKind};
use sidetone_wire::hep::Packet;
use sidetone_wire::pcap;
use sidetone_wire::translate::mirrored::{self, Skipped};
use sidetone_wire::translate::trusted_headers::TrustedHeaders;

const ACCOUNT: AccountSid = AccountSid::from_bytes([0x11; 16]);

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/hep")
}

pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "pcap"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 10, "{names:?}");
    names
}

/// A mirrored packet as it can be sent again: by another agent, at another time.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) datagram: Vec<u8>,
    pub(crate) agent_plus: u32,
    pub(crate) clock_plus_us: i64,
}

pub(crate) fn capture(name: &str) -> Vec<Sent> {
    let file = std::fs::read(folder().join(format!("{name}.pcap"))).unwrap();
    pcap::datagrams(&file[..])
        .unwrap()
        .map(|datagram| Sent {
            datagram: datagram.unwrap().payload,
            agent_plus: 0,
            clock_plus_us: 0,
        })
        .collect()
}

fn read(sent: &Sent) -> Option<Mirrored> {
    let mut packet = Packet::decode(&sent.datagram).unwrap();
    packet.agent += sent.agent_plus;
    packet.captured_us += sent.clock_plus_us;
    let mut read = Vec::new();
    let headers = TrustedHeaders::default();
    let repairs = mirrored::hep(&packet, ACCOUNT, &headers, |it| read.push(it));
    assert!(repairs.is_empty() && read.len() == 1);
    match read.pop().unwrap() {
        Ok(mirrored) => Some(mirrored),
        Err(Skipped::OtherKind) => None,
        Err(other) => panic!("{other:?}"),
    }
}

/// The events of the only call, in the order in which they are found.
pub(crate) fn events(sent: &[Sent]) -> Vec<CallEvent> {
    let mut correlator = Correlator::new(Limits::default());
    let now = TimeUs::from_micros(1_795_163_000_000_000);
    let mut events = Vec::new();
    for packet in sent.iter().filter_map(read) {
        let owned = Owned {
            account: ACCOUNT,
            came_by: "test",
            packet,
        };
        match correlator.take(owned, now) {
            Fate::Event(event) => events.push(*event),
            Fate::Waits | Fate::NotACall => {}
            fate @ (Fate::Unexplained | Fate::Crowded(_)) => panic!("{fate:?}"),
        }
    }
    let (found, _) = correlator.retry(now);
    events.extend(found.into_iter().map(|(event, _)| event));
    // Registrations and the like are no calls.
    let call = events[0].call;
    assert!(events.iter().all(|event| event.call == call));
    events
}

pub(crate) fn summary(sent: &[Sent]) -> CallSummary {
    let events = events(sent);
    fold(events[0].call, &events, &Rules::built_in())
}

fn truth(name: &str) -> Value {
    let json = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&json).unwrap()
}

#[test]
fn captures_become_summaries() {
    for name in names() {
        insta::assert_json_snapshot!(name.clone(), summary(&capture(&name)));
    }
}

#[test]
fn summaries_are_what_the_endpoints_saw() {
    for name in names() {
        check_signalling(&name, &summary(&capture(&name)), &truth(&name));
    }
}

/// A SIP message that no agent mirrored is missed, and not what it said: the others show it.
#[test]
fn no_message_decides_alone() {
    for name in names() {
        let events = events(&capture(&name));
        let told = |events: &[CallEvent]| fold(events[0].call, events, &Rules::built_in()).facts;
        let whole = told(&events);
        let is_sip = |event: &CallEvent| matches!(event.observation, Observation::Sip { .. });
        for missed in (0..events.len()).filter(|place| is_sip(&events[*place])) {
            let mut rest = events.clone();
            let missed = rest.remove(missed);
            let facts = told(&rest);
            let what = format!("{name} without {missed:?}");
            let end = |facts: &CallFacts| facts.ended_at.unwrap_or_else(|| panic!("{what}"));
            let off_us = end(&facts).since_us(end(&whole)).abs();
            assert!(off_us < 500_000, "{off_us} {what}");
            // What a caller was told who was refused has gone with it.
            if whole.state == Some(CallState::Completed) {
                assert_eq!(facts.state, whole.state, "{what}");
                assert_eq!(facts.disconnected_by, whole.disconnected_by, "{what}");
                let off_s = facts
                    .connect_duration_s
                    .unwrap()
                    .abs_diff(whole.connect_duration_s.unwrap());
                assert!(off_s <= 1, "{what}");
            } else {
                assert_ne!(facts.state, Some(CallState::Completed), "{what}");
                assert_eq!(facts.answered_at, None, "{what}");
            }
        }
    }
}

/// Some agents give one address for both sides, some none.
#[test]
fn messages_tell_themselves_what_happened() {
    for name in names() {
        let events = events(&capture(&name));
        let told = |events: &[CallEvent]| {
            let summary = fold(events[0].call, events, &Rules::built_in());
            let facts = summary.facts;
            (
                (
                    facts.state,
                    facts.started_at,
                    facts.answered_at,
                    facts.ended_at,
                ),
                (facts.pdd_ms, facts.last_sip_response, facts.q850_cause),
                (facts.disconnected_by, facts.from.address, facts.to.address),
                summary.sip,
            )
        };
        for address in ["[::]:0", "192.0.2.10:8088"] {
            let mut blind = events.clone();
            for event in &mut blind {
                if let Observation::Sip { sip } = &mut event.observation {
                    let address = address.parse().unwrap();
                    (sip.capture.source, sip.capture.destination) = (address, address);
                }
            }
            assert_eq!(told(&blind), told(&events), "{name} {address}");
        }
    }
}

fn close(name: &str, what: &str, measured: Option<f64>, truth: &Value, within: f64) {
    let Some(truth) = truth.as_f64() else {
        assert_eq!(measured, None, "{name}: {what}");
        return;
    };
    let measured = measured.unwrap_or_else(|| panic!("{name}: no {what}, but {truth}"));
    let off = (measured - truth).abs();
    assert!(off <= within, "{name}: {what} is {measured}, not {truth}");
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn check_signalling(name: &str, summary: &CallSummary, truth: &Value) {
    let facts = &summary.facts;
    let caller = &truth["caller_leg"];
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let state = facts.state.map(|state| state.as_str().to_owned());
    assert_eq!(state, word(&truth["call_state_expected"]), "{name}");
    assert_eq!(facts.disconnected_by, word(&truth["hangup_by"]), "{name}");
    assert_eq!(facts.from.address, word(&caller["from_user"]), "{name}");
    assert_eq!(facts.to.address, word(&caller["to_user"]), "{name}");
    let response = facts.last_sip_response.map(u64::from);
    assert_eq!(response, caller["final_status"].as_u64(), "{name}");
    let callee = &truth["callee_leg"];
    let callee_response = summary.edges[&EdgeKind::Carrier].facts.sip_response;
    assert_eq!(
        callee_response.map(u64::from),
        callee["final_status"].as_u64(),
        "{name}"
    );
    // The agent is on the proxy, the truth from the caller's own interface.
    close(
        name,
        "post-dial delay",
        facts.pdd_ms.map(|ms| ms as f64),
        &caller["pdd_ms"],
        8.0,
    );
    let seconds = |at: Option<TimeUs>| at.map(|at| at.micros() as f64 / 1e6);
    close(
        name,
        "start",
        seconds(facts.started_at),
        &caller["invite_time"],
        0.05,
    );
    close(
        name,
        "answer",
        seconds(facts.answered_at),
        &caller["answer_time"],
        0.05,
    );
    close(
        name,
        "end",
        seconds(facts.ended_at),
        &caller["end_time"],
        0.05,
    );
    let talk = facts
        .connect_duration_s
        .map_or(0.0, |seconds| seconds as f64);
    close(name, "duration", Some(talk), &caller["duration_s"], 1.0);
    let sip = summary.sip.as_ref().unwrap();
    assert_eq!(
        Some(u64::from(sip.reinvites)),
        caller["reinvites"].as_u64(),
        "{name}"
    );
    let agent = |edge| summary.edges[&edge].facts.user_agent.clone();
    assert_eq!(
        agent(EdgeKind::Sip),
        word(&caller["user_agent_caller"]),
        "{name}"
    );
    if let Some(server) = word(&callee["server_header"]) {
        assert_eq!(agent(EdgeKind::Carrier), Some(server), "{name}");
    }
}

/// The last report on the wire about a stream, at the interface of whoever received it.
fn last_report<'a>(truth: &'a Value, at: &str, receiver: &str) -> Vec<&'a Value> {
    let reports = truth[at].as_array().unwrap().iter();
    reports.filter(|report| report["src"] == receiver).collect()
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn figures_are_what_was_on_the_wire() {
    let mut measured = 0;
    for name in names() {
        let truth = truth(&name);
        let summary = summary(&capture(&name));
        if truth.get("rtcp_on_wire_at_callee").is_none() {
            for edge in summary.edges.values() {
                assert_eq!((&edge.inbound, &edge.outbound), (&None, &None), "{name}");
            }
            continue;
        }
        measured += 1;
        let edge = |kind| &summary.edges[&kind];
        let ways = [
            (
                "caller_to_callee",
                "rtcp_on_wire_at_callee",
                "10.77.2.2",
                EdgeKind::Sip,
                EdgeKind::Carrier,
            ),
            (
                "callee_to_caller",
                "rtcp_on_wire_at_caller",
                "10.77.1.2",
                EdgeKind::Carrier,
                EdgeKind::Sip,
            ),
        ];
        for (way, at, receiver, from, to) in ways {
            let reports = last_report(&truth, at, receiver);
            let clock_khz = truth["end_to_end"][way][0]["codec"]
                .as_str()
                .map_or(8.0, |codec| {
                    if codec.eq_ignore_ascii_case("opus") {
                        48.0
                    } else {
                        8.0
                    }
                });
            let number = |report: &Value, field: &str| {
                report[field].as_str().unwrap().parse::<f64>().unwrap()
            };
            let jitter: Vec<f64> = reports
                .iter()
                .map(|it| number(it, "jitter") / clock_khz)
                .collect();
            let mean = jitter.iter().sum::<f64>() / jitter.len() as f64;
            let end_to_end = &truth["end_to_end"][way][0];
            for counters in [&edge(from).inbound, &edge(to).outbound] {
                let counters: &Counters =
                    counters.as_ref().unwrap_or_else(|| panic!("{name} {way}"));
                let lost = counters.packets_lost.map(|lost| lost as f64);
                let last = number(reports.last().unwrap(), "cum");
                assert_eq!(lost, Some(last), "{name} {way}: lost");
                let jitter_ms = counters.jitter_ms.unwrap();
                assert!(
                    (jitter_ms.avg.unwrap() - mean).abs() < 1e-9,
                    "{name} {way}: jitter"
                );
                assert_eq!(
                    jitter_ms.max,
                    jitter.iter().copied().reduce(f64::max),
                    "{name} {way}"
                );
                // RTCP ends up to an interval (5 s, of 50 packets each) before the call.
                close(&name, "lost", lost, &end_to_end["lost"], 30.0);
                close(
                    &name,
                    "share lost",
                    counters.loss_percent,
                    &end_to_end["lost_pct"],
                    1.0,
                );
                let packets = counters.packets_sent.or(counters.packets_received);
                close(
                    &name,
                    "packets",
                    packets.map(|it| it as f64),
                    &end_to_end["sent"],
                    400.0,
                );
            }
        }
    }
    assert_eq!(measured, 6);
}

#[test]
fn order_and_duplicates_change_nothing() {
    for name in names() {
        let whole = capture(&name);
        let expected = summary(&whole);
        let tenth = whole.iter().step_by(10).cloned();
        let more: Vec<Sent> = whole.iter().cloned().chain(tenth).collect();
        let mut runner = TestRunner::new(Config {
            cases: 16,
            ..Config::default()
        });
        let outcome = runner.run(&Just(more).prop_shuffle(), |shuffled| {
            let shuffled = summary(&shuffled);
            prop_assert_eq!(
                serde_json::to_string(&shuffled).unwrap(),
                serde_json::to_string(&expected).unwrap()
            );
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
