//! Sending at a steady rate: every millisecond what is due, in bursts.

use std::io::IoSlice;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, sendmmsg};

use super::traffic::Traffic;

/// Most datagrams of one system call.
pub const BURST: usize = 64;
const PAUSE: Duration = Duration::from_millis(1);

/// Datagrams that go out together.
pub struct Sender {
    socket: UdpSocket,
    to: [Option<SockaddrStorage>; BURST],
    headers: MultiHeaders<SockaddrStorage>,
    buffers: Vec<Vec<u8>>,
}

impl Sender {
    pub fn new(to: SocketAddr) -> anyhow::Result<Self> {
        let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        Ok(Self {
            socket: UdpSocket::bind(any)?,
            to: [Some(SockaddrStorage::from(to)); BURST],
            headers: MultiHeaders::preallocate(BURST, None),
            buffers: vec![Vec::new(); BURST],
        })
    }

    /// Sends so many, at most [`BURST`]. A socket that waits and is not connected sends all of them
    /// or fails.
    pub fn send(&mut self, number: usize, traffic: &mut Traffic) -> anyhow::Result<()> {
        let buffers = &mut self.buffers[..number];
        for buffer in buffers.iter_mut() {
            traffic.next(buffer);
        }
        let slices: Vec<_> = buffers.iter().map(|bytes| [IoSlice::new(bytes)]).collect();
        let (fd, flags) = (self.socket.as_raw_fd(), MsgFlags::empty());
        sendmmsg(fd, &mut self.headers, &slices, self.to, [], flags)?;
        Ok(())
    }
}

/// Sends for so long, and prints how many were sent and how many a second that was.
#[allow(clippy::disallowed_methods, reason = "it measures")]
pub fn run(to: SocketAddr, rate: u64, seconds: u64, mut traffic: Traffic) -> anyhow::Result<()> {
    let mut sender = Sender::new(to)?;
    let (begin, mut sent) = (Instant::now(), 0);
    let whole = Duration::from_secs(seconds);
    loop {
        let elapsed = begin.elapsed().min(whole);
        let due = (elapsed.as_secs_f64() * rate as f64) as u64;
        // What it cannot keep up with is not sent later at a higher rate.
        while sent < due && begin.elapsed() < whole + PAUSE {
            let number = (due - sent).min(BURST as u64);
            sender.send(number as usize, &mut traffic)?;
            sent += number;
        }
        if elapsed == whole {
            break;
        }
        std::thread::sleep(PAUSE);
    }
    println!("{sent} {:.0}", sent as f64 / begin.elapsed().as_secs_f64());
    Ok(())
}
