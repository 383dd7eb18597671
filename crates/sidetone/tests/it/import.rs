//! `sidetone import twilio`, from one Sidetone into another.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sidetone::config::Networks;
use sidetone::routes::Routes;
use sidetone::web::server::{Handler, Serving, serve};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::api::{carrier_call, settle, tell};
use crate::harness::{ACCOUNT, TOKEN, TestServer};

const CALLS: u32 = 120;

/// A server that says no after some requests, and now and then that it is too much.
#[derive(Clone)]
struct Limited {
    routes: Routes,
    left: Arc<AtomicUsize>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Handler for Limited {
    async fn answer(&self, request: Request<Body>) -> Response {
        let number = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(request.uri().to_string());
            asked.len()
        };
        if number % 7 == 0 {
            return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")]).into_response();
        }
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        if left.is_err() {
            return StatusCode::FORBIDDEN.into_response();
        }
        self.routes.answer(request).await
    }

    fn busy(&self) -> Response {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}

fn sid(number: u32) -> String {
    format!("CA{number:032x}")
}

/// What the source holds: calls of ours, one of another system, one that runs, judged in all ways.
async fn source() -> TestServer {
    let server = TestServer::start().await;
    for number in 1..CALLS {
        let mut events = carrier_call();
        if number == 1 {
            events.pop();
        }
        for event in &mut events {
            let at = event["at"].as_str().unwrap();
            event["at"] = json!(at.replace("11:5", &format!("{:02}:5", number % 11)));
        }
        tell(&server, &sid(number), &events).await;
    }
    let path = "../../fixtures/twilio/event-streams/summary-complete-fullest.json";
    let text = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let sent = server
        .post_as("/ingest/v1/event-streams", "application/json", text)
        .await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    settle(&server).await;
    for number in 2..30 {
        let path = format!("/v1/Voice/{}/Annotation", sid(number));
        server
            .post(
                &path,
                &format!(
                    "CallScore={}&QualityIssues=echo&Comment=no {number}",
                    number % 5 + 1
                ),
            )
            .await;
        let path = format!(
            "/2010-04-01/Accounts/{ACCOUNT}/Calls/{}/Feedback.json",
            sid(number)
        );
        server
            .post(&path, "QualityScore=2&Issue=dropped-call")
            .await;
    }
    server
}

/// Where it listens, and what is asked of it.
struct Listening {
    url: String,
    limited: Limited,
    _stop: watch::Sender<bool>,
}

async fn listen(server: &TestServer) -> Listening {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let limited = Limited {
        routes: Routes::new(server.app.clone()),
        left: Arc::new(AtomicUsize::new(usize::MAX)),
        asked: Arc::default(),
    };
    let serving = Serving {
        handler: limited.clone(),
        tls: None,
        max_connections: 8,
        client_timeout: Duration::from_secs(20),
        trusted_proxies: Networks::default(),
        counters: server.app.counters.clone(),
        clock: server.app.clock.clone(),
    };
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(serve(listener, serving, stopped));
    Listening {
        url,
        limited,
        _stop: stop,
    }
}

async fn run(data: PathBuf, arguments: Vec<String>, token: &'static str) -> (Option<i32>, String) {
    let output: Output = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sidetone"));
        command.env("SIDETONE_IMPORT_AUTH_TOKEN", token);
        command
            .args(arguments)
            .arg("--data")
            .arg(data)
            .output()
            .unwrap()
    })
    .await
    .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

async fn import(from: &Listening, to: &TestServer, token: &'static str) -> (Option<i32>, String) {
    let arguments = [
        "import",
        "twilio",
        "--account-sid",
        ACCOUNT,
        "--base-url",
        &from.url,
        "--start-time",
        "2026-05-01",
    ];
    let arguments = arguments.map(str::to_owned).to_vec();
    run(to.dir.path().to_owned(), arguments, token).await
}

async fn exported(server: &TestServer, what: &str) -> Vec<Value> {
    let arguments = ["export", "--format", "ndjson", "--what", what]
        .map(str::to_owned)
        .to_vec();
    let (code, text) = run(server.dir.path().to_owned(), arguments, "").await;
    assert_eq!(code, Some(0), "{text}");
    let lines = text.lines().filter(|line| line.starts_with('{'));
    let mut rows: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for row in &mut rows {
        row.as_object_mut()
            .unwrap()
            .retain(|name, value| name != "cursor" && !value.is_null());
    }
    rows.sort_by_key(|row| row["call_sid"].as_str().unwrap().to_owned());
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_copied_is_exported_alike_also_after_an_interruption() {
    let (from, to) = (source().await, TestServer::start().await);
    let listening = listen(&from).await;
    // Refused in the second page: the first is durable.
    listening.limited.left.store(330, Ordering::SeqCst);
    let (code, told) = import(&listening, &to, TOKEN).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("after 100 calls") && told.contains("does not accept the credentials"),
        "{told}"
    );
    listening.limited.left.store(usize::MAX, Ordering::SeqCst);
    let asked = listening.limited.asked.lock().unwrap().len();
    let (code, told) = import(&listening, &to, TOKEN).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("going on after 100 calls") && told.contains("120 calls imported"),
        "{told}"
    );
    let pages = listening.limited.asked.lock().unwrap()[asked..].to_vec();
    let again = pages
        .iter()
        .filter(|path| path.contains("/Summaries") && !path.contains("PageToken"));
    assert_eq!(again.count(), 0, "the first page is not read again");
    for what in ["summaries", "feedback"] {
        let (there, here) = (exported(&from, what).await, exported(&to, what).await);
        assert_eq!(here.len(), there.len(), "{what}");
        for (here, there) in here.iter().zip(&there) {
            assert_eq!(here, there, "{what}");
        }
    }
    let (there, here) = (
        exported(&from, "annotations").await,
        exported(&to, "annotations").await,
    );
    let said = |rows: &[Value]| {
        let shown = |row: &Value| {
            json!([
                row["call_sid"],
                row["call_score"],
                row["comment"],
                row["quality_issues"]
            ])
        };
        rows.iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(said(&here), said(&there));
    // Once more: nothing is doubled.
    let (code, told) = import(&listening, &to, TOKEN).await;
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(
        exported(&to, "summaries").await,
        exported(&from, "summaries").await
    );
    assert_eq!(exported(&to, "annotations").await.len(), here.len());
    assert_eq!(to.app.store.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_told() {
    let (from, to) = (TestServer::start().await, TestServer::start().await);
    let listening = listen(&from).await;
    let (code, told) = import(&listening, &to, "wrong").await;
    assert!(
        code == Some(1) && told.contains("does not accept the credentials"),
        "{told}"
    );
    assert!(!told.contains("wrong"), "{told}");
    for (url, said) in [
        ("ftp://x", "expected http:// or https://"),
        ("http://user@x", "expected http:// or https://"),
        ("http://x/v1", "expected no path"),
    ] {
        let arguments = [
            "import",
            "twilio",
            "--account-sid",
            ACCOUNT,
            "--base-url",
            url,
        ];
        let (code, told) = run(
            to.dir.path().to_owned(),
            arguments.map(str::to_owned).to_vec(),
            TOKEN,
        )
        .await;
        assert!(code == Some(1) && told.contains(said), "{told}");
    }
    let arguments = [
        "import",
        "twilio",
        "--account-sid",
        ACCOUNT,
        "--auth-token",
        TOKEN,
    ];
    let (code, told) = run(
        to.dir.path().to_owned(),
        arguments.map(str::to_owned).to_vec(),
        TOKEN,
    )
    .await;
    assert!(code == Some(2), "no token on the command line: {told}");
}
