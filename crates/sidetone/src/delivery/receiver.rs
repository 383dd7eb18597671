//! Tells receivers of alerts, each in its own way and not faster than it likes.

mod answered;
mod said;

use std::time::Duration;

use axum::body::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::header::{HeaderName, HeaderValue};
use sha2::{Digest, Sha256};
use sidetone_core::id::{AccountSid, SinkSid};
use sidetone_store::alerts::Alert;
use sidetone_store::delivery::{Content, Delivery, DeliveryId, EndpointId, StreamEvent};
use sidetone_store::sinks::{Sink, SinkChange, SinkStatus};

use self::answered::{checked, of_slack};
use super::addressees::Came;
use super::batch::Sent;
use super::mail;
use super::request::{Shown, to_sink};
use super::sending::{Shared, Undelivered, conclude};
use super::target::{Target, decoded, target_of_user};
use crate::alerts::notice::{
    Notice, TEST, alertmanager, mail as message, pagerduty, slack, teams, webhook,
};
use crate::app::App;
use crate::mailbox;
use crate::outgoing::client::Client;
use crate::streams::configuration::Sealed;
use crate::streams::configuration::receiver::{Alertmanager, Receiver, Webhook};

/// The time between two notices to a receiver: what Slack allows, and well below what `PagerDuty` does.
const INTERVAL: Duration = Duration::from_secs(1);

/// Whether a delivery of this kind tells a receiver of an alert.
pub(super) fn is_told(kind: &str) -> bool {
    kind.starts_with("alert.")
}

/// Sends deliveries of one receiver, each in its turn: what is not sent yet is given back.
pub(super) async fn send(shared: &Shared, deliveries: Vec<Delivery>) -> Vec<Sent> {
    let mut sent = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        let one = match &delivery.content {
            Content::Event(event) => send_one(shared, &delivery, *event).await,
            Content::Request(_) => Sent::untried(delivery.id),
        };
        sent.push(Sent {
            pause: one.pause.or(Some(INTERVAL)),
            ..one
        });
    }
    sent
}

async fn send_one(shared: &Shared, delivery: &Delivery, event: StreamEvent) -> Sent {
    let app = &shared.app;
    let sink = match app.store.sink(delivery.account, event.sink).await {
        Ok(Some(sink)) => sink,
        // It was deleted meanwhile.
        Ok(None) => return Sent::done(delivery.id),
        Err(error) => return conclude(app, delivery, Err(said::unwritten(error))),
    };
    let receiver = Receiver::open(app.directory.vault(), sink.sid, &sink.configuration);
    let paced = paced(receiver.as_ref(), delivery.endpoint);
    let passed = app.clock.passed();
    let is_turn = app.pauses.take_turn(paced, passed, INTERVAL);
    // Who else is told by the same limit waits as long.
    let wait = app.pauses.left(paced, passed).unwrap_or(INTERVAL);
    app.pauses.pause(delivery.endpoint, passed + wait);
    if !is_turn {
        return Sent::untried(delivery.id);
    }
    let told = match &receiver {
        Some(receiver) => tell(shared, delivery, event, &sink, receiver).await,
        None => Err(Undelivered::NoSink),
    };
    if delivery.kind == TEST {
        note_test(app, &sink, told.is_ok()).await;
    }
    if let Err(failure) = &told
        && delivery.attempts == 0
    {
        tracing::warn!(
            delivery.id = %delivery.id, sink.sid = %sink.sid, %failure,
            "a receiver of alerts was not told of one at the first attempt"
        );
    }
    let sent = conclude(app, delivery, told);
    if let Some(pause) = sent.pause {
        app.pauses.pause(paced, passed.saturating_add(pause));
    }
    sent
}

/// Whose turns a receiver takes: its own, but for `PagerDuty`, which counts by key, whoever has it.
fn paced(receiver: Option<&Receiver>, own: EndpointId) -> EndpointId {
    match receiver {
        Some(Receiver::Pagerduty(pagerduty)) => {
            let digest: [u8; 32] = Sha256::digest(&pagerduty.routing_key).into();
            let mut first = [0; 16];
            first.copy_from_slice(&digest[..16]);
            EndpointId::of_sink(SinkSid::from_bytes(first))
        }
        _ => own,
    }
}

/// Tells a receiver what a delivery says, if it is still to be told.
async fn tell(
    shared: &Shared,
    delivery: &Delivery,
    event: StreamEvent,
    sink: &Sink,
    receiver: &Receiver,
) -> Result<(), Undelivered> {
    let Some(notice) = said::notice(&shared.app, delivery, event, receiver).await? else {
        return Ok(());
    };
    match receiver {
        Receiver::Email(to) => by_mail(shared, to, &notice, delivery.id).await,
        _ => by_request(shared, sink, receiver, &notice, delivery.id).await,
    }
}

async fn by_mail(
    shared: &Shared,
    to: &[String],
    notice: &Notice,
    id: DeliveryId,
) -> Result<(), Undelivered> {
    let app = &shared.app;
    let Some(server) = &app.config.mail else {
        let why = "this server has no [mail] any more";
        return Err(Undelivered::NoMail(why.to_owned()));
    };
    let domain = mailbox::domain(&server.from).unwrap_or_default();
    let message = message::mail(notice, domain);
    let (now, time_out) = (app.clock.now(), shared.limits.time_out);
    let rest = shared.addressees.rest(id, to);
    let sending = mail::send(server, &rest, &message, now, time_out);
    // A session that ends waits for no longer.
    match tokio::time::timeout(time_out, sending).await {
        Ok(posted) => match shared.addressees.note(id, posted?) {
            Came::ToAll => Ok(()),
            Came::Late(why) => Err(Undelivered::NoMail(why)),
            Came::Refused(why) => Err(Undelivered::Refused(why)),
        },
        Err(_) => Err(Undelivered::NoMail(format!("not within {time_out:?}"))),
    }
}

async fn by_request(
    shared: &Shared,
    sink: &Sink,
    receiver: &Receiver,
    notice: &Notice,
    id: DeliveryId,
) -> Result<(), Undelivered> {
    let request = request(&shared.app, sink, receiver, notice, id)?;
    let arrived = match receiver {
        Receiver::Slack(_) => of_slack(&shared.client, request).await,
        _ => shared.client.send(request).await,
    };
    checked(receiver, arrived)
}

/// What a receiver is sent.
fn request(
    app: &App,
    sink: &Sink,
    receiver: &Receiver,
    notice: &Notice,
    id: DeliveryId,
) -> Result<Request<Full<Bytes>>, Undelivered> {
    let now = app.clock.now();
    let (url, body) = match receiver {
        Receiver::Alertmanager(alertmanager) => {
            let body = alertmanager::body(std::slice::from_ref(notice), now);
            return to_alertmanager(app, alertmanager, body, id);
        }
        Receiver::Webhook(webhook) => {
            let own_url = app.config.public_url.as_deref().unwrap_or_default();
            let body = webhook::body(notice, webhook.version, &sink.description, own_url);
            return to_webhook(app, webhook, body, id);
        }
        Receiver::Slack(url) => (url.as_str(), slack::body(notice)),
        Receiver::Pagerduty(pagerduty) => {
            let url = pagerduty.endpoint.as_deref();
            let body = pagerduty::body(notice, &pagerduty.routing_key);
            (url.unwrap_or(pagerduty::ENDPOINT), body)
        }
        Receiver::Teams(url) => (url.as_str(), teams::body(notice)),
        Receiver::Email(_) => return Err(Undelivered::NoSink),
    };
    let Target { url, .. } = called(app, url)?;
    Ok(to_sink(id, url, None, body, &Shown::Nothing)?)
}

fn to_alertmanager(
    app: &App,
    alertmanager: &Alertmanager,
    body: Vec<u8>,
    id: DeliveryId,
) -> Result<Request<Full<Bytes>>, Undelivered> {
    let Target { url, .. } = called(app, &alertmanager.url)?;
    let base = url.trim_end_matches('/');
    let base = base.strip_suffix(alertmanager::PATH).unwrap_or(base);
    let url = format!("{base}{}", alertmanager::PATH);
    let password = alertmanager.password.as_deref().unwrap_or_default();
    let user = alertmanager.user.as_ref();
    let user = user.map(|user| format!("{user}:{password}"));
    Ok(to_sink(id, url, user.as_deref(), body, &Shown::Nothing)?)
}

fn to_webhook(
    app: &App,
    webhook: &Webhook,
    body: Vec<u8>,
    id: DeliveryId,
) -> Result<Request<Full<Bytes>>, Undelivered> {
    let Target { url, user } = called(app, &webhook.url)?;
    let user = user.map(|user| decoded(&user));
    let signature = webhook.secret.as_deref();
    let signature = signature.map(|secret| webhook::signature(secret, &body));
    let mut request = to_sink(id, url, user.as_deref(), body, &Shown::Nothing)?;
    if let Some(signature) = signature {
        let value = HeaderValue::try_from(signature).map_err(said::unwritten)?;
        let name = HeaderName::from_static(webhook::SIGNATURE);
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}

/// A URL as it is called; whether it may be may have changed since it was named.
fn called(app: &App, url: &str) -> Result<Target, Undelivered> {
    let target = target_of_user(url, app.config.webhook_allow_private);
    target.map_err(|error| said::unwritten(format!("the URL {error}")))
}

/// A test was sent: whether it arrived is kept as how the receiver is. When it did not, it may yet, and is
/// kept then.
async fn note_test(app: &App, sink: &Sink, is_taken: bool) {
    let change = SinkChange {
        status: Some(match is_taken {
            true => SinkStatus::Active,
            false => SinkStatus::Failed,
        }),
        test: Some(None),
        ..SinkChange::default()
    };
    let (account, sid, now) = (sink.account, sink.sid, app.clock.now());
    if let Err(error) = app.store.change_sink(account, sid, change, now).await {
        tracing::warn!(sink.sid = %sid, %error, "what came of a receiver's test could not be noted");
    }
}

/// Why an Alertmanager was not told.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Untold(#[from] Undelivered);

/// Tells an Alertmanager, once, how some alerts of an account are now; those that have not fired are left
/// out. `false`: there is no such receiver, or it is of another kind.
///
/// # Errors
/// Why it was not told. It is to be told again in any case, with the next state.
pub async fn tell_alertmanager(
    app: &App,
    client: &Client,
    account: AccountSid,
    sid: SinkSid,
    alerts: &[Alert],
) -> Result<bool, Untold> {
    let sink = app.store.sink(account, sid).await;
    let Some(sink) = sink.map_err(said::unwritten)? else {
        return Ok(false);
    };
    let opened = Receiver::open(app.directory.vault(), sid, &sink.configuration);
    let receiver = opened.ok_or(Undelivered::NoSink)?;
    let Receiver::Alertmanager(alertmanager) = &receiver else {
        return Ok(false);
    };
    let told = alerts.iter().filter_map(|alert| said::of_alert(app, alert));
    let notices: Vec<Notice> = told.collect();
    let mut refused = None;
    for some in notices.chunks(alertmanager::TOGETHER_MAX) {
        let body = alertmanager::body(some, app.clock.now());
        let digest: [u8; 32] = Sha256::digest(&body).into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        let request = to_alertmanager(app, alertmanager, body, DeliveryId::from_bytes(id))?;
        let arrived = client.send(request).await;
        match checked(&receiver, arrived) {
            // The others may be fit.
            Err(failure @ Undelivered::Refused(_)) => refused = Some(failure),
            sent => sent?,
        }
    }
    match refused {
        Some(refused) => Err(refused.into()),
        None => Ok(true),
    }
}
