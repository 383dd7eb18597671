//! Rules of alerts: kept for their account, each under a name of its own, and changed from what they were.

use std::sync::Arc;
use std::time::Duration;

use super::alerts::{firing, rule_sid};
use super::sample::{account, account_sid, at, create_account};
use crate::alerts::{AlertRule, AlertRuleChange, RULES_MAX, Rewritten, rule_of_file};
use crate::audit::Deed;
use crate::page::{PageRequest, Start};
use crate::{Conflict, Result, Store, StoreError, Topic};

const WHOLE: PageRequest = PageRequest {
    start: Start::First { skip: 0 },
    size: 100,
};

/// A rule of the first account.
#[must_use]
pub fn rule(n: u64) -> AlertRule {
    AlertRule {
        sid: rule_sid(n),
        account: account_sid(1),
        name: format!("Rule {n}"),
        definition: r#"{"measure":"calls"}"#.to_owned(),
        muted_until: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

async fn rules(store: &dyn Store, account: u8) -> Vec<AlertRule> {
    let rules = store.alert_rules(account_sid(account), &WHOLE);
    rules.await.unwrap().rows
}

async fn change(store: &dyn Store, n: u64, change: AlertRuleChange) -> Result<AlertRule> {
    let (account, sid) = (account_sid(1), rule_sid(n));
    store
        .change_alert_rule(account, sid, change, "dora", at(9))
        .await
}

const fn is_taken(made: &Result<()>) -> bool {
    matches!(
        made,
        Err(StoreError::Conflict(Conflict::AlertRuleExists(_)))
    )
}

/// A rule is its account's alone, and has a name of its own there.
pub async fn keeps_rules_of_accounts(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, None)).await.unwrap();
    let unknown = AlertRule {
        account: account_sid(7),
        ..rule(1)
    };
    let made = store.create_alert_rule(unknown, "anna").await;
    assert!(matches!(made, Err(StoreError::NotFound(_))), "{made:?}");
    for n in [1, 2] {
        assert_eq!(store.create_alert_rule(rule(n), "anna").await, Ok(()));
    }
    let same_name = AlertRule {
        name: "Rule 1".to_owned(),
        ..rule(3)
    };
    assert!(is_taken(
        &store.create_alert_rule(same_name.clone(), "anna").await
    ));
    let of_another = AlertRule {
        account: account_sid(2),
        ..same_name
    };
    assert_eq!(
        store.create_alert_rule(of_another.clone(), "anna").await,
        Ok(())
    );
    assert_eq!(rules(&*store, 1).await, [rule(2), rule(1)]);
    assert_eq!(rules(&*store, 2).await, std::slice::from_ref(&of_another));
    assert_eq!(rules(&*store, 7).await, []);
    let all = store.all_alert_rules().await.unwrap();
    assert_eq!(all, [rule(1), rule(2), of_another]);
    let found = store.alert_rule(account_sid(1), rule_sid(2)).await;
    assert_eq!(found, Ok(Some(rule(2))));
    let foreign = store.alert_rule(account_sid(1), rule_sid(3)).await;
    assert_eq!(foreign, Ok(None));
    let first = PageRequest { size: 1, ..WHOLE };
    let page = store.alert_rules(account_sid(1), &first).await.unwrap();
    assert_eq!((page.rows, page.after.is_some()), (vec![rule(2)], true));
}

/// What is said of a rule changes, and is logged with whoever did it; what it says is not.
pub async fn changes_and_forgets_rules(store: Arc<dyn Store>) {
    create_account(&*store).await;
    for n in [1, 2] {
        store.create_alert_rule(rule(n), "anna").await.unwrap();
    }
    let muted = AlertRuleChange {
        muted_until: Some(Some(at(99))),
        ..AlertRuleChange::default()
    };
    let expected = AlertRule {
        muted_until: Some(at(99)),
        updated_at: at(9),
        ..rule(1)
    };
    for _ in 0..2 {
        // The second time nothing changes, and nothing is logged.
        assert_eq!(
            change(&*store, 1, muted.clone()).await,
            Ok(expected.clone())
        );
    }
    let other = AlertRuleChange {
        name: Some("Other".to_owned()),
        definition: Some(Rewritten {
            from: rule(1).definition,
            to: "{}".to_owned(),
        }),
        muted_until: Some(None),
    };
    let expected = AlertRule {
        name: "Other".to_owned(),
        definition: "{}".to_owned(),
        updated_at: at(9),
        ..rule(1)
    };
    assert_eq!(change(&*store, 1, other).await, Ok(expected.clone()));
    let taken = AlertRuleChange {
        name: Some("Rule 2".to_owned()),
        ..AlertRuleChange::default()
    };
    assert!(is_taken(
        &change(&*store, 1, taken.clone()).await.map(|_| ())
    ));
    let unknown = change(&*store, 7, taken).await;
    assert!(
        matches!(unknown, Err(StoreError::NotFound(_))),
        "{unknown:?}"
    );
    assert_eq!(rules(&*store, 1).await, [rule(2), expected]);
    let gone = async |account, n| {
        let gone = store.delete_alert_rule(account_sid(account), rule_sid(n), "dora", at(10));
        gone.await.unwrap()
    };
    assert!(!gone(2, 1).await, "it is another account's");
    assert!(gone(1, 1).await);
    assert!(!gone(1, 1).await);
    assert_eq!(rules(&*store, 1).await, [rule(2)]);
    let log = store.audit(account_sid(1), &WHOLE).await.unwrap().rows;
    let mut log: Vec<_> = log
        .into_iter()
        .filter(|entry| entry.what == Deed::AlertRuleChanged)
        .map(|entry| (entry.who, entry.target, entry.detail))
        .collect();
    log.reverse();
    let done =
        |who: &str, n, detail: &str| (who.to_owned(), rule_sid(n).to_string(), detail.to_owned());
    let expected = [
        done("anna", 1, "created"),
        done("anna", 2, "created"),
        done("dora", 1, "muted"),
        done("dora", 1, "changed"),
        done("dora", 1, "deleted"),
    ];
    assert_eq!(log, expected);
}

/// Of two who change what a rule says, from the same, the second is told.
pub async fn a_rule_is_changed_from_what_it_was(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_alert_rule(rule(1), "anna").await.unwrap();
    let rewritten = |from: &str, to: &str| AlertRuleChange {
        definition: Some(Rewritten {
            from: from.to_owned(),
            to: to.to_owned(),
        }),
        muted_until: Some(Some(at(99))),
        ..AlertRuleChange::default()
    };
    let was = rule(1).definition;
    assert!(change(&*store, 1, rewritten(&was, "{}")).await.is_ok());
    let late = change(&*store, 1, rewritten(&was, "[]")).await;
    let expected = Conflict::AlertRuleChanged(rule_sid(1));
    assert_eq!(late, Err(StoreError::Conflict(expected)));
    assert_eq!(rules(&*store, 1).await[0].definition, "{}");
    let again = change(&*store, 1, rewritten("{}", "[]")).await;
    assert_eq!(again.unwrap().definition, "[]");
}

/// What a file says is there, and what it says no more is not; what others made is left alone.
pub async fn rules_of_a_file_are_those_that_it_says(store: Arc<dyn Store>) {
    create_account(&*store).await;
    store.create_account(account(2, None)).await.unwrap();
    store.create_alert_rule(rule(1), "anna").await.unwrap();
    let of_file = |n, name: &str, definition: &str| AlertRule {
        sid: rule_of_file(account_sid(n), name),
        account: account_sid(n),
        name: name.to_owned(),
        definition: definition.to_owned(),
        ..rule(9)
    };
    let publish = async |rules: &[AlertRule]| {
        store
            .publish_alert_rules(rules.to_vec(), "file", at(20))
            .await
    };
    let both = [of_file(1, "A", "{}"), of_file(2, "A", "{}")];
    assert_ne!(both[0].sid, both[1].sid);
    assert_eq!(publish(&both).await, Ok(2));
    assert_eq!(publish(&both).await, Ok(0));
    assert_eq!(rules(&*store, 1).await, [both[0].clone(), rule(1)]);
    let muted = AlertRuleChange {
        muted_until: Some(Some(at(99))),
        ..AlertRuleChange::default()
    };
    let muted = store.change_alert_rule(account_sid(1), both[0].sid, muted, "dora", at(9));
    muted.await.unwrap();
    // One says something else, one is gone, one is new.
    let next = [of_file(1, "A", "[]"), of_file(1, "B", "{}")];
    assert_eq!(publish(&next).await, Ok(3));
    assert_eq!(rules(&*store, 2).await, []);
    let [b, a, _] = &rules(&*store, 1).await[..] else {
        panic!()
    };
    assert_eq!((b, &*a.definition), (&next[1], "[]"));
    assert_eq!((a.muted_until, a.updated_at), (Some(at(99)), at(20)));
    // A name that is taken, and a sid of somebody else's: nothing changes.
    let taken = publish(&[of_file(1, "Rule 1", "{}")]).await;
    assert!(is_taken(&taken.map(drop)));
    let foreign = publish(&[rule(7)]).await;
    assert!(
        matches!(foreign, Err(StoreError::Invalid(_))),
        "{foreign:?}"
    );
    assert_eq!(rules(&*store, 1).await.len(), 3);
    assert_eq!(publish(&[]).await, Ok(2));
    assert_eq!(rules(&*store, 1).await, [rule(1)]);
}

/// An account has so many rules.
pub async fn rules_are_bounded(store: Arc<dyn Store>) {
    create_account(&*store).await;
    for n in 1..=RULES_MAX as u64 {
        store.create_alert_rule(rule(n), "anna").await.unwrap();
    }
    let more = store
        .create_alert_rule(rule(RULES_MAX as u64 + 1), "anna")
        .await;
    assert!(matches!(more, Err(StoreError::Invalid(_))), "{more:?}");
}

/// Whoever evaluates on another node is woken by what changes rules, and by nothing else.
pub async fn wakes_who_evaluates([one, other]: [Arc<dyn Store>; 2]) {
    create_account(&*one).await;
    let mut bell = other.wakeups(Topic::Alerts);
    let mut rung = async || {
        let changed = tokio::time::timeout(Duration::from_millis(50), bell.changed());
        changed.await.is_ok()
    };
    one.create_alert_rule(rule(1), "anna").await.unwrap();
    assert!(rung().await, "a rule was made");
    assert!(one.create_alert_rule(rule(1), "anna").await.is_err());
    assert!(!rung().await, "it was there");
    let written = one.put_alert(firing(1), Vec::new()).await;
    assert_eq!(written, Ok(true));
    assert!(!rung().await, "an alert is no rule");
    let gone = one.delete_alert_rule(account_sid(1), rule_sid(1), "anna", at(2));
    assert!(gone.await.unwrap());
    assert!(rung().await, "it was deleted");
}
