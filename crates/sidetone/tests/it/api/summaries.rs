use axum::body::Body;
use axum::http::Method;
use serde_json::json;

use sidetone_core::correlate::call_sid;

use super::{CALL, carrier_call, picture, tell, with_complete_call};
use crate::harness::{ACCOUNT, TestServer};

async fn found(server: &TestServer, query: &str) -> usize {
    let answer = server.get(&format!("/v1/Voice/Summaries?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.json()["call_summaries"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_list_of_one() {
    let server = with_complete_call().await;
    let answer = server
        .get("/v1/Voice/Summaries?ToCarrier=AT%26T+Wireless&CallType=carrier,sip")
        .await;
    insta::assert_snapshot!(picture(&answer));
}

#[tokio::test]
async fn an_empty_list() {
    let server = TestServer::start().await;
    insta::assert_snapshot!(picture(&server.get("/v1/Voice/Summaries").await));
}

#[tokio::test]
async fn every_filter_in_every_spelling() {
    let server = with_complete_call().await;
    server
        .post(
            &format!("/v1/Voice/{CALL}/Annotation"),
            "AnsweredBy=human&ConnectivityIssue=dropped_call&QualityIssues=echo,latency&Spam=true&CallScore=2\
             &Comment=Could+not+hear+me&Incident=INC%2B1,+2",
        )
        .await;
    for query in [
        "From=%2B14155550100",
        "From=+14155550100",
        "To=+442079460101",
        "FromCarrier=T-Mobile+USA%2C+Inc.",
        "FromCountryCode=us&ToCountryCode=GB",
        "VerifiedCaller=True",
        "CallType=sip%2Ccarrier",
        "CallState=completed,failed",
        "Direction=outbound-api",
        "Direction=outbound_api,inbound",
        "ProcessingState=complete",
        "ProcessingState=completed",
        "ProcessingState=all",
        "SortBy=start_time",
        "AbnormalSession=False",
        "AnsweredByAnnotation=human,machine",
        "ConnectivityIssueAnnotation=invalid_number,dropped_call",
        "Annotated=true",
        "Q=%2B44+20+7946-0101",
        "Q=CA00000000000000000000000000000001",
        "Q=INC%2B1,+2",
        "Q=NOT+HEAR",
        "Comment=NOT+hear",
        "Comment=at+all&Comment=hear+me",
        "Incident=INC%2B1,+2",
        "Incident=!INC+1",
        "CallSids=CA00000000000000000000000000000009,CA00000000000000000000000000000001",
        "Direction=inbound&Direction=outbound_api",
        "Direction=!inbound&CallType=!sip,!client",
        "FromCarrier=nobody&FromCarrier=T-Mobile+USA%2C+Inc.&FromCarrier=!somebody",
        "SipResponse=2xx&SipResponse=!4xx",
        "MinDuration=1&MaxDuration=3600&MinPdd=1",
        "Measured=true&Tag=!silence&Edge=carrier&Codec=PCMU&MinPacketLoss=2&MinJitter=4",
        "ConnectivityIssues=dropped_call",
        "ConnectivityIssue=dropped_call",
        "QualityIssueAnnotation=choppy_robotic,echo",
        "QualityIssuesAnnotation=latency",
        "QualityIssues=latency",
        "QualityIssue=latency",
        "Annotations=QualityIssue%3Decho",
        "Annotations=QualityIssue%3Decho%2CSpam%3DTrue%26CallScore%3D2",
        "ConnectivityIssueAnnotation=echo",
        "SpamAnnotation=True",
        "Spam=true",
        "CallScoreAnnotation=1,2",
        "CallScores=2",
        "CallScore=2",
        "StartTime=1w&EndTime=0m",
        "StartTime=2026-06-01T11:58:00Z&EndTime=2026-06-01T13:59:00%2B02:00",
        "StartTime=2026-06-01&EndTime=2026-06-01",
        "Subaccount=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        assert_eq!(found(&server, query).await, 1, "{query}");
    }
    for query in [
        "From=14155550100",
        "FromCarrier=T-Mobile+USA",
        "VerifiedCaller=false",
        "CallType=client",
        "CallState=busy,noanswer",
        "Direction=inbound",
        "ProcessingState=partial",
        "ProcessingState=started",
        "AbnormalSession=true",
        "AnsweredBy=human",
        "AnsweredByAnnotation=machine",
        "ConnectivityIssueAnnotation=owa",
        "SpamAnnotation=false",
        "CallScoreAnnotation=5",
        "BrandedEnabled=false",
        "Branded=true",
        "EndTime=30m",
        "StartTime=1m",
        "StartTime=2026-06-01T11:58:01Z",
        "CallType=carrier&SpamAnnotation=false",
        "Annotated=false",
        "Q=nobody",
        "Measured=false",
        "Agent=alice",
        "Tag=silence,ice_failure",
        "Incident=INC%2B1",
        "Comment=nothing+at+all",
        "MinDuration=3600",
        "MinPacketLoss=2.01",
        "CallSids=CA00000000000000000000000000000009",
        "CallType=!carrier",
        "FromCarrier=!T-Mobile+USA%2C+Inc.",
        "SipResponse=4xx,5xx",
    ] {
        assert_eq!(found(&server, query).await, 0, "{query}");
    }
}

/// A call that took its name from its Call-ID, and one that a header named, a day before.
async fn with_sip_calls() -> TestServer {
    let server = TestServer::start().await;
    let account = ACCOUNT.parse().unwrap();
    let edge = |call_id: &str| json!({"sip_edge": {"sip_call_id": call_id, "user_agent": "Linphone/5.2 (Debian)"}});
    let named = call_sid(account, "a+b@192.0.2.1").to_string();
    let began = json!({"kind": "progress", "step": "answered", "at": "2026-06-01T11:58:00Z", "facts": {
        "from": {"address": "+14155550100"}, "to": {"address": "442079460101"}, "edges": edge("a+b@192.0.2.1"),
    }});
    tell(&server, &named, &[began]).await;
    let ended = json!({"kind": "progress", "step": "completed", "at": "2026-05-31T09:00:00Z", "facts": {
        "started_at": "2026-05-31T08:00:00Z", "from": {"address": "+442079460101"}, "edges": edge("c@192.0.2.1"),
    }});
    tell(&server, CALL, &[ended]).await;
    server
}

#[tokio::test]
async fn search_by_call_id_number_and_user_agent() {
    let server = with_sip_calls().await;
    super::settle(&server).await;
    for (query, calls) in [
        // Whenever it was, and running or not.
        ("SipCallId=a%2Bb%40192.0.2.1", 1),
        ("SipCallId=a+b@192.0.2.1&UserAgent=LINPHONE", 1),
        ("SipCallId=c@192.0.2.1", 1),
        ("SipCallId=c@192.0.2.1&SortBy=start_time", 1),
        ("SipCallId=C@192.0.2.1", 0),
        ("SipCallId=c@192.0.2.1&StartTime=4h", 0),
        ("SipCallId=c@192.0.2.1&EndTime=2d", 0),
        ("SipCallId=a%2Bb%40192.0.2.1&ProcessingState=completed", 0),
        ("SipCallId=c@192.0.2.1&CallType=client", 0),
        ("Number=%2B442079460101&StartTime=2d&ProcessingState=all", 2),
        ("Number=442079460101&StartTime=2d&ProcessingState=all", 2),
        ("Number=+442079460101&StartTime=2d", 1),
        ("Number=14155550100&ProcessingState=all", 1),
        (
            "Number=14155550100&From=442079460101&ProcessingState=all",
            0,
        ),
        ("UserAgent=linphone/5&StartTime=2d&ProcessingState=all", 2),
        ("UserAgent=phone/5.2+(DEB&ProcessingState=all", 1),
        ("UserAgent=linphone6&StartTime=2d&ProcessingState=all", 0),
    ] {
        assert_eq!(found(&server, query).await, calls, "{query}");
    }
    let first = server
        .get("/v1/Voice/Summaries?Number=442079460101&StartTime=2d&ProcessingState=all&PageSize=1")
        .await
        .json();
    let next = first["meta"]["next_page_url"].as_str().unwrap();
    assert!(next.contains("Number=442079460101"), "{next}");
    let next = next.strip_prefix("http://sidetone.test").unwrap();
    let second = server.get(next).await.json();
    assert_eq!(second["call_summaries"][0]["call_sid"], CALL);
    assert_eq!(second["meta"]["next_page_url"], json!(null));
    let other = server
        .get(&next.replace("Number=442079460101", "Number=442079460102"))
        .await;
    assert_eq!(other.error(), (400, 17400));
}

#[tokio::test]
async fn filters_as_curl_sends_them_with_get() {
    let server = with_complete_call().await;
    let request = server
        .request(Method::GET, "/v1/Voice/Summaries?StartTime=1d")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from("SpamAnnotation=true"))
        .unwrap();
    let answer = server.send(request).await.json();
    assert_eq!(answer["call_summaries"], json!([]));
    let url = answer["meta"]["url"].as_str().unwrap();
    assert_eq!(
        url,
        "http://sidetone.test/v1/Voice/Summaries?StartTime=1d&SpamAnnotation=true&PageSize=25&Page=0"
    );
}

#[tokio::test]
async fn running_calls_come_first_until_now() {
    let server = with_complete_call().await;
    let running = "CA00000000000000000000000000000002";
    let started = json!({"kind": "progress", "step": "answered", "at": "2026-06-01T11:57:00Z"});
    tell(&server, running, &[started]).await;
    let list = server
        .get("/v1/Voice/Summaries?ProcessingState=all")
        .await
        .json();
    let sids: Vec<_> = list["call_summaries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| &call["call_sid"])
        .collect();
    assert_eq!(sids, [running, CALL]);
    assert_eq!(found(&server, "ProcessingState=started").await, 1);
    assert_eq!(found(&server, "ProcessingState=partial").await, 1);
    assert_eq!(found(&server, "").await, 1);
    assert_eq!(found(&server, "ProcessingState=all&EndTime=1m").await, 1);
}

#[tokio::test]
async fn wrong_filters() {
    let server = TestServer::start().await;
    let answer = server.get("/v1/Voice/Summaries?CallType=sip,pstn").await;
    insta::assert_snapshot!(picture(&answer));
    for query in [
        "StartTime=yesterday",
        "EndTime=4",
        "HasTag=2",
        "CallScoreAnnotation=9",
        "ConnectivityIssueAnnotation=nonsense",
        "Annotations=QualityIssue%3Dnonsense",
        "ProcessingState=done",
        "SortBy=duration",
        "PageSize=0",
        "PageSize=many",
        "Page=-1",
        "Page=100000",
        "PageToken=PT10",
        "Subaccount=AC1",
        "From=%FF",
        "Number=%07",
        "UserAgent=a%0Ab",
        "Tag=loud",
        "MinDuration=1.5",
        "MinPacketLoss=101",
        "SipResponse=7xx",
        "Edge=cloud",
        "CallSids=CA1",
        "Comment=%07",
        "CallType=!",
        "SipCallId=a%0D%0Ab",
    ] {
        let answer = server.get(&format!("/v1/Voice/Summaries?{query}")).await;
        assert_eq!(answer.error(), (400, 17400), "{query}");
    }
}

#[tokio::test]
async fn calls_of_one_account_only() {
    let server = with_complete_call().await;
    let sub = server.subaccount().await;
    let sid = sub.account_sid.to_string();
    super::tell_of(
        &server,
        &sid,
        "CA00000000000000000000000000000003",
        &carrier_call(),
    )
    .await;
    super::settle(&server).await;
    assert_eq!(found(&server, "").await, 1);
    assert_eq!(found(&server, &format!("Subaccount={sid}")).await, 1);
    assert_eq!(found(&server, &format!("SubaccountSid={sid}")).await, 1);
    let foreign = server
        .get("/v1/Voice/Summaries?Subaccount=ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")
        .await;
    insta::assert_snapshot!(picture(&foreign));
    let sub = server.log_in(&sid, &sub.auth_token);
    assert_eq!(found(&sub, "").await, 1);
    let parent = sub
        .get("/v1/Voice/Summaries?Subaccount=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
        .await;
    assert_eq!(parent.error(), (403, 17000));
}
