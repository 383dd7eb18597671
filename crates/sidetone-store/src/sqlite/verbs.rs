//! The verbs of the contract, each given to the thread that writes or to a connection that reads.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sidetone_core::event::CallEvent;
use sidetone_core::feedback::FeedbackTally;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::{AccountSid, ApiKeySid, CallRef, CallSid, FeedbackSummarySid};
use sidetone_core::rules::Rules;
use sidetone_core::time::TimeUs;

use super::SqliteStore;
use super::log::PackedEvent;
use super::outbox_turn::{self, Taking};
use super::summary::PackedSummary;
use super::{
    account, alias, check, check_calls, erase, events, feedback, feedback_summary, hourly,
    judgement, list, log, outbox, record, rules, set_aside, summary, unfolded,
};
use crate::account::{Account, Accounts, ApiKey, ProviderSecret, Settings, Token};
use crate::delivery::{DeadLetter, Delivery, DeliveryId, EndpointId, NewDelivery, Outcome};
use crate::feedback::{
    FeedbackRange, FeedbackRecord, FeedbackSummary, FeedbackSummaryStatus, Judgement, Rate, Rated,
};
use crate::page::{Page, PageRequest, Place};
use crate::{
    Annotate, AnnotationChange, AnnotationRecord, Appended, CallRecord, CheckedCalls, DirtyCall,
    DueTimer, EventFilter, Lookup, NewEvent, Piece, PutSummary, Rest, Result, Scope, Store,
    StoreError, StoreStats,
};

#[async_trait]
impl Store for SqliteStore {
    async fn accounts(&self) -> Result<Accounts> {
        self.accounts_now()
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
        fold_version: u32,
    ) -> Result<Vec<DirtyCall>> {
        let given_back = std::mem::take(&mut *self.given_back());
        let ended = given_back.clone();
        let leased = self.writer.run(limit + ended.len(), move |work| {
            log::give_back(work, &ended)?;
            log::lease_dirty(work, limit, dirty_since, now, lease_until, fold_version)
        });
        let leased = match leased.await {
            Ok(leased) => leased,
            Err(error) => {
                self.given_back().extend(given_back);
                return Err(error);
            }
        };
        if leased.is_empty() {
            return Ok(Vec::new());
        }
        let calls: Vec<CallRef> = leased.iter().map(|leased| leased.call).collect();
        // Read beside the writer: nobody else has to wait for long logs.
        let read = self
            .readers
            .aside(move |conn| unfolded::begin(conn, leased))
            .await;
        if let Err(StoreError::Unavailable(_)) = &read {
            self.given_back().extend(calls);
        }
        read
    }

    async fn give_back(&self, calls: Vec<CallRef>) -> Result<()> {
        self.given_back().extend(calls);
        Ok(())
    }

    async fn end_leases(&self) -> Result<u64> {
        self.writer
            .run(1, |work| {
                feedback_summary::end_leases(work)?;
                log::end_leases(work)
            })
            .await
    }

    async fn read_on(&self, call: CallRef, rest: Rest) -> Result<Piece> {
        self.readers
            .aside(move |conn| unfolded::read_on(conn, call, rest))
            .await
    }

    async fn begin_dear(&self, call: CallRef, fold_version: u32, now: TimeUs) -> Result<u32> {
        self.writer
            .run(1, move |work| {
                set_aside::begin(work, call, fold_version, now)
            })
            .await
    }

    async fn set_aside(
        &self,
        call: CallRef,
        fold_version: u32,
        reason: String,
        now: TimeUs,
    ) -> Result<()> {
        self.writer
            .run(1, move |work| {
                set_aside::put(work, call, fold_version, &reason, now)
            })
            .await
    }

    async fn put_summaries(
        &self,
        summaries: Vec<PutSummary>,
    ) -> Result<Vec<(CallRef, StoreError)>> {
        let (mut packed, mut refused) = (Vec::with_capacity(summaries.len()), Vec::new());
        for put in summaries {
            let call = put.summary.call;
            match PackedSummary::of(put) {
                Ok(one) => packed.push(one),
                Err(error) => refused.push((call, error)),
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

    async fn clock_set_back(&self, now: TimeUs, settle_us: i64, call_idle_us: i64) -> Result<u64> {
        self.writer
            .run(1, move |work| {
                log::clock_set_back(work, now, settle_us, call_idle_us)
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

    async fn events(
        &self,
        call: CallRef,
        filter: &EventFilter,
        page: &PageRequest,
    ) -> Result<Page<(Place, CallEvent)>> {
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

    async fn awaits_fold(&self, range: &FeedbackRange, by_then: TimeUs) -> Result<bool> {
        let range = range.clone();
        self.readers
            .scan(move |conn| feedback::awaits_fold(conn, &range, by_then))
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
        let leases = Arc::clone(&self.leases);
        self.readers
            .aside(move |conn| outbox_turn::due_endpoints(conn, &leases, now, limit))
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
            outbox_turn::settle_and_take(work, &leases, &settled, &taking)
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

    async fn check_calls(&self, after: u64, limit: usize) -> Result<CheckedCalls> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        self.readers
            .aside(move |conn| check_calls::check_calls(conn, after, limit))
            .await
    }

    async fn probe(&self) -> Result<u64> {
        self.writer
            .run(1, |work| {
                work.conn
                    .prepare_cached(
                        "update probe set writes = writes + 1, filling = randomblob(65536)",
                    )?
                    .execute([])?;
                Ok(())
            })
            .await?;
        Ok(self.writer.tally.refused.load(Ordering::Relaxed))
    }

    async fn stats(&self) -> Result<StoreStats> {
        let tally = &self.writer.tally;
        Ok(StoreStats {
            commits: tally.commits.load(Ordering::Relaxed),
            writes: tally.jobs.load(Ordering::Relaxed),
            refused: tally.refused.load(Ordering::Relaxed),
            damaged: tally.damaged.load(Ordering::Relaxed),
            ..self.readers.point(check::stats)?
        })
    }
}
