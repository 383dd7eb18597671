//! Views.

use async_trait::async_trait;
use sidetone_core::id::{AccountSid, ViewSid};
use sidetone_core::time::TimeUs;
use sidetone_store::views::{View, ViewChange};
use sidetone_store::{Result, ViewStore};

use crate::{SqliteStore, views};

#[async_trait]
impl ViewStore for SqliteStore {
    async fn create_view(&self, view: View) -> Result<()> {
        self.writer.run(1, move |tx| views::create(tx, &view)).await
    }

    async fn change_view(
        &self,
        account: AccountSid,
        sid: ViewSid,
        change: ViewChange,
        by: &str,
        now: TimeUs,
    ) -> Result<View> {
        let by = by.to_owned();
        self.writer
            .run(1, move |tx| {
                views::change(tx, account, sid, change, &by, now)
            })
            .await
    }

    async fn delete_view(
        &self,
        account: AccountSid,
        sid: ViewSid,
        by: &str,
        now: TimeUs,
    ) -> Result<bool> {
        let by = by.to_owned();
        self.writer
            .run(1, move |tx| views::delete(tx, account, sid, &by, now))
            .await
    }

    async fn view(&self, account: AccountSid, sid: ViewSid) -> Result<Option<View>> {
        self.readers.point(|conn| views::find(conn, account, sid))
    }

    async fn views(&self, account: AccountSid, owner: &str) -> Result<Vec<View>> {
        let owner = owner.to_owned();
        self.readers
            .scan(move |conn| views::seen_by(conn, account, &owner))
            .await
    }
}
