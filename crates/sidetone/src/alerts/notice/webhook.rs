//! A webhook as Alertmanager sends it, or as Grafana does, which adds some members.

use ring::hmac;
use serde_json::{Value, json};
use sidetone_core::closed_set;

use super::Notice;
use super::labels::{annotations, fingerprint, labels};

closed_set!(
    /// Whose webhook it is like: what `version` says there.
    Version {
        /// Grafana's.
        Grafana = "1",
        /// Alertmanager's.
        Alertmanager = "4",
    }
);

/// What Grafana's signature is sent as.
pub const SIGNATURE: &str = "x-grafana-alerting-signature";
/// What an alert that goes on ends at.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// The body that tells of an alert. `receiver`: what its owner calls it; `own_url`: where this server is,
/// if it knows.
#[must_use]
pub fn body(notice: &Notice, version: Version, receiver: &str, own_url: &str) -> Vec<u8> {
    let (labels, annotations) = (labels(notice), annotations(notice));
    let name = labels.get("alertname").map_or("", String::as_str);
    let mut alert = json!({
        "status": notice.status(),
        "labels": labels,
        "annotations": annotations,
        "startsAt": notice.fired_at,
        "endsAt": notice.resolved_at.map_or_else(|| NEVER.to_owned(), |at| at.to_string()),
        "generatorURL": notice.link().unwrap_or_default(),
        "fingerprint": fingerprint(&labels),
    });
    let mut body = json!({
        "version": version,
        "receiver": receiver,
        "status": notice.status(),
        "groupKey": format!("{{}}:{{alertname={name:?}}}"),
        "groupLabels": { "alertname": name },
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": own_url,
        "truncatedAlerts": 0,
    });
    if version == Version::Grafana {
        for name in ["silenceURL", "dashboardURL", "panelURL", "imageURL"] {
            alert[name] = "".into();
        }
        // Null: there are none.
        alert["values"] = notice
            .value
            .map_or(Value::Null, |it| json!({ "value": it }));
        body["orgId"] = 1.into();
        body["title"] = notice.headline().into();
        body["state"] = match notice.resolved_at {
            None => "alerting",
            Some(_) => "ok",
        }
        .into();
        body["message"] = notice.summary.as_str().into();
    }
    body["alerts"] = vec![alert].into();
    body.to_string().into_bytes()
}

/// Grafana's signature of a body: HMAC-SHA256 in lower-case hexadecimal.
#[must_use]
pub fn signature(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signed = hmac::sign(&key, body);
    let digits = signed.as_ref().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}
