//! What becomes of calls that break a rule: by the program as it runs, with a clock that runs faster.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::{RULES, form};
use crate::process::Server;
use crate::streams::running::{FORM, ask, delete, post, program};

/// How long anything may take that takes some seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server whose minute is a second.
fn quick(dir: &Path) -> Command {
    let mut program = program(dir);
    program
        .env("SIDETONE_TEST_CLOCK", "60")
        .env("SIDETONE_SETTLE", "10s");
    program
}

/// A call that was answered, or not, and is over.
fn call(server: &Server, number: u32, to: &str, status: &str) {
    let sid = format!("CA{number:032x}");
    for status in ["initiated", status] {
        let form = form(&[
            ("CallSid", &sid),
            ("CallStatus", status),
            ("From", "+12025550143"),
            ("To", to),
        ]);
        post(server, "/ingest/v1/status-callback", FORM, form.as_bytes());
    }
}

fn alerts(server: &Server, query: &str) -> Vec<Value> {
    let answer = ask(server, &format!("/v1/Voice/Alerts?{query}"));
    answer["alerts"].as_array().unwrap().clone()
}

/// Waits for alerts to be as they should.
#[track_caller]
fn until(server: &Server, what: &str, are: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let since = Instant::now();
    loop {
        let alerts = alerts(server, "");
        if are(&alerts) {
            return alerts;
        }
        assert!(since.elapsed() < PATIENCE, "{what}: {alerts:#?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Somebody who may see no telephone numbers, signed in.
struct Viewer<'s> {
    server: &'s Server,
    cookie: String,
}

impl<'s> Viewer<'s> {
    fn of(server: &'s Server) -> Self {
        let vera = b"Name=vera&Role=viewer&Password=correct+horse";
        post(server, "/v1/Voice/People", FORM, vera);
        let body = r#"{"user": "vera", "password": "correct horse"}"#;
        let request = format!(
            "POST /session HTTP/1.0\r\nHost: sidetone.test\r\nContent-Type: application/json\r\n\
            Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = said(server, &request);
        let cookie = answer
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = cookie.unwrap_or_else(|| panic!("{answer}"));
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { server, cookie }
    }

    fn get(&self, path: &str) -> Value {
        let cookie = &self.cookie;
        let request =
            format!("GET {path} HTTP/1.0\r\nHost: sidetone.test\r\nCookie: {cookie}\r\n\r\n");
        let answer = said(self.server, &request);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.0 200"), "{path}: {answer}");
        serde_json::from_str(body).unwrap()
    }
}

fn said(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_rule_that_is_broken_fires_once_for_each_group_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut quick(dir.path()));
    let (good, bad) = ("+12025550176", "+12025550177");
    let rule = form(&[
        ("Name", "Answers"),
        ("Measure", "answer_seizure_ratio"),
        ("GroupBy", "To"),
        ("Window", "10m"),
        ("Below", "50"),
        ("MinCalls", "6"),
        ("Severity", "error"),
    ]);
    // Calls of before the rule count as well.
    for number in 0..4 {
        call(&server, number, bad, "failed");
    }
    post(&server, RULES, FORM, rule.as_bytes());
    for number in 4..8 {
        call(&server, number, bad, "failed");
        call(&server, 100 + number, good, "completed");
    }
    let fired = until(&server, "fired", |it| !it.is_empty());
    let [alert] = &fired[..] else {
        panic!("{fired:#?}")
    };
    assert_eq!(alert["state"], "firing");
    assert_eq!(alert["group"], bad);
    assert_eq!(alert["severity"], "error");
    assert_eq!(alert["value"], 0.0);
    assert!(alert["calls"].as_u64().unwrap() >= 6, "{alert:#}");
    let shown = alert["call_sids"].as_array().unwrap();
    assert_eq!(shown.len() as u64, alert["calls"].as_u64().unwrap());
    // The link leads to the calls.
    let url = alert["calls_url"].as_str().unwrap();
    let path = &url[url.find("/v1/").unwrap()..];
    let listed = ask(&server, path);
    let listed: Vec<&Value> = listed["call_summaries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| &call["call_sid"])
        .collect();
    for sid in shown {
        assert!(listed.contains(&sid), "{sid} of {listed:?}");
    }

    // A server that is gone forgets nothing, and fires nothing twice.
    drop(server);
    let server = Server::start(&mut quick(dir.path()));
    call(&server, 50, bad, "failed");
    std::thread::sleep(Duration::from_secs(2));
    let still = alerts(&server, "State=firing");
    assert_eq!(still.len(), 1, "{still:#?}");
    assert_eq!(still[0]["sid"], alert["sid"]);
    assert_eq!(still[0]["fired_time"], alert["fired_time"]);

    for number in 200..230 {
        call(&server, number, bad, "completed");
    }
    let over = until(&server, "resolved", |it| {
        it.iter().all(|it| it["state"] == "resolved")
    });
    assert_eq!(over.len(), 1, "{over:#?}");
    assert_eq!(over[0]["sid"], alert["sid"]);
    assert!(over[0]["resolved_time"].is_string());
    assert_eq!(alerts(&server, "State=firing"), [] as [Value; 0]);
}

#[test]
fn an_alert_of_a_rule_that_is_deleted_ends() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut quick(dir.path()));
    let rule = form(&[
        ("Name", "Any call"),
        ("Measure", "calls"),
        ("Window", "10m"),
        ("Above", "0"),
        ("For", "5s"),
    ]);
    let rule = post(&server, RULES, FORM, rule.as_bytes());
    call(&server, 1, "+12025550176", "completed");
    until(&server, "fired", |it| {
        it.iter().any(|it| it["state"] == "firing")
    });
    let path = format!("{RULES}/{}", rule["sid"].as_str().unwrap());
    delete(&server, &path);
    let over = until(&server, "resolved", |it| {
        it.iter().all(|it| it["state"] == "resolved")
    });
    assert_eq!(over.len(), 1);
    assert_eq!(over[0]["rule_name"], "Any call");
}

#[test]
fn who_may_see_no_numbers_is_shown_alerts_without_them() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut quick(dir.path()));
    let agent = "sip:annabel@example.com";
    for (name, group_by, filters) in [
        ("Agents", "Agent", ""),
        ("Called", "To", "From=%2B12025550143"),
    ] {
        let rule = form(&[
            ("Name", name),
            ("Measure", "calls"),
            ("GroupBy", group_by),
            ("Filters", filters),
            ("Above", "0"),
        ]);
        post(&server, RULES, FORM, rule.as_bytes());
    }
    call(&server, 1, agent, "completed");
    let admins = until(&server, "fired", |it| it.len() == 2);
    assert!(admins.iter().all(|it| it["calls_url"].is_string()));
    let viewer = Viewer::of(&server);
    let seen = viewer.get("/v1/Voice/Alerts");
    assert_eq!(seen["alerts"].as_array().unwrap().len(), 2);
    for alert in seen["alerts"].as_array().unwrap() {
        assert_eq!(alert["calls_url"], Value::Null);
        assert_eq!(alert["interface_url"], Value::Null);
        let fetched = viewer.get(&format!(
            "/v1/Voice/Alerts/{}",
            alert["sid"].as_str().unwrap()
        ));
        assert_eq!(&fetched, alert);
    }
    // A rule that selects by a number is not shown; the other is.
    let rules = viewer.get(RULES);
    let names: Vec<&Value> = rules["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| &rule["name"])
        .collect();
    assert_eq!(names, ["Agents"]);
    for text in [seen.to_string(), rules.to_string()] {
        assert!(!text.contains("annabel"), "{text}");
        assert!(!text.contains("2025550143"), "{text}");
    }
}

#[test]
fn a_damaged_alert_is_set_aside_once_and_the_others_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut quick(dir.path()));
    let numbers = ["+12025550176", "+12025550177"];
    let rule = form(&[
        ("Name", "Answers"),
        ("Measure", "answer_seizure_ratio"),
        ("GroupBy", "To"),
        ("Window", "10m"),
        ("Below", "50"),
        ("MinCalls", "6"),
    ]);
    post(&server, RULES, FORM, rule.as_bytes());
    for number in 0..8 {
        call(&server, number, numbers[0], "failed");
        call(&server, 100 + number, numbers[1], "failed");
    }
    until(&server, "fired", |it| it.len() == 2);
    drop(server);

    let database = rusqlite::Connection::open(dir.path().join("data/sidetone.db")).unwrap();
    let damage = format!(
        "update alert set pending_us = 1 where grouped = '{}'",
        numbers[0]
    );
    database.execute_batch(&damage).unwrap();
    drop(database);
    let log = dir.path().join("log");
    let file = std::fs::File::create(&log).unwrap();
    let server = Server::start(quick(dir.path()).stderr(file));
    for number in 200..230 {
        call(&server, number, numbers[1], "completed");
    }
    let since = Instant::now();
    while ask(&server, "/v1/Voice/Alerts?State=resolved")["alerts"]
        .as_array()
        .unwrap()
        .is_empty()
    {
        assert!(since.elapsed() < PATIENCE, "the other does not end");
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_secs(3));
    let log = std::fs::read_to_string(log).unwrap();
    let told = log.matches("an alert that goes on cannot be read").count();
    assert_eq!(told, 1, "{log}");
}
