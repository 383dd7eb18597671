//! What follows from what rules find: alerts that begin, fire and end, written with what is to be told.

use std::collections::HashMap;
use std::mem;

use sidetone_core::id::{AlertRuleSid, CallSid};
use sidetone_core::time::TimeUs;
use sidetone_store::alerts::{Alert, AlertState, CALLS_MAX};
use sidetone_store::{Result, StoreError};

use super::led::{Known, Led};
use super::streamed;
use super::written::{Told, delivery, new_sid, said, written};
use crate::alerts::about::About;
use crate::alerts::rule::Reading;
use crate::alerts::state::{FLAPPING_US, Move, Standing, next};
use crate::app::App;

/// What a rule found of a group.
pub(super) struct Finding {
    pub(super) rule: AlertRuleSid,
    pub(super) group: String,
    pub(super) reading: Reading,
    /// The calls that show it, where it is bad.
    pub(super) calls: Vec<CallSid>,
}

impl Led {
    /// Looks what rules find now, and does what follows.
    pub(super) async fn evaluate(&mut self, app: &App, now: TimeUs) -> Result<()> {
        self.end_erased(app, now).await?;
        let mut findings = self.health(app).await?;
        let (open, rules) = (&self.open, &self.rules);
        let standing = |rule: AlertRuleSid, group: &str| {
            let open = open.get(&rule).and_then(|of_rule| of_rule.get(group));
            match open.map(|it| &it.alert) {
                None => Standing::Well,
                Some(alert) if alert.state == AlertState::Pending => {
                    Standing::Pending(alert.pending_at)
                }
                Some(_) => Standing::Firing,
            }
        };
        let is_moved = self.watches.evaluate(
            now,
            |rule, group| standing(rule, group) != Standing::Well,
            |found| {
                let (reading, rule) = (found.reading, found.rule);
                // Only what fires is shown.
                let mut calm = None;
                let was = standing(found.sid, found.group);
                let follows = next(&rule.definition, was, reading.verdict, now, &mut calm, 1);
                let calls = match follows {
                    Some(Move::Fire) => found.window.telling(rule.is_worst_most(), CALLS_MAX),
                    _ => Vec::new(),
                };
                findings.push(Finding {
                    rule: found.sid,
                    group: found.group.to_owned(),
                    reading,
                    calls,
                });
            },
        );
        debug_assert!(findings.iter().all(|it| rules.contains_key(&it.rule)));
        if !is_moved {
            tracing::warn!("the clock was set back: rules look at all calls again");
            self.watches.clear(now);
            return Ok(());
        }
        // What fails of one keeps no other from what follows.
        let mut failed = None;
        for finding in findings {
            if let Err(error) = self.follow(app, finding, now).await {
                self.are_alerts_read = false;
                failed = Some(error);
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        self.end_orphans(app, now).await?;
        self.tell_late(app, now).await?;
        let open = self.open.values().flat_map(HashMap::values);
        let firing = open.filter(|it| it.alert.state == AlertState::Firing);
        let firing = i64::try_from(firing.count()).unwrap_or(i64::MAX);
        app.counters.alerts_firing.set(firing);
        Ok(())
    }

    /// Does what follows from a finding.
    async fn follow(&mut self, app: &App, finding: Finding, now: TimeUs) -> Result<()> {
        let Finding {
            rule: sid,
            group,
            reading,
            calls,
        } = finding;
        let Some(Known { rule, muted_until }) = self.rules.get(&sid) else {
            return Ok(());
        };
        let rule = rule.clone();
        let is_silent = rule.is_quiet(now) || muted_until.is_some_and(|until| now < until);
        let open = self
            .open
            .get_mut(&sid)
            .and_then(|of_rule| of_rule.get_mut(&group));
        let key = (sid, group);
        if self.set_aside.contains(&key) {
            return Ok(());
        }
        let fired = self.fired.get_mut(&key);
        let lately = fired.map_or(0, |fired| {
            fired.retain(|at| (0..=FLAPPING_US).contains(&now.since_us(*at)));
            fired.len()
        });
        if lately == 0 {
            self.fired.remove(&key);
        }
        let mut calm = None;
        let (standing, calm_since) = match open {
            None => (Standing::Well, &mut calm),
            Some(open) => match open.alert.state {
                AlertState::Pending => (Standing::Pending(open.alert.pending_at), &mut calm),
                _ => (Standing::Firing, &mut open.calm_since),
            },
        };
        let definition = &rule.definition;
        let Some(follows) = next(
            definition,
            standing,
            reading.verdict,
            now,
            calm_since,
            lately,
        ) else {
            return Ok(());
        };
        let (sid, group) = key;
        let was = self.open.get(&sid).and_then(|of_rule| of_rule.get(&group));
        let was = was.map(|open| open.alert.clone());
        let about = || About::of(&rule, &group, &reading, now);
        match follows {
            Move::Forget => {
                if let Some(was) = was {
                    self.drop_pending(app, &was).await?;
                }
            }
            Move::Begin => {
                let alert = Alert {
                    sid: new_sid()?,
                    account: rule.account,
                    rule: sid,
                    group: group.clone(),
                    state: AlertState::Pending,
                    version: 1,
                    pending_at: now,
                    fired_at: None,
                    resolved_at: None,
                    about: written(&about())?,
                    calls: Vec::new(),
                };
                self.put(app, alert, None, now).await?;
            }
            Move::Fire => {
                let about = About {
                    is_told: !is_silent && !rule.definition.receivers.is_empty(),
                    ..about()
                };
                let alert = Alert {
                    sid: match &was {
                        Some(was) => was.sid,
                        None => new_sid()?,
                    },
                    account: rule.account,
                    rule: sid,
                    group: group.clone(),
                    state: AlertState::Firing,
                    version: was.as_ref().map_or(0, |was| was.version) + 1,
                    pending_at: was.as_ref().map_or(now, |was| was.pending_at),
                    fired_at: Some(now),
                    resolved_at: None,
                    about: written(&about)?,
                    calls,
                };
                self.fired.entry((sid, group)).or_default().push(now);
                let told = about.is_told.then_some((Told::Firing, about));
                self.put(app, alert, told, now).await?;
            }
            Move::Resolve => {
                if let Some(was) = was {
                    self.resolve(app, was, now).await?;
                }
            }
        }
        Ok(())
    }

    /// What was pending came to nothing.
    async fn drop_pending(&mut self, app: &App, was: &Alert) -> Result<()> {
        let forgotten = app.store.forget_alert(was.account, was.sid, was.version);
        self.are_alerts_read &= forgotten.await?;
        self.forget(was.rule, &was.group);
        Ok(())
    }

    /// An alert is over.
    async fn resolve(&mut self, app: &App, was: Alert, now: TimeUs) -> Result<()> {
        let about = said(&was);
        let alert = Alert {
            state: AlertState::Resolved,
            version: was.version + 1,
            resolved_at: Some(now),
            ..was
        };
        // Who was not told that it fired need not know that it is over.
        let told = about.filter(|about| about.is_told);
        let told = told.map(|about| (Told::Resolved, about));
        self.put(app, alert, told, now).await
    }

    /// Ends alerts whose party was erased: they may not go on without it, and who was told that they fire is
    /// told so.
    async fn end_erased(&mut self, app: &App, now: TimeUs) -> Result<()> {
        let open = self.open.values().flat_map(HashMap::values);
        let erased = open.filter(|open| open.is_erased);
        let erased: Vec<Alert> = erased.map(|open| open.alert.clone()).collect();
        for alert in erased {
            self.resolve(app, alert, now).await?;
        }
        Ok(())
    }

    /// Ends alerts of rules that are no more.
    async fn end_orphans(&mut self, app: &App, now: TimeUs) -> Result<()> {
        let is_orphan =
            |rule: &AlertRuleSid| !self.rules.contains_key(rule) && !self.unread.contains(rule);
        let rules: Vec<AlertRuleSid> = self.open.keys().copied().filter(is_orphan).collect();
        for rule in rules {
            let of_rule = self.open.get(&rule).into_iter().flatten();
            let open: Vec<Alert> = of_rule.map(|(_, open)| open.alert.clone()).collect();
            for alert in open {
                match app.store.alert_rule(alert.account, rule).await {
                    Ok(None) => {}
                    // It was made again, or is damaged: that is no good news.
                    Ok(Some(_)) | Err(StoreError::Corrupt(_)) => continue,
                    Err(error) => return Err(error),
                }
                if alert.state == AlertState::Pending {
                    self.drop_pending(app, &alert).await?;
                } else {
                    self.resolve(app, alert, now).await?;
                }
            }
        }
        Ok(())
    }

    /// Tells of alerts that still fire when it is not quiet any more, or not muted.
    async fn tell_late(&mut self, app: &App, now: TimeUs) -> Result<()> {
        let mut late = Vec::new();
        for (rule, of_rule) in &self.open {
            let Some(Known { rule, muted_until }) = self.rules.get(rule) else {
                continue;
            };
            if rule.is_quiet(now) || muted_until.is_some_and(|until| now < until) {
                continue;
            }
            for open in of_rule.values() {
                let is_firing = open.alert.state == AlertState::Firing;
                if !is_firing || open.is_told || rule.definition.receivers.is_empty() {
                    continue;
                }
                if let Some(about) = said(&open.alert) {
                    let about = About {
                        is_told: true,
                        receivers: rule.definition.receivers.clone(),
                        ..about
                    };
                    late.push((open.alert.clone(), about));
                }
            }
        }
        for (was, about) in late {
            let alert = Alert {
                version: was.version + 1,
                about: written(&about)?,
                ..was
            };
            self.put(app, alert, Some((Told::Firing, about)), now)
                .await?;
        }
        Ok(())
    }

    /// Writes an alert, with what is to be told of it. When somebody else was first, all alerts are read
    /// again.
    async fn put(
        &mut self,
        app: &App,
        alert: Alert,
        told: Option<(Told, About)>,
        now: TimeUs,
    ) -> Result<()> {
        let deliveries: Vec<_> = match &told {
            Some((told, about)) => {
                let receivers = about.receivers.iter();
                receivers
                    .map(|sink| delivery(&alert, *told, *sink, now))
                    .collect()
            }
            None => Vec::new(),
        };
        let (state, rule, group) = (alert.state, alert.rule, alert.group.clone());
        let was = self.open.get(&rule).and_then(|of_rule| of_rule.get(&group));
        let was = was.map(|open| open.alert.state);
        let streamed = streamed::deliveries(app, &alert, was, now).await?;
        let deliveries = deliveries.into_iter().chain(streamed).collect();
        match app.store.put_alert(alert.clone(), deliveries).await {
            Ok(true) => {}
            Ok(false) => {
                self.are_alerts_read = false;
                return Ok(());
            }
            // Nothing follows on what cannot be read, however often it is tried.
            Err(StoreError::Corrupt(damage)) => {
                tracing::error!(
                    rule.sid = %rule, account.sid = %alert.account, damage,
                    "an alert that goes on cannot be read: its rule finds no other for the same group. Make the rule anew, and delete this one"
                );
                self.forget(rule, &group);
                self.set_aside.insert((rule, group));
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        if state != AlertState::Pending {
            tracing::info!(
                alert.sid = %alert.sid, rule.sid = %rule, account.sid = %alert.account,
                state = %state, is_told = told.is_some(), "an alert"
            );
        }
        let calm_since = self
            .open
            .get_mut(&rule)
            .and_then(|of_rule| of_rule.get_mut(&group))
            .and_then(|open| mem::take(&mut open.calm_since));
        self.forget(rule, &group);
        // There it has the name of the one before.
        self.over
            .retain(|over| (over.rule, &over.group) != (rule, &group));
        if state == AlertState::Resolved {
            self.over.push(alert);
        } else {
            self.attend(alert);
            if let Some(open) = self.open.get_mut(&rule).and_then(|it| it.get_mut(&group)) {
                open.calm_since = calm_since;
            }
        }
        Ok(())
    }
}
