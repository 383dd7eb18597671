use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sidetone_core::annotation::{Annotation, AnsweredByHeard, QualityIssue};
use sidetone_core::event::{CallEvent, Observation};
use sidetone_core::id::{AccountSid, CallRef};
use sidetone_core::summary::CallSummary;
use sidetone_core::vocabulary::ProcessingState;
use sidetone_store::{CallRecord, Rendered, Shown};

use super::summary::render;
use super::*;

const BASE: &str = "https://voice.example";

fn call() -> CallRef {
    CallRef {
        account: AccountSid::from_bytes([0xaa; 16]),
        sid: CallSid::from_bytes([0xcc; 16]),
    }
}

fn record(summary: Value) -> CallRecord {
    let summary = CallSummary {
        call: call(),
        ..serde_json::from_value(summary).unwrap()
    };
    CallRecord {
        call: call(),
        summary: Some(summary),
        processing_version: 4,
        annotation: Annotation::default(),
        annotation_revision: 0,
        advanced_features: true,
        placeholder: false,
    }
}

/// The JSON as bytes would have it: key order is part of the picture. What is stored for readers
/// makes the same.
fn written(record: &CallRecord) -> String {
    let url = SummaryUrl::Own(CallUrl {
        base: BASE,
        sid: record.call.sid,
        part: "/Summary",
    });
    let summary = record.summary.as_ref().unwrap();
    let rendered = render(record, summary, url);
    let template = template::of(summary);
    assert_eq!(template.is_none(), summary.imported.is_some());
    if let Some(Rendered { form, bytes }) = template {
        let record = CallRecord {
            call: record.call,
            summary: Some(Shown::Rendered(bytes)),
            processing_version: record.processing_version,
            annotation: record.annotation.clone(),
            annotation_revision: record.annotation_revision,
            advanced_features: record.advanced_features,
            placeholder: record.placeholder,
        };
        let shown = record.summary.as_ref().unwrap();
        let mut json = Vec::new();
        template::write(&mut json, &record, shown, url).unwrap();
        assert_eq!(form, template::FORM);
        assert_eq!(
            str::from_utf8(&json).unwrap(),
            serde_json::to_string(&rendered).unwrap()
        );
        assert_eq!(
            template::is_complete(shown).unwrap(),
            summary.processing == ProcessingState::Complete
        );
    }
    serde_json::to_string_pretty(&rendered).unwrap()
}

#[test]
fn what_is_no_template_is_an_error() {
    let summary: CallSummary = serde_json::from_value(least()).unwrap();
    let whole = template::of(&summary).unwrap().bytes;
    let end = whole.len() - 1;
    for bytes in [
        b"" as &[u8],
        b"complete",
        b"complete\0{\"a\":1}\0{\"b\":2}",
        b"complete\0{\"a\":1}\0{}\0{\"c\":3}",
        &whole[..end],
    ] {
        let shown = Shown::Rendered(bytes.to_vec());
        let record = CallRecord {
            call: call(),
            summary: Some(shown.clone()),
            processing_version: 1,
            annotation: Annotation::default(),
            annotation_revision: 0,
            advanced_features: true,
            placeholder: false,
        };
        let url = SummaryUrl::List(BASE);
        assert!(template::write(&mut Vec::new(), &record, &shown, url).is_err());
    }
    assert!(template::is_complete(&Shown::Rendered(b"complete".to_vec())).is_err());
}

fn least() -> Value {
    json!({"processing": "partial", "fold_version": 1, "facts": {}, "last_event_at": "2026-06-01T12:00:00Z"})
}

/// A stored summary in which every field says something.
fn fullest() -> Value {
    serde_json::from_str(include_str!("fullest.json")).unwrap()
}

#[test]
fn a_summary_of_which_nothing_is_known() {
    insta::assert_snapshot!(written(&record(least())));
}

#[test]
fn a_summary_of_which_everything_is_known() {
    let mut record = record(fullest());
    record.annotation = Annotation {
        answered_by: Some(AnsweredByHeard::Human),
        quality_issues: Some(vec![QualityIssue::LowVolume, QualityIssue::OneWayAudio]),
        spam: Some(false),
        call_score: Some(2),
        ..Annotation::default()
    };
    insta::assert_snapshot!(written(&record));
}

/// Those that are stored are read as they are as long as the number of their form is the same.
#[test]
fn what_templates_look_like_has_a_number() {
    let [least, fullest] = [least(), fullest()].map(|stored| {
        let summary = record(stored).summary.unwrap();
        format!(
            "{:x}",
            Sha256::digest(template::of(&summary).unwrap().bytes)
        )
    });
    let known = (
        1,
        "9607a59c43e35aa4aa6b2735a99ac038c3721d0cba193aac0472511109f14a91",
        "bd27428226a62408942d6adddb81dc9cb3e03f83ba30b0d233dc0cf616b70497",
    );
    assert_eq!(
        (template::FORM, least.as_str(), fullest.as_str()),
        known,
        "raise FORM, then put the new digests here"
    );
}

#[test]
fn an_imported_summary_over_our_own() {
    let mut summary = fullest();
    summary["beside"] = fullest();
    summary["imported"] = json!({
        "account_sid": "ACffffffffffffffffffffffffffffffff", "call_sid": "CAcccccccccccccccccccccccccccccccc",
        "parent_call_sid": "", "processing_state": "partial", "processing_version": 9,
        "created_time": "2026-06-01T11:59:00.123Z", "start_time": "", "end_time": "2026-06-01T12:00:01Z",
        "call_type": "carrier", "answered_by": "", "duration": 61,
        "from": {"caller": "+15550001111", "carrier": "", "location": null, "city": ""},
        "carrier_edge": {"properties": {"media_region": "unknown_realm"}, "metrics": {"inbound": {"packets_lost": 0}}},
        "client_edge": null, "tags": ["high_packet_loss"], "url": "https://insights.twilio.com/elsewhere",
        "annotation": {"spam": true}, "properties": {"pdd_ms": 0, "route_id": "", "settings": {}},
    });
    insta::assert_snapshot!(written(&record(summary)));
}

fn event(mut stored: Value) -> CallEvent {
    stored["id"] = json!("e1");
    stored["at"] = json!("2026-06-01T11:59:03.7Z");
    stored["source"] = json!({"kind": "native"});
    CallEvent::from_stored_json(call(), stored.to_string().as_bytes()).unwrap()
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

#[test]
fn events_of_every_kind() {
    let record = record(fullest());
    let events = [
        event(json!({"kind": "progress", "step": "no_answer"})),
        event(json!({
            "kind": "edge", "edge": "sdk_edge", "group": "connection", "name": "error", "level": "ERROR",
            "data": {"error": {"code": 31600}},
        })),
        event(
            json!({"kind": "edge", "edge": "sip_edge", "group": "call", "name": "call.connected"}),
        ),
        event(json!({
            "kind": "edge", "group": "conversation_relay", "name": "interrupt",
            "conversation_relay": {"session_id": "VX1", "interrupt": {}},
        })),
    ];
    let items: Vec<_> = events
        .iter()
        .map(|event| event::render(event, record.summary.as_ref()).unwrap())
        .collect();
    insta::assert_snapshot!(pretty(&items));
    let unknown_type = event::render(&events[0], None).unwrap();
    assert_eq!(
        serde_json::to_value(unknown_type).unwrap()["edge"],
        Value::Null
    );
}

#[test]
fn a_media_report() {
    let event = event(json!({
        "kind": "media", "edge": "sdk_edge", "direction": "both",
        "interval": {
            "packets_received": 50, "packets_lost": 0, "loss_percent": 0.0, "audio_in": {"value": 81.0},
            "jitter_ms": {"value": 9.0}, "mos": {"value": 4.39}, "mos_method": "sdk", "rtt_ms": {"value": 81.0},
            "delayed_packets": {"70": 2},
        },
        "cumulative": {"bytes_received": 547_788, "packets_lost": 0, "jitter_ms": {"avg": 3.0, "max": 9.0, "value": 9.0}},
        "metadata": {"region": "us1"},
    }));
    insta::assert_snapshot!(pretty(&metric::render(&event).unwrap()));
    assert!(matches!(event.observation, Observation::Media(_)));
    assert!(event::render(&event, None).is_none());
}
