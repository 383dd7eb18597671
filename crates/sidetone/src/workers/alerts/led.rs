//! What the node that evaluates rules knows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use sidetone_core::id::AlertRuleSid;
use sidetone_core::time::TimeUs;
use sidetone_store::Result;
use sidetone_store::alerts::{Alert, AlertRule};

use super::calls::Calls;
use super::written::said;
use crate::alerts::rule::Rule;
use crate::alerts::state::FLAPPING_US;
use crate::alerts::watch::Watches;
use crate::app::App;

/// How often is looked for rules that other nodes changed.
const LOOK: Duration = Duration::from_secs(30);

/// What the node that evaluates knows.
pub(super) struct Led {
    pub(super) watches: Watches,
    pub(super) calls: Calls,
    /// Which quarter of an hour each rule that compares weeks was counted for.
    pub(super) compared: HashMap<AlertRuleSid, i64>,
    pub(super) rules: HashMap<AlertRuleSid, Known>,
    pub(super) open: HashMap<AlertRuleSid, HashMap<String, Open>>,
    /// Those that were over a moment ago.
    pub(super) over: Vec<Alert>,
    /// When alerts fired within the last hour.
    pub(super) fired: HashMap<(AlertRuleSid, String), Vec<TimeUs>>,
    /// Whether rules are as they were read last, and alerts as they were written.
    pub(super) are_rules_read: bool,
    pub(super) are_alerts_read: bool,
    /// Rules as they were read last, and when that was.
    stored: Vec<AlertRule>,
    looked_at: Option<Duration>,
    /// Rules that could not be read the last time.
    pub(super) unread: HashSet<AlertRuleSid>,
    /// Groups of rules of which a damaged alert goes on: another cannot begin.
    pub(super) set_aside: HashSet<(AlertRuleSid, String)>,
    /// Deliveries that were given up, and when they were counted.
    pub(super) dead_letters: Option<(Duration, u64)>,
}

/// A rule, and until when nobody is told of it.
pub(super) struct Known {
    pub(super) rule: Arc<Rule>,
    pub(super) muted_until: Option<TimeUs>,
}

/// An alert that is pending or firing.
pub(super) struct Open {
    pub(super) alert: Alert,
    /// Whether its receivers were told that it fires.
    pub(super) is_told: bool,
    /// Whether the party that it was about was erased.
    pub(super) is_erased: bool,
    pub(super) calm_since: Option<TimeUs>,
}

impl Led {
    pub(super) fn new(settle_us: i64) -> Self {
        Self {
            watches: Watches::new(settle_us),
            calls: Calls::default(),
            compared: HashMap::new(),
            rules: HashMap::new(),
            open: HashMap::new(),
            over: Vec::new(),
            fired: HashMap::new(),
            are_rules_read: false,
            are_alerts_read: false,
            stored: Vec::new(),
            looked_at: None,
            unread: HashSet::new(),
            set_aside: HashSet::new(),
            dead_letters: None,
        }
    }

    /// Reads rules and alerts, where they may be others than those that are known.
    pub(super) async fn read(&mut self, app: &App, now: TimeUs) -> Result<()> {
        if !self.are_alerts_read {
            let open = app.store.open_alerts().await?;
            let was = std::mem::take(&mut self.open);
            for alert in open {
                let known = was.get(&alert.rule).and_then(|it| it.get(&alert.group));
                let known = known.filter(|known| known.alert.sid == alert.sid);
                let calm_since = known.and_then(|known| known.calm_since);
                let (rule, group) = (alert.rule, alert.group.clone());
                self.attend(alert);
                if let Some(open) = self.open.get_mut(&rule).and_then(|it| it.get_mut(&group)) {
                    open.calm_since = calm_since;
                }
            }
            self.fired.clear();
            let since = now.plus_us(-FLAPPING_US);
            for fired in app.store.fired_since(since).await? {
                let key = (fired.rule, fired.group);
                self.fired.entry(key).or_default().push(fired.at);
            }
            self.are_alerts_read = true;
            self.are_rules_read = false;
        }
        let passed = app.clock.passed();
        if !self.are_rules_read || self.looked_at.is_none_or(|at| passed >= at + LOOK) {
            let stored = app.store.all_alert_rules().await?;
            if !self.are_rules_read || stored != self.stored {
                self.set(app, &stored, now);
                self.stored = stored;
            }
            self.are_rules_read = true;
            self.looked_at = Some(passed);
        }
        Ok(())
    }

    fn set(&mut self, app: &App, stored: &[AlertRule], now: TimeUs) {
        let mut rules = HashMap::new();
        let mut unread = HashSet::new();
        for kept in stored {
            let AlertRule { sid, account, .. } = *kept;
            match open(app, kept, now) {
                Some(rule) => {
                    let muted_until = kept.muted_until;
                    let rule = Arc::new(rule);
                    rules.insert(sid, Known { rule, muted_until });
                }
                None => {
                    if !self.unread.contains(&sid) {
                        tracing::error!(
                            rule.sid = %sid, account.sid = %account,
                            "a rule of alerts cannot be read: nothing is held to it. Change it, or delete it"
                        );
                    }
                    unread.insert(sid);
                }
            }
        }
        self.unread = unread;
        self.set_aside.retain(|(rule, _)| rules.contains_key(rule));
        // What says the same compares with the same.
        let was = std::mem::replace(&mut self.rules, rules);
        let is_same = |sid: &AlertRuleSid| {
            let says = |rules: &HashMap<AlertRuleSid, Known>| {
                rules.get(sid).map(|known| known.rule.definition.clone())
            };
            says(&was) == says(&self.rules)
        };
        self.compared.retain(|sid, _| is_same(sid));
        let watched = self.rules.iter();
        let watched = watched.map(|(sid, known)| (*sid, Arc::clone(&known.rule)));
        self.watches.set(watched, now);
        for (sid, known) in &self.rules {
            let is_compared = known.rule.definition.compare_weeks.is_some();
            if is_compared && !self.compared.contains_key(sid) {
                self.watches.compare(*sid, HashMap::new());
            }
        }
        for (rule, open) in &self.open {
            for group in open.keys() {
                self.watches.attend(*rule, group);
            }
        }
    }

    /// Remembers an alert that is open.
    pub(super) fn attend(&mut self, alert: Alert) {
        let of_rule = self.open.entry(alert.rule).or_default();
        self.watches.attend(alert.rule, &alert.group);
        let about = said(&alert);
        let open = Open {
            is_told: about.as_ref().is_some_and(|about| about.is_told),
            is_erased: about.is_some_and(|about| about.is_erased),
            calm_since: None,
            alert,
        };
        of_rule.insert(open.alert.group.clone(), open);
    }

    pub(super) fn forget(&mut self, rule: AlertRuleSid, group: &str) {
        if let Some(of_rule) = self.open.get_mut(&rule) {
            of_rule.remove(group);
            if of_rule.is_empty() {
                self.open.remove(&rule);
            }
        }
    }
}

/// Reads what a rule says. `None`: it is not understood.
fn open(app: &App, kept: &AlertRule, now: TimeUs) -> Option<Rule> {
    let definition = serde_json::from_str(&kept.definition).ok()?;
    let read = |filters: &str| (app.filter)(filters, kept.account, now);
    Rule::open(kept.account, &kept.name, definition, read)
}
