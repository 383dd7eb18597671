//! Who may tell of which call.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use sidetone::runner::Worker;
use sidetone::workers::sdk_calls::NameSdkCalls;
use sidetone_core::correlate::call_sid;
use sidetone_core::time::SECOND_US;
use sidetone_store::account::ProviderSecret;

use super::{
    CALL, EVENTS, Key, METRICS, OTHER, claims, counted, event, jwt, key, samples, seconds, send,
    token,
};
use crate::harness::{ACCOUNT, Answer, TestServer};

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
    assert_eq!(send(&server, EVENTS, &token, &body).await.kept(), (2, 0));
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
    assert_eq!(begun.kept(), (2, 0));
    let foreign = |answer: Answer| {
        assert_eq!(answer.error(), (403, 20403), "{}", answer.text);
    };
    foreign(send(&server, EVENTS, &bob, &event("muted", &temporary("TJS1"))).await);
    // Until she has joined both names, nobody tells of the CallSid alone.
    foreign(send(&server, METRICS, &alice, &samples(CALL)).await);
    let joined = send(&server, EVENTS, &alice, &event("outgoing-ringing", &both)).await;
    assert_eq!(joined.kept(), (2, 0));
    assert_eq!(
        send(&server, METRICS, &alice, &samples(CALL)).await.kept(),
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
        send(&server, EVENTS, &renewed, &event("muted", &both))
            .await
            .kept(),
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
    assert_eq!(taken.kept(), (2, 0));
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
    assert_eq!(told.kept(), (2, 0));
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
        send(&server, EVENTS, &alice, &incoming).await.kept(),
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
    assert_eq!(taken.kept(), (2, 0));
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
