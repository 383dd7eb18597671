//! Statistics.

use async_trait::async_trait;
use sidetone_core::time::TimeUs;
use sidetone_store::statistics::{Statistics, StatisticsQuery};
use sidetone_store::{Cursor, Result, StatisticsStore};

use crate::statistics::build::{self, Built, Wanted};
use crate::{SqliteStore, statistics};

#[async_trait]
impl StatisticsStore for SqliteStore {
    async fn statistics(&self, query: &StatisticsQuery) -> Result<Statistics> {
        let query = query.clone();
        self.readers
            .scan(move |conn| statistics::statistics(conn, &query))
            .await
    }

    async fn count_quarters(
        &self,
        after: Option<Cursor>,
        ended_before: TimeUs,
        quarters_max: usize,
    ) -> Result<Option<Cursor>> {
        let wanted = Wanted {
            after,
            ended_before,
            quarters_max,
        };
        // Looking for work takes no commit.
        if !self.readers.point(|conn| build::is_due(conn, &wanted))? {
            return Ok(None);
        }
        let ticket = i64::try_from(self.shared.new_ticket()).unwrap_or(i64::MAX);
        let taken = self
            .writer
            .run(1, move |work| build::take(work, &wanted, ticket))
            .await?;
        let built = self.readers.aside(move |conn| {
            let built = taken.into_iter().map(|place| build::build(conn, place));
            built.collect::<crate::error::Result<Vec<Built>>>()
        });
        let built = built.await?;
        let last = built.last().map(Built::cursor);
        self.writer
            .run(1, move |work| build::write(work, &built, ticket))
            .await?;
        Ok(last)
    }
}
