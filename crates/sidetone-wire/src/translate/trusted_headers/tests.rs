use std::net::SocketAddr;

use sidetone_core::correlate::Content;

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
