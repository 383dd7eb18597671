//! Recordings of all that the stock SDK sent of real WebRTC calls, from its requests to the summary,
//! and what the page's own statistics said.

use serde_json::Value;
use sidetone_core::event::CallEvent;
use sidetone_core::fold::{FoldState, fold};
use sidetone_core::id::AccountSid;
use sidetone_core::rules::Rules;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{CallState, EdgeKind, MosMethod};
use sidetone_wire::identity::CallName;
use sidetone_wire::translate::voice_sdk::{Told, decode_event, decode_metrics};

use crate::doors::{ALICE, root};

const RECORDINGS: [&str; 4] = ["clean", "lossy", "nomedia", "pinned"];
const ACCOUNT: AccountSid = AccountSid::from_bytes([0x11; 16]);
const CALL: &str = "CA0123456789abcdef0123456789abcdef";

fn recording(name: &str) -> Value {
    let path = root().join(format!("fixtures/voice-sdk/{name}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// What its requests tell, in the order in which they came.
fn told(recording: &Value) -> Vec<Told> {
    let requests = recording["requests"].as_array().unwrap().iter();
    let posts = requests.filter(|request| request["method"] == "POST");
    posts
        .map(|request| {
            let body = serde_json::to_vec(&request["body"]).unwrap();
            let arrived_at = request["t"].as_i64().unwrap() * 1_000;
            let arrived_at = TimeUs::from_micros(arrived_at);
            match request["path"].as_str().unwrap() {
                "/v4/EndpointEvents" => decode_event(&body, ALICE, arrived_at),
                "/v4/EndpointMetrics" => decode_metrics(&body, arrived_at),
                other => panic!("{other}"),
            }
            .unwrap()
        })
        .collect()
}

/// The events, those of before the call had a `CallSid` too.
fn events(recording: &Value) -> Vec<CallEvent> {
    let mut temporary = None;
    let mut events = Vec::new();
    for told in told(recording) {
        assert_eq!(told.refused.count, 0);
        let call = told.call.unwrap();
        temporary = temporary.or(call.temporary);
        let name = temporary.as_ref().unwrap().call();
        for mut observed in told.observed {
            assert!(observed.call == name || observed.call.to_string() == CALL);
            observed.call = CallName::parse(CALL).unwrap();
            events.push(observed.place(ACCOUNT));
        }
    }
    events
}

fn summary(recording: &Value) -> CallSummary {
    let events = events(recording);
    fold(events[0].call, &events, &Rules::built_in())
}

/// All samples, as the SDK took them of the browser's statistics.
fn samples(recording: &Value) -> Vec<Value> {
    let requests = recording["requests"].as_array().unwrap().iter();
    let batches = requests.filter(|it| it["path"] == "/v4/EndpointMetrics");
    batches
        .filter_map(|request| request["body"]["payload"].as_array())
        .flatten()
        .cloned()
        .collect()
}

fn number(sample: &Value, key: &str) -> f64 {
    sample[key].as_f64().unwrap()
}

#[test]
fn recordings_become_summaries() {
    for name in RECORDINGS {
        insta::assert_json_snapshot!(name, summary(&recording(name)));
    }
}

#[test]
fn any_order_and_any_repetition_is_the_same_call() {
    for name in RECORDINGS {
        let events = events(&recording(name));
        let expected = fold(events[0].call, &events, &Rules::built_in());
        let mut state = FoldState::default();
        for event in events.iter().rev().chain(&events) {
            state.add(event);
        }
        let again = FoldState::from_bytes(&state.to_bytes()).unwrap();
        assert_eq!(again.summary(events[0].call, &Rules::built_in()), expected);
    }
}

#[test]
fn figures_are_what_the_browser_counted() {
    for name in RECORDINGS {
        let recording = recording(name);
        let samples = samples(&recording);
        let last = samples.last().unwrap();
        let summary = summary(&recording);
        let edge = &summary.edges[&EdgeKind::Sdk];
        let (inbound, outbound) = (
            edge.inbound.as_ref().unwrap(),
            edge.outbound.as_ref().unwrap(),
        );
        let total = |key: &str| last[key].as_u64();
        assert_eq!(
            inbound.packets_received,
            total("total_packets_received"),
            "{name}"
        );
        assert_eq!(
            inbound.bytes_received,
            total("total_bytes_received"),
            "{name}"
        );
        assert_eq!(
            inbound.packets_lost,
            last["total_packets_lost"].as_i64(),
            "{name}"
        );
        assert_eq!(outbound.packets_sent, total("total_packets_sent"), "{name}");
        assert_eq!(outbound.bytes_sent, total("total_bytes_sent"), "{name}");

        let received = number(last, "total_packets_received");
        let lost = number(last, "total_packets_lost");
        let percent = (received > 0.0).then(|| 100.0 * lost / (received + lost));
        let close = |found: Option<f64>, expected: Option<f64>| match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
            (found, expected) => found == expected,
        };
        let found = inbound.loss_percent;
        assert!(close(found, percent), "{name}: {found:?} {percent:?}");
        if let Some(truth) = recording["about"]["true_inbound_loss_pct"].as_f64() {
            assert!((percent.unwrap() - truth).abs() < 0.05, "{name}");
        }

        // Each second weighs as much as came in it; where nothing came there is none.
        let came = || {
            samples
                .iter()
                .filter(|it| number(it, "packets_received") > 0.0)
        };
        let weighed = came().map(|it| number(it, "packets_received") * number(it, "jitter"));
        let mean = (received > 0.0).then(|| weighed.sum::<f64>() / received);
        let jitter = inbound.jitter_ms.unwrap_or_default();
        assert!(close(jitter.avg, mean), "{name}: {jitter:?} {mean:?}");
        let most = came().map(|it| number(it, "jitter")).reduce(f64::max);
        assert_eq!(jitter.max, most, "{name}");
    }
}

/// The SDK's own formula (twilio-voice.js, `lib/twilio/rtc/mos.ts`). Loss is in percent.
fn formula(rtt_ms: f64, jitter_ms: f64, loss: f64) -> f64 {
    let latency = rtt_ms + 2.0 * jitter_ms + 10.0;
    let rating = match latency {
        latency if latency < 160.0 => 94.768 - latency / 40.0,
        latency if latency < 1_000.0 => 94.768 - (latency - 120.0) / 10.0,
        _ => 0.0,
    };
    let rating = if loss <= rating / 2.5 {
        (rating - 2.5 * loss).max(6.52)
    } else {
        0.0
    };
    1.0 + 0.035 * rating + 0.000_007 * rating * (rating - 60.0) * (100.0 - rating)
}

#[test]
fn scores_are_those_of_the_formula() {
    for name in RECORDINGS {
        let recording = recording(name);
        let samples = samples(&recording);
        // The first second has no score, nor has one without a round-trip time.
        let scored: Vec<&Value> = samples.iter().filter(|it| !it["mos"].is_null()).collect();
        let expected = samples.iter().skip(1).filter(|it| it["rtt"].is_number());
        assert_eq!(scored.len(), expected.count(), "{name}");
        let mut sum = 0.0;
        for sample in &scored {
            let [rtt, jitter, loss] =
                ["rtt", "jitter", "packets_lost_fraction"].map(|key| number(sample, key));
            let score = number(sample, "mos");
            assert!(
                (formula(rtt, jitter, loss) - score).abs() <= 0.005_001,
                "{name}: {sample}"
            );
            sum += score;
        }
        let summary = summary(&recording);
        let inbound = summary.edges[&EdgeKind::Sdk].inbound.as_ref().unwrap();
        if scored.is_empty() {
            assert_ne!(inbound.mos_method, Some(MosMethod::Sdk), "{name}");
            continue;
        }
        let mean = sum / scored.len() as f64;
        assert_eq!(inbound.mos_method, Some(MosMethod::Sdk), "{name}");
        assert!(
            (inbound.mos.unwrap().avg.unwrap() - mean).abs() < 1e-9,
            "{name}"
        );
    }
}

#[test]
fn a_call_that_only_its_sdk_tells_of_has_a_beginning_and_an_end() {
    for name in RECORDINGS {
        let facts = summary(&recording(name)).facts;
        assert_eq!(facts.state, Some(CallState::Completed), "{name}");
        assert!(facts.started_at < facts.answered_at && facts.answered_at < facts.ended_at);
        assert_eq!(facts.disconnected_by.as_deref(), Some("caller"), "{name}");
        assert_eq!(
            facts.from.address.as_deref(),
            Some("client:alice"),
            "{name}"
        );
    }
}
