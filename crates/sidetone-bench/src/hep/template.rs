//! Captured calls as patterns: their datagrams, and where in them stands what differs from call to
//! call.

use std::collections::BTreeSet;

use anyhow::Context;
use sidetone_wire::hep::{self, Packet, Payload};
use sidetone_wire::pcap;

/// A captured call.
pub struct Template {
    /// Its datagrams in the order they came.
    pub datagrams: Vec<Datagram>,
}

/// A datagram of a captured call.
pub struct Datagram {
    pub bytes: Vec<u8>,
    pub patches: Vec<Patch>,
    /// Where the capture time stands: seconds, then microseconds.
    pub clock: [usize; 2],
}

/// A place where something differs from call to call. Whatever is put there is as long as what was
/// there.
#[derive(Debug, Clone, Copy)]
pub struct Patch {
    pub at: usize,
    pub len: usize,
    /// Places with the same number hold the same in one call.
    pub variable: u64,
    pub kind: Kind,
}

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A random name: its letters and digits become other hexadecimal digits.
    Name,
    /// A number of ten digits that fits into 32 bits: a source, or a telephone number without its
    /// `+1`.
    Number,
    /// An IPv4 address like `10.77.1.2`, as text or as its four bytes; of the proxies there are
    /// few.
    Phone,
    Proxy,
    /// A port of five digits; of a pair for RTP and RTCP the second is odd.
    Port {
        is_odd: bool,
    },
}

/// Something that differs from call to call.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Variable {
    text: String,
    number: u64,
    kind: u8,
}

impl Variable {
    fn kind(&self) -> Kind {
        match self.kind {
            b'n' => Kind::Name,
            b'd' => Kind::Number,
            b'a' => Kind::Phone,
            b'p' => Kind::Proxy,
            odd => Kind::Port { is_odd: odd == 1 },
        }
    }
}

const PROXY: &str = "10.77.0.1";

impl Template {
    /// Reads a capture of one call. What is of no call, such as registrations, is left out.
    pub fn read(capture: &[u8]) -> anyhow::Result<Self> {
        let all = pcap::datagrams(capture)?
            .map(|datagram| Ok(datagram?.payload))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let invite = all.iter().find(|bytes| text(bytes).contains(" INVITE\r\n"));
        let call_id = between(text(invite.context("no INVITE")?), "Call-ID: ", |c| {
            !c.is_whitespace()
        });
        let call_id = call_id.first().context("no Call-ID")?.clone();
        let of_call: Vec<_> = all
            .iter()
            .map(|bytes| &bytes[..])
            .filter(|bytes| find(bytes, call_id.as_bytes()).next().is_some())
            .collect();
        let variables = variables(&of_call, &call_id);
        let datagrams = of_call
            .iter()
            .map(|bytes| datagram(bytes, &variables))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self { datagrams })
    }
}

/// The datagram as text where it is text.
fn text(bytes: &[u8]) -> &str {
    let payload = Packet::decode(bytes).map(|packet| packet.payload);
    match payload {
        Ok(Payload::Plain(payload)) => std::str::from_utf8(payload).unwrap_or_default(),
        _ => "",
    }
}

fn find<'a>(bytes: &'a [u8], word: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    (0..bytes.len()).filter(move |at| bytes[*at..].starts_with(word))
}

/// What follows each occurrence of some words, as long as its characters are of a kind.
fn between(text: &str, before: &str, of_kind: fn(char) -> bool) -> Vec<String> {
    text.match_indices(before)
        .map(|(at, _)| &text[at + before.len()..])
        .map(|rest| rest[..rest.find(|c| !of_kind(c)).unwrap_or(rest.len())].to_owned())
        .collect()
}

fn variables(datagrams: &[&[u8]], call_id: &str) -> Vec<Variable> {
    let mut found: BTreeSet<(String, u8)> = BTreeSet::new();
    found.insert((call_id.to_owned(), b'n'));
    let of_name = |c: char| c.is_ascii_alphanumeric() || "-~._".contains(c);
    for datagram in datagrams {
        let text = text(datagram);
        let mut add = |kind, values: Vec<String>| {
            found.extend(values.into_iter().map(|value| (value, kind)));
        };
        add(b'n', between(text, "tag=", of_name));
        add(b'n', between(text, "branch=z9hG4bK", of_name));
        let digit = |c: char| c.is_ascii_digit();
        for before in ["a=ssrc:", "ssrc\":", "SSRC=", "<sip:+1"] {
            add(b'd', between(text, before, digit));
        }
        for before in ["m=audio ", "a=rtcp:", "PORT="] {
            for port in between(text, before, digit) {
                add(odd(&port), vec![port]);
            }
        }
        let Ok(packet) = Packet::decode(datagram) else {
            continue;
        };
        for address in [packet.src, packet.dst] {
            let ip = address.ip().to_string();
            add(if ip == PROXY { b'p' } else { b'a' }, vec![ip]);
            if packet.payload_type == hep::RTCP {
                let port = address.port().to_string();
                add(odd(&port), vec![port]);
            }
        }
    }
    // Only what keeps its length whatever is drawn.
    found.retain(|(text, kind)| match kind {
        b'n' => text.len() >= 6,
        b'd' => text.len() == 10,
        b'a' | b'p' => text.len() == PROXY.len(),
        _ => text.len() == 5,
    });
    let numbered = |(number, (text, kind)): (usize, (String, u8))| {
        // Ports that are a pair have a number in common.
        let port = text.parse::<u64>().ok().filter(|_| kind <= 1);
        let number = port.map_or(number as u64, |port| 1_000 + port / 2);
        Variable { text, number, kind }
    };
    found.into_iter().enumerate().map(numbered).collect()
}

fn odd(port: &str) -> u8 {
    port.bytes().last().unwrap_or_default() & 1
}

fn datagram(bytes: &[u8], variables: &[Variable]) -> anyhow::Result<Datagram> {
    let mut patches = Vec::new();
    for variable in variables {
        patches.extend(occurrences(bytes, variable));
    }
    let chunk = |kind: u16| {
        chunks(bytes)
            .find(|(found, _)| *found == kind)
            .map(|(_, at)| at)
    };
    for (kind, variable) in chunks_to_patch(bytes, variables) {
        let at = chunk(kind).context("no such chunk")?;
        let len = if kind < 7 { 4 } else { 2 };
        patches.push(Patch {
            at,
            len,
            variable: variable.number,
            kind: variable.kind(),
        });
    }
    let clock = [
        chunk(9).context("no time")?,
        chunk(10).context("no microseconds")?,
    ];
    Ok(Datagram {
        bytes: bytes.to_vec(),
        patches,
        clock,
    })
}

/// Where a text stands, and is not a part of another.
fn occurrences(bytes: &[u8], variable: &Variable) -> Vec<Patch> {
    let word = variable.text.as_bytes();
    // A telephone number follows its country code, a random name the beginning that all branches
    // have.
    let starts = |at: usize| {
        let before = &bytes[..at];
        let joined = before.last().is_some_and(u8::is_ascii_alphanumeric);
        !joined || before.ends_with(b"+1") || before.ends_with(b"z9hG4bK")
    };
    let ends = |at: usize| {
        bytes
            .get(at)
            .is_none_or(|byte| !byte.is_ascii_alphanumeric())
    };
    find(bytes, word)
        .filter(|at| starts(*at) && ends(at + word.len()))
        .map(|at| Patch {
            at,
            len: word.len(),
            variable: variable.number,
            kind: variable.kind(),
        })
        .collect()
}

/// Chunks that hold an address or a port that differs, as numbers.
fn chunks_to_patch<'a>(bytes: &[u8], variables: &'a [Variable]) -> Vec<(u16, &'a Variable)> {
    let Ok(packet) = Packet::decode(bytes) else {
        return Vec::new();
    };
    let values = [
        (3, packet.src.ip().to_string()),
        (4, packet.dst.ip().to_string()),
        (7, packet.src.port().to_string()),
        (8, packet.dst.port().to_string()),
    ];
    let known = |(kind, value): (u16, String)| {
        let variable = variables.iter().find(|variable| variable.text == value);
        variable.map(|variable| (kind, variable))
    };
    values.into_iter().filter_map(known).collect()
}

/// Types of chunks, and where their values begin.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = (u16, usize)> + '_ {
    let mut at = 6;
    std::iter::from_fn(move || {
        let header = bytes.get(at..at + 6)?;
        let number = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let found = (number(2), at + 6);
        at += usize::from(number(4)).max(6);
        Some(found)
    })
}
