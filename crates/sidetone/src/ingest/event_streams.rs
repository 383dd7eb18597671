//! `POST /ingest/v1/event-streams`: arrays of CloudEvents, as Twilio Event Streams sends them.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_store::StoreError;
use sidetone_wire::batch::Batch;
use sidetone_wire::error::DecodeError;
use sidetone_wire::identity::AccountName;
use sidetone_wire::signature::verify_body;
use sidetone_wire::translate::event_streams;
use tokio::sync::Semaphore;

use super::keep::{answer, append, count};
use super::outcome::Outcome;
use super::sender::{Sender, account_of};
use crate::api::error::ApiError;
use crate::app::App;
use crate::telemetry::labels::{EventResult, Source};
use crate::web::body;

/// As counters call it.
const SOURCE: Source = Source::EventStreams;
/// How many times the memory of their text events take at most that were read: each is bounded by
/// itself.
const MEMORY: usize = 12;
/// Signed bodies held at once.
static SIGNED: Semaphore = Semaphore::const_new(32);

/// What a signature vouches for: events of the account it was made by, and of no other in the same
/// body.
pub struct Vouched {
    name: AccountName,
    /// The signed URL names the account, so that events which name none are its as well.
    in_url: bool,
}

impl Vouched {
    fn holds_for(&self, named: Option<&AccountName>) -> bool {
        named.map_or(self.in_url, |named| *named == self.name)
    }
}

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
    // Whoever shows no credentials has a body held in memory before it is known whose it is.
    let _permit = match &sender {
        Sender::Caller(_) => None,
        Sender::Signed(_) => Some(
            SIGNED
                .try_acquire()
                .map_err(|_| ApiError::too_many_requests(1))?,
        ),
    };
    let max_bytes = event_streams::BODY_MAX_BYTES;
    let room = match &sender {
        Sender::Caller(_) => &app.bounds.bodies,
        Sender::Signed(_) => &app.bounds.unverified,
    };
    let (body, held) = body::read_large(room, body, max_bytes).await?;
    let (own, vouched) = match sender {
        Sender::Caller(caller) => (caller.account, None),
        Sender::Signed(signed) => {
            let in_url = signed.named.is_some();
            let name = signed.named.clone().or_else(|| first_account(&body));
            let fits = |secret: &[u8], url: &str, signature: &str| {
                verify_body(secret, url, &body, signature)
            };
            let account = signed.verify(&app, SOURCE, name.as_ref(), fits)?;
            (account, name.map(|name| Vouched { name, in_url }))
        }
    };
    // Reading costs many times the body's size, so it waits until the sender is known.
    let share = app.bounds.events.take(body.len() * MEMORY).await;
    let _share = share.ok_or_else(ApiError::busy)?;
    let bytes = body.len();
    let decode = move || {
        let _held = held;
        event_streams::decode(&body, received_at)
    };
    let batch = app.bounds.reading(bytes, decode).await?;
    let batch = batch.map_err(|error| {
        app.counters.count_events(SOURCE, EventResult::Rejected, 1);
        ApiError::bad_request(error.to_string())
    })?;
    let outcome = keep(&app, own, vouched.as_ref(), batch, received_at).await?;
    answer(&app, SOURCE, outcome)
}

/// Keeps a batch for an account, or for those its events name where the account may write to them;
/// of a signed batch, those of the signer.
///
/// # Errors
/// As the store's; then nothing was kept.
pub async fn keep(
    app: &App,
    own: AccountSid,
    vouched: Option<&Vouched>,
    batch: Batch,
    received_at: TimeUs,
) -> Result<Outcome, StoreError> {
    let mut outcome = Outcome {
        ignored: batch.ignored.count,
        ..Outcome::default()
    };
    outcome.refuse_all(&batch.refused);
    let mut events = Vec::with_capacity(batch.observed.len());
    for observed in batch.observed {
        let account = match vouched {
            Some(vouched) if vouched.holds_for(observed.account.as_ref()) => Ok(own),
            Some(_) => Err(DecodeError::malformed(
                "account_sid",
                "the account that signed the body",
            )),
            None => account_of(app, own, observed.account.as_ref()),
        };
        match account {
            Ok(account) => events.push(observed.place(account)),
            Err(error) => outcome.refuse(&error),
        }
    }
    append(app, events, received_at, &mut outcome).await?;
    count(app, SOURCE, &outcome);
    Ok(outcome)
}

/// The first `AccountSid` of a body that is not read yet; the data of an event may be JSON within a
/// string. What this finds is only where to look for a secret: the signature decides.
fn first_account(body: &[u8]) -> Option<AccountName> {
    // With its quotation mark: `parent_account_sid` is another name.
    const NAME: &[u8] = b"\"account_sid";
    const SID: usize = 34;
    let after = |(at, _)| body.get(at + NAME.len()..);
    body.windows(NAME.len())
        .enumerate()
        .filter(|(_, window)| *window == NAME)
        .filter_map(after)
        .find_map(|rest| {
            let value = rest.iter().position(|byte| {
                !matches!(byte, b'"' | b'\\' | b':' | b' ' | b'\t' | b'\r' | b'\n')
            })?;
            let sid = std::str::from_utf8(rest.get(value..value + SID)?).ok()?;
            sid.parse().ok().map(AccountName::Sid)
        })
}

/// Whether a file that begins so is one of CloudEvents.
#[must_use]
pub fn looks_like(beginning: &[u8]) -> bool {
    let name = b"\"specversion\"";
    beginning.windows(name.len()).any(|window| window == name)
}
