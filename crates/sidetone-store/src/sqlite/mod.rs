//! The store in one `SQLite` database file, with a write-ahead log.
//!
//! One thread writes (`writer.rs`); readers never wait for it. What is derived from summaries and annotations
//! (columns, rollups) is written in the transaction that changes them.

mod account;
mod check;
mod check_outbox;
mod check_rollups;
mod codec;
mod condition;
mod connection;
mod erase;
mod events;
mod facet;
mod feedback;
mod feedback_summary;
mod hourly;
mod judged;
mod judgement;
mod leases;
mod list;
mod log;
mod migrate;
mod outbox;
mod paging;
mod party;
mod posting;
mod readers;
mod record;
mod rollup;
mod rules;
mod span;
mod summary;
mod terms;
#[cfg(feature = "testing")]
pub mod testing;
mod writer;
mod zone;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sidetone_core::event::CallEvent;
use sidetone_core::feedback::FeedbackTally;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::{AccountSid, ApiKeySid, CallRef, CallSid, FeedbackSummarySid};
use sidetone_core::rules::Rules;
use sidetone_core::time::TimeUs;

use self::connection::Role;
use self::leases::Leases;
use self::log::PackedEvent;
use self::outbox::Taking;
use self::readers::{Points, Readers, STEPS_PER_LOOK};
use self::summary::PackedSummary;
use self::writer::{Tally, Writer};
use crate::account::{Account, ApiKey, ProviderSecret, Settings, Token};
use crate::delivery::{DeadLetter, Delivery, DeliveryId, EndpointId, NewDelivery, Outcome};
use crate::feedback::{
    FeedbackRange, FeedbackRecord, FeedbackSummary, FeedbackSummaryStatus, Judgement, Rate, Rated,
};
use crate::page::{Page, PageRequest};
use crate::{
    Annotate, AnnotationChange, AnnotationRecord, Appended, CallRecord, DirtyCall, DueTimer,
    EventFilter, Lookup, NewEvent, PutSummary, Result, Scope, Store, StoreStats,
};

/// How a store works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Lists that run at the same time, from 1; further ones wait. Each may keep 16 MiB of the database in memory.
    pub readers: usize,
    /// Steps of `SQLite`'s virtual machine that one list may take; a million is some 50 ms.
    pub step_budget: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 4,
            step_budget: 100_000_000,
        }
    }
}

/// The store in one `SQLite` database file.
pub struct SqliteStore {
    // Before the directory: its threads end before that is removed.
    writer: Writer,
    readers: Arc<Readers>,
    leases: Arc<Leases>,
    #[cfg(feature = "testing")]
    directory: Option<tempfile::TempDir>,
}

impl SqliteStore {
    /// Opens the database file, makes it when there is none, and brings it to this version.
    ///
    /// # Errors
    /// [`StoreError::Invalid`](crate::StoreError::Invalid) when the file is not a database of Sidetone's, or was made
    /// by a newer version, or `SQLite` is too old; [`StoreError::Unavailable`](crate::StoreError::Unavailable) when it
    /// cannot be opened.
    pub fn open(path: &Path, options: Options) -> Result<Self> {
        Self::open_with(path, options, STEPS_PER_LOOK, true)
    }

    /// `steps_per_look`: after so many steps each, a list looks at its budget.
    fn open_with(
        path: &Path,
        options: Options,
        steps_per_look: i32,
        is_durable: bool,
    ) -> Result<Self> {
        connection::check_version()?;
        let conn = connection::open(path, Role::Writer)?;
        migrate::migrate(&conn)?;
        let beside = connection::open(path, Role::Checkpointer)?;
        if !is_durable {
            for conn in [&conn, &beside] {
                conn.pragma_update(None, "synchronous", "off")?;
            }
        }
        let tally = Arc::new(Tally::default());
        let points = Arc::new(Points::new(path, Arc::clone(&tally)));
        let readers = Readers::new(
            Arc::clone(&points),
            options.readers,
            options.step_budget,
            steps_per_look,
        );
        Ok(Self {
            writer: Writer::start(conn, beside, points, tally)?,
            readers: Arc::new(readers),
            leases: Arc::default(),
            #[cfg(feature = "testing")]
            directory: None,
        })
    }

    /// Opens a database whose lists count every single step, slowly: see [`Self::last_list_steps`].
    ///
    /// # Errors
    /// As [`Self::open`].
    #[cfg(feature = "testing")]
    pub fn open_counting(path: &Path, options: Options) -> Result<Self> {
        Self::open_with(path, options, 1, true)
    }

    /// Opens a database that is filled for a test or a measurement: quickly, and not durably.
    ///
    /// # Errors
    /// As [`Self::open`].
    #[cfg(feature = "testing")]
    pub fn open_careless(path: &Path, options: Options) -> Result<Self> {
        Self::open_with(path, options, STEPS_PER_LOOK, false)
    }

    /// Steps of `SQLite`'s virtual machine that the last list took.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn last_list_steps(&self) -> u64 {
        self.readers.last_steps()
    }

    /// Opens a database in a directory of its own that is removed with the store.
    ///
    /// Not in memory: there `SQLite` has no write-ahead log, and readers and the writer would meet differently.
    ///
    /// # Errors
    /// As [`Self::open`].
    #[cfg(feature = "testing")]
    pub fn open_temporary() -> Result<Self> {
        let directory = tempfile::tempdir()
            .map_err(|error| crate::StoreError::Unavailable(error.to_string()))?;
        let mut store = Self::open(&directory.path().join("sidetone.db"), Options::default())?;
        store.directory = Some(directory);
        Ok(store)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn accounts(&self) -> Result<Vec<Account>> {
        self.readers.point(account::accounts)
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>> {
        self.readers.point(account::api_keys)
    }

    async fn account_epoch(&self) -> Result<u64> {
        self.readers.point(account::epoch)
    }

    async fn create_account(&self, account: Account) -> Result<()> {
        self.writer
            .run(1, move |work| account::create(work, &account))
            .await
    }

    async fn put_tokens(&self, account: AccountSid, tokens: Vec<Token>) -> Result<()> {
        self.writer
            .run(1, move |work| account::put_tokens(work, account, &tokens))
            .await
    }

    async fn put_provider_secrets(
        &self,
        account: AccountSid,
        secrets: Vec<ProviderSecret>,
    ) -> Result<()> {
        self.writer
            .run(1, move |work| {
                account::put_provider_secrets(work, account, &secrets)
            })
            .await
    }

    async fn put_settings(&self, account: AccountSid, settings: Settings) -> Result<()> {
        self.writer
            .run(1, move |work| {
                account::put_settings(work, account, settings)
            })
            .await
    }

    async fn create_api_key(&self, key: ApiKey) -> Result<()> {
        self.writer
            .run(1, move |work| account::create_api_key(work, &key))
            .await
    }

    async fn revoke_api_key(&self, key: ApiKeySid) -> Result<()> {
        self.writer
            .run(1, move |work| account::revoke_api_key(work, key))
            .await
    }

    async fn append(&self, events: Vec<NewEvent>) -> Result<Vec<Appended>> {
        let events = events
            .iter()
            .map(PackedEvent::of)
            .collect::<Result<Vec<_>>>()?;
        self.writer
            .run(events.len(), move |work| log::append(work, &events))
            .await
    }

    async fn take_dirty(
        &self,
        limit: usize,
        dirty_since: TimeUs,
        now: TimeUs,
        lease_until: TimeUs,
    ) -> Result<Vec<DirtyCall>> {
        let leased = self
            .writer
            .run(limit, move |work| {
                log::lease_dirty(work, limit, dirty_since, now, lease_until)
            })
            .await?;
        if leased.is_empty() {
            return Ok(Vec::new());
        }
        // Read beside the writer: nobody else has to wait for long logs.
        self.readers
            .aside(move |conn| log::read_leased(conn, leased))
            .await
    }

    async fn put_summaries(&self, summaries: Vec<PutSummary>) -> Result<()> {
        let summaries = summaries
            .into_iter()
            .map(PackedSummary::of)
            .collect::<Result<Vec<_>>>()?;
        self.writer
            .run(summaries.len(), move |work| summary::put(work, &summaries))
            .await
    }

    async fn due_timers(&self, now: TimeUs, limit: usize) -> Result<Vec<DueTimer>> {
        self.readers.point(|conn| log::due_timers(conn, now, limit))
    }

    async fn defer_timers(&self, calls: Vec<CallRef>, until: TimeUs) -> Result<()> {
        self.writer
            .run(calls.len(), move |work| {
                log::defer_timers(work, &calls, until)
            })
            .await
    }

    async fn refold(&self, calls: Vec<CallRef>) -> Result<()> {
        self.writer
            .run(calls.len(), move |work| log::refold(work, &calls))
            .await
    }

    async fn record(&self, scope: Scope, sid: CallSid) -> Result<Lookup<CallRecord>> {
        self.readers.point(|conn| record::record(conn, scope, sid))
    }

    async fn annotation(&self, scope: Scope, sid: CallSid) -> Result<Lookup<AnnotationRecord>> {
        self.readers
            .point(|conn| record::annotation(conn, scope, sid))
    }

    async fn list(&self, filter: &SummaryFilter, page: &PageRequest) -> Result<Page<CallRecord>> {
        let (filter, page) = (filter.clone(), *page);
        self.readers
            .scan(move |conn| list::list(conn, &filter, &page))
            .await
    }

    async fn events(
        &self,
        call: CallRef,
        filter: &EventFilter,
        page: &PageRequest,
    ) -> Result<Page<CallEvent>> {
        let (filter, page) = (filter.clone(), *page);
        self.readers
            .scan(move |conn| events::events(conn, call, &filter, &page))
            .await
    }

    async fn annotate(
        &self,
        scope: Scope,
        sid: CallSid,
        change: Annotate,
    ) -> Result<Lookup<AnnotationRecord>> {
        self.writer
            .run(1, move |work| judgement::annotate(work, scope, sid, change))
            .await
    }

    async fn annotation_history(
        &self,
        call: CallRef,
        page: &PageRequest,
    ) -> Result<Page<AnnotationChange>> {
        let page = *page;
        self.readers
            .scan(move |conn| judgement::history(conn, call, &page))
            .await
    }

    async fn feedback(&self, call: CallRef) -> Result<Lookup<Option<FeedbackRecord>>> {
        self.readers.point(|conn| feedback::feedback(conn, call))
    }

    async fn rate(&self, call: CallRef, rate: Rate) -> Result<Lookup<Rated>> {
        self.writer
            .run(1, move |work| feedback::rate(work, call, &rate))
            .await
    }

    async fn judgements(&self, after: u64, limit: usize) -> Result<Vec<Judgement>> {
        self.readers
            .aside(move |conn| feedback::judgements(conn, after, limit))
            .await
    }

    async fn tally_feedback(&self, range: &FeedbackRange) -> Result<(FeedbackTally, u64)> {
        let range = range.clone();
        self.readers
            .scan(move |conn| hourly::tally(conn, &range))
            .await
    }

    async fn create_feedback_summary(&self, summary: FeedbackSummary) -> Result<()> {
        self.writer
            .run(1, move |work| feedback_summary::create(work, &summary))
            .await
    }

    async fn feedback_summary(
        &self,
        account: AccountSid,
        sid: FeedbackSummarySid,
    ) -> Result<Option<FeedbackSummary>> {
        self.readers
            .point(|conn| feedback_summary::fetch(conn, account, sid))
    }

    async fn delete_feedback_summary(
        &self,
        account: AccountSid,
        sid: FeedbackSummarySid,
    ) -> Result<bool> {
        self.writer
            .run(1, move |work| feedback_summary::delete(work, account, sid))
            .await
    }

    async fn take_feedback_summary(
        &self,
        now: TimeUs,
        lease_until: TimeUs,
    ) -> Result<Option<FeedbackSummary>> {
        self.writer
            .run(1, move |work| {
                feedback_summary::take(work, now, lease_until)
            })
            .await
    }

    async fn finish_feedback_summary(
        &self,
        sid: FeedbackSummarySid,
        status: FeedbackSummaryStatus,
        tell: Option<NewDelivery>,
        now: TimeUs,
    ) -> Result<()> {
        self.writer
            .run(1, move |work| {
                feedback_summary::finish(work, sid, status, tell.as_ref(), now)
            })
            .await
    }

    async fn deliver(&self, deliveries: Vec<NewDelivery>) -> Result<()> {
        self.writer
            .run(deliveries.len(), move |work| {
                deliveries.iter().try_for_each(|new| outbox::add(work, new))
            })
            .await
    }

    async fn due_endpoints(&self, now: TimeUs, limit: usize) -> Result<Vec<EndpointId>> {
        self.readers
            .point(|conn| outbox::due_endpoints(conn, &self.leases, now, limit))
    }

    async fn take_deliveries(
        &self,
        endpoint: EndpointId,
        settled: Vec<(DeliveryId, Outcome)>,
        limit: usize,
        now: TimeUs,
        lease_until: TimeUs,
    ) -> Result<Vec<Delivery>> {
        let ticket = self.leases.ticket();
        let taking = Taking {
            endpoint,
            limit,
            now,
            lease_until,
            ticket,
        };
        let leases = Arc::clone(&self.leases);
        let ids: Vec<_> = settled.iter().map(|(id, _)| *id).collect();
        let taken = self.writer.run(1 + settled.len(), move |work| {
            outbox::settle_and_take(work, &leases, &settled, &taking)
        });
        let taken = taken.await;
        match &taken {
            Ok(_) => self.leases.release(ids.iter()),
            Err(_) => self.leases.undo(ticket),
        }
        taken
    }

    async fn dead_letters(
        &self,
        account: Option<AccountSid>,
        page: &PageRequest,
    ) -> Result<Page<DeadLetter>> {
        let page = *page;
        self.readers
            .scan(move |conn| outbox::dead_letters(conn, account, &page))
            .await
    }

    async fn replay(&self, letters: Vec<DeliveryId>, now: TimeUs) -> Result<()> {
        self.writer
            .run(letters.len(), move |work| {
                outbox::replay(work, &letters, now)
            })
            .await
    }

    async fn rules(&self, day: i64) -> Result<Option<Rules>> {
        self.readers.point(|conn| rules::rules(conn, day))
    }

    async fn freeze_rules(&self, day: i64) -> Result<Rules> {
        self.writer
            .run(1, move |work| rules::freeze(work, day))
            .await
    }

    async fn erase(&self, call: CallRef, now: TimeUs) -> Result<Lookup<()>> {
        self.writer
            .run(1, move |work| erase::erase(work, call, now))
            .await
    }

    async fn check(&self) -> Result<Vec<String>> {
        self.readers.scan_freely(check::check).await
    }

    async fn stats(&self) -> Result<StoreStats> {
        let tally = &self.writer.tally;
        Ok(StoreStats {
            commits: tally.commits.load(Ordering::Relaxed),
            writes: tally.jobs.load(Ordering::Relaxed),
            ..self.readers.point(check::stats)?
        })
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::StoreError;
    use crate::conformance::sample::{call, call_sid, create_account, put, scope, score, summary};

    async fn limit_pages(store: &SqliteStore, pages: i64) {
        store
            .writer
            .run(1, move |work| {
                Ok(work.conn.pragma_update(None, "max_page_count", pages)?)
            })
            .await
            .unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_full_disk_refuses_writes_keeps_reads_and_recovers() {
        let store = Arc::new(SqliteStore::open_temporary().unwrap());
        create_account(&*store).await;
        store
            .put_summaries(vec![put(summary(call(0), 0, Some(60)), 0)])
            .await
            .unwrap();
        limit_pages(&store, 1).await;
        let load = |first: u64| {
            let store = Arc::clone(&store);
            async move {
                let calls = (first..first + 300).map(|n| {
                    let mut summary = summary(call(n), 0, Some(60));
                    summary.facts.to.carrier = Some(format!("carrier {n}"));
                    put(summary, 0)
                });
                store.put_summaries(calls.collect()).await
            }
        };
        let together: Vec<_> = (1..9).map(|n| tokio::spawn(load(n * 1000))).collect();
        for load in together {
            assert!(matches!(
                load.await.unwrap(),
                Err(StoreError::Unavailable(_))
            ));
        }
        assert!(matches!(load(1000).await, Err(StoreError::Unavailable(_))));
        assert!(matches!(
            store.record(scope(1), call_sid(0)).await.unwrap(),
            crate::Lookup::Found(_)
        ));
        assert_eq!(
            store.record(scope(1), call_sid(1000)).await.unwrap(),
            crate::Lookup::Unknown
        );
        limit_pages(&store, i64::from(u32::MAX - 1)).await;
        load(1000).await.unwrap();
        store
            .annotate(scope(1), call_sid(0), score(3))
            .await
            .unwrap();
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    }
}
