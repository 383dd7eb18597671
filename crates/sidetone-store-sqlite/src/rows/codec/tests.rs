use sha2::{Digest, Sha256};

use super::*;

const PACKING: [Format; 2] = [Format::Summary2, Format::Event2];

#[test]
fn a_flipped_bit_makes_no_format_another() {
    let formats = || {
        (0..=u8::MAX)
            .filter_map(Format::of)
            .map(|format| format as u8)
    };
    assert_eq!(formats().count(), 7);
    for (one, other) in formats().flat_map(|one| formats().map(move |other| (one, other))) {
        assert_ne!((one ^ other).count_ones(), 1, "{one:#x} and {other:#x}");
    }
}

#[test]
fn gives_back_what_was_packed() {
    for format in PACKING {
        for json in ["", "{}", r#"{"processing":"complete","fold_version":1}"#] {
            let packed = pack(format, b"me", json.as_bytes()).unwrap();
            assert_eq!(unpack(b"me", &packed).unwrap(), json.as_bytes());
            assert!(unpack(b"you", &packed).is_err());
        }
    }
}

fn rendered(bytes: &[u8]) -> Rendered {
    Rendered {
        form: 7,
        bytes: bytes.to_vec(),
    }
}

#[test]
fn gives_back_what_was_rendered_and_the_summary_behind_it() {
    let long = br#"{"packets_lost":0,"url":null}"#.repeat(10_000);
    for (text, json) in [
        (&b""[..], &b""[..]),
        (b"\0", br#"{"processing":"complete"}"#),
        (br#"{"call_state":"completed"}"#, &long),
        (&long, b"{}"),
    ] {
        let packed = pack_rendered(b"me", &rendered(text), json).unwrap();
        assert_eq!(unpack_rendered(b"me", &packed, 7).unwrap().unwrap(), text);
        assert_eq!(unpack_rendered(b"me", &packed, 8).unwrap(), None);
        assert_eq!(unpacked_bytes(&packed), text.len());
        assert_eq!(unpack(b"me", &packed).unwrap(), json);
        assert!(unpack(b"you", &packed).is_err());
        assert!(unpack_rendered(b"you", &packed, 7).is_err());
    }
    let packed = pack(Format::Summary2, b"me", b"{}").unwrap();
    assert_eq!(unpack_rendered(b"me", &packed, 7).unwrap(), None);
}

#[test]
fn reads_what_was_packed_before_there_were_checksums() {
    let json = br#"{"processing":"complete","tags":["silence"]}"#;
    for (format, before) in PACKING.into_iter().zip([Format::Summary1, Format::Event1]) {
        let packed = pack(format, b"me", json).unwrap();
        let old = [&[before as u8], &packed[1..5], &packed[9..]].concat();
        assert_eq!(unpack(b"anybody", &old).unwrap(), json);
    }
}

#[test]
fn reports_damage() {
    let json = br#"{"processing":"complete","tags":["silence"]}"#;
    let sealed = seal(b"me", json);
    assert_eq!(open(b"me", &sealed).as_deref(), Some(&json[..]));
    assert_eq!(open(b"you", &sealed), None);
    for packed in [
        pack(Format::Summary2, b"me", json).unwrap(),
        pack_rendered(b"me", &rendered(b"{}"), json).unwrap(),
    ] {
        for cut in 0..packed.len() {
            assert!(unpack(b"me", &packed[..cut]).is_err(), "cut at {cut}");
        }
        for bit in 0..8 * packed.len() {
            let mut flipped = packed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(unpack(b"me", &flipped).is_err(), "bit {bit}");
        }
    }
    for bit in 0..8 * sealed.len() {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(b"me", &flipped), None, "bit {bit}");
    }
}

/// What was stored is read with the dictionaries that it was written with.
#[test]
fn dictionaries_stay_what_they_were() {
    let digests = [Format::Summary2, Format::Event2, Format::Rendered1]
        .map(|format| format!("{:x}", Sha256::digest(format.dictionary())));
    let known = [
        "cddfcdce1688607506363490d76bd1ebc4ebc8060b3c38422f74906339aa5b4c",
        "840b29ebfb66911e0f60957e995029ce2c6873a8a9da10dc22e866290eb84d67",
        "e3a31f9299f2be083604ec678b78094053a0b299355de661c59ee00f56f3a6f2",
    ];
    assert_eq!(digests, known, "add another format with another dictionary");
}

/// A document as it was stored by the first program that wrote this format.
#[test]
fn reads_a_document_that_was_stored_long_ago() {
    let stored = include_bytes!("rendered_1.packed");
    let rendered = concat!(
        "complete\0",
        r#"{"call_type":"carrier","call_state":"completed","answered_by":"human"}"#,
        "\0",
        r#"{"created_time":"2026-05-04T03:02:01Z","duration":63,"from":{"caller":"+15550001111"},"#,
        r#""client_edge":null,"tags":["silence"],"properties":{"direction":"outbound_dial"}}"#,
        "\0",
        r#"{"agent_session_summaries":null}"#,
    );
    let json = concat!(
        r#"{"processing":"complete","fold_version":1,"facts":{"call_type":"carrier","#,
        r#""state":"completed","created_at":"2026-05-04T03:02:01Z","answered_by":"human","#,
        r#""from":{"address":"+15550001111"},"direction":"outbound_dial","duration_s":63,"#,
        r#""tags":["silence"]},"last_event_at":"2026-05-04T03:04:05Z"}"#,
    );
    let shown = unpack_rendered(b"a call", stored, 7).unwrap().unwrap();
    assert_eq!(str::from_utf8(&shown).unwrap(), rendered);
    let summary = unpack(b"a call", stored).unwrap();
    assert_eq!(str::from_utf8(&summary).unwrap(), json);
    assert!(stored.len() < json.len());
}
