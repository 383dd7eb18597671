//! Room is shared: what many calls and groups of one account leave to another.

use std::collections::BTreeMap;

use sidetone_core::annotation::Annotation;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::CallSid;
use sidetone_store::conformance::sample;

use super::*;
use crate::alerts::definition::{Definition, Limit};
use crate::alerts::severity::Severity;

const LARGE: AccountSid = AccountSid::from_bytes([1; 16]);
const SMALL: AccountSid = AccountSid::from_bytes([2; 16]);

fn rule(account: AccountSid, limit: Limit) -> (AlertRuleSid, Arc<Rule>) {
    let definition = Definition {
        filters: String::new(),
        among: None,
        measure: Watched::Calls,
        group_by: Some("Carrier".to_owned()),
        window_s: 900,
        limit,
        release: None,
        compare_weeks: None,
        min_calls: 0,
        for_s: 0,
        severity: Severity::Warning,
        quiet_hours: None,
        time_zone: "UTC".to_owned(),
        receivers: Vec::new(),
    };
    let read = |_: &str| Some(SummaryFilter::all(account));
    let rule = Rule::open(account, "calls", definition, read).unwrap();
    let sid = AlertRuleSid::from_bytes(*account.as_bytes());
    (sid, Arc::new(rule))
}

fn watching(limit: Limit, now: TimeUs) -> Watches {
    let mut watches = Watches::new(0);
    watches.set([rule(LARGE, limit), rule(SMALL, limit)], now);
    for account in [LARGE, SMALL] {
        watches.filled(account);
    }
    watches
}

/// A call of a carrier that ended at a second.
fn put(watches: &mut Watches, account: AccountSid, number: u8, second: i64, carrier: &str) {
    let call = CallRef {
        account,
        sid: CallSid::from_bytes([number; 16]),
    };
    let mut summary = sample::summary(call, second - 9, Some(second));
    summary.facts.to.carrier = Some(carrier.to_owned());
    let annotation = Annotation::default();
    watches.put(call, Seen::new(&summary, &annotation).as_ref());
}

/// What is found of each account: how many calls, and what to think of it.
fn found(watches: &mut Watches, now: TimeUs) -> BTreeMap<(AccountSid, String), (u64, Verdict)> {
    let mut found = BTreeMap::new();
    let is_moved = watches.evaluate(
        now,
        |_, _| false,
        |it| {
            let key = (it.rule.account, it.group.to_owned());
            found.insert(key, (it.reading.calls, it.reading.verdict));
        },
    );
    assert!(is_moved);
    found
}

#[test]
fn who_counts_less_than_a_share_has_room() {
    let mut watches = watching(Limit::Above(2.0), sample::at(1_000));
    watches.counted_max = 10;
    for number in 0..20 {
        let second = 900 + i64::from(number);
        put(&mut watches, LARGE, number, second, "Acme");
    }
    assert_eq!(watches.left_out(), 10);
    for number in 0..8 {
        put(&mut watches, SMALL, number, 950, "Acme");
    }
    // The half is each one's. Of the large account those go that ended first, for three no room is left.
    assert_eq!(watches.left_out(), 10 + 5 + 3);
    let of = |account| (account, "Acme".to_owned());
    let now = found(&mut watches, sample::at(1_000));
    assert_eq!(now[&of(LARGE)], (5, Verdict::Unknown));
    assert_eq!(now[&of(SMALL)], (5, Verdict::Unknown));
    // When the time of those that lack is over, all is known again.
    found(&mut watches, sample::at(1_990));
    for (account, number) in [(LARGE, 30), (SMALL, 31)] {
        put(&mut watches, account, number, 2_000, "Acme");
    }
    let now = found(&mut watches, sample::at(2_000));
    assert_eq!(now[&of(LARGE)], (1, Verdict::Good));
    assert_eq!(now[&of(SMALL)], (1, Verdict::Good));
    assert_eq!(watches.room.counts(), 2);
}

#[test]
fn groups_without_calls_are_missed_as_far_as_there_is_room() {
    let mut watches = watching(Limit::Below(1.0), sample::at(1_000));
    watches.missed_max = 4;
    for number in 0..6 {
        let second = 900 + i64::from(number);
        let carrier = format!("Carrier {number}");
        put(&mut watches, LARGE, number, second, &carrier);
    }
    put(&mut watches, SMALL, 0, 900, "Acme");
    assert_eq!(found(&mut watches, sample::at(1_000)).len(), 7);
    // A quarter of an hour later none has calls: all are told of once, and those that had some last stay.
    assert_eq!(found(&mut watches, sample::at(2_000)).len(), 7);
    assert_eq!(watches.given_up(), 4);
    let missed = found(&mut watches, sample::at(2_001));
    let missed: Vec<(AccountSid, &str)> = missed
        .iter()
        .map(|((account, group), _)| (*account, group.as_str()))
        .collect();
    assert_eq!(
        missed,
        [(LARGE, "Carrier 4"), (LARGE, "Carrier 5"), (SMALL, "Acme")]
    );
}
