use super::*;

#[track_caller]
fn parse(bytes: &str) -> Message<'_> {
    Message::parse(bytes.as_bytes()).unwrap()
}

fn shown<'a>(values: impl Iterator<Item = &'a [u8]>) -> Vec<&'a str> {
    values.map(|value| str::from_utf8(value).unwrap()).collect()
}

const INVITE: &str = "INVITE sip:+12025550199@192.0.2.1 SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1 , SIP/2.0/TCP [2001:db8::1]:5061;branch=z9hG4bK2\r\n\
    v: SIP/2.0/UDP 192.0.2.7;rport;branch=z9hG4bK3\r\n\
    f: \"Alice, A.\" <sip:+12025550100@192.0.2.7>;tag=from\r\n\
    To : <sip:+12025550199@192.0.2.1>\r\n\
    i:call@example.com\r\n\
    CSeq:  20\r\n INVITE\r\n\
    m: \"A, B\" <sip:alice@192.0.2.7>, <sip:other@192.0.2.7>\r\n\
    Record-Route: <sip:192.0.2.9;lr>,<sip:192.0.2.8;lr>\r\n\
    User-Agent: Phone\r\n\t/1.0\r\n\
    P-Asserted-Identity: \"Alice\" <sip:+12025550100;verstat=TN-Validation-Passed@192.0.2.7>, <tel:+12025550100>\r\n\
    Diversion: <sip:1@a>;reason=busy, <sip:2@a>\r\n\
    X-Call: one\r\n\
    x-call: two, three\r\n\
    c: application/sdp\r\n\
    l: 5\r\n\
    \r\n\
    v=0\r\nand more";

#[test]
fn reads_a_request() {
    let message = parse(INVITE);
    assert_eq!(
        message.start(),
        StartLine::Request {
            method: b"INVITE",
            uri: b"sip:+12025550199@192.0.2.1"
        }
    );
    assert_eq!(message.call_id(), Some(&b"call@example.com"[..]));
    assert_eq!(message.cseq(), Some((20, &b"INVITE"[..])));
    assert_eq!(message.method(), Some(&b"INVITE"[..]));
    let from = message.from().unwrap();
    assert_eq!(from.display, Some(&b"Alice, A."[..]));
    assert_eq!(
        (from.user, from.tag()),
        (Some(&b"+12025550100"[..]), Some(&b"from"[..]))
    );
    assert_eq!(message.to().unwrap().tag(), None);
    assert_eq!(message.contact().unwrap().user, Some(&b"alice"[..]));
    assert_eq!((message.via_count(), message.record_route_count()), (3, 2));
    assert_eq!(message.via_branches().next(), Some(&b"z9hG4bK1"[..]));
    assert_eq!(message.via_branches().count(), 3);
    assert_eq!(text(message.user_agent().unwrap()), "Phone /1.0");
    let asserted: Vec<_> = message.asserted_identities().collect();
    assert_eq!(asserted.len(), 2);
    assert_eq!(asserted[0].verstat(), Some(&b"TN-Validation-Passed"[..]));
    assert_eq!(asserted[1].user, Some(&b"+12025550100"[..]));
    let diversions: Vec<_> = message.diversions().map(|by| by.param("reason")).collect();
    assert_eq!(diversions, [Some(&b"busy"[..]), None]);
    assert!(!message.is_authorized());
}

#[test]
fn finds_any_header_field_by_any_of_its_names() {
    let message = parse(INVITE);
    assert_eq!(shown(message.headers("X-CALL")), ["one", "two, three"]);
    assert_eq!(shown(message.values("X-Call")), ["one", "two", "three"]);
    assert_eq!(message.header("Call-ID"), message.header("I"));
    assert_eq!(shown(message.headers("via")).len(), 2);
    assert_eq!(shown(message.values("V")).len(), 3);
    assert_eq!(message.header("Subject"), None);
    assert_eq!(message.header("Event"), None);
    let message = parse("NOTIFY sip:a SIP/2.0\ns: short\nSubject: long\no: vq-rtcpxr\n");
    assert_eq!(shown(message.headers("Subject")), ["short", "long"]);
    assert_eq!(message.header("Event"), Some(&b"vq-rtcpxr"[..]));
}

#[test]
fn a_body_is_as_long_as_it_says_or_as_there_is() {
    assert_eq!(parse(INVITE).body(), b"v=0\r\n");
    assert_eq!(parse(INVITE).sdp_body(), Some(&b"v=0\r\n"[..]));
    for (length, expected) in [
        ("0", ""),
        ("3", "abc"),
        ("9", "abcd"),
        ("-1", "abcd"),
        ("x", "abcd"),
    ] {
        let message = format!("A sip:a SIP/2.0\r\nContent-Length: {length}\r\n\r\nabcd");
        assert_eq!(parse(&message).body(), expected.as_bytes(), "{length}");
    }
    assert_eq!(
        parse("A sip:a SIP/2.0\n\nv=0\n").sdp_body(),
        Some(&b"v=0\n"[..])
    );
    assert_eq!(parse("A sip:a SIP/2.0\n\nhello").sdp_body(), None);
    assert_eq!(
        parse("A sip:a SIP/2.0\nc: text/plain\n\nv=0\n").sdp_body(),
        None
    );
    assert_eq!(parse("A sip:a SIP/2.0\nCall-ID: 1").body(), b"");
}

#[test]
fn reads_a_response() {
    let message = parse(
        "SIP/2.0 503 Service Unavailable\nCSeq: 1 INVITE\nServer: Gateway\n\
         Reason: SIP;cause=503;text=\"no, not; now\", Q.850 ; cause = 34\nReason: X\nReason: q.850;cause=999\n",
    );
    assert_eq!(message.start().status(), Some(503));
    assert_eq!(message.method(), Some(&b"INVITE"[..]));
    assert_eq!(message.user_agent(), Some(&b"Gateway"[..]));
    let reasons: Vec<_> = message.reasons().collect();
    let causes: Vec<_> = reasons
        .iter()
        .map(|reason| (reason.cause, reason.q850()))
        .collect();
    assert_eq!(
        causes,
        [
            (Some(503), None),
            (Some(34), Some(34)),
            (None, None),
            (Some(999), None)
        ]
    );
    assert_eq!(reasons[0].text, Some(&b"no, not; now"[..]));
    assert_eq!(reasons[2].protocol, b"X");
}

#[test]
fn what_is_missing_is_none() {
    let message = parse(
        "OPTIONS sip:a SIP/2.0\r\nCall-ID:\r\nVia:\r\nCSeq: one OPTIONS\r\nUser-Agent: \r\n\r\n",
    );
    assert_eq!((message.call_id(), message.cseq()), (None, None));
    assert!(message.from().is_none() && message.to().is_none() && message.contact().is_none());
    assert_eq!(
        (message.via_count(), message.via_branches().count()),
        (0, 0)
    );
    assert_eq!((message.user_agent(), message.content_type()), (None, None));
    assert_eq!(
        (message.reasons().count(), message.identities().count()),
        (0, 0)
    );
}

#[test]
fn proofs_of_passwords_are_noticed() {
    for name in ["Authorization", "proxy-authorization"] {
        let message = format!("REGISTER sip:a SIP/2.0\r\n{name}: Digest response=\"0\"\r\n\r\n");
        assert!(parse(&message).is_authorized());
    }
}

#[test]
fn values_are_shown_on_one_line() {
    assert_eq!(text(b"plain"), "plain");
    assert_eq!(text(b"a\r\n\t b\n c"), "a b c");
    assert_eq!(text(b"a\xffb"), "a\u{fffd}b");
}

#[test]
fn history_tells_diversions_from_ordinary_steps() {
    let message = parse(
        "INVITE sip:d@x SIP/2.0\r\n\
         History-Info: <sip:a@x?Reason=SIP%3Bcause%3D302>;index=1, <sip:b@x>;index=1.1\r\n\
         History-Info: <sip:c@x;cause=486>;index=1.2;mp=1.1,\r\n <sip:d@x>;index=1.2.1;rc=1.2\r\n\r\n",
    );
    let users: Vec<_> = message
        .history_diversions()
        .iter()
        .map(|by| by.user)
        .collect();
    assert_eq!(users, [Some(&b"b"[..]), Some(&b"a"[..])]);
    assert!(
        parse("INVITE sip:a SIP/2.0\r\n")
            .history_diversions()
            .is_empty()
    );
}
