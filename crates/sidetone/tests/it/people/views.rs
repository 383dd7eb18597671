//! Views: whose they are, who sees and changes them, and what may stand in them.

use axum::http::Method;
use serde_json::{Value, json};
use sidetone_store::people::Role;

use super::{Browser, PASSWORD, make, sign_in};
use crate::harness::{ACCOUNT, Answer, TestServer};

const VIEWS: &str = "/v1/Voice/Views";

fn named(answer: &Answer) -> Vec<String> {
    let views = answer.json()["views"].as_array().unwrap().clone();
    let name = |view: &Value| view["name"].as_str().unwrap().to_owned();
    views.iter().map(name).collect()
}

async fn keep(browser: &Browser<'_>, form: &str) -> String {
    let kept = browser.post(VIEWS, form).await;
    assert_eq!(kept.status, 201, "{}", kept.text);
    kept.json()["sid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn people_keep_views_and_share_them() {
    let server = TestServer::start().await;
    for (name, role) in [
        ("vera", Role::Viewer),
        ("anna", Role::Annotator),
        ("ada", Role::Admin),
    ] {
        make(&server, name, role, ACCOUNT).await;
    }
    let anna = sign_in(&server, "anna", PASSWORD).await;
    let vera = sign_in(&server, "vera", PASSWORD).await;
    let ada = sign_in(&server, "ada", PASSWORD).await;
    let query = "Query=%3FTag%3Dsilence%26StartTime%3D2026-06-01T00%253A00%253A00Z%26live%3Don";
    let kept = anna.post(VIEWS, &format!("Name=Silent&{query}")).await;
    let sid = kept.json()["sid"].as_str().unwrap().to_owned();
    let expected = json!({
        "sid": sid, "name": "Silent", "shared": false, "own": true, "owner": "anna",
        "query": "Tag=silence&StartTime=2026-06-01T00%3A00%3A00Z&live=on",
        "created_time": "2026-06-01T12:00:00Z", "updated_time": "2026-06-01T12:00:00Z",
    });
    assert_eq!((kept.status.as_u16(), kept.json()), (201, expected.clone()));
    assert_eq!(anna.get(VIEWS).await.json(), json!({ "views": [expected] }));
    let path = format!("{VIEWS}/{sid}");
    for other in [&vera, &ada] {
        assert_eq!(named(&other.get(VIEWS).await), [""; 0]);
    }
    assert_eq!(vera.post(&path, "Name=x").await.error(), (404, 20404));
    let elsewhere = server.subaccount().await;
    let elsewhere = server.log_in(&elsewhere.account_sid.to_string(), &elsewhere.auth_token);
    for sid in [sid.as_str(), "VW1", "VW00000000000000000000000000000000"] {
        let path = format!("{VIEWS}/{sid}");
        assert_eq!(elsewhere.post(&path, "Name=x").await.error(), (404, 20404));
    }

    // What was once called otherwise is kept as it is called today.
    let older = anna.post(VIEWS, "Name=Old&Query=Spam%3Dtrue").await.json();
    assert_eq!(older["query"], "SpamAnnotation=true");
    let older = format!("{VIEWS}/{}", older["sid"].as_str().unwrap());
    assert_eq!(anna.change(Method::DELETE, &older, "").await.status, 204);

    server.pass(5).await;
    let shared = anna.post(&path, "Shared=true").await.json();
    assert_eq!(shared["shared"], true);
    assert_eq!(shared["updated_time"], "2026-06-01T12:00:05Z");
    let seen = vera.get(VIEWS).await.json();
    assert_eq!(seen["views"][0]["own"], false);
    assert_eq!(seen["views"][0]["query"], shared["query"]);
    for method in [Method::POST, Method::DELETE] {
        let refused = vera.change(method, &path, "Name=Mine").await;
        assert_eq!(refused.error(), (403, 20403));
    }
    assert_eq!(
        named(&server.get(VIEWS).await),
        ["Silent"],
        "with the token"
    );
    assert_eq!(named(&elsewhere.get(VIEWS).await), [""; 0]);

    let renamed = ada.post(&path, "Name=No+sound").await.json();
    assert_eq!(
        (&renamed["name"], &renamed["owner"]),
        (&json!("No sound"), &json!("anna"))
    );
    let gone = ada.change(Method::DELETE, &path, "").await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    assert_eq!(named(&anna.get(VIEWS).await), [""; 0]);
    let again = anna.change(Method::DELETE, &path, "").await;
    assert_eq!(again.error(), (404, 20404));

    let log = ada.get("/v1/Voice/Audit?PageSize=3").await.json();
    let log: Vec<_> = log["audit"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            assert_eq!(
                (&entry["what"], &entry["target"]),
                (&json!("view-changed"), &json!(sid))
            );
            (entry["who"].clone(), entry["detail"].clone())
        })
        .collect();
    let entry = |who: &str, detail: &str| (json!(who), json!(detail));
    assert_eq!(
        log,
        [
            entry("ada", "forgotten"),
            entry("ada", "changed"),
            entry("anna", "shared")
        ]
    );
}

/// What a list would refuse is in no view, and what stands in one tells nobody a number who sees
/// none.
#[tokio::test]
async fn views_hold_what_their_reader_may_filter_by() {
    let server = TestServer::start().await;
    make(&server, "vera", Role::Viewer, ACCOUNT).await;
    make(&server, "anna", Role::Annotator, ACCOUNT).await;
    let anna = sign_in(&server, "anna", PASSWORD).await;
    let vera = sign_in(&server, "vera", PASSWORD).await;
    let long = format!("Name=x&Query=UserAgent%3D{}", "x".repeat(2_000));
    // As a URL has it, it is three times as long.
    let wide = format!("Name=x&Query=UserAgent%3D{}", "%C3%BC".repeat(400));
    let foreign = "Name=x&Query=Subaccount%3DAC00000000000000000000000000000001";
    for (form, parameter, message) in [
        (
            "Query=Tag%3Dsilence",
            "Name",
            "Missing Name. Expected 1 to 60 characters.",
        ),
        (
            "Name=+&Query=",
            "Name",
            "Invalid Name ''. Expected 1 to 60 characters.",
        ),
        (
            "Name=a%00b&Query=",
            "Name",
            "Invalid Name 'a\u{fffd}b'. Expected 1 to 60 characters.",
        ),
        (
            "Name=x",
            "Query",
            "Missing Query. Expected the filters of GET /v1/Voice/Summaries",
        ),
        (
            "Name=x&Query=Tag%3Dnone",
            "Query",
            "Invalid Query. Invalid Tag 'none'. Expected one of silence",
        ),
        (
            "Name=x&Query=PageSize%3D5",
            "Query",
            "Invalid Query. A list has no filter PageSize",
        ),
        (
            "Name=x&Query=Tagg%3Dsilence",
            "Query",
            "Invalid Query. A list has no filter Tagg; did you mean Tag?",
        ),
        (
            "Name=x&Query=live%3Doff",
            "Query",
            "Invalid Query. A list has no filter live",
        ),
        (
            "Name=x&Query=StartTime%3Dsoon",
            "Query",
            "Invalid Query. Invalid StartTime 'soon'.",
        ),
        (&long, "Query", "Invalid Query"),
        (&wide, "Query", "Invalid Query"),
        (
            "Name=x&Query=&Shared=maybe",
            "Shared",
            "Invalid Shared 'maybe'.",
        ),
    ] {
        let refused = anna.post(VIEWS, form).await;
        assert_eq!(refused.error(), (400, 20001), "{form}");
        let told = refused.json();
        assert_eq!(told["details"]["parameter"], parameter, "{form}");
        let told = told["message"].as_str().unwrap().to_owned();
        assert!(told.starts_with(message), "{told}");
    }
    assert_eq!(anna.post(VIEWS, foreign).await.error(), (403, 17000));
    for filter in ["From%3D%252B1", "Q%3Dabc", "Comment%3D20", "SipCallId%3D1"] {
        let form = format!("Name=x&Query={filter}");
        assert_eq!(
            vera.post(VIEWS, &form).await.error(),
            (403, 20403),
            "{form}"
        );
    }
    assert_eq!(named(&anna.get(VIEWS).await), [""; 0]);

    let of_number = "Name=Their+calls&Shared=true&Query=From%3D%252B4930123456789";
    let hidden = keep(&anna, of_number).await;
    let carrier = "Name=%2B4930123456789&Shared=true&Query=ToCarrier%3D4930123456789%26StartedBefore%3D2026-06-01T00:00:00Z";
    keep(&anna, carrier).await;
    let taken = anna.post(VIEWS, of_number).await;
    assert_eq!(taken.error(), (400, 20001));
    assert_eq!(taken.json()["details"]["parameter"], "Name");
    let own = keep(&vera, "Name=Tagged&Query=HasTag%3Dtrue").await;
    assert_eq!(
        named(&anna.get(VIEWS).await),
        ["+4930123456789", "Their calls"]
    );
    let seen = vera.get(VIEWS).await;
    assert_eq!(named(&seen), ["+4930•••••••89", "Tagged"]);
    assert!(!seen.text.contains("0123456"), "{}", seen.text);
    let query = seen.json()["views"][0]["query"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        query.ends_with("&StartedBefore=2026-06-01T00%3A00%3A00Z"),
        "{query}"
    );
    let path = format!("{VIEWS}/{hidden}");
    assert_eq!(vera.post(&path, "Name=x").await.error(), (404, 20404));
    let path = format!("{VIEWS}/{own}");
    assert_eq!(
        vera.post(&path, "Query=Number%3D%252B1").await.error(),
        (403, 20403)
    );
    assert_eq!(vera.change(Method::DELETE, &path, "").await.status, 204);
}
