//! Sends events to sinks, several in a request where a sink takes that.

mod begun;
mod carried;
mod written;

use std::sync::Arc;

use sha2::{Digest, Sha256};
use sidetone_store::delivery::{Content, Delivery, DeliveryId, StreamEvent};
use sidetone_store::sinks::{SinkChange, SinkStatus};

use self::begun::{Arrived, Begun};
use self::carried::carry;
use self::written::{Item, items, unwritten};
use super::batch::Sent;
use super::receiver;
use super::sending::{Shared, Undelivered, conclude, conclude_all};
use crate::app::App;
use crate::outgoing::client::Failure;
use crate::streams::TEST;
use crate::streams::configuration::Configuration;
use crate::streams::outlets::Outlet;

/// The most events of a request to a sink that takes several, and about how many bytes of body. One
/// event is always sent.
const TOGETHER_MAX: usize = 100;
/// The most of a refused request that are sent alone, one after the other; the others come again.
const ALONE_MAX: usize = 16;
const WEBHOOK_MAX_BYTES: usize = 64_000;
const SEGMENT_MAX_BYTES: usize = 480_000;
const OTLP_MAX_BYTES: usize = 1_000_000;
/// The most of an object, and about how many bytes before it is packed.
const OBJECT_MAX: usize = 10_000;
const OBJECT_MAX_BYTES: usize = 8_000_000;

/// How many of some deliveries, which all go where the first does, are sent together.
pub(super) async fn together(app: &App, first: Option<&Delivery>) -> usize {
    let of_sink = first.filter(|first| !receiver::is_told(&first.kind));
    let Some((first, event)) = of_sink.and_then(|first| Some((first, event_of(first)?))) else {
        return 1;
    };
    match outlet_of(app, first, event).await {
        Ok(Some(outlet)) => Room::of(&outlet).events,
        // Sending them says what becomes of them.
        Ok(None) | Err(_) => 1,
    }
}

/// What a request may hold.
#[derive(Clone, Copy)]
struct Room {
    events: usize,
    bytes: usize,
}

impl Room {
    fn of(outlet: &Outlet) -> Self {
        let (events, bytes) = match &outlet.configuration {
            Configuration::Webhook(webhook) if webhook.batch_events == Some(true) => {
                (TOGETHER_MAX, WEBHOOK_MAX_BYTES)
            }
            Configuration::Webhook(_) => (1, WEBHOOK_MAX_BYTES),
            Configuration::Segment(_) => (TOGETHER_MAX, SEGMENT_MAX_BYTES),
            Configuration::Otlp(_) => (TOGETHER_MAX, OTLP_MAX_BYTES),
            Configuration::S3(_) => (OBJECT_MAX, OBJECT_MAX_BYTES),
        };
        Self { events, bytes }
    }

    /// How many of some items, at least one, fit together.
    fn fits(self, items: &[Item]) -> usize {
        let mut bytes = 0;
        let fitting = items.iter().take(self.events).take_while(|item| {
            bytes += item.json.len();
            bytes <= self.bytes
        });
        fitting.count().max(1)
    }
}

/// Sends deliveries of one sink, of different calls, in their order.
pub(super) async fn send(shared: &Shared, deliveries: Vec<Delivery>) -> Vec<Sent> {
    let mut sent = Vec::with_capacity(deliveries.len());
    let Some((first, event)) = deliveries.iter().find_map(|it| Some((it, event_of(it)?))) else {
        return sent;
    };
    let outlet = match outlet_of(&shared.app, first, event).await {
        Ok(Some(outlet)) => outlet,
        // It was deleted.
        Ok(None) => return deliveries.iter().map(|it| Sent::done(it.id)).collect(),
        Err(failure) => {
            let failed = |it: &Delivery| conclude(&shared.app, it, Err(failure.clone()));
            return deliveries.iter().map(failed).collect();
        }
    };
    let room = Room::of(&outlet);
    let interval = outlet.configuration.interval();
    let mut group = Group::default();
    for delivery in deliveries {
        let Some(event) = event_of(&delivery) else {
            continue;
        };
        match items(&shared.app, &delivery, event, &outlet).await {
            Err(failure) => {
                let begin = Begun::now(&shared.app, 0);
                let alone = std::slice::from_ref(&delivery);
                begin.end(&shared.app, &outlet, alone, Err(&failure));
                sent.push(conclude(&shared.app, &delivery, Err(failure)));
            }
            // The call is no more, or tells nothing.
            Ok(items) if items.is_empty() => sent.push(Sent::done(delivery.id)),
            Ok(items)
                if items.len() == 1 || interval.is_some() && room.fits(&items) == items.len() =>
            {
                if group.has_no_room(&items, room) {
                    sent.extend(std::mem::take(&mut group).send(shared, &outlet).await);
                }
                group.add(delivery, items);
            }
            Ok(_) if shared.is_paused(delivery.endpoint) => sent.push(Sent::untried(delivery.id)),
            Ok(items) => {
                let arrived = send_all(shared, &outlet, &delivery, &items).await;
                sent.push(conclude(&shared.app, &delivery, arrived));
            }
        }
    }
    let is_told = group.deliveries.iter().any(|it| it.kind != TEST);
    let endpoint = group.deliveries.first().map(|it| it.endpoint);
    sent.extend(group.send(shared, &outlet).await);
    if let (Some(interval), Some(endpoint), true) = (interval, endpoint, is_told) {
        // What comes meanwhile goes together.
        let until = shared.app.clock.passed().saturating_add(interval);
        shared.app.pauses.pause(endpoint, until);
        for one in &mut sent {
            one.pause = one.pause.or(Some(interval));
        }
    }
    sent
}

const fn event_of(delivery: &Delivery) -> Option<StreamEvent> {
    match &delivery.content {
        Content::Event(event) => Some(*event),
        Content::Request(_) => None,
    }
}

/// Where deliveries go: a sink that is subscribed, or was. `None`: there is no such sink any more.
async fn outlet_of(
    app: &App,
    delivery: &Delivery,
    event: StreamEvent,
) -> Result<Option<Arc<Outlet>>, Undelivered> {
    let store = app.store.as_ref();
    if let Some(outlet) = app.streams.sink(event.sink) {
        return Ok(Some(outlet));
    }
    // It may not be known yet: after a start, or just subscribed.
    let vault = app.directory.vault();
    app.streams.refresh(store, vault).await.map_err(unwritten)?;
    if let Some(outlet) = app.streams.sink(event.sink) {
        return Ok(Some(outlet));
    }
    let sink = store.sink(delivery.account, event.sink).await;
    let Some(sink) = sink.map_err(unwritten)? else {
        return Ok(None);
    };
    let outlet = Outlet::open(vault, &sink, None).ok_or(Undelivered::NoSink)?;
    Ok(Some(Arc::new(outlet)))
}

/// Deliveries that go together: of an event each, where each can be sent alone.
#[derive(Default)]
struct Group {
    deliveries: Vec<Delivery>,
    items: Vec<Item>,
    bytes: usize,
}

impl Group {
    fn has_no_room(&self, items: &[Item], room: Room) -> bool {
        !self.items.is_empty()
            && (self.items.len() + items.len() > room.events
                || self.bytes + bytes(items) > room.bytes)
    }

    fn add(&mut self, delivery: Delivery, items: Vec<Item>) {
        self.bytes += bytes(&items);
        self.deliveries.push(delivery);
        self.items.extend(items);
    }

    /// When a receiver refuses several, each is sent alone: what it does not take must not keep the
    /// others from it.
    async fn send(self, shared: &Shared, outlet: &Outlet) -> Vec<Sent> {
        let mut sent = Vec::with_capacity(self.items.len());
        let Some(first) = self.deliveries.first() else {
            return sent;
        };
        // Somebody else may have been asked for it while these were written out.
        if shared.is_paused(first.endpoint) {
            return self
                .deliveries
                .iter()
                .map(|it| Sent::untried(it.id))
                .collect();
        }
        let arrived = post(shared, outlet, &self.deliveries, 0, &self.items).await;
        let is_refused = matches!(
            &arrived,
            Err(Undelivered::Unanswered(Failure::Status {
                status: 400 | 413 | 422,
                ..
            }))
        );
        let is_alone = self.items.len() == 1 || outlet.configuration.interval().is_some();
        if !is_refused || is_alone {
            return conclude_all(&shared.app, &self.deliveries, &arrived);
        }
        let mut left = ALONE_MAX;
        for (delivery, item) in self.deliveries.iter().zip(&self.items) {
            if left == 0 {
                sent.push(Sent::untried(delivery.id));
                continue;
            }
            left -= 1;
            let (alone, item) = (std::slice::from_ref(delivery), std::slice::from_ref(item));
            let one = conclude(
                &shared.app,
                delivery,
                post(shared, outlet, alone, 0, item).await,
            );
            // The others would wait as long for nobody, or disturb who wants to be left alone.
            if one.is_silence || one.pause.is_some() {
                left = 0;
            }
            sent.push(one);
        }
        sent
    }
}

/// Sends the many events of a delivery, as many at once as the sink takes. It arrives as a whole:
/// when one of them does not, all are sent again.
async fn send_all(
    shared: &Shared,
    outlet: &Outlet,
    delivery: &Delivery,
    items: &[Item],
) -> Result<(), Undelivered> {
    let room = Room::of(outlet);
    let (mut rest, mut piece) = (items, 0);
    while !rest.is_empty() {
        let (now, later) = rest.split_at(room.fits(rest));
        post(shared, outlet, std::slice::from_ref(delivery), piece, now).await?;
        (rest, piece) = (later, piece + 1);
    }
    Ok(())
}

fn bytes(items: &[Item]) -> usize {
    items.iter().map(|item| item.json.len()).sum()
}

/// What a request is called: the same when the same is sent again. That of one event is its own.
fn name(deliveries: &[Delivery], piece: u32, items: usize) -> DeliveryId {
    if let ([alone], 0, 1) = (deliveries, piece, items) {
        return alone.id;
    }
    let mut hash = Sha256::new();
    for delivery in deliveries {
        hash.update(delivery.id.as_bytes());
    }
    hash.update(piece.to_be_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    DeliveryId::from_bytes(first)
}

/// Makes a request of events, sends it, and remembers what became of it.
async fn post(
    shared: &Shared,
    outlet: &Outlet,
    deliveries: &[Delivery],
    piece: u32,
    items: &[Item],
) -> Result<(), Undelivered> {
    let app = &shared.app;
    let begun = Begun::now(app, bytes(items));
    let id = name(deliveries, piece, items.len());
    let arrived = carry(shared, outlet, id, items).await;
    if deliveries.iter().any(|delivery| delivery.kind == TEST) {
        note_test(app, outlet, &arrived).await;
    }
    begun.end(app, outlet, deliveries, arrived.as_ref());
    arrived.map(drop)
}

/// A test was sent: of a sink that confirms none itself what it answered is all there is to know.
async fn note_test(app: &App, outlet: &Outlet, arrived: &Result<Arrived, Undelivered>) {
    if !outlet.configuration.confirms_by_taking() {
        return;
    }
    let (status, test) = match arrived {
        Ok(_) => (SinkStatus::Active, Some(None)),
        Err(Undelivered::Refused(_)) => (SinkStatus::Failed, None),
        Err(failure) => match failure.status() {
            Some(400..=428 | 430..=499) => (SinkStatus::Failed, None),
            // It is tried again, as after no answer.
            _ => return,
        },
    };
    let change = SinkChange {
        status: Some(status),
        test,
        ..SinkChange::default()
    };
    let (account, sink, now) = (outlet.account, outlet.sink, app.clock.now());
    if let Err(error) = app.store.change_sink(account, sink, change, now).await {
        tracing::warn!(sink.sid = %sink, %error, "that a sink works could not be noted");
    }
}
