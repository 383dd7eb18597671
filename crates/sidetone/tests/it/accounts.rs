//! Whose credentials open what.

use sidetone::accounts;
use sidetone::config::Settings;
use sidetone_core::id::AccountSid;

use crate::harness::{ACCOUNT, TOKEN, TestServer};

const CALL: &str = "CA00112233445566778899aabbccddeeff";

fn summary() -> String {
    format!("/v1/Voice/{CALL}/Summary?ProcessingState=all")
}

#[tokio::test]
async fn wrong_credentials_are_refused_alike() {
    let server = TestServer::start().await;
    for (user, password) in [
        (ACCOUNT, "wrong"),
        (ACCOUNT, ""),
        ("ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", TOKEN),
        ("SKbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", TOKEN),
        ("", ""),
    ] {
        let answer = server.log_in(user, password).get(&summary()).await;
        assert_eq!(answer.error(), (401, 20003), "{user}");
        assert_eq!(
            answer.header("www-authenticate"),
            Some(r#"Basic realm="Twilio API""#)
        );
    }
}

#[tokio::test]
async fn a_parent_sees_its_subaccounts_and_nobody_else_does() {
    let server = TestServer::start().await;
    let [mine, sibling] = [server.subaccount().await, server.subaccount().await];
    let sub = server.log_in(&mine.account_sid, &mine.auth_token);
    let other = server.log_in(&sibling.account_sid, &sibling.auth_token);
    sub.step(CALL, "ringing", "From=a&To=b").await;

    assert_eq!(
        sub.get(&summary()).await.json()["account_sid"],
        *mine.account_sid
    );
    assert_eq!(
        server.get(&summary()).await.json()["account_sid"],
        *mine.account_sid
    );
    assert_eq!(other.get(&summary()).await.error(), (404, 20404));

    let path = format!("/v1/Voice/{CALL}/Annotation");
    assert_eq!(
        server.post(&path, "CallScore=2").await.json()["call_score"],
        2
    );
    assert_eq!(other.post(&path, "CallScore=5").await.error(), (404, 20404));
    assert_eq!(sub.get(&path).await.json()["call_score"], 2);

    // A list shows one's own account, or the one subaccount that is named.
    let list = "/v1/Voice/Summaries?ProcessingState=all&StartTime=1d";
    let count =
        |answer: crate::harness::Answer| answer.json()["call_summaries"].as_array().map(Vec::len);
    assert_eq!(count(server.get(list).await), Some(0));
    assert_eq!(
        count(
            server
                .get(&format!("{list}&Subaccount={}", mine.account_sid))
                .await
        ),
        Some(1)
    );
    assert_eq!(
        count(
            server
                .get(&format!("{list}&Subaccount={}", sibling.account_sid))
                .await
        ),
        Some(0)
    );
    let foreign = format!("{list}&Subaccount={ACCOUNT}");
    assert_eq!(sub.get(&foreign).await.error(), (403, 17000));
}

#[tokio::test]
async fn nobody_writes_into_another_account() {
    let server = TestServer::start().await;
    let mine = server.subaccount().await;
    let sub = server.log_in(&mine.account_sid, &mine.auth_token);
    let form = format!("AccountSid={ACCOUNT}&CallSid={CALL}&CallStatus=ringing");
    let answer = sub.post("/ingest/v1/status-callback", &form).await;
    assert_eq!(answer.error(), (400, 20001));
    let line = format!(
        r#"{{"id":"1","call_sid":"{CALL}","account_sid":"{ACCOUNT}","at":"2026-06-01T00:00:00Z","kind":"facts","facts":{{}}}}"#
    );
    let answer = sub
        .post_as(
            "/ingest/v1/events",
            "application/x-ndjson",
            line.into_bytes(),
        )
        .await;
    assert_eq!(answer.json()["rejected"], 1, "{}", answer.text);

    // A parent may write for its subaccount.
    let form = format!(
        "AccountSid={}&CallSid={CALL}&CallStatus=ringing",
        mine.account_sid
    );
    assert_eq!(
        server
            .post("/ingest/v1/status-callback", &form)
            .await
            .status,
        204
    );
    server.pass(1).await;
    assert_eq!(
        sub.get(&summary()).await.json()["account_sid"],
        *mine.account_sid
    );
}

#[tokio::test]
async fn a_key_opens_its_account_until_it_is_revoked() {
    let server = TestServer::start().await;
    let store = server.app.store.as_ref();
    let account: AccountSid = ACCOUNT.parse().unwrap();
    let now = server.app.clock.now();
    let (key, secret) =
        accounts::create_key(store, &server.vault, account, String::new(), "tester", now)
            .await
            .unwrap();
    server.step(CALL, "ringing", "From=a&To=b").await;
    let with_key = server.log_in(&key.to_string(), &secret);
    // Nobody told the server of the key: it looks when it does not know one.
    assert_eq!(with_key.get(&summary()).await.status, 200);
    let path = format!("/v1/Voice/{CALL}/Annotation");
    with_key.post(&path, "Spam=true").await;
    let history = server.get(&format!("{path}/History")).await.json();
    assert_eq!(history["history"][0]["by"], key.to_string());

    store.revoke_api_key(key, "tester", now).await.unwrap();
    server.app.directory.refresh(store).await.unwrap();
    assert_eq!(with_key.get(&summary()).await.error(), (401, 20003));
}

#[tokio::test]
async fn both_tokens_open_while_rotating() {
    let server = TestServer::start().await;
    let store = server.app.store.as_ref();
    let now = server.app.clock.now();
    let until = now.plus_us(3_600_000_000);
    let made = accounts::rotate_token(store, &server.vault, ACCOUNT.parse().unwrap(), until, now)
        .await
        .unwrap();
    server.app.directory.refresh(store).await.unwrap();
    let renewed = server.log_in(ACCOUNT, &made.auth_token);
    server.step(CALL, "ringing", "From=a&To=b").await;
    assert_eq!(server.get(&summary()).await.status, 200);
    assert_eq!(renewed.get(&summary()).await.status, 200);
    server.pass(3_601).await;
    assert_eq!(server.get(&summary()).await.error(), (401, 20003));
    assert_eq!(renewed.get(&summary()).await.status, 200);
}

#[tokio::test]
async fn an_account_that_asks_too_much_is_told_to_wait() {
    let settings = Settings {
        rate_limit: Some(5),
        ..Settings::default()
    };
    let server = TestServer::with(settings).await;
    for _ in 0..5 {
        assert_eq!(server.get("/v1/Voice/Settings").await.status, 200);
    }
    let answer = server.get("/v1/Voice/Settings").await;
    assert_eq!(answer.error(), (429, 20429));
    assert_eq!(answer.header("retry-after"), Some("1"));
    server.app.clock.advance_us(1_000_000);
    assert_eq!(server.get("/v1/Voice/Settings").await.status, 200);
}

#[tokio::test]
async fn no_secret_is_stored_in_clear() {
    let server = TestServer::start().await;
    let store = server.app.store.as_ref();
    let account: AccountSid = ACCOUNT.parse().unwrap();
    let now = server.app.clock.now();
    let (_, secret) =
        accounts::create_key(store, &server.vault, account, String::new(), "tester", now)
            .await
            .unwrap();
    for entry in std::fs::read_dir(&server.app.config.data).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for secret in [TOKEN, &secret] {
            assert!(
                !bytes
                    .windows(secret.len())
                    .any(|window| window == secret.as_bytes())
            );
        }
    }
}
