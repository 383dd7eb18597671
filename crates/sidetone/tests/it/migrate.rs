//! `sidetone migrate-feedback`, as the program that is shipped.

use std::process::Command;

use serde_json::{Value, json};
use sidetone_core::annotation::{Annotation, AnnotationPatch, QualityIssue};
use sidetone_core::feedback::{Feedback, FeedbackIssue, FeedbackPatch};
use sidetone_store::Lookup;
use sidetone_store::conformance::sample::{
    account, account_sid, annotate, call, call_sid, create_account, put, scope, summary,
};
use sidetone_store::feedback::Rate;
use sidetone_store::prelude::*;
use sidetone_store_sqlite::{Options, SqliteStore};

async fn rate(store: &dyn Store, n: u64, score: u8, issues: &[FeedbackIssue]) {
    let rate = Rate {
        by: "tester".into(),
        patch: FeedbackPatch {
            score: Some(score),
            issues: Some(issues.iter().copied().collect()),
        },
        now: sidetone_store::conformance::sample::at(100),
        accept_unknown: false,
        only_first: false,
        mirror: false,
    };
    store.rate(call(n), rate).await.unwrap();
}

async fn said(store: &dyn Store, n: u64) -> (Option<Feedback>, Annotation) {
    let feedback = match store.feedback(call(n)).await.unwrap() {
        Lookup::Found(record) => record.map(|record| record.feedback),
        other => panic!("{other:?}"),
    };
    match store.annotation(scope(1), call_sid(n)).await.unwrap() {
        Lookup::Found(record) => (feedback, record.annotation),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn feedback_becomes_annotations_and_back_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("sidetone.db"), Options::default()).unwrap();
    sidetone::secrets::Vault::create(&dir.path().join("secret.key")).unwrap();
    create_account(&store).await;
    let calls = (1..=5).map(|n| put(summary(call(n), 0, Some(60)), 0));
    store.put_summaries(calls.collect()).await.unwrap();
    rate(
        &store,
        1,
        2,
        &[FeedbackIssue::OneWayAudio, FeedbackIssue::PostDialDelay],
    )
    .await;
    rate(&store, 2, 5, &[]).await;
    let patch = AnnotationPatch {
        call_score: Some(Some(1)),
        quality_issues: Some(Some(vec![QualityIssue::Echo])),
        ..AnnotationPatch::default()
    };
    for n in [2, 3] {
        store
            .annotate(scope(1), call_sid(n), annotate(patch.clone()))
            .await
            .unwrap();
    }
    let spam = AnnotationPatch {
        spam: Some(Some(true)),
        ..AnnotationPatch::default()
    };
    store
        .annotate(scope(1), call_sid(4), annotate(spam))
        .await
        .unwrap();
    let run = |more: &[&str]| -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_sidetone"))
            .args(["migrate-feedback", "--data"])
            .arg(dir.path())
            .args(more)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let report = |to: &str, applied: bool, [calls, changed, without_score]: [u64; 3]| {
        json!({
            "to": to, "applied": applied, "calls": calls, "changed": changed,
            "unchanged": calls - changed - without_score, "without_score": without_score, "busy": 0,
            "not_translated": if to == "annotation" { json!({ "post-dial-delay": 1 }) } else { json!({}) },
        })
    };
    let before = said(&store, 1).await;
    assert_eq!(run(&[]), report("annotation", false, [2, 1, 0]));
    assert_eq!(said(&store, 1).await, before);
    store.create_account(account(2, None)).await.unwrap();
    let other = account_sid(2).to_string();
    assert_eq!(run(&["--account", &other, "--apply"])["calls"], 0);
    assert_eq!(run(&["--apply"]), report("annotation", true, [2, 1, 0]));
    assert_eq!(run(&["--apply"]), report("annotation", true, [2, 0, 0]));
    let (_, annotation) = said(&store, 1).await;
    assert_eq!(annotation.call_score, Some(2));
    assert_eq!(
        annotation.quality_issues,
        Some(vec![QualityIssue::OneWayAudio])
    );
    // What a person said before stays.
    assert_eq!(said(&store, 2).await.1.call_score, Some(1));

    for (more, expected) in [
        (
            &["--to", "feedback"][..],
            report("feedback", false, [4, 1, 1]),
        ),
        (
            &["--to", "feedback", "--apply"],
            report("feedback", true, [4, 1, 1]),
        ),
        (
            &["--to", "feedback", "--apply"],
            report("feedback", true, [4, 0, 1]),
        ),
    ] {
        assert_eq!(run(more), expected);
    }
    // What callers said stays.
    assert_eq!(said(&store, 2).await.0.unwrap().score, 5);
    let made = said(&store, 3).await.0.unwrap();
    assert_eq!(made.score, 1);
    assert!(made.issues.contains(FeedbackIssue::ImperfectAudio));
    assert_eq!(said(&store, 4).await.0, None);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}
