//! `POST /ingest/v1/status-callback`: status and recording callbacks, as phone systems send them.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use sidetone_wire::error::DecodeError;
use sidetone_wire::identity::AccountName;
use sidetone_wire::observed::Observed;
use sidetone_wire::signature::{verify_body, verify_form};
use sidetone_wire::translate::status_callback;

use super::keep::{append, count};
use super::outcome::Outcome;
use super::sender::{Sender, account_of};
use crate::api::error::ApiError;
use crate::api::hint::{Hints, note_mistyped};
use crate::app::App;
use crate::telemetry::labels::{EventResult, Source};
use crate::web::body;

/// As counters call it.
const SOURCE: Source = Source::StatusCallback;
/// The largest callback.
const CALLBACK_MAX_BYTES: usize = 64 * 1024;

/// Names of parameters, in the spelling of Twilio and in that of jambonz.
const NAMES: &[&str] = &[
    "CallSid",
    "CallStatus",
    "AccountSid",
    "From",
    "To",
    "Direction",
    "ParentCallSid",
    "Timestamp",
    "SequenceNumber",
    "CallDuration",
    "SipResponseCode",
    "AnsweredBy",
    "call_sid",
    "call_status",
    "account_sid",
    "from",
    "to",
    "direction",
    "parent_call_sid",
    "duration",
    "sip_status",
];

/// Keeps what a callback says. 204 when it is kept, or was before.
///
/// # Errors
/// 400 that names the parameter, 401, 413; 503 when nothing can be kept now.
pub async fn receive(
    State(app): State<App>,
    sender: Sender,
    hints: Option<Extension<Hints>>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let received_at = app.clock.now();
    let body = body::read(body, CALLBACK_MAX_BYTES).await?;
    let form = status_callback::form(&body).map_err(|error| refused(&app, &error))?;
    if let Some(Extension(hints)) = hints {
        note_mistyped(&hints, form.pairs().map(|(name, _)| name), NAMES);
    }
    let signer = match &sender {
        Sender::Caller(_) => None,
        Sender::Signed(signed) => {
            let name = form
                .get("AccountSid")
                .or_else(|| form.get("account_sid"))
                .and_then(AccountName::parse)
                .or_else(|| signed.named.clone());
            let is_json = body.trim_ascii_start().first() == Some(&b'{');
            let fits = |secret: &[u8], url: &str, signature: &str| {
                if is_json {
                    verify_body(secret, url, &body, signature)
                } else {
                    verify_form(secret, url, &form, signature)
                }
            };
            Some(signed.verify(&app, SOURCE, name.as_ref(), fits)?)
        }
    };
    let observed =
        status_callback::translate(&form, received_at).map_err(|error| refused(&app, &error))?;
    let account = match (sender, signer) {
        (_, Some(signer)) => signer,
        (Sender::Caller(caller), None) => account_of(&app, caller.account, named(&observed))
            .map_err(|error| refused(&app, &error))?,
        (Sender::Signed(_), None) => return Err(ApiError::unauthorized()),
    };
    let events = observed
        .into_iter()
        .map(|observed| observed.place(account))
        .collect();
    let mut outcome = Outcome::default();
    append(&app, events, received_at, &mut outcome).await?;
    count(&app, SOURCE, &outcome);
    Ok(StatusCode::NO_CONTENT)
}

fn named(observed: &[Observed]) -> Option<&AccountName> {
    observed.first().and_then(|first| first.account.as_ref())
}

fn refused(app: &App, error: &DecodeError) -> ApiError {
    app.counters.count_events(SOURCE, EventResult::Rejected, 1);
    ApiError::bad_request(error.to_string())
}
