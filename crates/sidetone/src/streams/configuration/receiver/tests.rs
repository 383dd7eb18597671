//! What is read, what is shown of it, and what is refused.

use serde_json::json;

use super::super::members::URL;
use super::*;

const KEY: &str = "0123456789abcdef0123456789ABCDEF";

#[test]
fn what_was_given_is_shown_without_what_opens_it() {
    use ReceiverType::{Alertmanager, Email, Pagerduty, Slack, Teams, Webhook};
    for (kind, given, expected) in [
        (
            Alertmanager,
            json!({"url": "http://am.example:9093", "user": "me", "password": "s3cret"}),
            json!({"url": "http://am.example:9093", "user": "me", "password": "***"}),
        ),
        (
            Webhook,
            json!({"url": "https://me:s3cret@a.example/in"}),
            json!({"url": "https://me:***@a.example/in", "version": "4"}),
        ),
        (
            Webhook,
            json!({"url": "https://a.example/in", "version": "1", "secret": "s3cret"}),
            json!({"url": "https://a.example/in", "version": "1", "secret": "***"}),
        ),
        (
            Slack,
            json!({"url": "https://hooks.slack.com/services/T0/B0/s3cret"}),
            json!({"url": "https://hooks.slack.com/***"}),
        ),
        (
            Pagerduty,
            json!({"routing_key": KEY, "endpoint": null}),
            json!({"routing_key": "***CDEF"}),
        ),
        (
            Teams,
            json!({"url": "https://a.logic.azure.com:443/workflows/1?sig=s3cret"}),
            json!({"url": "https://a.logic.azure.com:443/***"}),
        ),
        (
            Email,
            json!({"to": ["noc@example.com", "a.b+c@x-y.example"]}),
            json!({"to": ["noc@example.com", "a.b+c@x-y.example"]}),
        ),
    ] {
        let read = Receiver::read(kind, &given.to_string());
        let shown = read.map(|it| Value::Object(it.shown()));
        assert_eq!(shown, Ok(expected), "{given}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    use ReceiverType::{Alertmanager, Email, Pagerduty, Slack, Teams, Webhook};
    let long = json!({"url": "u", "secret": "a".repeat(256)}).to_string();
    let many = json!({"to": vec!["a@b.example"; 21]}).to_string();
    for (kind, text, member, given, expected) in [
        (Slack, "[]", "", Some("***"), "a JSON object with url"),
        (
            Slack,
            r#"{"uri":"x"}"#,
            "",
            Some("uri"),
            "a JSON object with url",
        ),
        (Slack, "{}", "url", None, URL),
        (Slack, r#"{"url":""}"#, "url", Some("***"), URL),
        (
            Alertmanager,
            r#"{"url":"u","user":"a:b"}"#,
            "user",
            Some("***"),
            USER,
        ),
        (
            Alertmanager,
            r#"{"url":"u","password":"p"}"#,
            "password",
            Some("***"),
            PASSWORD,
        ),
        (
            Alertmanager,
            r#"{"url":"u","user":"a\n"}"#,
            "user",
            Some("***"),
            USER,
        ),
        (
            Webhook,
            r#"{"url":"u","version":"2"}"#,
            "version",
            Some("2"),
            VERSION,
        ),
        (
            Webhook,
            r#"{"url":"u","version":4}"#,
            "version",
            Some("4"),
            VERSION,
        ),
        (Webhook, &long, "secret", Some("***"), SECRET),
        (Pagerduty, "{}", "routing_key", None, ROUTING_KEY),
        (
            Pagerduty,
            r#"{"routing_key":"R0"}"#,
            "routing_key",
            Some("***"),
            ROUTING_KEY,
        ),
        (
            Teams,
            r#"{"url":"https://acme.WEBHOOK.office.com/x"}"#,
            "url",
            Some("***"),
            WORKFLOW,
        ),
        (Email, "{}", "to", None, TO),
        (
            Email,
            r#"{"to":"noc@example.com"}"#,
            "to",
            Some("\"noc@example.com\""),
            TO,
        ),
        (Email, r#"{"to":[]}"#, "to", Some("[]"), TO),
        (Email, r#"{"to":["a@b.example",5]}"#, "to", Some("5"), TO),
        (Email, &many, "to", Some(&many[6..many.len() - 1]), TO),
    ] {
        let wrong = Receiver::read(kind, text).err();
        let told = WrongMember::new(member, given.map(str::to_owned), expected);
        assert_eq!(wrong, Some(told), "{text}");
    }
}

#[test]
fn each_type_is_a_kind_of_sink() {
    let kinds: Vec<_> = ReceiverType::ALL.iter().map(|it| it.kind()).collect();
    assert_eq!(kinds, SinkKind::RECEIVERS);
    for kind in SinkKind::STREAMS {
        assert_eq!(ReceiverType::of(*kind), None);
    }
}
