//! The rules that calls are judged by: what was learnt for a day, and what the operator says.

use async_trait::async_trait;
use sidetone_core::rules::Rules;
use sidetone_core::sides::Sides;

use crate::error::Result;

/// The operator's rules, as all nodes go by them.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// Counts what was published, from 1.
    pub version: u64,
    /// Who is who.
    pub sides: Sides,
}

/// Rules: frozen day by day, and published by the operator.
#[async_trait]
pub trait RuleStore: Send + Sync {
    /// The rules frozen for a UTC day (since 1970).
    async fn rules(&self, day: i64) -> Result<Option<Rules>>;
    /// Freezes the rules of their day, learnt from the rollups of the
    /// [`sidetone_core::rules::PDD_LEARNING_DAYS`] days before it. When they are frozen already,
    /// nothing changes. Returns those in force.
    async fn freeze_rules(&self, day: i64) -> Result<Rules>;
    /// The newest of the operator's rules, if they are newer than that version; 0 is before the
    /// first. [`StoreError::Invalid`](crate::StoreError::Invalid): a newer program published them.
    async fn published_rules(&self, newer_than: u64) -> Result<Option<Published>>;
    /// Publishes the operator's rules as a version of their own, unless the newest say the same;
    /// before the first there are none. Newest ones that are damaged say something else; those that
    /// a newer program published, which this one does not understand, stay, and are an error of
    /// [`StoreError::Invalid`](crate::StoreError::Invalid). Returns the version of the newest.
    /// Rings [`Topic::Rules`](crate::Topic::Rules) when that is new.
    async fn publish_rules(&self, sides: Sides) -> Result<u64>;
}
