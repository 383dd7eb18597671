//! What an alert is in Prometheus's world: labels, which tell it from others, and annotations.

use std::collections::BTreeMap;

use super::Notice;
use super::text::{join, line};

/// The most characters of a value.
const VALUE_MAX_CHARS: usize = 2_000;

/// Names with values, by name.
pub(super) type Set = BTreeMap<&'static str, String>;

/// What tells a rule's alert for a group from others. Nothing that changes while it fires.
pub(super) fn labels(notice: &Notice) -> Set {
    let group = notice.pseudonym.as_ref().unwrap_or(&notice.group);
    set([
        ("alertname", notice.rule_name.clone()),
        ("severity", notice.severity.to_string()),
        ("account_sid", notice.account.to_string()),
        ("rule_sid", notice.rule.to_string()),
        ("group_by", notice.group_by.clone().unwrap_or_default()),
        ("group", group.clone()),
    ])
}

/// What else there is to know.
pub(super) fn annotations(notice: &Notice) -> Set {
    let rounded = |number: f64| (number * 100.0).round() / 100.0;
    let found = |value| format!("{} {}", rounded(value), notice.unit);
    let mut annotations = set([
        ("summary", notice.summary.clone()),
        ("alert_sid", notice.alert.to_string()),
        ("call_sids", join(notice.call_sids.iter(), " ")),
        ("calls_url", notice.calls_url.clone()),
        ("value", notice.value.map(found).unwrap_or_default()),
    ]);
    if !notice.is_test {
        annotations.insert("limit", rounded(notice.limit).to_string());
        annotations.insert("calls", notice.calls.to_string());
    }
    annotations
}

/// Without those that are empty, which are none.
fn set<const N: usize>(pairs: [(&'static str, String); N]) -> Set {
    let fit = pairs.into_iter().map(|(name, value)| {
        let max = match name {
            // Cut, they would be others.
            "call_sids" | "calls_url" => usize::MAX,
            _ => VALUE_MAX_CHARS,
        };
        (name, line(&value, max).trim().to_owned())
    });
    fit.filter(|(_, value)| !value.is_empty()).collect()
}

/// What Alertmanager knows labels by: FNV-1a of 64 bits over names and values in their order, with 0xff
/// after each.
pub(super) fn fingerprint(labels: &Set) -> String {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let bytes = labels.iter().flat_map(|(name, value)| {
        let (name, value) = (name.bytes(), value.bytes());
        name.chain([0xff]).chain(value).chain([0xff])
    });
    let hash = bytes.fold(BASIS, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(PRIME)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_that_of_prometheus() {
        let labels = Set::from([("alertname", "x".to_owned())]);
        assert_eq!(fingerprint(&labels), "d240efc3896bf266");
        assert_eq!(fingerprint(&Set::new()), "cbf29ce484222325");
    }
}
