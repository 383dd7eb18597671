//! Connections as real clients make them: over sockets.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sidetone::clock::Clock;
use sidetone::cmd::serve::{Running, start};
use sidetone::config::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{ACCOUNT, TOKEN};

struct Live {
    running: Running,
    address: SocketAddr,
    dir: tempfile::TempDir,
}

async fn live(settings: Settings) -> Live {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings {
        data: Some(dir.path().to_owned()),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        // Servers of other tests run at the same time.
        hep_udp: Some("off".parse().unwrap()),
        hep_tcp: Some("off".parse().unwrap()),
        ..settings
    };
    let running = start(settings.resolve(None).unwrap(), Clock::default())
        .await
        .unwrap();
    let address = running.url.rsplit('/').next().unwrap().parse().unwrap();
    Live {
        running,
        address,
        dir,
    }
}

/// What comes back until the other side closes, or nothing more comes for a while.
async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    let _ = tokio::time::timeout(Duration::from_millis(800), stream.read_to_end(&mut text)).await;
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn a_connection_is_kept_or_closed_as_asked() {
    let live = live(Settings::default()).await;
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let text = exchange(live.address, &format!("{request}{request}")).await;
    assert_eq!(text.matches("HTTP/1.1 200").count(), 2, "{text}");
    let closing = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let text = exchange(live.address, &format!("{closing}{request}")).await;
    assert_eq!(text.matches("HTTP/1.1 200").count(), 1, "{text}");
    assert!(text.to_lowercase().contains("connection: close"), "{text}");
    live.running.stop().await;
}

#[tokio::test]
async fn http2_is_spoken_to_who_speaks_it() {
    let live = live(Settings::default()).await;
    let mut stream = TcpStream::connect(live.address).await.unwrap();
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], 4, "the answer begins with a SETTINGS frame");
    live.running.stop().await;
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let live = live(Settings::default()).await;
    let text = exchange(
        live.address,
        &format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(200_000)),
    )
    .await;
    assert!(
        text.starts_with("HTTP/1.1 431") || text.is_empty(),
        "{text}"
    );
    live.running.stop().await;
}

#[tokio::test]
async fn a_client_that_stalls_is_cut_off() {
    let settings = Settings {
        client_timeout: Some("200ms".parse().unwrap()),
        ..Settings::default()
    };
    let live = live(settings).await;
    for stalled in [
        "",
        "GET / HTT",
        "POST /ingest/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nx",
    ] {
        let mut stream = TcpStream::connect(live.address).await.unwrap();
        stream.write_all(stalled.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let read = stream.read_to_end(&mut rest);
        assert!(
            tokio::time::timeout(Duration::from_secs(5), read)
                .await
                .is_ok(),
            "{stalled:?} still open"
        );
    }
    live.running.stop().await;
}

/// The head of a request that sends events, without its end.
fn sending_events(length: usize) -> String {
    let login = STANDARD.encode(format!("{ACCOUNT}:{TOKEN}"));
    format!(
        "POST /ingest/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {login}\r\nContent-Length: {length}\r\n\r\n"
    )
}

fn with_account(settings: Settings) -> Settings {
    Settings {
        account_sid: Some(ACCOUNT.to_owned()),
        auth_token: Some(TOKEN.parse().unwrap()),
        ..settings
    }
}

#[tokio::test]
async fn an_idle_connection_makes_room_for_another() {
    let live = live(Settings {
        max_connections: Some(2),
        ..Settings::default()
    })
    .await;
    let mut first = TcpStream::connect(live.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut second = TcpStream::connect(live.address).await.unwrap();
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    first.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    first.read_exact(&mut answer).await.unwrap();
    let text = exchange(live.address, request).await;
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    // Not the first, which has asked for something before.
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(5), second.read_to_end(&mut rest));
    assert!(closed.await.is_ok(), "the second is still open");
    let counters = &live.running.app.counters;
    assert_eq!(counters.http_connections_displaced.get(), 1);
    assert_eq!(counters.connections_refused.get(), 0);
    live.running.stop().await;
}

#[tokio::test]
async fn who_finds_no_place_is_told_so() {
    let live = live(with_account(Settings {
        max_connections: Some(2),
        ..Settings::default()
    }))
    .await;
    let mut busy = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(live.address).await.unwrap();
        let head = sending_events(100);
        stream.write_all(head.as_bytes()).await.unwrap();
        busy.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let text = exchange(live.address, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(text.starts_with("HTTP/1.1 503"), "{text}");
    assert!(text.contains("retry-after: 1"), "{text}");
    assert_eq!(live.running.app.counters.connections_refused.get(), 1);
    drop(busy);
    live.running.stop().await;
}

#[tokio::test]
async fn an_answer_may_take_longer_than_a_client_may_be_silent() {
    let live = live(with_account(Settings {
        client_timeout: Some("100ms".parse().unwrap()),
        ..Settings::default()
    }))
    .await;
    let events: String = (0..3_000)
        .map(|n| {
            format!(
                "{{\"id\":\"1\",\"call_sid\":\"call {n}\",\"at\":\"2026-06-01T00:00:00Z\",\"kind\":\"progress\",\"step\":\"completed\"}}\n"
            )
        })
        .collect();
    let request = sending_events(events.len()).replace("/events", "/events?Settle=true") + &events;
    let mut stream = TcpStream::connect(live.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read(&mut answer));
    let length = read.await.expect("an answer").unwrap();
    let text = String::from_utf8_lossy(&answer[..length]);
    assert!(text.contains("\"accepted\":3000"), "{text}");
    live.running.stop().await;
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let live = live(with_account(Settings {
        client_timeout: Some("300ms".parse().unwrap()),
        ..Settings::default()
    }))
    .await;
    let mut stream = TcpStream::connect(live.address).await.unwrap();
    let head = sending_events(100_000);
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let trickle = tokio::spawn(async move {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(10), reading.read(&mut answer));
    let length = read.await.expect("an answer").unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 408"));
    trickle.abort();
    live.running.stop().await;
}

#[tokio::test]
async fn who_announces_much_and_sends_little_keeps_nobody_waiting() {
    let live = live(with_account(Settings::default())).await;
    let sending = |bytes| sending_events(bytes).replace("/events", "/cdr/asterisk");
    let mut silent = Vec::new();
    for _ in 0..64 {
        let mut stream = TcpStream::connect(live.address).await.unwrap();
        let began = sending(1_000_000) + "{";
        stream.write_all(began.as_bytes()).await.unwrap();
        silent.push(stream);
    }
    // They are being read when this is answered.
    let answer = exchange(live.address, &(sending(2) + "{}")).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    drop(silent);
    live.running.stop().await;
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused() {
    let live = live(Settings::default()).await;
    let settings = Settings {
        data: Some(live.dir.path().to_owned()),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        ..Settings::default()
    };
    let second = start(settings.resolve(None).unwrap(), Clock::default()).await;
    assert!(second.is_err_and(|error| error.to_string().contains("another server")));
    live.running.stop().await;
}

#[tokio::test]
async fn the_first_start_makes_credentials_and_the_second_keeps_them() {
    use std::os::unix::fs::PermissionsExt;
    let live = live(Settings::default()).await;
    let made = live
        .running
        .first
        .made
        .clone()
        .expect("made up at the first start");
    let path = live.dir.path().join("credentials.json");
    let kept: sidetone::accounts::Credentials =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(kept, made);
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    live.running.stop().await;

    let settings = Settings {
        data: Some(live.dir.path().to_owned()),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        hep_udp: Some("off".parse().unwrap()),
        hep_tcp: Some("off".parse().unwrap()),
        ..Settings::default()
    };
    let again = start(settings.resolve(None).unwrap(), Clock::default())
        .await
        .unwrap();
    assert_eq!(again.first.made, None);
    assert_eq!(again.first.kept_in, Some(path));
    let now = again.app.clock.now();
    assert!(
        again
            .app
            .directory
            .authenticate(&made.account_sid, &made.auth_token, now)
            .is_some()
    );
    again.stop().await;
}

#[tokio::test]
async fn a_refused_body_does_not_cost_the_next_request() {
    let live = live(Settings::default()).await;
    let mut stream = TcpStream::connect(live.address).await.unwrap();
    for _ in 0..20 {
        let head = "POST /v1/Voice/Settings HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // Without credentials it is refused before this arrives.
        tokio::time::sleep(Duration::from_millis(10)).await;
        stream.write_all(b"a=b&c").await.unwrap();
        let mut answer = vec![0; 4096];
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut answer));
        let length = read.await.expect("an answer").unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 401"));
    }
    live.running.stop().await;
}
