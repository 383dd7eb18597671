//! Senders that sign instead of logging in.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use sidetone::accounts;
use sidetone::config::Settings;
use sidetone_wire::signature::{body_hash, sign_url};

use crate::harness::{ACCOUNT, Answer, TOKEN, TestServer};

const CALL: &str = "CA00112233445566778899aabbccddeeff";

async fn send(server: &TestServer, token: &str, path: &str, body: &str) -> Answer {
    let path = format!("{path}bodySHA256={}", body_hash(body.as_bytes()));
    let url = format!("http://sidetone.test{path}");
    let request = Request::post(path)
        .header("host", "sidetone.test")
        .header("content-type", "application/json")
        .header("x-twilio-signature", sign_url(token.as_bytes(), &url));
    server
        .send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

fn summary(data: Value) -> String {
    json!([{
        "specversion": "1.0", "type": "com.twilio.voice.insights.call-summary.complete", "id": "EZ1",
        "source": format!("/v1/Voice/{CALL}/Summary"), "time": "2026-06-01T11:05:00Z", "data": data,
    }])
    .to_string()
}

#[tokio::test]
async fn event_streams_are_known_by_their_signature_before_they_are_read() {
    let server = TestServer::start().await;
    let path = "/ingest/v1/event-streams?";
    let data = json!({"account_sid": ACCOUNT, "call_sid": CALL, "call_state": "completed"});
    for data in [data.clone(), Value::String(data.to_string())] {
        let answer = send(&server, TOKEN, path, &summary(data.clone())).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let answer = send(&server, "wrong", path, &summary(data)).await;
        assert_eq!(answer.error(), (401, 20003));
    }
    // The name of a parent that comes first is not the account's own.
    let child = summary(data.clone()).replace(
        "\"account_sid\"",
        "\"parent_account_sid\":\"AC77777777777777777777777777777777\",\"account_sid\"",
    );
    let answer = send(&server, TOKEN, path, &child).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    // Not even whether it is JSON is said to whoever signs wrongly.
    assert_eq!(
        send(&server, "wrong", path, "[").await.error(),
        (401, 20003)
    );
    let named = format!("{path}AccountSid={ACCOUNT}&");
    assert_eq!(
        send(&server, TOKEN, &named, "[").await.error(),
        (400, 20001)
    );
    // The URL is signed too, so what it names holds for events that name nobody.
    let bare = summary(json!({"call_sid": CALL, "call_state": "completed"}));
    let report = send(&server, TOKEN, &named, &bare).await.json();
    assert_eq!(report["rejected"], 0, "{report}");
}

#[tokio::test]
async fn callbacks_in_json_are_signed_by_their_hash() {
    let server = TestServer::start().await;
    let body = json!({"AccountSid": ACCOUNT, "CallSid": CALL, "CallStatus": "ringing"}).to_string();
    let path = "/ingest/v1/status-callback?";
    assert_eq!(send(&server, TOKEN, path, &body).await.status, 204);
    assert_eq!(
        send(&server, "wrong", path, &body).await.error(),
        (401, 20003)
    );
}

#[tokio::test]
async fn the_old_token_signs_until_it_expires() {
    let server = TestServer::start().await;
    let store = server.app.store.as_ref();
    let now = server.app.clock.now();
    let until = now.plus_us(3_600_000_000);
    let made = accounts::rotate_token(store, &server.vault, ACCOUNT.parse().unwrap(), until, now)
        .await
        .unwrap();
    server.app.directory.refresh(store).await.unwrap();
    let body = json!({"AccountSid": ACCOUNT, "CallSid": CALL, "CallStatus": "ringing"}).to_string();
    let path = "/ingest/v1/status-callback?";
    for token in [TOKEN, &made.auth_token] {
        assert_eq!(send(&server, token, path, &body).await.status, 204);
    }
    server.app.clock.advance_us(3_601_000_000);
    assert_eq!(
        send(&server, TOKEN, path, &body).await.error(),
        (401, 20003)
    );
}

#[tokio::test]
async fn signed_requests_count_against_the_budget() {
    let settings = Settings {
        rate_limit: Some(1),
        ..Settings::default()
    };
    let server = TestServer::with(settings).await;
    let body = json!({"AccountSid": ACCOUNT, "CallSid": CALL, "CallStatus": "ringing"}).to_string();
    let path = "/ingest/v1/status-callback?";
    assert_eq!(send(&server, TOKEN, path, &body).await.status, 204);
    assert_eq!(
        send(&server, TOKEN, path, &body).await.error(),
        (429, 20429)
    );
}
