//! A receiver that is away for an hour, while the server is killed: by a clock that runs faster.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use tokio::time::Instant;

use super::receiver::{PATIENCE, Receiver};
use super::running::{FORM, ask, program, subscribe};
use super::{PREFIX, form};
use crate::harness::{ACCOUNT, TOKEN};
use crate::process::Server;

/// So many times as fast as real time: an hour is 15 s.
const SPEED: u32 = 240;
const HOUR: Duration = Duration::from_secs(3_600 / SPEED as u64);
/// How often the server is killed in that hour; once more when the receiver is back.
const KILLS: u32 = 4;
/// Who brings calls, and how long each waits after one.
const SOURCES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(60);
const STEPS: [&str; 4] = ["initiated", "ringing", "in-progress", "completed"];

fn fast(dir: &Path) -> Command {
    let mut program = program(dir);
    program
        .env("SIDETONE_TEST_CLOCK", SPEED.to_string())
        .env("SIDETONE_SETTLE", "60s");
    program
}

/// As by `kill -9`, in the middle of it.
fn killed(server: Server, dir: &Path, address: &Mutex<String>) -> Server {
    drop(server);
    let server = Server::start(&mut fast(dir));
    address.lock().unwrap().clone_from(&server.address);
    server
}

/// Brings a body, again until it is acknowledged: the server may be gone just now.
fn bring(address: &Mutex<String>, path: &str, kind: &str, body: &str) {
    let begin = Instant::now();
    let login = STANDARD.encode(format!("{ACCOUNT}:{TOKEN}"));
    loop {
        let address = address.lock().unwrap().clone();
        let answer = TcpStream::connect(&address).and_then(|mut stream| {
            write!(
                stream,
                "POST {path} HTTP/1.0\r\nHost: sidetone.test\r\nAuthorization: Basic {login}\r\n\
                Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        });
        if answer.is_ok_and(|it| it.starts_with("HTTP/1.0 20")) {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "{path}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Brings a call, step by step, with what an SDK saw of it.
fn bring_call(address: &Mutex<String>, call: &str) {
    for status in STEPS {
        let step = form(&[("CallSid", call), ("CallStatus", status)]);
        bring(address, "/ingest/v1/status-callback", FORM, &step);
    }
    let seen = json!([
        {"id": "e", "call_sid": call, "at": "2026-01-01T00:00:11Z", "kind": "edge",
         "edge": "sdk_edge", "group": "audio", "name": "muted"},
        {"id": "m", "call_sid": call, "at": "2026-01-01T00:00:20Z", "kind": "media",
         "edge": "sdk_edge", "direction": "inbound",
         "interval": {"packets_received": 500, "packets_lost": 5}},
    ]);
    bring(
        address,
        "/ingest/v1/events",
        "application/json",
        &seen.to_string(),
    );
}

#[test]
fn a_receiver_that_was_away_for_an_hour_is_told_all_of_it_in_order() {
    let dir = tempfile::tempdir().unwrap();
    // A port that is ours, and at which nobody listens.
    let port = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    port.bind(&any.into()).unwrap();
    let destination = port.local_addr().unwrap().as_socket().unwrap();
    let began = Instant::now();
    let mut server = Server::start(&mut fast(dir.path()));
    let configuration =
        json!({"destination": format!("http://{destination}"), "batch_events": true});
    subscribe(&server, "webhook", &configuration, &[]);

    let address = Arc::new(Mutex::new(server.address.clone()));
    let (is_over, brought) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU32::new(0)),
    );
    let sources = (0..SOURCES).map(|_| {
        let (address, is_over, brought) = (address.clone(), is_over.clone(), brought.clone());
        std::thread::spawn(move || {
            while !is_over.load(Ordering::SeqCst) {
                let call = format!("CA{:032x}", brought.fetch_add(1, Ordering::SeqCst));
                bring_call(&address, &call);
                std::thread::sleep(PAUSE);
            }
        })
    });
    let sources: Vec<_> = sources.collect();
    for kill in 1..=KILLS {
        std::thread::sleep((HOUR * kill / (KILLS + 1)).saturating_sub(began.elapsed()));
        server = killed(server, dir.path(), &address);
    }
    std::thread::sleep(HOUR.saturating_sub(began.elapsed()));
    port.listen(128).unwrap();
    let receiver = Receiver::on(port.into());
    receiver.until("told of some", |it| it.len() > 500);
    server = killed(server, dir.path(), &address);
    is_over.store(true, Ordering::SeqCst);
    for source in sources {
        source.join().unwrap();
    }
    let calls: Vec<String> = (0..brought.load(Ordering::SeqCst))
        .map(|n| format!("CA{n:032x}"))
        .collect();
    assert!(calls.len() > 200, "{}", calls.len());

    let complete = format!("{PREFIX}call-summary.complete");
    let begin = Instant::now();
    loop {
        let of_sink = ask(&server, "/v1/Voice/Deliveries?Status=waiting&PageSize=1");
        let told = receiver.events();
        let told: HashSet<_> = told
            .iter()
            .filter(|it| it["type"] == *complete)
            .map(|it| it["data"]["call_sid"].as_str().unwrap())
            .collect();
        if told.len() == calls.len() && of_sink["deliveries"] == json!([]) {
            break;
        }
        assert!(
            begin.elapsed() < PATIENCE,
            "{} of {}",
            told.len(),
            calls.len()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    let dead = ask(&server, "/v1/Voice/Deliveries?Status=dead");
    assert_eq!(dead["deliveries"], json!([]));

    let noticed = format!("{PREFIX}call-summary.predicted-complete");
    let mut by_id: HashMap<String, Value> = HashMap::new();
    let mut by_call: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for event in receiver.events() {
        let id = event["id"].as_str().unwrap().to_owned();
        if let Some(known) = by_id.get(&id) {
            // Told again, as the same; that a call is quiet is noticed anew after a kill.
            let is_noticed = event["type"] == *noticed;
            for name in ["type", "source", "time"] {
                assert!(
                    known[name] == event[name] || name == "time" && is_noticed,
                    "{id}"
                );
            }
            continue;
        }
        by_id.insert(id, event.clone());
        let call = event["data"]["call_sid"].as_str().unwrap().to_owned();
        by_call.entry(call).or_default().push(event);
    }
    for call in &calls {
        let events = &by_call[call];
        let of = |kind: &str| {
            let kind = format!("{PREFIX}{kind}");
            events.iter().filter(move |it| it["type"] == *kind)
        };
        let steps: Vec<_> = of("call-event.gateway")
            .map(|it| it["data"]["name"].as_str().unwrap())
            .collect();
        assert_eq!(
            steps,
            [
                "call.initiated",
                "call.ringing",
                "call.answered",
                "call.completed"
            ],
            "{call}"
        );
        assert_eq!(of("call-event.sdk").count(), 1, "{call}");
        assert_eq!(of("call-metrics.sdk").count(), 1, "{call}");
        let versions = events
            .iter()
            .filter_map(|it| it["data"]["processing_version"].as_u64());
        assert!(versions.is_sorted(), "{call}");
        let last = of("call-summary.complete").next_back().unwrap();
        assert_eq!(last["data"]["call_state"], "completed", "{call}");
        assert_eq!(events.last().unwrap()["type"], *complete, "{call}");
    }
}
