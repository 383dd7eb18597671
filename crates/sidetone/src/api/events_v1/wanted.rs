//! The types of events that a form asks for.

use serde_json::Value as JsonValue;
use sidetone_store::sinks::{SinkKind, SubscribedType};

use crate::streams::event_type::EventType;
use crate::web::form::{Invalid, Params, Value};

const TYPES_EXPECTED: &str = "for each type the text of a JSON object such as \
    {\"type\": \"com.twilio.voice.insights.call-summary.complete\", \"schema_version\": 7}";

/// A type in a version, as the store keeps it.
pub(super) fn subscribed(known: EventType, schema_version: u32) -> SubscribedType {
    SubscribedType {
        name: known.to_string(),
        schema_version,
    }
}

/// The version that a form asks for, or the latest.
pub(super) fn version(form: &Params, known: EventType) -> Result<u32, Invalid> {
    let latest = known.schema().latest();
    let version = form.filled("SchemaVersion");
    version.map_or(Ok(latest), |version| version.integer(1..=latest))
}

/// A type that a kind of sink takes.
pub(super) fn event_type(name: Value<'_>, sink: SinkKind) -> Result<EventType, Invalid> {
    let known = name.text.parse::<EventType>().ok();
    let known = known.filter(|known| known.suits(sink));
    known.ok_or_else(|| name.invalid(expected(sink)))
}

/// What a type for a kind of sink may be.
pub(super) fn expected(sink: SinkKind) -> String {
    let all = EventType::ALL.iter().filter(|known| known.suits(sink));
    let all: Vec<&str> = all.map(|known| known.as_str()).collect();
    format!("one of {} for a sink of type {sink}", all.join(", "))
}

/// The types that a form names: `Types` comes once for each, or once with an array.
pub(super) fn types(form: &Params, sink: SinkKind) -> Result<Vec<SubscribedType>, Invalid> {
    let mut types: Vec<SubscribedType> = Vec::new();
    for value in form.all("Types").filter(|value| !value.text.is_empty()) {
        let named = match serde_json::from_str(value.text) {
            Ok(JsonValue::Array(named)) => named,
            Ok(named) => vec![named],
            Err(_) => return Err(value.invalid(TYPES_EXPECTED)),
        };
        for named in named {
            let next = one_of_types(value, &named, sink)?;
            if types.iter().any(|it| it.name == next.name) {
                return Err(value.invalid("each type once"));
            }
            types.push(next);
        }
    }
    match types.is_empty() {
        true => Err(Invalid::missing("Types", TYPES_EXPECTED)),
        false => Ok(types),
    }
}

/// One of `Types`: `{"type", "schema_version"}`, or without a version the latest.
fn one_of_types(
    value: Value<'_>,
    named: &JsonValue,
    sink: SinkKind,
) -> Result<SubscribedType, Invalid> {
    let wrong = || value.invalid(TYPES_EXPECTED);
    let members = named.as_object().ok_or_else(wrong)?;
    let is_known = |name: &String| matches!(name.as_str(), "type" | "schema_version");
    if !members.keys().all(is_known) {
        return Err(wrong());
    }
    let name = members.get("type").and_then(JsonValue::as_str);
    let name = Value {
        name: value.name,
        text: name.ok_or_else(wrong)?,
    };
    let known = event_type(name, sink)?;
    let latest = known.schema().latest();
    let version = match members.get("schema_version") {
        None | Some(JsonValue::Null) => latest,
        Some(version) => {
            let number = version.as_u64().and_then(|number| number.try_into().ok());
            let number = number.filter(|number| (1..=latest).contains(number));
            number.ok_or_else(|| {
                Invalid::new(
                    "Types",
                    &version.to_string(),
                    format_args!("a schema_version from 1 to {latest} for {known}"),
                )
            })?
        }
    };
    Ok(subscribed(known, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: &str = "com.twilio.voice.insights.call-summary.complete";

    fn read(sink: SinkKind, types_: &[&str]) -> Result<Vec<(String, u32)>, String> {
        let mut form = Params::default();
        for text in types_ {
            form.push("Types", text);
        }
        let read = types(&form, sink).map_err(|invalid| invalid.message)?;
        let pair = |it: SubscribedType| (it.name, it.schema_version);
        Ok(read.into_iter().map(pair).collect())
    }

    #[test]
    fn types_come_one_by_one_or_together() {
        let event = "com.twilio.voice.insights.call-event.sdk";
        let one = format!(r#"{{"type":"{COMPLETE}","schema_version":1}}"#);
        let other = format!(r#"{{"type":"{event}"}}"#);
        let expected = Ok(vec![(COMPLETE.to_owned(), 1), (event.to_owned(), 3)]);
        let webhook = SinkKind::Webhook;
        assert_eq!(read(webhook, &[&one, &other]), expected);
        assert_eq!(read(webhook, &[&format!("[{one},{other}]")]), expected);
        assert_eq!(read(SinkKind::Segment, &[&one]).map(|it| it.len()), Ok(1));
    }

    #[test]
    fn what_is_no_type_is_refused() {
        let of = |name: &str, more: &str| format!(r#"{{"type":"{name}"{more}}}"#);
        let conference = "com.twilio.voice.insights.conference-summary.complete";
        let event = "com.twilio.voice.insights.call-event.sdk";
        for (sink, types, message) in [
            (
                SinkKind::Webhook,
                vec![],
                "Missing Types. Expected for each type",
            ),
            (
                SinkKind::Webhook,
                vec![String::new()],
                "Missing Types. Expected for each type",
            ),
            (
                SinkKind::Webhook,
                vec!["[]".to_owned()],
                "Missing Types. Expected for each type",
            ),
            (
                SinkKind::Webhook,
                vec![COMPLETE.to_owned()],
                "Invalid Types 'com.twilio",
            ),
            (
                SinkKind::Webhook,
                vec!["[1]".to_owned()],
                "Invalid Types '[1]'. Expected for each",
            ),
            (
                SinkKind::Webhook,
                vec![of(COMPLETE, r#","version":1"#)],
                "Invalid Types '{\"type\":",
            ),
            (
                SinkKind::Webhook,
                vec![of(conference, "")],
                "Invalid Types 'com.twilio.voice.insights.conference-summary.complete'. Expected one of com.twilio",
            ),
            (
                SinkKind::Segment,
                vec![of(event, "")],
                "Invalid Types 'com.twilio.voice.insights.call-event.sdk'. Expected one of com.twilio",
            ),
            (
                SinkKind::Webhook,
                vec![of(event, r#","schema_version":4"#)],
                "Invalid Types '4'. Expected a schema_version from 1 to 3 for com.twilio",
            ),
            (
                SinkKind::Webhook,
                vec![of(event, r#","schema_version":"1""#)],
                "Invalid Types '\"1\"'. Expected a schema_version from 1 to 3 for com.twilio",
            ),
            (
                SinkKind::Webhook,
                vec![of(event, ""), of(event, r#","schema_version":1"#)],
                "Invalid Types '{\"type\":",
            ),
        ] {
            let types: Vec<&str> = types.iter().map(String::as_str).collect();
            let refused = read(sink, &types).unwrap_err();
            assert!(refused.starts_with(message), "{refused}");
        }
    }
}
