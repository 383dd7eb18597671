//! Sessions: how they begin and end.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;
use sidetone_core::id::AccountSid;
use sidetone_store::people::Role;

use super::{Browser, PASSWORD, annotation, call, cookie_of, make, plain, sign_in, try_sign_in};
use crate::harness::{ACCOUNT, TOKEN, TestServer};

#[tokio::test]
async fn whoever_signs_in_has_a_session_until_they_sign_out() {
    let server = TestServer::start().await;
    make(&server, "Anna", Role::Annotator, ACCOUNT).await;
    let sub = server.subaccount().await;
    let answer = try_sign_in(&server, "anna", PASSWORD).await;
    let set = answer.header("set-cookie").unwrap();
    assert!(
        set.ends_with("; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax"),
        "{set}"
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let told = answer.json();
    let expected = json!({
        "account_sid": ACCOUNT,
        "name": "Anna",
        "role": "annotator",
        "sign_in": "password",
        "csrf": told["csrf"],
        "expires_at": "2026-06-02T00:00:00Z",
        "other_accounts": [{ "account_sid": sub.account_sid, "name": "" }],
    });
    assert_eq!(told, expected);
    let anna = Browser {
        server: &server,
        cookie: cookie_of(&answer),
        csrf: told["csrf"].as_str().unwrap().to_owned(),
    };
    let again = anna.get("/session").await;
    assert_eq!(again.json(), told);
    assert_eq!(again.header("cache-control"), Some("no-store"));

    call(&server).await;
    assert_eq!(anna.get("/v1/Voice/Summaries").await.status, 200);
    let changed = anna.post(&annotation(), "CallScore=2").await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let history = anna.get(&format!("{}/History", annotation())).await.json();
    assert_eq!(history["history"][0]["by"], "Anna");

    let out = anna.change(Method::DELETE, "/session", "").await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    for path in ["/session", "/v1/Voice/Summaries"] {
        let answer = anna.get(path).await;
        assert_eq!(answer.error(), (401, 20003), "{path}");
        // A browser would ask for Basic credentials itself.
        assert_eq!(answer.header("www-authenticate"), None, "{path}");
    }
}

#[tokio::test]
async fn a_session_lasts_twelve_hours_without_use_and_a_week_at_most() {
    let server = TestServer::start().await;
    make(&server, "anna", Role::Admin, ACCOUNT).await;
    let anna = sign_in(&server, "anna", PASSWORD).await;
    let hours = |hours: i64| server.app.clock.advance_us(hours * 3_600_000_000);
    for _ in 0..16 {
        hours(10);
        assert_eq!(anna.get("/session").await.status, 200);
    }
    hours(9);
    assert_eq!(anna.get("/session").await.status, 401, "169 hours");
    let anna = sign_in(&server, "anna", PASSWORD).await;
    hours(12);
    assert_eq!(anna.get("/session").await.status, 401);
}

#[tokio::test]
async fn accounts_and_keys_sign_in_too_and_lose_their_sessions_with_their_secrets() {
    let server = TestServer::start().await;
    let store = server.app.store.as_ref();
    let now = server.app.clock.now();
    let account: AccountSid = ACCOUNT.parse().unwrap();
    let made =
        sidetone::accounts::create_key(store, &server.vault, account, String::new(), "x", now);
    let (key, secret) = made.await.unwrap();
    let by_key = sign_in(&server, &key.to_string(), &secret).await;
    let by_token = sign_in(&server, ACCOUNT, TOKEN).await;
    let told = by_key.get("/session").await.json();
    assert_eq!(
        (&told["role"], &told["name"]),
        (&"admin".into(), &key.to_string().into())
    );
    assert_eq!(told["sign_in"], json!(null), "who is no person");
    assert_eq!(by_token.get("/v1/Voice/People").await.status, 200);
    store.revoke_api_key(key, "x", now).await.unwrap();
    assert_eq!(by_key.get("/session").await.status, 401);
    assert_eq!(by_token.get("/session").await.status, 200);
    let rotated = sidetone::accounts::rotate_token(store, &server.vault, account, now, now);
    rotated.await.unwrap();
    assert_eq!(by_token.get("/session").await.status, 401);
    for (user, password) in [(ACCOUNT, TOKEN), (&*key.to_string(), &*secret)] {
        let refused = try_sign_in(&server, user, password).await;
        assert_eq!(refused.error(), (401, 20003), "{user}");
    }
}

#[tokio::test]
async fn nobody_signs_in_who_may_not() {
    let server = TestServer::start().await;
    make(&server, "anna", Role::Admin, ACCOUNT).await;
    make(&server, "bert", Role::Admin, ACCOUNT).await;
    let bert = sign_in(&server, "bert", PASSWORD).await;
    let disabled = server.post("/v1/Voice/People/bert", "Disabled=true").await;
    assert_eq!(disabled.json()["disabled"], true);
    assert_eq!(bert.get("/session").await.error(), (401, 20003));
    for (user, password) in [
        ("anna", "wrong"),
        ("anna", ""),
        ("nobody", PASSWORD),
        ("bert", PASSWORD),
        ("", ""),
        ("\u{202e}anna", PASSWORD),
        (ACCOUNT, PASSWORD),
    ] {
        let refused = try_sign_in(&server, user, password).await;
        assert_eq!(refused.error(), (401, 20003), "{user}");
        assert_eq!(refused.header("set-cookie"), None);
        assert_eq!(refused.header("www-authenticate"), None);
    }
    let post = |kind: &str, body: &str| {
        let request = plain(Method::POST, "/session").header("content-type", kind);
        let request = request.body(Body::from(body.to_owned())).unwrap();
        server.send(request)
    };
    let right = json!({ "user": "anna", "password": PASSWORD }).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
    ] {
        assert_eq!(post(kind, &right).await.error(), (400, 20001), "{kind}");
    }
    for body in [
        "",
        "[]",
        "{}",
        r#"{"user":"anna"}"#,
        r#"{"user":1,"password":"x"}"#,
    ] {
        let refused = post("application/json", body).await;
        assert_eq!(refused.error(), (400, 20001), "{body}");
    }
    let long = json!({ "user": "anna", "password": "x".repeat(5_000) }).to_string();
    assert_eq!(post("application/json", &long).await.error(), (413, 20413));
    assert_eq!(
        post("application/json; charset=utf-8", &right).await.status,
        200
    );
}

#[tokio::test]
async fn guesses_are_refused_wherever_they_come_from() {
    let server = TestServer::start().await;
    make(&server, "anna", Role::Admin, ACCOUNT).await;
    let anna = sign_in(&server, "anna", PASSWORD).await;
    for _ in 0..10 {
        let wrong = try_sign_in(&server, "anna", "a wrong password").await;
        assert_eq!(wrong.error(), (401, 20003));
        // As many by a name that is nobody's, which take their time.
        let logins = &server.app.bounds.logins;
        assert_eq!(logins.try_name("nobody", server.app.clock.passed()), Ok(()));
    }
    // The right one is a guess as well, and whether there is such a person does not show.
    for user in ["anna", "nobody"] {
        let refused = try_sign_in(&server, user, PASSWORD).await;
        assert_eq!(refused.error(), (429, 20429), "{user}");
        assert_eq!(refused.header("retry-after"), Some("30"));
    }
    assert_eq!(
        anna.get("/session").await.status,
        200,
        "who is signed in goes on"
    );
    server.app.clock.advance_us(31_000_000);
    sign_in(&server, "anna", PASSWORD).await;
}
