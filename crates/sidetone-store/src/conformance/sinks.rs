//! Sinks and subscriptions: kept for their account, used once, and bounded.

use std::sync::Arc;
use std::time::Duration;

use sidetone_core::id::{SinkSid, SubscriptionSid};

use super::sample::{account, account_sid, at, create_account};
use crate::audit::Deed;
use crate::page::{Page, PageRequest, Start};
use crate::sinks::{
    SINKS_MAX, Sink, SinkChange, SinkFilter, SinkKind, SinkStatus, Stream, SubscribedType,
    Subscription, TYPES_MAX,
};
use crate::{Conflict, Result, Store, StoreError, Topic};

/// A sink's identifier.
#[must_use]
pub fn sink_sid(n: u64) -> SinkSid {
    SinkSid::from_bytes(u128::from(n).to_be_bytes())
}

fn subscription_sid(n: u64) -> SubscriptionSid {
    SubscriptionSid::from_bytes(u128::from(n).to_be_bytes())
}

/// An active webhook of the first account.
#[must_use]
pub fn sink(n: u64) -> Sink {
    Sink {
        sid: sink_sid(n),
        account: account_sid(1),
        description: format!("Sink {n}"),
        kind: SinkKind::Webhook,
        configuration: vec![0, 0xff, 7],
        status: SinkStatus::Active,
        test: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

fn of_type(name: &str, schema_version: u32) -> SubscribedType {
    SubscribedType {
        name: name.to_owned(),
        schema_version,
    }
}

/// A subscription of the sink of the same number.
#[must_use]
pub fn subscription(n: u64) -> Subscription {
    Subscription {
        sid: subscription_sid(n),
        account: account_sid(1),
        sink: sink_sid(n),
        description: format!("Subscription {n}"),
        selection: "Tag=silence&PersonalData=hash".to_owned(),
        types: vec![of_type("call-summary.complete", 7), of_type("\"ä\"", 1)],
        created_at: at(1),
        updated_at: at(1),
    }
}

/// Keeps some sinks of the first account.
pub async fn keep(store: &dyn Store, sinks: &[u64]) {
    for n in sinks {
        assert_eq!(store.create_sink(sink(*n), "anna").await, Ok(()));
    }
}

async fn change(store: &dyn Store, n: u64, change: SinkChange) -> Result<Sink> {
    let changed = store.change_sink(account_sid(1), sink_sid(n), change, at(9));
    changed.await
}

async fn turn(store: &dyn Store, n: u64, status: SinkStatus) {
    let to = SinkChange {
        status: Some(status),
        ..SinkChange::default()
    };
    assert_eq!(change(store, n, to).await.map(|it| it.status), Ok(status));
}

const WHOLE: PageRequest = PageRequest {
    start: Start::First { skip: 0 },
    size: 100,
};

async fn listed(store: &dyn Store, of: u8, filter: SinkFilter) -> Vec<Sink> {
    let page = store.sinks(account_sid(of), filter, &WHOLE).await.unwrap();
    assert_eq!(page.damaged, [""; 0]);
    page.rows
}

async fn subscribed(store: &dyn Store, of: u8, sink: Option<SinkSid>) -> Vec<Subscription> {
    let page = store.subscriptions(account_sid(of), sink, &WHOLE).await;
    page.unwrap().rows
}

/// Pages of two, from the first to the last, and back from there.
async fn both_ways<T: Clone + PartialEq + std::fmt::Debug>(
    read: impl AsyncFn(PageRequest) -> Page<T>,
) -> Vec<Vec<T>> {
    let mut start = Start::First { skip: 0 };
    let mut pages: Vec<Vec<T>> = Vec::new();
    loop {
        let page = read(PageRequest { start, size: 2 }).await;
        if let Some(before) = page.before {
            let start = Start::Before(before);
            let back = read(PageRequest { start, size: 2 }).await;
            assert_eq!(Some(&back.rows), pages.last());
        }
        pages.push(page.rows);
        match page.after {
            Some(place) => start = Start::After(place),
            None => return pages,
        }
    }
}

/// A sink is its account's alone, and what is changed of it is different while the rest stays.
pub async fn keeps_sinks_of_accounts(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    store.create_account(account(2, Some(1))).await.unwrap();
    let segment = Sink {
        account: account_sid(2),
        kind: SinkKind::Segment,
        status: SinkStatus::Initialized,
        test: Some("d41d8cd9".to_owned()),
        ..sink(4)
    };
    keep(store, &[1, 2, 3]).await;
    assert_eq!(store.create_sink(segment.clone(), "anna").await, Ok(()));
    let all = SinkFilter::default();
    assert_eq!(listed(store, 1, all).await, [sink(3), sink(2), sink(1)]);
    assert_eq!(listed(store, 2, all).await, std::slice::from_ref(&segment));
    assert_eq!(listed(store, 9, all).await, []);
    let of_kind = SinkFilter {
        kinds: &[SinkKind::Segment, SinkKind::Slack],
        ..all
    };
    assert_eq!(listed(store, 1, of_kind).await, []);
    assert_eq!(
        listed(store, 2, of_kind).await,
        std::slice::from_ref(&segment)
    );
    let pages = both_ways(async |page| store.sinks(account_sid(1), all, &page).await.unwrap());
    assert_eq!(pages.await, [vec![sink(3), sink(2)], vec![sink(1)]]);
    let found = store.sink(account_sid(2), sink_sid(4)).await;
    assert_eq!(found, Ok(Some(segment)));
    for (of, n) in [(2, 3), (1, 4), (9, 3), (1, 7)] {
        let (of, sid) = (account_sid(of), sink_sid(n));
        assert_eq!(store.sink(of, sid).await, Ok(None));
        assert_eq!(store.delete_sink(of, sid, "anna", at(9)).await, Ok(false));
        let changed = store.change_sink(of, sid, SinkChange::default(), at(9));
        assert!(matches!(changed.await, Err(StoreError::NotFound(_))));
    }
    let homeless = Sink {
        account: account_sid(9),
        ..sink(5)
    };
    let homeless = store.create_sink(homeless, "anna").await;
    assert!(matches!(homeless, Err(StoreError::NotFound(_))));

    let same = change(store, 1, SinkChange::default()).await;
    assert_eq!(same, Ok(sink(1)), "nothing was changed");
    let tested = SinkChange {
        status: Some(SinkStatus::Validating),
        test: Some(Some("a test".to_owned())),
        ..SinkChange::default()
    };
    let expected = Sink {
        status: SinkStatus::Validating,
        test: Some("a test".to_owned()),
        updated_at: at(9),
        ..sink(1)
    };
    assert_eq!(change(store, 1, tested).await, Ok(expected.clone()));
    let named = SinkChange {
        description: Some("Ours".to_owned()),
        ..SinkChange::default()
    };
    let expected = Sink {
        description: "Ours".to_owned(),
        ..expected
    };
    assert_eq!(change(store, 1, named).await, Ok(expected.clone()));
    let found = store.sink(account_sid(1), sink_sid(1)).await;
    assert_eq!(found, Ok(Some(expected.clone())));
    let confirmed = SinkChange {
        test: Some(None),
        ..SinkChange::default()
    };
    let expected = Sink {
        test: None,
        ..expected
    };
    assert_eq!(change(store, 1, confirmed).await, Ok(expected.clone()));

    let of = |status| SinkFilter {
        status: Some(status),
        ..SinkFilter::default()
    };
    let validating = listed(store, 1, of(SinkStatus::Validating)).await;
    assert_eq!(validating, [expected]);
    assert_eq!(listed(store, 1, of(SinkStatus::Failed)).await, []);
    let active = listed(store, 1, of(SinkStatus::Active)).await;
    assert_eq!(active, [sink(3), sink(2)]);
}

/// A sink has one subscription, made while it is active, and is not deleted as long as it has it.
pub async fn subscribes_a_sink_once(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    store.create_account(account(2, Some(1))).await.unwrap();
    keep(store, &[1, 2, 3]).await;
    let of_other = Subscription {
        account: account_sid(2),
        ..subscription(1)
    };
    for unknown in [of_other, subscription(7)] {
        let refused = store.create_subscription(unknown, "bert").await;
        assert!(matches!(refused, Err(StoreError::NotFound(_))));
    }
    for status in [
        SinkStatus::Initialized,
        SinkStatus::Validating,
        SinkStatus::Failed,
    ] {
        turn(store, 1, status).await;
        let refused = store.create_subscription(subscription(1), "bert").await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{status}");
    }
    turn(store, 1, SinkStatus::Active).await;
    for n in [1, 2] {
        let made = store.create_subscription(subscription(n), "bert").await;
        assert_eq!(made, Ok(()));
    }
    let in_use = |n| StoreError::Conflict(Conflict::SinkInUse(sink_sid(n).to_string()));
    let second = Subscription {
        sink: sink_sid(1),
        ..subscription(9)
    };
    let refused = store.create_subscription(second, "bert").await;
    assert_eq!(refused, Err(in_use(1)));
    let (own, foreign) = (account_sid(1), account_sid(2));
    let refused = store.delete_sink(own, sink_sid(1), "bert", at(9)).await;
    assert_eq!(refused, Err(in_use(1)));
    let used = |is_used| SinkFilter {
        is_used: Some(is_used),
        ..SinkFilter::default()
    };
    let sids = |sinks: Vec<Sink>| sinks.iter().map(|it| it.sid).collect::<Vec<_>>();
    let found = sids(listed(store, 1, used(true)).await);
    assert_eq!(found, [sink_sid(2), sink_sid(1)]);
    assert_eq!(sids(listed(store, 1, used(false)).await), [sink_sid(3)]);

    let both = [subscription(2), subscription(1)];
    assert_eq!(subscribed(store, 1, None).await, both);
    assert_eq!(subscribed(store, 1, Some(sink_sid(2))).await, both[..1]);
    assert_eq!(subscribed(store, 1, Some(sink_sid(3))).await, []);
    assert_eq!(subscribed(store, 2, None).await, []);
    assert_eq!(subscribed(store, 2, Some(sink_sid(2))).await, []);
    let found = store.subscription(own, subscription_sid(1)).await;
    assert_eq!(found, Ok(Some(subscription(1))));
    let sid = subscription_sid(1);
    let not_found = |refused: Result<()>| matches!(refused, Err(StoreError::NotFound(_)));
    assert_eq!(store.subscription(foreign, sid).await, Ok(None));
    let told = store.describe_subscription(foreign, sid, String::new(), at(9));
    assert!(not_found(told.await.map(|_| ())));
    let more = store.subscribe(foreign, sid, of_type("a", 1), "dora", at(9));
    assert!(not_found(more.await));
    let less = store.unsubscribe(foreign, sid, "call-summary.complete", "dora", at(9));
    assert!(not_found(less.await.map(|_| ())));
    let gone = store.delete_subscription(foreign, sid, "bert", at(9));
    assert_eq!(gone.await, Ok(false));
    assert_eq!(subscribed(store, 1, None).await, both);

    let more = store.subscribe(own, sid, of_type("a", 1), "dora", at(9));
    assert_eq!(more.await, Ok(()));
    let less = store.unsubscribe(own, sid, "a", "dora", at(9));
    assert_eq!(less.await, Ok(true));
    for (n, expected) in [(1, true), (1, false)] {
        let gone = store.delete_subscription(own, subscription_sid(n), "cleo", at(10));
        assert_eq!(gone.await, Ok(expected));
    }
    let sink = store.sink(own, sink_sid(1)).await.unwrap().unwrap();
    assert_eq!(
        sink.status,
        SinkStatus::Active,
        "it may be subscribed again"
    );
    for (n, expected) in [(1, true), (1, false)] {
        let gone = store.delete_sink(own, sink_sid(n), "cleo", at(11));
        assert_eq!(gone.await, Ok(expected));
    }
    assert_eq!(store.sink(own, sink_sid(1)).await, Ok(None));

    let log = store.audit(own, &WHOLE).await.unwrap().rows;
    let told: Vec<_> = log
        .iter()
        .map(|entry| {
            assert_eq!(entry.what, Deed::SinkChanged);
            (&*entry.who, &*entry.target, &*entry.detail)
        })
        .collect();
    let names = [1, 2, 3].map(|n| sink_sid(n).to_string());
    let expected = [
        ("cleo", &*names[0], "deleted"),
        ("cleo", &*names[0], "unsubscribed"),
        ("dora", &*names[0], "unsubscribed from a"),
        ("dora", &*names[0], "subscribed to a 1"),
        ("bert", &*names[1], "subscribed"),
        ("bert", &*names[0], "subscribed"),
        ("anna", &*names[2], "created"),
        ("anna", &*names[1], "created"),
        ("anna", &*names[0], "created"),
    ];
    assert_eq!(told, expected);
}

/// Types come and go one by one, and whoever streams sees what is streamed, of all accounts.
pub async fn tells_what_is_streamed(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    store.create_account(account(2, None)).await.unwrap();
    assert_eq!(store.streams().await, Ok(Vec::new()));
    keep(store, &[1, 2]).await;
    let of_other = Sink {
        account: account_sid(2),
        ..sink(3)
    };
    store.create_sink(of_other.clone(), "anna").await.unwrap();
    let elsewhere = Subscription {
        account: account_sid(2),
        selection: String::new(),
        types: Vec::new(),
        ..subscription(3)
    };
    for made in [elsewhere.clone(), subscription(1)] {
        store.create_subscription(made, "anna").await.unwrap();
    }
    let (own, sid) = (account_sid(1), subscription_sid(1));
    let described = store.describe_subscription(own, sid, "Ours".to_owned(), at(5));
    let expected = Subscription {
        description: "Ours".to_owned(),
        updated_at: at(5),
        ..subscription(1)
    };
    assert_eq!(described.await, Ok(expected.clone()));
    for (name, version) in [("b", 2), ("a", 1), ("b", 3), ("b", 3)] {
        let more = store.subscribe(own, sid, of_type(name, version), "dora", at(6));
        assert_eq!(more.await, Ok(()));
    }
    for (name, expected) in [("call-summary.complete", true), ("c", false)] {
        let less = store.unsubscribe(own, sid, name, "dora", at(7));
        assert_eq!(less.await, Ok(expected), "{name}");
    }
    let expected = Subscription {
        types: vec![of_type("\"ä\"", 1), of_type("b", 3), of_type("a", 1)],
        updated_at: at(7),
        ..expected
    };
    let found = store.subscription(own, sid).await;
    assert_eq!(found, Ok(Some(expected.clone())));
    let streams = [
        Stream {
            sink: of_other,
            subscription: elsewhere,
        },
        Stream {
            sink: sink(1),
            subscription: expected,
        },
    ];
    assert_eq!(store.streams().await.as_deref(), Ok(&streams[..]));
    store
        .delete_subscription(own, sid, "anna", at(8))
        .await
        .unwrap();
    assert_eq!(store.streams().await.as_deref(), Ok(&streams[..1]));
}

/// An account has so many sinks, and a subscription so many types, each once.
pub async fn sinks_are_bounded(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    store.create_account(account(2, None)).await.unwrap();
    let most = SINKS_MAX as u64;
    keep(store, &(0..most).collect::<Vec<_>>()).await;
    let is_invalid = |refused: Result<()>| matches!(refused, Err(StoreError::Invalid(_)));
    assert!(is_invalid(store.create_sink(sink(most), "anna").await));
    let of_other = Sink {
        account: account_sid(2),
        ..sink(most)
    };
    assert_eq!(store.create_sink(of_other, "anna").await, Ok(()));
    let gone = store.delete_sink(account_sid(1), sink_sid(7), "anna", at(1));
    assert_eq!(gone.await, Ok(true));
    keep(store, &[most + 1]).await;

    let with = |types: Vec<SubscribedType>| Subscription {
        types,
        ..subscription(1)
    };
    let many = |count: usize| (0..count).map(|n| of_type(&n.to_string(), 1)).collect();
    let twice = with(vec![of_type("a", 1), of_type("a", 2)]);
    for wrong in [with(many(TYPES_MAX + 1)), twice] {
        assert!(is_invalid(store.create_subscription(wrong, "anna").await));
    }
    let made = store.create_subscription(with(many(TYPES_MAX)), "anna");
    assert_eq!(made.await, Ok(()));
    let (own, sid) = (account_sid(1), subscription_sid(1));
    let more = store
        .subscribe(own, sid, of_type("more", 1), "dora", at(2))
        .await;
    assert!(is_invalid(more));
    let newer = store
        .subscribe(own, sid, of_type("7", 2), "dora", at(2))
        .await;
    assert_eq!(newer, Ok(()));
    assert_eq!(
        store.unsubscribe(own, sid, "8", "dora", at(2)).await,
        Ok(true)
    );
    let more = store
        .subscribe(own, sid, of_type("more", 1), "dora", at(2))
        .await;
    assert_eq!(more, Ok(()));
}

/// Whoever streams on another node is woken by what changes it, and by nothing else.
pub async fn wakes_who_streams([one, other]: [Arc<dyn Store>; 2]) {
    create_account(&*one).await;
    let mut bell = other.wakeups(Topic::Streams);
    let mut rung = async || {
        let changed = tokio::time::timeout(Duration::from_millis(50), bell.changed());
        changed.await.is_ok()
    };
    let (own, sid) = (account_sid(1), subscription_sid(1));
    keep(&*one, &[1]).await;
    assert!(rung().await, "a sink was made");
    turn(&*one, 1, SinkStatus::Failed).await;
    assert!(rung().await, "it was changed");
    turn(&*one, 1, SinkStatus::Failed).await;
    assert!(!rung().await, "it was so already");
    let refused = one.create_subscription(subscription(1), "anna").await;
    assert!(refused.is_err());
    assert!(!rung().await, "it was refused");
    turn(&*one, 1, SinkStatus::Active).await;
    assert!(rung().await, "it was changed");
    let made = one.create_subscription(subscription(1), "anna");
    made.await.unwrap();
    assert!(rung().await, "it was subscribed");
    let more = one.subscribe(own, sid, of_type("a", 1), "dora", at(2));
    more.await.unwrap();
    assert!(rung().await, "a type came");
    assert!(!one.unsubscribe(own, sid, "b", "dora", at(2)).await.unwrap());
    assert!(!rung().await, "no type went");
    assert!(one.unsubscribe(own, sid, "a", "dora", at(2)).await.unwrap());
    assert!(rung().await, "a type went");
    let gone = one.delete_subscription(own, sid, "anna", at(2));
    assert!(gone.await.unwrap());
    assert!(rung().await, "it is subscribed no more");
    let gone = one.delete_sink(own, sink_sid(1), "anna", at(2));
    assert!(gone.await.unwrap());
    assert!(rung().await, "it was deleted");
    assert_eq!(other.streams().await, Ok(Vec::new()));
}
