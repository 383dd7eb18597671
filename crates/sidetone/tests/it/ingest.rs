//! The doors that events come in by.

use axum::body::Body;
use axum::http::{Method, Request};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sidetone::ingest::native::Upload;
use sidetone_core::id::CallRef;
use sidetone_store::account::ProviderSecret;
use std::io::Write;

use crate::harness::{ACCOUNT, TOKEN, TestServer};

const CALL: &str = "CA00112233445566778899aabbccddeeff";

fn line(id: &str) -> Value {
    json!({
        "id": id, "call_sid": CALL, "at": "2026-06-01T11:00:00Z",
        "kind": "edge", "edge": "sip_edge", "group": "test", "name": id,
    })
}

async fn send_lines(server: &TestServer, body: Vec<u8>) -> Value {
    let answer = server
        .post_as("/ingest/v1/events", "application/x-ndjson", body)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn bodies_that_come_slowly_keep_no_room_for_what_did_not_come() {
    let server = TestServer::start().await;
    let mut under_way = Vec::new();
    for n in 0..200 {
        let mut upload = Upload::new(server.app.clone(), ACCOUNT.parse().unwrap(), false);
        let began = format!("{}\n{{\"id\":", line(&n.to_string()));
        upload.feed(began.into()).await.unwrap();
        under_way.push(upload);
    }
    let report = send_lines(&server, line("beside").to_string().into_bytes()).await;
    assert_eq!(report["accepted"], 1);
    for upload in under_way {
        let report = upload.finish(Ok(())).await.unwrap();
        assert_eq!((report.accepted, report.rejected), (1, 1));
    }
}

#[tokio::test]
async fn good_lines_are_kept_and_bad_ones_named() {
    let server = TestServer::start().await;
    let body = format!(
        "{}\nnonsense\n\n{}\n{{\"id\":\"x\"}}\n",
        line("1"),
        line("2")
    );
    let report = send_lines(&server, body.clone().into_bytes()).await;
    assert_eq!(
        (&report["accepted"], &report["rejected"]),
        (&json!(2), &json!(2)),
        "{report}"
    );
    let lines: Vec<_> = report["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["line"].clone())
        .collect();
    assert_eq!(lines, [json!(2), json!(5)]);

    let again = send_lines(&server, body.into_bytes()).await;
    assert_eq!(
        (&again["accepted"], &again["duplicates"]),
        (&json!(0), &json!(2)),
        "{again}"
    );
}

#[tokio::test]
async fn an_array_is_as_good_as_lines() {
    let server = TestServer::start().await;
    let body = json!([line("1"), line("2"), line("1")]).to_string();
    let report = send_lines(&server, body.into_bytes()).await;
    assert_eq!(
        (&report["accepted"], &report["duplicates"]),
        (&json!(2), &json!(1)),
        "{report}"
    );
}

#[tokio::test]
async fn many_lines_in_gzip_are_taken_in_a_stream() {
    let server = TestServer::start().await;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    for number in 0..5_000 {
        writeln!(gzip, "{}", line(&number.to_string())).unwrap();
    }
    let body = gzip.finish().unwrap();
    let request = server
        .request(Method::POST, "/ingest/v1/events")
        .header("content-encoding", "gzip");
    let answer = server
        .send(request.body(Body::from(body.clone())).unwrap())
        .await;
    assert_eq!(answer.json()["accepted"], 5_000, "{}", answer.text);

    // Cut off: what came is kept, and the answer says that it was not all.
    let cut = body[..body.len() / 2].to_vec();
    let request = server
        .request(Method::POST, "/ingest/v1/events")
        .header("content-encoding", "gzip");
    let answer = server.send(request.body(Body::from(cut)).unwrap()).await;
    assert_eq!(answer.error(), (400, 20001));
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let server = TestServer::start().await;
    let path = "/ingest/v1/events";
    assert_eq!(
        server
            .post_as(path, "application/json", Vec::new())
            .await
            .error(),
        (400, 20001)
    );
    let request = server
        .request(Method::POST, path)
        .header("content-encoding", "br");
    assert_eq!(
        server
            .send(request.body(Body::from("x")).unwrap())
            .await
            .error(),
        (400, 20001)
    );
    let path = "/ingest/v1/event-streams";
    assert_eq!(
        server
            .post_as(path, "application/json", b"{".to_vec())
            .await
            .error(),
        (400, 20001)
    );
    let path = "/ingest/v1/status-callback";
    let answer = server.post(path, "CallSid=&CallStatus=ringing").await;
    assert_eq!(answer.error(), (400, 20001));
    let answer = server
        .post(path, &format!("CallSid={CALL}&CallStatus=rining"))
        .await;
    assert!(
        answer.text.contains("CallStatus") && answer.text.contains("ringing"),
        "{}",
        answer.text
    );
    let long = format!("CallSid={CALL}&From={}", "x".repeat(70_000));
    assert_eq!(server.post(path, &long).await.error(), (413, 20413));
}

#[tokio::test]
async fn json_that_is_large_once_it_is_read_is_refused_by_name() {
    let server = TestServer::start().await;
    let mut large = line("1");
    large["data"] = vec![1; 3_000].into();
    let mut objects = line("2");
    objects["conversation_relay"] = (0..100).map(|n| json!({"a": n})).collect();
    let mut fits = line("3");
    fits["data"] = json!({"text": "x".repeat(60_000)});
    let body = format!("{large}\n{objects}\n{fits}\n");
    let report = send_lines(&server, body.into_bytes()).await;
    assert_eq!(
        (&report["accepted"], &report["rejected"]),
        (&json!(1), &json!(2))
    );
    let message = |n: usize| report["errors"][n]["message"].as_str().unwrap().to_owned();
    assert_eq!(
        message(0),
        "Line 1: Invalid data '96032 bytes once it is read'. Expected JSON that takes at most 65536 bytes of memory."
    );
    assert!(
        message(1).starts_with("Line 2: Invalid conversation_relay "),
        "{report}"
    );
}

#[tokio::test]
async fn a_body_is_not_given_up_for_calls_that_take_no_more() {
    let server = TestServer::start().await;
    send_lines(&server, line("first").to_string().into_bytes()).await;
    let call = CallRef {
        account: ACCOUNT.parse().unwrap(),
        sid: CALL.parse().unwrap(),
    };
    let now = server.app.clock.now();
    let store = server.app.store.as_ref();
    store.erase(vec![call], "tester", now).await.unwrap();
    let mut body: String = (0..3_500)
        .map(|number| format!("{}\n", line(&number.to_string())))
        .collect();
    let mut other = line("last");
    other["call_sid"] = CALL.replace("CA00", "CA01").into();
    body.push_str(&other.to_string());
    let report = send_lines(&server, body.into_bytes()).await;
    assert_eq!(
        (&report["accepted"], &report["rejected"]),
        (&json!(1), &json!(3_500))
    );
}

#[tokio::test]
async fn a_body_of_nonsense_is_given_up() {
    let server = TestServer::start().await;
    let nonsense = "{}\n".repeat(5_000);
    let body = format!("{}\n{nonsense}{}\n", line("first"), line("last"));
    let answer = server
        .post_as(
            "/ingest/v1/events",
            "application/x-ndjson",
            body.into_bytes(),
        )
        .await;
    assert_eq!(answer.error(), (400, 20001));
    assert!(
        answer.text.contains("given up after 1000 refused events"),
        "{}",
        answer.text
    );
    server.pass(1).await;
    let events = server.get(&format!("/v1/Voice/{CALL}/Events")).await.json();
    let names: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["first"]);
    let items = format!("[{}{{}}]", "{},".repeat(5_000));
    let answer = server
        .post_as(
            "/ingest/v1/event-streams",
            "application/json",
            items.into_bytes(),
        )
        .await;
    assert_eq!(answer.error(), (400, 20001));
}

#[tokio::test]
async fn a_body_that_unpacks_to_far_more_is_refused() {
    let server = TestServer::start().await;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..100 {
        gzip.write_all(&[b'\n'; 100_000]).unwrap();
    }
    let request = server
        .request(Method::POST, "/ingest/v1/events")
        .header("content-encoding", "gzip")
        .body(Body::from(gzip.finish().unwrap()));
    let answer = server.send(request.unwrap()).await;
    assert_eq!(answer.error(), (413, 20413));
}

#[tokio::test]
async fn a_body_that_settles_completes_the_calls_that_ended_in_it() {
    let server = TestServer::start().await;
    let step = |id: &str, step: &str| json!({"id": id, "call_sid": CALL, "at": "2026-06-01T11:00:00Z", "kind": "progress", "step": step});
    let body = format!("{}\n{}\n", step("1", "answered"), step("2", "completed"));
    let answer = server
        .post_as(
            "/ingest/v1/events?Settle=true",
            "application/x-ndjson",
            body.into_bytes(),
        )
        .await;
    assert_eq!(answer.json()["accepted"], 2, "{}", answer.text);
    server.pass(1).await;
    let summary = server
        .get(&format!("/v1/Voice/{CALL}/Summary"))
        .await
        .json();
    assert_eq!(summary["processing_state"], "complete", "{summary}");
}

#[tokio::test]
async fn a_signed_callback_needs_no_password() {
    let server = TestServer::start().await;
    let provider = "AC99999999999999999999999999999999";
    let sealed = server.vault.seal(ACCOUNT, "their secret").unwrap();
    let secret = ProviderSecret {
        provider_account: provider.to_owned(),
        sealed,
    };
    let store = server.app.store.as_ref();
    store
        .put_provider_secrets(ACCOUNT.parse().unwrap(), vec![secret])
        .await
        .unwrap();
    server.app.directory.refresh(store).await.unwrap();

    let url = "http://sidetone.test/ingest/v1/status-callback?x=1";
    let fields = [
        ("AccountSid", provider),
        ("CallSid", CALL),
        ("CallStatus", "ringing"),
    ];
    let sign = |secret: &str| sidetone_wire::signature::sign_form(secret.as_bytes(), url, fields);
    let body = fields
        .map(|(name, value)| format!("{name}={value}"))
        .join("&");
    let send = async |signature: &str, body: &str| {
        let request = Request::post("/ingest/v1/status-callback?x=1")
            .header("host", "sidetone.test")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-twilio-signature", signature);
        server
            .send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    };
    assert_eq!(send(&sign("their secret"), &body).await.status, 204);
    assert_eq!(
        send(&sign("another secret"), &body).await.error(),
        (401, 20003)
    );
    assert_eq!(
        send(&sign("their secret"), &format!("{body}&From=x"))
            .await
            .error(),
        (401, 20003)
    );
    let unknown = body.replace("AC9", "AC8");
    assert_eq!(
        send(&sign("their secret"), &unknown).await.error(),
        (401, 20003)
    );

    server.pass(1).await;
    let summary = server
        .get(&format!("/v1/Voice/{CALL}/Summary?ProcessingState=all"))
        .await
        .json();
    assert_eq!(summary["account_sid"], ACCOUNT);
}

#[tokio::test]
async fn an_imported_summary_is_served_field_for_field() {
    let server = TestServer::start().await;
    let data = json!({
        "account_sid": ACCOUNT, "call_sid": CALL, "call_type": "carrier", "call_state": "completed",
        "created_time": "2026-06-01T11:00:00Z", "start_time": "2026-06-01T11:00:00Z", "end_time": "2026-06-01T11:01:00Z",
        "duration": 60, "connect_duration": 50, "processing_version": 3,
        "from": {"caller": "+14155550100", "carrier": "Example Wireless", "unknown_to_us": [1, 2]},
        "to": {"callee": "+14155550101", "country_code": "US"},
        "properties": {"direction": "outbound_api", "last_sip_response_num": 200, "route_id": "RX1"},
        "tags": ["silence"],
    });
    for (id, data) in [
        ("EZ1", data.clone()),
        ("EZ2", Value::String(data.to_string())),
    ] {
        let body = json!([{
            "specversion": "1.0", "type": "com.twilio.voice.insights.call-summary.complete", "id": id,
            "source": format!("/v1/Voice/{CALL}/Summary"), "time": "2026-06-01T11:05:00.123Z",
            "datacontenttype": "application/json", "data": data,
        }]);
        let answer = server
            .post_as(
                "/ingest/v1/event-streams",
                "application/json",
                body.to_string().into_bytes(),
            )
            .await;
        assert_eq!(answer.json()["accepted"], 1, "{}", answer.text);
        server.pass(1).await;
        let summary = server
            .get(&format!("/v1/Voice/{CALL}/Summary"))
            .await
            .json();
        assert_holds(&summary, &data_of(&body));
    }
}

/// That every field of `part` is in `whole`; what it is silent about may be added.
fn assert_holds(whole: &Value, part: &Value) {
    match part {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| assert_holds(&whole[name], value)),
        _ => assert_eq!(whole, part),
    }
}

fn data_of(body: &Value) -> Value {
    match &body[0]["data"] {
        Value::String(text) => serde_json::from_str(text).unwrap(),
        data => data.clone(),
    }
}

#[tokio::test]
async fn a_sinks_test_event_is_taken_when_the_url_names_its_account() {
    let server = TestServer::start().await;
    let body = json!([{
        "specversion": "1.0", "type": "com.twilio.eventstreams.test-event", "id": "EZ1", "source": "Sink",
        "time": "2026-06-01T11:05:00.123Z", "datacontenttype": "application/json", "data": {"test_id": "x"},
    }])
    .to_string();
    let hash = sidetone_wire::signature::body_hash(body.as_bytes());
    let path = format!("/ingest/v1/event-streams?AccountSid={ACCOUNT}&bodySHA256={hash}");
    let send = async |token: &str| {
        let url = format!("http://sidetone.test{path}");
        let signature = sidetone_wire::signature::sign_url(token.as_bytes(), &url);
        let request = Request::post(&path)
            .header("host", "sidetone.test")
            .header("content-type", "application/json")
            .header("x-twilio-signature", signature);
        server
            .send(request.body(Body::from(body.clone())).unwrap())
            .await
    };
    assert_eq!(send(TOKEN).await.json()["ignored"], 1);
    assert_eq!(send("another secret").await.error(), (401, 20003));
}
