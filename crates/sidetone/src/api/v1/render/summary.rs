//! A call summary as the API writes it.

use serde::{Serialize, Serializer};
use serde_json::Value;
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::summary::{CallSummary, PddLimit, SipSummary};
use sidetone_core::vocabulary::{
    AnsweredBy, CallDirection, CallState, CallType, EdgeKind, ProcessingState, Tag,
};
use sidetone_store::CallRecord;

use super::annotation::NestedAnnotation;
use super::edge::Edge;
use super::imported::{self, Here};
use super::party::Party;
use super::trust::Trust;
use super::{Seconds, SummaryUrl};

/// A summary of our own making, or one with another system's laid over it.
#[derive(Debug)]
pub enum ServedSummary<'a> {
    /// Of our own making; the usual case, written straight from the record.
    Ours(Box<SummaryResource<'a>>),
    /// Another system's, served back field for field.
    Imported(Value),
}

impl Serialize for ServedSummary<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Ours(summary) => summary.serialize(serializer),
            Self::Imported(value) => value.serialize(serializer),
        }
    }
}

/// Writes a call's summary.
#[must_use]
pub fn render<'a, S>(
    record: &'a CallRecord<S>,
    summary: &'a CallSummary,
    url: SummaryUrl<'a>,
) -> ServedSummary<'a> {
    match &summary.imported {
        None => ServedSummary::Ours(Box::new(SummaryResource::of(record, summary, url))),
        Some(raw) => {
            let beside = summary.beside.as_deref();
            let beside = beside.map(|beside| SummaryResource {
                observed: Observed {
                    // That it did not wait is concluded, not observed.
                    created_time: beside.facts.created_at.map(Seconds),
                    ..Observed::of(beside)
                },
                ..SummaryResource::of(record, beside, url)
            });
            let here = Here::of(record, summary, url);
            ServedSummary::Imported(imported::served(raw, beside.as_ref(), &here))
        }
    }
}

/// The Summary resource. Fields that are not known are null; the two parents are left out then.
#[derive(Debug, Serialize)]
pub struct SummaryResource<'a> {
    account_sid: AccountSid,
    call_sid: CallSid,
    #[serde(flatten)]
    state: State,
    processing_version: u32,
    #[serde(flatten)]
    observed: Observed<'a>,
    annotation: Option<NestedAnnotation<'a>>,
    #[serde(flatten)]
    agents: Agents<'a>,
    url: SummaryUrl<'a>,
}

/// What the call is and how far it got: what stands before the count of its versions.
#[derive(Debug, Serialize)]
pub(super) struct State {
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_account_sid: Option<AccountSid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_call_sid: Option<CallSid>,
    call_type: Option<CallType>,
    call_state: Option<CallState>,
    answered_by: Option<AnsweredBy>,
    processing_state: ProcessingState,
}

/// What was seen of the call: what stands before its annotation.
#[derive(Debug, Serialize)]
pub(super) struct Observed<'a> {
    created_time: Option<Seconds>,
    start_time: Option<Seconds>,
    end_time: Option<Seconds>,
    duration: Option<u64>,
    connect_duration: Option<u64>,
    from: Party<'a>,
    to: Party<'a>,
    carrier_edge: Option<Edge<'a>>,
    client_edge: Option<Edge<'a>>,
    sdk_edge: Option<Edge<'a>>,
    sip_edge: Option<Edge<'a>>,
    tags: Option<&'a [Tag]>,
    attributes: Option<Attributes>,
    properties: Option<Properties<'a>>,
    trust: Option<Trust<'a>>,
}

/// What stands behind the annotation.
#[derive(Debug, Serialize)]
pub(super) struct Agents<'a> {
    agent_session_summaries: Option<&'a Value>,
}

#[derive(Debug, Serialize)]
struct Attributes {
    conference_participant: bool,
}

#[derive(Debug, Default, PartialEq, Serialize)]
struct Properties<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<CallDirection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnected_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sip_response_num: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pdd_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pdd_limit: Option<Limit<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    q850_cause: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue_time: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    end_not_seen: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sip: Option<&'a SipSummary>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Limit<'a> {
    p95_ms: u64,
    country: Option<&'a str>,
}

impl<'a> From<&'a PddLimit> for Limit<'a> {
    fn from(limit: &'a PddLimit) -> Self {
        Self {
            p95_ms: limit.p95_ms,
            country: limit.country.as_deref(),
        }
    }
}

impl<'a> SummaryResource<'a> {
    fn of<S>(record: &'a CallRecord<S>, summary: &'a CallSummary, url: SummaryUrl<'a>) -> Self {
        Self {
            account_sid: record.call.account,
            call_sid: record.call.sid,
            state: State::of(summary),
            processing_version: record.processing_version,
            observed: Observed::of(summary),
            annotation: NestedAnnotation::of(record.call, &record.annotation),
            agents: Agents::of(summary),
            url,
        }
    }
}

impl State {
    pub(super) const fn of(summary: &CallSummary) -> Self {
        let facts = &summary.facts;
        Self {
            parent_account_sid: facts.parent_account,
            parent_call_sid: facts.parent,
            call_type: facts.call_type,
            call_state: facts.state,
            answered_by: facts.answered_by,
            processing_state: summary.processing,
        }
    }
}

impl<'a> Observed<'a> {
    pub(super) fn of(summary: &'a CallSummary) -> Self {
        let facts = &summary.facts;
        let edge = |kind| summary.edges.get(&kind).map(Edge::from);
        Self {
            // Where nobody said when it was asked for, it did not wait.
            created_time: facts.created_at.or(facts.started_at).map(Seconds),
            start_time: facts.started_at.map(Seconds),
            end_time: facts.ended_at.map(Seconds),
            duration: facts.duration_s,
            connect_duration: facts.connect_duration_s,
            from: Party::from_side(&facts.from),
            to: Party::to_side(&facts.to),
            carrier_edge: edge(EdgeKind::Carrier),
            client_edge: edge(EdgeKind::Client),
            sdk_edge: edge(EdgeKind::Sdk),
            sip_edge: edge(EdgeKind::Sip),
            tags: Some(summary.tags.as_slice()).filter(|tags| !tags.is_empty()),
            attributes: facts
                .conference_participant
                .map(|conference_participant| Attributes {
                    conference_participant,
                }),
            properties: Some(Properties::of(summary))
                .filter(|properties| *properties != Properties::default()),
            trust: Trust::of(&facts.trust),
        }
    }
}

impl<'a> Agents<'a> {
    pub(super) const fn of(summary: &'a CallSummary) -> Self {
        Self {
            agent_session_summaries: summary.facts.agent_sessions.as_ref(),
        }
    }
}

impl<'a> Properties<'a> {
    fn of(summary: &'a CallSummary) -> Self {
        let facts = &summary.facts;
        Self {
            direction: facts.direction,
            disconnected_by: facts.disconnected_by.as_deref(),
            last_sip_response_num: facts.last_sip_response,
            pdd_ms: facts.pdd_ms,
            pdd_limit: summary.pdd_limit.as_ref().map(Into::into),
            q850_cause: facts.q850_cause,
            queue_time: facts.queue_time_ms,
            end_not_seen: summary.end_not_seen,
            sip: summary.sip.as_ref(),
        }
    }
}
