//! Event Streams as they are set up: whole requests, whole answers.

mod alerts;
mod deliveries;
mod otlp;
mod outage;
mod owed;
mod receiver;
mod refusals;
pub(crate) mod running;
mod s3;
mod segment;
mod sinks;
mod subscriptions;
mod told;

use axum::body::Body;
use axum::http::Method;
use form_urlencoded::Serializer;
use serde_json::{Value, json};

use crate::api::picture;
use crate::harness::{Answer, TestServer};

const SINKS: &str = "/v1/Sinks";
const SUBSCRIPTIONS: &str = "/v1/Subscriptions";
const PREFIX: &str = "com.twilio.voice.insights.";
const KINDS: [&str; 7] = [
    "call-summary.partial",
    "call-summary.predicted-complete",
    "call-summary.complete",
    "call-event.gateway",
    "call-event.sdk",
    "call-metrics.gateway",
    "call-metrics.sdk",
];

/// A form of these parameters.
fn form(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}

async fn delete(server: &TestServer, path: &str) -> Answer {
    let request = server.request(Method::DELETE, path).body(Body::empty());
    server.send(request.unwrap()).await
}

/// Makes a sink and returns its SID.
async fn sink(server: &TestServer, kind: &str, configuration: &Value) -> String {
    let made = server.post(SINKS, &sink_form(kind, configuration)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["sid"].as_str().unwrap().to_owned()
}

fn sink_form(kind: &str, configuration: &Value) -> String {
    form(&[
        ("Description", "quality team"),
        ("SinkType", kind),
        ("SinkConfiguration", &configuration.to_string()),
    ])
}

async fn webhook(server: &TestServer) -> String {
    let configuration = json!({"destination": "https://example.com/in", "method": "POST"});
    sink(server, "webhook", &configuration).await
}

/// The text of a type for `Types`.
fn of_type(kind: &str, version: u32) -> String {
    json!({"type": format!("{PREFIX}{kind}"), "schema_version": version}).to_string()
}

/// A form that subscribes a sink.
fn subscription_form(sink: &str, types: &[String], more: &[(&str, &str)]) -> String {
    let mut pairs = vec![("Description", "all of it"), ("SinkSid", sink)];
    pairs.extend(types.iter().map(|text| ("Types", text.as_str())));
    pairs.extend(more);
    form(&pairs)
}

/// Subscribes a sink to the summaries of complete calls.
async fn subscribe(server: &TestServer, sink: &str) -> String {
    let types = [of_type("call-summary.complete", 2)];
    let form = subscription_form(sink, &types, &[]);
    let made = server.post(SUBSCRIPTIONS, &form).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["sid"].as_str().unwrap().to_owned()
}

/// An answer with what is random in it called otherwise.
fn shown(answer: &Answer, names: &[(&str, &str)]) -> String {
    let mut text = picture(answer);
    for (random, name) in names {
        text = text.replace(random, name);
    }
    text
}
