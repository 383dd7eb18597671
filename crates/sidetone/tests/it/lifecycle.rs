//! A call from its first callback to its complete summary.

use sidetone::config::Settings;

use crate::harness::TestServer;

const CALL: &str = "CA00112233445566778899aabbccddeeff";
const PARTIES: &str = "From=%2B14155550100&To=%2B442079460101&Direction=outbound-api";

#[tokio::test]
async fn a_running_call_is_partial_and_settles_after_its_end() {
    let server = TestServer::start().await;
    server.step(CALL, "ringing", PARTIES).await;
    let path = format!("/v1/Voice/{CALL}/Summary");
    assert_eq!(server.get(&path).await.error(), (404, 17001));
    let partial = server
        .get(&format!("{path}?ProcessingState=partial"))
        .await
        .json();
    assert_eq!(partial["processing_state"], "partial");
    assert_eq!(partial["call_state"], "ringing");
    assert_eq!(partial["to"]["country_code"], "GB");

    server.step(CALL, "in-progress", PARTIES).await;
    server
        .step(CALL, "completed", &format!("{PARTIES}&CallDuration=1"))
        .await;
    assert_eq!(server.get(&path).await.error(), (404, 17001));
    server.pass(60).await;
    let complete = server.get(&path).await.json();
    assert_eq!(complete["processing_state"], "complete");
    assert_eq!(complete["call_state"], "completed");
    let version = complete["processing_version"].as_u64().unwrap();

    // A late event makes a new version, still complete.
    server
        .step(
            CALL,
            "completed",
            &format!("{PARTIES}&CallDuration=1&SipResponseCode=200&SequenceNumber=9"),
        )
        .await;
    let late = server.get(&path).await.json();
    assert_eq!(late["processing_state"], "complete");
    assert!(
        late["processing_version"].as_u64().unwrap() > version,
        "{late}"
    );
    assert_eq!(late["properties"]["last_sip_response_num"], 200);
}

#[tokio::test]
async fn the_same_callback_twice_changes_nothing() {
    let server = TestServer::start().await;
    let more =
        format!("{PARTIES}&SequenceNumber=1&Timestamp=Mon%2C+01+Jun+2026+12%3A00%3A00+%2B0000");
    server.step(CALL, "ringing", &more).await;
    let path = format!("/v1/Voice/{CALL}/Summary?ProcessingState=all");
    let once = server.get(&path).await.json();
    server.step(CALL, "ringing", &more).await;
    assert_eq!(server.get(&path).await.json(), once);
}

#[tokio::test]
async fn a_call_whose_end_was_not_seen_ends_at_its_last_event() {
    let settings = Settings {
        call_idle: Some("10m".parse().unwrap()),
        ..Settings::default()
    };
    let server = TestServer::with(settings).await;
    server.step(CALL, "in-progress", PARTIES).await;
    server.pass(601).await;
    server.pass(61).await;
    let summary = server
        .get(&format!("/v1/Voice/{CALL}/Summary"))
        .await
        .json();
    assert_eq!(summary["processing_state"], "complete");
    assert_eq!(summary["end_time"], "2026-06-01T12:00:00Z");
}

#[tokio::test]
async fn settling_waits_no_longer_than_its_limit() {
    let settings = Settings {
        settle_max: Some("2m".parse().unwrap()),
        ..Settings::default()
    };
    let server = TestServer::with(settings).await;
    server.step(CALL, "completed", PARTIES).await;
    let path = format!("/v1/Voice/{CALL}/Summary");
    for sequence in 0..4 {
        // Each of these comes before the quiet time of the one before is over.
        server
            .step(
                CALL,
                "completed",
                &format!("{PARTIES}&SequenceNumber={sequence}"),
            )
            .await;
        server.pass(40).await;
    }
    assert_eq!(
        server.get(&path).await.json()["processing_state"],
        "complete"
    );
}
