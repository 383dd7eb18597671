//! The outbox.

use std::sync::Arc;

use super::sample::{MIDNIGHT, account, account_sid, at, create_account};
use crate::delivery::{
    Content, Delivery, DeliveryId, DeliveryRequest, EndpointId, Headers, Method, NewDelivery,
    Outcome, Signature,
};
use crate::{Store, StoreError};

pub(super) const URL: &str = "https://one.example.com/hook?key=1";
const OTHER: &str = "https://two.example.com/hook";

pub(super) fn id(n: u8) -> DeliveryId {
    DeliveryId::from_bytes([n; 16])
}

/// A delivery of account 1, made at midnight.
pub(super) fn new(n: u8, url: &str, subject: Option<u8>) -> NewDelivery {
    NewDelivery {
        id: id(n),
        account: account_sid(1),
        subject: subject.map(|n| [n; 16]),
        kind: "feedback_summary".into(),
        content: Content::Request(DeliveryRequest {
            method: Method::Post,
            url: url.into(),
            headers: Headers::default(),
            body: Some(("application/x-www-form-urlencoded".into(), vec![b'a', n])),
        }),
        signature: Signature::Twilio,
        created_at: MIDNIGHT,
    }
}

/// The request that is delivered.
fn request(content: &mut Content) -> &mut DeliveryRequest {
    match content {
        Content::Request(request) => request,
        Content::Event(event) => panic!("{event:?}"),
    }
}

fn endpoint(url: &str) -> EndpointId {
    EndpointId::of(account_sid(1), url)
}

pub(super) async fn settle(
    store: &dyn Store,
    settled: Vec<(DeliveryId, Outcome)>,
    limit: usize,
    second: i64,
) -> Vec<Delivery> {
    store
        .take_deliveries(endpoint(URL), settled, limit, at(second), at(second + 60))
        .await
        .unwrap()
}

pub(super) async fn take(store: &dyn Store, second: i64) -> Vec<DeliveryId> {
    let taken = settle(store, Vec::new(), 100, second).await;
    taken.iter().map(|delivery| delivery.id).collect()
}

pub(super) fn failed(retry_second: Option<i64>) -> Outcome {
    Outcome::Failed {
        error: "answered 500".into(),
        retry_at: retry_second.map(at),
    }
}

/// A delivery is handed out whole when it is due, and gone when it has arrived.
pub async fn hands_out_what_is_due_and_forgets_what_arrived(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let post = new(1, URL, Some(7));
    let get = NewDelivery {
        content: Content::Request(DeliveryRequest {
            method: Method::Get,
            url: URL.into(),
            headers: Headers::default(),
            body: None,
        }),
        created_at: at(5),
        ..new(2, URL, None)
    };
    store
        .deliver(vec![post.clone(), get.clone()])
        .await
        .unwrap();
    assert_eq!(store.stats().await.unwrap().deliveries_waiting, 2);
    assert_eq!(
        store.due_endpoints(at(0), 10).await.unwrap(),
        [endpoint(URL)]
    );
    let of = |new: NewDelivery| Delivery {
        id: new.id,
        account: new.account,
        endpoint: endpoint(URL),
        subject: new.subject,
        kind: new.kind,
        content: new.content,
        signature: new.signature,
        created_at: new.created_at,
        queued_at: new.created_at,
        attempts: 0,
    };
    assert_eq!(settle(&*store, vec![], 1, 1).await, [of(post)]);
    let arrived = vec![(id(1), Outcome::Delivered)];
    assert_eq!(settle(&*store, arrived.clone(), 10, 5).await, [of(get)]);
    let arrived = vec![arrived[0].clone(), (id(2), Outcome::Delivered)];
    assert_eq!(settle(&*store, arrived, 10, 6).await, []);
    assert_eq!(store.stats().await.unwrap().deliveries_waiting, 0);
    assert_eq!(take(&*store, 1000).await, []);
}

/// Headers and signature of a delivery are kept with it, until it was given up and replayed.
pub async fn keeps_headers_and_signature(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = [
        header("webhook-id", "msg_1"),
        header("x-empty", ""),
        header("x-pair", "a: b, c"),
    ];
    let headers = Headers::new(headers.to_vec()).unwrap();
    let plain = new(1, URL, None);
    let mut own = NewDelivery {
        signature: Signature::None,
        ..new(2, URL, None)
    };
    request(&mut own.content).headers = headers.clone();
    store.deliver(vec![plain, own]).await.unwrap();
    let signed = async |settled, second| -> Vec<(Headers, Signature)> {
        let taken = settle(&*store, settled, 10, second).await;
        let carried = taken.into_iter();
        carried
            .map(|mut it| (request(&mut it.content).headers.clone(), it.signature))
            .collect()
    };
    let unsigned = [(headers, Signature::None)];
    let all = [(Headers::default(), Signature::Twilio), unsigned[0].clone()];
    assert_eq!(signed(vec![], 0).await, all);
    let settled = vec![(id(1), Outcome::Delivered), (id(2), failed(Some(9)))];
    assert_eq!(signed(settled, 1).await, []);
    assert_eq!(signed(vec![], 9).await, unsigned);
    assert_eq!(signed(vec![(id(2), failed(None))], 10).await, []);
    store.replay(None, vec![id(2)], at(20)).await.unwrap();
    assert_eq!(signed(vec![], 20).await, unsigned);
}

/// Origins and accounts have queues of their own; the one that waits longest is named first.
pub async fn keeps_endpoints_apart(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, None)).await.unwrap();
    let later = NewDelivery {
        created_at: at(3),
        ..new(1, URL, None)
    };
    let foreign = NewDelivery {
        account: account_sid(2),
        created_at: at(2),
        ..new(3, URL, None)
    };
    store
        .deliver(vec![later, new(2, OTHER, None), foreign])
        .await
        .unwrap();
    let theirs = EndpointId::of(account_sid(2), URL);
    let due = [endpoint(OTHER), theirs, endpoint(URL)];
    assert_eq!(store.due_endpoints(at(9), 10).await.unwrap(), due);
    assert_eq!(store.due_endpoints(at(9), 2).await.unwrap(), due[..2]);
    assert_eq!(take(&*store, 9).await, [id(1)]);
    let taken = store
        .take_deliveries(theirs, vec![], 10, at(9), at(60))
        .await
        .unwrap();
    assert_eq!((taken[0].id, taken[0].account), (id(3), account_sid(2)));
    assert_eq!(
        store.due_endpoints(at(9), 10).await.unwrap(),
        [endpoint(OTHER)]
    );
    let stranger = NewDelivery {
        account: account_sid(9),
        ..new(4, URL, None)
    };
    let refused = store.deliver(vec![new(5, URL, None), stranger]).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))));
    assert_eq!(store.stats().await.unwrap().deliveries_waiting, 3);
}

/// Of a subject the next is due when the one before has arrived or was given up; other subjects do
/// not wait.
pub async fn sends_one_of_a_subject_after_the_other(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store
        .deliver(vec![
            new(1, URL, Some(1)),
            new(2, URL, Some(1)),
            new(3, URL, Some(1)),
            new(4, URL, Some(2)),
            new(5, OTHER, Some(1)),
        ])
        .await
        .unwrap();
    assert_eq!(take(&*store, 0).await, [id(1), id(4)]);
    let ids = |taken: Vec<Delivery>| taken.iter().map(|taken| taken.id).collect::<Vec<_>>();
    // It has failed: it is tried again before the next one.
    assert_eq!(
        settle(&*store, vec![(id(1), failed(Some(20)))], 10, 10).await,
        []
    );
    assert_eq!(take(&*store, 19).await, []);
    assert_eq!(take(&*store, 20).await, [id(1)]);
    let arrived = vec![(id(1), Outcome::Delivered)];
    assert_eq!(ids(settle(&*store, arrived, 10, 21).await), [id(2)]);
    store.deliver(vec![new(6, URL, Some(1))]).await.unwrap();
    let dead = vec![(id(2), failed(None))];
    assert_eq!(ids(settle(&*store, dead, 10, 22).await), [id(3)]);
    let arrived = vec![(id(3), Outcome::Delivered)];
    assert_eq!(ids(settle(&*store, arrived, 10, 23).await), [id(6)]);
    let arrived = vec![(id(6), Outcome::Delivered), (id(4), Outcome::Delivered)];
    assert_eq!(settle(&*store, arrived, 10, 24).await, []);
    // Nobody is before it now.
    store.deliver(vec![new(7, URL, Some(1))]).await.unwrap();
    assert_eq!(take(&*store, 25).await, [id(7)]);
}

/// What is behind one that failed waits until that has arrived or was given up, whatever else comes
/// and goes.
pub async fn keeps_the_order_of_a_subject_behind_failures(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let of_one = |n| new(n, URL, Some(1));
    store
        .deliver(vec![of_one(1), of_one(2), new(9, URL, Some(2))])
        .await
        .unwrap();
    assert_eq!(take(&*store, 0).await, [id(1), id(9)]);
    let ids = |taken: Vec<Delivery>| taken.iter().map(|taken| taken.id).collect::<Vec<_>>();
    // Given back, it is still before the second one.
    assert_eq!(
        settle(&*store, vec![(id(1), Outcome::Untried)], 10, 1).await,
        []
    );
    assert_eq!(take(&*store, 1).await, [id(1)]);
    settle(&*store, vec![(id(1), failed(Some(20)))], 0, 2).await;
    store.deliver(vec![of_one(3)]).await.unwrap();
    assert_eq!(take(&*store, 3).await, []);
    store.deliver(vec![of_one(4)]).await.unwrap();
    assert_eq!(take(&*store, 19).await, []);
    assert_eq!(store.due_endpoints(at(19), 10).await.unwrap(), []);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    assert_eq!(store.stats().await.unwrap().deliveries_waiting, 5);
    assert_eq!(take(&*store, 20).await, [id(1)]);
    let again = vec![(id(1), failed(Some(30)))];
    assert_eq!(settle(&*store, again, 10, 21).await, []);
    assert_eq!(take(&*store, 30).await, [id(1)]);
    let arrived = |n| vec![(id(n), Outcome::Delivered)];
    assert_eq!(ids(settle(&*store, arrived(1), 10, 31).await), [id(2)]);
    store.deliver(vec![of_one(5)]).await.unwrap();
    // Settled twice: it lets only one go.
    assert_eq!(settle(&*store, arrived(1), 10, 32).await, []);
    let dead = vec![(id(2), failed(None))];
    assert_eq!(ids(settle(&*store, dead, 10, 33).await), [id(3)]);
    store.replay(None, vec![id(2)], at(34)).await.unwrap();
    for (n, next) in [(3, 4), (4, 5), (5, 2)] {
        assert_eq!(ids(settle(&*store, arrived(n), 10, 35).await), [id(next)]);
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    }
    let arrived = vec![(id(2), Outcome::Delivered), (id(9), Outcome::Delivered)];
    assert_eq!(settle(&*store, arrived, 10, 36).await, []);
    assert_eq!(store.stats().await.unwrap().deliveries_waiting, 0);
}

/// However many are about one subject, they arrive in order, and others do not wait for them.
pub async fn passes_over_what_is_behind(store: Arc<dyn Store>) {
    const MANY: u16 = 1_500;
    create_account(&*store).await;
    let wide = |n: u16| {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&n.to_be_bytes());
        DeliveryId::from_bytes(bytes)
    };
    let deliveries = (0..MANY).map(|n| NewDelivery {
        id: wide(n),
        ..new(0, URL, Some(1))
    });
    let mut deliveries: Vec<_> = deliveries.collect();
    deliveries.push(new(255, URL, Some(2)));
    store.deliver(deliveries).await.unwrap();
    assert_eq!(take(&*store, 0).await, [wide(0), id(255)]);
    assert_eq!(store.due_endpoints(at(0), 10).await.unwrap(), []);
    for n in 0..MANY {
        if n % 100 == 0 {
            assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
        }
        let arrived = vec![(wide(n), Outcome::Delivered)];
        let next = settle(&*store, arrived, 10, 1).await;
        let next: Vec<_> = next.iter().map(|next| next.id).collect();
        let last = (n + 1 == MANY).then(Vec::new);
        assert_eq!(next, last.unwrap_or_else(|| vec![wide(n + 1)]));
    }
    assert_eq!(store.stats().await.unwrap().deliveries_waiting, 1);
}

/// What one has taken nobody else gets until the lease is over.
pub async fn leases_to_one_at_a_time(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store
        .deliver((0..100).map(|n| new(n, URL, None)).collect())
        .await
        .unwrap();
    let takers: Vec<_> = (0..20)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { settle(&*store, vec![], 7, 0).await })
        })
        .collect();
    let mut taken = Vec::new();
    for taker in takers {
        taken.extend(taker.await.unwrap().into_iter().map(|taken| taken.id));
    }
    taken.sort_unstable();
    assert_eq!(taken, (0..100).map(id).collect::<Vec<_>>());
    assert_eq!(take(&*store, 59).await, []);
    assert_eq!(store.due_endpoints(at(59), 10).await.unwrap(), []);
    assert_eq!(store.due_endpoints(at(60), 10).await.unwrap().len(), 1);
    assert_eq!(take(&*store, 60).await.len(), 100);
}

/// A failed delivery comes back when its time has come, and counts its attempts.
pub async fn tries_again_when_it_is_time(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.deliver(vec![new(1, URL, None)]).await.unwrap();
    for attempt in 0..3 {
        let second = i64::from(attempt) * 100;
        let taken = settle(&*store, vec![], 10, second).await;
        assert_eq!(taken[0].attempts, attempt);
        let queued = if attempt == 0 { MIDNIGHT } else { at(1) };
        assert_eq!(taken[0].queued_at, queued);
        let again = vec![(id(1), failed(Some(second + 100)))];
        assert_eq!(settle(&*store, again, 10, second + 1).await, []);
        assert_eq!(store.due_endpoints(at(second + 99), 10).await.unwrap(), []);
    }
}

/// What was taken and not tried is due as it was.
pub async fn gives_back_what_was_not_tried(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store
        .deliver(vec![new(1, URL, Some(1)), new(2, URL, Some(1))])
        .await
        .unwrap();
    let before = settle(&*store, vec![], 10, 0).await;
    assert_eq!(
        settle(&*store, vec![(id(1), Outcome::Untried)], 0, 1).await,
        []
    );
    assert_eq!(settle(&*store, vec![], 10, 1).await, before);
}

/// Whoever takes need not hold more in memory than a little.
pub async fn gives_out_large_bodies_by_few(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let large = (0..20).map(|n| {
        let mut large = new(n, URL, None);
        request(&mut large.content).body = Some(("application/json".into(), vec![b' '; 200_000]));
        large
    });
    store.deliver(large.collect()).await.unwrap();
    let mut seen = 0;
    loop {
        let taken = take(&*store, 0).await;
        if taken.is_empty() {
            break;
        }
        assert!(taken.len() < 5, "{}", taken.len());
        seen += taken.len();
    }
    assert_eq!(seen, 20);
}
