//! Messages that no agent mirrored, and addresses that agents do not know.

use super::dialogs::{
    CANCELED, CHALLENGED, DIRECT, ENDED_BY_CALLEE, FORKED, PROXIED, ZERO, refused, story,
};
use super::packets::{A, S, Story, address, block};
use super::{at, timer};
use crate::event::{Observation, Timer};
use crate::facts::CallFacts;
use crate::time::TimeUs;
use crate::vocabulary::CallState;

/// Every kind of call, and what became of it.
fn calls() -> Vec<(String, CallState)> {
    let mut calls: Vec<(String, CallState)> = [
        (PROXIED, CallState::Completed),
        (ENDED_BY_CALLEE, CallState::Completed),
        (DIRECT, CallState::Completed),
        (CHALLENGED, CallState::Completed),
        (FORKED, CallState::Completed),
        (CANCELED, CallState::Canceled),
    ]
    .map(|(lines, state)| (lines.to_owned(), state))
    .into();
    calls.extend([
        (refused(486), CallState::Busy),
        (refused(603), CallState::Fail),
        (refused(480), CallState::NoAnswer),
        (refused(408), CallState::NoAnswer),
    ]);
    calls
}

fn lines_of(lines: &str) -> Vec<&str> {
    lines
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect()
}

/// Within as long as another message of the same moment is from it.
#[track_caller]
fn near(one: Option<TimeUs>, other: Option<TimeUs>, what: &str) {
    let us = one.zip(other).map(|(one, other)| one.since_us(other).abs());
    assert!(
        us.is_some_and(|us| us <= 60_000),
        "{what}: {one:?} {other:?}"
    );
}

#[test]
fn what_one_message_said_the_others_show() {
    for (lines, state) in calls() {
        let whole = story(&lines).summary().facts;
        assert_eq!(whole.state, Some(state), "{lines}");
        let lines = lines_of(&lines);
        for missed in 0..lines.len() {
            let mut rest = lines.clone();
            let missed = rest.remove(missed);
            // Only an INVITE makes a call.
            if !rest.iter().any(|line| line.contains("INVITE      1 a/ ")) {
                continue;
            }
            let told = story(&rest.join("\n")).summary().facts;
            let what = format!("without {missed}");
            assert_eq!(told.state, Some(state), "{what}");
            near(told.started_at, whole.started_at, &what);
            near(told.ended_at, whole.ended_at, &what);
            assert_eq!(told.disconnected_by, whole.disconnected_by, "{what}");
            assert_eq!(told.q850_cause, whole.q850_cause, "{what}");
            if state == CallState::Completed {
                near(told.answered_at, whole.answered_at, &what);
            }
        }
    }
}

#[test]
fn what_one_agent_missed_another_tells_of_every_message() {
    for (lines, state) in calls() {
        let whole = story(&lines).summary().facts;
        let lines = lines_of(&lines);
        for missed in 0..lines.len() {
            let seen = lines.iter().enumerate().map(|(number, line)| {
                // What both saw, on whichever leg, tells how far their clocks are apart.
                let agents = match number {
                    it if it == missed => "@2",
                    it if it == (missed + 1) % lines.len() => "@1 @2",
                    _ => "@1",
                };
                format!("{line} {agents}")
            });
            let mut told = story(&seen.collect::<Vec<_>>().join("\n"));
            told.events.reverse();
            let facts = told.summary().facts;
            assert_eq!(facts, whole, "{state} without {}", lines[missed]);
        }
    }
}

/// What a call is beyond where its sides are.
fn without_places(mut facts: CallFacts) -> CallFacts {
    facts.edges.clear();
    (facts.call_type, facts.direction) = (None, None);
    facts
}

#[test]
fn messages_tell_themselves_what_happened() {
    let (one, other) = (address(A), address(S));
    for (lines, state) in calls() {
        let whole = without_places(story(&lines).summary().facts);
        for (source, destination) in [
            (address(ZERO), address(ZERO)),
            (one, one),
            (one, other),
            (other, one),
        ] {
            let mut blind = story(&lines);
            for event in &mut blind.events {
                if let Observation::Sip { sip } = &mut event.observation {
                    (sip.capture.source, sip.capture.destination) = (source, destination);
                }
            }
            let told = blind.summary();
            let facts = without_places(told.facts);
            assert_eq!(facts, whole, "{state} {source} {destination}");
        }
    }
}

/// The same call when an agent gives no address: no edge has one.
#[test]
fn an_address_that_is_none_is_not_told() {
    let mut blind = story(DIRECT);
    for event in &mut blind.events {
        if let Observation::Sip { sip } = &mut event.observation {
            (sip.capture.source, sip.capture.destination) = (address(ZERO), address(ZERO));
        }
    }
    let summary = blind.summary();
    let [edge] = summary.edges.values().collect::<Vec<_>>()[..] else {
        panic!("{:?}", summary.edges.keys());
    };
    assert_eq!(edge.facts.signaling_ip, None);
    assert_eq!(edge.facts.external_signaling_ip, None);
}

/// Everything that one leg shows of a call after its 2xx and its confirmation were missed.
const UNSEEN_ANSWER: &str = "
       0 A>S INVITE      1 a/  a1       sdp
     305 S>A 180.INVITE  1 a/b a1
";

fn facts(lines: &str) -> CallFacts {
    story(&format!("{UNSEEN_ANSWER}{lines}")).summary().facts
}

#[test]
fn an_answer_is_shown_by_what_comes_after_it() {
    let answered = Some(CallState::Answered);
    let check = |lines: &str, state, answered_ms: Option<i64>| {
        let told = facts(lines);
        assert_eq!(
            (told.state, told.answered_at),
            (state, answered_ms.map(at)),
            "{lines}"
        );
    };
    check("", Some(CallState::Ringing), None);
    check("2020 A>S ACK 1 a/b a2", answered, Some(2_020));
    check("9000 S>A INVITE 5 b/a b1 sdp", answered, None);
    check("9000 A>S 200.INVITE 5 b/a b1 sdp", answered, None);
    check("9000 A>S INFO 2 a/b a3", answered, None);
    // What may come before an answer shows none.
    check("900 A>S PRACK 2 a/b a3", Some(CallState::Ringing), None);
    check(
        "900 A>S UPDATE 2 a/b a3 sdp",
        Some(CallState::Ringing),
        None,
    );
    check(
        "900 S>A 183.INVITE 1 a/b a1 sdp\n 1000 A>S INFO 2 a/b a3",
        Some(CallState::Ringing),
        None,
    );
    // An ACK by the branch of the INVITE confirms a refusal, unless somebody goes on talking.
    let ack = "2020 A>S ACK 1 a/b a1";
    check(ack, Some(CallState::Fail), None);
    let early_bye = "2000 A>S BYE 2 a/b a3\n 2005 S>A 200.BYE 2 a/b a3\n";
    check(
        &format!("{early_bye}{ack}"),
        Some(CallState::Canceled),
        None,
    );
    let bye = "\n 9000 A>S BYE 2 a/b a3";
    check(&format!("{ack}{bye}"), Some(CallState::Completed), None);
}

#[test]
fn a_bye_shows_that_there_was_an_answer_but_not_when() {
    for (bye, by) in [
        ("9000 A>S BYE 2 a/b a3", "caller"),
        ("9000 S>A BYE 7 b/a b1", "callee"),
        ("9000 S>A 200.BYE 2 a/b a3", "caller"),
        ("9000 S>A 481.BYE 2 a/b a3", "caller"),
    ] {
        let told = facts(bye);
        assert_eq!(told.state, Some(CallState::Completed), "{bye}");
        assert_eq!(told.ended_at, Some(at(9_000)), "{bye}");
        assert_eq!(told.duration_s, Some(9), "{bye}");
        assert_eq!(told.connect_duration_s, None, "{bye}");
        assert_eq!(told.disconnected_by.as_deref(), Some(by), "{bye}");
        assert_eq!(told.last_sip_response, None, "{bye}");
    }
}

#[test]
fn reports_of_both_sides_show_an_answer_unless_media_came_early() {
    let reports = |story: &mut Story, until: &str| {
        for (ms, from, to) in [
            (6_000, "192.0.2.10:50600", "192.0.2.1:50600"),
            (7_000, "192.0.2.1:50600", "192.0.2.10:50600"),
        ] {
            let ssrc = u32::from(from.starts_with("192.0.2.10"));
            story.rtcp(ms, from, to, ssrc, Some(250), block(1 - ssrc, 0, 250));
            if from.starts_with(until) {
                break;
            }
        }
    };
    let mut one = story(UNSEEN_ANSWER);
    reports(&mut one, "192.0.2.10");
    assert_eq!(one.summary().facts.state, Some(CallState::Ringing));
    let mut both = story(UNSEEN_ANSWER);
    reports(&mut both, "192.0.2.1:");
    let facts = both.summary().facts;
    assert_eq!(
        (facts.state, facts.answered_at),
        (Some(CallState::Answered), None)
    );
    // Nothing shows its end but that nothing more came.
    both.events.push(timer(20_000, Timer::EndNotSeen));
    let summary = both.summary();
    assert_eq!(summary.facts.state, Some(CallState::Completed));
    assert_eq!(summary.facts.ended_at, Some(at(7_000)));
    assert!(summary.end_not_seen);
    let early = "900 S>A 183.INVITE 1 a/b a1 sdp";
    let mut early = story(&format!("{UNSEEN_ANSWER}{early}"));
    reports(&mut early, "192.0.2.1:");
    assert_eq!(early.summary().facts.state, Some(CallState::Ringing));
}

#[test]
fn a_caller_who_hangs_up_has_hung_up_whatever_comes_of_it() {
    let canceled = "5000 A>S CANCEL 1 a/ a1\n 5005 S>A 200.CANCEL 1 a/c a1\n";
    let told = facts(canceled);
    assert_eq!(told.state, Some(CallState::Canceled));
    assert_eq!((told.ended_at, told.duration_s), (Some(at(5_000)), Some(5)));
    assert_eq!(
        (told.last_sip_response, told.q850_cause),
        (Some(180), Some(16))
    );
    // It was too late: the answer was on its way.
    let crossed = "5004 S>A 200.INVITE 1 a/b a1\n 5020 A>S ACK 1 a/b a2\n 5021 A>S BYE 2 a/b a3";
    let told = facts(&format!("{canceled}{crossed}"));
    assert_eq!(told.state, Some(CallState::Completed));
    assert_eq!(
        (told.answered_at, told.ended_at),
        (Some(at(5_004)), Some(at(5_021)))
    );
    // Nobody confirms an answer that comes after the refusal.
    let late =
        "5010 S>A 487.INVITE 1 a/b a1\n 5011 A>S ACK 1 a/b a1\n 5400 S>A 200.INVITE 1 a/z a1";
    let told = facts(&format!("{canceled}{late}"));
    assert_eq!(
        (told.state, told.last_sip_response),
        (Some(CallState::Canceled), Some(487))
    );
}

#[test]
fn a_proxy_tells_the_best_of_the_refusals_it_got() {
    // The caller's leg shows neither the refusal nor its confirmation.
    let forked = |b: &str, c: &str| {
        let told = story(&format!(
            "
       0 A>S INVITE      1 a/  a1
       5 S>B INVITE      1 a/  s1,a1
       6 S>C INVITE      1 a/  t1,a1
     305 S>A 180.INVITE  1 a/b a1
    4000 B>S {b}.INVITE  1 a/b s1,a1
    5000 C>S {c}.INVITE  1 a/c t1,a1
"
        ));
        let facts = told.summary().facts;
        (facts.state, facts.last_sip_response, facts.ended_at)
    };
    let end = Some(at(5_000));
    let busy = Some(CallState::Busy);
    assert_eq!(forked("486", "503"), (busy, Some(486), end));
    assert_eq!(forked("404", "600"), (busy, Some(600), end));
    assert_eq!(
        forked("408", "480"),
        (Some(CallState::NoAnswer), Some(480), end)
    );
    assert_eq!(
        forked("487", "487"),
        (Some(CallState::Canceled), Some(487), end)
    );
    // One of them may still answer.
    assert_eq!(
        forked("486", "180"),
        (Some(CallState::Ringing), Some(180), None)
    );
}
