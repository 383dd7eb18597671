use super::*;

const CAPTURE: &str = r#"{"agent":101,"src":"192.0.2.1:5060","dst":"192.0.2.2:5060"}"#;

fn translated(bytes: &[u8]) -> Result<SipMessage, Malformed> {
    let capture = serde_json::from_str(CAPTURE).unwrap();
    message(&Message::parse(bytes).unwrap(), capture)
}

/// The message of an INVITE with such lines.
fn invite(lines: &str) -> SipMessage {
    let start = "INVITE sip:+12025550199@b SIP/2.0\r\nCall-ID: x\r\nCSeq: 1 invite\r\n";
    translated(format!("{start}{lines}").as_bytes()).unwrap()
}

#[test]
fn all_of_a_message_is_kept() {
    let claims = [
        r#"{"ppt":"shaken"}"#,
        r#"{"attest":"B","orig":{"tn":"12025550100"},"origid":"o"}"#,
    ]
    .map(|part| base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, part));
    let kept = invite(&format!(
        "Via: SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b\r\nVia: SIP/2.0/UDP c\r\n\
         From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=f\r\nTo: <tel:+1-202-555-0199>\r\n\
         P-Asserted-Identity: <sip:alice@b>, <tel:+12025550100;verstat=TN-Validation-Passed>\r\n\
         Diversion: <sip:+1(202)5550101@b>;reason=busy, <sip:bob@b>\r\nHistory-Info: <sip:x@b>, <sip:y@b;cause=302>\r\n\
         User-Agent: Phone\r\n 2\r\nReason: Q.850;cause=16;text=\"bye\"\r\nReason: SIP\r\n\
         Identity: {}.{}.c2ln;info=<https://cert.example>\r\nIdentity: ..x;info=<https://other.example>;ppt=div\r\n\
         Authorization: Digest response=\"0\"\r\nContent-Type: application/sdp\r\n\r\n\
         c=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 101 96\r\na=rtpmap:96 Opus/48000/2\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=ssrc:7 cname:a\r\na=ssrc:7 msid:b\r\na=sendonly\r\n",
        claims[0], claims[1]
    ));
    insta::assert_json_snapshot!(kept);
}

#[test]
fn what_is_not_there_is_absent() {
    let kept = translated(b"SIP/2.0 486 Busy\nCall-ID: x\nCSeq: 1 INVITE\n").unwrap();
    insta::assert_json_snapshot!(kept);
}

#[test]
fn a_history_stands_in_for_diversions() {
    let kept =
        invite("History-Info: <sip:+12025550101@b?Reason=SIP>;index=1, <sip:b@b>;index=1.1\r\n");
    assert_eq!(kept.diverted_by, ["+12025550101"]);
}

#[test]
fn verstat_of_from_counts_when_nothing_is_asserted() {
    let kept = invite("From: <sip:1@b;verstat=No-TN-Validation>;tag=1\r\n");
    assert_eq!(kept.verstat.as_deref(), Some("No-TN-Validation"));
    assert_eq!(kept.asserted, None);
}

#[test]
fn remote_party_id_tells_the_caller_when_nothing_is_asserted() {
    let anonymous = "From: <sip:anonymous@anonymous.invalid>;tag=1\r\n";
    for (lines, expected) in [
        (
            "Remote-Party-ID: \"Anna\" <sip:+12025550143@b>;party=calling;screen=yes;privacy=full\r\n",
            Some("+12025550143"),
        ),
        (
            "remote-party-id: <sip:+12025550143@b>\r\n",
            Some("+12025550143"),
        ),
        (
            "Remote-Party-ID: <sip:+12025550176@b>;party=called, <sip:anna@b>;PARTY=\"Calling\";id-type=user\r\n",
            Some("sip:anna@b"),
        ),
        (
            "Remote-Party-ID: <sip:+12025550176@b>;party=called\r\n",
            None,
        ),
        (
            "Remote-Party-ID: <sip:+12025550143@b>;party=x-other\r\n",
            None,
        ),
        (
            "Remote-Party-ID: <sip:+12025550143@b>;party=calling\r\nP-Asserted-Identity: <sip:+12025550144@b>\r\n",
            Some("+12025550144"),
        ),
        // What a telephone would like to be called is asserted by nobody.
        ("P-Preferred-Identity: <sip:+12025550143@b>\r\n", None),
    ] {
        let kept = invite(&format!("{anonymous}{lines}"));
        assert_eq!(kept.asserted.as_deref(), expected, "{lines}");
        assert_eq!(kept.verstat, None);
    }
    // A response tells of the party that was called.
    for (party, expected) in [
        ("", None),
        (";party=called", None),
        (";party=calling", Some("+12025550143")),
    ] {
        let answer = format!(
            "SIP/2.0 200 OK\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nRemote-Party-ID: <sip:+12025550143@b>{party}\r\n\r\n"
        );
        let kept = translated(answer.as_bytes()).unwrap();
        assert_eq!(kept.asserted.as_deref(), expected, "{party}");
    }
}

#[test]
fn of_a_description_that_is_cut_short_whole_lines_are_read() {
    let message = |length: usize| {
        let description = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 40000 RTP/AVP 0\r\n";
        let start = "INVITE sip:b@b SIP/2.0\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n";
        let whole = format!(
            "{start}Content-Length: {}\r\n\r\n{description}",
            description.len()
        );
        let media = translated(&whole.as_bytes()[..whole.len() - length])
            .unwrap()
            .media;
        media
            .first()
            .and_then(|media| media.rtp)
            .map(|rtp| rtp.port())
    };
    assert_eq!(message(0), Some(40_000));
    for length in 1..30 {
        assert_eq!(message(length), None, "{length}");
    }
}

#[test]
fn a_message_that_belongs_to_nothing_is_refused() {
    let refused = |bytes: &[u8], what: &str| assert_eq!(translated(bytes).unwrap_err().what, what);
    refused(
        b"BYE sip:a SIP/2.0\nCSeq: 1 BYE\n",
        "SIP message without Call-ID",
    );
    refused(
        format!("BYE sip:a SIP/2.0\nCall-ID: {}\n", "x".repeat(513)).as_bytes(),
        "SIP Call-ID is too long",
    );
    refused(
        b"BYE sip:a SIP/2.0\nCall-ID: x\n",
        "SIP message without CSeq",
    );
    refused(
        b"BYE sip:a SIP/2.0\nCall-ID: x\nCSeq: BYE\n",
        "SIP message without CSeq",
    );
}

#[test]
fn long_values_are_cut() {
    let long = "1".repeat(60_000);
    let kept = invite(&format!(
        "From: <sip:{long}@b>;tag={long}\r\nP-Asserted-Identity: <tel:{long}>\r\nUser-Agent: {long}\r\n"
    ));
    let lengths = [
        Some(&kept.from.address),
        kept.from.tag.as_ref(),
        kept.asserted.as_ref(),
        kept.user_agent.as_ref(),
    ]
    .map(|text| text.map(String::len));
    assert_eq!(lengths, [Some(TEXT_MAX_CHARS); 4]);
}

#[test]
fn a_packet_of_separators_stays_small() {
    for line in [
        "Reason: ",
        "P-Asserted-Identity: ",
        "Diversion: ",
        "Identity: ",
        "Via: ",
    ] {
        let kept = invite(&format!("{line}{}\r\n", "a,".repeat(30_000)));
        let json = serde_json::to_vec(&kept).unwrap();
        assert!(json.len() < 70_000, "{line}{}", json.len());
    }
}

#[test]
fn rtcp_may_come_to_each_port_that_a_description_names_for_it() {
    #[track_caller]
    fn check(host: &str, attributes: &str, expected: &[&str]) {
        let kept = invite(&format!(
            "Content-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n{attributes}"
        ));
        let addresses: Vec<_> = kept.media.iter().flat_map(Media::rtcp_taken).collect();
        let expected: Vec<std::net::SocketAddr> =
            expected.iter().map(|it| it.parse().unwrap()).collect();
        assert_eq!(addresses, expected, "{attributes}");
    }
    check("192.0.2.1", "", &["192.0.2.1:4001"]);
    check("192.0.2.1", "a=rtcp-mux\r\n", &["192.0.2.1:4000"]);
    check(
        "192.0.2.1",
        "a=rtcp:4001\r\na=rtcp-mux\r\n",
        &["192.0.2.1:4001"],
    );
    let both = ["192.0.2.1:4711", "192.0.2.1:4000"];
    check("192.0.2.1", "a=rtcp:4711\r\n", &both);
    check("192.0.2.1", "a=rtcp:4711\r\na=rtcp-mux\r\n", &both);
    // On hold.
    check("0.0.0.0", "", &[]);
}
