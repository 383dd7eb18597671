//! Sockets that both versions of IP reach, made with options that the standard library does not
//! set.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, bind, listen, setsockopt, socket,
    sockopt,
};
use tokio::net::TcpListener;

/// How long a reader waits before it looks whether it is to stop.
const LOOK_UP: Duration = Duration::from_millis(200);

/// What is listened for, for the error that says why it cannot be.
#[derive(Debug, Clone, Copy)]
pub struct Purpose {
    /// In words.
    pub what: &'static str,
    /// The option that says where.
    pub option: &'static str,
    /// The variable of the environment that says it too.
    pub variable: &'static str,
    /// Whether the server can do without.
    pub may_be_off: bool,
}

impl Purpose {
    /// Why it cannot be, and what to do about it.
    pub fn refused(self, at: SocketAddr, error: &std::io::Error) -> anyhow::Error {
        let Self {
            what,
            option,
            variable,
            ..
        } = self;
        let why = match error.kind() {
            ErrorKind::AddrInUse => "another program is there".to_owned(),
            ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
            ErrorKind::PermissionDenied => {
                "ports below 1024 need root or the capability CAP_NET_BIND_SERVICE".to_owned()
            }
            _ => error.to_string(),
        };
        let off = if self.may_be_off {
            format!(", or turn it off with {option} off")
        } else {
            String::new()
        };
        anyhow::anyhow!(
            "cannot listen for {what} on {at}: {why}. Choose another address with {option} or {variable}{off}"
        )
    }
}

/// Sockets that share an address, so that the kernel spreads senders over them. They wait for a
/// datagram for a bounded time.
///
/// # Errors
/// When the address is not to be had.
pub fn datagrams(
    at: SocketAddr,
    number: usize,
    purpose: Purpose,
) -> anyhow::Result<Vec<UdpSocket>> {
    let refused = |error: std::io::Error| purpose.refused(at, &error);
    // Sharing would also share with another server of the same user, and each would see half of the
    // packets. So the first try is alone.
    let alone = bound(at, SockType::Datagram, SockFlag::empty(), false).map_err(refused)?;
    if number == 1 {
        return Ok(vec![waiting(alone)?]);
    }
    drop(alone);
    let mut sockets = Vec::with_capacity(number);
    let mut at = at;
    for _ in 0..number {
        let socket = bound(at, SockType::Datagram, SockFlag::empty(), true).map_err(refused)?;
        let socket = waiting(socket)?;
        // The first chooses the port when any will do.
        at = socket.local_addr()?;
        sockets.push(socket);
    }
    Ok(sockets)
}

/// A socket for datagrams that a task reads.
///
/// # Errors
/// When the address is not to be had.
pub fn datagram_task(at: SocketAddr, purpose: Purpose) -> anyhow::Result<tokio::net::UdpSocket> {
    let socket = bound(at, SockType::Datagram, SockFlag::SOCK_NONBLOCK, false)
        .map_err(|error| purpose.refused(at, &error))?;
    Ok(tokio::net::UdpSocket::from_std(socket.into())?)
}

/// A socket that accepts connections.
///
/// # Errors
/// When the address is not to be had.
pub fn streams(at: SocketAddr, purpose: Purpose) -> anyhow::Result<TcpListener> {
    let make = || {
        let socket = bound(at, SockType::Stream, SockFlag::SOCK_NONBLOCK, false)?;
        listen(&socket, Backlog::new(1024)?)?;
        std::io::Result::Ok(socket)
    };
    let socket = make().map_err(|error| purpose.refused(at, &error))?;
    Ok(TcpListener::from_std(socket.into())?)
}

fn waiting(socket: OwnedFd) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::from(socket);
    socket.set_read_timeout(Some(LOOK_UP))?;
    Ok(socket)
}

fn bound(
    at: SocketAddr,
    kind: SockType,
    flags: SockFlag,
    shared: bool,
) -> std::io::Result<OwnedFd> {
    let family = if at.is_ipv4() {
        AddressFamily::Inet
    } else {
        AddressFamily::Inet6
    };
    let socket = socket(family, kind, flags | SockFlag::SOCK_CLOEXEC, None)?;
    if at.is_ipv6() {
        // Else it would depend on the machine whether [::] takes IPv4 too.
        setsockopt(&socket, sockopt::Ipv6V6Only, &false)?;
    }
    if kind == SockType::Stream {
        // Connections of a server that has just ended do not keep the next from starting.
        setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    }
    if shared {
        setsockopt(&socket, sockopt::ReusePort, &true)?;
    }
    bind(socket.as_raw_fd(), &SockaddrStorage::from(at))?;
    Ok(socket)
}
