//! Events of an SDK: how many of which kind, its errors, its user's feedback.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::cap::cap;
use crate::bounds;
use crate::event::EdgeEvent;
use crate::facts::{Claim, Rank, settle};
use crate::id::EventKey;
use crate::vocabulary::{EdgeKind, Level};

/// What an SDK told. Events are kept by key, because only single ones can be counted once when
/// states overlap.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SdkEvents {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    levels: BTreeMap<Level, BTreeSet<EventKey>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    groups: BTreeMap<String, BTreeSet<EventKey>>,
    /// Events of the groups beyond the most that are told apart.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    other_groups: BTreeSet<EventKey>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, BTreeSet<EventKey>>,
    /// Events with the codes beyond the most that are told apart.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    other_errors: BTreeSet<EventKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feedback: Option<Claim<Value>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ice_failed: bool,
}

impl SdkEvents {
    pub(super) fn add(&mut self, rank: Rank, event: &EdgeEvent) {
        if event.edge != Some(EdgeKind::Sdk) {
            return;
        }
        let level = event.level.unwrap_or(Level::Unknown);
        self.levels.entry(level).or_default().insert(rank.key);
        match self.groups.get_mut(&event.group) {
            Some(keys) => {
                keys.insert(rank.key);
            }
            None => {
                self.groups
                    .insert(event.group.clone(), BTreeSet::from([rank.key]));
            }
        }
        if let Some(code) = error_code(event) {
            self.errors.entry(code).or_default().insert(rank.key);
        }
        self.cap();
        if event.group == "feedback" && event.name == "received" {
            settle(&mut self.feedback, feedback(rank, event));
        }
        // "failed" is ICE's own word for: every pair of candidates was checked and none works (RFC
        // 8445 §8.1.2).
        self.ice_failed |= event.group == "ice-connection-state" && event.name == "failed";
    }

    pub(super) fn merge(&mut self, other: Self) {
        unite(&mut self.levels, other.levels);
        unite(&mut self.groups, other.groups);
        self.other_groups.extend(other.other_groups);
        unite(&mut self.errors, other.errors);
        self.other_errors.extend(other.other_errors);
        self.cap();
        settle(&mut self.feedback, other.feedback);
        self.ice_failed |= other.ice_failed;
    }

    fn cap(&mut self) {
        let (groups, errors) = (&mut self.other_groups, &mut self.other_errors);
        cap(&mut self.groups, |keys| groups.extend(keys));
        cap(&mut self.errors, |keys| errors.extend(keys));
    }

    /// Whether ICE found no path.
    pub(super) fn ice_failed(&self) -> bool {
        self.ice_failed
    }

    /// Counts by level, group and error code, and the feedback, as an edge's `events`. `None`
    /// without any event.
    pub(super) fn counts(&self) -> Option<Value> {
        if self.levels.is_empty() {
            return None;
        }
        let levels = self
            .levels
            .iter()
            .map(|(level, keys)| (level.as_str(), keys));
        let mut counts = Map::new();
        counts.insert("levels".to_owned(), sizes(levels));
        let groups = named(&self.groups, &self.other_groups);
        counts.insert("groups".to_owned(), sizes(groups));
        let errors = named(&self.errors, &self.other_errors);
        counts.insert("errors".to_owned(), sizes(errors));
        if let Some(feedback) = &self.feedback {
            counts.insert("feedback".to_owned(), feedback.value.clone());
        }
        Some(Value::Object(counts))
    }
}

fn unite<K: Ord>(
    held: &mut BTreeMap<K, BTreeSet<EventKey>>,
    other: BTreeMap<K, BTreeSet<EventKey>>,
) {
    for (name, keys) in other {
        held.entry(name).or_default().extend(keys);
    }
}

/// The named sets, and the others as `other`.
fn named<'a>(
    sets: &'a BTreeMap<String, BTreeSet<EventKey>>,
    others: &'a BTreeSet<EventKey>,
) -> impl Iterator<Item = (&'a str, &'a BTreeSet<EventKey>)> {
    let named = sets.iter().map(|(name, keys)| (name.as_str(), keys));
    named.chain((!others.is_empty()).then_some(("other", others)))
}

fn sizes<'a>(sets: impl Iterator<Item = (&'a str, &'a BTreeSet<EventKey>)>) -> Value {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, keys) in sets {
        *sizes.entry(name).or_default() += keys.len();
    }
    sizes
        .into_iter()
        .map(|(name, size)| (name.to_owned(), Value::from(size)))
        .collect::<Map<_, _>>()
        .into()
}

/// The code of the error an event is about.
fn error_code(event: &EdgeEvent) -> Option<String> {
    match event.data.as_ref()?.get("error")?.get("code")? {
        Value::Number(code) => Some(code.to_string()),
        // One too long for a name is no code.
        Value::String(code) if !code.is_empty() && bounds::name(code).is_ok() => Some(code.clone()),
        _ => None,
    }
}

fn feedback(rank: Rank, event: &EdgeEvent) -> Option<Claim<Value>> {
    let value = event.data.as_ref()?.get("feedback")?;
    (!value.is_null()).then(|| Claim {
        rank,
        value: value.clone(),
    })
}
