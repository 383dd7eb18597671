//! What was measured of a call's media, from RTCP (RFC 3550 §6.4).
//!
//! A report is made by whoever received a stream, and spans all of its way from whoever made it.
//! Through a platform that passes packets on as they are, that is the whole call: such a stream
//! stands at both edges, as coming in at the one and going out at the other. Times are compared on
//! one agent's clock only.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use super::hearing::{Silence, silences};
use super::media_ends::{MediaEnd, MediaEnds, PartyEdge};
use super::plausible::believed;
use super::received::Received;
use super::receivers::Receiver;
use super::reports::{ReportKind, Reports};
use super::sip::Signalling;
use super::source::Source;
use super::sources::Sources;
use super::trips::{not_negative, round_trips, whole_trip};
use crate::media::{Counters, Stat};
use crate::quality::emodel::{Codec as EModelCodec, RFactor};
use crate::rtcp::VoipMetrics;
use crate::summary::{Disregarded, NotMeasured};
use crate::time::SECOND_US;
use crate::vocabulary::MosMethod;

/// Which way a stream goes at an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// From the party.
    In,
    /// Towards the party.
    Out,
}

impl MediaEnd {
    /// Which way the streams go that are received here.
    pub(super) const fn way(self) -> Way {
        if self.is_party { Way::Out } else { Way::In }
    }

    /// Whether what is sent here goes to another end: the other end of the leg, or, if both are
    /// parties, the other party.
    fn is_sent_to(self, to: Self) -> bool {
        if self.edge == to.edge {
            self.is_party != to.is_party
        } else {
            self.is_party && to.is_party
        }
    }
}

/// The streams at each edge, by source.
pub(super) type AtEdges<T> = BTreeMap<(PartyEdge, Way), BTreeMap<u32, T>>;

/// What was measured of each stream.
pub(super) type Measured = AtEdges<Counters>;

/// A direction at an edge.
pub(super) type Side = (PartyEdge, Way);

/// What the reports say, put to the edges of the call.
#[derive(Debug, Default)]
pub(super) struct Measurement {
    pub(super) measured: Measured,
    /// Round trips between where the reports were seen and each party.
    pub(super) trips: BTreeMap<PartyEdge, Stat>,
    /// When receivers heard nothing, and streams that nobody reports of.
    pub(super) unheard: Vec<(Side, Unheard)>,
    /// Reports that were not believed.
    pub(super) disregarded: BTreeMap<PartyEdge, Disregarded>,
}

/// Why a receiver got nothing, or nobody knows what it got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unheard {
    Silence(Silence),
    Unreported,
}

/// Reads the reports.
pub(super) fn measurement(
    reports: &Reports,
    signalling: &Signalling<'_>,
    media_ends: &MediaEnds,
) -> Measurement {
    let sources = Sources::of(reports, signalling, media_ends);
    let trips = round_trips(&sources.by_ssrc, |_| 0)
        .remove(&0)
        .unwrap_or_default();
    let mut measured = Measured::new();
    let mut unheard = Vec::new();
    for (media_end, receiver) in &sources.receivers() {
        let side = (media_end.edge, media_end.way());
        for (stream, reports) in &receiver.streams {
            let codecs = media_ends.codecs(media_end.edge);
            let received = Received::of(&sources, *media_end, *stream, reports, codecs);
            let Some(counters) = received.whole() else {
                continue;
            };
            let trip = whole_trip(&trips, &receiver.ssrcs, *stream);
            let at_edge = measured.entry(side).or_default();
            at_edge.insert(*stream, rated(counters, trip));
            let silences = silences(&received.marks).into_iter();
            unheard.extend(silences.map(|silence| (side, Unheard::Silence(silence))));
        }
        if is_unreported(&sources, *media_end, receiver) {
            unheard.push((side, Unheard::Unreported));
        }
    }
    let silent = unheard
        .iter()
        .filter(|(_, what)| *what != Unheard::Unreported);
    let silent: BTreeSet<Side> = silent.map(|(side, _)| *side).collect();
    add_quality(&mut measured, reports, &sources, &silent);
    pass_through(&mut measured, &sources, media_ends);
    let of_parties = trips.exact.iter().filter_map(|(source, trip)| {
        let media_end = sources.by_ssrc.get(source)?.media_end?;
        media_end
            .is_party
            .then_some((media_end.edge, not_negative(*trip)))
    });
    Measurement {
        measured,
        trips: of_parties.collect(),
        unheard,
        disregarded: disregarded(&sources),
    }
}

/// Reports that were not believed, by the edge that they are of.
fn disregarded(sources: &Sources<'_>) -> BTreeMap<PartyEdge, Disregarded> {
    let mut edges: BTreeMap<PartyEdge, Disregarded> = BTreeMap::new();
    for source in sources.by_ssrc.values() {
        let Some(media_end) = source.media_end.filter(|_| source.disregarded > 0) else {
            continue;
        };
        let reason = if sources.ways.is_encrypted(media_end.edge) || source.has_encrypted {
            NotMeasured::EncryptedReports
        } else {
            NotMeasured::ImplausibleReports
        };
        let held = edges
            .entry(media_end.edge)
            .or_insert(Disregarded { reason, reports: 0 });
        held.reason = held.reason.min(reason);
        held.reports = held.reports.saturating_add(source.disregarded);
    }
    edges
}

/// Whether somebody reports, but never of what comes from the other end, which sends all the time.
fn is_unreported(sources: &Sources<'_>, media_end: MediaEnd, receiver: &Receiver<'_>) -> bool {
    let reports = receiver.reports.iter();
    let silent = reports.filter(|known| known.kind == ReportKind::Silent);
    let mut moments = silent.map(|known| known.at);
    let (Some(first), Some(last)) = (moments.next(), moments.next_back()) else {
        return false;
    };
    let is_due = |sender: &Source| {
        let from = sender.media_end.filter(|from| from.is_sent_to(media_end));
        let before = sender.sent.nearest(first.max(0));
        let after = sender.sent.nearest(last);
        from.zip(before)
            .zip(after)
            .is_some_and(|((from, before), after)| {
                let packets = after.packets.saturating_sub(before.packets);
                packets > sender.sent.at_most(SECOND_US)
                    && sources
                        .ways
                        .flow(media_end, Some(from), (before.at.max(0), after.at))
            })
    };
    receiver.streams.is_empty() && sources.by_ssrc.values().any(is_due)
}

/// Adds what end systems say of the quality of what they receive, where their reports leave it
/// open. Where streams were counted, what is said of another source is of none of them: some end
/// systems do not fill in which one they mean.
///
/// Of a receiver that heard nothing for a time, its own figures are of what it heard: they say too
/// much good.
fn add_quality(
    measured: &mut Measured,
    reports: &Reports,
    sources: &Sources<'_>,
    silent: &BTreeSet<Side>,
) {
    let counted: BTreeSet<(PartyEdge, Way)> = measured.keys().copied().collect();
    for ((reporter, stream), claim) in &reports.quality {
        let source = sources.by_ssrc.get(reporter);
        let media_end = source
            .filter(|source| !source.is_noise)
            .and_then(|source| source.media_end);
        let (Some(media_end), Some(said)) = (media_end, quality(believed(claim.value))) else {
            continue;
        };
        let key = (media_end.edge, media_end.way());
        if silent.contains(&key) {
            continue;
        }
        let at_edge = measured.entry(key).or_default();
        if counted.contains(&key) && !at_edge.contains_key(stream) {
            continue;
        }
        let counters = at_edge.entry(*stream).or_default();
        *counters = mem::take(counters).or(said);
    }
}

/// What a block says. `None` where it says nothing: there is no word for a loss that is not known,
/// so that a loss of zero beside nothing else is none that was measured.
fn quality(metrics: VoipMetrics) -> Option<Counters> {
    let VoipMetrics {
        loss_percent,
        round_trip_ms,
        r_factor,
        mos_lq,
        mos_cq,
        ..
    } = metrics;
    let says_more = round_trip_ms.is_some() || r_factor.is_some() || mos_lq.or(mos_cq).is_some();
    let says_loss = loss_percent.is_some_and(|percent| percent > 0.0);
    if !says_more && !says_loss {
        return None;
    }
    let stat = |value: Option<f64>| {
        value.map(|value| Stat {
            avg: Some(value),
            ..Stat::default()
        })
    };
    let score = mos_lq.or(mos_cq);
    Some(Counters {
        loss_percent,
        rtt_ms: stat(round_trip_ms.map(f64::from)),
        mos: stat(score),
        mos_method: score.map(|_| MosMethod::ExtendedReport),
        ..Counters::default()
    })
}

/// Adds the round trip, and a score where it and all else is known that the E-model asks for.
pub(super) fn rated(mut counters: Counters, trip: Option<Stat>) -> Counters {
    counters.rtt_ms = trip;
    counters.mos = trip.and_then(|trip| {
        let codec = EModelCodec::of(counters.codec, counters.codec_name.as_deref())?;
        let jitter_ms = counters.jitter_ms.and_then(Stat::mean)?;
        let rating = RFactor::of(codec, counters.loss_percent?, jitter_ms, trip.mean()?)?;
        Some(Stat {
            avg: Some(rating.mos()),
            ..Stat::default()
        })
    });
    counters.mos_method = counters.mos.map(|_| MosMethod::EModel);
    counters
}

/// What one party received of the other's own source came through unchanged: it is what came in at
/// the other's edge, where nobody measured it better.
///
/// A source that nobody reports as is the other's when it is the only such one and the other
/// reports as none: else the platform may have made it. Where one leg is all that was seen, there
/// is no other edge. Says which sides were added.
pub(super) fn pass_through<T: Clone>(
    measured: &mut AtEdges<T>,
    sources: &Sources<'_>,
    media_ends: &MediaEnds,
) -> Vec<Side> {
    let sources = &sources.by_ssrc;
    let mut added = Vec::new();
    for (edge, far) in [
        (PartyEdge::Caller, PartyEdge::Callee),
        (PartyEdge::Callee, PartyEdge::Caller),
    ] {
        if measured.contains_key(&(edge, Way::In)) || !media_ends.has(edge) {
            continue;
        }
        let Some(received) = measured.get(&(far, Way::Out)) else {
            continue;
        };
        let party = MediaEnd {
            edge,
            is_party: true,
        };
        let reports = sources
            .values()
            .any(|source| source.media_end == Some(party));
        let owner = reports.then_some(party);
        let own: BTreeMap<u32, T> = received
            .iter()
            .filter(|(stream, _)| sources.get(stream).and_then(|it| it.media_end) == owner)
            .map(|(stream, it)| (*stream, it.clone()))
            .collect();
        if owner.is_none() && own.len() > 1 {
            continue;
        }
        if !own.is_empty() {
            measured.insert((edge, Way::In), own);
            added.push((edge, Way::In));
        }
    }
    added
}
