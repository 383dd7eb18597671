use serde_json::{Value, json};

use super::{CALL, picture, tell, with_complete_call};

async fn names(server: &crate::harness::TestServer, query: &str) -> Vec<String> {
    let answer = server
        .get(&format!("/v1/Voice/{CALL}/Events?{query}"))
        .await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    let body = answer.json();
    let events = body["events"].as_array().unwrap().iter();
    events
        .map(|event| event["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn events_by_time() {
    let server = with_complete_call().await;
    insta::assert_snapshot!(picture(
        &server.get(&format!("/v1/Voice/{CALL}/Events")).await
    ));
}

#[tokio::test]
async fn events_of_one_edge_hold_the_steps_seen_there() {
    let server = with_complete_call().await;
    let sdk = json!({"id": "sdk", "kind": "edge", "edge": "sdk_edge", "group": "connection", "name": "muted"});
    tell(&server, CALL, &[sdk]).await;
    assert_eq!(names(&server, "Edge=sdk_edge").await, ["muted"]);
    let carrier = [
        "call.initiated",
        "call.ringing",
        "call.answered",
        "received",
        "call.completed",
    ];
    assert_eq!(names(&server, "Edge=carrier_edge").await, carrier);
    assert_eq!(names(&server, "").await.len(), 6);
    let wrong = server
        .get(&format!("/v1/Voice/{CALL}/Events?Edge=sdk"))
        .await;
    assert_eq!(wrong.error(), (400, 17400));
}

#[tokio::test]
async fn metrics_by_edge_and_direction() {
    let server = with_complete_call().await;
    let path = format!("/v1/Voice/{CALL}/Metrics");
    insta::assert_snapshot!(picture(
        &server
            .get(&format!("{path}?Edge=carrier_edge&PageSize=1"))
            .await
    ));
    for (query, expected) in [
        ("", 2),
        ("Direction=inbound", 1),
        ("Direction=both", 0),
        ("Edge=sip_edge", 0),
        ("Edge=carrier_edge&Direction=outbound", 1),
    ] {
        let body = server.get(&format!("{path}?{query}")).await.json();
        assert_eq!(
            body["metrics"].as_array().unwrap().len(),
            expected,
            "{query}"
        );
        assert_eq!(body["meta"]["next_page_url"], Value::Null);
    }
    assert_eq!(
        server.get(&format!("{path}?Direction=up")).await.error(),
        (400, 17400)
    );
}
