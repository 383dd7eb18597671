//! What the server is set up with, as its operator sees it.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use sidetone::accounts;
use sidetone::accounts::NewAccount;
use sidetone_store::delivery::{
    Content, DeliveryId, DeliveryRequest, EndpointId, Headers, Method as How, NewDelivery, Outcome,
    Signature,
};

use super::CALL;
use crate::harness::{ACCOUNT, Answer, TestServer};

async fn ask(server: &TestServer, method: Method, path: &str) -> Answer {
    let request = server.request(method, path).body(Body::empty());
    server.send(request.unwrap()).await
}

#[tokio::test]
async fn accounts_are_told_to_whom_they_belong() {
    let server = TestServer::start().await;
    let child = server.subaccount().await;
    let other = accounts::create(
        server.app.store.as_ref(),
        &server.vault,
        NewAccount::default(),
        server.app.clock.now(),
    );
    let other = other.await.unwrap();
    server
        .app
        .directory
        .refresh(server.app.store.as_ref())
        .await
        .unwrap();
    let told = |answer: Answer| -> Vec<(Value, Value)> {
        let answer = answer.json();
        let accounts = answer["accounts"].as_array().unwrap().iter();
        let pair = |it: &Value| (it["account_sid"].clone(), it["parent_account_sid"].clone());
        accounts.map(pair).collect()
    };
    let own = (json!(ACCOUNT), Value::Null);
    let of_child = (json!(child.account_sid), json!(ACCOUNT));
    let seen = told(server.get("/v1/Voice/Accounts").await);
    assert_eq!(seen, [own, of_child.clone()]);
    let as_child = server.log_in(&child.account_sid, &child.auth_token);
    assert_eq!(told(as_child.get("/v1/Voice/Accounts").await), [of_child]);
    let as_other = server.log_in(&other.account_sid, &other.auth_token);
    assert_eq!(told(as_other.get("/v1/Voice/Accounts").await).len(), 1);
    for path in ["Sources", "Storage", "Sides"] {
        let path = format!("/v1/Voice/{path}");
        for other in [&as_child, &as_other] {
            assert_eq!(other.get(&path).await.error(), (403, 17000), "{path}");
        }
        assert_eq!(server.get(&path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_key_opens_calls_from_when_it_is_made_until_it_is_revoked() {
    let server = TestServer::start().await;
    let child = server.subaccount().await;
    let form = format!("FriendlyName=wall+board&Subaccount={}", child.account_sid);
    let made = server.post("/v1/Voice/Keys", &form).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let made = made.json();
    let (sid, secret) = (
        made["sid"].as_str().unwrap(),
        made["secret"].as_str().unwrap(),
    );
    let by_key = server.log_in(sid, secret);
    let summaries = "/v1/Voice/Summaries";
    assert_eq!(by_key.get(summaries).await.status, StatusCode::OK);
    let listed = server.get("/v1/Voice/Keys").await;
    assert!(!listed.text.contains(secret));
    let listed = listed.json();
    assert_eq!(listed["keys"][0]["sid"], sid);
    assert_eq!(listed["keys"][0]["friendly_name"], "wall board");
    assert_eq!(listed["keys"][0]["account_sid"], child.account_sid);
    // The subaccount sees its own; the parent's it neither sees nor revokes.
    let own = server.post("/v1/Voice/Keys", "").await.json();
    let as_child = server.log_in(&child.account_sid, &child.auth_token);
    let seen = as_child.get("/v1/Voice/Keys").await.json();
    assert_eq!(seen["keys"].as_array().unwrap().len(), 1);
    let of_parent = format!("/v1/Voice/Keys/{}", own["sid"].as_str().unwrap());
    let refused = ask(&as_child, Method::DELETE, &of_parent).await;
    assert_eq!(refused.error(), (404, 20404));
    let foreign = format!("Subaccount={ACCOUNT}");
    assert_eq!(
        as_child.post("/v1/Voice/Keys", &foreign).await.error().0,
        403
    );

    let revoked = ask(&server, Method::DELETE, &format!("/v1/Voice/Keys/{sid}")).await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    assert_eq!(by_key.get(summaries).await.error(), (401, 20003));
    let again = ask(&server, Method::DELETE, &format!("/v1/Voice/Keys/{sid}")).await;
    assert_eq!(again.error(), (404, 20404));
    let long = format!("FriendlyName={}", "x".repeat(65));
    let refused = server.post("/v1/Voice/Keys", &long).await;
    assert_eq!(refused.error(), (400, 20001));
    assert_eq!(refused.json()["details"]["parameter"], "FriendlyName");
}

#[tokio::test]
async fn what_was_given_up_is_tried_again_by_its_owner() {
    let server = TestServer::start().await;
    let (store, now) = (server.app.store.as_ref(), server.app.clock.now());
    const URL: &str = "https://example.com/hook?key=secret";
    let id = DeliveryId::from_bytes([7; 16]);
    let account = ACCOUNT.parse().unwrap();
    let delivery = NewDelivery {
        id,
        account,
        subject: None,
        kind: "feedback_summary".to_owned(),
        content: Content::Request(DeliveryRequest {
            method: How::Post,
            url: URL.to_owned(),
            headers: Headers::default(),
            body: None,
        }),
        signature: Signature::Twilio,
        created_at: now,
    };
    store.deliver(vec![delivery]).await.unwrap();
    let waiting = server.get("/v1/Voice/Deliveries").await.json();
    assert_eq!(waiting["deliveries"][0]["id"], id.to_string());
    assert_eq!(waiting["deliveries"][0]["url"], "https://example.com/hook");
    assert_eq!(waiting["meta"]["key"], "deliveries");
    let endpoint = EndpointId::of(account, URL);
    let lease = now.plus_us(1_000_000);
    let taken = store.take_deliveries(endpoint, vec![], 9, now, lease).await;
    assert_eq!(taken.unwrap().len(), 1);
    let failed = Outcome::Failed {
        error: "answered 500".to_owned(),
        retry_at: None,
    };
    let settled = vec![(id, failed)];
    let taken = store
        .take_deliveries(endpoint, settled, 9, now, lease)
        .await;
    assert_eq!(taken.unwrap().len(), 0);
    let dead = server.get("/v1/Voice/Deliveries?Status=dead").await.json();
    assert_eq!(dead["deliveries"][0]["last_error"], "answered 500");
    assert!(dead["deliveries"][0]["dead_time"].is_string());
    let replay = format!("/v1/Voice/Deliveries/{id}/Replay");
    let child = server.subaccount().await;
    let as_child = server.log_in(&child.account_sid, &child.auth_token);
    let refused = ask(&as_child, Method::POST, &replay).await;
    assert_eq!(refused.error(), (404, 20404));
    let accepted = ask(&server, Method::POST, &replay).await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED, "{}", accepted.text);
    let waiting = server
        .get("/v1/Voice/Deliveries?Status=waiting")
        .await
        .json();
    assert_eq!(waiting["deliveries"][0]["attempts"], 0);
    let again = ask(&server, Method::POST, &replay).await;
    assert_eq!(again.error(), (404, 20404));
    let wrong = server.get("/v1/Voice/Deliveries?Status=lost").await;
    assert_eq!(wrong.error(), (400, 17400));
}

#[tokio::test]
async fn a_source_tells_what_came_and_what_is_wrong_with_the_rest() {
    let server = TestServer::start().await;
    let source = async |name: &str| {
        let told = server.get("/v1/Voice/Sources").await.json();
        let sources = told["sources"].as_array().unwrap().clone();
        sources.into_iter().find(|it| it["source"] == name).unwrap()
    };
    let nothing = json!({
        "source": "status-callback", "accepted": 0, "last_accepted": null, "refused": [],
    });
    assert_eq!(source("status-callback").await, nothing);
    let callback = "/ingest/v1/status-callback";
    let refused = server.post(callback, "CallSid=CA1&CallStatus=rung").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let seen = source("status-callback").await;
    assert_eq!(seen["accepted"], 0);
    assert_eq!(seen["refused"][0]["reason"], "invalid");
    assert_eq!(seen["refused"][0]["count"], 1);
    assert_eq!(seen["refused"][0]["message"], refused.json()["message"]);
    server.step(CALL, "ringing", "").await;
    let seen = source("status-callback").await;
    assert_eq!(seen["accepted"], 1);
    assert_eq!(seen["last_accepted"], "2026-06-01T12:00:00Z");
    let form = "application/x-www-form-urlencoded";
    let stranger = server
        .log_in(ACCOUNT, "wrong")
        .post_as(callback, form, vec![])
        .await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    let seen = source("status-callback").await;
    let reasons: Vec<_> = seen["refused"].as_array().unwrap().iter().collect();
    assert!(
        reasons.iter().any(|it| it["reason"] == "credentials"),
        "{seen}"
    );
}

#[tokio::test]
async fn storage_tells_what_there_is_and_how_long_it_stays() {
    let server = TestServer::start().await;
    server.step(CALL, "ringing", "").await;
    let told = server.get("/v1/Voice/Storage").await.json();
    assert_eq!(told["calls"], 1);
    assert!(told["database"]["bytes"].as_u64().unwrap() > 0, "{told}");
    assert_eq!(told["retention"]["events_s"], 30 * 86_400);
    assert_eq!(told["retention"]["summaries_s"], 400 * 86_400);
    let sides = server.get("/v1/Voice/Sides").await.json();
    assert_eq!(sides, json!({"version": 0, "digest": null, "sides": []}));
}
