//! Alertmanager's API: alerts as Prometheus sends them (`POST /api/v2/alerts`).

use serde_json::{Value, json};
use sidetone_core::time::{SECOND_US, TimeUs};

use super::Notice;
use super::labels::{annotations, labels};

/// The path of the API, after the URL of an Alertmanager.
pub const PATH: &str = "/api/v2/alerts";
/// How long an alert goes on that is not sent again, as Prometheus has it: four times the time between
/// two sendings.
const GOES_ON_US: i64 = 240 * SECOND_US;

/// The most alerts of a body: of a hundred calls each, a quarter of a megabyte.
pub const TOGETHER_MAX: usize = 50;

/// The body that tells of alerts as they are now: to be sent again each minute while they fire, and for
/// some minutes after they ended.
#[must_use]
pub fn body(notices: &[Notice], now: TimeUs) -> Vec<u8> {
    let alerts: Vec<Value> = notices.iter().map(|notice| alert(notice, now)).collect();
    Value::from(alerts).to_string().into_bytes()
}

fn alert(notice: &Notice, now: TimeUs) -> Value {
    let ends_at = notice.resolved_at.unwrap_or(now.plus_us(GOES_ON_US));
    let mut alert = json!({
        "labels": labels(notice),
        "annotations": annotations(notice),
        "startsAt": notice.fired_at,
        // It may not end before it began, as it would by a clock that was set back.
        "endsAt": ends_at.max(notice.fired_at),
    });
    if let Some(link) = notice.link() {
        alert["generatorURL"] = link.into();
    }
    alert
}
