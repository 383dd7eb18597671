//! Receivers of alerts are told, each in its own way.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::{Value, json};
use sidetone::alerts::about::About;
use sidetone::alerts::definition::Limit;
use sidetone::alerts::measure::Watched;
use sidetone::alerts::notice::webhook::signature;
use sidetone::alerts::notice::{FIRING, RESOLVED};
use sidetone::alerts::severity::Severity;
use sidetone::delivery::receiver::tell_alertmanager;
use sidetone::outgoing::client::Client;
use sidetone_core::id::{AlertRuleSid, AlertSid, CallSid, SinkSid};
use sidetone_core::time::TimeUs;
use sidetone_store::alerts::{Alert, AlertState};
use sidetone_store::delivery::{PersonalData, StreamEvent};
use sidetone_store::sinks::{SinkChange, SinkStatus};

use super::*;
use crate::alerts::receivers::{RECEIVERS, receiver_form};

const SECOND_US: i64 = 1_000_000;

/// An alert about a number, which fires.
fn firing(n: u8, now: TimeUs) -> Alert {
    let about = About {
        rule_name: "Failures".to_owned(),
        severity: Severity::Error,
        group_by: Some("To".to_owned()),
        is_personal: true,
        is_party: true,
        is_erased: false,
        measure: Watched::Share,
        window_s: 900,
        limit: Limit::Above(5.0),
        compare_weeks: None,
        value: Some(12.5),
        held: Some(8.0),
        baseline: None,
        calls: 80,
        query: "To=%2B12025550176".to_owned(),
        receivers: Vec::new(),
        is_told: true,
    };
    Alert {
        sid: AlertSid::from_bytes([n; 16]),
        account: ACCOUNT.parse().unwrap(),
        rule: AlertRuleSid::from_bytes([n; 16]),
        group: "+12025550176".to_owned(),
        state: AlertState::Firing,
        version: 1,
        pending_at: now,
        fired_at: Some(now),
        resolved_at: None,
        about: serde_json::to_string(&about).unwrap(),
        calls: vec![CallSid::from_bytes([7; 16])],
    }
}

fn resolved(alert: Alert, now: TimeUs) -> Alert {
    Alert {
        state: AlertState::Resolved,
        version: alert.version + 1,
        resolved_at: Some(now),
        ..alert
    }
}

/// What a receiver is to be told of an alert.
fn told(alert: &Alert, kind: &str, sink: SinkSid) -> NewDelivery {
    let mut id = *alert.sid.as_bytes();
    id[0] = u8::from(kind == RESOLVED);
    id[1..9].copy_from_slice(&sink.as_bytes()[..8]);
    NewDelivery {
        id: DeliveryId::from_bytes(id),
        account: alert.account,
        subject: Some(*alert.sid.as_bytes()),
        kind: kind.to_owned(),
        content: Content::Event(StreamEvent {
            sink,
            account: alert.account,
            personal_data: PersonalData::Keep,
            at: alert.pending_at,
            position: None,
            version: alert.version,
        }),
        signature: Signature::None,
        created_at: alert.pending_at,
    }
}

impl Delivering {
    /// Makes a receiver.
    async fn receiver(&self, kind: &str, configuration: &Value) -> SinkSid {
        let form = receiver_form(kind, configuration);
        let made = self.server.post(RECEIVERS, &form).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()["sid"].as_str().unwrap().parse().unwrap()
    }

    async fn put(&self, alert: &Alert, kind: &str, sinks: &[SinkSid]) {
        let deliveries = sinks.iter().map(|sink| told(alert, kind, *sink)).collect();
        let store = &self.server.app.store;
        assert!(store.put_alert(alert.clone(), deliveries).await.unwrap());
    }

    /// Lets time pass until nothing waits: notices take turns.
    async fn until_told(&self) {
        eventually(|| async {
            self.server.app.clock.advance_us(SECOND_US);
            self.waiting().await == 0
        })
        .await;
    }

    async fn status(&self, sink: SinkSid) -> String {
        let receiver = self.server.get(&format!("{RECEIVERS}/{sink}")).await.json();
        receiver["status"].as_str().unwrap().to_owned()
    }

    async fn test(&self, sink: SinkSid) {
        let path = format!("{RECEIVERS}/{sink}/Test");
        let submitted = self.server.post(&path, "").await;
        assert_eq!(submitted.status, 202, "{}", submitted.text);
        assert_eq!(submitted.json(), json!({"result": "submitted"}));
    }
}

/// A server that answers always the same.
async fn answering(status: u16, body: &'static str) -> Receiver {
    let status = StatusCode::from_u16(status).unwrap();
    Receiver::start(Duration::ZERO, move |_| (status, body).into_response()).await
}

fn bodies(receiver: &Receiver) -> Vec<Value> {
    let texts = receiver.texts().into_iter();
    texts
        .map(|text| serde_json::from_str(&text).unwrap())
        .collect()
}

#[tokio::test]
async fn each_receiver_is_told_in_its_own_words_that_it_fired_and_that_it_is_over() {
    let delivering = Delivering::start().await;
    let alertmanager = answering(200, "").await;
    let webhook = answering(204, "").await;
    let grafana = answering(200, "").await;
    let slack = answering(200, "ok").await;
    let pagerduty = answering(202, "{}").await;
    let teams = answering(202, "").await;
    let url = |receiver: &Receiver, path: &str| format!("{}{path}", receiver.origin);
    let in_name = |url: String| url.replace("http://", "http://me:s3cret@");
    let key = "0123456789abcdef0123456789abcdef";
    let mut sinks = Vec::new();
    for (kind, configuration) in [
        (
            "alertmanager",
            json!({"url": url(&alertmanager, "/am/"), "user": "me", "password": "s3cret"}),
        ),
        ("webhook", json!({"url": in_name(url(&webhook, "/in"))})),
        (
            "webhook",
            json!({"url": url(&grafana, "/in"), "version": "1", "secret": "s3cret"}),
        ),
        ("slack", json!({"url": url(&slack, "/services/T0/B0/x")})),
        (
            "pagerduty",
            json!({"routing_key": key, "endpoint": url(&pagerduty, "/v2/enqueue")}),
        ),
        ("teams", json!({"url": url(&teams, "/workflows/1?sig=x")})),
    ] {
        sinks.push(delivering.receiver(kind, &configuration).await);
    }
    let alert = firing(1, delivering.server.app.clock.now());
    delivering.put(&alert, FIRING, &sinks).await;
    delivering.until_told().await;
    let over = resolved(alert.clone(), delivering.server.app.clock.now());
    delivering.put(&over, RESOLVED, &sinks).await;
    delivering.until_told().await;

    for (receiver, path) in [
        (&alertmanager, "/am/api/v2/alerts"),
        (&webhook, "/in"),
        (&grafana, "/in"),
        (&slack, "/services/T0/B0/x"),
        (&pagerduty, "/v2/enqueue"),
        (&teams, "/workflows/1?sig=x"),
    ] {
        let received = receiver.received();
        assert_eq!(received.len(), 2, "{path}");
        for one in received {
            assert_eq!(one.url, url(receiver, path));
            assert_eq!(one.header("content-type"), "application/json");
        }
    }
    for receiver in [&alertmanager, &webhook] {
        let login = receiver.received()[0].header("authorization").to_owned();
        assert_eq!(login, "Basic bWU6czNjcmV0");
    }
    let pseudonym = delivering.server.vault.pseudonym(ACCOUNT, &alert.group);
    let [fired, over] = &bodies(&alertmanager)[..] else {
        panic!()
    };
    assert_eq!(fired[0]["labels"]["group"], pseudonym.as_str());
    assert_eq!(fired[0]["labels"], over[0]["labels"]);
    assert_eq!(fired[0]["startsAt"], over[0]["startsAt"]);
    let statuses = bodies(&webhook);
    let statuses: Vec<&Value> = statuses.iter().map(|it| &it["status"]).collect();
    assert_eq!(statuses, ["firing", "resolved"]);
    assert_eq!(bodies(&webhook)[0]["receiver"], "night shift");
    let signed = &grafana.received()[0];
    assert_eq!(
        signed.header("x-grafana-alerting-signature"),
        signature("s3cret", &signed.body)
    );
    assert_eq!(bodies(&grafana)[1]["state"], "ok");
    assert_eq!(
        bodies(&slack)[0]["text"],
        "[FIRING] Failures: +12025550176\nFailures: To +12025550176: share 12.5 % of 80 calls in 15m, above 5 %"
    );
    let actions = bodies(&pagerduty);
    let actions = actions
        .iter()
        .map(|it| (&it["event_action"], &it["dedup_key"]));
    let dedup = json!(alert.sid);
    assert!(actions.eq([(&json!("trigger"), &dedup), (&json!("resolve"), &dedup)]));
    assert_eq!(bodies(&teams)[1]["type"], "message");
    delivering.stop().await;
}

/// Slack takes one message a second.
#[tokio::test]
async fn a_receiver_is_told_one_thing_a_second_and_nothing_is_dropped() {
    let delivering = Delivering::start().await;
    let slack = answering(200, "ok").await;
    let sink = delivering
        .receiver("slack", &json!({ "url": slack.origin }))
        .await;
    let now = delivering.server.app.clock.now();
    for n in 1..=5 {
        delivering.put(&firing(n, now), FIRING, &[sink]).await;
    }
    for count in 1..=5 {
        slack.until_received(count).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(slack.received().len(), count);
        delivering.server.app.clock.advance_us(SECOND_US);
    }
    delivering.until_told().await;
    delivering.stop().await;
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_sent_again() {
    let delivering = Delivering::start().await;
    for (kind, status) in [("slack", 403), ("teams", 400), ("alertmanager", 400)] {
        let refusing = answering(status, "invalid_payload").await;
        let before = delivering.letters().await.len();
        let sink = delivering
            .receiver(kind, &json!({ "url": refusing.origin }))
            .await;
        delivering.test(sink).await;
        delivering.until_told().await;
        let letters = delivering.letters().await;
        assert_eq!(letters.len(), before + 1, "{kind}");
        let is_told = |error: &str| error == format!("refused for good: answered {status}");
        assert!(letters.iter().any(|it| is_told(&it.error)), "{letters:?}");
        assert_eq!(refusing.received().len(), 1);
        assert_eq!(delivering.status(sink).await, "failed");
    }
    delivering.stop().await;
}

/// A page to sign in, say, is no success; neither is what asks to be left alone.
#[tokio::test]
async fn what_is_not_taken_comes_again() {
    let delivering = Delivering::start().await;
    let proxied = Receiver::start(Duration::ZERO, |before| match before {
        0 => ([(CONTENT_TYPE, "text/html")], "<html>").into_response(),
        1 => (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "60")]).into_response(),
        2 => (StatusCode::INTERNAL_SERVER_ERROR, "rollup_error").into_response(),
        _ => "ok".into_response(),
    })
    .await;
    let sink = delivering
        .receiver("slack", &json!({ "url": proxied.origin }))
        .await;
    delivering.test(sink).await;
    assert_eq!(delivering.status(sink).await, "validating");
    proxied.until_received(1).await;
    eventually(|| async { delivering.status(sink).await == "failed" }).await;
    eventually(|| async {
        delivering.server.app.clock.advance_us(SECOND_US);
        proxied.received().len() == 2
    })
    .await;
    delivering.until_told().await;
    assert_eq!(proxied.received().len(), 4);
    assert_eq!(delivering.status(sink).await, "active");
    let text = bodies(&proxied)[0]["text"].to_string();
    assert!(text.contains("[TEST] Sidetone test"), "{text}");
    delivering.stop().await;
}

/// Nobody has it in hand any more: it was forgotten with what was given up, say, or never queued.
#[tokio::test]
async fn a_test_that_is_lost_has_failed() {
    let delivering = Delivering::start().await;
    let slack = answering(200, "ok").await;
    let sink = delivering
        .receiver("slack", &json!({ "url": slack.origin }))
        .await;
    let app = &delivering.server.app;
    let begun = SinkChange {
        status: Some(SinkStatus::Validating),
        ..SinkChange::default()
    };
    let changed = app
        .store
        .change_sink(ACCOUNT.parse().unwrap(), sink, begun, app.clock.now());
    changed.await.unwrap();
    assert_eq!(delivering.status(sink).await, "validating");
    app.clock.advance_us(61 * SECOND_US);
    assert_eq!(delivering.status(sink).await, "failed");
    let listed = delivering.server.get(RECEIVERS).await.json();
    assert_eq!(listed["receivers"][0]["status"], "failed");
    delivering.stop().await;
}

/// `PagerDuty` counts by key, and an account may have it in several receivers.
#[tokio::test]
async fn receivers_of_one_pagerduty_key_take_turns_together() {
    let delivering = Delivering::start().await;
    let pagerduty = answering(202, "{}").await;
    let mut sinks = Vec::new();
    for _ in 0..3 {
        let configuration = json!({
            "routing_key": "0123456789abcdef0123456789abcdef", "endpoint": pagerduty.origin,
        });
        sinks.push(delivering.receiver("pagerduty", &configuration).await);
    }
    let alert = firing(1, delivering.server.app.clock.now());
    delivering.put(&alert, FIRING, &sinks).await;
    for count in 1..=3 {
        pagerduty.until_received(count).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(pagerduty.received().len(), count);
        delivering.server.app.clock.advance_us(SECOND_US);
    }
    delivering.until_told().await;
    delivering.stop().await;
}

#[tokio::test]
async fn what_is_gone_is_told_nobody() {
    let delivering = Delivering::start().await;
    let slack = answering(200, "ok").await;
    let sink = delivering
        .receiver("slack", &json!({ "url": slack.origin }))
        .await;
    let alert = firing(1, delivering.server.app.clock.now());
    // An alert that expired meanwhile.
    delivering.deliver(vec![told(&alert, FIRING, sink)]).await;
    delivering.until_told().await;
    assert_eq!(slack.received().len(), 0);
    assert_eq!(delivering.letters().await.len(), 0);
    delivering.stop().await;
}

/// As the worker does each minute, beside the outbox.
#[tokio::test]
async fn alertmanager_is_told_how_several_alerts_are() {
    let delivering = Delivering::start().await;
    let alertmanager = answering(200, "").await;
    let configuration = json!({ "url": alertmanager.origin });
    let sink = delivering.receiver("alertmanager", &configuration).await;
    let app = &delivering.server.app;
    let now = app.clock.now();
    let client = Client::new(true, Duration::from_secs(5));
    let pending = Alert {
        state: AlertState::Pending,
        fired_at: None,
        ..firing(3, now)
    };
    let alerts = [firing(1, now), resolved(firing(2, now), now), pending];
    let account = ACCOUNT.parse().unwrap();
    let is_told = tell_alertmanager(app, &client, account, sink, &alerts).await;
    assert!(is_told.unwrap());
    let [body] = &bodies(&alertmanager)[..] else {
        panic!()
    };
    assert_eq!(body.as_array().unwrap().len(), 2);
    assert_eq!(body[0]["endsAt"], "2026-06-01T12:04:00Z");
    assert_eq!(body[1]["endsAt"], "2026-06-01T12:00:00Z");

    // Many come in several bodies.
    let many: Vec<Alert> = (0..120).map(|n| firing(n, now)).collect();
    let is_told = tell_alertmanager(app, &client, account, sink, &many).await;
    assert!(is_told.unwrap());
    let told = bodies(&alertmanager);
    let told = told[1..].iter().map(|body| body.as_array().unwrap().len());
    assert_eq!(told.collect::<Vec<_>>(), [50, 50, 20]);

    let slack = delivering
        .receiver("slack", &json!({ "url": alertmanager.origin }))
        .await;
    let is_told = tell_alertmanager(app, &client, account, slack, &alerts).await;
    assert!(!is_told.unwrap(), "another kind");
    let refusing = answering(400, "bad").await;
    let configuration = json!({ "url": refusing.origin });
    let sink = delivering.receiver("alertmanager", &configuration).await;
    let refused = tell_alertmanager(app, &client, account, sink, &alerts).await;
    let refused = refused.unwrap_err().to_string();
    assert_eq!(refused, "refused for good: answered 400");
    delivering.stop().await;
}
