//! Insights v1 as a client sees it: whole requests, whole answers.

mod access;
mod annotation;
mod annotations;
mod damage;
mod errors;
mod events;
mod hints;
pub(crate) mod network;
mod pages;
mod reports;
mod setup;
mod statistics;
mod summaries;
mod summary;

use serde_json::{Value, json};
use sidetone_core::event::CallEvent;
use sidetone_core::id::CallRef;
use sidetone_store::NewEvent;

use crate::harness::{ACCOUNT, Answer, TestServer};

pub(crate) const CALL: &str = "CA00000000000000000000000000000001";

/// Tells a server of events of a call of the first account, as they are stored, and lets it fold
/// them.
pub(crate) async fn tell(server: &TestServer, call: &str, events: &[Value]) {
    tell_of(server, ACCOUNT, call, events).await;
}

pub(crate) async fn tell_of(server: &TestServer, account: &str, call: &str, events: &[Value]) {
    let call = CallRef {
        account: account.parse().unwrap(),
        sid: call.parse().unwrap(),
    };
    let read = |(n, event): (usize, &Value)| {
        let mut event = event.clone();
        let fields = event.as_object_mut().unwrap();
        fields.entry("id").or_insert_with(|| json!(format!("e{n}")));
        fields
            .entry("source")
            .or_insert_with(|| json!({"kind": "native"}));
        fields
            .entry("at")
            .or_insert_with(|| json!("2026-06-01T11:58:00Z"));
        NewEvent {
            event: CallEvent::from_stored_json(call, event.to_string().as_bytes()).unwrap(),
            received_at: server.app.clock.now(),
        }
    };
    let events = events.iter().enumerate().map(read).collect();
    server.app.store.append(events).await.unwrap();
    server.pass(1).await;
}

/// A call to the telephone network that took a minute, with media reports both ways.
pub(crate) fn carrier_call() -> Vec<Value> {
    vec![
        json!({"kind": "progress", "step": "initiated", "at": "2026-06-01T11:58:00.25Z", "facts": {
            "call_type": "carrier", "direction": "outbound_api",
            "from": {"address": "+14155550100", "carrier": "T-Mobile USA, Inc."},
            "to": {"address": "+442079460101", "carrier": "AT&T Wireless", "connection": "landline"},
            "edges": {"carrier_edge": {"media_region": "us1", "edge_location": "ashburn", "direction": "outbound"}},
            "trust": {"verified_caller": true},
        }}),
        json!({"kind": "progress", "step": "ringing", "at": "2026-06-01T11:58:01Z"}),
        json!({"kind": "progress", "step": "answered", "at": "2026-06-01T11:58:05Z"}),
        json!({"kind": "media", "edge": "carrier_edge", "direction": "inbound", "at": "2026-06-01T11:58:15Z",
            "interval": {"packets_received": 490, "packets_lost": 10, "jitter_ms": {"value": 4.0}},
            "cumulative": {"codec": 0, "codec_name": "pcmu", "packets_received": 490, "packets_lost": 10,
                "jitter_ms": {"avg": 4.0, "max": 6.0}}}),
        json!({"kind": "media", "edge": "carrier_edge", "direction": "outbound", "at": "2026-06-01T11:58:15Z",
            "cumulative": {"codec": 0, "codec_name": "pcmu", "packets_sent": 500}}),
        json!({"kind": "edge", "edge": "carrier_edge", "group": "dtmf", "name": "received", "level": "INFO",
            "at": "2026-06-01T11:58:20Z", "data": {"metadata": {"region": "us1"}}}),
        json!({"kind": "progress", "step": "completed", "at": "2026-06-01T11:59:00Z", "facts": {
            "last_sip_response": 200, "disconnected_by": "callee",
        }}),
    ]
}

/// Lets so much time pass that every call that is over is complete.
pub(crate) async fn settle(server: &TestServer) {
    server.pass(61).await;
    // What the timers said is folded after the usual delay.
    server.pass(1).await;
}

/// A server with one call that is over and complete.
pub(crate) async fn with_complete_call() -> TestServer {
    let server = TestServer::start().await;
    tell(&server, CALL, &carrier_call()).await;
    settle(&server).await;
    server
}

/// Status, the headers that matter and the body, with page tokens made unreadable.
#[track_caller]
pub(crate) fn picture(answer: &Answer) -> String {
    let mut picture = format!("{}\n", answer.status);
    for name in [
        "content-type",
        "etag",
        "retry-after",
        "www-authenticate",
        "allow",
        "sidetone-hint",
    ] {
        for value in answer.headers.get_all(name) {
            picture.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
        }
    }
    if !answer.text.is_empty() {
        let body: Value = answer.json();
        picture.push_str(&format!(
            "\n{}\n",
            serde_json::to_string_pretty(&body).unwrap()
        ));
    }
    without_tokens(&picture)
}

fn without_tokens(text: &str) -> String {
    let mut parts = text.split("PageToken=PT");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|char: char| !char.is_ascii_alphanumeric() && !"-_".contains(char));
        shown.push_str("PageToken=…");
        shown.push_str(&part[end.unwrap_or(part.len())..]);
    }
    shown
}
