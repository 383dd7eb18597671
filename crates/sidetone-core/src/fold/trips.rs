//! Round trips, from reports that name one another.

use std::collections::BTreeMap;

use super::mean::weighted_mean;
use super::plausible::ROUND_TRIP_MAX_MS;
use super::source::{Known, Source};
use crate::media::Stat;

/// The mean round trip between where reports were seen and each reporter, by the reporter.
///
/// An agent saw a sender report at t₁ and, at t₂, the receiver's report that names it and says how
/// long it was held (DLSR): t₂ − t₁ − DLSR went by on the way there and back. Nobody's clocks need
/// to agree (RFC 3550 §6.4.1 has the receiver of the report compute the same for all of the way).
#[derive(Debug, Default)]
pub(super) struct Trips {
    /// On one agent's clock, ms.
    pub(super) exact: BTreeMap<u32, Stat>,
    /// Between two agents' clocks, ms: off by their difference, by as much in the one direction as
    /// in the other.
    skewed: BTreeMap<(u32, (u32, u32)), f64>,
}

/// What was timed of each reporter, before means are taken.
#[derive(Default)]
struct Timed {
    exact: BTreeMap<u32, Vec<f64>>,
    skewed: BTreeMap<(u32, (u32, u32)), Vec<f64>>,
}

/// The round trips, apart by whatever part of the call the later report belongs to.
pub(super) fn round_trips(
    sources: &BTreeMap<u32, Source>,
    part_of: impl Fn(&Known) -> i64,
) -> BTreeMap<i64, Trips> {
    let names: BTreeMap<u32, Names<'_>> = sources
        .iter()
        .map(|(ssrc, source)| (*ssrc, Names::of(source)))
        .collect();
    let mut parts: BTreeMap<i64, Timed> = BTreeMap::new();
    for (reporter, source) in sources {
        for known in &source.reports {
            let said = known.blocks.iter().map(|block| block.said);
            for block in said.filter(|block| block.lsr != 0) {
                let owner = names.get(&block.ssrc);
                let Some(named) = owner.and_then(|owner| owner.find(block.lsr)) else {
                    continue;
                };
                let timed = parts.entry(part_of(known)).or_default();
                timed.add(*reporter, known, named, block.dlsr);
            }
        }
    }
    let trips = parts.into_iter().map(|(part, timed)| (part, timed.means()));
    trips.collect()
}

impl Timed {
    /// Times a report that names another, by one agent's clock if it can be.
    fn add(&mut self, reporter: u32, known: &Known, named: &Known, dlsr: u32) {
        let held_ms = f64::from(dlsr) * 1_000.0 / 65_536.0;
        let common = known
            .seen
            .iter()
            .find_map(|(agent, at)| Some(at.since_us(*named.seen.get(agent)?)));
        if let Some(us) = common {
            let trip_ms = ms(us) - held_ms;
            if trip_ms.abs() < ROUND_TRIP_MAX_MS {
                self.exact.entry(reporter).or_default().push(trip_ms);
            }
        } else if let (Some((there, t1)), Some((here, t2))) =
            (named.seen.iter().next(), known.seen.iter().next())
        {
            let trips = self.skewed.entry((reporter, (*there, *here))).or_default();
            trips.push(ms(t2.since_us(*t1)) - held_ms);
        }
    }

    fn means(self) -> Trips {
        let mean = |values: &[f64]| weighted_mean(values.iter().map(|value| (*value, 1.0)));
        let stat = |values: &[f64]| Stat {
            value: None,
            min: values.iter().copied().reduce(f64::min),
            max: values.iter().copied().reduce(f64::max),
            avg: mean(values),
        };
        let exact = self.exact.iter();
        let skewed = self.skewed.iter();
        Trips {
            exact: exact
                .map(|(reporter, values)| (*reporter, stat(values)))
                .collect(),
            skewed: skewed
                .filter_map(|(key, values)| Some((*key, mean(values)?)))
                .collect(),
        }
    }
}

/// The sender reports of a source by the middle of their NTP time, which receivers name them by.
struct Names<'a>(BTreeMap<u32, &'a Known>);

impl<'a> Names<'a> {
    fn of(source: &'a Source) -> Self {
        let mut names = BTreeMap::new();
        for known in &source.reports {
            if let Some(sender) = known.sender {
                names.entry(sender.lsr()).or_insert(known);
            }
        }
        Self(names)
    }

    /// Agents that tell the time in microseconds round away the last of the bits.
    fn find(&self, lsr: u32) -> Option<&'a Known> {
        let near = [lsr, lsr.saturating_sub(1), lsr.saturating_add(1)];
        near.iter().find_map(|lsr| self.0.get(lsr)).copied()
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

/// The round trip between a receiver, by the first source it reported as of which it is known, and
/// a sender.
pub(super) fn whole_trip(trips: &Trips, reporters: &[u32], owner: u32) -> Option<Stat> {
    let mut trips = reporters
        .iter()
        .map(|reporter| trip(trips, *reporter, owner));
    trips.find_map(|trip| trip)
}

/// The round trip between two sources: that between the agent and the one, and that between the
/// agent and the other.
fn trip(trips: &Trips, reporter: u32, owner: u32) -> Option<Stat> {
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
pub(super) fn not_negative(trip: Stat) -> Stat {
    let clamp = |ms: Option<f64>| ms.map(|ms| ms.max(0.0));
    Stat {
        value: None,
        min: clamp(trip.min),
        max: clamp(trip.max),
        avg: clamp(trip.avg),
    }
}
