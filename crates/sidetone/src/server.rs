//! Connections: accept, TLS, time-outs, HTTP/1.1 and HTTP/2, graceful stop.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::Request;
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;

use crate::app::App;
use crate::drain::Drained;
use crate::http::Door;

/// The largest head of a request: request line and headers together.
const HEAD_MAX_BYTES: usize = 64 * 1024;
/// How long connections may finish what they are doing after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(10);

/// How a request came: put into its extensions.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Who is at the other end of the connection.
    pub address: IpAddr,
    /// Whether the connection is encrypted.
    pub tls: bool,
}

/// What a listener needs to serve.
pub struct Serving {
    /// Answers requests.
    pub door: Door,
    /// Encrypts connections.
    pub tls: Option<TlsAcceptor>,
    /// Connections at once.
    pub max_connections: usize,
    /// Longest pause of a client.
    pub client_timeout: Duration,
    /// Whose counters count refused connections.
    pub app: App,
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
pub async fn serve(listener: TcpListener, serving: Serving, mut stop: watch::Receiver<bool>) {
    let serving = Arc::new(serving);
    let slots = Arc::new(Semaphore::new(serving.max_connections));
    while let Some((stream, peer)) = accept(&listener, &mut stop).await {
        let Ok(slot) = slots.clone().try_acquire_owned() else {
            serving.app.counters.connections_refused.inc();
            continue;
        };
        tokio::spawn(connection(
            stream,
            peer,
            serving.clone(),
            stop.clone(),
            slot,
        ));
    }
    drop(listener);
    let most = u32::try_from(serving.max_connections).unwrap_or(u32::MAX);
    // Every slot free means every connection over.
    if tokio::time::timeout(DRAIN, slots.acquire_many(most))
        .await
        .is_err()
    {
        tracing::warn!("connections still open after {DRAIN:?} were cut");
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    serving: Arc<Serving>,
    stop: watch::Receiver<bool>,
    _slot: OwnedSemaphorePermit,
) {
    // Answers are written whole: waiting to fill a segment only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_read_timeout(Some(serving.client_timeout));
    stream.set_write_timeout(Some(serving.client_timeout));
    let stream = Box::pin(stream);
    let address = peer.ip();
    match &serving.tls {
        None => {
            requests(
                stream,
                Peer {
                    address,
                    tls: false,
                },
                &serving,
                stop,
            )
            .await
        }
        Some(acceptor) => {
            let handshake = tokio::time::timeout(serving.client_timeout, acceptor.accept(stream));
            match handshake.await {
                Ok(Ok(stream)) => {
                    requests(stream, Peer { address, tls: true }, &serving, stop).await
                }
                Ok(Err(error)) => mistaken(
                    &serving.app,
                    address,
                    &error,
                    "tls_handshake",
                    "TLS is on: use https, and trust the certificate of tls_cert",
                ),
                Err(_) => tracing::debug!("TLS handshake took too long"),
            }
        }
    }
}

async fn requests<S>(stream: S, peer: Peer, serving: &Serving, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let door = serving.door.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(|body| {
            if body.is_end_stream() {
                Body::empty()
            } else {
                Body::new(Drained::new(body))
            }
        });
        request.extensions_mut().insert(peer);
        let door = door.clone();
        async move { Ok::<_, Infallible>(door.answer(request).await) }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(serving.client_timeout)
        .max_buf_size(HEAD_MAX_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .max_header_list_size(u32::try_from(HEAD_MAX_BYTES).unwrap_or(u32::MAX))
        .keep_alive_interval(Some(serving.client_timeout))
        .keep_alive_timeout(serving.client_timeout);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        let is_http = |error: &hyper::Error| !error.is_parse() || error.is_parse_too_large();
        if error.downcast_ref::<hyper::Error>().is_none_or(is_http) {
            // Clients that vanish are everyday life.
            tracing::debug!(%error, "connection ended early");
        } else {
            let remedy = "this port takes HTTP; for https give --tls-cert and --tls-key";
            mistaken(&serving.app, peer.address, &error, "not_http", remedy);
        }
    }
}

/// Counts a connection that is not one of this port's protocol, and says what to do about it.
fn mistaken(
    app: &App,
    peer: IpAddr,
    error: &dyn std::fmt::Display,
    reason: &'static str,
    remedy: &str,
) {
    if let Some(more) = app.refused("http", reason) {
        tracing::warn!(%peer, reason, %error, remedy, more, "a connection is of no use");
    }
}

/// Waits until a stop is asked for.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone: that is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}
