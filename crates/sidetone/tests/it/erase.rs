//! Erasing calls: by the API, and by `sidetone erase` as the program that is shipped.

use std::process::{Command, Output};

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};
use sidetone_core::id::CallRef;
use sidetone_store::conformance::sample::{
    account, account_sid, call, call_sid, create_account, put, summary,
};
use sidetone_store::prelude::*;
use sidetone_store_sqlite::{Options, SqliteStore};

use crate::harness::{Answer, TestServer};

const CALL: &str = "CA00000000000000000000000000000001";

async fn delete(server: &TestServer) -> Answer {
    let path = format!("/v1/Voice/{CALL}/Summary");
    let request = server.request(Method::DELETE, &path);
    server.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_call_is_erased_for_its_account_and_gone_from_then_on() {
    let server = TestServer::start().await;
    let other = server.subaccount().await;
    server
        .step(CALL, "initiated", "From=%2B15550100&To=%2B15550101")
        .await;
    let path = format!("/v1/Voice/{CALL}/Annotation");
    let scored = server.post(&path, "CallScore=3").await;
    assert_eq!(scored.status, 200);

    let stranger = server.log_in(&other.account_sid.to_string(), &other.auth_token);
    assert_eq!(delete(&stranger).await.error(), (404, 20404));
    let nobody = server.log_in(&other.account_sid.to_string(), "wrong");
    assert_eq!(delete(&nobody).await.error(), (401, 20003));
    let erased = delete(&server).await;
    assert_eq!((erased.status.as_u16(), &erased.text[..]), (204, ""));
    assert_eq!(delete(&server).await.error(), (404, 17002));
    for part in ["/Summary", "/Annotation", "/Events", "/Metrics", ""] {
        let answer = server.get(&format!("/v1/Voice/{CALL}{part}")).await;
        assert_eq!(answer.error(), (404, 17002), "{part}");
    }
    let list = server
        .get("/v1/Voice/Summaries?ProcessingState=all&StartTime=4w")
        .await;
    assert_eq!(list.json()["call_summaries"], json!([]));
    let late = json!({"call_sid": CALL, "at": "2026-06-01T12:00:00Z", "kind": "progress", "step": "completed"});
    let refused = server
        .post_as(
            "/ingest/v1/events",
            "application/x-ndjson",
            late.to_string().into_bytes(),
        )
        .await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    assert_eq!(delete(&server).await.error(), (404, 17002));
    let (erasures, _) = server.app.store.erasures(None, 10).await.unwrap();
    assert_eq!(erasures.len(), 1);
    assert_eq!(
        server.app.store.check().await.unwrap(),
        Vec::<String>::new()
    );
}

fn sidetone(dir: &tempfile::TempDir, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sidetone"))
        .current_dir(dir.path())
        .args(arguments)
        .args(["--data", "."])
        .output()
        .unwrap()
}

#[track_caller]
fn lines(output: &Output) -> Vec<Value> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn all_calls_of_a_number_are_erased_and_the_log_says_so() {
    const NUMBER: &str = "+15550100";
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("sidetone.db"), Options::default()).unwrap();
    sidetone::secrets::Vault::create(&dir.path().join("secret.key")).unwrap();
    create_account(&store).await;
    store.create_account(account(2, Some(1))).await.unwrap();
    let of_other = CallRef {
        account: account_sid(2),
        ..call(3)
    };
    let mut calls = [call(1), call(2), of_other].map(|call| summary(call, 0, Some(60)));
    calls[0].facts.from.address = Some(NUMBER.into());
    calls[2].facts.to.address = Some(NUMBER.into());
    let puts = calls.map(|summary| put(summary, 0));
    store.put_summaries(puts.into()).await.unwrap();
    drop(store);

    let subaccount = account_sid(2).to_string();
    let found = lines(&sidetone(&dir, &["erase", "--number", NUMBER, "--dry-run"]));
    let counts = |found, erased| json!({"found": found, "erased": erased, "not_folded": 0});
    assert_eq!((found.len(), &found[2]), (3, &counts(2, 0)));
    let of_one = lines(&sidetone(
        &dir,
        &["erase", "--number", NUMBER, "--account", &subaccount],
    ));
    assert_eq!(of_one, [counts(1, 1)]);
    let rest = [
        "erase",
        "--number",
        "1 (555) 01-00",
        "--by",
        "a letter of May",
    ];
    assert_eq!(lines(&sidetone(&dir, &rest)), [counts(1, 1)]);
    assert_eq!(lines(&sidetone(&dir, &rest)), [counts(0, 0)]);
    let log = lines(&sidetone(&dir, &["erase", "--log"]));
    let by: Vec<_> = log.iter().map(|erasure| &erasure["by"]).collect();
    assert_eq!(by, ["sidetone erase", "a letter of May"]);

    let gone = call_sid(1).to_string();
    let refused = sidetone(&dir, &["erase", "--call", &gone]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("already"));
    assert_eq!(sidetone(&dir, &["erase"]).status.code(), Some(2));
    for nobody in [" ", "+"] {
        let refused = sidetone(&dir, &["erase", "--number", nobody]);
        assert_eq!(refused.status.code(), Some(2), "{nobody:?}");
    }
    let left = call_sid(2).to_string();
    assert_eq!(
        lines(&sidetone(&dir, &["erase", "--call", &left])),
        [counts(1, 1)]
    );
    assert!(sidetone(&dir, &["check"]).status.success());
}
