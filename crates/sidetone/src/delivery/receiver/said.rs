//! What is said to a receiver: written out when it is sent.

use sidetone_core::id::AlertSid;
use sidetone_store::alerts::Alert;
use sidetone_store::delivery::{Delivery, StreamEvent};

use crate::alerts::about::{About, told};
use crate::alerts::notice::{FIRING, Notice, RESOLVED, TEST};
use crate::app::App;
use crate::delivery::sending::Undelivered;
use crate::streams::configuration::receiver::Receiver;

/// What a delivery says. `None`: there is nothing to tell any more.
pub(super) async fn notice(
    app: &App,
    delivery: &Delivery,
    event: StreamEvent,
    receiver: &Receiver,
) -> Result<Option<Notice>, Undelivered> {
    let (kind, id) = (delivery.kind.as_str(), *delivery.id.as_bytes());
    let subject = match (kind, delivery.subject) {
        (TEST, _) => return Ok(Some(Notice::test(delivery.account, id, event.at))),
        (FIRING | RESOLVED, Some(subject)) => subject,
        _ => return Err(unwritten(format!("nothing that is told is called {kind}"))),
    };
    let alert = app
        .store
        .alert(delivery.account, AlertSid::from_bytes(subject));
    let Some(alert) = alert.await.map_err(unwritten)? else {
        return Ok(None);
    };
    let mut notice = of_alert(app, &alert)
        .ok_or_else(|| unwritten("what the alert says cannot be read by this release"))?;
    // Alertmanager is told how it is, the others each thing that happened.
    if kind == FIRING && !matches!(receiver, Receiver::Alertmanager(_)) {
        notice.resolved_at = None;
    }
    Ok(Some(notice))
}

/// What is said of an alert as it is. `None`: it has not fired, or cannot be read.
pub(super) fn of_alert(app: &App, alert: &Alert) -> Option<Notice> {
    let about: About = serde_json::from_str(&alert.about).ok()?;
    let own_url = app.config.public_url.as_deref().unwrap_or_default();
    let calls_url = match about.query.as_str() {
        "" => String::new(),
        query => format!("{own_url}/calls?{query}"),
    };
    let owner = alert.account.to_string();
    let is_named = about.is_personal && !alert.group.is_empty();
    let pseudonym = || app.directory.vault().pseudonym(&owner, &alert.group);
    Some(Notice {
        alert: alert.sid,
        account: alert.account,
        rule: alert.rule,
        summary: about.summary(&alert.group),
        severity: about.severity,
        pseudonym: is_named.then(pseudonym),
        group: alert.group.clone(),
        value: about.value.map(told),
        limit: about.limit.value(),
        unit: about.measure.unit(),
        calls: about.calls,
        call_sids: alert.calls.clone(),
        calls_url,
        fired_at: alert.fired_at?,
        resolved_at: alert.resolved_at,
        is_test: false,
        rule_name: about.rule_name,
        group_by: about.group_by,
    })
}

pub(super) fn unwritten(error: impl std::fmt::Display) -> Undelivered {
    Undelivered::Unwritten(error.to_string())
}
