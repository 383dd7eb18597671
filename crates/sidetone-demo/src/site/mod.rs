//! A small SIP site: phones, a proxy that mirrors its signalling and a relay that mirrors RTCP, as
//! HEP packets. What is to be seen of a call follows from the packets alone, as with a real site.

mod hep;
mod messages;
mod phone;
mod reports;

use std::net::SocketAddr;

use sidetone_core::correlate::sip_call_sid;
use sidetone_core::id::{AccountSid, CallSid};
use sidetone_core::time::{SECOND_US, TimeUs};

use super::chance::Dice;
use hep::{Agent, packet};
use messages::{Messages, PROXY, Side};
use phone::Phone;

/// Mean pause between two calls, µs.
const PAUSE_US: f64 = 15.0 * SECOND_US as f64;
/// Keeps the dice of the site apart from those of the stories.
const SITE: u64 = 0x5173_5173_5173_5173;

/// A call as the site's agents mirror it.
#[derive(Debug, Clone)]
pub struct SiteCall {
    call_id: String,
    /// When its first packet is captured.
    pub begins_at: TimeUs,
    /// Whether it was answered.
    pub is_answered: bool,
    /// HEP packets, and when each is captured, in this order.
    pub packets: Vec<(TimeUs, Vec<u8>)>,
}

impl SiteCall {
    /// The call's identity in an account.
    #[must_use]
    pub fn sid(&self, account: AccountSid) -> CallSid {
        sip_call_sid(account, &self.call_id)
    }
}

/// Calls that begin from a time on, one every quarter of a minute or so, earliest first. There is
/// no last one.
pub fn calls(seed: u64, from: TimeUs) -> impl Iterator<Item = SiteCall> {
    (0..).scan(from, move |at, number| {
        let mut dice = Dice::new(seed ^ SITE, number);
        *at = at.plus_us((dice.within(0.2, 1.8) * PAUSE_US) as i64);
        Some(call(&mut dice, *at))
    })
}

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Busy,
    Canceled,
    HungUp(Side),
}

fn call(dice: &mut Dice, begins_at: TimeUs) -> SiteCall {
    let end = *dice.weighted(&[
        (2, End::Busy),
        (2, End::Canceled),
        (8, End::HungUp(Side::Caller)),
        (8, End::HungUp(Side::Callee)),
    ]);
    let is_bad = dice.happens(0.25);
    let messages = Messages {
        call_id: dice.text("~~~~~~~~~~~~~~~~~~~~"),
        branch: dice.text("~~~~~~~~~~"),
        caller: Phone::new(dice, false),
        callee: Phone::new(dice, is_bad),
    };
    let mut at = begins_at;
    let mut seen = Seen {
        messages: &messages,
        packets: Vec::new(),
    };
    seen.request(&mut at, "INVITE", Side::Caller);
    at = at.plus_us(i64::from(dice.between(40_000, 400_000)));
    match end {
        End::Busy => {
            seen.response(&mut at, "486 Busy Here", "INVITE", Side::Caller);
            seen.request(&mut at, "ACK", Side::Caller);
        }
        End::Canceled | End::HungUp(_) => {
            seen.response(&mut at, "180 Ringing", "INVITE", Side::Caller);
            at = at.plus_us(i64::from(dice.between(2, 15)) * SECOND_US);
        }
    }
    match end {
        End::Busy => {}
        End::Canceled => {
            seen.request(&mut at, "CANCEL", Side::Caller);
            seen.response(&mut at, "200 OK", "CANCEL", Side::Caller);
            seen.response(&mut at, "487 Request Terminated", "INVITE", Side::Caller);
            seen.request(&mut at, "ACK", Side::Caller);
        }
        End::HungUp(side) => {
            seen.response(&mut at, "200 OK", "INVITE", Side::Caller);
            seen.request(&mut at, "ACK", Side::Caller);
            let talks_us = (dice.within(12.0, 180.0) * SECOND_US as f64) as i64;
            let ends_at = at.plus_us(talks_us);
            for (at, phone, report) in reports::reports(dice, &messages, at, ends_at) {
                let addresses = [
                    SocketAddr::from((phone.address, phone.port + 1)),
                    SocketAddr::from((PROXY, phone.relay_port + 1)),
                ];
                let agent = Agent::Relay(&messages.call_id);
                seen.packets
                    .push((at, packet(agent, addresses, at, &report)));
            }
            at = ends_at;
            seen.request(&mut at, "BYE", side);
            seen.response(&mut at, "200 OK", "BYE", side);
        }
    }
    let mut packets = seen.packets;
    packets.sort_by_key(|(at, _)| *at);
    SiteCall {
        begins_at,
        is_answered: matches!(end, End::HungUp(_)),
        packets,
        call_id: messages.call_id,
    }
}

/// What the proxy sees, on its way from one leg to the other.
struct Seen<'a> {
    messages: &'a Messages,
    packets: Vec<(TimeUs, Vec<u8>)>,
}

impl Seen<'_> {
    /// A request of a side, sent on to the other.
    fn request(&mut self, at: &mut TimeUs, method: &str, origin: Side) {
        for leg in [origin, origin.other()] {
            let text = self.messages.request(method, origin, leg);
            self.message(at, leg, leg == origin, &text);
        }
    }

    /// The other side's response to a request, sent back.
    fn response(&mut self, at: &mut TimeUs, status: &str, method: &str, origin: Side) {
        for leg in [origin.other(), origin] {
            let text = self.messages.response(status, method, origin, leg);
            self.message(at, leg, leg != origin, &text);
        }
    }

    fn message(&mut self, at: &mut TimeUs, leg: Side, to_proxy: bool, text: &str) {
        let phone = self.messages.phone(leg);
        let mut addresses = [phone.sip(), SocketAddr::from((PROXY, 5060))];
        // The way to the phone and back lies between what the proxy sends and what it gets for it.
        at.clone_from(&at.plus_us(if to_proxy { phone.delay_us } else { 600 }));
        if !to_proxy {
            addresses.reverse();
        }
        let packet = packet(Agent::Proxy, addresses, *at, text);
        self.packets.push((*at, packet));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_calls_and_no_two_are_alike() {
        let made = |seed| {
            let calls = calls(seed, TimeUs::from_micros(1_780_315_200_000_000)).take(50);
            calls.map(|call| call.packets).collect::<Vec<_>>()
        };
        let calls = made(1);
        assert_eq!(calls, made(1));
        assert_ne!(calls, made(2));
        for (number, packets) in calls.iter().enumerate() {
            assert!(packets.is_sorted_by_key(|(at, _)| *at), "{number}");
            assert!(!calls[..number].contains(packets), "{number}");
        }
    }
}
