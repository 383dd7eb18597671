//! Laws of the fold, for whatever events.

mod generate;

use std::collections::BTreeSet;

use generate::{CALL, events, rules, unknown};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use sidetone_core::event::{CallEvent, EventKind};
use sidetone_core::fold::{FoldState, fold};
use sidetone_core::rules::Rules;
use sidetone_core::summary::CallSummary;
use sidetone_core::tag_reason::{Bound, NoFigure};
use sidetone_core::vocabulary::{ProcessingState, Tag};

fn config() -> ProptestConfig {
    ProptestConfig {
        // Commit this file: what failed once is tried first.
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "proptest-regressions/laws.txt",
        ))),
        ..ProptestConfig::default()
    }
}

/// The same to the byte, which is more than equal: 0.0 equals −0.0.
fn bytes(summary: &CallSummary) -> String {
    serde_json::to_string(summary).unwrap()
}

fn state_of<'a>(events: impl IntoIterator<Item = &'a CallEvent>) -> FoldState {
    let mut state = FoldState::default();
    for event in events {
        state.add(event);
    }
    state
}

/// Events, and the same in another order with some of them repeated.
fn shuffled() -> impl Strategy<Value = (Vec<CallEvent>, Vec<CallEvent>)> {
    (events(), any::<prop::sample::Index>()).prop_flat_map(|(events, extra)| {
        let mut more = events.clone();
        if !events.is_empty() {
            let repeated = extra.index(events.len() + 1);
            more.extend_from_slice(&events[..repeated]);
        }
        (Just(events), Just(more).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn order_and_duplicates_change_nothing((events, again) in shuffled(), rules in rules()) {
        let expected = fold(CALL, &events, &rules);
        prop_assert_eq!(bytes(&fold(CALL, &again, &rules)), bytes(&expected));
        prop_assert_eq!(state_of(&again), state_of(&events));
    }

    #[test]
    fn one_at_a_time_is_all_at_once(events in events(), rules in rules()) {
        let mut state = FoldState::default();
        for (number, event) in events.iter().enumerate() {
            state.add(event);
            let so_far = state.summary(CALL, &rules);
            prop_assert_eq!(bytes(&so_far), bytes(&fold(CALL, &events[..=number], &rules)));
            prop_assert_eq!(state.findings().started_at(), so_far.facts.started_at);
            let bytes = state.to_bytes();
            assert_eq!(state.size_bytes(), bytes.len());
            state = FoldState::from_bytes(&bytes).unwrap();
        }
        prop_assert_eq!(state, state_of(&events));
    }

    /// Each event goes to any of three states, or to several; then they are put together in any
    /// order.
    #[test]
    fn any_split_is_the_whole(
        events in events(),
        places in vec(1_u8..8, 14),
        order in Just([0, 1, 2]).prop_shuffle(),
        rules in rules(),
    ) {
        let parts = [0, 1, 2].map(|part| {
            let here = events.iter().zip(&places).filter(|(_, places)| **places >> part & 1 == 1);
            state_of(here.map(|(event, _)| event))
        });
        let mut whole = FoldState::default();
        for part in order {
            whole.merge(parts[part].clone());
        }
        prop_assert_eq!(bytes(&whole.summary(CALL, &rules)), bytes(&fold(CALL, &events, &rules)));
        prop_assert_eq!(&whole, &state_of(&events));
        whole.merge(parts[0].clone());
        prop_assert_eq!(whole, state_of(&events));
    }

    /// Where nothing else was seen, they say when the call was.
    #[test]
    fn unknown_events_change_nothing(events in events(), unknown in unknown(), rules in rules()) {
        let tells = |event: &CallEvent| {
            !matches!(event.observation.kind(), EventKind::Timer | EventKind::Unknown)
        };
        prop_assume!(events.iter().any(tells));
        let mut more = events.clone();
        more.extend(events.first().map(|event| CallEvent {
            id: "unknown".to_owned().try_into().unwrap(),
            observation: unknown,
            ..event.clone()
        }));
        prop_assert_eq!(bytes(&fold(CALL, &more, &rules)), bytes(&fold(CALL, &events, &rules)));
    }

    #[test]
    fn complete_stays_complete(events in events(), kept in any::<prop::sample::Index>()) {
        let some = &events[..kept.index(events.len() + 1)];
        let rules = Rules::built_in();
        if fold(CALL, some, &rules).processing == ProcessingState::Complete {
            prop_assert_eq!(fold(CALL, &events, &rules).processing, ProcessingState::Complete);
        }
    }

    #[test]
    fn an_event_is_read_back_as_it_was(events in events()) {
        for event in events {
            let json = event.to_stored_json();
            prop_assert_eq!(CallEvent::from_stored_json(CALL, &json).unwrap(), event);
        }
    }

    #[test]
    fn a_summary_is_read_back_as_it_was(events in events(), rules in rules()) {
        let summary = fold(CALL, &events, &rules);
        let read: CallSummary = serde_json::from_str(&bytes(&summary)).unwrap();
        prop_assert_eq!(CallSummary { call: CALL, ..read }, summary);
    }

    #[test]
    fn a_tag_is_there_if_and_only_if_a_reason_is(events in events(), rules in rules()) {
        let mut summary = fold(CALL, &events, &rules);
        check_reasons(&summary);
        let is_own = summary.imported.is_none();
        for (_, reason) in summary.tag_reasons() {
            prop_assert_ne!(reason.no_figure, Some(NoFigure::NotKept));
            prop_assert!(is_own || reason.no_figure == Some(NoFigure::Imported));
        }
        // As a release made it that kept no reasons.
        summary.reasons.clear();
        for edge in summary.edges.values_mut() {
            edge.reasons.clear();
        }
        check_reasons(&summary);
    }

    #[test]
    fn bytes_of_anything_are_no_danger(bytes in vec(any::<u8>(), 0..200)) {
        let _ = FoldState::from_bytes(&bytes);
        let _ = CallEvent::from_stored_json(CALL, &bytes);
    }
}

#[track_caller]
fn check_reasons(summary: &CallSummary) {
    let reasons = summary.tag_reasons();
    let told: BTreeSet<Tag> = reasons.iter().map(|(_, reason)| reason.tag).collect();
    // Another system may say of an edge what it does not say of the call.
    let of_edges = summary.edges.values().flat_map(|edge| &edge.tags);
    let shown = summary.tags.iter().chain(of_edges).copied();
    assert_eq!(told, shown.collect());
    if summary.imported.is_none() {
        assert_eq!(told, summary.tags.iter().copied().collect());
    }
    for (kind, edge) in &summary.edges {
        let of = |place| reasons.iter().filter(move |(at, _)| *at == place);
        let of_edge: BTreeSet<Tag> = of(Some(*kind)).map(|(_, reason)| reason.tag).collect();
        let of_call: BTreeSet<Tag> = of(None).map(|(_, reason)| reason.tag).collect();
        let tags: BTreeSet<Tag> = edge.tags.iter().copied().collect();
        assert!(of_edge.is_subset(&tags), "{kind}");
        assert!(tags.is_subset(&(&of_edge | &of_call)), "{kind}");
    }
    for (_, reason) in &reasons {
        assert_eq!(reason.crossed.is_empty(), reason.no_figure.is_some());
        for it in &reason.crossed {
            let is_beyond = match it.bound {
                Bound::Above => it.value > it.limit,
                Bound::AtLeast => it.value >= it.limit,
                Bound::Below => it.value < it.limit,
            };
            assert!(is_beyond, "{reason:?}");
        }
    }
}

#[test]
fn the_state_of_another_version_is_folded_again() {
    let mut bytes = FoldState::default().to_bytes();
    assert!(FoldState::from_bytes(&bytes).is_some());
    bytes[0] = bytes[0].wrapping_add(1);
    assert_eq!(FoldState::from_bytes(&bytes), None);
    assert_eq!(FoldState::from_bytes(&[]), None);
}
