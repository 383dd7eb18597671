//! What is taken, what is shown, and for whom it opens.

use serde_json::json;

use super::*;

fn shown(kind: SinkKind, text: &str) -> Value {
    match Configuration::read(kind, text) {
        Ok(configuration) => Value::Object(configuration.shown()),
        Err(wrong) => panic!("{wrong:?}"),
    }
}

#[test]
fn what_was_given_is_shown_without_what_opens_it() {
    let secret = format!("whsec_{}", STANDARD.encode([1; 24]));
    for (kind, given, expected) in [
        (
            SinkKind::Webhook,
            json!({"destination": "https://example.com/in?a=1", "method": "post", "batch_events": false}),
            json!({"destination": "https://example.com/in?a=1", "method": "post", "batch_events": false}),
        ),
        (
            SinkKind::Webhook,
            json!({"destination": "https://me:se:cr@et@example.com:8443/a@b", "method": null}),
            json!({"destination": "https://me:***@example.com:8443/a@b"}),
        ),
        (
            SinkKind::Webhook,
            json!({"destination": "https://token@example.com?a@b", "signature": "twilio"}),
            json!({"destination": "https://***@example.com?a@b", "signature": "twilio"}),
        ),
        (
            SinkKind::Webhook,
            json!({"destination": "https://example.com", "signature": "standard", "secret": secret}),
            json!({"destination": "https://example.com", "signature": "standard", "secret": "***"}),
        ),
        (
            SinkKind::Segment,
            json!({"write_key": "abcdefgh1234"}),
            json!({"write_key": "***1234"}),
        ),
        (
            SinkKind::Segment,
            json!({"write_key": "abc1234", "endpoint": "https://events.eu1.segmentapis.com/v1/batch"}),
            json!({"write_key": "***", "endpoint": "https://events.eu1.segmentapis.com/v1/batch"}),
        ),
    ] {
        assert_eq!(shown(kind, &given.to_string()), expected, "{given}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let webhook = SinkKind::Webhook;
    let all = "a JSON object with destination, method, batch_events, signature, secret";
    for (kind, text, member, given, expected) in [
        (webhook, "", "", Some("***"), all),
        (webhook, "[1]", "", Some("***"), all),
        (webhook, r#"{"url":"https://a.b/"}"#, "", Some("url"), all),
        (webhook, "{}", "destination", None, DESTINATION),
        (
            webhook,
            r#"{"destination":5}"#,
            "destination",
            Some("5"),
            DESTINATION,
        ),
        (
            webhook,
            r#"{"destination":""}"#,
            "destination",
            None,
            DESTINATION,
        ),
        (
            webhook,
            r#"{"destination":"u","method":"GET"}"#,
            "method",
            Some("GET"),
            "POST",
        ),
        (
            webhook,
            r#"{"destination":"u","batch_events":"yes"}"#,
            "batch_events",
            Some("\"yes\""),
            "true or false",
        ),
        (
            webhook,
            r#"{"destination":"u","signature":"none"}"#,
            "signature",
            Some("none"),
            "twilio or standard",
        ),
        (
            webhook,
            r#"{"destination":"u","secret":"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
            "secret",
            Some("***"),
            SECRET,
        ),
        (
            webhook,
            r#"{"destination":"u","signature":"standard","secret":"whsec_AAAA"}"#,
            "secret",
            Some("***"),
            SECRET,
        ),
        (SinkKind::Segment, "{}", "write_key", None, WRITE_KEY),
        (
            SinkKind::Segment,
            r#"{"write_key":"a:b"}"#,
            "write_key",
            Some("***"),
            WRITE_KEY,
        ),
    ] {
        let wrong = Configuration::read(kind, text).err();
        let told = WrongMember::new(member, given.map(str::to_owned), expected);
        assert_eq!(wrong, Some(told), "{text}");
    }
}

#[test]
fn a_secret_is_made_up_where_one_is_needed() {
    let text = r#"{"destination":"https://a.b/","signature":"standard"}"#;
    let mut read = Configuration::read(SinkKind::Webhook, text).ok().unwrap();
    let secret = read.complete().unwrap().unwrap().to_owned();
    assert!(is_secret(&secret), "{secret}");
    assert!(read.complete().unwrap().is_none());
    assert_eq!(read.shown()["secret"], "***");
}

#[test]
fn it_opens_for_its_sink_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret.key");
    Vault::create(&path).unwrap();
    let vault = Vault::open(&path).unwrap();
    let (one, other) = (SinkSid::from_bytes([1; 16]), SinkSid::from_bytes([2; 16]));
    let text = r#"{"destination":"https://me:secret@a.b/","method":"POST"}"#;
    let read = Configuration::read(SinkKind::Webhook, text).ok().unwrap();
    let sealed = read.seal(&vault, one).unwrap();
    assert!(Configuration::open(&vault, one, &sealed) == Some(read));
    assert!(Configuration::open(&vault, other, &sealed).is_none());
}
