//! `POST /v4/EndpointEvents` and `/v4/EndpointMetrics`: what voice SDKs publish of their calls, by
//! the paths that the stock SDK knows.
//!
//! Whoever sends them is somebody's browser, with an access token. One for a single call may tell of
//! that call. A Voice SDK's own may tell of calls that its holder began, which first have a temporary
//! name, and of those that reached him; whoever is the first to tell of a call is the only one.

use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Response;
use sidetone_core::facts::PartyFacts;
use sidetone_core::feedback::FeedbackPatch;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::TimeUs;
use sidetone_store::feedback::Rate;
use sidetone_store::sdk_calls::{SdkAppended, SdkEvents};
use sidetone_store::{Appended, Lookup, NewEvent, Scope};
use sidetone_wire::access_token::{Permission, VoiceGrant};
use sidetone_wire::error::DecodeError;
use sidetone_wire::translate::voice_sdk::{
    self, BODY_MAX_BYTES, SdkCall, Speaker, TemporarySid, Told, Way,
};

use super::keep::{answer, append, count};
use super::outcome::Outcome;
use crate::address::household;
use crate::api::auth::address;
use crate::api::auth::token::{Holder, TOKEN};
use crate::api::error::ApiError;
use crate::app::App;
use crate::telemetry::labels::{EventResult, Source};
use crate::web::body;

/// As counters call it.
const SOURCE: Source = Source::VoiceSdk;
/// Requests in a second of one token: a call begins with some thirty within half a second.
const OF_TOKEN: u32 = 100;
/// The same of one address, which may be that of an office.
const OF_ADDRESS: u32 = 1_000;

/// Whoever sends what an SDK observes: the holder of an access token.
pub struct Sender(Holder);

impl FromRequestParts<App> for Sender {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let passed = app.clock.passed();
        let slow_down = ApiError::too_many_requests;
        let address = household(address(parts, app));
        let addresses = &app.bounds.sdk_addresses;
        addresses
            .take(address, passed, OF_ADDRESS)
            .map_err(slow_down)?;
        let token = parts
            .headers
            .get(TOKEN)
            .and_then(|token| token.to_str().ok());
        let token = token.ok_or_else(ApiError::no_token)?;
        let holder = Holder::of(token, parts, app).await?;
        let tokens = &app.bounds.sdk_tokens;
        tokens
            .take(holder.opener().0, passed, OF_TOKEN)
            .map_err(slow_down)?;
        Ok(Self(holder))
    }
}

/// Keeps an event.
///
/// # Errors
/// 400 that names the field, 401, 403 when the token does not allow it, 413, 429; 503 when nothing
/// can be kept now.
pub async fn event(
    State(app): State<App>,
    Sender(holder): Sender,
    body: Body,
) -> Result<Response, ApiError> {
    let received_at = app.clock.now();
    let body = body::read(body, BODY_MAX_BYTES).await?;
    let address = holder
        .voice()
        .map(|(identity, _)| format!("client:{identity}"));
    let speaker = Speaker {
        address: address.as_deref(),
    };
    let told = voice_sdk::decode_event(&body, speaker, received_at);
    receive(&app, &holder, told, received_at).await
}

/// Keeps a batch of samples.
///
/// # Errors
/// As [`event`].
pub async fn metrics(
    State(app): State<App>,
    Sender(holder): Sender,
    body: Body,
) -> Result<Response, ApiError> {
    let received_at = app.clock.now();
    let body = body::read(body, BODY_MAX_BYTES).await?;
    let told = voice_sdk::decode_metrics(&body, received_at);
    receive(&app, &holder, told, received_at).await
}

async fn receive(
    app: &App,
    holder: &Holder,
    told: Result<Told, DecodeError>,
    received_at: TimeUs,
) -> Result<Response, ApiError> {
    let told = told.map_err(|error| {
        app.counters.count_events(SOURCE, EventResult::Rejected, 1);
        ApiError::bad_request(error.to_string())
    })?;
    let mut outcome = Outcome::default();
    outcome.refuse_all(&told.refused);
    match told.call {
        None => outcome.ignored += 1,
        Some(call) => {
            let events = told.observed.into_iter();
            let events = events.map(|observed| NewEvent {
                event: observed.place(holder.account()),
                received_at,
            });
            let events = events.collect();
            let kept = keep(app, holder, &call, events, received_at, &mut outcome).await?;
            if let (Some(sid), Some(patch)) = (kept, told.feedback) {
                let is_new = outcome.accepted > 0;
                rate(app, holder, sid, patch, is_new, received_at).await?;
            }
        }
    }
    count(app, SOURCE, &outcome);
    answer(app, SOURCE, outcome)
}

/// Keeps events of a call that the token allows to tell of. Says which call it is, once that is
/// known.
async fn keep(
    app: &App,
    holder: &Holder,
    call: &SdkCall,
    events: Vec<NewEvent>,
    now: TimeUs,
    outcome: &mut Outcome,
) -> Result<Option<CallSid>, ApiError> {
    let account = holder.account();
    let sid = call.sid.as_ref().map(|name| name.resolve(account));
    if let Some(sid) = sid
        && holder.may(Permission::Observe, sid)
    {
        let events = events.into_iter().map(|new| new.event).collect();
        append(app, events, now, outcome).await?;
        return Ok(Some(sid));
    }
    let (identity, grant) = holder.voice().ok_or_else(|| {
        ApiError::not_allowed(
            "The access token does not allow to tell of this call. It takes a grant to observe it, or a Voice SDK's own with an identity.",
        )
    })?;
    let opener = holder.opener();
    if let Some(sid) = sid
        && app.store.sdk_opener(account, sid).await?.is_none()
    {
        may_open(grant, call)?;
        is_party(app, account, sid, identity).await?;
    } else if sid.is_none() {
        may_open(grant, call)?;
    }
    if events.is_empty() {
        return Ok(None);
    }
    let number = events.len() as u64;
    let temporary = call.temporary.as_ref().map(TemporarySid::call);
    let told = SdkEvents {
        account,
        opener,
        temporary: temporary.map(|name| name.resolve(account)),
        sid,
        events,
        now,
    };
    match app.store.append_of_sdk(told).await? {
        SdkAppended::ToCall(sid, fates) => {
            outcome.count(&fates);
            let mut kept = fates.iter();
            let is_kept = kept.any(|fate| matches!(fate, Appended::New | Appended::Duplicate));
            Ok(is_kept.then_some(sid))
        }
        SdkAppended::Waiting => {
            outcome.accepted += number;
            Ok(None)
        }
        SdkAppended::Foreign => Err(ApiError::not_allowed(
            "Somebody else tells of this call, or its temporary name is that of another call.",
        )),
        SdkAppended::Crowded => Err(ApiError::too_many_requests(QUIET_S)),
    }
}

/// Seconds after which what waits has become a call of its own.
const QUIET_S: u64 = 120;

/// Whether a Voice SDK's grant allows to be the first to tell of a call that goes this way. An
/// outgoing one is told of under its temporary name first.
fn may_open(grant: VoiceGrant, call: &SdkCall) -> Result<(), ApiError> {
    let (allowed, what) = match call.way {
        Some(Way::Incoming) => (grant.incoming, "incoming calls"),
        Some(Way::Outgoing) | None => (
            grant.outgoing && call.temporary.is_some(),
            "calls other than those that its holder began, which have a temp_call_sid",
        ),
    };
    if allowed {
        return Ok(());
    }
    Err(ApiError::not_allowed(format!(
        "The voice grant of the access token does not allow to tell of {what}."
    )))
}

/// Whether a call that is known already can be one of this client: where both of its parties are
/// known, it is one of them.
async fn is_party(
    app: &App,
    account: AccountSid,
    sid: CallSid,
    identity: &str,
) -> Result<(), ApiError> {
    let Lookup::Found(record) = app.store.record(Scope { account }, sid).await? else {
        return Ok(());
    };
    let Some(summary) = record.summary.filter(|_| record.call.account == account) else {
        return Ok(());
    };
    let is_other = |party: &PartyFacts| {
        let address = party.address.as_deref();
        address.is_some_and(|address| user_of(address) != identity)
    };
    if is_other(&summary.facts.from) && is_other(&summary.facts.to) {
        return Err(ApiError::not_allowed(
            "The call is one of others, as far as its parties are known.",
        ));
    }
    Ok(())
}

/// The name in `client:alice`, or in a SIP URI.
fn user_of(address: &str) -> &str {
    let rest = address.split_once(':').map_or(address, |(_, rest)| rest);
    rest.split(['@', ';', '?']).next().unwrap_or(rest)
}

/// Makes feedback of what the SDK's user thinks. A resend is no second opinion.
async fn rate(
    app: &App,
    holder: &Holder,
    sid: CallSid,
    patch: FeedbackPatch,
    is_new: bool,
    now: TimeUs,
) -> Result<(), ApiError> {
    let account = holder.account();
    let settings = app.directory.settings(account);
    let rate = Rate {
        by: holder.name(),
        patch,
        now,
        accept_unknown: false,
        only_first: !is_new,
        mirror: settings.is_some_and(|settings| settings.mirror_feedback),
    };
    app.store.rate(CallRef { account, sid }, rate).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_known_by_its_name_in_addresses() {
        for (address, user) in [
            ("client:alice", "alice"),
            ("sip:alice@example.com;transport=ws", "alice"),
            ("alice", "alice"),
            ("client:alice@example.com", "alice"),
            ("+12025550100", "+12025550100"),
        ] {
            assert_eq!(user_of(address), user);
        }
    }
}
