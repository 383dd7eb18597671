//! Laws that hold for any input.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sidetone_wire::batch::Batch;
use sidetone_wire::form::Form;
use sidetone_wire::signature;
use sidetone_wire::translate::native::{self, NativeReader};

use crate::doors::describe;

const DOORS: [&str; 7] = [
    "status-callback",
    "event-streams",
    "events",
    "cdr-freeswitch",
    "cdr-asterisk",
    "voice-sdk-event",
    "voice-sdk-metrics",
];

/// JSON of any shape, with the words that mean something somewhere as keys and values.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "",
        "unknown",
        "call_sid",
        "CA5f0c1e2d3a4b49588776655443322110",
        "kind",
        "progress",
        "media",
        "step",
        "ringing",
        "at",
        "2026-06-01T00:00:00Z",
        "facts",
        "from",
        "to",
        "edges",
        "carrier_edge",
        "sdk_edge",
        "edge",
        "direction",
        "inbound",
        "interval",
        "jitter",
        "metrics",
        "properties",
        "tags",
        "silence",
        "group",
        "name",
        "data",
        "type",
        "com.twilio.voice.insights.call-summary.complete",
        "com.twilio.voice.insights.call-metrics.sdk",
        "com.twilio.voice.insights.call-event.gateway",
        "id",
        "time",
        "account_sid",
        "timestamp",
        "packet_delay_variation",
        "d50",
        "trust",
        "branded",
        "location",
        "lat",
        "CallSid",
        "CallStatus",
        "completed",
        "variables",
        "uuid",
        "callStats",
        "uniqueid",
        "disposition",
        "payload",
        "temp_call_sid",
        "TJS1271fe49-3dc5-4566-bc20-c472c79e72d0",
        "connection",
        "outgoing",
        "OUTGOING",
        "ANSWERED",
        "extra",
        "rtp_statistics",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..8).prop_map(|members| {
                let members = members
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value));
                Value::Object(members.collect::<Map<_, _>>())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_decoded(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
        for door in DOORS {
            describe(door, &bytes);
        }
    }

    #[test]
    fn any_json_is_decoded(value in any_json()) {
        for door in DOORS {
            describe(door, value.to_string().as_bytes());
        }
    }

    #[test]
    fn any_payload_is_decoded(data in any_json(), kind in 0..7usize) {
        let kind = sidetone_wire::translate::event_streams::TYPES[kind];
        let mut data = data;
        if let Some(members) = data.as_object_mut() {
            members.insert("call_sid".into(), "CA5f0c1e2d3a4b49588776655443322110".into());
        }
        let event = json!([{ "type": kind, "id": "EZ1", "data": data }]);
        describe("event-streams", event.to_string().as_bytes());
    }

    #[test]
    fn the_size_of_chunks_makes_no_difference(
        bytes in "[\\[\\]{},:\"\\\\\n\r a1]{0,200}",
        size in 1..64usize,
    ) {
        let mut batch = Batch::default();
        let mut reader = NativeReader::default();
        for chunk in bytes.as_bytes().chunks(size) {
            reader.feed(chunk, &mut batch);
        }
        reader.finish(&mut batch);
        prop_assert_eq!(batch, native::decode_all(bytes.as_bytes()));
    }

    #[test]
    fn a_signature_fits_what_was_signed_and_nothing_else(
        secret in prop::collection::vec(any::<u8>(), 0..80),
        pairs in prop::collection::vec(("[a-zA-Z ]{0,8}", "[^\\x00]{0,8}"), 0..8),
        url in "https?://[a-z.@:0-9\\[\\]]{0,20}(/[a-z]{0,4})?(\\?[a-z=&]{0,8})?",
        other in ".{0,40}",
    ) {
        let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let form = Form::decode(body.as_bytes()).unwrap();
        let signature = signature::sign_form(&secret, &url, form.pairs());
        prop_assert!(signature::verify_form(&secret, &url, &form, &signature));
        prop_assert!(!signature::verify_form(&secret, &url, &form, &other));
        prop_assert!(!signature::verify_body(&secret, &url, body.as_bytes(), &other));
    }
}
