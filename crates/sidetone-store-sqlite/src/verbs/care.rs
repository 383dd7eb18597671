//! Care of what is stored.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sidetone_store::{Care, CheckedCalls, Cursor, Result, StoreError, StoreStats};

use crate::check::calls;
use crate::{SqliteStore, check, repair, stats};

#[async_trait]
impl Care for SqliteStore {
    async fn check(&self) -> Result<Vec<String>> {
        self.readers.scan_freely(check::check).await
    }

    async fn repair(&self) -> Result<Vec<String>> {
        let path = self.readers.path().to_owned();
        tokio::task::spawn_blocking(move || Ok(repair::repair(&path)?))
            .await
            .map_err(|_| StoreError::Unavailable("the store is shutting down".into()))?
    }

    async fn check_calls(&self, after: Option<Cursor>, limit: usize) -> Result<CheckedCalls> {
        self.readers
            .aside(move |conn| calls::check_calls(conn, after.as_ref(), limit))
            .await
    }

    async fn probe(&self) -> Result<u64> {
        self.writer
            .run(1, |tx| {
                tx.conn
                    .prepare_cached(
                        "update probe set writes = writes + 1, filling = randomblob(65536)",
                    )?
                    .execute([])?;
                Ok(())
            })
            .await?;
        Ok(self.writer.stats.refused.load(Ordering::Relaxed))
    }

    async fn stats(&self) -> Result<StoreStats> {
        let stats = &self.writer.stats;
        Ok(StoreStats {
            commits: stats.commits.load(Ordering::Relaxed),
            writes: stats.jobs.load(Ordering::Relaxed),
            refused: stats.refused.load(Ordering::Relaxed),
            damaged: stats.damaged.load(Ordering::Relaxed),
            ..self.readers.point(stats::stats)?
        })
    }
}
