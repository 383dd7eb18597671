use serde_json::{Value, json};

use sidetone::runner::Worker;
use sidetone::workers::statistics::WriteSegments;

use super::{CALL, carrier_call, picture, settle, tell, tell_of, with_complete_call};
use crate::harness::TestServer;

const OTHER: &str = "CA00000000000000000000000000000002";

async fn told(server: &TestServer, query: &str) -> Value {
    let answer = server.get(&format!("/v1/Voice/Statistics?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.json()
}

/// A server with a call that was answered and one that found its callee busy, a day before.
async fn with_two_calls() -> TestServer {
    let server = with_complete_call().await;
    let busy = json!({"kind": "progress", "step": "busy", "at": "2026-05-31T11:58:30Z", "facts": {
        "started_at": "2026-05-31T11:58:20Z", "call_type": "sip", "to": {"carrier": "AT&T Wireless"},
    }});
    tell(&server, OTHER, &[busy]).await;
    settle(&server).await;
    server
}

#[tokio::test]
async fn everything_about_a_call() {
    let server = with_complete_call().await;
    let form = "QualityIssues=echo,latency&Spam=false&CallScore=2";
    server
        .post(&format!("/v1/Voice/{CALL}/Annotation"), form)
        .await;
    let answer = server
        .get(
            "/v1/Voice/Statistics?GroupBy=CallState,QualityIssue&Interval=hour&TimeZone=Asia/Kolkata&Previous=true\
             &Measures=calls,answered,answer_seizure_ratio,network_effectiveness_ratio,duration,connect_duration,pdd,\
             packet_loss,jitter,rtt,mos,call_score,measured,tagged,annotated,spam",
        )
        .await;
    insta::assert_snapshot!(picture(&answer));
}

#[tokio::test]
async fn nothing_to_count() {
    let server = with_complete_call().await;
    let answer = server.get("/v1/Voice/Statistics?CallType=client").await;
    insta::assert_snapshot!(picture(&answer));
}

#[tokio::test]
async fn calls_are_grouped_and_laid_beside_the_day_before() {
    let server = with_two_calls().await;
    for _ in 0..2 {
        let by_carrier = told(&server, "StartTime=2d&GroupBy=Carrier,CallType").await;
        let groups: Vec<_> = by_carrier["statistics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["group"]["CallType"].clone(), row["calls"].clone()))
            .collect();
        assert_eq!(
            groups,
            [(json!("carrier"), json!(1)), (json!("sip"), json!(1))]
        );
        let whole = told(&server, "StartTime=2d").await;
        let row = &whole["statistics"][0];
        assert_eq!(row["answer_seizure_ratio"], json!(50.0));
        assert_eq!(row["network_effectiveness_ratio"], json!(100.0));
        let day = "StartTime=2026-06-01&EndTime=2026-06-01&Interval=day&Previous=true";
        let beside = told(&server, day).await;
        let row = &beside["statistics"][0];
        assert_eq!(row["interval_start"], json!("2026-06-01T00:00:00Z"));
        assert_eq!(
            (&row["calls"], &row["previous"]["calls"]),
            (&json!(1), &json!(1))
        );
        assert_eq!(row["previous"]["duration"]["p50"], json!(10.0));
        assert_eq!(
            beside["meta"]["previous"]["start_time"],
            json!("2026-05-31T00:00:00Z")
        );
        // The same when the segments are written.
        server.app.clock.advance_us(3_600_000_000);
        let mut worker = WriteSegments::new(server.app.clone());
        while worker.round(server.app.clock.now()).await.unwrap() != sidetone::runner::Next::Idle {}
    }
}

#[tokio::test]
async fn calls_of_one_account_only() {
    let server = with_complete_call().await;
    let sub = server.subaccount().await;
    let sid = sub.account_sid.to_string();
    tell_of(&server, &sid, OTHER, &carrier_call()).await;
    tell_of(&server, &sid, CALL, &carrier_call()).await;
    settle(&server).await;
    let calls = |answer: Value| answer["meta"]["calls"].clone();
    assert_eq!(calls(told(&server, "").await), 1);
    assert_eq!(calls(told(&server, &format!("Subaccount={sid}")).await), 2);
    let foreign = server
        .get("/v1/Voice/Statistics?Subaccount=ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")
        .await;
    assert_eq!(foreign.error(), (403, 17000));
}

#[tokio::test]
async fn wrong_parameters() {
    let server = TestServer::start().await;
    let answer = server.get("/v1/Voice/Statistics?GroupBy=Colour").await;
    insta::assert_snapshot!(picture(&answer));
    for query in [
        "Interval=year",
        "Interval=minute&StartTime=30d",
        "TimeZone=Mars/Olympus",
        "GroupBy=CallState,Tag,From",
        "Measures=asr",
        "Previous=perhaps",
        "Previous=true&EndTime=2w",
        "Limit=1001",
        "CallType=pstn",
        "StartTime=yesterday",
    ] {
        let answer = server.get(&format!("/v1/Voice/Statistics?{query}")).await;
        assert_eq!(answer.error(), (400, 17400), "{query}");
        let parameter = query.split('=').next().unwrap();
        assert_eq!(answer.json()["details"]["parameter"], parameter, "{query}");
    }
}

#[tokio::test]
async fn machines_against_people() {
    let server = TestServer::start().await;
    for (nth, (detected, heard, comment, is_answered)) in [
        ("human", "human", "A", true),
        ("machine_start", "machine", "A", true),
        ("machine_end_beep", "human", "B", true),
        ("unknown", "human", "B", true),
        ("human", "unknown_answered_by", "B", false),
        ("", "human", "B", false),
    ]
    .into_iter()
    .enumerate()
    {
        let call = format!("CA{:032x}", nth + 1);
        let mut events = carrier_call();
        if !detected.is_empty() {
            events[0]["facts"]["answered_by"] = json!(detected);
        }
        if !is_answered {
            events.truncate(2);
            let busy = json!({"kind": "progress", "step": "busy", "at": "2026-06-01T11:58:09Z"});
            events.push(busy);
        }
        tell(&server, &call, &events).await;
        let form = format!(
            "AnsweredBy={heard}&Comment={comment}&CallScore={}",
            nth % 5 + 1
        );
        let answer = server
            .post(&format!("/v1/Voice/{call}/Annotation"), &form)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    settle(&server).await;
    let answer = server
        .get("/v1/Voice/Statistics/Agreement?CallType=carrier")
        .await;
    insta::assert_snapshot!(picture(&answer));
    let wrong = server
        .get("/v1/Voice/Statistics/Agreement?Variant=Tag")
        .await;
    assert_eq!(wrong.error(), (400, 17400));
}
