mod again;

use std::net::SocketAddr;

use super::super::calls::{CLUES_MAX, LINGER_US};
use super::super::clue::DialogStep::{Accepts, Begins, Ends, Other, Refuses};
use super::super::clue::Seen;
use super::super::holders::{HOLDERS_MAX, LATE_US};
use super::*;
use crate::id::CallSid;

const ACCOUNT: AccountSid = AccountSid::from_bytes([1; 16]);
const NOW: TimeUs = TimeUs::from_micros(1_000_000_000_000_000);

fn sip<'a>(
    call_id: &'a str,
    begins: bool,
    rtcp: &'a [SocketAddr],
    ssrcs: &'a [u32],
) -> SipClue<'a> {
    SipClue {
        account: ACCOUNT,
        call_id,
        sid: None,
        step: if begins {
            DialogStep::Begins
        } else {
            DialogStep::Other
        },
        seen: on_time(NOW),
        rtcp,
        ssrcs,
    }
}

fn media<'a>(id: Option<&'a str>, addresses: &'a [SocketAddr], ssrcs: &'a [u32]) -> MediaClue<'a> {
    MediaClue {
        account: ACCOUNT,
        correlation_id: id,
        addresses,
        ssrcs,
        seen: on_time(NOW),
        evidence: Evidence::All,
    }
}

fn on_time(at: TimeUs) -> Seen {
    Seen {
        at,
        received_at: at,
    }
}

fn call(call_id: &str) -> Option<CallRef> {
    let sid = sip_call_sid(ACCOUNT, call_id);
    Some(CallRef {
        account: ACCOUNT,
        sid,
    })
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}

#[test]
fn only_an_invite_makes_a_call() {
    let mut tracker = Tracker::new(Limits::default());
    assert_eq!(tracker.sip(&sip("a", false, &[], &[]), NOW), None);
    assert_eq!(tracker.sip(&sip("a", true, &[], &[]), NOW), call("a"));
    assert_eq!(tracker.sip(&sip("a", false, &[], &[]), NOW), call("a"));
    assert_eq!(tracker.sip(&sip("b", false, &[], &[]), NOW), None);
}

#[test]
fn a_call_keeps_the_identity_that_its_first_invite_gave_it() {
    let mut tracker = Tracker::new(Limits::default());
    let sid = CallSid::from_bytes([9; 16]);
    let given = SipClue {
        sid: Some(sid),
        ..sip("a", true, &[], &[])
    };
    let named = Some(CallRef {
        account: ACCOUNT,
        sid,
    });
    assert_eq!(tracker.sip(&given, NOW), named);
    assert_eq!(tracker.sip(&sip("a", false, &[], &[]), NOW), named);
    assert_eq!(tracker.media(&media(Some("a"), &[], &[]), NOW), named);
}

#[test]
fn a_call_that_is_recalled_needs_no_invite() {
    let mut tracker = Tracker::new(Limits::default());
    let sid = CallSid::from_bytes([9; 16]);
    let named = CallRef {
        account: ACCOUNT,
        sid,
    };
    tracker.recall(named, "a", NOW);
    tracker.forget(NOW);
    assert_eq!(
        tracker.media(&media(Some("a"), &[], &[7]), NOW),
        Some(named)
    );
    assert_eq!(tracker.media(&media(None, &[], &[7]), NOW), Some(named));
    assert_eq!(tracker.sip(&sip("a", false, &[], &[]), NOW), Some(named));
    // What is known already stays as it is.
    tracker.sip(&sip("b", true, &[], &[]), NOW);
    tracker.recall(named, "b", NOW);
    assert_eq!(tracker.media(&media(Some("b"), &[], &[]), NOW), call("b"));
}

#[test]
fn rtcp_is_found_by_name_then_address_then_source() {
    let mut tracker = Tracker::new(Limits::default());
    tracker.sip(&sip("a", true, &[at(1)], &[7]), NOW);
    tracker.sip(&sip("b", true, &[at(2)], &[8]), NOW);
    assert_eq!(
        tracker.media(&media(Some("b"), &[at(1)], &[7]), NOW),
        call("b")
    );
    assert_eq!(
        tracker.media(&media(Some("channel-1"), &[at(9), at(1)], &[]), NOW),
        call("a")
    );
    assert_eq!(tracker.media(&media(None, &[at(9)], &[8]), NOW), call("b"));
    assert_eq!(tracker.media(&media(None, &[at(9)], &[99]), NOW), None);
    // What was found once is known by its sources.
    tracker.media(&media(None, &[at(2)], &[55]), NOW);
    assert_eq!(tracker.media(&media(None, &[], &[55]), NOW), call("b"));
}

#[test]
fn nothing_crosses_from_one_account_to_another() {
    let mut tracker = Tracker::new(Limits::default());
    tracker.sip(&sip("a", true, &[at(1)], &[7]), NOW);
    let other = AccountSid::from_bytes([2; 16]);
    for clue in [
        media(Some("a"), &[], &[]),
        media(None, &[at(1)], &[]),
        media(None, &[], &[7]),
    ] {
        assert_eq!(
            tracker.media(
                &MediaClue {
                    account: other,
                    ..clue
                },
                NOW
            ),
            None
        );
    }
    assert_eq!(
        tracker.sip(
            &SipClue {
                account: other,
                ..sip("a", false, &[], &[])
            },
            NOW
        ),
        None
    );
}

#[test]
fn ended_and_silent_calls_are_forgotten_with_all_they_are_known_by() {
    let mut tracker = Tracker::new(Limits::default());
    tracker.sip(&sip("a", true, &[at(1)], &[7]), NOW);
    tracker.sip(
        &SipClue {
            step: DialogStep::Ends,
            ..sip("a", false, &[], &[])
        },
        NOW,
    );
    tracker.sip(&sip("b", true, &[at(2)], &[8]), NOW);
    // The address went to the next call.
    tracker.sip(&sip("b", false, &[at(1)], &[]), NOW);
    tracker.forget(NOW.plus_us(LINGER_US - 1));
    assert_eq!(tracker.calls.len(), 2);
    tracker.forget(NOW.plus_us(LINGER_US + SWEEP_US));
    assert_eq!(tracker.calls.len(), 1);
    assert_eq!(tracker.media(&media(None, &[], &[7]), NOW), None);
    assert_eq!(tracker.media(&media(None, &[at(1)], &[]), NOW), call("b"));
    tracker.forget(NOW.plus_us(5 * 3600 * SECOND_US));
    assert_eq!(tracker.calls.len(), 0);
    assert_eq!(tracker.calls.sizes(), (0, 0));
}

#[test]
fn a_call_that_names_ever_more_addresses_leaves_none_behind() {
    let mut tracker = Tracker::new(Limits::default());
    for port in 1..=1_000 {
        tracker.sip(&sip("a", true, &[at(port)], &[port.into()]), NOW);
    }
    assert_eq!(tracker.calls.sizes(), (1, 2 * CLUES_MAX));
    tracker.sip(&sip("b", true, &[], &[]), NOW.plus_us(4 * 3600 * SECOND_US));
    tracker.forget(NOW.plus_us(5 * 3600 * SECOND_US));
    assert_eq!(tracker.calls.sizes(), (1, 0));
}

#[test]
fn calls_beyond_the_bound_are_calls_but_not_remembered() {
    let mut tracker = Tracker::new(Limits {
        calls: 1,
        ..Limits::default()
    });
    tracker.sip(&sip("a", true, &[], &[]), NOW);
    assert_eq!(tracker.sip(&sip("b", true, &[], &[]), NOW), call("b"));
    assert_eq!(tracker.calls.len(), 1);
}

#[test]
fn a_call_id_that_looks_like_a_call_sid_is_none() {
    let mut tracker = Tracker::new(Limits::default());
    for name in [
        "CA00112233445566778899aabbccddeeff",
        "123e4567-e89b-12d3-a456-426614174000",
    ] {
        let found = tracker.sip(&sip(name, true, &[], &[]), NOW).unwrap();
        assert_ne!(found.sid, crate::correlate::call_sid(ACCOUNT, name));
        assert_eq!(Some(found), call(name));
    }
}
