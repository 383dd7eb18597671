//! Captures of real SIP calls: what their packets are, and the same packets cut off and changed.

use std::fmt::Write as _;
use std::fs;

use sidetone_core::capture::Capture;
use sidetone_core::sip::SipMessage;
use sidetone_wire::hep::{self, Packet, Payload};
use sidetone_wire::sdp;
use sidetone_wire::sip::{Message, StartLine, redacted, text, user_number};
use sidetone_wire::translate;

use crate::doors::{file_name, root};

/// The captures by name, and the packets of each.
pub(crate) fn captures() -> Vec<(String, Vec<Vec<u8>>)> {
    let mut captures = Vec::new();
    for entry in fs::read_dir(root().join("fixtures/hep")).unwrap() {
        let path = entry.unwrap().path();
        if let Some(name) = file_name(&path).strip_suffix(".pcap") {
            captures.push((name.to_owned(), packets(&fs::read(&path).unwrap())));
        }
    }
    captures.sort();
    assert_eq!(captures.len(), 12, "the captures were not found");
    captures
}

fn packets(file: &[u8]) -> Vec<Vec<u8>> {
    let mut datagrams = sidetone_wire::pcap::datagrams(file).unwrap();
    let packets = datagrams
        .by_ref()
        .map(|datagram| datagram.unwrap().payload)
        .collect();
    assert_eq!(datagrams.skipped(), 0);
    packets
}

/// Walks over a capture file, whatever it is.
pub(crate) fn walk(file: &[u8]) {
    if let Ok(datagrams) = sidetone_wire::pcap::datagrams(file) {
        datagrams.count();
    }
}

/// The packets of a file in `fixtures/hep`.
fn packets_of(name: &str) -> Vec<Vec<u8>> {
    packets(&fs::read(root().join("fixtures/hep").join(name)).unwrap())
}

/// What the captures hold, of one payload type.
fn payloads(payload_type: u8) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    for (_, packets) in captures() {
        for packet in packets {
            let packet = Packet::decode(&packet).unwrap();
            if let (true, Payload::Plain(payload)) =
                (packet.payload_type == payload_type, packet.payload)
            {
                payloads.push(payload.to_vec());
            }
        }
    }
    payloads
}

/// Asks a message everything, and says what is of interest.
pub(crate) fn describe_sip(bytes: &[u8]) -> String {
    let message = match Message::parse(bytes) {
        Ok(message) => message,
        Err(error) => return error.to_string(),
    };
    let mut said = match message.start() {
        StartLine::Request { method, uri } => format!("{} {}", text(method), text(uri)),
        StartLine::Response { status, reason } => format!("{status} {}", text(reason)),
    };
    let mut say = |name: &str, value: Option<&[u8]>| {
        if let Some(value) = value {
            write!(said, " · {name} {}", text(value)).unwrap();
        }
    };
    say("Call-ID", message.call_id());
    say("CSeq", message.header("CSeq"));
    say("branch", message.via_branches().next());
    say("type", message.content_type());
    say("agent", message.user_agent());
    for (name, party) in [("from", message.from()), ("to", message.to())] {
        say(name, party.and_then(|party| party.user));
        say("tag", party.and_then(|party| party.tag()));
        party.and_then(|party| party.verstat());
        party.and_then(|party| user_number(party.user?));
    }
    for reason in message.reasons() {
        let cause = format!("{} {:?}", text(reason.protocol), reason.cause);
        say(&cause, reason.text);
    }
    for party in message.asserted_identities().chain(message.diversions()) {
        say("by", party.display);
    }
    say(
        "contact",
        message.contact().and_then(|contact| contact.host),
    );
    write!(said, " · {} Vias", message.via_count()).unwrap();
    for identity in message.identities() {
        let _ = identity.signature();
        match identity.passport() {
            Ok(passport) => write!(said, "\n      {passport:?}").unwrap(),
            Err(error) => write!(said, "\n      {error}").unwrap(),
        }
    }
    if let Some(description) = message.sdp_body() {
        said.push_str(&describe_sdp(description));
    }
    let _ = redacted(bytes);
    said
}

/// A line for each stream.
pub(crate) fn describe_sdp(description: &[u8]) -> String {
    let mut said = String::new();
    for media in sdp::media(description) {
        let codec = media.codec().map(|codec| text(codec.name));
        write!(
            said,
            "\n      {} RTP {:?} RTCP {:?} {:?} {codec:?} SSRC {:?}",
            text(media.kind),
            media.rtp,
            media.rtcp,
            media.direction,
            media.ssrcs().collect::<Vec<_>>(),
        )
        .unwrap();
    }
    said
}

/// What a packet is, in a line and what follows from it.
fn describe(datagram: &[u8], began_us: i64) -> String {
    let packet = Packet::decode(datagram).unwrap();
    let what = match (packet.payload_type, packet.payload) {
        (hep::SIP, Payload::Plain(payload)) => describe_sip(payload),
        (hep::RTCP, Payload::Plain(payload)) => format!("RTCP of {} bytes", payload.len()),
        other => format!("{other:?}"),
    };
    let milliseconds = (packet.captured_us - began_us) / 1000;
    let correlation = packet.correlation_id.map(text).unwrap_or_default();
    format!(
        "{milliseconds:>5} ms {} > {} ({} {correlation}) {what}\n",
        packet.src, packet.dst, packet.agent
    )
}

#[test]
fn every_packet_is_read() {
    let mut count = 0;
    for (name, packets) in captures() {
        let began_us = Packet::decode(&packets[0]).unwrap().captured_us;
        let listing: String = packets
            .iter()
            .map(|packet| describe(packet, began_us))
            .collect();
        insta::assert_snapshot!(format!("capture-{name}"), listing);
        count += packets.len();
    }
    assert_eq!((count, payloads(hep::SIP).len()), (286, 187));
}

#[test]
fn pcapng_holds_the_same_packets_as_pcap() {
    assert_eq!(
        packets_of("lossy-call.pcapng"),
        packets_of("lossy-call.pcap")
    );
    let mut both = packets_of("two-interfaces.pcapng");
    let mut each = [packets_of("busy-486.pcap"), packets_of("failed-5xx.pcap")].concat();
    both.sort();
    each.sort();
    assert_eq!(both, each);
}

#[test]
fn a_stream_of_the_packets_is_framed() {
    for (name, packets) in captures() {
        let stream = packets.concat();
        let (mut rest, mut framed) = (&stream[..], Vec::new());
        while let hep::Frame::Packet(length) = hep::frame(rest) {
            let (packet, after) = rest.split_at(length);
            framed.push(packet.to_vec());
            rest = after;
        }
        assert_eq!(framed, packets, "{name}");
    }
}

#[test]
fn every_message_is_kept() {
    let address = "192.0.2.1:5060".parse().unwrap();
    let capture = Capture {
        agent: 101,
        source: address,
        destination: address,
    };
    let (mut numbers, mut described) = (0, 0);
    for payload in payloads(hep::SIP) {
        let kept = translate::sip::message(&Message::parse(&payload).unwrap(), capture).unwrap();
        let json = serde_json::to_vec(&kept).unwrap();
        assert_eq!(serde_json::from_slice::<SipMessage>(&json).unwrap(), kept);
        assert_eq!(
            kept.text.as_bytes(),
            payload,
            "there are no secrets in them"
        );
        numbers += usize::from(kept.from.address.starts_with("+1202555"));
        described += usize::from(kept.media.len() == 1);
    }
    assert_eq!((numbers, described), (187, 51));
}

/// A packet's beginning, made to state its own length.
fn cut(packet: &[u8], length: usize) -> Vec<u8> {
    let mut cut = packet[..length].to_vec();
    let stated = u16::try_from(length).unwrap().to_be_bytes();
    if let Some(field) = cut.get_mut(4..6) {
        field.copy_from_slice(&stated);
    }
    cut
}

#[test]
fn packets_cut_off_or_changed_anywhere_are_survived() {
    for (_, packets) in captures() {
        for packet in packets {
            for length in 0..packet.len() {
                assert!(Packet::decode(&packet[..length]).is_err());
                let framed = hep::frame(&packet[..length]);
                assert!(matches!(framed, hep::Frame::Incomplete(needed) if needed > length));
                let _ = Packet::decode(&cut(&packet, length));
            }
            changed(&packet, |bytes| {
                let _ = hep::frame(bytes);
                let _ = Packet::decode(bytes);
            });
        }
    }
}

/// Runs with each byte set to 0x00, then to 0xff.
fn changed(bytes: &[u8], mut run: impl FnMut(&[u8])) {
    let mut bytes = bytes.to_vec();
    for at in 0..bytes.len() {
        let was = bytes[at];
        for byte in [0x00, 0xff] {
            bytes[at] = byte;
            run(&bytes);
        }
        bytes[at] = was;
    }
}

#[test]
fn messages_cut_off_or_changed_anywhere_are_survived() {
    for payload in payloads(hep::SIP) {
        for length in 0..payload.len() {
            describe_sip(&payload[..length]);
        }
        changed(&payload, |bytes| drop(describe_sip(bytes)));
    }
}

#[test]
fn descriptions_cut_off_or_changed_anywhere_are_survived() {
    for payload in payloads(hep::SIP) {
        let message = Message::parse(&payload).unwrap();
        let Some(description) = message.sdp_body() else {
            continue;
        };
        for length in 0..description.len() {
            describe_sdp(&description[..length]);
        }
        changed(description, |bytes| drop(describe_sdp(bytes)));
    }
}

#[test]
fn capture_files_cut_off_or_changed_anywhere_are_survived() {
    for target in ["failed-5xx", "pcapng", "pcapng-interfaces"] {
        let file = fs::read(root().join("fuzz/corpus/pcap").join(target)).unwrap();
        for length in 0..file.len() {
            walk(&file[..length]);
        }
        changed(&file, walk);
    }
}
