//! The two parties of a call at the edges of the platform: which edge each is at, and what was
//! measured there.

use std::collections::BTreeMap;

use super::combine::combine;
use super::legs::{Leg, Legs};
use super::media_ends::{MediaEnds, PartyEdge};
use super::plausible::believed_of_phone;
use super::reports::Reports;
use super::rtp::{self, Measurement, Way};
use super::side::{Side, SideFigures, StreamFigures};
use super::sip::Signalling;
use crate::facts::{CallFacts, EdgeFacts, PartyFacts};
use crate::media::{Counters, Stat};
use crate::sides::{self, SideRule, Sides};
use crate::sip::{IpLocation, SipMessage};
use crate::summary::{Disregarded, SipSummary, Unheard};
use crate::time::SECOND_US;
use crate::vocabulary::{CallDirection, CallType, EdgeKind, MosMethod, StreamDirection};
use crate::vq::VqMetrics;

/// What was seen of a call on its way.
pub(super) struct Seen {
    pub(super) facts: CallFacts,
    /// The edges of caller and callee.
    pub(super) kinds: (EdgeKind, EdgeKind),
    pub(super) figures: BTreeMap<(EdgeKind, Side), SideFigures>,
    /// Round trips between where RTCP was seen and each party, ms.
    pub(super) leg_rtt_ms: BTreeMap<EdgeKind, Stat>,
    pub(super) unheard: BTreeMap<EdgeKind, Vec<Unheard>>,
    pub(super) disregarded: BTreeMap<EdgeKind, Disregarded>,
    pub(super) locations: Locations,
    pub(super) summary: SipSummary,
}

/// Where the addresses that the parties signal from are.
#[derive(Default)]
pub(super) struct Locations {
    pub(super) from: Option<IpLocation>,
    pub(super) to: Option<IpLocation>,
}

/// Puts the parties of a call to edges, as the operator's rules say; unless they say otherwise, the
/// caller is SIP equipment and the callee the telephone network.
pub(super) fn seen(signalling: Signalling<'_>, reports: &Reports, rules: &Sides) -> Seen {
    let media_ends = MediaEnds::of(&signalling.legs);
    let Measurement {
        mut measured,
        trips,
        mut unheard,
        disregarded,
    } = rtp::measurement(reports, &signalling, &media_ends);
    add_phones(&mut measured, reports, &media_ends, &unheard);
    // Somebody else may say what was heard.
    unheard.retain(|(side, what)| {
        matches!(what, rtp::Unheard::Silence(_)) || !measured.contains_key(side)
    });

    let sides = BothSides::of(&signalling, rules);
    let (caller, callee) = (sides.caller, sides.callee);
    let (caller_kind, callee_kind) = sides.kinds;
    let locations = locations(&signalling.legs);
    let mut facts = signalling.facts;
    describe(&mut facts.from, caller);
    describe(&mut facts.to, callee);

    facts.edges.insert(
        caller_kind,
        EdgeFacts {
            edge_location: caller.and_then(|rule| rule.location.clone()),
            ..signalling.caller_edge
        },
    );
    if let Some(edge) = signalling.callee_edge {
        facts.edges.insert(
            callee_kind,
            EdgeFacts {
                edge_location: callee.and_then(|rule| rule.location.clone()),
                ..edge
            },
        );
        (facts.call_type, facts.direction) = match (caller_kind, callee_kind) {
            (EdgeKind::Client, _) | (_, EdgeKind::Client) => (Some(CallType::Client), None),
            (EdgeKind::Carrier, _) => (
                Some(CallType::Trunking),
                Some(CallDirection::TrunkingTerminating),
            ),
            _ => (
                Some(CallType::Trunking),
                Some(CallDirection::TrunkingOriginating),
            ),
        };
    } else {
        facts.call_type = Some(match caller_kind {
            EdgeKind::Carrier => CallType::Carrier,
            EdgeKind::Client => CallType::Client,
            EdgeKind::Sip | EdgeKind::Sdk | EdgeKind::Unknown => CallType::Sip,
        });
    }
    let kind_of = |edge| kind_of((caller_kind, callee_kind), edge);
    let figures = measured
        .into_iter()
        .map(|((edge, way), streams)| {
            let side = side_of(way);
            ((kind_of(edge), side), figures(streams.into_values(), side))
        })
        .collect();
    Seen {
        facts,
        kinds: (caller_kind, callee_kind),
        figures,
        leg_rtt_ms: trips
            .into_iter()
            .map(|(edge, trip)| (kind_of(edge), trip))
            .collect(),
        unheard: at_edges(unheard, kind_of),
        disregarded: disregarded
            .into_iter()
            .map(|(edge, disregarded)| (kind_of(edge), disregarded))
            .collect(),
        locations,
        summary: signalling.summary,
    }
}

const fn side_of(way: Way) -> Side {
    match way {
        Way::In => Side::Inbound,
        Way::Out => Side::Outbound,
    }
}

/// What went unheard, by edge, in seconds from the answer.
fn at_edges(
    unheard: Vec<(rtp::Side, rtp::Unheard)>,
    kind_of: impl Fn(PartyEdge) -> EdgeKind,
) -> BTreeMap<EdgeKind, Vec<Unheard>> {
    let seconds = |us: i64| u64::try_from(us / SECOND_US).ok();
    let mut edges: BTreeMap<EdgeKind, Vec<Unheard>> = BTreeMap::new();
    for ((edge, way), unheard) in unheard {
        let direction = match way {
            Way::In => StreamDirection::Inbound,
            Way::Out => StreamDirection::Outbound,
        };
        let silence = match unheard {
            rtp::Unheard::Silence(silence) => Some(silence),
            rtp::Unheard::Unreported => None,
        };
        edges.entry(kind_of(edge)).or_default().push(Unheard {
            direction,
            is_reported: silence.is_some(),
            since_s: silence.and_then(|it| it.since).and_then(seconds),
            until_s: silence.and_then(|it| it.until).and_then(seconds),
        });
    }
    for unheard in edges.values_mut() {
        unheard.sort_by_key(|it| (it.direction, it.since_s, it.until_s));
    }
    edges
}

/// What the operator says of each party, and the edges that follow from it.
pub(super) struct BothSides<'a> {
    caller: Option<&'a SideRule>,
    callee: Option<&'a SideRule>,
    /// Of caller and callee.
    pub(super) kinds: (EdgeKind, EdgeKind),
}

impl<'a> BothSides<'a> {
    pub(super) fn of(signalling: &Signalling<'_>, rules: &'a Sides) -> Self {
        let legs = &signalling.legs;
        let rule = |ip, agent, host| {
            let side = sides::Side { ip, agent, host };
            rules.rule(&side).map(|(_, rule)| rule)
        };
        let near = &legs.caller;
        let host = near
            .invites()
            .find_map(|it| it.message.from.host.as_deref());
        let caller = rule(near.client.ip(), near.clock.agent, host);
        let far = legs.callee();
        let host = far.invites().find_map(|it| it.message.to.host.as_deref());
        let callee = rule(far.server.ip(), far.clock.agent, host);
        Self {
            caller,
            callee,
            kinds: kinds(caller, callee, legs.is_direct()),
        }
    }
}

/// The caller's INVITE came from the one, the callee's went to the other; where one leg is all that
/// was seen, it went to the platform.
fn locations(legs: &Legs<'_>) -> Locations {
    let find = |leg: &Leg<'_>, of: fn(&SipMessage) -> Option<&IpLocation>| {
        leg.invites().find_map(|seen| of(seen.message)).cloned()
    };
    Locations {
        from: find(&legs.caller, |it| it.source_location.as_ref()),
        to: find(legs.callee(), |it| it.destination_location.as_ref())
            .filter(|_| !legs.is_direct()),
    }
}

/// The edge towards a party, of the two there are.
pub(super) const fn kind_of(kinds: (EdgeKind, EdgeKind), edge: PartyEdge) -> EdgeKind {
    match edge {
        PartyEdge::Caller => kinds.0,
        PartyEdge::Callee => kinds.1,
    }
}

fn describe(party: &mut PartyFacts, rule: Option<&SideRule>) {
    if let Some(rule) = rule {
        party.carrier.clone_from(&rule.carrier);
        party.connection.clone_from(&rule.connection);
        party.country_code.clone_from(&rule.country_code);
        party.city.clone_from(&rule.city);
    }
}

/// The edges of caller and callee. A platform has one edge of each kind: where both are said to be
/// of the same, the callee has it.
fn kinds(
    caller: Option<&SideRule>,
    callee: Option<&SideRule>,
    is_direct: bool,
) -> (EdgeKind, EdgeKind) {
    let said = |rule: Option<&SideRule>| rule.and_then(|rule| rule.edge).map(EdgeKind::from);
    let (caller, callee) = (said(caller), said(callee));
    if is_direct {
        let kind = caller.or(callee).unwrap_or(EdgeKind::Sip);
        return (kind, kind);
    }
    let opposite = |kind| match kind {
        EdgeKind::Sip | EdgeKind::Client => EdgeKind::Carrier,
        EdgeKind::Carrier | EdgeKind::Sdk | EdgeKind::Unknown => EdgeKind::Sip,
    };
    match (caller, callee) {
        (None, None) => (EdgeKind::Sip, EdgeKind::Carrier),
        (Some(caller), Some(callee)) if caller != callee => (caller, callee),
        (Some(caller), None) => (caller, opposite(caller)),
        (_, Some(callee)) => (opposite(callee), callee),
    }
}

/// Adds what the phones say themselves, where their RTCP was not seen or says less. What a phone
/// says that heard nothing for a time is of what it heard: too much good.
fn add_phones(
    measured: &mut rtp::Measured,
    reports: &Reports,
    media_ends: &MediaEnds,
    unheard: &[(rtp::Side, rtp::Unheard)],
) {
    for claim in reports.phones.values() {
        let report = &claim.value;
        let Some(media_end) = media_ends.of_phone(report.local_ssrc, report.local_ip) else {
            continue;
        };
        let side = (media_end.edge, media_end.way());
        let is_silence = |(at, what): &(rtp::Side, rtp::Unheard)| {
            *at == side && matches!(what, rtp::Unheard::Silence(_))
        };
        if unheard.iter().any(is_silence) {
            continue;
        }
        let stream = report.remote_ssrc.unwrap_or(0);
        let streams = measured.entry(side).or_default();
        let mut held = streams.remove(&stream).unwrap_or_default();
        let said = counters_of(&believed_of_phone(report.local.clone()));
        // Of two estimates of its own, the one that was made of the whole call, when it was over.
        if held.mos_method == Some(MosMethod::ExtendedReport) && said.mos.is_some() {
            held.mos = None;
        }
        streams.insert(stream, held.or(said));
    }
}

fn counters_of(metrics: &VqMetrics) -> Counters {
    let stat = |value: Option<f64>| {
        value.map(|value| Stat {
            avg: Some(value),
            ..Stat::default()
        })
    };
    let score = metrics.mos_lq.or(metrics.mos_cq);
    Counters {
        codec: metrics.payload_type,
        codec_name: metrics.codec_name.clone(),
        loss_percent: metrics.loss_percent,
        jitter_ms: stat(metrics.jitter_ms.or(metrics.mean_absolute_jitter_ms)),
        rtt_ms: stat(metrics.round_trip_ms),
        mos: stat(score),
        mos_method: score.map(|_| MosMethod::Phone),
        ..Counters::default()
    }
}

/// The streams of one side. Both counts of each are known: what its sender sent and what its
/// receiver received.
pub(super) fn figures(streams: impl Iterator<Item = Counters>, side: Side) -> SideFigures {
    let streams: Vec<StreamFigures> = streams
        .map(|counters| StreamFigures {
            counters,
            codec_rank: None,
            readings: 1,
        })
        .collect();
    let mut total = combine(&streams, side);
    if let Some(first) = streams.first() {
        total.codec = total.codec.or(first.counters.codec);
        total.codec_name = total
            .codec_name
            .or_else(|| first.counters.codec_name.clone());
    }
    SideFigures {
        total,
        streams: streams.into_iter().map(|stream| stream.counters).collect(),
    }
}
