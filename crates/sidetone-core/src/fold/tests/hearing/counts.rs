//! Counts that begin anew, wrap, come late or come twice.

use super::*;

#[test]
fn a_gap_that_the_receiver_counts_counts_once() {
    let talk = reports(8, |talk, number, tenths| match number {
        1..=3 => hears_all(talk, number, tenths),
        4..=5 => {
            talk.heard(tenths, BASE + 750, 0);
        }
        _ => {
            talk.heard(tenths, BASE + 250 * number, 500);
        }
    });
    talk.check(1_500, 500, &["heard nothing from 00:15 to 00:25"]);
}

#[test]
fn packets_that_come_late_after_all_are_not_lost() {
    let talk = reports(6, |talk, number, tenths| match number {
        3 => {
            talk.heard(tenths, BASE + 500, 0);
        }
        _ => hears_all(talk, number, tenths),
    });
    talk.check(1_500, 0, &[]);
    let mut slots = talk.slots().into_iter();
    assert!(slots.all(|slot| slot.packets_lost == Some(0)));
}

#[test]
fn a_receiver_that_counts_anew_after_a_long_gap_has_lost_the_gap() {
    // 80 s: 4,000 packets.
    let talk = reports(24, |talk, number, tenths| match number {
        1..=4 => {
            talk.heard(tenths, BASE + 250 * number, 2);
        }
        5..=20 => {
            talk.silent(tenths);
        }
        _ => {
            talk.heard(tenths, BASE + 250 * number, 1);
        }
    });
    let counters = talk.outbound();
    let lost = counters.packets_lost.unwrap();
    assert!((3_990..4_010).contains(&lost), "{lost}");
    assert_eq!(talk.edge().unheard.len(), 1);
}

#[test]
fn counts_that_begin_anew_or_wrap_are_counted_on() {
    // The sender is started again under its old source, with other sequence numbers.
    let mut talk = talk();
    for (tenths, packets, highest) in [
        (50, 250, 1_250),
        (100, 500, 1_500),
        (150, 250, 40_250),
        (200, 500, 40_500),
    ] {
        talk.sent(tenths, packets).heard(tenths + 1, highest, 0);
    }
    let counters = talk.outbound();
    assert_eq!(
        (counters.packets_sent, counters.packets_lost),
        (Some(1_000), Some(0))
    );
    assert_eq!(talk.edge().unheard, []);

    // What was sent, by what the first report counts. Beyond what can be of this call, it is told
    // from there on.
    for (first, expected) in [
        (50, 550),
        (0, 500),
        (u32::MAX - 100, 500),
        (50_000_000, 500),
    ] {
        let mut talk = self::talk();
        for (number, tenths) in (0..).zip([10, 60, 110]) {
            talk.sent(tenths, 250_u32.wrapping_mul(number).wrapping_add(first));
            talk.heard(tenths + 1, BASE + 250 * number, 0);
        }
        let counters = talk.outbound();
        assert_eq!(
            (counters.packets_sent, counters.packets_lost),
            (Some(expected), Some(0)),
            "{first}"
        );
    }
}

#[test]
fn receivers_that_count_anew_are_counted_on() {
    let talk = reports(6, |talk, number, tenths| {
        let lost = if number <= 3 { 150 } else { 3 };
        talk.heard(tenths, BASE + 250 * number, lost);
    });
    assert_eq!(talk.outbound().packets_lost, Some(153));
    // Duplicates are none of that.
    let talk = reports(6, |talk, number, tenths| {
        let lost = if number <= 3 { 5 } else { -2 };
        talk.heard(tenths, BASE + 250 * number, lost);
    });
    assert_eq!(talk.outbound().packets_lost, Some(-2));
}

#[test]
fn sequence_numbers_without_cycles_are_counted_on() {
    for (name, told) in [
        ("cycles", (|number| number) as fn(u32) -> u32),
        ("16 bits", |number| number & 0xffff),
    ] {
        // Ten minutes from shortly before the wrap, a report every 20 s; and an hour in which ten
        // minutes are not reported.
        for (reports, missing) in [(30, 0..0), (180, 60..140)] {
            let mut talk = talk();
            for number in (1..=reports).filter(|number| !missing.contains(number)) {
                let tenths = i64::from(number) * 200;
                let lost = i32::try_from(number * 10).unwrap();
                talk.sent(tenths, 1_000 * number);
                talk.heard(tenths + 1, told(60_000 + 1_000 * number), lost);
            }
            let counters = talk.outbound();
            let lost = i64::from(reports) * 10;
            let received = u64::from(reports) * 990;
            assert_eq!(
                (counters.packets_received, counters.packets_lost),
                (Some(received), Some(lost)),
                "{name} {reports}"
            );
            let of_slots: i64 = talk.slots().iter().filter_map(|it| it.packets_lost).sum();
            assert_eq!(of_slots, lost, "{name} {reports}");
            let all: u64 = talk
                .slots()
                .iter()
                .filter_map(|it| it.packets_received)
                .sum();
            assert!(all.abs_diff(received) < 20, "{name} {reports}: {all}");
        }
    }
}

#[test]
fn without_the_senders_count_cycles_are_counted_by_the_receivers_numbers() {
    let mut talk = talk();
    for number in 1..=30 {
        talk.heard(
            200 * i64::from(number),
            (60_000 + 1_000 * number) & 0xffff,
            0,
        );
    }
    let counters = talk.outbound();
    assert_eq!(
        (counters.packets_received, counters.packets_lost),
        (Some(29_000), Some(0))
    );
}

#[test]
fn reports_that_came_late_change_nothing() {
    let mut talk = reports(5, hears_all);
    let expected = talk.outbound();
    talk.heard(257, BASE + 1_000, 0);
    assert_eq!(talk.outbound().packets_lost, expected.packets_lost);
    assert_eq!(talk.edge().unheard, []);
}

#[test]
fn repeated_reports_of_two_agents_are_the_same_reports() {
    let mut talk = reports(5, |talk, _, tenths| {
        talk.heard(tenths, BASE + 250, 0);
    });
    let once = talk.edge();
    let again: Vec<_> = talk.0.events.clone();
    for mut event in again {
        if let Observation::Rtcp { rtcp } = &mut event.observation {
            rtcp.capture.agent = 3;
            event.at = event.at.plus_us(40_000);
            event.id = format!("again:{}", event.at.since_us(at(0)))
                .try_into()
                .unwrap();
            talk.0.events.push(event);
        }
    }
    let twice = talk.edge();
    assert_eq!(
        (once.outbound, once.unheard),
        (twice.outbound, twice.unheard)
    );
}

#[test]
fn jitter_of_reports_is_of_blocks_that_tell_something_new() {
    let mut talk = talk();
    talk.sent(50, 250).sent(100, 500);
    let jitter = |jitter_rtp, highest_seq| ReportBlock {
        jitter_rtp,
        highest_seq,
        ..block(STREAM, 0, 0).unwrap()
    };
    for (tenths, block) in [
        (51, jitter(80, 1_250)),
        (60, jitter(80, 1_250)),
        (101, jitter(240, 1_500)),
    ] {
        talk.0
            .rtcp(ms(tenths), PHONE, PLATFORM, REPORTER, None, Some(block));
    }
    assert_eq!(talk.outbound().jitter_ms.unwrap().avg, Some(20.0));
}
