//! The events of one call while they are made.

use serde_json::Value;
use sidetone_core::event::{CallEvent, EdgeEvent, EventId, Observation, Source, SourceKind};
use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{EdgeKind, Level};

/// Events of one call, in no order.
pub(super) struct Log {
    call: CallRef,
    gateway: Source,
    events: Vec<CallEvent>,
}

impl Log {
    /// An empty log of a call that a gateway tells of.
    pub(super) fn new(call: CallRef, gateway: &str) -> Self {
        Self {
            call,
            gateway: source(SourceKind::Native, Some(gateway)),
            events: Vec::new(),
        }
    }

    /// Adds what the gateway saw.
    pub(super) fn gateway(&mut self, id: String, at: TimeUs, observation: Observation) {
        let source = self.gateway.clone();
        self.add(id, at, source, observation);
    }

    /// Adds what another source saw.
    pub(super) fn other(
        &mut self,
        kind: SourceKind,
        id: String,
        at: TimeUs,
        observation: Observation,
    ) {
        self.add(id, at, source(kind, None), observation);
    }

    /// Adds something that happened at an edge.
    pub(super) fn edge(
        &mut self,
        edge: EdgeKind,
        at: TimeUs,
        (group, name, level): (&str, &str, Level),
        data: Option<Value>,
    ) {
        let id = format!("{edge}:{group}:{name}@{}", at.micros());
        let event = EdgeEvent {
            edge: Some(edge),
            group: group.to_owned(),
            name: name.to_owned(),
            level: Some(level),
            data,
            conversation_relay: None,
        };
        self.gateway(id, at, Observation::Edge(Box::new(event)));
    }

    fn add(&mut self, id: String, at: TimeUs, source: Source, observation: Observation) {
        // Ids are ours: short and printable.
        if let Ok(id) = EventId::try_from(id) {
            self.events.push(CallEvent {
                id,
                call: self.call,
                at,
                source,
                observation,
            });
        }
    }

    /// The events by time.
    pub(super) fn finish(mut self) -> Vec<CallEvent> {
        self.events
            .sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        self.events
    }
}

fn source(kind: SourceKind, agent: Option<&str>) -> Source {
    Source {
        kind,
        agent: agent.map(str::to_owned),
        translator: 1,
    }
}
