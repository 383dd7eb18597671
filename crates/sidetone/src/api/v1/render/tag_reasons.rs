//! Why a call has its tags, and the limits that it was held to.

use serde::Serialize;
use serde_json::Value;
use sidetone_core::fold::FOLD_VERSION;
use sidetone_core::fold::warnings::WATCHES;
use sidetone_core::summary::CallSummary;
use sidetone_core::tag_reason::{Bound, Crossed, Limit, Measure, NoFigure, TagReason};
use sidetone_core::tags::{self, StreamRule};
use sidetone_core::time::day_text;
use sidetone_core::vocabulary::{EdgeKind, StreamDirection, Tag};

/// What `Include=tag_reasons` adds to a summary.
#[derive(Debug, Serialize)]
pub struct TagReasons<'a> {
    rules: Option<Rules<'a>>,
    reasons: Vec<Reason<'a>>,
    limits: Option<Vec<TagLimits<'a>>>,
    warnings: Option<Vec<WarningLimit>>,
}

/// The version of the rules that judged the call.
#[derive(Debug, Serialize)]
struct Rules<'a> {
    /// Of the fixed limits.
    fold_version: u32,
    /// Whose limits of post-dial delay: `null` for none.
    day: Option<String>,
    /// Digest of the operator's rules, which say whose an edge is.
    sides: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Reason<'a> {
    tag: &'a str,
    edge: Option<EdgeKind>,
    direction: Option<StreamDirection>,
    /// Whether one source of several is that bad, and all together are not.
    one_source: bool,
    figures: Option<Vec<Figure>>,
    no_figure: Option<NoFigure>,
}

#[derive(Debug, Serialize)]
struct Figure {
    metric: Measure,
    value: f64,
    unit: &'static str,
    bound: Bound,
    limit: f64,
}

/// A rule: the tag is raised at one of these edges, or for the call, when all limits are crossed.
#[derive(Debug, Serialize)]
struct TagLimits<'a> {
    tag: Tag,
    /// `null`: the limit is of the whole call.
    edges: Option<Vec<EdgeKind>>,
    /// What the limit was learnt from: a country, or `null` for all, or for a fixed limit.
    country: Option<&'a str>,
    limits: Vec<HeldTo>,
}

#[derive(Debug, Serialize)]
struct HeldTo {
    metric: Measure,
    unit: &'static str,
    bound: Bound,
    limit: f64,
}

/// What ten seconds of a stream are held to for a warning, of those that follow from packets.
#[derive(Debug, Serialize)]
struct WarningLimit {
    name: &'static str,
    #[serde(flatten)]
    limit: HeldTo,
}

impl<'a> TagReasons<'a> {
    /// Those of a summary. Another system's was held to no rules here, and that of another release to
    /// rules that are not known any more: there are no limits then.
    #[must_use]
    pub fn of(summary: &'a CallSummary) -> Self {
        let reasons = summary.tag_reasons().into_iter();
        let mut reasons: Vec<Reason<'a>> = reasons
            .map(|(edge, reason)| Reason::of(edge, reason))
            .collect();
        let foreign = summary.imported.as_ref();
        reasons.extend(
            foreign
                .into_iter()
                .flat_map(unknown_tags)
                .map(|tag| Reason {
                    tag,
                    edge: None,
                    direction: None,
                    one_source: false,
                    figures: None,
                    no_figure: Some(NoFigure::Imported),
                }),
        );
        let is_ours = foreign.is_none();
        let is_known = summary.fold_version == FOLD_VERSION;
        let watches = || {
            let watches = WATCHES.iter();
            watches.map(|watch| WarningLimit {
                name: watch.name,
                limit: HeldTo::of(watch.limit),
            })
        };
        Self {
            rules: is_ours.then(|| Rules {
                fold_version: summary.fold_version,
                day: summary.rules_day.map(day_text),
                sides: summary.sides_digest.as_deref(),
            }),
            reasons,
            limits: (is_ours && is_known).then(|| limits(summary)),
            warnings: is_known.then(|| watches().collect()),
        }
    }
}

/// Tags of another system's summary that are none of ours.
fn unknown_tags(summary: &Value) -> impl Iterator<Item = &str> {
    let tags = summary.get("tags").and_then(Value::as_array);
    let words = tags.into_iter().flatten().filter_map(Value::as_str);
    words.filter(|word| word.parse::<Tag>().is_err())
}

impl Reason<'_> {
    fn of(edge: Option<EdgeKind>, reason: TagReason) -> Self {
        let figures = reason.crossed.into_iter().map(Figure::of);
        Self {
            tag: reason.tag.as_str(),
            edge,
            direction: reason.direction,
            one_source: reason.is_of_one_source,
            figures: reason.no_figure.is_none().then(|| figures.collect()),
            no_figure: reason.no_figure,
        }
    }
}

impl Figure {
    const fn of(crossed: Crossed) -> Self {
        Self {
            metric: crossed.measure,
            value: crossed.value,
            unit: crossed.measure.unit(),
            bound: crossed.bound,
            limit: crossed.limit,
        }
    }
}

impl HeldTo {
    const fn of(limit: Limit) -> Self {
        Self {
            metric: limit.measure,
            unit: limit.measure.unit(),
            bound: limit.bound,
            limit: limit.limit,
        }
    }
}

/// The limits that a summary was held to.
fn limits(summary: &CallSummary) -> Vec<TagLimits<'_>> {
    let of_streams = tags::QUALITY.iter();
    let of_streams = of_streams.chain([&tags::NOTHING_CAME, &tags::NOTHING_SENT]);
    let mut limits: Vec<TagLimits<'_>> = of_streams.map(of_rule).collect();
    let of_call = |tag, country, limit| TagLimits {
        tag,
        edges: None,
        country,
        limits: vec![HeldTo::of(limit)],
    };
    if let Some(pdd) = &summary.pdd_limit {
        let country = pdd.country.as_deref();
        limits.push(of_call(Tag::HighPdd, country, tags::delay(pdd)));
    }
    limits.push(of_call(Tag::PstnShortDuration, None, tags::SHORT));
    limits
}

fn of_rule(rule: &StreamRule) -> TagLimits<'static> {
    let named = rule.edges.iter().filter(|edge| **edge != EdgeKind::Unknown);
    TagLimits {
        tag: rule.tag,
        edges: Some(named.copied().collect()),
        country: None,
        limits: rule.limits.iter().copied().map(HeldTo::of).collect(),
    }
}

#[cfg(test)]
mod tests {
    use sidetone_core::id::{AccountSid, CallRef, CallSid};
    use sidetone_core::rules::Rules;

    use super::*;

    #[test]
    fn limits_are_those_of_the_release_that_judged_the_call() {
        let call = CallRef {
            account: AccountSid::from_bytes([1; 16]),
            sid: CallSid::from_bytes([2; 16]),
        };
        let mut summary = sidetone_core::fold::fold(call, &[], &Rules::built_in());
        let told = TagReasons::of(&summary);
        assert!(told.limits.is_some() && told.warnings.is_some());
        summary.fold_version -= 1;
        let told = TagReasons::of(&summary);
        assert!(told.limits.is_none() && told.warnings.is_none());
    }
}
