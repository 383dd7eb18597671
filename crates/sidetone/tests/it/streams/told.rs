//! What sinks are told of calls: by the program as it runs, to a server of somebody else's.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use sidetone_wire::signature::verify_body;

use super::receiver::{Receiver, has, told};
use super::running::{CALL, FORM, post, program, step, subscribe};
use super::{KINDS, PREFIX, form};
use crate::harness::TOKEN;
use crate::process::Server;

#[test]
fn a_sink_is_told_of_a_call_from_its_begin_to_what_people_said() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(dir.path()));
    let receiver = Receiver::start();
    let destination =
        json!({"destination": format!("{}/in?a=1", receiver.origin), "method": "POST"});
    subscribe(&server, "webhook", &destination, &[]);
    step(&server, CALL, "initiated");
    receiver.until("begun", |it| has("call-summary.partial", it));
    step(&server, CALL, "completed");
    let metric = json!({"id": "m", "call_sid": CALL, "at": "2026-01-01T00:00:10Z", "kind": "media",
        "edge": "sdk_edge", "direction": "inbound", "interval": {"packets_received": 500, "packets_lost": 5}});
    let muted = json!({"id": "e", "call_sid": CALL, "at": "2026-01-01T00:00:11Z", "kind": "edge",
        "edge": "sdk_edge", "group": "audio", "name": "muted"});
    post(
        &server,
        "/ingest/v1/events",
        "application/json",
        json!([metric, muted]).to_string().as_bytes(),
    );
    receiver.until("complete", |it| has("call-summary.complete", it));
    let annotation = format!("/v1/Voice/{CALL}/Annotation");
    post(&server, &annotation, FORM, b"CallScore=2&Comment=no+sound");
    let events = receiver.until("annotated", |it| {
        it.last()
            .is_some_and(|it| it["data"]["annotation"]["call_score"] == 2)
    });
    let kinds = told(&events);
    for kind in KINDS.iter().filter(|kind| **kind != "call-metrics.gateway") {
        assert!(kinds.contains(kind), "{kind} of {kinds:?}");
    }
    let begun = events
        .iter()
        .find(|it| it["data"]["name"] == "call.initiated");
    assert_eq!(begun.unwrap()["data"]["edge"], "carrier_edge");
    let place = |kind| kinds.iter().position(|it| *it == kind);
    assert!(place("call-summary.predicted-complete") < place("call-summary.complete"));
    assert_eq!(kinds.last(), Some(&"call-summary.complete"));
    let ids: HashSet<_> = events.iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len(), "each is another");
    for event in &events {
        assert_eq!(event["specversion"], "1.0");
        assert!(event["id"].as_str().unwrap().starts_with("EZ"));
        assert_eq!(event["data"]["call_sid"], CALL, "{event}");
        assert_eq!(
            event["time"].as_str().unwrap().len(),
            "2026-01-01T00:00:10.000Z".len()
        );
    }
    let summary = events.last().unwrap();
    assert_eq!(summary["source"], format!("/v1/Voice/{CALL}/Summary"));
    assert_eq!(
        summary["dataschema"],
        "https://events-schemas.twilio.com/VoiceInsights.CallSummary/1"
    );
    let sdk = events
        .iter()
        .find(|it| it["type"] == format!("{PREFIX}call-metrics.sdk"));
    assert_eq!(
        sdk.unwrap()["data"]["sdk_edge"]["interval"]["packets_lost"],
        5
    );
    for request in receiver.received() {
        let url = format!("{}{}", receiver.origin, request.path);
        let signature = &request.headers["x-twilio-signature"];
        assert!(
            verify_body(TOKEN.as_bytes(), &url, &request.body, signature),
            "{url}"
        );
    }
}

#[test]
fn what_packets_show_is_told_before_the_call_is_complete() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(dir.path()));
    let receiver = Receiver::start();
    let configuration = json!({"destination": receiver.origin, "batch_events": true});
    subscribe(
        &server,
        "webhook",
        &configuration,
        &[("PersonalData", "omit")],
    );
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/hep/lossy-call.pcap");
    let ingested = Command::new(env!("CARGO_BIN_EXE_sidetone"))
        .current_dir(dir.path())
        .args(["ingest", "--data", "data"])
        .arg(capture)
        .status();
    assert!(ingested.unwrap().success());
    let events = receiver.until("complete", |it| has("call-summary.complete", it));
    let kinds = told(&events);
    let end = kinds
        .iter()
        .position(|it| *it == "call-summary.complete")
        .unwrap();
    for kind in ["call-event.gateway", "call-metrics.gateway"] {
        assert!(kinds[..end].contains(&kind), "{kind} of {kinds:?}");
    }
    assert!(
        receiver.received().len() < events.len(),
        "several in a request"
    );
    let complete = &events[end];
    assert_eq!(complete["data"]["from"]["caller"], Value::Null);
    assert!(
        complete["data"]["carrier_edge"].is_object() || complete["data"]["sip_edge"].is_object()
    );
}

#[test]
fn what_is_selected_is_told_from_its_first_event() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(dir.path()));
    let receiver = Receiver::start();
    let destination = json!({"destination": receiver.origin});
    let selection = [("Selection", "Direction=outbound_api")];
    subscribe(&server, "webhook", &destination, &selection);
    let calls: Vec<String> = (1..=20).map(|n| format!("CA{n:032x}")).collect();
    for (n, call) in calls.iter().enumerate() {
        let direction = ["outbound-api", "inbound"][n % 2];
        for status in ["initiated", "completed"] {
            let told = [
                ("CallSid", &**call),
                ("CallStatus", status),
                ("Direction", direction),
            ];
            post(
                &server,
                "/ingest/v1/status-callback",
                FORM,
                form(&told).as_bytes(),
            );
        }
    }
    let of = |kind: &str, events: &[Value]| {
        let events = events
            .iter()
            .filter(|it| it["type"] == format!("{PREFIX}{kind}"));
        let sids = events.map(|it| it["data"]["call_sid"].as_str().unwrap().to_owned());
        sids.collect::<Vec<_>>()
    };
    let events = receiver.until("complete", |it| {
        let complete: HashSet<_> = of("call-summary.complete", it).into_iter().collect();
        complete.len() == 10
    });
    let expected: Vec<_> = calls.iter().step_by(2).cloned().collect();
    let steps = of("call-event.gateway", &events);
    for call in &expected {
        assert_eq!(steps.iter().filter(|it| *it == call).count(), 2, "{call}");
    }
    assert_eq!(steps.len(), 20);
}

/// Whether that is noticed when the call has settled or when nothing came for a while.
#[test]
fn that_a_call_is_expected_to_stay_is_told_as_of_its_end() {
    let predicted = "call-summary.predicted-complete";
    // Ten times as fast, so that ten seconds of silence are one.
    for settle in ["1s", "60s"] {
        let dir = tempfile::tempdir().unwrap();
        let mut program = program(dir.path());
        program.env("SIDETONE_SETTLE", settle);
        program.env("SIDETONE_TEST_CLOCK", "10");
        let server = Server::start(&mut program);
        let receiver = Receiver::start();
        let destination = json!({"destination": receiver.origin, "method": "POST"});
        subscribe(&server, "webhook", &destination, &[]);
        step(&server, CALL, "initiated");
        step(&server, CALL, "completed");
        let events = receiver.until(predicted, |it| has(predicted, it));
        let event = events
            .iter()
            .find(|it| it["type"] == format!("{PREFIX}{predicted}"));
        let (event, seconds) = (event.unwrap(), |it: &Value| {
            it.as_str().unwrap()[..19].to_owned()
        });
        assert_eq!(
            seconds(&event["time"]),
            seconds(&event["data"]["end_time"]),
            "{settle}"
        );
    }
}
