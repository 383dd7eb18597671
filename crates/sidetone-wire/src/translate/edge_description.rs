//! An edge in a summary: `{"properties": …, "metrics": {"inbound": …, "outbound": …}}`, for an SDK
//! also `events`.

use sidetone_core::facts::EdgeFacts;
use sidetone_core::vocabulary::{EdgeKind, Tag};

use super::measurement::counters;
use crate::loose::Object;

/// The edges that have an object of their own in summaries, events and metrics.
pub(super) const EDGES: [EdgeKind; 4] = [
    EdgeKind::Carrier,
    EdgeKind::Sip,
    EdgeKind::Client,
    EdgeKind::Sdk,
];

pub(super) fn edge_facts(kind: EdgeKind, edge: Object<'_>) -> EdgeFacts {
    let properties = edge.object("properties");
    let metrics = edge.object("metrics");
    let inbound = metrics.object("inbound");
    let outbound = metrics.object("outbound");
    EdgeFacts {
        direction: properties.told("direction"),
        media_region: properties.text("media_region"),
        signaling_region: properties.text("signaling_region"),
        edge_location: properties.text("edge_location"),
        q850_cause: q850(properties),
        media_ip: properties.text("twilio_media_ip"),
        signaling_ip: properties.text("twilio_signaling_ip"),
        external_media_ip: properties.text("external_media_ip"),
        external_signaling_ip: properties.text("external_signaling_ip"),
        sip_call_id: properties.text("sip_call_id"),
        sip_response: properties.narrow("sip_response"),
        user_agent: properties.text("user_agent"),
        trunk_sid: properties.text("trunk_sid"),
        selected_region: properties.text("selected_region"),
        region: properties.text("region"),
        disconnected_by: properties.text("disconnected_by"),
        settings: properties.compound("settings"),
        inbound: Some(counters(kind, inbound)).filter(|counters| !counters.is_empty()),
        outbound: Some(counters(kind, outbound)).filter(|counters| !counters.is_empty()),
        events: edge.compound("events"),
        tags: edge_tags([edge, metrics, inbound, outbound]),
    }
}

/// ITU-T Q.850 cause, 0–127.
pub(super) fn q850(properties: Object<'_>) -> Option<u8> {
    properties
        .narrow("q850_cause")
        .filter(|cause| *cause <= 127)
}

/// A list of tags; those not known here are left out. `None` when there is no list.
pub(super) fn tags(holder: Object<'_>) -> Option<Vec<Tag>> {
    let words = holder.value("tags")?.as_array()?;
    let mut tags: Vec<Tag> = words
        .iter()
        .filter_map(|word| word.as_str()?.parse().ok())
        .collect();
    tags.sort_unstable();
    tags.dedup();
    Some(tags)
}

/// The tags of an edge, wherever in it they are said.
fn edge_tags(holders: [Object<'_>; 4]) -> Option<Vec<Tag>> {
    let lists: Vec<Vec<Tag>> = holders.into_iter().filter_map(tags).collect();
    if lists.is_empty() {
        return None;
    }
    let mut tags = lists.concat();
    tags.sort_unstable();
    tags.dedup();
    Some(tags)
}
