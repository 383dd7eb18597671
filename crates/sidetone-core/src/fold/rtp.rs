//! What was measured of a call's media, from RTCP (RFC 3550 §6.4).
//!
//! A report is made by whoever received a stream, and spans all of its way from whoever made it. Through a platform that
//! passes packets on as they are, that is the whole call: such a stream stands at both edges, as coming in at the one and
//! going out at the other. Times are compared on one agent's clock only.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use super::mean::Mean;
use super::place::{PartyEdge, Place, Places};
use super::reports::{Report, ReportKey, Reports};
use super::trips::{not_negative, round_trips, whole_trip};
use crate::media::{Counters, Stat};
use crate::quality::emodel::{Codec as EModelCodec, RFactor};
use crate::rtcp::{ReportBlock, SenderInfo, VoipMetrics};
use crate::sip::Codec;
use crate::time::TimeUs;
use crate::vocabulary::MosMethod;

/// Which way a stream goes at an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// From the party.
    In,
    /// Towards the party.
    Out,
}

impl Place {
    /// Which way the streams go that are received here.
    pub(super) const fn way(self) -> Way {
        if self.is_party { Way::Out } else { Way::In }
    }
}

/// The streams at each edge, by source.
pub(super) type AtEdges<T> = BTreeMap<(PartyEdge, Way), BTreeMap<u32, T>>;

/// What was measured of each stream.
pub(super) type Measured = AtEdges<Counters>;

/// A report, whoever saw it.
pub(super) struct Known<'a> {
    pub(super) report: &'a Report,
    /// When each agent saw it first.
    pub(super) seen: BTreeMap<u32, TimeUs>,
}

/// The reports of one source.
#[derive(Default)]
pub(super) struct Source<'a> {
    pub(super) reports: BTreeMap<ReportKey, Known<'a>>,
    pub(super) place: Option<Place>,
}

/// What the reports say, put to the edges of the call.
///
/// And the round trips between where the reports were seen and each party.
pub(super) fn measured(
    reports: &Reports,
    places: &Places,
) -> (Measured, BTreeMap<PartyEdge, Stat>) {
    let sources = sources(reports, places);
    let trips = round_trips(&sources, |_, _| 0)
        .remove(&0)
        .unwrap_or_default();
    let mut measured = Measured::new();
    for (reporter, source) in &sources {
        let Some(place) = source.place else { continue };
        for stream in streams_received(source) {
            let owner = sources.get(&stream);
            let blocks = blocks(source, stream);
            let (Some((_, first)), Some((report, last))) = (blocks.first(), blocks.last()) else {
                continue;
            };
            let codecs = places.codecs(place.edge);
            let mut jitter = Jitter::default();
            for (known, block) in &blocks {
                jitter.add(block, codecs.when_seen(&known.seen));
            }
            let codec = codecs.when_seen(&report.seen);
            let of_that_time = owner.and_then(|owner| sent_at(owner, report));
            let sent = owner.and_then(last_sent);
            let counters = counters((first, last), of_that_time, sent, codec, &jitter);
            let trip = whole_trip(&trips, *reporter, stream);
            let counters = rated(counters, trip);
            let at_edge = measured.entry((place.edge, place.way())).or_default();
            at_edge.insert(stream, counters);
        }
    }
    add_quality(&mut measured, reports, &sources);
    pass_through(&mut measured, &sources, places);
    let of_parties = trips.exact.iter().filter_map(|(source, trip)| {
        let place = sources.get(source)?.place?;
        place.is_party.then_some((place.edge, not_negative(*trip)))
    });
    (measured, of_parties.collect())
}

/// Adds what end systems say of the quality of what they receive, where their reports leave it open. Where streams were
/// counted, what is said of another source is of none of them: some end systems do not fill in which one they mean.
fn add_quality(measured: &mut Measured, reports: &Reports, sources: &BTreeMap<u32, Source<'_>>) {
    let counted: BTreeSet<(PartyEdge, Way)> = measured.keys().copied().collect();
    for ((reporter, stream), claim) in &reports.quality {
        let place = sources.get(reporter).and_then(|source| source.place);
        let (Some(place), Some(said)) = (place, quality(&claim.value)) else {
            continue;
        };
        let key = (place.edge, place.way());
        let at_edge = measured.entry(key).or_default();
        if counted.contains(&key) && !at_edge.contains_key(stream) {
            continue;
        }
        let counters = at_edge.entry(*stream).or_default();
        *counters = mem::take(counters).or(said);
    }
}

/// What a block says. `None` where it says nothing: there is no word for a loss that is not known, so that a loss of zero
/// beside nothing else is none that was measured.
fn quality(metrics: &VoipMetrics) -> Option<Counters> {
    let VoipMetrics {
        loss_percent,
        round_trip_ms,
        r_factor,
        mos_lq,
        mos_cq,
        ..
    } = *metrics;
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

pub(super) fn sources<'a>(reports: &'a Reports, places: &Places) -> BTreeMap<u32, Source<'a>> {
    let mut sources: BTreeMap<u32, Source<'a>> = BTreeMap::new();
    for ((ssrc, capture), path) in &reports.by_path {
        let source = sources.entry(*ssrc).or_default();
        let place = places.of_report(*ssrc, capture);
        // A relay sends on what a party made, from an address of its own: the party is who reports.
        let is_party = |place: &Place| place.is_party;
        source.place = source
            .place
            .filter(is_party)
            .or(place.filter(is_party))
            .or(source.place)
            .or(place);
        for (key, report) in &path.reports {
            let known = source.reports.entry(*key).or_insert_with(|| Known {
                report,
                seen: BTreeMap::new(),
            });
            let first = known.seen.entry(capture.agent).or_insert(report.at);
            *first = report.at.min(*first);
        }
    }
    sources
}

pub(super) fn streams_received(source: &Source<'_>) -> Vec<u32> {
    let blocks = source
        .reports
        .values()
        .flat_map(|known| &known.report.blocks);
    let mut streams: Vec<u32> = blocks.map(|block| block.ssrc).collect();
    streams.sort_unstable();
    streams.dedup();
    streams
}

/// What a report says of one stream.
pub(super) type Block<'a> = (&'a Known<'a>, ReportBlock);

/// The blocks about one stream, in the order of what had been received.
pub(super) fn blocks<'a>(source: &'a Source<'_>, stream: u32) -> Vec<Block<'a>> {
    let mut blocks: Vec<(&Known<'_>, ReportBlock)> = source
        .reports
        .values()
        .flat_map(|known| known.report.blocks.iter().map(move |block| (known, *block)))
        .filter(|(_, block)| block.ssrc == stream)
        .collect();
    blocks.sort_by_key(|(known, block)| {
        let said_at = known.report.sender.map_or(0, |sender| sender.ntp);
        (
            block.highest_seq,
            said_at,
            block.lost,
            block.jitter_rtp,
            block.dlsr,
        )
    });
    blocks
}

/// What blocks about one stream, from the first to the last, say together, and what its source says of having sent: by the time
/// of the last of them, and in all. The codec is that of the last of them: what the call ended up with.
pub(super) fn counters(
    (first, last): (&ReportBlock, &ReportBlock),
    of_that_time: Option<SenderInfo>,
    sent: Option<SenderInfo>,
    codec: Option<&Codec>,
    jitter: &Jitter,
) -> Counters {
    let lost = i64::from(last.lost);
    let expected = of_that_time
        .map(|sender| u64::from(sender.packets))
        .or_else(|| {
            // Without a count of its sender's, what came between the first report and the last.
            let span = u64::from(last.highest_seq.wrapping_sub(first.highest_seq));
            (span > 0).then_some(span)
        });
    let lost_in_span = match of_that_time {
        Some(_) => lost,
        None => lost.saturating_sub(i64::from(first.lost)),
    };
    let received =
        expected.map(|expected| expected.saturating_add_signed(lost_in_span.saturating_neg()));
    Counters {
        codec: codec.map(|codec| codec.payload_type),
        codec_name: codec.map(|codec| codec.name.clone()),
        packets_sent: sent.map(|sender| u64::from(sender.packets)),
        bytes_sent: sent.map(|sender| u64::from(sender.octets)),
        packets_received: received,
        // What was received and what was lost are of the same packets.
        packets_lost: Some(expected.map_or(lost, |_| lost_in_span)),
        loss_percent: expected.and_then(|expected| {
            crate::quality::loss::outbound_percent(Some(expected), Some(lost_in_span))
        }),
        jitter_ms: jitter.stat(),
        ..Counters::default()
    }
}

/// The jitter that blocks tell of, while they come in.
#[derive(Debug, Clone, Default)]
pub(super) struct Jitter {
    mean: Mean,
    min: Option<f64>,
    max: Option<f64>,
}

impl Jitter {
    /// Jitter is told by the clock of the codec then in force: without its rate it says nothing.
    pub(super) fn add(&mut self, block: &ReportBlock, codec: Option<&Codec>) {
        let Some(codec) = codec.filter(|codec| codec.clock_hz > 0) else {
            return;
        };
        let ms = f64::from(block.jitter_rtp) / (f64::from(codec.clock_hz) / 1_000.0);
        self.mean.add(ms, 1.0);
        self.min = Some(self.min.map_or(ms, |min| min.min(ms)));
        self.max = Some(self.max.map_or(ms, |max| max.max(ms)));
    }

    pub(super) fn stat(&self) -> Option<Stat> {
        Some(Stat {
            value: None,
            min: self.min,
            max: self.max,
            avg: Some(self.mean.get()?),
        })
    }
}

/// What a source had sent when it reported last.
pub(super) fn last_sent(source: &Source<'_>) -> Option<SenderInfo> {
    let senders = source
        .reports
        .values()
        .filter_map(|known| known.report.sender);
    senders.max_by_key(|sender| (sender.packets, sender.ntp))
}

/// What a source had sent at about the time of a report about it: what it said nearest to that, by one agent's clock.
/// Without a common clock what it said last.
fn sent_at(source: &Source<'_>, about: &Known<'_>) -> Option<SenderInfo> {
    let distance = |known: &Known<'_>| {
        let common = known.seen.iter().find_map(|(agent, at)| {
            let heard = about.seen.get(agent)?;
            Some(heard.since_us(*at).saturating_abs())
        });
        common.unwrap_or(i64::MAX)
    };
    source
        .reports
        .values()
        .filter_map(|known| Some((distance(known), known.report.sender?)))
        .min_by_key(|(distance, sender)| (*distance, std::cmp::Reverse(sender.packets)))
        .map(|(_, sender)| sender)
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

/// What one party received of the other's own source came through unchanged: it is what came in at the other's edge, where
/// nobody measured it better.
///
/// A source that nobody reports as is the other's when it is the only such one and the other reports as none: else the platform
/// may have made it. Where one leg is all that was seen, there is no other edge. Says which sides were added.
pub(super) fn pass_through<T: Clone>(
    measured: &mut AtEdges<T>,
    sources: &BTreeMap<u32, Source<'_>>,
    places: &Places,
) -> Vec<(PartyEdge, Way)> {
    let mut added = Vec::new();
    for (edge, far) in [
        (PartyEdge::Caller, PartyEdge::Callee),
        (PartyEdge::Callee, PartyEdge::Caller),
    ] {
        if measured.contains_key(&(edge, Way::In)) || !places.has(edge) {
            continue;
        }
        let Some(received) = measured.get(&(far, Way::Out)) else {
            continue;
        };
        let party = Place {
            edge,
            is_party: true,
        };
        let reports = sources.values().any(|source| source.place == Some(party));
        let owner = reports.then_some(party);
        let own: BTreeMap<u32, T> = received
            .iter()
            .filter(|(stream, _)| sources.get(stream).and_then(|it| it.place) == owner)
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
