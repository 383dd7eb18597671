//! What sinks are told of a call, and what it is called by.

use sha2::{Digest, Sha256};
use sidetone_core::event::{CallEvent, Observation};
use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::EdgeKind;
use sidetone_store::delivery::{Content, DeliveryId, NewDelivery, Signature, StreamEvent};

use crate::streams::event_type::EventType;
use crate::streams::outlets::Outlet;

/// What is told of a call.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) call: CallRef,
    pub(super) kind: EventType,
    pub(super) at: TimeUs,
    /// Of the summary; 0: none.
    pub(super) version: u32,
    /// Of the annotation; 0: it is not about one.
    pub(super) revision: u64,
    /// Of an event in the log.
    pub(super) position: Option<u64>,
}

impl Told {
    pub(super) const fn of(call: CallRef, kind: EventType, at: TimeUs) -> Self {
        Self {
            call,
            kind,
            at,
            version: 0,
            revision: 0,
            position: None,
        }
    }

    /// That a call is expected to stay as it is: once, however often and by whomever that is noticed.
    /// So its time is that of the call's end, or `now` where that was not seen.
    pub(super) fn predicted(call: CallRef, ended_at: Option<TimeUs>, now: TimeUs) -> Self {
        let at = ended_at.unwrap_or(now);
        Self::of(call, EventType::SummaryPredictedComplete, at)
    }

    /// The same for the same event at the same sink: what is told again is known there.
    fn id(&self, outlet: &Outlet) -> DeliveryId {
        let mut hash = Sha256::new();
        hash.update(outlet.sink.as_bytes());
        hash.update(self.call.account.as_bytes());
        hash.update(self.call.sid.as_bytes());
        hash.update(self.kind.as_str());
        // Of these there is one of each call.
        if self.kind != EventType::SummaryPredictedComplete {
            hash.update(self.version.to_be_bytes());
            hash.update(self.revision.to_be_bytes());
            hash.update(self.position.unwrap_or(0).to_be_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        DeliveryId::from_bytes(first)
    }

    pub(super) fn delivery(&self, outlet: &Outlet, now: TimeUs) -> NewDelivery {
        NewDelivery {
            id: self.id(outlet),
            account: outlet.account,
            subject: Some(*self.call.sid.as_bytes()),
            kind: self.kind.kind().to_owned(),
            content: Content::Event(StreamEvent {
                sink: outlet.sink,
                account: self.call.account,
                personal_data: outlet.selection.personal_data,
                at: self.at,
                position: self.position,
                version: self.version,
            }),
            signature: Signature::None,
            created_at: now,
        }
    }
}

/// What an event of the log is told as: it is the SDK's where an SDK's edge is.
pub(super) fn kind_of(event: &CallEvent) -> Option<EventType> {
    Some(match &event.observation {
        Observation::Media(sample) if sample.edge == EdgeKind::Sdk => EventType::MetricsSdk,
        Observation::Media(_) => EventType::MetricsGateway,
        Observation::Edge(edge) if edge.edge == Some(EdgeKind::Sdk) => EventType::EventSdk,
        // Progress is what gateways see, whatever the call is.
        Observation::Edge(_) | Observation::Progress { .. } => EventType::EventGateway,
        _ => return None,
    })
}
