use super::*;

/// One line for each stream.
fn described(description: &str) -> Vec<String> {
    let socket = |at: Option<SocketAddr>| at.map_or("-".to_owned(), |at| at.to_string());
    media(description.as_bytes())
        .map(|media| {
            let codec = media.codec().map_or("-".to_owned(), |codec| {
                let name = String::from_utf8_lossy(codec.name);
                format!("{}={name}/{}", codec.payload_type, codec.clock_rate)
            });
            format!(
                "{} rtp {} rtcp {} {:?} {codec}",
                String::from_utf8_lossy(media.kind),
                socket(media.rtp),
                socket(media.rtcp),
                media.direction,
            )
        })
        .collect()
}

#[track_caller]
fn check(description: &str, expected: &[&str]) {
    assert_eq!(described(description), expected, "{description}");
    let lines = description.replace('\n', "\r\n");
    assert_eq!(described(&lines), expected, "{lines}");
}

#[test]
fn addresses() {
    check(
        "v=0\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n",
        &["audio rtp 192.0.2.1:4000 rtcp 192.0.2.1:4001 SendRecv 0=PCMU/8000"],
    );
    // That of a stream comes before that of the session, and holds for no other stream.
    check(
        "c=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::1\nm=video 6000/2 RTP/AVP 34\n",
        &[
            "audio rtp [2001:db8::1]:4000 rtcp [2001:db8::1]:4001 SendRecv 0=PCMU/8000",
            "video rtp 192.0.2.1:6000 rtcp 192.0.2.1:6001 SendRecv 34=H263/90000",
        ],
    );
    check(
        "c=IN IP6 ::ffff:192.0.2.1\nm=audio 4000 RTP/AVP 0\na=rtcp:4500 IN IP6 ::FFFF:c000:209\n",
        &["audio rtp 192.0.2.1:4000 rtcp 192.0.2.9:4500 SendRecv 0=PCMU/8000"],
    );
    check(
        "c=IN IP4 233.252.0.1/127\nm=audio 65535 RTP/AVP 8",
        &["audio rtp 233.252.0.1:65535 rtcp - SendRecv 8=PCMA/8000"],
    );
    for nowhere in [
        "",
        "c=IN IP4 media.example.com\n",
        "c=IN IP4\n",
        "c=\n",
        "c=IN IP4 1.2.3\n",
    ] {
        check(
            &format!("{nowhere}m=audio 4000 RTP/AVP 0\na=rtcp:9\na=rtcp-mux"),
            &["audio rtp - rtcp - SendRecv 0=PCMU/8000"],
        );
    }
    check(
        "c=IN IP4 192.0.2.1\nm=audio 0 RTP/AVP 0\n",
        &["audio rtp - rtcp - SendRecv 0=PCMU/8000"],
    );
}

#[test]
fn rtcp() {
    let check = |lines: &str, expected: &str| {
        check(
            &format!("c=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\n{lines}"),
            &[&format!(
                "audio rtp 192.0.2.1:4000 rtcp {expected} SendRecv 0=PCMU/8000"
            )],
        );
    };
    check("a=rtcp:4500", "192.0.2.1:4500");
    check("a=rtcp:4500 IN IP4 192.0.2.9", "192.0.2.9:4500");
    check("a=rtcp:4500 IN IP4 0.0.0.0", "192.0.2.1:4500");
    check("a=rtcp:4500 IN IP4 a.example", "192.0.2.1:4500");
    check("a=rtcp: x", "192.0.2.1:4001");
    check("a=rtcp:0", "192.0.2.1:4001");
    check("a=rtcp-mux", "192.0.2.1:4000");
    check("a=rtcp-mux\na=rtcp:4500", "192.0.2.1:4500");
    check("a=rtcp-fb:* nack", "192.0.2.1:4001");
}

#[test]
fn directions() {
    let check = |session: &str, media: &str, expected: &str| {
        let description =
            format!("c=IN IP4 192.0.2.1\n{session}\nm=audio 4000 RTP/AVP 0\n{media}\n");
        check(
            &description,
            &[&format!(
                "audio rtp 192.0.2.1:4000 rtcp 192.0.2.1:4001 {expected} 0=PCMU/8000"
            )],
        );
    };
    check("", "", "SendRecv");
    check("a=sendonly", "", "SendOnly");
    check("a=sendonly", "a=inactive", "Inactive");
    check("a=recvonly", "a=sendrecv", "SendRecv");
    check("", "a=recvonly ", "RecvOnly");
    check("", "a=sendonlyish", "SendRecv");
}

#[test]
fn an_unspecified_address_is_a_hold() {
    for (said, expected) in [
        ("sendrecv", "SendOnly"),
        ("recvonly", "Inactive"),
        ("sendonly", "SendOnly"),
    ] {
        check(
            &format!("c=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\na={said}"),
            &[&format!("audio rtp - rtcp - {expected} 0=PCMU/8000")],
        );
    }
}

#[test]
fn an_address_that_ice_has_yet_to_find_is_no_hold() {
    check(
        "c=IN IP4 0.0.0.0\nm=audio 9 UDP/TLS/RTP/SAVPF 0\na=rtcp:9 IN IP4 0.0.0.0\n",
        &["audio rtp - rtcp - SendRecv 0=PCMU/8000"],
    );
}

#[test]
fn codecs() {
    let check = |formats: &str, lines: &str, expected: &str| {
        let description = format!("m=audio 4000 RTP/AVP {formats}\n{lines}");
        check(
            &description,
            &[&format!("audio rtp - rtcp - SendRecv {expected}")],
        );
    };
    check(
        "9 0 101",
        "a=rtpmap:101 telephone-event/8000",
        "9=G722/8000",
    );
    check(
        "101 13 96 0",
        "a=rtpmap:101 Telephone-Event/8000\na=rtpmap:96 opus/48000/2",
        "96=opus/48000",
    );
    check("19 18", "", "18=G729/8000");
    check("96 0", "a=rtpmap: 96   iLBC/8000 ", "96=iLBC/8000");
    // What the first one is nobody knows; the second is not it.
    check(
        "97 0",
        "a=rtpmap:96 opus/48000\na=rtpmap:97\na=rtpmap:97 opus",
        "-",
    );
    check("13 101", "a=rtpmap:101 telephone-event/8000", "-");
    check("", "", "-");
    check("t38 999 8", "", "8=PCMA/8000");
}

/// RFC 3551 §4.5.2 for G722, RFC 7587 §4.1 for Opus; the others likewise have but one.
#[test]
fn clocks_are_those_of_the_standard_where_it_knows_but_one() {
    for (payload_type, encoding, expected) in [
        (9, "G722/16000", 8_000),
        (9, "g722/8000", 8_000),
        (96, "G722/16000/1", 8_000),
        (111, "opus/16000/2", 48_000),
        (111, "OPUS/48000/2", 48_000),
        (97, "AMR-WB/8000", 16_000),
        (98, "EVS/32000", 16_000),
        (99, "iLBC/16000", 8_000),
        // A number of RFC 3551's own has its clock; by other names and numbers, codecs have
        // several.
        (0, "PCMU/16000", 8_000),
        (96, "PCMU/16000", 16_000),
        (8, "L16/16000", 16_000),
        (96, "speex/32000", 32_000),
    ] {
        let description =
            format!("m=audio 4000 RTP/AVP {payload_type}\na=rtpmap:{payload_type} {encoding}\n");
        let stream = media(description.as_bytes()).next().unwrap();
        assert_eq!(stream.codec().unwrap().clock_rate, expected, "{encoding}");
    }
}

#[test]
fn encryption_is_told_by_profile_or_keys() {
    for (session, protocol, lines, expected) in [
        ("", "RTP/AVP", "", false),
        ("", "RTP/AVPF", "a=rtcp-fb:* nack", false),
        ("", "RTP/SAVP", "", true),
        ("", "UDP/TLS/RTP/SAVPF", "", true),
        ("", "rtp/savpf", "", true),
        (
            "",
            "RTP/AVP",
            "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",
            true,
        ),
        ("", "RTP/AVP", "a=zrtp-hash:1.10 x", true),
        ("a=fingerprint:sha-256 AA:BB", "RTP/AVP", "", true),
        ("a=key-mgmt:mikey x", "RTP/AVP", "", true),
    ] {
        let description = format!("v=0\n{session}\nm=audio 4000 {protocol} 0\n{lines}\n");
        let stream = media(description.as_bytes()).next().unwrap();
        assert_eq!(stream.is_encrypted(), expected, "{description}");
    }
}

#[test]
fn other_attributes() {
    let description = b"a=ssrc:1 cname:session\nm=audio 9 UDP/TLS/RTP/SAVPF 111\na=ssrc:4294967295 cname:x\n\
        a=ssrc:4294967295 msid:y\na=ssrc:7\na=ssrc:4294967296\na=ptime:20.0\na=rtpmap:111 opus/48000/2\na=rtpmap:1";
    let media = media(description).next().unwrap();
    assert_eq!(media.protocol, b"UDP/TLS/RTP/SAVPF");
    assert_eq!(media.ptime_ms, Some(20));
    assert_eq!(media.ssrcs().collect::<Vec<_>>(), [u32::MAX, u32::MAX, 7]);
    assert_eq!(media.rtpmaps().count(), 1);
    assert_eq!(media.payload_types().collect::<Vec<_>>(), [111]);
}

#[test]
fn broken_lines_hide_nothing_else() {
    check("", &[]);
    check("m=", &[]);
    check("m=audio", &[]);
    check("m=audio x RTP/AVP 0", &[]);
    check(
        "m=audio 70000 RTP/AVP 0\nm=video 4000",
        &["video rtp - rtcp - SendRecv -"],
    );
    check(
        "\n=\n\0\nc\nv\nc=IN IP4 192.0.2.1\n\nm=audio\t4000  RTP/AVP\t0 \nnonsense\n\na=sendonly",
        &["audio rtp 192.0.2.1:4000 rtcp 192.0.2.1:4001 SendOnly 0=PCMU/8000"],
    );
}
