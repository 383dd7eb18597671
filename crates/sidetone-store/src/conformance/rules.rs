//! Rules frozen by day.

use std::sync::Arc;

use sidetone_core::rules::Rules;
use sidetone_core::time::DAY_US;

use super::sample::{MIDNIGHT, call, create_account, put, summary};
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

/// Limits are learnt from the thirty days before, by country and from all together; corrections count.
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
