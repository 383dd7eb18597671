//! HEP in streams, plain or encrypted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::foreign::{Foreign, remedy, told};
use super::framer::Framer;
use super::queue::PacketQueue;
use crate::app::App;
use crate::config::Networks;
use crate::shutdown::stopped;
use crate::telemetry::labels::{PacketReason, PacketResult, Source, Transport};
use crate::telemetry::throttle::Subject;
use crate::web::connections::{ConnectionLimit, ConnectionPermit, Found};
use crate::web::server::accept;

/// How long an agent may have nothing to send. Long: at night there are no calls, and what is sent
/// into a connection that was closed meanwhile is lost.
const IDLE: Duration = Duration::from_secs(60 * 60);
/// How long an agent is silent at least that has sent packets before, until another connection may
/// have its permit.
const IDLE_MIN: Duration = Duration::from_secs(60);
/// Bytes read at once.
const PIECE: usize = 64 * 1024;

/// What a listener needs.
pub struct Streams {
    /// Whose counters count.
    pub app: App,
    /// Where packets go.
    pub queue: PacketQueue,
    /// Encrypts connections.
    pub tls: Option<TlsAcceptor>,
}

/// Takes connections until a stop is asked for. As many as HTTP may have, counted apart, and a
/// quarter of them from one address; when there are more, one that is silent makes room.
pub async fn serve(listener: TcpListener, streams: Streams, mut stop: watch::Receiver<bool>) {
    let limit = ConnectionLimit::new(
        streams.app.config.max_connections,
        Networks::default(),
        IDLE_MIN,
    );
    let streams = Arc::new(streams);
    while let Some((stream, peer)) = accept(&listener, &mut stop).await {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let app = &streams.app;
        // Nobody makes room for who may not be here.
        let may_be = app.tables.get().agents.may_be_at(peer.ip());
        let take = || limit.take(peer.ip(), app.clock.passed());
        let found = may_be.then(take).flatten();
        let Some(Found { permit, displaces }) = found else {
            refuse(app, may_be, peer);
            continue;
        };
        if displaces {
            app.counters.connections_displaced.inc();
            if let Some(more) = may_log(app, Subject::AgentDisplaced) {
                tracing::warn!(%peer, more, "a silent connection of an agent made room for another");
            }
        }
        tokio::spawn(connection(
            stream,
            peer,
            streams.clone(),
            stop.clone(),
            permit,
        ));
    }
}

/// Counts a connection that is closed at once.
fn refuse(app: &App, may_be: bool, peer: SocketAddr) {
    let (subject, what) = if may_be {
        app.counters.connections_refused.inc();
        (
            Subject::AgentsCrowded,
            "too many connections of agents; raise max_connections",
        )
    } else {
        let (result, reason) = (PacketResult::RefusedSource, PacketReason::Connection);
        let counters = &app.counters;
        counters.count_packets(Transport::Tcp, result, reason, 1);
        let doors = &counters.doors;
        doors.refuse(Source::Hep, result.as_str(), app.clock.now(), || {
            told(result, reason)
        });
        (
            Subject::Packet(Transport::Tcp, result, reason),
            "no agent may connect from there; name its network in hep_allow or in the sources of an [[agent]]",
        )
    };
    if let Some(more) = may_log(app, subject) {
        tracing::warn!(%peer, more, "{what}");
    }
}

fn may_log(app: &App, subject: Subject) -> Option<u64> {
    app.counters.log_throttle.may_log(subject, app.clock.now())
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    streams: Arc<Streams>,
    mut stop: watch::Receiver<bool>,
    permit: ConnectionPermit,
) {
    let reading = async {
        match &streams.tls {
            None => read(stream, peer, &streams, &permit).await,
            Some(acceptor) => {
                let pause = streams.app.config.client_timeout;
                match tokio::time::timeout(pause, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => read(stream, peer, &streams, &permit).await,
                    Ok(Err(error)) => {
                        mistaken(&streams.app, peer, PacketReason::TlsHandshake, &error);
                    }
                    Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
                }
            }
        }
    };
    tokio::select! {
        () = reading => {}
        () = stopped(&mut stop) => {}
        () = permit.lost() => {}
    }
}

/// Counts a connection that is not one of HEP, and says what to do about it.
fn mistaken(app: &App, peer: SocketAddr, reason: PacketReason, error: &dyn std::fmt::Display) {
    let (door, result) = (Transport::Tcp, PacketResult::Malformed);
    app.counters.count_packets(door, result, reason, 1);
    let doors = &app.counters.doors;
    doors.refuse(Source::Hep, result.as_str(), app.clock.now(), || {
        told(result, reason)
    });
    if let Some(more) = may_log(app, Subject::Packet(door, result, reason)) {
        let remedy = remedy(result, reason);
        let reason = reason.as_str();
        tracing::warn!(%peer, reason, %error, remedy, more, "what comes to the HEP port is not HEP");
    }
}

/// Reads until the agent ends, or is silent for too long. While the queue is full nothing is read,
/// so that the agent has to wait.
async fn read(
    mut stream: impl AsyncRead + Unpin,
    peer: SocketAddr,
    streams: &Streams,
    permit: &ConnectionPermit,
) {
    let Streams { app, queue, .. } = streams;
    let transport = Transport::Tcp;
    let malformed = |reason, number| {
        let counters = &app.counters;
        counters.count_packets(transport, PacketResult::Malformed, reason, number);
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
        permit.listens(app.clock.passed());
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
            let reason = foreign.reason();
            mistaken(app, peer, reason, &reason.as_str());
            break;
        }
        permit.works();
        let mut batch = queue.empty(transport);
        batch.received_at = app.clock.now();
        let gaps = framer.feed(peer, &piece[..length], &mut batch);
        malformed(PacketReason::BetweenPackets, gaps);
        if !batch.is_empty() {
            permit.is_known();
            queue.put(batch).await;
        }
    }
    if framer.is_within() {
        malformed(PacketReason::StreamEnded, 1);
    }
}
