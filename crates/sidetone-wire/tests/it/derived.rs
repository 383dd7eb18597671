//! What follows from the packets of real calls beside their summaries.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sidetone_core::event::{CallEvent, Observation};
use sidetone_core::fold::ladder::{Ladder, Rung};
use sidetone_core::fold::{Derived, FoldState};
use sidetone_core::media::{Counters, MediaSample};
use sidetone_core::rules::Rules;
use sidetone_core::summary::CallSummary;
use sidetone_core::vocabulary::{EdgeKind, StreamDirection};

use crate::agents::to_callee;
use crate::calls::{Sent, capture, events, names};

fn state(events: &[CallEvent]) -> FoldState {
    let mut state = FoldState::default();
    for event in events {
        state.add(event);
    }
    state
}

fn derived(events: &[CallEvent]) -> Derived {
    let derived = state(events).derived(events[0].call, &Rules::built_in().sides);
    derived.unwrap()
}

fn summary(events: &[CallEvent]) -> CallSummary {
    state(events).summary(events[0].call, &Rules::built_in())
}

fn ladder(events: &[CallEvent]) -> Vec<Rung> {
    let mut ladder = Ladder::default();
    // The place in the log is that of the event, whatever order they are shown in.
    for event in events {
        let digest = event.id.key();
        let position = i64::from(digest.as_bytes()[0]) << 8 | i64::from(digest.as_bytes()[1]);
        ladder.add(event, position);
    }
    ladder.rungs(Some(&derived(events).route))
}

/// All there is to see, as text.
fn picture(events: &[CallEvent]) -> String {
    let Derived {
        steps,
        series,
        warnings,
        ..
    } = derived(events);
    format!(
        "{steps:#?}\n{series:#?}\n{warnings:#?}\n{:#?}",
        ladder(events)
    )
}

fn samples(derived: &Derived) -> impl Iterator<Item = &MediaSample> {
    let events = derived.series.iter();
    events.filter_map(|event| match &event.observation {
        Observation::Media(sample) => Some(&**sample),
        _ => None,
    })
}

#[test]
fn order_and_duplicates_change_nothing() {
    for name in names() {
        let whole = events(&capture(&name));
        let expected = picture(&whole);
        // A duplicate is the same event, which a log holds once; the fold does not mind it.
        let mut runner = TestRunner::new(Config {
            cases: 8,
            ..Config::default()
        });
        let outcome = runner.run(&Just(whole).prop_shuffle(), |shuffled| {
            prop_assert_eq!(picture(&shuffled), expected.as_str());
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
        let twice: Vec<CallEvent> = [events(&capture(&name)), events(&capture(&name))].concat();
        let once = events(&capture(&name));
        assert_eq!(
            format!("{:?}", derived(&twice).series),
            format!("{:?}", derived(&once).series)
        );
    }
}

#[test]
fn slots_add_up_to_the_call() {
    let mut measured = 0;
    for name in names() {
        let events = events(&capture(&name));
        let (derived, summary) = (derived(&events), summary(&events));
        for edge in [EdgeKind::Sip, EdgeKind::Carrier] {
            for direction in [StreamDirection::Inbound, StreamDirection::Outbound] {
                let of_side: Vec<&MediaSample> = samples(&derived)
                    .filter(|sample| (sample.edge, sample.direction) == (edge, direction))
                    .collect();
                let figures = &summary.edges[&edge];
                let whole = match direction {
                    StreamDirection::Inbound => &figures.inbound,
                    _ => &figures.outbound,
                };
                let Some(last) = of_side.last() else {
                    // A phone's own report says nothing of when.
                    let lost = whole.as_ref().and_then(|whole| whole.packets_lost);
                    assert_eq!(lost, None, "{name}");
                    continue;
                };
                measured += 1;
                let whole = whole.as_ref().unwrap();
                let sum = |of: fn(&Counters) -> Option<i64>| {
                    of_side
                        .iter()
                        .filter_map(|sample| of(&sample.interval))
                        .sum::<i64>()
                };
                assert_eq!(
                    Some(sum(|it| it.packets_lost)),
                    whole.packets_lost,
                    "{name}"
                );
                if let Some(sent) = whole.packets_sent {
                    let sum = sum(|it| it.packets_sent.and_then(|sent| i64::try_from(sent).ok()));
                    assert_eq!(u64::try_from(sum).unwrap(), sent, "{name}");
                }
                let cumulative = &last.cumulative;
                assert_eq!(cumulative.packets_lost, whole.packets_lost, "{name}");
                assert_eq!(
                    cumulative.packets_received, whole.packets_received,
                    "{name}"
                );
                assert_eq!(cumulative.packets_sent, whole.packets_sent, "{name}");
                assert_eq!(cumulative.jitter_ms, whole.jitter_ms, "{name}");
            }
        }
    }
    // At least four calls with RTCP, two edges, two directions.
    assert!(measured >= 16, "{measured}");
}

/// What a series must not lose when agents' clocks differ: counts, losses and jitter of each slot.
fn counts(derived: &Derived) -> Vec<String> {
    let counts = |counters: &Counters| {
        let it = counters.clone();
        format!(
            "{:?} {:?} {:?} {:?}",
            it.packets_sent, it.packets_received, it.packets_lost, it.jitter_ms
        )
    };
    samples(derived)
        .map(|it| {
            let (interval, cumulative) = (counts(&it.interval), counts(&it.cumulative));
            format!("{} {} {interval} {cumulative}", it.edge, it.direction)
        })
        .collect()
}

#[test]
fn agents_whose_clocks_differ_tell_the_same_series() {
    // The answer passes the legs a millisecond apart, and here a report is as near to the border of
    // two slots.
    for name in names().into_iter().filter(|name| name != "early-hold") {
        let whole = capture(&name);
        let moved = |sent: &Sent, is_moved: bool| Sent {
            agent_plus: u32::from(is_moved),
            clock_plus_us: if is_moved { 3_000_000 } else { 0 },
            ..sent.clone()
        };
        let split: Vec<Sent> = whole
            .iter()
            .map(|sent| moved(sent, to_callee(sent)))
            .collect();
        let again = whole.iter().map(|sent| moved(sent, true));
        let both: Vec<Sent> = whole.iter().cloned().chain(again).collect();
        let expected = derived(&events(&whole));
        for (how, sent) in [("split", split), ("both", both)] {
            let actual = derived(&events(&sent));
            assert_eq!(counts(&actual), counts(&expected), "{name} {how}");
            let times = |derived: &Derived| -> Vec<_> {
                derived.series.iter().map(|event| event.at).collect()
            };
            assert_eq!(times(&actual), times(&expected), "{name} {how}");
            let warnings = |derived: &Derived| -> Vec<_> {
                derived
                    .warnings
                    .iter()
                    .map(|event| event.id.clone())
                    .collect()
            };
            assert_eq!(warnings(&actual), warnings(&expected), "{name} {how}");
        }
    }
}

#[test]
fn warnings_are_raised_where_the_loss_was_measured() {
    for name in names() {
        let derived = derived(&events(&capture(&name)));
        let warnings: Vec<String> = derived
            .warnings
            .iter()
            .map(|event| match &event.observation {
                Observation::Edge(edge) => {
                    format!("{} {}", edge.edge.unwrap(), edge.name)
                }
                other => panic!("{other:?}"),
            })
            .collect();
        // The truth: 8.75 % lost towards the callee, 6.3 % in the other lossy call; nothing in the
        // others.
        let expected: &[&str] = match name.as_str() {
            "lossy-call" => &["carrier_edge high-packet-loss", "carrier_edge low-mos"],
            "vq-publish-lossy" | "g722-lossy" => &["carrier_edge high-packet-loss"],
            _ => &[],
        };
        assert_eq!(warnings, expected, "{name}");
    }
}
