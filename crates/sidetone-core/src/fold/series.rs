//! What was measured of a call's media in each ten seconds, from RTCP.
//!
//! A report tells of all that came before it. What came between two reports about the same stream counts in the slot of
//! the later one, so the slots add up to the whole call. Reports that several agents saw count once.

use std::collections::{BTreeMap, BTreeSet};

use super::clock::Clock;
use super::codecs::Codecs;
use super::figures::Side;
use super::legs::Legs;
use super::parties::{figures, kind_of};
use super::place::{PartyEdge, Place, Places};
use super::reports::Reports;
use super::rtp::{self, AtEdges, Block, Jitter, Known, Source, Way};
use super::trips::{Trips, round_trips, whole_trip};
use crate::event::{CallEvent, EventId, Observation, Source as Origin, SourceKind};
use crate::id::CallRef;
use crate::media::{Counters, MediaSample};
use crate::quality::loss;
use crate::rtcp::{ReportBlock, SenderInfo};
use crate::time::{SECOND_US, TimeUs};
use crate::vocabulary::{EdgeKind, StreamDirection};

/// How long a slot is.
const SLOT_US: i64 = 10 * SECOND_US;

/// One slot of one side of an edge.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    /// End of the slot.
    pub(super) at: TimeUs,
    pub(super) sample: MediaSample,
    /// Whether it was measured at another edge, of a stream that passes through.
    pub(super) is_from_afar: bool,
}

/// What is known of a stream at a slot.
#[derive(Debug, Clone, Default)]
struct Point {
    interval: Counters,
    cumulative: Counters,
}

/// The slots of a stream, by number.
type Points = BTreeMap<i64, Point>;

/// The series of all edges, by time.
pub(super) fn series(
    reports: &Reports,
    legs: &Legs<'_>,
    places: &Places,
    kinds: (EdgeKind, EdgeKind),
) -> Vec<Sample> {
    let sources = rtp::sources(reports, places);
    let Some(slots) = Slots::of(&sources, legs) else {
        return Vec::new();
    };
    let trips = round_trips(&sources, |source, known| slots.of_report(source, known));
    let mut at_edges: AtEdges<Points> = AtEdges::new();
    for (reporter, source) in &sources {
        let Some(place) = source.place else { continue };
        for stream in rtp::streams_received(source) {
            let codecs = places.codecs(place.edge);
            let received = Received::of(source, sources.get(&stream), codecs, &slots);
            let blocks = rtp::blocks(source, stream);
            let trip = |slot: &i64| {
                let trips: &Trips = trips.get(slot)?;
                whole_trip(trips, *reporter, stream)
            };
            let mut points = received.points(&blocks);
            for (slot, point) in &mut points {
                point.interval = rtp::rated(std::mem::take(&mut point.interval), trip(slot));
            }
            let streams = at_edges.entry((place.edge, place.way())).or_default();
            streams.insert(stream, points);
        }
    }
    let afar = rtp::pass_through(&mut at_edges, &sources, places);
    let mut samples = Vec::new();
    for ((edge, way), streams) in at_edges {
        let is_from_afar = afar.contains(&(edge, way));
        let numbers: BTreeSet<i64> = streams.values().flat_map(|it| it.keys().copied()).collect();
        for slot in numbers {
            samples.push(Sample {
                at: slots.end(slot),
                sample: sample(kind_of(kinds, edge), way, &streams, slot),
                is_from_afar,
            });
        }
    }
    samples.retain(|it| !it.sample.interval.is_empty());
    samples.sort_by_key(|it| (it.at, it.sample.edge, it.sample.direction));
    samples
}

/// The streams of one side in one slot, put together.
fn sample(edge: EdgeKind, way: Way, streams: &BTreeMap<u32, Points>, slot: i64) -> MediaSample {
    let (side, direction) = match way {
        Way::In => (Side::Inbound, StreamDirection::Inbound),
        Way::Out => (Side::Outbound, StreamDirection::Outbound),
    };
    let interval = streams.values().filter_map(|points| points.get(&slot));
    // A stream that has ended still counts in all that went by.
    let until = |points: &Points| {
        points
            .range(..=slot)
            .next_back()
            .map(|(_, it)| it.cumulative.clone())
    };
    let cumulative = streams.values().filter_map(until);
    MediaSample {
        edge,
        direction,
        ssrc: None,
        interval: figures(interval.map(|point| point.interval.clone()), side).total,
        cumulative: figures(cumulative, side).total,
        metadata: None,
    }
}

/// When slots begin. Legs whose agents differ have a clock each, and both heard the answer: times are counted from that.
struct Slots<'a> {
    caller: Since<'a>,
    callee: Since<'a>,
}

struct Since<'a> {
    clock: &'a Clock,
    zero: TimeUs,
}

impl<'a> Slots<'a> {
    fn of(sources: &BTreeMap<u32, Source<'_>>, legs: &'a Legs<'_>) -> Option<Self> {
        let (near, far) = (&legs.caller, legs.callee());
        let answers = (near.answered_at(), far.answered_at());
        let (caller, callee) = match answers {
            (Some(near_answer), Some(far_answer)) if near.clock.agent != far.clock.agent => {
                (near_answer, far_answer)
            }
            _ => {
                let zero = answers.0.or(answers.1).or_else(|| first_report(sources))?;
                (zero, zero)
            }
        };
        Some(Self {
            caller: Since {
                clock: &near.clock,
                zero: caller,
            },
            callee: Since {
                clock: &far.clock,
                zero: callee,
            },
        })
    }

    /// The slot a report falls in; those before the answer are negative.
    fn of_report(&self, source: &Source<'_>, known: &Known<'_>) -> i64 {
        self.moment(source, known).div_euclid(SLOT_US)
    }

    /// When a report was made, from the answer, in microseconds.
    fn moment(&self, source: &Source<'_>, known: &Known<'_>) -> i64 {
        let since = match source.place {
            Some(Place {
                edge: PartyEdge::Callee,
                ..
            }) => &self.callee,
            _ => &self.caller,
        };
        let at = since.clock.time(&known.seen);
        at.map_or(0, |at| at.since_us(since.zero))
    }

    fn end(&self, slot: i64) -> TimeUs {
        let slots = slot.saturating_add(1);
        self.caller.zero.plus_us(slots.saturating_mul(SLOT_US))
    }
}

fn first_report(sources: &BTreeMap<u32, Source<'_>>) -> Option<TimeUs> {
    let reports = sources.values().flat_map(|source| source.reports.values());
    reports.flat_map(|known| known.seen.values().copied()).min()
}

/// A stream as one receiver reports it.
struct Received<'a> {
    source: &'a Source<'a>,
    /// What its sender reported of having sent, by when it did.
    sent: Vec<(i64, SenderInfo)>,
    last_sent: Option<SenderInfo>,
    codecs: &'a Codecs,
    slots: &'a Slots<'a>,
}

impl<'a> Received<'a> {
    fn of(
        source: &'a Source<'a>,
        owner: Option<&Source<'_>>,
        codecs: &'a Codecs,
        slots: &'a Slots<'a>,
    ) -> Self {
        let senders = |owner: &Source<'_>| {
            let known = owner.reports.values();
            let sent = known.filter_map(|it| Some((slots.moment(owner, it), it.report.sender?)));
            let mut sent: Vec<(i64, SenderInfo)> = sent.collect();
            sent.sort_by_key(|(at, sender)| (*at, sender.packets, sender.ntp));
            sent
        };
        Self {
            source,
            sent: owner.map(senders).unwrap_or_default(),
            last_sent: owner.and_then(rtp::last_sent),
            codecs,
            slots,
        }
    }

    fn points(&self, blocks: &[Block<'_>]) -> Points {
        let slot_of = |(known, _): &Block<'_>| self.slots.of_report(self.source, known);
        let mut points = Points::new();
        let Some((_, first)) = blocks.first() else {
            return points;
        };
        let (mut jitter, mut all_jitter) = (Jitter::default(), Jitter::default());
        let mut before = Before {
            // Without a count of the sender's, all is counted from the first report on.
            block: self.sent.is_empty().then_some(*first),
            sent: None,
        };
        // Blocks are in the order of what had been received, and slots follow it even where times do not.
        let mut slot = i64::MIN;
        for (place, (known, block)) in blocks.iter().enumerate() {
            slot = slot.max(slot_of(&(*known, *block)));
            let codec = self.codecs.when_seen(&known.seen);
            jitter.add(block, codec);
            all_jitter.add(block, codec);
            let next = blocks.get(place + 1);
            if next.is_some_and(|next| slot_of(next) <= slot) {
                continue;
            }
            let of_that_time = self.sent_at(known);
            // What was sent after the last report counts with it, so that the slots add up to the call.
            let sent = match next {
                Some(_) => of_that_time,
                None => self.last_sent,
            };
            let span = (first, block);
            let mut cumulative = rtp::counters(span, of_that_time, sent, codec, &all_jitter);
            if before.block.as_ref() == Some(block) {
                cumulative.packets_lost = None;
            }
            let interval = Counters {
                codec: cumulative.codec,
                codec_name: cumulative.codec_name.clone(),
                packets_sent: difference(sent, before.sent, |it| it.packets),
                bytes_sent: difference(sent, before.sent, |it| it.octets),
                jitter_ms: std::mem::take(&mut jitter).stat(),
                ..self.interval(block, before.block.as_ref(), of_that_time)
            };
            points.insert(
                slot,
                Point {
                    interval,
                    cumulative,
                },
            );
            before = Before {
                block: Some(*block),
                sent,
            };
        }
        points
    }

    /// What the last block of a slot says that the one before the slot does not.
    fn interval(
        &self,
        last: &ReportBlock,
        before: Option<&ReportBlock>,
        of_that_time: Option<SenderInfo>,
    ) -> Counters {
        if before == Some(last) {
            return Counters::default();
        }
        let lost_before = before.map_or(0, |block| i64::from(block.lost));
        let lost = i64::from(last.lost).saturating_sub(lost_before);
        let expected = match before {
            Some(before) => Some(last.highest_seq.saturating_sub(before.highest_seq)),
            // The number of the first packet is not told: how many were sent by then may be.
            None => of_that_time.map(|sender| sender.packets),
        };
        let expected = expected.map(u64::from);
        Counters {
            packets_received: expected
                .map(|expected| expected.saturating_add_signed(lost.saturating_neg())),
            packets_lost: Some(lost),
            loss_percent: loss::outbound_percent(expected, Some(lost)),
            ..Counters::default()
        }
    }

    /// What had been sent at about the time of a report: what the sender said nearest to it.
    fn sent_at(&self, about: &Known<'_>) -> Option<SenderInfo> {
        let moment = self.slots.moment(self.source, about);
        let later = self.sent.partition_point(|(at, _)| *at < moment);
        let near = [later.checked_sub(1), Some(later)];
        let near = near
            .into_iter()
            .flatten()
            .filter_map(|place| self.sent.get(place));
        let nearest = near.min_by_key(|(at, _)| at.abs_diff(moment));
        nearest.map(|(_, sender)| *sender)
    }
}

/// What was known when a slot began.
#[derive(Default)]
struct Before {
    block: Option<ReportBlock>,
    sent: Option<SenderInfo>,
}

fn difference(
    now: Option<SenderInfo>,
    before: Option<SenderInfo>,
    of: fn(SenderInfo) -> u32,
) -> Option<u64> {
    Some(u64::from(of(now?).saturating_sub(before.map_or(0, of))))
}

/// A sample as an event of its call.
pub(super) fn event(call: CallRef, sample: Sample) -> CallEvent {
    let MediaSample {
        edge, direction, ..
    } = sample.sample;
    let at = sample.at;
    CallEvent {
        id: EventId::own(format_args!("sample:{edge}:{direction}:{}", at.micros())),
        call,
        at,
        source: ours(),
        observation: Observation::Media(Box::new(sample.sample)),
    }
}

/// Who sees what follows from packets.
pub(super) const fn ours() -> Origin {
    Origin {
        kind: SourceKind::Hep,
        agent: None,
        translator: 1,
    }
}
