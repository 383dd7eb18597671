//! HEP in datagrams.

use std::io::IoSliceMut;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{
    MsgFlags, MultiHeaders, SockaddrStorage, getsockopt, recvmmsg, setsockopt, sockopt,
};
use tokio::sync::watch;

use super::batch::{Kind, PacketBatch};
use super::queue::{BATCH_BYTES, BATCH_PACKETS, PacketQueue};
use crate::app::App;
use crate::telemetry::labels::Transport;

/// The largest datagram there can be.
const DATAGRAM_BYTES: usize = 65_536;

/// Asks for a receive buffer, and says how large it is. With the right to (`CAP_NET_ADMIN`), more
/// than the kernel's limit.
///
/// # Errors
/// When the kernel does not answer.
pub fn enlarge(socket: &UdpSocket, bytes: usize) -> nix::Result<usize> {
    if setsockopt(socket, sockopt::RcvBufForce, &bytes).is_err() {
        setsockopt(socket, sockopt::RcvBuf, &bytes)?;
    }
    // The kernel doubles what is asked for, for its own bookkeeping, and tells the double.
    Ok(getsockopt(socket, sockopt::RcvBuf)? / 2)
}

/// Reads datagrams until a stop is asked for, on a thread of its own: it waits in the kernel, and
/// for the collector.
pub fn read(app: &App, socket: &UdpSocket, queue: &PacketQueue, stop: &watch::Receiver<bool>) {
    let mut reader = Reader::default();
    let mut batch = queue.empty(Transport::Udp);
    let pass_on = |batch: &mut PacketBatch| {
        let mut full = std::mem::replace(batch, queue.empty(Transport::Udp));
        full.received_at = app.clock.now();
        queue.put_blocking(full);
    };
    while !is_over(stop) {
        let read = reader.read(socket, |peer, bytes| {
            batch.push(peer, Kind::Hep, bytes);
            if batch.bytes() >= BATCH_BYTES {
                pass_on(&mut batch);
            }
        });
        match read {
            Ok(()) | Err(Errno::EAGAIN | Errno::EINTR) => {}
            Err(error) => {
                tracing::error!(%error, "HEP datagrams cannot be read");
                std::thread::sleep(std::time::Duration::from_millis(200));
            }
        }
        if !batch.is_empty() {
            pass_on(&mut batch);
        }
    }
    // While the socket is still there to be asked.
    app.counters.refresh_kernel();
}

/// Fetches datagrams many at a time.
pub struct Reader {
    memory: Vec<u8>,
    headers: MultiHeaders<SockaddrStorage>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            // Pages that no datagram reaches are never there.
            memory: vec![0; BATCH_PACKETS * DATAGRAM_BYTES],
            headers: MultiHeaders::preallocate(BATCH_PACKETS, None),
        }
    }
}

impl Reader {
    /// Waits for a datagram, and gives it and what else is there, up to [`BATCH_PACKETS`], with
    /// their senders.
    ///
    /// # Errors
    /// As the kernel's; `EAGAIN` when none came for as long as the socket waits.
    pub fn read(
        &mut self,
        socket: &UdpSocket,
        mut give: impl FnMut(SocketAddr, &[u8]),
    ) -> nix::Result<()> {
        let mut buffers: Vec<_> = self
            .memory
            .chunks_exact_mut(DATAGRAM_BYTES)
            .map(|buffer| [IoSliceMut::new(buffer)])
            .collect();
        let (fd, flags) = (socket.as_raw_fd(), MsgFlags::MSG_WAITFORONE);
        for datagram in recvmmsg(fd, &mut self.headers, &mut buffers, flags, None)? {
            let peer = datagram.address.as_ref().and_then(peer);
            // An empty datagram fills no buffer, and counts as any other.
            let bytes = datagram.iovs().next().unwrap_or_default();
            give(peer.unwrap_or(NOBODY), bytes);
        }
        Ok(())
    }
}

/// What the kernel gave no address for.
const NOBODY: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

/// The sender; one of IPv4 as such, whatever the socket.
fn peer(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::from(*v4));
    let peer = v4.or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddr::from(*v6)))?;
    Some(SocketAddr::new(peer.ip().to_canonical(), peer.port()))
}

/// Whether to stop: asked to, or there is nobody left to ask.
fn is_over(stop: &watch::Receiver<bool>) -> bool {
    *stop.borrow() || stop.has_changed().is_err()
}
