//! What was measured of a call's media in each ten seconds, from RTCP.
//!
//! A report tells of all that came before it. What came between two reports about the same stream
//! counts in the slot of the later one, so the slots add up to the whole call. Reports that several
//! agents saw count once.

use std::collections::{BTreeMap, BTreeSet};

use super::hearing::Mark;
use super::media_ends::MediaEnds;
use super::parties::{figures, kind_of};
use super::received::{Jitter, Received};
use super::reports::Reports;
use super::rtp::{self, AtEdges, Way};
use super::sent::Count;
use super::side::Side;
use super::sip::Signalling;
use super::sources::Sources;
use super::trips::{Trips, round_trips, whole_trip};
use crate::event::{CallEvent, EventId, Observation, Source as Origin, SourceKind};
use crate::id::CallRef;
use crate::media::{Counters, MediaSample};
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
    signalling: &Signalling<'_>,
    media_ends: &MediaEnds,
    kinds: (EdgeKind, EdgeKind),
) -> Vec<Sample> {
    let sources = Sources::of(reports, signalling, media_ends);
    let trips = round_trips(&sources.by_ssrc, |known| known.at.div_euclid(SLOT_US));
    let mut at_edges: AtEdges<Points> = AtEdges::new();
    for (media_end, receiver) in &sources.receivers() {
        for (stream, reports) in &receiver.streams {
            let codecs = media_ends.codecs(media_end.edge);
            let received = Received::of(&sources, *media_end, *stream, reports, codecs);
            let trip = |slot: &i64| {
                let trips: &Trips = trips.get(slot)?;
                whole_trip(trips, &receiver.ssrcs, *stream)
            };
            let mut points = received.points();
            for (slot, point) in &mut points {
                point.interval = rtp::rated(std::mem::take(&mut point.interval), trip(slot));
            }
            let streams = at_edges
                .entry((media_end.edge, media_end.way()))
                .or_default();
            streams.insert(*stream, points);
        }
    }
    let afar = rtp::pass_through(&mut at_edges, &sources, media_ends);
    let mut samples = Vec::new();
    for ((edge, way), streams) in at_edges {
        let is_from_afar = afar.contains(&(edge, way));
        let numbers: BTreeSet<i64> = streams.values().flat_map(|it| it.keys().copied()).collect();
        for slot in numbers {
            samples.push(Sample {
                at: end(&sources, slot),
                sample: sample(kind_of(kinds, edge), way, &streams, slot),
                is_from_afar,
            });
        }
    }
    samples.retain(|it| !it.sample.interval.is_empty());
    samples.sort_by_key(|it| (it.at, it.sample.edge, it.sample.direction));
    samples
}

fn end(sources: &Sources<'_>, slot: i64) -> TimeUs {
    let slots = slot.saturating_add(1);
    sources.timeline.time(slots.saturating_mul(SLOT_US))
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

impl Received<'_> {
    fn points(&self) -> Points {
        let slot_of = |mark: &Mark<'_>| mark.known.at.div_euclid(SLOT_US);
        let mut points = Points::new();
        let (mut jitter, mut all_jitter) = (Jitter::default(), Jitter::default());
        // Without a count of the sender's, all is counted from the first report on.
        let first = self
            .marks
            .first()
            .filter(|first| self.sent_by(first).is_none());
        let mut before = first;
        let mut sent_before = Count::default();
        for (index, mark) in self.marks.iter().enumerate() {
            self.add_jitter(&mut jitter, mark);
            self.add_jitter(&mut all_jitter, mark);
            let next = self.marks.get(index + 1);
            if next.is_some_and(|next| slot_of(next) == slot_of(mark)) {
                continue;
            }
            // What was sent after the last report counts with it, so that the slots add up to the
            // call.
            let sent = match next {
                Some(_) => self.sent.by(mark.known.at),
                None => self.sent.last(),
            };
            let mut cumulative = self.counters(mark, sent, &all_jitter);
            let is_first = first.is_some_and(|first| std::ptr::eq(first, mark));
            let interval = if is_first {
                cumulative.packets_lost = None;
                Counters::default()
            } else {
                self.interval(mark, before)
            };
            let more = |now: i64, before: i64| u64::try_from(now.saturating_sub(before)).ok();
            let interval = Counters {
                codec: cumulative.codec,
                codec_name: cumulative.codec_name.clone(),
                packets_sent: sent.and_then(|sent| more(sent.packets, sent_before.packets)),
                bytes_sent: sent.and_then(|sent| more(sent.octets, sent_before.octets)),
                jitter_ms: std::mem::take(&mut jitter).stat(),
                ..interval
            };
            points.insert(
                slot_of(mark),
                Point {
                    interval,
                    cumulative,
                },
            );
            before = Some(mark);
            sent_before = sent.unwrap_or(sent_before);
        }
        points
    }
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
