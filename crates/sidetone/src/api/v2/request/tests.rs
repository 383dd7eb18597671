use serde_json::json;
use sidetone_core::vocabulary::{CallState, CallType};

use super::*;

fn read(body: Json) -> Result<ReportRequest, String> {
    let now = TimeUs::parse_rfc3339("2026-06-08T12:00:00.25Z").unwrap();
    let account = AccountSid::from_bytes([1; 16]);
    ReportRequest::read(&ReportBody(body), account, now).map_err(|invalid| {
        assert!(invalid.message.contains(&*invalid.parameter));
        invalid.message
    })
}

#[track_caller]
fn times(range: Json, expected: [&str; 2]) {
    let asked = read(json!({"time_range": range})).unwrap();
    let told = [&asked.meta.start_datetime, &asked.meta.end_datetime];
    assert_eq!(told, expected);
    let meant = [asked.filter.started_from, asked.before].map(|at| at.to_string());
    assert_eq!(meant, expected);
}

#[test]
fn a_week_until_now_is_meant_when_no_time_is_said() {
    let week = ["2026-06-01T12:00:00Z", "2026-06-08T12:00:00Z"];
    times(json!(null), week);
    times(json!({}), week);
    times(json!({"start_datetime": null, "end_datetime": null}), week);
    times(
        json!({"start_datetime": "2026-06-08T14:00:00+04:00"}),
        ["2026-06-08T10:00:00Z", "2026-06-08T12:00:00Z"],
    );
    times(
        json!({"end_datetime": " 2026-01-08 00:00:00.5+00:00"}),
        ["2026-01-01T00:00:00.5Z", "2026-01-08T00:00:00.5Z"],
    );
    let asked = read(Json::Null).unwrap();
    assert_eq!((asked.size, asked.meta.filters.len()), (1000, 0));
    assert_eq!(
        asked,
        read(json!({"time_range": null, "filters": null, "size": null})).unwrap()
    );
}

fn filtered(key: &str, values: Json) -> ReportRequest {
    read(json!({"filters": [{"key": key, "values": values}], "size": 6000})).unwrap()
}

#[test]
fn every_key_narrows() {
    let states = filtered("call_state", json!(["completed", "failed", " no-answer "]));
    let expected = [CallState::Completed, CallState::Fail, CallState::NoAnswer];
    assert_eq!(states.filter.call_state, expected);
    assert_eq!(states.size, 6000);
    let told = serde_json::to_value(&states.meta.filters).unwrap();
    let values = json!(["completed", "failed", " no-answer "]);
    assert_eq!(told, json!([{"key": "call_state", "values": values}]));

    let direction = |values| filtered("call_direction", values).filter.direction;
    assert_eq!(direction(json!(["inbound"])), INBOUND);
    assert_eq!(direction(json!(["outbound"])), OUTBOUND);
    let one = [CallDirection::OutboundApi];
    assert_eq!(direction(json!(["outbound_api"])), one);
    let types = filtered("call_type", json!(["sip", "carrier"]))
        .filter
        .call_type;
    assert_eq!(types, [CallType::Sip, CallType::Carrier]);
    assert_eq!(filtered("twilio_regions", json!(["us1"])).regions, ["us1"]);
    let from = filtered("caller_country_code", json!(["us", "DE"])).filter;
    assert_eq!(from.from_country, ["US", "DE"]);
    let to = filtered("callee_country_code", json!(["NL"])).filter;
    assert_eq!(to.to_country, ["NL"]);
    let silent = |values| filtered("silent", values).filter;
    assert_eq!(silent(json!(["true"])).tag, [Tag::Silence]);
    assert_eq!(silent(json!(["FALSE"])).unwanted[0].tag, [Tag::Silence]);
    let either = silent(json!(["true", "false"]));
    assert!(either.tag.is_empty() && either.unwanted.is_empty());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let filter = |key: &str, values: Json| json!({"filters": [{"key": key, "values": values}]});
    let time = |name: &str, value: Json| json!({"time_range": {name: value}});
    let keys = "one of call_state, call_direction, call_type, twilio_regions, caller_country_code, \
                callee_country_code, silent.";
    for (body, expected) in [
        (json!([]), "Invalid body '[]'. Expected an object with time_range, filters and size,".to_owned()),
        (json!({"size": 0}), "Invalid size '0'. Expected an integer from 1 to 6000.".into()),
        (json!({"size": 6001}), "Invalid size '6001'. Expected an integer from 1 to 6000.".into()),
        (json!({"size": 1.5}), "Invalid size '1.5'. Expected an integer".into()),
        (json!({"size": "10"}), "Invalid size '10'. Expected an integer".into()),
        (json!({"time_range": "7d"}), "Invalid time_range '7d'. Expected an object".into()),
        (
            time("start_datetime", json!("yesterday")),
            "Invalid time_range.start_datetime 'yesterday'. Expected an ISO 8601 time (2026-".into(),
        ),
        (time("start_datetime", json!("2026-06-01")), "Invalid time_range.start_datetime".into()),
        (time("end_datetime", json!(1_717_200_000)), "Invalid time_range.end_datetime '1717".into()),
        (
            time("start_datetime", json!("2026-06-08T12:00:00Z")),
            "Invalid time_range.start_datetime '2026-06-08T12:00:00Z'. Expected a time before \
             end_datetime, 2026-06-08T12:00:00Z."
                .into(),
        ),
        (
            json!({"time_range": {"start_datetime": "2026-06-02T00:00:00Z", "end_datetime": "2026-06-01T00:00:00Z"}}),
            "Invalid time_range.end_datetime '2026-06-01T00:00:00Z'. Expected a time after \
             start_datetime, 2026-06-02T00:00:00Z."
                .into(),
        ),
        (json!({"filters": {}}), "Invalid filters '{}'. Expected an array of objects with".into()),
        (json!({"filters": ["sip"]}), "Invalid filters[0] 'sip'. Expected an object with key".into()),
        (json!({"filters": [{}]}), format!("Missing filters[0].key. Expected {keys}")),
        (json!({"filters": [{"key": 1}]}), format!("Invalid filters[0].key '1'. Expected {keys}")),
        (filter("colour", json!(["red"])), format!("Invalid filters[0].key 'colour'. Expected {keys}")),
        (
            json!({"filters": [{"key": "call_type"}]}),
            "Missing filters[0].values. Expected an array of 1 to 100 texts.".into(),
        ),
        (filter("call_type", json!("sip")), "Invalid filters[0].values 'sip'. Expected an array of 1 to 100".into()),
        (filter("call_type", json!([])), "Invalid filters[0].values '[]'. Expected an array of 1 to 100".into()),
        (filter("call_type", json!([1])), "Invalid filters[0].values[0] '1'. Expected a text.".into()),
        (
            filter("call_type", json!(["sip", "pstn"])),
            "Invalid filters[0].values[1] 'pstn'. Expected one of carrier, sip, trunking, client, whatsapp.".into(),
        ),
        (
            filter("call_direction", json!(["up"])),
            "Invalid filters[0].values[0] 'up'. Expected one of outbound, outbound_api, outbound_dial, inbound,".into(),
        ),
        (filter("call_state", json!(["done"])), "Invalid filters[0].values[0] 'done'. Expected one of ringing,".into()),
        (filter("callee_country_code", json!(["USA"])), "Invalid filters[0].values[0] 'USA'. Expected a country".into()),
        (filter("silent", json!(["maybe"])), "Invalid filters[0].values[0] 'maybe'. Expected true or false.".into()),
        (filter("twilio_regions", json!([" "])), "Invalid filters[0].values[0] ''. Expected the name of a region".into()),
        (
            filter("twilio_regions", json!(["x".repeat(65)])),
            format!("Invalid filters[0].values[0] '{}…'. Expected at most 64 characters, not 65.", "x".repeat(64)),
        ),
        (
            filter("callee_country_code", json!(vec!["US"; 101])),
            "Invalid filters[0].values '[\"US\",\"US\",".into(),
        ),
        (
            json!({"filters": [{"key": "silent", "values": ["true"]}, {"key": "silent", "values": ["true"]}]}),
            "Invalid filters[1].key 'silent'. Expected each key once.".into(),
        ),
    ] {
        let message = read(body.clone()).unwrap_err();
        assert!(message.starts_with(&expected), "{body}: {message}");
    }
}
