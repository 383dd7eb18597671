//! Rules and receivers that the configuration file says: by the program as it runs.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::receivers::RECEIVERS;
use super::{RULES, form};
use crate::process::Server;
use crate::streams::running::{FORM, answered, ask, post, program};

const FILE: &str = "
[[receiver]]
name = 'NOC'
type = 'slack'
url_file = 'slack-url'

[[alert]]
name = 'Answers'
measure = 'answer_seizure_ratio'
group_by = 'Carrier'
window = '30m'
below = 40
release = 45
receivers = ['NOC']

[[alert]]
name = 'Calls'
measure = 'calls'
below = 1
";

fn write(dir: &Path, file: &str) {
    std::fs::write(dir.join("sidetone.toml"), file).unwrap();
}

fn rules(server: &Server) -> Vec<Value> {
    ask(server, RULES)["rules"].as_array().unwrap().clone()
}

fn receivers(server: &Server) -> Vec<Value> {
    ask(server, RECEIVERS)["receivers"]
        .as_array()
        .unwrap()
        .clone()
}

/// Has the file read again, and waits until that shows.
fn read_again(server: &Server, shows: impl Fn() -> bool) {
    let pid = server.process.id().to_string();
    let hung_up = Command::new("kill").args(["-HUP", &pid]).status().unwrap();
    assert!(hung_up.success());
    let since = Instant::now();
    while !shows() {
        assert!(
            since.elapsed() < Duration::from_secs(30),
            "it does not show"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn rules_of_the_file_are_there_while_it_says_them() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), FILE);
    let slack = "https://hooks.slack.com/services/T0/B0/s3cret\n";
    std::fs::write(dir.path().join("slack-url"), slack).unwrap();
    let server = Server::start(&mut program(dir.path()));
    let [receiver] = &receivers(&server)[..] else {
        panic!("{:?}", receivers(&server))
    };
    assert_eq!(receiver["description"], "NOC");
    assert_eq!(receiver["source"], "file");
    assert_eq!(
        receiver["configuration"]["url"],
        "https://hooks.slack.com/***"
    );
    let [calls, answers] = &rules(&server)[..] else {
        panic!("{:?}", rules(&server))
    };
    assert_eq!(calls["name"], "Calls");
    assert_eq!(answers["receivers"], json!([receiver["sid"]]));
    assert_eq!(answers["below"], 40.0);
    assert_eq!(answers["window"], "30m");
    assert_eq!(answers["source"], "file");

    // Here it is muted, and nothing else.
    let path = format!("{RULES}/{}", answers["sid"].as_str().unwrap());
    let muted = post(&server, &path, FORM, b"MutedUntil=2h");
    assert!(muted["muted_until"].is_string());
    let receiver = format!("{RECEIVERS}/{}", receiver["sid"].as_str().unwrap());
    for (method, path, body) in [
        ("POST", &path, "Below=10"),
        ("POST", &path, "Name=Other"),
        ("DELETE", &path, ""),
        ("DELETE", &receiver, ""),
    ] {
        let (status, refused) = answered(&server, method, path, body);
        assert_eq!(status, 400, "{method} {path}: {refused}");
        assert!(refused.contains("sidetone.toml"), "{refused}");
        assert!(refused.contains("SIGHUP"), "{refused}");
    }
    let own = form(&[("Name", "Mine"), ("Measure", "calls"), ("Above", "9")]);
    let own = post(&server, RULES, FORM, own.as_bytes());
    assert_eq!(own["source"], "api");

    // A start with the same changes nothing.
    let before = rules(&server);
    drop(server);
    let server = Server::start(&mut program(dir.path()));
    assert_eq!(rules(&server), before);

    // Another limit, and one rule less.
    let less = FILE.split("[[alert]]\nname = 'Calls'").next().unwrap();
    write(dir.path(), &less.replace("below = 40", "below = 30"));
    read_again(&server, || rules(&server).len() == 2);
    let changed = ask(&server, &path);
    assert_eq!(changed["below"], 30.0);
    assert!(changed["muted_until"].is_string(), "it stays muted");
    // What is wrong leaves all as it is.
    write(dir.path(), &less.replace("below = 40", "below = 'low'"));
    read_again(&server, || true);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(ask(&server, &path)["below"], 30.0);
    write(dir.path(), "");
    read_again(&server, || receivers(&server).is_empty());
    let names: Vec<Value> = rules(&server).iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["Mine"]);
}

/// The error names the table, what is wrong in it, and what is allowed.
#[test]
fn wrong_rules_refuse_the_start() {
    for (from, to, expected) in [
        (
            "window = '30m'",
            "window = '5'",
            "alert[0] 'Answers': Invalid Window '5'. Expected a number of seconds",
        ),
        (
            "below = 40",
            "below = 'low'",
            "alert[0] 'Answers': Invalid Below 'low'. Expected a number.",
        ),
        (
            "below = 40\n",
            "",
            "alert[0] 'Answers': Missing Above. Expected a number, or Below.",
        ),
        (
            "'calls'",
            "'cals'",
            "alert[1] 'Calls': Invalid Measure 'cals'. Expected one of calls,",
        ),
        (
            "['NOC']",
            "['Night']",
            "alert[0] 'Answers': Invalid Receivers 'Night'. Expected the name of a [[receiver]]",
        ),
        (
            "name = 'Calls'",
            "name = 'Answers'",
            "alert[1] 'Answers': another rule of the account has that name",
        ),
        (
            "'slack'",
            "'slick'",
            "receiver[0] 'NOC': Invalid Type 'slick'. Expected one of alertmanager,",
        ),
        (
            "url_file = 'slack-url'",
            "uri = 's3cret'",
            "receiver[0] 'NOC': Invalid Configuration",
        ),
        (
            "url_file = 'slack-url'",
            "url_file = 'other'",
            "receiver[0] 'NOC': cannot read url_file other",
        ),
        (
            "release = 45",
            "relase = 45",
            "unknown field `relase`, expected one of",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &FILE.replacen(from, to, 1));
        std::fs::write(dir.path().join("slack-url"), "https://hooks.slack.com/x").unwrap();
        let ended = program(dir.path()).stderr(Stdio::piped()).output().unwrap();
        assert!(!ended.status.success(), "{to}");
        let told = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(told.contains(expected), "{to}: {told}");
        assert!(!told.contains("s3cret"), "{told}");
    }
}
