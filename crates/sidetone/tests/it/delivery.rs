//! Deliveries to real servers: order, isolation, failures, dead letters.

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
use sidetone::delivery::{self, Limits};
use sidetone_store::delivery::{DeadLetter, DeliveryId, DeliveryRequest, Method, NewDelivery};
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
        let worker = tokio::spawn(delivery::run(server.app.clone(), limits, stopped));
        Self {
            server,
            stop,
            worker,
        }
    }

    async fn deliver(&self, deliveries: Vec<NewDelivery>) {
        let app = &self.server.app;
        app.store.deliver(deliveries).await.unwrap();
        app.outbox_filled.notify_one();
    }

    /// A form about a subject.
    fn form(&self, n: u8, url: &str, subject: Option<u8>) -> NewDelivery {
        NewDelivery {
            id: DeliveryId::from_bytes([n; 16]),
            account: ACCOUNT.parse().unwrap(),
            subject: subject.map(|n| [n; 16]),
            kind: "test".to_owned(),
            request: DeliveryRequest {
                method: Method::Post,
                url: url.to_owned(),
                body: Some((FORM.to_owned(), format!("n={n}").into_bytes())),
            },
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
        let letters = self.server.app.store.dead_letters(None, &whole).await;
        letters.unwrap().rows
    }

    /// Sends one that fails, three days after it was made, and says why.
    async fn last_words(&self, url: &str) -> String {
        let one = self.form(1, url, None);
        self.server.app.clock.advance_us(3 * 86_400_000_000);
        self.deliver(vec![one]).await;
        eventually(|| async { self.letters().await.len() == 1 }).await;
        self.letters().await.remove(0).error
    }

    async fn stop(self) -> TestServer {
        self.stop.send_replace(true);
        self.worker.await.unwrap();
        self.server
    }
}

#[tokio::test]
async fn a_delivery_arrives_once_signed_and_named() {
    let receiver = Receiver::willing().await;
    let delivering = Delivering::start().await;
    let form = delivering.form(1, &format!("{}/a?key=1", receiver.origin), None);
    let mut json = delivering.form(2, &format!("{}/b", receiver.origin), None);
    json.request.body = Some(("application/json".to_owned(), b"[{}]".to_vec()));
    let mut get = delivering.form(3, &format!("{}/c?n=3", receiver.origin), None);
    (get.request.method, get.request.body) = (Method::Get, None);
    delivering.deliver(vec![form, json, get]).await;
    delivering.until_all_arrived().await;
    let of = |path: &str| {
        let received = receiver.received();
        let begin = format!("{}{path}", receiver.origin);
        let mut found = received
            .into_iter()
            .filter(|one| one.url.starts_with(&begin));
        let one = found.next().unwrap();
        assert!(found.next().is_none());
        one
    };
    let token = TOKEN.as_bytes();
    let form = of("/a");
    assert_eq!(form.header("content-type"), FORM);
    assert_eq!(
        form.header("sidetone-delivery"),
        "01010101-0101-0101-0101-010101010101"
    );
    let signature = |one: &Received| one.header("x-twilio-signature").to_owned();
    let fields = Form::decode(&form.body).unwrap();
    assert!(verify_form(token, &form.url, &fields, &signature(&form)));
    let json = of("/b");
    assert!(verify_body(token, &json.url, b"[{}]", &signature(&json)));
    let get = of("/c");
    let none = Form::decode(b"").unwrap();
    assert!(verify_form(token, &get.url, &none, &signature(&get)));
}

#[tokio::test]
async fn deliveries_of_a_subject_arrive_in_order_although_some_fail() {
    // Every third request fails.
    let receiver = Receiver::start(Duration::ZERO, |before| match before % 3 {
        2 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let delivering = Delivering::start().await;
    let numbers = 0..60_u8;
    let all = numbers.map(|n| delivering.form(n, &receiver.origin, Some(n % 4)));
    delivering.deliver(all.collect()).await;
    eventually(|| async {
        // What failed is due again soon.
        delivering.server.app.clock.advance_us(1_000_000);
        delivering.waiting().await == 0
    })
    .await;
    let mut last: HashMap<u8, u8> = HashMap::new();
    for text in receiver.texts() {
        let n: u8 = text[2..].parse().unwrap();
        let before = last.insert(n % 4, n);
        // A failed one comes again at once; nothing overtakes it.
        assert!(
            before.is_none_or(|before| before == n || before + 4 == n),
            "{text}"
        );
    }
    assert_eq!(last.len(), 4);
}

#[tokio::test]
async fn a_hanging_endpoint_delays_no_other() {
    let hanging = Receiver::start(Duration::from_secs(60), |_| ().into_response()).await;
    let healthy = Receiver::willing().await;
    let delivering = Delivering::start().await;
    let mut all: Vec<_> = (0..100)
        .map(|n| delivering.form(n, &hanging.origin, None))
        .collect();
    all.extend((100..200).map(|n| delivering.form(n, &healthy.origin, None)));
    delivering.deliver(all).await;
    healthy.until_received(100).await;
    // What comes later does not wait either.
    let late = delivering.form(250, &healthy.origin, None);
    delivering.deliver(vec![late]).await;
    healthy.until_received(101).await;
    assert!(hanging.received().len() <= 16);
}

#[tokio::test]
async fn a_failed_delivery_comes_again_with_the_same_id_until_it_arrives() {
    let receiver = Receiver::start(Duration::ZERO, |before| match before {
        0 | 1 => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let delivering = Delivering::start().await;
    let clock = &delivering.server.app.clock;
    let one = delivering.form(7, &receiver.origin, None);
    delivering.deliver(vec![one]).await;
    receiver.until_received(1).await;
    // Not before its time.
    clock.advance_us(3_000_000);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(receiver.received().len(), 1);
    clock.advance_us(4_000_000);
    receiver.until_received(2).await;
    eventually(|| async {
        clock.advance_us(1_000_000);
        delivering.waiting().await == 0
    })
    .await;
    let received = receiver.received();
    assert_eq!(received.len(), 3);
    let ids: Vec<_> = received
        .iter()
        .map(|one| one.header("sidetone-delivery"))
        .collect();
    assert_eq!(ids, [ids[0]; 3]);
    assert_eq!(receiver.texts(), ["n=7"; 3]);
}

#[tokio::test]
async fn redirects_are_failures_and_not_followed() {
    let elsewhere = Receiver::willing().await;
    let target = elsewhere.origin.clone();
    let receiver = Receiver::start(Duration::ZERO, move |_| {
        (
            StatusCode::TEMPORARY_REDIRECT,
            [("location", target.clone())],
        )
            .into_response()
    })
    .await;
    let delivering = Delivering::start().await;
    let error = delivering.last_words(&receiver.origin).await;
    assert_eq!(error, "answered 307");
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn an_answer_without_end_is_cut_and_counts_by_its_status() {
    let receiver = Receiver::start(Duration::ZERO, |_| {
        let chunk = Bytes::from(vec![b'x'; 8192]);
        let endless = Endless(chunk);
        Response::new(Body::new(endless))
    })
    .await;
    let delivering = Delivering::with(true, Duration::from_secs(60)).await;
    let many = (0..40).map(|n| delivering.form(n, &receiver.origin, None));
    delivering.deliver(many.collect()).await;
    delivering.until_all_arrived().await;
    assert_eq!(receiver.received().len(), 40);
}

/// A body that never ends.
struct Endless(Bytes);

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(self.0.clone()))))
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_waited_for_no_longer_than_the_time_out() {
    let receiver = Receiver::start(Duration::from_secs(60), |_| ().into_response()).await;
    let delivering = Delivering::with(true, Duration::from_millis(200)).await;
    let error = delivering.last_words(&receiver.origin).await;
    assert_eq!(error, "no answer within 200ms");
}

#[tokio::test]
async fn a_connection_that_is_refused_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let delivering = Delivering::start().await;
    let error = delivering.last_words(&origin).await;
    assert!(error.contains("cannot be connected to"), "{error}");
}

#[tokio::test]
async fn https_is_not_spoken_to_who_does_not_prove_who_they_are() {
    let receiver = Receiver::willing().await;
    let delivering = Delivering::start().await;
    let url = receiver.origin.replace("http://", "https://");
    let error = delivering.last_words(&url).await;
    assert!(error.starts_with("no TLS connection"), "{error}");
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn private_addresses_are_not_delivered_to_unless_allowed() {
    let receiver = Receiver::willing().await;
    let port = receiver.origin.rsplit(':').next().unwrap().to_owned();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        let delivering = Delivering::with(false, Duration::from_secs(5)).await;
        let error = delivering
            .last_words(&format!("http://{host}:{port}/"))
            .await;
        assert!(error.contains("at the private address"), "{host}: {error}");
        delivering.stop().await;
    }
    assert!(receiver.received().is_empty());
    let delivering = Delivering::start().await;
    let one = delivering.form(1, &format!("http://localhost:{port}/"), None);
    delivering.deliver(vec![one]).await;
    delivering.until_all_arrived().await;
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn what_fails_for_three_days_is_a_dead_letter_that_can_be_replayed() {
    let is_repaired = Arc::new(AtomicBool::new(false));
    let looks = Arc::clone(&is_repaired);
    let receiver = Receiver::start(Duration::ZERO, move |_| {
        match looks.load(Ordering::SeqCst) {
            true => StatusCode::OK.into_response(),
            false => StatusCode::NOT_FOUND.into_response(),
        }
    })
    .await;
    let delivering = Delivering::start().await;
    let clock = &delivering.server.app.clock;
    let url = format!("{}/hook?key=secret", receiver.origin);
    let first = delivering.form(1, &url, Some(1));
    let mut second = delivering.form(2, &url, Some(1));
    // It outlives the first one, which it waits for.
    second.created_at = second.created_at.plus_us(30 * 86_400_000_000);
    delivering.deliver(vec![first, second]).await;
    eventually(|| async {
        clock.advance_us(7_200_000_000);
        delivering.letters().await.len() == 1
    })
    .await;
    is_repaired.store(true, Ordering::SeqCst);
    eventually(|| async {
        clock.advance_us(7_200_000_000);
        delivering.waiting().await == 0
    })
    .await;
    let letter = delivering.letters().await.remove(0);
    assert_eq!(letter.id, DeliveryId::from_bytes([1; 16]));
    assert_eq!(letter.error, "answered 404");
    assert!(letter.attempts > 2, "{}", letter.attempts);
    let texts = receiver.texts();
    let attempts = usize::try_from(letter.attempts).unwrap();
    // Leases run out at this pace, so some may have come twice; but the second one waited.
    assert!(texts[..attempts].iter().all(|text| text == "n=1"));
    assert!(texts[attempts..].iter().any(|text| text == "n=2"));

    let run = |words: &[&str]| {
        let mut line = vec!["dead-letter"];
        line.extend(words);
        line.extend(["--data", delivering.server.dir.path().to_str().unwrap()]);
        std::process::Command::new(env!("CARGO_BIN_EXE_sidetone"))
            .args(line)
            .output()
            .unwrap()
    };
    let listed = run(&["list"]);
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed["id"], letter.id.to_string());
    assert_eq!(listed["account_sid"], ACCOUNT);
    assert_eq!(listed["url"], format!("{}/hook", receiver.origin));
    assert_eq!(listed["error"], "answered 404");
    let other = run(&["list", "--account", "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"]);
    assert!(other.status.success() && other.stdout.is_empty());
    let unknown = run(&["replay", "0f8fad5b-d9cb-469f-a165-70867728950e"]);
    assert_eq!(unknown.status.code(), Some(1));
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(
        said.contains("0f8fad5b-d9cb-469f-a165-70867728950e"),
        "{said}"
    );
    let wrong = run(&["replay", "7"]);
    assert_eq!(wrong.status.code(), Some(2));
    // The command reads the real clock, which is ahead of the test's or behind it.
    let replayed = run(&["replay", &letter.id.to_string()]);
    assert_eq!(replayed.stdout, b"{\"replayed\":1}\n");
    clock.advance_us(100 * 365 * 86_400_000_000);
    receiver.until_received(texts.len() + 1).await;
    delivering.until_all_arrived().await;
    assert_eq!(receiver.texts()[texts.len()..], ["n=1"]);
    let again = run(&["replay", "--all"]);
    assert_eq!(again.stdout, b"{\"replayed\":0}\n");
}

#[tokio::test]
async fn a_stop_lets_what_is_in_flight_arrive_and_leaves_the_rest() {
    let receiver = Receiver::start(Duration::from_millis(300), |_| ().into_response()).await;
    let delivering = Delivering::start().await;
    let many = (0..100).map(|n| delivering.form(n, &receiver.origin, None));
    delivering.deliver(many.collect()).await;
    receiver.until_received(4).await;
    let server = delivering.stop().await;
    let arrived = receiver.received().len();
    assert!(arrived < 100);
    let stats = server.app.store.stats().await.unwrap();
    assert_eq!(stats.deliveries_waiting, 100 - arrived as u64);
    // The rest is due at once for the next worker.
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(delivery::run(
        server.app.clone(),
        Limits::default(),
        stopped,
    ));
    receiver.until_received(100).await;
    let mut texts = receiver.texts();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), 100);
    assert_eq!(
        server.app.store.check().await.unwrap(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn the_token_of_the_moment_signs() {
    let receiver = Receiver::willing().await;
    let delivering = Delivering::start().await;
    let server = &delivering.server;
    let store = server.app.store.as_ref();
    let until = server.app.clock.now().plus_us(3_600_000_000);
    let account = ACCOUNT.parse().unwrap();
    let made = sidetone::accounts::rotate_token(store, &server.vault, account, until)
        .await
        .unwrap();
    server.app.directory.refresh(store).await.unwrap();
    let one = delivering.form(1, &format!("{}/", receiver.origin), None);
    delivering.deliver(vec![one]).await;
    delivering.until_all_arrived().await;
    let received = receiver.received().remove(0);
    let fields = Form::decode(&received.body).unwrap();
    let signature = received.header("x-twilio-signature");
    assert!(verify_form(
        made.auth_token.as_bytes(),
        &received.url,
        &fields,
        signature
    ));
    let page = server.get("/metrics").await.text;
    for line in [
        "sidetone_deliveries_total{result=\"delivered\"} 1",
        "sidetone_deliveries_waiting 0",
        "sidetone_dead_letters 0",
    ] {
        assert!(page.contains(line), "{line}");
    }
}
