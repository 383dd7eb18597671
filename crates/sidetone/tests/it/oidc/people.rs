//! Who is let in, and as what.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use sidetone::people::hash_with;
use sidetone::tables::Tables;
use sidetone_store::people::{Person, Role, SignIn};

use super::{Company, PUBLIC_URL, claims, get, outcome, refused, settings};
use crate::harness::{ACCOUNT, TestServer};

const PASSWORD: &str = "correct horse";

/// What the log says.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn make(server: &TestServer, name: &str) {
    let person = Person {
        name: name.parse().unwrap(),
        account: ACCOUNT.parse().unwrap(),
        role: Role::Viewer,
        sign_in: SignIn::Password(hash_with(PASSWORD, 1_000.try_into().unwrap()).unwrap()),
        is_disabled: false,
        created_at: server.app.clock.now(),
        last_sign_in: None,
    };
    let made = server.app.store.create_person(person, "tester").await;
    made.unwrap();
}

async fn by_password(server: &TestServer, name: &str) -> u16 {
    let body = json!({ "user": name, "password": PASSWORD }).to_string();
    let request = Request::post("/session").header("host", "sidetone.test");
    let request = request.header("content-type", "application/json");
    let answer = server.send(request.body(Body::from(body)).unwrap()).await;
    answer.status.as_u16()
}

async fn change(server: &TestServer, name: &str, form: &str) -> Value {
    let answer = server.post(&format!("/v1/Voice/People/{name}"), form).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn people_are_what_the_provider_says_at_each_sign_in() {
    let company = Company::with(json!({ "label": "Acme account" })).await;
    let methods = get(&company.server, "/session/methods", "").await;
    assert_eq!(
        methods.json(),
        json!({ "provider": { "label": "Acme account" } })
    );
    let first = company.sign_in().await.unwrap();
    let called = |name: &str, role: &str| (name.to_owned(), role.to_owned());
    assert_eq!(company.who(&first).await, called("anna", "viewer"));
    let forbidden = get(&company.server, "/v1/Voice/People", &first).await;
    assert_eq!(forbidden.error(), (403, 20403));

    company.provider.says(claims("anna.smith", &["ops", "all"]));
    let second = company.sign_in().await.unwrap();
    assert_eq!(company.who(&second).await, called("anna", "admin"));
    assert_eq!(
        company.who(&first).await,
        called("anna", "admin"),
        "the same person"
    );
    let people = get(&company.server, "/v1/Voice/People", &second)
        .await
        .json();
    assert_eq!(people["people"][0]["sign_in"], "provider");
    let audit = get(&company.server, "/v1/Voice/Audit", &second)
        .await
        .json();
    let audit = audit["audit"].as_array().unwrap();
    let told: Vec<String> = audit
        .iter()
        .map(|entry| {
            format!(
                "{} {} {} {}",
                entry["who"], entry["what"], entry["target"], entry["detail"]
            )
        })
        .collect();
    let expected = [
        r#""anna" "signed-in" null "provider""#,
        r#""sidetone oidc" "person-changed" "anna" "role admin""#,
        r#""anna" "signed-in" null "provider""#,
        r#""sidetone oidc" "person-created" "anna" "role viewer""#,
    ];
    assert_eq!(told, expected);

    for (says, reason) in [
        (claims("anna", &["others"]), "no-role"),
        (json!({ "preferred_username": "anna" }), "no-role"),
        (json!({ "groups": ["all"] }), "no-name"),
        (
            json!({ "groups": ["all"], "email": "anna@example.com" }),
            "no-name",
        ),
        (claims("<b>anna</b>", &["all"]), "no-name"),
        (claims("sidetone", &["all"]), "no-name"),
    ] {
        company.provider.says(says.clone());
        assert_eq!(company.sign_in().await, refused(reason), "{says}");
    }
    // Nobody has a password of whoever has none, nor gives them one.
    assert_eq!(by_password(&company.server, "anna").await, 401);
    let csrf = get(&company.server, "/session", &second).await.json();
    assert_eq!(csrf["sign_in"], "provider");
    let body = json!({ "password": PASSWORD, "new_password": "another horse" }).to_string();
    let request = Request::post("/session/password")
        .header("host", "sidetone.test")
        .header("cookie", &second)
        .header("x-sidetone-csrf", csrf["csrf"].as_str().unwrap())
        .header("content-type", "application/json");
    let changed = company.server.send(request.body(Body::from(body)).unwrap());
    assert_eq!(changed.await.error(), (403, 20403));
}

#[tokio::test]
async fn nobody_comes_by_the_name_of_somebody_else() {
    let company = Company::open().await;
    make(&company.server, "Anna").await;
    assert_eq!(company.sign_in().await, refused("name-taken"));
    assert_eq!(by_password(&company.server, "anna").await, 200);
    // An admin hands her name over.
    let changed = change(&company.server, "anna", "SignIn=provider").await;
    assert_eq!(
        (&changed["name"], &changed["sign_in"]),
        (&json!("Anna"), &json!("provider"))
    );
    assert_eq!(by_password(&company.server, "anna").await, 401);
    company.provider.says(claims("anna", &["ops"]));
    let session = company.sign_in().await.unwrap();
    assert_eq!(
        company.who(&session).await,
        ("Anna".to_owned(), "admin".to_owned())
    );
    // It is hers alone then, whoever else is called so.
    let mut other = claims("anna", &["ops"]);
    other["sub"] = "subject-2".into();
    company.provider.says(other);
    assert_eq!(company.sign_in().await, refused("name-taken"));
    let wrong = "/v1/Voice/People/anna";
    for form in ["SignIn=password", "SignIn=provider&Password=correct+horse"] {
        let answer = company.server.post(wrong, form).await;
        assert_eq!(answer.error(), (400, 20001), "{form}");
        assert_eq!(answer.json()["details"]["parameter"], "SignIn");
    }
}

#[tokio::test]
async fn who_is_disabled_here_stays_out() {
    let company = Company::open().await;
    let session = company.sign_in().await.unwrap();
    change(&company.server, "anna", "Disabled=true").await;
    assert_eq!(get(&company.server, "/session", &session).await.status, 401);
    company.provider.says(claims("anna", &["ops"]));
    assert_eq!(company.sign_in().await, refused("disabled"));
    change(&company.server, "anna", "Disabled=false").await;
    assert!(company.sign_in().await.is_ok());
}

#[tokio::test]
async fn a_browser_is_sent_on_when_the_account_is_asked_too_much() {
    let company = Company::rated(1).await;
    assert!(company.sign_in().await.is_ok());
    assert_eq!(company.sign_in().await, refused("busy"));
    company.server.app.clock.advance_us(1_000_000);
    assert!(company.sign_in().await.is_ok());
}

#[tokio::test]
async fn the_log_says_who_it_is_here() {
    let company = Company::open().await;
    assert!(company.sign_in().await.is_ok());
    company.provider.says(claims("anna.smith", &["all"]));
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
    let guard = tracing::subscriber::set_default(subscriber.with_ansi(false).finish());
    assert!(company.sign_in().await.is_ok());
    drop(guard);
    let told = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let line = told.lines().find(|line| line.contains("signed in through"));
    assert!(
        line.is_some_and(|line| line.ends_with("who=anna")),
        "{told}"
    );
    assert!(!told.contains("smith"), "{told}");
}

#[tokio::test]
async fn what_the_token_does_not_say_the_user_info_does_of_the_same_person() {
    let company = Company::open().await;
    let info = |says: Value| {
        let Value::Object(says) = says else {
            panic!("{says}")
        };
        company.provider.saying().info = Some(says);
    };
    info(json!({ "preferred_username": "bert", "groups": ["ops"] }));
    company.provider.says(json!({ "groups": ["all"] }));
    let session = company.sign_in().await.unwrap();
    // What the token says outranks it.
    assert_eq!(
        company.who(&session).await,
        ("bert".to_owned(), "viewer".to_owned())
    );
    company.provider.says(json!({}));
    let session = company.sign_in().await.unwrap();
    assert_eq!(
        company.who(&session).await,
        ("bert".to_owned(), "admin".to_owned())
    );
    // An address that is verified there is no other one.
    info(json!({ "email": "bert@example.com", "email_verified": true, "groups": ["all"] }));
    company
        .provider
        .says(json!({ "email": "anna@example.com" }));
    assert_eq!(company.sign_in().await, refused("no-name"));
    company
        .provider
        .says(json!({ "email": "bert@example.com" }));
    assert!(company.sign_in().await.is_ok());
    info(json!({ "sub": "subject-2", "preferred_username": "bert", "groups": ["ops"] }));
    assert_eq!(company.sign_in().await, refused("not-valid"));
}

#[tokio::test]
async fn without_the_provider_passwords_go_on() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let server = TestServer::with(settings(&issuer, json!({}))).await;
    for _ in 0..3 {
        let answer = get(&server, "/session/oidc", "").await;
        assert_eq!(outcome(&answer), refused("away"));
    }
    let methods = get(&server, "/session/methods", "").await.json();
    assert_eq!(
        methods,
        json!({ "provider": { "label": "Single sign-on" } })
    );
    make(&server, "anna").await;
    assert_eq!(by_password(&server, "anna").await, 200);
}

#[tokio::test]
async fn the_table_needs_what_it_cannot_do_without() {
    let server = TestServer::start().await;
    for path in ["/session/oidc", "/session/oidc/callback?code=a&state=b"] {
        assert_eq!(get(&server, path, "").await.error(), (404, 20404), "{path}");
    }
    let methods = get(&server, "/session/methods", "").await.json();
    assert_eq!(methods, json!({ "provider": null }));
    let read = |mut settings: sidetone::config::Settings, public_url: Option<&str>| {
        settings.public_url = public_url.map(str::to_owned);
        let config = settings.into_config().unwrap();
        Tables::read(&config, &server.app.directory).map(|tables| tables.provider.is_some())
    };
    let issuer = "https://login.example.com";
    assert!(read(settings(issuer, json!({})), Some(PUBLIC_URL)).unwrap());
    for (more, public_url, expected) in [
        (json!({}), None, "needs public_url"),
        (
            json!({ "account": "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" }),
            Some(PUBLIC_URL),
            "oidc.account is ACbbbb",
        ),
    ] {
        let error = format!(
            "{:#}",
            read(settings(issuer, more), public_url).unwrap_err()
        );
        assert!(error.contains(expected), "{error}");
    }
    // Over https no other host can set the cookie.
    let company = Company::open().await;
    let mut secure = settings(&company.provider.issuer, json!({}));
    secure.public_url = Some("https://insights.example.com".to_owned());
    let server = TestServer::with(secure).await;
    let request = Request::builder().method(Method::GET).uri("/session/oidc");
    let request = request
        .header("host", "evil.example.com")
        .body(Body::empty());
    let answer = server.send(request.unwrap()).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-sidetone_sign_in=") && cookie.ends_with("; Secure"));
    let location = answer.header("location").unwrap();
    let back = "redirect_uri=https%3A%2F%2Finsights.example.com%2Fsession%2Foidc%2Fcallback";
    assert!(location.contains(back), "{location}");
}
