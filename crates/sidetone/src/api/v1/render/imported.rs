//! Another system's summary, served back field for field.
//!
//! Where it is silent (a field is absent, null or an empty text) our own observation of the call
//! stands; where there is none either, the silence is passed on as it came. What is one statement,
//! such as the figures of a stream, is never put together of two.
//!
//! Ours in any case:
//! - `account_sid`, `call_sid`: the call is filed under our account, whatever the account was
//!   there;
//! - `url`: it must lead here;
//! - `annotation`, once somebody here has said something else than was said there;
//! - `processing_state`, once a call has settled here that the other system never completed.

use serde::Serialize;
use serde_json::map::Entry;
use serde_json::{Map, Value};
use sidetone_core::annotation::Annotation;
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::summary::CallSummary;
use sidetone_core::vocabulary::ProcessingState;
use sidetone_store::CallRecord;

use super::SummaryUrl;
use super::annotation::NestedAnnotation;

/// Objects whose fields say something each on its own; any other is one statement.
const OPEN: [&str; 9] = [
    "from",
    "to",
    "carrier_edge",
    "client_edge",
    "sdk_edge",
    "sip_edge",
    "properties",
    "metrics",
    "trust",
];
/// Fields of a summary of ours that tell nothing of what was observed.
const FRAME: [&str; 6] = [
    "account_sid",
    "call_sid",
    "url",
    "processing_state",
    "processing_version",
    "annotation",
];

/// What is ours of an imported summary.
#[derive(Debug, Serialize)]
pub struct Here<'a> {
    /// Where it is filed.
    pub account_sid: AccountSid,
    /// The call.
    pub call_sid: CallSid,
    /// Where it is read.
    pub url: SummaryUrl<'a>,
    /// Whether it is settled, by the import's word or by our timers.
    pub processing_state: ProcessingState,
    /// Count of its versions here.
    pub processing_version: u32,
    /// What is said of the call, if that is something else than the import says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotation: Option<Option<NestedAnnotation<'a>>>,
}

impl<'a> Here<'a> {
    /// What is said here of a call.
    #[must_use]
    pub fn of<S>(record: &'a CallRecord<S>, summary: &CallSummary, url: SummaryUrl<'a>) -> Self {
        let nothing = Annotation::default();
        let imported = summary.imported_annotation.as_ref();
        let said_there = imported.map_or(&nothing, |imported| &imported.annotation);
        Self {
            account_sid: record.call.account,
            call_sid: record.call.sid,
            url,
            processing_state: summary.processing,
            processing_version: record.processing_version,
            annotation: (record.annotation != *said_there)
                .then(|| NestedAnnotation::of(record.call, &record.annotation)),
        }
    }
}

/// An imported summary as it is served. `beside`: our own observations of the call.
#[must_use]
pub fn served(imported: &Value, beside: Option<&impl Serialize>, here: &Here<'_>) -> Value {
    let mut fields = imported.as_object().cloned().unwrap_or_default();
    let beside = beside.map(|beside| object(beside));
    for (name, value) in beside.into_iter().flatten() {
        if !FRAME.contains(&name.as_str()) {
            fill(&mut fields, name, value);
        }
    }
    for (name, value) in object(here) {
        let is_said = fields.get(&name).is_some_and(|value| !is_silent(value));
        match name.as_str() {
            "processing_version" if is_said => continue,
            "processing_state" if is_said && says(&fields, here.processing_state) => continue,
            _ => fields.insert(name, value),
        };
    }
    if let Some(Value::Object(annotation)) = fields.get_mut("annotation")
        && let Some(account) = annotation.get_mut("account_sid")
    {
        *account = Value::String(here.account_sid.to_string());
    }
    Value::Object(fields)
}

fn object(value: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// Whether the state that is told is this one.
fn says(fields: &Map<String, Value>, state: ProcessingState) -> bool {
    let told = fields.get("processing_state").and_then(Value::as_str);
    let told = told.and_then(|word| word.parse().ok());
    told.unwrap_or(ProcessingState::Partial) == state
}

/// Puts a value where nothing is said.
fn fill(fields: &mut Map<String, Value>, name: String, ours: Value) {
    if is_silent(&ours) {
        return;
    }
    let is_open = OPEN.contains(&name.as_str());
    match fields.entry(name) {
        Entry::Vacant(entry) => {
            if let Some(ours) = without_silence(ours) {
                entry.insert(ours);
            }
        }
        Entry::Occupied(mut entry) => match (entry.get_mut(), ours) {
            (Value::Object(fields), Value::Object(ours)) if is_open => {
                for (name, ours) in ours {
                    fill(fields, name, ours);
                }
            }
            (theirs, ours) if is_silent(theirs) => {
                if let Some(ours) = without_silence(ours) {
                    *theirs = ours;
                }
            }
            _ => {}
        },
    }
}

fn is_silent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// A value of ours, if it says anything.
fn without_silence(ours: Value) -> Option<Value> {
    let is_empty = matches!(&ours, Value::Object(fields) if fields.values().all(is_silent));
    (!is_empty).then_some(ours)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn here(processing_state: ProcessingState) -> Here<'static> {
        Here {
            account_sid: AccountSid::from_bytes([1; 16]),
            call_sid: CallSid::from_bytes([2; 16]),
            url: SummaryUrl::List("here"),
            processing_state,
            processing_version: 7,
            annotation: None,
        }
    }

    /// What is served, without what is ours in any case.
    #[track_caller]
    fn check(beside: &Value, imported: &Value, expected: &Value) {
        let here = here(ProcessingState::Complete);
        let mut told = imported.clone();
        told["processing_state"] = json!("complete");
        told["processing_version"] = json!(3);
        let Value::Object(mut fields) = served(&told, Some(beside), &here) else {
            panic!("no object")
        };
        let ours = FRAME.map(|name| fields.remove(name));
        let [account, call, url, state, version, _] = ours;
        assert_eq!(account, Some(json!(here.account_sid)));
        assert_eq!(
            (call, url),
            (Some(json!(here.call_sid)), Some(json!("here")))
        );
        assert_eq!((state, version), (Some(json!("complete")), Some(json!(3))));
        assert_eq!(Value::Object(fields), *expected);
    }

    #[test]
    fn the_import_wins_where_it_says_something() {
        check(
            &json!({"a": 1, "trust": {"c": 1, "d": 2}, "tags": ["x", "y"]}),
            &json!({"a": 0, "trust": {"c": false}, "tags": []}),
            &json!({"a": 0, "trust": {"c": false, "d": 2}, "tags": []}),
        );
        check(
            &json!({"a": null}),
            &json!({"a": {"b": ""}, "e": 1}),
            &json!({"a": {"b": ""}, "e": 1}),
        );
        check(
            &json!({"from": {"b": 1}}),
            &json!({"from": "flat"}),
            &json!({"from": "flat"}),
        );
    }

    #[test]
    fn ours_stands_where_the_import_is_silent() {
        check(
            &json!({"a": 1, "to": {"c": 1}, "d": "x", "e": 2}),
            &json!({"a": null, "to": {"c": ""}, "d": ""}),
            &json!({"a": 1, "to": {"c": 1}, "d": "x", "e": 2}),
        );
        check(
            &json!({"to": {"b": 1}}),
            &json!({"to": null}),
            &json!({"to": {"b": 1}}),
        );
    }

    #[test]
    fn where_both_are_silent_the_import_is_passed_on_as_it_came() {
        check(
            &json!({"a": null, "d": null, "from": {}, "to": {"b": null}}),
            &json!({"a": "", "b": "", "c": null, "from": null}),
            &json!({"a": "", "b": "", "c": null, "from": null}),
        );
    }

    #[test]
    fn one_statement_is_not_put_together_of_two() {
        let edge = |figures| json!({"sip_edge": {"metrics": {"inbound": figures}}});
        let whole = edge(json!({"packets_received": 9, "mos_method": "g107"}));
        check(
            &whole,
            &edge(json!({"mos": {"avg": 4.2}})),
            &edge(json!({"mos": {"avg": 4.2}})),
        );
        check(&whole, &edge(json!(null)), &whole);
        check(
            &json!({"from": {"location": {"lat": 1.0, "lon": 2.0}}}),
            &json!({"from": {"location": {"lat": null, "lon": 5}}}),
            &json!({"from": {"location": {"lat": null, "lon": 5}}}),
        );
    }

    #[test]
    fn some_fields_are_ours() {
        let told = json!({"account_sid": "AC9", "call_sid": "CA9", "url": "there", "processing_state": "partial",
            "annotation": {"account_sid": "AC9", "spam": true, "unheard_of": 1}});
        let ours = here(ProcessingState::Complete);
        let account = ours.account_sid;
        let nothing = None::<&Value>;
        let answer = served(&told, nothing, &ours);
        assert_eq!(
            answer,
            json!({"account_sid": account, "call_sid": ours.call_sid, "url": "here", "processing_state": "complete",
                "processing_version": 7, "annotation": {"account_sid": account, "spam": true, "unheard_of": 1}})
        );
        // A word not known here is passed on while the call is partial.
        let partial = here(ProcessingState::Partial);
        let answer = served(&json!({"processing_state": "started"}), nothing, &partial);
        assert_eq!(answer["processing_state"], "started");
        let other = Here {
            annotation: Some(None),
            ..here(ProcessingState::Complete)
        };
        assert_eq!(served(&told, nothing, &other)["annotation"], Value::Null);
    }
}
