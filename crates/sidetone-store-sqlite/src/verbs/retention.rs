//! Removing what is too old.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use sidetone_core::time::TimeUs;
use sidetone_store::retention::{Expirable, Expired, ExpiredBeside, Horizons};
use sidetone_store::{Cursor, Result, Retention, StoreError};

use crate::expire::Old;
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
        let found = Arc::new(found);
        let expired = match self
            .expire_together(&found, 0..found.len(), horizons, now)
            .await
        {
            // One by one, so that what is damaged holds up nothing else.
            Err(StoreError::Corrupt(_)) => {
                let mut expired = Expired::default();
                for nth in 0..found.len() {
                    match self
                        .expire_together(&found, nth..nth + 1, horizons, now)
                        .await
                    {
                        Err(StoreError::Corrupt(_)) => expired.damaged += 1,
                        one => {
                            let one = one?;
                            expired.calls += one.calls;
                            expired.events += one.events;
                        }
                    }
                }
                expired
            }
            expired => expired?,
        };
        Ok(Expired { next, ..expired })
    }

    async fn expirable(&self, horizons: Horizons) -> Result<Expirable> {
        self.readers
            .scan_freely(move |conn| expire::expirable(conn, horizons))
            .await
    }

    async fn expire_beside(&self, horizons: Horizons, limit: usize) -> Result<ExpiredBeside> {
        self.writer
            .run(1, move |tx| expire::expire_beside(tx.conn, horizons, limit))
            .await
    }
}

impl SqliteStore {
    /// Removes some of what was found, in one transaction.
    async fn expire_together(
        &self,
        found: &Arc<Vec<Old>>,
        some: Range<usize>,
        horizons: Horizons,
        now: TimeUs,
    ) -> Result<Expired> {
        let found = Arc::clone(found);
        self.writer
            .run(ALONE, move |tx| {
                expire::expire(tx, &found[some], horizons, now)
            })
            .await
    }
}

/// The weight of a piece: as many statements as are better in a transaction of their own.
const ALONE: usize = 1_000;
