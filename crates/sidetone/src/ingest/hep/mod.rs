//! HEP: what agents beside SIP equipment captured; and what phones report of themselves.

pub mod admission;
pub mod batch;
pub mod collector;
pub mod file;
pub mod foreign;
pub mod framer;
pub mod http;
pub mod queue;
pub mod running;
mod sip_port;
pub mod tcp;
pub mod udp;

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use self::collector::Collector;
use self::queue::{DEPTH, QueuedPackets, queue};
use self::tcp::Streams;
use crate::app::App;
use crate::config::Config;
use crate::shutdown::stopped;
use crate::socket::{self, Purpose};
use crate::telemetry::labels::Transport;
use crate::telemetry::throttle::Subject;

/// How often the collector looks at what waits.
const TICK: Duration = Duration::from_millis(250);
/// How long the collector rests after the store failed; meanwhile the queue fills.
const REST: Duration = Duration::from_millis(100);

const UDP: Purpose = Purpose {
    what: "HEP over UDP",
    option: "--hep-udp",
    variable: "SIDETONE_HEP_UDP",
    may_be_off: true,
};
const TCP: Purpose = Purpose {
    what: "HEP over TCP",
    option: "--hep-tcp",
    variable: "SIDETONE_HEP_TCP",
    may_be_off: true,
};
const SIP: Purpose = Purpose {
    what: "SIP over UDP",
    option: "--sip-udp",
    variable: "SIDETONE_SIP_UDP",
    may_be_off: true,
};

/// Sockets that are bound and not read yet.
#[derive(Default)]
pub struct Listeners {
    udp: Vec<UdpSocket>,
    tcp: Option<TcpListener>,
    sip: Option<tokio::net::UdpSocket>,
}

/// Where packets are listened for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Addresses {
    /// HEP over UDP.
    pub udp: Option<SocketAddr>,
    /// HEP over TCP.
    pub tcp: Option<SocketAddr>,
    /// Reports of phones over UDP.
    pub sip: Option<SocketAddr>,
}

impl Listeners {
    /// Binds what the settings say; nothing in a process that takes no events.
    ///
    /// # Errors
    /// When an address is not to be had.
    pub fn bind(config: &Config) -> anyhow::Result<Self> {
        let mut listeners = Self::default();
        if !config.roles.ingest {
            return Ok(listeners);
        }
        let hep = &config.hep;
        if let Some(at) = hep.udp {
            listeners.udp = socket::datagrams(at, hep.readers, UDP)?;
            enlarge(&listeners.udp, hep.receive_buffer);
        }
        listeners.tcp = hep.tcp.map(|at| socket::streams(at, TCP)).transpose()?;
        let sip = hep.sip_udp.map(|at| socket::datagram_task(at, SIP));
        listeners.sip = sip.transpose()?;
        Ok(listeners)
    }

    /// Where they are.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn addresses(&self) -> std::io::Result<Addresses> {
        let udp = self.udp.first().map(UdpSocket::local_addr);
        let tcp = self.tcp.as_ref().map(TcpListener::local_addr);
        let sip = self.sip.as_ref().map(tokio::net::UdpSocket::local_addr);
        Ok(Addresses {
            udp: udp.transpose()?,
            tcp: tcp.transpose()?,
            sip: sip.transpose()?,
        })
    }

    /// Reads them until a stop is asked for; what was read by then is taken in.
    ///
    /// # Errors
    /// When the kernel does not say which socket is which.
    pub fn start(
        self,
        app: &App,
        tls: Option<TlsAcceptor>,
        tasks: &mut JoinSet<()>,
        stop: &watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        let at = self.addresses()?;
        if at == Addresses::default() {
            return Ok(());
        }
        let (queue, queued) = queue(DEPTH);
        for socket in self.udp {
            app.counters.kernel.watch(Transport::Udp, &socket)?;
            let (app, queue, stop) = (app.clone(), queue.clone(), stop.clone());
            tasks.spawn_blocking(move || udp::read(&app, &socket, &queue, &stop));
        }
        if let Some(listener) = self.tcp {
            let streams = Streams {
                app: app.clone(),
                queue: queue.clone(),
                tls: tls.filter(|_| app.config.hep.tls),
            };
            tasks.spawn(tcp::serve(listener, streams, stop.clone()));
        }
        if let Some(socket) = self.sip {
            tasks.spawn(sip_port::serve(app.clone(), socket, queue, stop.clone()));
        }
        tasks.spawn(take_in(app.clone(), queued));
        tasks.spawn(watch_kernel(app.clone(), stop.clone()));
        let shown = |at: Option<SocketAddr>| at.map_or("off".to_owned(), |at| at.to_string());
        let (udp, tcp, sip) = (shown(at.udp), shown(at.tcp), shown(at.sip));
        tracing::info!(
            hep.udp = udp,
            hep.tcp = tcp,
            sip.udp = sip,
            "listening to agents"
        );
        Ok(())
    }
}

/// Asks for large buffers, and says what to do when the kernel gives less: what does not fit is
/// lost.
fn enlarge(sockets: &[UdpSocket], asked: usize) {
    for socket in sockets {
        match udp::enlarge(socket, asked) {
            Ok(given) if given < asked => {
                tracing::warn!(
                    asked,
                    given,
                    "the kernel gives HEP datagrams a smaller buffer than asked for, because of net.core.rmem_max; in bursts it will drop some. To change that: sysctl -w net.core.rmem_max={asked}"
                );
                return;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the receive buffer cannot be set"),
        }
    }
}

/// Takes packets in until no listener is left.
async fn take_in(app: App, mut queued: QueuedPackets) {
    let (messages, mut running) = mpsc::channel(1);
    tokio::spawn(running::read(app.clone(), messages));
    let mut collector = Collector::new(app.clone());
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let taken = tokio::select! {
            batch = queued.next() => {
                let Some(batch) = batch else { break };
                let taken = collector.take(&batch).await;
                queued.give_back(batch);
                taken
            }
            Some(messages) = running.recv() => {
                collector.remember(&messages);
                Ok(())
            }
            _ = ticks.tick() => collector.tick().await,
        };
        if let Err(error) = taken {
            let log_throttle = &app.counters.log_throttle;
            if let Some(more) = log_throttle.may_log(Subject::PacketsNotKept, app.clock.now()) {
                tracing::error!(%error, more, "packets could not be kept");
            }
            tokio::time::sleep(REST).await;
        }
    }
    if let Err(error) = collector.finish().await {
        tracing::error!(%error, "the last packets could not be kept");
    }
}

/// Counts what the kernel drops, also when nobody asks for the counters: its own count is lost with
/// the socket.
async fn watch_kernel(app: App, mut stop: watch::Receiver<bool>) {
    loop {
        app.counters.refresh_kernel();
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = stopped(&mut stop) => break,
        }
    }
}
