//! Answers that come piece by piece, to clients that take them and to one that does not.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use sidetone::clock::Clock;
use sidetone::config::Networks;
use sidetone::telemetry::Counters;
use sidetone::web::server::{Handler, Serving, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// Answers every request with what comes from a channel.
#[derive(Clone)]
struct Streams(Arc<Mutex<Option<mpsc::Receiver<Bytes>>>>);

impl Handler for Streams {
    async fn answer(&self, _: Request<Body>) -> Response {
        let pieces = self.0.lock().unwrap().take().unwrap();
        Response::new(Body::new(Pieces(pieces)))
    }

    fn busy(&self) -> Response {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}

struct Pieces(mpsc::Receiver<Bytes>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.0.poll_recv(context);
        piece.map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

/// A server that stops when it is dropped.
struct Live {
    address: SocketAddr,
    /// What it answers.
    pieces: mpsc::Sender<Bytes>,
    _stop: watch::Sender<bool>,
}

/// A server whose clients may be silent for so long.
async fn live(client_timeout: Duration) -> Live {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, pieces) = mpsc::channel(1);
    let serving = Serving {
        handler: Streams(Arc::new(Mutex::new(Some(pieces)))),
        tls: None,
        max_connections: 8,
        client_timeout,
        trusted_proxies: Networks::default(),
        counters: Arc::new(Counters::new("0.0.0", "unknown")),
        clock: Clock::default(),
    };
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(serve(listener, serving, stopped));
    Live {
        address,
        pieces: sender,
        _stop: stop,
    }
}

#[tokio::test]
async fn a_stream_may_take_as_long_as_its_client_takes_what_comes() {
    let timeout = Duration::from_millis(200);
    let live = live(timeout).await;
    let mut client = TcpStream::connect(live.address).await.unwrap();
    client.write_all(GET).await.unwrap();
    let began = Instant::now();
    let pieces = live.pieces;
    tokio::spawn(async move {
        for number in 0..20 {
            pieces
                .send(format!("piece {number};").into())
                .await
                .unwrap();
            tokio::time::sleep(timeout / 4).await;
        }
    });
    let mut text = Vec::new();
    let mut piece = [0; 1024];
    while !text.ends_with(b"\r\n0\r\n\r\n") {
        let length = client.read(&mut piece).await.unwrap();
        assert!(length > 0, "cut after {:?}", began.elapsed());
        text.extend_from_slice(&piece[..length]);
    }
    assert!(began.elapsed() > timeout * 4);
    let text = String::from_utf8_lossy(&text);
    assert_eq!(text.matches("piece ").count(), 20, "{text}");
}

#[tokio::test]
async fn a_stream_whose_client_stops_reading_is_given_up() {
    let live = live(Duration::from_millis(200)).await;
    let mut client = TcpStream::connect(live.address).await.unwrap();
    client.write_all(GET).await.unwrap();
    let piece = Bytes::from(vec![b'x'; 64 * 1024]);
    let gives_up = async { while live.pieces.send(piece.clone()).await.is_ok() {} };
    let ended = tokio::time::timeout(Duration::from_secs(20), gives_up).await;
    assert!(ended.is_ok(), "what nobody reads is still being sent");
    drop(client);
}

#[tokio::test]
async fn a_client_that_reads_slowly_is_not_one_that_stopped() {
    let timeout = Duration::from_millis(400);
    let live = live(timeout).await;
    let socket = TcpSocket::new_v4().unwrap();
    // Else the kernel reads megabytes for it.
    socket.set_recv_buffer_size(64 * 1024).unwrap();
    let mut client = socket.connect(live.address).await.unwrap();
    client.write_all(GET).await.unwrap();
    let pieces = live.pieces;
    tokio::spawn(async move {
        let piece = Bytes::from(vec![b'x'; 64 * 1024]);
        while pieces.send(piece.clone()).await.is_ok() {}
    });
    let mut piece = vec![0; 64 * 1024];
    // 2 MB/s, and more than what waits in the kernel when the server gives up.
    for _ in 0..128 {
        let took = client.read_exact(&mut piece).await;
        took.expect("cut while it was reading");
        tokio::time::sleep(timeout / 13).await;
    }
}
