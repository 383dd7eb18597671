//! Events of an SDK: how many of which kind, its errors, its user's feedback.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::event::EdgeEvent;
use crate::facts::{Claim, Rank, settle};
use crate::id::EventKey;
use crate::vocabulary::{EdgeKind, Level};

/// What an SDK told. Events are kept by key, because only single ones can be counted once when states overlap.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SdkEvents {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    levels: BTreeMap<Level, BTreeSet<EventKey>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    groups: BTreeMap<String, BTreeSet<EventKey>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, BTreeSet<EventKey>>,
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
        if event.group == "feedback" && event.name == "received" {
            settle(&mut self.feedback, feedback(rank, event));
        }
        // "failed" is ICE's own word for: every pair of candidates was checked and none works (RFC 8445 §8.1.2).
        self.ice_failed |= event.group == "ice-connection-state" && event.name == "failed";
    }

    pub(super) fn merge(&mut self, other: Self) {
        unite(&mut self.levels, other.levels);
        unite(&mut self.groups, other.groups);
        unite(&mut self.errors, other.errors);
        settle(&mut self.feedback, other.feedback);
        self.ice_failed |= other.ice_failed;
    }

    /// Whether ICE found no path.
    pub(super) fn ice_failed(&self) -> bool {
        self.ice_failed
    }

    /// Counts by level, group and error code, and the feedback, as an edge's `events`. `None` without any event.
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
        counts.insert("groups".to_owned(), sizes(named(&self.groups)));
        counts.insert("errors".to_owned(), sizes(named(&self.errors)));
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

fn named(
    sets: &BTreeMap<String, BTreeSet<EventKey>>,
) -> impl Iterator<Item = (&str, &BTreeSet<EventKey>)> {
    sets.iter().map(|(name, keys)| (name.as_str(), keys))
}

fn sizes<'a>(sets: impl Iterator<Item = (&'a str, &'a BTreeSet<EventKey>)>) -> Value {
    sets.map(|(name, keys)| (name.to_owned(), Value::from(keys.len())))
        .collect::<Map<_, _>>()
        .into()
}

/// The code of the error an event is about.
fn error_code(event: &EdgeEvent) -> Option<String> {
    match event.data.as_ref()?.get("error")?.get("code")? {
        Value::Number(code) => Some(code.to_string()),
        Value::String(code) if !code.is_empty() => Some(code.clone()),
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
