//! Alerts: rules that calls are held to, and what came of them. Whoever evaluates rules is above the
//! store; what they say, and what is said of an alert, is kept as it is given, but for what is
//! [about] a party that is erased.

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use sidetone_core::closed_set;
use sidetone_core::id::{AccountSid, AlertRuleSid, AlertSid, CallSid, SinkSid};
use sidetone_core::time::TimeUs;

use crate::delivery::NewDelivery;
use crate::error::Result;
use crate::page::{Page, PageRequest};
use crate::sinks::SinkKind;

/// Rules that an account may have.
pub const RULES_MAX: usize = 1000;
/// Calls that an alert keeps.
pub const CALLS_MAX: usize = 100;

/// What the sid of a rule or receiver begins with that a configuration file says; others are random.
const OF_FILE: [u8; 8] = *b"file\0\0\0\0";

/// The sid of the rule that a configuration file says under a name: the same at each start, on every node.
#[must_use]
pub fn rule_of_file(account: AccountSid, name: &str) -> AlertRuleSid {
    AlertRuleSid::from_bytes(of_file(account, &["rule", name]))
}

/// The sid of the receiver of a kind, likewise.
#[must_use]
pub fn receiver_of_file(account: AccountSid, kind: SinkKind, name: &str) -> SinkSid {
    SinkSid::from_bytes(of_file(account, &[kind.as_str(), name]))
}

fn of_file(account: AccountSid, texts: &[&str]) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(account.as_bytes());
    for text in texts {
        hash.update(text);
        hash.update("\n");
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut sid = [0; 16];
    sid[..8].copy_from_slice(&OF_FILE);
    sid[8..].copy_from_slice(&digest[..8]);
    sid
}

/// Whether a configuration file says the rule or receiver of a sid.
#[must_use]
pub fn is_of_file(sid: &[u8; 16]) -> bool {
    sid.starts_with(&OF_FILE)
}

/// Members of what is said of an alert that the store knows.
pub mod about {
    /// Whether the group is the number or name of a party of the calls: so unless it is `false`.
    pub const IS_PARTY: &str = "is_party";
    /// Whether that party was erased: set by the store.
    pub const IS_ERASED: &str = "is_erased";
    /// Which calls: emptied with the party.
    pub const QUERY: &str = "query";
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRule {
    /// Which one.
    pub sid: AlertRuleSid,
    /// Whose it is.
    pub account: AccountSid,
    /// What its owner calls it; no two of an account alike.
    pub name: String,
    /// What it watches, in words that the store does not know.
    pub definition: String,
    /// Until when nobody is told of it. `None`: somebody is.
    pub muted_until: Option<TimeUs>,
    /// When it was made.
    pub created_at: TimeUs,
    /// When it was changed last.
    pub updated_at: TimeUs,
}

/// What is to be different about a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertRuleChange {
    /// Another name.
    pub name: Option<String>,
    /// Another definition.
    pub definition: Option<Rewritten>,
    /// Until when nobody is told; `Some(None)`: somebody is again.
    pub muted_until: Option<Option<TimeUs>>,
}

/// A definition in the place of the one that it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The one that was there.
    pub from: String,
    /// The new one.
    pub to: String,
}

closed_set!(
    /// How far an alert is.
    AlertState {
        /// What is watched is bad, not yet for as long as the rule asks for.
        Pending = "pending",
        /// It is bad.
        Firing = "firing",
        /// It was bad.
        Resolved = "resolved",
    }
);

/// One time that a rule was broken by one group of calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Which one.
    pub sid: AlertSid,
    /// Whose it is.
    pub account: AccountSid,
    /// The rule that was broken, which may be no more.
    pub rule: AlertRuleSid,
    /// Which of its groups; empty: it has none.
    pub group: String,
    /// How far it is.
    pub state: AlertState,
    /// How often it was written, from 1.
    pub version: u32,
    /// When it began to be bad.
    pub pending_at: TimeUs,
    /// When it was so for long enough. `None`: it is pending.
    pub fired_at: Option<TimeUs>,
    /// When it was good again. `None`: it goes on.
    pub resolved_at: Option<TimeUs>,
    /// What is said of it: a JSON object, of which the store knows [no more](about).
    pub about: String,
    /// The calls that show it; at most [`CALLS_MAX`].
    pub calls: Vec<CallSid>,
}

/// Which alerts are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Only those of a rule.
    pub rule: Option<AlertRuleSid>,
    /// Only those that are so far.
    pub state: Option<AlertState>,
    /// Only those that began before.
    pub begun_before: Option<TimeUs>,
    /// Only those that went on then or later.
    pub lasted_until: Option<TimeUs>,
}

/// A time that an alert fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// The rule that was broken.
    pub rule: AlertRuleSid,
    /// By which of its groups.
    pub group: String,
    /// When.
    pub at: TimeUs,
}

/// Rules and alerts. `by`: whom the log of what was done names; it has rules that were made, changed,
/// muted or deleted. Alerts that are over expire with what is [beside](crate::Retention) calls.
///
/// Alerts of a party go when calls of it are erased, but for those that fire: somebody may be waiting to
/// hear that they are over. Such a one names the party no more: its group is another, it has no calls, and
/// what is said of it says [so](about::IS_ERASED), until whoever evaluates ends it.
///
/// What changes rules wakes whoever waits for [`Topic::Alerts`](crate::Topic::Alerts).
#[async_trait]
pub trait AlertStore: Send + Sync {
    /// Keeps a rule. [`StoreError::NotFound`](crate::StoreError::NotFound) when there is no such
    /// account, [`StoreError::Invalid`](crate::StoreError::Invalid) when it has [`RULES_MAX`],
    /// [`StoreError::Conflict`](crate::StoreError::Conflict) (`AlertRuleExists`) when it has one of
    /// that name.
    async fn create_alert_rule(&self, rule: AlertRule, by: &str) -> Result<()>;
    /// Changes a rule of an account and returns it.
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) when the account has none of that sid;
    /// a conflict as when it is made, or (`AlertRuleChanged`) when its definition is not the one that the
    /// new one was made from.
    async fn change_alert_rule(
        &self,
        account: AccountSid,
        sid: AlertRuleSid,
        change: AlertRuleChange,
        by: &str,
        now: TimeUs,
    ) -> Result<AlertRule>;
    /// Forgets a rule of an account; whether there was one. Its alerts stay as they are: whoever
    /// evaluates rules ends those that go on.
    async fn delete_alert_rule(
        &self,
        account: AccountSid,
        sid: AlertRuleSid,
        by: &str,
        now: TimeUs,
    ) -> Result<bool>;
    /// Makes these, in one transaction, the rules that a configuration file says, of all accounts: others
    /// [of a file](is_of_file) are forgotten. Those that were there stay muted, or not. Says how many are
    /// others than before. [`StoreError::Invalid`](crate::StoreError::Invalid) when one has the sid of none
    /// of a file, or an account has too many; else as when one is made.
    async fn publish_alert_rules(
        &self,
        rules: Vec<AlertRule>,
        by: &str,
        now: TimeUs,
    ) -> Result<u64>;
    /// A rule of an account.
    async fn alert_rule(&self, account: AccountSid, sid: AlertRuleSid)
    -> Result<Option<AlertRule>>;
    /// An account's rules, latest first.
    async fn alert_rules(&self, account: AccountSid, page: &PageRequest)
    -> Result<Page<AlertRule>>;
    /// The rules of all accounts. Whatever is damaged is left out, and told by `check`.
    async fn all_alert_rules(&self) -> Result<Vec<AlertRule>>;
    /// Writes an alert, and what is to be delivered because of it. It must be the version after the one
    /// that is kept; a first one is written only while no other alert of its rule and group goes on.
    /// `false`, and nothing written: it is not so, somebody else was first.
    /// [`StoreError::NotFound`](crate::StoreError::NotFound) when there is no such account,
    /// [`StoreError::Invalid`](crate::StoreError::Invalid) of more than [`CALLS_MAX`] calls,
    /// [`StoreError::Corrupt`](crate::StoreError::Corrupt) when what is kept of it, or the one that goes
    /// on, is damaged.
    async fn put_alert(&self, alert: Alert, deliveries: Vec<NewDelivery>) -> Result<bool>;
    /// Forgets an alert that is pending, in that version; whether it was there.
    async fn forget_alert(&self, account: AccountSid, sid: AlertSid, version: u32) -> Result<bool>;
    /// Alerts of all accounts that go on. Whatever is damaged is left out, and told by `check`.
    async fn open_alerts(&self) -> Result<Vec<Alert>>;
    /// When alerts of all accounts fired since a time.
    async fn fired_since(&self, since: TimeUs) -> Result<Vec<Firing>>;
    /// An alert of an account.
    async fn alert(&self, account: AccountSid, sid: AlertSid) -> Result<Option<Alert>>;
    /// An account's alerts, latest first.
    async fn alerts(
        &self,
        account: AccountSid,
        filter: AlertFilter,
        page: &PageRequest,
    ) -> Result<Page<Alert>>;
    /// Whether this handle is the one that evaluates rules until a time: nobody else is then, unless the
    /// handle is no more. Who is asks again before that is over.
    async fn lead_alerts(&self, now: TimeUs, until: TimeUs) -> Result<bool>;
}
