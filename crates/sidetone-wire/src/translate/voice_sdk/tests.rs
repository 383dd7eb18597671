use serde_json::json;
use sidetone_core::feedback::FeedbackIssue;
use sidetone_core::vocabulary::CallState;

use sidetone_core::event::Observation;
use sidetone_core::feedback::FeedbackPatch;

use super::*;
use crate::identity::CallName;

const CALL: &str = "CA0123456789abcdef0123456789abcdef";
const ALICE: Speaker<'_> = Speaker {
    address: Some("client:alice"),
};

fn at(text: &str) -> TimeUs {
    TimeUs::parse_rfc3339(text).unwrap()
}

fn now() -> TimeUs {
    at("2026-06-01T10:00:00Z")
}

fn message(group: &str, name: &str, payload: &Value) -> Vec<u8> {
    let envelope = json!({
        "group": group, "name": name, "level": "INFO", "timestamp": "2026-06-01T09:59:59.5Z",
        "publisher": "twilio-js-sdk", "payload": payload,
    });
    serde_json::to_vec(&envelope).unwrap()
}

fn event(group: &str, name: &str, payload: &Value) -> Result<Told, DecodeError> {
    decode_event(&message(group, name, payload), ALICE, now())
}

fn facts(group: &str, name: &str, payload: &Value) -> sidetone_core::facts::CallFacts {
    let told = event(group, name, payload).unwrap();
    match &told.observed.last().unwrap().observation {
        Observation::Facts { facts } => (**facts).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_temporary_name_is_short_plain_and_no_call_sid() {
    let uuid = "1271fe49-3dc5-4566-bc20-c472c79e72d0";
    for text in [format!("TJS{uuid}").as_str(), "TSA_1"] {
        assert_eq!(TemporarySid::parse(text).unwrap().as_str(), text);
    }
    let long = "x".repeat(65);
    for text in ["", "a b", "a\n", "ä", CALL, uuid, long.as_str()] {
        assert_eq!(TemporarySid::parse(text), None, "{text}");
    }
}

#[test]
fn the_trouble_is_named() {
    let sample = |members: Value| json!([members]);
    for (body, expected) in [
        (
            b"[]".to_vec(),
            "Invalid body. Expected a JSON object with group, name, timestamp and payload (it is none).",
        ),
        (
            message("a", "b", &json!({"call_sid": ""})).split_off(1),
            "Invalid body. Expected a JSON object with group, name, timestamp and payload (trailing characters at line 1 column 8).",
        ),
        (
            message("", "b", &json!({"call_sid": CALL})),
            "Missing group. Expected a text.",
        ),
        (
            message("a", "b", &json!({"call_sid": "a\nb"})),
            "Invalid payload.call_sid 'a\u{fffd}b'. Expected a CallSid.",
        ),
        (
            message("a", "b", &json!({"temp_call_sid": CALL})),
            "Invalid payload.temp_call_sid 'CA0123456789abcdef0123456789abcdef'. Expected 1 to 64 letters, digits, '-' and '_', and no CallSid.",
        ),
        (
            message("feedback", "received", &json!({"call_sid": CALL})),
            "Missing payload.quality_score. Expected an integer from 1 to 5.",
        ),
        (
            message(
                "feedback",
                "received",
                &json!({"call_sid": CALL, "quality_score": 6}),
            ),
            "Invalid payload.quality_score '6'. Expected an integer from 1 to 5.",
        ),
        (
            message(
                "feedback",
                "received",
                &json!({"call_sid": CALL, "quality_score": 1, "issue_name": "hum"}),
            ),
            "Invalid payload.issue_name 'hum'. Expected one of audio-latency, choppy-audio, dropped-call, echo, noisy-call, one-way-audio.",
        ),
    ] {
        let error = decode_event(&body, ALICE, now()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    for (payload, expected) in [
        (json!({}), "Invalid payload. Expected an array of samples."),
        (
            sample(json!({})),
            "Missing call_sid. Expected a CallSid, or the SDK's own name in temp_call_sid.",
        ),
        (
            json!([{"call_sid": CALL}, {"call_sid": "CAf123456789abcdef0123456789abcdef"}]),
            "Invalid payload. Expected samples of one call and direction.",
        ),
        (
            json!(vec![0; 101]),
            "Too large: payload. Expected at most 100 samples.",
        ),
    ] {
        let body = message("quality-metrics-samples", "metrics-sample", &payload);
        let error = decode_metrics(&body, now()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn what_is_of_no_call_tells_nothing() {
    for told in [
        event(
            "audio",
            "device-change",
            &json!({"lost_active_device_ids": []}),
        )
        .unwrap(),
        decode_metrics(&message("a", "b", &json!([])), now()).unwrap(),
    ] {
        assert_eq!(told, Told::nothing());
    }
}

#[test]
fn a_rating_has_the_issues_of_ratings() {
    for (name, issue) in [
        ("audio-latency", FeedbackIssue::AudioLatency),
        ("echo", FeedbackIssue::ImperfectAudio),
        ("one-way-audio", FeedbackIssue::OneWayAudio),
    ] {
        let payload = json!({"call_sid": CALL, "quality_score": 2, "issue_name": name});
        let feedback = event("feedback", "received", &payload).unwrap().feedback;
        let expected = FeedbackPatch {
            score: Some(2),
            issues: Some([issue].into_iter().collect()),
        };
        assert_eq!(feedback, Some(expected));
    }
    let declined = event("feedback", "received-none", &json!({"call_sid": CALL})).unwrap();
    assert_eq!(declined.feedback, None);
}

#[test]
fn samples_are_known_by_themselves_however_they_are_sent() {
    let sample = |second: u32| {
        let timestamp = format!("2026-06-01T09:59:0{second}Z");
        json!({"call_sid": CALL, "timestamp": timestamp, "packets_received": 50})
    };
    let decode = |samples: Value| {
        let told = decode_metrics(&message("a", "b", &samples), now()).unwrap();
        told.observed
            .into_iter()
            .map(|it| it.id)
            .collect::<Vec<_>>()
    };
    let together = decode(json!([sample(1), sample(2), sample(3)]));
    let apart = [
        decode(json!([sample(1)])),
        decode(json!([sample(2), sample(3)])),
    ]
    .concat();
    assert_eq!(together, apart);
    let told = decode_metrics(
        &message("a", "b", &json!([sample(1), {"call_sid": CALL}])),
        now(),
    );
    let told = told.unwrap();
    assert_eq!((told.observed.len(), told.refused.count), (1, 1));
    assert_eq!(
        told.refused.first[0].to_string(),
        "Item 2: Missing timestamp. Expected the time of the sample (ISO 8601)."
    );
}

#[test]
fn a_clock_that_is_ahead_is_set_back_by_what_it_is_ahead() {
    let sample = |second: u32| {
        let timestamp = format!("2031-01-01T00:00:0{second}Z");
        json!({"call_sid": CALL, "timestamp": timestamp})
    };
    let batch = json!({
        "group": "a", "name": "b", "timestamp": "2031-01-01T00:00:09Z",
        "payload": [sample(8), sample(9)],
    });
    let told = decode_metrics(&serde_json::to_vec(&batch).unwrap(), now()).unwrap();
    let times: Vec<TimeUs> = told.observed.iter().map(|it| it.at).collect();
    assert_eq!(times, [at("2026-06-01T09:59:59Z"), now()]);
    // What is a little ahead, or late, is as it came: it may have waited.
    let late = event("connection", "muted", &json!({"call_sid": CALL})).unwrap();
    assert_eq!(late.observed[0].at, at("2026-06-01T09:59:59.5Z"));
}

#[test]
fn steps_of_a_call_by_its_way() {
    let payload = |way: &str| json!({"call_sid": CALL, "direction": way, "sdk_version": "2.18.5"});
    let outgoing = facts("connection", "outgoing", &payload("OUTGOING"));
    assert_eq!(outgoing.started_at, Some(at("2026-06-01T09:59:59.5Z")));
    assert_eq!(outgoing.from.address.as_deref(), Some("client:alice"));
    assert_eq!(outgoing.to.address, None);
    let incoming = facts("connection", "incoming", &payload("INCOMING"));
    assert_eq!(incoming.state, Some(CallState::Ringing));
    assert_eq!(incoming.to.address.as_deref(), Some("client:alice"));
    for (name, way, by) in [
        ("disconnected-by-local", "OUTGOING", "caller"),
        ("disconnected-by-local", "INCOMING", "callee"),
        ("disconnected-by-remote", "OUTGOING", "callee"),
        ("cancel", "INCOMING", "caller"),
        ("rejected-by-local", "INCOMING", "callee"),
    ] {
        let facts = facts("connection", name, &payload(way));
        assert_eq!(facts.disconnected_by.as_deref(), Some(by), "{name} {way}");
        assert!(facts.ended_at.is_some());
    }
    let mut again = payload("OUTGOING");
    again["reconnect"] = true.into();
    let told = event("connection", "outgoing", &again).unwrap();
    assert_eq!(told.observed.len(), 1, "the call began before");
}

#[test]
fn until_it_has_a_call_sid_a_call_is_known_by_its_temporary_name() {
    let account = sidetone_core::id::AccountSid::from_bytes([1; 16]);
    let temporary = TemporarySid::parse("TJS1").unwrap();
    let of = |payload: Value| {
        let told = event("connection", "muted", &payload).unwrap();
        told.observed[0].clone().place(account).call.sid
    };
    let before = of(json!({"temp_call_sid": "TJS1"}));
    assert_eq!(before, temporary.call().resolve(account));
    let foreign = CallName::parse("TJS1").unwrap();
    assert_ne!(
        before,
        foreign.resolve(account),
        "it is no other call's name"
    );
    let after = of(json!({"temp_call_sid": "TJS1", "call_sid": CALL}));
    assert_eq!(after.to_string(), CALL);
}
