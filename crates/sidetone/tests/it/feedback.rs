//! Call Feedback and its summaries as a client of the 2010 API sees them.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use sidetone::config::Settings;
use sidetone::workers::catch_up::CatchUp;

use crate::harness::{ACCOUNT, Answer, TOKEN, TestServer};

const CALL: &str = "CA00000000000000000000000000000001";

fn feedback(account: &str, call: &str) -> String {
    format!("/2010-04-01/Accounts/{account}/Calls/{call}/Feedback.json")
}

fn summaries(account: &str) -> String {
    format!("/2010-04-01/Accounts/{account}/Calls/FeedbackSummary.json")
}

async fn with_call() -> TestServer {
    let server = TestServer::start().await;
    server.step(CALL, "completed", "CallDuration=5").await;
    server
}

async fn send(server: &TestServer, method: Method, path: &str) -> Answer {
    let request = server.request(method, path).body(Body::empty()).unwrap();
    server.send(request).await
}

#[tokio::test]
async fn is_created_then_changed() {
    let server = with_call().await;
    let path = feedback(ACCOUNT, CALL);
    assert_eq!(server.get(&path).await.error(), (404, 20404));
    let created = server
        .post(
            &path,
            "QualityScore=2&Issue=one-way-audio&Issue=imperfect-audio&Issue=one-way-audio",
        )
        .await;
    assert_eq!(created.status, StatusCode::CREATED);
    assert_eq!(
        created.json(),
        json!({
            "account_sid": ACCOUNT,
            "date_created": "Mon, 01 Jun 2026 12:00:01 +0000",
            "date_updated": "Mon, 01 Jun 2026 12:00:01 +0000",
            "issues": ["one-way-audio", "imperfect-audio"],
            "quality_score": 2,
            "sid": CALL,
        })
    );
    server.pass(60).await;
    let changed = server.post(&path, "QualityScore=4").await;
    assert_eq!(changed.status, StatusCode::OK);
    let mut expected = created.json();
    expected["quality_score"] = json!(4);
    expected["date_updated"] = json!("Mon, 01 Jun 2026 12:01:01 +0000");
    assert_eq!(changed.json(), expected);
    assert_eq!(
        server.post(&path, "Issue=").await.json()["issues"],
        json!([])
    );
    assert_eq!(
        server.post(&path, "").await.json()["quality_score"],
        json!(4)
    );
    let plain = path.trim_end_matches(".json");
    assert_eq!(
        server.get(plain).await.json(),
        server.get(&path).await.json()
    );
}

#[tokio::test]
async fn wrong_ratings_change_nothing() {
    let server = with_call().await;
    let path = feedback(ACCOUNT, CALL);
    for form in [
        "",
        "Issue=dropped-call",
        "QualityScore=",
        "QualityScore=6",
        "QualityScore=five",
        "QualityScore=3&Issue=echo",
        "QualityScore=3&Issue=dropped_call",
    ] {
        let answer = server.post(&path, form).await;
        assert_eq!(answer.error(), (400, 20001), "{form}");
        assert_eq!(server.get(&path).await.error(), (404, 20404), "{form}");
    }
    let missing = server.post(&path, "").await.json();
    assert_eq!(
        missing["message"],
        "Missing QualityScore. Expected an integer from 1 to 5."
    );
    for method in [Method::PUT, Method::DELETE] {
        assert_eq!(send(&server, method, &path).await.error(), (405, 20004));
    }
}

#[tokio::test]
async fn accounts_see_their_own() {
    let server = with_call().await;
    let child = server.subaccount().await;
    let other = server.subaccount().await;
    let as_child = server.log_in(&child.account_sid, &child.auth_token);
    let of_child = "CA00000000000000000000000000000002";
    as_child.step(of_child, "completed", "CallDuration=5").await;
    let path = feedback(&child.account_sid, of_child);
    // A parent names the subaccount in the path.
    assert_eq!(
        server.post(&path, "QualityScore=1").await.status,
        StatusCode::CREATED
    );
    assert_eq!(as_child.get(&path).await.json()["quality_score"], json!(1));
    for (server, path) in [
        (&server, feedback(ACCOUNT, of_child)),
        (&as_child, feedback(ACCOUNT, CALL)),
        (&as_child, feedback(&other.account_sid, of_child)),
        (&as_child, feedback(&child.account_sid, CALL)),
        (
            &server,
            feedback("AC99999999999999999999999999999999", CALL),
        ),
        (
            &server,
            feedback("ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", CALL),
        ),
        (
            &server,
            feedback(ACCOUNT, "CAXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"),
        ),
    ] {
        assert_eq!(server.get(&path).await.error(), (404, 20404), "{path}");
        let posted = server.post(&path, "QualityScore=1").await;
        assert_eq!(posted.error(), (404, 20404), "{path}");
    }
    let unknown = feedback(ACCOUNT, of_child);
    assert_eq!(
        server.get(&unknown).await.json()["message"],
        format!("The requested resource {unknown} was not found")
    );
    let twice = path.replace("/Feedback", ".json/Feedback");
    assert_eq!(server.get(&twice).await.error(), (404, 20404));
    let stranger = server.log_in(ACCOUNT, "wrong");
    assert_eq!(stranger.get(&path).await.error(), (401, 20003));
}

#[tokio::test]
async fn calls_never_seen_can_be_rated_where_that_is_wanted() {
    let strict = TestServer::start().await;
    let path = feedback(ACCOUNT, CALL);
    assert_eq!(
        strict.post(&path, "QualityScore=1").await.error(),
        (404, 20404)
    );
    let settings = Settings {
        unknown_calls: Some("accept".parse().unwrap()),
        ..Settings::default()
    };
    let server = TestServer::with(settings).await;
    assert_eq!(
        server.post(&path, "Issue=dropped-call").await.error(),
        (400, 20001)
    );
    assert_eq!(server.get(&path).await.error(), (404, 20404));
    assert_eq!(
        server.post(&path, "QualityScore=1").await.status,
        StatusCode::CREATED
    );
    let summary = summed_up(&server, "StartDate=2026-06-01&EndDate=2026-06-01").await;
    assert_eq!(
        (&summary["call_count"], &summary["call_feedback_count"]),
        (&json!(0), &json!(1))
    );
    let list = server
        .get("/v1/Voice/Summaries?ProcessingState=all")
        .await
        .json();
    assert_eq!(list["call_summaries"], json!([]));
}

#[tokio::test]
async fn an_annotation_follows_where_the_account_wants_it() {
    let server = with_call().await;
    let account = ACCOUNT.parse().unwrap();
    let store = &server.app.store;
    let mut settings = server.app.directory.settings(account).unwrap();
    settings.mirror_feedback = true;
    store.put_settings(account, settings).await.unwrap();
    server.app.directory.refresh(store.as_ref()).await.unwrap();
    server
        .post(
            &feedback(ACCOUNT, CALL),
            "QualityScore=2&Issue=unsolicited-call&Issue=audio-latency",
        )
        .await;
    let said = server
        .get(&format!("/v1/Voice/{CALL}/Annotation"))
        .await
        .json();
    assert_eq!(
        (&said["call_score"], &said["spam"], &said["quality_issues"]),
        (&json!(2), &json!(true), &json!(["latency"]))
    );
    let history = server
        .get(&format!("/v1/Voice/{CALL}/Annotation/History"))
        .await
        .json();
    assert_eq!(
        history["history"].as_array().map(Vec::len),
        Some(1),
        "{history}"
    );
}

/// Asks for a summary, lets it be made, and reads it.
async fn summed_up(server: &TestServer, form: &str) -> Value {
    let created = server.post(&summaries(ACCOUNT), form).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text);
    server.pass(0).await;
    server.get(&summary_path(&created.json())).await.json()
}

fn summary_path(summary: &Value) -> String {
    let path = summaries(summary["account_sid"].as_str().unwrap());
    let sid = summary["sid"].as_str().unwrap();
    path.replace(".json", &format!("/{sid}.json"))
}

#[tokio::test]
async fn a_summary_is_queued_made_and_removed() {
    let server = with_call().await;
    server
        .post(
            &feedback(ACCOUNT, CALL),
            "QualityScore=2&Issue=one-way-audio",
        )
        .await;
    for (n, score) in [(2, 5), (3, 5)] {
        let call = format!("CA{n:032}");
        server.step(&call, "completed", "CallDuration=5").await;
        server
            .post(&feedback(ACCOUNT, &call), &format!("QualityScore={score}"))
            .await;
    }
    let created = server
        .post(
            &summaries(ACCOUNT),
            "StartDate=2026-06-01&EndDate=2026-06-30&IncludeSubaccounts=True",
        )
        .await;
    assert_eq!(created.status, StatusCode::CREATED);
    let queued = created.json();
    let mut expected = json!({
        "sid": queued["sid"],
        "account_sid": ACCOUNT,
        "status": "queued",
        "start_date": "2026-06-01",
        "end_date": "2026-06-30",
        "include_subaccounts": true,
        "call_count": null,
        "call_feedback_count": null,
        "quality_score_average": null,
        "quality_score_median": null,
        "quality_score_standard_deviation": null,
        "issues": [],
        "date_created": "Mon, 01 Jun 2026 12:00:03 +0000",
        "date_updated": "Mon, 01 Jun 2026 12:00:03 +0000",
    });
    assert_eq!(queued, expected);
    server.pass(1).await;
    let path = summary_path(&queued);
    let done = server.get(&path).await.json();
    for (field, value) in [
        ("status", json!("completed")),
        ("call_count", json!(3)),
        ("call_feedback_count", json!(3)),
        ("quality_score_average", json!("4.0")),
        ("quality_score_median", json!("5.0")),
        (
            "quality_score_standard_deviation",
            json!("1.4142135623730951"),
        ),
        (
            "issues",
            json!([{ "description": "one-way-audio", "count": 1, "percentage_of_total_calls": "33.33%" }]),
        ),
        ("date_updated", json!("Mon, 01 Jun 2026 12:00:04 +0000")),
    ] {
        expected[field] = value;
    }
    assert_eq!(done, expected);
    let plain = path.trim_end_matches(".json");
    assert_eq!(server.get(plain).await.json(), done);
    let child = server.subaccount().await;
    let as_child = server.log_in(&child.account_sid, &child.auth_token);
    let foreign = path.replace(ACCOUNT, &child.account_sid);
    for (server, path) in [
        (&as_child, &path),
        (&as_child, &foreign),
        (&server, &foreign),
    ] {
        assert_eq!(server.get(path).await.error(), (404, 20404));
        assert_eq!(
            send(server, Method::DELETE, path).await.error(),
            (404, 20404)
        );
    }
    assert_eq!(
        send(&server, Method::DELETE, &path).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        send(&server, Method::DELETE, &path).await.error(),
        (404, 20404)
    );
    assert_eq!(server.get(&path).await.error(), (404, 20404));
    assert_eq!(server.get(&summaries(ACCOUNT)).await.error(), (405, 20004));
}

#[tokio::test]
async fn a_summary_waits_for_the_calls_that_were_rated() {
    let server = TestServer::start().await;
    let form = format!("CallSid={CALL}&CallStatus=completed&CallDuration=5");
    let told = server.post("/ingest/v1/status-callback", &form).await;
    assert_eq!(told.status, StatusCode::NO_CONTENT, "{}", told.text);
    // Nobody has folded it when it is rated and summed up.
    server
        .post(&feedback(ACCOUNT, CALL), "QualityScore=4")
        .await;
    let days = "StartDate=2026-06-01&EndDate=2026-06-01";
    let created = server.post(&summaries(ACCOUNT), days).await;
    let fold = async {
        tokio::time::sleep(Duration::from_millis(120)).await;
        CatchUp::new(server.app.clone()).drain().await.unwrap();
    };
    tokio::join!(server.sum_up_feedback(), fold);
    let summary = server.get(&summary_path(&created.json())).await.json();
    let counts = (&summary["call_count"], &summary["call_feedback_count"]);
    assert_eq!(counts, (&json!(1), &json!(1)), "{summary}");
}

#[tokio::test]
async fn a_summary_of_nothing_has_no_scores() {
    let server = TestServer::start().await;
    let summary = summed_up(&server, "StartDate=2020-01-01&EndDate=2020-12-31").await;
    assert_eq!(summary["status"], "completed");
    assert_eq!(
        (&summary["call_count"], &summary["call_feedback_count"]),
        (&json!(0), &json!(0))
    );
    for field in ["average", "median", "standard_deviation"] {
        assert_eq!(summary[format!("quality_score_{field}")], Value::Null);
    }
}

#[tokio::test]
async fn impossible_summaries_are_refused() {
    let server = TestServer::start().await;
    for form in [
        "",
        "StartDate=2014-02-31&EndDate=2014-03-01",
        "StartDate=2014-02-01&EndDate=tomorrow",
        "StartDate=2014-02-02&EndDate=2014-02-01",
        "StartDate=2014-02-01&EndDate=2014-02-02&StatusCallbackMethod=PATCH",
        "StartDate=2014-02-01&EndDate=2014-02-02&StatusCallback=http%3A%2F%2F127.0.0.1%2F",
        "StartDate=2014-02-01&EndDate=2014-02-02&IncludeSubaccounts=maybe",
    ] {
        let answer = server.post(&summaries(ACCOUNT), form).await;
        assert_eq!(answer.error(), (400, 20001), "{form}");
    }
    let stranger = server.log_in("AC99999999999999999999999999999999", TOKEN);
    let form = "StartDate=2014-02-01&EndDate=2014-02-02";
    assert_eq!(
        stranger.post(&summaries(ACCOUNT), form).await.error(),
        (401, 20003)
    );
}
