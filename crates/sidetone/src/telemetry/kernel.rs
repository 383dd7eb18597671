//! Datagrams that the kernel dropped because nobody fetched them in time.

use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::sync::{Mutex, PoisonError};

use super::labels::Transport;

/// Where the kernel lists sockets for datagrams.
const TABLES: [&str; 2] = ["/proc/net/udp", "/proc/net/udp6"];

/// Where the kernel counts for the whole machine.
const MACHINE: [&str; 2] = ["/proc/net/snmp", "/proc/net/snmp6"];

/// Sockets whose drops are watched.
#[derive(Debug, Default)]
pub struct Drops(Mutex<Vec<Watched>>);

#[derive(Debug)]
struct Watched {
    inode: u64,
    transport: Transport,
    /// The kernel's count when it was last read. It begins again after 2³².
    seen: u32,
}

impl Drops {
    /// Watches a socket from now on.
    ///
    /// # Errors
    /// When the kernel does not say which it is.
    pub fn watch(&self, transport: Transport, socket: &UdpSocket) -> std::io::Result<()> {
        let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd()))?;
        let inode = link
            .to_str()
            .and_then(|link| {
                link.strip_prefix("socket:[")?
                    .strip_suffix(']')?
                    .parse()
                    .ok()
            })
            .ok_or_else(|| std::io::Error::other("a socket without an inode"))?;
        self.lock().push(Watched {
            inode,
            transport,
            seen: 0,
        });
        Ok(())
    }

    /// Tells of the drops since it was last asked, by transport.
    pub fn refresh(&self, mut tell: impl FnMut(Transport, u64)) {
        let mut watched = self.lock();
        if watched.is_empty() {
            return;
        }
        // A table is missing where the kernel does not speak that version of IP.
        let tables = TABLES.map(|table| std::fs::read_to_string(table).unwrap_or_default());
        for (inode, drops) in tables
            .iter()
            .flat_map(|table| table.lines().filter_map(row))
        {
            for socket in watched.iter_mut().filter(|socket| socket.inode == inode) {
                let new = drops.wrapping_sub(socket.seen);
                socket.seen = drops;
                tell(socket.transport, new.into());
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Watched>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Datagrams for any program of this machine that found no room: beside our own drops it tells
/// whether others suffer too.
#[must_use]
pub fn buffer_errors() -> u64 {
    let read = |table| std::fs::read_to_string(table).unwrap_or_default();
    let [v4, v6] = MACHINE.map(read);
    sum_of_errors(&v4, &v6)
}

/// The counts of both versions of IP. The table of IPv4 has a line of names and one of numbers for
/// each protocol, that of IPv6 a name and a number on each line.
fn sum_of_errors(v4: &str, v6: &str) -> u64 {
    let mut udp = v4.lines().filter_map(|line| line.strip_prefix("Udp: "));
    let (names, numbers) = (udp.next().unwrap_or(""), udp.next().unwrap_or(""));
    let mut columns = names.split(' ').zip(numbers.split(' '));
    let v4 = columns.find(|(name, _)| *name == "RcvbufErrors");
    let v6 = v6
        .lines()
        .find_map(|line| line.strip_prefix("Udp6RcvbufErrors"));
    let number = |text: Option<&str>| {
        text.and_then(|text| text.trim().parse().ok())
            .unwrap_or(0_u64)
    };
    number(v4.map(|(_, number)| number)).saturating_add(number(v6))
}

/// Inode and drops of a row of `/proc/net/udp`; `None` for its heading.
fn row(line: &str) -> Option<(u64, u32)> {
    let mut fields = line.split_ascii_whitespace();
    let inode = fields.nth(9)?.parse().ok()?;
    let drops = fields.nth(2)?.parse().ok()?;
    Some((inode, drops))
}

#[cfg(test)]
mod tests {
    use nix::sys::socket::{setsockopt, sockopt};

    use super::*;

    #[test]
    fn reads_rows_of_the_table() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops             \n\
            21001: 0100007F:2364 00000000:0000 07 00000000:00034E00 00:00000000 00000000  1000        0 884217 2 00000000a0c3b3a1 4294967290\n\
            21002: 00000000000000000000000000000000:2364 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 77 2 0000000000000000 0\n\
            21003: 0100007F:2364 00000000:0000 07 00000000";
        let rows: Vec<_> = table.lines().filter_map(row).collect();
        assert_eq!(rows, [(884_217, 4_294_967_290), (77, 0)]);
    }

    #[test]
    fn adds_up_the_errors_of_the_machine() {
        let v4 = "Tcp: A B\nTcp: 1 2\nUdp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors\nUdp: 9 8 7 6 5 4\nUdpLite: RcvbufErrors\nUdpLite: 3\n";
        let v6 = "Udp6InErrors                    \t7\nUdp6RcvbufErrors                \t40\n";
        assert_eq!(sum_of_errors(v4, v6), 45);
        assert_eq!(sum_of_errors("", ""), 0);
        assert!(
            std::fs::read_to_string(MACHINE[0])
                .unwrap()
                .contains("RcvbufErrors")
        );
    }

    #[test]
    fn sees_what_a_full_socket_drops() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        setsockopt(&socket, sockopt::RcvBuf, &1).unwrap();
        let drops = Drops::default();
        drops.watch(Transport::Udp, &socket).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let sent = 200;
        for _ in 0..sent {
            sender
                .send_to(&[0; 1_000], socket.local_addr().unwrap())
                .unwrap();
        }
        let mut dropped = 0;
        drops.refresh(|transport, number| {
            assert_eq!(transport, Transport::Udp);
            dropped += number;
        });
        socket.set_nonblocking(true).unwrap();
        let mut buffer = [0; 2_000];
        let received = std::iter::from_fn(|| socket.recv(&mut buffer).ok()).count() as u64;
        assert!(received > 0 && dropped > 0, "{received} {dropped}");
        assert_eq!(received + dropped, sent);
        drops.refresh(|_, number| assert_eq!(number, 0));
    }
}
