//! Calls that are open at a time, mixed: each begins with its INVITE and ends as its capture did,
//! and the next takes its place.

use sidetone::clock::Clock;

use super::template::{Datagram, Kind, Patch, Template};
use sidetone_bench::random::Random;

/// Captures and how many of a hundred calls are like them.
const MIX: [(&[u8], u64); 10] = [
    (
        include_bytes!("../../../../fixtures/hep/clean-call.pcap"),
        36,
    ),
    (
        include_bytes!("../../../../fixtures/hep/lossy-call.pcap"),
        10,
    ),
    (
        include_bytes!("../../../../fixtures/hep/jittery-call.pcap"),
        10,
    ),
    (
        include_bytes!("../../../../fixtures/hep/no-rtcp-call.pcap"),
        5,
    ),
    (
        include_bytes!("../../../../fixtures/hep/stir-shaken-a.pcap"),
        5,
    ),
    (
        include_bytes!("../../../../fixtures/hep/vq-publish-lossy.pcap"),
        4,
    ),
    (include_bytes!("../../../../fixtures/hep/busy-486.pcap"), 9),
    (include_bytes!("../../../../fixtures/hep/cancelled.pcap"), 9),
    (include_bytes!("../../../../fixtures/hep/no-answer.pcap"), 9),
    (
        include_bytes!("../../../../fixtures/hep/failed-5xx.pcap"),
        3,
    ),
];
/// Proxies that the calls go through.
const PROXIES: u64 = 10;

/// The calls.
pub struct Traffic {
    templates: Vec<Template>,
    weights: Vec<(usize, u64)>,
    seed: u64,
    random: Random,
    open: Vec<Call>,
    begun: u64,
    clock: Clock,
}

/// A call: which pattern, how far it has come, and the number that all of it follows from.
#[derive(Clone, Copy)]
struct Call {
    template: usize,
    next: usize,
    number: u64,
}

impl Traffic {
    /// So many calls at a time. Another seed is other calls.
    pub fn new(open: usize, seed: u64) -> anyhow::Result<Self> {
        let templates = MIX
            .iter()
            .map(|(capture, _)| Template::read(capture))
            .collect::<anyhow::Result<_>>()?;
        let mut traffic = Self {
            templates,
            weights: MIX.iter().map(|(_, weight)| *weight).enumerate().collect(),
            seed,
            random: Random::of(seed, 80, 0),
            open: Vec::with_capacity(open),
            begun: 0,
            clock: Clock::default(),
        };
        for _ in 0..open {
            let call = traffic.begin();
            traffic.open.push(call);
        }
        Ok(traffic)
    }

    fn begin(&mut self) -> Call {
        self.begun += 1;
        Call {
            template: self.random.weighted(&self.weights),
            next: 0,
            number: self.begun,
        }
    }

    /// The next datagram of any call.
    pub fn next(&mut self, into: &mut Vec<u8>) {
        let place = self.random.below(self.open.len() as u64) as usize;
        let call = self.open[place];
        let datagrams = &self.templates[call.template].datagrams;
        self.write(&datagrams[call.next], call.number, into);
        if call.next + 1 < datagrams.len() {
            self.open[place].next += 1;
        } else {
            self.open[place] = self.begin();
        }
    }

    fn write(&self, datagram: &Datagram, call: u64, into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(&datagram.bytes);
        for patch in &datagram.patches {
            let random = Random::of(self.seed, call, patch.variable);
            put(random, *patch, &mut into[patch.at..patch.at + patch.len]);
        }
        let now = self.clock.now().micros();
        let [seconds, micros] = datagram.clock;
        into[seconds..seconds + 4].copy_from_slice(&((now / 1_000_000) as u32).to_be_bytes());
        into[micros..micros + 4].copy_from_slice(&((now % 1_000_000) as u32).to_be_bytes());
    }
}

fn put(mut random: Random, patch: Patch, place: &mut [u8]) {
    match patch.kind {
        Kind::Name => {
            let mut bits = 0;
            for (index, byte) in place.iter_mut().enumerate() {
                if index % 16 == 0 {
                    bits = random.next_u64();
                }
                if byte.is_ascii_alphanumeric() {
                    *byte = b"0123456789abcdef"[(bits & 15) as usize];
                }
                bits >>= 4;
            }
        }
        Kind::Number => decimal(place, 2_000_000_000 + random.below(2_000_000_000)),
        Kind::Phone => {
            let octet = |random: &mut Random| random.between(11, 100) as u8;
            let (a, b) = (octet(&mut random), octet(&mut random));
            let (c, d) = (random.below(10) as u8, random.between(1, 10) as u8);
            address(place, [a, b, c, d]);
        }
        Kind::Proxy => address(place, [10, 77, random.below(PROXIES) as u8, 1]),
        Kind::Port { is_odd } => {
            let port = 10_000 + 2 * random.below(27_000) + u64::from(is_odd);
            if place.len() == 2 {
                place.copy_from_slice(&(port as u16).to_be_bytes());
            } else {
                decimal(place, port);
            }
        }
    }
}

/// As many digits as there is room for.
fn decimal(place: &mut [u8], mut number: u64) {
    for byte in place.iter_mut().rev() {
        *byte = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Two octets of two digits and two of one.
fn address(place: &mut [u8], octets: [u8; 4]) {
    if place.len() == 4 {
        place.copy_from_slice(&octets);
        return;
    }
    let [a, b, c, d] = octets.map(u64::from);
    decimal(&mut place[0..2], a);
    decimal(&mut place[3..5], b);
    decimal(&mut place[6..7], c);
    decimal(&mut place[8..9], d);
}
