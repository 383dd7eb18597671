//! Annotations and their history.

use std::sync::Arc;

use sidetone_core::annotation::{Annotation, AnnotationPatch, AnsweredByHeard, QualityIssue};
use sidetone_core::event::SourceKind;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::summary::{CallSummary, ImportedAnnotation};

use super::sample::{
    account, account_sid, annotate, at, call, call_sid, create_account, event, put, scope, score,
    summary,
};
use crate::page::{PageRequest, Start};
use crate::{Annotate, AnnotationChange, AnnotationRecord, Lookup, PutSummary, Store, StoreError};

async fn judge(store: &dyn Store, n: u64, change: Annotate) -> AnnotationRecord {
    match store.annotate(scope(1), call_sid(n), change).await.unwrap() {
        Lookup::Found(record) => record,
        other => panic!("{other:?}"),
    }
}

async fn history(store: &dyn Store, n: u64) -> Vec<AnnotationChange> {
    let request = PageRequest {
        start: Start::First { skip: 0 },
        size: 100,
    };
    store
        .annotation_history(call(n), &request)
        .await
        .unwrap()
        .rows
}

async fn with_one_call(store: &dyn Store) {
    create_account(store).await;
    store
        .put_summaries(vec![put(summary(call(1), 0, Some(60)), 0)])
        .await
        .unwrap();
}

/// What is not mentioned stays; every change is in the history with its author, time and before;
/// all readers see it.
pub async fn merges_and_keeps_history(store: Arc<dyn Store>) {
    with_one_call(&*store).await;
    let issues = vec![QualityIssue::Echo, QualityIssue::OneWayAudio];
    let first = judge(
        &*store,
        1,
        annotate(AnnotationPatch {
            quality_issues: Some(Some(issues.clone())),
            comment: Some(Some("naïve \u{1F600}".into())),
            ..AnnotationPatch::default()
        }),
    )
    .await;
    let mut second = score(4);
    second.now = at(5);
    second.by = "SKkey".into();
    let second = judge(&*store, 1, second).await;
    let expected = Annotation {
        quality_issues: Some(issues),
        comment: Some("naïve \u{1F600}".into()),
        call_score: Some(4),
        ..Annotation::default()
    };
    assert_eq!(
        (second.annotation.clone(), second.revision, first.revision),
        (expected.clone(), 2, 1)
    );
    let Lookup::Found(read) = store.annotation(scope(1), call_sid(1)).await.unwrap() else {
        panic!()
    };
    assert_eq!(read, second);
    let Lookup::Found(record) = store.record(scope(1), call_sid(1)).await.unwrap() else {
        panic!()
    };
    assert_eq!(
        (
            record.annotation,
            record.annotation_revision,
            record.processing_version
        ),
        (expected.clone(), 2, 1)
    );
    let mut filter = SummaryFilter::all(account_sid(1));
    filter.call_score = vec![4];
    let request = PageRequest {
        start: Start::First { skip: 0 },
        size: 9,
    };
    assert_eq!(
        store.list(&filter, &request).await.unwrap().rows[0].annotation,
        expected
    );
    let changes = history(&*store, 1).await;
    assert_eq!(changes.len(), 2);
    assert_eq!(
        (changes[0].revision, changes[0].by.as_str(), changes[0].at),
        (2, "SKkey", at(5))
    );
    assert_eq!(
        (&changes[0].before, &changes[0].after),
        (&first.annotation, &expected)
    );
    assert_eq!(
        (changes[1].revision, &changes[1].before),
        (1, &Annotation::default())
    );
}

/// Saying the same again, or nothing, is no change.
pub async fn adds_nothing_when_nothing_changes(store: Arc<dyn Store>) {
    with_one_call(&*store).await;
    let none = judge(&*store, 1, annotate(AnnotationPatch::default())).await;
    assert_eq!((none.revision, none.annotation.is_empty()), (0, true));
    judge(&*store, 1, score(3)).await;
    assert_eq!(judge(&*store, 1, score(3)).await.revision, 1);
    let empty_list = AnnotationPatch {
        quality_issues: Some(Some(Vec::new())),
        ..AnnotationPatch::default()
    };
    assert_eq!(
        judge(&*store, 1, annotate(empty_list)).await.revision,
        1,
        "an empty list says nothing"
    );
    assert_eq!(history(&*store, 1).await.len(), 1);
}

/// A change that expects another revision is refused, and leaves no trace.
pub async fn checks_the_revision(store: Arc<dyn Store>) {
    with_one_call(&*store).await;
    let expecting = |revision| Annotate {
        if_revision: Some(revision),
        ..score(2)
    };
    let refused = store.annotate(scope(1), call_sid(1), expecting(1)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
    assert_eq!(judge(&*store, 1, expecting(0)).await.revision, 1);
    let refused = store.annotate(scope(1), call_sid(1), expecting(0)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
    assert_eq!(history(&*store, 1).await.len(), 1);
}

/// Authors have annotations of their own; the empty author's is the one that records and lists
/// show.
pub async fn keeps_authors_apart(store: Arc<dyn Store>) {
    with_one_call(&*store).await;
    let by_anna = |n| Annotate {
        author: "anna".into(),
        ..score(n)
    };
    judge(&*store, 1, score(1)).await;
    assert_eq!(judge(&*store, 1, by_anna(5)).await.revision, 1);
    let annas = judge(&*store, 1, by_anna(4)).await;
    assert_eq!((annas.revision, annas.annotation.call_score), (2, Some(4)));
    let Lookup::Found(read) = store.annotation(scope(1), call_sid(1)).await.unwrap() else {
        panic!()
    };
    assert_eq!((read.revision, read.annotation.call_score), (1, Some(1)));
    let authors: Vec<_> = history(&*store, 1)
        .await
        .into_iter()
        .map(|change| change.author)
        .collect();
    assert_eq!(authors, ["anna", "anna", ""]);
    let request = |start| PageRequest { start, size: 2 };
    let first = store
        .annotation_history(call(1), &request(Start::First { skip: 0 }))
        .await
        .unwrap();
    let rest = store
        .annotation_history(call(1), &request(Start::After(first.after.unwrap())))
        .await
        .unwrap();
    assert_eq!((rest.rows.len(), rest.after), (1, None));
    let back = store
        .annotation_history(call(1), &request(Start::Before(rest.before.unwrap())))
        .await
        .unwrap();
    assert_eq!(back, first);
}

/// Removing is a change like any other.
pub async fn removes_annotations(store: Arc<dyn Store>) {
    with_one_call(&*store).await;
    judge(
        &*store,
        1,
        annotate(AnnotationPatch {
            answered_by: Some(Some(AnsweredByHeard::Human)),
            spam: Some(Some(false)),
            ..AnnotationPatch::default()
        }),
    )
    .await;
    let removal = Annotate {
        patch: None,
        ..score(1)
    };
    let removed = judge(&*store, 1, removal.clone()).await;
    assert_eq!((removed.revision, removed.annotation.is_empty()), (2, true));
    assert_eq!(judge(&*store, 1, removal).await.revision, 2);
    assert_eq!(history(&*store, 1).await.len(), 2);
}

/// An unknown call is unknown, unless the change makes a placeholder; events make that a call like
/// any other.
pub async fn makes_placeholders_when_asked(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, None)).await.unwrap();
    let unknown = store
        .annotate(scope(1), call_sid(1), score(1))
        .await
        .unwrap();
    assert_eq!(unknown, Lookup::Unknown);
    let accepting = Annotate {
        accept_unknown: true,
        ..score(5)
    };
    assert_eq!(judge(&*store, 1, accepting).await.call, call(1));
    let record = async || match store.record(scope(1), call_sid(1)).await.unwrap() {
        Lookup::Found(record) => record,
        other => panic!("{other:?}"),
    };
    assert!(record().await.placeholder);
    assert_eq!(
        store
            .annotate(scope(2), call_sid(1), score(1))
            .await
            .unwrap(),
        Lookup::Unknown
    );
    store.append(vec![event(call(1), "a", 0)]).await.unwrap();
    let observed = record().await;
    assert!(!observed.placeholder);
    assert_eq!(observed.annotation.call_score, Some(5));
}

/// A new summary leaves the annotation alone, in records and in lists.
pub async fn survives_new_summaries(store: Arc<dyn Store>) {
    with_one_call(&*store).await;
    judge(&*store, 1, score(2)).await;
    store
        .put_summaries(vec![put(summary(call(1), 7200, Some(9000)), 0)])
        .await
        .unwrap();
    let mut filter = SummaryFilter::all(account_sid(1));
    filter.call_score = vec![2, 3];
    let request = PageRequest {
        start: Start::First { skip: 0 },
        size: 9,
    };
    let rows = store.list(&filter, &request).await.unwrap().rows;
    assert_eq!((rows.len(), rows[0].annotation.call_score), (1, Some(2)));
}

/// What another system's summary says becomes the annotation, with the summary and in its history;
/// who has annotated here since has the last word, also by taking the annotation away.
pub async fn adopts_what_an_imported_summary_says(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let import = async |second: i64, annotation: Annotation| {
        let imported = CallSummary {
            imported: Some(serde_json::Value::Null),
            imported_annotation: Some(ImportedAnnotation {
                source: SourceKind::EventStreams,
                at: at(second),
                annotation,
            }),
            ..summary(call(1), 0, Some(60))
        };
        let put = PutSummary {
            now: at(second + 1),
            ..put(imported, 0)
        };
        store.put_summaries(vec![put]).await.unwrap();
    };
    let there = |score| Annotation {
        call_score: Some(score),
        quality_issues: Some(vec![QualityIssue::Echo]),
        ..Annotation::default()
    };
    let here = async |second, n: u8| {
        let change = Annotate {
            now: at(second),
            ..score(n)
        };
        judge(&*store, 1, change).await
    };
    let said = async || match store.annotation(scope(1), call_sid(1)).await.unwrap() {
        Lookup::Found(record) => record,
        other => panic!("{other:?}"),
    };
    // Nothing said is nothing; then what is said holds, once however often it is told.
    import(100, Annotation::default()).await;
    assert_eq!(said().await.revision, 0);
    for second in [110, 110, 120] {
        import(second, there(2)).await;
        let said = said().await;
        assert_eq!((said.annotation, said.revision), (there(2), 1));
    }
    let mut filter = SummaryFilter::all(account_sid(1));
    filter.call_score = vec![2];
    let request = PageRequest {
        start: Start::First { skip: 0 },
        size: 9,
    };
    let rows = store.list(&filter, &request).await.unwrap().rows;
    assert_eq!((rows.len(), &rows[0].annotation), (1, &there(2)));
    let changes = history(&*store, 1).await;
    assert_eq!((changes.len(), changes[0].at), (1, at(111)));
    assert_eq!(
        (changes[0].author.as_str(), changes[0].by.as_str()),
        ("", "event-streams")
    );
    // A later version that says something else; another author here says nothing of this view.
    let by_anna = Annotate {
        author: "anna".into(),
        now: at(500),
        ..score(5)
    };
    judge(&*store, 1, by_anna).await;
    import(130, there(3)).await;
    assert_eq!(said().await.annotation, there(3));
    // Somebody here has said something since: the same again, and what was said there before,
    // change nothing.
    assert_eq!(here(200, 4).await.annotation.call_score, Some(4));
    for second in [130, 199, 210] {
        import(second, there(3)).await;
    }
    import(200, there(1)).await;
    import(190, there(2)).await;
    assert_eq!(said().await.annotation.call_score, Some(4));
    // There, somebody has since; and takes it back.
    import(220, there(5)).await;
    assert_eq!(said().await.annotation, there(5));
    import(230, Annotation::default()).await;
    assert_eq!(said().await.annotation, Annotation::default());
    // To take it away here is to say something, and nothing said there takes back what is said
    // here.
    import(240, there(1)).await;
    let removal = Annotate {
        patch: None,
        now: at(250),
        ..score(1)
    };
    judge(&*store, 1, removal).await;
    import(245, there(2)).await;
    assert!(said().await.annotation.is_empty());
    here(260, 3).await;
    import(300, Annotation::default()).await;
    assert_eq!(said().await.annotation.call_score, Some(3));
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

/// What was said before there was a summary is kept or replaced by its time, too.
pub async fn an_imported_summary_finds_what_was_said_before_it(store: Arc<dyn Store>) {
    create_account(&*store).await;
    for (n, said_at, expected) in [(1, 90, 5), (2, 100, 2), (3, 110, 2)] {
        let early = Annotate {
            accept_unknown: true,
            now: at(said_at),
            ..score(2)
        };
        judge(&*store, n, early).await;
        let imported = CallSummary {
            imported: Some(serde_json::Value::Null),
            imported_annotation: Some(ImportedAnnotation {
                source: SourceKind::EventStreams,
                at: at(100),
                annotation: Annotation {
                    call_score: Some(5),
                    ..Annotation::default()
                },
            }),
            ..summary(call(n), 0, Some(60))
        };
        store.put_summaries(vec![put(imported, 0)]).await.unwrap();
        let record = store.record(scope(1), call_sid(n)).await.unwrap();
        let Lookup::Found(record) = record else {
            panic!("{record:?}")
        };
        assert_eq!(record.annotation.call_score, Some(expected), "{said_at}");
        assert!(!record.placeholder);
    }
}
