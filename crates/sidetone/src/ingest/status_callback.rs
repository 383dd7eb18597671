//! `POST /ingest/v1/status-callback`: status and recording callbacks, as phone systems send them.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use sidetone_core::id::AccountSid;
use sidetone_wire::error::DecodeError;
use sidetone_wire::observed::Observed;
use sidetone_wire::signature::verify_form;
use sidetone_wire::translate::status_callback;

use super::sender::{Sender, account_of, provider_of};
use super::{Report, append, count};
use crate::app::App;
use crate::http::body;
use crate::http::error::ApiError;

/// The largest callback.
const CALLBACK_MAX_BYTES: usize = 64 * 1024;

/// Keeps what a callback says. 204 when it is kept, or was before.
///
/// # Errors
/// 400 that names the parameter, 401, 413; 503 when nothing can be kept now.
pub async fn receive(
    State(app): State<App>,
    sender: Sender,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let received_at = app.clock.now();
    let body = body::read(body, CALLBACK_MAX_BYTES).await?;
    let form = status_callback::form(&body).map_err(|error| refused(&app, &error))?;
    let observed =
        status_callback::translate(&form, received_at).map_err(|error| refused(&app, &error))?;
    let account = match sender {
        Sender::Caller(caller) => account_of(&app, caller.account, named(&observed))
            .map_err(|error| refused(&app, &error))?,
        Sender::Signed { url, signature, .. } => {
            let (account, secret): (AccountSid, String) = provider_of(&app, named(&observed))?;
            if !verify_form(secret.as_bytes(), &url, &form, &signature) {
                return Err(ApiError::unauthorized());
            }
            account
        }
    };
    let events = observed
        .into_iter()
        .map(|observed| observed.place(account))
        .collect();
    let mut report = Report::default();
    append(&app, events, received_at, &mut report).await?;
    count(&app, "status_callback", &report);
    Ok(StatusCode::NO_CONTENT)
}

fn named(observed: &[Observed]) -> Option<&sidetone_wire::identity::AccountName> {
    observed.first().and_then(|first| first.account.as_ref())
}

fn refused(app: &App, error: &DecodeError) -> ApiError {
    app.counters.count_events("status_callback", "rejected", 1);
    ApiError::bad_request(error.to_string())
}
