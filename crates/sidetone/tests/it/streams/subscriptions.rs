//! Subscriptions, their types, and what can be subscribed.

use serde_json::{Value, json};

use super::{
    KINDS, PREFIX, SINKS, SUBSCRIPTIONS, delete, of_type, shown, subscribe, subscription_form,
    webhook,
};
use crate::api::{CALL, with_complete_call};
use crate::harness::{Answer, TestServer};

fn types(answer: &Answer) -> Vec<(String, u64)> {
    let answer = answer.json();
    let pair = |it: &Value| {
        let name = it["type"].as_str().unwrap().strip_prefix(PREFIX).unwrap();
        (name.to_owned(), it["schema_version"].as_u64().unwrap())
    };
    answer["types"]
        .as_array()
        .unwrap()
        .iter()
        .map(pair)
        .collect()
}

#[tokio::test]
async fn a_subscription_from_beginning_to_end() {
    let server = TestServer::start().await;
    let sink = webhook(&server).await;
    let all = KINDS.map(|kind| of_type(kind, 1));
    let made = server
        .post(SUBSCRIPTIONS, &subscription_form(&sink, &all, &[]))
        .await;
    let sid = made.json()["sid"].as_str().unwrap().to_owned();
    let names = [(sink.as_str(), "DG…"), (sid.as_str(), "DF…")];
    insta::assert_snapshot!("made", shown(&made, &names));
    let path = format!("{SUBSCRIPTIONS}/{sid}");
    assert_eq!(server.get(&path).await.json(), made.json());
    server.pass(5).await;
    let same = format!("SinkSid={sink}&ReceiveEventsFromSubaccounts=false");
    assert_eq!(server.post(&path, &same).await.json(), made.json());
    let changed = server.post(&path, "Description=less").await.json();
    assert_eq!(changed["description"], "less");
    assert_eq!(changed["date_updated"], "2026-06-01T12:00:05Z");
    let of_sink = format!("{SUBSCRIPTIONS}?SinkSid={sink}");
    insta::assert_snapshot!("listed", shown(&server.get(&of_sink).await, &names));
    let of_other = format!("{SUBSCRIPTIONS}?SinkSid=DG00000000000000000000000000000000");
    assert_eq!(
        server.get(&of_other).await.json()["subscriptions"],
        json!([])
    );
    let wrong = server.get(&format!("{SUBSCRIPTIONS}?SinkSid=DG0")).await;
    assert_eq!(wrong.error(), (400, 17400));

    assert_eq!(delete(&server, &path).await.status, 204);
    for answer in [
        delete(&server, &path).await,
        server.get(&path).await,
        server.post(&path, "Description=x").await,
        server.get(&format!("{path}/SubscribedEvents")).await,
        server.post(&format!("{path}/SubscribedEvents"), "").await,
    ] {
        assert_eq!(answer.error(), (404, 20404), "{}", answer.text);
    }
    let left = server.get(&format!("{SINKS}/{sink}")).await.json();
    assert_eq!(left["status"], "active");
    subscribe(&server, &sink).await;
}

#[tokio::test]
async fn types_are_added_changed_and_taken_out() {
    let server = TestServer::start().await;
    let sink = webhook(&server).await;
    let sid = subscribe(&server, &sink).await;
    let path = format!("{SUBSCRIPTIONS}/{sid}/SubscribedEvents");
    let name = |kind: &str| format!("{PREFIX}{kind}");
    let form = format!("Type={}&SchemaVersion=2", name("call-event.sdk"));
    let added = server.post(&path, &form).await;
    let names = [(sid.as_str(), "DF…")];
    insta::assert_snapshot!("added", shown(&added, &names));
    let latest = server
        .post(&path, &format!("Type={}", name("call-metrics.sdk")))
        .await;
    assert_eq!(
        (latest.status.as_u16(), &latest.json()["schema_version"]),
        (201, &json!(2))
    );
    insta::assert_snapshot!("types", shown(&server.get(&path).await, &names));

    // Page by page, while what was shown is taken out: nothing is missed.
    let first = server.get(&format!("{path}?PageSize=2")).await;
    let shown = [
        ("call-summary.complete".to_owned(), 2),
        ("call-event.sdk".to_owned(), 2),
    ];
    assert_eq!(types(&first), shown);
    let taken = format!("{path}/{}", name("call-event.sdk"));
    let changed = server.post(&taken, "SchemaVersion=3").await.json();
    assert_eq!(changed["schema_version"], 3);
    assert_eq!(server.post(&taken, "").await.json(), changed);
    assert_eq!(server.get(&taken).await.json(), changed);
    assert_eq!(
        server.post(&taken, "SchemaVersion=4").await.error(),
        (400, 20001)
    );
    assert_eq!(delete(&server, &taken).await.status, 204);
    let next = first.json()["meta"]["next_page_url"]
        .as_str()
        .unwrap()
        .to_owned();
    let next = next.strip_prefix("http://sidetone.test").unwrap();
    assert_eq!(
        types(&server.get(next).await),
        [("call-metrics.sdk".to_owned(), 2)]
    );
    for answer in [
        delete(&server, &taken).await,
        server.get(&taken).await,
        server.post(&taken, "SchemaVersion=1").await,
        server.get(&format!("{path}/anything")).await,
    ] {
        assert_eq!(answer.error(), (404, 20404), "{}", answer.text);
    }
}

#[tokio::test]
async fn calls_are_chosen_by_filters() {
    let server = TestServer::start().await;
    let sink = webhook(&server).await;
    let types = [of_type("call-summary.complete", 7)];
    let more = [
        ("Selection", "?Tag=silence&Spam=true&ToCarrier=AT%26T"),
        ("PersonalData", "hash"),
        ("ReceiveEventsFromSubaccounts", "true"),
        ("Filter", ""),
    ];
    let made = server
        .post(SUBSCRIPTIONS, &subscription_form(&sink, &types, &more))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    assert_eq!(
        made["selection"],
        "Tag=silence&SpamAnnotation=true&ToCarrier=AT%26T"
    );
    assert_eq!(made["personal_data"], "hash");
    assert_eq!(made["receive_events_from_subaccounts"], true);
    let path = format!("{SUBSCRIPTIONS}/{}", made["sid"].as_str().unwrap());
    assert_eq!(server.get(&path).await.json(), made);
}

#[tokio::test]
async fn what_can_be_subscribed() {
    let server = TestServer::start().await;
    insta::assert_snapshot!("all_types", shown(&server.get("/v1/Types").await, &[]));
    let of_events = server
        .get("/v1/Types?SchemaId=VoiceInsights.CallEvent")
        .await
        .json();
    assert_eq!(of_events["types"].as_array().unwrap().len(), 2);
    let none = server
        .get("/v1/Types?SchemaId=Messaging.Status")
        .await
        .json();
    assert_eq!(none["types"], json!([]));
    let one = format!("/v1/Types/{PREFIX}call-event.sdk");
    assert_eq!(server.get(&one).await.json(), of_events["types"][1]);
    let schema = server.get("/v1/Schemas/VoiceInsights.CallMetric").await;
    insta::assert_snapshot!("schema", shown(&schema, &[]));
    let versions = server
        .get("/v1/Schemas/VoiceInsights.CallMetric/Versions")
        .await;
    insta::assert_snapshot!("versions", shown(&versions, &[]));
    let version = server
        .get("/v1/Schemas/VoiceInsights.CallMetric/Versions/2")
        .await;
    assert_eq!(version.json(), versions.json()["schema_versions"][1]);
    for nothing in [
        "/v1/Types/com.twilio.voice.insights.conference-summary.complete",
        "/v1/Types/call-event.sdk",
        "/v1/Schemas/CallEvent",
        "/v1/Schemas/CallEvent/Versions",
        "/v1/Schemas/VoiceInsights.CallMetric/Versions/0",
        "/v1/Schemas/VoiceInsights.CallMetric/Versions/3",
        "/v1/Schemas/VoiceInsights.CallMetric/Versions/3/Raw",
        "/v1/Schemas/VoiceInsights.CallMetric/Versions/latest",
        "/v1/Schemas",
    ] {
        assert_eq!(server.get(nothing).await.error(), (404, 20404), "{nothing}");
    }
}

/// What a schema says of a summary is true of one.
#[tokio::test]
async fn a_summary_is_as_its_schema_says() {
    let server = with_complete_call().await;
    let strangers = server.log_in("", "");
    let raw = strangers
        .get("/v1/Schemas/VoiceInsights.CallSummary/Versions/7/Raw")
        .await;
    assert_eq!(raw.status, 200);
    let raw = raw.json();
    assert_eq!(
        raw["$id"],
        "https://events-schemas.twilio.com/VoiceInsights.CallSummary/7"
    );
    let summary = server
        .get(&format!("/v1/Voice/{CALL}/Summary"))
        .await
        .json();
    let schema = &raw["$defs"]["CallSummary"];
    let summary = summary.as_object().unwrap();
    for name in schema["required"].as_array().unwrap() {
        assert!(summary.contains_key(name.as_str().unwrap()), "{name}");
    }
    for (name, value) in summary {
        let said = &schema["properties"][name];
        assert!(said.is_object(), "{name} is in no schema");
        if value.is_null() {
            assert!(
                said.to_string().contains(r#"{"type":"null"}"#),
                "{name}: {said}"
            );
        }
    }
}
