//! How much a source had sent by when, as its own reports tell it.

use crate::rtcp::SenderInfo;
use crate::time::SECOND_US;

/// What most send in a second while somebody speaks: a packet every 20 ms (RFC 3551 §4.2).
const PACKETS_A_SECOND: i64 = 50;
/// What some send: one every 10 ms.
const PACKETS_A_SECOND_HIGH: i64 = 100;
/// Reports closer to each other tell no rate, and are as good as of the same moment.
const GAP_MIN_US: i64 = SECOND_US;

/// The counts of one source. Where it began to count anew, it is counted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    /// In the order of time.
    pub(super) counts: Vec<Count>,
    /// The most it sends in a second, by what it sent between two reports.
    pub(super) a_second: i64,
    /// Whether it had sent more before its first report, which is not counted.
    pub(super) is_partial: bool,
}

/// What is known of a source that says nothing of having sent.
pub(super) static NOTHING_SAID: Sent = Sent {
    counts: Vec::new(),
    a_second: PACKETS_A_SECOND,
    is_partial: false,
};

/// What had been sent at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) at: i64,
    pub(super) packets: i64,
    pub(super) octets: i64,
    /// Whether the source began anew since the count before: how much it sent in between is not
    /// known.
    pub(super) is_anew: bool,
}

impl Default for Sent {
    fn default() -> Self {
        NOTHING_SAID.clone()
    }
}

impl Sent {
    /// Reads what reports say, and when each did, in the order of time.
    pub(super) fn of(said: impl Iterator<Item = (i64, SenderInfo)>, is_partial: bool) -> Self {
        let mut counts: Vec<Count> = Vec::new();
        let mut before = None;
        for (at, sender) in said {
            let mut count = Count {
                at,
                packets: i64::from(sender.packets),
                octets: i64::from(sender.octets),
                is_anew: false,
            };
            if let (Some(held), Some(last)) = (before.replace(sender), counts.last()) {
                let is_late = sender.ntp != 0 && sender.ntp < held.ntp;
                if is_late && sender.packets < held.packets {
                    before = Some(held);
                    continue;
                }
                let more = |now: u32, then: u32| {
                    // Counts wrap; what goes back otherwise began anew.
                    let more = now.wrapping_sub(then);
                    (more <= u32::MAX / 2).then_some(i64::from(more))
                };
                let packets = more(sender.packets, held.packets);
                let octets = packets.and(more(sender.octets, held.octets));
                count.is_anew = packets.is_none();
                count.packets = last
                    .packets
                    .saturating_add(packets.unwrap_or(count.packets));
                count.octets = last.octets.saturating_add(octets.unwrap_or(count.octets));
            }
            counts.push(count);
        }
        let gaps = counts.iter().zip(counts.iter().skip(1));
        let rates = gaps.filter_map(|(one, other)| {
            let us = other.at.saturating_sub(one.at);
            let packets = other.packets.saturating_sub(one.packets);
            (us >= GAP_MIN_US && !other.is_anew)
                .then(|| packets.saturating_mul(SECOND_US).saturating_add(us - 1) / us)
        });
        let a_second = match rates.max() {
            // Who pauses all the time does not show how fast it is between.
            Some(rate) if rate < PACKETS_A_SECOND * 4 / 5 => PACKETS_A_SECOND_HIGH,
            Some(rate) => rate.max(PACKETS_A_SECOND),
            None => PACKETS_A_SECOND,
        };
        Self {
            counts,
            a_second,
            is_partial,
        }
    }

    /// What it had sent in the end. `None` when it never said.
    pub(super) fn last(&self) -> Option<Count> {
        self.counts.last().copied()
    }

    /// What it had sent at about a moment: what it said nearest to that.
    pub(super) fn nearest(&self, at: i64) -> Option<Count> {
        let later = self.counts.partition_point(|count| count.at < at);
        let near = [later.checked_sub(1), Some(later)].into_iter().flatten();
        let near = near.filter_map(|place| self.counts.get(place));
        let distance = |count: &&Count| (count.at.abs_diff(at), std::cmp::Reverse(count.packets));
        near.min_by_key(distance).copied()
    }

    /// What it had sent when the call was answered, if it said so later: a stream begins with the
    /// call as a rule. `None` when it is not known to have begun then.
    pub(super) fn begin(&self) -> Option<Count> {
        let first = self.counts.first()?;
        let before = first.packets.saturating_sub(self.at_most(first.at));
        (first.at > 0 && !self.is_partial).then(|| Count {
            packets: before.max(0),
            ..Count::default()
        })
    }

    /// What it had sent by a moment: what it said within a second of it, else what lies between
    /// what it said before and after.
    pub(super) fn by(&self, at: i64) -> Option<Count> {
        let nearest = self.nearest(at)?;
        let later = self.counts.partition_point(|count| count.at < at);
        let before = match later.checked_sub(1) {
            Some(place) => self.counts.get(place).copied(),
            None => self.begin().filter(|begin| begin.at < at),
        };
        let after = self.counts.get(later).filter(|after| !after.is_anew);
        let (Some(before), Some(after)) = (before, after) else {
            return Some(nearest);
        };
        if nearest.at.abs_diff(at) <= GAP_MIN_US.unsigned_abs() {
            return Some(nearest);
        }
        let (since, gap) = (
            at.saturating_sub(before.at),
            after.at.saturating_sub(before.at),
        );
        let between = |of: fn(&Count) -> i64| {
            let more = of(after).saturating_sub(of(&before));
            of(&before).saturating_add(more.saturating_mul(since) / gap.max(1))
        };
        Some(Count {
            at,
            packets: between(|count| count.packets),
            octets: between(|count| count.octets),
            is_anew: false,
        })
    }

    /// How many packets it sends at most in some time.
    pub(super) fn at_most(&self, us: i64) -> i64 {
        let us = us.max(0);
        self.a_second.saturating_mul(us) / SECOND_US
    }
}
