//! What is owed to sinks arrives: refused, killed, tested, hidden.

use std::collections::{BTreeMap, HashSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::receiver::{PATIENCE, Receiver};
use super::running::{CALL, FORM, ask, post, program, step, subscribe};
use super::{PREFIX, form};
use crate::harness::{ACCOUNT, TOKEN};
use crate::process::Server;

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

#[test]
fn what_was_to_be_hidden_is_hidden_when_nobody_is_subscribed_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start();
    receiver.answers(|_| 503);
    let server = Server::start(&mut program(dir.path()));
    let destination = json!({"destination": receiver.origin});
    subscribe(
        &server,
        "webhook",
        &destination,
        &[("PersonalData", "omit")],
    );
    step(&server, CALL, "initiated");
    step(&server, CALL, "completed");
    receiver.until("tried", |it| !it.is_empty());
    // Its summary is owed a moment later.
    let since = Instant::now();
    while !ask(&server, "/v1/Voice/Deliveries")
        .to_string()
        .contains("call-summary")
    {
        assert!(since.elapsed() < PATIENCE, "no summary is owed");
        std::thread::sleep(Duration::from_millis(50));
    }
    let subscription = ask(&server, "/v1/Subscriptions")["subscriptions"][0]["sid"].clone();
    let path = format!("/v1/Subscriptions/{}", subscription.as_str().unwrap());
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let login = STANDARD.encode(format!("{ACCOUNT}:{TOKEN}"));
    write!(
        stream,
        "DELETE {path} HTTP/1.0\r\nHost: sidetone.test\r\nAuthorization: Basic {login}\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 204"), "{answer}");
    // What waits is all there is.
    drop(server);
    let _server = Server::start(&mut program(dir.path()));
    let before = receiver.received().len();
    receiver.answers(|_| 200);
    receiver.until("a summary", |it| {
        it[before..]
            .iter()
            .any(|it| it["data"]["processing_state"].is_string())
    });
    for event in receiver.events() {
        let number = event.to_string();
        assert!(!number.contains("2025550143"), "{number}");
    }
}
