//! What the server says of requests beside answering them: hints, pages for people, refusals that
//! are counted.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use sidetone_wire::signature::sign_url;

use crate::harness::{ACCOUNT, Answer, TOKEN, TestServer};

const CALL: &str = "CA00112233445566778899aabbccddeeff";

fn hints(answer: &Answer) -> Vec<&str> {
    let hints = answer.headers.get_all("sidetone-hint").iter();
    hints.map(|hint| hint.to_str().unwrap()).collect()
}

async fn refusals(server: &TestServer) -> Vec<String> {
    let text = server.get("/metrics").await.text;
    let lines = text.lines();
    let mut refused: Vec<String> = lines
        .filter_map(|line| line.strip_prefix("sidetone_refused_total"))
        .map(str::to_owned)
        .collect();
    refused.sort();
    refused
}

async fn browse(server: &TestServer, path: &str) -> Answer {
    let request = Request::get(path)
        .header("host", "sidetone.test")
        .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    server.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn unknown_parameters_are_named_with_the_nearest_known_one() {
    let server = TestServer::start().await;
    server.step(CALL, "ringing", "From=a&To=b").await;
    let annotation = format!("/v1/Voice/{CALL}/Annotation");
    let feedback = format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{CALL}/Feedback.json");
    let summaries = "/v1/Voice/Summaries";
    for (answer, expected) in [
        (
            server.post(&annotation, "CalScore=2").await,
            "CalScore is unknown and was ignored; did you mean CallScore?",
        ),
        (
            server.get(&format!("{summaries}?Form=a")).await,
            "Form is unknown and was ignored; did you mean From?",
        ),
        (
            server
                .get(&format!("/v1/Voice/{CALL}/Events?edge=sip_edge"))
                .await,
            "edge is unknown and was ignored; did you mean Edge?",
        ),
        (
            server
                .get(&format!("/v1/Voice/{CALL}/Summary?State=all"))
                .await,
            "State is unknown and was ignored",
        ),
        (
            server.post("/v1/Voice/Settings", "VoiceTraces=true").await,
            "VoiceTraces is unknown and was ignored; did you mean VoiceTrace?",
        ),
        // Where it is most of use: what is missing was sent under another name.
        (
            server.post(&feedback, "QualityScor=5").await,
            "QualityScor is unknown and was ignored; did you mean QualityScore?",
        ),
        (
            server.post("/ingest/v1/events?Setle=true", "x").await,
            "Setle is unknown and was ignored; did you mean Settle?",
        ),
        (
            server
                .post(
                    "/ingest/v1/status-callback",
                    &format!("CallSid={CALL}&CallStatuss=busy&ApiVersion=1"),
                )
                .await,
            "CallStatuss was ignored; did you mean CallStatus?",
        ),
    ] {
        assert!(
            hints(&answer).contains(&expected),
            "{:?} {}",
            hints(&answer),
            answer.text
        );
    }
    let known = format!(
        "{summaries}?StartTime=4w&ProcessingState=all&CallScore=1&PageSize=1&Annotations=Spam=true"
    );
    assert_eq!(hints(&server.get(&known).await), [""; 0]);
    assert_eq!(
        hints(&server.post(&annotation, "CallScore=2").await),
        [""; 0]
    );
}

#[tokio::test]
async fn a_batch_of_which_nothing_is_taken_is_refused_with_the_counts() {
    let server = TestServer::start().await;
    let cloud = json!([{"specversion": "1.0", "id": "1", "type": "com.twilio.voice.insights.call-summary.complete", "data": {}}]);
    for (path, body) in [
        ("/ingest/v1/events", "{\"id\":\"1\"}\nnonsense\n".to_owned()),
        ("/ingest/v1/event-streams", cloud.to_string()),
        ("/ingest/v1/hep", "HEP3\0\x0aABCD".to_owned()),
    ] {
        let answer = server
            .post_as(path, "application/json", body.into_bytes())
            .await;
        assert_eq!(answer.error(), (400, 20001), "{}", answer.text);
        let body = answer.json();
        assert_eq!(
            (&body["accepted"], &body["duplicates"]),
            (&json!(0), &json!(0)),
            "{body}"
        );
        assert!(body["rejected"].as_u64() > Some(0), "{body}");
        let first = body["errors"][0]["message"].as_str().unwrap();
        assert!(body["message"].as_str().unwrap().ends_with(first), "{body}");
    }
    let good = json!({"id": "1", "call_sid": CALL, "at": "2026-06-01T11:00:00Z", "kind": "progress", "step": "ringing"});
    let send = async |body: String| {
        let answer = server
            .post_as("/ingest/v1/events", "application/json", body.into_bytes())
            .await;
        (answer.status.as_u16(), answer.json())
    };
    let (status, report) = send(format!("{good}\nnonsense\n")).await;
    assert_eq!((status, &report["rejected"]), (200, &json!(1)));
    // What was kept before is as good as accepted.
    let (status, report) = send(format!("{good}\nnonsense\n")).await;
    assert_eq!((status, &report["duplicates"]), (200, &json!(1)));
}

#[tokio::test]
async fn a_capture_file_is_told_apart_from_packets() {
    let server = TestServer::start().await;
    for magic in [
        [0xd4, 0xc3, 0xb2, 0xa1],
        [0xa1, 0xb2, 0x3c, 0x4d],
        [0x0a, 0x0d, 0x0d, 0x0a],
    ] {
        // It may hold packets of HEP3 for all that.
        let body = [&magic[..], &[0; 20], b"HEP3\0\x06"].concat();
        let answer = server
            .post_as("/ingest/v1/hep", "application/octet-stream", body)
            .await;
        assert_eq!(answer.error(), (400, 20001));
        assert!(
            answer.text.contains("`sidetone ingest FILE`"),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn what_a_door_refuses_is_counted_by_its_reason() {
    let server = TestServer::start().await;
    let callback = "/ingest/v1/status-callback";
    server.post(callback, "CallSid=x&CallStatus=rining").await;
    server
        .post(callback, &format!("x={}", "y".repeat(70_000)))
        .await;
    server.post("/ingest/status-callback", "CallSid=x").await;
    server.get("/ingest/v1/events").await;
    let bare = Request::post("/ingest/v1/events").header("host", "sidetone.test");
    server.send(bare.body(Body::empty()).unwrap()).await;
    let sign = async |account: &str, url: &str| {
        let request = Request::post(callback)
            .header("host", "sidetone.test")
            .header("x-twilio-signature", sign_url(TOKEN.as_bytes(), url));
        let body = Body::from(format!(
            "AccountSid={account}&CallSid={CALL}&CallStatus=busy"
        ));
        server
            .send(request.body(body).unwrap())
            .await
            .status
            .as_u16()
    };
    let url = format!("https://elsewhere.example{callback}");
    assert_eq!(sign(ACCOUNT, &url).await, 401);
    assert_eq!(sign("AC99999999999999999999999999999999", &url).await, 401);
    assert_eq!(
        refusals(&server).await,
        [
            r#"{door="ingest",reason="no_such_path"} 1"#,
            r#"{door="native",reason="method"} 1"#,
            r#"{door="native",reason="no_credentials"} 1"#,
            r#"{door="status_callback",reason="invalid"} 1"#,
            r#"{door="status_callback",reason="signature"} 1"#,
            r#"{door="status_callback",reason="too_large"} 1"#,
            r#"{door="status_callback",reason="unknown_account"} 1"#,
        ]
    );
}

#[tokio::test]
async fn a_browser_is_shown_a_page_and_a_program_json() {
    let server = TestServer::start().await;
    let page = browse(&server, "/").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(
        page.text
            .contains("'http://sidetone.test/v1/Voice/Summaries?"),
        "{}",
        page.text
    );
    assert!(
        page.text
            .contains("cargo build --release --features sidetone/ui")
    );
    assert_eq!(browse(&server, "/calls").await.error(), (404, 20404));
    assert!(!page.text.contains(TOKEN) && !page.text.contains(ACCOUNT));
    let place = server.dir.path().to_str().unwrap();
    assert!(
        !page.text.contains(place),
        "only this machine is told where"
    );
    for path in [
        "/openapi.json",
        "/errors",
        "/metrics",
        "/healthz",
        "/readyz",
    ] {
        assert!(page.text.contains(&format!("href=\"{path}\"")), "{path}");
        assert_eq!(browse(&server, path).await.status, 200, "{path}");
    }
    let json = server.get("/").await.json();
    assert_eq!(
        json["links"]["openapi"],
        "http://sidetone.test/openapi.json"
    );
    let mut evil = server
        .request(Method::GET, "/")
        .body(Body::empty())
        .unwrap();
    evil.headers_mut()
        .insert("host", "x\"><script>".parse().unwrap());
    assert_eq!(server.send(evil).await.error(), (400, 20001));
}

#[tokio::test]
async fn errors_of_our_own_lead_to_a_page_of_our_own() {
    let server = TestServer::start().await;
    server.step(CALL, "ringing", "From=a&To=b").await;
    let request = server
        .request(Method::POST, &format!("/v1/Voice/{CALL}/Annotation"))
        .header("if-match", "\"9\"")
        .body(Body::empty())
        .unwrap();
    let error = server.send(request).await.json();
    assert_eq!(error["more_info"], "http://sidetone.test/errors/20412");
    let page = browse(&server, "/errors/20412").await;
    assert!(page.text.contains("<h2>What to do</h2>"), "{}", page.text);
    let told = server.get("/errors/20412").await.json();
    assert_eq!(
        (&told["status"], &told["ours"]),
        (&json!(412), &json!(true))
    );
    let all = server.get("/errors").await.json();
    assert!(
        all["errors"]
            .as_array()
            .is_some_and(|all| all.contains(&told))
    );
    for nowhere in ["/errors/1", "/errors/x"] {
        assert_eq!(server.get(nowhere).await.error(), (404, 20404));
    }
    // Upstream's codes are explained there.
    let unknown: Value = server.get("/v1/Voice/x").await.json();
    assert_eq!(
        unknown["more_info"],
        "https://www.twilio.com/docs/errors/20404"
    );
}
