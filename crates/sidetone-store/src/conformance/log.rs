//! The event log, leases and timers.

use std::sync::Arc;

use sidetone_core::event::{CallEvent, EdgeEvent, EventKind, Observation, Timer};
use sidetone_core::id::CallRef;
use sidetone_core::media::{Counters, MediaSample};
use sidetone_core::vocabulary::{EdgeKind, StreamDirection};

use super::sample::{
    account_sid, at, call, call_sid, create_account, erase, event, put, scope, summary,
};
use crate::page::{Page, PageRequest, RowKey, Start};
use crate::{Appended, DirtyCall, EVENTS_PER_CALL_MAX, EventFilter, Lookup, NewEvent, Store};

pub(super) async fn take(store: &dyn Store, now: i64) -> Vec<DirtyCall> {
    store
        .take_dirty(100, at(now), at(now), at(now + 60), 1)
        .await
        .unwrap()
}

pub(super) fn ids(events: &[CallEvent]) -> Vec<&str> {
    events.iter().map(|event| event.id.as_str()).collect()
}

pub(super) fn logged(page: &Page<(RowKey, CallEvent)>) -> Vec<&str> {
    page.rows
        .iter()
        .map(|(_, event)| event.id.as_str())
        .collect()
}

/// A resend changes nothing, within a batch or later; the same id in another call is another event.
pub async fn appends_each_event_once(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let batch = vec![
        event(call(1), "a", 1),
        event(call(1), "a", 1),
        event(call(2), "a", 2),
        event(call(1), "b", 3),
    ];
    assert_eq!(
        store.append(batch.clone()).await.unwrap(),
        [
            Appended::New,
            Appended::Duplicate,
            Appended::New,
            Appended::New
        ]
    );
    assert_eq!(store.append(batch).await.unwrap(), [Appended::Duplicate; 4]);
    assert_eq!(store.append(Vec::new()).await.unwrap(), []);
    let dirty = take(&*store, 10).await;
    assert_eq!(dirty.len(), 2);
    assert_eq!(dirty[0].call, call(1));
    assert_eq!(
        dirty[0].events,
        [event(call(1), "a", 1).event, event(call(1), "b", 3).event]
    );
    assert_eq!((dirty[0].position, dirty[0].last_received_at), (2, at(3)));
    let found = store.record(scope(1), call_sid(1)).await.unwrap();
    let Lookup::Found(record) = found else {
        panic!("{found:?}")
    };
    assert_eq!(
        (
            record.summary,
            record.processing_version,
            record.placeholder
        ),
        (None, 0, false)
    );
}

/// Nothing of a batch is appended when one of its accounts does not exist.
pub async fn refuses_events_of_unknown_accounts(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let stranger = CallRef {
        account: account_sid(9),
        sid: call_sid(1),
    };
    let fates = store
        .append(vec![event(stranger, "a", 1), event(call(1), "a", 1)])
        .await
        .unwrap();
    assert_eq!(fates, [Appended::NoAccount, Appended::New]);
    let found = store.record(scope(9), call_sid(1)).await.unwrap();
    assert_eq!(found, Lookup::Unknown);
    assert_eq!(store.stats().await.unwrap().dirty_calls, 1);
}

/// Nothing is known again of a call that was erased.
pub async fn refuses_events_of_erased_calls(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.append(vec![event(call(1), "a", 1)]).await.unwrap();
    erase(&*store, call(1), at(2)).await;
    let fates = store
        .append(vec![event(call(1), "b", 3), event(call(2), "a", 3)])
        .await
        .unwrap();
    assert_eq!(fates, [Appended::Gone, Appended::New]);
    let found = store.record(scope(1), call_sid(1)).await.unwrap();
    assert_eq!(found, Lookup::Gone);
}

/// A call takes so many events and no more, whether they come at once or later; timers it always
/// takes.
pub async fn refuses_endless_events(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let batch = |from: u64, to: u64| {
        (from..to)
            .map(|n| event(call(1), &format!("e{n}"), 1))
            .collect()
    };
    let mut fates = store
        .append(batch(0, EVENTS_PER_CALL_MAX + 2))
        .await
        .unwrap();
    assert_eq!(fates.split_off(fates.len() - 2), [Appended::Full; 2]);
    assert!(fates.iter().all(|fate| *fate == Appended::New));
    let mut timer = event(call(1), "timer", 2);
    timer.event.observation = Observation::Timer {
        timer: Timer::Settled,
    };
    assert_eq!(store.append(vec![timer]).await.unwrap(), [Appended::New]);
    let more = batch(EVENTS_PER_CALL_MAX, EVENTS_PER_CALL_MAX + 1);
    assert_eq!(store.append(more).await.unwrap(), [Appended::Full]);
    assert_eq!(take(&*store, 9).await[0].position, EVENTS_PER_CALL_MAX + 1);
}

/// Measurements of a call with a long log wait, for as long as it is long; anything else makes it
/// dirty at once.
pub async fn lets_measurements_of_long_calls_wait(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let dirty = async |second| !take(&*store, second).await.is_empty();
    let log = (0..1_000).map(|n| event(call(1), &n.to_string(), 0));
    store.append(log.collect()).await.unwrap();
    assert!(dirty(0).await);
    let folded = put(summary(call(1), 0, None), 1_000);
    store.put_summaries(vec![folded]).await.unwrap();
    let measured = media(100, EdgeKind::Sip, StreamDirection::Inbound);
    store.append(vec![measured]).await.unwrap();
    assert!(!dirty(104).await, "5 ms for each of 1,000 events");
    store
        .append(vec![event(call(1), "end", 101)])
        .await
        .unwrap();
    assert!(dirty(101).await, "it ends");
    let meanwhile = media(102, EdgeKind::Sip, StreamDirection::Inbound);
    store.append(vec![meanwhile]).await.unwrap();
    let folded = put(summary(call(1), 1, None), 1_002);
    store.put_summaries(vec![folded]).await.unwrap();
    assert!(!dirty(106).await, "it came while the call was folded");
    assert!(dirty(108).await);
}

/// A call is given to one at a time, longest waiting first, and not before it has waited.
pub async fn leases_dirty_calls(store: Arc<dyn Store>) {
    create_account(&*store).await;
    for (n, second) in [(1, 5), (2, 1), (3, 3)] {
        store
            .append(vec![event(call(n), "a", second)])
            .await
            .unwrap();
    }
    store.append(vec![event(call(2), "b", 9)]).await.unwrap();
    let order = |dirty: Vec<DirtyCall>| dirty.iter().map(|dirty| dirty.call).collect::<Vec<_>>();
    let taken = store.take_dirty(1, at(4), at(10), at(20), 1).await.unwrap();
    assert_eq!(
        order(taken),
        [call(2)],
        "it waits longest, whatever came since"
    );
    assert_eq!(
        order(store.take_dirty(9, at(4), at(10), at(30), 1).await.unwrap()),
        [call(3)],
        "call 1 has not waited long enough"
    );
    assert_eq!(
        order(store.take_dirty(9, at(5), at(10), at(30), 1).await.unwrap()),
        [call(1)]
    );
    assert_eq!(order(take(&*store, 19).await), []);
    assert_eq!(
        order(take(&*store, 20).await),
        [call(2)],
        "its lease is over"
    );
    store
        .put_summaries(vec![put(summary(call(1), 0, None), 1)])
        .await
        .unwrap();
    assert_eq!(order(take(&*store, 30).await), [call(3)]);
    assert_eq!(store.stats().await.unwrap().dirty_calls, 2);
}

/// A call that was given back is taken again at once; one that was put meanwhile is not.
pub async fn gives_back_leased_calls(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let events = [(1, 5), (2, 6), (3, 7)].map(|(n, second)| event(call(n), "a", second));
    store.append(events.into()).await.unwrap();
    let calls = |dirty: Vec<DirtyCall>| dirty.iter().map(|dirty| dirty.call).collect::<Vec<_>>();
    assert_eq!(calls(take(&*store, 10).await).len(), 3);
    store
        .put_summaries(vec![put(summary(call(2), 0, None), 1)])
        .await
        .unwrap();
    store.append(vec![event(call(3), "b", 8)]).await.unwrap();
    store
        .give_back(vec![call(1), call(2), call(3), call(9)])
        .await
        .unwrap();
    assert_eq!(calls(take(&*store, 10).await), [call(1), call(3)]);
    assert_eq!(calls(take(&*store, 11).await), []);
}

/// With a state come the events after it only; without, all of them.
pub async fn gives_only_new_events_with_the_state(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store
        .append(vec![event(call(1), "a", 1), event(call(1), "b", 2)])
        .await
        .unwrap();
    let mut first = put(summary(call(1), 0, None), 2);
    first.state = Some(vec![4, 5, 6]);
    store.put_summaries(vec![first]).await.unwrap();
    assert!(take(&*store, 5).await.is_empty());
    store.append(vec![event(call(1), "c", 0)]).await.unwrap();
    let dirty = take(&*store, 5).await;
    assert_eq!(ids(&dirty[0].events), ["c"]);
    assert_eq!(
        (dirty[0].state.as_deref(), dirty[0].position),
        (Some(&[4, 5, 6][..]), 3)
    );
    store
        .put_summaries(vec![put(summary(call(1), 0, None), 3)])
        .await
        .unwrap();
    store.append(vec![event(call(1), "d", 9)]).await.unwrap();
    let dirty = take(&*store, 9).await;
    assert_eq!(
        ids(&dirty[0].events),
        ["a", "b", "c", "d"],
        "no state was put"
    );
    assert_eq!(dirty[0].state, None);
}

/// Events that came between taking and putting are not lost.
pub async fn stays_dirty_when_events_came_meanwhile(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.append(vec![event(call(1), "a", 1)]).await.unwrap();
    let position = take(&*store, 1).await[0].position;
    store.append(vec![event(call(1), "b", 2)]).await.unwrap();
    let mut first = put(summary(call(1), 0, None), position);
    first.state = Some(vec![1]);
    store.put_summaries(vec![first]).await.unwrap();
    let dirty = take(&*store, 2).await;
    assert_eq!(ids(&dirty[0].events), ["b"]);
}

/// After `refold` the whole log comes again; calls without a log are left alone.
pub async fn refolds_from_the_first_event(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store
        .append(vec![event(call(1), "a", 1), event(call(1), "b", 2)])
        .await
        .unwrap();
    let mut first = put(summary(call(1), 0, None), 2);
    first.state = Some(vec![1]);
    store
        .put_summaries(vec![first, put(summary(call(2), 0, None), 0)])
        .await
        .unwrap();
    store.refold(vec![call(1), call(2), call(3)]).await.unwrap();
    let dirty = take(&*store, 5).await;
    assert_eq!(dirty.len(), 1);
    assert_eq!(
        (ids(&dirty[0].events), dirty[0].state.as_ref()),
        (vec!["a", "b"], None)
    );
    store
        .put_summaries(vec![put(summary(call(1), 1, None), 2)])
        .await
        .unwrap();
    assert!(take(&*store, 100).await.is_empty());
}

fn media(n: u64, edge: EdgeKind, direction: StreamDirection) -> NewEvent {
    let mut event = event(call(1), &format!("media{n}"), i64::try_from(n).unwrap());
    event.event.observation = Observation::Media(Box::new(MediaSample {
        edge,
        direction,
        ssrc: None,
        interval: Counters::default(),
        cumulative: Counters::default(),
        metadata: None,
    }));
    event
}

fn everything() -> PageRequest {
    PageRequest {
        start: Start::First { skip: 0 },
        size: 100,
    }
}

/// Events come by time, then by arrival, and are chosen by kind, edge and direction.
pub async fn lists_events_by_time_and_kind(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let mut edge = event(call(1), "edge", 4);
    edge.event.observation = Observation::Edge(Box::new(EdgeEvent {
        edge: Some(EdgeKind::Sdk),
        group: "audio".into(),
        name: "muted".into(),
        level: None,
        data: None,
        conversation_relay: None,
    }));
    let batch = vec![
        event(call(1), "late", 9),
        media(2, EdgeKind::Sdk, StreamDirection::Both),
        media(3, EdgeKind::Carrier, StreamDirection::Inbound),
        edge,
        event(call(1), "early1", 1),
        event(call(1), "early2", 1),
    ];
    store.append(batch).await.unwrap();
    let listed = async |filter: EventFilter| {
        let page = store.events(call(1), &filter, &everything()).await.unwrap();
        assert_eq!((page.before, page.after), (None, None));
        logged(&page).join(" ")
    };
    let all = EventFilter::default;
    assert_eq!(listed(all()).await, "early1 early2 media2 media3 edge late");
    let kinds = vec![EventKind::Media, EventKind::Edge];
    assert_eq!(
        listed(EventFilter { kinds, ..all() }).await,
        "media2 media3 edge"
    );
    let edge = Some(EdgeKind::Sdk);
    assert_eq!(listed(EventFilter { edge, ..all() }).await, "media2 edge");
    let or_progress = true;
    assert_eq!(
        listed(EventFilter {
            edge,
            or_progress,
            ..all()
        })
        .await,
        "early1 early2 media2 edge late"
    );
    let direction = Some(StreamDirection::Inbound);
    assert_eq!(listed(EventFilter { direction, ..all() }).await, "media3");
    assert_eq!(
        store
            .events(call(2), &all(), &everything())
            .await
            .unwrap()
            .rows,
        []
    );
}

/// Pages of events meet, forwards and backwards.
pub async fn pages_events_both_ways(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let batch: Vec<NewEvent> = (0..10)
        .map(|n| event(call(1), &format!("e{n}"), n / 3))
        .collect();
    store.append(batch).await.unwrap();
    let page = async |start| {
        let request = PageRequest { start, size: 4 };
        store
            .events(call(1), &EventFilter::default(), &request)
            .await
            .unwrap()
    };
    let first = page(Start::First { skip: 0 }).await;
    assert_eq!(
        (logged(&first), first.before),
        (vec!["e0", "e1", "e2", "e3"], None)
    );
    assert_eq!(first.rows.last().map(|(row_key, _)| *row_key), first.after);
    let second = page(Start::After(first.after.unwrap())).await;
    assert_eq!(logged(&second), ["e4", "e5", "e6", "e7"]);
    let third = page(Start::After(second.after.unwrap())).await;
    assert_eq!((logged(&third), third.after), (vec!["e8", "e9"], None));
    assert_eq!(page(Start::Before(third.before.unwrap())).await, second);
    assert_eq!(page(Start::Before(second.before.unwrap())).await, first);
    assert_eq!(logged(&page(Start::First { skip: 9 }).await), ["e9"]);
}

/// Timers are due in their order, until something comes.
pub async fn tells_due_timers(store: Arc<dyn Store>) {
    create_account(&*store).await;
    for (n, due) in [(1, 20), (2, 10), (3, 99)] {
        store.append(vec![event(call(n), "a", 1)]).await.unwrap();
        let mut timed = put(summary(call(n), 0, (n == 1).then_some(5)), 1);
        timed.timer_at = Some(at(due));
        store.put_summaries(vec![timed]).await.unwrap();
    }
    assert_eq!(store.due_timers(at(9), 10).await.unwrap(), []);
    let due = store.due_timers(at(20), 10).await.unwrap();
    let told: Vec<_> = due
        .iter()
        .map(|due| (due.call, due.ended, due.last_event_at))
        .collect();
    assert_eq!(told, [(call(2), false, at(0)), (call(1), true, at(5))]);
    assert_eq!(store.due_timers(at(20), 1).await.unwrap().len(), 1);
    let deferred = vec![due[0].call];
    store.defer_timers(deferred, at(21)).await.unwrap();
    assert_eq!(store.due_timers(at(20), 10).await.unwrap(), due[1..]);
    assert_eq!(store.due_timers(at(21), 10).await.unwrap().len(), due.len());
    store.append(vec![event(call(2), "b", 15)]).await.unwrap();
    assert_eq!(
        store.due_timers(at(20), 10).await.unwrap()[0].call,
        call(1),
        "call 2 has news"
    );
    store
        .put_summaries(vec![put(summary(call(1), 0, Some(5)), 1)])
        .await
        .unwrap();
    assert_eq!(store.due_timers(at(20), 10).await.unwrap(), []);
    assert_eq!(store.stats().await.unwrap().timers, 2);
}
