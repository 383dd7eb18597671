//! One edge of a summary: `properties`, `metrics`, and what the SDK counted.

use serde::Serialize;
use serde_json::Value;
use sidetone_core::facts::EdgeFacts;
use sidetone_core::summary::{Disregarded, EdgeSummary, NotMeasured, Unheard};
use sidetone_core::vocabulary::{StreamDirection, Tag};

use super::counters::{FullSpread, StreamTotals};

/// What is known of one edge.
#[derive(Debug, Serialize)]
pub struct Edge<'a> {
    properties: Properties<'a>,
    metrics: Option<Metrics<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_measured: Option<NotMeasured>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disregarded: Option<Disregarded>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unheard: Vec<UnheardStream>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<&'a Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'a [Tag],
}

/// A stream that went unheard.
#[derive(Debug, Serialize)]
struct UnheardStream {
    direction: StreamDirection,
    /// Seconds from the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
    reason: String,
}

impl From<&Unheard> for UnheardStream {
    fn from(unheard: &Unheard) -> Self {
        Self {
            direction: unheard.direction,
            since: unheard.since_s,
            until: unheard.until_s,
            reason: unheard.reason(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Metrics<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    inbound: Option<StreamTotals<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outbound: Option<StreamTotals<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leg_rtt: Option<FullSpread>,
}

#[derive(Debug, Serialize)]
struct Properties<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<StreamDirection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signaling_region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edge_location: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    q850_cause: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    twilio_media_ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    twilio_signaling_ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_media_ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_signaling_ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sip_call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sip_response: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trunk_sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selected_region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnected_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<&'a Value>,
}

impl<'a> From<&'a EdgeFacts> for Properties<'a> {
    fn from(facts: &'a EdgeFacts) -> Self {
        Self {
            direction: facts.direction,
            media_region: facts.media_region.as_deref(),
            signaling_region: facts.signaling_region.as_deref(),
            edge_location: facts.edge_location.as_deref(),
            q850_cause: facts.q850_cause,
            twilio_media_ip: facts.media_ip.as_deref(),
            twilio_signaling_ip: facts.signaling_ip.as_deref(),
            external_media_ip: facts.external_media_ip.as_deref(),
            external_signaling_ip: facts.external_signaling_ip.as_deref(),
            sip_call_id: facts.sip_call_id.as_deref(),
            sip_response: facts.sip_response,
            user_agent: facts.user_agent.as_deref(),
            trunk_sid: facts.trunk_sid.as_deref(),
            selected_region: facts.selected_region.as_deref(),
            region: facts.region.as_deref(),
            disconnected_by: facts.disconnected_by.as_deref(),
            settings: facts.settings.as_ref(),
        }
    }
}

impl<'a> From<&'a EdgeSummary> for Edge<'a> {
    fn from(edge: &'a EdgeSummary) -> Self {
        let measured =
            edge.inbound.is_some() || edge.outbound.is_some() || edge.leg_rtt_ms.is_some();
        Self {
            properties: (&edge.facts).into(),
            metrics: measured.then(|| Metrics {
                inbound: edge.inbound.as_ref().map(Into::into),
                outbound: edge.outbound.as_ref().map(Into::into),
                leg_rtt: FullSpread::of(edge.leg_rtt_ms),
            }),
            not_measured: edge.not_measured,
            disregarded: edge.disregarded,
            unheard: edge.unheard.iter().map(Into::into).collect(),
            events: edge.events.as_ref(),
            tags: &edge.tags,
        }
    }
}
