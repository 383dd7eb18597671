use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use sidetone_core::annotation::TEXT_MAX_CHARS;
use sidetone_core::event::Observation;
use sidetone_core::fold::fold;
use sidetone_core::rules::{PddRules, Rules};
use sidetone_core::summary::CallSummary;
use sidetone_core::time::{DAY_US, SECOND_US};
use sidetone_core::vocabulary::{CallDirection, CallState, CallType, ProcessingState, Tag};

use super::*;

fn noon() -> TimeUs {
    TimeUs::parse_rfc3339("2026-06-17T12:00:00Z").unwrap()
}

fn calls(seed: u64) -> impl Iterator<Item = DemoCall> {
    history(seed, account(seed), noon()).filter(|call| call.created_at < noon())
}

/// The calls of seed 1, made once for all tests.
static CALLS: LazyLock<Vec<DemoCall>> = LazyLock::new(|| calls(1).collect());

/// A limit of the order that is learnt from the calls.
fn rules() -> Rules {
    Rules {
        day: None,
        pdd: PddRules {
            p95_ms_by_country: BTreeMap::new(),
            p95_ms_global: Some(4_500),
        },
        ..Rules::built_in()
    }
}

fn summary(call: &DemoCall) -> CallSummary {
    let seen = call.events.iter().filter(|event| event.at <= noon());
    fold(call.call, seen, &rules())
}

#[test]
fn repeats_for_the_same_seed() {
    for (a, b) in calls(1).zip(&*CALLS).take(500) {
        assert_eq!(a.events, b.events);
        assert_eq!(a.judgements, b.judgements);
    }
    assert_ne!(
        calls(2).next().unwrap().call.sid,
        calls(3).next().unwrap().call.sid
    );
}

#[test]
fn starts_are_in_order_and_calls_are_told_apart() {
    let calls = &*CALLS;
    assert!((2_500..3_600).contains(&calls.len()), "{}", calls.len());
    assert!(calls.is_sorted_by_key(|call| call.created_at));
    let sids: BTreeSet<_> = calls.iter().map(|call| call.call.sid).collect();
    assert_eq!(sids.len(), calls.len());
    for call in calls {
        let ids: BTreeSet<_> = call.events.iter().map(|event| &event.id).collect();
        assert_eq!(ids.len(), call.events.len(), "{:?}", call.call);
        assert!(call.events.is_sorted_by_key(|event| event.at));
    }
}

#[test]
fn calls_of_every_kind_with_every_finding() {
    let mut states = BTreeSet::new();
    for seed in [1, 77] {
        let summaries: Vec<_> = calls(seed).map(|call| summary(&call)).collect();
        let of = |wanted: &dyn Fn(&CallSummary) -> bool| {
            summaries.iter().filter(|call| wanted(call)).count()
        };
        for call_type in CallType::ALL {
            assert!(
                of(&|call| call.facts.call_type == Some(*call_type)) > 20,
                "{call_type}"
            );
        }
        for direction in CallDirection::ALL {
            assert!(
                of(&|call| call.facts.direction == Some(*direction)) > 20,
                "{direction}"
            );
        }
        states.extend(summaries.iter().filter_map(|call| call.facts.state));
        for tag in Tag::ALL {
            assert!(of(&|call| call.tags.contains(tag)) >= 8, "{tag}");
        }
        assert!(of(&|call| call.processing == ProcessingState::Partial) > 10);
        assert!(of(&|call| call.end_not_seen) > 0);
    }
    // How many are in their first seconds differs from seed to seed.
    assert_eq!(states.len(), CallState::ALL.len(), "{states:?}");
}

#[test]
fn people_judge_about_one_call_in_eight() {
    let calls = &*CALLS;
    let annotated = calls
        .iter()
        .filter(|call| !call.judgements.is_empty())
        .count();
    let share = annotated as f64 / calls.len() as f64;
    assert!((0.10..0.15).contains(&share), "{share}");
    let twice = calls
        .iter()
        .filter(|call| call.judgements.len() > 1)
        .count();
    assert!(twice > 40, "{twice}");
    for judgement in calls.iter().flat_map(|call| &call.judgements) {
        for text in [&judgement.patch.comment, &judgement.patch.incident]
            .into_iter()
            .flatten()
            .flatten()
        {
            assert!(
                (1..=TEXT_MAX_CHARS).contains(&text.chars().count()),
                "{text}"
            );
        }
    }
}

#[test]
fn usual_delays_can_be_learnt_before_the_last_days() {
    let mut by_country: BTreeMap<String, usize> = BTreeMap::new();
    let before = noon().plus_us(-2 * DAY_US);
    for call in CALLS.iter().filter(|call| call.started_at < before) {
        let facts = summary(call).facts;
        if let (Some(country), Some(_)) = (facts.to.country_code, facts.pdd_ms) {
            *by_country.entry(country).or_default() += 1;
        }
    }
    for country in ["US", "GB", "DE", "FR", "AU"] {
        assert!(
            by_country.get(country).is_some_and(|count| *count >= 100),
            "{by_country:?}"
        );
    }
}

#[test]
fn live_calls_keep_coming() {
    let stories: Vec<_> = live(1, account(1), noon()).take(100).collect();
    assert!(stories.is_sorted_by_key(|(begins, _)| *begins));
    let seconds = stories[99].0.since_us(noon()) / SECOND_US;
    assert!((720..1200).contains(&seconds), "{seconds}");
    let calls: Vec<_> = stories.iter().flat_map(|(_, calls)| calls).collect();
    assert!(calls.iter().all(|call| call.created_at >= noon()));
    let mut events = calls.iter().flat_map(|call| &call.events);
    assert!(events.all(|event| !matches!(event.observation, Observation::Timer { .. })));
}
