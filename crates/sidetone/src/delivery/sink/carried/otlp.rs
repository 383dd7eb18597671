//! To what takes logs by OTLP/HTTP.

use axum::body::Bytes;
use http_body_util::Full;
use hyper::Request;
use sidetone_store::delivery::{DeliveryId, DeliveryRequest, Method};

use crate::delivery::request::{JSON, request};
use crate::delivery::sending::{Shared, Undelivered};
use crate::delivery::sink::begun::Arrived;
use crate::delivery::sink::written::{Item, unwritten};
use crate::delivery::target::target;
use crate::outgoing::client::Failure;
use crate::streams::configuration::otlp::Otlp;
use crate::streams::otlp;

/// Sends records. What a request was taken without (`partialSuccess`) is not sent again, as the
/// specification asks: which they were is not told. It is counted.
pub(super) async fn send(
    shared: &Shared,
    otlp: &Otlp,
    id: DeliveryId,
    items: &[Item],
) -> Result<Arrived, Undelivered> {
    let app = &shared.app;
    let request = to_receiver(otlp, app.config.webhook_allow_private, id, items)?;
    let said = shared.client.ask(request).await?;
    let said = match said.success() {
        // What it cannot read it never will be able to; several are sent one by one.
        Err(Failure::Status { status: 400, .. }) if items.len() == 1 => {
            return Err(Undelivered::Refused("answered 400".to_owned()));
        }
        said => said?,
    };
    let rejected = otlp::rejected(&said.body);
    if let Some(rejected) = &rejected {
        app.counters.streams_rejected.inc_by(rejected.records);
    }
    let but = rejected.map(|it| {
        format!(
            "{} of {} not taken: {}",
            it.records,
            items.len(),
            it.message
        )
    });
    Ok(Arrived {
        status: said.status,
        but,
    })
}

fn to_receiver(
    otlp: &Otlp,
    allow_private: bool,
    id: DeliveryId,
    items: &[Item],
) -> Result<Request<Full<Bytes>>, Undelivered> {
    let url = target(&otlp.url(), allow_private);
    let records: Vec<&[u8]> = items.iter().map(|item| &*item.json).collect();
    let sent = DeliveryRequest {
        method: Method::Post,
        url: url.map_err(|error| unwritten(format!("the endpoint {error}")))?,
        headers: otlp.sent().map_err(unwritten)?,
        body: Some((JSON.to_owned(), otlp::request(&records))),
    };
    let mut request = request(id, &sent, None)?;
    // They may let in whoever has them.
    for value in request.headers_mut().values_mut() {
        value.set_sensitive(true);
    }
    Ok(request)
}
