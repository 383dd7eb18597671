//! Two nodes on one database: what one wrote the other sees, and what one worked on is for the
//! other when it dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sidetone_core::event::CallEvent;
use sidetone_core::feedback::FeedbackTally;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::{
    AccountSid, AlertRuleSid, AlertSid, ApiKeySid, CallRef, CallSid, FeedbackSummarySid, ReportId,
    SinkSid, SubscriptionSid, ViewSid,
};
use sidetone_core::rules::Rules;
use sidetone_core::sides::Sides;
use sidetone_core::time::TimeUs;
use tokio::sync::watch;

use super::delivery::new;
use super::log::{ids, take};
use super::rules::carriers;
use super::sample::{account_sid, at, call, create_account, event};
use crate::account::{
    Account, AccountSettings, Accounts, ApiKey, KeyFingerprint, ProviderSecret, Token,
};
use crate::alerts::{Alert, AlertFilter, AlertRule, AlertRuleChange, Firing};
use crate::audit::AuditEntry;
use crate::delivery::{
    Backlog, DeadLetter, Delivery, DeliveryId, EndpointId, NewDelivery, Outcome, Owed, Trimmed,
    WaitingDelivery,
};
use crate::erasure::{CallsOf, Erasure};
use crate::feed::{Change, Follower, TakeChanges};
use crate::feedback::{
    FeedbackRange, FeedbackRecord, FeedbackSummary, FeedbackSummaryStatus, Judgement, Rate, Rated,
};
use crate::judgement::batch::{AnnotateBatch, LineFate, UndoBatch, Undone};
use crate::page::{Page, PageRequest, RowKey};
use crate::people::{
    NewSession, PasswordHash, Person, PersonChange, PersonName, Session, SessionDigest,
};
use crate::prelude::*;
use crate::report::{Report, ReportKind};
use crate::retention::{Expirable, Expired, ExpiredBeside, Horizons};
use crate::rules::Published;
use crate::sdk_calls::{Opener, SdkAppended, SdkEvents};
use crate::sinks::{Sink, SinkChange, SinkFilter, Stream, SubscribedType, Subscription};
use crate::statistics::{Statistics, StatisticsQuery};
use crate::views::{View, ViewChange};
use crate::{
    Annotate, AnnotationChange, AnnotationRecord, Appended, CallRecord, CheckedCalls, Count,
    Cursor, DirtyCall, DueTimer, EventFilter, FoldedCalls, LogPart, Lookup, NewEvent, Put,
    PutSummary, Result, Scope, Shown, StoreStats, Topic,
};

/// Two handles of one database that take turns: each verb is given to the one that did not have the
/// last. So every test of the suite is one of two nodes.
pub struct Nodes {
    nodes: [Arc<dyn Store>; 2],
    turns: AtomicUsize,
}

impl Nodes {
    /// Lets two handles of one database take turns.
    #[must_use]
    pub fn taking_turns(nodes: [Arc<dyn Store>; 2]) -> Arc<dyn Store> {
        Arc::new(Self {
            nodes,
            turns: AtomicUsize::new(0),
        })
    }

    fn next(&self) -> &dyn Store {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        &*self.nodes[turn % 2]
    }
}

macro_rules! take_turns {
    ($($topic:ident { $($verb:ident($($name:ident: $type:ty),*) -> $answer:ty;)+ })+) => {
        $(#[async_trait]
        impl $topic for Nodes {
            $(async fn $verb(&self, $($name: $type),*) -> Result<$answer> {
                self.next().$verb($($name),*).await
            })+
        })+
    };
}

take_turns! {
    AccountStore {
        accounts() -> Accounts;
        api_keys() -> Vec<ApiKey>;
        account_epoch() -> u64;
        create_account(account: Account) -> ();
        create_first_account(account: Account, key: KeyFingerprint) -> ();
        key_fingerprint() -> Option<KeyFingerprint>;
        expect_key(key: KeyFingerprint) -> ();
        put_tokens(account: AccountSid, tokens: Vec<Token>, by: &str, now: TimeUs) -> ();
        put_provider_secrets(account: AccountSid, secrets: Vec<ProviderSecret>) -> ();
        put_settings(account: AccountSid, settings: AccountSettings) -> ();
        create_api_key(key: ApiKey, by: &str) -> ();
        revoke_api_key(key: ApiKeySid, by: &str, now: TimeUs) -> ();
    }
    PeopleStore {
        create_person(person: Person, by: &str) -> ();
        change_person(account: AccountSid, name: &PersonName, change: PersonChange, by: &str, now: TimeUs) -> Person;
        change_password(session: SessionDigest, proven: PasswordHash, password: PasswordHash, now: TimeUs) -> ();
        person(name: &PersonName) -> Option<Person>;
        people(account: AccountSid, page: &PageRequest) -> Page<Person>;
        open_session(session: NewSession) -> ();
        session(digest: SessionDigest, now: TimeUs) -> Option<Session>;
        prolong_session(digest: SessionDigest, expires_at: TimeUs) -> ();
        end_session(digest: SessionDigest) -> bool;
        end_all_sessions() -> u64;
    }
    AuditStore {
        note(entry: AuditEntry) -> ();
        audit(account: AccountSid, page: &PageRequest) -> Page<AuditEntry>;
    }
    ViewStore {
        create_view(view: View) -> ();
        change_view(account: AccountSid, sid: ViewSid, change: ViewChange, by: &str, now: TimeUs) -> View;
        delete_view(account: AccountSid, sid: ViewSid, by: &str, now: TimeUs) -> bool;
        view(account: AccountSid, sid: ViewSid) -> Option<View>;
        views(account: AccountSid, owner: &str) -> Vec<View>;
    }
    SinkStore {
        create_sink(sink: Sink, by: &str) -> ();
        change_sink(account: AccountSid, sid: SinkSid, change: SinkChange, now: TimeUs) -> Sink;
        delete_sink(account: AccountSid, sid: SinkSid, by: &str, now: TimeUs) -> bool;
        sink(account: AccountSid, sid: SinkSid) -> Option<Sink>;
        sinks(account: AccountSid, filter: SinkFilter, page: &PageRequest) -> Page<Sink>;
        create_subscription(subscription: Subscription, by: &str) -> ();
        describe_subscription(account: AccountSid, sid: SubscriptionSid, description: String, now: TimeUs) -> Subscription;
        delete_subscription(account: AccountSid, sid: SubscriptionSid, by: &str, now: TimeUs) -> bool;
        subscribe(account: AccountSid, sid: SubscriptionSid, subscribed: SubscribedType, by: &str, now: TimeUs) -> ();
        unsubscribe(account: AccountSid, sid: SubscriptionSid, name: &str, by: &str, now: TimeUs) -> bool;
        subscription(account: AccountSid, sid: SubscriptionSid) -> Option<Subscription>;
        subscriptions(account: AccountSid, sink: Option<SinkSid>, page: &PageRequest) -> Page<Subscription>;
        streams() -> Vec<Stream>;
    }
    AlertStore {
        create_alert_rule(rule: AlertRule, by: &str) -> ();
        change_alert_rule(account: AccountSid, sid: AlertRuleSid, change: AlertRuleChange, by: &str, now: TimeUs) -> AlertRule;
        delete_alert_rule(account: AccountSid, sid: AlertRuleSid, by: &str, now: TimeUs) -> bool;
        alert_rule(account: AccountSid, sid: AlertRuleSid) -> Option<AlertRule>;
        alert_rules(account: AccountSid, page: &PageRequest) -> Page<AlertRule>;
        all_alert_rules() -> Vec<AlertRule>;
        publish_alert_rules(rules: Vec<AlertRule>, by: &str, now: TimeUs) -> u64;
        put_alert(alert: Alert, deliveries: Vec<NewDelivery>) -> bool;
        forget_alert(account: AccountSid, sid: AlertSid, version: u32) -> bool;
        open_alerts() -> Vec<Alert>;
        fired_since(since: TimeUs) -> Vec<Firing>;
        alert(account: AccountSid, sid: AlertSid) -> Option<Alert>;
        alerts(account: AccountSid, filter: AlertFilter, page: &PageRequest) -> Page<Alert>;
        lead_alerts(now: TimeUs, until: TimeUs) -> bool;
    }
    EventLog {
        event(call: CallRef, position: u64) -> Option<CallEvent>;
        append(events: Vec<NewEvent>) -> Vec<Appended>;
        events(call: CallRef, filter: &EventFilter, page: &PageRequest) -> Page<(RowKey, CallEvent)>;
        take_dirty(limit: usize, dirty_since: TimeUs, now: TimeUs, lease_until: TimeUs, fold_version: u32) -> Vec<DirtyCall>;
        give_back(calls: Vec<CallRef>) -> ();
        folded(after: Option<Cursor>, limit: usize) -> FoldedCalls;
        read_on(call: CallRef, rest: &Cursor) -> LogPart;
        begin_dear(call: CallRef, fold_version: u32, now: TimeUs) -> u32;
        set_aside(call: CallRef, fold_version: u32, reason: String, now: TimeUs) -> ();
        refold(calls: Vec<CallRef>) -> ();
        due_timers(now: TimeUs, limit: usize) -> Vec<DueTimer>;
        defer_timers(calls: Vec<CallRef>, until: TimeUs) -> ();
        clock_set_back(now: TimeUs, settle_us: i64, call_idle_us: i64) -> u64;
    }
    SummaryStore {
        put_summaries(summaries: Vec<PutSummary>) -> Vec<Put>;
        record(scope: Scope, sid: CallSid) -> Lookup<CallRecord>;
        shown(scope: Scope, sid: CallSid, form: u8) -> Lookup<CallRecord<Shown>>;
        sip_call(account: AccountSid, sid: CallSid, at: TimeUs) -> Option<CallRef>;
        list(filter: &SummaryFilter, page: &PageRequest) -> Page<CallRecord>;
        count(filter: &SummaryFilter) -> Count;
        list_shown(filter: &SummaryFilter, page: &PageRequest, form: u8) -> Page<(RowKey, CallRecord<Shown>)>;
    }
    StatisticsStore {
        statistics(queries: &[StatisticsQuery]) -> Vec<Statistics>;
        write_segments(after: Option<Cursor>, ended_before: TimeUs, quarters_max: usize) -> Option<Cursor>;
    }
    JudgementStore {
        annotation(scope: Scope, sid: CallSid) -> Lookup<AnnotationRecord>;
        annotate(scope: Scope, sid: CallSid, change: Annotate) -> Lookup<AnnotationRecord>;
        annotation_history(call: CallRef, page: &PageRequest) -> Page<AnnotationChange>;
        annotate_batch(batch: AnnotateBatch) -> Vec<LineFate>;
        undo_batch(undo: UndoBatch) -> Option<Undone>;
    }
    FeedbackStore {
        feedback(call: CallRef) -> Lookup<Option<FeedbackRecord>>;
        rate(call: CallRef, rate: Rate) -> Lookup<Rated>;
        judgements(after: Option<Cursor>, limit: usize) -> Vec<Judgement>;
        tally_feedback(range: &FeedbackRange) -> (FeedbackTally, u64);
        awaits_fold(range: &FeedbackRange, by_then: TimeUs) -> bool;
        create_feedback_summary(summary: FeedbackSummary) -> bool;
        trim_feedback_summaries(most: usize) -> u64;
        feedback_summary(account: AccountSid, sid: FeedbackSummarySid) -> Option<FeedbackSummary>;
        delete_feedback_summary(account: AccountSid, sid: FeedbackSummarySid) -> bool;
        take_feedback_summary(now: TimeUs, lease_until: TimeUs) -> Option<FeedbackSummary>;
        finish_feedback_summary(sid: FeedbackSummarySid, status: FeedbackSummaryStatus, tell: Option<NewDelivery>, now: TimeUs) -> ();
    }
    Outbox {
        deliver(deliveries: Vec<NewDelivery>) -> ();
        due_endpoints(now: TimeUs, limit: usize) -> Vec<EndpointId>;
        take_deliveries(endpoint: EndpointId, settled: Vec<(DeliveryId, Outcome)>, limit: usize, now: TimeUs, lease_until: TimeUs) -> Vec<Delivery>;
        waiting_deliveries(owed: Owed, page: &PageRequest) -> Page<WaitingDelivery>;
        dead_letters(owed: Owed, page: &PageRequest) -> Page<DeadLetter>;
        trim_outbox(waiting_max: usize, dead_max: usize, now: TimeUs) -> Trimmed;
        sink_backlog(most: u64) -> Vec<(SinkSid, Backlog)>;
        backlog_of(sink: SinkSid, most: u64) -> Backlog;
        replay_sink(account: AccountSid, sink: SinkSid, most: usize, now: TimeUs) -> u64;
        replay(account: Option<AccountSid>, letters: Vec<DeliveryId>, now: TimeUs) -> ();
    }
    ChangeFeed {
        follow(follower: Follower) -> bool;
        unfollow(name: &str) -> bool;
        drop_behind(most: u64) -> Vec<String>;
        followers() -> Vec<Follower>;
        take_changes(taking: TakeChanges) -> Vec<Change>;
        give_back_changes(changes: Vec<Change>) -> ();
    }
    ReportStore {
        begin_report(id: ReportId, account: AccountSid, kind: ReportKind, expires_at: TimeUs) -> ();
        put_report(report: Report) -> bool;
        report(scope: Scope, id: ReportId, now: TimeUs) -> Option<Report>;
    }
    SdkCallStore {
        append_of_sdk(events: SdkEvents) -> SdkAppended;
        sdk_opener(account: AccountSid, sid: CallSid) -> Option<Opener>;
        name_sdk_calls(quiet_since: TimeUs, limit: usize) -> u64;
    }
    RuleStore {
        rules(day: i64) -> Option<Rules>;
        freeze_rules(day: i64) -> Rules;
        published_rules(newer_than: u64) -> Option<Published>;
        publish_rules(sides: Sides) -> u64;
    }
    ErasureStore {
        erase(calls: Vec<CallRef>, by: &str, now: TimeUs) -> Vec<Lookup<()>>;
        erase_again(erasures: Vec<Erasure>) -> ();
        erasures(after: Option<Cursor>, limit: usize) -> (Vec<Erasure>, Option<Cursor>);
        calls_of(address: &str, after: Option<Cursor>, limit: usize) -> CallsOf;
    }
    Retention {
        expire(horizons: Horizons, after: Option<Cursor>, limit: usize, now: TimeUs) -> Expired;
        expirable(horizons: Horizons) -> Expirable;
        expire_beside(horizons: Horizons, limit: usize) -> ExpiredBeside;
    }
    Care {
        check() -> Vec<String>;
        repair() -> Vec<String>;
        check_calls(after: Option<Cursor>, limit: usize) -> CheckedCalls;
        probe() -> u64;
        stats() -> StoreStats;
    }
}

impl Wakeups for Nodes {
    fn wakeups(&self, topic: Topic) -> watch::Receiver<u64> {
        self.next().wakeups(topic)
    }
}

impl Store for Nodes {}

const URL: &str = "https://example.com/hook";

/// Calls that a node was folding when it died are folded by another at once, and nothing is lost of
/// them.
pub async fn calls_of_a_dead_node_are_folded([one, other]: [Arc<dyn Store>; 2]) {
    create_account(&*one).await;
    let events = [(1, 5), (2, 6), (3, 99)].map(|(n, second)| event(call(n), "a", second));
    one.append(events.into()).await.unwrap();
    assert_eq!(take(&*one, 10).await.len(), 2);
    assert_eq!(take(&*other, 10).await.len(), 0);
    drop(one);
    let taken = take(&*other, 10).await;
    let calls: Vec<_> = taken.iter().map(|dirty| dirty.call).collect();
    assert_eq!(calls, [call(1), call(2)]);
    assert_eq!(ids(&taken[0].events), ["a"]);
    assert_eq!(take(&*other, 69).await.len(), 0);
    assert_eq!(take(&*other, 99).await.len(), 3, "the leases are over");
}

/// So are summaries of feedback made, and deliveries sent.
pub async fn jobs_of_a_dead_node_are_done([one, other]: [Arc<dyn Store>; 2]) {
    create_account(&*one).await;
    let job = FeedbackSummary {
        sid: FeedbackSummarySid::from_bytes([1; 16]),
        range: FeedbackRange {
            account: account_sid(1),
            include_subaccounts: false,
            days: 0..=3,
        },
        status: FeedbackSummaryStatus::Queued,
        created_at: at(1),
        updated_at: at(1),
        callback: None,
    };
    one.create_feedback_summary(job).await.unwrap();
    let delivery = new(1, URL, Some(7));
    let endpoint = delivery.content.endpoint(delivery.account);
    one.deliver(vec![delivery]).await.unwrap();
    let summary = async |node: &dyn Store, now| {
        let taken = node.take_feedback_summary(at(now), at(now + 60)).await;
        taken.unwrap().is_some()
    };
    let deliveries = async |node: &dyn Store, now| {
        let taken = node
            .take_deliveries(endpoint, Vec::new(), 9, at(now), at(now + 60))
            .await;
        taken.unwrap().len()
    };
    assert!(summary(&*one, 10).await);
    assert_eq!(deliveries(&*one, 10).await, 1);
    assert!(!summary(&*other, 11).await);
    assert_eq!(deliveries(&*other, 11).await, 0);
    drop(one);
    assert!(summary(&*other, 12).await);
    assert_eq!(deliveries(&*other, 12).await, 1);
}

/// Whoever waits is woken by what another node wrote, for each topic by what is of it.
pub async fn wakes_other_nodes([one, other]: [Arc<dyn Store>; 2]) {
    create_account(&*one).await;
    let mut bells = Topic::ALL.map(|topic| other.wakeups(topic));
    let mut rung = async || {
        let mut rung = Vec::new();
        for (bell, topic) in bells.iter_mut().zip(Topic::ALL) {
            if tokio::time::timeout(Duration::from_millis(50), bell.changed())
                .await
                .is_ok()
            {
                rung.push(topic);
            }
        }
        rung
    };
    assert_eq!(rung().await, []);
    one.append(vec![event(call(1), "a", 1)]).await.unwrap();
    assert_eq!(rung().await, [Topic::Calls]);
    one.append(vec![event(call(1), "a", 1)]).await.unwrap();
    assert_eq!(rung().await, [], "it was there already");
    one.deliver(vec![new(1, URL, None)]).await.unwrap();
    assert_eq!(rung().await, [Topic::Deliveries]);
    one.publish_rules(carriers(&["A"])).await.unwrap();
    assert_eq!(rung().await, [Topic::Rules]);
    one.publish_rules(carriers(&["A"])).await.unwrap();
    assert_eq!(rung().await, [], "nothing else was said");
}
