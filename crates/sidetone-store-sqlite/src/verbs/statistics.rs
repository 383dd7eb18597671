//! Statistics.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sidetone_core::time::TimeUs;
use sidetone_store::statistics::{Statistics, StatisticsQuery};
use sidetone_store::{Cursor, Result, StatisticsStore, StoreError};

use crate::error::Error;
use crate::rollups::stale;
use crate::rows::shard::Shard;
use crate::statistics::Counted;
use crate::statistics::build::{self, Built, Wanted};
use crate::statistics::days::{self, Joined};
use crate::statistics::key::Grain;
use crate::{SqliteStore, statistics};

#[async_trait]
impl StatisticsStore for SqliteStore {
    async fn statistics(&self, queries: &[StatisticsQuery]) -> Result<Vec<Statistics>> {
        let mut counted = self.count(queries).await?;
        // What it was to be counted by instead is damaged too. That is known now.
        if let Err(Error(StoreError::Corrupt(_))) = counted.statistics
            && !counted.damaged.is_empty()
        {
            counted = self.count(queries).await?;
        }
        Ok(counted.statistics?)
    }

    async fn write_segments(
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
            return self.join_day(wanted).await;
        }
        let ticket = i64::try_from(self.shared.new_ticket()).unwrap_or(i64::MAX);
        let taken = self
            .writer
            .run(1, move |tx| build::take(tx, &wanted, ticket))
            .await?;
        let built = self.readers.aside(move |conn| {
            let built = taken.into_iter().map(|place| build::build(conn, place));
            built.collect::<crate::error::Result<Vec<Built>>>()
        });
        let built = built.await?;
        let last = built.last().map(Built::cursor);
        self.writer
            .run(1, move |tx| build::write(tx, &built, ticket))
            .await?;
        Ok(last)
    }
}

impl SqliteStore {
    /// Counts, and has what is damaged written anew.
    async fn count(&self, queries: &[StatisticsQuery]) -> Result<Counted> {
        let (queries, remembered) = (queries.to_vec(), Arc::clone(&self.remembered));
        let read = self
            .readers
            .scan(move |conn| Ok(statistics::statistics(conn, &queries, &remembered)));
        let counted = read.await?;
        if !counted.damaged.is_empty() {
            let damaged = counted.damaged.clone();
            let stats = &self.writer.stats.damaged;
            stats.fetch_add(damaged.len() as u64, Ordering::Relaxed);
            let written_anew = self.writer.run(damaged.len(), move |tx| {
                damaged
                    .into_iter()
                    .try_for_each(|(grain, [account, at, bucket])| {
                        let shard = Shard { account, bucket };
                        match grain {
                            Grain::Quarter => stale::mark_quarter(tx.conn, shard, at),
                            Grain::Day => stale::mark_day(tx.conn, shard, at, 0),
                        }
                    })
            });
            // If that cannot be written, the next one who asks meets it again.
            let _ = written_anew.await;
        }
        Ok(counted)
    }

    /// Joins a day, where there is one: in a walk that has no quarters before it any more.
    async fn join_day(&self, walk: Wanted) -> Result<Option<Cursor>> {
        let before = walk.ended_before;
        if !self.readers.point(|conn| days::is_due(conn, before))? {
            return Ok(None);
        }
        let ticket = i64::try_from(self.shared.new_ticket()).unwrap_or(i64::MAX);
        let taken = self
            .writer
            .run(1, move |tx| days::take(tx, before, 1, ticket))
            .await?;
        let joined = self.readers.aside(move |conn| {
            let joined = taken.into_iter().map(|day| days::join(conn, day));
            joined.collect::<crate::error::Result<Vec<Joined>>>()
        });
        let joined = joined.await?;
        self.writer
            .run(1, move |tx| days::write(tx, &joined, ticket))
            .await?;
        Ok(Some(walk.after.unwrap_or_else(Wanted::end)))
    }
}
