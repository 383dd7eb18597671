//! Receivers: how they are made, shown and forgotten.

use serde_json::{Value, json};

use super::rules::delete;
use super::{RULES, form};
use crate::api::picture;
use crate::harness::{ACCOUNT, Answer, TestServer};

pub(crate) const RECEIVERS: &str = "/v1/Voice/Alerts/Receivers";
const SLACK: &str = "https://hooks.slack.com/services/T0/B0/s3cret";

pub(crate) fn receiver_form(kind: &str, configuration: &Value) -> String {
    form(&[
        ("Description", "night shift"),
        ("Type", kind),
        ("Configuration", &configuration.to_string()),
    ])
}

async fn make(server: &TestServer, kind: &str, configuration: &Value) -> Answer {
    server
        .post(RECEIVERS, &receiver_form(kind, configuration))
        .await
}

#[tokio::test]
async fn a_receiver_from_beginning_to_end() {
    let server = TestServer::start().await;
    let made = make(&server, "slack", &json!({ "url": SLACK })).await;
    let sid = made.json()["sid"].as_str().unwrap().to_owned();
    insta::assert_snapshot!("receiver", picture(&made).replace(&sid, "DG…"));
    let path = format!("{RECEIVERS}/{sid}");
    assert_eq!(server.get(&path).await.json(), made.json());
    let listed = server.get(RECEIVERS).await.json();
    assert_eq!(listed["receivers"], json!([made.json()]));

    // What opens it is nowhere but in what is sealed.
    let kept = server
        .app
        .store
        .sink(ACCOUNT.parse().unwrap(), sid.parse().unwrap());
    let kept = kept.await.unwrap().unwrap().configuration;
    assert!(!kept.windows(6).any(|window| window == b"s3cret"));

    // It is no sink of events, and no subaccount's.
    assert_eq!(server.get("/v1/Sinks").await.json()["sinks"], json!([]));
    let subscription = form(&[
        ("Description", "all"),
        ("SinkSid", &sid),
        (
            "Types",
            r#"{"type":"com.twilio.voice.insights.call-summary.complete"}"#,
        ),
    ]);
    let refused = server.post("/v1/Subscriptions", &subscription).await;
    assert_eq!(refused.status.as_u16() / 100, 4, "{}", refused.text);
    let below = server.subaccount().await;
    let below = server.log_in(&below.account_sid, &below.auth_token);
    for answer in [
        server.get(&format!("/v1/Sinks/{sid}")).await,
        delete(&server, &format!("/v1/Sinks/{sid}")).await,
        below.get(&path).await,
        delete(&below, &path).await,
        below.post(&format!("{path}/Test"), "").await,
    ] {
        assert_eq!(answer.error(), (404, 20404), "{}", answer.text);
    }
    assert_eq!(below.get(RECEIVERS).await.json()["receivers"], json!([]));

    // A rule that names it keeps it.
    let rule = form(&[
        ("Name", "Calls"),
        ("Measure", "calls"),
        ("Below", "1"),
        ("Receivers", &sid),
    ]);
    let rule = server.post(RULES, &rule).await;
    assert_eq!(rule.status, 201, "{}", rule.text);
    let refused = delete(&server, &path).await;
    assert_eq!(refused.error(), (400, 20001));
    assert!(refused.text.contains("is in use by the rule AR"));
    let rule = rule.json()["sid"].as_str().unwrap().to_owned();
    let deleted = delete(&server, &format!("{RULES}/{rule}")).await;
    assert_eq!(deleted.status, 204);
    assert_eq!(delete(&server, &path).await.status, 204);
    assert_eq!(server.get(&path).await.error(), (404, 20404));
    let log = server.get("/v1/Voice/Audit").await.json();
    let log = log["audit"].as_array().unwrap().iter();
    let of_it: Vec<&Value> = log.filter(|it| it["target"] == sid.as_str()).collect();
    assert_eq!(of_it.len(), 2, "made and deleted: {of_it:?}");
}

#[tokio::test]
async fn a_receiver_of_a_subaccount_is_made_by_its_parent() {
    let server = TestServer::start().await;
    let below = server.subaccount().await;
    let named = format!(
        "{}&Subaccount={}",
        receiver_form("slack", &json!({ "url": SLACK })),
        below.account_sid
    );
    let made = server.post(RECEIVERS, &named).await;
    assert_eq!(made.json()["account_sid"], below.account_sid.as_str());
    let path = format!("{RECEIVERS}/{}", made.json()["sid"].as_str().unwrap());
    assert_eq!(server.get(&path).await.error(), (404, 20404));
    let named = format!("{path}?Subaccount={}", below.account_sid);
    assert_eq!(server.get(&named).await.status, 200);
    assert_eq!(delete(&server, &named).await.status, 204);
}

#[tokio::test]
async fn what_cannot_be_told_is_refused() {
    let server = TestServer::start().await;
    let types = "one of alertmanager, webhook, slack, pagerduty, teams, email";
    for (kind, configuration, parameter, expected) in [
        ("", json!({}), "Type", types),
        ("sms", json!({}), "Type", types),
        ("segment", json!({"write_key": "a"}), "Type", types),
        ("slack", json!({}), "Configuration", "url is missing"),
        (
            "slack",
            json!({"url": "http://127.0.0.1/s3cret"}),
            "Configuration",
            "url is at the private address 127.0.0.1",
        ),
        (
            "slack",
            json!({"url": "https://me:s3cret@a.example/"}),
            "Configuration",
            "url holds a user name or password",
        ),
        (
            "pagerduty",
            json!({"routing_key": "0123456789abcdef0123456789abcdef", "endpoint": "ftp://s3cret"}),
            "Configuration",
            "endpoint does not begin with http",
        ),
        (
            "teams",
            json!({"url": "https://acme.webhook.office.com/s3cret"}),
            "Configuration",
            "connectors of Office 365 have ended",
        ),
        (
            "email",
            json!({"to": ["noc@example.com"]}),
            "Type",
            if cfg!(feature = "email") {
                "names a server in the table [mail]"
            } else {
                "built without mail"
            },
        ),
    ] {
        let refused = make(&server, kind, &configuration).await;
        assert_eq!(refused.error(), (400, 20001), "{kind} {configuration}");
        let refused = refused.json();
        assert_eq!(refused["details"]["parameter"], parameter, "{refused}");
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
    }
    let nameless = form(&[("Type", "slack"), ("Configuration", "{}")]);
    let refused = server.post(RECEIVERS, &nameless).await;
    assert_eq!(refused.error(), (400, 20001));
    assert_eq!(server.get(RECEIVERS).await.json()["receivers"], json!([]));
}

#[cfg(feature = "email")]
#[tokio::test]
async fn mail_is_taken_where_a_server_sends_it() {
    use sidetone::config::Settings;

    let file = tempfile::NamedTempFile::new().unwrap();
    let mail = "[mail]\nserver = 'smtp.example.com'\nfrom = 'sidetone@example.com'\n";
    std::fs::write(file.path(), mail).unwrap();
    let settings = Settings::default().with_file(file.path()).unwrap();
    let server = TestServer::with(settings).await;
    let to = json!({"to": ["noc@example.com"]});
    let made = make(&server, "email", &to).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["configuration"], to);
}

/// Whatever is asked, the least is made by an admin.
#[test]
fn receivers_are_for_admins() {
    use axum::http::Method;
    use sidetone::api::auth::role::least;
    use sidetone_store::people::Role;

    for method in [Method::GET, Method::POST, Method::DELETE] {
        for path in [RECEIVERS.to_owned(), format!("{RECEIVERS}/DG00")] {
            assert_eq!(least(&method, &path), Role::Admin, "{method} {path}");
        }
    }
}
