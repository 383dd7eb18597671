//! An item of a call's Events.

use serde::Serialize;
use serde_json::Value;
use sidetone_core::event::{CallEvent, Observation, Step};
use sidetone_core::facts::EdgeFacts;
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::summary::CallSummary;
use sidetone_core::vocabulary::{CallType, EdgeKind, Level};

use super::Seconds;

/// One event. Of the four edge objects only the one that `edge` names is filled.
#[derive(Debug, Serialize)]
pub struct EventItem<'a> {
    timestamp: Seconds,
    call_sid: CallSid,
    account_sid: AccountSid,
    edge: Option<EdgeKind>,
    group: &'a str,
    name: &'a str,
    level: Option<Level>,
    carrier_edge: Option<Detail<'a>>,
    sip_edge: Option<Detail<'a>>,
    sdk_edge: Option<Detail<'a>>,
    client_edge: Option<Detail<'a>>,
    conversation_relay_data: Option<&'a Value>,
}

/// What an edge's object carries.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
enum Detail<'a> {
    /// As reported.
    Reported(&'a Value),
    /// A step of the call: where it was seen.
    Step { metadata: Gateway<'a> },
    /// Nothing was reported but the event itself.
    Nothing {},
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
struct Gateway<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edge_location: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    twilio_ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_ip: Option<&'a str>,
}

impl<'a> From<&'a EdgeFacts> for Gateway<'a> {
    fn from(facts: &'a EdgeFacts) -> Self {
        Self {
            region: facts.signaling_region.as_deref(),
            edge_location: facts.edge_location.as_deref(),
            twilio_ip: facts.signaling_ip.as_deref(),
            external_ip: facts.external_signaling_ip.as_deref(),
        }
    }
}

/// The edge whose gateway sees a call's signalling; progress is shown there.
#[must_use]
pub const fn main_edge(call_type: Option<CallType>) -> Option<EdgeKind> {
    match call_type {
        Some(CallType::Carrier | CallType::Whatsapp) => Some(EdgeKind::Carrier),
        Some(CallType::Sip | CallType::Trunking) => Some(EdgeKind::Sip),
        Some(CallType::Client) => Some(EdgeKind::Client),
        None => None,
    }
}

/// Adds to a warning of our own what is known of the edge it was measured at.
pub fn add_gateway(warning: &mut CallEvent, summary: &CallSummary) {
    let Observation::Edge(edge) = &mut warning.observation else {
        return;
    };
    let facts = edge.edge.and_then(|edge| summary.edges.get(&edge));
    if let (Some(facts), Some(Value::Object(data))) = (facts, &mut edge.data) {
        let gateway = serde_json::to_value(Gateway::from(&facts.facts)).unwrap_or_default();
        data.insert("metadata".to_owned(), gateway);
    }
}

/// Writes an event. `None` for observations that are no events to the API.
#[must_use]
pub fn render<'a>(event: &'a CallEvent, summary: Option<&'a CallSummary>) -> Option<EventItem<'a>> {
    match &event.observation {
        Observation::Edge(edge) => {
            let detail = edge
                .data
                .as_ref()
                .map_or(Detail::Nothing {}, Detail::Reported);
            Some(EventItem {
                level: edge.level,
                conversation_relay_data: edge.conversation_relay.as_ref(),
                ..EventItem::at(event, edge.edge, &edge.group, &edge.name, detail)
            })
        }
        Observation::Progress { step, .. } => {
            let edge = main_edge(summary.and_then(|summary| summary.facts.call_type));
            let facts = edge.and_then(|edge| summary?.edges.get(&edge));
            let detail = Detail::Step {
                metadata: facts.map_or_else(Gateway::default, |edge| (&edge.facts).into()),
            };
            Some(EventItem {
                level: Some(Level::Info),
                ..EventItem::at(event, edge, "call", step_name(*step), detail)
            })
        }
        Observation::Facts { .. }
        | Observation::Media(_)
        | Observation::Imported(_)
        | Observation::Timer { .. }
        | Observation::Sip { .. }
        | Observation::Rtcp { .. }
        | Observation::Vq { .. }
        | Observation::Unknown(_) => None,
    }
}

impl<'a> EventItem<'a> {
    fn at(
        event: &CallEvent,
        edge: Option<EdgeKind>,
        group: &'a str,
        name: &'a str,
        detail: Detail<'a>,
    ) -> Self {
        let of = |kind| (edge == Some(kind)).then_some(detail);
        Self {
            timestamp: Seconds(event.at),
            call_sid: event.call.sid,
            account_sid: event.call.account,
            edge,
            group,
            name,
            level: None,
            carrier_edge: of(EdgeKind::Carrier),
            sip_edge: of(EdgeKind::Sip),
            sdk_edge: of(EdgeKind::Sdk),
            client_edge: of(EdgeKind::Client),
            conversation_relay_data: None,
        }
    }
}

const fn step_name(step: Step) -> &'static str {
    match step {
        Step::Queued => "call.queued",
        Step::Initiated => "call.initiated",
        Step::Ringing => "call.ringing",
        Step::Answered => "call.answered",
        Step::Completed => "call.completed",
        Step::Busy => "call.busy",
        Step::Failed => "call.failed",
        Step::NoAnswer => "call.no_answer",
        Step::Canceled => "call.canceled",
    }
}
