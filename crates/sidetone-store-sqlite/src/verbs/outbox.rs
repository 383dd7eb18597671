//! Deliveries.

use std::sync::Arc;

use async_trait::async_trait;
use sidetone_core::id::{AccountSid, SinkSid};
use sidetone_core::time::TimeUs;
use sidetone_store::delivery::{
    Backlog, DeadLetter, Delivery, DeliveryId, EndpointId, NewDelivery, Outcome, Owed, Trimmed,
    WaitingDelivery,
};
use sidetone_store::page::{Page, PageRequest};
use sidetone_store::{Outbox, Result, SinkStore};

use crate::engine::write_tx::WriteTx;
use crate::outbox::turn::Taking;
use crate::outbox::{backlog, listed, quota, turn};
use crate::{SqliteStore, outbox};

#[async_trait]
impl Outbox for SqliteStore {
    async fn deliver(&self, deliveries: Vec<NewDelivery>) -> Result<()> {
        self.writer
            .run(deliveries.len(), move |tx| {
                deliveries.iter().try_for_each(|new| outbox::add(tx, new))
            })
            .await
    }

    async fn due_endpoints(&self, now: TimeUs, limit: usize) -> Result<Vec<EndpointId>> {
        let shared = Arc::clone(&self.shared);
        self.readers
            .aside(move |conn| turn::due_endpoints(conn, &shared.deliveries, now, limit))
            .await
    }

    async fn take_deliveries(
        &self,
        endpoint: EndpointId,
        settled: Vec<(DeliveryId, Outcome)>,
        limit: usize,
        now: TimeUs,
        lease_until: TimeUs,
    ) -> Result<Vec<Delivery>> {
        let ticket = self.shared.deliveries.ticket();
        let taking = Taking {
            endpoint,
            limit,
            now,
            lease_until,
            owner: self.owner,
            ticket,
        };
        let shared = Arc::clone(&self.shared);
        let ids: Vec<_> = settled.iter().map(|(id, _)| *id).collect();
        let taken = self.writer.run(1 + settled.len(), move |tx| {
            turn::settle_and_take(tx, &shared.deliveries, &settled, &taking)
        });
        let taken = taken.await;
        match &taken {
            Ok(_) => self.shared.deliveries.release(ids.iter()),
            Err(_) => self.shared.deliveries.undo(ticket),
        }
        taken
    }

    async fn waiting_deliveries(
        &self,
        owed: Owed,
        page: &PageRequest,
    ) -> Result<Page<WaitingDelivery>> {
        let page = *page;
        self.readers
            .scan(move |conn| listed::waiting(conn, owed, &page))
            .await
    }

    async fn dead_letters(&self, owed: Owed, page: &PageRequest) -> Result<Page<DeadLetter>> {
        let page = *page;
        self.readers
            .scan(move |conn| listed::dead(conn, owed, &page))
            .await
    }

    async fn trim_outbox(
        &self,
        waiting_max: usize,
        dead_max: usize,
        now: TimeUs,
    ) -> Result<Trimmed> {
        let beyond = self
            .readers
            .aside(move |conn| quota::beyond(conn, waiting_max, dead_max))
            .await?;
        let mut trimmed = Trimmed::default();
        for (account, excess) in beyond {
            let (mut left, mut after) = (excess.waiting, 0);
            while left > 0 {
                let find = move |conn: &_| quota::oldest_waiting(conn, account, after);
                let mut ids = self.readers.aside(find).await?;
                ids.truncate(left);
                let Some(last) = ids.last() else { break };
                (left, after) = (left - ids.len(), *last);
                let job = move |tx: &mut WriteTx<'_>| quota::give_up(tx, &ids, now);
                trimmed.given_up += self.writer.run(quota::AT_ONCE, job).await?;
            }
            let (mut left, mut after) = (excess.dead, (i64::MIN, i64::MIN));
            while left > 0 {
                let find = move |conn: &_| quota::longest_dead(conn, account, after);
                let mut dead = self.readers.aside(find).await?;
                dead.truncate(left);
                let Some(last) = dead.last() else { break };
                (left, after) = (left - dead.len(), *last);
                let ids: Vec<i64> = dead.into_iter().map(|(_, id)| id).collect();
                let job = move |tx: &mut WriteTx<'_>| quota::forget(tx, &ids);
                trimmed.forgotten += self.writer.run(quota::AT_ONCE, job).await?;
            }
        }
        Ok(trimmed)
    }

    async fn sink_backlog(&self, most: u64) -> Result<Vec<(SinkSid, Backlog)>> {
        self.readers
            .aside(move |conn| backlog::of_all(conn, most))
            .await
    }

    async fn backlog_of(&self, sink: SinkSid, most: u64) -> Result<Backlog> {
        self.readers
            .scan(move |conn| backlog::of(conn, sink, most))
            .await
    }

    async fn replay(
        &self,
        account: Option<AccountSid>,
        letters: Vec<DeliveryId>,
        now: TimeUs,
    ) -> Result<()> {
        self.writer
            .run(letters.len(), move |tx| {
                outbox::replay(tx, account, &letters, now)
            })
            .await
    }

    async fn replay_sink(
        &self,
        account: AccountSid,
        sink: SinkSid,
        most: usize,
        now: TimeUs,
    ) -> Result<u64> {
        if self.sink(account, sink).await?.is_none() {
            return Ok(0);
        }
        // What is given up meanwhile, once more, is left for another time.
        let until = self.readers.aside(outbox::last).await?;
        let mut left = most;
        while left > 0 {
            let piece = left.min(backlog::AT_ONCE);
            let job = self.writer.run(piece, move |tx| {
                outbox::replay_sink(tx, sink, until, piece, now)
            });
            let replayed = job.await?;
            left -= replayed;
            if replayed < piece {
                break;
            }
        }
        Ok((most - left) as u64)
    }
}
