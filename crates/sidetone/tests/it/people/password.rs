//! People's own passwords, and the tokens that people give out.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};
use sidetone::people::hash_with;
use sidetone_store::people::{PersonChange, Role, SignIn};

use super::{Browser, CALL, ORIGIN, PASSWORD, call, cookie_of, make, plain, sign_in, try_sign_in};
use crate::harness::{ACCOUNT, Answer, TOKEN, TestServer};

const NEW: &str = "battery staple";

async fn change(browser: &Browser<'_>, body: Value) -> Answer {
    let request = plain(Method::POST, "/session/password")
        .header("cookie", &browser.cookie)
        .header("origin", ORIGIN)
        .header("x-sidetone-csrf", &browser.csrf)
        .header("content-type", "application/json");
    let request = request.body(Body::from(body.to_string())).unwrap();
    browser.server.send(request).await
}

fn passwords(old: &str, new: &str) -> Value {
    json!({ "password": old, "new_password": new })
}

async fn log(browser: &Browser<'_>) -> Vec<(String, String, String, String)> {
    let told = browser.get("/v1/Voice/Audit").await.json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = told["audit"].as_array().unwrap().iter();
    let told = entries.map(|it| {
        let [who, what, target, detail] =
            ["who", "what", "target", "detail"].map(|name| text(&it[name]));
        (who, what, target, detail)
    });
    told.collect()
}

#[tokio::test]
async fn a_person_changes_their_password_and_is_signed_out_elsewhere() {
    let server = TestServer::start().await;
    make(&server, "Anna", Role::Viewer, ACCOUNT).await;
    make(&server, "ada", Role::Admin, ACCOUNT).await;
    let here = sign_in(&server, "anna", PASSWORD).await;
    let elsewhere = sign_in(&server, "anna", PASSWORD).await;
    let ada = sign_in(&server, "ada", PASSWORD).await;
    let changed = change(&here, passwords(PASSWORD, NEW)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.header("cache-control"), Some("no-store"));
    let told = changed.json();
    assert_eq!(
        (&told["name"], &told["role"]),
        (&json!("Anna"), &json!("viewer"))
    );
    for ended in [&here, &elsewhere] {
        assert_eq!(ended.get("/session").await.status, 401);
    }
    let anew = Browser {
        server: &server,
        cookie: cookie_of(&changed),
        csrf: told["csrf"].as_str().unwrap().to_owned(),
    };
    assert_eq!(anew.get("/session").await.json(), told);
    assert_eq!(try_sign_in(&server, "anna", PASSWORD).await.status, 401);
    assert_eq!(try_sign_in(&server, "anna", NEW).await.status, 200);
    assert_eq!(ada.get("/session").await.status, 200);
    let log = log(&ada).await;
    let entry = ["Anna", "person-changed", "Anna", "password"].map(str::to_owned);
    let [who, what, target, detail] = entry;
    assert!(log.contains(&(who, what, target, detail)), "{log:?}");
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it_and_by_nobody_else() {
    let server = TestServer::start().await;
    make(&server, "anna", Role::Annotator, ACCOUNT).await;
    let anna = sign_in(&server, "anna", PASSWORD).await;
    for (body, parameter) in [
        (passwords(PASSWORD, "short"), Some("new_password")),
        (passwords(PASSWORD, PASSWORD), Some("new_password")),
        (json!({ "password": PASSWORD }), None),
        (
            json!({ "password": PASSWORD, "new_password": NEW, "name": "bert" }),
            None,
        ),
        (json!({ "password": PASSWORD, "new_password": 7 }), None),
    ] {
        let refused = change(&anna, body).await;
        assert_eq!(refused.error(), (400, 20001));
        assert_eq!(refused.json()["details"]["parameter"].as_str(), parameter);
        assert!(!refused.text.contains(PASSWORD), "{}", refused.text);
    }
    let forged = Browser {
        server: &server,
        cookie: anna.cookie.clone(),
        csrf: "of another page".to_owned(),
    };
    let refused = change(&forged, passwords(PASSWORD, NEW)).await;
    assert_eq!(refused.error(), (403, 20403));
    let by_token = sign_in(&server, ACCOUNT, TOKEN).await;
    let refused = change(&by_token, passwords(TOKEN, NEW)).await;
    assert_eq!(refused.error(), (403, 20403), "an account has no password");
    // As at signing in, guesses run out: the right one is not looked at either.
    for _ in 0..10 {
        let wrong = change(&anna, passwords("incorrect horse", NEW)).await;
        assert_eq!(
            wrong.error(),
            (400, 20001),
            "the session is as good as before"
        );
        assert_eq!(wrong.json()["details"]["parameter"], "password");
        assert!(!wrong.text.contains("incorrect"), "{}", wrong.text);
    }
    let refused = change(&anna, passwords(PASSWORD, NEW)).await;
    assert_eq!(refused.error(), (429, 20429));
    assert_eq!(try_sign_in(&server, "anna", PASSWORD).await.status, 429);
    assert_eq!(
        anna.get("/session").await.status,
        200,
        "who is signed in goes on"
    );
}

#[tokio::test]
async fn whose_session_has_ended_changes_nothing_and_is_told_so() {
    let server = TestServer::start().await;
    make(&server, "anna", Role::Viewer, ACCOUNT).await;
    let anna = sign_in(&server, "anna", PASSWORD).await;
    let by_admin = async |password: &str| {
        let account = ACCOUNT.parse().unwrap();
        let hash = hash_with(password, 1_000.try_into().unwrap()).unwrap();
        let change = PersonChange {
            sign_in: Some(SignIn::Password(hash)),
            ..PersonChange::default()
        };
        let (name, now) = ("anna".parse().unwrap(), server.app.clock.now());
        let store = &server.app.store;
        let changed = store.change_person(account, &name, change, "admin", now);
        changed.await.unwrap();
    };
    by_admin("hers anew").await;
    for password in [PASSWORD, "hers anew"] {
        let refused = change(&anna, passwords(password, NEW)).await;
        assert_eq!(refused.error(), (401, 20003), "{password}");
    }
    // Who has stolen her password and is about to change it: the new one takes long to hash.
    let thief = sign_in(&server, "anna", "hers anew").await;
    let (changed, ()) = tokio::join!(change(&thief, passwords("hers anew", NEW)), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        by_admin("hers once more").await;
    });
    assert_eq!(changed.error(), (401, 20003), "{}", changed.text);
    assert_eq!(changed.header("set-cookie"), None);
    assert_eq!(thief.get("/session").await.status, 401);
    assert_eq!(try_sign_in(&server, "anna", NEW).await.status, 401);
    let hers = try_sign_in(&server, "anna", "hers once more").await;
    assert_eq!(hers.status, 200);
}

#[tokio::test]
async fn the_log_tells_which_tokens_were_given_out_and_not_the_tokens() {
    let server = TestServer::start().await;
    call(&server).await;
    make(&server, "anna", Role::Annotator, ACCOUNT).await;
    let anna = sign_in(&server, "anna", PASSWORD).await;
    let path = format!("/v1/Voice/{CALL}/Token");
    let given = anna.post(&path, "Grant=annotate&Grant=rate").await;
    assert_eq!(given.status, 201, "{}", given.text);
    let token = given.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(anna.post(&path, "Grant=observe").await.status, 403);
    assert_eq!(server.post(&path, "Grant=observe").await.status, 201);
    let by_token = sign_in(&server, ACCOUNT, TOKEN).await;
    let entry = |who: &str, detail: &str| {
        let [what, target] = ["token-given", CALL].map(str::to_owned);
        (who.to_owned(), what, target, detail.to_owned())
    };
    let mut log = log(&by_token).await;
    log.retain(|(_, what, ..)| what == "token-given");
    assert_eq!(
        log,
        [
            entry(ACCOUNT, "observe"),
            entry("anna", "annotate, rate; identity anna")
        ]
    );
    let raw = by_token.get("/v1/Voice/Audit").await.text;
    assert!(!raw.contains(&token), "{raw}");
}
