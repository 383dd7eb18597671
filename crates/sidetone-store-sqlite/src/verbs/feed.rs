//! The change feed.

use std::sync::Arc;

use async_trait::async_trait;
use sidetone_store::feed::{Change, Follower, TakeChanges};
use sidetone_store::{ChangeFeed, Result};

use crate::engine::writer::ALONE_WEIGHT;
use crate::{SqliteStore, feed, outbox};

#[async_trait]
impl ChangeFeed for SqliteStore {
    async fn follow(&self, follower: Follower) -> Result<bool> {
        self.writer
            .run(1, move |tx| feed::follow(tx, &follower))
            .await
    }

    async fn unfollow(&self, name: &str) -> Result<bool> {
        let name = name.to_owned();
        let ended = self
            .writer
            // All that waits goes at once, which may take a while: nobody else's job is with it.
            .run(ALONE_WEIGHT, move |tx| feed::unfollow(tx, &name))
            .await?;
        if let Some(follower) = ended {
            self.shared.changes.release_all_for(follower);
        }
        Ok(ended.is_some())
    }

    async fn drop_behind(&self, most: u64) -> Result<Vec<String>> {
        let behind = self.readers.aside(move |conn| feed::behind(conn, most));
        let behind = behind.await?;
        let mut dropped = Vec::new();
        for name in behind {
            if self.unfollow(&name).await? {
                dropped.push(name);
            }
        }
        Ok(dropped)
    }

    async fn followers(&self) -> Result<Vec<Follower>> {
        self.readers.point(feed::followers)
    }

    async fn take_changes(&self, taking: TakeChanges) -> Result<Vec<Change>> {
        let TakeChanges {
            follower,
            settled,
            deliveries,
            limit,
            now,
            lease_until,
        } = taking;
        let follower = self.readers.point(|conn| feed::existing(conn, &follower))?;
        // Whoever looks whether there is anything writes nothing.
        if !settled.is_empty() || !deliveries.is_empty() {
            let shared = Arc::clone(&self.shared);
            let done = settled.clone();
            self.writer
                .run(settled.len() + deliveries.len(), move |tx| {
                    feed::settle(tx, &shared.changes, &done)?;
                    deliveries.iter().try_for_each(|new| outbox::add(tx, new))
                })
                .await?;
            feed::release(&self.shared.changes, &settled)?;
        }
        let held = &self.shared.changes;
        let lease = (self.owner, now, lease_until);
        let (ticket, taken) = self
            .readers
            .point(|conn| feed::take(conn, held, follower, limit, lease))?;
        if taken.is_empty() {
            return Ok(Vec::new());
        }
        self.readers
            .point(|conn| feed::read(conn, held, follower, (ticket, &taken)))
            .inspect_err(|_| held.forget(ticket, &taken))
    }

    async fn give_back_changes(&self, changes: Vec<Change>) -> Result<()> {
        Ok(feed::release(&self.shared.changes, &changes)?)
    }
}
