//! The rules that calls of a day are judged by.

use async_trait::async_trait;
use sidetone_core::rules::Rules;

use crate::error::Result;

/// Rules, frozen day by day.
#[async_trait]
pub trait RuleStore: Send + Sync {
    /// The rules frozen for a UTC day (since 1970).
    async fn rules(&self, day: i64) -> Result<Option<Rules>>;
    /// Freezes the rules of their day, learnt from the rollups of the [`sidetone_core::rules::PDD_LEARNING_DAYS`]
    /// days before it. When they are frozen already, nothing changes. Returns those in force.
    async fn freeze_rules(&self, day: i64) -> Result<Rules>;
}
