//! What annotating costs is measured against its own statements, so they have to be those.

use rusqlite::{Connection, params_from_iter};
use sidetone_core::annotation::AnnotationPatch;
use sidetone_core::filter::SummaryFilter;
use sidetone_store::Lookup;
use sidetone_store::conformance::sample::{
    account_sid, annotate, call, call_sid, create_account, put, scope, summary,
};
use sidetone_store::page::{PageRequest, Start};
use sidetone_store::prelude::*;
use sidetone_store_sqlite::testing::{add_functions, record_annotations};
use sidetone_store_sqlite::{Options, SqliteStore};

/// Words included, for which the full-text index executes statements of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recorded_statements_annotate_as_the_verb_does() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    let store = SqliteStore::open(&path, Options::default()).unwrap();
    create_account(&store).await;
    store
        .put_summaries(vec![put(summary(call(1), 0, Some(60)), 1)])
        .await
        .unwrap();
    let said = annotate(AnnotationPatch {
        comment: Some(Some("It's gone ?1".into())),
        ..AnnotationPatch::default()
    });
    let recorded =
        record_annotations(&path, vec![(scope(1), call_sid(1), said.clone())], 1).unwrap();
    let conn = Connection::open(&path).unwrap();
    add_functions(&conn).unwrap();
    conn.execute_batch("begin").unwrap();
    for statement in recorded.into_iter().flatten() {
        let mut prepared = conn.prepare(&statement.sql).unwrap();
        let mut rows = prepared.query(params_from_iter(statement.values)).unwrap();
        while rows.next().unwrap().is_some() {}
    }
    conn.execute_batch("commit").unwrap();
    let Lookup::Found(record) = store.annotation(scope(1), call_sid(1)).await.unwrap() else {
        panic!("the call is there")
    };
    assert_eq!(record.annotation.comment.as_deref(), Some("It's gone ?1"));
    let mut filter = SummaryFilter::all(account_sid(1));
    filter.comment = vec!["GONE".into()];
    let whole = PageRequest {
        start: Start::First { skip: 0 },
        size: 10,
    };
    assert_eq!(store.list(&filter, &whole).await.unwrap().rows.len(), 1);
}
