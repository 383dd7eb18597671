//! Other ways in: requests, phones, files.

use std::net::UdpSocket;
use std::time::Duration;

use serde_json::json;
use sidetone::config::Settings;
use sidetone::ingest::hep::file;
use sidetone_core::correlate::sip_call_sid;

use super::{INVITE, KNOWN, invites, live, packet};
use crate::harness::{ACCOUNT, TestServer};

#[tokio::test]
async fn packets_come_in_by_http_for_the_callers_account() {
    let server = TestServer::start().await;
    let body = [
        packet(KNOWN, None, Some(INVITE)),
        packet(9, None, Some(INVITE)),
    ]
    .concat();
    let kind = "application/octet-stream";
    let answer = server
        .post_as("/ingest/v1/hep?Settle=true", kind, body.clone())
        .await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    assert_eq!(answer.json()["rejected"], 0, "{}", answer.text);
    assert_eq!(answer.json()["errors"], json!([]), "{}", answer.text);
    // However long ago they were captured.
    let captured_at = invites(&server.app, ACCOUNT.parse().unwrap()).await;
    let captured_at: Vec<_> = captured_at.iter().map(|at| at.to_seconds_text()).collect();
    assert_eq!(captured_at, ["2025-10-27T23:28:00Z"; 2]);
    let none = server
        .post_as("/ingest/v1/hep", kind, b"HEP2".to_vec())
        .await;
    assert_eq!(none.status.as_u16(), 400, "{}", none.text);
    let stranger = server.log_in(ACCOUNT, "another");
    let refused = stranger.post_as("/ingest/v1/hep", kind, body).await;
    assert_eq!(refused.error(), (401, 20003));
}

#[tokio::test]
async fn packets_that_are_not_taken_are_named() {
    let server = TestServer::start().await;
    let good = packet(KNOWN, None, Some(INVITE));
    let mut wrong_chunk = good.clone();
    wrong_chunk[10..12].copy_from_slice(&[0, 2]);
    let body = [
        &good[..],
        &wrong_chunk,
        b"GET / HTTP/1.1\r\n",
        &packet(
            KNOWN,
            None,
            Some(b"INVITE sip:bob@192.0.2.2 SIP/2.0\r\n\r\n"),
        ),
        &packet(KNOWN, None, Some(INVITE)),
        &good[..40],
    ]
    .concat();
    let kind = "application/octet-stream";
    let answer = server.post_as("/ingest/v1/hep", kind, body).await;
    let expected = json!({
        "accepted": 2, "duplicates": 0, "rejected": 4, "ignored": 0,
        "errors": [
            {"line": 2, "message": "Packet 2: HEP3 chunk is shorter than its header at byte 6."},
            {"line": 3, "message": "Packet 3: SIP message without Call-ID at byte 0."},
            {"message": "Bytes between packets (stretches: 1). Expected packets of HEP3, one after the other."},
            {"message": "The body ends within a packet."},
        ],
    });
    assert_eq!(answer.json(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phones_report_is_answered_and_taken() {
    let live = live(Settings {
        sip_udp: Some("127.0.0.1:0".parse().unwrap()),
        ..Settings::default()
    })
    .await;
    let phone = UdpSocket::bind("127.0.0.1:0").unwrap();
    phone
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let request = "PUBLISH sip:collector@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK1\r\n\
        From: <sip:alice@192.0.2.1>;tag=1\r\nTo: <sip:collector@127.0.0.1>\r\nCall-ID: own@192.0.2.1\r\nCSeq: 1 PUBLISH\r\n\
        Event: vq-rtcpxr\r\nContent-Type: application/vq-rtcpxr\r\n\r\n\
        VQSessionReport: CallTerm\r\nCallID: hep-test@192.0.2.1\r\nLocalMetrics:\r\nTimestamps:START=2026-06-01T10:00:00Z STOP=2026-06-01T10:01:00Z\r\n";
    let ask = |text: &str| {
        phone
            .send_to(text.as_bytes(), live.running.hep.sip.unwrap())
            .unwrap();
        let mut buffer = [0; 4_096];
        let length = tokio::task::block_in_place(|| phone.recv(&mut buffer)).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let answer = ask(request);
    assert!(answer.starts_with("SIP/2.0 200 OK\r\n"), "{answer}");
    assert!(answer.contains("SIP-ETag: "), "{answer}");
    let answer = ask(&request.replace("PUBLISH", "INVITE"));
    assert!(answer.starts_with("SIP/2.0 405 "), "{answer}");
    assert_eq!(live.settled("sip", 2).await["not_a_report"], 1);
    live.running.stop().await;
}

#[tokio::test]
async fn a_capture_file_is_read() {
    let server = TestServer::start().await;
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/hep/clean-call.pcap"
    );
    let capture = std::fs::read(path).unwrap();
    let account = ACCOUNT.parse().unwrap();
    let report = file::keep(&server.app, account, &capture[..])
        .await
        .unwrap();
    assert!(report.accepted > 0 && report.rejected == 0, "{report:?}");
    let cut = &capture[..capture.len() - 3];
    let report = file::keep(&server.app, account, cut).await.unwrap();
    assert_eq!(report.rejected, 1, "{report:?}");
    assert!(
        report.errors[0]
            .message
            .starts_with("The capture file is cut"),
        "{report:?}"
    );
    // One frame's packet states another length.
    let mut damaged = capture.clone();
    let hep = frames(&capture).nth(17).unwrap();
    damaged[hep + 4] ^= 1;
    let report = file::keep(&server.app, account, &damaged[..])
        .await
        .unwrap();
    let named: Vec<_> = report.errors.iter().map(|error| error.line).collect();
    assert_eq!((report.rejected, named), (1, vec![Some(18)]), "{report:?}");
    for (length, told) in [(24, "there is no HEP"), (50, "the capture file is cut")] {
        let beginning = &capture[..length];
        let error = file::keep(&server.app, account, beginning)
            .await
            .unwrap_err();
        assert!(error.to_string().starts_with(told), "{error}");
    }
}

#[tokio::test]
async fn the_same_capture_as_pcap_and_as_pcapng_gives_the_same_events() {
    let server = TestServer::start().await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/hep");
    let account = ACCOUNT.parse().unwrap();
    let keep = async |name| {
        let file = std::fs::File::open(format!("{folder}/{name}")).unwrap();
        file::keep(&server.app, account, file).await.unwrap()
    };
    let pcap = keep("lossy-call.pcap").await;
    let pcapng = keep("lossy-call.pcapng").await;
    assert!(pcap.accepted > 0 && pcap.duplicates == 0, "{pcap:?}");
    assert_eq!((pcapng.accepted, pcapng.duplicates), (0, pcap.accepted));
    assert_eq!((pcapng.rejected, pcapng.ignored), (0, pcap.ignored));
}

/// Where the HEP packet of each frame begins.
fn frames(capture: &[u8]) -> impl Iterator<Item = usize> + '_ {
    (0..capture.len()).filter(|at| capture[*at..].starts_with(b"HEP3"))
}

/// Each body is read by itself, as after a restart: of what it does not see begin, it knows what
/// the store does.
#[tokio::test]
async fn a_call_that_began_before_is_found_by_its_call_id_whatever_names_it() {
    const SID: &str = "CA00112233445566778899aabbccddeeff";
    let server = TestServer::with(Settings {
        sip_call_sid_sources: Some("192.0.2.0/24".parse().unwrap()),
        ..Settings::default()
    })
    .await;
    let kind = "application/octet-stream";
    let post = async |body: Vec<u8>| {
        let answer = server.post_as("/ingest/v1/hep", kind, body).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
        answer.json()["accepted"].clone()
    };
    let text = String::from_utf8(INVITE.to_vec()).unwrap();
    let named = text.replace("CSeq", &format!("X-Call-Sid: {SID}\r\nCSeq"));
    for (invite, sid) in [
        (named.replace("hep-test", "a-header"), SID.to_owned()),
        (
            text.replace("hep-test", "none"),
            sip_call_sid(ACCOUNT.parse().unwrap(), "none@192.0.2.1").to_string(),
        ),
    ] {
        assert_eq!(post(packet(9, None, Some(invite.as_bytes()))).await, 1);
        server.pass(60).await;
        let bye = invite
            .replace("INVITE", "BYE")
            .replace("X-Call-Sid", "X-Other");
        // More than are looked up in a round, but of one call.
        let many = (0..1_500).flat_map(|_| packet(9, None, Some(bye.as_bytes())));
        assert_eq!(post(many.collect()).await, 1_500);
        server.pass(60).await;
        let path = format!("/v1/Voice/{sid}/Events?PageSize=1");
        assert_eq!(server.get(&path).await.status.as_u16(), 200, "{sid}");
    }
}
