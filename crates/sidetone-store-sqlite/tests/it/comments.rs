//! Comments: searched alike behind the index, which is written when nobody waits for it, and in it.

use std::time::Duration;

use rusqlite::Connection;
use sidetone_core::annotation::AnnotationPatch;
use sidetone_core::filter::SummaryFilter;
use sidetone_store::conformance::sample::{
    account_sid, annotate, call, call_sid, create_account, put, scope, summary,
};
use sidetone_store::page::{PageRequest, Start};
use sidetone_store::prelude::*;

use crate::sqlite::open_at;

#[tokio::test]
async fn comments_are_indexed_when_nobody_waits() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = open_at(&path);
    create_account(&store).await;
    store
        .put_summaries(
            (0..20)
                .map(|n| put(summary(call(n), 0, Some(60)), 0))
                .collect(),
        )
        .await
        .unwrap();
    let conn = Connection::open(&path).unwrap();
    let indexed = || -> i64 {
        conn.query_row("select indexed from comment_progress", [], |row| row.get(0))
            .unwrap()
    };
    let found = async |fragment: &str| {
        let mut filter = SummaryFilter::all(account_sid(1));
        filter.comment = vec![fragment.to_owned()];
        let page = PageRequest {
            start: Start::First { skip: 0 },
            size: 100,
        };
        store.list(&filter, &page).await.unwrap().rows.len()
    };
    for round in 0..20 {
        for n in 0..20 {
            let patch = AnnotationPatch {
                comment: Some(Some(format!("Round {round} of {n},"))),
                ..AnnotationPatch::default()
            };
            store
                .annotate(scope(1), call_sid(n), annotate(patch))
                .await
                .unwrap();
        }
    }
    let written = async {
        while indexed() < 250 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), written)
        .await
        .unwrap();
    assert_eq!(
        (found("round 19 of").await, found("round 18 of").await),
        (20, 0)
    );
    assert_eq!(found("of 17,").await, 1);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}
