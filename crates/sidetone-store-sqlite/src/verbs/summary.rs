//! Summaries.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::TimeUs;
use sidetone_store::page::{Page, PageRequest};
use sidetone_store::{CallRecord, Lookup, PutSummary, Result, Scope, StoreError, SummaryStore};

use crate::summary::PackedSummary;
use crate::{SqliteStore, alias, list, record, summary};

#[async_trait]
impl SummaryStore for SqliteStore {
    async fn put_summaries(
        &self,
        summaries: Vec<PutSummary>,
    ) -> Result<Vec<(CallRef, StoreError)>> {
        let (mut packed, mut refused) = (Vec::with_capacity(summaries.len()), Vec::new());
        for put in summaries {
            let call = put.summary.call;
            match PackedSummary::of(put) {
                Ok(one) => packed.push(one),
                Err(error) => refused.push((call, error.into())),
            }
        }
        let packed = Arc::new(packed);
        let all = Arc::clone(&packed);
        match self
            .writer
            .run(packed.len(), move |work| summary::put(work, &all))
            .await
        {
            Ok(()) => return Ok(refused),
            Err(error @ StoreError::Unavailable(_)) => return Err(error),
            Err(_) => {}
        }
        // One of them is the reason: the others are written without it.
        for place in 0..packed.len() {
            let all = Arc::clone(&packed);
            let one = self
                .writer
                .run(1, move |work| summary::put(work, &all[place..=place]));
            match one.await {
                Ok(()) => {}
                Err(error @ StoreError::Unavailable(_)) => return Err(error),
                Err(error) => refused.push((packed[place].call(), error)),
            }
        }
        Ok(refused)
    }

    async fn record(&self, scope: Scope, sid: CallSid) -> Result<Lookup<CallRecord>> {
        self.readers.point(|conn| record::record(conn, scope, sid))
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
        let (filter, page) = (filter.clone(), *page);
        let page = self
            .readers
            .scan(move |conn| list::list(conn, &filter, &page))
            .await?;
        let damaged = page.damaged.len() as u64;
        self.writer
            .tally
            .damaged
            .fetch_add(damaged, Ordering::Relaxed);
        Ok(page)
    }
}
