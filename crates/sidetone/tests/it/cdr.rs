//! Records of software switches, and the summaries they become.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sidetone_core::correlate::sip_call_sid;

use crate::harness::{ACCOUNT, TestServer};

const FREESWITCH: &str = "/ingest/v1/cdr/freeswitch";
const ASTERISK: &str = "/ingest/v1/cdr/asterisk";
const FORM: &str = "application/x-www-form-urlencoded";

fn fixture(path: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    fs::read(root.join(path)).unwrap()
}

async fn summary(server: &TestServer, call: &str) -> Value {
    let answer = server.get(&format!("/v1/Voice/{call}/Summary")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// The calls there are, newest first.
async fn calls(server: &TestServer) -> Vec<Value> {
    let answer = server
        .get("/v1/Voice/Summaries?StartTime=2026-06-01&ProcessingState=all")
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["call_summaries"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_leg_of_freeswitch_becomes_a_call() {
    let server = TestServer::start().await;
    let body = fixture("freeswitch/cdr-freeswitch/caller-leg-completed.json");
    let sent = server.post_as(FREESWITCH, "application/json", body.clone());
    assert_eq!(sent.await.kept(), (6, 0));
    // The switch had no answer and sends it again.
    let again = server.post_as(FREESWITCH, "application/json", body);
    assert_eq!(again.await.kept(), (0, 6));
    server.pass(120).await;

    let calls = calls(&server).await;
    assert_eq!(calls.len(), 1, "{calls:?}");
    let call = summary(&server, calls[0]["call_sid"].as_str().unwrap()).await;
    assert_eq!(call["call_state"], "completed");
    assert_eq!(call["processing_state"], "complete");
    assert_eq!(call["connect_duration"], 36);
    assert_eq!(call["from"]["caller"], "+12025550100");
    assert_eq!(call["to"]["callee"], "+12025550199");
    assert_eq!(call["properties"]["pdd_ms"], 404);
    assert_eq!(call["properties"]["disconnected_by"], "caller");
    let edge = &call["sip_edge"];
    assert_eq!(
        edge["properties"]["sip_call_id"],
        "a84b4c76e66710@pc33.example.com"
    );
    let received = &edge["metrics"]["inbound"];
    assert_eq!(received["packets_received"], 1799, "{edge}");
    assert_eq!(received["packets_lost"], 6);
    assert_eq!(edge["metrics"]["outbound"]["packets_sent"], 1805);
}

#[tokio::test]
async fn the_other_leg_is_a_call_of_its_own_with_a_parent() {
    let server = TestServer::start().await;
    let caller = fixture("freeswitch/cdr-freeswitch/caller-leg-completed.json");
    server.post_as(FREESWITCH, "application/json", caller).await;
    let called = fixture("freeswitch/cdr-freeswitch/called-leg-busy.form");
    let sent = server.post_as(FREESWITCH, FORM, called).await;
    assert_eq!(sent.kept(), (2, 0));
    server.pass(120).await;

    // It is the call of its Call-ID, whatever that looks like.
    let call_id = "5b0ac04c-9d6e-123f-11a5-0242ac110002";
    let sid = sip_call_sid(ACCOUNT.parse().unwrap(), call_id).to_string();
    let call = summary(&server, &sid).await;
    assert_eq!(call["call_state"], "busy");
    assert_eq!(call["properties"]["last_sip_response_num"], 486);
    let parent = call["parent_call_sid"].as_str().unwrap();
    assert_eq!(summary(&server, parent).await["call_state"], "completed");
}

#[tokio::test]
async fn a_row_of_asterisk_is_the_same_call_that_others_saw() {
    let server = TestServer::start().await;
    let leg = fixture("freeswitch/cdr-freeswitch/caller-leg-completed.json");
    server.post_as(FREESWITCH, "application/json", leg).await;
    let row = fixture("asterisk/cdr-asterisk/completed.json");
    let sent = server.post_as(ASTERISK, "application/json", row).await;
    assert_eq!(sent.kept(), (5, 0));
    let busy = fixture("asterisk/cdr-asterisk/busy.form");
    assert_eq!(server.post_as(ASTERISK, FORM, busy).await.kept().1, 0);
    server.pass(120).await;

    let states: Vec<_> = calls(&server)
        .await
        .iter()
        .map(|call| call["call_state"].clone())
        .collect();
    assert_eq!(states, [json!("busy"), json!("completed")]);
    let metrics = server.get("/metrics").await.text;
    for source in ["freeswitch", "asterisk"] {
        let counted = format!(r#"{{source="{source}",result="accepted"}}"#);
        assert!(metrics.contains(&counted), "{counted} in {metrics}");
    }
}

#[tokio::test]
async fn what_is_no_record_is_refused() {
    let server = TestServer::start().await;
    for (path, body, message) in [
        (FREESWITCH, "cdr=x", "Invalid cdr."),
        (FREESWITCH, r#"{"variables":{}}"#, "Missing variables.uuid."),
        (ASTERISK, "src=1", "Missing uniqueid."),
        (
            ASTERISK,
            "uniqueid=1.1&disposition=MAYBE",
            "Invalid disposition 'MAYBE'.",
        ),
    ] {
        let answer = server.post(path, body).await;
        assert_eq!(answer.error(), (400, 20001), "{body}");
        assert!(answer.text.contains(message), "{}", answer.text);
    }
    let large = vec![b'a'; 1024 * 1024 + 1];
    let answer = server.post_as(FREESWITCH, FORM, large).await;
    assert_eq!(answer.error(), (413, 20413));
    let nobody = server.log_in("ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "x");
    assert_eq!(nobody.post(ASTERISK, "uniqueid=1").await.error().0, 401);
}

#[tokio::test]
async fn a_record_of_raw_bytes_is_used_and_what_was_wrong_is_told() {
    let server = TestServer::start().await;
    for (door, path, source, reasons) in [
        (
            FREESWITCH,
            "freeswitch/cdr-freeswitch/raw-bytes.json",
            "freeswitch",
            &[
                "control_character",
                "escape",
                "not_utf8",
                "nul_after_end",
                "quote",
            ][..],
        ),
        (
            ASTERISK,
            "asterisk/cdr-asterisk/not-a-number.json",
            "asterisk",
            &["comma", "not_a_number", "number"],
        ),
    ] {
        let answer = server
            .post_as(door, "application/json", fixture(path))
            .await;
        assert_eq!(answer.kept().1, 0);
        let told = answer.json()["repaired"].as_object().unwrap().clone();
        assert_eq!(told.keys().collect::<Vec<_>>(), reasons, "{path}");
        let metrics = server.get("/metrics").await.text;
        for reason in reasons {
            let line =
                format!("sidetone_repaired_total{{source=\"{source}\",reason=\"{reason}\"}} 1");
            assert!(metrics.contains(&line), "{line}");
        }
    }
    server.pass(120).await;
    let calls = calls(&server).await;
    assert_eq!(calls.len(), 2);
    for call in calls {
        assert_eq!(call["call_state"], "completed");
    }
    let nothing = server
        .post_as(FREESWITCH, "application/json", b"{not json}".to_vec())
        .await;
    assert_eq!(nothing.status, 400);
}
