//! What voice SDKs publish, through the doors that they know.

mod speakers;

use std::fs;
use std::path::Path;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};
use sidetone::accounts;
use sidetone_core::time::{SECOND_US, TimeUs};

use crate::harness::{ACCOUNT, Answer, TestServer};

const EVENTS: &str = "/v4/EndpointEvents";
const METRICS: &str = "/v4/EndpointMetrics";
const CALL: &str = "CA0123456789abcdef0123456789abcdef";
const OTHER: &str = "CAf123456789abcdef0123456789abcdef";

/// An API key and its secret.
struct Key {
    sid: String,
    secret: String,
}

async fn key(server: &TestServer) -> Key {
    let (store, now) = (server.app.store.as_ref(), server.app.clock.now());
    let account = ACCOUNT.parse().unwrap();
    let made = accounts::create_key(store, &server.vault, account, String::new(), "tester", now);
    let (sid, secret) = made.await.unwrap();
    server.app.directory.refresh(store).await.unwrap();
    Key {
        sid: sid.to_string(),
        secret,
    }
}

/// A JWT, signed.
fn jwt(header: &Value, payload: &Value, secret: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(payload));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn seconds(server: &TestServer) -> i64 {
    server.app.clock.now().micros() / SECOND_US
}

/// The claims of a Voice SDK's token.
fn claims(server: &TestServer, key: &Key, identity: &str) -> Value {
    json!({
        "iss": key.sid, "sub": ACCOUNT, "exp": seconds(server) + 3_600,
        "grants": {
            "identity": identity,
            "voice": {"incoming": {"allow": true}, "outgoing": {"application_sid": "AP1"}},
        },
    })
}

fn token(server: &TestServer, key: &Key, identity: &str) -> String {
    jwt(
        &json!({"alg": "HS256"}),
        &claims(server, key, identity),
        &key.secret,
    )
}

async fn send(server: &TestServer, path: &str, token: &str, body: &Value) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("host", "sidetone.test")
        .header("origin", "https://shop.example")
        .header("content-type", "application/json");
    let request = match token {
        "" => request,
        token => request.header("x-twilio-token", token),
    };
    let body = serde_json::to_vec(body).unwrap();
    server.send(request.body(Body::from(body)).unwrap()).await
}

/// An event of a call.
fn event(name: &str, payload: &Value) -> Value {
    json!({
        "group": "connection", "name": name, "level": "INFO", "timestamp": "2026-06-01T12:00:00Z",
        "publisher": "twilio-js-sdk", "payload": payload,
    })
}

fn samples(call: &str) -> Value {
    let sample = json!({
        "call_sid": call, "direction": "OUTGOING", "timestamp": "2026-06-01T12:00:05Z",
        "total_packets_received": 50, "packets_received": 50,
    });
    json!({"group": "quality-metrics-samples", "name": "metrics-sample", "payload": [sample]})
}

async fn counted(server: &TestServer, what: &str) -> bool {
    let metrics = server.get("/metrics").await.text;
    metrics.lines().any(|line| line.starts_with(what))
}

fn recording(name: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let json = fs::read(root.join(format!("voice-sdk/{name}.json"))).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// A server on the day of the recordings.
async fn in_november() -> TestServer {
    let server = TestServer::start().await;
    let then = TimeUs::parse_rfc3339("2026-11-20T08:50:00Z").unwrap();
    let from_now = then.since_us(server.app.clock.now());
    server.app.clock.advance_us(from_now);
    server
}

/// Sends all that the SDK sent. Says how many events were new, and how many were there already.
async fn replay(server: &TestServer, token: &str, recording: &Value) -> (u64, u64) {
    let (mut new, mut known) = (0, 0);
    for request in recording["requests"].as_array().unwrap() {
        let path = request["path"].as_str().unwrap();
        if request["method"] == "OPTIONS" {
            let preflight = Request::builder().method(Method::OPTIONS).uri(path);
            let preflight = server.send(preflight.body(Body::empty()).unwrap()).await;
            let allowed = preflight.header("access-control-allow-headers").unwrap();
            let allowed = allowed.to_lowercase();
            assert_eq!(preflight.status, StatusCode::NO_CONTENT);
            assert!(allowed.contains("content-type") && allowed.contains("x-twilio-token"));
            assert_eq!(preflight.header("access-control-allow-origin"), Some("*"));
            assert!(preflight.header("access-control-max-age").is_some());
            continue;
        }
        let answer = send(server, path, token, &request["body"]).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let (accepted, duplicates) = answer.kept();
        new += accepted;
        known += duplicates;
        // Faster than it was recorded, and not faster than it may be.
        server.app.clock.advance_us(20_000);
    }
    (new, known)
}

#[tokio::test]
async fn what_the_stock_sdk_sent_becomes_one_call_with_the_figures_of_the_browser() {
    for (name, received, sent, lost, mos) in [
        ("clean", 822, 818, 0, Some(4.43)),
        ("lossy", 3685, 6330, 330, Some(3.788)),
        ("nomedia", 0, 0, 0, None),
    ] {
        let server = in_november().await;
        let token = token(&server, &key(&server).await, "alice");
        let recording = recording(name);
        let (new, known) = replay(&server, &token, &recording).await;
        assert!(new > 30 && known == 0, "{name}: {new} {known}");
        let (more, again) = replay(&server, &token, &recording).await;
        assert_eq!((more, again), (0, new), "{name}: a resend changes nothing");
        server.pass(120).await;

        let list = "/v1/Voice/Summaries?StartTime=4w&ProcessingState=all";
        let calls = server.get(list).await.json();
        let calls = calls["call_summaries"].as_array().unwrap();
        assert_eq!(
            calls.len(),
            1,
            "{name}: the temporary name is of the same call"
        );
        assert_eq!(calls[0]["call_sid"], CALL, "{name}");
        let summary = server
            .get(&format!("/v1/Voice/{CALL}/Summary"))
            .await
            .json();
        assert_eq!(summary["call_state"], "completed", "{name}");
        assert_eq!(summary["from"]["caller"], "client:alice", "{name}");
        let metrics = &summary["sdk_edge"]["metrics"];
        assert_eq!(metrics["inbound"]["packets_received"], received, "{name}");
        assert_eq!(metrics["inbound"]["packets_lost"], lost, "{name}");
        assert_eq!(metrics["outbound"]["packets_sent"], sent, "{name}");
        let found = metrics["inbound"]["mos"]["avg"].as_f64();
        let close = |(found, expected): (f64, f64)| (found - expected).abs() < 0.001;
        assert_eq!(found.is_some(), mos.is_some(), "{name}");
        assert!(found.zip(mos).is_none_or(close), "{name}: {found:?}");
        if mos.is_some() {
            assert_eq!(metrics["inbound"]["mos_method"], "sdk", "{name}");
        }

        let rated = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{CALL}/Feedback.json");
        let feedback = server.get(&rated).await.json();
        assert_eq!(feedback["quality_score"], 4, "{name}");
        assert_eq!(feedback["issues"], json!(["imperfect-audio"]), "{name}");
        assert!(
            counted(
                &server,
                "sidetone_events_total{source=\"voice_sdk\",result=\"accepted\"}"
            )
            .await
        );
    }
}

#[tokio::test]
async fn requests_are_as_many_as_they_may_be() {
    let server = TestServer::start().await;
    let key = key(&server).await;
    let alice = token(&server, &key, "alice");
    let body = json!({"group": "audio", "name": "device-change", "payload": {}});
    for _ in 0..100 {
        let ignored = send(&server, EVENTS, &alice, &body).await;
        assert_eq!(ignored.json()["ignored"], 1, "{}", ignored.text);
    }
    let slowed = send(&server, EVENTS, &alice, &body).await;
    assert_eq!(slowed.error(), (429, 20429));
    assert_eq!(slowed.header("retry-after"), Some("1"));
    let bob = token(&server, &key, "bob");
    assert_eq!(send(&server, EVENTS, &bob, &body).await.status, 200);
    server.app.clock.advance_us(SECOND_US);
    assert_eq!(send(&server, EVENTS, &alice, &body).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_changes_nothing() {
    let server = TestServer::start().await;
    let token = token(&server, &key(&server).await, "alice");
    let payload = json!({"call_sid": 7});
    let refused = send(&server, EVENTS, &token, &event("muted", &payload)).await;
    assert_eq!(refused.error(), (400, 20001));
    assert!(
        refused
            .text
            .contains("Invalid payload.call_sid. Expected a CallSid."),
        "{}",
        refused.text
    );
    let refused = send(&server, METRICS, &token, &event("muted", &json!({}))).await;
    assert_eq!(refused.error(), (400, 20001));
    let large = event(
        "muted",
        &json!({"temp_call_sid": "TJS1", "x": "x".repeat(70_000)}),
    );
    let refused = send(&server, EVENTS, &token, &large).await;
    assert_eq!(refused.error(), (413, 20413));
    let request = Request::builder().uri(EVENTS).body(Body::empty()).unwrap();
    assert_eq!(server.send(request).await.error(), (405, 20004));
}
