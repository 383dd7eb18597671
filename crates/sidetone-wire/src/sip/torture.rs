//! Messages such as RFC 4475 warns of: legal but odd ones are understood, broken ones are survived.

use super::*;

#[track_caller]
fn parse(bytes: &[u8]) -> Message<'_> {
    Message::parse(bytes).unwrap()
}

#[test]
fn odd_but_legal_white_space_and_folding() {
    let message = parse(
        b"INVITE sip:desk;floor=%32@hotel.example;odd SIP/2.0\r\n\
        tO\t:\r\n\t sip:desk@hotel.example ; tag\t=   to-1\r\n\
        FROM   : \"A \\\"quoted\\\" guest, \\\\\"     <sip:guest@hotel.example>\r\n\t;\r\n  tag = from-1\r\n\
        cAlL-iD \t:  odd@hotel.example\r\n\
        cseq: 0007\r\n\t INVITE\r\n\
        VIA  : SIP  /   2.0\r\n / UDP\r\n    192.0.2.2;branch=first\r\n\
        s :\r\n\
        X-Of-Our-Own:   begins\r\n and goes on\r\n\
        v:  SIP / 2.0  / TCP     proxy.example   ;\r\n  branch  =   second , SIP / 2.0 / UDP 192.0.2.3\r\n\
        m:\"A \\\"name\\\", too\" <sip:guest@hotel.example> ; x =\r\n      y ;\r\n  q = 0.5\r\n\
        \r\n",
    );
    assert_eq!(message.cseq(), Some((7, &b"INVITE"[..])));
    assert_eq!(message.call_id(), Some(&b"odd@hotel.example"[..]));
    assert_eq!(message.to().unwrap().tag(), Some(&b"to-1"[..]));
    let from = message.from().unwrap();
    assert_eq!(
        (from.user, from.tag()),
        (Some(&b"guest"[..]), Some(&b"from-1"[..]))
    );
    assert_eq!(message.via_count(), 3);
    let branches: Vec<_> = message.via_branches().collect();
    assert_eq!(branches, [&b"first"[..], b"second", b""]);
    let contact = message.contact().unwrap();
    assert_eq!(
        (contact.user, contact.param("q")),
        (Some(&b"guest"[..]), Some(&b"0.5"[..]))
    );
    assert_eq!(message.header("Subject"), Some(&b""[..]));
    assert_eq!(
        text(message.header("x-of-our-own").unwrap()),
        "begins and goes on"
    );
}

#[test]
fn characters_outside_ascii_and_zero_bytes() {
    let message = parse(
        b"ring!*_+`'~%. sip:what;is/this?=$&(a)+user,*:pass!word~@hotel.example SIP/2.0\r\n\
        From: \"\xc3\x84\xff \\\0\" <sip:a%00b@hotel.example>;tag=\xfe\r\nCall-ID: \xf0\x9f\r\n\
        CSeq: 4294967295 ring!\r\n\r\n\0\0",
    );
    let StartLine::Request { uri, .. } = message.start() else {
        panic!("it is a request");
    };
    let uri = NameAddr::of_uri(uri);
    assert_eq!(uri.user, Some(&b"what;is/this?=$&(a)+user,*"[..]));
    assert_eq!(uri.host, Some(&b"hotel.example"[..]));
    assert_eq!(message.from().unwrap().tag(), Some(&b"\xfe"[..]));
    assert_eq!(message.cseq().map(|(number, _)| number), Some(u32::MAX));
    assert_eq!(message.call_id(), Some(&b"\xf0\x9f"[..]));
    assert_eq!(message.body(), b"\0\0");
}

#[test]
fn numbers_out_of_range_are_absent() {
    let message = parse(
        b"REGISTER sip:b.example SIP/2.0\r\nCSeq: 99999999999999999999 REGISTER\r\nCall-ID: big\r\n\
        Content-Length: 99999999999999999999999\r\nReason: Q.850;cause=70000\r\n\r\nhere",
    );
    assert_eq!(message.cseq(), None);
    assert_eq!(message.call_id(), Some(&b"big"[..]));
    assert_eq!(message.body(), b"here");
    assert_eq!(message.reasons().next().unwrap().cause, None);
}

#[test]
fn fields_that_must_be_single_but_are_not() {
    let message = parse(
        b"INVITE sip:a@b SIP/2.0\r\nCall-ID: first\r\nCall-ID: second\r\nCSeq: 1 INVITE\r\nCSeq: 2 BYE\r\n\
        From: <sip:a@b>;tag=1\r\nf: <sip:c@d>;tag=2\r\nContent-Length: 2\r\nl: 3\r\n\r\nbody",
    );
    assert_eq!(message.call_id(), Some(&b"first"[..]));
    assert_eq!(message.cseq(), Some((1, &b"INVITE"[..])));
    assert_eq!(message.from().unwrap().tag(), Some(&b"1"[..]));
    assert_eq!(message.body(), b"bo");
    assert_eq!(message.headers("call-id").count(), 2);
}

#[test]
fn quotes_and_brackets_that_never_close() {
    let message = parse(
        b"INVITE sip:a@b SIP/2.0\r\nFrom: \"Alice <sip:a@b>;tag=1\r\nTo: \"Bob\" <sip:b@b;tag=2\r\n\
        Contact: \"Jo\" <sip:jo@b>>>>>,<<sip:x\r\nVia: SIP/2.0/UDP h;branch=\"x, y\r\nReason: Q.850;text=\"cut\r\n\
        Call-ID: still@here\r\n\r\n",
    );
    assert_eq!(message.from().unwrap().tag(), Some(&b"1"[..]));
    assert_eq!(message.to().unwrap().user, Some(&b"b"[..]));
    assert_eq!(message.contact().unwrap().user, Some(&b"jo"[..]));
    assert_eq!(message.via_count(), 1);
    assert_eq!(message.reasons().next().unwrap().protocol, b"Q.850");
    assert_eq!(message.call_id(), Some(&b"still@here"[..]));
}

#[test]
fn a_long_message_of_nothing_but_separators() {
    for filler in [
        &b","[..],
        b";",
        b"<",
        b"\"",
        b"\\",
        b":",
        b"\n ",
        b"\r\n",
        b"=",
        b"@",
        b"\0",
    ] {
        let mut bytes = b"INVITE sip:a@b SIP/2.0\r\nVia: ".to_vec();
        bytes.extend(filler.repeat(30_000));
        let message = parse(&bytes);
        assert!(message.via_count() <= 1);
        assert!(message.via_branches().all(<[u8]>::is_empty));
        assert!(redacted(&bytes).starts_with("INVITE"));
    }
}
