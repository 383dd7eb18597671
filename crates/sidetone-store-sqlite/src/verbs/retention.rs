//! Removing what is too old.

use async_trait::async_trait;
use sidetone_core::time::TimeUs;
use sidetone_store::retention::{Expirable, Expired, ExpiredBeside, Horizons};
use sidetone_store::{Cursor, Result, Retention};

use crate::{SqliteStore, expire};

#[async_trait]
impl Retention for SqliteStore {
    async fn expire(
        &self,
        horizons: Horizons,
        after: Option<Cursor>,
        limit: usize,
        now: TimeUs,
    ) -> Result<Expired> {
        let (found, next) = self
            .readers
            .aside(move |conn| expire::look(conn, horizons, after.as_ref(), limit))
            .await?;
        // Whoever finds nothing writes nothing.
        if found.is_empty() {
            return Ok(Expired {
                next,
                ..Expired::default()
            });
        }
        let expired = self
            .writer
            .run(ALONE, move |work| {
                expire::expire(work, &found, horizons, now)
            })
            .await?;
        Ok(Expired { next, ..expired })
    }

    async fn expirable(&self, horizons: Horizons) -> Result<Expirable> {
        self.readers
            .scan_freely(move |conn| expire::expirable(conn, horizons))
            .await
    }

    async fn expire_beside(&self, horizons: Horizons, limit: usize) -> Result<ExpiredBeside> {
        self.writer
            .run(1, move |work| {
                expire::expire_beside(work.conn, horizons, limit)
            })
            .await
    }
}

/// The weight of a piece: as many statements as are better in a transaction of their own.
const ALONE: usize = 1_000;
