//! What a call's signalling says: how far it got and when, between whom, and why it ended.

use std::collections::BTreeSet;

use super::cause;
use super::clock::Heard;
use super::dialog::Dialogs;
use super::disposition::{self, Disposition};
use super::legs::{End, Leg, Legs};
use super::reports::Reports;
use super::trust::trust;
use crate::facts::{CallFacts, EdgeFacts};
use crate::sip::{Media, StartLine};
use crate::summary::SipSummary;
use crate::vocabulary::{CallState, StreamDirection};

/// What follows from the messages of a call.
pub(super) struct Signalling<'a> {
    pub(super) legs: Legs<'a>,
    /// Facts of the call as a whole; its edges are [`Self::caller_edge`] and [`Self::callee_edge`].
    pub(super) facts: CallFacts,
    /// The edge towards the caller.
    pub(super) caller_edge: EdgeFacts,
    /// The edge towards the callee; `None` when only one leg was seen.
    pub(super) callee_edge: Option<EdgeFacts>,
    pub(super) summary: SipSummary,
}

/// Reads the signalling. `None` when no INVITE was seen. The reports of media show that a call was
/// answered where nothing else does.
pub(super) fn signalling<'a>(dialogs: &'a Dialogs, reports: &Reports) -> Option<Signalling<'a>> {
    let legs = Legs::of(dialogs)?;
    let caller = &legs.caller;
    let callee = legs.callee();
    let Disposition {
        state,
        answered_at,
        ended_at,
        last_response,
        disconnected_by,
    } = Disposition::of(&legs, reports);
    let (from, to) = addresses(caller, callee);
    let mut facts = CallFacts {
        state: Some(state),
        started_at: legs.started().map(|heard| heard.at),
        answered_at,
        ended_at,
        pdd_ms: pdd_ms(&legs),
        last_sip_response: last_response,
        q850_cause: q850_cause(caller, callee, state),
        disconnected_by: disconnected_by.map(str::to_owned),
        parent: caller.invites().find_map(|seen| seen.message.parent),
        trust: trust(dialogs, &legs),
        ..CallFacts::default()
    };
    facts.from.address = from;
    facts.to.address = to;
    let callee_edge = (!legs.is_direct()).then(|| EdgeFacts {
        direction: Some(StreamDirection::Outbound),
        ..edge(callee, End::Server)
    });
    let caller_edge = EdgeFacts {
        direction: Some(StreamDirection::Inbound),
        ..edge(caller, End::Client)
    };
    let summary = summary(dialogs, &legs);
    Some(Signalling {
        facts,
        caller_edge,
        callee_edge,
        summary,
        legs,
    })
}

/// From the first INVITE to the first 18x of the attempt that decides, else to its final response:
/// the delay the caller heard, over redirections, challenges and servers that failed (RFC 6076
/// §4.3). Milliseconds, rounded down; `None` where the two were seen by clocks whose difference is
/// not known.
fn pdd_ms(legs: &Legs<'_>) -> Option<u64> {
    let told = || legs.caller.final_response().map(|(_, heard)| heard);
    let heard = legs.caller.alerted().or_else(told)?;
    let started = legs.started()?;
    if !(started.is_timed && heard.is_timed) {
        return None;
    }
    let us = heard.at.since_us(started.at);
    u64::try_from(us.max(0) / 1_000).ok()
}

/// A cause that somebody gave, nearest to the callee first; else what a gateway would give for the
/// response.
fn q850_cause(caller: &Leg<'_>, callee: &Leg<'_>, state: CallState) -> Option<u8> {
    given_cause(callee)
        .or_else(|| given_cause(caller))
        .or_else(|| {
            let refusal = |leg: &Leg<'_>| {
                let (status, _) = leg.final_response()?;
                (status >= 300 && status != 487).then_some(status)
            };
            match state {
                CallState::Completed | CallState::Canceled => Some(cause::NORMAL_CLEARING),
                CallState::Busy | CallState::NoAnswer | CallState::Fail => refusal(callee)
                    .or_else(|| refusal(caller))
                    .and_then(cause::of_status),
                CallState::Answered | CallState::Ringing | CallState::Undialed => None,
            }
        })
}

/// The last Q.850 cause of a leg's Reason headers (RFC 3326).
fn given_cause(leg: &Leg<'_>) -> Option<u8> {
    let reasons = leg
        .messages
        .iter()
        .rev()
        .flat_map(|seen| &seen.message.reasons);
    reasons
        .filter(|reason| reason.protocol.eq_ignore_ascii_case("Q.850"))
        .find_map(|reason| u8::try_from(reason.cause?).ok())
        .filter(|cause| *cause <= 127)
}

/// Caller and callee: the caller as the network asserts it, where it does.
fn addresses(caller: &Leg<'_>, callee: &Leg<'_>) -> (Option<String>, Option<String>) {
    let invites = || caller.invites().chain(callee.invites());
    let asserted = invites().find_map(|seen| seen.message.asserted.clone());
    let given = |address: &String| (!address.is_empty()).then(|| address.clone());
    let from = asserted.or_else(|| invites().find_map(|seen| given(&seen.message.from.address)));
    let to = invites().find_map(|seen| given(&seen.message.to.address));
    (from, to)
}

/// What is known of the edge towards one end of the call.
fn edge(leg: &Leg<'_>, party: End) -> EdgeFacts {
    let platform = party.other();
    // An agent that names one address for both sides, or none, names no side.
    let signaling_ip = |end| {
        let address = match end {
            End::Client => leg.client,
            End::Server => leg.server,
        };
        let is_known = leg.client != leg.server && !address.ip().is_unspecified();
        is_known.then(|| address.ip().to_string())
    };
    let media_ip = |end| {
        let rtp = leg.media_of(end).find_map(|media| media.rtp)?;
        Some(rtp.ip().to_string())
    };
    let agent =
        |seen: &&Heard<'_>| leg.end_of(seen.message) == party && seen.message.user_agent.is_some();
    let refusal = leg.final_response().map(|(status, _)| status);
    EdgeFacts {
        sip_call_id: leg
            .messages
            .first()
            .map(|seen| seen.message.call_id.clone()),
        sip_response: refusal,
        q850_cause: given_cause(leg).or_else(|| refusal.and_then(cause::of_status)),
        user_agent: leg
            .messages
            .iter()
            .find(agent)
            .and_then(|seen| seen.message.user_agent.clone()),
        signaling_ip: signaling_ip(platform),
        external_signaling_ip: signaling_ip(party),
        media_ip: media_ip(platform),
        external_media_ip: media_ip(party),
        ..EdgeFacts::default()
    }
}

fn summary(dialogs: &Dialogs, legs: &Legs<'_>) -> SipSummary {
    let caller = &legs.caller;
    let within =
        |seen: &&Heard<'_>| seen.message.is_request("INVITE") && seen.message.to.tag.is_some();
    let reinvites = caller.messages.iter().filter(within);
    let audio = |seen: &Heard<'_>| {
        let mut media = seen.message.media.iter();
        let audio = media.find(|media| media.kind == "audio")?;
        Some(is_hold(audio))
    };
    // A hold is kept up by every INVITE that repeats it, and begins once.
    let mut held = false;
    let mut holds = 0;
    for now in reinvites.clone().filter_map(audio) {
        holds += u32::from(now && !held);
        held = now;
    }
    let targets: BTreeSet<&str> = legs
        .callees
        .iter()
        .flat_map(Leg::requests)
        .filter_map(|request| match &request.start {
            StartLine::Request(uri) => Some(uri.as_str()),
            StartLine::Response(_) => None,
        })
        .collect();
    let branches = legs.callees.len().max(targets.len());
    let early = |(status, seen): (u16, Heard<'_>)| status < 200 && !seen.message.media.is_empty();
    let first = caller.messages.first();
    let first = first.map(|seen| seen.message.call_id.as_str());
    let call_ids = dialogs.messages().map(|seen| seen.message.call_id.as_str());
    let others: BTreeSet<&str> = call_ids.filter(|it| Some(*it) != first).collect();
    let call_ids = first.into_iter().chain(others);
    let callee_response = legs.callee().final_response().map(|(status, _)| status);
    SipSummary {
        call_ids: call_ids.map(str::to_owned).collect(),
        caller_response: caller.final_response().map(|(status, _)| status),
        callee_response: callee_response.filter(|_| !legs.is_direct()),
        reinvites: u32::try_from(reinvites.count()).unwrap_or(u32::MAX),
        holds,
        forks: u32::try_from(branches.saturating_sub(1)).unwrap_or(u32::MAX),
        earlier_attempts: u32::try_from(caller.place).unwrap_or(u32::MAX),
        challenged: caller
            .all_responses()
            .any(|(status, _)| matches!(status, 401 | 407)),
        early_media: legs.all().any(|leg| leg.invite_responses().any(early)),
        diverted_by: legs
            .all()
            .flat_map(Leg::invites)
            .map(|seen| &seen.message.diverted_by)
            .find(|diverted| !diverted.is_empty())
            .cloned()
            .unwrap_or_default(),
        other_dialogs: disposition::other_dialogs(legs),
    }
}

fn is_hold(media: &Media) -> bool {
    matches!(media.direction.as_str(), "sendonly" | "inactive")
}
