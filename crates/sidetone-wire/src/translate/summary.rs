//! A whole summary of another system, in the shape of the REST resource or of the events about it.
//!
//! It is kept whole and served back field for field; what is read from it here makes it searchable.

use serde_json::Value;
use sidetone_core::annotation::{Annotation, QualityIssue, TEXT_MAX_CHARS};
use sidetone_core::event::{EventId, ImportStage, ImportedSummary, Observation, SourceKind};
use sidetone_core::facts::{CallFacts, PartyFacts};
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{CallDirection, CallState, ProcessingState};

use super::edge_description::{EDGES, edge_facts, q850, tags};
use super::trust::trust_facts;
use super::{content_hash, cut, event_id, source};
use crate::error::DecodeError;
use crate::identity::{AccountName, CallName};
use crate::loose::Object;
use crate::observed::Observed;

/// Translates a summary fetched from the REST API (`/v1/Voice/{CallSid}/Summary`, an item of
/// `/Summaries`).
///
/// Its id is a hash of its content; its time is the end of the call, else the start, else that of
/// receipt.
///
/// # Errors
/// When it is not a JSON object with a `call_sid`.
pub fn import(summary: Value, received_at: TimeUs) -> Result<Observed, DecodeError> {
    let object = Object::of(Some(&summary));
    let stage = match object.word("processing_state") {
        Some(ProcessingState::Complete) => ImportStage::Complete,
        Some(ProcessingState::Partial) | None => ImportStage::Partial,
    };
    let at = object
        .time("end_time")
        .or_else(|| object.time("start_time"))
        .unwrap_or(received_at);
    let id = event_id(&format!(
        "rest-{}",
        content_hash([summary.to_string().as_bytes()])
    ));
    imported(summary, stage, id, at)?.checked()
}

/// Makes the event of a summary.
pub(super) fn imported(
    summary: Value,
    stage: ImportStage,
    id: EventId,
    at: TimeUs,
) -> Result<Observed, DecodeError> {
    let object = Object::of(Some(&summary));
    let (call, account) = subject_call(object)?;
    let version = object.narrow("processing_version").unwrap_or(0);
    let facts = Box::new(facts(object));
    let imported = as_it_came(stage, version, facts, summary);
    Ok(Observed {
        account,
        call,
        parent: None,
        id,
        at,
        source: source(SourceKind::EventStreams, None),
        observation: Observation::Imported(Box::new(imported)),
    })
}

/// A summary of which is read, beside its facts, what is kept of it apart from them.
pub(super) fn as_it_came(
    stage: ImportStage,
    version: u32,
    facts: Box<CallFacts>,
    raw: Value,
) -> ImportedSummary {
    let object = Object::of(Some(&raw));
    ImportedSummary {
        stage,
        version,
        processing: object.word("processing_state"),
        facts,
        annotation: annotation(object.object("annotation")),
        raw,
    }
}

/// What people said of the call there. Words not known here are left out.
fn annotation(said: Object<'_>) -> Annotation {
    let text = |key: &str| {
        let text = said.value(key)?.as_str()?.trim();
        (!text.is_empty()).then(|| cut(text.to_owned(), TEXT_MAX_CHARS))
    };
    let mut quality_issues: Vec<QualityIssue> = Vec::new();
    for word in words(said.value("quality_issues")) {
        let issue = match word {
            // As the text of the documentation has it.
            "one_way_audio" => Some(QualityIssue::OneWayAudio),
            word => word.parse().ok(),
        };
        quality_issues.extend(issue.filter(|issue| !quality_issues.contains(issue)));
    }
    Annotation {
        answered_by: said.word("answered_by"),
        connectivity_issue: said.word("connectivity_issue"),
        quality_issues: Some(quality_issues).filter(|issues| !issues.is_empty()),
        spam: said.flag("spam"),
        call_score: said
            .narrow("call_score")
            .filter(|score| (1..=5).contains(score)),
        comment: text("comment"),
        incident: text("incident"),
    }
}

/// The words of a list, or of a text with commas.
fn words(list: Option<&Value>) -> impl Iterator<Item = &str> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    let text = list.and_then(Value::as_str).unwrap_or_default();
    let words = items.filter_map(Value::as_str).chain(text.split(','));
    words.map(str::trim)
}

/// The call and the account a payload is about.
pub(super) fn subject_call(
    payload: Object<'_>,
) -> Result<(CallName, Option<AccountName>), DecodeError> {
    const EXPECTED: &str = "CA and 32 hexadecimal digits";
    let text = payload
        .str("call_sid")
        .ok_or_else(|| DecodeError::missing("call_sid", EXPECTED))?;
    let sid = text
        .parse()
        .map_err(|_| DecodeError::invalid("call_sid", text, EXPECTED))?;
    let account = payload.str("account_sid").and_then(AccountName::parse);
    Ok((CallName::Sid(sid), account))
}

/// Everything a summary says, in our terms. What is missing, empty or `unknown_…` is `None`; so are
/// words not known here.
pub(super) fn facts(summary: Object<'_>) -> CallFacts {
    let properties = summary.object("properties");
    CallFacts {
        parent: summary.word("parent_call_sid"),
        parent_account: summary.word("parent_account_sid"),
        call_type: summary.word("call_type"),
        state: summary.str("call_state").and_then(call_state),
        direction: properties.str("direction").and_then(call_direction),
        // That it is not known who answered is what detection found.
        answered_by: summary.word("answered_by"),
        created_at: summary.time("created_time"),
        started_at: summary.time("start_time"),
        // An answer has no field of its own; it lies `connect_duration` before the end.
        answered_at: None,
        ended_at: summary.time("end_time"),
        duration_s: summary.whole("duration"),
        connect_duration_s: summary.whole("connect_duration"),
        pdd_ms: properties.whole("pdd_ms"),
        last_sip_response: properties
            .narrow("last_sip_response_num")
            .filter(|code| (100..=699).contains(code)),
        q850_cause: q850(properties),
        disconnected_by: properties.text("disconnected_by"),
        queue_time_ms: properties.whole("queue_time"),
        conference_participant: summary.object("attributes").flag("conference_participant"),
        tags: tags(summary),
        agent_sessions: summary.compound("agent_session_summaries"),
        from: party(summary.object("from"), "caller"),
        to: party(summary.object("to"), "callee"),
        trust: trust_facts(summary.object("trust")),
        edges: EDGES
            .into_iter()
            .map(|kind| (kind, summary.object(kind.as_str())))
            .filter(|(_, edge)| !edge.is_empty())
            .map(|(kind, edge)| (kind, edge_facts(kind, edge)))
            .collect(),
    }
}

fn party(party: Object<'_>, address: &str) -> PartyFacts {
    let location = party.object("location");
    PartyFacts {
        address: party.text(address),
        carrier: party.text("carrier"),
        connection: party.text("connection"),
        country_code: party
            .str("country_code")
            .filter(|code| code.len() == 2 && code.bytes().all(|it| it.is_ascii_alphabetic()))
            .map(str::to_ascii_uppercase),
        country_subdivision: party.text("country_subdivision"),
        city: party.text("city"),
        latitude: location
            .number("lat")
            .filter(|degrees| (-90.0..=90.0).contains(degrees)),
        longitude: location
            .number("lon")
            .filter(|degrees| (-180.0..=180.0).contains(degrees)),
        ip_address: party.text("ip_address"),
        number_prefix: party.text("number_prefix"),
        sdk: party.compound("sdk"),
    }
}

/// The state, also in the words of the 2010 API.
fn call_state(word: &str) -> Option<CallState> {
    match word {
        "failed" => Some(CallState::Fail),
        "no-answer" => Some(CallState::NoAnswer),
        _ => word.parse().ok(),
    }
}

/// The direction, with underscores or hyphens.
fn call_direction(word: &str) -> Option<CallDirection> {
    word.replace('-', "_").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(said: Value, expected: &Value) {
        let raw = json!({"annotation": said});
        let imported = as_it_came(ImportStage::Complete, 1, Box::default(), raw.clone());
        let expected: Annotation = serde_json::from_value(expected.clone()).unwrap();
        assert_eq!(imported.annotation, expected, "{raw}");
    }

    #[test]
    fn what_people_said_there_is_read() {
        check(
            json!({"account_sid": "AC1", "call_sid": "CA1", "answered_by": "human", "connectivity_issue": "no_connectivity_issue",
                "quality_issues": ["echo", "latency", "echo"], "spam": false, "call_score": 2, "comment": " A ", "incident": "T-1"}),
            &json!({"answered_by": "human", "connectivity_issue": "no_connectivity_issue", "quality_issues": ["echo", "latency"],
                "spam": false, "call_score": 2, "comment": "A", "incident": "T-1"}),
        );
        check(
            json!({"answered_by": "unknown_answered_by", "quality_issues": "owa, one_way_audio,dtmf", "call_score": "5", "spam": "True"}),
            &json!({"answered_by": "unknown_answered_by", "quality_issues": ["owa", "dtmf"], "call_score": 5, "spam": true}),
        );
        check(
            json!({"answered_by": "robot", "quality_issues": ["x", 1], "call_score": 6, "spam": null, "comment": "", "url": "x"}),
            &json!({}),
        );
        check(
            json!({"comment": "é".repeat(101)}),
            &json!({"comment": "é".repeat(100)}),
        );
        for nothing in [json!(null), json!({}), json!("x"), json!([])] {
            check(nothing, &json!({}));
        }
    }
}
