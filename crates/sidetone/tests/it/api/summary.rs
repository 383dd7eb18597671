use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Value, json};
use sidetone::config::Settings;

use super::{CALL, carrier_call, picture, settle, tell, with_complete_call};
use crate::harness::{ACCOUNT, TestServer};

#[tokio::test]
async fn a_complete_call() {
    let server = with_complete_call().await;
    insta::assert_snapshot!(picture(
        &server.get(&format!("/v1/Voice/{CALL}/Summary")).await
    ));
}

#[tokio::test]
async fn links() {
    let server = with_complete_call().await;
    insta::assert_snapshot!(picture(&server.get(&format!("/v1/Voice/{CALL}")).await));
}

#[tokio::test]
async fn either_case_of_a_sid() {
    let server = with_complete_call().await;
    let call = "CAABCDEF0123456789ABCDEF0123456789";
    tell(&server, call, &carrier_call()).await;
    let answer = server.get(&format!("/v1/Voice/{call}")).await.json();
    assert_eq!(answer["sid"], "CAabcdef0123456789abcdef0123456789");
}

#[tokio::test]
async fn the_states_of_a_summary() {
    let server = TestServer::start().await;
    let path = format!("/v1/Voice/{CALL}/Summary");
    assert_eq!(server.get(&path).await.error(), (404, 20404));
    tell(&server, CALL, &carrier_call()).await;
    insta::assert_snapshot!(picture(&server.get(&path).await));
    for state in ["complete", "completed"] {
        let answer = server.get(&format!("{path}?ProcessingState={state}")).await;
        assert_eq!(answer.error(), (404, 17001));
    }
    for state in ["partial", "all"] {
        let answer = server
            .get(&format!("{path}?ProcessingState={state}"))
            .await
            .json();
        assert_eq!(answer["processing_state"], "partial");
    }
    settle(&server).await;
    for state in ["complete", "completed", "partial", "all", ""] {
        let answer = server
            .get(&format!("{path}?ProcessingState={state}"))
            .await
            .json();
        assert_eq!(answer["processing_state"], "complete");
    }
    assert_eq!(
        server
            .get(&format!("{path}?ProcessingState=started"))
            .await
            .error(),
        (400, 17400)
    );
}

#[tokio::test]
async fn an_imported_summary_is_served_back_field_for_field() {
    let server = TestServer::start().await;
    let raw = json!({
        "account_sid": "ACffffffffffffffffffffffffffffffff", "call_sid": CALL, "call_state": "completed",
        "call_type": "carrier", "processing_state": "complete", "processing_version": 7,
        "start_time": "2026-06-01T11:00:00.500Z", "end_time": "2026-06-01T11:01:00.999Z", "duration": 60,
        "from": {"caller": "+15550001111", "carrier": "", "connection": "pstn"},
        "to": {"callee": "+15550002222"}, "parent_call_sid": "",
        "carrier_edge": {"metrics": {"inbound": {"packets_loss_percentage": 0.1, "unheard_of": [1, 2]}}},
        "properties": {"route_id": "RT1", "pdd_ms": 0}, "tags": ["silence"], "new_field": {"deep": ""},
    });
    let facts = json!({
        "state": "completed", "call_type": "carrier", "started_at": "2026-06-01T11:00:00.5Z",
        "ended_at": "2026-06-01T11:01:00.999Z", "from": {"address": "+15550001111"}, "tags": ["silence"],
    });
    let import =
        json!({"kind": "imported", "stage": "complete", "version": 7, "facts": facts, "raw": raw});
    tell(&server, CALL, &[import]).await;
    settle(&server).await;
    let answer = server.get(&format!("/v1/Voice/{CALL}/Summary")).await;
    insta::assert_snapshot!(picture(&answer));
    let list = server.get("/v1/Voice/Summaries").await.json();
    let mut item = list["call_summaries"][0].clone();
    let mut own = answer.json();
    for summary in [&mut item, &mut own] {
        summary.as_object_mut().unwrap().remove("url");
    }
    assert_eq!(item, own);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let server = with_complete_call().await;
    for path in ["", "/Annotation", "/Summary", "/Events"] {
        let request = server.request(axum::http::Method::HEAD, &format!("/v1/Voice/{CALL}{path}"));
        let answer = server
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, ""));
    }
}

#[tokio::test]
async fn no_time_has_a_fraction() {
    let server = with_complete_call().await;
    let summary = server
        .get(&format!("/v1/Voice/{CALL}/Summary"))
        .await
        .json();
    for name in ["created_time", "start_time", "end_time"] {
        if let Value::String(time) = &summary[name] {
            assert_eq!(time.len(), "2026-06-01T12:00:00Z".len(), "{name}");
        }
    }
}

#[tokio::test]
async fn feedback_is_told_to_who_asks_for_it() {
    let server = with_complete_call().await;
    let path = format!("/v1/Voice/{CALL}/Summary");
    let plain = server.get(&path).await.json();
    assert!(plain.get("feedback").is_none());
    let with = format!("{path}?Include=feedback");
    assert_eq!(server.get(&with).await.json()["feedback"], Value::Null);
    let feedback = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{CALL}/Feedback.json");
    let rated = server
        .post(&feedback, "QualityScore=2&Issue=one-way-audio")
        .await;
    assert_eq!(rated.status, 201, "{}", rated.text);
    let mut told = server.get(&with).await.json();
    let expected = json!({
        "quality_score": 2, "issues": ["one-way-audio"],
        "date_updated": server.app.clock.now().to_seconds_text(),
    });
    let feedback = told.as_object_mut().unwrap().remove("feedback");
    assert_eq!(feedback, Some(expected));
    assert_eq!(told, plain, "and all else is as without it");
    let wrong = server.get(&format!("{path}?Include=ladder")).await;
    assert_eq!(wrong.error(), (400, 17400));
    assert_eq!(wrong.json()["details"]["parameter"], "Include");
}

/// A call whose inbound stream lost a tenth, and nothing of what was sent arrived.
fn bad_call() -> Vec<Value> {
    let mut events = carrier_call();
    events[3]["cumulative"] = json!({"codec": 0, "packets_received": 450, "packets_lost": 50,
        "jitter_ms": {"avg": 8.5, "max": 41.0}});
    events[4]["cumulative"] = json!({"codec": 0, "packets_sent": 0});
    events[6]["at"] = json!("2026-06-01T11:58:12Z");
    events[6]["facts"]["tags"] = json!(["high_latency"]);
    events
}

#[tokio::test]
async fn a_tag_is_told_with_the_figures_and_limits_that_raised_it() {
    let server = TestServer::start().await;
    tell(&server, CALL, &bad_call()).await;
    settle(&server).await;
    let path = format!("/v1/Voice/{CALL}/Summary");
    let plain = server.get(&path).await.json();
    assert!(plain.get("tag_reasons").is_none());
    let both = format!("{path}?Include=tag_reasons,feedback");
    let mut told = server.get(&both).await.json();
    let fields = told.as_object_mut().unwrap();
    assert_eq!(fields.remove("feedback"), Some(Value::Null));
    let told_of_tags = fields.remove("tag_reasons").unwrap();
    assert_eq!(told, plain, "and all else is as without it");
    insta::assert_json_snapshot!(told_of_tags);
    let named = told_of_tags["reasons"].as_array().unwrap().iter();
    let named: BTreeSet<_> = named.map(|reason| reason["tag"].as_str()).collect();
    let tags = plain["tags"].as_array().unwrap().iter();
    assert_eq!(named, tags.map(Value::as_str).collect());
}

#[tokio::test]
async fn tags_of_another_system_have_no_figures_here() {
    let server = TestServer::start().await;
    let raw = json!({"call_sid": CALL, "call_state": "completed", "processing_state": "complete",
        "start_time": "2026-06-01T11:00:00Z", "end_time": "2026-06-01T11:01:00Z",
        "tags": ["silence", "of_tomorrow"]});
    let facts = json!({"state": "completed", "started_at": "2026-06-01T11:00:00Z",
        "ended_at": "2026-06-01T11:01:00Z", "tags": ["silence"]});
    let import =
        json!({"kind": "imported", "stage": "complete", "version": 7, "facts": facts, "raw": raw});
    tell(&server, CALL, &[import]).await;
    settle(&server).await;
    let told = server
        .get(&format!(
            "/v1/Voice/{CALL}/Summary?Include=feedback&Include=tag_reasons"
        ))
        .await
        .json();
    let reasons = &told["tag_reasons"];
    assert_eq!(reasons["rules"], Value::Null);
    assert_eq!(reasons["limits"], Value::Null);
    let without = |tag: &str| {
        json!({"tag": tag, "edge": null, "direction": null, "one_source": false,
            "figures": null, "no_figure": "imported"})
    };
    let expected = json!([without("silence"), without("of_tomorrow")]);
    assert_eq!(reasons["reasons"], expected);
}

#[tokio::test]
async fn a_recording_is_where_the_setting_says() {
    let started = async |template: &str| {
        let server = TestServer::with(Settings {
            recording_url: Some(template.to_owned()),
            ..Settings::default()
        });
        let server = server.await;
        let mut events = carrier_call();
        let edge = &mut events[0]["facts"]["edges"]["carrier_edge"];
        edge["sip_call_id"] = json!("a/b@192.0.2.1");
        tell(&server, CALL, &events).await;
        settle(&server).await;
        server
    };
    let path = format!("/v1/Voice/{CALL}/Summary?Include=recording");
    let server = started("https://pbx.example.com/{Year}-{Month}-{Day}/{SipCallId}.wav").await;
    let told = server.get(&path).await.json();
    let url = "https://pbx.example.com/2026-06-01/a%2Fb%40192.0.2.1.wav";
    assert_eq!(told["recording"], json!({"url": url, "missing": null}));
    let plain = server.get(&format!("/v1/Voice/{CALL}/Summary")).await;
    assert_eq!(plain.json().get("recording"), None);

    let server = with_complete_call().await;
    let told = server.get(&path).await.json();
    assert_eq!(told.get("recording"), Some(&Value::Null), "nothing is set");
    let template = Some("https://pbx.example.com/{SipCallId}".to_owned());
    let server = TestServer::with(Settings {
        recording_url: template,
        ..Settings::default()
    });
    let server = server.await;
    tell(&server, CALL, &carrier_call()).await;
    settle(&server).await;
    let told = server.get(&path).await.json();
    assert_eq!(
        told["recording"],
        json!({"url": null, "missing": "SipCallId"})
    );
}
