//! Connections: accept, TLS, time-outs, HTTP/1.1 and HTTP/2, graceful stop.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::response::Response;
use hyper::Request;
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;

use super::activity::Activity;
use super::connections::{ConnectionLimit, ConnectionPermit, Found};
use super::drain::Drained;
use super::forwarded::Peer;
use crate::clock::Clock;
use crate::config::Networks;
use crate::shutdown::stopped;
use crate::telemetry::Counters;
use crate::telemetry::labels::{RefusalReason, Source};

/// The largest head of a request: request line and headers together.
const HEAD_MAX_BYTES: usize = 64 * 1024;
/// Connections beyond the limit that are told so, at once.
const TURNED_AWAY_MAX: usize = 64;
/// How long telling one takes at most; and how long one that has lost its permit may take to end.
const TURNED_AWAY: Duration = Duration::from_secs(5);
/// Requests that one connection may have at once.
const STREAMS_MAX: u32 = 64;
/// What a client may send ahead of whoever reads it, on one stream and on a whole connection.
const STREAM_WINDOW: u32 = 128 * 1024;
const CONNECTION_WINDOW: u32 = 512 * 1024;
/// What waits to be sent of one answer.
const SEND_BUFFER: usize = 64 * 1024;
/// What the kernel takes of an answer beyond what is on its way. With what it takes else (megabytes) a
/// client that reads slowly would seem to read nothing: there is room again when a third of that is gone.
const UNSENT: u32 = 64 * 1024;
/// How long connections may finish what they are doing after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(10);

/// Answers the requests of all connections.
pub trait Handler: Clone + Send + Sync + 'static {
    /// Answers a request.
    fn answer(&self, request: Request<Body>) -> impl Future<Output = Response> + Send;

    /// What a client is told that there is no room for.
    fn busy(&self) -> Response;
}

/// What a listener needs to serve.
pub struct Serving<H> {
    /// Answers requests.
    pub handler: H,
    /// Encrypts connections.
    pub tls: Option<TlsAcceptor>,
    /// Connections at once.
    pub max_connections: usize,
    /// Longest pause of a client.
    pub client_timeout: Duration,
    /// Proxies, which speak for many: as many connections as there are may be theirs.
    pub trusted_proxies: Networks,
    /// Counts refused connections, and tells of those that are of no use.
    pub counters: Arc<Counters>,
    /// The time.
    pub clock: Clock,
}

/// The next connection; `None` when a stop is asked for.
pub(crate) async fn accept(
    listener: &TcpListener,
    stop: &mut watch::Receiver<bool>,
) -> Option<(TcpStream, SocketAddr)> {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(stop) => return None,
        };
        match accepted {
            Ok(accepted) => return Some(accepted),
            Err(error) => {
                // Out of file descriptors, mostly: give connections time to end.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Serves until a stop is asked for, then lets connections finish.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    serving: Serving<H>,
    mut stop: watch::Receiver<bool>,
) {
    let serving = Arc::new(serving);
    let proxies = || serving.trusted_proxies.clone();
    let limit = ConnectionLimit::new(serving.max_connections, proxies(), Duration::ZERO);
    let doorstep = ConnectionLimit::new(TURNED_AWAY_MAX, proxies(), Duration::MAX);
    // Each connection has one of these: when all are gone, all are over.
    let (alive, mut over) = mpsc::channel::<()>(1);
    while let Some((stream, peer)) = accept(&listener, &mut stop).await {
        let now = serving.clock.passed();
        let counters = &serving.counters;
        let (permit, is_turned_away) = match limit.take(peer.ip(), now) {
            Some(Found { permit, displaces }) => {
                if displaces {
                    counters.http_connections_displaced.inc();
                }
                (permit, false)
            }
            None => {
                counters.connections_refused.inc();
                match doorstep.take(peer.ip(), now) {
                    Some(Found { permit, .. }) => (permit, true),
                    None => continue,
                }
            }
        };
        let serving = serving.clone();
        let (stop, alive) = (stop.clone(), alive.clone());
        tokio::spawn(async move {
            let served = connection(stream, peer, &serving, stop, permit, is_turned_away);
            if is_turned_away {
                let _ = tokio::time::timeout(TURNED_AWAY, served).await;
            } else {
                served.await;
            }
            drop(alive);
        });
    }
    drop((listener, alive));
    if tokio::time::timeout(DRAIN, over.recv()).await.is_err() {
        tracing::warn!("connections still open after {DRAIN:?} were cut");
    }
}

async fn connection<H: Handler>(
    stream: TcpStream,
    peer: SocketAddr,
    serving: &Arc<Serving<H>>,
    stop: watch::Receiver<bool>,
    permit: ConnectionPermit,
    is_turned_away: bool,
) {
    // Answers are written whole: waiting to fill a segment only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    if let Err(error) = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT) {
        tracing::debug!(%error, "cannot set TCP_NOTSENT_LOWAT");
    }
    let mut stream = TimeoutStream::new(stream);
    // Only for writing: while a request is answered, its client has nothing to send.
    stream.set_write_timeout(Some(serving.client_timeout));
    let stream = Box::pin(stream);
    let address = peer.ip();
    let activity = Activity::new(permit, serving.clock.clone(), serving.client_timeout);
    let client = Client {
        peer: Peer {
            address,
            tls: serving.tls.is_some(),
        },
        activity,
        is_turned_away,
    };
    match &serving.tls {
        None => requests(stream, client, serving, stop).await,
        Some(acceptor) => {
            let handshake = tokio::time::timeout(serving.client_timeout, acceptor.accept(stream));
            tokio::select! {
                handshake = handshake => match handshake {
                    Ok(Ok(stream)) => requests(stream, client, serving, stop).await,
                    Ok(Err(error)) => mistaken(
                        serving,
                        address,
                        &error,
                        RefusalReason::TlsHandshake,
                        "TLS is on: use https, and trust the certificate of tls_cert",
                    ),
                    Err(_) => tracing::debug!("TLS handshake took too long"),
                },
                () = client.activity.displaced() => {}
            }
        }
    }
}

/// Who is at the other end.
#[derive(Clone)]
struct Client {
    peer: Peer,
    activity: Arc<Activity>,
    /// There was no permit for it: all it is told is that.
    is_turned_away: bool,
}

impl Client {
    async fn answer<H: Handler>(
        self,
        serving: &Serving<H>,
        request: Request<Incoming>,
    ) -> Response {
        if self.is_turned_away {
            return turn_away(&serving.handler);
        }
        let Some(answering) = self.activity.begin(request.version()) else {
            serving.counters.count_request(503);
            return serving.handler.busy();
        };
        let mut request = request.map(|body| {
            if body.is_end_stream() {
                Body::empty()
            } else {
                Body::new(Drained::new(
                    body,
                    serving.client_timeout,
                    serving.clock.clone(),
                ))
            }
        });
        request.extensions_mut().insert(self.peer);
        answering.send(serving.handler.answer(request).await)
    }
}

/// Says that there are too many connections, and ends this one.
fn turn_away(handler: &impl Handler) -> Response {
    let mut response = handler.busy();
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

async fn requests<H, S>(
    stream: S,
    client: Client,
    serving: &Arc<Serving<H>>,
    mut stop: watch::Receiver<bool>,
) where
    H: Handler,
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (activity, peer) = (client.activity.clone(), client.peer);
    let service = {
        let serving = Arc::clone(serving);
        service_fn(move |request: Request<Incoming>| {
            let (client, serving) = (client.clone(), Arc::clone(&serving));
            async move { Ok::<_, Infallible>(client.answer(&serving, request).await) }
        })
    };
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(serving.client_timeout)
        .max_buf_size(HEAD_MAX_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_header_list_size(u32::try_from(HEAD_MAX_BYTES).unwrap_or(u32::MAX))
        .keep_alive_interval(Some(serving.client_timeout))
        .keep_alive_timeout(serving.client_timeout);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = activity.overdue() => {
            tracing::debug!("a client took too long");
            return;
        }
        () = activity.displaced() => {
            connection.as_mut().graceful_shutdown();
            // As a rule it has nothing to end. A request that came just now is answered.
            let ending = tokio::time::timeout(TURNED_AWAY, connection.as_mut());
            tokio::select! {
                _ = ending => {}
                () = rest(&activity) => {}
            }
            return;
        }
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = activity.overdue() => return,
            }
        }
    };
    if let Err(error) = ended {
        let is_http = |error: &hyper::Error| !error.is_parse() || error.is_parse_too_large();
        if error.downcast_ref::<hyper::Error>().is_none_or(is_http) {
            // Clients that vanish are everyday life.
            tracing::debug!(%error, "connection ended early");
        } else {
            let remedy = "this port takes HTTP; for https give --tls-cert and --tls-key";
            mistaken(
                serving,
                peer.address,
                &error,
                RefusalReason::NotHttp,
                remedy,
            );
        }
    }
}

/// Counts a connection that is not one of this port's protocol, and says what to do about it.
fn mistaken<H>(
    serving: &Serving<H>,
    peer: IpAddr,
    error: &dyn std::fmt::Display,
    reason: RefusalReason,
    remedy: &str,
) {
    let now = serving.clock.now();
    if let Some(more) = serving.counters.refuse(Source::Http, reason, now) {
        let reason = reason.as_str();
        tracing::warn!(%peer, reason, %error, remedy, more, "a connection is of no use");
    }
}

/// Waits until a connection that is to end has nothing to answer, for a moment longer than it takes
/// to say so.
async fn rest(activity: &Activity) {
    const MOMENT: Duration = Duration::from_millis(100);
    loop {
        tokio::time::sleep(MOMENT).await;
        if !activity.is_busy() {
            return;
        }
    }
}
