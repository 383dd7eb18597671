//! A call from its first callback to its complete summary.

use rusqlite::Connection;
use sidetone::config::Settings;
use sidetone::workers::catch_up::CatchUp;
use sidetone_core::event::{CallEvent, EdgeEvent, Observation, Timer};
use sidetone_core::fold::FOLD_VERSION;
use sidetone_core::id::CallRef;
use sidetone_store::NewEvent;

use crate::harness::{ACCOUNT, TestServer};

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

#[tokio::test]
async fn a_clock_that_is_set_back_keeps_no_call_from_settling() {
    let server = TestServer::start().await;
    server.step(CALL, "completed", PARTIES).await;
    let mut worker = CatchUp::new(server.app.clone());
    server.app.clock.turn_us(-3_600_000_000);
    worker.drain().await.unwrap();
    server.pass(60).await;
    let path = format!("/v1/Voice/{CALL}/Summary");
    let summary = server.get(&path).await.json();
    assert_eq!(summary["processing_state"], "complete");
    // Nor does one whose end lies ahead, by whatever clock.
    let other = CALL.replace("CA00", "CA01");
    let ahead = format!("{PARTIES}&Timestamp=Mon%2C+08+Jun+2026+12%3A00%3A00+%2B0000");
    server.step(&other, "completed", &ahead).await;
    server.pass(60).await;
    let path = format!("/v1/Voice/{other}/Summary");
    let summary = server.get(&path).await.json();
    assert_eq!(summary["processing_state"], "complete");
}

#[tokio::test]
async fn calls_of_a_day_with_damaged_rules_are_judged_by_the_built_in_ones() {
    let server = TestServer::start().await;
    server.step(CALL, "ringing", PARTIES).await;
    let damaged = Connection::open(server.dir.path().join("sidetone.db"))
        .unwrap()
        .execute("update rules set body = '{}'", [])
        .unwrap();
    assert_eq!(damaged, 1);
    let other = CALL.replace("CA00", "CA01");
    for call in [CALL, &other] {
        server.step(call, "in-progress", PARTIES).await;
        let path = format!("/v1/Voice/{call}/Summary?ProcessingState=all");
        assert_eq!(server.get(&path).await.json()["call_state"], "answered");
    }
    let found = server.app.store.check().await.unwrap();
    assert!(
        found.iter().all(|it| it.starts_with("table rules")),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_call_that_cannot_be_written_is_set_aside_alone() {
    let server = TestServer::start().await;
    let other = CALL.replace("CA00", "CA01");
    for call in [CALL, &other] {
        server.step(call, "ringing", PARTIES).await;
    }
    let path = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{CALL}/Feedback.json");
    assert_eq!(server.post(&path, "QualityScore=3").await.status, 201);
    let conn = Connection::open(server.dir.path().join("sidetone.db")).unwrap();
    conn.execute_batch("pragma foreign_keys = off; delete from feedback")
        .unwrap();
    for call in [CALL, &other] {
        let form = format!("CallSid={call}&CallStatus=in-progress&{PARTIES}");
        let answer = server.post("/ingest/v1/status-callback", &form).await;
        assert_eq!(answer.status, 204);
    }
    server.pass(1).await;
    let states = async || {
        let mut states = Vec::new();
        for call in [CALL, &other] {
            let path = format!("/v1/Voice/{call}/Summary?ProcessingState=all");
            states.push(server.get(&path).await.json()["call_state"].clone());
        }
        states
    };
    assert_eq!(states().await, ["ringing", "answered"]);
    let found = server.app.store.check().await.unwrap();
    assert!(
        found
            .iter()
            .any(|it| it.starts_with(CALL) && it.contains("is set aside")),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_call_that_ends_the_process_again_and_again_is_set_aside() {
    let server = TestServer::start().await;
    let account = ACCOUNT.parse().unwrap();
    let call = CallRef {
        account,
        sid: CALL.parse().unwrap(),
    };
    let now = server.app.clock.now();
    // As they were kept before what an event takes was bounded: several pieces.
    let events = (0..8).map(|n| NewEvent {
        event: CallEvent {
            observation: Observation::Edge(Box::new(EdgeEvent {
                edge: None,
                group: "group".to_owned(),
                name: "name".to_owned(),
                level: None,
                data: Some(vec![n; 125_000].into()),
                conversation_relay: None,
            })),
            ..CallEvent::timer(call, Timer::EndNotSeen, now.plus_us(n))
        },
        received_at: now,
    });
    let store = &server.app.store;
    store.append(events.collect()).await.unwrap();
    let other = CALL.replace("CA00", "CA01");
    server.step(&other, "ringing", PARTIES).await;
    let path = format!("/v1/Voice/{CALL}/Summary?ProcessingState=all");
    assert_eq!(server.get(&path).await.status, 200);

    store.refold(vec![call]).await.unwrap();
    for _ in 0..3 {
        // As processes do that do not come back.
        store.begin_dear(call, FOLD_VERSION, now).await.unwrap();
    }
    server.step(&other, "in-progress", PARTIES).await;
    let found = store.check().await.unwrap();
    assert!(
        found[0].starts_with(CALL) && found[0].contains("is set aside"),
        "{found:?}"
    );
    let path = format!("/v1/Voice/{other}/Summary?ProcessingState=all");
    assert_eq!(server.get(&path).await.json()["call_state"], "answered");
    store.refold(vec![call]).await.unwrap();
    server.pass(1).await;
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}
