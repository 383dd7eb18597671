//! Rules and alerts.

use async_trait::async_trait;
use sidetone_core::id::{AccountSid, AlertRuleSid, AlertSid};
use sidetone_core::time::TimeUs;
use sidetone_store::alerts::{Alert, AlertFilter, AlertRule, AlertRuleChange, Firing};
use sidetone_store::delivery::NewDelivery;
use sidetone_store::page::{Page, PageRequest};
use sidetone_store::{AlertStore, Result};

use crate::SqliteStore;
use crate::alerts::{self, rule};

#[async_trait]
impl AlertStore for SqliteStore {
    async fn create_alert_rule(&self, rule: AlertRule, by: &str) -> Result<()> {
        let by = by.to_owned();
        self.writer
            .run(1, move |tx| rule::create(tx, &rule, &by))
            .await
    }

    async fn change_alert_rule(
        &self,
        account: AccountSid,
        sid: AlertRuleSid,
        change: AlertRuleChange,
        by: &str,
        now: TimeUs,
    ) -> Result<AlertRule> {
        let by = by.to_owned();
        self.writer
            .run(1, move |tx| {
                rule::change(tx, account, sid, change, &by, now)
            })
            .await
    }

    async fn delete_alert_rule(
        &self,
        account: AccountSid,
        sid: AlertRuleSid,
        by: &str,
        now: TimeUs,
    ) -> Result<bool> {
        let by = by.to_owned();
        self.writer
            .run(1, move |tx| rule::delete(tx, account, sid, &by, now))
            .await
    }

    async fn publish_alert_rules(
        &self,
        rules: Vec<AlertRule>,
        by: &str,
        now: TimeUs,
    ) -> Result<u64> {
        let by = by.to_owned();
        self.writer
            .run(1 + rules.len(), move |tx| {
                rule::publish(tx, &rules, &by, now)
            })
            .await
    }

    async fn alert_rule(
        &self,
        account: AccountSid,
        sid: AlertRuleSid,
    ) -> Result<Option<AlertRule>> {
        self.readers.point(|conn| rule::find(conn, account, sid))
    }

    async fn alert_rules(
        &self,
        account: AccountSid,
        page: &PageRequest,
    ) -> Result<Page<AlertRule>> {
        let page = *page;
        self.readers
            .scan(move |conn| rule::page(conn, account, &page))
            .await
    }

    async fn all_alert_rules(&self) -> Result<Vec<AlertRule>> {
        self.readers.scan(rule::all).await
    }

    async fn put_alert(&self, alert: Alert, deliveries: Vec<NewDelivery>) -> Result<bool> {
        self.writer
            .run(1 + deliveries.len(), move |tx| {
                alerts::put(tx, &alert, &deliveries)
            })
            .await
    }

    async fn forget_alert(&self, account: AccountSid, sid: AlertSid, version: u32) -> Result<bool> {
        self.writer
            .run(1, move |tx| alerts::forget(tx, account, sid, version))
            .await
    }

    async fn open_alerts(&self) -> Result<Vec<Alert>> {
        self.readers.scan(alerts::open).await
    }

    async fn fired_since(&self, since: TimeUs) -> Result<Vec<Firing>> {
        self.readers
            .scan(move |conn| alerts::fired_since(conn, since))
            .await
    }

    async fn alert(&self, account: AccountSid, sid: AlertSid) -> Result<Option<Alert>> {
        self.readers.point(|conn| alerts::find(conn, account, sid))
    }

    async fn alerts(
        &self,
        account: AccountSid,
        filter: AlertFilter,
        page: &PageRequest,
    ) -> Result<Page<Alert>> {
        let page = *page;
        self.readers
            .scan(move |conn| alerts::page(conn, account, &filter, &page))
            .await
    }

    async fn lead_alerts(&self, now: TimeUs, until: TimeUs) -> Result<bool> {
        Ok(self.shared.alerts.lead(self.owner, now, until))
    }
}
