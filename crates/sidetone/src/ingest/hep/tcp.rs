//! HEP in streams, plain or encrypted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::agents::Refusal;
use super::batch::Transport;
use super::foreign::{Foreign, remedy};
use super::framer::Framer;
use super::queue::Inlet;
use crate::app::App;
use crate::config::Networks;
use crate::places::{Found, Place, Places};
use crate::server::{accept, stopped};

/// How long an agent may have nothing to send. Long: at night there are no calls, and what is sent into a connection
/// that was closed meanwhile is lost.
const IDLE: Duration = Duration::from_secs(60 * 60);
/// What complaints are about.
const DOOR: &str = "hep_tcp";
/// How long an agent is silent at least that has sent packets before, until another connection may have its place.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes read at once.
const PIECE: usize = 64 * 1024;

/// What a listener needs.
pub struct Streams {
    /// Whose counters count.
    pub app: App,
    /// Where packets go.
    pub inlet: Inlet,
    /// Encrypts connections.
    pub tls: Option<TlsAcceptor>,
}

/// Takes connections until a stop is asked for. As many as HTTP may have, counted apart, and a quarter of them from one
/// address; when there are more, one that is silent makes room.
pub async fn serve(listener: TcpListener, streams: Streams, mut stop: watch::Receiver<bool>) {
    let places = Places::new(
        streams.app.config.max_connections,
        Networks::default(),
        PATIENCE,
    );
    let streams = Arc::new(streams);
    while let Some((stream, peer)) = accept(&listener, &mut stop).await {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let app = &streams.app;
        // Nobody makes room for who may not be here.
        let may_be = app.tables.get().agents.may_be_at(peer.ip());
        let take = || places.take(peer.ip(), app.clock.passed());
        let found = may_be.then(take).flatten();
        let Some(Found { place, displaces }) = found else {
            refuse(app, may_be, peer);
            continue;
        };
        if displaces {
            app.counters.connections_displaced.inc();
            let what = "a silent connection of an agent made room for another";
            if let Some(more) = app.complaints.may_say(DOOR, what, app.clock.now()) {
                tracing::warn!(%peer, more, "{what}");
            }
        }
        tokio::spawn(connection(
            stream,
            peer,
            streams.clone(),
            stop.clone(),
            place,
        ));
    }
}

/// Counts a connection that is closed at once.
fn refuse(app: &App, may_be: bool, peer: SocketAddr) {
    let what = if may_be {
        app.counters.connections_refused.inc();
        "too many connections of agents; raise max_connections"
    } else {
        let result = Refusal::WrongSource.as_str();
        app.counters
            .count_hep(Transport::Tcp.as_str(), result, "connection", 1);
        "no agent may connect from there; name its network in hep_allow or in the sources of an [[agent]]"
    };
    if let Some(more) = app.complaints.may_say(DOOR, what, app.clock.now()) {
        tracing::warn!(%peer, more, "{what}");
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    streams: Arc<Streams>,
    mut stop: watch::Receiver<bool>,
    place: Place,
) {
    let reading = async {
        match &streams.tls {
            None => read(stream, peer, &streams, &place).await,
            Some(acceptor) => {
                let pause = streams.app.config.client_timeout;
                match tokio::time::timeout(pause, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => read(stream, peer, &streams, &place).await,
                    Ok(Err(error)) => mistaken(&streams.app, peer, "TLS handshake", &error),
                    Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
                }
            }
        }
    };
    tokio::select! {
        () = reading => {}
        () = stopped(&mut stop) => {}
        () = place.lost() => {}
    }
}

/// Counts a connection that is not one of HEP, and says what to do about it.
fn mistaken(app: &App, peer: SocketAddr, reason: &'static str, error: &dyn std::fmt::Display) {
    let (door, result) = (Transport::Tcp.as_str(), "malformed");
    app.counters.count_hep(door, result, reason, 1);
    if let Some(more) = app.complaints.may_say(DOOR, reason, app.clock.now()) {
        let remedy = remedy(result, reason);
        tracing::warn!(%peer, reason, %error, remedy, more, "what comes to the HEP port is not HEP");
    }
}

/// Reads until the agent ends, or is silent for too long. While the queue is full nothing is read, so that the agent
/// has to wait.
async fn read(
    mut stream: impl AsyncRead + Unpin,
    peer: SocketAddr,
    streams: &Streams,
    place: &Place,
) {
    let Streams { app, inlet, .. } = streams;
    let transport = Transport::Tcp;
    let malformed = |reason, number| {
        let counters = &app.counters;
        counters.count_hep(transport.as_str(), "malformed", reason, number);
    };
    let mut framer = Framer::default();
    let mut piece = vec![0; PIECE];
    let mut is_first = true;
    loop {
        let pause = if framer.is_within() {
            app.config.client_timeout
        } else {
            IDLE
        };
        place.listens(app.clock.passed());
        let length = match tokio::time::timeout(pause, stream.read(&mut piece)).await {
            Ok(Ok(0)) | Err(_) => break,
            Ok(Ok(length)) => length,
            Ok(Err(error)) => {
                tracing::debug!(%peer, %error, "an agent's connection ended early");
                break;
            }
        };
        if std::mem::take(&mut is_first)
            && let Some(foreign) = Foreign::of(&piece[..length])
        {
            let what = foreign.as_str();
            mistaken(app, peer, what, &what);
            break;
        }
        place.works();
        let mut batch = inlet.empty(transport);
        batch.received_at = app.clock.now();
        let gaps = framer.feed(peer, &piece[..length], &mut batch);
        malformed("bytes between packets", gaps);
        if !batch.is_empty() {
            place.is_known();
            inlet.put(batch).await;
        }
    }
    if framer.is_within() {
        malformed("stream ended within a packet", 1);
    }
}
