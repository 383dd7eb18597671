//! `sidetone check --repair` and `sidetone refold`, as the program that is shipped.

use std::path::Path;
use std::process::Command;

use rusqlite::Connection;
use serde_json::Value;
use sidetone::data_dir::lock;
use sidetone_store::{Lookup, PutSummary, Scope};

use crate::harness::{ACCOUNT, TestServer};

const PARTIES: &str = "From=%2B15550101&To=%2B15550102&Direction=inbound";

fn sid(n: u8) -> String {
    format!("CA{n:032x}")
}

/// A server on which some calls have come and ended.
async fn with_calls() -> TestServer {
    let server = TestServer::start().await;
    for n in 1..=3 {
        for status in ["ringing", "in-progress", "completed"] {
            server.step(&sid(n), status, PARTIES).await;
        }
    }
    server.pass(100).await;
    let annotation = format!("/v1/Voice/{}/Annotation", sid(1));
    let said = server.post(&annotation, "CallScore=2&Comment=No%20sound");
    assert_eq!(said.await.status, 200);
    server
}

/// What is shown of each call, without the counts of versions.
async fn shown(server: &TestServer) -> Vec<Value> {
    let mut shown = Vec::new();
    for n in 1..=3 {
        let path = format!("/v1/Voice/{}/Summary?ProcessingState=all", sid(n));
        let mut summary = server.get(&path).await.json();
        summary["processing_version"] = Value::Null;
        shown.push(summary);
    }
    shown
}

/// Exit code, standard output and standard error.
fn run(dir: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sidetone"))
        .args(args)
        .arg("--data")
        .arg(dir)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn damage(dir: &Path, sql: &str) {
    let conn = Connection::open(dir.join("sidetone.db")).unwrap();
    conn.execute_batch(sql).unwrap();
}

#[tokio::test]
async fn summaries_are_made_again_from_their_events() {
    let server = with_calls().await;
    let dir = server.dir.path();
    let truth = shown(&server).await;
    damage(
        dir,
        "update document set body = x'01' where call_id = 1;
         delete from document where call_id = 2;
         update call set call_score = 5 where id = 1;
         update call set to_country = 77 where id = 3;
         delete from rollup;
         update comment_progress set indexed = 1000",
    );
    let (code, out, _) = run(dir, &["check"]);
    assert_eq!(code, Some(1), "{out}");
    let (code, out, err) = run(dir, &["check", "--repair"]);
    assert_eq!(code, Some(0), "{out}{err}");
    for told in [
        format!(
            "repaired: {} of {ACCOUNT}: document to be folded again",
            sid(1)
        ),
        format!(
            "repaired: {} of {ACCOUNT}: document to be folded again",
            sid(2)
        ),
        format!("repaired: {} of {ACCOUNT}: columns made again", sid(3)),
        "repaired: rollup of dimension 0".to_owned(),
        "repaired: the search of comments".to_owned(),
    ] {
        assert!(out.contains(&told), "{told}: {out}");
    }
    assert!(out.ends_with("ok\n"), "{out}");
    assert_eq!(shown(&server).await, truth);
    let (code, out, _) = run(dir, &["check", "--repair"]);
    assert_eq!((code, &out[..]), (Some(0), "ok\n"));
}

#[tokio::test]
async fn what_nothing_tells_again_stays_and_is_told() {
    let server = with_calls().await;
    let dir = server.dir.path();
    damage(
        dir,
        "update event set body = x'45' where id >> 28 = 2 and position = 1;
         update document set body = x'01' where call_id = 2;
         update annotation_log set after = '{}';
         delete from rollup",
    );
    let (code, out, err) = run(dir, &["check", "--repair"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("repaired: rollup"), "{out}");
    for left in [
        format!("{} of {ACCOUNT}: event 1 cannot be read", sid(2)),
        format!("{} of {ACCOUNT}: the document cannot be read", sid(2)),
        "table annotation_log, call_id 1: the row is not what was written".to_owned(),
    ] {
        assert!(out.contains(&left), "{left}: {out}");
    }
    assert!(err.contains("findings"), "{err}");
    let kept = server
        .get(&format!("/v1/Voice/{}/Annotation", sid(1)))
        .await;
    assert_eq!(kept.json()["call_score"], 2);
}

#[tokio::test]
async fn nothing_is_repaired_beside_a_server() {
    let server = with_calls().await;
    let dir = server.dir.path();
    damage(dir, "delete from rollup");
    let _serving = lock(dir).unwrap();
    for args in [&["check", "--repair"][..], &["refold"]] {
        let (code, out, err) = run(dir, args);
        assert_eq!((code, &out[..]), (Some(1), ""), "{err}");
        assert!(err.contains("another server is running"), "{err}");
    }
    let (code, _, _) = run(dir, &["check"]);
    assert_eq!(code, Some(1));
}

#[tokio::test]
async fn a_dry_run_shows_what_refolding_changes() {
    let server = with_calls().await;
    let dir = server.dir.path();
    let truth = shown(&server).await;
    let (code, out, err) = run(dir, &["refold", "--dry-run"]);
    assert_eq!(code, Some(0), "{out}{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&report["calls"], &report["changed"]),
        (&3.into(), &0.into())
    );

    // As an older version of the fold would have left a call.
    let scope = Scope {
        account: ACCOUNT.parse().unwrap(),
    };
    let call_sid = sid(2).parse().unwrap();
    let record = server.app.store.record(scope, call_sid).await.unwrap();
    let Lookup::Found(record) = record else {
        panic!("{record:?}")
    };
    let mut summary = record.summary.unwrap();
    summary.fold_version = 1;
    summary.facts.duration_s = Some(99);
    summary.facts.to.country_code = None;
    let folded = server.app.store.folded(None, 10).await.unwrap();
    let put = PutSummary {
        summary,
        rendered: None,
        state: None,
        position: folded.calls[1].log.position,
        timer_at: None,
        now: server.app.clock.now(),
    };
    server.app.store.put_summaries(vec![put]).await.unwrap();
    let old = shown(&server).await;

    let (code, out, err) = run(dir, &["refold", "--dry-run"]);
    assert_eq!(code, Some(0), "{out}{err}");
    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [difference, report] = &lines[..] else {
        panic!("{out}")
    };
    assert_eq!(difference["call_sid"], sid(2));
    let fields = difference["fields"].as_object().unwrap();
    assert_eq!(fields["fold_version"]["old"], 1);
    assert_eq!(fields["facts.duration_s"]["old"], 99);
    assert_eq!(fields["facts.to.country_code"]["new"], "US");
    assert!(fields["facts.to.country_code"].get("old").is_none());
    assert_eq!(report["changed"], 1);
    assert_eq!(report["fields"]["facts.duration_s"], 1);
    assert_eq!(report["fields"].as_object().unwrap().len(), fields.len());
    assert_eq!(shown(&server).await, old, "nothing was to be written");

    let (code, out, err) = run(dir, &["refold"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert_eq!(shown(&server).await, truth);
    let (_, out, _) = run(dir, &["refold", "--dry-run"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["changed"], 0, "{out}");
}
