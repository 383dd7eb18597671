//! What a receiver heard of a stream, report by report, beside what its sender says of having sent.
//!
//! A receiver counts what is missing between the packets that came (RFC 3550 §A.3). What was sent
//! after the last that came it does not know of: its highest sequence number stands still, or it
//! leaves the stream out (§6.4.1). The sender's count tells. Both are compared on one line of time:
//! since reports are not made at the same moment, by the least that had been sent by a report of
//! the receiver's.

use super::receivers::Told;
use super::sent::{Count, Sent};
use super::source::{Known, KnownBlock};
use crate::time::SECOND_US;

/// A jump of sequence numbers beyond this makes a receiver count anew (RFC 3550 §A.1,
/// `MAX_DROPOUT`).
const DROPOUT_MAX: i64 = 3_000;
/// Sequence numbers of one cycle.
const CYCLE: i64 = 1 << 16;
/// Nobody keeps packets longer on their way, to hand all of them over later.
const LATE_MAX_US: i64 = 5 * SECOND_US;
/// How much is missing before it is told: reports are on their way for some time.
const MISSING_MIN_US: i64 = SECOND_US;

/// A report of the receiver's, and what follows from all until then.
#[derive(Debug)]
pub(super) struct Mark<'a> {
    pub(super) known: &'a Known,
    /// What it says of the stream. `None`: nothing has come of it since the report before.
    pub(super) block: Option<KnownBlock>,
    /// Whether anything came since the report before.
    pub(super) has_heard: bool,
    /// Packets lost as the receiver counts them; where it began anew, counted on.
    pub(super) lost: i64,
    /// Packets that were sent and that the receiver, who does not know of them, cannot have got.
    pub(super) unheard: i64,
    /// Sequence numbers since the first report of the stream.
    pub(super) sequence: i64,
    /// Which of the receiver's counts it is of: sequence numbers of one tell how many were to come.
    pub(super) count: u32,
}

/// A time in which a receiver heard nothing of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Silence {
    /// The last report that something had come. `None`: nothing ever had.
    pub(super) since: Option<i64>,
    /// The last report of nothing. `None`: it never ended.
    pub(super) until: Option<i64>,
}

/// The reports of a receiver about a stream. `flows`: whether the stream was to flow all the time
/// between two moments.
pub(super) fn hearing<'a>(
    reports: &[Told<'a>],
    sent: &Sent,
    flows: impl Fn(i64, i64) -> bool,
) -> Vec<Mark<'a>> {
    let mut marks = counted(reports, sent);
    add_unheard(&mut marks, &Due::of(sent, flows));
    marks
}

/// The reports with what the receiver counts.
fn counted<'a>(reports: &[Told<'a>], sent: &Sent) -> Vec<Mark<'a>> {
    let mut marks: Vec<Mark<'a>> = Vec::new();
    let mut last: Option<Last<'a>> = None;
    for (known, told) in reports.iter().copied() {
        // A receiver that has got nothing fills in zeros.
        let block = told.filter(|block| block.said.highest_seq != 0);
        let before = marks.last();
        let mut mark = Mark {
            known,
            block,
            has_heard: false,
            lost: before.map_or(0, |mark| mark.lost),
            unheard: 0,
            sequence: before.map_or(0, |mark| mark.sequence),
            count: before.map_or(0, |mark| mark.count),
        };
        if let Some(block) = block {
            let reported_at = before.map(|mark| mark.known.at);
            let more = match (&last, reported_at) {
                (Some(last), Some(at)) => last.to(known, block, at, sent),
                _ => Some(More::of_first(block)),
            };
            // An older report can come late.
            let Some(more) = more else { continue };
            mark.has_heard = more.step != Step::On(0);
            mark.lost = mark.lost.saturating_add(more.lost);
            mark.count += u32::from(more.is_new_count);
            if let Step::On(came) = more.step {
                mark.sequence = mark.sequence.saturating_add(came);
            }
            let went_on_at = match &last {
                Some(last) if !mark.has_heard => last.went_on_at,
                _ => known.at,
            };
            last = Some(Last {
                known,
                block,
                went_on_at,
            });
        }
        marks.push(mark);
    }
    marks
}

/// The last block that was read.
struct Last<'a> {
    known: &'a Known,
    block: KnownBlock,
    /// When the sequence numbers last went on.
    went_on_at: i64,
}

/// What a block tells beyond the one before.
struct More {
    step: Step,
    lost: i64,
    /// Whether the receiver began to count anew.
    is_new_count: bool,
}

impl More {
    fn of_first(block: KnownBlock) -> Self {
        Self {
            step: Step::Anew,
            lost: block.said.lost.into(),
            is_new_count: true,
        }
    }
}

impl Last<'_> {
    /// From this block to another, where the receiver reported last at some time. `None`: the other
    /// is older.
    fn to(&self, known: &Known, block: KnownBlock, reported_at: i64, sent: &Sent) -> Option<More> {
        let since = known.at.saturating_sub(self.went_on_at);
        let possible = sent.at_most(since).saturating_mul(4);
        let possible = possible.saturating_add(DROPOUT_MAX);
        let between = sent_between(sent, self.went_on_at, known.at);
        let (held, now) = (&self.block.said, &block.said);
        let step = step(held.highest_seq, now.highest_seq, possible, between);
        if step == Step::Back && !is_said_later(known, self.known) {
            return None;
        }
        let (held_lost, lost) = (i64::from(held.lost), i64::from(now.lost));
        let more = lost.saturating_sub(held_lost);
        let is_new_count = match step {
            Step::On(came) => {
                // More than can have been sent since the report before came late, or it is beyond a
                // gap that is not counted.
                let in_between = sent.at_most(known.at.saturating_sub(reported_at));
                let gap = came.saturating_sub(in_between);
                let late_max = match sent.last() {
                    Some(_) => sent.at_most(LATE_MAX_US),
                    None => DROPOUT_MAX,
                };
                let is_beyond = gap > late_max && more < gap / 2;
                is_beyond || (lost < held_lost / 2 && more.saturating_neg() > came / 2)
            }
            Step::Anew | Step::Back => true,
        };
        Some(More {
            step,
            lost: if more < 0 && is_new_count { lost } else { more },
            is_new_count,
        })
    }
}

/// How sequence numbers go on from one report to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// By so many.
    On(i64),
    /// From another number.
    Anew,
    /// To one that was before.
    Back,
}

/// How far it is from one highest sequence number to another, when no more packets are possible in
/// between. Of receivers that do not count cycles, the sender's count tells how many there were.
fn step(held: u32, now: u32, possible: i64, sent: Option<i64>) -> Step {
    let on = i64::from(now.wrapping_sub(held));
    let counts_cycles = i64::from(held | now) >= CYCLE;
    if on == 0 || (on <= possible && counts_cycles) {
        return Step::On(on);
    }
    let on = on % CYCLE;
    if on <= possible {
        let cycles = sent.map_or(0, |sent| (sent - on + CYCLE / 2).div_euclid(CYCLE).max(0));
        return Step::On(on + cycles * CYCLE);
    }
    if CYCLE - on > DROPOUT_MAX {
        Step::Anew
    } else {
        Step::Back
    }
}

/// Whether a reporter says that it made one report after another. `false` also where it does not
/// say.
fn is_said_later(known: &Known, before: &Known) -> bool {
    let ntp = |known: &Known| known.sender.map_or(0, |sender| sender.ntp);
    ntp(known) > ntp(before)
}

fn sent_between(sent: &Sent, since: i64, until: i64) -> Option<i64> {
    let (before, after) = (sent.nearest(since)?, sent.nearest(until)?);
    Some(after.packets.saturating_sub(before.packets))
}

/// What was due to the receiver: what was sent while the stream was to flow.
struct Due<'a> {
    counts: Vec<Count>,
    /// Which stretch of time without any break begins with each count; `None`: nothing is due until
    /// the next.
    stretches: Vec<Option<usize>>,
    sent: &'a Sent,
}

/// What had been sent by a moment within a stretch.
struct Bounds {
    stretch: usize,
    at_least: i64,
    /// `None` when it is too long since the sender said.
    at_most: Option<i64>,
}

impl<'a> Due<'a> {
    fn of(sent: &'a Sent, flows: impl Fn(i64, i64) -> bool) -> Self {
        // What was sent before the answer is due to nobody.
        let begin = sent.begin();
        let counts: Vec<Count> = begin
            .into_iter()
            .chain(sent.counts.iter().copied())
            .collect();
        let mut stretch = 0;
        let mut stretches = Vec::with_capacity(counts.len());
        for (one, other) in counts.iter().zip(counts.iter().skip(1)) {
            let is_due = !other.is_anew && flows(one.at, other.at);
            if !is_due {
                stretch += 1;
            }
            stretches.push(is_due.then_some(stretch));
        }
        // After the last count it may have gone on or not.
        let last = stretches.last().copied().flatten();
        stretches.push(last);
        Self {
            counts,
            stretches,
            sent,
        }
    }

    fn bounds(&self, at: i64) -> Option<Bounds> {
        let place = self
            .counts
            .partition_point(|count| count.at <= at)
            .checked_sub(1)?;
        let stretch = (*self.stretches.get(place)?)?;
        let one = self.counts.get(place)?;
        let since = self.sent.at_most(at.saturating_sub(one.at));
        let on = one.packets.saturating_add(since);
        let Some(other) = self.counts.get(place + 1) else {
            let is_near = at.saturating_sub(one.at) <= MISSING_MIN_US;
            return Some(Bounds {
                stretch,
                at_least: one.packets,
                at_most: is_near.then_some(on),
            });
        };
        let back = self.sent.at_most(other.at.saturating_sub(at));
        Some(Bounds {
            stretch,
            at_least: other.packets.saturating_sub(back).max(one.packets),
            at_most: Some(on.min(other.packets)),
        })
    }

    /// What had been sent when a stretch began.
    fn begin(&self, stretch: usize) -> i64 {
        let mut places = self.stretches.iter().zip(&self.counts);
        let first = places.find(|(it, _)| **it == Some(stretch));
        first.map_or(0, |(_, count)| count.packets)
    }
}

/// Adds to each report what was sent and not heard.
fn add_unheard(marks: &mut [Mark<'_>], due: &Due<'_>) {
    let bounds: Vec<Option<Bounds>> = marks.iter().map(|it| due.bounds(it.known.at)).collect();
    let missing_min = due.sent.at_most(MISSING_MIN_US);
    let mut settled = 0_i64;
    let mut missing = 0_i64;
    // The receiver's count that was last, and what it said was lost.
    let mut before = (0, 0);
    let mut from = 0;
    while from < marks.len() {
        // Reports of one count of the receiver's and of one stretch of time are of the same
        // packets.
        let part = |place: usize| {
            let mark = marks.get(place)?;
            let bounds = bounds.get(place)?.as_ref();
            Some((mark.count, bounds.map(|bounds| bounds.stretch)))
        };
        let this = part(from);
        let to = (from..marks.len()).find(|place| part(*place) != this);
        let to = to.unwrap_or(marks.len());
        let (Some(marks), Some(bounds)) = (marks.get_mut(from..to), bounds.get(from..to)) else {
            return;
        };
        // How far the sequence numbers are ahead of the sender's count when all has come that was
        // sent, by the reports so far. Before the first packet there are none.
        let begin = || {
            Some(
                due.begin(bounds.first()?.as_ref()?.stretch)
                    .saturating_neg(),
            )
        };
        let has_begun = marks.first().is_some_and(|mark| mark.count > 0);
        let mut ahead = if has_begun { None } else { begin() };
        settled = settled.saturating_add(missing);
        missing = 0;
        if let Some(first) = marks.first()
            && first.count == before.0
        {
            // What it counts now it may have been missing before.
            let more = first.lost.saturating_sub(before.1).max(0);
            settled = settled.saturating_sub(more).max(0);
        }
        for (mark, bounds) in marks.iter_mut().zip(bounds) {
            if let (Some(bounds), Some(_)) = (bounds, mark.block) {
                let at_most = bounds.at_most;
                ahead = ahead.max(at_most.map(|sent| mark.sequence.saturating_sub(sent)));
            }
            if let (Some(bounds), Some(ahead)) = (bounds, ahead) {
                let came = mark.sequence.saturating_sub(ahead);
                missing = bounds.at_least.saturating_sub(came);
                missing = if missing > missing_min { missing } else { 0 };
            }
            mark.unheard = settled.saturating_add(missing);
            before = (mark.count, mark.lost);
        }
        // What came after all was late, not lost.
        let mut in_the_end = i64::MAX;
        for mark in marks.iter_mut().rev() {
            in_the_end = in_the_end.min(mark.lost.saturating_add(mark.unheard));
            mark.unheard = in_the_end.saturating_sub(mark.lost).max(0);
        }
        from = to;
    }
}

/// The times in which nothing was heard of what was sent.
pub(super) fn silences(marks: &[Mark<'_>]) -> Vec<Silence> {
    let mut silences = Vec::new();
    let mut since = None;
    let mut unheard_before = 0;
    let mut open: Option<(Option<i64>, i64, i64)> = None;
    for mark in marks {
        if mark.has_heard {
            if let Some((since, until, unheard)) = open.take()
                && unheard > unheard_before
            {
                silences.push(Silence {
                    since,
                    until: Some(until),
                });
            }
            since = Some(mark.known.at.max(0));
            unheard_before = mark.unheard;
        } else {
            open = Some((since, mark.known.at, mark.unheard));
        }
    }
    if let Some((since, _, unheard)) = open
        && unheard > unheard_before
    {
        silences.push(Silence { since, until: None });
    }
    silences
}
