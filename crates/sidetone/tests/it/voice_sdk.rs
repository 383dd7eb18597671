//! What voice SDKs publish, through the doors that they know.

use std::fs;
use std::path::Path;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};
use sidetone::accounts;
use sidetone::runner::Worker;
use sidetone::workers::sdk_calls::NameSdkCalls;
use sidetone_core::correlate::call_sid;
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_store::account::ProviderSecret;

use crate::harness::{ACCOUNT, Answer, TestServer};

const EVENTS: &str = "/v4/EndpointEvents";
const METRICS: &str = "/v4/EndpointMetrics";
const CALL: &str = "CA0123456789abcdef0123456789abcdef";
const OTHER: &str = "CAf123456789abcdef0123456789abcdef";

/// An API key and its secret.
struct Key {
    sid: String,
    secret: String,
}

async fn key(server: &TestServer) -> Key {
    let (store, now) = (server.app.store.as_ref(), server.app.clock.now());
    let account = ACCOUNT.parse().unwrap();
    let made = accounts::create_key(store, &server.vault, account, String::new(), "tester", now);
    let (sid, secret) = made.await.unwrap();
    server.app.directory.refresh(store).await.unwrap();
    Key {
        sid: sid.to_string(),
        secret,
    }
}

/// A JWT, signed.
fn jwt(header: &Value, payload: &Value, secret: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(payload));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn seconds(server: &TestServer) -> i64 {
    server.app.clock.now().micros() / SECOND_US
}

/// The claims of a Voice SDK's token.
fn claims(server: &TestServer, key: &Key, identity: &str) -> Value {
    json!({
        "iss": key.sid, "sub": ACCOUNT, "exp": seconds(server) + 3_600,
        "grants": {
            "identity": identity,
            "voice": {"incoming": {"allow": true}, "outgoing": {"application_sid": "AP1"}},
        },
    })
}

fn token(server: &TestServer, key: &Key, identity: &str) -> String {
    jwt(
        &json!({"alg": "HS256"}),
        &claims(server, key, identity),
        &key.secret,
    )
}

async fn send(server: &TestServer, path: &str, token: &str, body: &Value) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("host", "sidetone.test")
        .header("origin", "https://shop.example")
        .header("content-type", "application/json");
    let request = match token {
        "" => request,
        token => request.header("x-twilio-token", token),
    };
    let body = serde_json::to_vec(body).unwrap();
    server.send(request.body(Body::from(body)).unwrap()).await
}

/// An event of a call.
fn event(name: &str, payload: &Value) -> Value {
    json!({
        "group": "connection", "name": name, "level": "INFO", "timestamp": "2026-06-01T12:00:00Z",
        "publisher": "twilio-js-sdk", "payload": payload,
    })
}

fn samples(call: &str) -> Value {
    let sample = json!({
        "call_sid": call, "direction": "OUTGOING", "timestamp": "2026-06-01T12:00:05Z",
        "total_packets_received": 50, "packets_received": 50,
    });
    json!({"group": "quality-metrics-samples", "name": "metrics-sample", "payload": [sample]})
}

#[track_caller]
fn kept(answer: &Answer) -> (u64, u64) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let report = answer.json();
    assert_eq!(report["rejected"], 0, "{report}");
    let count = |name: &str| report[name].as_u64().unwrap();
    (count("accepted"), count("duplicates"))
}

async fn counted(server: &TestServer, what: &str) -> bool {
    let metrics = server.get("/metrics").await.text;
    metrics.lines().any(|line| line.starts_with(what))
}

fn recording(name: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let json = fs::read(root.join(format!("voice-sdk/{name}.json"))).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// A server on the day of the recordings.
async fn in_november() -> TestServer {
    let server = TestServer::start().await;
    let then = TimeUs::parse_rfc3339("2026-11-20T08:50:00Z").unwrap();
    let from_now = then.since_us(server.app.clock.now());
    server.app.clock.advance_us(from_now);
    server
}

/// Sends all that the SDK sent. Says how many events were new, and how many were there already.
async fn replay(server: &TestServer, token: &str, recording: &Value) -> (u64, u64) {
    let (mut new, mut known) = (0, 0);
    for request in recording["requests"].as_array().unwrap() {
        let path = request["path"].as_str().unwrap();
        if request["method"] == "OPTIONS" {
            let preflight = Request::builder().method(Method::OPTIONS).uri(path);
            let preflight = server.send(preflight.body(Body::empty()).unwrap()).await;
            let allowed = preflight.header("access-control-allow-headers").unwrap();
            let allowed = allowed.to_lowercase();
            assert_eq!(preflight.status, StatusCode::NO_CONTENT);
            assert!(allowed.contains("content-type") && allowed.contains("x-twilio-token"));
            assert_eq!(preflight.header("access-control-allow-origin"), Some("*"));
            assert!(preflight.header("access-control-max-age").is_some());
            continue;
        }
        let answer = send(server, path, token, &request["body"]).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let (accepted, duplicates) = kept(&answer);
        new += accepted;
        known += duplicates;
        // Faster than it was recorded, and not faster than it may be.
        server.app.clock.advance_us(20_000);
    }
    (new, known)
}

#[tokio::test]
async fn what_the_stock_sdk_sent_becomes_one_call_with_the_figures_of_the_browser() {
    for (name, received, sent, lost, mos) in [
        ("clean", 822, 818, 0, Some(4.43)),
        ("lossy", 3685, 6330, 330, Some(3.788)),
        ("nomedia", 0, 0, 0, None),
    ] {
        let server = in_november().await;
        let token = token(&server, &key(&server).await, "alice");
        let recording = recording(name);
        let (new, known) = replay(&server, &token, &recording).await;
        assert!(new > 30 && known == 0, "{name}: {new} {known}");
        let (more, again) = replay(&server, &token, &recording).await;
        assert_eq!((more, again), (0, new), "{name}: a resend changes nothing");
        server.pass(120).await;

        let list = "/v1/Voice/Summaries?StartTime=4w&ProcessingState=all";
        let calls = server.get(list).await.json();
        let calls = calls["call_summaries"].as_array().unwrap();
        assert_eq!(
            calls.len(),
            1,
            "{name}: the temporary name is of the same call"
        );
        assert_eq!(calls[0]["call_sid"], CALL, "{name}");
        let summary = server
            .get(&format!("/v1/Voice/{CALL}/Summary"))
            .await
            .json();
        assert_eq!(summary["call_state"], "completed", "{name}");
        assert_eq!(summary["from"]["caller"], "client:alice", "{name}");
        let metrics = &summary["sdk_edge"]["metrics"];
        assert_eq!(metrics["inbound"]["packets_received"], received, "{name}");
        assert_eq!(metrics["inbound"]["packets_lost"], lost, "{name}");
        assert_eq!(metrics["outbound"]["packets_sent"], sent, "{name}");
        let found = metrics["inbound"]["mos"]["avg"].as_f64();
        let close = |(found, expected): (f64, f64)| (found - expected).abs() < 0.001;
        assert_eq!(found.is_some(), mos.is_some(), "{name}");
        assert!(found.zip(mos).is_none_or(close), "{name}: {found:?}");
        if mos.is_some() {
            assert_eq!(metrics["inbound"]["mos_method"], "sdk", "{name}");
        }

        let rated = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{CALL}/Feedback.json");
        let feedback = server.get(&rated).await.json();
        assert_eq!(feedback["quality_score"], 4, "{name}");
        assert_eq!(feedback["issues"], json!(["imperfect-audio"]), "{name}");
        assert!(
            counted(
                &server,
                "sidetone_events_total{source=\"voice_sdk\",result=\"accepted\"}"
            )
            .await
        );
    }
}

#[tokio::test]
async fn a_token_that_is_not_valid_opens_nothing() {
    let server = TestServer::start().await;
    let key = key(&server).await;
    let good = claims(&server, &key, "alice");
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let hs256 = json!({"alg": "HS256"});
    let elsewhere = "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    let body = event(
        "outgoing",
        &json!({"temp_call_sid": "TJS1", "direction": "OUTGOING"}),
    );
    let unsigned = jwt(&json!({"alg": "none"}), &good, "");
    let cut = |token: &str| format!("{}.", token.rsplit_once('.').unwrap().0);
    for (token, message) in [
        (
            String::new(),
            "Send an access token in the header X-Twilio-Token",
        ),
        ("a.b.c".to_owned(), "it is no JWT"),
        (unsigned, "its alg is not HS256"),
        (
            cut(&jwt(&hs256, &good, &key.secret)),
            "it is not signed with a secret of its issuer",
        ),
        (
            jwt(&hs256, &good, "another secret"),
            "it is not signed with a secret of its issuer",
        ),
        (
            jwt(
                &hs256,
                &with("iss", json!("SKbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")),
                &key.secret,
            ),
            "it is not signed with a secret of its issuer",
        ),
        (
            jwt(&hs256, &with("sub", json!(elsewhere)), &key.secret),
            "it is not signed with a secret of its issuer",
        ),
        (
            jwt(
                &hs256,
                &with("exp", json!(seconds(&server) - 61)),
                &key.secret,
            ),
            "it has expired",
        ),
        (
            jwt(
                &hs256,
                &with("nbf", json!(seconds(&server) + 61)),
                &key.secret,
            ),
            "it is not valid yet",
        ),
        (
            jwt(
                &hs256,
                &with("exp", json!(seconds(&server) + 90_000)),
                &key.secret,
            ),
            "it expires in more than 24 hours",
        ),
    ] {
        for path in [EVENTS, METRICS] {
            let refused = send(&server, path, &token, &body).await;
            assert_eq!(refused.error(), (401, 20003), "{token}");
            assert!(
                refused.text.contains(message),
                "{message}: {}",
                refused.text
            );
            assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
        }
    }
    for reason in ["no_credentials", "token"] {
        let line = format!("sidetone_refused_total{{door=\"voice_sdk\",reason=\"{reason}\"}}");
        assert!(counted(&server, &line).await, "{line}");
    }
    // As soon as its key is revoked, a token is no more.
    let token = jwt(&hs256, &good, &key.secret);
    assert_eq!(kept(&send(&server, EVENTS, &token, &body).await), (2, 0));
    let (store, now) = (server.app.store.as_ref(), server.app.clock.now());
    let sid = key.sid.parse().unwrap();
    store.revoke_api_key(sid, "tester", now).await.unwrap();
    server.app.directory.refresh(store).await.unwrap();
    let refused = send(&server, EVENTS, &token, &body).await;
    assert_eq!(refused.error(), (401, 20003));
    // It is no credential of the account.
    let request = Request::builder()
        .uri("/v1/Voice/Summaries")
        .header("authorization", format!("Bearer {token}"));
    let refused = server.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(refused.error(), (401, 20003));
}

#[tokio::test]
async fn a_voice_grant_tells_of_calls_that_its_holder_opened() {
    let server = TestServer::start().await;
    let key = key(&server).await;
    let (alice, bob) = (token(&server, &key, "alice"), token(&server, &key, "bob"));
    let temporary = |name: &str| json!({"temp_call_sid": name, "direction": "OUTGOING"});
    let mut both = temporary("TJS1");
    both["call_sid"] = CALL.into();
    let begun = send(
        &server,
        EVENTS,
        &alice,
        &event("outgoing", &temporary("TJS1")),
    )
    .await;
    assert_eq!(kept(&begun), (2, 0));
    let foreign = |answer: Answer| {
        assert_eq!(answer.error(), (403, 20403), "{}", answer.text);
    };
    foreign(send(&server, EVENTS, &bob, &event("muted", &temporary("TJS1"))).await);
    // Until she has joined both names, nobody tells of the CallSid alone.
    foreign(send(&server, METRICS, &alice, &samples(CALL)).await);
    let joined = send(&server, EVENTS, &alice, &event("outgoing-ringing", &both)).await;
    assert_eq!(kept(&joined), (2, 0));
    assert_eq!(
        kept(&send(&server, METRICS, &alice, &samples(CALL)).await),
        (1, 0)
    );
    foreign(send(&server, METRICS, &bob, &samples(CALL)).await);
    let mut stolen = temporary("TJS2");
    stolen["call_sid"] = CALL.into();
    foreign(send(&server, EVENTS, &bob, &event("outgoing-ringing", &stolen)).await);
    // A new token of the same key and identity is as good; that of another key is not.
    server.app.clock.advance_us(5 * SECOND_US);
    let renewed = token(&server, &key, "alice");
    assert_eq!(
        kept(&send(&server, EVENTS, &renewed, &event("muted", &both)).await),
        (1, 0)
    );
    let other_key = crate::voice_sdk::key(&server).await;
    let other = token(&server, &other_key, "alice");
    foreign(send(&server, EVENTS, &other, &event("unmuted", &both)).await);

    // Calls of others are not to be told of, whichever way they are said to go.
    server
        .step(
            OTHER,
            "completed",
            "From=%2B12025550100&To=client:carol&CallDuration=9",
        )
        .await;
    let incoming = |call: &str| json!({"call_sid": call, "direction": "INCOMING"});
    foreign(send(&server, EVENTS, &bob, &event("incoming", &incoming(OTHER))).await);
    let carol = token(&server, &key, "carol");
    let taken = send(
        &server,
        EVENTS,
        &carol,
        &event("incoming", &incoming(OTHER)),
    )
    .await;
    assert_eq!(kept(&taken), (2, 0));
    server.pass(60).await;
    let summary = server
        .get(&format!("/v1/Voice/{OTHER}/Summary"))
        .await
        .json();
    assert_eq!(summary["sdk_edge"]["events"]["groups"]["connection"], 1);
    assert_eq!(summary["to"]["connection"], "twilio_sdk");

    // Nor what the grant does not allow.
    let mut only_calls = claims(&server, &key, "dave");
    only_calls["grants"]["voice"] = json!({"outgoing": {"application_sid": "AP1"}});
    let only_calls = jwt(&json!({"alg": "HS256"}), &only_calls, &key.secret);
    let new = "CAe123456789abcdef0123456789abcdef";
    foreign(
        send(
            &server,
            EVENTS,
            &only_calls,
            &event("incoming", &incoming(new)),
        )
        .await,
    );
    let mut nobody = claims(&server, &key, "eve");
    nobody["grants"] = json!({"identity": "eve"});
    let nobody = jwt(&json!({"alg": "HS256"}), &nobody, &key.secret);
    foreign(send(&server, EVENTS, &nobody, &event("incoming", &incoming(new))).await);
    let line = "sidetone_refused_total{door=\"voice_sdk\",reason=\"not_allowed\"}";
    assert!(counted(&server, line).await);
}

#[tokio::test]
async fn a_call_that_gets_no_call_sid_is_shown_under_its_temporary_name() {
    let server = TestServer::start().await;
    let token = token(&server, &key(&server).await, "alice");
    let payload = json!({"temp_call_sid": "TJS1", "direction": "OUTGOING"});
    let denied = json!({
        "group": "get-user-media", "name": "denied", "level": "ERROR",
        "timestamp": "2026-06-01T12:00:02Z", "payload": payload,
    });
    for body in [event("outgoing", &payload), denied] {
        send(&server, EVENTS, &token, &body).await;
    }
    let list = "/v1/Voice/Summaries?StartTime=1d&ProcessingState=all";
    let calls = |answer: Answer| answer.json()["call_summaries"].as_array().unwrap().clone();
    server.pass(60).await;
    assert_eq!(calls(server.get(list).await), Vec::<Value>::new());
    server.app.clock.advance_us(61 * SECOND_US);
    NameSdkCalls(server.app.clone())
        .round(server.app.clock.now())
        .await
        .unwrap();
    server.pass(1).await;
    let calls = calls(server.get(list).await);
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(calls[0]["call_state"], "undialed");
    assert_eq!(calls[0]["from"]["caller"], "client:alice");
    assert_eq!(
        calls[0]["sdk_edge"]["events"]["groups"]["get-user-media"],
        1
    );
}

#[tokio::test]
async fn a_temporary_name_reaches_no_call_of_others() {
    const NAME: &str = "b7-1780308000";
    let server = TestServer::start().await;
    let token = token(&server, &key(&server).await, "alice");
    let parties = "From=%2B12025550100&To=%2B12025550143&CallDuration=9";
    server.step(NAME, "completed", parties).await;
    let payload = json!({"temp_call_sid": NAME, "direction": "OUTGOING"});
    let told = send(&server, EVENTS, &token, &event("outgoing", &payload)).await;
    assert_eq!(kept(&told), (2, 0));
    server.app.clock.advance_us(121 * SECOND_US);
    NameSdkCalls(server.app.clone())
        .round(server.app.clock.now())
        .await
        .unwrap();
    server.pass(1).await;
    let list = "/v1/Voice/Summaries?StartTime=1d&ProcessingState=all";
    let calls = server.get(list).await.json();
    let calls = calls["call_summaries"].as_array().unwrap();
    assert_eq!(calls.len(), 2, "{calls:?}");
    let sid = call_sid(ACCOUNT.parse().unwrap(), NAME).to_string();
    let theirs = calls.iter().find(|call| call["call_sid"] == sid).unwrap();
    assert_eq!(theirs["from"]["caller"], "+12025550100");
    assert_eq!(theirs["sdk_edge"], Value::Null);
}

#[tokio::test]
async fn a_batch_of_nothing_that_can_be_taken_leaves_the_call_to_who_opened_it() {
    let server = TestServer::start().await;
    let key = key(&server).await;
    let (alice, bob) = (token(&server, &key, "alice"), token(&server, &key, "bob"));
    let incoming = event(
        "incoming",
        &json!({"call_sid": CALL, "direction": "INCOMING"}),
    );
    assert_eq!(
        kept(&send(&server, EVENTS, &alice, &incoming).await),
        (2, 0)
    );
    let mut refused = samples(CALL);
    refused["payload"][0]["timestamp"] = "nonsense".into();
    let refused = send(&server, METRICS, &alice, &refused).await;
    assert_eq!(refused.json()["rejected"], 1, "{}", refused.text);
    let foreign = send(&server, EVENTS, &bob, &incoming).await;
    assert_eq!(foreign.error(), (403, 20403), "{}", foreign.text);
}

#[tokio::test]
async fn a_key_of_twilios_is_as_good_where_its_secret_is_stored() {
    let server = TestServer::start().await;
    let theirs = Key {
        sid: "SKcccccccccccccccccccccccccccccccc".to_owned(),
        secret: "secret of twilio's key".to_owned(),
    };
    let mut claims = claims(&server, &theirs, "alice");
    claims["sub"] = "ACcccccccccccccccccccccccccccccccc".into();
    let token = jwt(&json!({"alg": "HS256"}), &claims, &theirs.secret);
    let payload = json!({"call_sid": CALL, "direction": "INCOMING"});
    let refused = send(&server, EVENTS, &token, &event("incoming", &payload)).await;
    assert_eq!(refused.error(), (401, 20003));
    let store = server.app.store.as_ref();
    let secret = ProviderSecret {
        provider_account: theirs.sid.clone(),
        sealed: server.vault.seal(ACCOUNT, &theirs.secret).unwrap(),
    };
    let account = ACCOUNT.parse().unwrap();
    store
        .put_provider_secrets(account, vec![secret])
        .await
        .unwrap();
    server.app.directory.refresh(store).await.unwrap();
    let taken = send(&server, EVENTS, &token, &event("incoming", &payload)).await;
    assert_eq!(kept(&taken), (2, 0));
    server.pass(1).await;
    let call = server
        .get(&format!("/v1/Voice/{CALL}/Summary?ProcessingState=all"))
        .await;
    assert_eq!(call.json()["to"]["callee"], "client:alice");
    // It signs no tokens of ours.
    let as_theirs = server.log_in(&theirs.sid, &theirs.secret);
    let refused = as_theirs.get("/v1/Voice/Summaries").await;
    assert_eq!(refused.error(), (401, 20003));
}

#[tokio::test]
async fn requests_are_as_many_as_they_may_be() {
    let server = TestServer::start().await;
    let key = key(&server).await;
    let alice = token(&server, &key, "alice");
    let body = json!({"group": "audio", "name": "device-change", "payload": {}});
    for _ in 0..100 {
        let ignored = send(&server, EVENTS, &alice, &body).await;
        assert_eq!(ignored.json()["ignored"], 1, "{}", ignored.text);
    }
    let slowed = send(&server, EVENTS, &alice, &body).await;
    assert_eq!(slowed.error(), (429, 20429));
    assert_eq!(slowed.header("retry-after"), Some("1"));
    let bob = token(&server, &key, "bob");
    assert_eq!(send(&server, EVENTS, &bob, &body).await.status, 200);
    server.app.clock.advance_us(SECOND_US);
    assert_eq!(send(&server, EVENTS, &alice, &body).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_changes_nothing() {
    let server = TestServer::start().await;
    let token = token(&server, &key(&server).await, "alice");
    let payload = json!({"call_sid": 7});
    let refused = send(&server, EVENTS, &token, &event("muted", &payload)).await;
    assert_eq!(refused.error(), (400, 20001));
    assert!(
        refused
            .text
            .contains("Invalid payload.call_sid. Expected a CallSid."),
        "{}",
        refused.text
    );
    let refused = send(&server, METRICS, &token, &event("muted", &json!({}))).await;
    assert_eq!(refused.error(), (400, 20001));
    let large = event(
        "muted",
        &json!({"temp_call_sid": "TJS1", "x": "x".repeat(70_000)}),
    );
    let refused = send(&server, EVENTS, &token, &large).await;
    assert_eq!(refused.error(), (413, 20413));
    let request = Request::builder().uri(EVENTS).body(Body::empty()).unwrap();
    assert_eq!(server.send(request).await.error(), (405, 20004));
}
