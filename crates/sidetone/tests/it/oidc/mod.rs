//! Signing in through a provider of identities: honest ones, hostile ones, and none.

mod people;
mod provider;
mod tokens;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use sidetone::config::{Oidc, Secret, Settings};
use sidetone_core::time::TimeUs;

use self::provider::{CLIENT_ID, CLIENT_SECRET, Provider};
use crate::harness::{Answer, NOW, TestServer};

const PUBLIC_URL: &str = "http://sidetone.test";

/// A server and the provider that its people sign in through.
struct Company {
    server: TestServer,
    provider: Provider,
}

/// What a browser has after it was sent to the provider.
struct Begun {
    cookie: String,
    /// What the provider sends it back with.
    query: String,
}

fn table(issuer: &str, more: Value) -> Oidc {
    let mut table = json!({
        "issuer": issuer,
        "client_id": CLIENT_ID,
        "role_claim": "groups",
        "viewer": ["all"],
        "admin": ["ops"],
    });
    for (name, value) in more.as_object().unwrap() {
        table[name] = value.clone();
    }
    serde_json::from_value(table).unwrap()
}

fn settings(issuer: &str, more: Value) -> Settings {
    Settings {
        public_url: Some(PUBLIC_URL.to_owned()),
        oidc: Some(table(issuer, more)),
        oidc_client_secret: Some(Secret(CLIENT_SECRET.to_owned())),
        ..Settings::default()
    }
}

fn claims(name: &str, groups: &[&str]) -> Value {
    json!({ "preferred_username": name, "groups": groups })
}

impl Company {
    async fn open() -> Self {
        Self::with(json!({})).await
    }

    async fn with(more: Value) -> Self {
        Self::of(|issuer| settings(issuer, more)).await
    }

    /// One whose account may ask so often a second.
    async fn rated(rate_limit: u32) -> Self {
        let rated = |issuer: &str| Settings {
            rate_limit: Some(rate_limit),
            ..settings(issuer, json!({}))
        };
        Self::of(rated).await
    }

    async fn of(settings: impl FnOnce(&str) -> Settings) -> Self {
        let now = TimeUs::parse_rfc3339(NOW).unwrap();
        let provider = Provider::start(now.micros() / 1_000_000).await;
        let server = TestServer::with(settings(&provider.issuer)).await;
        provider.says(claims("anna", &["all"]));
        Self { server, provider }
    }

    async fn begin(&self) -> Begun {
        let answer = get(&self.server, "/session/oidc", "").await;
        let location = answer.header("location").unwrap();
        assert_eq!(answer.status, 303, "{location}");
        let cookie = answer.header("set-cookie").unwrap();
        let expected = "; Path=/; Max-Age=600; HttpOnly; SameSite=Lax";
        assert!(cookie.ends_with(expected), "{cookie}");
        Begun {
            cookie: cookie.split(';').next().unwrap().to_owned(),
            query: self.provider.authorize(location),
        }
    }

    async fn come_back(&self, cookie: &str, query: &str) -> Answer {
        let answer = get(
            &self.server,
            &format!("/session/oidc/callback?{query}"),
            cookie,
        )
        .await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        answer
    }

    /// Signs in, and returns the cookie of the session or the reason why there is none.
    async fn sign_in(&self) -> Result<String, String> {
        let begun = self.begin().await;
        outcome(&self.come_back(&begun.cookie, &begun.query).await)
    }

    /// Whom a session is of, and as what.
    async fn who(&self, cookie: &str) -> (String, String) {
        let session = get(&self.server, "/session", cookie).await.json();
        let text = |name: &str| session[name].as_str().unwrap_or_default().to_owned();
        (text("name"), text("role"))
    }
}

async fn get(server: &TestServer, path: &str, cookie: &str) -> Answer {
    let request = Request::get(path).header("host", "sidetone.test");
    let request = request.header("cookie", cookie).body(Body::empty());
    server.send(request.unwrap()).await
}

/// The cookie of a session, or why there is none. That of the sign-in is gone, unless it is not the
/// one that came back, or none had begun.
fn outcome(answer: &Answer) -> Result<String, String> {
    let location = answer.header("location").unwrap();
    let cookies = answer.headers.get_all("set-cookie").iter();
    let cookies: Vec<&str> = cookies.map(|it| it.to_str().unwrap()).collect();
    let gone = cookies
        .iter()
        .any(|it| it.starts_with("sidetone_sign_in=; Path=/; Max-Age=0;"));
    if !gone {
        assert_eq!(cookies, [""; 0], "{location}");
    }
    let session = cookies
        .iter()
        .find(|it| it.starts_with("sidetone_session="));
    match location.strip_prefix(&format!("{PUBLIC_URL}/sign-in?refused=")) {
        Some(reason) => {
            assert_eq!(session, None);
            Err(reason.to_owned())
        }
        None => {
            assert_eq!(location, format!("{PUBLIC_URL}/sign-in?signed-in=yes"));
            Ok(session.unwrap().split(';').next().unwrap().to_owned())
        }
    }
}

fn refused(reason: &str) -> Result<String, String> {
    Err(reason.to_owned())
}
