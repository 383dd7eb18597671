//! Segment, by a receiver that behaves as its documents say: batches of at most 500 KB with items of at
//! most 32 KB, else 400; so many requests a second, else 429; 200 also when it drops an item.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::receiver::{PATIENCE, Receiver};
use super::running::{CALL, ask, post, program, step, subscribe};
use crate::process::Server;

const BATCH_MAX: usize = 500_000;
const ITEM_MAX: usize = 32_000;
/// How long it wants to be left alone, once it has had enough.
const PAUSE: Duration = Duration::from_secs(2);
/// What was on its way when it said so may still come.
const ON_ITS_WAY: Duration = Duration::from_millis(1_300);
/// When it begins anew is no matter of milliseconds.
const ABOUT: Duration = Duration::from_millis(200);

/// What it has seen.
#[derive(Default)]
struct Seen {
    requests: u32,
    /// When it last asked to be left alone.
    limited_at: Option<Instant>,
    /// Requests that came all the same, were too large, or had what it drops without a word.
    wrong: Vec<String>,
    limited: u32,
    taken: Vec<Value>,
}

impl Seen {
    /// Takes a request as Segment would, if each third were one too many.
    fn reply(&mut self, body: &[u8]) -> (u16, &'static str) {
        let now = Instant::now();
        if let Some(at) = self.limited_at
            && now > at + ON_ITS_WAY
            && now + ABOUT < at + PAUSE
        {
            self.wrong.push("too soon".to_owned());
        }
        self.requests += 1;
        if self.requests.is_multiple_of(3) {
            (self.limited, self.limited_at) = (self.limited + 1, Some(now));
            return (429, "Retry-After: 2\r\nX-RateLimit-Reset: 2\r\n");
        }
        let read: Value = serde_json::from_slice(body).unwrap();
        let items = read["batch"].as_array().unwrap();
        let is_large = |item: &Value| item.to_string().len() > ITEM_MAX;
        if body.len() > BATCH_MAX || items.iter().any(is_large) {
            self.wrong.push(format!("{} bytes", body.len()));
            return (400, "");
        }
        for item in items {
            if item["event"].is_string() && item["anonymousId"].is_string() {
                self.taken.push(item.clone());
            } else {
                self.wrong.push(item.to_string());
            }
        }
        (200, "")
    }
}

fn summary(call: &str, more: &[(&str, &Value)]) -> Value {
    let path = "../../fixtures/twilio/event-streams/summary-complete-fullest.json";
    let text = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let mut events: Value = serde_json::from_slice(&text).unwrap();
    let event = &mut events[0];
    event["id"] = json!(format!("EZ{}", &call[2..]));
    event["data"]["call_sid"] = json!(call);
    for (name, value) in more {
        event["data"][name] = (*value).clone();
    }
    events
}

/// Makes a sink of the receiver, which is subscribed once its test has arrived.
fn subscribed(server: &Server, receiver: &Receiver) -> String {
    let endpoint = format!("{}/v1/batch", receiver.origin);
    let configuration = json!({"write_key": "abcdefgh12345678", "endpoint": endpoint});
    subscribe(server, "segment", &configuration, &[])
}

#[test]
fn is_sent_tracks_and_is_active_once_it_took_a_test() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(dir.path()));
    let receiver = Receiver::start();
    subscribed(&server, &receiver);
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
fn is_left_alone_when_it_asks_for_it_and_never_sent_what_it_refuses() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(dir.path()));
    let receiver = Receiver::start();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let sees = Arc::clone(&seen);
    receiver.replies(move |body| sees.lock().unwrap().reply(body));
    let sid = subscribed(&server, &receiver);
    let long = json!({"note": "x".repeat(ITEM_MAX)});
    let calls: BTreeSet<String> = (1..=300).map(|n| format!("CA{n:032x}")).collect();
    let (without_edges, too_large) = (format!("CA{:032x}", 301), format!("CA{:032x}", 302));
    for call in &calls {
        // 100 of them are more than a request may hold.
        let edge = json!({"note": "x".repeat(8_000)});
        let body = summary(call, &[("sip_edge", &edge)]).to_string();
        post(
            &server,
            "/ingest/v1/event-streams",
            "application/json",
            body.as_bytes(),
        );
    }
    for body in [
        summary(&without_edges, &[("sip_edge", &long)]),
        summary(&too_large, &[("attributes", &long)]),
    ] {
        let body = body.to_string();
        post(
            &server,
            "/ingest/v1/event-streams",
            "application/json",
            body.as_bytes(),
        );
    }
    let begin = Instant::now();
    loop {
        let taken = seen.lock().unwrap().taken.clone();
        let complete = taken
            .iter()
            .filter(|it| it["event"] == "Call Summary Completed");
        let of_calls: BTreeSet<_> = complete
            .map(|it| it["anonymousId"].as_str().unwrap())
            .collect();
        if of_calls.contains(&*without_edges) && calls.iter().all(|call| of_calls.contains(&**call))
        {
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "{}", of_calls.len());
        std::thread::sleep(Duration::from_millis(50));
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen.wrong, Vec::<String>::new());
    assert!(seen.limited > 1, "{}", seen.limited);
    for item in &seen.taken {
        assert_ne!(item["anonymousId"], *too_large);
        let has_edge = item["properties"].get("sip_edge").is_some();
        assert!(item["anonymousId"] != *without_edges || !has_edge, "{item}");
    }
    let dead = ask(&server, "/v1/Voice/Deliveries?Status=dead");
    let dead = dead["deliveries"].as_array().unwrap();
    let of_sink = dead.iter().all(|it| it["sink_sid"] == *sid);
    assert!(of_sink && !dead.is_empty(), "{dead:#?}");
    for letter in dead {
        let error = letter["last_error"].as_str().unwrap();
        assert!(
            error.ends_with("bytes long, more than may be sent there"),
            "{error}"
        );
        assert_eq!(letter["attempts"], 1);
    }
}
