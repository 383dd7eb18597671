//! Summaries.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::TimeUs;
use sidetone_store::page::{Page, PageRequest, RowKey};
use sidetone_store::{
    CallRecord, Count, Lookup, Put, PutSummary, Result, Scope, Shown, StoreError, SummaryStore,
};

use crate::record::{InForm, Reading, Whole};
use crate::summary::alias;
use crate::summary::{PackedResult, PackedSummary};
use crate::{SqliteStore, list, record, summary};

#[async_trait]
impl SummaryStore for SqliteStore {
    async fn put_summaries(&self, summaries: Vec<PutSummary>) -> Result<Vec<Put>> {
        let calls: Vec<CallRef> = summaries.iter().map(|put| put.summary.call).collect();
        let packed: Vec<_> = summaries.into_iter().map(PackedSummary::of).collect();
        let packed = Arc::new(packed);
        let all = Arc::clone(&packed);
        let together = self
            .writer
            .run(calls.len(), move |tx| summary::put(tx, &all));
        let fates = match together.await {
            Ok(fates) => fates,
            Err(error @ StoreError::Unavailable(_)) => return Err(error),
            Err(_) => self.put_one_by_one(&packed).await?,
        };
        self.shared.calls.release(calls);
        Ok(fates)
    }

    async fn record(&self, scope: Scope, sid: CallSid) -> Result<Lookup<CallRecord>> {
        self.readers
            .point(|conn| record::record(conn, scope, sid, &Whole))
    }

    async fn shown(
        &self,
        scope: Scope,
        sid: CallSid,
        form: u8,
    ) -> Result<Lookup<CallRecord<Shown>>> {
        self.readers
            .point(|conn| record::record(conn, scope, sid, &InForm(form)))
    }

    async fn sip_call(
        &self,
        account: AccountSid,
        sid: CallSid,
        at: TimeUs,
    ) -> Result<Option<CallRef>> {
        self.readers
            .point(|conn| alias::call(conn, account, sid, at))
    }

    async fn list(&self, filter: &SummaryFilter, page: &PageRequest) -> Result<Page<CallRecord>> {
        let page = self.list_reading(filter, page, Whole).await?;
        Ok(page.map(|(_, record)| record))
    }

    async fn count(&self, filter: &SummaryFilter) -> Result<Count> {
        let filter = filter.clone();
        self.readers
            .count(move |conn| list::count::count(conn, &filter))
            .await
    }

    async fn list_shown(
        &self,
        filter: &SummaryFilter,
        page: &PageRequest,
        form: u8,
    ) -> Result<Page<(RowKey, CallRecord<Shown>)>> {
        self.list_reading(filter, page, InForm(form)).await
    }
}

impl SqliteStore {
    async fn list_reading<R>(
        &self,
        filter: &SummaryFilter,
        page: &PageRequest,
        reading: R,
    ) -> Result<Page<(RowKey, CallRecord<R::Summary>)>>
    where
        R: Reading<Summary: Send + 'static> + Send + 'static,
    {
        let (filter, page) = (filter.clone(), *page);
        let page_steps = self.page_steps;
        let page = self
            .readers
            .list(move |conn| list::list(conn, &filter, &page, page_steps, &reading))
            .await?;
        let damaged = page.damaged.len() as u64;
        self.writer
            .stats
            .damaged
            .fetch_add(damaged, Ordering::Relaxed);
        Ok(page)
    }

    /// One of them is the reason why they cannot be written together: the others are written
    /// without it.
    async fn put_one_by_one(&self, packed: &Arc<Vec<PackedResult>>) -> Result<Vec<Put>> {
        let mut fates = Vec::with_capacity(packed.len());
        for place in 0..packed.len() {
            let all = Arc::clone(packed);
            let one = self
                .writer
                .run(1, move |tx| summary::put(tx, &all[place..=place]));
            match one.await {
                Ok(fate) => fates.extend(fate),
                Err(error @ StoreError::Unavailable(_)) => return Err(error),
                Err(error) => fates.push(Put::Refused(error)),
            }
        }
        Ok(fates)
    }
}
