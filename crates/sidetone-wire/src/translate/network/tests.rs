use sidetone_core::capture::Capture;

use super::*;
use crate::hep::{self, Packet, Payload};
use crate::translate::mirrored;

const ACCOUNT: AccountSid = AccountSid::from_bytes([0x11; 16]);

/// What is read of an INVITE that somebody sent: the call it names, its parent, its verstat.
fn read(headers: &TrustedHeaders, sender: &str) -> (bool, bool, Option<String>) {
    let text = format!(
        "INVITE sip:b@b SIP/2.0\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nX-Call-Sid: CA{}\r\nX-CID: other\r\n\
         From: <sip:+12025550100@a;verstat=TN-Validation-Passed>;tag=1\r\n\r\n",
        "0".repeat(32)
    );
    let packet = Packet {
        protocol: 17,
        src: SocketAddr::new(sender.parse().unwrap(), 5060),
        dst: SocketAddr::from(([192, 0, 2, 9], 5060)),
        captured_us: 1,
        payload_type: hep::SIP,
        agent: 1,
        auth_key: None,
        payload: Payload::Plain(text.as_bytes()),
        correlation_id: None,
        node_name: None,
        mos_100: None,
        r_factor: None,
        jitter: None,
    };
    let mut read = Vec::new();
    mirrored::hep(&packet, ACCOUNT, headers, |it| read.push(it));
    let mirrored = read.pop().unwrap().unwrap();
    let Content::Sip(message) = mirrored.content else {
        panic!("no SIP: {:?}", mirrored.content);
    };
    let parent = message.parent.is_some();
    (mirrored.named.is_some(), parent, message.verstat)
}

#[test]
fn headers_count_by_who_sent_them() {
    let passed = || Some("TN-Validation-Passed".to_owned());
    let proxy = || vec!["192.0.2.1".parse().unwrap()];
    let headers = |sources, verstat_sources| TrustedHeaders {
        call_sid: vec!["X-Call-Sid".to_owned()],
        parent: vec!["X-CID".to_owned()],
        sources,
        verstat_sources,
    };
    for (headers, sender, expected) in [
        (
            headers(vec![], None),
            "198.51.100.7",
            (false, false, passed()),
        ),
        (headers(proxy(), None), "192.0.2.1", (true, true, passed())),
        (
            headers(proxy(), None),
            "198.51.100.7",
            (false, false, passed()),
        ),
        (
            headers(vec![], Some(proxy())),
            "192.0.2.1",
            (false, false, passed()),
        ),
        (
            headers(vec![], Some(proxy())),
            "198.51.100.7",
            (false, false, None),
        ),
        (
            headers(proxy(), Some(vec![])),
            "192.0.2.1",
            (true, true, None),
        ),
    ] {
        assert_eq!(read(&headers, sender), expected, "{headers:?} {sender}");
    }
}

#[test]
fn rtcp_may_come_to_each_port_that_a_description_names_for_it() {
    #[track_caller]
    fn check(host: &str, attributes: &str, expected: &[&str]) {
        let body =
            format!("v=0\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n{attributes}");
        let text = format!(
            "INVITE sip:b@b SIP/2.0\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let end = SocketAddr::from(([192, 0, 2, 9], 5060));
        let capture = Capture {
            agent: 1,
            source: end,
            destination: end,
        };
        let message = Message::parse(text.as_bytes()).unwrap();
        let message = crate::translate::sip::message(&message, capture).unwrap();
        let addresses = announced(&message).0;
        let expected: Vec<SocketAddr> = expected.iter().map(|it| it.parse().unwrap()).collect();
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
