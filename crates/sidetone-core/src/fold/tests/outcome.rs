//! What the words about a call make of its state, its times and its delay.

use super::dialogs::{DIRECT, story};
use super::*;

#[test]
fn the_state_is_how_far_the_steps_went() {
    for (steps, expected) in [
        (&[][..], None),
        (&[Step::Queued], Some(CallState::Undialed)),
        (&[Step::Queued, Step::Initiated], Some(CallState::Undialed)),
        (&[Step::Initiated, Step::Ringing], Some(CallState::Ringing)),
        (&[Step::Ringing, Step::Answered], Some(CallState::Answered)),
        (
            &[Step::Answered, Step::Completed],
            Some(CallState::Completed),
        ),
        (&[Step::Ringing, Step::Busy], Some(CallState::Busy)),
        (&[Step::Initiated, Step::Failed], Some(CallState::Fail)),
        (&[Step::Ringing, Step::NoAnswer], Some(CallState::NoAnswer)),
        (&[Step::Ringing, Step::Canceled], Some(CallState::Canceled)),
        // The later word on the end holds.
        (&[Step::Busy, Step::Failed], Some(CallState::Fail)),
        // A step that comes after the end does not take it back.
        (
            &[Step::Completed, Step::Ringing],
            Some(CallState::Completed),
        ),
    ] {
        let events: Vec<CallEvent> = (0_i64..)
            .zip(steps)
            .map(|(second, word)| step(second * 1_000, *word))
            .collect();
        assert_eq!(summary(&events).facts.state, expected, "{steps:?}");
    }
}

#[test]
fn a_reported_state_holds_until_the_call_goes_on() {
    let ringing = step(0, Step::Ringing);
    let busy = step(9_000, Step::Busy);
    for (events, expected) in [
        (
            vec![ringing.clone(), said(1_000, state(CallState::Answered))],
            CallState::Answered,
        ),
        (
            vec![busy.clone(), said(1_000, state(CallState::Answered))],
            CallState::Busy,
        ),
        (
            vec![busy.clone(), said(1_000, state(CallState::Fail))],
            CallState::Fail,
        ),
        (
            vec![
                busy.clone(),
                imported(1_000, ImportStage::Partial, 1, state(CallState::Ringing)),
            ],
            CallState::Ringing,
        ),
        (
            vec![
                busy,
                imported(1_000, ImportStage::Complete, 1, state(CallState::NoAnswer)),
            ],
            CallState::NoAnswer,
        ),
    ] {
        assert_eq!(summary(&events).facts.state, Some(expected), "{events:?}");
    }
}

#[test]
fn a_call_without_an_end_ends_with_its_last_event() {
    for (steps, expected) in [
        (&[Step::Initiated][..], CallState::Undialed),
        (&[Step::Initiated, Step::Ringing], CallState::NoAnswer),
        (&[Step::Ringing, Step::Answered], CallState::Completed),
    ] {
        let mut events: Vec<CallEvent> = (0_i64..)
            .zip(steps)
            .map(|(second, word)| step(second * 1_000, *word))
            .collect();
        let last = events.last().unwrap().at;
        events.push(timer(99_000, Timer::EndNotSeen));
        let ended = summary(&events);
        assert!(ended.end_not_seen);
        assert_eq!(ended.facts.state, Some(expected));
        assert_eq!(ended.facts.ended_at, Some(last));
        assert_eq!(ended.last_event_at, last);

        // An end that comes after all is the end.
        events.push(step(5_000, Step::Completed));
        let ended = summary(&events);
        assert!(!ended.end_not_seen);
        assert_eq!(ended.facts.ended_at, Some(at(5_000)));
    }
}

#[test]
fn whatever_is_over_has_an_end_and_whatever_was_seen_has_a_start() {
    let only_state = summary(&[said(7_000, state(CallState::Completed))]);
    assert_eq!(only_state.facts.ended_at, Some(at(7_000)));
    assert_eq!(only_state.facts.started_at, Some(at(7_000)));

    let with_duration = summary(&[said(
        60_000,
        CallFacts {
            duration_s: Some(20),
            ..state(CallState::Completed)
        },
    )]);
    assert_eq!(with_duration.facts.started_at, Some(at(40_000)));
    assert_eq!(with_duration.facts.duration_s, Some(20));
}

#[test]
fn reported_durations_hold() {
    let facts = CallFacts {
        duration_s: Some(9),
        connect_duration_s: Some(3),
        ..CallFacts::default()
    };
    let call = summary(&[
        step(0, Step::Initiated),
        step(4_999, Step::Answered),
        step(10_000, Step::Completed),
    ]);
    assert_eq!(call.facts.duration_s, Some(10));
    assert_eq!(call.facts.connect_duration_s, Some(5));
    let call = summary(&[
        step(0, Step::Initiated),
        step(4_999, Step::Answered),
        step(10_000, Step::Completed),
        said(1, facts),
    ]);
    assert_eq!(call.facts.duration_s, Some(9));
    assert_eq!(call.facts.connect_duration_s, Some(3));
}

#[test]
fn delay_is_measured_on_one_exact_clock() {
    let seen_by = |kind, ms, step| {
        let observation = Observation::Progress {
            step,
            sequence: None,
            facts: Box::default(),
        };
        event(&format!("{kind}:{step}"), ms, kind, observation)
    };
    let pdd = |events: &[CallEvent]| summary(events).facts.pdd_ms;
    let native = SourceKind::Native;
    let callback = SourceKind::StatusCallback;
    assert_eq!(
        pdd(&[
            seen_by(native, 0, Step::Initiated),
            seen_by(native, 2_345, Step::Ringing)
        ]),
        Some(2_345)
    );
    assert_eq!(
        pdd(&[
            seen_by(native, 0, Step::Initiated),
            seen_by(native, 900, Step::Busy)
        ]),
        Some(900)
    );
    assert_eq!(
        pdd(&[
            seen_by(callback, 0, Step::Initiated),
            seen_by(callback, 2_000, Step::Ringing)
        ]),
        None
    );
    assert_eq!(
        pdd(&[
            seen_by(callback, 0, Step::Initiated),
            seen_by(native, 2_000, Step::Ringing)
        ]),
        None
    );
    assert_eq!(
        pdd(&[
            seen_by(native, 2_000, Step::Initiated),
            seen_by(native, 0, Step::Ringing)
        ]),
        None
    );
}

#[test]
fn delay_ends_with_ringing_or_refusal_as_seen_most_finely() {
    let seen_by = |agent: &str, ms, step: Step| {
        let observation = Observation::Progress {
            step,
            sequence: None,
            facts: Box::default(),
        };
        let mut event = event(
            &format!("{agent}:{step}"),
            ms,
            SourceKind::Native,
            observation,
        );
        event.source.agent = Some(agent.to_owned());
        event
    };
    let pdd = |events: &[CallEvent]| summary(events).facts.pdd_ms;
    let answered = [
        seen_by("a", 0, Step::Initiated),
        seen_by("a", 7_500, Step::Answered),
        seen_by("a", 9_500, Step::Failed),
    ];
    assert_eq!(pdd(&answered), None);
    let coarse_and_fine = [
        seen_by("a", 0, Step::Initiated),
        seen_by("a", 3_000, Step::Ringing),
        seen_by("b", 100, Step::Initiated),
        seen_by("b", 2_345, Step::Ringing),
    ];
    assert_eq!(pdd(&coarse_and_fine), Some(2_245));
}

#[test]
fn a_call_of_which_nothing_is_known_was_when_it_was_seen() {
    let unknown = native(
        5_000,
        Observation::Unknown(serde_json::json!({ "kind": "weather" })),
    );
    for (events, expected) in [
        (vec![timer(9_000, Timer::EndNotSeen)], at(9_000)),
        (vec![timer(9_000, Timer::EndNotSeen), unknown], at(5_000)),
    ] {
        let call = summary(&events);
        assert_eq!(call.facts.started_at, Some(expected));
        assert_eq!(call.facts.ended_at, Some(expected));
        assert_eq!(call.last_event_at, expected);
        assert!(call.end_not_seen);
    }
}

#[test]
fn words_of_one_time_are_ordered_by_their_sequence() {
    let word = |sequence, step: Step| {
        let observation = Observation::Progress {
            step,
            sequence: Some(sequence),
            facts: Box::default(),
        };
        event(
            &format!("{sequence}"),
            0,
            SourceKind::StatusCallback,
            observation,
        )
    };
    for first in 0..20 {
        let events = [word(first, Step::Busy), word(first + 1, Step::Failed)];
        assert_eq!(
            summary(&events).facts.state,
            Some(CallState::Fail),
            "{first}"
        );
    }
}

#[test]
fn many_of_a_kind_displace_no_other() {
    let refused: String = (0..300)
        .map(|n| {
            let [ms, cseq] = [12_000 + n * 20, 3 + n];
            format!(
                "{ms} A>S BYE {cseq} a/b q{n}
                 {} S>A 401.BYE {cseq} a/b q{n}\n",
                ms + 10
            )
        })
        .collect();
    let rung: String = (0..100)
        .map(|n| {
            format!(
                "{} S>B INVITE      1 a/     r{n},a1 sdp
                 {} B>S 100.INVITE  1 a/     r{n},a1
                 {} B>S 180.INVITE  1 a/p{n} r{n},a1
                 {} S>B CANCEL      1 a/     r{n},a1
                 {} B>S 200.CANCEL  1 a/p{n} r{n},a1
                 {} B>S 487.INVITE  1 a/p{n} r{n},a1
                 {} S>B ACK         1 a/p{n} r{n},a1\n",
                5 + n,
                10 + n,
                150 + n,
                2_300 + n,
                2_310 + n,
                2_320 + n,
                2_330 + n
            )
        })
        .collect();
    for (what, more) in [("BYEs", refused), ("phones", rung)] {
        let plain = story(DIRECT).summary();
        let mut story = story(&format!("{DIRECT}{more}"));
        let summary = story.summary();
        assert_eq!(summary.facts.state, Some(CallState::Completed), "{what}");
        assert_eq!(summary.facts.answered_at, plain.facts.answered_at, "{what}");
        assert_eq!(summary.facts.ended_at, plain.facts.ended_at, "{what}");
        assert_eq!(summary.facts.pdd_ms, plain.facts.pdd_ms, "{what}");
        story.events.reverse();
        assert_eq!(story.summary(), summary, "{what}, backwards");
    }
}
