//! Rules.

use async_trait::async_trait;
use sidetone_core::rules::Rules;
use sidetone_store::{Result, RuleStore};

use crate::{SqliteStore, rules};

#[async_trait]
impl RuleStore for SqliteStore {
    async fn rules(&self, day: i64) -> Result<Option<Rules>> {
        self.readers.point(|conn| rules::rules(conn, day))
    }

    async fn freeze_rules(&self, day: i64) -> Result<Rules> {
        self.writer
            .run(1, move |work| rules::freeze(work, day))
            .await
    }
}
