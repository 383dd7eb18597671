//! Feedback summaries against a count so simple that it must be right: over ten thousand random
//! ratings of days and accounts, with edits, calls whose start becomes known late and calls that
//! are erased, while more ratings arrive.

use std::collections::HashMap;

use serde_json::{Value, json};
use sidetone_core::feedback::{FeedbackIssue, FeedbackPatch};
use sidetone_core::id::{AccountSid, CallRef, CallSid};
use sidetone_core::time::{DAY_US, TimeUs, day_text};
use sidetone_store::conformance::sample::erase;
use sidetone_store::feedback::Rate;
use sidetone_store::{Lookup, Store};

use crate::harness::{ACCOUNT, NOW, TestServer};
use crate::model::{Random, seed};

const ENTRIES: usize = 10_000;
const SUMMARIES: usize = 60;
const CALLS: usize = 3_000;
const DAYS: i64 = 20;

/// What is known of one call: its start, and what was said of it.
#[derive(Default, Clone)]
struct Known {
    start: Option<TimeUs>,
    /// Score and issues, and when it was said first.
    feedback: Option<(u8, Vec<&'static str>, TimeUs)>,
    erased: bool,
}

struct Model {
    store: std::sync::Arc<dyn Store>,
    calls: HashMap<CallRef, Known>,
    accounts: Vec<AccountSid>,
    /// The first day of the calls.
    first_day: i64,
    /// Sets the calls of this model apart from those of others.
    space: u8,
    random: Random,
}

impl Model {
    fn call(&mut self) -> CallRef {
        let number = self.random.below(CALLS);
        let mut bytes = [self.space; 16];
        bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
        CallRef {
            account: self.accounts[number % self.accounts.len()],
            sid: CallSid::from_bytes(bytes),
        }
    }

    fn time(&mut self) -> TimeUs {
        let seconds = self.random.below(DAYS as usize * 86_400) as i64;
        TimeUs::from_micros(self.first_day * DAY_US + seconds * 1_000_000)
    }

    async fn rate(&mut self) {
        let (call, now) = (self.call(), self.time());
        let known = self.calls.entry(call).or_default();
        let picked: Vec<FeedbackIssue> = FeedbackIssue::ALL
            .iter()
            .copied()
            .filter(|_| self.random.below(4) == 0)
            .collect();
        let score = (self.random.below(4) > 0).then(|| 1 + self.random.below(5) as u8);
        let issues = (self.random.below(3) > 0).then_some(picked);
        let rate = Rate {
            by: "model".to_owned(),
            patch: FeedbackPatch {
                score,
                issues: issues
                    .as_ref()
                    .map(|issues| issues.iter().copied().collect()),
            },
            now,
            accept_unknown: true,
            only_first: false,
            mirror: false,
        };
        let answer = self.store.rate(call, rate).await.unwrap();
        if known.erased {
            assert_eq!(answer, Lookup::Gone);
            return;
        }
        let before = known.feedback.take();
        let score = score.or(before.as_ref().map(|(score, ..)| *score));
        let words = issues.map(|issues| issues.into_iter().map(FeedbackIssue::as_str).collect());
        let words = words.or(before.as_ref().map(|(_, words, _)| words.clone()));
        let since = before.map_or(now, |(.., since)| since);
        known.feedback = score.map(|score| (score, words.unwrap_or_default(), since));
    }

    /// A call's start becomes known, or turns out to be another.
    async fn start(&mut self, server: &TestServer) {
        let (call, at) = (self.call(), self.time());
        let known = self.calls.entry(call).or_default();
        if known.erased {
            return;
        }
        known.start = Some(at);
        let mut summary = sidetone_store::conformance::sample::summary(call, 0, None);
        summary.facts.started_at = Some(at);
        let put = sidetone_store::conformance::sample::put(summary, 0);
        server.app.store.put_summaries(vec![put]).await.unwrap();
    }

    async fn erase(&mut self) {
        let (call, at) = (self.call(), self.time());
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let answer = erase(self.store.as_ref(), call, at).await;
        let is_known = known.start.is_some() || known.feedback.is_some();
        if !known.erased && is_known {
            assert_eq!(answer, Lookup::Found(()));
            *known = Known {
                erased: true,
                ..Known::default()
            };
        } else {
            assert_ne!(answer, Lookup::Found(()));
        }
    }

    async fn step(&mut self, server: &TestServer) {
        match self.random.below(12) {
            0..=1 => self.start(server).await,
            2 => self.erase().await,
            _ => self.rate().await,
        }
    }

    /// What a summary should say.
    fn expected(&self, account: AccountSid, and_children: bool, days: (i64, i64)) -> Value {
        let within = |at: &TimeUs| (days.0..=days.1).contains(&at.day());
        let (mut calls, mut scores) = (0, Vec::new());
        let mut issues: Vec<(&str, u64)> =
            FeedbackIssue::WORDS.iter().map(|word| (*word, 0)).collect();
        for (call, known) in &self.calls {
            if call.account != account && !and_children {
                continue;
            }
            calls += u64::from(known.start.as_ref().is_some_and(within));
            if let Some((score, words, since)) = &known.feedback
                && within(known.start.as_ref().unwrap_or(since))
            {
                scores.push(f64::from(*score));
                for (word, count) in &mut issues {
                    *count += u64::from(words.contains(word));
                }
            }
        }
        scores.sort_by(f64::total_cmp);
        let n = scores.len() as f64;
        let mean = scores.iter().sum::<f64>() / n;
        let median = match scores.len() {
            0 => f64::NAN,
            length => (scores[(length - 1) / 2] + scores[length / 2]) / 2.0,
        };
        let deviation = (scores
            .iter()
            .map(|score| (score - mean).powi(2))
            .sum::<f64>()
            / n)
            .sqrt();
        let issues: Vec<Value> = issues
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(word, count)| json!([word, count]))
            .collect();
        json!({
            "calls": calls, "rated": scores.len(), "mean": mean, "median": median, "deviation": deviation,
            "issues": issues,
        })
    }
}

/// A number that a summary gives as text.
fn number(value: &Value) -> Value {
    match value.as_str() {
        Some(text) => json!(text.parse::<f64>().unwrap()),
        None => Value::Null,
    }
}

async fn check(server: &TestServer, model: &mut Model) {
    let children = model.random.below(2) == 0;
    let place = if children {
        0
    } else {
        model.random.below(model.accounts.len())
    };
    let account = model.accounts[place];
    let first = model.first_day + model.random.below(DAYS as usize) as i64;
    let last = first + model.random.below(DAYS as usize) as i64;
    let path = format!("/2010-04-01/Accounts/{account}/Calls/FeedbackSummary");
    let form = format!(
        "StartDate={}&EndDate={}&IncludeSubaccounts={children}",
        day_text(first),
        day_text(last)
    );
    let created = server.post(&path, &form).await.json();
    server.sum_up_feedback().await;
    let sid = created["sid"]
        .as_str()
        .unwrap_or_else(|| panic!("{created}"));
    let summary = server.get(&format!("{path}/{sid}.json")).await.json();
    assert_eq!(summary["status"], "completed");
    let expected = model.expected(account, children, (first, last));
    let issues: Vec<Value> = summary["issues"]
        .as_array()
        .unwrap()
        .iter()
        .map(|issue| json!([issue["description"], issue["count"]]))
        .collect();
    assert_eq!(
        summary["call_count"], expected["calls"],
        "{form} of {account}"
    );
    assert_eq!(
        summary["call_feedback_count"], expected["rated"],
        "{form} of {account}"
    );
    assert_eq!(json!(issues), expected["issues"], "{form} of {account}");
    for (field, figure) in [
        ("average", "mean"),
        ("median", "median"),
        ("standard_deviation", "deviation"),
    ] {
        let told = number(&summary[format!("quality_score_{field}")]);
        let close = match (told.as_f64(), expected[figure].as_f64()) {
            (Some(told), Some(expected)) => (told - expected).abs() < 1e-9,
            (None, None) => true,
            _ => false,
        };
        assert!(
            close,
            "{figure} of {form} of {account}: {told} and not {}",
            expected[figure]
        );
    }
}

#[allow(clippy::print_stdout, reason = "random tests print their seed")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn summaries_equal_a_simple_count() {
    let seed = seed();
    println!("SIDETONE_MODEL_SEED={seed}");
    let server = TestServer::start().await;
    let mut accounts: Vec<AccountSid> = vec![ACCOUNT.parse().unwrap()];
    for _ in 0..2 {
        accounts.push(server.subaccount().await.account_sid.parse().unwrap());
    }
    let today = TimeUs::parse_rfc3339(NOW).unwrap().day();
    let model = |space, first_day, seed| Model {
        store: server.app.store.clone(),
        calls: HashMap::new(),
        accounts: accounts.clone(),
        first_day,
        space,
        random: Random(seed),
    };
    // What arrives meanwhile is of days that are not asked for, until both are counted at the end.
    let (mut asked, mut meanwhile) = (model(1, today - 60, seed), model(2, today - 200, !seed));
    let foreground = async {
        for entry in 0..ENTRIES / 2 {
            asked.step(&server).await;
            if entry % (ENTRIES / 2 / SUMMARIES) == 0 {
                check(&server, &mut asked).await;
            }
        }
    };
    let background = async {
        for _ in 0..ENTRIES / 2 {
            meanwhile.step(&server).await;
        }
    };
    tokio::join!(foreground, background);
    for _ in 0..20 {
        check(&server, &mut asked).await;
        check(&server, &mut meanwhile).await;
    }
    assert_eq!(
        server.app.store.check().await.unwrap(),
        Vec::<String>::new()
    );
}
