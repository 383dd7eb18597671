//! Erasing.

use async_trait::async_trait;
use sidetone_core::id::CallRef;
use sidetone_core::time::TimeUs;
use sidetone_store::erasure::{CallsOf, Erasure};
use sidetone_store::{Cursor, ErasureStore, Lookup, Result};

use crate::{SqliteStore, erase};

#[async_trait]
impl ErasureStore for SqliteStore {
    async fn erase(&self, calls: Vec<CallRef>, by: &str, now: TimeUs) -> Result<Vec<Lookup<()>>> {
        let erasure = |call| Erasure {
            call,
            at: now,
            by: by.to_owned(),
        };
        let erasures: Vec<_> = calls.into_iter().map(erasure).collect();
        self.writer
            .run(erasures.len(), move |tx| erase::erase(tx, &erasures))
            .await
    }

    async fn erase_again(&self, erasures: Vec<Erasure>) -> Result<()> {
        self.writer
            .run(erasures.len(), move |tx| erase::erase_again(tx, &erasures))
            .await
    }

    async fn erasures(
        &self,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<(Vec<Erasure>, Option<Cursor>)> {
        self.readers
            .aside(move |conn| erase::erasures(conn, after.as_ref(), limit))
            .await
    }

    async fn calls_of(
        &self,
        address: &str,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<CallsOf> {
        let address = address.to_owned();
        self.readers
            .aside(move |conn| erase::calls_of(conn, &address, after.as_ref(), limit))
            .await
    }
}
