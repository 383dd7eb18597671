//! Another system's summary, served back field for field over our own.
//!
//! The imported value wins wherever it says something. Where it is silent (absent, null or an empty text) our own
//! observation stands, and where there is none either, the silence is passed on as it came. What is no observation is
//! not added: what merely follows from a number (country, prefix), and that an edge was not measured by us.
//!
//! Ours in any case:
//! - `account_sid`, `call_sid`: the call is filed under our account, whatever the account was there;
//! - `url`: it must lead here;
//! - `annotation`: judgement is kept apart from summaries and may be newer than the import;
//! - `processing_state`: a call settles here, by our timers, also when the import was a partial one.

use serde::Serialize;
use serde_json::map::Entry;
use serde_json::{Map, Value};
use sidetone_core::time::TimeUs;

/// Fields that are never taken from an import.
const OURS: [&str; 5] = [
    "account_sid",
    "call_sid",
    "url",
    "annotation",
    "processing_state",
];
/// Fields that hold a time, written in whole seconds whatever their precision was.
const TIMES: [&str; 3] = ["created_time", "start_time", "end_time"];

const PARTIES: [&str; 2] = ["from", "to"];
const EDGES: [&str; 4] = ["carrier_edge", "client_edge", "sdk_edge", "sip_edge"];
/// Fields of a party that follow from its number.
const DERIVED: [&str; 2] = ["country_code", "number_prefix"];

/// Lays an imported summary over ours.
#[must_use]
pub fn overlay(ours: &impl Serialize, imported: &Value) -> Value {
    let mut value = serde_json::to_value(ours).unwrap_or_default();
    if let (Value::Object(fields), Value::Object(imported)) = (&mut value, imported) {
        keep_observations(fields, imported);
        for (key, theirs) in imported {
            if OURS.contains(&key.as_str()) {
                continue;
            }
            match theirs {
                Value::String(text) if TIMES.contains(&key.as_str()) => {
                    lay(fields, key, &Value::String(whole_seconds(text)));
                }
                _ => lay(fields, key, theirs),
            }
        }
    }
    value
}

/// Takes out of ours what an import is not to be completed by.
fn keep_observations(ours: &mut Map<String, Value>, imported: &Map<String, Value>) {
    for side in PARTIES {
        if let (Some(Value::Object(party)), Some(Value::Object(_))) =
            (ours.get_mut(side), imported.get(side))
        {
            DERIVED.iter().for_each(|key| drop(party.remove(*key)));
        }
    }
    for name in EDGES {
        if let Some(edge) = ours.get_mut(name)
            && edge.get("not_measured").is_some()
        {
            match edge.get("properties") {
                Some(Value::Object(properties)) if !properties.is_empty() => {
                    if let Some(edge) = edge.as_object_mut() {
                        edge.remove("not_measured");
                        edge.remove("disregarded");
                    }
                }
                _ => *edge = Value::Null,
            }
        }
    }
}

fn lay(fields: &mut Map<String, Value>, key: &str, theirs: &Value) {
    match fields.entry(key) {
        Entry::Vacant(entry) => {
            entry.insert(theirs.clone());
        }
        Entry::Occupied(mut entry) => match (entry.get_mut(), theirs) {
            (Value::Object(fields), Value::Object(theirs)) => {
                for (key, theirs) in theirs {
                    lay(fields, key, theirs);
                }
            }
            (ours, theirs) if is_silent(ours) || !is_silent(theirs) => *ours = theirs.clone(),
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

/// The same time without its fraction; a text that is no time as it came.
fn whole_seconds(text: &str) -> String {
    TimeUs::parse_rfc3339(text).map_or_else(|| text.to_owned(), TimeUs::to_seconds_text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(ours: &Value, imported: &Value, expected: &Value) {
        assert_eq!(overlay(ours, imported), *expected);
    }

    #[test]
    fn the_import_wins_where_it_says_something() {
        check(
            &json!({"a": 1, "b": {"c": 1, "d": 2}, "tags": ["x", "y"]}),
            &json!({"a": 0, "b": {"c": false}, "tags": []}),
            &json!({"a": 0, "b": {"c": false, "d": 2}, "tags": []}),
        );
        check(
            &json!({"a": null}),
            &json!({"a": {"b": ""}, "e": 1}),
            &json!({"a": {"b": ""}, "e": 1}),
        );
        check(
            &json!({"a": {"b": 1}}),
            &json!({"a": "flat"}),
            &json!({"a": "flat"}),
        );
    }

    #[test]
    fn ours_stands_where_the_import_is_silent() {
        check(
            &json!({"a": 1, "b": {"c": 1}, "d": "x"}),
            &json!({"a": null, "b": {"c": ""}, "d": ""}),
            &json!({"a": 1, "b": {"c": 1}, "d": "x"}),
        );
        check(
            &json!({"a": {"b": 1}}),
            &json!({"a": null}),
            &json!({"a": {"b": 1}}),
        );
    }

    #[test]
    fn where_both_are_silent_the_import_is_passed_on_as_it_came() {
        check(
            &json!({"a": null}),
            &json!({"a": "", "b": "", "c": null}),
            &json!({"a": "", "b": "", "c": null}),
        );
    }

    #[test]
    fn nothing_derived_is_added_to_an_imported_party() {
        let ours = json!({"from": {"caller": "+1", "country_code": "US", "number_prefix": "1555", "city": "X"}});
        check(
            &ours,
            &json!({"from": {"caller": "+1", "country_code": ""}}),
            &json!({"from": {"caller": "+1", "country_code": "", "city": "X"}}),
        );
        check(&ours, &json!({"from": null}), &ours);
    }

    #[test]
    fn that_we_did_not_measure_is_not_added() {
        let edge = |properties| json!({"properties": properties, "metrics": null, "not_measured": "no_media_report"});
        let ours =
            json!({"sip_edge": edge(json!({})), "client_edge": edge(json!({"region": "us1"}))});
        let metrics = json!({"metrics": {"inbound": {"packets_lost": 0}}});
        check(
            &ours,
            &json!({"client_edge": metrics}),
            &json!({
                "sip_edge": null,
                "client_edge": {"properties": {"region": "us1"}, "metrics": {"inbound": {"packets_lost": 0}}},
            }),
        );
        check(
            &ours,
            &json!({"sip_edge": metrics, "client_edge": null}),
            &json!({
                "sip_edge": metrics,
                "client_edge": {"properties": {"region": "us1"}, "metrics": null},
            }),
        );
    }

    #[test]
    fn some_fields_stay_ours() {
        let ours = json!({"account_sid": "AC1", "call_sid": "CA1", "url": "u", "annotation": null,
            "processing_state": "complete"});
        let imported = json!({"account_sid": "AC2", "call_sid": "CA2", "url": "v", "annotation": {"spam": true},
            "processing_state": "partial"});
        check(&ours, &imported, &ours);
    }

    #[test]
    fn times_lose_their_fraction() {
        check(
            &json!({}),
            &json!({"start_time": "2026-06-01T02:00:00.999+02:00", "end_time": "soon"}),
            &json!({"start_time": "2026-06-01T00:00:00Z", "end_time": "soon"}),
        );
    }
}
