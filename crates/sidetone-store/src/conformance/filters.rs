//! Lists against the definition of the filter, with random calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use sidetone_core::annotation::{Annotation, AnsweredByHeard, ConnectivityIssue, QualityIssue};
use sidetone_core::correlate::call_sid;
use sidetone_core::filter::{Needle, ProcessingFilter, SortBy, SummaryFilter};
use sidetone_core::id::CallSid;
use sidetone_core::summary::CallSummary;
use sidetone_core::vocabulary::{AnsweredBy, CallDirection, CallState, CallType, EdgeKind, Tag};

use super::random::Random;
use super::random_calls::{ADDRESSES, COMMENTS, INCIDENTS, SECONDS, random_patch, random_summary};
use super::sample::{
    account_sid, annotate, at, call, create_account, put, scope, write_all_segments,
};

use crate::page::{PageRequest, Start};
use crate::{Count, Lookup, Store};

/// What the store should hold: by call, in the order of arrival.
#[derive(Default)]
struct Model {
    calls: BTreeMap<CallSid, (usize, CallSummary, Annotation)>,
}

impl Model {
    /// Calls that match, in the list's order.
    fn list(&self, filter: &SummaryFilter) -> Vec<CallSid> {
        let mut keyed: Vec<_> = self
            .calls
            .values()
            .filter(|(_, summary, annotation)| filter.matches(summary, annotation))
            .map(|(arrival, summary, _)| {
                let facts = &summary.facts;
                let started = facts.started_at.unwrap().micros();
                let key = match (filter.sort_by, facts.ended_at) {
                    (SortBy::StartTime, _) => (false, started),
                    (SortBy::EndTime, Some(ended)) => (false, ended.micros()),
                    (SortBy::EndTime, None) => (true, started),
                };
                (key, *arrival, summary.call.sid)
            })
            .collect();
        keyed.sort_unstable();
        keyed.into_iter().rev().map(|(_, _, sid)| sid).collect()
    }

    /// Puts a random summary of a call, new or known, into the store and here.
    async fn put(&mut self, store: &dyn Store, n: u64, random: &mut Random) {
        let summary = random_summary(n, random);
        store
            .put_summaries(vec![put(summary.clone(), 0)])
            .await
            .unwrap();
        let arrival = self.calls.len();
        self.calls
            .entry(summary.call.sid)
            .and_modify(|known| known.1 = summary.clone())
            .or_insert((arrival, summary, Annotation::default()));
    }

    async fn judge(&mut self, store: &dyn Store, n: u64, random: &mut Random) {
        let patch = random_patch(random, &COMMENTS, &INCIDENTS);
        let judged = store
            .annotate(scope(1), call(n).sid, annotate(patch))
            .await
            .unwrap();
        if let (Lookup::Found(record), Some(known)) = (judged, self.calls.get_mut(&call(n).sid)) {
            known.2 = record.annotation;
        }
    }
}

pub(super) type Narrow = fn(&mut SummaryFilter, &mut Random);

fn some_of<T: Clone>(values: &[T], random: &mut Random) -> Vec<T> {
    let mut wanted = vec![random.pick(values)];
    if random.one_in(2) {
        wanted.push(random.pick(values));
    }
    wanted
}

fn some_texts(random: &mut Random) -> Vec<String> {
    some_words(&["a", "+a", "b b", "c,\u{e9}", "D", "nowhere"], random)
}

fn some_words(words: &[&str], random: &mut Random) -> Vec<String> {
    let words = some_of(words, random).into_iter();
    words.map(str::to_owned).collect()
}

/// A way to narrow a list for every field of the filter.
pub(super) const NARROW: &[Narrow] = &[
    |filter, random| filter.started_from = at(i64::try_from(random.below(SECONDS)).unwrap()),
    |filter, random| filter.started_before = at(i64::try_from(random.below(SECONDS)).unwrap()),
    |filter, random| filter.ended_until = at(i64::try_from(random.below(SECONDS)).unwrap()),
    |filter, _| filter.include_running = false,
    |filter, random| filter.processing = random.pick(ProcessingFilter::ALL),
    |filter, random| filter.from = some_words(&ADDRESSES, random),
    |filter, random| filter.to = some_words(&ADDRESSES, random),
    |filter, random| filter.number = some_words(&ADDRESSES, random),
    |filter, random| filter.agent = some_words(&["a", "client:a", "15550100123", "b b"], random),
    |filter, random| {
        let fragments = ["", "linphone", "phone\u{e9}", "A", "pbx 20", "nobody", "\n"];
        filter.user_agent = some_words(&fragments, random);
    },
    |filter, random| {
        let call_ids = some_of(
            &[
                "a@192.0.2.1",
                "A@192.0.2.1",
                "",
                "b@192.0.2.1",
                "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
            ],
            random,
        );
        let sids = call_ids.into_iter();
        filter.sip_call = sids.map(|id| call_sid(filter.account, id)).collect();
    },
    |filter, random| {
        let numbers = 0..20 + random.below(300);
        let sids = numbers.map(|n| call(u64::try_from(n).unwrap()).sid);
        filter.call_sid = sids.collect();
    },
    |filter, random| {
        let parents = [1, 2, 3, 999_999].map(|n| call(n).sid);
        filter.parent = some_of(&parents, random);
    },
    |filter, random| filter.tag = some_of(Tag::ALL, random),
    |filter, random| filter.min_duration_s = Some(random.pick(&[0, 1, 60, u32::MAX])),
    |filter, random| filter.max_duration_s = Some(random.pick(&[0, 2, 59, 60, u32::MAX - 1])),
    |filter, random| filter.min_pdd_ms = Some(random.pick(&[0, 1, 1500, 7_000_001])),
    |filter, random| filter.sip_response = some_of(&[200, 404, 486, 603], random),
    |filter, random| filter.min_loss = Some(random.pick(&[0, 50, 500, 501, 10_001])),
    |filter, random| filter.min_jitter = Some(random.pick(&[0, 500, 3000, 3001])),
    |filter, random| filter.max_mos = Some(random.pick(&[0, 100, 350, 440])),
    |filter, random| filter.codec = some_words(&["pcmu", "opus", "pcm", "g722"], random),
    |filter, random| filter.edge = some_of(EdgeKind::ALL, random),
    |filter, random| filter.measured = Some(random.one_in(2)),
    |filter, random| filter.annotated = Some(random.one_in(2)),
    |filter, random| {
        let fragments = ["no s", "n\u{f6}", "AB", "\"at\" ALL", "", "%", "x y", "zzz"];
        filter.comment = some_words(&fragments, random);
    },
    |filter, random| filter.incident = some_words(&["INC 1", "inc 1", "INC"], random),
    |filter, random| {
        let call_id = random.pick(&["a@192.0.2.1", "nothing"]);
        filter.needle = Some(Needle {
            parties: some_words(&["a", "client:a", "15550100123", "nobody"], random),
            calls: random
                .maybe(&[call(9).sid, call_sid(filter.account, call_id)])
                .into_iter()
                .collect(),
            incident: random.maybe(&INCIDENTS).map(str::to_owned),
            comment: random.maybe(&["sound", "at", "nothing"]).map(str::to_owned),
        });
    },
    |filter, random| {
        for _ in 0..=random.below(2) {
            let mut unwanted = SummaryFilter::all(filter.account);
            let narrow = random.pick(NARROWED_BY_VALUE);
            narrow(&mut unwanted, random);
            filter.unwanted.push(unwanted);
        }
    },
    |filter, random| filter.from_carrier = some_texts(random),
    |filter, random| filter.to_carrier = some_texts(random),
    |filter, random| filter.from_country = some_texts(random),
    |filter, random| filter.to_country = some_texts(random),
    |filter, random| filter.verified_caller = Some(random.one_in(2)),
    |filter, random| filter.has_tag = Some(random.one_in(2)),
    |filter, random| filter.call_type = some_of(CallType::ALL, random),
    |filter, random| filter.call_state = some_of(CallState::ALL, random),
    |filter, random| filter.direction = some_of(CallDirection::ALL, random),
    |filter, random| filter.abnormal_session = Some(random.one_in(2)),
    |filter, random| filter.answered_by = some_of(AnsweredBy::ALL, random),
    |filter, random| filter.answered_by_heard = some_of(AnsweredByHeard::ALL, random),
    |filter, random| filter.connectivity_issue = some_of(ConnectivityIssue::ALL, random),
    |filter, random| filter.quality_issue = some_of(QualityIssue::ALL, random),
    |filter, random| filter.spam = Some(random.one_in(2)),
    |filter, random| filter.call_score = some_of(&[1, 2, 3, 4, 5, 9], random),
    |filter, random| filter.branded_enabled = Some(random.one_in(2)),
    |filter, random| filter.branded_logo = Some(random.one_in(2)),
    |filter, random| filter.branded_bundle_sid = some_texts(random),
    |filter, random| filter.branded_type = some_texts(random),
    |filter, random| filter.branded_use_case = some_texts(random),
    |filter, random| filter.branded_call_reason = some_texts(random),
    |filter, random| filter.voice_integrity_enabled = Some(random.one_in(2)),
    |filter, random| filter.voice_integrity_bundle_sid = some_texts(random),
    |filter, random| filter.voice_integrity_use_case = some_texts(random),
    |filter, random| filter.business_bundle_sid = some_texts(random),
    |filter, random| filter.business_identity = some_texts(random),
    |filter, random| filter.business_industry = some_texts(random),
    |filter, random| filter.business_type = some_texts(random),
];

/// Ways to narrow a list by what a call is.
const NARROWED_BY_VALUE: &[Narrow] = &[
    |filter, random| filter.from = some_words(&ADDRESSES, random),
    |filter, random| filter.agent = some_words(&["a", "client:a"], random),
    |filter, random| filter.parent = some_of(&[1, 2, 3].map(|n| call(n).sid), random),
    |filter, random| filter.direction = some_of(CallDirection::ALL, random),
    |filter, random| filter.to_carrier = some_texts(random),
    |filter, random| filter.tag = some_of(Tag::ALL, random),
    |filter, random| filter.edge = some_of(EdgeKind::ALL, random),
    |filter, random| filter.codec = some_words(&["pcmu", "opus", "nothing"], random),
    |filter, random| filter.sip_response = some_of(&[200, 404], random),
    |filter, random| filter.user_agent = some_words(&["linphone", "nobody"], random),
    |filter, random| filter.comment = some_words(&["sound", "a"], random),
    |filter, random| filter.incident = some_words(&INCIDENTS, random),
    |filter, random| filter.quality_issue = some_of(QualityIssue::ALL, random),
    |filter, random| filter.call_sid = (0..random.below(9)).map(|n| call(n as u64).sid).collect(),
    |filter, random| {
        let call_id = random.pick(&["a@192.0.2.1", "nothing"]);
        filter.sip_call = vec![call_sid(filter.account, call_id)];
    },
    |filter, random| filter.number = some_words(&ADDRESSES, random),
];

/// Walks a whole list by pages of random size, forwards or backwards.
async fn walk(
    store: &dyn Store,
    filter: &SummaryFilter,
    backwards: bool,
    random: &mut Random,
) -> Vec<CallSid> {
    let mut walked = Vec::new();
    let mut start = Start::First { skip: 0 };
    if backwards {
        // From the last page on.
        let forwards = Box::pin(walk(store, filter, false, random)).await;
        let Some(count) = forwards.len().checked_sub(1) else {
            return walked;
        };
        let last = PageRequest {
            start: Start::First {
                skip: u64::try_from(count).unwrap(),
            },
            size: 1,
        };
        let page = store.list(filter, &last).await.unwrap();
        walked.extend(page.rows.iter().map(|row| row.call.sid));
        let Some(before) = page.before else {
            return walked;
        };
        start = Start::Before(before);
    }
    loop {
        let request = PageRequest {
            start,
            size: 1 + random.below(60),
        };
        let page = store.list(filter, &request).await.unwrap();
        let sids = page.rows.iter().map(|row| row.call.sid);
        let next = if backwards {
            walked.extend(sids.rev());
            page.before.map(Start::Before)
        } else {
            walked.extend(sids);
            page.after.map(Start::After)
        };
        match next {
            Some(next) => start = next,
            None => break,
        }
    }
    if backwards {
        walked.reverse();
    }
    walked
}

async fn compare(
    store: &dyn Store,
    model: &Model,
    filter: &SummaryFilter,
    random: &mut Random,
    seed: u64,
) {
    let backwards = random.one_in(3);
    let walked = walk(store, filter, backwards, random).await;
    let expected = model.list(filter);
    assert_eq!(
        walked, expected,
        "seed {seed}, backwards {backwards}, {filter:?}"
    );
    let counted = store.count(filter).await.unwrap();
    let all = Count {
        calls: expected.len() as u64,
        is_exact: true,
    };
    assert_eq!(counted, all, "seed {seed}, {filter:?}");
}

async fn random_calls(store: &dyn Store, count: u64, random: &mut Random) -> Model {
    create_account(store).await;
    let mut model = Model::default();
    for n in 0..count {
        model.put(store, n, random).await;
        if random.one_in(3) {
            let n = u64::try_from(random.below(usize::try_from(n + 1).unwrap())).unwrap();
            model.judge(store, n, random).await;
        }
        if random.one_in(4) {
            let n = u64::try_from(random.below(usize::try_from(n + 1).unwrap())).unwrap();
            model.put(store, n, random).await;
        }
    }
    model
}

/// Each field alone in each order, each pair of fields in one: the same calls as the definition says, in the same order.
pub async fn every_field_and_pair_matches_the_definition(store: Arc<dyn Store>) {
    fields_and_pairs_match_the_definition(store, 1).await;
}

/// As that, with one of so many pairs.
pub async fn fields_and_pairs_match_the_definition(store: Arc<dyn Store>, of_pairs: usize) {
    let seed = 1;
    let random = &mut Random::new(seed);
    let mut model = random_calls(&*store, 200, random).await;
    let all = SummaryFilter::all(account_sid(1));
    for (place, first) in NARROW.iter().enumerate() {
        // What is written of whole days holds until something changes.
        if random.one_in(2) {
            write_all_segments(&*store).await;
        }
        if random.one_in(2) {
            let n = u64::try_from(random.below(200)).unwrap();
            model.put(&*store, n, random).await;
            model.judge(&*store, n, random).await;
        }
        for sort_by in SortBy::ALL {
            let mut one = all.clone();
            one.sort_by = *sort_by;
            first(&mut one, random);
            compare(&*store, &model, &one, random, seed).await;
        }
        for second in &NARROW[place + 1..] {
            if !random.one_in(of_pairs) {
                continue;
            }
            let mut two = all.clone();
            two.sort_by = random.pick(SortBy::ALL);
            first(&mut two, random);
            second(&mut two, random);
            compare(&*store, &model, &two, random, seed).await;
        }
    }
}

/// Calls that arrive while somebody turns pages neither repeat nor hide the calls that were there
/// and did not change.
pub async fn pages_stay_whole_while_calls_arrive(store: Arc<dyn Store>) {
    let seed = 2;
    let random = &mut Random::new(seed);
    let mut model = random_calls(&*store, 100, random).await;
    for round in 0..30 {
        let mut filter = SummaryFilter::all(account_sid(1));
        filter.sort_by = random.pick(SortBy::ALL);
        random.pick(NARROW)(&mut filter, random);
        let expected = model.list(&filter);
        let mut walked = Vec::new();
        let mut next = Some(Start::First { skip: 0 });
        let mut arrived = Vec::new();
        while let Some(start) = next {
            let page = store
                .list(&filter, &PageRequest { start, size: 5 })
                .await
                .unwrap();
            walked.extend(page.rows.iter().map(|row| row.call.sid));
            next = page.after.map(Start::After);
            let n = 1000 + u64::try_from(model.calls.len()).unwrap();
            model.put(&*store, n, random).await;
            arrived.push(call(n).sid);
        }
        walked.retain(|sid| !arrived.contains(sid));
        assert_eq!(walked, expected, "seed {seed}, round {round}, {filter:?}");
    }
}
