//! Session descriptions (RFC 8866), line by line: a broken line is as good as none, the others
//! count.

use std::net::{IpAddr, SocketAddr};

use crate::scan::{before, decimal, line, split_once, word};

/// Codecs whose payload type says all (RFC 3551 §6): payload type, name, clock rate in Hz.
const STATIC_CODECS: [(u8, &[u8], u32); 24] = [
    (0, b"PCMU", 8000),
    (3, b"GSM", 8000),
    (4, b"G723", 8000),
    (5, b"DVI4", 8000),
    (6, b"DVI4", 16000),
    (7, b"LPC", 8000),
    (8, b"PCMA", 8000),
    (9, b"G722", 8000),
    (10, b"L16", 44100),
    (11, b"L16", 44100),
    (12, b"QCELP", 8000),
    (13, b"CN", 8000),
    (14, b"MPA", 90000),
    (15, b"G728", 8000),
    (16, b"DVI4", 11025),
    (17, b"DVI4", 22050),
    (18, b"G729", 8000),
    (25, b"CelB", 90000),
    (26, b"JPEG", 90000),
    (28, b"nv", 90000),
    (31, b"H261", 90000),
    (32, b"MPV", 90000),
    (33, b"MP2T", 90000),
    (34, b"H263", 90000),
];

/// The RTP clocks of codecs that have but one, whatever a description says: some name the rate of
/// the samples instead (G722/16000, opus/16000, EVS/32000).
const FIXED_CLOCKS: [(&[u8], u32); 20] = [
    // RFC 3551 §4.5; of G722 by an error that is kept on purpose (§4.5.2).
    (b"G722", 8000),
    (b"G723", 8000),
    (b"G726-16", 8000),
    (b"G726-24", 8000),
    (b"G726-32", 8000),
    (b"G726-40", 8000),
    (b"G728", 8000),
    (b"G729", 8000),
    (b"G729D", 8000),
    (b"G729E", 8000),
    (b"GSM", 8000),
    (b"GSM-EFR", 8000),
    (b"QCELP", 8000),
    (b"MPA", 90000),
    // RFC 4867, RFC 4352, RFC 3952, RFC 7587, 3GPP TS 26.445.
    (b"AMR", 8000),
    (b"AMR-WB", 16000),
    (b"AMR-WB+", 72000),
    (b"iLBC", 8000),
    (b"opus", 48000),
    (b"EVS", 16000),
];

/// Payload types that carry no speech, by name.
const NOT_SPEECH: [&[u8]; 3] = [b"telephone-event", b"CN", b"red"];

/// What stands for a port while ICE has yet to find an address, which is then 0.0.0.0 (RFC 8840
/// §4.1.1).
const PORT_TO_COME: u16 = 9;

/// One `m=` line with all that holds for it.
#[derive(Debug, Clone, Copy)]
pub struct Media<'a> {
    /// `audio`, `video`, `image`, `application`, …
    pub kind: &'a [u8],
    /// Where media is taken. 0: the stream is refused or over.
    pub port: u16,
    /// `RTP/AVP`, `UDP/TLS/RTP/SAVPF`, `udptl`, …
    pub protocol: &'a [u8],
    /// Where its sender takes RTP. `None` when refused, when the address is 0.0.0.0 (put on hold,
    /// or left to ICE), and when it is a name.
    pub rtp: Option<SocketAddr>,
    /// Where its sender takes RTCP: `a=rtcp`, else the RTP address if `a=rtcp-mux`, else the port
    /// after it (RFC 3550 §11). `None` where [`Media::rtp`] is. An offer of mux may be turned down:
    /// then RTCP goes to the port after it.
    pub rtcp: Option<SocketAddr>,
    /// Whether RTCP comes on the RTP port, or may (RFC 5761).
    pub is_rtcp_muxed: bool,
    /// Who may send, seen from the sender of the description.
    pub direction: Direction,
    /// Milliseconds of sound in a packet, as wished. `None` when not stated.
    pub ptime_ms: Option<u32>,
    /// Whether keys are offered for it.
    has_keys: bool,
    /// The payload types, best first, as written.
    formats: &'a [u8],
    /// The lines after the `m=` line.
    lines: &'a [u8],
}

/// Who may send, seen from the sender of a description (RFC 8866 §6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both; also if nothing is said.
    #[default]
    SendRecv,
    /// Its sender: the other side is on hold.
    SendOnly,
    /// The other side.
    RecvOnly,
    /// Nobody.
    Inactive,
}

/// How media is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codec<'a> {
    /// 0–127.
    pub payload_type: u8,
    /// As written, or from RFC 3551. Names are compared without case.
    pub name: &'a [u8],
    /// Ticks of RTP timestamps in a second. For G722 this is 8000, though it samples at 16 kHz (RFC
    /// 3551 §4.5.2).
    pub clock_rate: u32,
}

/// The streams of a session description, in its order.
#[must_use]
pub fn media(description: &[u8]) -> Streams<'_> {
    let (session, rest) = section(description);
    Streams {
        session: Attributes::read(session, Attributes::default()),
        rest,
    }
}

/// The iterator of [`media`].
#[derive(Debug, Clone)]
pub struct Streams<'a> {
    session: Attributes,
    /// From the next `m=` line on, or empty.
    rest: &'a [u8],
}

impl<'a> Iterator for Streams<'a> {
    type Item = Media<'a>;

    fn next(&mut self) -> Option<Media<'a>> {
        while !self.rest.is_empty() {
            let (media, after) = line(self.rest);
            let (lines, rest) = section(after);
            self.rest = rest;
            if let Some(media) = Media::read(media, lines, self.session) {
                return Some(media);
            }
        }
        None
    }
}

/// The lines before the next `m=` line, and the rest from that line on.
fn section(description: &[u8]) -> (&[u8], &[u8]) {
    let mut rest = description;
    while !rest.is_empty() && !rest.starts_with(b"m=") {
        rest = line(rest).1;
    }
    description.split_at(description.len().saturating_sub(rest.len()))
}

/// What lines say that hold for a stream, or for all of them.
#[derive(Debug, Clone, Copy, Default)]
struct Attributes {
    address: Option<IpAddr>,
    direction: Direction,
    rtcp_port: Option<u16>,
    rtcp_address: Option<IpAddr>,
    is_rtcp_muxed: bool,
    has_keys: bool,
    ptime_ms: Option<u32>,
}

impl Attributes {
    /// Reads lines on top of what holds already.
    fn read(lines: &[u8], mut so_far: Self) -> Self {
        for (letter, value) in pairs(lines) {
            match letter {
                b'c' => so_far.address = address(value),
                b'a' => so_far.attribute(value),
                _ => {}
            }
        }
        so_far
    }

    fn attribute(&mut self, attribute: &[u8]) {
        let (name, value) = split_once(attribute, b':').unwrap_or((attribute, b""));
        match name.trim_ascii() {
            b"sendrecv" => self.direction = Direction::SendRecv,
            b"sendonly" => self.direction = Direction::SendOnly,
            b"recvonly" => self.direction = Direction::RecvOnly,
            b"inactive" => self.direction = Direction::Inactive,
            b"crypto" | b"fingerprint" | b"key-mgmt" | b"zrtp-hash" => self.has_keys = true,
            b"rtcp-mux" => self.is_rtcp_muxed = true,
            b"rtcp" => {
                let (port, rest) = word(value);
                self.rtcp_port = decimal(port).filter(|port| *port != 0);
                self.rtcp_address = address(rest);
            }
            b"ptime" => self.ptime_ms = decimal(before(value.trim_ascii(), b'.')),
            _ => {}
        }
    }
}

/// The lines `letter=value`.
fn pairs(lines: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (pair, after) = line(rest);
            rest = after;
            if let [letter, b'=', value @ ..] = pair {
                return Some((*letter, value.trim_ascii()));
            }
        }
        None
    })
}

/// The address of `IN IP4 192.0.2.1` or `IN IP6 2001:db8::1`, without the TTL of a multicast one;
/// an IPv4 address never in IPv6's clothes. `None` for a name.
fn address(value: &[u8]) -> Option<IpAddr> {
    let (_network, rest) = word(value);
    let (_family, rest) = word(rest);
    let (address, _) = word(rest);
    let address: IpAddr = str::from_utf8(before(address, b'/')).ok()?.parse().ok()?;
    Some(address.to_canonical())
}

impl<'a> Media<'a> {
    /// Reads an `m=` line and those after it. `None` when it has no kind or port.
    fn read(media: &'a [u8], lines: &'a [u8], session: Attributes) -> Option<Self> {
        let (kind, rest) = word(media.strip_prefix(b"m=")?);
        let (port, rest) = word(rest);
        let (protocol, formats) = word(rest);
        // `49170/2` is two ports, of which the first is named.
        let port: u16 = decimal(before(port, b'/'))?;
        let said = Attributes::read(lines, session);

        let address = said.address.filter(|address| !address.is_unspecified());
        let socket = |port| address.map(|address| SocketAddr::new(address, port));
        let rtp = Some(port).filter(|port| *port != 0).and_then(socket);
        let rtcp = match (rtp, said.rtcp_port) {
            (None, _) => None,
            (Some(rtp), Some(port)) => Some(SocketAddr::new(
                said.rtcp_address
                    .filter(|address| !address.is_unspecified())
                    .unwrap_or(rtp.ip()),
                port,
            )),
            (Some(rtp), None) if said.is_rtcp_muxed => Some(rtp),
            (Some(_), None) => port.checked_add(1).and_then(socket),
        };
        let is_unspecified = said.address.is_some_and(|address| address.is_unspecified());
        let is_held = is_unspecified && port != PORT_TO_COME;
        Some(Self {
            kind,
            port,
            protocol,
            rtp,
            rtcp,
            is_rtcp_muxed: said.is_rtcp_muxed,
            direction: match said.direction {
                // How RFC 2543 put a call on hold: its sender takes nothing (RFC 3264 §8.4).
                Direction::SendRecv if is_held => Direction::SendOnly,
                Direction::RecvOnly if is_held => Direction::Inactive,
                direction => direction,
            },
            ptime_ms: said.ptime_ms,
            has_keys: said.has_keys,
            formats,
            lines,
        })
    }

    /// The values of an attribute of this stream.
    fn attributes<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        pairs(self.lines).filter_map(move |(letter, value)| {
            let (found, value) = split_once(value, b':')?;
            (letter == b'a' && found.trim_ascii() == name.as_bytes()).then(|| value.trim_ascii())
        })
    }

    /// The payload types, best first. Formats that are no payload types are left out, and whatever
    /// comes after the 128th, since there are no more to tell apart.
    pub fn payload_types(&self) -> impl Iterator<Item = u8> + use<'a> {
        self.formats
            .split(u8::is_ascii_whitespace)
            .filter_map(decimal)
            .filter(|payload_type| *payload_type < 128)
            .take(128)
    }

    /// The streams that its sender sends (RFC 5576), each once for each line that names it.
    pub fn ssrcs(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.attributes("ssrc")
            .filter_map(|value| decimal(word(value).0))
    }

    /// What payload types mean, as written.
    pub fn rtpmaps(&self) -> impl Iterator<Item = Codec<'a>> + use<'a> {
        self.attributes("rtpmap").filter_map(|value| {
            let (payload_type, encoding) = word(value);
            let (name, rest) = split_once(encoding, b'/')?;
            Some(Codec {
                payload_type: decimal(payload_type)?,
                name: name.trim_ascii(),
                clock_rate: decimal(before(rest, b'/').trim_ascii())?,
            })
        })
    }

    /// What a payload type means: by `a=rtpmap`, else by RFC 3551. `None` when neither says. The
    /// clock is that of the standard, where it knows only one.
    #[must_use]
    pub fn codec_of(&self, payload_type: u8) -> Option<Codec<'a>> {
        let mapped = self
            .rtpmaps()
            .find(|codec| codec.payload_type == payload_type);
        let of_standard = STATIC_CODECS
            .iter()
            .find(|(known, _, _)| *known == payload_type)
            .map(|&(_, name, clock_rate)| Codec {
                payload_type,
                name,
                clock_rate,
            });
        let mapped = mapped.map(|codec| {
            let is_named = |name: &[u8]| codec.name.eq_ignore_ascii_case(name);
            let fixed = FIXED_CLOCKS.iter().find(|(name, _)| is_named(name));
            let fixed = fixed.map(|(_, clock_rate)| *clock_rate);
            let of_number = of_standard.filter(|of_standard| is_named(of_standard.name));
            let clock_rate = fixed.or(of_number.map(|of_standard| of_standard.clock_rate));
            Codec {
                clock_rate: clock_rate.unwrap_or(codec.clock_rate),
                ..codec
            }
        });
        mapped.or(of_standard)
    }

    /// Whether it is or may be encrypted: by its profile (RFC 3711, RFC 5764), or by keys that its
    /// sender offers (RFC 4568, RFC 8122, RFC 4567, RFC 6189), as opportunistic encryption does in
    /// a profile without (RFC 8643).
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        let profiles = self.protocol.split(|byte| *byte == b'/');
        let mut profiles = profiles.filter(|part| part.to_ascii_uppercase().starts_with(b"SAVP"));
        profiles.next().is_some() || self.has_keys
    }

    /// The codec of the best payload type that carries more than tones, comfort noise or
    /// redundancy. In an answer it is the one in use. `None` when there is none, or nothing says
    /// what it is.
    #[must_use]
    pub fn codec(&self) -> Option<Codec<'a>> {
        // 19 was comfort noise before 13 was.
        self.payload_types()
            .filter(|payload_type| *payload_type != 19)
            .map(|payload_type| self.codec_of(payload_type))
            .find(|codec| {
                codec.is_none_or(|codec| {
                    !NOT_SPEECH
                        .iter()
                        .any(|name| codec.name.eq_ignore_ascii_case(name))
                })
            })?
    }
}

#[cfg(test)]
mod tests;
