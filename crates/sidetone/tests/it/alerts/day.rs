//! A day of calls through the whole server, by a clock that is moved: calls come as events, are folded and
//! settle, and the worker holds them to rules that the API made. What fires is compared, at each
//! evaluation, with a look at all calls that are complete. Some events come late, and the clock is set
//! forward and back.
//!
//! `SIDETONE_DAY_CALLS` calls make a day of 24 hours (`make bench ONLY=alerts`); unless it is set, it is a
//! short one.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "the bench says how long it is, and reads what it came to"
)]

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng, SeedableRng};
use serde_json::json;
use sidetone::alerts::about::About;
use sidetone::runner::{Next, Worker};
use sidetone::workers::alerts::HoldToRules;
use sidetone::workers::catch_up::CatchUp;
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::statistics::share::wilson;
use sidetone_core::time::TimeUs;
use sidetone_store::alerts::{Alert, AlertFilter, AlertState};
use sidetone_store::feed::{Change, Changed, Follower, TakeChanges};
use sidetone_store::page::{PageRequest, Start};

use super::{RULES, form};
use crate::harness::{ACCOUNT, TestServer};

const SECOND_US: i64 = 1_000_000;
/// Time between two evaluations, s: no rule may fire later after it is decided.
const STEP_S: i64 = 5;
/// The last has few calls, which all fail.
const CARRIERS: [&str; 4] = ["Acme", "Birch", "Cedar", "Dill"];
/// No calls come at the end, for so long.
const REST_S: i64 = 900;
const FOLLOWER: &str = "a look at all calls";

/// How long it is, and what of it is bad, in parts of 4,800.
#[derive(Clone, Copy)]
struct Day {
    seed: u64,
    calls: i64,
    length_s: i64,
}

impl Day {
    fn is_within(self, second: i64, from: i64, until: i64) -> bool {
        let part = second * 4_800 / self.length_s;
        from <= part && part < until
    }

    fn is_bad_answering(self, carrier: usize, second: i64) -> bool {
        carrier == 1 && self.is_within(second, 1_200, 1_900)
    }

    fn is_slow(self, second: i64) -> bool {
        self.is_within(second, 2_400, 3_000)
    }

    fn is_given_up(self, carrier: usize, second: i64) -> bool {
        carrier == 2 && self.is_within(second, 3_500, 4_200)
    }

    /// By how much the clock is set in a second, s: forward while all is well, back while an alert fires.
    fn jump_s(self, second: i64) -> i64 {
        let at = |part: i64| part * self.length_s / 4_800 / STEP_S * STEP_S;
        match second {
            _ if second == at(800) => 150,
            _ if second == at(1_600) => -120,
            _ => 0,
        }
    }
}

/// A call as it is told.
#[derive(Debug, Clone, Copy)]
struct Call {
    carrier: usize,
    ended_us: i64,
    is_answered: bool,
    is_given_up: bool,
    /// `None`: it is not told yet.
    pdd_ms: Option<u32>,
}

/// What a look at the calls of a window finds of a rule and group.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Verdict {
    Bad,
    Between,
    Good,
    Unknown,
}

/// What a rule has come to.
#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    /// Since when it is bad.
    bad_since: Option<i64>,
    is_open: bool,
}

struct Run {
    day: Day,
    server: TestServer,
    worker: HoldToRules,
    fold: CatchUp,
    random: Pcg64Mcg,
    told: u32,
    /// As each call is told last.
    calls: HashMap<CallSid, Call>,
    /// Those that are complete, by their end.
    complete: BTreeMap<(i64, CallSid), Call>,
    ends: HashMap<CallSid, i64>,
    /// What is still to be told, by when.
    late: BTreeMap<(i64, u32), (String, Option<u32>)>,
    /// Carriers that have had a complete call.
    seen: [bool; CARRIERS.len()],
    settled: Vec<Change>,
    stretches: HashMap<(&'static str, usize), Stretch>,
    evaluations: u64,
    worst_delay_s: i64,
}

fn sid(number: u32) -> CallSid {
    let mut sid = [0; 16];
    sid[..4].copy_from_slice(&number.to_be_bytes());
    sid[15] = 1;
    CallSid::from_bytes(sid)
}

impl Run {
    async fn start(day: Day) -> Self {
        let server = TestServer::start().await;
        for pairs in [
            &[
                ("Name", "answered"),
                ("Measure", "answer_seizure_ratio"),
                ("GroupBy", "Carrier"),
                ("Window", "5m"),
                ("Below", "50"),
                ("Release", "60"),
            ][..],
            &[
                ("Name", "delay"),
                ("Measure", "pdd.p95"),
                ("Window", "5m"),
                ("Above", "4000"),
                ("Release", "3000"),
                ("For", "2m"),
            ],
            &[
                ("Name", "given up"),
                ("Measure", "share"),
                ("Filters", "CallState=canceled"),
                ("GroupBy", "Carrier"),
                ("Window", "10m"),
                ("Above", "10"),
                ("Release", "5"),
            ],
            &[
                ("Name", "few"),
                ("Measure", "calls"),
                ("GroupBy", "Carrier"),
                ("Window", "5m"),
                ("Below", "1"),
            ],
        ] {
            let made = server.post(RULES, &form(pairs)).await;
            assert_eq!(made.status, 201, "{}", made.text);
        }
        let follower = Follower {
            name: FOLLOWER.to_owned(),
            events: Vec::new(),
        };
        server.app.store.follow(follower).await.unwrap();
        Self {
            day,
            worker: HoldToRules::new(server.app.clone()),
            fold: CatchUp::new(server.app.clone()),
            server,
            random: Pcg64Mcg::seed_from_u64(day.seed),
            told: 0,
            calls: HashMap::new(),
            complete: BTreeMap::new(),
            ends: HashMap::new(),
            late: BTreeMap::new(),
            seen: [false; CARRIERS.len()],
            settled: Vec::new(),
            stretches: HashMap::new(),
            evaluations: 0,
            worst_delay_s: 0,
        }
    }

    fn now(&self) -> TimeUs {
        self.server.app.clock.now()
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.random.next_u32().is_multiple_of(n)
    }

    /// A call that has ended now, as lines of events; of some, part of it comes later.
    fn call(&mut self, second: i64, is_rare: bool) -> String {
        let number = self.told;
        self.told += 1;
        let carrier = match (is_rare, self.random.next_u32() % 3) {
            (true, _) => 3,
            (false, other) => other as usize,
        };
        let is_given_up = match self.day.is_given_up(carrier, second) {
            true => self.one_in(5),
            false => self.one_in(200),
        };
        let is_answered = match carrier {
            3 => false,
            _ if self.day.is_bad_answering(carrier, second) => self.one_in(4),
            _ => !self.one_in(4),
        } && !is_given_up;
        let is_slow = self.day.is_slow(second);
        let pdd_ms = self.random.next_u32() % 2_000 + if is_slow { 4_000 } else { 500 };
        let length_us = i64::from(self.random.next_u32() % 300) * SECOND_US;
        let ended = self.now();
        // Of some, how long they took to ring comes late, and of some all.
        let is_pdd_late = self.one_in(100);
        let is_late = self.one_in(100);
        let call = Call {
            carrier,
            ended_us: ended.micros(),
            is_answered,
            is_given_up,
            pdd_ms: (!is_pdd_late).then_some(pdd_ms),
        };
        let sid = sid(number);
        self.calls.insert(sid, call);
        let event = |id: &str, at: TimeUs, step: &str, facts: serde_json::Value| {
            let event = json!({
                "call_sid": sid, "id": id, "at": at, "kind": "progress", "step": step, "facts": facts,
            });
            format!("{event}\n")
        };
        let mut facts = json!({
            "direction": "outbound_api", "call_type": "carrier",
            "from": {"address": "+12025550143"},
            "to": {"address": "+12025550176", "carrier": CARRIERS[carrier]},
        });
        if !is_pdd_late {
            facts["pdd_ms"] = pdd_ms.into();
        }
        let began = event("1", ended.plus_us(-length_us), "initiated", facts);
        let step = match (is_answered, is_given_up) {
            (true, _) => "completed",
            (false, true) => "canceled",
            (false, false) => "failed",
        };
        let told = began + &event("2", ended, step, json!({}));
        let mut later = |from: i64| second + from + i64::from(self.random.next_u32() % 400);
        if is_pdd_late {
            let facts = json!({
                "call_sid": sid, "id": "3", "at": ended, "kind": "facts", "facts": {"pdd_ms": pdd_ms},
            });
            let late = (format!("{facts}\n"), Some(pdd_ms));
            self.late.insert((later(100), number), late);
        }
        if is_late {
            self.late.insert((later(0), number), (told, None));
            return String::new();
        }
        told
    }

    /// Tells the server what there is to tell by a second, and lets it work.
    async fn tell(&mut self, second: i64) {
        let mut body = String::new();
        let day = self.day;
        let due = |second: i64| second.min(day.length_s) * day.calls / day.length_s;
        for _ in due(second - STEP_S)..due(second) {
            body.push_str(&self.call(second, false));
        }
        // Ten in a quarter of an hour, fewer than a rule needs.
        if second < self.day.length_s && second % 90 == 0 {
            body.push_str(&self.call(second, true));
        }
        while let Some(first) = self.late.first_entry()
            && first.key().0 <= second
        {
            let ((_, number), (told, pdd_ms)) = first.remove_entry();
            if let Some(call) = self
                .calls
                .get_mut(&sid(number))
                .filter(|_| pdd_ms.is_some())
            {
                call.pdd_ms = pdd_ms;
            }
            body.push_str(&told);
        }
        if !body.is_empty() {
            let path = "/ingest/v1/events";
            let answer = self
                .server
                .post_as(path, "application/x-ndjson", body.into_bytes());
            answer.await.kept();
        }
        self.fold.drain().await.unwrap();
    }

    /// Reads which calls are complete, and what they are now.
    async fn look(&mut self) {
        loop {
            let now = self.now();
            let taking = TakeChanges {
                follower: FOLLOWER.to_owned(),
                settled: std::mem::take(&mut self.settled),
                deliveries: Vec::new(),
                limit: 1_000,
                now,
                lease_until: now.plus_us(60 * SECOND_US),
            };
            let taken = self.server.app.store.take_changes(taking).await.unwrap();
            for change in &taken {
                let Changed::Summary {
                    is_complete: true, ..
                } = &change.changed
                else {
                    continue;
                };
                let sid = change.call.sid;
                if let Some(ended_us) = self.ends.remove(&sid) {
                    self.complete.remove(&(ended_us, sid));
                }
                let call = self.calls[&sid];
                self.seen[call.carrier] = true;
                self.ends.insert(sid, call.ended_us);
                self.complete.insert((call.ended_us, sid), call);
            }
            let is_over = taken.is_empty();
            self.settled = taken;
            if is_over {
                return;
            }
        }
    }

    /// The complete calls of a rule's window, by carrier; all of them where it has no groups.
    fn window(&self, window_s: i64, is_grouped: bool) -> BTreeMap<usize, Vec<Call>> {
        let step_us = (window_s + 60) * SECOND_US / 60;
        let last = self.now().micros().div_euclid(step_us);
        let (from, until) = ((last - 59) * step_us, (last + 1) * step_us);
        let least = CallSid::from_bytes([0; 16]);
        let mut groups: BTreeMap<usize, Vec<Call>> = BTreeMap::new();
        for call in self
            .complete
            .range((from, least)..(until, least))
            .map(|it| it.1)
        {
            let group = if is_grouped { call.carrier } else { 0 };
            groups.entry(group).or_default().push(*call);
        }
        groups
    }

    /// What all calls come to: of each rule and group how many there are, and what to think of them.
    fn verdicts(&self) -> Vec<(&'static str, usize, u64, Verdict)> {
        let mut verdicts = Vec::new();
        let short = self.window(300, true);
        let share = |calls: &[Call], of: fn(&Call) -> bool| {
            let some = calls.iter().filter(|call| of(call)).count();
            wilson(some as u64, calls.len() as u64).filter(|_| calls.len() >= 20)
        };
        for carrier in 0..CARRIERS.len() {
            let calls = short.get(&carrier).map_or(&[][..], Vec::as_slice);
            let verdict = match share(calls, |call| call.is_answered) {
                Some([_, high]) if high < 50.0 => Verdict::Bad,
                Some([_, high]) if high < 60.0 => Verdict::Between,
                Some(_) => Verdict::Good,
                None => Verdict::Unknown,
            };
            verdicts.push(("answered", carrier, calls.len() as u64, verdict));
            let verdict = match calls.is_empty() && self.seen[carrier] {
                true => Verdict::Bad,
                false => Verdict::Good,
            };
            verdicts.push(("few", carrier, calls.len() as u64, verdict));
        }
        let long = self.window(600, true);
        for carrier in 0..CARRIERS.len() {
            let calls = long.get(&carrier).map_or(&[][..], Vec::as_slice);
            let verdict = match share(calls, |call| call.is_given_up) {
                Some([low, _]) if low > 10.0 => Verdict::Bad,
                Some([low, _]) if low > 5.0 => Verdict::Between,
                Some(_) => Verdict::Good,
                None => Verdict::Unknown,
            };
            verdicts.push(("given up", carrier, calls.len() as u64, verdict));
        }
        let all = self.window(300, false);
        let calls = all.get(&0).map_or(&[][..], Vec::as_slice);
        let mut delays: Vec<u32> = calls.iter().filter_map(|call| call.pdd_ms).collect();
        let count = delays.len() as u64;
        let verdict = match (delays.len() * 95).div_ceil(100).checked_sub(1) {
            Some(place) if delays.len() >= 20 => match *delays.select_nth_unstable(place).1 {
                4_001.. => Verdict::Bad,
                3_001..=4_000 => Verdict::Between,
                _ => Verdict::Good,
            },
            _ => Verdict::Unknown,
        };
        verdicts.push(("delay", 0, count, verdict));
        verdicts
    }

    /// The alerts that fire now, by rule and group.
    async fn firing(&self) -> HashMap<(String, String), (Alert, About)> {
        let open = self.server.app.store.open_alerts().await.unwrap();
        let open = open.into_iter().filter(|it| it.state == AlertState::Firing);
        open.map(|alert| {
            let about: About = serde_json::from_str(&alert.about).unwrap();
            (
                (about.rule_name.clone(), alert.group.clone()),
                (alert, about),
            )
        })
        .collect()
    }

    /// What fires is what a look at all calls finds bad.
    async fn compare(&mut self, second: i64) {
        let firing = self.firing().await;
        let now = self.now();
        let note = |what: &str| format!("seed {}: {what} at {second}", self.day.seed);
        let mut looked = self.stretches.clone();
        for (rule, group, calls, verdict) in self.verdicts() {
            let name = if rule == "delay" { "" } else { CARRIERS[group] };
            let alert = firing.get(&(rule.to_owned(), name.to_owned()));
            let stretch = looked.entry((rule, group)).or_default();
            let what = format!("{rule} of '{name}', {verdict:?} of {calls} calls");
            if verdict == Verdict::Bad {
                let since = *stretch.bad_since.get_or_insert(second);
                let for_s = if rule == "delay" { 120 } else { 0 };
                let decided = since + for_s;
                if alert.is_none() && !stretch.is_open {
                    assert!(second < decided + 5, "{}: it does not fire", note(&what));
                }
                if let Some((alert, about)) = alert
                    && !stretch.is_open
                {
                    assert!(second >= decided, "{}: it fires too early", note(&what));
                    assert_eq!(alert.fired_at, Some(now), "{}", note(&what));
                    assert_eq!(about.calls, calls, "{}", note(&what));
                    self.worst_delay_s = self.worst_delay_s.max(second - decided);
                    stretch.is_open = true;
                }
            } else {
                stretch.bad_since = None;
                assert!(
                    alert.is_none() || stretch.is_open,
                    "{}: it fires falsely",
                    note(&what)
                );
                // That it ends may take as long as it flaps, or a window of too few calls.
                stretch.is_open = alert.is_some();
            }
        }
        self.stretches = looked;
    }

    async fn run(mut self) {
        let began = Instant::now();
        for second in (STEP_S..self.day.length_s + REST_S).step_by(STEP_S as usize) {
            let clock = &self.server.app.clock;
            clock.advance_us(STEP_S * SECOND_US);
            clock.turn_us(self.day.jump_s(second) * SECOND_US);
            self.tell(second).await;
            self.look().await;
            // After the clock was set back, all is read again first.
            let now = self.now();
            while self.worker.round(now).await.unwrap() != Next::Idle {}
            self.evaluations += 1;
            if self.day.jump_s(second) == 0 {
                self.compare(second).await;
            }
        }
        self.expect_each_once().await;
        println!(
            "day calls={} evaluations={} worst_delay_s={} took_s={}",
            self.told,
            self.evaluations,
            self.worst_delay_s,
            began.elapsed().as_secs()
        );
    }

    /// Each bad stretch was told of once, and is over; of no calls at the end each carrier.
    async fn expect_each_once(&self) {
        let account: AccountSid = ACCOUNT.parse().unwrap();
        let page = PageRequest {
            start: Start::First { skip: 0 },
            size: 100,
        };
        let alerts = self
            .server
            .app
            .store
            .alerts(account, AlertFilter::default(), &page);
        let mut told: Vec<String> = alerts
            .await
            .unwrap()
            .rows
            .into_iter()
            .map(|alert| {
                let about: About = serde_json::from_str(&alert.about).unwrap();
                format!("{} {} {}", about.rule_name, alert.group, alert.state)
            })
            .collect();
        told.sort_unstable();
        let expected = [
            "answered Birch resolved",
            "delay  resolved",
            "few Acme firing",
            "few Birch firing",
            "few Cedar firing",
            "few Dill firing",
            "given up Cedar resolved",
        ];
        assert_eq!(told, expected, "seed {}", self.day.seed);
    }
}

#[tokio::test]
async fn a_day_of_calls_fires_what_was_bad() {
    let calls = std::env::var("SIDETONE_DAY_CALLS").ok();
    let day = match calls.map(|calls| calls.parse().unwrap()) {
        Some(calls) => Day {
            seed: 20_261_201,
            calls,
            length_s: 86_400,
        },
        None => Day {
            seed: 20_261_201,
            calls: 5_000,
            length_s: 4_800,
        },
    };
    Run::start(day).await.run().await;
}
