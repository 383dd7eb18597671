//! Access tokens for one call, and what they open.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use sidetone::accounts;
use sidetone_core::time::SECOND_US;

use crate::harness::{ACCOUNT, Answer, TestServer};

const CALL: &str = "CA0123456789abcdef0123456789abcdef";
const OTHER: &str = "CAf123456789abcdef0123456789abcdef";
const RINGING: &str = "From=%2B12025550100&To=%2B12025550101";

async fn token(server: &TestServer, call: &str, form: &str) -> String {
    let answer = server.post(&format!("/v1/Voice/{call}/Token"), form).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["token"].as_str().unwrap().to_owned()
}

async fn ask(server: &TestServer, method: Method, path: &str, token: &str, form: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "sidetone.test")
        .header("origin", "https://shop.example")
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/x-www-form-urlencoded");
    let body = Body::from(form.to_owned());
    server.send(request.body(body).unwrap()).await
}

async fn post(server: &TestServer, path: &str, token: &str, form: &str) -> Answer {
    ask(server, Method::POST, path, token, form).await
}

fn annotation(call: &str) -> String {
    format!("/v1/Voice/{call}/Annotation")
}

fn feedback(account: &str, call: &str) -> String {
    format!("/2010-04-01/Accounts/{account}/Calls/{call}/Feedback.json")
}

/// Sends an event of an SDK.
async fn publish(server: &TestServer, token: &str, call: &str) -> Answer {
    let event = json!({
        "group": "connection", "name": "muted", "timestamp": "2026-06-01T12:00:00Z",
        "payload": {"call_sid": call},
    });
    let request = Request::builder()
        .method(Method::POST)
        .uri("/v4/EndpointEvents")
        .header("host", "sidetone.test")
        .header("x-twilio-token", token);
    let body = Body::from(serde_json::to_vec(&event).unwrap());
    server.send(request.body(body).unwrap()).await
}

/// A server with two calls.
async fn start() -> TestServer {
    let server = TestServer::start().await;
    for call in [CALL, OTHER] {
        server.step(call, "ringing", RINGING).await;
    }
    server
}

#[tokio::test]
async fn a_token_says_what_it_allows_and_until_when() {
    let server = start().await;
    let form = "Grant=rate&Grant=annotate&Ttl=60&Identity=anna";
    let answer = server.post(&format!("/v1/Voice/{CALL}/Token"), form).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let mut told = answer.json();
    assert_eq!(told["token"].take().as_str().unwrap().split('.').count(), 3);
    let expected = json!({
        "token": null, "call_sid": CALL, "grants": ["rate", "annotate"],
        "expires_at": "2026-06-01T12:01:02Z", "identity": "anna",
    });
    assert_eq!(told, expected);
    let wrong = server
        .post(&format!("/v1/Voice/{CALL}/Token"), "Grant=erase")
        .await;
    assert_eq!(wrong.error(), (400, 20001));
    assert_eq!(wrong.json()["details"]["parameter"], "Grant");
    // Its SDK tells of a call as soon as it begins: maybe before anybody else.
    let new = "CAe123456789abcdef0123456789abcdef";
    let observe = token(&server, new, "Grant=observe").await;
    assert_eq!(publish(&server, &observe, new).await.status, 200);
    server.pass(1).await;
    server
        .app
        .store
        .erase(vec![call_ref(new)], "tester", server.app.clock.now())
        .await
        .unwrap();
    let gone = server
        .post(&format!("/v1/Voice/{new}/Token"), "Grant=rate")
        .await;
    assert_eq!(gone.error(), (404, 17002));
}

fn call_ref(sid: &str) -> sidetone_core::id::CallRef {
    sidetone_core::id::CallRef {
        account: ACCOUNT.parse().unwrap(),
        sid: sid.parse().unwrap(),
    }
}

#[tokio::test]
async fn its_holder_annotates_and_rates_under_their_own_name() {
    let server = start().await;
    let token = token(&server, CALL, "Grant=annotate&Grant=rate&Identity=anna").await;
    let annotated = post(
        &server,
        &annotation(CALL),
        &token,
        "CallScore=4&Comment=clear",
    )
    .await;
    assert_eq!(annotated.status, 200, "{}", annotated.text);
    assert_eq!(annotated.header("access-control-allow-origin"), Some("*"));
    let read = ask(&server, Method::GET, &annotation(CALL), &token, "").await;
    assert_eq!(read.json()["comment"], "clear");
    let history = server
        .get(&format!("/v1/Voice/{CALL}/Annotation/History"))
        .await;
    let history = history.json();
    let first = history
        .as_object()
        .unwrap()
        .values()
        .find(|it| it.is_array())
        .unwrap()[0]
        .clone();
    assert_eq!(first["by"], "anna", "{first}");
    let path = feedback(ACCOUNT, CALL);
    let rated = post(&server, &path, &token, "QualityScore=2&Issue=dropped-call").await;
    assert_eq!(rated.status, 201);
    let rated = server.get(&feedback(ACCOUNT, CALL)).await.json();
    assert_eq!(rated["quality_score"], 2);
}

#[tokio::test]
async fn nothing_else_is_open() {
    let server = start().await;
    let annotate = token(&server, CALL, "Grant=annotate").await;
    let rate = token(&server, CALL, "Grant=rate").await;
    let observe = token(&server, CALL, "Grant=observe").await;
    let forbidden = |answer: Answer| assert_eq!(answer.error(), (403, 20403), "{}", answer.text);
    forbidden(post(&server, &annotation(OTHER), &annotate, "CallScore=1").await);
    forbidden(post(&server, &annotation(CALL), &rate, "CallScore=1").await);
    forbidden(ask(&server, Method::GET, &annotation(CALL), &observe, "").await);
    forbidden(
        post(
            &server,
            &feedback(ACCOUNT, CALL),
            &annotate,
            "QualityScore=1",
        )
        .await,
    );
    forbidden(post(&server, &feedback(ACCOUNT, OTHER), &rate, "QualityScore=1").await);
    forbidden(publish(&server, &annotate, CALL).await);
    forbidden(publish(&server, &observe, OTHER).await);
    assert_eq!(publish(&server, &observe, CALL).await.status, 200);
    let elsewhere = server.subaccount().await;
    let elsewhere = feedback(&elsewhere.account_sid, CALL);
    let refused = post(&server, &elsewhere, &rate, "QualityScore=1").await;
    assert_eq!(refused.error(), (404, 20404));
    for token in [&annotate, &rate, &observe] {
        for (method, path) in [
            (Method::DELETE, annotation(CALL)),
            (Method::GET, format!("/v1/Voice/{CALL}/Annotation/History")),
            (Method::GET, format!("/v1/Voice/{CALL}/Summary")),
            (Method::GET, "/v1/Voice/Summaries".to_owned()),
            (Method::GET, feedback(ACCOUNT, CALL)),
            (Method::POST, format!("/v1/Voice/{CALL}/Token")),
            (Method::POST, "/ingest/v1/events".to_owned()),
        ] {
            let refused = ask(&server, method, &path, token, "").await;
            assert_eq!(refused.error(), (401, 20003), "{path}");
        }
    }
    // None of the refusals changed anything.
    let untouched = server.get(&annotation(OTHER)).await.json();
    assert_eq!(untouched["call_score"], Value::Null);
}

#[tokio::test]
async fn a_token_ends_with_its_time_and_with_what_it_was_signed_with() {
    let server = start().await;
    let short = token(&server, CALL, "Grant=annotate&Ttl=30").await;
    server.app.clock.advance_us(89 * SECOND_US);
    assert_eq!(
        ask(&server, Method::GET, &annotation(CALL), &short, "")
            .await
            .status,
        200
    );
    server.app.clock.advance_us(SECOND_US);
    let over = ask(&server, Method::GET, &annotation(CALL), &short, "").await;
    assert_eq!(over.error(), (401, 20003));
    assert!(over.text.contains("it has expired"), "{}", over.text);

    // The account's token was replaced: the old one is valid for a while, and so is what it signed.
    let old = token(&server, CALL, "Grant=annotate&Ttl=7200").await;
    let store = server.app.store.as_ref();
    let (account, now) = (ACCOUNT.parse().unwrap(), server.app.clock.now());
    let until = now.plus_us(600 * SECOND_US);
    let renewed = accounts::rotate_token(store, &server.vault, account, until, now).await;
    let renewed = renewed.unwrap().auth_token;
    server.app.directory.refresh(store).await.unwrap();
    assert_eq!(
        ask(&server, Method::GET, &annotation(CALL), &old, "")
            .await
            .status,
        200
    );
    let with_new = server.log_in(ACCOUNT, &renewed);
    let new = token(&with_new, CALL, "Grant=annotate").await;
    server.app.clock.advance_us(601 * SECOND_US);
    let over = ask(&server, Method::GET, &annotation(CALL), &old, "").await;
    assert_eq!(over.error(), (401, 20003));
    assert_eq!(
        ask(&server, Method::GET, &annotation(CALL), &new, "")
            .await
            .status,
        200
    );

    // What a key has signed goes with the key.
    let key = accounts::create_key(store, &server.vault, account, String::new(), "tester", now);
    let (sid, secret) = key.await.unwrap();
    server.app.directory.refresh(store).await.unwrap();
    let by_key = token(
        &server.log_in(&sid.to_string(), &secret),
        CALL,
        "Grant=annotate",
    )
    .await;
    assert_eq!(
        ask(&server, Method::GET, &annotation(CALL), &by_key, "")
            .await
            .status,
        200
    );
    store.revoke_api_key(sid, "tester", now).await.unwrap();
    server.app.directory.refresh(store).await.unwrap();
    let over = ask(&server, Method::GET, &annotation(CALL), &by_key, "").await;
    assert_eq!(over.error(), (401, 20003));
}
