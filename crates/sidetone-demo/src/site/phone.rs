//! A phone of the site, and its way there.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::chance::Dice;

/// User agents of phones.
const PHONES: &[&str] = &[
    "Deskphone 320/7.4.1",
    "Deskphone 480/7.4.1",
    "Softphone/3.12 (Linux)",
    "Doorphone/1.9",
];

/// One end of a call.
#[derive(Debug)]
pub(super) struct Phone {
    pub(super) number: String,
    pub(super) address: Ipv4Addr,
    pub(super) agent: &'static str,
    pub(super) tag: String,
    /// Where it receives RTP; RTCP at the next port.
    pub(super) port: u16,
    /// Where the relay receives what it sends.
    pub(super) relay_port: u16,
    pub(super) ssrc: u32,
    /// One way between it and the site's machine, µs.
    pub(super) delay_us: i64,
    /// Of what is sent to it, the share that is lost.
    pub(super) loss: f64,
    /// Of what is sent to it, in ticks of the codec.
    pub(super) jitter_ticks: u32,
}

impl Phone {
    pub(super) fn new(dice: &mut Dice, is_bad: bool) -> Self {
        let port = |dice: &mut Dice| u16::try_from(2 * dice.between(10_000, 29_000)).unwrap_or(0);
        let host = |dice: &mut Dice| u8::try_from(dice.between(10, 250)).unwrap_or(10);
        Self {
            number: dice.text("+1202555####"),
            address: Ipv4Addr::new(10, 20, host(dice), host(dice)),
            agent: dice.pick::<&str>(PHONES),
            tag: dice.text("~~~~~~~~~~"),
            port: port(dice),
            relay_port: port(dice),
            ssrc: dice.below(u32::MAX),
            delay_us: i64::from(dice.between(2_000, 30_000)),
            loss: if is_bad { dice.within(0.01, 0.08) } else { 0.0 },
            jitter_ticks: if is_bad {
                dice.between(80, 400)
            } else {
                dice.between(4, 40)
            },
        }
    }

    pub(super) const fn sip(&self) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(self.address), 5060)
    }
}
