//! Calls that are tried several times, and dialogs that are not the call.

use super::at;
use super::dialogs::story;
use super::packets::Story;
use crate::facts::CallFacts;
use crate::fold::FoldState;
use crate::summary::CallSummary;
use crate::vocabulary::{CallState, EdgeKind};

/// The caller's first attempt, as far as it went.
fn first(from: &str, to: &str, status: Option<u16>) -> String {
    let mut lines = format!("0 {from}>{to} INVITE 1 a/ a1 sdp\n");
    if let Some(status) = status {
        lines +=
            &format!("30 {to}>{from} {status}.INVITE 1 a/r a1\n 40 {from}>{to} ACK 1 a/r a1\n");
    }
    lines
}

/// The one that is answered.
fn second(ms: i64, from: &str, to: &str, cseq: u32, tag: &str) -> String {
    let (rings, answers, confirms) = (ms + 1_440, ms + 5_940, ms + 5_970);
    let bye = cseq + 1;
    format!(
        "
    {ms}       {from}>{to} INVITE     {cseq} {tag}/  n1 sdp
    {ms}       {to}>{from} 100.INVITE {cseq} {tag}/  n1
    {rings}    {to}>{from} 180.INVITE {cseq} {tag}/b n1
    {answers}  {to}>{from} 200.INVITE {cseq} {tag}/b n1 sdp
    {confirms} {from}>{to} ACK        {cseq} {tag}/b n2
    36000      {from}>{to} BYE        {bye}  {tag}/b n3
    36050      {to}>{from} 200.BYE    {bye}  {tag}/b n3
"
    )
}

#[track_caller]
fn check_answered(story: &Story, earlier: u32, what: &str) -> CallSummary {
    let summary = story.summary();
    let facts = &summary.facts;
    assert_eq!(facts.state, Some(CallState::Completed), "{what}");
    assert_eq!(facts.started_at, Some(at(0)), "{what}");
    assert_eq!(facts.answered_at, Some(at(6_000)), "{what}");
    assert_eq!(facts.ended_at, Some(at(36_000)), "{what}");
    assert_eq!(facts.last_sip_response, Some(200), "{what}");
    assert_eq!(facts.pdd_ms, Some(1_500), "{what}");
    assert_eq!(facts.q850_cause, Some(16), "{what}");
    assert_eq!(facts.disconnected_by.as_deref(), Some("caller"), "{what}");
    let sip = summary.sip.as_ref().unwrap();
    assert_eq!(sip.earlier_attempts, earlier, "{what}");
    assert_eq!(sip.caller_response, Some(200), "{what}");
    assert!(sip.other_dialogs.is_empty(), "{what}");
    summary
}

#[test]
fn of_attempts_the_one_that_was_answered_is_the_call() {
    for status in [
        301, 302, 305, 401, 404, 407, 408, 421, 422, 480, 486, 488, 500, 503, 603,
    ] {
        for from in ["A", "A2"] {
            for to in ["P", "S"] {
                for tag in ["a", "new"] {
                    let what = format!("{status} {from} {to} {tag}");
                    let lines = first("A", "P", Some(status)) + &second(60, from, to, 2, tag);
                    let summary = check_answered(&story(&lines), 1, &what);
                    let sip = summary.sip.unwrap();
                    assert_eq!(sip.challenged, matches!(status, 401 | 407), "{what}");
                    assert_eq!(sip.forks, 0, "{what}");
                    // Where it ended up.
                    let [(kind, edge)] = summary.edges.iter().collect::<Vec<_>>()[..] else {
                        panic!("{what}");
                    };
                    assert_eq!(*kind, EdgeKind::Sip);
                    let ip = if to == "P" { "192.0.2.5" } else { "192.0.2.1" };
                    assert_eq!(edge.facts.signaling_ip.as_deref(), Some(ip), "{what}");
                    assert_eq!(edge.facts.media_ip.as_deref(), Some(ip), "{what}");
                }
            }
        }
    }
}

#[test]
fn a_server_that_does_not_answer_is_followed_by_the_next() {
    // The same request but for its branch (RFC 3263 §4.3).
    for from in ["A", "A2"] {
        let lines = first("A", "P", None) + &second(60, from, "S", 1, "a");
        check_answered(&story(&lines), 1, from);
    }
}

#[test]
fn attempts_of_a_fork_are_not_one_after_the_other() {
    // A back-to-back user agent that keeps the Call-ID, with another address towards the callee.
    let lines = first("A", "P", None)
        + "
       10 S>B INVITE      9 s/  s1 sdp
      300 B>S 180.INVITE  9 s/b s1
      310 P>A 180.INVITE  1 a/p a1
     2000 B>S 200.INVITE  9 s/b s1 sdp
     2010 P>A 200.INVITE  1 a/p a1 sdp
     2020 A>P ACK         1 a/p a2
     9000 A>P BYE         2 a/p a3
     9010 S>B BYE        10 s/b s2
";
    let summary = story(&lines).summary();
    let facts = &summary.facts;
    assert_eq!(facts.state, Some(CallState::Completed));
    assert_eq!((facts.pdd_ms, facts.ended_at), (Some(310), Some(at(9_000))));
    assert_eq!(facts.disconnected_by.as_deref(), Some("caller"));
    let sip = summary.sip.unwrap();
    assert_eq!((sip.earlier_attempts, sip.callee_response), (0, Some(200)));
    assert_eq!(summary.edges.len(), 2);
}

#[test]
fn all_attempts_can_fail() {
    let lines = first("A", "P", Some(302))
        + "
       60 A>S INVITE      2 a/  n1
     1500 S>A 180.INVITE  2 a/b n1
     4000 S>A 486.INVITE  2 a/b n1
     4010 A>S ACK         2 a/b n1
";
    let summary = story(&lines).summary();
    let facts = summary.facts;
    assert_eq!(
        (facts.state, facts.last_sip_response),
        (Some(CallState::Busy), Some(486))
    );
    assert_eq!((facts.duration_s, facts.q850_cause), (Some(4), Some(17)));
    // While the second is under way, the first is no end.
    let under_way: String = lines
        .lines()
        .take(5)
        .map(|line| format!("{line}\n"))
        .collect();
    let facts = story(&under_way).summary().facts;
    assert_eq!(
        (facts.state, facts.ended_at),
        (Some(CallState::Undialed), None)
    );
}

#[test]
fn attempts_go_on_through_a_proxy_each_on_its_own() {
    let lines = "
        0 A>S INVITE      1 a/  a1
        5 S>B INVITE      1 a/  s1,a1
      900 B>S 503.INVITE  1 a/b s1,a1
      901 S>B ACK         1 a/b s1
      905 S>A 503.INVITE  1 a/b a1
      910 A>S ACK         1 a/b a1
     1000 A>S INVITE      2 a/  a2
     1005 S>B INVITE      2 a/  s2,a2
     1300 S>A 180.INVITE  2 a/c a2
     2000 B>S 200.INVITE  2 a/c s2,a2
     2005 S>A 200.INVITE  2 a/c a2
     2020 A>S ACK         2 a/c a3
     2025 S>B ACK         2 a/c s3,a3
     9000 S>A BYE         5 c/a s4,b4
     9001 B>S BYE         5 c/a b4
";
    let summary = story(lines).summary();
    assert_eq!(summary.facts.state, Some(CallState::Completed));
    assert_eq!(summary.facts.q850_cause, Some(16));
    assert_eq!(summary.facts.disconnected_by.as_deref(), Some("callee"));
    let sip = summary.sip.unwrap();
    assert_eq!((sip.earlier_attempts, sip.forks), (1, 0));
    assert_eq!(sip.callee_response, Some(200));
    // One that the proxy refuses itself has no callee, although the one before had.
    let lines = lines.lines().take(7).collect::<Vec<_>>().join("\n")
        + "
     1000 A>S INVITE      2 a/  a2
     1010 S>A 403.INVITE  2 a/p a2
";
    let summary = story(&lines).summary();
    assert_eq!(summary.facts.last_sip_response, Some(403));
    assert_eq!(summary.facts.q850_cause, Some(21));
    assert_eq!(summary.sip.unwrap().callee_response, None);
}

/// A call under a Call-ID, ended after so many seconds.
fn call(ms: i64, tag: &str, branch: &str, bye: &str) -> String {
    let (answers, confirms, ends) = (ms + 2_000, ms + 2_020, ms + 22_000);
    format!(
        "
    {ms}       A>S INVITE     1 {tag}/  {branch}1 sdp
    {answers}  S>A 200.INVITE 1 {tag}/{tag}b {branch}1 sdp
    {confirms} A>S ACK        1 {tag}/{tag}b {branch}2
    {ends}     {bye}
"
    )
}

#[test]
fn another_call_under_the_same_call_id_stands_beside_the_first() {
    let one = call(0, "one", "a", "A>S BYE 2 one/oneb a3");
    // Some use the same branch again too.
    for branch in ["a", "n"] {
        let two = call(60_000, "two", branch, "S>A BYE 7 twob/two b1");
        let alone = story(&one).summary();
        let both = story(&format!("{one}{two}")).summary();
        assert_eq!(both.facts, alone.facts);
        let sip = both.sip.unwrap();
        let [other] = &sip.other_dialogs[..] else {
            panic!("{sip:?}");
        };
        assert_eq!(other.from_tag.as_deref(), Some("two"));
        assert_eq!(other.answered_at, at(62_000));
        assert_eq!(other.ended_at, Some(at(82_000)));
        assert_eq!(sip.earlier_attempts, 0);
    }
}

fn told(lines: &str) -> (CallFacts, usize) {
    let summary = story(lines).summary();
    (summary.facts, summary.sip.unwrap().other_dialogs.len())
}

const ANSWERED: &str = "
        0 A>S INVITE      1 a/  a1
     2000 S>A 200.INVITE  1 a/b a1
     2020 A>S ACK         1 a/b a2
";

#[test]
fn a_bye_ends_the_dialog_it_names() {
    let check = |lines: &str, end: Option<i64>, others: usize| {
        let (facts, found) = told(&format!("{ANSWERED}{lines}"));
        let state = if end.is_some() {
            CallState::Completed
        } else {
            CallState::Answered
        };
        assert_eq!(
            (facts.state, facts.ended_at),
            (Some(state), end.map(at)),
            "{lines}"
        );
        assert_eq!(found, others, "{lines}");
    };
    let bye = "30000 A>S BYE 2 a/b a3\n";
    check(bye, Some(30_000), 0);
    // Refused, challenged, unknown to the other side: the sender has left (§15.1.1).
    for status in [200, 401, 407, 408, 481, 500] {
        let answer = format!("30010 S>A {status}.BYE 2 a/b a3\n");
        let again = "30020 A>S BYE 3 a/b a4\n";
        check(&format!("{bye}{answer}{again}"), Some(30_000), 0);
    }
    // Both hang up at once.
    check(&format!("{bye} 30001 S>A BYE 7 b/a b1\n"), Some(30_000), 0);
    // A branch that was too late: the caller confirms it and drops it at once, or never hears of
    // it.
    let stray = "2100 S>A 200.INVITE 1 a/c a1\n";
    let dropped = "2110 A>S ACK 1 a/c a5\n 2111 A>S BYE 2 a/c a6\n";
    check(&format!("{stray}{dropped}"), None, 1);
    check(&format!("{stray}{dropped}{bye}"), Some(30_000), 1);
    check(&format!("{stray}{bye}"), Some(30_000), 1);
    // Sent again until it is confirmed.
    check(
        &format!("2500 S>A 200.INVITE 1 a/b a1\n{bye}"),
        Some(30_000),
        0,
    );
    // Answers to other requests end nothing, nor does a BYE of somebody else's.
    let others = "
     5000 A>S UPDATE      2 a/b a7
     5010 S>A 501.UPDATE  2 a/b a7
     6000 A>S INVITE      3 a/b a8
     6010 S>A 488.INVITE  3 a/b a8
     6020 A>S ACK         3 a/b a8
     7000 A>S INFO        4 a/b a9
     7010 S>A 503.INFO    4 a/b a9
     8000 S>A BYE         7 z/a z1
     8010 A>S 481.BYE     7 z/a z1
";
    check(others, None, 0);
    check(
        &format!("{others} 30000 A>S BYE 5 a/b a10\n"),
        Some(30_000),
        0,
    );
}

#[test]
fn a_thousand_re_invites_hide_neither_beginning_nor_end() {
    let mut lines = ANSWERED.replace(" 1 a/", " 900 a/");
    for number in 1..=1_000 {
        let ms = 3_000 + number * 60_000;
        lines += &format!(
            "
        {ms} S>A INVITE     {number} b/a r{number}
        {ms} A>S 200.INVITE {number} b/a r{number}
        {ms} S>A ACK        {number} b/a k{number}
"
        );
    }
    lines += "70000000 A>S BYE 901 a/b a3\n";
    let mut story = story(&lines);
    let forwards = story.summary();
    story.events.reverse();
    assert_eq!(story.summary(), forwards);
    let state = |which: fn(usize) -> bool| {
        let mut state = FoldState::default();
        for (_, event) in story.events.iter().enumerate().filter(|it| which(it.0)) {
            state.add(event);
        }
        state
    };
    let mut halves = state(|number| number % 2 == 0);
    halves.merge(state(|number| number % 2 == 1));
    assert_eq!(halves, state(|_| true));
    let facts = forwards.facts;
    assert_eq!(facts.state, Some(CallState::Completed));
    assert_eq!(facts.answered_at, Some(at(2_000)));
    assert_eq!(facts.ended_at, Some(at(70_000_000)));
}

#[test]
fn a_caller_who_never_gives_up_is_told_as_far_as_is_kept() {
    let mut lines = String::new();
    for number in 1..=400 {
        let ms = number * 1_000;
        lines += &format!(
            "
        {ms} A>S INVITE     {number} t{number}/  i{number}
        {ms} S>A 503.INVITE {number} t{number}/b i{number}
"
        );
    }
    let mut story = story(&lines);
    let forwards = story.summary();
    story.events.reverse();
    assert_eq!(story.summary(), forwards);
    assert_eq!(forwards.facts.state, Some(CallState::Fail));
    assert_eq!(forwards.facts.last_sip_response, Some(503));
    assert_eq!(forwards.sip.unwrap().earlier_attempts, 127);
}
