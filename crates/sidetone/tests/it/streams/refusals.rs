//! What is refused, and to whom.

use axum::http::Method;
use serde_json::json;
use sidetone_store::people::Role;

use super::{
    PREFIX, SINKS, SUBSCRIPTIONS, delete, of_type, sink, sink_form, subscribe, subscription_form,
    webhook,
};
use crate::harness::{ACCOUNT, TestServer};
use crate::people::{PASSWORD, make, sign_in};

#[tokio::test]
async fn a_wrong_sink_is_refused_with_a_reason() {
    let server = TestServer::start().await;
    let to = |destination: &str| json!({ "destination": destination });
    let of = |kind: &str, configuration: serde_json::Value| sink_form(kind, &configuration);
    let configured = |text: &str| {
        super::form(&[
            ("Description", "x"),
            ("SinkType", "webhook"),
            ("SinkConfiguration", text),
        ])
    };
    let long = format!(
        "{}&Description={}",
        of("webhook", to("https://a.b/")),
        "x".repeat(256)
    );
    for (form, parameter, message) in [
        (
            String::new(),
            "SinkType",
            "Missing SinkType. Expected one of webhook, segment, otlp, s3.",
        ),
        (
            of("queue", json!({})),
            "SinkType",
            "Invalid SinkType 'queue'. Expected one of webhook, segment, otlp, s3.",
        ),
        (
            of("kinesis", json!({"arn": "arn:aws:kinesis:…"})),
            "SinkType",
            "Invalid SinkType 'kinesis'. Expected one of webhook, segment, otlp, s3; for Kinesis, name a webhook",
        ),
        (
            of("email", json!({"to": ["a@b.example"]})),
            "SinkType",
            "Invalid SinkType 'email'. Expected one of webhook, segment, otlp, s3; for mail, name a webhook",
        ),
        (
            "SinkType=webhook".to_owned(),
            "SinkConfiguration",
            "Missing SinkConfiguration. Expected the text of a JSON object",
        ),
        (
            configured("destination"),
            "SinkConfiguration",
            "Invalid SinkConfiguration '***'. Expected a JSON object with destination",
        ),
        (
            of("webhook", json!({})),
            "SinkConfiguration",
            "Invalid SinkConfiguration: destination is missing.",
        ),
        (
            of(
                "webhook",
                json!({"destination": "https://a.b/", "method": "GET"}),
            ),
            "SinkConfiguration",
            "Invalid SinkConfiguration: method is 'GET'. Expected POST.",
        ),
        (
            of("webhook", to("ftp://example.com/")),
            "SinkConfiguration",
            "Invalid SinkConfiguration: destination does not begin with http:// or https://.",
        ),
        (
            of("webhook", to("http://me:word@127.0.0.1/")),
            "SinkConfiguration",
            "Invalid SinkConfiguration: destination is at the private address 127.0.0.1;",
        ),
        (
            of(
                "segment",
                json!({"write_key": "abc", "endpoint": "http://localhost/"}),
            ),
            "SinkConfiguration",
            "Invalid SinkConfiguration: endpoint is at the private address localhost;",
        ),
        (
            of("segment", json!({"write_key": "a:b"})),
            "SinkConfiguration",
            "Invalid SinkConfiguration: write_key is '***'. Expected the write key of a source",
        ),
        (
            of("otlp", json!({"endpoint": "http://169.254.169.254/"})),
            "SinkConfiguration",
            "Invalid SinkConfiguration: endpoint is at the private address 169.254.169.254;",
        ),
        (
            of(
                "otlp",
                json!({"endpoint": "https://a.b", "headers": {"host": "word"}}),
            ),
            "SinkConfiguration",
            "Invalid SinkConfiguration: headers is '***'. Expected an object of up to 16 headers",
        ),
        (
            of(
                "s3",
                json!({"bucket": "calls", "access_key_id": "a", "secret_access_key": "word", "endpoint": "http://10.0.0.1/"}),
            ),
            "SinkConfiguration",
            "Invalid SinkConfiguration: endpoint is at the private address 10.0.0.1;",
        ),
        (
            of(
                "s3",
                json!({"bucket": "calls", "access_key_id": "a", "secret_access_key": ["word"]}),
            ),
            "SinkConfiguration",
            "Invalid SinkConfiguration: secret_access_key is '***'. Expected its secret",
        ),
        (
            super::form(&[
                ("SinkType", "webhook"),
                ("SinkConfiguration", &to("https://a.b/").to_string()),
            ]),
            "Description",
            "Missing Description. Expected 1 to 255 characters.",
        ),
        (long, "Description", "Invalid Description 'xxx"),
    ] {
        let refused = server.post(SINKS, &form).await;
        assert_eq!(refused.error(), (400, 20001), "{form}");
        assert_eq!(refused.json()["details"]["parameter"], parameter, "{form}");
        let told = refused.json()["message"].as_str().unwrap().to_owned();
        assert!(told.starts_with(message), "{told}");
        assert!(!told.contains("word"), "{told}");
    }
    assert_eq!(server.get(SINKS).await.json()["sinks"], json!([]));
    let kind = "application/json";
    let refused = server.post_as(SINKS, kind, b"{}".to_vec()).await;
    assert_eq!(refused.error(), (400, 20001));
}

#[tokio::test]
async fn an_account_has_a_hundred_sinks() {
    let server = TestServer::start().await;
    for _ in 0..100 {
        webhook(&server).await;
    }
    let form = sink_form("webhook", &json!({"destination": "https://example.com/"}));
    assert_eq!(server.post(SINKS, &form).await.error(), (400, 20001));
    let listed = server.get(&format!("{SINKS}?PageSize=1000")).await.json();
    assert_eq!(listed["sinks"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn a_wrong_subscription_is_refused_with_a_reason() {
    let server = TestServer::start().await;
    let used = webhook(&server).await;
    subscribe(&server, &used).await;
    let free = webhook(&server).await;
    let segment = sink(&server, "segment", &json!({"write_key": "abcdefgh1234"})).await;
    let complete = [of_type("call-summary.complete", 7)];
    let of = |sink: &str, more: &[(&str, &str)]| subscription_form(sink, &complete, more);
    let typed = |text: &str| subscription_form(&free, &[text.to_owned()], &[]);
    let conference = json!({"type": format!("{PREFIX}conference-summary.complete")});
    let of_account = format!("SubaccountSid={ACCOUNT}");
    let nowhere = "DG00000000000000000000000000000000";
    for (form, parameter, message) in [
        (String::new(), Some("Description"), "Missing Description."),
        (
            "Description=x".to_owned(),
            Some("SinkSid"),
            "Missing SinkSid.",
        ),
        (
            of("DG1", &[]),
            Some("SinkSid"),
            "Invalid SinkSid 'DG1'. Expected the SID of a sink",
        ),
        (of(nowhere, &[]), Some("SinkSid"), "Invalid SinkSid 'DG0000"),
        (of(&segment, &[]), Some("SinkSid"), "Invalid SinkSid 'DG"),
        (of(&used, &[]), None, "Sink with SID DG"),
        (
            subscription_form(&free, &[], &[]),
            Some("Types"),
            "Missing Types.",
        ),
        (
            typed("call-summary.complete"),
            Some("Types"),
            "Invalid Types 'call-summary.complete'.",
        ),
        (
            typed(&conference.to_string()),
            Some("Types"),
            "Invalid Types 'com.twilio.voice.insights.conference",
        ),
        (
            typed(&of_type("call-summary.complete", 8)),
            Some("Types"),
            "Invalid Types '8'. Expected a schema_version from 1 to 7",
        ),
        (
            of(&free, &[("Filter", "x")]),
            Some("Filter"),
            "Invalid Filter 'x'. Expected nothing: calls are chosen by Selection",
        ),
        (
            of(&free, &[("PersonalData", "sell")]),
            Some("PersonalData"),
            "Invalid PersonalData 'sell'. Expected one of keep, hash, omit.",
        ),
        (
            of(&free, &[("ReceiveEventsFromSubaccounts", "1")]),
            Some("ReceiveEventsFromSubaccounts"),
            "Invalid ReceiveEventsFromSubaccounts '1'.",
        ),
        (
            of(&free, &[("Selection", "Tagg=x")]),
            Some("Selection"),
            "Invalid Selection. A list has no filter Tagg; did you mean Tag?",
        ),
        (
            of(&free, &[("Selection", "Tag=x")]),
            Some("Selection"),
            "Invalid Selection. Invalid Tag 'x'.",
        ),
        (
            of(&free, &[("Selection", "StartTime=4h")]),
            Some("Selection"),
            "Invalid Selection. A stream has no filter StartTime.",
        ),
        (
            of(&free, &[("Selection", &of_account)]),
            Some("Selection"),
            "Invalid Selection. A stream has no filter Subaccount.",
        ),
    ] {
        let refused = server.post(SUBSCRIPTIONS, &form).await;
        assert_eq!(refused.error(), (400, 20001), "{form}: {}", refused.text);
        let told = refused.json();
        assert_eq!(told["details"]["parameter"].as_str(), parameter, "{form}");
        let told = told["message"].as_str().unwrap();
        assert!(told.starts_with(message), "{told}");
    }
    let of_segment = server.post(SUBSCRIPTIONS, &of(&segment, &[])).await.json();
    let told = of_segment["message"].as_str().unwrap();
    assert!(
        told.contains("Expected a sink that is active; this one is initialized"),
        "{told}"
    );
    let all = server.get(SUBSCRIPTIONS).await.json();
    assert_eq!(all["subscriptions"].as_array().unwrap().len(), 1);
    let path = format!(
        "{SUBSCRIPTIONS}/{}",
        all["subscriptions"][0]["sid"].as_str().unwrap()
    );
    for (form, parameter) in [
        (format!("SinkSid={free}"), "SinkSid"),
        ("Description=".to_owned(), "Description"),
    ] {
        let refused = server.post(&path, &form).await;
        assert_eq!(refused.error(), (400, 20001));
        assert_eq!(refused.json()["details"]["parameter"], parameter);
    }
    for (form, parameter) in [
        (String::new(), "Type"),
        (format!("Type={PREFIX}participant-summary.complete"), "Type"),
        (
            format!("Type={PREFIX}call-event.sdk&SchemaVersion=4"),
            "SchemaVersion",
        ),
    ] {
        let refused = server
            .post(&format!("{path}/SubscribedEvents"), &form)
            .await;
        assert_eq!(refused.error(), (400, 20001), "{form}");
        assert_eq!(refused.json()["details"]["parameter"], parameter);
    }
}

/// Segment takes what is known of calls as a whole, and nothing else.
#[tokio::test]
async fn segment_is_sent_summaries_alone() {
    let server = TestServer::start().await;
    let segment = sink(&server, "segment", &json!({"write_key": "abcdefgh1234"})).await;
    let path = format!("{SINKS}/{segment}");
    server.post(&format!("{path}/Test"), "").await;
    let kept = server
        .app
        .store
        .sink(ACCOUNT.parse().unwrap(), segment.parse().unwrap());
    let test_id = kept.await.unwrap().unwrap().test.unwrap();
    let form = format!("TestId={test_id}");
    let valid = server.post(&format!("{path}/Validate"), &form).await;
    assert_eq!(valid.status, 201);
    let events = [of_type("call-event.sdk", 1)];
    let refused = server
        .post(SUBSCRIPTIONS, &subscription_form(&segment, &events, &[]))
        .await;
    assert_eq!(refused.json()["details"]["parameter"], "Types");
    let subscription = subscribe(&server, &segment).await;
    let path = format!("{SUBSCRIPTIONS}/{subscription}/SubscribedEvents");
    let refused = server
        .post(&path, &format!("Type={PREFIX}call-metrics.sdk"))
        .await;
    assert_eq!(refused.json()["details"]["parameter"], "Type");
    let taken = server
        .post(&path, &format!("Type={PREFIX}call-summary.partial"))
        .await;
    assert_eq!(taken.status, 201);
}

#[tokio::test]
async fn nobody_finds_what_is_anothers() {
    let server = TestServer::start().await;
    let sink = webhook(&server).await;
    let subscription = subscribe(&server, &sink).await;
    let child = server.subaccount().await;
    let child = server.log_in(&child.account_sid, &child.auth_token);
    let sink_path = format!("{SINKS}/{sink}");
    let path = format!("{SUBSCRIPTIONS}/{subscription}");
    let typed = format!("{path}/SubscribedEvents/{PREFIX}call-summary.complete");
    for answer in [
        child.get(&sink_path).await,
        child.post(&sink_path, "Description=x").await,
        child.post(&format!("{sink_path}/Test"), "").await,
        child
            .post(&format!("{sink_path}/Validate"), "TestId=x")
            .await,
        delete(&child, &sink_path).await,
        child.get(&path).await,
        child.post(&path, "Description=x").await,
        child.get(&format!("{path}/SubscribedEvents")).await,
        child
            .post(&format!("{path}/SubscribedEvents"), "Type=x")
            .await,
        child.get(&typed).await,
        child.post(&typed, "SchemaVersion=1").await,
        delete(&child, &typed).await,
        delete(&child, &path).await,
    ] {
        assert_eq!(answer.error(), (404, 20404), "{}", answer.text);
    }
    let types = [of_type("call-summary.complete", 7)];
    let stolen = child
        .post(SUBSCRIPTIONS, &subscription_form(&sink, &types, &[]))
        .await;
    assert_eq!(stolen.json()["details"]["parameter"], "SinkSid");
    for list in [SINKS, SUBSCRIPTIONS] {
        let key = if list == SINKS {
            "sinks"
        } else {
            "subscriptions"
        };
        assert_eq!(child.get(list).await.json()[key], json!([]));
        assert_eq!(
            server.get(list).await.json()[key].as_array().unwrap().len(),
            1
        );
    }
}

#[tokio::test]
async fn sinks_are_for_admins() {
    let server = TestServer::start().await;
    for (name, role) in [
        ("vera", Role::Viewer),
        ("anna", Role::Annotator),
        ("ada", Role::Admin),
    ] {
        make(&server, name, role, ACCOUNT).await;
    }
    let sid = webhook(&server).await;
    for name in ["vera", "anna"] {
        let browser = sign_in(&server, name, PASSWORD).await;
        for path in [SINKS, SUBSCRIPTIONS, &format!("{SINKS}/{sid}")] {
            assert_eq!(
                browser.get(path).await.error(),
                (403, 20403),
                "{name} {path}"
            );
            assert_eq!(
                browser.post(path, "").await.error(),
                (403, 20403),
                "{name} {path}"
            );
        }
        let forbidden = browser
            .change(Method::DELETE, &format!("{SINKS}/{sid}"), "")
            .await;
        assert_eq!(forbidden.error(), (403, 20403));
        assert_eq!(browser.get("/v1/Types").await.status, 200);
        let versions = "/v1/Schemas/VoiceInsights.CallSummary/Versions";
        assert_eq!(browser.get(versions).await.status, 200);
    }
    let ada = sign_in(&server, "ada", PASSWORD).await;
    assert_eq!(ada.get(SINKS).await.status, 200);
    let stranger = server.log_in(ACCOUNT, "wrong");
    assert_eq!(stranger.get("/v1/Types").await.error(), (401, 20003));
}
