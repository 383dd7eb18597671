//! A whole server in process: real store, real fold, a clock that stands still until it is moved.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sidetone::accounts::{self, Credentials, NewAccount, first};
use sidetone::api::events_v1::told;
use sidetone::api::v1::render::template;
use sidetone::api::v2010::feedback_summary::notice;
use sidetone::app::{App, Parts};
use sidetone::bounds::Bounds;
use sidetone::clock::Clock;
use sidetone::config::Settings;
use sidetone::data::{self, Data};
use sidetone::directory::Directory;
use sidetone::live::Live;
use sidetone::outgoing::pauses::Pauses;
use sidetone::routes::Routes;
use sidetone::runner::{Next, Worker};
use sidetone::secrets::Vault;
use sidetone::streams;
use sidetone::tables::{self, Tables};
use sidetone::telemetry::Counters;
use sidetone::web::server::Handler;
use sidetone::workers::catch_up::CatchUp;
use sidetone::workers::feedback_summaries::FeedbackSummaries;
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_store_sqlite::Options;

pub(crate) const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const NOW: &str = "2026-06-01T12:00:00Z";

pub(crate) struct TestServer {
    pub(crate) app: App,
    pub(crate) vault: Arc<Vault>,
    routes: Routes,
    user: String,
    password: String,
    pub(crate) dir: Arc<tempfile::TempDir>,
}

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// Status and error code.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, u64) {
        (self.status.as_u16(), self.json()["code"].as_u64().unwrap())
    }

    /// How many events of a body were new, and how many were there already. None was refused.
    #[track_caller]
    pub(crate) fn kept(&self) -> (u64, u64) {
        assert_eq!(self.status, 200, "{}", self.text);
        let report = self.json();
        assert_eq!(report["rejected"], 0, "{report}");
        let count = |name: &str| report[name].as_u64().unwrap();
        (count("accepted"), count("duplicates"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let settings = Settings {
            data: Some(dir.path().to_owned()),
            account_sid: Some(ACCOUNT.to_owned()),
            auth_token: Some(TOKEN.parse().unwrap()),
            ..settings
        };
        let config = settings.resolve(None).unwrap();
        let clock = Clock::set_to(TimeUs::parse_rfc3339(NOW).unwrap());
        let Data { store, vault } =
            data::open(dir.path(), &config.secret_key_file, Options::default())
                .await
                .unwrap();
        first::ensure_first(store.as_ref(), &vault, &config, clock.now())
            .await
            .unwrap();
        let directory = Directory::load(store.as_ref(), vault.clone())
            .await
            .unwrap();
        let tables = Tables::read(&config, &directory).unwrap();
        let sides = tables::sides::Current::default();
        let published = sides.publish(store.as_ref(), config.sides.clone()).await;
        published.unwrap();
        let app = App::new(Parts {
            render: template::of,
            filter: told::filter,
            write_event: told::write,
            store,
            clock,
            config,
            directory,
            bounds: Bounds::default(),
            live: Live::default(),
            streams: streams::outlets::Current::default(),
            pauses: Pauses::default(),
            counters: Arc::new(Counters::new("0.0.0", "unknown")),
            tables: tables::Current::new(tables),
            sides,
            locations: Arc::default(),
        });
        let routes = Routes::new(app.clone());
        let (user, password) = (ACCOUNT.to_owned(), TOKEN.to_owned());
        Self {
            app,
            vault,
            routes,
            user,
            password,
            dir,
        }
    }

    /// The same server, seen with other credentials.
    pub(crate) fn log_in(&self, user: &str, password: &str) -> Self {
        Self {
            app: self.app.clone(),
            vault: self.vault.clone(),
            routes: self.routes.clone(),
            user: user.to_owned(),
            password: password.to_owned(),
            dir: self.dir.clone(),
        }
    }

    pub(crate) async fn subaccount(&self) -> Credentials {
        let parent: AccountSid = ACCOUNT.parse().unwrap();
        let new = NewAccount {
            parent: Some(parent),
            ..NewAccount::default()
        };
        let store = self.app.store.as_ref();
        let made = accounts::create(store, &self.vault, new, self.app.clock.now())
            .await
            .unwrap();
        self.app.directory.refresh(store).await.unwrap();
        made
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap())
            .await
    }

    pub(crate) async fn post(&self, path: &str, form: &str) -> Answer {
        let kind = "application/x-www-form-urlencoded";
        self.post_as(path, kind, form.to_owned().into_bytes()).await
    }

    pub(crate) async fn post_as(&self, path: &str, kind: &str, body: Vec<u8>) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("content-type", kind);
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let token = STANDARD.encode(format!("{}:{}", self.user, self.password));
        Request::builder()
            .method(method)
            .uri(path)
            .header("host", "sidetone.test")
            .header("authorization", format!("Basic {token}"))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.routes.answer(request).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// Lets time pass, and does all work that has become due.
    pub(crate) async fn pass(&self, seconds: i64) {
        self.app.clock.advance_us(seconds * 1_000_000);
        CatchUp::new(self.app.clone()).drain().await.unwrap();
        self.sum_up_feedback().await;
    }

    /// Makes the summaries of feedback that were asked for.
    pub(crate) async fn sum_up_feedback(&self) {
        let mut worker = FeedbackSummaries::new(self.app.clone(), notice);
        while worker.round(self.app.clock.now()).await.unwrap() != Next::Idle {}
    }

    /// Tells of a step of a call, as a phone system would, and folds it.
    pub(crate) async fn step(&self, call: &str, status: &str, more: &str) {
        let form = format!("CallSid={call}&CallStatus={status}&{more}");
        let answer = self.post("/ingest/v1/status-callback", &form).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
        self.pass(1).await;
    }
}
