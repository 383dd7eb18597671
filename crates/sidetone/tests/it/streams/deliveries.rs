//! What people see of deliveries to a sink: what waits, what came of the last, and once more.

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::receiver::{PATIENCE, Receiver};
use super::running::{CALL, FORM, ask, metrics, post, program, step, subscribe};
use super::{SINKS, webhook};
use crate::harness::TestServer;
use crate::process::Server;

/// Asks until it is so.
fn until(server: &Server, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let begin = Instant::now();
    loop {
        let told = ask(server, path);
        if holds(&told) {
            return told;
        }
        assert!(begin.elapsed() < PATIENCE, "{path}: {told:#}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[tokio::test]
async fn a_sink_that_was_sent_nothing_is_owed_nothing() {
    let server = TestServer::start().await;
    let sid = webhook(&server).await;
    let answer = server.get(&format!("{SINKS}/{sid}/Deliveries")).await;
    let told = answer.json();
    let url = format!("http://sidetone.test/v1/Sinks/{sid}/Deliveries");
    let list =
        |status| format!("http://sidetone.test/v1/Voice/Deliveries?Status={status}&SinkSid={sid}");
    let expected = json!({
        "sink_sid": sid, "url": url,
        "waiting": {"count": 0, "oldest_time": null, "next_attempt_time": null}, "dead": {"count": 0},
        "counted_time": "2026-06-01T12:00:00Z", "backlog_max": 10_000_000, "full": false, "refused": 0,
        "paused_until": null, "last_deliveries": [],
        "links": {"waiting": list("waiting"), "dead": list("dead"), "replay": format!("{url}/Replay")},
    });
    assert_eq!(told, expected);
    let other = server.subaccount().await;
    let other = server.log_in(&other.account_sid.to_string(), &other.auth_token);
    for path in [
        format!("{SINKS}/{sid}/Deliveries"),
        format!("{SINKS}/DG1/Deliveries"),
    ] {
        assert_eq!(other.get(&path).await.error(), (404, 20404));
        assert_eq!(
            other.post(&format!("{path}/Replay"), "").await.error(),
            (404, 20404)
        );
    }
    let empty = other
        .get(&format!("/v1/Voice/Deliveries?SinkSid={sid}"))
        .await
        .json();
    assert_eq!(empty["deliveries"], json!([]));
    let refused = server.get("/v1/Voice/Deliveries?SinkSid=DG1").await;
    assert_eq!(refused.error().0, 400);
    assert!(
        refused.text.contains("SinkSid") && refused.text.contains("'DG1'"),
        "{}",
        refused.text
    );
}

#[test]
fn what_came_of_deliveries_is_told_and_what_was_given_up_is_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(dir.path()));
    let receiver = Receiver::start();
    receiver.answers(|_| 410);
    let sid = subscribe(
        &server,
        "webhook",
        &json!({"destination": receiver.origin}),
        &[],
    );
    let path = format!("{SINKS}/{sid}/Deliveries");
    step(&server, CALL, "initiated");
    step(&server, CALL, "completed");
    let gone = until(&server, &path, |it| {
        it["dead"]["count"].as_u64() >= Some(4) && it["waiting"]["count"] == 0
    });
    let last = &gone["last_deliveries"][0];
    assert_eq!(
        (&last["result"], &last["status"]),
        (&json!("dead"), &json!(410))
    );
    assert_eq!(last["error"], "answered 410");
    let event = &last["events"][0];
    assert_eq!(
        (&event["call_sid"], &event["attempt"]),
        (&json!(CALL), &json!(1))
    );
    assert!(last["bytes"].as_u64() > Some(100), "{last}");
    let dead = ask(
        &server,
        &format!("/v1/Voice/Deliveries?Status=dead&SinkSid={sid}"),
    );
    let dead = dead["deliveries"].as_array().unwrap();
    assert_eq!(Some(dead.len() as u64), gone["dead"]["count"].as_u64());

    receiver.replies(|_| (429, "Retry-After: 3\r\n"));
    let one = dead[0]["id"].as_str().unwrap();
    post(
        &server,
        &format!("/v1/Voice/Deliveries/{one}/Replay"),
        FORM,
        b"",
    );
    let paused = until(&server, &path, |it| it["paused_until"].is_string());
    let last = &paused["last_deliveries"][0];
    assert_eq!(
        (&last["result"], &last["status"]),
        (&json!("failed"), &json!(429))
    );
    assert_eq!(last["events"][0]["id"], one);
    let waiting = &until(&server, &path, |it| {
        it["waiting"]["next_attempt_time"].is_string()
    })["waiting"];
    assert_eq!(waiting["count"], 1);
    assert!(waiting["oldest_time"].is_string(), "{waiting}");
    drop(server);

    // A pause is in memory alone; the delivery comes when it asked for it, and then those of its call.
    receiver.answers(|_| 204);
    let server = Server::start(&mut program(dir.path()));
    assert_eq!(ask(&server, &path)["paused_until"], json!(null));
    let replayed = post(&server, &format!("{path}/Replay"), FORM, b"");
    assert_eq!(
        replayed,
        json!({"sink_sid": sid, "replayed": dead.len() - 1, "left": 0})
    );
    let arrived = until(&server, &path, |it| {
        it["last_deliveries"].as_array().unwrap().len() >= dead.len() - 1
            && it["waiting"]["count"].as_u64() <= Some(1)
    });
    assert_eq!(arrived["last_deliveries"][0]["result"], "delivered");
    assert_eq!(arrived["dead"]["count"], 0);
}

#[test]
fn beyond_what_may_wait_the_newest_are_refused_until_some_has_arrived() {
    let dir = tempfile::tempdir().unwrap();
    let mut program = program(dir.path());
    let server = Server::start(program.env("SIDETONE_SINK_BACKLOG", "20"));
    let receiver = Receiver::start();
    receiver.replies(|_| (503, "Retry-After: 2\r\n"));
    let sid = subscribe(
        &server,
        "webhook",
        &json!({"destination": receiver.origin}),
        &[],
    );
    let (sink, path) = (
        format!("{SINKS}/{sid}"),
        format!("{SINKS}/{sid}/Deliveries"),
    );
    let call = |n: u32| {
        step(&server, &format!("CA{n:032x}"), "initiated");
        step(&server, &format!("CA{n:032x}"), "completed");
    };
    let begin = Instant::now();
    let mut calls = 0;
    let full = loop {
        (calls, ()) = (calls + 1, call(calls + 1));
        let told = ask(&server, &path);
        if told["full"] == true && told["refused"].as_u64() > Some(20) {
            break told;
        }
        assert!(begin.elapsed() < PATIENCE, "{told:#}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    assert_eq!(full["backlog_max"], 20);
    assert_eq!(ask(&server, &sink)["full"], true);
    // However long it takes nothing: no change of a call waits for it, and what waits is bounded.
    let database = dir.path().join("data/sidetone.db");
    let database = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let count = |table: &str| -> u64 {
        let sql = format!("select count(*) from {table}");
        database.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    let begin = Instant::now();
    while count("change") > 0 {
        assert!(begin.elapsed() < PATIENCE, "{}", count("change"));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // In the second until it is noticed, some more came.
    assert!((20..200).contains(&count("outbox")), "{}", count("outbox"));
    drop(database);
    // Once it takes them, new ones are kept again; what was refused is lost, and was counted.
    receiver.answers(|_| 200);
    until(&server, &sink, |it| it["full"] == false);
    let last = calls + 1;
    call(last);
    let last = format!("CA{last:032x}");
    receiver.until("the last", |it| {
        it.iter().any(|it| {
            it["data"]["call_sid"] == *last && it["data"]["processing_state"] == "complete"
        })
    });
    let metrics = metrics(&server);
    assert!(metrics.contains("\nsidetone_streams_full 0\n"));
    let refused = ask(&server, &path)["refused"].as_u64().unwrap();
    assert!(
        metrics.contains(&format!("\nsidetone_streams_refused_total {refused}\n")),
        "{refused}"
    );
}
