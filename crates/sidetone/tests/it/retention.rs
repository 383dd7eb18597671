//! What is too old goes: events first, then calls.

use serde_json::json;
use sidetone::config::Settings;
use sidetone::runner::{Next, Worker};
use sidetone::workers::retention::Retain;

use crate::harness::TestServer;

const CALL: &str = "CA00000000000000000000000000000001";
const RUNNING: &str = "CA00000000000000000000000000000002";
const DAY_S: i64 = 86_400;

/// What a server does that is started now, until all calls were looked at.
pub async fn retain(server: &TestServer) {
    let mut worker = Retain::new(server.app.clone());
    while worker.round(server.app.clock.now()).await.unwrap() != Next::Idle {}
}

async fn send(server: &TestServer, call: &str) -> u16 {
    let event = json!({"call_sid": call, "at": "2026-06-01T12:00:01Z", "kind": "progress", "step": "ringing"});
    let body = event.to_string().into_bytes();
    let answer = server
        .post_as("/ingest/v1/events", "application/x-ndjson", body)
        .await;
    answer.status.as_u16()
}

async fn events(server: &TestServer, call: &str) -> usize {
    let answer = server.get(&format!("/v1/Voice/{call}/Events")).await;
    answer.json()["events"].as_array().unwrap().len()
}

#[tokio::test]
async fn events_go_after_a_month_and_calls_after_a_year() {
    let server = TestServer::with(Settings {
        call_idle: Some("10000 days".parse().unwrap()),
        ..Settings::default()
    })
    .await;
    for call in [CALL, RUNNING] {
        server.step(call, "initiated", "From=%2B1&To=%2B2").await;
    }
    server.step(CALL, "completed", "").await;
    server.pass(120).await;
    let summary = format!("/v1/Voice/{CALL}/Summary");
    let before = server.get(&summary).await;
    assert_eq!(before.status, 200, "{}", before.text);
    retain(&server).await;
    assert!(events(&server, CALL).await > 0);

    server.pass(31 * DAY_S).await;
    retain(&server).await;
    assert_eq!(events(&server, CALL).await, 0);
    assert!(events(&server, RUNNING).await > 0);
    assert_eq!(server.get(&summary).await.text, before.text);
    assert_eq!(send(&server, CALL).await, 400);
    assert_eq!(send(&server, RUNNING).await, 200);
    server.pass(1).await;
    assert_eq!(server.get(&summary).await.text, before.text);

    server.pass(370 * DAY_S).await;
    retain(&server).await;
    assert_eq!(server.get(&summary).await.error(), (404, 17002));
    assert!(events(&server, RUNNING).await > 0);
    server.pass(401 * DAY_S).await;
    retain(&server).await;
    assert_eq!(server.get(&summary).await.error(), (404, 20404));
    let metrics = server.get("/metrics").await.text;
    for told in [
        r#"sidetone_expired_total{what="calls"} 1"#,
        r#"sidetone_expired_total{what="tombstones"} 1"#,
    ] {
        assert!(metrics.contains(told), "{metrics}");
    }
    assert_eq!(
        server.app.store.check().await.unwrap(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn what_is_to_be_kept_is_kept() {
    let server = TestServer::with(Settings {
        retention_events: Some("36500 days".parse().unwrap()),
        retention_summaries: Some("36500 days".parse().unwrap()),
        ..Settings::default()
    })
    .await;
    server.step(CALL, "initiated", "From=%2B1&To=%2B2").await;
    server.step(CALL, "completed", "").await;
    server.pass(10_000 * DAY_S).await;
    retain(&server).await;
    assert!(events(&server, CALL).await > 0);
}
