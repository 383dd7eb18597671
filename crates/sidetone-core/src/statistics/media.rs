//! What was found of a call's media, and where: at the SDK or at gateways.

use crate::search;
use crate::summary::{CallSummary, EdgeSummary};
use crate::vocabulary::{CallType, EdgeKind, Tag};

closed_set!(
    /// Something known of the media at some edges of a call.
    MediaFinding {
        /// There is such an edge.
        Edge = "edge",
        /// There are figures, or a finding that takes some.
        Measured = "measured",
        /// As [`Tag::Silence`].
        Silence = "silence",
        /// As [`Tag::HighLatency`].
        HighLatency = "high_latency",
        /// As [`Tag::HighPacketLoss`].
        HighPacketLoss = "high_packet_loss",
        /// As [`Tag::HighJitter`].
        HighJitter = "high_jitter",
        /// As [`Tag::IceFailure`].
        IceFailure = "ice_failure",
    }
);

/// Which edges of a call are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaSide {
    /// All of them.
    Any,
    /// The SDK itself.
    Sdk,
    /// All others: an edge nobody has named is a gateway too.
    Gateway,
}

impl MediaSide {
    const fn has(self, edge: EdgeKind) -> bool {
        match self {
            Self::Any => true,
            Self::Sdk => matches!(edge, EdgeKind::Sdk),
            Self::Gateway => !matches!(edge, EdgeKind::Sdk),
        }
    }
}

/// What was found on a side of a call, each once. Nothing: the call has no such edge.
///
/// Tags are of the edge they were found at. Another system may tell them of the call only: then
/// those of a client's call are put to its SDK, as they tell of its network, and others to
/// gateways.
#[must_use]
pub fn found(summary: &CallSummary, side: MediaSide) -> Vec<MediaFinding> {
    let edges = || summary.edges.iter().filter(|(kind, _)| side.has(**kind));
    let mut tags: Vec<Tag> = match side {
        MediaSide::Any => summary.tags.clone(),
        _ if summary.edges.values().any(|edge| !edge.tags.is_empty()) => {
            edges().flat_map(|(_, edge)| edge.tags.clone()).collect()
        }
        _ if (summary.facts.call_type == Some(CallType::Client)) == (side == MediaSide::Sdk) => {
            summary.tags.clone()
        }
        _ => Vec::new(),
    };
    tags.sort_unstable();
    tags.dedup();
    let mut found: Vec<MediaFinding> = tags.into_iter().filter_map(finding).collect();
    let has_figures = |edge: &EdgeSummary| edge.inbound.is_some() || edge.outbound.is_some();
    let is_measured = match side {
        MediaSide::Any => search::is_measured(summary),
        MediaSide::Sdk | MediaSide::Gateway => edges().any(|(_, edge)| has_figures(edge)),
    };
    let takes_figures = |finding: &MediaFinding| *finding != MediaFinding::IceFailure;
    if is_measured || found.iter().any(takes_figures) {
        found.push(MediaFinding::Measured);
    }
    if edges().next().is_some() || !found.is_empty() {
        found.push(MediaFinding::Edge);
    }
    found
}

const fn finding(tag: Tag) -> Option<MediaFinding> {
    match tag {
        Tag::Silence => Some(MediaFinding::Silence),
        Tag::HighLatency => Some(MediaFinding::HighLatency),
        Tag::HighPacketLoss => Some(MediaFinding::HighPacketLoss),
        Tag::HighJitter => Some(MediaFinding::HighJitter),
        Tag::IceFailure => Some(MediaFinding::IceFailure),
        Tag::HighPdd | Tag::LowMos | Tag::PstnShortDuration => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(summary: &serde_json::Value, expected: [&[&str]; 3]) {
        let mut whole = json!({"processing": "complete", "fold_version": 1,
            "last_event_at": "2026-06-01T00:00:00Z", "facts": {}});
        let whole_map = whole.as_object_mut().unwrap();
        whole_map.extend(summary.as_object().unwrap().clone());
        let summary: CallSummary = serde_json::from_value(whole).unwrap();
        let sides = [MediaSide::Any, MediaSide::Sdk, MediaSide::Gateway];
        for (side, expected) in sides.into_iter().zip(expected) {
            let mut told: Vec<&str> = found(&summary, side).iter().map(|it| it.as_str()).collect();
            told.sort_unstable();
            assert_eq!(told, expected, "{side:?}");
        }
    }

    #[test]
    fn findings_are_of_their_edge() {
        check(&json!({}), [&[], &[], &[]]);
        let edges = json!({"carrier_edge": {"not_measured": "no_media_report"}});
        check(&json!({"edges": edges}), [&["edge"], &[], &["edge"]]);
        let edges = json!({"client_edge": {"inbound": {}, "tags": ["silence"]},
            "sdk_edge": {"tags": ["ice_failure", "low_mos"]}});
        check(
            &json!({"edges": edges, "tags": ["silence", "low_mos", "ice_failure"]}),
            [
                &["edge", "ice_failure", "measured", "silence"],
                &["edge", "ice_failure"],
                &["edge", "measured", "silence"],
            ],
        );
        let edges = json!({"client_edge": {"inbound": {}}, "sdk_edge": {"inbound": {}}});
        check(
            &json!({"edges": edges, "tags": ["high_pdd"]}),
            [&["edge", "measured"]; 3],
        );
    }

    #[test]
    fn tags_of_another_system_are_put_by_the_kind_of_call() {
        let told = ["edge", "high_jitter", "measured"];
        for (kind, sides) in [
            ("client", [&told[..], &told[..], &[]]),
            ("carrier", [&told[..], &[], &told[..]]),
        ] {
            let facts = json!({"call_type": kind});
            check(&json!({"facts": facts, "tags": ["high_jitter"]}), sides);
        }
    }
}
