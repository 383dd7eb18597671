//! Events as they are stored.

use rusqlite::Row;
use sidetone_core::event::{CallEvent, EventKind, Observation};
use sidetone_core::id::CallRef;
use sidetone_core::vocabulary::{EdgeKind, StreamDirection};

use crate::error::Result;
use crate::record;
use crate::rows::checksum::about;
use crate::rows::codec;
use sidetone_store::NewEvent;

/// An event ready to be written.
pub(crate) struct PackedEvent {
    pub(crate) call: CallRef,
    pub(crate) key: [u8; 16],
    pub(crate) at_us: i64,
    pub(crate) received_us: i64,
    pub(crate) kind: EventKind,
    pub(crate) edge: Option<EdgeKind>,
    pub(crate) direction: Option<StreamDirection>,
    pub(crate) body: Vec<u8>,
}

impl PackedEvent {
    /// Packs an event, before the writing thread has to do with it.
    pub(crate) fn of(new: &NewEvent) -> Result<Self> {
        let event = &new.event;
        let (edge, direction) = match &event.observation {
            Observation::Media(sample) => (Some(sample.edge), Some(sample.direction)),
            Observation::Edge(edge) => (edge.edge, None),
            Observation::Progress { .. }
            | Observation::Facts { .. }
            | Observation::Imported(_)
            | Observation::Timer { .. }
            | Observation::Sip { .. }
            | Observation::Rtcp { .. }
            | Observation::Vq { .. }
            | Observation::Unknown(_) => (None, None),
        };
        Self {
            call: event.call,
            key: *event.id.key().as_bytes(),
            at_us: event.at.micros(),
            received_us: new.received_at.micros(),
            kind: event.observation.kind(),
            edge,
            direction,
            body: Vec::new(),
        }
        .packed(&event.to_stored_json())
    }

    fn packed(mut self, json: &[u8]) -> Result<Self> {
        let kind = i64::from(self.kind.index());
        let edge = self.edge.map(|edge| edge.index().into());
        let direction = self.direction.map(|direction| direction.index().into());
        let owner = event_identity(self.call, self.key, self.at_us, kind, edge, direction);
        self.body = codec::pack(codec::Format::Event2, &owner, json)?;
        Ok(self)
    }
}

/// Whose bytes those of an event are: the columns that it is found and ordered by belong to them.
fn event_identity(
    call: CallRef,
    key: [u8; 16],
    at_us: i64,
    kind: i64,
    edge: Option<i64>,
    direction: Option<i64>,
) -> Vec<u8> {
    let mut identity = record::identity(call).to_vec();
    identity.extend_from_slice(&key);
    for number in [at_us, kind, edge.unwrap_or(-1), direction.unwrap_or(-1)] {
        identity.extend_from_slice(&number.to_le_bytes());
    }
    identity
}

/// The columns that [`read_event`] reads.
pub(crate) const EVENT: &str = "body, event_key, at_us, kind, edge, direction";

/// Unpacks a stored event, whose columns begin at one. Says how long its JSON is, too.
pub(crate) fn read_event(
    row: &Row<'_>,
    column: usize,
    call: CallRef,
) -> Result<(CallEvent, usize)> {
    let owner = event_identity(
        call,
        row.get(column + 1)?,
        row.get(column + 2)?,
        row.get(column + 3)?,
        row.get(column + 4)?,
        row.get(column + 5)?,
    );
    let packed = row.get_ref(column)?.as_blob()?;
    let json = about(codec::unpack(&owner, packed), || {
        format!("table event, call {}", call.sid)
    })?;
    Ok((CallEvent::from_stored_json(call, &json)?, json.len()))
}
