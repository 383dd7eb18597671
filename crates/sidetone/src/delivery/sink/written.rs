//! What is said of an event: an item of a body, written out when it is sent.

use std::sync::Arc;

use serde_json::json;
use sidetone_core::id::{AlertSid, CallSid};
use sidetone_core::time::TimeUs;
use sidetone_store::delivery::{Delivery, StreamEvent};

use crate::app::App;
use crate::delivery::sending::Undelivered;
use crate::streams::cloud_event::{self, CloudEvent, TEST_SCHEMA, TEST_SOURCE, TEST_TYPE};
use crate::streams::configuration::Configuration;
use crate::streams::event_type::EventType;
use crate::streams::outlets::{Outlet, Told, Written};
use crate::streams::{TEST, otlp};

/// The most bytes of an event that Segment takes; what is left out of a larger one first.
const SEGMENT_EVENT_MAX_BYTES: usize = 32_000;
const LEFT_OUT: [&str; 4] = ["sdk_edge", "client_edge", "carrier_edge", "sip_edge"];

/// An event as it is sent.
pub(super) struct Item {
    /// Its identity.
    pub(super) id: String,
    /// When what it tells of happened.
    pub(super) at: TimeUs,
    /// What it says, in the form that its sink takes.
    pub(super) json: Vec<u8>,
}

/// The items that tell what a delivery names. None: there is nothing to tell any more.
pub(super) async fn items(
    app: &App,
    delivery: &Delivery,
    event: StreamEvent,
    outlet: &Arc<Outlet>,
) -> Result<Vec<Item>, Undelivered> {
    if delivery.kind == TEST {
        return Ok(vec![
            test(app, outlet, delivery, event.at).map_err(unwritten)?,
        ]);
    }
    let kind = EventType::of_kind(&delivery.kind);
    let (Some(kind), Some(subject)) = (kind, delivery.subject) else {
        return Err(unwritten(format!("no event is called {}", delivery.kind)));
    };
    let told = Told {
        subject,
        kind,
        event,
        id: delivery.id,
        outlet: Arc::clone(outlet),
    };
    let written = (app.write_event)(app.clone(), told).await;
    let item = |written: Written| {
        let source = kind.source(subject);
        let schema = kind.schema().url(outlet.version_of(kind));
        let json = match &outlet.configuration {
            Configuration::Webhook(_) | Configuration::S3(_) => {
                CloudEvent::new(kind.as_str(), &source, &written.id, &schema, written.at, ())
                    .with(&written.data)
                    .map_err(unwritten)?
            }
            Configuration::Segment(_) => track(CallSid::from_bytes(subject), kind, &written)?,
            Configuration::Otlp(_) => {
                let about = match kind.schema().is_of_call() {
                    true => (
                        "sidetone.call.sid",
                        CallSid::from_bytes(subject).to_string(),
                    ),
                    false => (
                        "sidetone.alert.sid",
                        AlertSid::from_bytes(subject).to_string(),
                    ),
                };
                let told = otlp::Told {
                    kind: kind.as_str(),
                    source: &source,
                    id: &written.id,
                    dataschema: &schema,
                    at: written.at,
                    more: &[("sidetone.account.sid", event.account.to_string()), about],
                    is_alarm: kind == EventType::AlertFired,
                };
                otlp::record(&told, &written.data, app.clock.now()).map_err(unwritten)?
            }
        };
        Ok(Item {
            id: written.id,
            at: written.at,
            json,
        })
    };
    let items = written.map_err(unwritten)?.into_iter().map(item);
    items.collect()
}

pub(super) fn unwritten(error: impl std::fmt::Display) -> Undelivered {
    Undelivered::Unwritten(error.to_string())
}

/// What is sent to see whether a sink takes events.
fn test(app: &App, outlet: &Outlet, delivery: &Delivery, at: TimeUs) -> serde_json::Result<Item> {
    let test = delivery.id.to_string();
    let data = json!({ "test_id": test });
    let json = match &outlet.configuration {
        Configuration::Webhook(_) | Configuration::S3(_) => {
            cloud_event::test(outlet.account, &test, at)?
        }
        Configuration::Segment(_) => serde_json::to_vec(&json!({
            "type": "track",
            "event": "Sidetone Test",
            "messageId": test,
            "anonymousId": outlet.account,
            "timestamp": at,
            "properties": data,
        }))?,
        Configuration::Otlp(_) => {
            let told = otlp::Told {
                kind: TEST_TYPE,
                source: TEST_SOURCE,
                id: &outlet.account.to_string(),
                dataschema: TEST_SCHEMA,
                at,
                more: &[("sidetone.account.sid", outlet.account.to_string())],
                is_alarm: false,
            };
            otlp::record(&told, data.to_string().as_bytes(), app.clock.now())?
        }
    };
    Ok(Item { id: test, at, json })
}

/// An event as Segment takes it. Edges are left out of one that is too large.
fn track(sid: CallSid, kind: EventType, written: &Written) -> Result<Vec<u8>, Undelivered> {
    let read = serde_json::from_slice(&written.data);
    let mut properties: serde_json::Map<_, _> = read.map_err(unwritten)?;
    let mut left_out = LEFT_OUT.into_iter();
    loop {
        let item = json!({
            "type": "track",
            "event": kind.track_name(),
            "messageId": written.id,
            "anonymousId": sid,
            "timestamp": written.at,
            "properties": properties,
        });
        let item = serde_json::to_vec(&item).map_err(unwritten)?;
        if item.len() <= SEGMENT_EVENT_MAX_BYTES {
            return Ok(item);
        }
        match left_out.next() {
            Some(edge) => drop(properties.remove(edge)),
            // With it Segment would refuse whatever goes along, each time.
            None => return Err(Undelivered::TooLarge(item.len())),
        }
    }
}
