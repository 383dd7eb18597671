use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use sidetone::config::Settings;

use super::{CALL, picture, tell, with_complete_call};
use crate::harness::{Answer, TestServer};

fn path() -> String {
    format!("/v1/Voice/{CALL}/Annotation")
}

/// What the announcement of annotations sends.
const ANNOUNCED: &str = "AnsweredBy=human&ConnectivityIssue=no_connectivity_issue&QualityIssues=choppy_robotic%2C+latency\
    &Spam=True&CallScore=2&Comment=+A%2FB+Test+A&Incident=https%3A%2F%2Fexample.zendesk.com%2Ftickets%2F17353089";

async fn send(server: &TestServer, method: Method, if_match: Option<&str>, form: &str) -> Answer {
    let mut request = server
        .request(method, &path())
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(tag) = if_match {
        request = request.header("if-match", tag);
    }
    server
        .send(request.body(Body::from(form.to_owned())).unwrap())
        .await
}

#[tokio::test]
async fn never_annotated() {
    let server = with_complete_call().await;
    insta::assert_snapshot!(picture(&server.get(&path()).await));
}

#[tokio::test]
async fn the_announced_example_shows_everywhere_at_once() {
    let server = with_complete_call().await;
    let posted = server.post(&path(), ANNOUNCED).await;
    insta::assert_snapshot!(picture(&posted));
    let read = server.get(&path()).await;
    assert_eq!(read.text, posted.text);
    assert_eq!(read.header("etag"), Some("\"1\""));

    let mut nested = posted.json();
    nested.as_object_mut().unwrap().remove("url");
    let summary = server
        .get(&format!("/v1/Voice/{CALL}/Summary"))
        .await
        .json();
    assert_eq!(summary["annotation"], nested);
    let list = server.get("/v1/Voice/Summaries").await.json();
    assert_eq!(list["call_summaries"][0]["annotation"], nested);
}

#[tokio::test]
async fn what_is_not_mentioned_stays() {
    let server = with_complete_call().await;
    server.post(&path(), ANNOUNCED).await;
    let answer = server
        .post(
            &path(),
            "CallScore=5&Comment=&QualityIssues=echo%2Cecho&Whatever=1",
        )
        .await
        .json();
    assert_eq!(answer["call_score"], 5);
    assert_eq!(answer["comment"], Value::Null);
    assert_eq!(answer["quality_issues"], json!(["echo"]));
    assert_eq!(answer["spam"], true);
    assert_eq!(answer["answered_by"], "human");
}

#[tokio::test]
async fn nothing_sent_changes_nothing() {
    let server = with_complete_call().await;
    server.post(&path(), ANNOUNCED).await;
    let before = server.get(&path()).await;
    let without_type = server
        .request(Method::POST, &path())
        .body(Body::empty())
        .unwrap();
    let as_json = server
        .request(Method::POST, &path())
        .header("content-type", "application/json");
    for request in [without_type, as_json.body(Body::empty()).unwrap()] {
        let answer = server.send(request).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.text, before.text);
        assert_eq!(answer.header("etag"), Some("\"1\""));
    }
}

#[tokio::test]
async fn wrong_values_change_nothing() {
    let server = with_complete_call().await;
    let wrong = server.post(&path(), "Spam=true&CallScore=7").await;
    insta::assert_snapshot!(picture(&wrong));
    for form in [
        "AnsweredBy=robot",
        "ConnectivityIssue=echo",
        "QualityIssues=echo,one_way_audio",
        "Spam=1",
        "CallScore=0",
        "CallScore=3.5",
        &format!("Comment={}", "x".repeat(101)),
        &format!("Incident={}", "x".repeat(101)),
        "Comment=%FF",
    ] {
        assert_eq!(
            server
                .post(&path(), &format!("Spam=true&{form}"))
                .await
                .error(),
            (400, 20001),
            "{form}"
        );
    }
    let json = server
        .post_as(&path(), "application/json", b"{\"Spam\":true}".to_vec())
        .await;
    assert_eq!(json.error(), (400, 20001));
    let huge = format!("Comment={}", "x".repeat(70_000));
    assert_eq!(server.post(&path(), &huge).await.error(), (413, 20413));
    assert_eq!(server.get(&path()).await.json()["spam"], Value::Null);
}

#[tokio::test]
async fn a_change_may_depend_on_the_revision() {
    let server = with_complete_call().await;
    let change = |tag, form| send(&server, Method::POST, tag, form);
    assert_eq!(
        change(Some("\"1\""), "Spam=true").await.error(),
        (412, 20412)
    );
    assert_eq!(
        change(Some("\"0\""), "Spam=true").await.status,
        StatusCode::OK
    );
    let stale = change(Some("\"0\""), "Spam=false").await;
    insta::assert_snapshot!(picture(&stale));
    assert_eq!(
        change(Some("W/\"1\""), "Spam=false").await.error(),
        (412, 20412)
    );
    assert_eq!(
        change(Some("\"7\", \"1\""), "Spam=false")
            .await
            .header("etag"),
        Some("\"2\"")
    );
    assert_eq!(
        change(Some("*"), "Spam=true").await.header("etag"),
        Some("\"3\"")
    );
    assert_eq!(
        send(&server, Method::DELETE, Some("\"2\""), "")
            .await
            .error(),
        (412, 20412)
    );
    assert_eq!(
        send(&server, Method::DELETE, Some("\"3\""), "")
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(server.get(&path()).await.json()["spam"], Value::Null);
}

#[tokio::test]
async fn removing_twice_is_as_good_as_once() {
    let server = with_complete_call().await;
    server.post(&path(), ANNOUNCED).await;
    for _ in 0..2 {
        let answer = send(&server, Method::DELETE, None, "").await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (StatusCode::NO_CONTENT, "")
        );
    }
    let summary = server
        .get(&format!("/v1/Voice/{CALL}/Summary"))
        .await
        .json();
    assert_eq!(summary["annotation"], Value::Null);
}

#[tokio::test]
async fn the_history_tells_who_said_what() {
    let server = with_complete_call().await;
    server.post(&path(), "Spam=true&Comment=first").await;
    server.pass(10).await;
    server.post(&path(), "Comment=second").await;
    server.post(&path(), "Comment=second").await;
    server.pass(10).await;
    send(&server, Method::DELETE, None, "").await;
    let history = server.get(&format!("{}/History?PageSize=2", path())).await;
    insta::assert_snapshot!(picture(&history));
    let next = history.json()["meta"]["next_page_url"]
        .as_str()
        .unwrap()
        .to_owned();
    let rest = server.get(&next).await.json();
    assert_eq!(rest["history"].as_array().unwrap().len(), 1);
    assert_eq!(rest["history"][0]["revision"], 1);
    assert_eq!(rest["meta"]["next_page_url"], Value::Null);
}

#[tokio::test]
async fn a_running_call_can_be_annotated() {
    let server = TestServer::start().await;
    tell(
        &server,
        CALL,
        &[json!({"kind": "progress", "step": "ringing"})],
    )
    .await;
    assert_eq!(
        server.post(&path(), "Spam=true").await.status,
        StatusCode::OK
    );
    assert_eq!(server.get(&path()).await.json()["spam"], true);
}

#[tokio::test]
async fn judgement_of_unknown_calls() {
    let server = TestServer::start().await;
    insta::assert_snapshot!(picture(&server.post(&path(), "Spam=true").await));
    assert_eq!(server.get(&path()).await.error(), (404, 20404));
    assert_eq!(
        send(&server, Method::DELETE, None, "").await.error(),
        (404, 20404)
    );

    let settings = Settings {
        unknown_calls: Some("accept".parse().unwrap()),
        ..Settings::default()
    };
    let server = TestServer::with(settings).await;
    assert_eq!(
        send(&server, Method::DELETE, None, "").await.error(),
        (404, 20404)
    );
    assert_eq!(
        send(&server, Method::POST, Some("*"), "Spam=true")
            .await
            .error(),
        (404, 20404)
    );
    assert_eq!(
        server.post(&path(), "Spam=true").await.status,
        StatusCode::OK
    );
    assert_eq!(server.get(&path()).await.json()["spam"], true);
    let summary = format!("/v1/Voice/{CALL}/Summary?ProcessingState=all");
    assert_eq!(server.get(&summary).await.error(), (404, 17001));
}
