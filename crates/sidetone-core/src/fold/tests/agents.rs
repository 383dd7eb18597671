//! One call, seen by several agents whose clocks differ, none of which saw all of it.

use super::at;
use super::packets::{A, B, S, Story};
use crate::facts::CallFacts;
use crate::fold::media_ends::PartyEdge;
use crate::fold::timeline::Timeline;
use crate::fold::{FoldState, sip};
use crate::vocabulary::CallState;

/// A message: when, from, to, what.
type Line = (i64, &'static str, &'static str, &'static str);

const BUSY: &[Line] = &[
    (0, A, S, "INVITE"),
    (5, S, B, "INVITE"),
    (300, B, S, "180 INVITE"),
    (305, S, A, "180 INVITE"),
    (2_000, B, S, "486 INVITE"),
    (2_005, S, A, "486 INVITE"),
];

const ANSWERED: &[Line] = &[
    (0, A, S, "INVITE"),
    (5, S, B, "INVITE"),
    (300, S, A, "180 INVITE"),
    (1_000, B, S, "200 INVITE"),
    (1_005, S, A, "200 INVITE"),
    (9_000, A, S, "BYE"),
    (9_005, S, B, "BYE"),
];

/// Who saw each message: agent, how far its clock is ahead.
fn told(lines: &[Line], seen_by: impl Fn(usize) -> Vec<(u32, i64)>) -> Story {
    let mut story = Story::default();
    for (number, (ms, from, to, start)) in lines.iter().enumerate() {
        for (agent, ahead_ms) in seen_by(number) {
            story.sip(ms + ahead_ms, from, to, start, |message| {
                message.capture.agent = agent;
            });
        }
    }
    story
}

fn facts(lines: &[Line], seen_by: impl Fn(usize) -> Vec<(u32, i64)>) -> CallFacts {
    told(lines, seen_by).summary().facts
}

#[test]
fn what_one_agent_missed_another_tells() {
    for lines in [BUSY, ANSWERED] {
        let whole = facts(lines, |_| vec![(1, 0)]);
        for missed in 0..lines.len() {
            // The other one is 3 s ahead; what both saw tells it, on whichever leg.
            let common = (missed + 1) % lines.len();
            let seen_by = |number| match number {
                it if it == missed => vec![(2, 3_000)],
                it if it == common => vec![(2, 3_000), (1, 0)],
                _ => vec![(1, 0)],
            };
            assert_eq!(facts(lines, seen_by), whole, "{missed} of {lines:?}");
        }
    }
}

#[test]
fn clocks_are_compared_by_the_median_of_what_both_saw() {
    // Agent 2 missed the first sending of the 180, and alone saw the BYE.
    let seen_by = |number| match number {
        0 => vec![(1, 0)],
        2 => vec![(1, 0), (2, 3_500)],
        5 => vec![(2, 3_000)],
        _ => vec![(1, 0), (2, 3_000)],
    };
    let told = facts(ANSWERED, seen_by);
    assert_eq!(told.started_at, Some(at(0)));
    assert_eq!(told.ended_at, Some(at(9_000)));
}

#[test]
fn a_first_sending_that_the_legs_agent_missed_counts() {
    let mut story = Story::default();
    let mut sip = |ms, from, to, start, agent| {
        story.sip(ms, from, to, start, |message| message.capture.agent = agent);
    };
    // Agent 1 sees it when it is sent again.
    for (ms, agent) in [(0, 2), (500, 2), (500, 1)] {
        sip(ms, A, S, "INVITE", agent);
    }
    for agent in [1, 2] {
        sip(1_900, S, A, "180 INVITE", agent);
        sip(2_500, S, A, "200 INVITE", agent);
    }
    sip(9_000, A, S, "BYE", 1);
    let told = story.summary().facts;
    assert_eq!(told.started_at, Some(at(0)));
    assert_eq!(told.pdd_ms, Some(1_900));
}

#[test]
fn an_end_by_a_clock_that_can_be_compared_counts() {
    // The caller's BYE was seen by an agent two hours off alone.
    let seen_by = |number| match number {
        5 => vec![(2, 7_200_000)],
        _ => vec![(1, 0)],
    };
    assert_eq!(facts(ANSWERED, seen_by).ended_at, Some(at(9_005)));
}

#[test]
fn agents_that_saw_nothing_in_common_tell_no_delay() {
    // Requests pass the one, responses the other.
    let seen_by = |number: usize| match ANSWERED[number].3 {
        "INVITE" | "BYE" => vec![(1, 0)],
        _ => vec![(2, 3_000)],
    };
    let told = facts(ANSWERED, seen_by);
    assert_eq!(told.state, Some(CallState::Completed));
    assert_eq!(told.disconnected_by.as_deref(), Some("caller"));
    assert_eq!(told.started_at, Some(at(0)));
    assert_eq!(told.answered_at, Some(at(4_005)));
    assert_eq!(told.ended_at, Some(at(9_000)));
    assert_eq!(told.pdd_ms, None);
}

#[test]
fn who_hung_up_first_is_told_by_clocks_that_can_be_compared_only() {
    // Both hang up at once. The agents at the two legs saw nothing in common, unless there is only
    // one.
    for (far_agent, far_ahead_ms, callee_at, expected) in [
        (1, 0, 8_998, "callee"),
        (1, 0, 9_002, "caller"),
        (2, -3_600, 9_002, "caller"),
        (2, -3_600, 8_998, "caller"),
        (2, 3_600, 8_998, "caller"),
    ] {
        let mut story = told(&ANSWERED[..6], |number| match ANSWERED[number] {
            (_, from, to, _) if from == B || to == B => vec![(far_agent, far_ahead_ms)],
            _ => vec![(1, 0)],
        });
        story.sip(callee_at + far_ahead_ms, B, S, "BYE", |message| {
            message.capture.agent = far_agent;
            message.from.tag = Some("callee".to_owned());
            message.to.tag = Some("caller".to_owned());
        });
        let by = story.summary().facts.disconnected_by;
        let what = (far_agent, far_ahead_ms, callee_at);
        assert_eq!(by.as_deref(), Some(expected), "{what:?}");
    }
}

#[test]
fn media_of_each_leg_is_timed_by_its_own_clock_whoever_saw_the_answer() {
    // An agent at each leg; the first INVITE tells how far they are apart.
    let [far_answer, near_answer] = [3, 4];
    for missed in [None, Some(far_answer), Some(near_answer)] {
        let story = told(ANSWERED, |number| match ANSWERED[number] {
            _ if Some(number) == missed => vec![],
            (0, ..) => vec![(1, 0), (2, 3_000)],
            (_, from, to, _) if from == B || to == B => vec![(2, 3_000)],
            _ => vec![(1, 0)],
        });
        let mut state = FoldState::default();
        for event in &story.events {
            state.add(event);
        }
        let signalling = sip::signalling(&state.dialogs, &state.reports).unwrap();
        let timeline = Timeline::of(&signalling, None);
        for (edge, agent, ms) in [(PartyEdge::Caller, 1, 6_000), (PartyEdge::Callee, 2, 9_000)] {
            let moment = timeline.moment(Some(edge), &[(agent, at(ms))].into());
            let off_us = (moment - 5_000_000).abs();
            assert!(off_us <= 5_000, "{edge:?} without {missed:?}: {moment}");
        }
    }
}
