//! Calls as they change: over HTTP, from the program as it runs.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::harness::{ACCOUNT, TOKEN};
use crate::process::{Server, serve};

const CALL: &str = "CA00000000000000000000000000000001";
/// How long anything may take that takes a second.
const PATIENCE: Duration = Duration::from_secs(30);

fn server(dir: &Path) -> Server {
    Server::start(
        serve(dir)
            .env("SIDETONE_ACCOUNT_SID", ACCOUNT)
            .env("SIDETONE_AUTH_TOKEN", TOKEN)
            .env("SIDETONE_SETTLE", "1s"),
    )
}

/// Sends a request that the server ends the connection after.
fn send(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
    let login = STANDARD.encode(format!("{ACCOUNT}:{TOKEN}"));
    let headers = format!("Authorization: Basic {login}\r\n{headers}");
    let form = "application/x-www-form-urlencoded";
    send_as(server, method, path, &headers, form, body)
}

fn send_as(
    server: &Server,
    method: &str,
    path: &str,
    headers: &str,
    kind: &str,
    body: &str,
) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: sidetone.test\r\n{headers}\
        Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    stream
}

fn ask(server: &Server, method: &str, path: &str, body: &str) -> String {
    let mut answer = String::new();
    let mut stream = send(server, method, path, "", body);
    stream.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.0 20"),
        "{method} {path}: {answer}"
    );
    answer
}

fn step(server: &Server, call: &str, status: &str) {
    let form = format!("CallSid={call}&CallStatus={status}&From=%2B12025550143&To=%2B12025550176");
    ask(server, "POST", "/ingest/v1/status-callback", &form);
}

fn annotate(server: &Server, score: u8) {
    let form = format!("CallScore={score}");
    ask(
        server,
        "POST",
        &format!("/v1/Voice/{CALL}/Annotation"),
        &form,
    );
}

/// A stream of events.
struct Events(Lines<BufReader<TcpStream>>);

#[derive(Debug, Default)]
struct Event {
    id: String,
    kind: String,
    data: Value,
}

impl Events {
    /// Opens a stream, and waits until it has begun. With it comes the number that it begins at.
    fn open(server: &Server, query: &str, last: Option<&str>) -> (Self, Event) {
        let path = format!("/v1/Voice/Live?{query}");
        let headers = last.map(|last| format!("Last-Event-ID: {last}\r\n"));
        let stream = send(server, "GET", &path, &headers.unwrap_or_default(), "");
        Self::of(stream)
    }

    fn of(stream: TcpStream) -> (Self, Event) {
        let mut lines = BufReader::new(stream).lines();
        let head: Vec<String> = lines
            .by_ref()
            .map_while(|line| line.ok().filter(|line| !line.is_empty()))
            .collect();
        assert_eq!(head[0], "HTTP/1.0 200 OK");
        assert!(
            head.contains(&"content-type: text/event-stream".to_owned()),
            "{head:?}"
        );
        let mut events = Self(lines);
        let first = events.block().unwrap();
        (events, first)
    }

    /// The next event; `None`: the stream has ended.
    fn next(&mut self) -> Option<Event> {
        loop {
            let block = self.block()?;
            if !block.data.is_null() {
                return Some(block);
            }
        }
    }

    fn block(&mut self) -> Option<Event> {
        let mut event = Event::default();
        loop {
            let line = self.0.next()?.unwrap();
            match line.split_once(": ") {
                Some(("id", id)) => event.id = id.to_owned(),
                Some(("event", kind)) => event.kind = kind.to_owned(),
                Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
                None if line.is_empty() => return Some(event),
                _ => {}
            }
        }
    }
}

#[test]
fn a_call_is_told_as_lists_tell_it_each_time_it_changes() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path());
    let (mut events, _) = Events::open(&server, "", None);
    step(&server, CALL, "ringing");
    let first = events.next().unwrap();
    assert_eq!(first.kind, "call");
    assert_eq!(first.data["call_sid"], CALL);
    assert_eq!(first.data["processing_state"], "partial");
    step(&server, CALL, "completed");
    let complete = loop {
        let event = events.next().unwrap();
        if event.data["processing_state"] == "complete" {
            break event.data;
        }
    };
    let listed = ask(&server, "GET", "/v1/Voice/Summaries", "");
    let body = listed.split_once("\r\n\r\n").unwrap().1;
    let listed: Value = serde_json::from_str(body).unwrap();
    assert_eq!(complete, listed["call_summaries"][0]);
}

/// What is sent piece by piece is masked piece by piece.
#[test]
fn a_viewer_is_told_of_calls_without_their_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path());
    let made = Command::new(env!("CARGO_BIN_EXE_sidetone"))
        .args(["person", "create", "vera", "--role", "viewer", "--generate"])
        .arg("--data")
        .arg(dir.path().join("data"))
        .output()
        .unwrap();
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let body = json!({ "user": "vera", "password": made["password"] }).to_string();
    let mut answer = String::new();
    send_as(&server, "POST", "/session", "", "application/json", &body)
        .read_to_string(&mut answer)
        .unwrap();
    let cookie = answer
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: "))
        .unwrap_or_else(|| panic!("{answer}"));
    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());
    let stream = send_as(&server, "GET", "/v1/Voice/Live", &cookie, "text/plain", "");
    let (mut events, _) = Events::of(stream);
    step(&server, CALL, "ringing");
    let call = events.next().unwrap().data;
    assert_eq!(call["call_sid"], CALL);
    assert_eq!(call["from"]["caller"], "+1202•••••43");
    assert!(!call.to_string().contains("5550143"), "{call}");
    let url = call["url"].as_str().unwrap();
    assert_eq!(url, "http://sidetone.test/v1/Voice/Summaries");
}

#[test]
fn who_filters_is_told_what_matches_and_what_does_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path());
    step(&server, CALL, "in-progress");
    let (mut good, _) = Events::open(&server, "CallScoreAnnotation=5", None);
    let (mut all, _) = Events::open(&server, "", None);
    annotate(&server, 5);
    let event = good.next().unwrap();
    assert_eq!(
        (event.kind.as_str(), &event.data["annotation"]["call_score"]),
        ("call", &5.into())
    );
    annotate(&server, 1);
    let event = good.next().unwrap();
    assert_eq!(
        (event.kind.as_str(), &event.data["call_sid"]),
        ("gone", &CALL.into())
    );
    annotate(&server, 4);
    ask(&server, "DELETE", &format!("/v1/Voice/{CALL}/Summary"), "");
    let told = loop {
        let event = all.next().unwrap();
        if event.kind != "call" {
            break event;
        }
    };
    assert_eq!(
        (told.kind.as_str(), &told.data["call_sid"]),
        ("gone", &CALL.into())
    );
    // What it has been told is gone is not told to be gone again: the next is another call.
    step(&server, "CA00000000000000000000000000000002", "ringing");
    let other = "CA00000000000000000000000000000002";
    ask(
        &server,
        "POST",
        &format!("/v1/Voice/{other}/Annotation"),
        "CallScore=5",
    );
    let event = good.next().unwrap();
    assert_eq!(
        (event.kind.as_str(), &event.data["call_sid"]),
        ("call", &other.into())
    );
}

#[test]
fn who_comes_again_has_missed_nothing_or_is_told_that_he_has() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path());
    let (events, begin) = Events::open(&server, "", None);
    drop(events);
    step(&server, CALL, "ringing");
    let (mut events, missed) = Events::open(&server, "", Some(&begin.id));
    let event = if missed.data.is_null() {
        events.next().unwrap()
    } else {
        missed
    };
    assert_eq!(
        (event.kind.as_str(), &event.data["call_sid"]),
        ("call", &CALL.into())
    );
    for unknown in ["7-1", "nonsense", &format!("{}9", event.id)] {
        let (_, event) = Events::open(&server, "", Some(unknown));
        assert_eq!(event.kind, "reset", "{unknown}");
        assert!(!event.id.is_empty());
    }
}

#[test]
fn changes_are_kept_for_nobody_and_a_stop_ends_the_streams() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = server(dir.path());
    let followers = || -> u64 {
        let database = Connection::open(dir.path().join("data/sidetone.db")).unwrap();
        let mut count = database.prepare("select count(*) from follower").unwrap();
        count.query_row([], |row| row.get(0)).unwrap()
    };
    assert_eq!(followers(), 0);
    let (mut events, _) = Events::open(&server, "", None);
    assert_eq!(followers(), 1);
    let began = Instant::now();
    let process = server.process.id().to_string();
    let told = Command::new("kill").args(["-TERM", &process]).status();
    assert!(told.unwrap().success());
    assert!(events.next().is_none());
    assert!(server.process.wait().unwrap().success());
    assert!(began.elapsed() < PATIENCE, "it waited for a stream");
    assert_eq!(followers(), 0);
}

#[test]
fn what_a_filter_does_not_take_is_an_error_as_in_lists() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path());
    let mut answer = String::new();
    let mut stream = send(&server, "GET", "/v1/Voice/Live?CallState=gone", "", "");
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 400"), "{answer}");
    assert!(answer.contains("\"parameter\":\"CallState\""), "{answer}");
}
