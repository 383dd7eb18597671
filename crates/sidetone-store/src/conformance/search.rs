//! Looking for calls by Call-ID, number and user agent.

use std::sync::Arc;

use sidetone_core::annotation::AnnotationPatch;
use sidetone_core::correlate::call_sid;
use sidetone_core::facts::EdgeFacts;
use sidetone_core::filter::SummaryFilter;
use sidetone_core::id::{CallRef, CallSid};
use sidetone_core::summary::{CallSummary, EdgeSummary, SipSummary};
use sidetone_core::vocabulary::EdgeKind;

use super::random::Random;
use super::sample::{account_sid, annotate, at, call, create_account, erase, put, scope, summary};
use crate::page::{PageRequest, Start};
use crate::{Lookup, Store};

const USER_AGENTS: [&str; 5] = [
    "",
    "Linphone/5.2",
    "LINPHONE\u{c9}/6",
    "Asterisk PBX 20.5.2",
    "a",
];
/// The first calls are named by these, in order; others carry them beside another name.
pub(super) const CALL_IDS: [&str; 4] = [
    "a@192.0.2.1",
    "A@192.0.2.1",
    "",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
];

/// What SIP says of a call: its Call-IDs, at its edges and in its messages, and who answered as
/// what.
pub(super) fn random_sip(summary: &mut CallSummary, random: &mut Random) {
    for edge in [EdgeKind::Sip, EdgeKind::Carrier] {
        if random.one_in(3) {
            let facts = EdgeFacts {
                user_agent: random.maybe(&USER_AGENTS).map(str::to_owned),
                sip_call_id: random.maybe(&CALL_IDS).map(str::to_owned),
                ..EdgeFacts::default()
            };
            let edge_summary = EdgeSummary {
                facts,
                ..EdgeSummary::default()
            };
            summary.edges.insert(edge, edge_summary);
        }
    }
    if random.one_in(5) {
        summary.sip = Some(SipSummary {
            call_ids: (0..random.below(3))
                .map(|_| random.pick(&CALL_IDS).to_owned())
                .collect(),
            ..SipSummary::default()
        });
    }
}

/// Comments that are changed more often than any index takes one by one, by calls that go meanwhile.
pub async fn comments_are_found_after_many_changes(store: Arc<dyn Store>) {
    const CALLS: u64 = 60;
    const ROUNDS: u64 = 20;
    create_account(&*store).await;
    let puts = (0..CALLS).map(|n| put(summary(call(n), 0, Some(60)), 0));
    store.put_summaries(puts.collect()).await.unwrap();
    let say = async |n: u64, comment: Option<String>| {
        let patch = AnnotationPatch {
            comment: Some(comment),
            ..AnnotationPatch::default()
        };
        let said = store
            .annotate(scope(1), super::sample::call_sid(n), annotate(patch))
            .await
            .unwrap();
        assert!(matches!(said, Lookup::Found(_)));
    };
    let found = async |fragment: &str| {
        let mut filter = SummaryFilter::all(account_sid(1));
        filter.comment = vec![fragment.to_owned()];
        let page = PageRequest {
            start: Start::First { skip: 0 },
            size: 100,
        };
        store.list(&filter, &page).await.unwrap().rows.len()
    };
    for round in 0..ROUNDS {
        for n in 0..CALLS {
            say(n, Some(format!("Round {round}. of call {n}."))).await;
        }
        assert_eq!(found(&format!("round {round}.")).await, 60);
        assert_eq!(found(&format!("round {}.", round + 1)).await, 0);
        assert_eq!(found("CALL 17.").await, 1);
    }
    assert_eq!(found("round 3.").await, 0);
    // The call of the newest changes goes, and others are changed in their place.
    assert_eq!(
        erase(&*store, call(CALLS - 1), at(9)).await,
        Lookup::Found(())
    );
    assert_eq!(found("call 59.").await, 0);
    say(7, Some("Nothing to complain about.".into())).await;
    say(8, None).await;
    assert_eq!(found("complain").await, 1);
    assert_eq!(found("call 7.").await, 0);
    assert_eq!(found("call 8.").await, 0);
    assert_eq!(found("round 19.").await, 57);
}

/// A call with what is known of its SIP edge.
fn sip_call(n: u64, started: i64, facts: EdgeFacts) -> CallSummary {
    let mut summary = summary(call(n), started, Some(started + 60));
    let edge = EdgeSummary {
        facts,
        ..EdgeSummary::default()
    };
    summary.edges.insert(EdgeKind::Sip, edge);
    summary
}

fn of_agent(agent: &str) -> EdgeFacts {
    EdgeFacts {
        user_agent: Some(agent.to_owned()),
        ..EdgeFacts::default()
    }
}

fn of_call_id(call_id: &str) -> EdgeFacts {
    EdgeFacts {
        sip_call_id: Some(call_id.to_owned()),
        ..EdgeFacts::default()
    }
}

fn by_agent(fragment: &str) -> SummaryFilter {
    SummaryFilter {
        user_agent: vec![fragment.to_owned()],
        ..SummaryFilter::all(account_sid(1))
    }
}

fn by_call_id(call_id: &str) -> SummaryFilter {
    SummaryFilter {
        sip_call: vec![call_sid(account_sid(1), call_id)],
        ..SummaryFilter::all(account_sid(1))
    }
}

/// The whole list, in pages of 100.
async fn listed(store: &dyn Store, filter: &SummaryFilter) -> Vec<CallSid> {
    let mut calls = Vec::new();
    let mut start = Start::First { skip: 0 };
    loop {
        let request = PageRequest { start, size: 100 };
        let page = store.list(filter, &request).await.unwrap();
        calls.extend(page.rows.iter().map(|row| row.call.sid));
        match page.after {
            Some(after) => start = Start::After(after),
            None => return calls,
        }
    }
}

/// A fragment that hundreds of different user agents have in them finds them all, and one that a
/// single one has finds that.
pub async fn many_user_agents_are_found(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let agent = |n: i64| of_agent(&format!("Phone {n:03} of everybody"));
    let puts = (0..600).map(|n| put(sip_call(u64::try_from(n).unwrap(), n, agent(n)), 0));
    store.put_summaries(puts.collect()).await.unwrap();
    let all: Vec<CallSid> = (0..600).rev().map(|n| call(n).sid).collect();
    assert_eq!(listed(&*store, &by_agent("OF EVERYBODY")).await, all);
    let tens: Vec<CallSid> = (120..130).rev().map(|n| call(n).sid).collect();
    assert_eq!(listed(&*store, &by_agent("phone 12")).await, tens);
    assert_eq!(listed(&*store, &by_agent("phone 12\nof")).await, []);
    let narrowed = SummaryFilter {
        number: vec!["+15550100".to_owned()],
        ..by_agent("everybody")
    };
    assert_eq!(listed(&*store, &narrowed).await, []);
}

/// Of a user agent without end so much counts as of any other.
pub async fn long_user_agents_are_cut(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let agent = format!("Begin {} end", "x".repeat(10_000));
    let one = sip_call(1, 0, of_agent(&agent));
    store.put_summaries(vec![put(one, 0)]).await.unwrap();
    assert_eq!(listed(&*store, &by_agent("begin x")).await, [call(1).sid]);
    assert_eq!(listed(&*store, &by_agent("x end")).await, []);
}

/// Who calls himself is on both sides, and in the list once.
pub async fn a_number_on_both_sides_is_listed_once(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let puts = (0..8).map(|n| {
        let mut one = summary(call(n), i64::try_from(n).unwrap() * 50_000, Some(500_000));
        one.facts.from.address = (n % 2 == 0).then(|| "+15550100".to_owned());
        one.facts.to.address = (n % 4 < 2).then(|| "15550100".to_owned());
        put(one, 0)
    });
    store.put_summaries(puts.collect()).await.unwrap();
    let filter = SummaryFilter {
        number: vec!["+15550100".to_owned(), "15550100".to_owned()],
        ..SummaryFilter::all(account_sid(1))
    };
    let expected = [6, 5, 4, 2, 1, 0].map(|n| call(n).sid);
    assert_eq!(listed(&*store, &filter).await, expected);
    for size in 1..4 {
        let start = Start::First { skip: 2 };
        let page = store
            .list(&filter, &PageRequest { start, size })
            .await
            .unwrap();
        let rows = page.rows.iter().map(|row| row.call.sid);
        assert_eq!(rows.collect::<Vec<_>>(), expected[2..2 + size]);
    }
}

/// A call that something else named is found by its Call-ID as long as it carries it, wherever it
/// moves, until it is erased.
pub async fn call_ids_follow_their_calls(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let put_one = async |started, call_id| {
        let one = sip_call(1, started, of_call_id(call_id));
        store.put_summaries(vec![put(one, 0)]).await.unwrap();
    };
    put_one(0, "a@192.0.2.1").await;
    let (a, b) = (by_call_id("a@192.0.2.1"), by_call_id("b@192.0.2.1"));
    assert_eq!(listed(&*store, &a).await, [call(1).sid]);
    assert_eq!(listed(&*store, &b).await, []);
    // Another day.
    put_one(-100_000, "a@192.0.2.1").await;
    assert_eq!(listed(&*store, &a).await, [call(1).sid]);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    put_one(-100_000, "b@192.0.2.1").await;
    assert_eq!(listed(&*store, &a).await, []);
    assert_eq!(listed(&*store, &b).await, [call(1).sid]);
    let later = SummaryFilter {
        started_from: at(0),
        ..b.clone()
    };
    assert_eq!(listed(&*store, &later).await, []);
    assert_eq!(erase(&*store, call(1), at(9)).await, Lookup::Found(()));
    assert_eq!(listed(&*store, &b).await, []);
}

/// What has the name that a Call-ID makes is its call; else the latest of those about that day that
/// carry it.
pub async fn a_call_is_looked_up_by_its_call_id(store: Arc<dyn Store>) {
    const DAY_S: i64 = 86_400;
    create_account(&*store).await;
    let sid = call_sid(account_sid(1), "a@192.0.2.1");
    let found = async |day: i64| {
        let at = at(day * DAY_S);
        let call = store.sip_call(account_sid(1), sid, at).await.unwrap();
        assert!(call.is_none_or(|call| call.account == account_sid(1)));
        call.map(|call| call.sid)
    };
    assert_eq!(found(0).await, None);
    let carries = |n, started| put(sip_call(n, started, of_call_id("a@192.0.2.1")), 0);
    let puts = vec![carries(1, 0), carries(2, 60), carries(3, -DAY_S)];
    store.put_summaries(puts).await.unwrap();
    for (day, expected) in [
        (-5, None),
        (-2, Some(3)),
        (-1, Some(2)),
        (0, Some(2)),
        (2, Some(2)),
        (3, None),
    ] {
        assert_eq!(found(day).await, expected.map(|n| call(n).sid), "day {day}");
    }
    let other = store.sip_call(account_sid(2), sid, at(0)).await.unwrap();
    assert_eq!(other, None);
    let own = CallRef {
        account: account_sid(1),
        sid,
    };
    let natural = summary(own, -50 * DAY_S, None);
    store.put_summaries(vec![put(natural, 0)]).await.unwrap();
    assert_eq!(found(0).await, Some(sid));
}
