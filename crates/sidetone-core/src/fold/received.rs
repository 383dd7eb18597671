//! The figures of one stream as one receiver reports it, of all of it and of a part.

use std::iter;

use super::codecs::Codecs;
use super::hearing::{Mark, hearing};
use super::mean::Mean;
use super::media_ends::MediaEnd;
use super::receivers::Told;
use super::sent::{Count, NOTHING_SAID, Sent};
use super::sources::Sources;
use crate::media::{Counters, Stat};
use crate::quality::loss::outbound_percent;
use crate::rtcp::ReportBlock;
use crate::sip::Codec;

/// A stream as one receiver reports it.
pub(super) struct Received<'a> {
    pub(super) marks: Vec<Mark<'a>>,
    pub(super) sent: &'a Sent,
    codecs: &'a Codecs,
    /// Whether it was to flow at any time, from the answer on.
    is_due: bool,
}

impl<'a> Received<'a> {
    pub(super) fn of(
        sources: &'a Sources<'_>,
        media_end: MediaEnd,
        stream: u32,
        reports: &[Told<'a>],
        codecs: &'a Codecs,
    ) -> Self {
        let owner = sources.by_ssrc.get(&stream);
        let sent = owner.map_or(&NOTHING_SAID, |owner| &owner.sent);
        let from = owner.and_then(|owner| owner.media_end);
        let flows = |since, until| sources.ways.flow(media_end, from, (since, until));
        let moments = || iter::once(0).chain(reports.iter().map(|(known, _)| known.at));
        let is_due = moments()
            .zip(moments().skip(1))
            .any(|(since, until)| flows(since, until));
        Self {
            marks: hearing(reports, sent, flows),
            sent,
            codecs,
            is_due,
        }
    }

    /// What all reports say together. `None` without any.
    pub(super) fn whole(&self) -> Option<Counters> {
        let last = self.marks.last()?;
        let mut jitter = Jitter::default();
        for mark in &self.marks {
            self.add_jitter(&mut jitter, mark);
        }
        Some(self.counters(last, self.sent.last(), &jitter))
    }

    pub(super) fn add_jitter(&self, jitter: &mut Jitter, mark: &Mark<'_>) {
        // Who has heard nothing new repeats itself.
        if let Some(block) = mark
            .block
            .filter(|block| block.has_jitter && mark.has_heard)
        {
            jitter.add(&block.said, self.codecs.when_seen(&mark.known.seen));
        }
    }

    /// How many packets there had been to receive by a report: by the sender's count nearest to it,
    /// else what came since the receiver's first report.
    fn expected(&self, mark: &Mark<'_>) -> Option<i64> {
        match self.sent_by(mark) {
            // Nothing has come so far: there was to come what is known not to have, if anything
            // was.
            _ if mark.count == 0 => self.is_due.then_some(mark.unheard),
            Some(count) => Some(count.packets),
            None => Some(mark.sequence).filter(|packets| *packets > 0),
        }
    }

    /// What the sender says of the time of a report. `None` when it never says that it sent
    /// anything.
    pub(super) fn sent_by(&self, mark: &Mark<'_>) -> Option<Count> {
        self.sent.last().filter(|last| last.packets > 0)?;
        self.sent.by(mark.known.at)
    }

    /// Packets that did not come until a report: of those that the sender counts, else of those
    /// since the first report.
    fn lost(&self, mark: &Mark<'_>, expected: Option<i64>) -> i64 {
        let is_of_all = self.sent_by(mark).is_some() && !self.sent.is_partial;
        let before = match (expected, self.marks.first()) {
            (Some(_), Some(first)) if !is_of_all => first.lost,
            _ => 0,
        };
        mark.lost
            .saturating_sub(before)
            .saturating_add(mark.unheard)
    }

    /// What had come of the stream by a report, beside what was sent in all. The codec is that of
    /// the time of the report: what the call ended up with.
    pub(super) fn counters(
        &self,
        mark: &Mark<'_>,
        sent: Option<Count>,
        jitter: &Jitter,
    ) -> Counters {
        let codec = self.codecs.when_seen(&mark.known.seen);
        let expected = self.expected(mark);
        // What was received and what was lost are of the same packets.
        let lost = self.lost(mark, expected);
        Counters {
            codec: codec.map(|codec| codec.payload_type),
            codec_name: codec.map(|codec| codec.name.clone()),
            packets_sent: sent.and_then(|sent| u64::try_from(sent.packets).ok()),
            bytes_sent: sent.and_then(|sent| u64::try_from(sent.octets).ok()),
            jitter_ms: jitter.stat(),
            ..of_packets(expected, lost)
        }
    }

    /// What came between two reports.
    pub(super) fn interval(&self, mark: &Mark<'_>, before: Option<&Mark<'_>>) -> Counters {
        let sent = self.sent_by(mark).map(|count| count.packets);
        let (lost, expected) = match before {
            Some(before) => {
                let unheard = mark.unheard.saturating_sub(before.unheard);
                let lost = mark.lost.saturating_sub(before.lost);
                let sequence = mark.sequence.saturating_sub(before.sequence);
                let expected = if mark.count == before.count {
                    Some(sequence.saturating_add(unheard))
                } else if before.count == 0 {
                    sent.map(|sent| sent.saturating_sub(before.unheard))
                } else {
                    let before = self.sent_by(before);
                    sent.zip(before)
                        .map(|(sent, before)| sent.saturating_sub(before.packets))
                };
                (lost.saturating_add(unheard), expected)
            }
            None if mark.count == 0 => (mark.unheard, Some(mark.unheard)),
            // The number of the first packet is not told: how many were sent by then may be.
            None => (mark.lost.saturating_add(mark.unheard), sent),
        };
        let expected = expected.filter(|_| self.is_due || mark.count > 0);
        of_packets(expected, lost)
    }
}

/// What was received and lost of so many packets.
fn of_packets(expected: Option<i64>, lost: i64) -> Counters {
    let received = expected.map(|expected| expected.saturating_sub(lost).max(0));
    let unsigned = |count: i64| u64::try_from(count).ok();
    Counters {
        packets_received: received.and_then(unsigned),
        packets_lost: Some(lost),
        loss_percent: outbound_percent(expected.and_then(unsigned), Some(lost)),
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
    fn add(&mut self, block: &ReportBlock, codec: Option<&Codec>) {
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
