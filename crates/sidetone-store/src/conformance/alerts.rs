//! Alerts: kept for their account, written once by whoever is first, and told in the same transaction.

use std::sync::Arc;

use sidetone_core::id::{AlertRuleSid, AlertSid};
use sidetone_core::time::TimeUs;

use super::delivery::id;
use super::sample::{account, account_sid, at, call, call_sid, create_account, put, summary};
use super::sinks::{keep, sink_sid};
use crate::alerts::{Alert, AlertFilter, AlertState, CALLS_MAX, Firing};
use crate::delivery::{
    Content, EndpointId, NewDelivery, Owed, PersonalData, Signature, StreamEvent,
};
use crate::page::{Page, PageRequest, Start};
use crate::{Store, StoreError};

const WHOLE: PageRequest = PageRequest {
    start: Start::First { skip: 0 },
    size: 100,
};

pub(super) fn rule_sid(n: u64) -> AlertRuleSid {
    AlertRuleSid::from_bytes(u128::from(n).to_be_bytes())
}

fn alert_sid(n: u64) -> AlertSid {
    AlertSid::from_bytes(u128::from(n).to_be_bytes())
}

/// An alert that begins, of the rule of the same number.
#[must_use]
pub fn pending(n: u64) -> Alert {
    Alert {
        sid: alert_sid(n),
        account: account_sid(1),
        rule: rule_sid(n),
        group: "Acme".to_owned(),
        state: AlertState::Pending,
        version: 1,
        pending_at: at(10),
        fired_at: None,
        resolved_at: None,
        about: r#"{"value":"ä"}"#.to_owned(),
        calls: Vec::new(),
    }
}

/// One that fires at once.
#[must_use]
pub fn firing(n: u64) -> Alert {
    Alert {
        state: AlertState::Firing,
        fired_at: Some(at(10)),
        calls: vec![call_sid(1), call_sid(2)],
        ..pending(n)
    }
}

fn resolved(was: &Alert, second: i64) -> Alert {
    Alert {
        state: AlertState::Resolved,
        version: was.version + 1,
        resolved_at: Some(at(second)),
        ..was.clone()
    }
}

/// What the first sink is to be told of an alert.
fn told(n: u8, alert: &Alert) -> NewDelivery {
    NewDelivery {
        id: id(n),
        account: alert.account,
        subject: Some(*alert.sid.as_bytes()),
        kind: format!("alert.{}", alert.state),
        content: Content::Event(StreamEvent {
            sink: sink_sid(1),
            account: alert.account,
            personal_data: PersonalData::Keep,
            at: at(20),
            position: None,
            version: alert.version,
        }),
        signature: Signature::None,
        created_at: at(20),
    }
}

async fn write(store: &dyn Store, alert: &Alert) -> bool {
    let written = store.put_alert(alert.clone(), Vec::new());
    written.await.unwrap()
}

/// An alert has so many calls.
pub async fn calls_of_alerts_are_bounded(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let many = Alert {
        calls: vec![call_sid(1); CALLS_MAX + 1],
        ..firing(1)
    };
    let many = store.put_alert(many, Vec::new()).await;
    assert!(matches!(many, Err(StoreError::Invalid(_))), "{many:?}");
}

/// An alert goes through its states, one version after the other; then another may begin.
pub async fn alerts_begin_fire_and_end(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let begun = pending(1);
    assert!(write(&*store, &begun).await);
    assert_eq!(store.open_alerts().await, Ok(vec![begun.clone()]));
    assert_eq!(store.fired_since(at(0)).await, Ok(Vec::new()));
    let fired = Alert {
        version: 2,
        ..firing(1)
    };
    assert!(write(&*store, &fired).await);
    assert_eq!(store.open_alerts().await, Ok(vec![fired.clone()]));
    let firing_at = Firing {
        rule: rule_sid(1),
        group: "Acme".to_owned(),
        at: at(10),
    };
    assert_eq!(store.fired_since(at(10)).await, Ok(vec![firing_at]));
    assert_eq!(store.fired_since(at(11)).await, Ok(Vec::new()));
    let forgotten = store.forget_alert(account_sid(1), alert_sid(1), 2).await;
    assert_eq!(forgotten, Ok(false), "it fires");
    let over = resolved(&fired, 30);
    assert!(write(&*store, &over).await);
    assert_eq!(store.open_alerts().await, Ok(Vec::new()));
    let found = store.alert(account_sid(1), alert_sid(1)).await;
    assert_eq!(found, Ok(Some(over)));
    assert_eq!(store.alert(account_sid(2), alert_sid(1)).await, Ok(None));
    let again = Alert {
        rule: rule_sid(1),
        ..pending(2)
    };
    assert!(write(&*store, &again).await);
    let forget = async |version| {
        let forgotten = store.forget_alert(account_sid(1), alert_sid(2), version);
        forgotten.await.unwrap()
    };
    assert!(!forget(2).await, "it is of another version");
    assert!(forget(1).await);
    assert!(!forget(1).await);
    let unknown = Alert {
        account: account_sid(7),
        ..pending(3)
    };
    let unknown = store.put_alert(unknown, Vec::new()).await;
    assert!(
        matches!(unknown, Err(StoreError::NotFound(_))),
        "{unknown:?}"
    );
}

/// Of two who write the same step of an alert, one does.
pub async fn one_of_two_writes_an_alert(store: Arc<dyn Store>) {
    create_account(&*store).await;
    assert!(write(&*store, &firing(1)).await);
    assert!(!write(&*store, &firing(1)).await, "it was written");
    let same = Alert {
        sid: alert_sid(2),
        ..firing(1)
    };
    assert!(
        !write(&*store, &same).await,
        "one of its rule and group goes on"
    );
    let other_group = Alert {
        group: String::new(),
        ..same
    };
    assert!(write(&*store, &other_group).await);
    let over = resolved(&firing(1), 30);
    let late = Alert {
        version: 3,
        ..over.clone()
    };
    assert!(!write(&*store, &late).await, "a version is missing");
    let at_once = (0..8).map(|_| {
        let (store, over) = (Arc::clone(&store), over.clone());
        tokio::spawn(async move { write(&*store, &over).await })
    });
    let mut written = 0;
    for one in at_once.collect::<Vec<_>>() {
        written += usize::from(one.await.unwrap());
    }
    assert_eq!(written, 1);
}

/// What is to be told of an alert goes with it, or not at all.
pub async fn tells_who_is_told(store: Arc<dyn Store>) {
    create_account(&*store).await;
    keep(&*store, &[1]).await;
    let waiting = async || {
        let waiting = store.waiting_deliveries(Owed::Of(account_sid(1)), &WHOLE);
        let rows = waiting.await.unwrap().rows.into_iter();
        rows.map(|it| it.kind).collect::<Vec<_>>()
    };
    let fired = firing(1);
    for n in [1, 2] {
        let put = store.put_alert(fired.clone(), vec![told(n, &fired)]);
        assert_eq!(put.await, Ok(n == 1));
    }
    assert_eq!(waiting().await, ["alert.firing"]);
    let over = resolved(&fired, 30);
    let put = store.put_alert(over.clone(), vec![told(3, &over)]);
    assert_eq!(put.await, Ok(true));
    assert_eq!(waiting().await, ["alert.firing", "alert.resolved"]);
    let endpoint = EndpointId::of_sink(sink_sid(1));
    let taken = store.take_deliveries(endpoint, Vec::new(), 9, at(40), at(50));
    let taken = taken.await.unwrap();
    // That it is over is told when that it fires has arrived.
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].subject, Some(*alert_sid(1).as_bytes()));
}

/// Alerts are listed by their account, rule, state and time, latest first.
pub async fn lists_alerts(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, None)).await.unwrap();
    let first = resolved(&firing(1), 30);
    let second = Alert {
        pending_at: at(40),
        fired_at: Some(at(40)),
        ..firing(2)
    };
    let third = Alert {
        pending_at: at(50),
        ..pending(3)
    };
    let foreign = Alert {
        account: account_sid(2),
        ..pending(4)
    };
    for alert in [&firing(1), &first, &second, &third, &foreign] {
        assert!(write(&*store, alert).await);
    }
    let listed = async |filter: AlertFilter| {
        let page = store.alerts(account_sid(1), filter, &WHOLE);
        page.await.unwrap().rows
    };
    let all = AlertFilter::default;
    let own = [third.clone(), second.clone(), first.clone()];
    assert_eq!(listed(all()).await, own);
    let of_rule = AlertFilter {
        rule: Some(rule_sid(2)),
        ..all()
    };
    assert_eq!(listed(of_rule).await, std::slice::from_ref(&second));
    let so_far = |state| AlertFilter {
        state: Some(state),
        ..all()
    };
    assert_eq!(
        listed(so_far(AlertState::Pending)).await,
        std::slice::from_ref(&third)
    );
    assert_eq!(
        listed(so_far(AlertState::Resolved)).await,
        std::slice::from_ref(&first)
    );
    let within = |begun_before: Option<TimeUs>, lasted_until| AlertFilter {
        begun_before,
        lasted_until,
        ..all()
    };
    assert_eq!(
        listed(within(Some(at(40)), None)).await,
        std::slice::from_ref(&first)
    );
    let later = [third.clone(), second.clone()];
    assert_eq!(listed(within(None, Some(at(31)))).await, later);
    assert_eq!(listed(within(None, Some(at(30)))).await, own);
    let (one, after) = {
        let first = PageRequest { size: 1, ..WHOLE };
        let page: Page<Alert> = store.alerts(account_sid(1), all(), &first).await.unwrap();
        (page.rows, page.after.unwrap())
    };
    assert_eq!(one, [third]);
    let rest = PageRequest {
        start: Start::After(after),
        size: 9,
    };
    let page = store.alerts(account_sid(1), all(), &rest).await.unwrap();
    assert_eq!(page.rows, [second, first]);
}

/// Who erases the calls of a number leaves no alert that names it: those that fire go on without it.
pub async fn erased_with_the_calls_of_a_party(store: Arc<dyn Store>) {
    create_account(&*store).await;
    let event = super::sample::event(call(1), "a", 5);
    store.append(vec![event]).await.unwrap();
    let mut known = summary(call(1), 5, Some(60));
    known.facts.from.address = Some("+4930123456".to_owned());
    known.facts.to.address = Some("sip:49@example.com".to_owned());
    store.put_summaries(vec![put(known, 1)]).await.unwrap();
    let of = |n, group: &str, about: &str, alert: Alert| Alert {
        group: group.to_owned(),
        about: about.to_owned(),
        calls: Vec::new(),
        sid: alert_sid(n),
        rule: rule_sid(n),
        ..alert
    };
    let party = r#"{"query":"To=%2B4930123456","is_party":true}"#;
    let none = r#"{"is_party":false}"#;
    let fires = of(1, "+4930123456", party, firing(1));
    // The extension 49, and the country.
    let extension = of(2, "49", party, firing(2));
    let country = of(3, "49", none, firing(3));
    let begun = of(4, "+4930123456", party, pending(4));
    // Of an older release, which does not say so.
    let was = of(5, "49", "{}", firing(5));
    let another = of(6, "+4930123", party, firing(6));
    for alert in [&fires, &extension, &country, &begun, &was, &another] {
        assert!(write(&*store, alert).await);
    }
    assert!(write(&*store, &resolved(&was, 30)).await);
    let erased = store.erase(vec![call(1)], "dora", at(99)).await;
    assert!(erased.is_ok());
    let unnamed = |alert: Alert| Alert {
        group: format!("erased {}", alert.sid),
        version: 2,
        about: r#"{"is_erased":true,"is_party":true,"query":""}"#.to_owned(),
        ..alert
    };
    let open = store.open_alerts().await.unwrap();
    let expected = [unnamed(fires), unnamed(extension), country, another];
    assert_eq!(open, expected);
    assert_eq!(store.alert(account_sid(1), alert_sid(5)).await, Ok(None));
    // It ends as others do.
    assert!(write(&*store, &resolved(&expected[0], 120)).await);
}

/// One node evaluates, until its time is over or it is no more.
pub async fn one_node_evaluates([one, other]: [Arc<dyn Store>; 2]) {
    let leads = async |store: &Arc<dyn Store>, now, until| {
        store.lead_alerts(at(now), at(until)).await.unwrap()
    };
    assert!(leads(&one, 0, 15).await);
    assert!(!leads(&other, 1, 16).await);
    assert!(leads(&one, 10, 25).await);
    assert!(!leads(&other, 24, 39).await);
    assert!(leads(&other, 25, 40).await);
    assert!(!leads(&one, 26, 41).await);
    drop(other);
    assert!(leads(&one, 27, 42).await);
}
