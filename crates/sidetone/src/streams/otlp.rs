//! Events as log records of OpenTelemetry (OTLP 1.5, JSON encoding of protobuf): keys in lower camel
//! case, integers of 64 bits as text, enumerations as numbers.

use serde::Deserialize;
use serde_json::{Value, json};
use sidetone_core::time::TimeUs;

use super::cloud_event::SPECVERSION;

/// `SEVERITY_NUMBER_INFO`.
const INFO: (u8, &str) = (9, "INFO");
/// Those of alerts that fire, by how bad these are.
const ALARMS: [(&str, (u8, &str)); 3] = [
    ("warning", (13, "WARN")),
    ("error", (17, "ERROR")),
    ("critical", (21, "FATAL")),
];
/// Characters of a receiver's words that are kept.
const MESSAGE_MAX: usize = 200;
/// Who says it (semantic conventions, `service.name`).
const SERVICE: &str = "sidetone";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An event.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Its type as `CloudEvents` has it: the name of the record.
    pub kind: &'a str,
    /// What it is about: a path.
    pub source: &'a str,
    /// Its identity.
    pub id: &'a str,
    /// What the data is, by name and version.
    pub dataschema: &'a str,
    /// When it happened.
    pub at: TimeUs,
    /// Attributes of ours: name and value.
    pub more: &'a [(&'a str, String)],
    /// Whether something is as bad as the data says.
    pub is_alarm: bool,
}

/// A log record of an event, seen by us `now`, as JSON. The data is its body.
///
/// # Errors
/// When the data is no JSON.
pub fn record(told: &Told<'_>, data: &[u8], now: TimeUs) -> serde_json::Result<Vec<u8>> {
    let data: Value = serde_json::from_slice(data)?;
    let severity = told.is_alarm.then(|| data["severity"].as_str());
    let (number, text) = match severity {
        Some(Some(word)) => ALARMS
            .iter()
            .find(|it| it.0 == word)
            .map_or(INFO, |it| it.1),
        _ => INFO,
    };
    // Names of CloudEvents as the semantic conventions have them.
    let known = [
        ("cloudevents.event_id", told.id),
        ("cloudevents.event_source", told.source),
        ("cloudevents.event_spec_version", SPECVERSION),
        ("cloudevents.event_type", told.kind),
        ("sidetone.dataschema", told.dataschema),
    ];
    let more = told
        .more
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    let attributes: Vec<Value> = known.into_iter().chain(more).map(attribute).collect();
    serde_json::to_vec(&json!({
        "timeUnixNano": nanoseconds(told.at),
        "observedTimeUnixNano": nanoseconds(now),
        "severityNumber": number,
        "severityText": text,
        "eventName": told.kind,
        "attributes": attributes,
        "body": any(&data),
    }))
}

fn attribute((name, value): (&str, &str)) -> Value {
    json!({"key": name, "value": {"stringValue": value}})
}

fn nanoseconds(at: TimeUs) -> String {
    // There is no time before 1970.
    (i128::from(at.micros().max(0)) * 1000).to_string()
}

/// An `ExportLogsServiceRequest` of records that are JSON already, of one resource.
#[must_use]
pub fn request(records: &[&[u8]]) -> Vec<u8> {
    let resource = json!({
        "attributes": [attribute(("service.name", SERVICE)), attribute(("service.version", VERSION))],
    });
    let scope = json!({"name": SERVICE, "version": VERSION});
    let mut body = format!(
        r#"{{"resourceLogs":[{{"resource":{resource},"scopeLogs":[{{"scope":{scope},"logRecords":["#
    )
    .into_bytes();
    for (place, record) in records.iter().enumerate() {
        if place > 0 {
            body.push(b',');
        }
        body.extend_from_slice(record);
    }
    body.extend_from_slice(b"]}]}]}");
    body
}

/// What of a request was not taken, though it was answered with success.
#[derive(Debug, PartialEq, Eq)]
pub struct Rejected {
    /// How many records; 0: it only warns.
    pub records: u64,
    /// Why, for people.
    pub message: String,
}

/// Reads an `ExportLogsServiceResponse`. `None`: all was taken. What cannot be read means that too: it
/// was answered with success.
#[must_use]
pub fn rejected(body: &[u8]) -> Option<Rejected> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Answer {
        partial_success: Option<Partial>,
    }
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase", default)]
    struct Partial {
        /// A text, or a number of those who do not keep to the encoding.
        rejected_log_records: Value,
        error_message: String,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let partial = answer.partial_success?;
    let records = match &partial.rejected_log_records {
        Value::String(text) => text.parse().unwrap_or(0),
        other => other.as_u64().unwrap_or(0),
    };
    let is_told = records > 0 || !partial.error_message.is_empty();
    is_told.then(|| Rejected {
        records,
        message: partial.error_message.chars().take(MESSAGE_MAX).collect(),
    })
}

/// A value of any type, as protobuf has it in JSON. Null is a value that is not set.
fn any(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(value) => json!({"boolValue": value}),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => json!({"intValue": integer.to_string()}),
            None => json!({"doubleValue": number.as_f64()}),
        },
        Value::String(text) => json!({"stringValue": text}),
        Value::Array(items) => {
            let values: Vec<Value> = items.iter().map(any).collect();
            json!({"arrayValue": {"values": values}})
        }
        Value::Object(members) => {
            let values = members.iter();
            let values = values.map(|(key, value)| json!({"key": key, "value": any(value)}));
            json!({"kvlistValue": {"values": values.collect::<Vec<_>>()}})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_record_and_its_data_the_body() {
        let at = TimeUs::parse_rfc3339("2026-06-01T12:00:00.25Z").unwrap();
        let told = Told {
            kind: "com.twilio.voice.insights.call-summary.complete",
            source: "/v1/Voice/CA1/Summary",
            id: "EZ1",
            dataschema: "https://events-schemas.twilio.com/VoiceInsights.CallSummary/7",
            at,
            more: &[("sidetone.call.sid", "CA1".to_owned())],
            is_alarm: false,
        };
        let data = br#"{"a":null,"b":true,"c":9007199254740993,"d":1.5,"e":["x",{}],"f":18446744073709551615}"#;
        let record = record(&told, data, at.plus_us(1)).unwrap();
        let body: Value = serde_json::from_slice(&request(&[record.as_slice()])).unwrap();
        let resource = &body["resourceLogs"][0];
        let name = &resource["resource"]["attributes"][0];
        assert_eq!(*name, attribute(("service.name", "sidetone")));
        let record = &resource["scopeLogs"][0]["logRecords"][0];
        assert_eq!(record["timeUnixNano"], "1780315200250000000");
        assert_eq!(record["observedTimeUnixNano"], "1780315200250001000");
        assert_eq!(record["severityNumber"], 9);
        assert_eq!(record["eventName"], told.kind);
        let attributes = record["attributes"].as_array().unwrap();
        for pair in [
            ("cloudevents.event_id", "EZ1"),
            ("cloudevents.event_source", told.source),
            ("cloudevents.event_spec_version", "1.0"),
            ("cloudevents.event_type", told.kind),
            ("sidetone.dataschema", told.dataschema),
            ("sidetone.call.sid", "CA1"),
        ] {
            assert!(attributes.contains(&attribute(pair)), "{pair:?}");
        }
        let expected = json!({"kvlistValue": {"values": [
            {"key": "a", "value": {}},
            {"key": "b", "value": {"boolValue": true}},
            {"key": "c", "value": {"intValue": "9007199254740993"}},
            {"key": "d", "value": {"doubleValue": 1.5}},
            {"key": "e", "value": {"arrayValue": {"values": [
                {"stringValue": "x"}, {"kvlistValue": {"values": []}},
            ]}}},
            {"key": "f", "value": {"doubleValue": 18_446_744_073_709_551_615.0}},
        ]}});
        assert_eq!(record["body"], expected);
        assert!(super::record(&told, b"{", at).is_err());
        for (is_alarm, data, number) in [
            (true, &br#"{"severity":"critical"}"#[..], 21),
            (true, br#"{"severity":"info"}"#, 9),
            (true, b"{}", 9),
            (false, br#"{"severity":"critical"}"#, 9),
        ] {
            let told = Told { is_alarm, ..told };
            let record = super::record(&told, data, at).unwrap();
            let record: Value = serde_json::from_slice(&record).unwrap();
            assert_eq!(record["severityNumber"], number);
        }
    }

    #[test]
    fn records_stand_beside_each_other() {
        let body: Value = serde_json::from_slice(&request(&[b"1", b"2"])).unwrap();
        let records = &body["resourceLogs"][0]["scopeLogs"][0]["logRecords"];
        assert_eq!(*records, json!([1, 2]));
    }

    #[test]
    fn what_was_not_taken_is_read() {
        let partial = |records: u64, message: &str| {
            Some(Rejected {
                records,
                message: message.to_owned(),
            })
        };
        for (body, expected) in [
            ("", None),
            ("OK", None),
            ("{}", None),
            (r#"{"partialSuccess":null}"#, None),
            (r#"{"partialSuccess":{}}"#, None),
            (r#"{"partialSuccess":{"rejectedLogRecords":"0"}}"#, None),
            (
                r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"too old"}}"#,
                partial(3, "too old"),
            ),
            (
                r#"{"partialSuccess":{"rejectedLogRecords":3}}"#,
                partial(3, ""),
            ),
            (
                r#"{"partialSuccess":{"errorMessage":"slow down"}}"#,
                partial(0, "slow down"),
            ),
        ] {
            assert_eq!(rejected(body.as_bytes()), expected, "{body}");
        }
    }
}
