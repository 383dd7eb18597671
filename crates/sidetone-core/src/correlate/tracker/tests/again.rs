//! Names and ports that calls have one after the other.

use super::*;

/// Two calls, one after the other, through the same port of a relay.
const ONE_AFTER_THE_OTHER: [(&str, i64, DialogStep, Option<u16>); 6] = [
    ("a", 0, Begins, Some(1)),
    ("a", 2, Accepts, Some(2)),
    ("a", 60, Ends, None),
    ("b", 63, Begins, Some(1)),
    ("b", 65, Accepts, Some(3)),
    ("b", 100, Ends, None),
];

/// A time of day, in seconds after [`NOW`].
fn after(seconds: i64) -> TimeUs {
    NOW.plus_us(seconds * SECOND_US)
}

/// A tracker that was told of messages: Call-ID, when each was seen, what it does, and the port
/// that it announces.
fn told(messages: &[(&str, i64, DialogStep, Option<u16>)]) -> Tracker {
    let mut tracker = Tracker::new(Limits::default());
    for (call_id, seconds, step, port) in messages {
        let rtcp: Vec<SocketAddr> = port.map(at).into_iter().collect();
        let clue = SipClue {
            step: *step,
            seen: on_time(after(*seconds)),
            ..sip(call_id, false, &rtcp, &[])
        };
        tracker.sip(&clue, NOW);
    }
    tracker
}

/// A report of an agent's own name that was seen at a time between two ports.
fn named<'a>(name: &'a str, seconds: i64, between: &'a [SocketAddr]) -> MediaClue<'a> {
    MediaClue {
        seen: on_time(after(seconds)),
        evidence: Evidence::Known,
        ..media(Some(name), between, &[])
    }
}

#[test]
fn a_port_is_the_call_s_that_had_it_when_the_report_was_seen() {
    #[track_caller]
    fn check(messages: &[(&str, i64, DialogStep, Option<u16>)]) {
        let mut tracker = told(messages);
        for (seconds, port, expected) in [
            // Clocks are a little apart; before that it was another's.
            (-3, 1, None),
            (-2, 1, call("a")),
            (0, 1, call("a")),
            (59, 1, call("a")),
            (60, 1, call("a")),
            // A phone that has not heard of the end yet.
            (62, 1, call("a")),
            (63, 1, call("b")),
            (100, 1, call("b")),
            (105, 1, call("b")),
            (106, 1, None),
            // Ports that only one of them had.
            (61, 2, call("a")),
            (63, 2, call("a")),
            (66, 2, None),
            (60, 3, None),
            (65, 3, call("b")),
        ] {
            let between = [at(9), at(port)];
            let clue = MediaClue {
                correlation_id: None,
                ..named("", seconds, &between)
            };
            assert_eq!(tracker.media(&clue, NOW), expected, "{seconds} {port}");
        }
    }
    check(&ONE_AFTER_THE_OTHER);
    // Whatever is told first.
    let mut shuffled = ONE_AFTER_THE_OTHER;
    shuffled.rotate_left(3);
    check(&shuffled);
    shuffled.swap(4, 5);
    check(&shuffled);
}

#[test]
fn a_name_of_an_agent_s_own_waits_once() {
    let mut tracker = told(&[("a", 0, Begins, Some(1))]);
    let between = [at(9), at(1)];
    let first = named("PJSIP/6001-00000001", 5, &between);
    assert_eq!(tracker.media(&first, NOW), None);
    let waited = MediaClue {
        evidence: Evidence::All,
        ..first
    };
    assert_eq!(tracker.media(&waited, NOW), call("a"));
    assert_eq!(tracker.media(&first, NOW), call("a"));
    // By then the name tells alone, where neither address was announced.
    let elsewhere = [at(7), at(8)];
    let unknown = named("PJSIP/6001-00000001", 10, &elsewhere);
    assert_eq!(tracker.media(&unknown, NOW), call("a"));
    // Another account's is another's.
    let other = MediaClue {
        account: AccountSid::from_bytes([2; 16]),
        ..unknown
    };
    assert_eq!(tracker.media(&other, NOW), None);
    // Before all messages have come nothing tells but a Call-ID.
    let early = MediaClue {
        evidence: Evidence::CallId,
        ..first
    };
    assert_eq!(tracker.media(&early, NOW), None);
    let by_call_id = named("a", 5, &elsewhere);
    assert_eq!(tracker.media(&by_call_id, NOW), call("a"));
}

#[test]
fn a_name_that_is_used_again_means_another_call() {
    let mut tracker = told(&ONE_AFTER_THE_OTHER);
    let (port, none) = ([at(1)], [at(9)]);
    for (seconds, addresses, expected) in [
        (30, &port, call("a")),
        (70, &port, call("b")),
        (30, &port, call("a")),
        // Where no address tells, the name means whose it was then.
        (59, &none, call("a")),
        (64, &none, call("b")),
        (90, &none, call("b")),
        (120, &none, None),
    ] {
        let clue = MediaClue {
            evidence: Evidence::All,
            ..named("bridge-1", seconds, addresses)
        };
        assert_eq!(tracker.media(&clue, NOW), expected, "{seconds}");
    }
}

#[test]
fn a_name_of_two_calls_at_once_tells_of_neither() {
    let mut tracker = told(&[("a", 0, Begins, Some(1)), ("b", 1, Begins, Some(2))]);
    let (first, second) = ([at(1)], [at(2)]);
    for (addresses, expected) in [(&first, call("a")), (&second, call("b")), (&[at(9)], None)] {
        let clue = MediaClue {
            evidence: Evidence::All,
            ..named("bridge-1", 5, addresses)
        };
        assert_eq!(tracker.media(&clue, NOW), expected);
    }
}

#[test]
fn an_address_of_one_call_tells_more_than_one_of_many() {
    // Some agents take all their media at one port.
    let mut tracker = told(&[
        ("a", 0, Begins, Some(1)),
        ("a", 1, Accepts, Some(2)),
        ("b", 2, Begins, Some(1)),
        ("b", 3, Accepts, Some(3)),
        ("c", 4, Begins, Some(1)),
        ("c", 5, Refuses, None),
    ]);
    let mut found = |between: [SocketAddr; 2]| {
        let clue = MediaClue {
            correlation_id: None,
            ..named("", 9, &between)
        };
        tracker.media(&clue, NOW)
    };
    assert_eq!(found([at(1), at(2)]), call("a"));
    assert_eq!(found([at(3), at(1)]), call("b"));
    // Else the latest of those that run.
    assert_eq!(found([at(1), at(9)]), call("b"));
}

#[test]
fn a_call_ends_when_its_messages_say_so_in_whatever_order() {
    /// When a report about port 1 is the call's last time, of the messages after its first INVITE.
    #[track_caller]
    fn check(messages: &[(i64, DialogStep)], end: Option<i64>) {
        let of_call = |(seconds, step): &(i64, DialogStep)| ("a", *seconds, *step, None);
        let mut rest: Vec<_> = messages.iter().map(of_call).collect();
        for _ in 0..=messages.len() {
            let mut all = vec![("a", 0, Begins, Some(1))];
            all.extend(&rest);
            let mut tracker = told(&all);
            let address = [at(1)];
            let mut is_found = |seconds| {
                let clue = named("x", seconds, &address);
                let clue = MediaClue {
                    correlation_id: None,
                    ..clue
                };
                tracker.media(&clue, NOW).is_some()
            };
            let late = LATE_US / SECOND_US;
            assert!(is_found(end.unwrap_or(1_000) + late), "{messages:?}");
            assert_eq!(
                is_found(end.unwrap_or(1_000) + late + 1),
                end.is_none(),
                "{messages:?}"
            );
            if !rest.is_empty() {
                rest.rotate_left(1);
            }
        }
    }
    check(&[], None);
    check(&[(1, Accepts), (9, Other)], None);
    check(&[(1, Accepts), (9, Ends)], Some(9));
    check(&[(1, Refuses)], Some(1));
    // Challenged, and asked for anew.
    check(
        &[(1, Refuses), (2, Begins), (3, Accepts), (9, Ends)],
        Some(9),
    );
    check(&[(1, Refuses), (2, Begins)], None);
    // A re-INVITE that was refused.
    check(&[(1, Accepts), (5, Refuses)], None);
}

#[test]
fn what_has_waited_in_vain_does_not_hold_its_like() {
    let mut tracker = told(&[]);
    let between = [at(9), at(1)];
    let clue = named("PJSIP/6001-00000001", 5, &between);
    assert!(!tracker.is_hopeless(&clue, NOW));
    tracker.give_up(&clue, NOW);
    assert!(tracker.is_hopeless(&clue, NOW));
    let other = [at(9), at(2)];
    assert!(!tracker.is_hopeless(&named("PJSIP/6001-00000001", 5, &other), NOW));
    assert!(!tracker.is_hopeless(&named("PJSIP/6001-00000002", 5, &between), NOW));
    // Its call may begin all the same: then nothing has to wait.
    let port = [at(1)];
    let invite = SipClue {
        seen: on_time(after(6)),
        ..sip("a", true, &port, &[])
    };
    tracker.sip(&invite, NOW);
    let next = named("PJSIP/6001-00000001", 10, &between);
    assert_eq!(tracker.media(&next, NOW), call("a"));
    // Not for ever.
    let later = NOW.plus_us(HOPELESS_US);
    assert!(!tracker.is_hopeless(&clue, later));
    tracker.forget(later);
    assert!(tracker.hopeless.is_empty());
}

#[test]
fn a_port_that_very_many_calls_had_is_the_latest_ones() {
    let mut tracker = Tracker::new(Limits::default());
    let address = [at(1)];
    let names: Vec<String> = (0..=HOLDERS_MAX).map(|n| n.to_string()).collect();
    for (seconds, name) in (0..).zip(&names) {
        for step in [Begins, Ends] {
            let clue = SipClue {
                step,
                seen: on_time(after(seconds * 10)),
                ..sip(name, false, &address, &[])
            };
            tracker.sip(&clue, NOW);
        }
    }
    assert_eq!(tracker.calls.sizes(), (HOLDERS_MAX + 1, HOLDERS_MAX));
    let mut found = |seconds| {
        let clue = named("x", seconds, &address);
        let clue = MediaClue {
            correlation_id: None,
            ..clue
        };
        tracker.media(&clue, NOW)
    };
    assert_eq!(found(0), None);
    assert_eq!(found(10), call("1"));
    assert_eq!(found(9_994), call("999"));
}

#[test]
fn where_a_clock_may_be_wrong_a_port_is_whoever_had_it_when_the_report_came() {
    let mut tracker = told(&[("a", 0, Begins, Some(1)), ("a", 1, Accepts, None)]);
    let address = [at(1)];
    let report = |at, received_at| MediaClue {
        correlation_id: None,
        seen: Seen {
            at: after(at),
            received_at: NOW.plus_us(received_at),
        },
        ..named("", 0, &address)
    };
    assert_eq!(tracker.media(&named("", -3_600, &address), NOW), None);
    assert_eq!(tracker.media(&report(-3_600, 0), NOW), call("a"));
    // The clock that is wrong may be that of the messages.
    let tomorrow = SipClue {
        seen: Seen {
            at: after(86_400),
            received_at: NOW,
        },
        ..sip("b", true, &address, &[])
    };
    tracker.sip(&tomorrow, NOW);
    assert_eq!(tracker.media(&report(10, 0), NOW), call("a"));
    assert_eq!(tracker.media(&report(-3_600, 0), NOW), call("b"));
    // Those that wait are told by when they came.
    let ended = SipClue {
        step: Ends,
        rtcp: &[],
        ..tomorrow
    };
    tracker.sip(&ended, NOW);
    assert_eq!(tracker.media(&report(-3_600, -1), NOW), call("b"));
    assert_eq!(tracker.media(&report(-3_600, 1), NOW), call("a"));
}
