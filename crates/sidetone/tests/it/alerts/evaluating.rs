//! What the worker makes of calls, round by round, by a clock that stands still until it is moved.

use axum::body::Body;
use axum::http::Method;
use serde_json::{Value, json};
use sidetone::config::Settings;
use sidetone::runner::Worker;
use sidetone::workers::alerts::HoldToRules;
use sidetone_store::delivery::Owed;
use sidetone_store::page::{PageRequest, Start};

use super::receivers::{RECEIVERS, receiver_form};
use super::{RULES, form};
use crate::harness::TestServer;

const NUMBER: &str = "+12025550176";

struct Evaluating {
    server: TestServer,
    worker: HoldToRules,
}

impl Evaluating {
    async fn start() -> Self {
        let server = TestServer::with(Settings::default()).await;
        let worker = HoldToRules::new(server.app.clone());
        Self { server, worker }
    }

    async fn rule(&self, pairs: &[(&str, &str)]) {
        let made = self.server.post(RULES, &form(pairs)).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }

    /// A call that is over and complete.
    async fn call(&self, number: u32, to: &str) -> String {
        let sid = format!("CA{number:032x}");
        let parties = form(&[("From", "+12025550143"), ("To", to)]);
        self.server.step(&sid, "completed", &parties).await;
        self.server.pass(60).await;
        sid
    }

    /// Lets some seconds pass, evaluated each.
    async fn seconds(&mut self, count: usize) {
        for _ in 0..count {
            self.server.app.clock.advance_us(1_000_000);
            let now = self.server.app.clock.now();
            self.worker.round(now).await.unwrap();
        }
    }

    async fn alerts(&self) -> Vec<Value> {
        let answer = self.server.get("/v1/Voice/Alerts").await.json();
        answer["alerts"].as_array().unwrap().clone()
    }

    /// What waits to be told.
    async fn told(&self) -> Vec<String> {
        let page = PageRequest {
            start: Start::First { skip: 0 },
            size: 100,
        };
        let waiting = self.server.app.store.waiting_deliveries(Owed::All, &page);
        let waiting = waiting.await.unwrap().rows.into_iter();
        waiting.map(|it| it.kind).collect()
    }
}

/// Its receivers were told that it fires, so they are told that it is over; the number is nowhere any more.
#[tokio::test]
async fn an_alert_about_somebody_who_is_erased_ends_without_the_number() {
    let mut evaluating = Evaluating::start().await;
    let slack = json!({"url": "https://hooks.slack.com/services/T0/B0/x"});
    let receiver = receiver_form("slack", &slack);
    let receiver = evaluating.server.post(RECEIVERS, &receiver).await.json();
    let receiver = receiver["sid"].as_str().unwrap();
    for (name, group_by, more) in [
        ("Called", "To", ("Receivers", receiver)),
        ("Countries", "Country", ("Severity", "info")),
    ] {
        let pairs = [
            ("Name", name),
            ("Measure", "calls"),
            ("GroupBy", group_by),
            ("Above", "0"),
            more,
        ];
        evaluating.rule(&pairs).await;
    }
    let first = evaluating.call(1, NUMBER).await;
    evaluating.call(2, NUMBER).await;
    evaluating.seconds(3).await;
    assert_eq!(evaluating.alerts().await.len(), 2);
    assert_eq!(evaluating.told().await, ["alert.firing"]);

    let path = format!("/v1/Voice/{first}/Summary");
    let request = evaluating.server.request(Method::DELETE, &path);
    let erased = evaluating.server.send(request.body(Body::empty()).unwrap());
    assert_eq!(erased.await.status, 204);
    assert!(
        !json!(evaluating.alerts().await)
            .to_string()
            .contains("2025550176")
    );
    evaluating.seconds(3).await;
    assert_eq!(
        evaluating.told().await,
        ["alert.firing", "alert.resolved", "alert.firing"]
    );
    let alerts = evaluating.alerts().await;
    let named = |name: &str| -> Vec<&Value> {
        alerts.iter().filter(|it| it["rule_name"] == name).collect()
    };
    // The other call is still there, so that one about it begins.
    let [again, over] = named("Called")[..] else {
        panic!("{alerts:#?}")
    };
    assert_eq!(
        (&again["state"], &again["group"]),
        (&json!("firing"), &json!(NUMBER))
    );
    assert_eq!(over["state"], "resolved");
    let group = format!("erased {}", over["sid"].as_str().unwrap());
    assert_eq!(over["group"], group.as_str());
    assert_eq!(over["calls_url"], Value::Null);
    assert_eq!(over["call_sids"], json!([]));
    // A country is nobody.
    let [country] = named("Countries")[..] else {
        panic!("{alerts:#?}")
    };
    assert_eq!(
        (&country["state"], &country["group"]),
        (&json!("firing"), &json!("US"))
    );
}
