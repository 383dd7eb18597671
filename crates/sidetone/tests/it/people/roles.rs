//! What each role may, and what is masked for whom.

use axum::http::Method;
use serde_json::{Value, json};
use sidetone_store::people::Role;

use super::{CALL, FROM, PASSWORD, SECRETS, TO, annotation, call, make, sign_in};
use crate::harness::{ACCOUNT, TestServer};

/// What each role may do; what an endpoint does not say is for admins.
#[tokio::test]
async fn roles_may_what_they_may() {
    let server = TestServer::start().await;
    call(&server).await;
    for (name, role) in [
        ("vera", Role::Viewer),
        ("anna", Role::Annotator),
        ("ada", Role::Admin),
    ] {
        make(&server, name, role, ACCOUNT).await;
    }
    let feedback = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{CALL}/Feedback.json");
    let reports = "/v2/Voice/Reports";
    let erase = format!("/v1/Voice/{CALL}/Summary");
    let raw = format!("/v1/Voice/{CALL}/Ladder?Raw=true");
    let recording = format!("/v1/Voice/{CALL}/Summary?Include=recording");
    for (name, least) in [("vera", 0), ("anna", 1), ("ada", 2)] {
        let browser = sign_in(&server, name, PASSWORD).await;
        for (method, path, form, for_whom) in [
            (Method::GET, "/v1/Voice/Summaries", "", 0),
            (Method::GET, "/v1/Voice/Settings", "", 0),
            (Method::GET, &raw, "", 1),
            (Method::GET, &recording, "", 1),
            (Method::POST, &annotation(), "CallScore=3", 1),
            (Method::DELETE, &annotation(), "", 1),
            (Method::POST, &feedback, "QualityScore=4", 1),
            (Method::POST, "/v1/Voice/Settings", "VoiceTrace=true", 2),
            (Method::POST, reports, "", 2),
            (Method::GET, "/v1/Voice/People", "", 2),
            (Method::GET, "/v1/Voice/Audit", "", 2),
            (Method::POST, "/v1/Voice/People", "Name=x", 2),
            (Method::POST, "/v1/Voice/People/vera", "Role=admin", 2),
            (Method::POST, "/v1/Voice/People/anna", "Password=", 2),
            (Method::POST, "/ingest/v1/events", "", 2),
            (Method::DELETE, &erase, "", 2),
        ] {
            if least == 2 && (path.contains("/People/") || path == erase) {
                continue;
            }
            let answer = browser.change(method.clone(), path, form).await;
            let is_forbidden = answer.status == 403;
            assert_eq!(
                is_forbidden,
                least < for_whom,
                "{name} {method} {path}: {}",
                answer.text
            );
            if is_forbidden {
                assert_eq!(answer.error(), (403, 20403));
            }
        }
    }
}

/// Whoever may not see numbers may not guess them either, in whatever way they ask.
#[tokio::test]
async fn viewers_filter_by_no_number() {
    let server = TestServer::start().await;
    call(&server).await;
    make(&server, "vera", Role::Viewer, ACCOUNT).await;
    make(&server, "anna", Role::Annotator, ACCOUNT).await;
    let vera = sign_in(&server, "vera", PASSWORD).await;
    let anna = sign_in(&server, "anna", PASSWORD).await;
    for filter in [
        "From=%2B1",
        "From=!%2B1&From=",
        "To=%2B1",
        "Number=%2B1",
        "Agent=client:anna",
        "Q=abc",
        "Comment=202",
        "Incident=1",
        "SipCallId=1",
    ] {
        for path in [
            "Summaries",
            "Statistics",
            "Statistics/Agreement",
            "Export",
            "Live",
        ] {
            let path = format!("/v1/Voice/{path}?StartTime=4w&{filter}");
            assert_eq!(vera.get(&path).await.error(), (403, 20403), "{path}");
        }
        let path = format!("/v1/Voice/Summaries?StartTime=4w&{filter}");
        assert_eq!(anna.get(&path).await.status, 200, "{path}");
    }
    assert_eq!(vera.get("/v1/Voice/Summaries?From=").await.status, 200);
}

/// A token can do no more than whoever gave it out, and says who that was.
#[tokio::test]
async fn annotators_give_out_tokens_in_their_own_name() {
    let server = TestServer::start().await;
    call(&server).await;
    make(&server, "anna", Role::Annotator, ACCOUNT).await;
    make(&server, "ada", Role::Admin, ACCOUNT).await;
    let anna = sign_in(&server, "anna", PASSWORD).await;
    let ada = sign_in(&server, "ada", PASSWORD).await;
    let path = format!("/v1/Voice/{CALL}/Token");
    for form in [
        "Grant=observe",
        "Grant=rate&Grant=observe",
        "Grant=rate&Identity=ada",
    ] {
        assert_eq!(anna.post(&path, form).await.error(), (403, 20403), "{form}");
        assert_eq!(ada.post(&path, form).await.status, 201, "{form}");
    }
    let given = anna.post(&path, "Grant=annotate&Ttl=86400").await.json();
    assert_eq!(given["identity"], "anna");
    let expires = given["expires_at"].as_str().unwrap();
    let given = ada.post(&path, "Grant=annotate&Ttl=3600").await.json();
    assert_eq!(given["expires_at"], expires);
}

/// Nobody reaches beyond their account: not their own, and less others'.
#[tokio::test]
async fn people_of_a_subaccount_stay_there() {
    let server = TestServer::start().await;
    let [mine, sibling] = [server.subaccount().await, server.subaccount().await];
    call(&server).await;
    make(&server, "ada", Role::Admin, &mine.account_sid).await;
    make(&server, "otto", Role::Admin, &sibling.account_sid).await;
    make(&server, "root", Role::Admin, ACCOUNT).await;
    let ada = sign_in(&server, "ada", PASSWORD).await;
    assert_eq!(
        ada.get("/session").await.json()["other_accounts"],
        json!([])
    );
    let summary = format!("/v1/Voice/{CALL}/Summary");
    assert_eq!(ada.get(&summary).await.error(), (404, 20404));
    for name in ["otto", "root"] {
        let path = format!("/v1/Voice/People/{name}");
        assert_eq!(ada.post(&path, "Role=viewer").await.error(), (404, 20404));
    }
    for account in [ACCOUNT, &sibling.account_sid] {
        for path in ["People", "Audit"] {
            let path = format!("/v1/Voice/{path}?Subaccount={account}");
            assert_eq!(ada.get(&path).await.error(), (403, 17000), "{path}");
        }
        let form = format!("Name=eve&Role=admin&Subaccount={account}");
        assert_eq!(
            ada.post("/v1/Voice/People", &form).await.error(),
            (403, 17000)
        );
        let form = format!("Role=admin&Subaccount={account}");
        assert_eq!(
            ada.post("/v1/Voice/People/ada", &form).await.error(),
            (403, 17000)
        );
    }
    let own = ada.get("/v1/Voice/People").await.json();
    assert_eq!(own["people"].as_array().unwrap().len(), 1);
    // Their parent reaches them.
    let root = sign_in(&server, "root", PASSWORD).await;
    let form = format!("Disabled=true&Subaccount={}", mine.account_sid);
    assert_eq!(root.post("/v1/Voice/People/ada", &form).await.status, 200);
    assert_eq!(ada.get("/session").await.status, 401);
}

/// Every path that answers, asked for a call whose parties are known: none of them shows.
#[tokio::test]
async fn a_viewer_sees_no_number_anywhere() {
    let server = TestServer::start().await;
    call(&server).await;
    let comment = format!("Comment=call+{}+or+sip:{}@pbx", &FROM[1..], &TO[1..]);
    server
        .post(&annotation(), &format!("CallScore=2&{comment}"))
        .await;
    let feedback = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{CALL}/Feedback.json");
    server
        .post(&feedback, "QualityScore=4&Issue=dropped-call")
        .await;
    let summaries = "/2010-04-01/Accounts/".to_owned() + ACCOUNT + "/Calls/FeedbackSummary";
    let form = "StartDate=2026-05-01&EndDate=2026-06-01";
    let summary = server.post(&format!("{summaries}.json"), form).await.json();
    let summary = summary["sid"].as_str().unwrap().to_owned();
    server.sum_up_feedback().await;
    let mut made = Vec::new();
    for kind in ["", "/PhoneNumbers/Inbound", "/PhoneNumbers/Outbound"] {
        let path = format!("/v2/Voice/Reports{kind}");
        let answer = server
            .post_as(&path, "application/json", b"{}".to_vec())
            .await;
        made.push(
            answer.json()["report_id"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        );
    }
    make(&server, "vera", Role::Viewer, ACCOUNT).await;
    let vera = sign_in(&server, "vera", PASSWORD).await;
    let document: Value =
        serde_json::from_str(include_str!("../../../src/api/openapi.json")).unwrap();
    let (mut answered, mut masked) = (Vec::new(), 0);
    for (path, methods) in document["paths"].as_object().unwrap() {
        let is_for_strangers = path.starts_with("/session/");
        if methods["get"].is_null() || path == "/v1/Voice/Live" || is_for_strangers {
            continue;
        }
        let report = match path {
            path if path.contains("Inbound") => &made[1],
            path if path.contains("Outbound") => &made[2],
            _ => &made[0],
        };
        let filled = path
            .replace("{AccountSid}", ACCOUNT)
            .replace("{CallSid}", CALL)
            .replace("{ReportId}", report)
            .replace(
                "{Sid}",
                if path.contains("FeedbackSummary") {
                    &summary
                } else {
                    CALL
                },
            )
            .replace("{Type}", "com.twilio.voice.insights.call-event.sdk")
            .replace("{Id}", "VoiceInsights.CallEvent")
            .replace("{Version}", "3")
            .replace("{Code}", "20404");
        let queries: &[&str] = match path.as_str() {
            "/v1/Voice/Summaries" => &["?StartTime=4w&ProcessingState=all"],
            "/v1/Voice/Statistics" => &[
                "?StartTime=4w&GroupBy=From&GroupBy=To",
                "?StartTime=4w&GroupBy=Comment",
            ],
            "/v1/Voice/Export" => &["?StartTime=4w", "?StartTime=4w&Format=csv"],
            _ => &[""],
        };
        for query in queries {
            let asked = format!("{filled}{query}");
            let (theirs, ours) = (vera.get(&asked).await, server.get(&asked).await);
            for secret in SECRETS {
                assert!(!theirs.text.contains(secret), "{asked}: {}", theirs.text);
            }
            if theirs.status == 200 {
                answered.push(path.as_str());
                masked += usize::from(ours.text.contains(&FROM[1..]));
            } else {
                // What is not there is there for nobody.
                let expected = if ours.status == 404 {
                    [403, 404]
                } else {
                    [403; 2]
                };
                let status = theirs.error().0;
                assert!(expected.contains(&status), "{asked}: {}", theirs.text);
            }
        }
    }
    for path in [
        "Summaries",
        "Statistics",
        "Export",
        "{CallSid}/Summary",
        "{CallSid}/Ladder",
    ] {
        let path = format!("/v1/Voice/{path}");
        assert!(answered.contains(&path.as_str()), "{path}: {answered:?}");
    }
    assert!(masked >= 8, "{masked} of {answered:?} have numbers");
    // Whoever may see them does.
    make(&server, "anna", Role::Annotator, ACCOUNT).await;
    let anna = sign_in(&server, "anna", PASSWORD).await;
    let shown = anna.get(&format!("/v1/Voice/{CALL}/Summary")).await;
    assert_eq!(shown.json()["from"]["caller"], FROM);
    let hidden = vera.get(&format!("/v1/Voice/{CALL}/Summary")).await;
    let hidden = hidden.json();
    assert_eq!(hidden["from"]["caller"], "+4930•••••••89");
    assert_eq!(hidden["from"]["number_prefix"], "•••••");
}
