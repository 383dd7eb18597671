//! Files in S3: what an object is, when it is written, and what becomes of one that was not.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Mutex;
use std::time::Duration;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::receiver::{PATIENCE, Received, Receiver};
use super::running::{ask, program, step, subscribe};
use crate::process::Server;

fn subscribed(server: &Server, receiver: &Receiver, interval: u64) -> String {
    let configuration = json!({
        "endpoint": receiver.origin, "region": "eu-central-1", "bucket": "calls", "prefix": "a/dt=1",
        "access_key_id": "AKIA1", "secret_access_key": "s3cret", "interval": interval,
    });
    subscribe(server, "s3", &configuration, &[])
}

/// The events of an object.
fn events(body: &[u8]) -> Vec<Value> {
    let mut lines = String::new();
    GzDecoder::new(body).read_to_string(&mut lines).unwrap();
    assert!(lines.ends_with('\n'), "{lines}");
    let read = |line| serde_json::from_str(line).unwrap();
    lines.lines().map(read).collect()
}

fn ids(events: &[Value]) -> BTreeSet<String> {
    let id = |event: &Value| event["id"].as_str().unwrap().to_owned();
    events.iter().map(id).collect()
}

fn call(n: u32) -> String {
    format!("CA{n:032x}")
}

fn run(server: &Server, calls: std::ops::Range<u32>) {
    for n in calls {
        step(server, &call(n), "initiated");
        step(server, &call(n), "completed");
    }
}

/// The objects, once all of some calls are told to their end in those that are `taken`.
fn told(
    receiver: &Receiver,
    calls: &std::ops::Range<u32>,
    taken: impl Fn(&Received) -> bool,
) -> Vec<Received> {
    let begin = Instant::now();
    loop {
        let objects = receiver.received();
        let events = objects
            .iter()
            .filter(|it| taken(it))
            .flat_map(|it| events(&it.body));
        let complete = events.filter(|it| it["data"]["processing_state"] == "complete");
        let of: BTreeSet<String> = complete
            .map(|it| it["data"]["call_sid"].as_str().unwrap().to_owned())
            .collect();
        if calls.clone().all(|n| of.contains(&call(n))) {
            return objects;
        }
        assert!(begin.elapsed() < PATIENCE, "{}", of.len());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn events_are_gathered_into_objects() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(dir.path()));
    let receiver = Receiver::start();
    let sid = subscribed(&server, &receiver, 2);
    let calls = 1..41;
    run(&server, calls.clone());
    let objects = told(&receiver, &calls, |_| true);
    let (test, objects) = objects.split_first().unwrap();
    assert_eq!(
        events(&test.body)[0]["type"],
        "com.twilio.eventstreams.test-event"
    );
    let mut count = 0;
    for object in objects {
        let told = events(&object.body);
        count += told.len();
        // The hour and the name of the first event.
        let (at, id) = (
            told[0]["time"].as_str().unwrap(),
            told[0]["id"].as_str().unwrap(),
        );
        let hour = at[..13].replace(['-', 'T'], "/");
        assert_eq!(
            object.path,
            format!("/calls/a/dt%3D1/{hour}/{id}.ndjson.gz")
        );
        assert_eq!(object.headers["content-type"], "application/gzip");
        let signed = &object.headers["authorization"];
        let begin = "AWS4-HMAC-SHA256 Credential=AKIA1/";
        let end =
            "/eu-central-1/s3/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date,";
        assert!(
            signed.starts_with(begin) && signed.contains(end),
            "{signed}"
        );
    }
    assert!(objects.len() * 4 < count, "{count} in {}", objects.len());
    let shown = ask(&server, &format!("/v1/Sinks/{sid}"));
    assert_eq!(shown["sink_configuration"]["secret_access_key"], "***");
}

/// What was kept though its answer was lost is written again under the same name, with what came since.
#[test]
fn an_object_that_comes_again_takes_the_place_of_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(dir.path()));
    let receiver = Receiver::start();
    let sid = subscribed(&server, &receiver, 1);
    receiver.says("<?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>");
    let is_lost = Mutex::new(false);
    receiver.replies(move |_| {
        let was_lost = std::mem::replace(&mut *is_lost.lock().unwrap(), true);
        (if was_lost { 200 } else { 503 }, "")
    });
    let calls = 1..11;
    run(&server, calls.clone());
    let lost = {
        let begin = Instant::now();
        loop {
            if let Some(lost) = receiver.received().get(1).cloned() {
                break lost;
            }
            assert!(begin.elapsed() < PATIENCE);
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let objects = told(&receiver, &calls, |it| it.body != lost.body);
    let again = objects[2..].iter().find(|it| it.path == lost.path).unwrap();
    assert!(ids(&events(&again.body)).is_superset(&ids(&events(&lost.body))));
    let attempts = ask(&server, &format!("/v1/Sinks/{sid}/Deliveries"));
    let attempts = attempts["last_deliveries"].as_array().unwrap();
    let failed = attempts.iter().find(|it| it["result"] == "failed").unwrap();
    assert_eq!(failed["error"], "answered 503 (SlowDown)");
}
