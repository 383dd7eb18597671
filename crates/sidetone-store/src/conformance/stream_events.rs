//! Events for sinks in the outbox: by reference, and otherwise as requests.

use std::sync::Arc;

use sidetone_core::id::CallRef;

use super::delivery::{URL, failed, id, new};
use super::sample::{account, account_sid, at, call, create_account, erase, event};
use super::sinks::{keep, sink, sink_sid};
use crate::delivery::{
    Backlog, Content, Delivery, DeliveryId, EndpointId, NewDelivery, Outcome, Owed, PersonalData,
    Signature, StreamEvent,
};
use crate::page::{PageRequest, Start};
use crate::sinks::Sink;
use crate::{Store, StoreError};

const WHOLE: PageRequest = PageRequest {
    start: Start::First { skip: 0 },
    size: 100,
};

/// An event of a call for a sink of the first account.
#[must_use]
pub fn of(n: u8, sink: u64, call: CallRef) -> NewDelivery {
    NewDelivery {
        id: id(n),
        account: account_sid(1),
        subject: Some(*call.sid.as_bytes()),
        kind: "call-summary.complete".to_owned(),
        content: Content::Event(StreamEvent {
            sink: sink_sid(sink),
            account: call.account,
            personal_data: PersonalData::Keep,
            at: at(i64::from(n)),
            position: None,
            version: 3,
        }),
        signature: Signature::None,
        created_at: at(0),
    }
}

async fn exchange(
    store: &dyn Store,
    sink: u64,
    settled: Vec<(DeliveryId, Outcome)>,
    second: i64,
) -> Vec<Delivery> {
    let endpoint = EndpointId::of_sink(sink_sid(sink));
    let taken = store.take_deliveries(endpoint, settled, 100, at(second), at(second + 60));
    taken.await.unwrap()
}

async fn take(store: &dyn Store, sink: u64, second: i64) -> Vec<DeliveryId> {
    settle(store, sink, Vec::new(), second).await
}

async fn settle(
    store: &dyn Store,
    sink: u64,
    settled: Vec<(DeliveryId, Outcome)>,
    second: i64,
) -> Vec<DeliveryId> {
    let taken = exchange(store, sink, settled, second).await;
    taken.iter().map(|delivery| delivery.id).collect()
}

fn arrived(n: u8) -> Vec<(DeliveryId, Outcome)> {
    vec![(id(n), Outcome::Delivered)]
}

async fn backlog(store: &dyn Store, most: u64) -> Vec<u64> {
    let backlog = store.sink_backlog(most).await.unwrap();
    let sids: Vec<_> = backlog.iter().map(|(sid, _)| *sid).collect();
    assert!(sids.is_sorted());
    let all = |it: Backlog| (it.waiting + it.dead).min(most);
    backlog.into_iter().map(|(_, it)| all(it)).collect()
}

/// An event is handed out as it was named, at the endpoint of its sink; what is for a sink that the
/// account does not have is left out, and nothing that comes with it.
pub async fn hands_out_events_as_they_were_named(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    store.create_account(account(2, None)).await.unwrap();
    keep(store, &[1, 2]).await;
    let summary = of(1, 1, call(1));
    let seen = NewDelivery {
        kind: "call-event.gateway".to_owned(),
        content: Content::Event(StreamEvent {
            sink: sink_sid(1),
            account: account_sid(3),
            personal_data: PersonalData::Omit,
            at: at(-5),
            position: Some(17),
            version: 0,
        }),
        created_at: at(4),
        ..of(2, 1, call(2))
    };
    let of_other = NewDelivery {
        account: account_sid(2),
        ..of(3, 1, call(3))
    };
    let deliveries = vec![
        summary.clone(),
        of_other,
        of(4, 9, call(3)),
        seen.clone(),
        of(5, 2, call(1)),
        new(6, URL, None),
    ];
    store.deliver(deliveries).await.unwrap();
    assert_eq!(store.stats().await.unwrap().deliveries_waiting, 4);
    let of_sink = |n| EndpointId::of_sink(sink_sid(n));
    let mut due = store.due_endpoints(at(9), 10).await.unwrap();
    due.sort_unstable_by_key(|it| it.number());
    let mut expected = [of_sink(1), of_sink(2), EndpointId::of(account_sid(1), URL)];
    expected.sort_unstable_by_key(|it| it.number());
    assert_eq!(due, expected);
    let taken = exchange(store, 1, Vec::new(), 9).await;
    let expected = [summary, seen].map(|new| Delivery {
        id: new.id,
        account: new.account,
        endpoint: of_sink(1),
        subject: new.subject,
        kind: new.kind,
        content: new.content,
        signature: new.signature,
        created_at: new.created_at,
        queued_at: new.created_at,
        attempts: 0,
    });
    assert_eq!(taken, expected);
    assert_eq!(take(store, 2, 9).await, [id(5)]);
    let waiting = store.waiting_deliveries(Owed::Of(account_sid(1)), &WHOLE);
    let waiting = waiting.await.unwrap().rows.into_iter();
    let told: Vec<_> = waiting.map(|it| (it.id, it.url, it.sink)).collect();
    let expected = [
        (id(1), None, Some(sink_sid(1))),
        (id(2), None, Some(sink_sid(1))),
        (id(5), None, Some(sink_sid(2))),
        (id(6), Some(URL.to_owned()), None),
    ];
    assert_eq!(told, expected);
    let stranger = NewDelivery {
        account: account_sid(9),
        ..of(7, 1, call(1))
    };
    let refused = store.deliver(vec![of(8, 1, call(1)), stranger]).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))));
    assert_eq!(store.stats().await.unwrap().deliveries_waiting, 4);
}

/// Of a call one event after the other arrives at a sink, whatever another sink does; what was given
/// up is replayed behind what waits.
pub async fn events_of_a_call_keep_their_order(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    keep(store, &[1, 2]).await;
    let one = |n| of(n, 1, call(1));
    let deliveries = vec![one(1), one(2), one(3), of(4, 1, call(2)), of(5, 2, call(1))];
    store.deliver(deliveries).await.unwrap();
    assert_eq!(take(store, 1, 0).await, [id(1), id(4)]);
    assert_eq!(take(store, 1, 1).await, [], "they are leased");
    assert_eq!(take(store, 2, 1).await, [id(5)]);
    assert_eq!(take(store, 1, 60).await, [id(1), id(4)], "leases are over");
    let again = vec![(id(1), failed(Some(90))), (id(4), Outcome::Delivered)];
    assert_eq!(settle(store, 1, again, 61).await, []);
    store.deliver(vec![one(6)]).await.unwrap();
    assert_eq!(take(store, 1, 89).await, []);
    assert_eq!(take(store, 1, 90).await, [id(1)]);
    let dead = vec![(id(1), failed(None))];
    assert_eq!(settle(store, 1, dead, 91).await, [id(2)]);
    let letters = store.dead_letters(Owed::Of(account_sid(1)), &WHOLE);
    let letters = letters.await.unwrap().rows;
    assert_eq!(letters.len(), 1);
    let (letter, attempts) = (&letters[0], letters[0].attempts);
    assert_eq!((letter.id, &letter.url, attempts), (id(1), &None, 2));
    assert_eq!(letter.sink, Some(sink_sid(1)));
    let own = Some(account_sid(1));
    store.replay(own, vec![id(1)], at(92)).await.unwrap();
    for (n, next) in [(2, 3), (3, 6), (6, 1)] {
        assert_eq!(settle(store, 1, arrived(n), 93).await, [id(next)]);
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    }
    assert_eq!(settle(store, 1, arrived(1), 94).await, []);
    assert_eq!(settle(store, 2, arrived(5), 94).await, []);
    assert_eq!(store.stats().await.unwrap().deliveries_waiting, 0);
}

/// What is told again is the same delivery: it goes after the first, and neither is lost or stays.
pub async fn what_is_told_twice_goes_twice_at_most(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    keep(store, &[1]).await;
    let twice = vec![of(1, 1, call(1)), of(1, 1, call(1)), of(2, 1, call(1))];
    store.deliver(twice).await.unwrap();
    assert_eq!(take(store, 1, 0).await, [id(1)]);
    let mut told = 1;
    let mut settled = arrived(1);
    for second in 1..9 {
        let next = settle(store, 1, std::mem::take(&mut settled), second).await;
        told += next.len();
        settled = next.iter().map(|id| (*id, Outcome::Delivered)).collect();
    }
    assert_eq!(told, 3);
    assert_eq!(store.stats().await.unwrap().deliveries_waiting, 0);
}

/// A deleted sink takes along what waits for it, is held back, tried again or was given up, and nothing
/// of others; what somebody has in hand is nobody's any more.
pub async fn a_deleted_sink_takes_along_what_waits(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    keep(store, &[1, 2]).await;
    let mut deliveries: Vec<_> = (1..=9).map(|n| of(n, 1, call(u64::from(n / 3)))).collect();
    deliveries.extend([of(11, 2, call(1)), of(12, 2, call(1)), new(13, URL, None)]);
    store.deliver(deliveries).await.unwrap();
    assert_eq!(backlog(store, 100).await, [9, 2]);
    assert_eq!(take(store, 1, 0).await, [id(1), id(3), id(6), id(9)]);
    let outcomes = vec![(id(1), failed(Some(50))), (id(3), failed(None))];
    assert_eq!(settle(store, 1, outcomes, 1).await, [id(4)]);
    assert_eq!(take(store, 2, 1).await, [id(11)]);
    assert_eq!(
        settle(store, 2, vec![(id(11), failed(None))], 2).await,
        [id(12)]
    );
    assert_eq!(backlog(store, 100).await, [9, 2], "the dead are counted");
    assert_eq!(backlog(store, 5).await, [5, 2]);
    assert_eq!(backlog(store, 0).await, [0, 0]);
    let gone = store.delete_sink(account_sid(1), sink_sid(1), "anna", at(3));
    assert_eq!(gone.await, Ok(true));
    assert_eq!(backlog(store, 100).await, [2]);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.deliveries_waiting, stats.dead_letters), (2, 1));
    let late = vec![(id(4), failed(Some(9))), (id(6), Outcome::Delivered)];
    assert_eq!(settle(store, 1, late, 4).await, []);
    store.deliver(vec![of(14, 1, call(1))]).await.unwrap();
    assert_eq!(take(store, 1, 500).await, []);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.deliveries_waiting, stats.dead_letters), (2, 1));
    let replayed = store.replay(None, vec![id(3)], at(5)).await;
    assert!(matches!(replayed, Err(StoreError::NotFound(_))));
}

/// What is owed to a sink is counted and listed by itself, whatever others are owed, and what was given
/// up there is queued anew in the order in which it came.
pub async fn tells_what_is_owed_to_a_sink(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    store.create_account(account(2, None)).await.unwrap();
    keep(store, &[1, 2]).await;
    let mut deliveries = vec![new(20, URL, None), of(21, 2, call(1))];
    deliveries.extend((1..=8).map(|n| NewDelivery {
        created_at: at(i64::from(n)),
        ..of(n, 1, call(u64::from(n / 3)))
    }));
    store.deliver(deliveries).await.unwrap();
    // 1, 3 and 6 are the first of their calls.
    assert_eq!(take(store, 1, 10).await, [id(1), id(3), id(6)]);
    let outcomes = vec![
        (id(1), failed(Some(90))),
        (id(3), failed(Some(50))),
        (id(6), failed(None)),
    ];
    assert_eq!(settle(store, 1, outcomes, 11).await, [id(7)]);
    assert_eq!(
        settle(store, 1, vec![(id(7), failed(None))], 12).await,
        [id(8)]
    );
    let owed = Backlog {
        waiting: 6,
        dead: 2,
        oldest_at: Some(at(1)),
        retry_at: Some(at(50)),
    };
    assert_eq!(store.backlog_of(sink_sid(1), 100).await, Ok(owed));
    let some = Backlog {
        waiting: 3,
        dead: 2,
        ..owed
    };
    assert_eq!(store.backlog_of(sink_sid(1), 3).await, Ok(some));
    let none = Backlog::default();
    assert_eq!(store.backlog_of(sink_sid(9), 100).await, Ok(none));

    let (own, others) = (account_sid(1), account_sid(2));
    let listed = async |owed| {
        let (mut waiting, mut dead) = (Vec::new(), Vec::new());
        let (mut start, size) = (Start::First { skip: 0 }, 2);
        loop {
            let request = PageRequest { start, size };
            let page = store.waiting_deliveries(owed, &request).await.unwrap();
            waiting.extend(page.rows.iter().map(|it| it.id));
            let Some(after) = page.after else { break };
            start = Start::After(after);
        }
        let page = store.dead_letters(owed, &WHOLE).await.unwrap();
        dead.extend(page.rows.iter().map(|it| it.id));
        (waiting, dead)
    };
    let ids = |numbers: &[u8]| numbers.iter().map(|n| id(*n)).collect::<Vec<_>>();
    let to_sink = (ids(&[1, 2, 3, 4, 5, 8]), ids(&[6, 7]));
    assert_eq!(listed(Owed::To(own, sink_sid(1))).await, to_sink);
    assert_eq!(
        listed(Owed::To(own, sink_sid(2))).await,
        (ids(&[21]), ids(&[]))
    );
    let of_account = (ids(&[20, 21, 1, 2, 3, 4, 5, 8]), ids(&[6, 7]));
    assert_eq!(listed(Owed::Of(own)).await, of_account);
    for nobody in [Owed::To(others, sink_sid(1)), Owed::Of(others)] {
        assert_eq!(listed(nobody).await, (ids(&[]), ids(&[])));
    }

    let replay = async |account, most| store.replay_sink(account, sink_sid(1), most, at(20)).await;
    assert_eq!(replay(others, 9).await, Ok(0));
    assert_eq!(replay(own, 1).await, Ok(1));
    assert_eq!(listed(Owed::To(own, sink_sid(1))).await.1, ids(&[7]));
    assert_eq!(replay(own, 9).await, Ok(1));
    assert_eq!(replay(own, 9).await, Ok(0));
    let to_sink = (ids(&[1, 2, 3, 4, 5, 8, 6, 7]), ids(&[]));
    assert_eq!(listed(Owed::To(own, sink_sid(1))).await, to_sink);
    assert_eq!(settle(store, 1, arrived(8), 21).await, [id(6)]);
}

/// However much waits for a sink, it goes with it.
pub async fn a_deleted_sink_takes_along_very_much(store: Arc<dyn Store>) {
    const MANY: u64 = 5_000;
    let store = &*store;
    create_account(store).await;
    keep(store, &[1]).await;
    let deliveries = (0..MANY).map(|n| NewDelivery {
        id: DeliveryId::from_bytes(u128::from(n).to_be_bytes()),
        ..of(0, 1, call(n))
    });
    store.deliver(deliveries.collect()).await.unwrap();
    assert_eq!(backlog(store, u64::MAX).await, [MANY]);
    let gone = store.delete_sink(account_sid(1), sink_sid(1), "anna", at(3));
    assert_eq!(gone.await, Ok(true));
    assert_eq!(store.stats().await.unwrap().deliveries_waiting, 0);
    assert_eq!(store.sink_backlog(9).await, Ok(Vec::new()));
}

/// What is for sinks is nothing that an account may have so many of.
pub async fn quotas_are_of_requests(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    keep(store, &[1]).await;
    let mut deliveries: Vec<_> = (1..=6).map(|n| of(n, 1, call(u64::from(n)))).collect();
    deliveries.extend((11..=14).map(|n| new(n, URL, None)));
    store.deliver(deliveries).await.unwrap();
    assert_eq!(take(store, 1, 0).await.len(), 6);
    let dead = (1..=3).map(|n| (id(n), failed(None)));
    settle(store, 1, dead.collect(), 1).await;
    let trimmed = async |waiting_max, dead_max| {
        let trimmed = store.trim_outbox(waiting_max, dead_max, at(3)).await;
        let trimmed = trimmed.unwrap();
        (trimmed.given_up, trimmed.forgotten)
    };
    assert_eq!(trimmed(4, 0).await, (0, 0));
    assert_eq!(trimmed(1, 9).await, (3, 0));
    assert_eq!(trimmed(0, 1).await, (1, 2));
    assert_eq!(trimmed(0, 0).await, (0, 2));
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.deliveries_waiting, stats.dead_letters), (3, 3));
    assert_eq!(backlog(store, 100).await, [6]);
}

/// Erasing a call takes what was to be told of it, also to sinks, those of another account too; of a
/// call of the same name of another account nothing.
pub async fn an_erased_call_is_told_to_no_sink(store: Arc<dyn Store>) {
    let store = &*store;
    create_account(store).await;
    store.create_account(account(2, None)).await.unwrap();
    keep(store, &[1]).await;
    let of_other = Sink {
        account: account_sid(2),
        ..sink(2)
    };
    store.create_sink(of_other, "anna").await.unwrap();
    store.append(vec![event(call(1), "a", 1)]).await.unwrap();
    let same_name = CallRef {
        account: account_sid(2),
        ..call(1)
    };
    let [elsewhere, of_parent] = [(3, same_name), (6, call(1))].map(|(n, call)| NewDelivery {
        account: account_sid(2),
        ..of(n, 2, call)
    });
    let mut deliveries: Vec<_> = [1, 4, 5].map(|n| of(n, 1, call(1))).into();
    deliveries.extend([of(2, 1, call(2)), elsewhere, of_parent]);
    store.deliver(deliveries).await.unwrap();
    // One was given up, the next is tried again, and the last waits for that.
    assert_eq!(take(store, 1, 0).await, [id(1), id(2)]);
    let dead = vec![(id(1), failed(None))];
    assert_eq!(settle(store, 1, dead, 1).await, [id(4)]);
    let again = vec![(id(4), failed(Some(90)))];
    assert_eq!(settle(store, 1, again, 2).await, []);
    let left = async || {
        let stats = store.stats().await.unwrap();
        (stats.deliveries_waiting, stats.dead_letters)
    };
    assert_eq!(left().await, (5, 1));
    erase(store, call(1), at(5)).await;
    assert_eq!(left().await, (2, 0));
    assert_eq!(take(store, 1, 500).await, [id(2)]);
    assert_eq!(take(store, 2, 500).await, [id(3)]);
}
