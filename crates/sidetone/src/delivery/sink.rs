//! Sends events to sinks: written out when they are sent, several in a request where a sink takes
//! that.

use std::slice;
use std::sync::Arc;

use serde_json::json;
use sidetone_core::id::CallSid;
use sidetone_core::time::TimeUs;
use sidetone_store::delivery::{Content, Delivery, StreamEvent};
use sidetone_store::sinks::{SinkChange, SinkStatus};

use super::batch::Sent;
use super::request::{Shown, to_sink};
use super::sending::{Shared, Undelivered, conclude, token};
use super::target::{Target, target_of_user};
use crate::app::App;
use crate::outgoing::client::Failure;
use crate::streams::TEST;
use crate::streams::cloud_event::{self, CloudEvent};
use crate::streams::configuration::{Configuration, SEGMENT_ENDPOINT, SinkSignature};
use crate::streams::outlets::{Outlet, Told, Written};
use crate::streams::types::EventType;

/// The most events of a request, and about how many bytes of body; one event is always sent.
const TOGETHER_MAX: usize = 100;
const WEBHOOK_MAX_BYTES: usize = 64_000;
const SEGMENT_MAX_BYTES: usize = 480_000;
/// The most bytes of an event that Segment takes; what is left out of a larger one first.
const SEGMENT_EVENT_MAX_BYTES: usize = 32_000;
const LEFT_OUT: [&str; 4] = ["sdk_edge", "client_edge", "carrier_edge", "sip_edge"];

/// How many of some deliveries, which all go where the first does, are sent together.
pub(super) fn together(app: &App, first: Option<&Delivery>) -> usize {
    let sink = first.and_then(|first| match &first.content {
        Content::Event(event) => app.streams.sink(event.sink),
        Content::Request(_) => None,
    });
    match sink.as_ref().map(|outlet| &outlet.configuration) {
        Some(Configuration::Webhook(webhook)) if webhook.batch_events == Some(true) => TOGETHER_MAX,
        Some(Configuration::Segment(_)) => TOGETHER_MAX,
        Some(Configuration::Webhook(_)) | None => 1,
    }
}

/// A delivery with what its request says of it.
struct Part {
    delivery: Delivery,
    items: Vec<Vec<u8>>,
}

/// Sends deliveries of one sink, of different calls, in their order.
pub(super) async fn send(shared: &Shared, deliveries: Vec<Delivery>) -> Vec<Sent> {
    let mut sent = Vec::with_capacity(deliveries.len());
    let (mut parts, mut bytes) = (Vec::new(), 0);
    let mut to = None;
    for delivery in deliveries {
        let Content::Event(event) = delivery.content else {
            continue;
        };
        let outlet = match &to {
            Some(outlet) => Ok(Arc::clone(outlet)),
            None => outlet_of(shared, &delivery, &event).await,
        };
        let written = match outlet {
            Ok(outlet) => {
                to = Some(Arc::clone(&outlet));
                write(shared, &delivery, event, &outlet).await
            }
            Err(failure) => Err(failure),
        };
        match written {
            // The call is no more, or tells nothing.
            Ok(items) if items.is_empty() => {
                sent.push(conclude(&shared.app, &delivery, Ok(())));
            }
            Ok(items) => {
                let more: usize = items.iter().map(Vec::len).sum();
                if bytes + more > most_bytes(&to) && !parts.is_empty() {
                    sent.extend(send_together(shared, &to, std::mem::take(&mut parts)).await);
                    bytes = 0;
                }
                bytes += more;
                parts.push(Part { delivery, items });
            }
            Err(failure) => sent.push(conclude(&shared.app, &delivery, Err(failure))),
        }
    }
    sent.extend(send_together(shared, &to, parts).await);
    sent
}

fn most_bytes(to: &Option<Arc<Outlet>>) -> usize {
    let configuration = to.as_ref().map(|outlet| &outlet.configuration);
    match configuration {
        Some(Configuration::Segment(_)) => SEGMENT_MAX_BYTES,
        _ => WEBHOOK_MAX_BYTES,
    }
}

/// Where a delivery goes: a sink that is subscribed, or was.
async fn outlet_of(
    shared: &Shared,
    delivery: &Delivery,
    event: &StreamEvent,
) -> Result<Arc<Outlet>, Undelivered> {
    if let Some(outlet) = shared.app.streams.sink(event.sink) {
        return Ok(outlet);
    }
    let app = &shared.app;
    let sink = app.store.sink(delivery.account, event.sink).await;
    let sink = sink.map_err(|error| Undelivered::Unwritten(error.to_string()))?;
    let outlet = sink.and_then(|sink| Outlet::open(app.directory.vault(), &sink, None));
    outlet.map(Arc::new).ok_or(Undelivered::NoSink)
}

/// The items of the body that tell an event.
async fn write(
    shared: &Shared,
    delivery: &Delivery,
    event: StreamEvent,
    outlet: &Arc<Outlet>,
) -> Result<Vec<Vec<u8>>, Undelivered> {
    let app = &shared.app;
    if delivery.kind == TEST {
        return Ok(vec![test(outlet, delivery, event.at).map_err(unwritten)?]);
    }
    let kind = EventType::ALL.iter().find(|it| it.kind() == delivery.kind);
    let (Some(kind), Some(subject)) = (kind.copied(), delivery.subject) else {
        return Err(unwritten(format!("no event is called {}", delivery.kind)));
    };
    let sid = CallSid::from_bytes(subject);
    let told = Told {
        sid,
        kind,
        event,
        id: delivery.id,
        outlet: Arc::clone(outlet),
    };
    let written = (app.write_event)(app.clone(), told).await;
    let item = |written: Written| match &outlet.configuration {
        Configuration::Webhook(_) => {
            let source = format!("/v1/Voice/{sid}/{}", kind.part());
            let schema = kind.schema().url(outlet.version_of(kind));
            CloudEvent::new(kind.as_str(), &source, &written.id, &schema, written.at, ())
                .with(&written.data)
        }
        Configuration::Segment(_) => track(sid, kind, &written),
    };
    let items = written.map_err(unwritten)?.into_iter().map(item);
    items.collect::<Result<_, _>>().map_err(unwritten)
}

fn unwritten(error: impl std::fmt::Display) -> Undelivered {
    Undelivered::Unwritten(error.to_string())
}

/// What is sent to see whether a sink takes events.
fn test(outlet: &Outlet, delivery: &Delivery, at: TimeUs) -> serde_json::Result<Vec<u8>> {
    let test = delivery.id.to_string();
    match &outlet.configuration {
        Configuration::Webhook(_) => cloud_event::test(outlet.account, &test, at),
        Configuration::Segment(_) => serde_json::to_vec(&json!({
            "type": "track",
            "event": "Sidetone Test",
            "messageId": test,
            "anonymousId": outlet.account,
            "timestamp": at,
            "properties": { "test_id": test },
        })),
    }
}

/// An event as Segment takes it. Edges are left out of one that is too large.
fn track(sid: CallSid, kind: EventType, written: &Written) -> serde_json::Result<Vec<u8>> {
    let mut properties: serde_json::Map<_, _> = serde_json::from_slice(&written.data)?;
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
        let item = serde_json::to_vec(&item)?;
        if item.len() <= SEGMENT_EVENT_MAX_BYTES {
            return Ok(item);
        }
        match left_out.next() {
            Some(edge) => drop(properties.remove(edge)),
            None => return Ok(item),
        }
    }
}

/// Sends what belongs into one request. When a receiver refuses several, each is sent alone: what it
/// does not take must not keep the others from it.
async fn send_together(shared: &Shared, to: &Option<Arc<Outlet>>, parts: Vec<Part>) -> Vec<Sent> {
    let Some(outlet) = to else { return Vec::new() };
    if parts.is_empty() {
        return Vec::new();
    }
    let arrived = post(shared, outlet, &parts).await;
    let is_refused = matches!(
        &arrived,
        Err(Undelivered::Unanswered(Failure::Status(400 | 413 | 422)))
    );
    let mut sent = Vec::with_capacity(parts.len());
    if is_refused && parts.len() > 1 {
        for part in parts {
            let arrived = post(shared, outlet, slice::from_ref(&part)).await;
            sent.push(conclude(&shared.app, &part.delivery, arrived));
        }
        return sent;
    }
    let of = |part: &Part| conclude(&shared.app, &part.delivery, arrived.clone());
    sent.extend(parts.iter().map(of));
    sent
}

/// Makes the request and sends it.
async fn post(shared: &Shared, outlet: &Outlet, parts: &[Part]) -> Result<(), Undelivered> {
    let app = &shared.app;
    let Some(first) = parts.first() else {
        return Ok(());
    };
    let list = list(parts.iter().flat_map(|part| &part.items));
    let id = first.delivery.id;
    let request = match &outlet.configuration {
        Configuration::Webhook(webhook) => {
            let allow_private = app.config.webhook_allow_private;
            let target = target_of_user(&webhook.destination, allow_private);
            let Target { url, user } =
                target.map_err(|error| unwritten(format!("the destination {error}")))?;
            let user = user.map(|user| decoded(&user));
            let message = id.to_string();
            let secret = webhook.secret.as_deref();
            let token = match (webhook.signature, secret) {
                (Some(SinkSignature::Standard), Some(_)) => None,
                _ => Some(token(app, outlet.account)?),
            };
            let shown = match (&token, secret) {
                (Some(token), _) => Shown::Twilio(token),
                (None, Some(secret)) => Shown::Standard {
                    secret,
                    message: &message,
                    at: app.clock.now(),
                },
                (None, None) => Shown::Nothing,
            };
            to_sink(id, url, user.as_deref(), list, &shown)?
        }
        Configuration::Segment(segment) => {
            let url = segment.endpoint.as_deref().unwrap_or(SEGMENT_ENDPOINT);
            let mut body = b"{\"batch\":".to_vec();
            body.extend(list);
            body.push(b'}');
            let user = format!("{}:", segment.write_key);
            to_sink(id, url.to_owned(), Some(&user), body, &Shown::Nothing)?
        }
    };
    shared.client.send(request).await?;
    if parts.iter().any(|part| part.delivery.kind == TEST) {
        confirm(app, outlet).await;
    }
    Ok(())
}

/// A test arrived: of Segment, which confirms none itself, that is all there is to know.
async fn confirm(app: &App, outlet: &Outlet) {
    if let Configuration::Webhook(_) = outlet.configuration {
        return;
    }
    let change = SinkChange {
        status: Some(SinkStatus::Active),
        test: Some(None),
        ..SinkChange::default()
    };
    let (account, sink, now) = (outlet.account, outlet.sink, app.clock.now());
    if let Err(error) = app.store.change_sink(account, sink, change, now).await {
        tracing::warn!(sink.sid = %sink, %error, "that a sink works could not be noted");
    }
}

/// A JSON array of what is JSON.
fn list<'a>(items: impl Iterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    let mut list = vec![b'['];
    for (place, item) in items.enumerate() {
        if place > 0 {
            list.push(b',');
        }
        list.extend_from_slice(item);
    }
    list.push(b']');
    list
}

/// User name and password of a URL, which are percent-encoded there. A plus is one.
fn decoded(user: &str) -> String {
    let as_form = user
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    let mut names = form_urlencoded::parse(as_form.as_bytes());
    names
        .next()
        .map_or_else(String::new, |(name, _)| name.into_owned())
}
