//! Findings: what is wrong with a stream or a call, by fixed limits and by what is usual for a
//! country.
//!
//! The words of upstream are loose at the boundaries. Here a value *at* the limit of jitter has the
//! tag, a value at any other limit has not. What was not measured is not held to a limit: neither good nor
//! bad. A finding is its reason: there is no tag without one.

use crate::facts::CallFacts;
use crate::media::Counters;
use crate::rules::Rules;
use crate::summary::PddLimit;
use crate::tag_reason::{Bound, Crossed, Limit, Measure, TagReason, as_figure};
use crate::vocabulary::{CallState, CallType, EdgeKind, StreamDirection, Tag};

/// A rule about one stream: a tag for edges of these kinds when all its figures are beyond their
/// limits.
#[derive(Debug, Clone, Copy)]
pub struct StreamRule {
    /// What it raises.
    pub tag: Tag,
    /// Where it holds.
    pub edges: &'static [EdgeKind],
    /// All of them must be crossed.
    pub limits: &'static [Limit],
}

const ALL: &[EdgeKind] = EdgeKind::ALL;
const SDK: &[EdgeKind] = &[EdgeKind::Sdk];
/// An edge nobody has named is a gateway too: SDKs name themselves.
pub const GATEWAYS: &[EdgeKind] = &[
    EdgeKind::Carrier,
    EdgeKind::Client,
    EdgeKind::Sip,
    EdgeKind::Unknown,
];

/// What a stream's quality is held to.
pub const QUALITY: [StreamRule; 6] = [
    rule(
        Tag::HighPacketLoss,
        ALL,
        &[limit(Measure::PacketLoss, Bound::Above, 5.0)],
    ),
    rule(
        Tag::HighJitter,
        ALL,
        &[
            limit(Measure::JitterMean, Bound::AtLeast, 5.0),
            limit(Measure::JitterMax, Bound::AtLeast, 30.0),
        ],
    ),
    rule(
        Tag::HighJitter,
        GATEWAYS,
        &[limit(Measure::LatePackets, Bound::Above, 1.0)],
    ),
    rule(
        Tag::HighLatency,
        GATEWAYS,
        &[limit(Measure::Latency, Bound::Above, 150.0)],
    ),
    rule(
        Tag::HighLatency,
        SDK,
        &[limit(Measure::RoundTrip, Bound::Above, 400.0)],
    ),
    rule(Tag::LowMos, SDK, &[limit(Measure::Mos, Bound::Below, 3.5)]),
];

/// What must have come on each side of an answered call; of what an edge sent, by the reports of who
/// receives it.
pub const NOTHING_CAME: StreamRule = rule(
    Tag::Silence,
    GATEWAYS,
    &[limit(Measure::PacketsReceived, Bound::Below, 1.0)],
);
/// What an edge must have sent.
pub const NOTHING_SENT: StreamRule = rule(
    Tag::Silence,
    GATEWAYS,
    &[limit(Measure::PacketsSent, Bound::Below, 1.0)],
);

/// How long a completed call over the telephone network must last.
pub const SHORT: Limit = limit(Measure::ConnectDuration, Bound::Below, 10.0);

const fn rule(tag: Tag, edges: &'static [EdgeKind], limits: &'static [Limit]) -> StreamRule {
    StreamRule { tag, edges, limits }
}

const fn limit(measure: Measure, bound: Bound, limit: f64) -> Limit {
    Limit {
        measure,
        bound,
        limit,
    }
}

impl StreamRule {
    /// The figures that break it. `None`: they do not all, or are not known.
    fn broken_by(&self, counters: &Counters) -> Option<Vec<Crossed>> {
        let crossed = self.limits.iter().map(|limit| {
            let value = limit.measure.of_stream(counters)?;
            limit.crossed_by(value)
        });
        crossed.collect()
    }
}

/// What is wrong with one direction of an edge. Each synchronisation source is held to the limits
/// alone, because a bad one drowns among good ones, and so is their total.
#[must_use]
pub fn of_quality(
    edge: EdgeKind,
    direction: StreamDirection,
    total: Option<&Counters>,
    sources: &[Counters],
) -> Vec<TagReason> {
    let rules = QUALITY.iter().filter(|rule| rule.edges.contains(&edge));
    let broken = rules.filter_map(|rule| {
        let of_all = total.and_then(|total| rule.broken_by(total));
        let is_of_one_source = of_all.is_none();
        let crossed = of_all.or_else(|| {
            let of_one = sources.iter().filter_map(|source| rule.broken_by(source));
            of_one.max_by(|a, b| excess(a).total_cmp(&excess(b)))
        })?;
        Some(TagReason {
            is_of_one_source,
            ..TagReason::measured(rule.tag, Some(direction), crossed)
        })
    });
    broken.collect()
}

/// What decides which of two is worse.
fn excess(crossed: &[Crossed]) -> f64 {
    crossed.first().map_or(0.0, |first| first.excess())
}

/// Whether a side of an answered call carried nothing at all. A side without any report is not known
/// to be silent. What nobody heard of is as good as not sent.
#[must_use]
pub fn of_silence(
    edge: EdgeKind,
    direction: StreamDirection,
    total: Option<&Counters>,
) -> Vec<TagReason> {
    let rules: &[StreamRule] = match direction {
        StreamDirection::Outbound => &[NOTHING_SENT, NOTHING_CAME],
        _ => &[NOTHING_CAME],
    };
    let rules = rules.iter().filter(|rule| rule.edges.contains(&edge));
    let broken = rules.filter_map(|rule| {
        let crossed = rule.broken_by(total?)?;
        Some(TagReason::measured(rule.tag, Some(direction), crossed))
    });
    broken.collect()
}

/// What a post-dial delay is held to.
#[must_use]
pub const fn delay(pdd: &PddLimit) -> Limit {
    limit(Measure::PostDialDelay, Bound::Above, as_figure(pdd.p95_ms))
}

/// Whether the post-dial delay is above the limit for its destination.
#[must_use]
pub fn of_delay(facts: &CallFacts, pdd: &PddLimit) -> Option<TagReason> {
    let crossed = delay(pdd).crossed_by(as_figure(facts.pdd_ms?))?;
    Some(TagReason::measured(Tag::HighPdd, None, vec![crossed]))
}

/// The limit that a call's post-dial delay is held to: its destination country's, else that of all
/// countries. `None` when there is no delay, or no limit is known.
#[must_use]
pub fn pdd_limit(facts: &CallFacts, rules: &Rules) -> Option<PddLimit> {
    facts.pdd_ms?;
    let of_country = facts.to.country_code.as_ref().and_then(|country| {
        let p95_ms = *rules.pdd.p95_ms_by_country.get(country)?;
        Some(PddLimit {
            p95_ms,
            country: Some(country.clone()),
        })
    });
    of_country.or_else(|| {
        rules.pdd.p95_ms_global.map(|p95_ms| PddLimit {
            p95_ms,
            country: None,
        })
    })
}

/// Whether it is a completed call over the telephone network that was over at once.
///
/// Counted from the answer, as carriers do: a call that rang for a minute and lasted two seconds is
/// short.
#[must_use]
pub fn of_length(facts: &CallFacts) -> Option<TagReason> {
    let pstn = matches!(
        facts.call_type,
        Some(CallType::Carrier | CallType::Trunking)
    );
    if !pstn || facts.state != Some(CallState::Completed) {
        return None;
    }
    let (measure, length_s) = match facts.connect_duration_s {
        Some(length_s) => (Measure::ConnectDuration, length_s),
        None => (Measure::Duration, facts.duration_s?),
    };
    let held_to = Limit { measure, ..SHORT };
    let crossed = held_to.crossed_by(as_figure(length_s))?;
    let tag = Tag::PstnShortDuration;
    Some(TagReason::measured(tag, None, vec![crossed]))
}

#[cfg(test)]
mod tests;
