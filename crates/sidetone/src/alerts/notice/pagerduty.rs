//! An event of `PagerDuty`'s Events API v2.

use serde_json::{Value, json};

use super::Notice;
use super::text::{join, line};

/// Where events go, unless another place is named.
pub const ENDPOINT: &str = "https://events.pagerduty.com/v2/enqueue";
/// The most characters of a summary.
const SUMMARY_MAX_CHARS: usize = 1_024;
/// The most characters of what else is named.
const NAME_MAX_CHARS: usize = 255;

/// The body that begins an incident, or ends it.
#[must_use]
pub fn body(notice: &Notice, routing_key: &str) -> Vec<u8> {
    let action = match notice.resolved_at {
        None => "trigger",
        Some(_) => "resolve",
    };
    let mut event = json!({
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": notice.alert,
    });
    if notice.resolved_at.is_none() {
        trigger(&mut event, notice);
    }
    event.to_string().into_bytes()
}

fn trigger(event: &mut Value, notice: &Notice) {
    let name = |text: &str| line(text, NAME_MAX_CHARS);
    let headline = format!("{} {}", notice.headline(), notice.summary);
    // The summary begins with what the rule is called.
    let summary = match notice.is_test {
        true => headline,
        false => notice.summary.clone(),
    };
    event["payload"] = json!({
        "summary": line(&summary, SUMMARY_MAX_CHARS),
        "source": notice.account,
        "severity": notice.severity,
        "timestamp": notice.fired_at,
        "component": notice.group_by.as_deref().map(name),
        "group": (!notice.group.is_empty()).then(|| name(&notice.group)),
        "class": name(&notice.rule_name),
        "custom_details": {
            "rule_sid": notice.rule,
            "value": notice.value,
            "limit": notice.limit,
            "unit": notice.unit,
            "calls": notice.calls,
            "call_sids": join(notice.call_sids.iter(), " "),
        },
    });
    event["client"] = "Sidetone".into();
    if let Some(link) = notice.link() {
        event["client_url"] = link.into();
        event["links"] = json!([{ "href": link, "text": "Its calls" }]);
    }
}
