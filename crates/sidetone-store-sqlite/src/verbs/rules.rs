//! Rules.

use async_trait::async_trait;
use sidetone_core::rules::Rules;
use sidetone_core::sides::Sides;
use sidetone_store::rules::Published;
use sidetone_store::{Result, RuleStore};

use crate::{SqliteStore, rules};

#[async_trait]
impl RuleStore for SqliteStore {
    async fn rules(&self, day: i64) -> Result<Option<Rules>> {
        self.readers.point(|conn| rules::rules(conn, day))
    }

    async fn freeze_rules(&self, day: i64) -> Result<Rules> {
        self.writer.run(1, move |tx| rules::freeze(tx, day)).await
    }

    async fn published_rules(&self, newer_than: u64) -> Result<Option<Published>> {
        self.readers
            .point(|conn| rules::published(conn, newer_than))
    }

    async fn publish_rules(&self, sides: Sides) -> Result<u64> {
        // Mostly nothing is new: then it does not take a disk that can be written.
        let known = self.readers.point(|conn| rules::version_of(conn, &sides))?;
        if let Some(version) = known {
            return Ok(version);
        }
        self.writer
            .run(1, move |tx| rules::publish(tx, &sides))
            .await
    }
}
