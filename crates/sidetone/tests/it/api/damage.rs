//! What a disk did to the database: told, and nothing else with it.

use axum::http::StatusCode;
use rusqlite::Connection;

use super::{CALL, carrier_call, settle, tell, with_complete_call};
use crate::harness::TestServer;

fn damage(server: &TestServer, sql: &str) {
    let conn = Connection::open(server.dir.path().join("sidetone.db")).unwrap();
    conn.execute_batch(sql).unwrap();
    // What other processes write is seen after 10 ms at the latest.
    std::thread::sleep(std::time::Duration::from_millis(20));
}

#[tokio::test]
async fn a_damaged_call_is_an_error_and_the_others_are_served() {
    let server = with_complete_call().await;
    let other = "CA00000000000000000000000000000002";
    tell(&server, other, &carrier_call()).await;
    settle(&server).await;
    let list = "/v1/Voice/Summaries?StartTime=4w&ProcessingState=all";
    let before = server.get(list).await.json()["call_summaries"].clone();
    damage(
        &server,
        "update document set body = x'5300000000' where call_id = 1",
    );
    let summary = format!("/v1/Voice/{CALL}/Summary");
    assert_eq!(server.get(&summary).await.error(), (500, 20500));
    assert_eq!(
        server
            .get(&format!("/v1/Voice/{CALL}/Annotation"))
            .await
            .status,
        StatusCode::OK,
        "that stands elsewhere"
    );
    let after = server.get(list).await;
    let hint = after.header("sidetone-hint").unwrap();
    assert!(hint.contains("1 calls of this page are damaged"), "{hint}");
    let (before, after) = (before.as_array().unwrap(), after.json());
    let rows = after["call_summaries"].as_array().unwrap();
    assert_eq!((rows.len(), before.len()), (1, 2));
    assert!(rows.iter().all(|row| before.contains(row)));
    let metrics = server.get("/metrics").await.text;
    assert!(
        metrics.contains("sidetone_store_damaged_total 2"),
        "{metrics}"
    );
}

#[tokio::test]
async fn ready_means_that_writes_are_taken() {
    let server = TestServer::start().await;
    let ready = async || server.get("/readyz").await.status;
    assert_eq!(ready().await, StatusCode::OK);
    // Another process keeps the database to itself: reads go on.
    let conn = Connection::open(server.dir.path().join("sidetone.db")).unwrap();
    conn.execute_batch("begin immediate").unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(ready().await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(server.get("/healthz").await.status, StatusCode::OK);
    conn.execute_batch("rollback").unwrap();
    let mut tries = 0;
    while ready().await != StatusCode::OK {
        tries += 1;
        assert!(tries < 100);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
