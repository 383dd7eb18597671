//! Rules: frozen by day, and published.

use std::sync::Arc;

use sidetone_core::rules::Rules;
use sidetone_core::sides::{SideRule, Sides};
use sidetone_core::time::DAY_US;

use super::sample::{MIDNIGHT, call, create_account, put, summary};
use crate::rules::Published;
use crate::{PutSummary, Store};

/// What is frozen stays, whatever comes.
pub async fn freezes_once(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let day = MIDNIGHT.day();
    assert_eq!(store.rules(day).await.unwrap(), None);
    let frozen = store.freeze_rules(day).await.unwrap();
    assert_eq!((frozen.day, frozen.pdd), (Some(day), Rules::built_in().pdd));
    store
        .put_summaries(delayed(-1, "DE", 1000, 0))
        .await
        .unwrap();
    assert_eq!(
        store.freeze_rules(day).await.unwrap().pdd,
        Rules::built_in().pdd
    );
    assert_eq!(
        store.rules(day).await.unwrap().unwrap().pdd,
        Rules::built_in().pdd
    );
}

/// A hundred calls of one country, one of them late, some days after midnight.
fn delayed(days: i64, country: &str, pdd_ms: u64, first: u64) -> Vec<PutSummary> {
    (0..100)
        .map(|n| {
            let second = days * DAY_US / 1_000_000;
            let mut summary = summary(call(first + n), second, Some(second + 60));
            summary.facts.to.country_code = Some(country.to_owned());
            summary.facts.pdd_ms = Some(if n < 5 { 60_000 } else { pdd_ms });
            put(summary, 0)
        })
        .collect()
}

/// Limits are learnt from the thirty days before, by country and from all together; corrections
/// count.
pub async fn learns_from_the_days_before(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let day = MIDNIGHT.day();
    for (days, country, pdd_ms, first) in [
        (-1, "DE", 1010, 0),
        (-30, "FR", 2010, 1000),
        (-31, "DE", 50_000, 2000),
        (0, "DE", 50_000, 3000),
        (-2, "IT", 9999, 4000),
    ] {
        store
            .put_summaries(delayed(days, country, pdd_ms, first))
            .await
            .unwrap();
    }
    // The Italian ones turn out to be of another day.
    store
        .put_summaries(delayed(-40, "IT", 9999, 4000))
        .await
        .unwrap();
    let mut one = delayed(-2, "IT", 100, 4000);
    one.truncate(1);
    store.put_summaries(one).await.unwrap();
    let frozen = store.freeze_rules(day).await.unwrap();
    let limits: Vec<_> = frozen
        .pdd
        .p95_ms_by_country
        .iter()
        .map(|(country, ms)| (country.as_str(), *ms))
        .collect();
    assert_eq!(limits, [("DE", 1100), ("FR", 2100)]);
    assert_eq!(frozen.pdd.p95_ms_global, Some(60_100));
    assert_eq!(store.rules(day).await.unwrap(), Some(frozen));
}

/// Rules by which every side is of a carrier, the first of these.
pub(super) fn carriers(names: &[&str]) -> Sides {
    let rule = |name: &&str| SideRule {
        networks: "192.0.2.0/24,2001:db8::/32"
            .split(',')
            .map(|network| network.parse().unwrap())
            .collect(),
        carrier: Some((*name).to_owned()),
        ..SideRule::default()
    };
    Sides(names.iter().map(rule).collect())
}

/// What is published is the newest version for everybody; what says the same as the newest is none
/// of its own.
pub async fn publishes_what_says_something_else(store: Arc<dyn Store>) {
    let newest = async |newer_than| store.published_rules(newer_than).await.unwrap();
    assert_eq!(newest(0).await, None);
    let none = Sides::default();
    assert_eq!(store.publish_rules(none.clone()).await.unwrap(), 0);
    assert_eq!(newest(0).await, None);
    let (one, other) = (carriers(&["A", "B"]), carriers(&["B", "A"]));
    for (version, sides) in [(1, &one), (2, &other), (3, &one), (4, &none), (5, &other)] {
        for _ in 0..3 {
            assert_eq!(store.publish_rules(sides.clone()).await.unwrap(), version);
        }
        let sides = sides.clone();
        let published = Some(Published { version, sides });
        assert_eq!(newest(0).await, published);
        assert_eq!(newest(version - 1).await, published);
        assert_eq!(newest(version).await, None);
    }
}

/// Nodes that start at once with the same file make one version; with files of their own each makes
/// one, and the last holds.
pub async fn publishes_once_what_many_say(store: Arc<dyn Store>) {
    let publish = async |says: fn(usize) -> Sides| {
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { (store.publish_rules(says(n)).await.unwrap(), says(n)) })
            })
            .collect();
        let mut made = Vec::new();
        for task in tasks {
            made.push(task.await.unwrap());
        }
        made.sort_by_key(|(version, _)| *version);
        made
    };
    let same = publish(|_| carriers(&["A"])).await;
    assert!(same.iter().all(|(version, _)| *version == 1));
    let own = publish(|n| carriers(&[&format!("carrier {n}")])).await;
    let versions: Vec<_> = own.iter().map(|(version, _)| *version).collect();
    assert_eq!(versions, (2..22).collect::<Vec<_>>());
    let (version, sides) = own[19].clone();
    let newest = store.published_rules(0).await.unwrap();
    assert_eq!(newest, Some(Published { version, sides }));
}
