//! The steps of a call that its sources tell of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cap::cap;
use crate::event::{Source, SourceKind, Step};
use crate::facts::{Claim, Rank, settle};
use crate::time::{SECOND_US, TimeUs};

/// The steps that were seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Progress {
    /// When each source saw each step first. Apart by source, because delays are only exact on one
    /// clock.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    by_source: BTreeMap<String, BTreeMap<Step, TimeUs>>,
    /// When the sources beyond the most that are kept apart saw each step first.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    by_others: BTreeMap<Step, TimeUs>,
    /// The last word on how the call ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<Claim<Step>>,
}

impl Progress {
    pub(super) fn add(&mut self, step: Step, rank: Rank, source: &Source) {
        let kind = source.kind.as_str();
        let name = match &source.agent {
            Some(agent) => format!("{kind}/{agent}"),
            None => kind.to_owned(),
        };
        see(self.by_source.entry(name).or_default(), step, rank.at);
        self.cap();
        if step.is_final() {
            settle(&mut self.ended, Some(Claim { rank, value: step }));
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (name, steps) in other.by_source {
            see_all(self.by_source.entry(name).or_default(), steps);
        }
        see_all(&mut self.by_others, other.by_others);
        self.cap();
        settle(&mut self.ended, other.ended);
    }

    fn cap(&mut self) {
        let others = &mut self.by_others;
        cap(&mut self.by_source, |steps| see_all(others, steps));
    }

    /// Whether no step was seen.
    pub(super) fn is_empty(&self) -> bool {
        self.by_source.is_empty()
    }

    /// When a step was first seen by anybody.
    pub(super) fn first(&self, step: Step) -> Option<TimeUs> {
        self.by_source
            .values()
            .chain([&self.by_others])
            .filter_map(|steps| steps.get(&step).copied())
            .min()
    }

    /// First INVITE to first 18x, or to the refusal that came instead (ms, rounded down): the
    /// session request delay of RFC 6076 §4.3. An answer without ringing before it is neither: it
    /// would count the time somebody took to answer.
    ///
    /// Status callbacks carry whole seconds, which is too coarse to be compared with a percentile.
    /// Of the others, one whose times have fractions goes before one whose times have none.
    pub(super) fn pdd_ms(&self) -> Option<u64> {
        let ends: &[&[Step]] = if self.first(Step::Answered).is_some() {
            &[&[Step::Ringing]]
        } else {
            &[&[Step::Ringing], &[Step::Busy, Step::Failed]]
        };
        ends.iter().find_map(|ends| self.delay_ms(ends))
    }

    /// From the first INVITE to the first of some steps, by the source that tells it most finely.
    fn delay_ms(&self, ends: &[Step]) -> Option<u64> {
        let is_fine = |at: TimeUs| at.micros().rem_euclid(SECOND_US) != 0;
        let delay = |steps: &BTreeMap<Step, TimeUs>| {
            let start = *steps.get(&Step::Initiated)?;
            let end = *ends.iter().filter_map(|step| steps.get(step)).min()?;
            let us = u64::try_from(end.since_us(start)).ok()?;
            Some((is_fine(start) || is_fine(end), us / 1_000))
        };
        let exact = |name: &str| !name.starts_with(SourceKind::StatusCallback.as_str());
        let delays: Vec<(bool, u64)> = self
            .by_source
            .iter()
            .filter(|(name, _)| exact(name))
            .filter_map(|(_, steps)| delay(steps))
            .collect();
        let fine = delays.iter().find(|(fine, _)| *fine);
        fine.or(delays.first()).map(|(_, ms)| *ms)
    }
}

fn see(steps: &mut BTreeMap<Step, TimeUs>, step: Step, at: TimeUs) {
    steps
        .entry(step)
        .and_modify(|first| *first = at.min(*first))
        .or_insert(at);
}

fn see_all(steps: &mut BTreeMap<Step, TimeUs>, others: BTreeMap<Step, TimeUs>) {
    for (step, at) in others {
        see(steps, step, at);
    }
}
