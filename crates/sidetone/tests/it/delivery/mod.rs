//! Deliveries to real servers: order, isolation, failures, dead letters.

mod arriving;
mod failing;
mod telling;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use sidetone::config::{Settings, Switch};
use sidetone::delivery::{Deliveries, Limits};
use sidetone::runner;
use sidetone_store::delivery::{
    Content, DeadLetter, DeliveryId, DeliveryRequest, Headers, Method, NewDelivery, Owed, Signature,
};
use sidetone_store::page::{PageRequest, Start};
use sidetone_wire::form::Form;
use sidetone_wire::signature::{verify_body, verify_form};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::harness::{ACCOUNT, TOKEN, TestServer};

const FORM: &str = "application/x-www-form-urlencoded";
/// Longer than anything here takes when it works.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as it came.
#[derive(Clone)]
struct Received {
    url: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// What a delivery asks for.
fn request(delivery: &mut NewDelivery) -> &mut DeliveryRequest {
    match &mut delivery.content {
        Content::Request(request) => request,
        Content::Event(event) => panic!("{event:?}"),
    }
}

type Answer = Arc<dyn Fn(usize) -> Response + Send + Sync>;

/// Somebody else's server: notes what comes and answers as it is told, by how many came before.
#[derive(Clone)]
struct Receiver {
    origin: String,
    received: Arc<Mutex<Vec<Received>>>,
    answer: Answer,
    delay: Duration,
}

impl Receiver {
    async fn start(
        delay: Duration,
        answer: impl Fn(usize) -> Response + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            origin: format!("http://{}", listener.local_addr().unwrap()),
            received: Arc::default(),
            answer: Arc::new(answer),
            delay,
        };
        let routes = Router::new()
            .fallback(Self::receive)
            .with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        receiver
    }

    /// One that takes everything.
    async fn willing() -> Self {
        Self::start(Duration::ZERO, |_| StatusCode::NO_CONTENT.into_response()).await
    }

    async fn receive(State(receiver): State<Self>, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let received = Received {
            url: format!("{}{}", receiver.origin, parts.uri),
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        };
        let before = {
            let mut all = receiver.received.lock().unwrap();
            all.push(received);
            all.len() - 1
        };
        tokio::time::sleep(receiver.delay).await;
        (receiver.answer)(before)
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    fn texts(&self) -> Vec<String> {
        let received = self.received();
        received.iter().map(|one| one.text().to_owned()).collect()
    }

    async fn until_received(&self, count: usize) {
        eventually(|| async { self.received.lock().unwrap().len() >= count }).await;
    }
}

async fn eventually<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
}

/// A server that delivers.
struct Delivering {
    server: TestServer,
    stop: watch::Sender<bool>,
    worker: JoinHandle<()>,
}

impl Delivering {
    async fn start() -> Self {
        Self::with(true, Duration::from_secs(5)).await
    }

    async fn with(allow_private: bool, time_out: Duration) -> Self {
        let server = TestServer::with(Settings {
            webhook_allow_private: Some(Switch(allow_private)),
            ..Settings::default()
        })
        .await;
        let (stop, stopped) = watch::channel(false);
        let limits = Limits {
            time_out,
            poll: Duration::from_millis(20),
            ..Limits::default()
        };
        let deliveries = Deliveries::new(server.app.clone(), limits, stopped.clone());
        let worker = tokio::spawn(runner::run(server.app.clone(), deliveries, stopped));
        Self {
            server,
            stop,
            worker,
        }
    }

    async fn deliver(&self, deliveries: Vec<NewDelivery>) {
        let app = &self.server.app;
        app.store.deliver(deliveries).await.unwrap();
    }

    /// A form about a subject.
    fn form(&self, n: u8, url: &str, subject: Option<u8>) -> NewDelivery {
        NewDelivery {
            id: DeliveryId::from_bytes([n; 16]),
            account: ACCOUNT.parse().unwrap(),
            subject: subject.map(|n| [n; 16]),
            kind: "test".to_owned(),
            content: Content::Request(DeliveryRequest {
                method: Method::Post,
                url: url.to_owned(),
                headers: Headers::default(),
                body: Some((FORM.to_owned(), format!("n={n}").into_bytes())),
            }),
            signature: Signature::Twilio,
            created_at: self.server.app.clock.now(),
        }
    }

    async fn waiting(&self) -> u64 {
        self.server
            .app
            .store
            .stats()
            .await
            .unwrap()
            .deliveries_waiting
    }

    async fn until_all_arrived(&self) {
        eventually(|| async { self.waiting().await == 0 }).await;
    }

    async fn letters(&self) -> Vec<DeadLetter> {
        let whole = PageRequest {
            start: Start::First { skip: 0 },
            size: 100,
        };
        let letters = self.server.app.store.dead_letters(Owed::All, &whole).await;
        letters.unwrap().rows
    }

    /// Sends one that fails for three days, and says why.
    async fn last_words(&self, url: &str) -> String {
        self.deliver(vec![self.form(1, url, None)]).await;
        eventually(|| async {
            self.server.app.clock.advance_us(86_400_000_000);
            self.letters().await.len() == 1
        })
        .await;
        self.letters().await.remove(0).error
    }

    async fn stop(self) -> TestServer {
        self.stop.send_replace(true);
        self.worker.await.unwrap();
        self.server
    }
}
