//! Summaries of another system: served as they came, found by what they show, and what people said
//! there.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::harness::{ACCOUNT, TestServer};

const CALL: &str = "CA5f0c1e2d3a4b49588776655443322111";

/// The fullest summary that is documented, with what is not, as Event Streams sends it.
fn fullest() -> Value {
    let path = "../../fixtures/twilio/event-streams/summary-complete-fullest.json";
    let text = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let events: Value = serde_json::from_slice(&text).unwrap();
    events[0]["data"].clone()
}

/// Sends a summary in an event of its own.
async fn import(server: &TestServer, stage: &str, id: &str, time: &str, summary: &Value) {
    let body = json!([{
        "specversion": "1.0", "type": format!("com.twilio.voice.insights.call-summary.{stage}"), "id": id,
        "source": "x", "time": time, "datacontenttype": "application/json", "data": summary,
    }]);
    let door = "/ingest/v1/event-streams";
    let sent = server.post_as(door, "application/json", body.to_string().into_bytes());
    let answer = sent.await;
    assert_eq!(answer.json()["rejected"], 0, "{}", answer.text);
    server.pass(1).await;
}

async fn summary(server: &TestServer) -> Value {
    let path = format!("/v1/Voice/{CALL}/Summary?ProcessingState=all");
    let answer = server.get(&path).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn listed(server: &TestServer, filter: &str) -> Vec<Value> {
    let path = format!("/v1/Voice/Summaries?StartTime=2026-05-01&ProcessingState=all&{filter}");
    let answer = server.get(&path).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["call_summaries"].as_array().unwrap().clone()
}

/// What is to be served of a summary: itself, filed and to be read here.
fn as_it_came(summary: &Value, url: &str) -> Value {
    let mut expected = summary.clone();
    expected["url"] = json!(format!("http://sidetone.test/v1/Voice/{url}"));
    expected["account_sid"] = json!(ACCOUNT);
    if let Some(account) = expected.pointer_mut("/annotation/account_sid") {
        *account = json!(ACCOUNT);
    }
    expected
}

#[track_caller]
fn same(served: &Value, expected: &Value) {
    let (served, expected) = (served.as_object().unwrap(), expected.as_object().unwrap());
    for (name, value) in expected {
        assert_eq!(served.get(name), Some(value), "{name}");
    }
    let added: Map<String, Value> = served
        .iter()
        .filter(|(name, _)| !expected.contains_key(*name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    assert_eq!(added, Map::new());
}

#[tokio::test]
async fn is_served_field_for_field() {
    let sparse = json!({
        "account_sid": ACCOUNT, "call_sid": CALL, "call_type": null, "call_state": "ringing", "processing_state": "partial",
        "processing_version": 1, "start_time": "2026-06-01T10:00:00Z", "end_time": null, "duration": 0,
        "from": {"caller": "+12025550143"}, "to": {}, "carrier_edge": null, "tags": null, "annotation": null, "trust": {},
    });
    let mut silent = fullest();
    for (_, value) in silent.as_object_mut().unwrap() {
        if value.is_object() {
            *value = json!({});
        }
    }
    silent["tags"] = json!(null);
    for (stage, told) in [
        ("complete", fullest()),
        ("predicted-complete", fullest()),
        ("partial", sparse),
        ("complete", silent),
    ] {
        let server = TestServer::start().await;
        // Twice, and long after: nothing is added, nothing settles that was not settled there.
        for (id, seconds) in [("EZ1", 1), ("EZ1", 1), ("EZ2", 300)] {
            import(&server, stage, id, "2026-06-01T10:30:00Z", &told).await;
            server.pass(seconds).await;
            let expected = as_it_came(&told, &format!("{CALL}/Summary"));
            same(&summary(&server).await, &expected);
            let rows = listed(&server, "").await;
            same(&rows[0], &as_it_came(&told, "Summaries"));
        }
    }
}

#[tokio::test]
async fn is_found_by_what_it_shows() {
    let server = TestServer::start().await;
    import(
        &server,
        "complete",
        "EZ1",
        "2026-06-01T10:30:00Z",
        &fullest(),
    )
    .await;
    for (filter, found) in [
        ("HasTag=true", false),
        ("HasTag=false", true),
        ("FromCountryCode=US", true),
        // It follows from the number, and is not what the summary says.
        ("ToCountryCode=US", false),
        ("AnsweredBy=unknown", true),
        ("CallState=completed", true),
        ("FromCarrier=AT%26T+Wireless", true),
        ("VerifiedCaller=true", true),
        ("AnsweredByAnnotation=human", true),
        ("QualityIssueAnnotation=echo", true),
        ("CallScoreAnnotation=3", false),
        ("SpamAnnotation=false", true),
    ] {
        assert_eq!(listed(&server, filter).await.len() == 1, found, "{filter}");
    }
    // A tag that is not known here is a tag.
    let mut told = fullest();
    told["tags"] = json!(["a_tag_of_tomorrow"]);
    told["processing_version"] = json!(13);
    import(&server, "complete", "EZ2", "2026-06-01T10:31:00Z", &told).await;
    assert_eq!(
        listed(&server, "HasTag=true").await[0]["tags"],
        told["tags"]
    );
}

#[tokio::test]
async fn our_own_observations_stand_only_where_it_is_silent() {
    let server = TestServer::start().await;
    let own = "From=%2B12025550199&To=%2B12025550176&Direction=outbound-api&CallDuration=2&SipResponseCode=486";
    server.step(CALL, "completed", own).await;
    let mut told = fullest();
    told["duration"] = json!(null);
    told["from"]["carrier"] = json!("");
    told["properties"]["last_sip_response_num"] = json!(null);
    told.as_object_mut().unwrap().remove("attributes");
    import(&server, "complete", "EZ1", "2026-06-01T10:30:00Z", &told).await;
    let mut expected = as_it_came(&told, &format!("{CALL}/Summary"));
    expected["properties"]["last_sip_response_num"] = json!(486);
    expected["duration"] = json!(2);
    same(&summary(&server).await, &expected);
    assert_eq!(listed(&server, "AbnormalSession=true").await.len(), 1);
}

async fn said(server: &TestServer) -> (Value, Vec<(String, String)>) {
    let path = format!("/v1/Voice/{CALL}/Annotation");
    let said = server.get(&path).await.json();
    let history = server.get(&format!("{path}/History")).await.json();
    let text = |change: &Value, name: &str| change[name].as_str().unwrap().to_owned();
    let changes = history["history"].as_array().unwrap().iter();
    let by = changes.map(|it| (text(it, "author"), text(it, "by")));
    (said, by.collect())
}

#[tokio::test]
async fn what_people_said_there_is_said_here() {
    let server = TestServer::start().await;
    let there = ("".to_owned(), "event-streams".to_owned());
    let here = ("".to_owned(), ACCOUNT.to_owned());
    let path = format!("/v1/Voice/{CALL}/Annotation");
    let mut told = fullest();
    import(&server, "complete", "EZ1", "2026-06-01T10:30:00Z", &told).await;
    let (annotation, history) = said(&server).await;
    for (name, value) in told["annotation"].as_object().unwrap() {
        if !["account_sid", "reviewed_by"].contains(&name.as_str()) {
            assert_eq!(&annotation[name], value, "{name}");
        }
    }
    assert_eq!(history, std::slice::from_ref(&there));
    // Another version that says the same, then one that says more.
    told["processing_version"] = json!(13);
    import(&server, "complete", "EZ2", "2026-06-01T10:40:00Z", &told).await;
    assert_eq!(said(&server).await.1, std::slice::from_ref(&there));
    told["processing_version"] = json!(14);
    told["annotation"]["call_score"] = json!(1);
    import(&server, "complete", "EZ3", "2026-06-01T10:50:00Z", &told).await;
    assert_eq!(said(&server).await.0["call_score"], 1);
    assert_eq!(
        summary(&server).await["annotation"]["reviewed_by"],
        json!(null)
    );
    // Somebody here says something, at noon: what is said there later counts, what was said before
    // does not.
    server.post(&path, "CallScore=5").await;
    for (id, time, score) in [
        ("EZ4", "2026-06-01T11:00:00Z", 5),
        ("EZ5", "2026-06-01T13:00:00Z", 2),
    ] {
        told["processing_version"] = json!(id[2..].parse::<u64>().unwrap() + 20);
        told["annotation"]["call_score"] = json!(2 + u64::from(id == "EZ4"));
        import(&server, "complete", id, time, &told).await;
        let shown = summary(&server).await["annotation"].clone();
        let (annotation, _) = said(&server).await;
        assert_eq!(annotation["call_score"], score, "{id}");
        assert_eq!(shown["call_score"], score, "{id}");
        assert_eq!(shown.get("reviewed_by").is_some(), id == "EZ5", "{id}");
        let filter = format!("CallScoreAnnotation={score}");
        assert_eq!(listed(&server, &filter).await.len(), 1);
    }
    let (_, history) = said(&server).await;
    assert_eq!(history, [there.clone(), here.clone(), there.clone(), there]);
    // To take it away is to say something.
    server.app.clock.advance_us(2 * 3_600_000_000);
    let removal = server.request(axum::http::Method::DELETE, &path);
    let removed = server.send(removal.body(axum::body::Body::empty()).unwrap());
    assert_eq!(removed.await.status, 204);
    told["processing_version"] = json!(30);
    told["annotation"]["call_score"] = json!(4);
    import(&server, "complete", "EZ6", "2026-06-01T13:30:00Z", &told).await;
    assert_eq!(said(&server).await.0["call_score"], json!(null));
    assert_eq!(summary(&server).await["annotation"], json!(null));
    assert_eq!(
        server.app.store.check().await.unwrap(),
        Vec::<String>::new()
    );
}
