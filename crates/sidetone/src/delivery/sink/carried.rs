//! How events go to each kind of sink, and what its answer means.

mod otlp;
mod s3;

use axum::body::Bytes;
use http_body_util::Full;
use hyper::Request;
use sidetone_store::delivery::DeliveryId;

use super::begun::Arrived;
use super::written::{Item, unwritten};
use crate::app::App;
use crate::delivery::request::{Shown, to_sink};
use crate::delivery::sending::{Shared, Undelivered, token};
use crate::delivery::target::{Target, decoded, target_of_user};
use crate::streams::configuration::{
    Configuration, SEGMENT_ENDPOINT, Segment, SinkSignature, Webhook,
};
use crate::streams::outlets::Outlet;

/// Brings a sink events, in one request of this name.
pub(super) async fn carry(
    shared: &Shared,
    outlet: &Outlet,
    id: DeliveryId,
    items: &[Item],
) -> Result<Arrived, Undelivered> {
    let app = &shared.app;
    let request = match &outlet.configuration {
        Configuration::Webhook(webhook) => to_webhook(app, outlet, webhook, id, items)?,
        Configuration::Segment(segment) => to_segment(segment, id, items)?,
        Configuration::Otlp(otlp) => return otlp::send(shared, otlp, id, items).await,
        Configuration::S3(s3) => return s3::send(shared, s3, items).await,
    };
    let status = shared.client.send(request).await?;
    Ok(Arrived { status, but: None })
}

fn to_webhook(
    app: &App,
    outlet: &Outlet,
    webhook: &Webhook,
    id: DeliveryId,
    items: &[Item],
) -> Result<Request<Full<Bytes>>, Undelivered> {
    let target = target_of_user(&webhook.destination, app.config.webhook_allow_private);
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
    Ok(to_sink(id, url, user.as_deref(), list(items), &shown)?)
}

fn to_segment(
    segment: &Segment,
    id: DeliveryId,
    items: &[Item],
) -> Result<Request<Full<Bytes>>, Undelivered> {
    let url = segment.endpoint.as_deref().unwrap_or(SEGMENT_ENDPOINT);
    let mut body = b"{\"batch\":".to_vec();
    body.extend(list(items));
    body.push(b'}');
    let user = format!("{}:", segment.write_key);
    let url = url.to_owned();
    Ok(to_sink(id, url, Some(&user), body, &Shown::Nothing)?)
}

/// A JSON array of what is JSON.
fn list(items: &[Item]) -> Vec<u8> {
    let mut list = vec![b'['];
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            list.push(b',');
        }
        list.extend_from_slice(&item.json);
    }
    list.push(b']');
    list
}
