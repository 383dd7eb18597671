//! What takes logs by OTLP/HTTP: what it is sent, and what its answers mean.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::receiver::{PATIENCE, Receiver};
use super::running::{CALL, ask, metrics, program, step, subscribe};
use crate::process::Server;

fn subscribed(server: &Server, receiver: &Receiver) -> String {
    let configuration = json!({
        "endpoint": receiver.origin, "headers": {"authorization": "Bearer s3cret", "x-scope": "calls"},
    });
    subscribe(server, "otlp", &configuration, &[])
}

/// The records that came.
fn records(receiver: &Receiver) -> Vec<Value> {
    let received = receiver.received();
    let of = |body: &[u8]| {
        let body: Value = serde_json::from_slice(body).unwrap();
        let records = &body["resourceLogs"][0]["scopeLogs"][0]["logRecords"];
        records.as_array().unwrap().clone()
    };
    received.iter().flat_map(|it| of(&it.body)).collect()
}

fn attribute<'a>(record: &'a Value, name: &str) -> &'a Value {
    let attributes = record["attributes"].as_array().unwrap();
    let found = attributes.iter().find(|it| it["key"] == name);
    found.map_or(&Value::Null, |it| &it["value"]["stringValue"])
}

fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

const COMPLETE: &str = "com.twilio.voice.insights.call-summary.complete";

fn call(server: &Server, receiver: &Receiver) -> Value {
    step(server, CALL, "initiated");
    step(server, CALL, "completed");
    until("a complete summary", || {
        let mut records = records(receiver).into_iter();
        records.find(|it| it["eventName"] == COMPLETE)
    })
}

#[test]
fn is_sent_records_and_is_active_once_it_took_a_test() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(dir.path()));
    let receiver = Receiver::start();
    let sid = subscribed(&server, &receiver);
    let test = &records(&receiver)[0];
    assert_eq!(test["eventName"], "com.twilio.eventstreams.test-event");
    let complete = call(&server, &receiver);
    assert_eq!(*attribute(&complete, "sidetone.call.sid"), CALL);
    assert_eq!(*attribute(&complete, "cloudevents.event_type"), COMPLETE);
    let source = format!("/v1/Voice/{CALL}/Summary");
    assert_eq!(*attribute(&complete, "cloudevents.event_source"), source);
    let data = complete["body"]["kvlistValue"]["values"]
        .as_array()
        .unwrap();
    let member = |name: &str| &data.iter().find(|it| it["key"] == name).unwrap()["value"];
    assert_eq!(member("call_sid")["stringValue"], CALL);
    assert_eq!(member("processing_state")["stringValue"], "complete");
    for request in receiver.received() {
        assert_eq!(request.path, "/v1/logs");
        assert_eq!(request.headers["content-type"], "application/json");
        assert_eq!(request.headers["authorization"], "Bearer s3cret");
        assert_eq!(request.headers["x-scope"], "calls");
    }
    let shown = ask(&server, &format!("/v1/Sinks/{sid}"));
    let expected = json!({"authorization": "***", "x-scope": "***"});
    assert_eq!(shown["sink_configuration"]["headers"], expected);
}

#[test]
fn what_it_drops_is_counted_and_not_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(dir.path()));
    let receiver = Receiver::start();
    let sid = subscribed(&server, &receiver);
    receiver.says(r#"{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too old"}}"#);
    call(&server, &receiver);
    let path = format!("/v1/Sinks/{sid}/Deliveries");
    until("nothing waits", || {
        (ask(&server, &path)["waiting"]["count"] == 0).then_some(())
    });
    let told = ask(&server, &path);
    assert_eq!(told["dead"]["count"], 0);
    let last = &told["last_deliveries"][0];
    assert_eq!(last["result"], "delivered");
    let count = last["event_count"].as_u64().unwrap();
    assert_eq!(last["error"], format!("1 of {count} not taken: too old"));
    // Each request but that of the test was taken without one.
    let requests = receiver.received().len() - 1;
    let counted = format!("\nsidetone_streams_rejected_total {requests}\n");
    assert!(metrics(&server).contains(&counted), "{requests}");
}

#[test]
fn what_it_cannot_read_is_given_up_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(dir.path()));
    let receiver = Receiver::start();
    let sid = subscribed(&server, &receiver);
    receiver.answers(|body| {
        let has = |part: &str| body.windows(part.len()).any(|it| it == part.as_bytes());
        // Alone as with others.
        if has("call-summary.partial") {
            400
        } else {
            200
        }
    });
    call(&server, &receiver);
    let dead = until("it is given up", || {
        let told = ask(&server, "/v1/Voice/Deliveries?Status=dead");
        let dead = told["deliveries"].as_array().unwrap().clone();
        (!dead.is_empty()).then_some(dead)
    });
    for letter in dead {
        assert_eq!(letter["sink_sid"], sid);
        assert_eq!(letter["kind"], "call-summary.partial");
        assert_eq!(letter["attempts"], 1);
        assert_eq!(letter["last_error"], "refused for good: answered 400");
    }
}
