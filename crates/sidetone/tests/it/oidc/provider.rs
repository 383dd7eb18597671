//! A provider of identities that says what a test has it say: real keys, real requests.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64URL};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

pub const CLIENT_ID: &str = "sidetone";
pub const CLIENT_SECRET: &str = "s3cret of the client";
const CODE: &str = "the-code";

/// What is wrong with a provider, or with somebody between it and us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Claims other than those that were signed.
    Tampered,
    /// Another key by the same name.
    OtherKey,
    /// No signature at all.
    Unsigned,
    /// Signed with the secret that both know.
    SharedSecret,
    /// A token for another access token.
    OtherAccessToken,
    /// No ID token.
    NoIdToken,
    /// An answer without an end, as good as.
    Huge,
    /// An answer that is somewhere else.
    Redirect,
    /// The code is not good (any more).
    InvalidGrant,
    /// No JSON.
    Garbage,
}

/// What it says, and what it was asked.
pub struct Saying {
    /// The claims of the next ID token, beside those that each has.
    pub claims: Map<String, Value>,
    /// What its user info has beside the subject. `None`: there is no such door.
    pub info: Option<Map<String, Value>>,
    /// What is different in the discovery document.
    pub document: Map<String, Value>,
    pub fault: Option<Fault>,
    /// The time of its clock, s.
    pub now_s: i64,
    /// The key it signs with, and its name.
    key: (EcdsaKeyPair, String),
    /// The keys that it tells of.
    keys: Vec<Value>,
    /// What the sign-in that began last is to show.
    challenge: String,
    nonce: String,
    redirect: String,
    pub asked_for_tokens: usize,
    pub asked_for_keys: usize,
}

#[derive(Clone)]
pub struct Provider {
    pub issuer: String,
    saying: Arc<Mutex<Saying>>,
}

fn new_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap()
}

fn shown(key: &EcdsaKeyPair, name: &str) -> Value {
    let point = key.public_key().as_ref();
    let part = |range: std::ops::Range<usize>| BASE64URL.encode(&point[range]);
    json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": name, "x": part(1..33), "y": part(33..65) })
}

impl Provider {
    pub async fn start(now_s: i64) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let key = new_key();
        let saying = Saying {
            claims: Map::new(),
            info: None,
            document: Map::new(),
            fault: None,
            now_s,
            keys: vec![shown(&key, "first")],
            key: (key, "first".to_owned()),
            challenge: String::new(),
            nonce: String::new(),
            redirect: String::new(),
            asked_for_tokens: 0,
            asked_for_keys: 0,
        };
        let provider = Self {
            issuer,
            saying: Arc::new(Mutex::new(saying)),
        };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(document))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/info", get(info))
            .with_state(provider.clone());
        tokio::spawn(async move { axum_serve(listener, routes).await });
        provider
    }

    pub fn saying(&self) -> MutexGuard<'_, Saying> {
        self.saying.lock().unwrap()
    }

    /// Says this of whoever signs in next.
    pub fn says(&self, claims: Value) {
        let Value::Object(claims) = claims else {
            panic!("{claims}")
        };
        self.saying().claims = claims;
    }

    /// Signs with another key from now on.
    pub fn rotate(&self, name: &str) {
        let key = new_key();
        let mut saying = self.saying();
        saying.keys = vec![shown(&key, name)];
        saying.key = (key, name.to_owned());
    }

    /// Takes note of what a browser that is sent here has in its address, and sends it back with
    /// this query.
    pub fn authorize(&self, location: &str) -> String {
        let (place, query) = location.split_once('?').unwrap();
        assert_eq!(place, format!("{}/authorize", self.issuer));
        let query: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let value = |name: &str| {
            let mut all = query.iter().filter(|(it, _)| it == name);
            let (_, value) = all
                .next()
                .unwrap_or_else(|| panic!("no {name}: {location}"));
            assert!(all.next().is_none(), "{name} twice: {location}");
            value.to_string()
        };
        assert_eq!(value("response_type"), "code");
        assert_eq!(value("client_id"), CLIENT_ID);
        assert_eq!(value("code_challenge_method"), "S256");
        assert_eq!(value("scope"), "openid profile email");
        let mut saying = self.saying();
        saying.challenge = value("code_challenge");
        saying.nonce = value("nonce");
        saying.redirect = value("redirect_uri");
        let state = value("state");
        for secret in [&state, &saying.nonce] {
            assert!(secret.len() >= 32, "{location}");
        }
        format!("code={CODE}&state={state}")
    }
}

/// Serves without the features of axum that nothing else needs.
async fn axum_serve(listener: tokio::net::TcpListener, routes: Router) {
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use hyper_util::server::conn::auto::Builder;
    use hyper_util::service::TowerToHyperService;
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let service = TowerToHyperService::new(routes.clone());
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            let _ = builder
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn said(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

async fn document(State(provider): State<Provider>) -> Response {
    let issuer = &provider.issuer;
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        // It would take them all; what we take is ours to say.
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
    });
    let saying = provider.saying();
    if saying.info.is_some() {
        document["userinfo_endpoint"] = format!("{issuer}/info").into();
    }
    for (name, value) in &saying.document {
        document[name] = value.clone();
    }
    said(&document)
}

async fn keys(State(provider): State<Provider>) -> Response {
    let mut saying = provider.saying();
    saying.asked_for_keys += 1;
    said(&json!({ "keys": saying.keys }))
}

async fn token(State(provider): State<Provider>, headers: HeaderMap, body: Bytes) -> Response {
    let mut saying = provider.saying();
    saying.asked_for_tokens += 1;
    // As everything that is put into it, by RFC 6749 §2.3.1.
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = format!("{}:{}", encoded(CLIENT_ID), encoded(CLIENT_SECRET));
    let basic = format!("Basic {}", STANDARD.encode(basic));
    assert_eq!(headers[AUTHORIZATION], basic);
    let form: Vec<_> = form_urlencoded::parse(&body).into_owned().collect();
    let value = |name: &str| form.iter().find(|(it, _)| it == name).unwrap().1.clone();
    assert_eq!(value("grant_type"), "authorization_code");
    assert_eq!(value("redirect_uri"), saying.redirect);
    let is_good = value("code") == CODE
        && BASE64URL.encode(Sha256::digest(value("code_verifier"))) == saying.challenge;
    match saying.fault {
        Some(Fault::Huge) => return said(&json!({ "x": "x".repeat(400_000) })),
        Some(Fault::Garbage) => return "<html>".into_response(),
        Some(Fault::Redirect) => {
            let elsewhere = format!("{}/keys", provider.issuer);
            return (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, elsewhere)]).into_response();
        }
        _ => {}
    }
    if saying.fault == Some(Fault::InvalidGrant) || !is_good {
        let error = said(&json!({ "error": "invalid_grant" }));
        return (StatusCode::BAD_REQUEST, error).into_response();
    }
    let mut answer = json!({ "access_token": "an-access-token", "token_type": "Bearer" });
    if saying.fault != Some(Fault::NoIdToken) {
        answer["id_token"] = saying.id_token(&provider.issuer).into();
    }
    said(&answer)
}

async fn info(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    assert_eq!(headers[AUTHORIZATION], "Bearer an-access-token");
    let saying = provider.saying();
    let mut info = json!({ "sub": "subject-1" });
    for (name, value) in saying.info.iter().flatten() {
        info[name] = value.clone();
    }
    said(&info)
}

impl Saying {
    fn id_token(&self, issuer: &str) -> String {
        let half = |token: &str| BASE64URL.encode(&Sha256::digest(token)[..16]);
        let access_token = match self.fault {
            Some(Fault::OtherAccessToken) => "another-access-token",
            _ => "an-access-token",
        };
        let mut claims = json!({
            "iss": issuer,
            "sub": "subject-1",
            "aud": CLIENT_ID,
            "exp": self.now_s + 300,
            "iat": self.now_s,
            "nonce": self.nonce,
            "at_hash": half(access_token),
        });
        for (name, value) in &self.claims {
            claims[name] = value.clone();
        }
        let alg = match self.fault {
            Some(Fault::Unsigned) => "none",
            Some(Fault::SharedSecret) => "HS256",
            _ => "ES256",
        };
        let (key, name) = &self.key;
        let part = |value: &Value| BASE64URL.encode(value.to_string());
        let head = part(&json!({ "alg": alg, "kid": name, "typ": "JWT" }));
        let input = format!("{head}.{}", part(&claims));
        let sign = |key: &EcdsaKeyPair| {
            let signature = key.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
            BASE64URL.encode(signature.as_ref())
        };
        match self.fault {
            Some(Fault::Unsigned) => format!("{input}."),
            Some(Fault::SharedSecret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, CLIENT_SECRET.as_bytes());
                let tag = hmac::sign(&key, input.as_bytes());
                format!("{input}.{}", BASE64URL.encode(tag.as_ref()))
            }
            Some(Fault::OtherKey) => format!("{input}.{}", sign(&new_key())),
            Some(Fault::Tampered) => {
                claims["groups"] = json!(["ops"]);
                format!("{head}.{}.{}", part(&claims), sign(key))
            }
            _ => format!("{input}.{}", sign(key)),
        }
    }
}
