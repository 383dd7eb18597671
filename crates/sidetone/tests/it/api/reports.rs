//! Reports (Insights v2), each figure of calls that are written here.

use axum::http::Method;
use serde_json::{Value, json};
use sidetone::config::Settings;
use sidetone::runner::{Next, Worker};
use sidetone::workers::statistics::WriteSegments;

use super::{carrier_call, picture, settle, tell, tell_of};
use crate::harness::{Answer, TestServer};
use crate::retention::retain;

const ACCOUNT_REPORT: &str = "/v2/Voice/Reports";
const INBOUND: &str = "/v2/Voice/Reports/PhoneNumbers/Inbound";
const OUTBOUND: &str = "/v2/Voice/Reports/PhoneNumbers/Outbound";

const HOME: &str = "+15550100001";

/// What is said of each call: state, direction, type, from, to, and more. Where nothing is said of
/// something, nothing is known.
fn calls() -> Vec<Value> {
    let measured = |tags: Value| json!({"inbound": {"packets_received": 500}, "tags": tags});
    let ashburn = |tags: Value| {
        let mut edge = measured(tags);
        edge["edge_location"] = json!("ashburn");
        edge["media_region"] = json!("us1");
        json!({"carrier_edge": edge})
    };
    let telekom = |to: &str, connection: &str| json!({"address": to, "country_code": "DE", "carrier": "Telekom", "connection": connection});
    let kpn = |to: &str| json!({"address": to, "country_code": "NL", "carrier": "KPN"});
    let home = json!({"address": HOME, "country_code": "US"});
    let other = json!({"address": "+15550100002", "country_code": "US"});
    let alice = json!({"address": "client:alice"});
    let branded = |use_case: &str| (true, Some(use_case.to_owned()));
    let trust = |attestation: &str,
                 (is_branded, use_case): (bool, Option<String>),
                 bundle: Value| {
        json!({"attestation": attestation, "branded_enabled": is_branded, "branded_use_case": use_case,
            "voice_integrity_enabled": !bundle.is_null(), "voice_integrity_bundle_sid": bundle})
    };
    let (first, second) = (json!("BU1"), json!("BU2"));
    let mut voip = kpn("+31200111");
    voip["connection"] = json!("voip");
    vec![
        json!({"state": "completed", "direction": "outbound_api", "call_type": "carrier", "from": home,
            "to": telekom("+49300111", "mobile"), "connect_duration_s": 75, "answered_by": "human", "queue_time_ms": 100,
            "trust": trust("A", branded("Sales"), first.clone()), "edges": ashburn(json!([]))}),
        json!({"state": "completed", "direction": "outbound_api", "call_type": "carrier", "from": home,
            "to": telekom("+49300112", "landline"), "connect_duration_s": 5, "answered_by": "machine_start", "queue_time_ms": 300,
            "trust": trust("A", branded("Sales"), first), "edges": ashburn(json!(["high_packet_loss"]))}),
        json!({"state": "busy", "direction": "outbound_dial", "call_type": "carrier", "from": home, "last_sip_response": 486,
            "to": {"address": "+49300113", "country_code": "DE", "carrier": "Vodafone", "connection": "mobile"},
            "trust": trust("B", branded("Care"), Value::Null)}),
        json!({"state": "fail", "direction": "outbound_api", "call_type": "carrier", "from": other, "last_sip_response": 608,
            "to": voip, "trust": trust("C", (false, None), second)}),
        json!({"state": "fail", "direction": "outbound_api", "call_type": "carrier", "from": other, "last_sip_response": 404,
            "to": kpn("+31200112")}),
        json!({"state": "noanswer", "direction": "outbound_api", "call_type": "carrier", "from": home,
            "to": telekom("+49300111", "mobile")}),
        json!({"state": "completed", "direction": "inbound", "call_type": "carrier", "connect_duration_s": 20,
            "from": {"address": "+49300999", "country_code": "DE"}, "to": home, "edges": {"carrier_edge": measured(json!(["silence"]))}}),
        json!({"state": "canceled", "direction": "inbound", "call_type": "sip", "from": {"address": "+49300999", "country_code": "DE"},
            "to": {"address": "sip:desk@pbx.example.com"}}),
        json!({"state": "completed", "direction": "trunking_terminating", "call_type": "trunking", "connect_duration_s": 100,
            "from": {"address": "+49300999", "country_code": "DE"}, "to": home,
            "edges": {"sip_edge": {"edge_location": "dublin", "media_region": "ie1", "inbound": {"packets_received": 500}}}}),
        json!({"state": "completed", "direction": "inbound", "call_type": "client", "connect_duration_s": 60, "from": alice, "to": home,
            "edges": {"client_edge": measured(json!([])), "sdk_edge": measured(json!(["high_latency", "high_jitter"]))}}),
        json!({"state": "fail", "direction": "outbound_dial", "call_type": "client", "from": alice,
            "to": {"address": "+49300777", "country_code": "DE"}, "edges": {"sdk_edge": {"tags": ["ice_failure"]}}}),
    ]
}

fn sid(nth: usize) -> String {
    format!("CA{:032x}", nth + 1)
}

/// A server with these calls, five minutes apart from 10:00 on, and one that runs.
async fn with_calls() -> TestServer {
    let server = TestServer::start().await;
    for (nth, mut facts) in calls().into_iter().enumerate() {
        let minute = 5 * nth;
        let at = |second| format!("2026-06-01T10:{minute:02}:{second:02}Z");
        facts["started_at"] = json!(at(0));
        facts["ended_at"] = json!(at(50));
        let event = json!({"kind": "facts", "facts": facts, "at": at(50)});
        tell(&server, &sid(nth), &[event]).await;
    }
    let mut running = carrier_call();
    running.truncate(3);
    tell(&server, &sid(20), &running).await;
    settle(&server).await;
    server
}

async fn create(server: &TestServer, path: &str, body: &Value) -> Answer {
    let body = body.to_string().into_bytes();
    server.post_as(path, "application/json", body).await
}

/// The identifier of a report that is made.
async fn made(server: &TestServer, path: &str, body: &Value) -> String {
    let answer = create(server, path, body).await;
    assert_eq!(answer.status, 201, "{body}: {}", answer.text);
    answer.json()["report_id"].as_str().unwrap().to_owned()
}

async fn read(server: &TestServer, path: &str, body: &Value) -> Answer {
    let id = made(server, path, body).await;
    server.get(&format!("{path}/{id}")).await
}

/// With the identifiers of reports made alike.
fn shown(answer: &Answer) -> String {
    let picture = picture(answer);
    let mut parts = picture.split("voiceinsights_report_");
    let mut shown = parts.next().unwrap().to_owned();
    for part in parts {
        shown.push_str("voiceinsights_report_…");
        shown.push_str(&part[26..]);
    }
    shown
}

async fn count_all(server: &TestServer) {
    server.app.clock.advance_us(7_200_000_000);
    let mut worker = WriteSegments::new(server.app.clone());
    while worker.round(server.app.clock.now()).await.unwrap() != Next::Idle {}
}

#[tokio::test]
async fn an_account() {
    let server = with_calls().await;
    let day = json!({"time_range": {"start_datetime": "2026-06-01T00:00:00Z", "end_datetime": "2026-06-02T00:00:00Z"}});
    insta::assert_snapshot!(
        "created",
        shown(&create(&server, ACCOUNT_REPORT, &day).await)
    );
    let fresh = read(&server, ACCOUNT_REPORT, &day).await;
    insta::assert_snapshot!("account", shown(&fresh));
    // The same of columns.
    count_all(&server).await;
    let counted = read(&server, ACCOUNT_REPORT, &day).await;
    assert_eq!(counted.json()["report"], fresh.json()["report"]);
}

#[tokio::test]
async fn an_account_without_calls() {
    let server = TestServer::start().await;
    let answer = read(&server, ACCOUNT_REPORT, &Value::Null).await;
    insta::assert_snapshot!(shown(&answer));
    for path in [INBOUND, OUTBOUND] {
        assert_eq!(
            read(&server, path, &json!({})).await.json()["reports"],
            json!([])
        );
    }
}

#[tokio::test]
async fn a_call_of_which_little_is_known() {
    let server = TestServer::start().await;
    let times = json!({"started_at": "2026-06-01T11:00:00Z", "ended_at": "2026-06-01T11:00:50Z", "state": "fail"});
    tell(
        &server,
        &sid(0),
        &[json!({"kind": "facts", "facts": times})],
    )
    .await;
    settle(&server).await;
    let answer = read(&server, ACCOUNT_REPORT, &json!({})).await;
    insta::assert_snapshot!(shown(&answer));
}

#[tokio::test]
async fn numbers() {
    let server = with_calls().await;
    insta::assert_snapshot!("inbound", shown(&read(&server, INBOUND, &json!({})).await));
    insta::assert_snapshot!(
        "outbound",
        shown(&read(&server, OUTBOUND, &json!({})).await)
    );
    count_all(&server).await;
    let top = read(&server, OUTBOUND, &json!({"size": 2})).await.json();
    let handles: Vec<_> = top["reports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["handle"])
        .collect();
    assert_eq!(handles, [HOME, "+15550100002"]);
}

#[tokio::test]
async fn filters_narrow() {
    let server = with_calls().await;
    for (key, values, expected) in [
        ("call_state", json!(["completed", "busy"]), 6),
        ("call_direction", json!(["inbound"]), 4),
        ("call_direction", json!(["outbound"]), 7),
        ("call_direction", json!(["outbound_dial"]), 2),
        ("call_type", json!(["sip", "trunking"]), 2),
        ("twilio_regions", json!(["us1"]), 2),
        ("twilio_regions", json!(["ie1", "us1"]), 3),
        ("twilio_regions", json!(["au1"]), 0),
        ("caller_country_code", json!(["us"]), 6),
        ("callee_country_code", json!(["NL"]), 2),
        ("silent", json!(["true"]), 1),
        ("silent", json!(["false"]), 10),
        ("silent", json!(["true", "false"]), 11),
    ] {
        let body = json!({"filters": [{"key": key, "values": values}]});
        let report = read(&server, ACCOUNT_REPORT, &body).await.json();
        assert_eq!(report["report"]["total_calls"], json!(expected), "{body}");
        assert_eq!(report["request_meta"]["filters"], body["filters"]);
    }
    // What is narrowed to nothing says nothing of it.
    let inbound = json!({"filters": [{"key": "call_direction", "values": ["inbound"]}]});
    let report = read(&server, ACCOUNT_REPORT, &inbound).await.json()["report"].clone();
    let outbound = &report["KYT"]["outbound_carrier_calling"];
    assert_eq!(outbound["unique_calling_numbers"], json!(0));
    assert_eq!(
        outbound["branded_calling"]["total_branded_calls"],
        Value::Null
    );
    assert_eq!(
        read(&server, OUTBOUND, &inbound).await.json()["reports"],
        json!([])
    );
    let dutch = json!({"filters": [{"key": "callee_country_code", "values": ["NL"]}]});
    let dutch = read(&server, OUTBOUND, &dutch).await.json();
    assert_eq!(dutch["reports"][0]["handle"], json!("+15550100002"));
    assert_eq!(dutch["reports"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn times_are_those_of_starts() {
    let server = with_calls().await;
    let calls = async |start: &str, end: &str| {
        let range = json!({"start_datetime": start, "end_datetime": end});
        let report = read(&server, ACCOUNT_REPORT, &json!({"time_range": range})).await;
        report.json()["report"]["total_calls"].as_u64().unwrap()
    };
    // Each ends 50 s after its start.
    assert_eq!(
        calls("2026-06-01T10:00:00Z", "2026-06-01T10:00:10Z").await,
        1
    );
    assert_eq!(
        calls("2026-06-01T10:00:00Z", "2026-06-01T10:05:00Z").await,
        1
    );
    assert_eq!(
        calls("2026-06-01T10:05:00Z", "2026-06-01T10:50:00Z").await,
        9
    );
    assert_eq!(
        calls("2026-06-01T12:05:00+02:00", "2026-06-01T10:50:01Z").await,
        10
    );
    assert_eq!(
        calls("2026-06-01T10:50:01Z", "2026-06-01T12:00:00Z").await,
        0
    );
}

#[tokio::test]
async fn pages_stand_still() {
    let server = with_calls().await;
    let id = made(&server, OUTBOUND, &json!({})).await;
    let whole = server.get(&format!("{OUTBOUND}/{id}")).await.json();
    let first = server.get(&format!("{OUTBOUND}/{id}?PageSize=2")).await;
    insta::assert_snapshot!(
        "page",
        shown(&first)
            .lines()
            .take(14)
            .collect::<Vec<_>>()
            .join("\n")
    );
    // Whoever calls meanwhile is in no page of it.
    let facts = json!({"started_at": "2026-06-01T11:30:00Z", "ended_at": "2026-06-01T11:30:50Z", "state": "completed",
        "direction": "outbound_api", "from": {"address": "+15550100000"}});
    tell(
        &server,
        &sid(30),
        &[json!({"kind": "facts", "facts": facts})],
    )
    .await;
    settle(&server).await;
    let mut rows = first.json()["reports"].as_array().unwrap().clone();
    let next = first.json()["meta"]["next_page_url"]
        .as_str()
        .unwrap()
        .to_owned();
    let next = next.strip_prefix("http://sidetone.test").unwrap();
    let second = server.get(next).await.json();
    assert_eq!(second["meta"]["next_page_url"], Value::Null);
    rows.extend(second["reports"].as_array().unwrap().clone());
    assert_eq!(json!(rows), whole["reports"]);
    let back = second["meta"]["previous_page_url"].as_str().unwrap();
    let back = server
        .get(back.strip_prefix("http://sidetone.test").unwrap())
        .await;
    assert_eq!(back.json()["reports"], first.json()["reports"]);
    for (query, parameter) in [
        ("PageSize=many", "PageSize"),
        ("PageToken=PTx", "PageToken"),
    ] {
        let answer = server.get(&format!("{OUTBOUND}/{id}?{query}")).await;
        assert_eq!(answer.error(), (400, 17400));
        assert_eq!(answer.json()["details"]["parameter"], parameter);
    }
}

#[tokio::test]
async fn wrong_requests() {
    let server = TestServer::start().await;
    let wrong = json!({"filters": [{"key": "colour", "values": ["red"]}]});
    insta::assert_snapshot!(
        "unknown_filter",
        shown(&create(&server, ACCOUNT_REPORT, &wrong).await)
    );
    for path in [ACCOUNT_REPORT, INBOUND, OUTBOUND] {
        for (body, parameter) in [
            (json!([]), "body"),
            (json!({"size": 6001}), "size"),
            (
                json!({"time_range": {"end_datetime": "today"}}),
                "time_range.end_datetime",
            ),
            (
                json!({"filters": [{"key": "call_type", "values": ["pstn"]}]}),
                "filters[0].values[0]",
            ),
        ] {
            let answer = create(&server, path, &body).await;
            assert_eq!(answer.error(), (400, 20001), "{body}");
            assert_eq!(
                answer.json()["details"]["parameter"],
                parameter,
                "{}",
                answer.text
            );
        }
        for (kind, body) in [("application/json", "{"), ("text/plain", "{}")] {
            let answer = server.post_as(path, kind, body.into()).await;
            assert_eq!(answer.error(), (400, 20001), "{}", answer.text);
        }
        let long = vec![b' '; 70_000];
        let answer = server.post_as(path, "application/json", long).await;
        assert_eq!(answer.error(), (413, 20413));
        let request = server.request(Method::GET, path);
        let answer = server
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await;
        assert_eq!(answer.error(), (405, 20004));
        assert!(answer.header("allow").unwrap().contains("POST"));
    }
    let mistyped = create(&server, INBOUND, &json!({"time_rnage": {}, "filters": []})).await;
    assert_eq!(mistyped.status, 201);
    let hint = "time_rnage is unknown and was ignored; did you mean time_range?";
    assert_eq!(mistyped.header("sidetone-hint"), Some(hint));
}

#[tokio::test]
async fn reports_are_of_an_account_and_a_kind() {
    let server = with_calls().await;
    let sub = server.subaccount().await;
    let child = sub.account_sid.to_string();
    tell_of(&server, &child, &sid(0), &carrier_call()).await;
    settle(&server).await;
    let own = made(&server, ACCOUNT_REPORT, &json!({})).await;
    let below = server.log_in(&child, &sub.auth_token);
    let theirs = read(&below, ACCOUNT_REPORT, &json!({})).await.json();
    assert_eq!(theirs["account_sid"], json!(child));
    assert_eq!(theirs["report"]["total_calls"], json!(1));
    // A parent reads what is below, nobody what is above or beside.
    let path = format!("{ACCOUNT_REPORT}/{}", theirs["report_id"].as_str().unwrap());
    assert_eq!(server.get(&path).await.json(), theirs);
    assert_eq!(
        below.get(&format!("{ACCOUNT_REPORT}/{own}")).await.error(),
        (404, 20404)
    );
    assert_eq!(
        server.get(&format!("{INBOUND}/{own}")).await.error(),
        (404, 20404)
    );
    let numbers = made(&server, INBOUND, &json!({})).await;
    assert_eq!(
        server
            .get(&format!("{ACCOUNT_REPORT}/{numbers}"))
            .await
            .error(),
        (404, 20404)
    );
    for id in [
        "nonsense",
        "voiceinsights_report_00000000000000000000000000",
        "PhoneNumbers",
    ] {
        let answer = server.get(&format!("{ACCOUNT_REPORT}/{id}")).await;
        assert_eq!(answer.error(), (404, 20404), "{id}");
    }
    let stranger = server.log_in(&child, "wrong");
    assert_eq!(stranger.get(&path).await.error(), (401, 20003));
}

#[tokio::test]
async fn reports_go_with_time_and_with_erased_calls() {
    let server = with_calls().await;
    let path = format!(
        "{ACCOUNT_REPORT}/{}",
        made(&server, ACCOUNT_REPORT, &json!({})).await
    );
    server.pass(7 * 86_400 - 1).await;
    assert_eq!(server.get(&path).await.status, 200);
    server.pass(1).await;
    assert_eq!(server.get(&path).await.error(), (404, 20404));
    retain(&server).await;
    let metrics = server.get("/metrics").await.text;
    let removed = r#"sidetone_expired_total{what="reports"} 1"#;
    assert!(metrics.contains(removed), "{metrics}");

    let path = format!(
        "{ACCOUNT_REPORT}/{}",
        made(&server, ACCOUNT_REPORT, &json!({})).await
    );
    let call = sidetone_core::id::CallRef {
        account: crate::harness::ACCOUNT.parse().unwrap(),
        sid: sid(0).parse().unwrap(),
    };
    server
        .app
        .store
        .erase(vec![call], "test", server.app.clock.now())
        .await
        .unwrap();
    assert_eq!(server.get(&path).await.error(), (404, 20404));
}

#[tokio::test]
async fn reports_are_kept_for_no_longer_than_calls() {
    let server = TestServer::with(Settings {
        retention_summaries: Some("1 day".parse().unwrap()),
        ..Settings::default()
    })
    .await;
    let path = format!(
        "{ACCOUNT_REPORT}/{}",
        made(&server, ACCOUNT_REPORT, &json!({})).await
    );
    server.pass(86_400 - 1).await;
    assert_eq!(server.get(&path).await.status, 200);
    server.pass(1).await;
    assert_eq!(server.get(&path).await.error(), (404, 20404));
}
