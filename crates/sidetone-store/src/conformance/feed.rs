//! The change feed.

use std::sync::Arc;
use std::time::Duration;

use sidetone_core::event::EventKind;
use sidetone_core::id::CallRef;

use super::delivery::new;
use super::random::Random;
use super::sample::{
    account_sid, at, call, call_sid, create_account, event, put, scope, score, summary,
};
use crate::feed::{Change, Changed, Follower, TakeChanges};
use crate::feedback::Rate;
use crate::prelude::*;
use crate::{Lookup, StoreError, Topic};

const ONE: &str = "one";
const OTHER: &str = "other";

async fn follow(store: &dyn Store, name: &str, events: &[EventKind]) -> bool {
    let follower = Follower {
        name: name.into(),
        events: events.to_vec(),
    };
    store.follow(follower).await.unwrap()
}

fn taking(name: &str, settled: Vec<Change>, limit: usize, second: i64) -> TakeChanges {
    TakeChanges {
        follower: name.into(),
        settled,
        deliveries: Vec::new(),
        limit,
        now: at(second),
        lease_until: at(second + 60),
    }
}

async fn take(store: &dyn Store, name: &str, settled: Vec<Change>, second: i64) -> Vec<Change> {
    let taking = taking(name, settled, 100, second);
    store.take_changes(taking).await.unwrap()
}

async fn score_call(store: &dyn Store, n: u64, said: u8) {
    let annotated = store.annotate(scope(1), call_sid(n), score(said)).await;
    assert!(matches!(annotated.unwrap(), Lookup::Found(_)));
}

fn told(changes: &[Change]) -> Vec<(CallRef, Changed)> {
    changes
        .iter()
        .map(|change| (change.call, change.changed.clone()))
        .collect()
}

fn revision(revision: u64) -> Changed {
    Changed::Annotation {
        author: String::new(),
        revision,
    }
}

fn revisions(changes: &[Change]) -> Vec<(CallRef, u64)> {
    changes
        .iter()
        .filter_map(|change| match change.changed {
            Changed::Annotation { revision, .. } => Some((change.call, revision)),
            _ => None,
        })
        .collect()
}

/// Each change is told once to who follows, and what came before he did is not; what changes
/// nothing is no change.
pub async fn tells_what_changed(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.append(vec![event(call(1), "a", 1)]).await.unwrap();
    follow(&*store, ONE, &[EventKind::Progress]).await;
    assert_eq!(take(&*store, ONE, Vec::new(), 5).await, []);
    store
        .append(vec![event(call(1), "b", 6), event(call(1), "b", 6)])
        .await
        .unwrap();
    for _ in 0..2 {
        let put = put(summary(call(1), 0, Some(60)), 2);
        store.put_summaries(vec![put]).await.unwrap();
        score_call(&*store, 1, 4).await;
    }
    let by_agent = crate::Annotate {
        author: "agent".into(),
        ..score(2)
    };
    store
        .annotate(scope(1), call_sid(1), by_agent)
        .await
        .unwrap();
    let rate = Rate {
        by: "test".into(),
        patch: sidetone_core::feedback::FeedbackPatch {
            score: Some(3),
            ..Default::default()
        },
        now: at(9),
        accept_unknown: false,
        only_first: false,
        mirror: false,
    };
    store.rate(call(1), rate).await.unwrap();
    let changes = take(&*store, ONE, Vec::new(), 11).await;
    let expected = [
        Changed::Event {
            kind: EventKind::Progress,
            position: 2,
        },
        Changed::Summary {
            version: 1,
            is_complete: true,
        },
        revision(1),
        Changed::Annotation {
            author: "agent".into(),
            revision: 1,
        },
        Changed::Feedback,
    ];
    assert_eq!(told(&changes), expected.map(|changed| (call(1), changed)));
    assert_eq!((changes[0].at, changes[4].at), (at(6), at(9)));
    assert_eq!(
        take(&*store, ONE, Vec::new(), 12).await,
        [],
        "they are leased"
    );
    assert_eq!(take(&*store, ONE, changes, 13).await, []);
    assert_eq!(
        take(&*store, ONE, Vec::new(), 900).await,
        [],
        "they are settled"
    );
}

/// What a version was stays told, whatever the summary has become.
pub async fn tells_which_versions_were_complete(store: Arc<dyn Store>) {
    create_account(&*store).await;
    follow(&*store, ONE, &[]).await;
    for ended in [None, Some(60), None] {
        let put = put(summary(call(1), 0, ended), 0);
        store.put_summaries(vec![put]).await.unwrap();
    }
    let changes = take(&*store, ONE, Vec::new(), 1).await;
    let version = |version, is_complete| Changed::Summary {
        version,
        is_complete,
    };
    let expected = [version(1, false), version(2, true), version(3, false)];
    assert_eq!(told(&changes), expected.map(|changed| (call(1), changed)));
}

/// Each follower has its own pace, and follows what it asked for last; one that ends forgets what
/// it was not told.
pub async fn keeps_followers_apart(store: Arc<dyn Store>) {
    create_account(&*store).await;
    follow(&*store, ONE, &[]).await;
    follow(&*store, OTHER, &[EventKind::Progress]).await;
    store.append(vec![event(call(1), "a", 1)]).await.unwrap();
    assert_eq!(take(&*store, ONE, Vec::new(), 2).await, []);
    assert_eq!(take(&*store, OTHER, Vec::new(), 2).await.len(), 1);
    follow(&*store, ONE, &[EventKind::Progress, EventKind::Sip]).await;
    store.append(vec![event(call(2), "a", 3)]).await.unwrap();
    let changes = take(&*store, ONE, Vec::new(), 4).await;
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].call, call(2));
    let followers = store.followers().await.unwrap();
    let events = |n: usize| followers[n].events.clone();
    assert_eq!(followers.len(), 2);
    assert_eq!(events(0), [EventKind::Progress, EventKind::Sip]);
    assert_eq!(events(1), [EventKind::Progress]);
    assert!(store.unfollow(ONE).await.unwrap());
    assert!(!store.unfollow(ONE).await.unwrap());
    let old = changes.clone();
    let taken = store.take_changes(taking(ONE, changes, 9, 5)).await;
    assert!(matches!(taken, Err(StoreError::NotFound(_))));
    assert!(follow(&*store, ONE, &[EventKind::Progress]).await);
    assert_eq!(take(&*store, ONE, Vec::new(), 900).await, []);
    // What was taken before is none of the new follower's, even if that has the first number again.
    store.append(vec![event(call(2), "b", 6)]).await.unwrap();
    assert_eq!(take(&*store, ONE, old, 7).await.len(), 1);
    assert_eq!(take(&*store, OTHER, Vec::new(), 900).await.len(), 3);
}

/// Of one call, a later change is given to nobody while somebody has an earlier one: until it is
/// settled, given back, or its lease is over.
pub async fn keeps_the_order_of_a_call(store: Arc<dyn Store>) {
    create_account(&*store).await;
    for n in [1, 2] {
        let put = put(summary(call(n), 0, Some(60)), 0);
        store.put_summaries(vec![put]).await.unwrap();
    }
    follow(&*store, ONE, &[]).await;
    for (n, said) in [(1, 1), (1, 2), (2, 1), (1, 3)] {
        score_call(&*store, n, said).await;
    }
    let take_one = async |settled, second| {
        let taking = taking(ONE, settled, 1, second);
        store.take_changes(taking).await.unwrap()
    };
    let first = take_one(Vec::new(), 1).await;
    assert_eq!(revisions(&first), [(call(1), 1)]);
    let second = take_one(Vec::new(), 2).await;
    assert_eq!(revisions(&second), [(call(2), 1)]);
    assert_eq!(take_one(Vec::new(), 3).await, []);
    store.give_back_changes(first).await.unwrap();
    let again = take_one(Vec::new(), 4).await;
    assert_eq!(revisions(&again), [(call(1), 1)]);
    let next = take_one(again, 5).await;
    assert_eq!(revisions(&next), [(call(1), 2)]);
    let rest = take(&*store, ONE, Vec::new(), 66).await;
    let expected = [(call(1), 2), (call(2), 1), (call(1), 3)];
    assert_eq!(revisions(&rest), expected, "the leases are over");
    assert_eq!(take(&*store, ONE, next, 67).await, []);
    assert_eq!(take(&*store, ONE, rest, 68).await, []);
    assert_eq!(take(&*store, ONE, Vec::new(), 900).await, []);
}

/// What is delivered because of changes is added with their settling, or neither is.
pub async fn settles_with_what_is_delivered(store: Arc<dyn Store>) {
    create_account(&*store).await;
    follow(&*store, ONE, &[EventKind::Progress]).await;
    store.append(vec![event(call(1), "a", 1)]).await.unwrap();
    let settled = take(&*store, ONE, Vec::new(), 2).await;
    assert_eq!(settled.len(), 1);
    let mut foreign = new(1, "https://example.com/hook", None);
    foreign.account = account_sid(9);
    let with = |settled: &[Change], delivery| TakeChanges {
        deliveries: vec![delivery],
        ..taking(ONE, settled.to_vec(), 9, 3)
    };
    let refused = store.take_changes(with(&settled, foreign)).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))));
    let again = take(&*store, ONE, Vec::new(), 63).await;
    assert_eq!(told(&again), told(&settled), "it was not settled");
    // Whoever had it before has no say any more.
    assert_eq!(take(&*store, ONE, settled, 64).await, []);
    assert_eq!(take(&*store, ONE, Vec::new(), 65).await, []);
    let ours = new(2, "https://example.com/hook", None);
    assert_eq!(store.take_changes(with(&again, ours)).await.unwrap(), []);
    assert_eq!(store.stats().await.unwrap().deliveries_waiting, 1);
    assert_eq!(take(&*store, ONE, Vec::new(), 900).await, []);
}

/// Followers that die at any step lose nothing, and are told of each call in order: what was
/// settled never again.
pub async fn followers_that_die_lose_nothing(store: Arc<dyn Store>) {
    const CALLS: u64 = 5;
    const CHANGES: u64 = 60;
    create_account(&*store).await;
    follow(&*store, ONE, &[]).await;
    for n in 1..=CALLS {
        let put = put(summary(call(n), 0, Some(60)), 0);
        store.put_summaries(vec![put]).await.unwrap();
    }
    let changing = Arc::clone(&store);
    let changes = tokio::spawn(async move {
        for n in 0..CHANGES {
            let said = u8::try_from(1 + (n / CALLS) % 2).unwrap();
            score_call(&*changing, 1 + n % CALLS, said).await;
        }
    });
    let mut random = Random::new(11);
    let mut settled_until = [0; CALLS as usize + 1];
    let (mut second, mut done) = (0, Vec::new());
    let is_last = |settled: &[u64]| settled.iter().sum::<u64>() == CHANGES;
    for _ in 0..10_000 {
        second += 1;
        let limit = 1 + random.below(4);
        let taking = taking(ONE, std::mem::take(&mut done), limit, second);
        let taken = store.take_changes(taking).await.unwrap();
        if taken.is_empty() {
            // Whoever writes is slow on a busy machine.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for (of, revision) in revisions(&taken) {
            let n = (1..=CALLS).find(|n| call(*n) == of).unwrap();
            let before = &mut settled_until[usize::try_from(n).unwrap()];
            assert_eq!(revision, *before + 1, "call {n}");
            *before = revision;
        }
        if random.below(3) == 0 {
            // It dies with what it has: its leases run out, and all that it had taken comes again.
            for (of, revision) in revisions(&taken).into_iter().rev() {
                let n = (1..=CALLS).find(|n| call(*n) == of).unwrap();
                settled_until[usize::try_from(n).unwrap()] = revision - 1;
            }
            second += 100;
        } else {
            done = taken;
        }
        if done.is_empty() && is_last(&settled_until) {
            break;
        }
        tokio::task::yield_now().await;
    }
    changes.await.unwrap();
    assert!(is_last(&settled_until), "{settled_until:?}");
    assert_eq!(take(&*store, ONE, Vec::new(), second + 900).await, []);
}

/// A follower for whom too much waits is dropped with all of it, also while it has some in hand; it
/// sees that, and begins anew. Others go on as if nothing had been.
pub async fn drops_who_stays_behind(store: Arc<dyn Store>) {
    create_account(&*store).await;
    assert!(follow(&*store, ONE, &[EventKind::Progress]).await);
    assert!(!follow(&*store, ONE, &[EventKind::Progress]).await);
    assert!(follow(&*store, OTHER, &[EventKind::Progress]).await);
    for id in ["a", "b", "c"] {
        store.append(vec![event(call(1), id, 1)]).await.unwrap();
    }
    let settled = take(&*store, OTHER, Vec::new(), 2).await;
    assert_eq!(take(&*store, OTHER, settled, 3).await, []);
    let held = store.take_changes(taking(ONE, Vec::new(), 1, 4)).await;
    let held = held.unwrap();
    assert_eq!(store.drop_behind(3).await.unwrap(), Vec::<String>::new());
    assert_eq!(store.drop_behind(2).await.unwrap(), [ONE]);
    assert_eq!(store.followers().await.unwrap().len(), 1);
    let taken = store.take_changes(taking(ONE, held.clone(), 9, 5)).await;
    assert!(matches!(taken, Err(StoreError::NotFound(_))));
    assert!(follow(&*store, ONE, &[EventKind::Progress]).await);
    store.append(vec![event(call(1), "d", 6)]).await.unwrap();
    let fourth = Changed::Event {
        kind: EventKind::Progress,
        position: 4,
    };
    let changes = take(&*store, ONE, held, 7).await;
    assert_eq!(told(&changes), [(call(1), fourth.clone())]);
    let changes = take(&*store, OTHER, Vec::new(), 7).await;
    assert_eq!(told(&changes), [(call(1), fourth)]);
}

/// What a node had taken when it died is given to another at once; and nodes wake each other.
pub async fn changes_of_a_dead_node_are_told([one, other]: [Arc<dyn Store>; 2]) {
    create_account(&*one).await;
    let mut wakeups = other.wakeups(Topic::Changes);
    one.append(vec![event(call(1), "a", 1)]).await.unwrap();
    assert!(!wakeups.has_changed().unwrap(), "nobody follows");
    follow(&*one, ONE, &[EventKind::Progress]).await;
    one.append(vec![event(call(1), "b", 2)]).await.unwrap();
    let woken = tokio::time::timeout(Duration::from_secs(10), wakeups.changed());
    woken.await.expect("a wake-up").unwrap();
    let taken = take(&*one, ONE, Vec::new(), 3).await;
    assert_eq!(taken.len(), 1);
    assert_eq!(take(&*other, ONE, Vec::new(), 4).await, []);
    drop(one);
    let again = take(&*other, ONE, Vec::new(), 5).await;
    assert_eq!(told(&again), told(&taken));
    assert_eq!(take(&*other, ONE, again, 6).await, []);
}
