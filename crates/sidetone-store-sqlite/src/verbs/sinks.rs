//! Sinks and subscriptions.

use async_trait::async_trait;
use sidetone_core::id::{AccountSid, SinkSid, SubscriptionSid};
use sidetone_core::time::TimeUs;
use sidetone_store::page::{Page, PageRequest};
use sidetone_store::sinks::{Sink, SinkChange, SinkFilter, Stream, SubscribedType, Subscription};
use sidetone_store::{Result, SinkStore};

use crate::SqliteStore;
use crate::outbox::backlog;
use crate::sinks::{self, subscription};

#[async_trait]
impl SinkStore for SqliteStore {
    async fn create_sink(&self, sink: Sink, by: &str) -> Result<()> {
        let by = by.to_owned();
        self.writer
            .run(1, move |tx| sinks::create(tx, &sink, &by))
            .await
    }

    async fn change_sink(
        &self,
        account: AccountSid,
        sid: SinkSid,
        change: SinkChange,
        now: TimeUs,
    ) -> Result<Sink> {
        self.writer
            .run(1, move |tx| sinks::change(tx, account, sid, change, now))
            .await
    }

    async fn delete_sink(
        &self,
        account: AccountSid,
        sid: SinkSid,
        by: &str,
        now: TimeUs,
    ) -> Result<bool> {
        let by = by.to_owned();
        let deleted = self
            .writer
            .run(1, move |tx| sinks::delete(tx, account, sid, &by, now))
            .await?;
        if !deleted {
            return Ok(false);
        }
        // Nothing more comes for it, and nothing is owed any more. Millions may wait, and others write meanwhile.
        loop {
            let job = self.writer.run(backlog::AT_ONCE, move |tx| {
                backlog::forget(tx.conn, sid, backlog::AT_ONCE)
            });
            if job.await? < backlog::AT_ONCE {
                return Ok(true);
            }
        }
    }

    async fn sink(&self, account: AccountSid, sid: SinkSid) -> Result<Option<Sink>> {
        self.readers.point(|conn| sinks::find(conn, account, sid))
    }

    async fn sinks(
        &self,
        account: AccountSid,
        filter: SinkFilter,
        page: &PageRequest,
    ) -> Result<Page<Sink>> {
        let page = *page;
        self.readers
            .scan(move |conn| sinks::page(conn, account, filter, &page))
            .await
    }

    async fn create_subscription(&self, subscription: Subscription, by: &str) -> Result<()> {
        let by = by.to_owned();
        self.writer
            .run(1, move |tx| subscription::create(tx, &subscription, &by))
            .await
    }

    async fn describe_subscription(
        &self,
        account: AccountSid,
        sid: SubscriptionSid,
        description: String,
        now: TimeUs,
    ) -> Result<Subscription> {
        self.writer
            .run(1, move |tx| {
                subscription::describe(tx, account, sid, description, now)
            })
            .await
    }

    async fn delete_subscription(
        &self,
        account: AccountSid,
        sid: SubscriptionSid,
        by: &str,
        now: TimeUs,
    ) -> Result<bool> {
        let by = by.to_owned();
        self.writer
            .run(1, move |tx| {
                subscription::delete(tx, account, sid, &by, now)
            })
            .await
    }

    async fn subscribe(
        &self,
        account: AccountSid,
        sid: SubscriptionSid,
        subscribed: SubscribedType,
        by: &str,
        now: TimeUs,
    ) -> Result<()> {
        let by = by.to_owned();
        self.writer
            .run(1, move |tx| {
                subscription::subscribe(tx, account, sid, subscribed, &by, now)
            })
            .await
    }

    async fn unsubscribe(
        &self,
        account: AccountSid,
        sid: SubscriptionSid,
        name: &str,
        by: &str,
        now: TimeUs,
    ) -> Result<bool> {
        let (name, by) = (name.to_owned(), by.to_owned());
        self.writer
            .run(1, move |tx| {
                subscription::unsubscribe(tx, account, sid, &name, &by, now)
            })
            .await
    }

    async fn subscription(
        &self,
        account: AccountSid,
        sid: SubscriptionSid,
    ) -> Result<Option<Subscription>> {
        self.readers
            .point(|conn| subscription::subscription(conn, account, sid))
    }

    async fn subscriptions(
        &self,
        account: AccountSid,
        sink: Option<SinkSid>,
        page: &PageRequest,
    ) -> Result<Page<Subscription>> {
        let page = *page;
        self.readers
            .scan(move |conn| subscription::page(conn, account, sink, &page))
            .await
    }

    async fn streams(&self) -> Result<Vec<Stream>> {
        self.readers.scan(subscription::streams).await
    }
}
