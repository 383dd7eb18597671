//! When a stream became bad and when it was well again, from its series.
//!
//! A warning is raised when two of the last three slots cross its limit and cleared when none of
//! the last three does, so that neither one bad moment nor one good one makes a change. A slot in
//! which the figure is not known does not count.

use std::collections::BTreeMap;

use serde_json::json;

use super::series::{Sample, ours};
use crate::event::{CallEvent, EdgeEvent, EventId, Observation};
use crate::id::CallRef;
use crate::tag_reason::{Bound, Limit, Measure};
use crate::time::TimeUs;
use crate::vocabulary::{EdgeKind, Level, StreamDirection};

/// Slots that decide.
const WINDOW: usize = 3;
/// Crossings among them that raise a warning.
const RAISED_BY: usize = 2;

/// What is watched.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    /// The name that software development kits have for it.
    pub name: &'static str,
    /// What a slot is held to.
    pub limit: Limit,
}

const fn watch(name: &'static str, measure: Measure, bound: Bound, limit: f64) -> Watch {
    let limit = Limit {
        measure,
        bound,
        limit,
    };
    Watch { name, limit }
}

/// What streams are watched for.
pub const WATCHES: [Watch; 4] = [
    watch("high-packet-loss", Measure::PacketLoss, Bound::Above, 1.0),
    watch("high-jitter", Measure::JitterMean, Bound::Above, 30.0),
    watch("high-rtt", Measure::RoundTrip, Bound::Above, 400.0),
    watch("low-mos", Measure::Mos, Bound::Below, 3.5),
];

/// The warnings of a series, in its order. A stream that passes through is warned of where it was
/// measured.
pub(super) fn warnings(call: CallRef, series: &[Sample]) -> Vec<CallEvent> {
    let mut sides: BTreeMap<(EdgeKind, StreamDirection), Vec<&Sample>> = BTreeMap::new();
    for it in series.iter().filter(|it| !it.is_from_afar) {
        let side = (it.sample.edge, it.sample.direction);
        sides.entry(side).or_default().push(it);
    }
    let mut warnings = Vec::new();
    for ((edge, direction), samples) in sides {
        for watch in &WATCHES {
            let figures = samples.iter().filter_map(|it| {
                let figure = watch.limit.measure.of_stream(&it.sample.interval)?;
                Some((it.at, figure))
            });
            for change in watch.changes(figures) {
                warnings.push(event(call, edge, direction, watch, &change));
            }
        }
    }
    warnings.sort_by(|a, b| (a.at, a.id.as_str()).cmp(&(b.at, b.id.as_str())));
    warnings
}

struct Change {
    at: TimeUs,
    is_raised: bool,
    /// The figures that decided, latest last.
    values: Vec<f64>,
}

impl Watch {
    fn changes(&self, figures: impl Iterator<Item = (TimeUs, f64)>) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut is_raised = false;
        let mut values: Vec<f64> = Vec::new();
        for (at, figure) in figures {
            if values.len() == WINDOW {
                values.remove(0);
            }
            values.push(figure);
            let crossed = values.iter().filter(|it| self.limit.is_crossed_by(**it));
            let crossed = crossed.count();
            let turns = if is_raised {
                crossed == 0 && values.len() == WINDOW
            } else {
                crossed >= RAISED_BY
            };
            if turns {
                is_raised = !is_raised;
                changes.push(Change {
                    at,
                    is_raised,
                    values: values.clone(),
                });
            }
        }
        changes
    }
}

fn event(
    call: CallRef,
    edge: EdgeKind,
    direction: StreamDirection,
    watch: &Watch,
    change: &Change,
) -> CallEvent {
    let (word, level) = if change.is_raised {
        ("raised", Level::Warning)
    } else {
        ("cleared", Level::Info)
    };
    let name = watch.name;
    let data = json!({
        "direction": direction,
        "metric": {
            "threshold": watch.limit.limit,
            "value": change.values.last(),
            "values": change.values,
        },
    });
    let micros = change.at.micros();
    CallEvent {
        id: EventId::own(format_args!("{word}:{name}:{edge}:{direction}:{micros}")),
        call,
        at: change.at,
        source: ours(),
        observation: Observation::Edge(Box::new(EdgeEvent {
            edge: Some(edge),
            group: format!("network-quality-warning-{word}"),
            name: name.to_owned(),
            level: Some(level),
            data: Some(data),
            conversation_relay: None,
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When a loss warning changes, by the number of the slot.
    #[track_caller]
    fn check(loss: &[f64], expected: &[(i64, bool)]) {
        let figures = (0..)
            .zip(loss)
            .map(|(n, loss)| (TimeUs::from_micros(n), *loss));
        let changes = WATCHES[0].changes(figures);
        let changes: Vec<(i64, bool)> = changes
            .iter()
            .map(|change| (change.at.micros(), change.is_raised))
            .collect();
        assert_eq!(changes, expected);
    }

    #[test]
    fn two_of_three_raise_and_none_of_three_clears() {
        check(&[], &[]);
        check(&[5.0], &[]);
        check(&[5.0, 5.0], &[(1, true)]);
        check(&[5.0, 0.0, 5.0], &[(2, true)]);
        check(&[5.0, 0.0, 0.0, 5.0], &[]);
        check(&[5.0, 5.0, 0.0, 0.0], &[(1, true)]);
        check(&[5.0, 5.0, 0.0, 0.0, 0.0], &[(1, true), (4, false)]);
        check(
            &[5.0, 5.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0],
            &[(1, true), (7, false)],
        );
        check(
            &[5.0, 5.0, 0.0, 0.0, 0.0, 5.0, 5.0],
            &[(1, true), (4, false), (6, true)],
        );
    }

    #[test]
    fn a_limit_itself_is_not_crossed() {
        check(&[1.0, 1.0, 1.0], &[]);
        check(&[1.01, 1.01], &[(1, true)]);
        let floor = WATCHES[3].limit;
        assert!(floor.is_crossed_by(3.49) && !floor.is_crossed_by(3.5));
    }
}
