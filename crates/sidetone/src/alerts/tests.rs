//! A day of calls with bad stretches, evaluated as time passes, against a look at all calls each time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng, SeedableRng};
use sidetone_core::annotation::Annotation;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::{AccountSid, AlertRuleSid, CallRef, CallSid};
use sidetone_core::statistics::Measure;
use sidetone_core::statistics::share::wilson;
use sidetone_core::summary::CallSummary;
use sidetone_core::time::{HOUR_US, SECOND_US, TimeUs};
use sidetone_core::vocabulary::{CallState, Tag};
use sidetone_store::conformance::sample;

use super::definition::{Definition, Limit};
use super::measure::{Part, Watched};
use super::rule::{Rule, Seen, Verdict};
use super::severity::Severity;
use super::state::{FLAPPING_US, Move, Standing, next};
use super::watch::Watches;

const ACCOUNT: AccountSid = AccountSid::from_bytes([7; 16]);
const SETTLE_US: i64 = 60 * SECOND_US;
const CARRIERS: [&str; 3] = ["Acme", "Birch", "Cedar"];
const DAY_S: i64 = 86_400;

/// What of the day is bad.
fn is_bad_answering(carrier: usize, second: i64) -> bool {
    carrier == 1 && (36_000..39_600).contains(&second)
}
fn is_slow(second: i64) -> bool {
    (50_000..52_000).contains(&second)
}
fn is_one_way(carrier: usize, second: i64) -> bool {
    carrier == 2 && (60_000..63_000).contains(&second)
}

/// A call, and when its summary was there.
struct Call {
    there_us: i64,
    summary: CallSummary,
}

/// The calls of a day, in the order in which their summaries came; some come late.
fn day(seed: u64, calls: u32) -> Vec<Call> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut all: Vec<Call> = (0..calls)
        .map(|number| {
            let mut one_in = |n: u32| random.next_u32() % n == 0;
            let is_late = one_in(100);
            let carrier = if one_in(3) {
                0
            } else if one_in(2) {
                1
            } else {
                2
            };
            let ended_s = i64::from(number) * DAY_S / i64::from(calls);
            let is_bad = is_bad_answering(carrier, ended_s);
            let answered = if is_bad { one_in(4) } else { !one_in(4) };
            let tagged = if is_one_way(carrier, ended_s) {
                one_in(3)
            } else {
                one_in(200)
            };
            let pdd_ms =
                u64::from(random.next_u32() % 2_000) + if is_slow(ended_s) { 4_000 } else { 500 };
            let lateness_s = if is_late {
                i64::from(random.next_u32() % 3_000)
            } else {
                0
            };
            let mut sid = [0; 16];
            sid[..4].copy_from_slice(&number.to_be_bytes());
            let call = CallRef {
                account: ACCOUNT,
                sid: CallSid::from_bytes(sid),
            };
            let start_s = ended_s - i64::from(random.next_u32() % 300);
            let mut summary = sample::summary(call, start_s, Some(ended_s));
            summary.facts.to.carrier = Some(CARRIERS[carrier].to_owned());
            summary.facts.state = Some(if answered {
                CallState::Completed
            } else {
                CallState::Fail
            });
            summary.facts.pdd_ms = Some(pdd_ms);
            summary.tags = if tagged {
                vec![Tag::Silence]
            } else {
                Vec::new()
            };
            let ended_us = summary.facts.ended_at.unwrap().micros();
            Call {
                there_us: ended_us + SETTLE_US + lateness_s * SECOND_US,
                summary,
            }
        })
        .collect();
    all.sort_by_key(|call| call.there_us);
    all
}

fn definition(measure: Watched, limit: Limit) -> Definition {
    Definition {
        filters: String::new(),
        among: None,
        measure,
        group_by: Some("Carrier".to_owned()),
        window_s: 900,
        limit,
        release: None,
        compare_weeks: None,
        min_calls: 20,
        for_s: 0,
        severity: Severity::Warning,
        quiet_hours: None,
        time_zone: "UTC".to_owned(),
        receivers: Vec::new(),
    }
}

fn rules() -> Vec<(AlertRuleSid, Arc<Rule>)> {
    let seizures = Watched::Ratio(Measure::AnswerSeizureRatio);
    let definitions = [
        ("answered", definition(seizures, Limit::Below(50.0))),
        (
            "delay",
            Definition {
                group_by: None,
                release: Some(3_000.0),
                for_s: 120,
                ..definition(
                    Watched::Spread(Measure::Pdd, Part::P95),
                    Limit::Above(4_000.0),
                )
            },
        ),
        (
            "silence",
            Definition {
                filters: "silence".to_owned(),
                among: Some(String::new()),
                window_s: 1800,
                ..definition(Watched::Share, Limit::Above(10.0))
            },
        ),
        (
            "few",
            Definition {
                min_calls: 0,
                ..definition(Watched::Calls, Limit::Below(1.0))
            },
        ),
    ];
    (1..)
        .zip(definitions)
        .map(|(n, (name, definition))| {
            let read = |text: &str| {
                Some(SummaryFilter {
                    tag: if text.is_empty() {
                        Vec::new()
                    } else {
                        vec![Tag::Silence]
                    },
                    ..SummaryFilter::all(ACCOUNT)
                })
            };
            let rule = Rule::open(ACCOUNT, name, definition, read).unwrap();
            (AlertRuleSid::from_bytes([n; 16]), Arc::new(rule))
        })
        .collect()
}

/// What of a rule's calls a look at all of them finds, by group: how many, and what they add.
fn look(rule: &Rule, calls: &[Call], now: TimeUs) -> BTreeMap<String, Vec<u64>> {
    let step_us = (rule.window_us() + SETTLE_US) / 60;
    let last = now.micros().div_euclid(step_us);
    let mut groups: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for call in calls {
        let facts = &call.summary.facts;
        let step = facts.ended_at.unwrap().micros().div_euclid(step_us);
        if step <= last - 60 || step > last {
            continue;
        }
        let group = match rule.group_by {
            Some(_) => facts.to.carrier.clone().unwrap(),
            None => String::new(),
        };
        let figure = match rule.name.as_str() {
            "answered" => u64::from(facts.state == Some(CallState::Completed)),
            "delay" => facts.pdd_ms.unwrap(),
            "silence" => u64::from(!call.summary.tags.is_empty()),
            _ => 1,
        };
        groups.entry(group).or_default().push(figure);
    }
    groups
}

/// Runs a day, evaluated each `every_s`; each `look_every`th time against a look at all calls. Says which
/// alerts fired, and when: rule, group, from, until.
fn run(seed: u64, count: u32, every_s: i64, look_every: i64) -> Vec<(String, String, i64, i64)> {
    let calls = day(seed, count);
    let start = sample::MIDNIGHT;
    let mut watches = Watches::new(SETTLE_US);
    watches.set(rules(), start);
    watches.filled(ACCOUNT);
    assert_eq!(watches.unfilled(), None);
    let annotation = Annotation::default();
    let mut next_call = 0;
    let mut fired: Vec<(String, String, i64, i64)> = Vec::new();
    let mut open: HashMap<(AlertRuleSid, String), (Standing, Option<TimeUs>)> = HashMap::new();
    let mut history: HashMap<(AlertRuleSid, String), Vec<TimeUs>> = HashMap::new();
    for second in (0..DAY_S + 7200).step_by(usize::try_from(every_s).unwrap()) {
        let now = start.plus_us(second * SECOND_US);
        while let Some(call) = calls
            .get(next_call)
            .filter(|call| call.there_us <= now.micros())
        {
            let seen = Seen::new(&call.summary, &annotation).unwrap();
            watches.put(call.summary.call, Some(&seen));
            next_call += 1;
        }
        let mut moves = Vec::new();
        let is_looked = second / every_s % look_every == 0;
        let mut readings: BTreeMap<(String, String), _> = BTreeMap::new();
        assert!(watches.evaluate(
            now,
            |sid, group| open.contains_key(&(sid, group.to_owned())),
            |found| {
                let key = (found.rule.name.clone(), found.group.to_owned());
                readings.insert(key, (found.reading, found.window.sum()));
                let key = (found.sid, found.group.to_owned());
                moves.push((
                    key,
                    found.rule.name.clone(),
                    found.rule.definition.clone(),
                    found.reading,
                ));
            },
        ));
        for (key, name, definition, reading) in moves {
            let (standing, mut calm) = open.get(&key).copied().unwrap_or((Standing::Well, None));
            let lately = history.entry(key.clone()).or_default();
            lately.retain(|at| now.since_us(*at) <= FLAPPING_US);
            match next(
                &definition,
                standing,
                reading.verdict,
                now,
                &mut calm,
                lately.len(),
            ) {
                None => {
                    if let Some(open) = open.get_mut(&key) {
                        open.1 = calm;
                    }
                }
                Some(Move::Begin) => drop(open.insert(key, (Standing::Pending(now), None))),
                Some(Move::Fire) => {
                    lately.push(now);
                    fired.push((name, key.1.clone(), second, i64::MAX));
                    open.insert(key, (Standing::Firing, None));
                }
                Some(Move::Forget) => drop(open.remove(&key)),
                Some(Move::Resolve) => {
                    let mut all = fired.iter_mut().rev();
                    all.find(|it| it.0 == name && it.1 == key.1).unwrap().3 = second;
                    open.remove(&key);
                }
            }
        }
        if is_looked {
            for (_, rule) in rules() {
                let there = look(&rule, &calls[..next_call], now);
                for ((name, group), (reading, sum)) in &readings {
                    if *name != rule.name {
                        continue;
                    }
                    let mut figures = there.get(group).cloned().unwrap_or_default();
                    let total: u64 = figures.iter().sum();
                    let at = format!("seed {seed}, {name} of {group} at {second}");
                    assert_eq!(
                        (sum.calls, sum.figures),
                        (figures.len() as u64, total),
                        "{at}"
                    );
                    figures.sort_unstable();
                    let expected = match name.as_str() {
                        "few" => Some(figures.len() as f64),
                        _ if figures.is_empty() => None,
                        "delay" => Some(figures[(figures.len() * 95).div_ceil(100) - 1] as f64),
                        _ => Some(total as f64 * 100.0 / figures.len() as f64),
                    };
                    let is_same = match (reading.value, expected) {
                        (Some(one), Some(other)) => (one - other).abs() < 1e-9,
                        (one, other) => one == other,
                    };
                    assert!(is_same, "{at}: {:?} for {expected:?}", reading.value);
                    let bound = wilson(total, figures.len() as u64);
                    let verdict = match (name.as_str(), expected, bound) {
                        ("few", Some(calls), _) if calls < 1.0 => Verdict::Bad,
                        ("few", ..) => Verdict::Good,
                        _ if figures.len() < 20 => Verdict::Unknown,
                        ("delay", Some(delay), _) if delay > 4_000.0 => Verdict::Bad,
                        ("delay", Some(delay), _) if delay > 3_000.0 => Verdict::Between,
                        ("answered", _, Some([_, high])) if high < 50.0 => Verdict::Bad,
                        ("silence", _, Some([low, _])) if low > 10.0 => Verdict::Bad,
                        _ => Verdict::Good,
                    };
                    assert_eq!(reading.verdict, verdict, "{at}");
                }
            }
        }
    }
    assert_eq!(watches.left_out(), 0);
    fired
}

/// What fired is what was bad, once each, soon after it was and until it was not.
fn expect_the_bad_stretches(fired: &[(String, String, i64, i64)], note: &str) {
    let told: BTreeSet<(&str, &str)> = fired
        .iter()
        .map(|it| (it.0.as_str(), it.1.as_str()))
        .collect();
    let during_the_day: Vec<_> = fired.iter().filter(|it| it.2 < DAY_S).collect();
    let expected = [("answered", "Birch"), ("delay", ""), ("silence", "Cedar")];
    assert_eq!(during_the_day.len(), expected.len(), "{note}: {fired:?}");
    for ((rule, group), (from, until)) in
        expected
            .iter()
            .zip([(36_000, 39_600), (50_000, 52_000), (60_000, 63_000)])
    {
        assert!(told.contains(&(*rule, *group)), "{note}: {fired:?}");
        let alert = during_the_day.iter().find(|it| it.0 == *rule).unwrap();
        assert!((from..until).contains(&alert.2), "{note}: {alert:?}");
        assert!(
            (until..until + 2_100).contains(&alert.3),
            "{note}: {alert:?}"
        );
    }
    // When the day is over no calls come, of any carrier.
    let silent: Vec<_> = fired.iter().filter(|it| it.2 >= DAY_S).collect();
    assert_eq!(silent.len(), 3, "{note}: {fired:?}");
    assert!(silent.iter().all(|it| it.0 == "few"), "{note}: {fired:?}");
}

#[test]
fn a_day_of_calls_fires_what_was_bad() {
    let seed = 20_261_201;
    let fired = run(seed, 20_000, 5, 97);
    expect_the_bad_stretches(&fired, &format!("seed {seed}"));
}

#[test]
fn a_call_that_changes_counts_as_what_it_is() {
    let mut watches = Watches::new(0);
    let now = sample::at(1_000);
    watches.set(rules(), now);
    watches.filled(ACCOUNT);
    let call = CallRef {
        account: ACCOUNT,
        sid: CallSid::from_bytes([1; 16]),
    };
    let annotation = Annotation::default();
    let mut summary = sample::summary(call, 900, Some(990));
    summary.facts.to.carrier = Some("Acme".to_owned());
    summary.facts.state = Some(CallState::Fail);
    let read = |watches: &mut Watches, now: TimeUs| {
        let mut read = BTreeMap::new();
        let moved = watches.evaluate(
            now,
            |_, _| true,
            |found| {
                if found.rule.name == "answered" {
                    read.insert(
                        found.group.to_owned(),
                        (found.reading.calls, found.reading.value),
                    );
                }
            },
        );
        assert!(moved);
        read
    };
    watches.put(call, Seen::new(&summary, &annotation).as_ref());
    let acme = |calls, value| BTreeMap::from([("Acme".to_owned(), (calls, value))]);
    assert_eq!(read(&mut watches, now), acme(1, Some(0.0)));
    // A late event: it was answered after all, and by another carrier.
    summary.facts.state = Some(CallState::Completed);
    watches.put(call, Seen::new(&summary, &annotation).as_ref());
    assert_eq!(read(&mut watches, now), acme(1, Some(100.0)));
    summary.facts.to.carrier = Some("Birch".to_owned());
    watches.put(call, Seen::new(&summary, &annotation).as_ref());
    let both = BTreeMap::from([
        ("Acme".to_owned(), (0, None)),
        ("Birch".to_owned(), (1, Some(100.0))),
    ]);
    assert_eq!(read(&mut watches, now), both);
    // It goes on, and is erased.
    watches.put(call, None);
    assert_eq!(read(&mut watches, now)["Birch"], (0, None));
    // When the clock was set back, all is read again.
    assert!(!watches.evaluate(now.plus_us(-HOUR_US), |_, _| false, |_| {}));
    assert!(watches.evaluate(now.plus_us(-HOUR_US), |_, _| false, |_| {}));
}
