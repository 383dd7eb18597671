//! Alerts told to sinks of event streams, each once when it fires and once when it is over, whoever else is
//! told: who is not to be disturbed are people.

use sha2::{Digest, Sha256};
use sidetone_core::time::TimeUs;
use sidetone_store::Result;
use sidetone_store::alerts::{Alert, AlertState};
use sidetone_store::delivery::{Content, DeliveryId, NewDelivery, Signature, StreamEvent};

use crate::app::App;
use crate::streams::event_type::EventType;
use crate::streams::outlets::Outlet;

/// What sinks are told of an alert that is about to be written, and was so far before.
pub(super) async fn deliveries(
    app: &App,
    alert: &Alert,
    was: Option<AlertState>,
    now: TimeUs,
) -> Result<Vec<NewDelivery>> {
    let kind = match (alert.state, was) {
        (AlertState::Firing, None | Some(AlertState::Pending)) => EventType::AlertFired,
        (AlertState::Resolved, Some(AlertState::Firing)) => EventType::AlertResolved,
        _ => return Ok(Vec::new()),
    };
    // As they are now, and not as of a second ago or before the first look: nobody tells it again.
    let (store, vault) = (app.store.as_ref(), app.directory.vault());
    app.streams.refresh(store, vault).await?;
    let outlets = app.streams.get();
    let parent = app.directory.parent(alert.account);
    let mut deliveries = Vec::new();
    for outlet in outlets.of(alert.account, parent) {
        if !outlet.types.contains_key(&kind) {
            continue;
        }
        if app
            .streams
            .backlogs
            .admit(outlet.sink, app.config.sink_backlog)
        {
            deliveries.push(delivery(alert, kind, outlet, now));
        } else {
            app.counters.streams_refused.inc();
        }
    }
    Ok(deliveries)
}

/// The same again is the same there.
fn delivery(alert: &Alert, kind: EventType, outlet: &Outlet, now: TimeUs) -> NewDelivery {
    let mut hash = Sha256::new();
    hash.update(outlet.sink.as_bytes());
    hash.update(alert.sid.as_bytes());
    hash.update(kind.as_str());
    let digest: [u8; 32] = hash.finalize().into();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    NewDelivery {
        id: DeliveryId::from_bytes(id),
        account: outlet.account,
        subject: Some(*alert.sid.as_bytes()),
        kind: kind.kind().to_owned(),
        content: Content::Event(StreamEvent {
            sink: outlet.sink,
            account: alert.account,
            personal_data: outlet.selection.personal_data,
            at: alert.resolved_at.or(alert.fired_at).unwrap_or(now),
            position: None,
            version: alert.version,
        }),
        signature: Signature::None,
        created_at: now,
    }
}
