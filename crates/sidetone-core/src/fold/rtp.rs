//! What was measured of a call's media, from RTCP (RFC 3550 §6.4).
//!
//! A report is made by whoever received a stream, and spans all of its way from whoever made it. Through a platform that
//! passes packets on as they are, that is the whole call: such a stream stands at both edges, as coming in at the one and
//! going out at the other. Times are compared on one agent's clock only.

use std::collections::BTreeMap;

use super::mean::weighted_mean;
use super::place::{PartyEdge, Place, Places};
use super::reports::{Report, ReportKey, Reports};
use crate::media::{Counters, Stat};
use crate::quality::emodel::{Codec as EModelCodec, RFactor};
use crate::rtcp::{ReportBlock, SenderInfo};
use crate::time::TimeUs;
use crate::vocabulary::MosMethod;

/// A round trip longer than this is a clock that was set, or a report that was mixed up.
const ROUND_TRIP_MAX_MS: f64 = 60_000.0;

/// Which way a stream goes at an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// From the party.
    In,
    /// Towards the party.
    Out,
}

/// The streams at each edge, by source.
pub(super) type Measured = BTreeMap<(PartyEdge, Way), BTreeMap<u32, Counters>>;

/// A report, whoever saw it.
struct Known<'a> {
    report: &'a Report,
    /// When each agent saw it first.
    seen: BTreeMap<u32, TimeUs>,
}

/// The reports of one source.
#[derive(Default)]
struct Source<'a> {
    reports: BTreeMap<ReportKey, Known<'a>>,
    place: Option<Place>,
}

/// What the reports say, put to the edges of the call.
///
/// And the round trips between where the reports were seen and each party.
pub(super) fn measured(
    reports: &Reports,
    places: &Places,
) -> (Measured, BTreeMap<PartyEdge, Stat>) {
    let sources = sources(reports, places);
    let trips = round_trips(&sources);
    let mut measured = Measured::new();
    for (reporter, source) in &sources {
        let Some(place) = source.place else { continue };
        for stream in streams_received(source) {
            let owner = sources.get(&stream);
            let counters = counters(source, stream, owner, places.codec(place.edge));
            let trip = whole_trip(&trips, *reporter, stream);
            let counters = rated(counters, trip);
            let way = if place.is_party { Way::Out } else { Way::In };
            let at_edge = measured.entry((place.edge, way)).or_default();
            at_edge.insert(stream, counters);
        }
    }
    pass_through(&mut measured, &sources);
    let of_parties = trips.exact.iter().filter_map(|(source, trip)| {
        let place = sources.get(source)?.place?;
        place.is_party.then_some((place.edge, not_negative(*trip)))
    });
    (measured, of_parties.collect())
}

fn sources<'a>(reports: &'a Reports, places: &Places) -> BTreeMap<u32, Source<'a>> {
    let mut sources: BTreeMap<u32, Source<'a>> = BTreeMap::new();
    for ((ssrc, capture), path) in &reports.by_path {
        let source = sources.entry(*ssrc).or_default();
        source.place = source.place.or_else(|| places.of_report(*ssrc, capture));
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

fn streams_received(source: &Source<'_>) -> Vec<u32> {
    let blocks = source
        .reports
        .values()
        .flat_map(|known| &known.report.blocks);
    let mut streams: Vec<u32> = blocks.map(|block| block.ssrc).collect();
    streams.sort_unstable();
    streams.dedup();
    streams
}

/// The blocks about one stream, in the order of what had been received.
fn blocks<'a>(source: &'a Source<'_>, stream: u32) -> Vec<(&'a Known<'a>, ReportBlock)> {
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

fn counters(
    source: &Source<'_>,
    stream: u32,
    owner: Option<&Source<'_>>,
    codec: Option<&crate::sip::Codec>,
) -> Counters {
    let blocks = blocks(source, stream);
    let (Some((_, first)), Some((last_report, last))) = (blocks.first(), blocks.last()) else {
        return Counters::default();
    };
    let sent = owner.and_then(last_sent);
    let lost = i64::from(last.lost);
    let of_that_time = owner.and_then(|owner| sent_at(owner, last_report));
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
    let jitter_ms = codec.filter(|codec| codec.clock_hz > 0).map(|codec| {
        let clock_khz = f64::from(codec.clock_hz) / 1_000.0;
        let values = || {
            blocks
                .iter()
                .map(|(_, block)| f64::from(block.jitter_rtp) / clock_khz)
        };
        Stat {
            value: None,
            min: values().reduce(f64::min),
            max: values().reduce(f64::max),
            avg: weighted_mean(values().map(|value| (value, 1.0))),
        }
    });
    Counters {
        codec: codec.map(|codec| codec.payload_type),
        codec_name: codec.map(|codec| codec.name.clone()),
        packets_sent: sent.map(|sender| u64::from(sender.packets)),
        bytes_sent: sent.map(|sender| u64::from(sender.octets)),
        packets_received: received,
        packets_lost: Some(lost),
        loss_percent: expected.and_then(|expected| {
            crate::quality::loss::outbound_percent(Some(expected), Some(lost_in_span))
        }),
        jitter_ms,
        ..Counters::default()
    }
}

/// What a source had sent when it reported last.
fn last_sent(source: &Source<'_>) -> Option<SenderInfo> {
    let senders = source
        .reports
        .values()
        .filter_map(|known| known.report.sender);
    senders.max_by_key(|sender| (sender.packets, sender.ntp))
}

/// What a source had sent at about the time of a report about it: by the report that it names, if that was seen and is the
/// nearest; times are of one agent.
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

/// The mean round trip between where reports were seen and each reporter, by the reporter.
///
/// An agent saw a sender report at t₁ and, at t₂, the receiver's report that names it and says how long it was held (DLSR):
/// t₂ − t₁ − DLSR went by on the way there and back. Nobody's clocks need to agree (RFC 3550 §6.4.1 has the receiver of the
/// report compute the same for all of the way).
struct Trips {
    /// On one agent's clock, ms.
    exact: BTreeMap<u32, Stat>,
    /// Between two agents' clocks, ms: off by their difference, by as much in the one direction as in the other.
    skewed: BTreeMap<(u32, (u32, u32)), f64>,
}

fn round_trips(sources: &BTreeMap<u32, Source<'_>>) -> Trips {
    let mut exact: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    let mut skewed: BTreeMap<(u32, (u32, u32)), Vec<f64>> = BTreeMap::new();
    for (reporter, source) in sources {
        for known in source.reports.values() {
            for block in known.report.blocks.iter().filter(|block| block.lsr != 0) {
                let Some(named) = sources
                    .get(&block.ssrc)
                    .and_then(|owner| named(owner, block.lsr))
                else {
                    continue;
                };
                let held_ms = f64::from(block.dlsr) * 1_000.0 / 65_536.0;
                let common = known
                    .seen
                    .iter()
                    .find_map(|(agent, at)| Some(at.since_us(*named.seen.get(agent)?)));
                if let Some(us) = common {
                    let trip_ms = ms(us) - held_ms;
                    if trip_ms.abs() < ROUND_TRIP_MAX_MS {
                        exact.entry(*reporter).or_default().push(trip_ms);
                    }
                } else if let (Some((there, t1)), Some((here, t2))) =
                    (named.seen.iter().next(), known.seen.iter().next())
                {
                    let clocks = (*there, *here);
                    skewed
                        .entry((*reporter, clocks))
                        .or_default()
                        .push(ms(t2.since_us(*t1)) - held_ms);
                }
            }
        }
    }
    let mean = |values: &[f64]| weighted_mean(values.iter().map(|value| (*value, 1.0)));
    Trips {
        exact: exact
            .iter()
            .map(|(reporter, values)| {
                let stat = Stat {
                    value: None,
                    min: values.iter().copied().reduce(f64::min),
                    max: values.iter().copied().reduce(f64::max),
                    avg: mean(values),
                };
                (*reporter, stat)
            })
            .collect(),
        skewed: skewed
            .iter()
            .filter_map(|(key, values)| Some((*key, mean(values)?)))
            .collect(),
    }
}

/// Microseconds as milliseconds. Spans of a call are far below 2⁵³ µs.
#[expect(
    clippy::cast_precision_loss,
    reason = "a span of a call is far below 2^53 µs"
)]
fn ms(us: i64) -> f64 {
    us as f64 / 1_000.0
}

/// The sender report that a receiver names by the middle of its NTP time.
fn named<'a>(source: &'a Source<'_>, lsr: u32) -> Option<&'a Known<'a>> {
    // Agents that tell the time in microseconds round away the last of the bits.
    let reports = source.reports.values();
    let near = reports.filter_map(|known| {
        let off = known.report.sender?.lsr().abs_diff(lsr);
        (off <= 1).then_some((off, known))
    });
    near.min_by_key(|(off, _)| *off).map(|(_, known)| known)
}

/// The round trip between two sources: that between the agent and the one, and that between the agent and the other.
fn whole_trip(trips: &Trips, reporter: u32, owner: u32) -> Option<Stat> {
    if let (Some(near), Some(far)) = (trips.exact.get(&reporter), trips.exact.get(&owner)) {
        let sum = |of: fn(&Stat) -> Option<f64>| Some((of(near)? + of(far)?).max(0.0));
        return Some(Stat {
            value: None,
            min: sum(|stat| stat.min),
            max: sum(|stat| stat.max),
            avg: sum(|stat| stat.avg),
        });
    }
    let there = trips
        .skewed
        .iter()
        .find(|((source, _), _)| *source == reporter);
    let ((_, (one, two)), near) = there?;
    let far = trips.skewed.get(&(owner, (*two, *one)))?;
    let sum = near + far;
    (sum.abs() < ROUND_TRIP_MAX_MS).then_some(Stat {
        avg: Some(sum.max(0.0)),
        ..Stat::default()
    })
}

/// The times are rounded: a trip within a host can seem to end before it began.
fn not_negative(trip: Stat) -> Stat {
    let clamp = |ms: Option<f64>| ms.map(|ms| ms.max(0.0));
    Stat {
        value: None,
        min: clamp(trip.min),
        max: clamp(trip.max),
        avg: clamp(trip.avg),
    }
}

/// Adds the round trip, and a score where it and all else is known that the E-model asks for.
fn rated(mut counters: Counters, trip: Option<Stat>) -> Counters {
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
fn pass_through(measured: &mut Measured, sources: &BTreeMap<u32, Source<'_>>) {
    for (edge, far) in [
        (PartyEdge::Caller, PartyEdge::Callee),
        (PartyEdge::Callee, PartyEdge::Caller),
    ] {
        if measured.contains_key(&(edge, Way::In)) {
            continue;
        }
        let Some(received) = measured.get(&(far, Way::Out)) else {
            continue;
        };
        let own: BTreeMap<u32, Counters> = received
            .iter()
            .filter(|(stream, _)| {
                let owner = sources.get(stream).and_then(|source| source.place);
                owner.is_none_or(|place| {
                    place
                        == Place {
                            edge,
                            is_party: true,
                        }
                })
            })
            .map(|(stream, counters)| (*stream, counters.clone()))
            .collect();
        if !own.is_empty() {
            measured.insert((edge, Way::In), own);
        }
    }
}
