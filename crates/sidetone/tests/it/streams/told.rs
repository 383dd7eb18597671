//! What sinks are told of calls: by the program as it runs, to a server of somebody else's.

use std::collections::{BTreeMap, HashSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sidetone_wire::signature::verify_body;
use tokio::time::Instant;

use super::receiver::{PATIENCE, Receiver, has, told};
use super::{KINDS, PREFIX, form, of_type, sink_form, subscription_form};
use crate::harness::{ACCOUNT, TOKEN};
use crate::process::{Server, serve};

const CALL: &str = "CA00000000000000000000000000000001";
const FORM: &str = "application/x-www-form-urlencoded";
fn program(dir: &Path) -> Command {
    let mut serve = serve(dir);
    serve
        .env("SIDETONE_ACCOUNT_SID", ACCOUNT)
        .env("SIDETONE_AUTH_TOKEN", TOKEN)
        .env("SIDETONE_WEBHOOK_ALLOW_PRIVATE", "1")
        .env("SIDETONE_SETTLE", "1s");
    serve
}

fn post(server: &Server, path: &str, kind: &str, body: &[u8]) -> Value {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let login = STANDARD.encode(format!("{ACCOUNT}:{TOKEN}"));
    write!(
        stream,
        "POST {path} HTTP/1.0\r\nHost: sidetone.test\r\nAuthorization: Basic {login}\r\n\
        Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 20"), "{path}: {answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or(Value::Null)
}

fn subscribe(server: &Server, kind: &str, configuration: &Value, more: &[(&str, &str)]) -> String {
    let sink = post(
        server,
        "/v1/Sinks",
        FORM,
        sink_form(kind, configuration).as_bytes(),
    );
    let sid = sink["sid"].as_str().unwrap().to_owned();
    if kind == "segment" {
        post(server, &format!("/v1/Sinks/{sid}/Test"), FORM, b"");
        return sid;
    }
    let kinds = KINDS.map(|kind| of_type(kind, 1));
    let wanted = subscription_form(&sid, &kinds, more);
    post(server, "/v1/Subscriptions", FORM, wanted.as_bytes());
    sid
}

fn step(server: &Server, call: &str, status: &str) {
    let form = form(&[
        ("CallSid", call),
        ("CallStatus", status),
        ("From", "+12025550143"),
        ("To", "+12025550176"),
    ]);
    post(server, "/ingest/v1/status-callback", FORM, form.as_bytes());
}

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
fn what_a_receiver_refuses_keeps_nothing_else_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(dir.path()));
    let receiver = Receiver::start();
    receiver.answers(|body| {
        let is_bad = body.windows(6).any(|it| it == b"poison");
        if is_bad { 422 } else { 200 }
    });
    let configuration = json!({"destination": receiver.origin, "batch_events": true,
        "signature": "standard"});
    subscribe(
        &server,
        "webhook",
        &configuration,
        &[("Selection", "Direction=outbound_api")],
    );
    for n in 1..=8 {
        let call = format!("CA{n:032x}");
        let comment = if n == 4 { "poison" } else { "fine" };
        let direction = if n == 8 { "inbound" } else { "outbound-api" };
        let begun = form(&[
            ("CallSid", &call),
            ("CallStatus", "initiated"),
            ("Direction", direction),
        ]);
        post(
            &server,
            "/ingest/v1/status-callback",
            FORM,
            begun.as_bytes(),
        );
        let said = form(&[("Comment", comment)]);
        post(
            &server,
            &format!("/v1/Voice/{call}/Annotation"),
            FORM,
            said.as_bytes(),
        );
        step(&server, &call, "completed");
    }
    // Of call 4 nothing is taken; the others arrive.
    receiver.until("complete", |events| {
        let complete = events.iter().filter(|it| {
            it["type"] == format!("{PREFIX}call-summary.complete")
                && it["data"]["annotation"]["comment"] == "fine"
        });
        complete
            .map(|it| it["data"]["call_sid"].as_str().unwrap())
            .collect::<HashSet<_>>()
            .len()
            == 6
    });
    for request in receiver.received() {
        assert!(request.headers["webhook-signature"].starts_with("v1,"));
        assert!(!request.headers.contains_key("x-twilio-signature"));
    }
}

#[test]
fn segment_is_sent_tracks_and_is_active_once_it_took_a_test() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(dir.path()));
    let receiver = Receiver::start();
    let configuration = json!({"write_key": "abcdefgh12345678", "endpoint": format!("{}/v1/batch", receiver.origin)});
    let sid = subscribe(&server, "segment", &configuration, &[]);
    let begin = Instant::now();
    let wanted = subscription_form(
        &sid,
        &KINDS[..3]
            .iter()
            .map(|it| of_type(it, 7))
            .collect::<Vec<_>>(),
        &[],
    );
    // It may be subscribed when it took its test.
    loop {
        let listed = ask(&server, &format!("/v1/Sinks/{sid}"));
        if listed["status"] == "active" {
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "{listed}");
        std::thread::sleep(Duration::from_millis(20));
    }
    post(&server, "/v1/Subscriptions", FORM, wanted.as_bytes());
    step(&server, CALL, "initiated");
    step(&server, CALL, "completed");
    let begin = Instant::now();
    let complete = loop {
        let bodies = receiver.received();
        let items = bodies.iter().flat_map(|it| {
            let body: Value = serde_json::from_slice(&it.body).unwrap();
            body["batch"].as_array().unwrap().clone()
        });
        let mut items = items.collect::<Vec<_>>().into_iter();
        if let Some(found) = items.find(|it| it["event"] == "Call Summary Completed") {
            break found;
        }
        assert!(begin.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(complete["type"], "track");
    assert_eq!(complete["anonymousId"], CALL);
    assert_eq!(complete["properties"]["processing_state"], "complete");
    let login = STANDARD.encode("abcdefgh12345678:");
    for request in receiver.received() {
        assert_eq!(request.headers["authorization"], format!("Basic {login}"));
        assert_eq!(request.path, "/v1/batch");
    }
}

#[test]
fn what_is_told_survives_kills_in_order_and_under_the_same_names() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start();
    receiver.answers(|_| 503);
    let mut server = Server::start(&mut program(dir.path()));
    let configuration = json!({"destination": receiver.origin, "batch_events": true});
    subscribe(&server, "webhook", &configuration, &[]);
    let mut calls = Vec::new();
    for round in 0..5 {
        for n in 0..10 {
            let call = format!("CA{:032x}", round * 100 + n);
            step(&server, &call, "initiated");
            step(&server, &call, "completed");
            calls.push(call);
        }
        // As by `kill -9`.
        drop(server);
        server = Server::start(&mut program(dir.path()));
        if round == 3 {
            receiver.answers(|_| 200);
        }
    }
    let events = receiver.until("complete", |events| {
        let complete = events
            .iter()
            .filter(|it| it["type"] == format!("{PREFIX}call-summary.complete"));
        let complete: HashSet<_> = complete.map(|it| it["data"]["call_sid"].clone()).collect();
        complete.len() == calls.len()
    });
    let mut by_id: BTreeMap<&str, &Value> = BTreeMap::new();
    for event in &events {
        let known = by_id.entry(event["id"].as_str().unwrap()).or_insert(event);
        let same = |name: &str| {
            known[name] == event[name] && known["data"]["call_sid"] == event["data"]["call_sid"]
        };
        assert!(same("type") && same("time"), "{known} {event}");
    }
    for call in &calls {
        let of_call = events
            .iter()
            .filter(|it| it["data"]["call_sid"] == *call.as_str());
        let versions = of_call.filter_map(|it| it["data"]["processing_version"].as_u64());
        assert!(versions.is_sorted(), "{call}");
    }
}

fn ask(server: &Server, path: &str) -> Value {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let login = STANDARD.encode(format!("{ACCOUNT}:{TOKEN}"));
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: sidetone.test\r\nAuthorization: Basic {login}\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}
