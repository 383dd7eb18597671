//! Every input in the fuzzers' corpus goes through its decoder, so that what once failed stays
//! mended.

use std::fs;

use sidetone_core::time::TimeUs;
use sidetone_wire::access_token::Unverified;
use sidetone_wire::form::Form;
use sidetone_wire::hep::{self, Packet, Payload};
use sidetone_wire::signature;
use sidetone_wire::sip::Messages;

use crate::captures::{describe_sdp, describe_sip, walk};
use crate::doors::{describe, file_name, root};

/// Runs every file of one target's corpus.
fn replay(target: &str, run: impl Fn(&str, &[u8])) {
    let mut count = 0;
    for entry in fs::read_dir(root().join("fuzz/corpus").join(target)).unwrap() {
        let path = entry.unwrap().path();
        run(&file_name(&path), &fs::read(&path).unwrap());
        count += 1;
    }
    assert!(count > 0, "{target} has no corpus");
}

#[test]
fn status_callback() {
    replay("status_callback", |_, body| {
        describe("status-callback", body);
    });
}

#[test]
fn event_streams() {
    replay("event_streams", |_, body| {
        describe("event-streams", body);
    });
}

#[test]
fn voice_sdk() {
    for target in ["voice_sdk_event", "voice_sdk_metrics"] {
        let door = target.replace('_', "-");
        replay(target, |_, body| {
            describe(&door, body);
        });
    }
}

#[test]
fn access_tokens() {
    let now = TimeUs::parse_rfc3339("2026-06-01T10:00:01Z").unwrap();
    replay("access_token", |name, token| {
        let token = Unverified::read(str::from_utf8(token).unwrap()).unwrap();
        let claims = token.verify(["s3cret-of-the-key"], now).unwrap();
        assert_eq!(claims.is_some(), name != "unsigned", "{name}");
    });
}

#[test]
fn native() {
    replay("native", |_, body| {
        describe("events", body);
    });
}

#[test]
fn signatures() {
    replay("signature", |name, input| {
        let lines: Vec<&[u8]> = input.splitn(4, |byte| *byte == b'\n').collect();
        let [secret, url, given, body] = lines[..] else {
            panic!("{name} has not four lines");
        };
        let (url, given) = (str::from_utf8(url).unwrap(), str::from_utf8(given).unwrap());
        let form = Form::decode(body).unwrap();
        let fits = signature::verify_form(secret, url, &form, given);
        assert_eq!(fits, name == "form", "{name}");
        assert!(!signature::verify_body(secret, url, body, given), "{name}");
    });
}

#[test]
fn hep_packets() {
    replay("hep", |name, datagram| {
        let decoded = Packet::decode(datagram);
        let is_packet = name != "stream" && name != "version-2";
        assert_eq!(decoded.is_ok(), is_packet, "{name}");
        if let Ok(Payload::Compressed(compressed)) = decoded.map(|packet| packet.payload) {
            assert_eq!(
                hep::inflate(compressed, 120),
                Ok(b"hello ".repeat(20)),
                "{name}"
            );
        }
    });
}

#[test]
fn sip_messages() {
    replay("sip", |name, payload| {
        describe_sip(payload);
        let messages = Messages::new(payload, true).filter(Result::is_ok);
        assert_eq!(messages.count() > 1, name == "several", "{name}");
    });
}

#[test]
fn session_descriptions() {
    replay("sdp", |_, description| {
        describe_sdp(description);
    });
}

#[test]
fn capture_files() {
    replay("pcap", |_, file| walk(file));
}

#[test]
fn rtcp() {
    replay("rtcp", |name, payload| {
        let decoded = sidetone_wire::rtcp::decode(payload);
        assert_eq!(decoded.is_err(), name == "count-without-blocks", "{name}");
    });
}

#[test]
fn vq_report() {
    replay("vq_report", |name, body| {
        let decoded = sidetone_wire::vq_report::decode(body);
        assert_eq!(decoded.is_err(), name == "no-report", "{name}");
    });
}

#[test]
fn records_of_switches() {
    for (target, door) in [
        ("cdr_freeswitch", "cdr-freeswitch"),
        ("cdr_asterisk", "cdr-asterisk"),
    ] {
        replay(target, |name, body| {
            let refused = describe(door, body).get("error").is_some();
            assert_eq!(refused, name == "no-call" || name == "cut-off", "{name}");
        });
    }
}
