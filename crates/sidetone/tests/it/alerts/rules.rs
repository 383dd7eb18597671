//! Rules: whole requests, whole answers.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{RULES, form};
use crate::api::picture;
use crate::harness::{ACCOUNT, Answer, TOKEN, TestServer};

const ANSWERS: &[(&str, &str)] = &[
    ("Name", "Answers"),
    ("Measure", "answer_seizure_ratio"),
    ("Filters", "Direction=outbound_api"),
    ("GroupBy", "Carrier"),
    ("Window", "1h"),
    ("Below", "40"),
    ("Release", "45"),
    ("For", "5m"),
    ("Severity", "error"),
    ("QuietHours", "22:00-06:00"),
    ("TimeZone", "Europe/Berlin"),
];

pub(super) async fn delete(server: &TestServer, path: &str) -> Answer {
    let request = server.request(Method::DELETE, path).body(Body::empty());
    server.send(request.unwrap()).await
}

async fn made(server: &TestServer, pairs: &[(&str, &str)]) -> Value {
    let made = server.post(RULES, &form(pairs)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()
}

#[tokio::test]
async fn a_rule_is_made_changed_muted_and_forgotten() {
    let server = TestServer::start().await;
    let answer = server.post(RULES, &form(ANSWERS)).await;
    let rule = answer.json();
    let sid = rule["sid"].as_str().unwrap();
    insta::assert_snapshot!("rule", picture(&answer).replace(sid, "AR…"));
    let path = format!("{RULES}/{}", rule["sid"].as_str().unwrap());
    let found = server.get(&path).await;
    assert_eq!(found.json(), rule);
    let listed = server.get(RULES).await.json();
    assert_eq!(listed["rules"], json!([rule]));

    let changed = server
        .post(&path, "Above=60&Release=&GroupBy=&MutedUntil=2h")
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let changed = changed.json();
    assert_eq!(changed["below"], Value::Null);
    assert_eq!(changed["above"], 60.0);
    assert_eq!(changed["release"], Value::Null);
    assert_eq!(changed["group_by"], Value::Null);
    assert_eq!(changed["filters"], "Direction=outbound_api");
    assert_eq!(changed["window"], "1h");
    assert!(changed["muted_until"].is_string());
    let unmuted = server.post(&path, "MutedUntil=").await.json();
    assert_eq!(unmuted["muted_until"], Value::Null);

    assert_eq!(delete(&server, &path).await.status, 204);
    for answer in [delete(&server, &path).await, server.get(&path).await] {
        assert_eq!(answer.json()["code"], 20404);
    }
    assert_eq!(server.get(RULES).await.json()["rules"], json!([]));
}

/// Each says one thing of it, and has read it before the others have written.
#[tokio::test]
async fn changes_at_once_are_all_kept() {
    let server = TestServer::start().await;
    let rule = made(&server, ANSWERS).await;
    let path = format!("{RULES}/{}", rule["sid"].as_str().unwrap());
    let forms = [
        "Window=2h",
        "Below=30",
        "Release=50",
        "For=7m",
        "Severity=info",
        "MinCalls=99",
        "GroupBy=Country",
        "TimeZone=UTC",
        "QuietHours=",
        "Filters=Tag%3Dsilence",
        "MutedUntil=2h",
        "Name=Other",
    ];
    let mut changes = JoinSet::new();
    for form in forms {
        let (server, path) = (server.log_in(ACCOUNT, TOKEN), path.clone());
        changes.spawn(async move { server.post(&path, form).await });
    }
    while let Some(changed) = changes.join_next().await {
        let changed = changed.unwrap();
        assert_eq!(changed.status, 200, "{}", changed.text);
    }
    let rule = server.get(&path).await.json();
    for (member, value) in [
        ("window", json!("2h")),
        ("below", json!(30.0)),
        ("release", json!(50.0)),
        ("for", json!("7m")),
        ("severity", json!("info")),
        ("min_calls", json!(99)),
        ("group_by", json!("Country")),
        ("time_zone", json!("UTC")),
        ("quiet_hours", Value::Null),
        ("filters", json!("Tag=silence")),
        ("name", json!("Other")),
    ] {
        assert_eq!(rule[member], value, "{rule:#}");
    }
    assert!(rule["muted_until"].is_string());
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_said() {
    let server = TestServer::start().await;
    made(
        &server,
        &[("Name", "Taken"), ("Measure", "calls"), ("Above", "1")],
    )
    .await;
    let base = [("Name", "New"), ("Measure", "pdd.p95"), ("Above", "4000")];
    for (changes, parameter, expected) in [
        (&[("Name", "")][..], "Name", "1 to 100 characters"),
        (
            &[("Name", "Taken")],
            "Name",
            "a name that no other rule of this account has",
        ),
        (&[("Measure", "pdd.p90")], "Measure", "one of calls, share"),
        (&[("Above", "")], "Above", "a number, or Below"),
        (&[("Above", "high")], "Above", "a number"),
        (&[("Above", "NaN")], "Above", "a number"),
        (&[("Below", "1")], "Below", "nothing beside Above"),
        (&[("Release", "5000")], "Release", "at most Above, 4000"),
        (
            &[("Window", "5")],
            "Window",
            "a number of seconds, minutes or hours",
        ),
        (&[("Window", "30s")], "Window", "from 60s to 86400s"),
        (&[("Window", "25h")], "Window", "from 60s to 86400s"),
        (&[("For", "2d")], "For", "from 0s to 86400s"),
        (&[("GroupBy", "Colour")], "GroupBy", "one of From, To,"),
        (&[("MinCalls", "-1")], "MinCalls", "an integer from 0"),
        (
            &[("CompareWeeks", "9")],
            "CompareWeeks",
            "an integer from 1 to 8",
        ),
        (
            &[("CompareWeeks", "2"), ("GroupBy", "Agent")],
            "CompareWeeks",
            "nothing with GroupBy=Agent",
        ),
        (
            &[("CompareWeeks", "2"), ("Above", ""), ("Below", "3")],
            "Below",
            "a percentage below 0",
        ),
        (
            &[("Severity", "fatal")],
            "Severity",
            "critical, error, warning, info",
        ),
        (
            &[("QuietHours", "22-6")],
            "QuietHours",
            "hours of the day such as 22:00-06:00",
        ),
        (&[("TimeZone", "Berlin")], "TimeZone", "a name of the IANA"),
        (
            &[("Among", "Tag=silence")],
            "Among",
            "nothing, but with Measure=share",
        ),
        (
            &[("Filters", "Colour=red")],
            "Filters",
            "A list has no filter",
        ),
        (
            &[("Filters", "StartTime=4h")],
            "Filters",
            "A rule has no filter StartTime",
        ),
        (
            &[("Filters", "CallState=red")],
            "Filters",
            "Invalid CallState 'red'",
        ),
        (&[("Receivers", "me")], "Receivers", "the SID of a receiver"),
        (
            &[("Receivers", "DG00000000000000000000000000000001")],
            "Receivers",
            "the SID of a receiver",
        ),
        (
            &[("MutedUntil", "tomorrow")],
            "MutedUntil",
            "an ISO 8601 time, or nothing",
        ),
        (
            &[("Measure", "disk_full_in"), ("Filters", "Tag=silence")],
            "Filters",
            "of no calls",
        ),
        (
            &[("Measure", "source_silence"), ("GroupBy", "Carrier")],
            "GroupBy",
            "by agent in any case",
        ),
    ] {
        let mut pairs: Vec<(&str, &str)> = base.to_vec();
        pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        pairs.extend(
            changes
                .iter()
                .filter(|(_, value)| !value.is_empty() || parameter == "Name"),
        );
        let refused = server.post(RULES, &form(&pairs)).await;
        assert_eq!(refused.status, 400, "{pairs:?}: {}", refused.text);
        let refused = refused.json();
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(expected), "{pairs:?}: {message}");
        assert_eq!(refused["details"]["parameter"], parameter, "{refused}");
    }
    assert_eq!(
        server.get(RULES).await.json()["rules"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    for path in [
        "/v1/Voice/Alerts?State=bad",
        "/v1/Voice/Alerts?RuleSid=AR1",
        "/v1/Voice/Alerts?StartTime=x",
    ] {
        assert_eq!(server.get(path).await.status, 400, "{path}");
    }
    let unknown = server
        .get("/v1/Voice/Alerts/AF00000000000000000000000000000001")
        .await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn every_template_makes_a_rule() {
    let server = TestServer::start().await;
    let templates = server.get("/v1/Voice/Alerts/Templates").await.json();
    let templates = templates["templates"].as_array().unwrap();
    assert!(templates.len() >= 9);
    for template in templates {
        let name = template["name"].as_str().unwrap();
        let parameters = template["parameters"].as_object().unwrap();
        let pairs = parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
        let mut pairs: Vec<(&str, &str)> = pairs.collect();
        pairs.push(("Name", name));
        made(&server, &pairs).await;
    }
}

#[tokio::test]
async fn a_preview_tells_when_a_rule_would_have_fired() {
    let server = TestServer::start().await;
    let preview = server
        .get("/v1/Voice/Alerts/Preview?Measure=calls&Above=1&Window=1h")
        .await;
    assert_eq!(preview.status, 200, "{}", preview.text);
    let preview = preview.json();
    assert_eq!(preview["preview"]["interval"], "hour");
    assert_eq!(preview["preview"]["alerts"], json!([]));
    for query in [
        "Measure=source_silence&Above=1",
        "Measure=calls",
        "Measure=calls&Above=1&CompareWeeks=1",
    ] {
        let refused = server
            .get(&format!("/v1/Voice/Alerts/Preview?{query}"))
            .await;
        assert_eq!(refused.status, 400, "{query}: {}", refused.text);
    }
}
