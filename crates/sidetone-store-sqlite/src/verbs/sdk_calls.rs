//! Events of voice SDKs.

use async_trait::async_trait;
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::time::TimeUs;
use sidetone_store::Result;
use sidetone_store::sdk_calls::{Opener, SdkAppended, SdkCallStore, SdkEvents};

use crate::{SqliteStore, sdk_calls};

#[async_trait]
impl SdkCallStore for SqliteStore {
    async fn append_of_sdk(&self, events: SdkEvents) -> Result<SdkAppended> {
        self.writer
            .run(events.events.len(), move |tx| {
                sdk_calls::append(tx, &events)
            })
            .await
    }

    async fn sdk_opener(&self, account: AccountSid, sid: CallSid) -> Result<Option<Opener>> {
        self.readers
            .point(|conn| sdk_calls::opener(conn, account, sid))
    }

    async fn name_sdk_calls(&self, quiet_since: TimeUs, limit: usize) -> Result<u64> {
        let is_any = self
            .readers
            .point(|conn| sdk_calls::any_quiet(conn, quiet_since))?;
        if !is_any {
            return Ok(0);
        }
        self.writer
            .run(limit, move |tx| {
                sdk_calls::name_quiet(tx, quiet_since, limit)
            })
            .await
    }
}
