//! `POST /ingest/v1/event-streams`: arrays of CloudEvents, as Twilio Event Streams sends them.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_store::StoreError;
use sidetone_wire::batch::Batch;
use sidetone_wire::error::DecodeError;
use sidetone_wire::identity::AccountName;
use sidetone_wire::signature::verify_body;
use sidetone_wire::translate::event_streams;

use super::sender::{Sender, account_of, provider_of};
use super::{Report, append, count};
use crate::app::App;
use crate::http::body;
use crate::http::error::ApiError;
use crate::http::json::Json;

/// Keeps the good events, counts the others and says why.
///
/// # Errors
/// 400 when the body is no such array, 401, 413; 503 when nothing can be kept now.
pub async fn receive(
    State(app): State<App>,
    sender: Sender,
    body: Body,
) -> Result<Response, ApiError> {
    let received_at = app.clock.now();
    let body = body::read(body, event_streams::BODY_MAX_BYTES).await?;
    let batch = event_streams::decode(&body, received_at)
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    // A signature vouches for the account it was made by, and for no other in the same body.
    let (own, only): (_, Option<AccountName>) = match sender {
        Sender::Caller(caller) => (caller.account, None),
        Sender::Signed {
            url,
            signature,
            named,
        } => {
            let first = batch.observed.first();
            let name = first.and_then(|first| first.account.clone()).or(named);
            let (account, secret) = provider_of(&app, name.as_ref())?;
            if !verify_body(secret.as_bytes(), &url, &body, &signature) {
                return Err(ApiError::unauthorized());
            }
            (account, name)
        }
    };
    Ok(Json(keep(&app, own, only.as_ref(), batch, received_at).await?).into_response())
}

/// Keeps a batch for an account, or for those its events name where the account may write to them. `only`: the name of
/// the account that vouched for the batch.
///
/// # Errors
/// As the store's; then nothing was kept.
pub async fn keep(
    app: &App,
    own: AccountSid,
    only: Option<&AccountName>,
    batch: Batch,
    received_at: TimeUs,
) -> Result<Report, StoreError> {
    let mut report = Report {
        ignored: batch.ignored.count,
        ..Report::default()
    };
    report.refuse_all(&batch.refused);
    let mut events = Vec::with_capacity(batch.observed.len());
    for observed in batch.observed {
        let account = match only {
            Some(_) if observed.account.as_ref() == only => Ok(own),
            Some(_) => Err(DecodeError::malformed(
                "account_sid",
                "the account that signed the body",
            )),
            None => account_of(app, own, observed.account.as_ref()),
        };
        match account {
            Ok(account) => events.push(observed.place(account)),
            Err(error) => report.refuse(&error),
        }
    }
    append(app, events, received_at, &mut report).await?;
    count(app, "event_streams", &report);
    Ok(report)
}

/// Whether a file that begins so is one of CloudEvents.
#[must_use]
pub fn looks_like(beginning: &[u8]) -> bool {
    let name = b"\"specversion\"";
    beginning.windows(name.len()).any(|window| window == name)
}
