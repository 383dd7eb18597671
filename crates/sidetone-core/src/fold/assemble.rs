//! Puts a summary together: what is reported, what follows from it, what was measured, what is
//! wrong with it.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use super::outcome::Outcome;
use super::parties::{self, Locations};
use super::side::{Side, SideFigures, set_loss_percent};
use super::sip::Signalling;
use super::state::{FOLD_VERSION, FoldState};
use super::{imported, sip};
use crate::facts::{CallFacts, EdgeFacts, PartyFacts};
use crate::id::CallRef;
use crate::media::{Counters, Stat};
use crate::number;
use crate::quality::emodel::{Codec, RFactor};
use crate::rules::Rules;
use crate::sip::IpLocation;
use crate::summary::{CallSummary, Disregarded, EdgeSummary, NotMeasured};
use crate::tag_reason::{NoFigure, TagReason};
use crate::tags;
use crate::time::TimeUs;
use crate::vocabulary::{CallDirection, CallType, EdgeKind, MosMethod, StreamDirection, Tag};

/// What a call's events tell before it is held to rules: they name the day whose rules are in force,
/// and with these the summary.
pub struct Findings<'a> {
    state: &'a FoldState,
    signalling: Option<Signalling<'a>>,
    outcome: Outcome,
}

impl FoldState {
    /// What follows from what has been learnt, whatever the rules.
    #[must_use]
    pub fn findings(&self) -> Findings<'_> {
        Findings::of(self)
    }

    /// The summary of what has been learnt.
    #[must_use]
    pub fn summary(&self, call: CallRef, rules: &Rules) -> CallSummary {
        self.findings().summary(call, rules)
    }
}

impl<'a> Findings<'a> {
    fn of(state: &'a FoldState) -> Self {
        let signalling = sip::signalling(&state.dialogs, &state.reports);
        let mut outcome = state.outcome(signalling.as_ref().map(|it| &it.facts));
        // Where another system does not say when the call started, it started when we saw it start.
        if let Some(import) = &state.import
            && import.summary.facts.started_at.is_none()
            && let Some(own) = state.own()
        {
            outcome.started_at = Findings::of(&own).started_at();
        }
        Self {
            state,
            signalling,
            outcome,
        }
    }

    /// When the call started, as far as known: the day of this time says which rules are in force.
    /// `None` before the first event.
    #[must_use]
    pub const fn started_at(&self) -> Option<TimeUs> {
        self.outcome.started_at
    }

    /// The summary by these rules.
    #[must_use]
    pub fn summary(self, call: CallRef, rules: &Rules) -> CallSummary {
        match &self.state.import {
            Some(import) => {
                let own = self.state.own();
                let own = own.map(|own| Findings::of(&own).observed(call, rules));
                imported::summary(self.state, import, own, &self.outcome, call, rules)
            }
            None => self.observed(call, rules),
        }
    }

    /// The summary of what was observed.
    fn observed(self, call: CallRef, rules: &Rules) -> CallSummary {
        let Self {
            state,
            signalling,
            outcome,
        } = self;
        let seen = signalling.map(|it| parties::seen(it, &state.reports, &rules.sides));
        let of_switch = state.switch_edge.facts();
        let switch_edge = switch_edge(seen.as_ref(), of_switch.direction);
        let mut figures = state.streams.figures(switch_edge);
        let mut trips = BTreeMap::new();
        let mut unheard = BTreeMap::new();
        let mut disregarded = BTreeMap::new();
        let mut locations = Locations::default();
        let (mut facts, sip) = match seen {
            Some(seen) => {
                trips = seen.leg_rtt_ms;
                unheard = seen.unheard;
                disregarded = seen.disregarded;
                locations = seen.locations;
                for (place, side) in seen.figures {
                    // Whoever carried the media measured it where it came in; reports tell of what
                    // that leaves open.
                    if let Some(held) = figures.get_mut(&place) {
                        held.total = mem::take(&mut held.total).or(side.total);
                    } else {
                        figures.insert(place, side);
                    }
                }
                (seen.facts, Some(seen.summary))
            }
            None => (CallFacts::default(), None),
        };
        if of_switch != EdgeFacts::default() {
            let held = facts.edges.remove(&switch_edge).unwrap_or_default();
            facts.edges.insert(switch_edge, held.or(of_switch));
        }
        // The call's own messages go before what is told about it.
        let mut facts = facts.or(state.claims.facts()).or(state.sdk_claims.facts());
        complete(&mut facts, &outcome, locations);
        facts.call_type = facts.call_type.or_else(|| call_type(&facts, &figures));
        let mut edges = edges(state, &mut facts, figures, &outcome, &disregarded);

        let pdd_limit = tags::pdd_limit(&facts, rules);
        let late = pdd_limit.as_ref();
        let late = late.and_then(|limit| tags::of_delay(&facts, limit));
        let short = tags::of_length(&facts);
        for (kind, edge) in &mut edges {
            edge.leg_rtt_ms = trips.remove(kind);
            edge.unheard = unheard.remove(kind).unwrap_or_default();
            let mut tags: BTreeSet<Tag> = edge.tags.iter().copied().collect();
            let late = late.as_ref().filter(|_| *kind != EdgeKind::Sdk);
            let short = short.as_ref().filter(|_| *kind == EdgeKind::Carrier);
            tags.extend([late, short].into_iter().flatten().map(|it| it.tag));
            edge.tags = tags.into_iter().collect();
        }
        let mut reasons: Vec<TagReason> = [late, short].into_iter().flatten().collect();
        let of_edges = edges.values().flat_map(|edge| edge.tags.iter().copied());
        let mut found: BTreeSet<Tag> = of_edges.collect();
        found.extend(reasons.iter().map(|reason| reason.tag));
        for tag in facts.tags.take().unwrap_or_default() {
            if found.insert(tag) {
                reasons.push(TagReason::without_figure(tag, NoFigure::Reported));
            }
        }

        CallSummary {
            call,
            processing: state.processing(),
            fold_version: FOLD_VERSION,
            rules_day: rules.day,
            sides_digest: rules.sides.digest(),
            facts,
            edges,
            sip,
            tags: found.into_iter().collect(),
            reasons,
            pdd_limit,
            end_not_seen: outcome.end_not_seen,
            last_event_at: state.last_event_at(),
            imported: None,
            beside: None,
            imported_annotation: None,
        }
    }
}

/// The edge that a switch's leg ends at: that of the party at its other end, as signalling and
/// rules say. Without signalling, or where a leg with a proxy on its way does not say which party
/// that is, the SIP edge.
fn switch_edge(seen: Option<&parties::Seen>, direction: Option<StreamDirection>) -> EdgeKind {
    match (seen.map(|seen| seen.kinds), direction) {
        (Some((caller, callee)), _) if caller == callee => caller,
        (Some((caller, _)), Some(StreamDirection::Inbound)) => caller,
        (Some((_, callee)), Some(StreamDirection::Outbound)) => callee,
        _ => EdgeKind::Sip,
    }
}

/// Adds what follows from the outcome and from the addresses.
fn complete(facts: &mut CallFacts, outcome: &Outcome, locations: Locations) {
    facts.state = outcome.state;
    facts.created_at = outcome.created_at;
    facts.started_at = outcome.started_at;
    facts.answered_at = outcome.answered_at;
    facts.ended_at = outcome.ended_at;
    facts.duration_s = outcome.duration_s;
    facts.connect_duration_s = outcome.connect_duration_s;
    facts.pdd_ms = outcome.pdd_ms;
    place(&mut facts.from, locations.from);
    place(&mut facts.to, locations.to);
    // Only dialling within a call makes calls that have a parent.
    if facts.direction.is_none() && facts.parent.is_some() {
        facts.direction = Some(CallDirection::OutboundDial);
    }
}

/// Country and prefix of a party's number, where nobody said them; then where its address is,
/// unless that is in another country: a number that is used from abroad keeps its own.
fn place(party: &mut PartyFacts, location: Option<IpLocation>) {
    if (party.country_code.is_none() || party.number_prefix.is_none())
        && let Some(origin) = party.address.as_deref().and_then(number::origin)
    {
        party.country_code = party.country_code.take().or(origin.country_code);
        party.number_prefix = party.number_prefix.take().or(Some(origin.number_prefix));
    }
    if party.city.is_none()
        && let Some(location) = location
    {
        let there = &location.country_code;
        let country = party.country_code.get_or_insert_with(|| there.clone());
        if country == there {
            party.city = location.city;
        }
    }
}

/// The kind of call, where nobody said it.
fn call_type(
    facts: &CallFacts,
    figures: &BTreeMap<(EdgeKind, Side), SideFigures>,
) -> Option<CallType> {
    let (from, to) = (&facts.from.address, &facts.to.address);
    let shown = number::call_type(facts.direction, from.as_deref(), to.as_deref());
    let has_sdk = facts.edges.contains_key(&EdgeKind::Sdk)
        || figures.keys().any(|(edge, _)| *edge == EdgeKind::Sdk);
    if has_sdk && shown != Some(CallType::Trunking) {
        Some(CallType::Client)
    } else {
        shown
    }
}

/// The edges that see the media of a call of this kind.
const fn expected_edges(call_type: Option<CallType>) -> &'static [EdgeKind] {
    match call_type {
        Some(CallType::Carrier) => &[EdgeKind::Carrier],
        Some(CallType::Sip) => &[EdgeKind::Sip],
        Some(CallType::Trunking) => &[EdgeKind::Carrier, EdgeKind::Sip],
        Some(CallType::Client) => &[EdgeKind::Client, EdgeKind::Sdk],
        Some(CallType::Whatsapp) | None => &[],
    }
}

fn edges(
    state: &FoldState,
    facts: &mut CallFacts,
    mut figures: BTreeMap<(EdgeKind, Side), SideFigures>,
    outcome: &Outcome,
    disregarded: &BTreeMap<EdgeKind, Disregarded>,
) -> BTreeMap<EdgeKind, EdgeSummary> {
    let answered = outcome.is_answered();
    let has_reports = !state.reports.is_empty();
    let mut described = mem::take(&mut facts.edges);
    let sdk_events = state.sdk.counts();
    let mut kinds: BTreeSet<EdgeKind> = described.keys().copied().collect();
    kinds.extend(figures.keys().map(|(edge, _)| *edge));
    kinds.extend(sdk_events.is_some().then_some(EdgeKind::Sdk));
    if answered {
        kinds.extend(expected_edges(facts.call_type));
    }
    kinds
        .into_iter()
        .map(|kind| {
            let described = described.remove(&kind).unwrap_or_default();
            let mut measured = |side| figures.remove(&(kind, side));
            let sides = [measured(Side::Inbound), measured(Side::Outbound)];
            let disregarded = disregarded.get(&kind).copied();
            let unmeasured = match disregarded {
                _ if !answered => NotMeasured::NotAnswered,
                Some(Disregarded { reason, .. }) => reason,
                None if has_reports => NotMeasured::UnplacedReports,
                None => NotMeasured::NoMediaReport,
            };
            let mut edge = edge(kind, described, sides, answered, unmeasured);
            edge.disregarded = disregarded;
            if kind == EdgeKind::Sdk {
                edge.events = edge.events.or_else(|| sdk_events.clone());
                if state.sdk.ice_failed() {
                    let by_event = TagReason::without_figure(Tag::IceFailure, NoFigure::SdkEvent);
                    edge.reasons.retain(|reason| reason.tag != by_event.tag);
                    edge.reasons.push(by_event);
                    edge.tags = tags_of(&edge.reasons);
                }
            }
            (kind, edge)
        })
        .collect()
}

/// One edge: what it reported of the whole call goes before what its single reports add up to.
fn edge(
    kind: EdgeKind,
    mut facts: EdgeFacts,
    [mut inbound, mut outbound]: [Option<SideFigures>; 2],
    answered: bool,
    unmeasured: NotMeasured,
) -> EdgeSummary {
    let reported = facts.tags.take().unwrap_or_default();
    let events = facts.events.take();
    let sources = [&mut inbound, &mut outbound].map(|side| {
        let sources = side.as_mut().map(|side| mem::take(&mut side.streams));
        sources.unwrap_or_default()
    });
    let mut inbound = total(facts.inbound.take(), inbound, Side::Inbound);
    let mut outbound = total(facts.outbound.take(), outbound, Side::Outbound);
    let rtt_ms = [&inbound, &outbound]
        .into_iter()
        .flatten()
        .find_map(|counters| counters.rtt_ms.and_then(Stat::mean));
    for counters in [&mut inbound, &mut outbound].into_iter().flatten() {
        estimate_mos(counters, rtt_ms);
    }
    let mut reasons = Vec::new();
    for (direction, total, sources) in [
        (StreamDirection::Inbound, &inbound, &sources[0]),
        (StreamDirection::Outbound, &outbound, &sources[1]),
    ] {
        reasons.extend(tags::of_quality(kind, direction, total.as_ref(), sources));
        if answered {
            reasons.extend(tags::of_silence(kind, direction, total.as_ref()));
        }
    }
    for tag in reported {
        if !reasons.iter().any(|reason| reason.tag == tag) {
            reasons.push(TagReason::without_figure(tag, NoFigure::Reported));
        }
    }
    let is_measured = inbound.is_some() || outbound.is_some();
    EdgeSummary {
        facts,
        inbound,
        outbound,
        leg_rtt_ms: None,
        not_measured: (!is_measured).then_some(unmeasured),
        disregarded: None,
        unheard: Vec::new(),
        events,
        tags: tags_of(&reasons),
        reasons,
    }
}

/// The tags that these are the reasons of.
fn tags_of(reasons: &[TagReason]) -> Vec<Tag> {
    let tags: BTreeSet<Tag> = reasons.iter().map(|reason| reason.tag).collect();
    tags.into_iter().collect()
}

fn total(
    reported: Option<Counters>,
    measured: Option<SideFigures>,
    side: Side,
) -> Option<Counters> {
    let reported = reported.unwrap_or_default();
    let measured = measured.map(|side| side.total).unwrap_or_default();
    let stated = reported.loss_percent;
    let mut total = reported.or(measured);
    set_loss_percent(&mut total, side);
    total.loss_percent = stated.or(total.loss_percent);
    (!total.is_empty()).then_some(total)
}

/// A score by the E-model, where none was reported and codec, loss, jitter and round-trip time are
/// all known.
///
/// Without a round-trip time there is none: a conversation's quality cannot be told without its
/// delay.
fn estimate_mos(counters: &mut Counters, edge_rtt_ms: Option<f64>) {
    if counters.mos.is_some() {
        counters.mos_method.get_or_insert(MosMethod::Reported);
        return;
    }
    counters.mos = e_model_score(counters, edge_rtt_ms);
    counters.mos_method = counters.mos.map(|_| MosMethod::EModel);
}

fn e_model_score(counters: &Counters, edge_rtt_ms: Option<f64>) -> Option<Stat> {
    let codec = Codec::of(counters.codec, counters.codec_name.as_deref())?;
    let jitter_ms = counters.jitter_ms.and_then(Stat::mean)?;
    let rtt_ms = counters.rtt_ms.and_then(Stat::mean).or(edge_rtt_ms)?;
    let rating = RFactor::of(codec, counters.loss_percent?, jitter_ms, rtt_ms)?;
    Some(Stat {
        avg: Some(rating.mos()),
        ..Stat::default()
    })
}
