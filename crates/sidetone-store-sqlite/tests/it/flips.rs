//! Bits that flip in the file: what is read is what was written, or an error; never something else.

use std::collections::BTreeMap;
use std::path::Path;

use sidetone_core::annotation::AnnotationPatch;
use sidetone_core::feedback::FeedbackPatch;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::sides::{SideRule, Sides};
use sidetone_core::vocabulary::Tag;
use sidetone_store::conformance::people::{person, signing_in};
use sidetone_store::conformance::random::Random;
use sidetone_store::conformance::sample::{
    account_sid, annotate, at, call, call_sid, create_account, event, put, scope, summary,
};
use sidetone_store::conformance::sinks::{sink, subscription};
use sidetone_store::conformance::views::view;
use sidetone_store::feedback::{FeedbackRange, Rate};
use sidetone_store::page::{PageRequest, Start};
use sidetone_store::people::SessionDigest;
use sidetone_store::prelude::*;
use sidetone_store::{EventFilter, Rendered, StoreError};
use sidetone_store_sqlite::{Options, SqliteStore};

const CALLS: u64 = 60;
const ROUNDS: usize = 40;
const SEED: u64 = 7;
const WHOLE: PageRequest = PageRequest {
    start: Start::First { skip: 0 },
    size: 1000,
};

async fn fill(store: &dyn Store) {
    create_account(store).await;
    for n in 0..CALLS {
        let second = i64::try_from(n).unwrap() * 1000;
        let mut events = vec![event(call(n), "a", second)];
        events.extend((0..n % 5).map(|more| event(call(n), &format!("e{more}"), second)));
        let position = u64::try_from(events.len()).unwrap();
        store.append(events).await.unwrap();
        let mut summary = summary(call(n), second, (n % 3 > 0).then_some(second + 60));
        summary.facts.from.address = Some(format!("+15550100{}", n % 20));
        summary.facts.to.carrier = Some(format!("carrier {}", n % 7));
        summary.tags = vec![Tag::Silence];
        let mut put = put(summary, position);
        put.state = Some(vec![1, 2, 3]);
        put.rendered = (n % 4 > 0).then(|| Rendered {
            form: 1,
            bytes: format!("what is shown of call {n}").into(),
        });
        store.put_summaries(vec![put]).await.unwrap();
        if n % 2 == 0 {
            let patch = AnnotationPatch {
                comment: Some(Some(format!("what was said of call {n}"))),
                call_score: Some(Some(1 + u8::try_from(n % 5).unwrap())),
                ..AnnotationPatch::default()
            };
            for author in ["", "anna"] {
                let mut change = annotate(patch.clone());
                change.author = author.to_owned();
                store.annotate(scope(1), call_sid(n), change).await.unwrap();
            }
        }
        if n % 3 == 0 {
            let rate = Rate {
                by: "tester".into(),
                patch: FeedbackPatch {
                    score: Some(1 + u8::try_from(n % 5).unwrap()),
                    issues: None,
                },
                now: at(second),
                accept_unknown: false,
                only_first: false,
                mirror: false,
            };
            store.rate(call(n), rate).await.unwrap();
        }
    }
    let anna = person("Anna", 1);
    store.create_person(anna.clone(), "tester").await.unwrap();
    store.open_session(signing_in(1, &anna, 1)).await.unwrap();
    store.create_view(view(1, "Anna")).await.unwrap();
    store.create_sink(sink(1), "tester").await.unwrap();
    let streamed = store.create_subscription(subscription(1), "tester");
    streamed.await.unwrap();
    store.freeze_rules(20_600).await.unwrap();
    let rule = SideRule {
        carrier: Some("what the operator says, ".repeat(200)),
        ..SideRule::default()
    };
    store.publish_rules(Sides(vec![rule])).await.unwrap();
}

/// Everything that is read of a store, by what was asked. `Err`: it was refused as damaged.
type Answers = BTreeMap<String, Result<String, ()>>;

fn note<T: std::fmt::Debug>(answers: &mut Answers, asked: String, answer: Result<T, StoreError>) {
    let answer = match answer {
        Ok(answer) => Ok(format!("{answer:?}")),
        Err(StoreError::Corrupt(_) | StoreError::Unavailable(_)) => Err(()),
        Err(error) => panic!("{asked}: {error}"),
    };
    answers.insert(asked, answer);
}

async fn read(path: &Path) -> Option<Answers> {
    let store = match SqliteStore::open(path, Options::default()) {
        Ok(store) => store,
        Err(StoreError::Corrupt(_) | StoreError::Invalid(_) | StoreError::Unavailable(_)) => {
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    let mut answers = Answers::new();
    let all = EventFilter::default();
    for n in 0..CALLS {
        let (call, sid) = (call(n), call_sid(n));
        let a = &mut answers;
        note(a, format!("record {n}"), store.record(scope(1), sid).await);
        note(a, format!("shown {n}"), store.shown(scope(1), sid, 1).await);
        note(
            a,
            format!("annotation {n}"),
            store.annotation(scope(1), sid).await,
        );
        note(
            a,
            format!("events {n}"),
            store.events(call, &all, &WHOLE).await,
        );
        note(
            a,
            format!("history {n}"),
            store.annotation_history(call, &WHOLE).await,
        );
        note(a, format!("feedback {n}"), store.feedback(call).await);
    }
    let range = FeedbackRange {
        account: account_sid(1),
        include_subaccounts: false,
        days: 0..=99_999,
    };
    note(
        &mut answers,
        "tally".into(),
        store.tally_feedback(&range).await,
    );
    let accounts = store.accounts().await;
    let accounts = accounts.and_then(|all| match all.damaged.first() {
        Some(damage) => Err(StoreError::Corrupt(damage.clone())),
        None => Ok(all.sound),
    });
    note(&mut answers, "accounts".into(), accounts);
    note(&mut answers, "rules".into(), store.rules(20_600).await);
    let anna = store.person(&person("Anna", 1).name).await;
    note(&mut answers, "person".into(), anna);
    let kept = view(1, "Anna");
    let kept = store.view(kept.account, kept.sid).await;
    note(&mut answers, "view".into(), kept);
    let (kept, streamed) = (sink(1), subscription(1));
    let kept = store.sink(kept.account, kept.sid).await;
    note(&mut answers, "sink".into(), kept);
    let streamed = store.subscription(streamed.account, streamed.sid).await;
    note(&mut answers, "subscription".into(), streamed);
    let session = store.session(SessionDigest([1; 32]), at(2)).await;
    note(&mut answers, "session".into(), session);
    let published = store.published_rules(0).await;
    note(&mut answers, "published rules".into(), published);
    let mut filters = vec![("all".to_owned(), SummaryFilter::all(account_sid(1)))];
    for n in 0..7 {
        let mut filter = SummaryFilter::all(account_sid(1));
        filter.to_carrier = vec![format!("carrier {n}")];
        filters.push((format!("carrier {n}"), filter));
    }
    for (name, filter) in filters {
        let what = format!("list {name}");
        let page = store.list(&filter, &WHOLE).await;
        for row in page.iter().flat_map(|page| &page.rows) {
            note(&mut answers, format!("{what}: {}", row.call.sid), Ok(row));
        }
        // What is left out is named, here or by `check`, which alone looks at indexes and rollups.
        if name == "all" && page.as_ref().is_ok_and(|page| page.damaged.is_empty()) {
            let findings = store
                .check()
                .await
                .unwrap_or_else(|error| vec![error.to_string()]);
            if findings.is_empty() {
                note(&mut answers, what, page.map(|page| page.rows));
            }
        }
    }
    Some(answers)
}

#[tokio::test]
async fn flipped_bits_are_errors() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sidetone.db");
    fill(&SqliteStore::open(&path, Options::default()).unwrap()).await;
    let whole = std::fs::read(&path).unwrap();
    let truth = read(&path).await.unwrap();
    let mut random = Random::new(SEED);
    let mut errors = 0;
    for _ in 0..ROUNDS {
        let mut bytes = whole.clone();
        let bit = random.below(8 * bytes.len());
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &bytes).unwrap();
        for beside in ["sidetone.db-wal", "sidetone.db-shm"] {
            let _ = std::fs::remove_file(directory.path().join(beside));
        }
        // One that cannot be opened is no wrong answer either.
        for (asked, answer) in read(&path).await.unwrap_or_default() {
            match answer {
                Err(()) => errors += 1,
                Ok(_) => assert_eq!(
                    truth.get(&asked),
                    Some(&answer),
                    "seed {SEED}, bit {bit}: {asked}"
                ),
            }
        }
    }
    assert!(errors > 0, "seed {SEED}: nothing was hit");
}
