//! What is not the provider's word for this server, this browser and this sign-in.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use sidetone::web::forwarded::Peer;

use super::provider::Fault;
use super::{Company, claims, get, outcome, refused};

#[tokio::test]
async fn a_token_that_is_not_the_providers_word_lets_nobody_in() {
    let company = Company::open().await;
    for (fault, reason) in [
        (Fault::Tampered, "not-valid"),
        (Fault::OtherKey, "not-valid"),
        (Fault::Unsigned, "not-valid"),
        (Fault::SharedSecret, "not-valid"),
        (Fault::OtherAccessToken, "not-valid"),
        (Fault::NoIdToken, "not-valid"),
        (Fault::InvalidGrant, "not-valid"),
        (Fault::Garbage, "not-valid"),
        (Fault::Redirect, "not-valid"),
        (Fault::Huge, "away"),
    ] {
        company.provider.saying().fault = Some(fault);
        assert_eq!(company.sign_in().await, refused(reason), "{fault:?}");
    }
    company.provider.saying().fault = None;
    let now_s = company.provider.saying().now_s;
    for (claim, value) in [
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("aud", json!("another")),
        ("aud", json!(["sidetone", "another"])),
        ("aud", json!([])),
        ("iss", json!("http://127.0.0.1:1")),
        ("iss", Value::Null),
        ("exp", json!(now_s - 1)),
        ("sub", Value::Null),
    ] {
        company.provider.says(json!({
            "preferred_username": "anna", "groups": ["all"], claim: value
        }));
        assert_eq!(
            company.sign_in().await,
            refused("not-valid"),
            "{claim} {value}"
        );
    }
    let nobody = company
        .server
        .app
        .store
        .person(&"anna".parse().unwrap())
        .await;
    assert_eq!(nobody, Ok(None));
}

#[tokio::test]
async fn only_the_browser_that_began_finishes_once_and_in_time() {
    let company = Company::open().await;
    let (one, other) = (company.begin().await, company.begin().await);
    let back = async |cookie: &str, query: &str| outcome(&company.come_back(cookie, query).await);
    let none = refused("out-of-date");
    let other_state = other.query.split_once("state=").unwrap().1;
    let stays = async |cookie: &str, query: &str| {
        let answer = company.come_back(cookie, query).await;
        assert_eq!(answer.header("set-cookie"), None, "{cookie} {query}");
        outcome(&answer)
    };
    for (cookie, query) in [
        ("", other.query.as_str()),
        ("sidetone_sign_in=", &other.query),
        ("sidetone_sign_in=AAAA", &other.query),
        (&one.cookie, &other.query),
        (&other.cookie, &one.query),
        (&other.cookie, "code=the-code"),
        (&other.cookie, "code=the-code&state="),
        (&other.cookie, "error=access_denied"),
        (&other.cookie, ""),
        (&other.cookie, "code=%FF&state=%"),
    ] {
        assert_eq!(stays(cookie, query).await, none, "{cookie} {query}");
    }
    assert_eq!(company.provider.saying().asked_for_tokens, 0);
    // Its answer, and another provider's.
    let issuer = &company.provider.issuer;
    let foreign = format!("{}&iss=https://elsewhere.example.com", one.query);
    let answer = company.come_back(&one.cookie, &foreign).await;
    assert_eq!(outcome(&answer), refused("not-valid"));
    let gone = answer.header("set-cookie").unwrap();
    assert!(gone.starts_with("sidetone_sign_in=;"), "{gone}");
    assert_eq!(company.provider.saying().asked_for_tokens, 0);
    let query = format!("{}&iss={issuer}", other.query);
    assert!(back(&other.cookie, &query).await.is_ok());
    assert_eq!(back(&other.cookie, &query).await, none, "once");
    // A code that was got for another sign-in.
    let (one, other) = (company.begin().await, company.begin().await);
    company.provider.saying().fault = None;
    assert_eq!(back(&one.cookie, &one.query).await, refused("not-valid"));
    assert!(back(&other.cookie, &other.query).await.is_ok());

    let late = company.begin().await;
    company.server.app.clock.advance_us(600_000_000);
    assert_eq!(back(&late.cookie, &late.query).await, none);
    let cancelled = company.begin().await;
    let state = cancelled.query.split_once("state=").unwrap().1;
    assert_ne!(state, other_state);
    for (error, reason) in [
        ("access_denied", "cancelled"),
        ("server_error", "out-of-date"),
    ] {
        let query = format!("error={error}&state={state}");
        assert_eq!(back(&cancelled.cookie, &query).await, refused(reason));
    }
}

#[tokio::test]
async fn keys_are_asked_for_again_when_they_have_changed() {
    let company = Company::open().await;
    assert!(company.sign_in().await.is_ok());
    company.provider.rotate("second");
    assert_eq!(
        company.sign_in().await,
        refused("not-valid"),
        "they are new"
    );
    assert_eq!(company.provider.saying().asked_for_keys, 1);
    company.server.app.clock.advance_us(11_000_000);
    assert!(company.sign_in().await.is_ok());
    assert_eq!(company.provider.saying().asked_for_keys, 2);
    assert!(company.sign_in().await.is_ok());
    assert_eq!(company.provider.saying().asked_for_keys, 2);
}

#[tokio::test]
async fn a_provider_that_says_what_cannot_be_is_not_followed() {
    for (name, value, reason) in [
        ("issuer", json!("http://127.0.0.1:1"), "away"),
        ("jwks_uri", json!("http://192.0.2.1/keys"), "away"),
        ("jwks_uri", json!("file:///etc/passwd"), "away"),
        (
            "authorization_endpoint",
            json!("http://192.0.2.1/authorize"),
            "not-valid",
        ),
        (
            "authorization_endpoint",
            json!("javascript:alert(1)"),
            "not-valid",
        ),
        ("x", json!("x".repeat(400_000)), "away"),
    ] {
        let company = Company::open().await;
        company
            .provider
            .saying()
            .document
            .insert(name.to_owned(), value);
        let answer = get(&company.server, "/session/oidc", "").await;
        assert_eq!(outcome(&answer), refused(reason), "{name}");
    }
    let company = Company::open().await;
    let elsewhere = json!("http://192.0.2.1/token");
    company
        .provider
        .saying()
        .document
        .insert("token_endpoint".to_owned(), elsewhere);
    assert_eq!(company.sign_in().await, refused("away"));
}

#[tokio::test]
async fn one_address_takes_the_sign_in_from_no_other() {
    let company = Company::open().await;
    let begins = async |address: &str| {
        let request = Request::get("/session/oidc").header("host", "sidetone.test");
        let peer = Peer {
            address: address.parse().unwrap(),
            tls: false,
        };
        let request = request.extension(peer).body(Body::empty());
        company.server.send(request.unwrap()).await
    };
    // All that one address may have at once.
    let here = "192.0.2.1".parse().unwrap();
    let bounds = &company.server.app.bounds;
    let turns: Vec<_> = std::iter::from_fn(|| bounds.sign_ins.begin(here)).collect();
    assert_eq!(turns.len(), 16);
    assert_eq!(outcome(&begins("192.0.2.1").await), refused("busy"));
    let other = begins("192.0.2.2").await;
    let location = other.header("location").unwrap();
    assert!(location.starts_with(&company.provider.issuer), "{location}");
    drop(turns);

    // What fails is counted as wrong passwords are, where the provider was asked.
    for _ in 0..150 {
        let answer = company.come_back("", "code=made-up&state=made-up").await;
        assert_eq!(outcome(&answer), refused("out-of-date"));
    }
    let begun = company.begin().await;
    company.provider.says(claims("anna", &["others"]));
    for _ in 0..101 {
        assert_eq!(company.sign_in().await, refused("no-role"));
    }
    let asked = company.provider.saying().asked_for_tokens;
    let refusal = refused("too-often");
    assert_eq!(
        outcome(&get(&company.server, "/session/oidc", "").await),
        refusal
    );
    let answer = company.come_back(&begun.cookie, &begun.query).await;
    assert_eq!(outcome(&answer), refusal);
    assert_eq!(company.provider.saying().asked_for_tokens, asked);
    assert!(begins("192.0.2.2").await.header("set-cookie").is_some());
    company.server.app.clock.advance_us(60_000_000);
    company.provider.says(claims("anna", &["all"]));
    assert!(company.sign_in().await.is_ok());
}
