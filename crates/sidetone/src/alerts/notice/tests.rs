//! What each kind of receiver is told, whole.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::webhook::Version;
use super::*;

fn at(text: &str) -> TimeUs {
    TimeUs::parse_rfc3339(text).unwrap()
}

/// An alert that fires.
fn firing() -> Notice {
    Notice {
        alert: AlertSid::from_bytes([0xaf; 16]),
        account: AccountSid::from_bytes([0xac; 16]),
        rule: AlertRuleSid::from_bytes([0xa2; 16]),
        rule_name: "ASR of carriers".to_owned(),
        severity: Severity::Warning,
        group_by: Some("Carrier".to_owned()),
        group: "Acme & Sons".to_owned(),
        pseudonym: None,
        summary: "ASR of carriers: Carrier Acme & Sons: answer_seizure_ratio 31.42 % of 212 calls in 15m, below 40 %".to_owned(),
        value: Some(31.4159),
        limit: 40.0,
        unit: "%",
        calls: 212,
        call_sids: (1..8).map(|n| CallSid::from_bytes([n; 16])).collect(),
        calls_url: "https://insights.example.com/calls?StartTime=2026-06-01T10%3A00%3A00Z&ToCarrier=Acme+%26+Sons".to_owned(),
        fired_at: at("2026-06-01T12:00:00.25Z"),
        resolved_at: None,
        is_test: false,
    }
}

fn resolved() -> Notice {
    Notice {
        resolved_at: Some(at("2026-06-01T12:30:00Z")),
        ..firing()
    }
}

/// Of somebody's number, by a rule of somebody who means ill.
fn hostile() -> Notice {
    Notice {
        rule_name: "<!channel> *x*\r\nBcc: all@example.com\0".to_owned(),
        group_by: Some("From".to_owned()),
        group: "+12025550143".to_owned(),
        pseudonym: Some("party_00".to_owned()),
        summary: format!(
            "[click](https://evil.example) & <@U1> \u{202e}{}",
            "&".repeat(9_000)
        ),
        value: None,
        call_sids: Vec::new(),
        calls_url: format!("https://a.example/calls?Name=%3C|{}", "a".repeat(30_000)),
        ..firing()
    }
}

fn test() -> Notice {
    Notice::test(firing().account, [0x7e; 16], firing().fired_at)
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

/// As it is read, shortened where it is only long.
fn picture(bodies: &[Vec<u8>]) -> String {
    let pretty = |body: &Vec<u8>| serde_json::to_string_pretty(&json(body)).unwrap();
    let text = bodies.iter().map(pretty).collect::<Vec<_>>().join("\n");
    short(&text)
}

fn short(text: &str) -> String {
    let mut text = text.to_owned();
    for long in ["&amp;", "&", "a"] {
        let run = long.repeat(100);
        while let Some(begin) = text.find(&run) {
            let rest = text[begin..].trim_start_matches(long).len();
            let times = (text.len() - rest - begin) / long.len();
            let end = text.len() - rest;
            text.replace_range(begin..end, &format!("({long} × {times})"));
        }
    }
    text
}

fn of_each(body: impl Fn(&Notice) -> Vec<u8>) -> String {
    picture(&[firing(), resolved(), hostile(), test()].map(|notice| body(&notice)))
}

#[test]
fn alertmanager_is_told_how_alerts_are_now() {
    let now = at("2026-06-01T12:31:00Z");
    let notices = [firing(), resolved(), hostile(), test()];
    insta::assert_snapshot!(picture(&[alertmanager::body(&notices, now)]));
}

/// Else each sending would be another alert.
#[test]
fn labels_stay_while_an_alert_changes() {
    let changed = Notice {
        alert: AlertSid::from_bytes([1; 16]),
        value: Some(1.0),
        calls: 9,
        summary: "worse".to_owned(),
        call_sids: Vec::new(),
        fired_at: at("2026-06-02T12:00:00Z"),
        ..resolved()
    };
    assert_eq!(labels::labels(&changed), labels::labels(&firing()));
}

#[test]
fn a_number_is_in_no_label() {
    let body = json(&alertmanager::body(&[hostile()], hostile().fired_at));
    assert_eq!(body[0]["labels"]["group"], "party_00");
    assert!(!body[0]["labels"].to_string().contains("2025550143"));
}

#[test]
fn a_webhook_is_like_alertmanagers() {
    let body = |it: &Notice| webhook::body(it, Version::Alertmanager, "ops", "https://a.example");
    insta::assert_snapshot!(of_each(body));
}

#[test]
fn a_webhook_is_like_grafanas() {
    let body = |it: &Notice| webhook::body(it, Version::Grafana, "ops", "");
    insta::assert_snapshot!(of_each(body));
}

/// By `openssl dgst -sha256 -hmac secret`.
#[test]
fn a_webhook_is_signed_as_grafana_does() {
    let signed = webhook::signature("secret", b"{}");
    let expected = "77325902caca812dc259733aacd046b73817372c777b8d95b402647474516e13";
    assert_eq!(signed, expected);
}

#[test]
fn slack_is_told() {
    insta::assert_snapshot!(of_each(slack::body));
}

#[test]
fn pagerduty_is_told() {
    insta::assert_snapshot!(of_each(|it| pagerduty::body(it, "R0")));
}

#[test]
fn teams_are_told() {
    insta::assert_snapshot!(of_each(teams::body));
}

#[test]
fn mail_is_written() {
    let mails = [firing(), resolved(), hostile(), test()].map(|it| {
        let mail = mail::mail(&it, "insights.example.com");
        let references = mail.references.unwrap_or_default();
        format!(
            "Subject: {}\nMessage-ID: {}\nReferences: {references}\n\n{}",
            mail.subject, mail.message_id, mail.text
        )
    });
    insta::assert_snapshot!(short(&mails.join("\n======\n")));
}

proptest! {
    #[test]
    fn limits_hold_whatever_is_said(
        rule_name in "(?s).{0,30}",
        summary in "(?s).{0,30}",
        group in "(?s).{0,30}",
        query in "[!-~]{0,30}",
        times in 1..300_usize,
    ) {
        let notice = Notice {
            rule_name: rule_name.repeat(times),
            summary: summary.repeat(times),
            group: group.repeat(times),
            calls_url: format!("https://a.example/calls?{}", query.repeat(times)),
            ..firing()
        };
        let slack = json(&slack::body(&notice));
        for block in slack["blocks"].as_array().unwrap() {
            for text in [&block["text"]["text"], &block["elements"][0]["text"]] {
                let text = text.as_str().unwrap_or_default();
                prop_assert!(text.chars().count() <= 3_000);
                let is_link = text.starts_with("<https://") && text.ends_with("|Its calls>");
                let angles = text.matches(['<', '>']).count();
                prop_assert_eq!(angles, if is_link { 2 } else { 0 });
            }
        }
        prop_assert!(teams::body(&notice).len() <= 28_000);
        let pagerduty = pagerduty::body(&notice, "R0");
        prop_assert!(pagerduty.len() <= 512_000);
        let summary = json(&pagerduty)["payload"]["summary"].as_str().unwrap().chars().count();
        prop_assert!(summary <= 1_024);
        let mail = mail::mail(&notice, "a.example");
        prop_assert!(!mail.subject.contains(char::is_control));
        prop_assert!(mail.subject.chars().count() <= 140);
        let labels = labels::labels(&notice);
        prop_assert!(labels.values().all(|it| !it.contains(char::is_control)));
        prop_assert_eq!(json!(labels), json(&alertmanager::body(&[notice], at("2026-06-01T12:00:00Z")))[0]["labels"].clone());
    }
}
