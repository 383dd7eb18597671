//! Sinks: how they are made, shown, tested and forgotten.

use serde_json::json;
use sidetone_store::delivery::{Content, EndpointId};

use super::{SINKS, delete, shown, sink, sink_form, subscribe, webhook};
use crate::harness::{ACCOUNT, TestServer};

#[tokio::test]
async fn a_webhook_from_beginning_to_end() {
    let server = TestServer::start().await;
    let configuration = json!({
        "destination": "https://me:s3cret@example.com/in", "method": "POST", "batch_events": false,
    });
    let form = sink_form("webhook", &configuration);
    let made = server.post(SINKS, &form).await;
    let sid = made.json()["sid"].as_str().unwrap().to_owned();
    let names = [(sid.as_str(), "DG…")];
    insta::assert_snapshot!("made", shown(&made, &names));
    let path = format!("{SINKS}/{sid}");
    let fetched = server.get(&path).await;
    assert_eq!(fetched.json(), made.json());
    server.pass(5).await;
    let changed = server.post(&path, "Description=+night+shift+").await;
    assert_eq!(changed.json()["description"], "night shift");
    assert_eq!(changed.json()["date_created"], "2026-06-01T12:00:00Z");
    assert_eq!(changed.json()["date_updated"], "2026-06-01T12:00:05Z");
    insta::assert_snapshot!("listed", shown(&server.get(SINKS).await, &names));

    // What opens it is nowhere but in what is sealed.
    let kept = server
        .app
        .store
        .sink(ACCOUNT.parse().unwrap(), sid.parse().unwrap());
    let kept = kept.await.unwrap().unwrap().configuration;
    let holds = |part: &[u8]| kept.windows(part.len()).any(|window| window == part);
    assert!(!holds(b"s3cret") && !holds(b"example.com"));

    assert_eq!(delete(&server, &path).await.status, 204);
    for answer in [
        delete(&server, &path).await,
        server.get(&path).await,
        server.post(&path, "Description=x").await,
        server.post(&format!("{path}/Test"), "").await,
        server.post(&format!("{path}/Validate"), "TestId=x").await,
    ] {
        assert_eq!(answer.error(), (404, 20404), "{}", answer.text);
    }
    let log = server.get("/v1/Voice/Audit?PageSize=2").await.json();
    let log = log["audit"].as_array().unwrap();
    let entry = |entry: &serde_json::Value| {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        (text("what"), text("target"), text("detail"))
    };
    let expected = |detail: &str| ("sink-changed".to_owned(), sid.clone(), detail.to_owned());
    let log: Vec<_> = log.iter().map(entry).collect();
    assert_eq!(log, [expected("deleted"), expected("created")]);
}

#[tokio::test]
async fn sinks_are_listed_page_by_page_and_by_what_they_are() {
    let server = TestServer::start().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(webhook(&server).await);
        server.pass(1).await;
    }
    let segment = sink(&server, "segment", &json!({"write_key": "abcdefgh1234"})).await;
    subscribe(&server, &made[1]).await;
    let listed = async |query: &str| -> Vec<String> {
        let answer = server.get(&format!("{SINKS}?{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let answer = answer.json();
        let sinks = answer["sinks"].as_array().unwrap().iter();
        sinks
            .map(|it| it["sid"].as_str().unwrap().to_owned())
            .collect()
    };
    let latest_first = [&segment, &made[2], &made[1], &made[0]];
    assert_eq!(listed("").await, latest_first.map(String::clone));
    assert_eq!(listed("InUse=true").await, [made[1].clone()]);
    assert_eq!(
        listed("InUse=False&Status=active").await,
        [made[2].clone(), made[0].clone()]
    );
    assert_eq!(listed("Status=initialized").await, [segment]);
    assert_eq!(listed("Status=failed").await, [""; 0]);
    let first = server.get(&format!("{SINKS}?PageSize=3")).await.json();
    let next = first["meta"]["next_page_url"].as_str().unwrap();
    let next = next.strip_prefix("http://sidetone.test").unwrap();
    let next = server.get(next).await.json();
    assert_eq!(next["sinks"][0]["sid"], made[0]);
    assert_eq!(next["sinks"].as_array().unwrap().len(), 1);
    for wrong in ["InUse=maybe", "Status=gone", "PageSize=0", "PageToken=x"] {
        let refused = server.get(&format!("{SINKS}?{wrong}")).await;
        assert_eq!(refused.error(), (400, 17400), "{wrong}");
    }
}

#[tokio::test]
async fn a_sink_in_use_stays() {
    let server = TestServer::start().await;
    let sid = webhook(&server).await;
    subscribe(&server, &sid).await;
    let refused = delete(&server, &format!("{SINKS}/{sid}")).await;
    assert_eq!(refused.error(), (400, 20001));
    let message = refused.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with(&format!("Sink with SID {sid} is in use.")),
        "{message}"
    );
}

/// A webhook is active before, while and after it is tested.
#[tokio::test]
async fn a_test_event_of_a_webhook_names_the_test() {
    let server = TestServer::start().await;
    let sid = webhook(&server).await;
    let path = format!("{SINKS}/{sid}");
    let submitted = server.post(&format!("{path}/Test"), "").await;
    assert_eq!(submitted.status, 201);
    assert_eq!(submitted.json(), json!({"result": "submitted"}));
    assert_eq!(server.get(&path).await.json()["status"], "active");

    let (store, now) = (&server.app.store, server.app.clock.now());
    let endpoint = EndpointId::of_sink(sid.parse().unwrap());
    let taken = store.take_deliveries(endpoint, vec![], 9, now, now.plus_us(1));
    let mut taken = taken.await.unwrap();
    let delivery = taken.pop().unwrap();
    assert_eq!((taken.len(), delivery.kind.as_str()), (0, "test-event"));
    assert!(matches!(delivery.content, Content::Event(_)));
    let test_id = delivery.id.to_string();
    assert_eq!(test_id.as_bytes()[14], b'4', "a random UUID: {test_id}");

    let validate = format!("{path}/Validate");
    for wrong in ["", "TestId=", "TestId=00000000-0000-4000-8000-000000000000"] {
        let refused = server.post(&validate, wrong).await;
        assert_eq!(refused.error(), (400, 20001), "{wrong}");
        assert_eq!(refused.json()["details"]["parameter"], "TestId");
    }
    let form = format!("TestId={test_id}");
    let valid = server.post(&validate, &form).await;
    assert_eq!(
        (valid.status.as_u16(), valid.json()),
        (201, json!({"result": "valid"}))
    );
    assert_eq!(server.get(&path).await.json()["status"], "active");
    // A test is confirmed once.
    assert_eq!(server.post(&validate, &form).await.error(), (400, 20001));
}

#[tokio::test]
async fn segment_is_active_when_its_test_has_arrived() {
    let server = TestServer::start().await;
    let sid = sink(&server, "segment", &json!({"write_key": "abcdefgh1234"})).await;
    let path = format!("{SINKS}/{sid}");
    let fresh = server.get(&path).await;
    insta::assert_snapshot!("segment", shown(&fresh, &[(sid.as_str(), "DG…")]));
    assert_eq!(server.post(&format!("{path}/Test"), "").await.status, 201);
    assert_eq!(server.get(&path).await.json()["status"], "validating");
    let wrong = server.post(&format!("{path}/Validate"), "TestId=x").await;
    assert_eq!(wrong.error(), (400, 20001));
    assert_eq!(server.get(&path).await.json()["status"], "validating");
    let kept = server
        .app
        .store
        .sink(ACCOUNT.parse().unwrap(), sid.parse().unwrap());
    let test_id = kept.await.unwrap().unwrap().test.unwrap();
    let form = format!("TestId={test_id}");
    assert_eq!(
        server.post(&format!("{path}/Validate"), &form).await.status,
        201
    );
    assert_eq!(server.get(&path).await.json()["status"], "active");
}

/// It is told once, when it was made up, and never when it was brought.
#[tokio::test]
async fn a_secret_is_told_once() {
    let server = TestServer::start().await;
    let configuration = json!({"destination": "https://example.com/in", "signature": "standard"});
    let made = server
        .post(SINKS, &sink_form("webhook", &configuration))
        .await;
    let made = made.json();
    let told = made["sink_configuration"]["secret"].as_str().unwrap();
    assert!(told.starts_with("whsec_") && told.len() > 40, "{told}");
    let path = format!("{SINKS}/{}", made["sid"].as_str().unwrap());
    let fetched = server.get(&path).await.json();
    assert_eq!(fetched["sink_configuration"]["secret"], "***");
    let mut brought = configuration.clone();
    brought["secret"] = told.into();
    let made = server.post(SINKS, &sink_form("webhook", &brought)).await;
    assert_eq!(made.json()["sink_configuration"]["secret"], "***");
    assert!(!server.get(SINKS).await.text.contains(told));
}
