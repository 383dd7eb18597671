//! An item of a call's Metrics.

use serde::Serialize;
use serde_json::Value;
use sidetone_core::event::{CallEvent, Observation};
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::media::MediaSample;
use sidetone_core::vocabulary::{EdgeKind, StreamDirection};

use super::Seconds;
use super::counters::{Cumulative, Interval};

/// One media report. Of the four edge objects only the one that `edge` names is filled.
#[derive(Debug, Serialize)]
pub struct MetricItem<'a> {
    timestamp: Seconds,
    call_sid: CallSid,
    account_sid: AccountSid,
    edge: EdgeKind,
    direction: StreamDirection,
    carrier_edge: Option<EdgeReport<'a>>,
    sip_edge: Option<EdgeReport<'a>>,
    sdk_edge: Option<EdgeReport<'a>>,
    client_edge: Option<EdgeReport<'a>>,
}

#[derive(Debug, Serialize)]
struct EdgeReport<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<Interval<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cumulative: Option<Cumulative<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Value>,
}

impl<'a> From<&'a MediaSample> for EdgeReport<'a> {
    fn from(sample: &'a MediaSample) -> Self {
        let interval = Some(&sample.interval).filter(|counters| !counters.is_empty());
        let cumulative = Some(&sample.cumulative).filter(|counters| !counters.is_empty());
        Self {
            interval: interval.map(Into::into),
            cumulative: cumulative.map(Into::into),
            metadata: sample.metadata.as_ref(),
        }
    }
}

/// Writes a media report. `None` for every other observation.
#[must_use]
pub fn render(event: &CallEvent) -> Option<MetricItem<'_>> {
    let Observation::Media(sample) = &event.observation else {
        return None;
    };
    let of = |kind| (sample.edge == kind).then(|| EdgeReport::from(&**sample));
    Some(MetricItem {
        timestamp: Seconds(event.at),
        call_sid: event.call.sid,
        account_sid: event.call.account,
        edge: sample.edge,
        direction: sample.direction,
        carrier_edge: of(EdgeKind::Carrier),
        sip_edge: of(EdgeKind::Sip),
        sdk_edge: of(EdgeKind::Sdk),
        client_edge: of(EdgeKind::Client),
    })
}
