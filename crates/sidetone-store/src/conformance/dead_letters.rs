//! Deliveries that wait, and those that were given up.

use std::sync::Arc;

use sidetone_core::time::TimeUs;

use super::delivery::{URL, failed, id, new, settle, take};
use super::sample::{MIDNIGHT, account, account_sid, at, create_account};
use crate::delivery::{DeadLetter, DeliveryId, Outcome, Owed};
use crate::page::{PageRequest, Start};
use crate::{Store, StoreError};

async fn letters(store: &dyn Store, account: Option<u8>) -> Vec<DeadLetter> {
    let whole = PageRequest {
        start: Start::First { skip: 0 },
        size: 100,
    };
    store
        .dead_letters(
            account.map_or(Owed::All, |n| Owed::Of(account_sid(n))),
            &whole,
        )
        .await
        .unwrap()
        .rows
}

/// A dead letter is listed, waits for nobody's clock, and is tried anew when it is replayed: behind
/// what waits.
pub async fn keeps_dead_letters_and_replays_them(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, None)).await.unwrap();
    store
        .deliver(vec![new(1, URL, Some(1)), new(2, URL, Some(1))])
        .await
        .unwrap();
    take(&*store, 0).await;
    settle(&*store, vec![(id(1), failed(None))], 0, 7).await;
    let letter = DeadLetter {
        id: id(1),
        account: account_sid(1),
        kind: "feedback_summary".into(),
        url: Some(URL.into()),
        sink: None,
        created_at: MIDNIGHT,
        died_at: at(7),
        attempts: 1,
        error: "answered 500".into(),
    };
    assert_eq!(letters(&*store, None).await, std::slice::from_ref(&letter));
    assert_eq!(letters(&*store, Some(1)).await, [letter]);
    assert_eq!(letters(&*store, Some(2)).await, []);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.deliveries_waiting, stats.dead_letters), (1, 1));
    assert_eq!(take(&*store, 8).await, [id(2)]);

    let unknown = store.replay(None, vec![id(1), id(9)], at(9)).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))));
    let alive = store.replay(None, vec![id(2)], at(9)).await;
    assert!(matches!(alive, Err(StoreError::NotFound(_))));
    let of_other = store.replay(Some(account_sid(2)), vec![id(1)], at(9)).await;
    assert!(matches!(of_other, Err(StoreError::NotFound(_))));
    let own = Some(account_sid(1));
    store.replay(own, vec![id(1)], at(9)).await.unwrap();
    assert_eq!(letters(&*store, None).await, []);
    // Behind the second one, which is out.
    assert_eq!(take(&*store, 10).await, []);
    let arrived = vec![(id(2), Outcome::Delivered)];
    let again = settle(&*store, arrived, 10, 11).await;
    assert_eq!(again[0].id, id(1));
    assert_eq!(
        (again[0].created_at, again[0].queued_at, again[0].attempts),
        (MIDNIGHT, at(9), 0)
    );
}

/// Which it is, how often it was tried, when it is tried again, and why it failed.
type Waiting = (DeliveryId, u32, Option<TimeUs>, Option<String>);

/// What waits is told in the order in which it came, page by page, each account's for itself: what was
/// never tried, what is tried again, and what another holds back.
pub async fn tells_what_waits(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, None)).await.unwrap();
    let mut deliveries: Vec<_> = (1..=5).map(|n| new(n, URL, Some(n / 2))).collect();
    deliveries.push(crate::delivery::NewDelivery {
        account: account_sid(2),
        ..new(9, URL, None)
    });
    store.deliver(deliveries).await.unwrap();
    assert_eq!(take(&*store, 0).await, [id(1), id(2), id(4)]);
    let outcomes = vec![
        (id(1), failed(Some(60))),
        (id(2), Outcome::Delivered),
        (id(4), failed(None)),
    ];
    settle(&*store, outcomes, 0, 1).await;
    let pages = async |of, size| {
        let mut start = Start::First { skip: 0 };
        let mut pages: Vec<Vec<Waiting>> = Vec::new();
        loop {
            let request = PageRequest { start, size };
            let page = store.waiting_deliveries(of, &request).await.unwrap();
            if let (Start::After(_), Some(before)) = (start, page.before) {
                let start = Start::Before(before);
                let back = PageRequest { start, size };
                let back = store.waiting_deliveries(of, &back).await.unwrap();
                let ids: Vec<_> = back.rows.iter().map(|it| it.id).collect();
                let last: Vec<_> = pages.last().unwrap().iter().map(|(id, ..)| *id).collect();
                assert_eq!(ids, last);
            }
            let told = page.rows.into_iter();
            pages.push(
                told.map(|it| (it.id, it.attempts, it.retry_at, it.error))
                    .collect(),
            );
            match page.after {
                Some(place) => start = Start::After(place),
                None => return pages,
            }
        }
    };
    let tried = (id(1), 1, Some(at(60)), Some("answered 500".to_owned()));
    let waits = |n| (id(n), 0, None, None);
    let own = Owed::Of(account_sid(1));
    assert_eq!(
        pages(own, 9).await,
        [vec![tried.clone(), waits(3), waits(5)]]
    );
    let expected = [vec![tried, waits(3)], vec![waits(5), waits(9)]];
    assert_eq!(pages(Owed::All, 2).await, expected);
    assert_eq!(pages(Owed::Of(account_sid(2)), 9).await, [[waits(9)]]);
    assert_eq!(pages(Owed::Of(account_sid(7)), 9).await, [[]]);
}

/// Dead letters are listed longest dead first, page by page.
pub async fn pages_dead_letters(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store
        .deliver((0..9).map(|n| new(n, URL, None)).collect())
        .await
        .unwrap();
    take(&*store, 0).await;
    // Two of them in each transaction, the last first.
    for (second, pair) in (0..).zip([[8, 7], [6, 5], [4, 3], [2, 1]]) {
        let dead = pair.map(|n| (id(n), failed(None)));
        settle(&*store, dead.to_vec(), 0, second).await;
    }
    let mut start = Start::First { skip: 0 };
    let mut seen = Vec::new();
    loop {
        let request = PageRequest { start, size: 3 };
        let page = store.dead_letters(Owed::All, &request).await.unwrap();
        seen.extend(page.rows.iter().map(|letter| letter.id));
        match page.after {
            Some(place) => start = Start::After(place),
            None => break,
        }
    }
    assert_eq!(seen, [7, 8, 5, 6, 3, 4, 1, 2].map(id));
}

/// Of what waits beyond a bound the oldest is given up, of what was given up the oldest is forgotten;
/// each account for itself.
pub async fn an_account_keeps_so_many(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, None)).await.unwrap();
    let mut deliveries: Vec<_> = (1..=5).map(|n| new(n, URL, Some(n / 4))).collect();
    let of_other = crate::delivery::NewDelivery {
        account: account_sid(2),
        ..new(9, URL, None)
    };
    deliveries.push(of_other);
    store.deliver(deliveries).await.unwrap();
    // The first is out, and fails: those behind it wait for it.
    assert_eq!(take(&*store, 0).await, [id(1), id(4)]);
    let both = vec![(id(1), failed(Some(60))), (id(4), failed(Some(60)))];
    assert_eq!(settle(&*store, both, 0, 1).await, []);
    assert_eq!(take(&*store, 2).await, []);
    let trimmed = async |waiting_max, dead_max| {
        let trimmed = store
            .trim_outbox(waiting_max, dead_max, at(3))
            .await
            .unwrap();
        (trimmed.given_up, trimmed.forgotten)
    };
    assert_eq!(trimmed(5, 5).await, (0, 0));
    assert_eq!(trimmed(3, 5).await, (2, 0));
    let dead: Vec<_> = letters(&*store, None)
        .await
        .iter()
        .map(|it| it.id)
        .collect();
    assert_eq!(dead, [id(1), id(2)]);
    assert_eq!(
        take(&*store, 4).await,
        [id(3)],
        "nothing is before it any more"
    );
    let arrived = vec![(id(3), Outcome::Delivered)];
    settle(&*store, arrived, 0, 5).await;
    assert_eq!(trimmed(3, 1).await, (0, 1));
    let dead: Vec<_> = letters(&*store, None)
        .await
        .iter()
        .map(|it| it.id)
        .collect();
    assert_eq!(dead, [id(2)]);
    assert_eq!(store.stats().await.unwrap().deliveries_waiting, 3);
}
