use axum::http::StatusCode;
use sidetone::config::{Settings, Switch};

use super::{CALL, carrier_call, picture, tell, tell_of};
use crate::harness::{ACCOUNT, TestServer};

#[tokio::test]
async fn settings_are_changed_in_part() {
    let server = TestServer::start().await;
    insta::assert_snapshot!(picture(&server.get("/v1/Voice/Settings").await));
    let changed = server
        .post("/v1/Voice/Settings", "VoiceTrace=True")
        .await
        .json();
    assert_eq!(
        (&changed["voice_trace"], &changed["advanced_features"]),
        (&true.into(), &true.into())
    );
    let changed = server
        .post("/v1/Voice/Settings", "AdvancedFeatures=false")
        .await;
    assert_eq!(server.get("/v1/Voice/Settings").await.text, changed.text);
    assert_eq!(
        server
            .post("/v1/Voice/Settings", "VoiceTrace=1")
            .await
            .error(),
        (400, 20001)
    );
    let same = server.post("/v1/Voice/Settings", "").await;
    assert_eq!(same.text, changed.text);
}

#[tokio::test]
async fn settings_of_a_subaccount() {
    let server = TestServer::start().await;
    let sub = server.subaccount().await;
    let sid = sub.account_sid.to_string();
    let by_form = server
        .post(
            "/v1/Voice/Settings",
            &format!("SubaccountSid={sid}&VoiceTrace=true"),
        )
        .await
        .json();
    assert_eq!(
        (&by_form["account_sid"], &by_form["voice_trace"]),
        (&sid.as_str().into(), &true.into())
    );
    for query in [format!("SubaccountSid={sid}"), format!("Subaccount={sid}")] {
        let answer = server
            .get(&format!("/v1/Voice/Settings?{query}"))
            .await
            .json();
        assert_eq!(answer, by_form);
        let answer = server
            .post(&format!("/v1/Voice/Settings?{query}"), "")
            .await
            .json();
        assert_eq!(answer, by_form);
    }
    assert_eq!(
        server.get("/v1/Voice/Settings").await.json()["voice_trace"],
        false
    );
    let sub = server.log_in(&sid, &sub.auth_token);
    let parent = format!("SubaccountSid={ACCOUNT}");
    assert_eq!(
        sub.get(&format!("/v1/Voice/Settings?{parent}"))
            .await
            .error(),
        (403, 17000)
    );
    assert_eq!(
        sub.post("/v1/Voice/Settings", &parent).await.error(),
        (403, 17000)
    );
    assert_eq!(
        server
            .post("/v1/Voice/Settings", "SubaccountSid=me")
            .await
            .error(),
        (400, 20001)
    );
    assert_eq!(
        server
            .get("/v1/Voice/Settings?SubaccountSid=me")
            .await
            .error(),
        (400, 17400)
    );
}

#[tokio::test]
async fn calls_of_others_do_not_exist() {
    let server = TestServer::start().await;
    let sub = server.subaccount().await;
    let sid = sub.account_sid.to_string();
    tell(&server, CALL, &carrier_call()).await;
    let subs_call = "CA00000000000000000000000000000002";
    tell_of(&server, &sid, subs_call, &carrier_call()).await;
    let path = format!("/v1/Voice/{subs_call}/Annotation");
    let by_parent = server.post(&path, "Spam=true").await;
    assert_eq!(by_parent.json()["account_sid"], sid.as_str());
    let sub = server.log_in(&sid, &sub.auth_token);
    assert_eq!(sub.get(&path).await.text, by_parent.text);
    for part in [
        "",
        "/Annotation",
        "/Annotation/History",
        "/Summary",
        "/Events",
        "/Metrics",
    ] {
        let answer = sub.get(&format!("/v1/Voice/{CALL}{part}")).await;
        assert_eq!(answer.error(), (404, 20404), "{part}");
    }
    assert_eq!(
        sub.post(&format!("/v1/Voice/{CALL}/Annotation"), "Spam=true")
            .await
            .error(),
        (404, 20404)
    );
}

#[tokio::test]
async fn calls_made_while_advanced_features_were_off() {
    let settings = Settings {
        gate_advanced_features: Some(Switch(true)),
        ..Settings::default()
    };
    let server = TestServer::with(settings).await;
    server
        .post("/v1/Voice/Settings", "AdvancedFeatures=false")
        .await;
    tell(&server, CALL, &carrier_call()).await;
    server
        .post("/v1/Voice/Settings", "AdvancedFeatures=true")
        .await;
    let later = "CA00000000000000000000000000000002";
    tell(&server, later, &carrier_call()).await;
    insta::assert_snapshot!(picture(
        &server.get(&format!("/v1/Voice/{CALL}/Annotation")).await
    ));
    for part in ["", "/Annotation/History", "/Summary", "/Events", "/Metrics"] {
        let answer = server.get(&format!("/v1/Voice/{CALL}{part}")).await;
        assert_eq!(answer.error(), (401, 17007), "{part}");
    }
    let list = server
        .get("/v1/Voice/Summaries?StartTime=520w&ProcessingState=all")
        .await
        .json();
    let rows = list["call_summaries"].as_array().unwrap();
    assert!(
        rows.iter().all(|row| row["call_sid"] == later) && rows.len() == 1,
        "{list}"
    );
    let change = server
        .post(&format!("/v1/Voice/{CALL}/Annotation"), "Spam=true")
        .await;
    assert_eq!(change.error(), (401, 17007));
    let later = server
        .post(&format!("/v1/Voice/{later}/Annotation"), "Spam=true")
        .await;
    assert_eq!(later.status, StatusCode::OK);
}

#[tokio::test]
async fn a_clock_that_is_set_back_locks_nobody_out() {
    let server = TestServer::with(Settings {
        rate_limit: Some(2),
        ..Settings::default()
    })
    .await;
    let settings = async || server.get("/v1/Voice/Settings").await.status.as_u16();
    assert_eq!(
        [settings().await, settings().await, settings().await],
        [200, 200, 429]
    );
    server.app.clock.turn_us(-3_600_000_000);
    server.app.clock.advance_us(1_000_000);
    assert_eq!(settings().await, 200);
}

#[tokio::test]
async fn failed_logins_cost_more_and_more_and_keep_nobody_else_out() {
    let server = TestServer::start().await;
    let stranger = server.log_in(ACCOUNT, "guess");
    for _ in 0..100 {
        assert_eq!(
            stranger.get("/v1/Voice/Settings").await.error(),
            (401, 20003)
        );
    }
    let answer = stranger.get("/v1/Voice/Settings").await;
    assert_eq!(answer.error(), (429, 20429));
    assert_eq!(answer.header("retry-after"), Some("2"));
    assert_eq!(
        server.get("/v1/Voice/Settings").await.status,
        StatusCode::OK
    );
    assert_eq!(server.app.counters.failed_logins.get(), 101);
    server.app.clock.advance_us(100_000_000);
    assert_eq!(
        stranger.get("/v1/Voice/Settings").await.error(),
        (401, 20003)
    );
}
