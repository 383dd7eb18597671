//! Deliveries: into the outbox of a directory, through the server's client alone, and into nothing.
#![allow(
    clippy::print_stdout,
    clippy::cast_lossless,
    missing_docs,
    unreachable_pub,
    reason = "a program for whoever measures"
)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use http_body_util::Full;
use serde_json::json;
use sidetone::outgoing::client::Client;
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_store::delivery::{
    Content, DeliveryId, DeliveryRequest, Headers, Method, NewDelivery, Signature,
};
use sidetone_store::prelude::*;
use sidetone_store_sqlite::{Options, SqliteStore};
use tokio::task::JoinSet;

use sidetone_bench::random::Random;

/// Deliveries in one transaction.
const BATCH: usize = 1_000;
/// Deliveries of each subject.
const OF_A_SUBJECT: u64 = 2;
/// Requests in flight, as to an endpoint of the server.
const IN_FLIGHT: u64 = 16;
const FORM: &str = "application/x-www-form-urlencoded";

#[derive(Debug, Parser)]
enum Command {
    /// Fill the outbox of a directory: for each URL so many deliveries, as URL=NUMBER
    Fill {
        dir: PathBuf,
        #[arg(required = true)]
        shares: Vec<Share>,
    },
    /// Send the bodies of so many deliveries to a URL with the server's client, and nothing else
    Floor {
        url: String,
        count: u64,
        /// Bodies of so many bytes instead
        #[arg(long)]
        bytes: Option<usize>,
    },
    /// Bring a server calls at an even rate, as one who begins and ends them, and print how many
    Calls {
        address: String,
        login: String,
        #[arg(long)]
        rate: u64,
        #[arg(long)]
        seconds: u64,
    },
    /// Take what is posted to /hook; GET / prints how many a second came and how many in all, GET /bytes
    /// of how many bytes
    Receive { listen: SocketAddr },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Fill { dir, shares } => fill(&dir, &shares).await,
        Command::Floor { url, count, bytes } => floor(&url, count, bytes).await,
        Command::Calls {
            address,
            login,
            rate,
            seconds,
        } => calls(&address, &login, rate, seconds).await,
        Command::Receive { listen } => receive(listen).await,
    }
}

/// What a delivery says. The number makes each one different.
fn body(account: AccountSid, number: u64) -> String {
    format!(
        "AccountSid={account}&FeedbackSummarySid=FS{number:032x}&Status=completed\
         &ResourceUri=%2F2010-04-01%2FAccounts%2F{account}%2FCalls%2FFeedbackSummary%2FFS{number:032x}.json"
    )
}

/// Where deliveries go, and how many.
#[derive(Debug, Clone)]
struct Share {
    url: String,
    count: u64,
}

impl std::str::FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once('=');
        let share = parts.and_then(|(url, count)| Some((url.to_owned(), count.parse().ok()?)));
        share
            .map(|(url, count)| Self { url, count })
            .ok_or_else(|| format!("'{text}' is not like http://127.0.0.1:9000/=100"))
    }
}

/// Fills the outbox of a directory that no server is running on. Those of different URLs are mixed.
async fn fill(dir: &Path, shares: &[Share]) -> anyhow::Result<()> {
    let store = SqliteStore::open(&dir.join("sidetone.db"), Options::default())?;
    let accounts = store.accounts().await?;
    let account = accounts.sound.first().context("there is no account")?.sid;
    let now = sidetone::clock::Clock::default().now();
    let most = shares.iter().map(|share| share.count).max().unwrap_or(0);
    let mut batch = Vec::with_capacity(BATCH);
    for number in 0..most {
        for (place, share) in shares.iter().enumerate() {
            // As many of each among any thousand.
            let own = number * share.count / most;
            if own < (number + 1) * share.count / most {
                batch.push(delivery(account, place as u64, own, &share.url, now));
            }
        }
        if batch.len() >= BATCH {
            store.deliver(std::mem::take(&mut batch)).await?;
        }
    }
    store.deliver(batch).await?;
    Ok(())
}

fn delivery(account: AccountSid, place: u64, number: u64, url: &str, now: TimeUs) -> NewDelivery {
    let bytes = |stream| Random::of(place, stream, number).bytes();
    let subject = Random::of(place, 82, number / OF_A_SUBJECT).bytes();
    NewDelivery {
        id: DeliveryId::from_bytes(bytes(81)),
        account,
        subject: Some(subject),
        kind: "bench".to_owned(),
        content: Content::Request(DeliveryRequest {
            method: Method::Post,
            url: url.to_owned(),
            headers: Headers::default(),
            body: Some((FORM.to_owned(), body(account, number).into_bytes())),
        }),
        signature: Signature::Twilio,
        created_at: now,
    }
}

/// The floor: the same client, the same bodies, as many at once, and nothing else.
async fn floor(url: &str, count: u64, bytes: Option<usize>) -> anyhow::Result<()> {
    let client = Arc::new(Client::new(true, Duration::from_secs(15)));
    let account = AccountSid::from_bytes([0xbe; 16]);
    let next = Arc::new(AtomicU64::new(0));
    let mut senders = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (client, next, url) = (client.clone(), next.clone(), url.to_owned());
        senders.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return anyhow::Ok(());
                }
                let body = match bytes {
                    Some(bytes) => vec![b'x'; bytes],
                    None => body(account, number).into_bytes(),
                };
                let request = Request::post(&url)
                    .header("content-type", FORM)
                    .body(Full::new(Bytes::from(body)))?;
                client.send(request).await?;
            }
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended??;
    }
    Ok(())
}

/// Pieces of a second in which calls begin and end.
const PIECES: u64 = 10;

/// Calls that begin evenly and end two seconds later; each piece is a body of events.
async fn calls(address: &str, login: &str, rate: u64, seconds: u64) -> anyhow::Result<()> {
    let client = Client::new(true, Duration::from_secs(15));
    let login = format!("Basic {}", STANDARD.encode(login));
    let clock = sidetone::clock::Clock::default();
    // Others than those of another run.
    let first = u128::from(clock.now().micros().unsigned_abs()) << 64;
    let (of_piece, pieces) = (rate / PIECES, seconds * PIECES);
    let begin = clock.passed();
    for piece in 0..pieces + 2 * PIECES {
        let due = begin + Duration::from_millis(1_000 / PIECES * piece);
        tokio::time::sleep(due.saturating_sub(clock.passed())).await;
        let now = clock.now();
        let mut body = Vec::new();
        let steps = [
            (piece < pieces, piece, "initiated"),
            (
                piece >= 2 * PIECES,
                piece.wrapping_sub(2 * PIECES),
                "completed",
            ),
        ];
        for (is_one, of, step) in steps {
            for number in (0..of_piece).filter(|_| is_one) {
                let call = first + u128::from(of * of_piece + number);
                let facts = match step {
                    "initiated" => json!({
                        "call_type": "carrier", "direction": "outbound_api", "started_at": now,
                        "from": {"address": "+12025550143"}, "to": {"address": "+12025550176"},
                    }),
                    _ => json!({"last_sip_response": 200, "disconnected_by": "caller"}),
                };
                let event = json!({
                    "call_sid": format!("CA{call:032x}"), "id": step, "source": "bench", "at": now,
                    "kind": "progress", "step": step, "facts": facts,
                });
                serde_json::to_writer(&mut body, &event)?;
                body.push(b'\n');
            }
        }
        let request = Request::post(format!("http://{address}/ingest/v1/events"))
            .header("authorization", &login)
            .header("content-type", "application/x-ndjson")
            .body(Full::new(Bytes::from(body)))?;
        client.send(request).await?;
    }
    let took = clock.passed().saturating_sub(begin).as_secs_f64();
    println!("{} calls in {took:.1} s", of_piece * pieces);
    Ok(())
}

/// What came since the last look: how many, the first and the last.
type Came = Arc<Mutex<(u64, Option<(Instant, Instant)>)>>;
/// Bytes of all that came.
static BYTES: AtomicU64 = AtomicU64::new(0);

/// Takes everything that is posted; `GET /` tells how many a second came, how many in all, and
/// begins anew.
async fn receive(listen: SocketAddr) -> anyhow::Result<()> {
    let router: Router = Router::new()
        .route("/", get(tell))
        .route(
            "/bytes",
            get(async || format!("{}\n", BYTES.load(Ordering::Relaxed))),
        )
        .route("/hook", post(take))
        .with_state(Came::default());
    sidetone_bench::listen::serve(listen, router).await
}

#[allow(clippy::disallowed_methods, reason = "it measures")]
async fn take(State(came): State<Came>, body: Bytes) -> StatusCode {
    BYTES.fetch_add(body.len() as u64, Ordering::Relaxed);
    let now = Instant::now();
    let mut came = came.lock().unwrap_or_else(PoisonError::into_inner);
    came.0 += 1;
    let first = came.1.map_or(now, |(first, _)| first);
    came.1 = Some((first, now));
    StatusCode::NO_CONTENT
}

async fn tell(State(came): State<Came>) -> String {
    let mut came = came.lock().unwrap_or_else(PoisonError::into_inner);
    let (count, times) = std::mem::take(&mut *came);
    let seconds = times.map_or(0.0, |(first, last)| (last - first).as_secs_f64());
    format!("{:.0} {count}\n", count as f64 / seconds.max(1e-6))
}
