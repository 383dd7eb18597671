//! What is given at once is bounded in memory; what cannot be folded, and a clock that is set back,
//! hold nothing up.

use std::sync::Arc;

use sidetone_core::event::{EdgeEvent, Observation};
use sidetone_core::id::CallRef;

use super::log::{ids, logged, take};
use super::sample::{at, call, call_sid, create_account, event, put, summary};
use crate::page::{PageRequest, Start};
use crate::{EventFilter, NewEvent, PutSummary, Store};

/// An event of some 4 MB once it is read, and of few bytes on disk.
fn large(call: CallRef, n: u64) -> NewEvent {
    let mut event = event(call, &format!("e{n}"), 1);
    event.event.observation = Observation::Edge(Box::new(EdgeEvent {
        edge: None,
        group: "group".into(),
        name: "name".into(),
        level: None,
        data: Some(vec![n; 125_000].into()),
        conversation_relay: None,
    }));
    event
}

/// A log is given in parts that are bounded in memory, and the parts together are all of it.
pub async fn gives_long_logs_in_pieces(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let batch = (0..7).map(|n| large(call(1), n));
    let others = [large(call(2), 0), event(call(3), "small", 2)];
    store.append(batch.chain(others).collect()).await.unwrap();
    let taken = take(&*store, 9).await;
    assert_eq!(taken.len(), 3);
    for (dirty, count) in taken.iter().zip([7, 1, 1]) {
        let mut seen: Vec<_> = ids(&dirty.events).into_iter().map(String::from).collect();
        assert!(seen.len() <= 3, "{} events at once", seen.len());
        let mut rest = dirty.rest.clone();
        while let Some(some) = rest {
            let part = store.read_on(dirty.call, &some).await.unwrap();
            assert!((1..=3).contains(&part.events.len()));
            seen.extend(ids(&part.events).into_iter().map(String::from));
            rest = part.rest;
        }
        seen.sort_unstable();
        seen.dedup();
        assert_eq!((seen.len(), dirty.unreadable), (count, 0));
    }
}

/// A page of large events ends before it has as many as were asked for, and the next one goes on
/// there; both ways.
pub async fn ends_pages_of_large_events_early(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let batch = (0..7).map(|n| large(call(1), n));
    store.append(batch.collect()).await.unwrap();
    let read = async |start| {
        let page = PageRequest { start, size: 100 };
        let filter = EventFilter::default();
        store.events(call(1), &filter, &page).await.unwrap()
    };
    let all = ["e0", "e1", "e2", "e3", "e4", "e5", "e6"];
    let (mut seen, mut start) = (Vec::new(), Start::First { skip: 0 });
    let last = loop {
        let page = read(start).await;
        assert!((1..=2).contains(&page.rows.len()), "{}", page.rows.len());
        seen.extend(logged(&page).into_iter().map(String::from));
        match page.after {
            Some(place) => start = Start::After(place),
            None => break page,
        }
    };
    assert_eq!(seen, all);
    let mut seen: Vec<_> = logged(&last).into_iter().map(String::from).collect();
    let mut before = last.before;
    while let Some(place) = before {
        let page = read(Start::Before(place)).await;
        seen.splice(0..0, logged(&page).into_iter().map(String::from));
        before = page.before;
    }
    assert_eq!(seen, all);
    assert_eq!(logged(&read(Start::First { skip: 5 }).await)[0], "e5");
    assert_eq!(read(Start::First { skip: 7 }).await.rows.len(), 0);
}

/// What waits for a time that only the clock before it was set back would have reached soon waits
/// from now on.
pub async fn forgets_times_of_a_clock_that_was_set_back(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let events = [1, 2, 3].map(|n| event(call(n), "a", 10_000));
    store.append(events.into()).await.unwrap();
    assert_eq!(take(&*store, 10_000).await.len(), 3);
    let timed = |n, ended| PutSummary {
        timer_at: Some(at(10_060)),
        ..put(summary(call(n), 0, ended), 1)
    };
    store
        .put_summaries(vec![timed(1, Some(1)), timed(2, None)])
        .await
        .unwrap();
    let due = async |now| {
        let due = store.due_timers(at(now), 9).await.unwrap();
        due.into_iter().map(|due| due.call).collect::<Vec<_>>()
    };
    assert_eq!(due(200).await, []);
    let second = 1_000_000;
    let brought = store.clock_set_back(at(100), 60 * second, 90 * second);
    assert_eq!(brought.await.unwrap(), 3);
    assert_eq!(due(159).await, []);
    assert_eq!(due(160).await, [call(1)]);
    assert_eq!(due(190).await, [call(1), call(2)]);
    assert_eq!(take(&*store, 100).await[0].call, call(3));
    let again = store.clock_set_back(at(100), 60 * second, 90 * second);
    assert_eq!(again.await.unwrap(), 0);
}

/// A call that is set aside is nobody's until another version of the fold asks, or it is refolded;
/// the others go on.
pub async fn leaves_out_what_is_set_aside(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store
        .append(vec![event(call(1), "a", 1), event(call(2), "a", 1)])
        .await
        .unwrap();
    assert_eq!(take(&*store, 2).await.len(), 2);
    assert_eq!(store.begin_dear(call(1), 1, at(2)).await.unwrap(), 0);
    assert_eq!(store.begin_dear(call(1), 1, at(2)).await.unwrap(), 1);
    store
        .set_aside(call(1), 1, "it is too dear".into(), at(2))
        .await
        .unwrap();
    assert!(store.check().await.unwrap().iter().any(|finding| {
        finding.starts_with(&call_sid(1).to_string()) && finding.ends_with("it is too dear")
    }));
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.set_aside, stats.dirty_calls), (1, 1));
    store.append(vec![event(call(1), "b", 100)]).await.unwrap();
    let taken = take(&*store, 200).await;
    assert_eq!(
        taken.iter().map(|it| it.call).collect::<Vec<_>>(),
        [call(2)]
    );
    // Another version.
    let taken = store
        .take_dirty(9, at(200), at(200), at(201), 2)
        .await
        .unwrap();
    assert_eq!(ids(&taken[0].events), ["a", "b"]);
    store.refold(vec![call(1)]).await.unwrap();
    assert_eq!(take(&*store, 201).await[0].call, call(1));
    assert_eq!(store.begin_dear(call(1), 1, at(2)).await.unwrap(), 0);
    store
        .put_summaries(vec![put(summary(call(1), 0, Some(1)), 2)])
        .await
        .unwrap();
    assert_eq!(store.begin_dear(call(1), 1, at(2)).await.unwrap(), 0);
}
