//! Alerts told to sinks: when they fire and when they are over, once each.

use serde_json::{Value, json};

use super::receiver::{Receiver, told};
use super::running::{FORM, ask, delete, post, program, step};
use super::{form, sink_form, subscription_form};
use crate::process::Server;

const FIRED: &str = "com.sidetone.alerts.alert.fired";
const RESOLVED: &str = "com.sidetone.alerts.alert.resolved";
const TO: &str = "+12025550176";

/// Subscribes a sink of its own at a path to alerts alone.
fn subscribed(server: &Server, receiver: &Receiver, path: &str, more: &[(&str, &str)]) {
    let destination = json!({"destination": format!("{}/{path}", receiver.origin)});
    let made = post(
        server,
        "/v1/Sinks",
        FORM,
        sink_form("webhook", &destination).as_bytes(),
    );
    let types = [FIRED, RESOLVED].map(|kind| json!({ "type": kind }).to_string());
    let wanted = subscription_form(made["sid"].as_str().unwrap(), &types, more);
    post(server, "/v1/Subscriptions", FORM, wanted.as_bytes());
}

/// A rule that is broken by three calls to one number; nobody is told, and it is muted.
fn rule(server: &Server) -> String {
    let wanted = form(&[
        ("Name", "Many calls to +1 202 555 0143"),
        ("Measure", "calls"),
        ("Window", "10m"),
        ("Above", "2"),
        ("GroupBy", "To"),
        ("Severity", "critical"),
    ]);
    let made = post(server, "/v1/Voice/Alerts/Rules", FORM, wanted.as_bytes());
    let sid = made["sid"].as_str().unwrap().to_owned();
    let path = format!("/v1/Voice/Alerts/Rules/{sid}");
    post(
        server,
        &path,
        FORM,
        form(&[("MutedUntil", "1h")]).as_bytes(),
    );
    sid
}

fn call(server: &Server, n: u32) {
    let sid = format!("CA{n:032x}");
    step(server, &sid, "initiated");
    step(server, &sid, "completed");
}

fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|it| it["type"] == kind).collect()
}

#[test]
fn alerts_are_told_when_they_fire_and_when_they_are_over() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&mut program(dir.path()));
    let receivers = [(); 3].map(|()| Receiver::start());
    let [whole, hashed, omitted] = &receivers;
    // Filters are of calls.
    subscribed(&server, whole, "", &[("Selection", "Tag=silence")]);
    subscribed(&server, hashed, "", &[("PersonalData", "hash")]);
    subscribed(&server, omitted, "", &[("PersonalData", "omit")]);
    let rule = rule(&server);
    for n in 1..=4 {
        call(&server, n);
    }
    for receiver in &receivers {
        receiver.until("it fires", |it| !of(it, FIRED).is_empty());
    }
    delete(&server, &format!("/v1/Voice/Alerts/Rules/{rule}"));
    let events = receivers
        .each_ref()
        .map(|it| it.until("it is over", |it| !of(it, RESOLVED).is_empty()));
    let listed = ask(&server, "/v1/Voice/Alerts");
    let alert = &listed["alerts"][0];
    let sid = alert["sid"].as_str().unwrap();
    for events in &events {
        assert_eq!(told(events), [FIRED, RESOLVED]);
        for event in events {
            assert_eq!(event["source"], format!("/v1/Voice/Alerts/{sid}"));
            assert_eq!(event["dataschema"], "urn:sidetone:schema:Sidetone.Alert:1");
            assert_eq!(event["data"]["severity"], "critical");
            assert_eq!(event["data"]["told"], false);
            assert!(event["id"].as_str().unwrap().starts_with("EZ"));
        }
        let seconds = |it: &Value| it.as_str().unwrap()[..19].to_owned();
        assert_eq!(seconds(&events[0]["time"]), seconds(&alert["fired_time"]));
        assert_eq!(
            seconds(&events[1]["time"]),
            seconds(&alert["resolved_time"])
        );
    }
    let [whole, hashed, omitted] = &events;
    // What it was when it was sent is what the API says.
    let mut same = alert.clone();
    for name in ["url", "calls_url", "interface_url"] {
        same[name] = whole[1]["data"][name].clone();
    }
    assert_eq!(whole[1]["data"], same);
    assert_eq!(whole[0]["data"]["group"], TO);
    assert_eq!(whole[0]["data"]["state"], "firing");
    let group = hashed[0]["data"]["group"].as_str().unwrap();
    assert!(group.starts_with("party_") && group.len() == 38, "{group}");
    assert_eq!(omitted[0]["data"]["group"], Value::Null);
    for event in hashed.iter().chain(omitted) {
        let text = event.to_string();
        assert!(
            !text.contains("2025550176") && !text.contains("555 0143"),
            "{text}"
        );
    }
    let last = ask(&server, "/v1/Sinks");
    let sink = last["sinks"][0]["sid"].as_str().unwrap();
    let last = ask(&server, &format!("/v1/Sinks/{sink}/Deliveries"));
    let event = &last["last_deliveries"][0]["events"][0];
    assert_eq!(
        (&event["type"], &event["call_sid"]),
        (&json!(RESOLVED), &Value::Null)
    );
}
