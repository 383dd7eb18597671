//! Captures of real calls whose reports have another name than the Call-ID: the addresses in
//! session descriptions tell.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sidetone_core::correlate::{Content, Correlator, Fate, Limits, Mirrored, Owned, WAIT_US};
use sidetone_core::event::CallEvent;
use sidetone_core::fold::fold;
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::rules::Rules;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::{SECOND_US, TimeUs};
use sidetone_wire::hep::{self, Packet, Payload};
use sidetone_wire::translate::mirrored;
use sidetone_wire::translate::trusted_headers::TrustedHeaders;

use crate::calls::{Sent, capture, names, summary};

const ACCOUNT: AccountSid = AccountSid::from_bytes([0x11; 16]);
/// As Asterisk names a channel.
const CHANNEL: &str = "PJSIP/6001-00000002";

/// Reads a packet that holds one thing.
fn opened(packet: &Packet<'_>) -> Option<Mirrored> {
    let mut found = None;
    mirrored::hep(packet, ACCOUNT, &TrustedHeaders::default(), |it| {
        found = it.ok();
    });
    found
}

/// Reads a packet whose report has another name.
fn read(sent: &Sent, name: Option<&str>) -> Option<Mirrored> {
    let mut packet = Packet::decode(&sent.datagram).unwrap();
    if packet.payload_type == hep::RTCP {
        packet.correlation_id = name.map(str::as_bytes);
    }
    opened(&packet)
}

/// The same of a call with another Call-ID, some seconds later.
fn read_later(sent: &Sent, name: &str, call_id: &str, seconds: i64) -> Option<Mirrored> {
    let mut packet = Packet::decode(&sent.datagram).unwrap();
    packet.captured_us += seconds * SECOND_US;
    if packet.payload_type == hep::RTCP {
        packet.correlation_id = Some(name.as_bytes());
        return opened(&packet);
    }
    let text = String::from_utf8(text(&packet)?.to_vec()).unwrap();
    // As long, so that lengths stay true.
    let another = format!("{}~", &call_id[..call_id.len() - 1]);
    let text = text.replace(call_id, &another);
    packet.payload = Payload::Plain(text.as_bytes());
    opened(&packet)
}

fn text<'a>(packet: &Packet<'a>) -> Option<&'a [u8]> {
    match packet.payload {
        Payload::Plain(bytes) => Some(bytes),
        Payload::None | Payload::Compressed(_) => None,
    }
}

/// The Call-ID of the first INVITE.
fn call_id(sent: &[Sent]) -> String {
    let invite = sent.iter().find_map(|sent| {
        let packet = Packet::decode(&sent.datagram).unwrap();
        let message = String::from_utf8(text(&packet)?.to_vec()).unwrap();
        message.starts_with("INVITE ").then_some(message)
    });
    let invite = invite.unwrap();
    let (_, rest) = invite.split_once("Call-ID: ").unwrap();
    rest.split_once("\r\n").unwrap().0.to_owned()
}

fn owned(packet: Mirrored) -> Owned {
    Owned {
        account: ACCOUNT,
        came_by: "test",
        packet,
    }
}

/// The events of all calls of packets that are all there is.
fn of_whole(packets: Vec<Mirrored>) -> BTreeMap<CallSid, Vec<CallEvent>> {
    let now = TimeUs::from_micros(1_795_163_000_000_000);
    let mut correlator = Correlator::of_whole(Limits::default());
    let mut events = Vec::new();
    for packet in packets {
        if let Fate::Event(event) = correlator.take(owned(packet), now) {
            events.push(*event);
        }
    }
    let (found, given_up) = correlator.retry(now.plus_us(WAIT_US));
    assert!(given_up.is_empty(), "{given_up:#?}");
    events.extend(found.into_iter().map(|(event, _)| event));
    by_call(events)
}

fn by_call(events: Vec<CallEvent>) -> BTreeMap<CallSid, Vec<CallEvent>> {
    let mut calls = BTreeMap::<_, Vec<_>>::new();
    for event in events {
        calls.entry(event.call.sid).or_default().push(event);
    }
    calls
}

fn folded(events: &[CallEvent]) -> CallSummary {
    fold(events[0].call, events, &Rules::built_in())
}

fn json(summary: &CallSummary) -> String {
    serde_json::to_string(summary).unwrap()
}

/// Whether all a mirrored network has of a call is in it.
fn check(name: &str, expected: &str, calls: &BTreeMap<CallSid, Vec<CallEvent>>) {
    assert_eq!(calls.len(), 1, "{name}");
    let events = calls.values().next().unwrap();
    assert_eq!(json(&folded(events)), expected, "{name}");
}

#[test]
fn files_in_any_order_are_the_same_by_whatever_name() {
    for name in names() {
        let sent = capture(&name);
        let expected = json(&summary(&sent));
        for alias in [Some(CHANNEL), None] {
            let packets: Vec<Mirrored> = sent.iter().filter_map(|it| read(it, alias)).collect();
            check(&name, &expected, &of_whole(packets.clone()));
            let mut reversed = packets.clone();
            reversed.reverse();
            check(&name, &expected, &of_whole(reversed));
            let mut runner = TestRunner::new(Config {
                cases: 8,
                ..Config::default()
            });
            let shuffled = Just(packets).prop_shuffle();
            let outcome = runner.run(&shuffled, |packets| {
                check(&name, &expected, &of_whole(packets));
                Ok(())
            });
            outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

/// As it is with a relay that has few ports, and an agent that counts its names anew after a
/// restart.
#[test]
fn two_calls_through_the_same_ports_under_the_same_name_are_told_apart() {
    for name in names() {
        let sent = capture(&name);
        let first = sent.iter().filter_map(|it| read(it, Some(CHANNEL)));
        let first: Vec<Mirrored> = first.collect();
        let ends = first.iter().map(|it| it.at).max().unwrap();
        let lasts_us = ends.since_us(first[0].at);
        let later_s = lasts_us / SECOND_US + 2;
        let call_id = call_id(&sent);
        let second = sent
            .iter()
            .filter_map(|it| read_later(it, CHANNEL, &call_id, later_s));
        let mut both: Vec<Mirrored> = first.iter().cloned().chain(second).collect();
        let apart = of_whole(both.clone());
        both.reverse();
        assert_eq!(
            summaries(&apart),
            summaries(&of_whole(both)),
            "{name}: in another order"
        );
        let expected = summary(&sent);
        assert_eq!(apart.len(), 2, "{name}");
        for events in apart.values() {
            let found = folded(events);
            let figures = |summary: &CallSummary| {
                let of_edge = |(kind, edge): (_, &sidetone_core::summary::EdgeSummary)| {
                    (
                        format!("{kind:?}"),
                        edge.inbound.clone(),
                        edge.outbound.clone(),
                    )
                };
                summary.edges.iter().map(of_edge).collect::<Vec<_>>()
            };
            assert_eq!(figures(&found), figures(&expected), "{name}");
        }
    }
}

fn summaries(calls: &BTreeMap<CallSid, Vec<CallEvent>>) -> Vec<String> {
    calls.values().map(|events| json(&folded(events))).collect()
}

/// Packets of an agent that is read as it captures, and whose clock may be off.
fn live(packets: Vec<Mirrored>, clock_plus_us: i64) -> (Vec<CallEvent>, usize) {
    let mut correlator = Correlator::new(Limits::default());
    let (mut events, mut waited) = (Vec::new(), 0);
    let mut now = packets[0].at;
    let mut keep = |found: Vec<(CallEvent, _)>| events.extend(found.into_iter().map(|it| it.0));
    for mut packet in packets {
        now = now.max(packet.at);
        let (found, given_up) = correlator.retry(now);
        assert!(given_up.is_empty(), "{given_up:#?}");
        keep(found);
        if matches!(packet.content, Content::Rtcp(_)) {
            packet.at = packet.at.plus_us(clock_plus_us);
        }
        match correlator.take(owned(packet), now) {
            Fate::Event(event) => keep(vec![(*event, "")]),
            Fate::Waits => waited += 1,
            Fate::NotACall => {}
            other @ (Fate::Unexplained | Fate::Crowded(_)) => panic!("{other:?}"),
        }
    }
    let (found, given_up) = correlator.retry(now.plus_us(WAIT_US));
    assert!(given_up.is_empty(), "{given_up:#?}");
    keep(found);
    (events, waited)
}

#[test]
fn live_calls_lose_nothing_and_a_name_waits_once() {
    for name in names() {
        let sent = capture(&name);
        let expected = summary(&sent);
        let read_all = |alias| sent.iter().filter_map(|it| read(it, alias)).collect();
        let (events, waited) = live(read_all(Some(CHANNEL)), 0);
        assert_eq!(json(&folded(&events)), json(&expected), "{name}");
        // Those of the first 5 s only: a report in each direction of each leg.
        assert!(waited <= 8, "{name}: {waited}");
        // Agents of one network are seldom all right about the time.
        for clock_plus_us in [-3_600 * SECOND_US, 3_600 * SECOND_US] {
            let (events, _) = live(read_all(Some(CHANNEL)), clock_plus_us);
            assert_eq!(by_call(events.clone()).len(), 1, "{name}");
            let lost = |it: &CallSummary| {
                let edges = it.edges.values();
                let ways = edges.flat_map(|edge| [&edge.inbound, &edge.outbound]);
                ways.map(|way| way.as_ref().and_then(|it| it.packets_lost))
                    .collect::<Vec<_>>()
            };
            assert_eq!(lost(&folded(&events)), lost(&expected), "{name}");
        }
    }
}

#[test]
fn a_report_of_another_call_on_the_same_ports_is_not_taken() {
    let sent = capture("clean-call");
    let packets: Vec<Mirrored> = sent
        .iter()
        .filter_map(|it| read(it, Some(CHANNEL)))
        .collect();
    let mut stranger = packets
        .iter()
        .find(|it| matches!(it.content, Content::Rtcp(_)))
        .cloned()
        .unwrap();
    for (seconds, by) in [(-60, packets[0].at), (60, packets[packets.len() - 1].at)] {
        stranger.at = by.plus_us(seconds * SECOND_US);
        let now = TimeUs::from_micros(1_795_163_000_000_000);
        let mut correlator = Correlator::of_whole(Limits::default());
        for packet in packets.iter().cloned().chain([stranger.clone()]) {
            correlator.take(owned(packet), now);
        }
        let (_, given_up) = correlator.retry(now.plus_us(WAIT_US));
        let given_up: Vec<TimeUs> = given_up.iter().map(|it| it.packet.at).collect();
        assert_eq!(given_up, [stranger.at]);
    }
}

#[test]
fn more_reports_than_may_wait_are_found_if_their_messages_come_first() {
    let sent = capture("clean-call");
    let packets = sent.iter().filter_map(|it| read(it, Some(CHANNEL)));
    let (reports, messages): (Vec<_>, Vec<_>) =
        packets.partition(|it| matches!(it.content, Content::Rtcp(_)));
    let now = TimeUs::from_micros(1_795_163_000_000_000);
    let mut correlator = Correlator::of_whole(Limits {
        waiting: 64,
        ..Limits::default()
    });
    for message in messages {
        correlator.take(owned(message), now);
    }
    let (mut found, mut taken) = (0, 0);
    for report in (0..20).flat_map(|_| reports.iter().cloned()) {
        taken += 1;
        if let Fate::Crowded(report) = correlator.take(owned(report), now) {
            found += correlator.relieve(now).len();
            assert!(
                matches!(correlator.take(*report, now), Fate::Waits),
                "{taken}"
            );
        }
    }
    let (last, given_up) = correlator.retry(now.plus_us(WAIT_US));
    assert_eq!((found + last.len(), given_up.len()), (taken, 0));
    assert!(found > 64, "{found}");
}

#[test]
fn reports_of_a_call_that_nobody_mirrors_wait_once_until_somebody_does() {
    let sent = capture("clean-call");
    let packets = sent.iter().filter_map(|it| read(it, Some(CHANNEL)));
    let (reports, messages): (Vec<_>, Vec<_>) =
        packets.partition(|it| matches!(it.content, Content::Rtcp(_)));
    let mut now = messages[messages.len() - 1].at;
    let mut correlator = Correlator::new(Limits::default());
    let take = |correlator: &mut Correlator, packet: &Mirrored, now| {
        let mut packet = packet.clone();
        packet.at = now;
        correlator.take(owned(packet), now)
    };
    assert!(matches!(
        take(&mut correlator, &reports[0], now),
        Fate::Waits
    ));
    now = now.plus_us(WAIT_US);
    let (_, given_up) = correlator.retry(now);
    assert_eq!(given_up.len(), 1);
    correlator.give_up(&given_up[0], now);
    let fate = take(&mut correlator, &reports[0], now);
    assert!(matches!(fate, Fate::Unexplained), "{fate:?}");
    for message in messages.iter().filter(|it| it.at < reports[0].at) {
        take(&mut correlator, message, now);
    }
    let fate = take(&mut correlator, &reports[0], now);
    assert!(matches!(fate, Fate::Event(_)), "{fate:?}");
    // Its name is known by now, wherever it goes.
    let fate = take(&mut correlator, &reports[1], now);
    assert!(matches!(fate, Fate::Event(_)), "{fate:?}");
}
