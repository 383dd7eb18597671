use serde_json::json;
use sidetone_core::event::{EdgeEvent, Observation, SourceKind, Step};
use sidetone_core::id::AccountSid;

use super::*;
use crate::error::Problem;

const CALL: &str = "CA00112233445566778899aabbccddeeff";

fn refusal(json: &str) -> String {
    decode(json.as_bytes()).unwrap_err().to_string()
}

#[test]
fn reads_an_event_of_the_least() {
    let line = format!(
        r#"{{"call_sid":"{CALL}","at":"2026-06-01T00:00:00Z","kind":"progress","step":"ringing"}}"#
    );
    let observed = decode(line.as_bytes()).unwrap();
    assert!(matches!(
        observed.observation,
        Observation::Progress {
            step: Step::Ringing,
            ..
        }
    ));
    assert_eq!(observed.source.kind, SourceKind::Native);
    assert_eq!(observed.id, decode(line.as_bytes()).unwrap().id);
}

#[test]
fn names_what_is_wrong() {
    let event =
        |members: &str| format!(r#"{{"call_sid":"{CALL}","at":"2026-06-01T00:00:00Z",{members}}}"#);
    for (line, message) in [
        (
            "nonsense".to_owned(),
            "Invalid JSON 'nonsense'. Expected a JSON object (expected ident).",
        ),
        (
            "[1]".to_owned(),
            "Invalid event '[1]'. Expected a JSON object.",
        ),
        (
            event(r#""step":"ringing","stp":1"#),
            "Missing kind. Expected one of progress, facts, media, edge, imported, timer.",
        ),
        (
            event(r#""kind":"Progres","step":"ringing""#),
            "Invalid kind 'Progres'. Expected one of progress, facts, media, edge, imported, timer; the nearest is progress.",
        ),
        (
            event(r#""kind":"facst","facts":{},"more":1"#),
            "Invalid kind 'facst'. Expected one of progress, facts, media, edge, imported, timer; the nearest is facts.",
        ),
        (
            event(r#""kind":"progress","step":"rung""#),
            "Invalid step 'rung'. Expected one of queued, initiated, ringing, answered, completed, busy, failed, \
             no_answer, canceled.",
        ),
        (
            event(r#""kind":"progress""#),
            "Missing step. Expected one of queued, initiated, ringing, answered, completed, busy, failed, no_answer, \
             canceled.",
        ),
        (
            event(r#""kind":"timer","timer":"settled","step":"ringing""#),
            "Unknown member 'step'. Expected one of v, id, call_sid, account_sid, at, source, kind, timer.",
        ),
        (
            event(r#""kind":"timer","timer":"settled","timr":1"#),
            "Unknown member 'timr'. Expected one of v, id, call_sid, account_sid, at, source, kind, timer.",
        ),
        (
            event(r#""kind":"facts","facts":{"from":{"latitude":"north"}}"#),
            "Invalid facts.from.latitude 'north'. Expected a number.",
        ),
        (
            event(r#""kind":"facts","facts":{"duration_s":-1}"#),
            "Invalid facts.duration_s '-1'. Expected a whole number that fits.",
        ),
        (
            event(r#""kind":"timer","timer":"settled","v":2"#),
            "Invalid v '2'. Expected 1.",
        ),
        (
            event(r#""kind":"timer","timer":"settled","id":"a b""#),
            "Invalid id 'a b'. Expected 1 to 128 printable ASCII characters without spaces.",
        ),
        (
            event(r#""kind":"timer","timer":"settled","id":"sidetone:settled""#),
            "Invalid id 'sidetone:settled'. Expected an id that does not begin with sidetone:.",
        ),
        (
            r#"{"kind":"timer","timer":"settled","at":"2026-06-01T00:00:00Z"}"#.to_owned(),
            "Missing call_sid. Expected the id of a call: CA and 32 hexadecimal digits, a UUID, or any text of up to 255 \
             bytes.",
        ),
        (
            format!(r#"{{"kind":"timer","timer":"settled","call_sid":"{CALL}"}}"#),
            "Missing at. Expected a time like 2026-06-01T00:00:00Z.",
        ),
        (
            format!(r#"{{"kind":"timer","timer":"settled","call_sid":"{CALL}","at":"yesterday"}}"#),
            "Invalid at 'yesterday'. Expected a time like 2026-06-01T00:00:00Z.",
        ),
        (
            event(r#""kind":"timer","timer":"settled","source":{"agnt":"a"}"#),
            "Invalid source '{\"agnt\":\"a\"}'. Expected a name, or an object of kind, agent and translator.",
        ),
        (
            event(r#""step":"ringing""#),
            "Missing kind. Expected one of progress, facts, media, edge, imported, timer.",
        ),
    ] {
        assert_eq!(refusal(&line), message, "{line}");
    }
}

#[test]
fn names_what_is_out_of_bounds() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let facts = |facts: &str| format!(r#""kind":"facts","facts":{{{facts}}}"#);
    let media = |counters: &str| {
        format!(
            r#""kind":"media","edge":"sip_edge","direction":"inbound","cumulative":{{{counters}}}"#
        )
    };
    let edge = |group: &str, data: &str| {
        format!(r#""kind":"edge","group":"{group}","name":"n","data":{data}"#)
    };
    for (good, bad, path) in [
        (
            facts(r#""last_sip_response":699"#),
            facts(r#""last_sip_response":99"#),
            "facts.last_sip_response",
        ),
        (
            facts(r#""q850_cause":127"#),
            facts(r#""q850_cause":128"#),
            "facts.q850_cause",
        ),
        (
            facts(r#""from":{"latitude":-90}"#),
            facts(r#""from":{"latitude":90.5}"#),
            "facts.from.latitude",
        ),
        (
            facts(r#""to":{"longitude":180}"#),
            facts(r#""to":{"longitude":-181}"#),
            "facts.to.longitude",
        ),
        (
            facts(r#""to":{"country_code":"ZA"}"#),
            facts(r#""to":{"country_code":"za"}"#),
            "facts.to.country_code",
        ),
        (
            facts(r#""started_at":"1970-01-01T00:00:00Z""#),
            facts(r#""started_at":"2200-01-01T00:00:00Z""#),
            "facts.started_at",
        ),
        (
            facts(&format!(r#""from":{{"address":"{}"}}"#, "é".repeat(512))),
            facts(&format!(r#""from":{{"address":"{}"}}"#, "x".repeat(513))),
            "facts.from.address",
        ),
        (
            facts(r#""edges":{"sip_edge":{"q850_cause":16}}"#),
            facts(r#""edges":{"sip_edge":{"q850_cause":200}}"#),
            "facts.edges.sip_edge.q850_cause",
        ),
        (
            facts(&format!(r#""agent_sessions":{}"#, deep(32))),
            facts(&format!(r#""agent_sessions":{}"#, deep(33))),
            "facts.agent_sessions",
        ),
        (
            media(r#""codec":127"#),
            media(r#""codec":128"#),
            "cumulative.codec",
        ),
        (
            media(r#""loss_percent":100"#),
            media(r#""loss_percent":100.1"#),
            "cumulative.loss_percent",
        ),
        (
            media(r#""mos":{"avg":1}"#),
            media(r#""mos":{"avg":0.9}"#),
            "cumulative.mos.avg",
        ),
        (
            media(r#""jitter_ms":{"max":0}"#),
            media(r#""jitter_ms":{"max":-1}"#),
            "cumulative.jitter_ms.max",
        ),
        (
            media(r#""audio_in":{"value":32767}"#),
            media(r#""audio_in":{"value":32768}"#),
            "cumulative.audio_in.value",
        ),
        (
            media(r#""packets_received":9007199254740992"#),
            media(r#""packets_received":9007199254740993"#),
            "cumulative.packets_received",
        ),
        (
            edge(&"g".repeat(128), "1"),
            edge(&"g".repeat(129), "1"),
            "group",
        ),
        (edge("g", &deep(32)), edge("g", &deep(33)), "data"),
        (
            format!(r#""kind":"transcript","words":{}"#, deep(31)),
            format!(r#""kind":"transcript","words":{}"#, deep(32)),
            "event",
        ),
    ] {
        let event = |members: &str| {
            format!(r#"{{"call_sid":"{CALL}","at":"2026-06-01T00:00:00Z",{members}}}"#)
        };
        assert!(decode(event(&good).as_bytes()).is_ok(), "{good}");
        assert_eq!(
            decode(event(&bad).as_bytes()).unwrap_err().field,
            path,
            "{bad}"
        );
    }
    let line = format!(
        r#"{{"call_sid":"{CALL}","at":"9999-01-01T00:00:00Z","kind":"timer","timer":"settled"}}"#
    );
    assert_eq!(
        refusal(&line),
        "Invalid at '9999-01-01T00:00:00Z'. Expected a time of the years 1970 to 2199."
    );
}

#[test]
fn a_kind_of_a_later_version_is_kept_without_its_envelope() {
    let line = format!(
        r#"{{"call_sid":"{CALL}","at":"2026-06-01T00:00:00Z","kind":"transcript","step":7,"words":["a"]}}"#
    );
    let observed = decode(line.as_bytes()).unwrap();
    assert_eq!(
        observed.observation,
        Observation::Unknown(json!({"kind": "transcript", "step": 7, "words": ["a"]}))
    );
    let line = line.replace("transcript", "unknown");
    let observed = decode(line.as_bytes()).unwrap();
    assert_eq!(
        observed.observation,
        Observation::Unknown(json!({"kind": "unknown", "step": 7, "words": ["a"]}))
    );
    let line = r#"{"call_sid":7,"kind":"transcript"}"#;
    assert_eq!(refusal(line), "Invalid call_sid '7'. Expected a string.");
}

#[test]
fn null_is_nothing_at_every_level() {
    let event = |facts: &str| {
        let line = format!(
            r#"{{"id":"a","call_sid":"{CALL}","at":"2026-06-01T00:00:00Z","kind":"facts","facts":{facts}}}"#
        );
        decode(line.as_bytes()).unwrap()
    };
    assert_eq!(
        event(r#"{"from":null,"trust":null,"edges":null,"duration_s":null}"#),
        event("{}")
    );
}

#[test]
fn a_stored_event_comes_back_the_same() {
    let account = AccountSid::from_bytes([1; 16]);
    let line = format!(
        r#"{{"v":1,"id":"a","call_sid":"{CALL}","at":"2026-06-01T00:00:00.25Z","kind":"edge","group":"audio","name":"muted",
            "edge":"sdk_edge","level":"INFO","source":{{"kind":"event_streams","agent":"x","translator":3}}}}"#
    );
    let event = decode(line.as_bytes()).unwrap().place(account);
    let mut stored: serde_json::Value = serde_json::from_slice(&event.to_stored_json()).unwrap();
    stored["call_sid"] = CALL.into();
    let again = decode(stored.to_string().as_bytes())
        .unwrap()
        .place(account);
    assert_eq!(event, again);
    assert!(
        matches!(&event.observation, Observation::Edge(edge) if **edge == EdgeEvent {
            data: None, ..(**edge).clone()
        })
    );
}

#[test]
fn chunks_and_forms_make_no_difference() {
    let one = format!(
        r#"{{"call_sid":"{CALL}","at":"2026-06-01T00:00:00Z","kind":"timer","timer":"settled"}}"#
    );
    let lines = format!("\u{feff}\n{one}\r\n\nnonsense\n{one}");
    let array = format!("\u{feff}\n [{one} , {{\"nonsense\":1}},\n{one}]\n");
    for (body, part) in [(&lines, InputPart::Line(4)), (&array, InputPart::Item(2))] {
        for size in 1..body.len() {
            let mut batch = Batch::default();
            let mut reader = NativeReader::default();
            for chunk in body.as_bytes().chunks(size) {
                reader.feed(chunk, &mut batch);
            }
            reader.finish(&mut batch);
            assert_eq!(batch, decode_all(body.as_bytes()), "{size}");
        }
        let batch = decode_all(body.as_bytes());
        assert_eq!(batch.observed.len(), 2);
        assert_eq!(batch.refused.count, 1);
        assert_eq!(batch.refused.first[0].part, part);
        assert_ne!(batch.refused.first[0].problem, Problem::TooLarge);
    }
    assert_eq!(decode_all(b" \n"), Batch::default());
}
