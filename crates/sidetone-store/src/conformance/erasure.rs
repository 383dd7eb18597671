//! Erasing calls.

use std::sync::Arc;

use sidetone_core::id::CallRef;

use super::delivery::{URL, new};
use super::sample::{
    account, account_sid, at, call, call_sid, create_account, erase, event, put, scope, score,
    summary,
};
use super::sdk_calls::wait_for_a_name;
use crate::delivery::NewDelivery;
use crate::erasure::Erasure;
use crate::feed::{Changed, Follower, TakeChanges};
use crate::page::{PageRequest, Start};
use crate::{Appended, EventFilter, Lookup, Put, Store};

const PAGE: PageRequest = PageRequest {
    start: Start::First { skip: 0 },
    size: 10,
};

fn follower(name: &str) -> TakeChanges {
    TakeChanges {
        follower: name.into(),
        settled: Vec::new(),
        deliveries: Vec::new(),
        limit: 10,
        now: at(20),
        lease_until: at(80),
    }
}

/// Nothing is left of an erased call, nor comes again, but that it was erased, when and by whom.
pub async fn leaves_nothing_but_who_did_it(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let follow = Follower {
        name: "one".into(),
        events: Vec::new(),
    };
    store.follow(follow).await.unwrap();
    for n in 1_u64..=2 {
        store.append(vec![event(call(n), "a", 1)]).await.unwrap();
        let put = put(summary(call(n), 0, Some(60)), 1);
        store.put_summaries(vec![put]).await.unwrap();
        let scored = store.annotate(scope(1), call_sid(n), score(3)).await;
        scored.unwrap();
        let about = NewDelivery {
            subject: Some(*call_sid(n).as_bytes()),
            ..new(u8::from(n == 2), URL, None)
        };
        store.deliver(vec![about]).await.unwrap();
    }
    let fates = store.erase(vec![call(1), call(7)], "SK1", at(9)).await;
    assert_eq!(fates.unwrap(), [Lookup::Found(()), Lookup::Unknown]);
    assert_eq!(erase(&*store, call(1), at(10)).await, Lookup::Gone);

    let (filter, sid) = (EventFilter::default(), call_sid(1));
    let events = store.events(call(1), &filter, &PAGE).await.unwrap();
    assert_eq!(events.rows, []);
    assert_eq!(store.record(scope(1), sid).await.unwrap(), Lookup::Gone);
    assert_eq!(store.annotation(scope(1), sid).await.unwrap(), Lookup::Gone);
    let history = store.annotation_history(call(1), &PAGE).await.unwrap();
    assert_eq!(history.rows, []);
    assert_eq!(store.feedback(call(1)).await.unwrap(), Lookup::Gone);
    assert_eq!(store.stats().await.unwrap().deliveries_waiting, 1);
    let told = store.take_changes(follower("one")).await.unwrap();
    let of = |call: CallRef| told.iter().filter(move |change| change.call == call);
    let erased: Vec<_> = of(call(1)).map(|change| &change.changed).collect();
    assert_eq!(erased, [&Changed::Erased]);
    assert_eq!(of(call(2)).count(), 2);

    let again = store.append(vec![event(call(1), "b", 11)]).await;
    assert_eq!(again.unwrap(), [Appended::Gone]);
    let put = put(summary(call(1), 0, Some(60)), 1);
    assert_eq!(store.put_summaries(vec![put]).await.unwrap(), [Put::Gone]);
    let expected = Erasure {
        call: call(1),
        at: at(9),
        by: "SK1".into(),
    };
    let (erasures, next) = store.erasures(None, 10).await.unwrap();
    assert_eq!(erasures, [expected]);
    assert_eq!(store.erasures(next, 10).await.unwrap(), (Vec::new(), None));
}

/// What was erased later than a copy of the database was made is erased in the copy, too.
pub async fn erases_again_what_came_back(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.append(vec![event(call(1), "a", 1)]).await.unwrap();
    let erasure = |n: u64, second| Erasure {
        call: call(n),
        at: at(second),
        by: "somebody".into(),
    };
    let elsewhere = CallRef {
        account: account_sid(9),
        ..call(1)
    };
    let foreign = Erasure {
        call: elsewhere,
        ..erasure(1, 5)
    };
    let all = vec![erasure(1, 5), erasure(2, 6), foreign];
    for _ in 0..2 {
        store.erase_again(all.clone()).await.unwrap();
    }
    for n in 1..=2 {
        let found = store.record(scope(1), call_sid(n)).await.unwrap();
        assert_eq!(found, Lookup::Gone);
    }
    let (first, next) = store.erasures(None, 1).await.unwrap();
    assert_eq!(first, all[..1]);
    let (second, next) = store.erasures(next, 1).await.unwrap();
    assert_eq!(second, all[1..2]);
    assert_eq!(store.erasures(next, 1).await.unwrap().0, []);
}

/// The calls of a number are found on either side and in every account, those without a start too.
pub async fn finds_the_calls_of_a_number(store: Arc<dyn Store>) {
    const NUMBER: &str = "+15550100";
    create_account(&*store).await;
    store.create_account(account(2, Some(1))).await.unwrap();
    let of_other = CallRef {
        account: account_sid(2),
        ..call(3)
    };
    let mut calls = [call(1), call(2), of_other, call(4), call(6), call(7)]
        .map(|call| summary(call, 0, Some(60)));
    calls[0].facts.from.address = Some(NUMBER.into());
    calls[1].facts.to.address = Some("15550100".into());
    calls[2].facts.to.address = Some(NUMBER.into());
    calls[2].facts.started_at = None;
    calls[3].facts.to.address = Some("+155501001".into());
    calls[4].facts.from.address = Some("sip:+1-555-0100@example.com;user=phone".into());
    calls[5].facts.from.address = Some("sip:alice@example.com".into());
    let puts = calls.map(|summary| put(summary, 0));
    store.put_summaries(puts.into()).await.unwrap();
    store.append(vec![event(call(5), "a", 1)]).await.unwrap();
    wait_for_a_name(&*store).await;
    let by_number = vec![call(1), call(2), of_other, call(6)];
    for (address, right) in [
        (NUMBER, by_number.clone()),
        ("15550100", by_number),
        ("sip:alice@example.com", vec![call(7)]),
        ("alice", vec![]),
    ] {
        let (mut found, mut not_folded, mut after) = (Vec::new(), 0, None);
        loop {
            let some = store.calls_of(address, after, 2).await.unwrap();
            found.extend(some.calls);
            not_folded += some.not_folded;
            after = some.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, right, "{address}");
        assert_eq!(not_folded, 2, "one has no summary, one no name");
    }
}
