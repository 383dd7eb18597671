//! Reports under names of their agents' own: whose they are is told by the addresses that calls
//! announce.

use std::net::UdpSocket;

use serde_json::{Value, json};
use sidetone::clock::Clock;
use sidetone::config::Settings;
use sidetone_core::correlate::sip_call_sid;
use sidetone_core::time::SECOND_US;

use super::{KEY, KNOWN, Live, RTCP, SIP, captured, counts, live, packet_between, start_at};
use crate::harness::{ACCOUNT, TestServer};

/// The caller's telephone and the switch.
const SIGNALLING: [&str; 2] = ["192.0.2.1:5060", "192.0.2.2:5060"];
const REPORTS: [&str; 2] = ["192.0.2.1:4001", "192.0.2.2:3001"];
const CHANNEL: &str = "PJSIP/6001-00000002";

/// A message of the dialog; with a port it announces G.711 there.
fn message(call_id: &str, start: &str, cseq: &str, media: Option<(&str, u16)>) -> String {
    let description = media.map_or_else(String::new, |(host, port)| {
        format!(
            "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n"
        )
    });
    let tag = if start.starts_with("INVITE") {
        ""
    } else {
        ";tag=2"
    };
    format!(
        "{start}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK{cseq}\r\nFrom: <sip:alice@example.com>;tag=1\r\n\
        To: <sip:bob@example.com>{tag}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\nContent-Type: application/sdp\r\n\
        Content-Length: {}\r\n\r\n{description}",
        description.len()
    )
}

/// What a side has sent, and of what the other has sent it has lost none.
fn report(ssrc: u32, about: u32, packets: u32) -> String {
    json!({
        "ssrc": ssrc, "type": 200, "report_count": 1,
        "sender_information": {
            "ntp_timestamp_sec": 3_970_000_000_u32 + packets / 50, "ntp_timestamp_usec": 0, "octets": 160 * packets,
            "rtp_timestamp": 160 * packets, "packets": packets,
        },
        "report_blocks": [{
            "source_ssrc": about, "highest_seq_no": 1_000 + packets, "fraction_lost": 0, "ia_jitter": 8,
            "packets_lost": 0, "lsr": 0, "dlsr": 0,
        }],
    })
    .to_string()
}

/// The packet with a name of its call.
fn named(mut packet: Vec<u8>, name: &str) -> Vec<u8> {
    packet.extend([0, 0, 0, 17]);
    packet.extend(u16::try_from(name.len() + 6).unwrap().to_be_bytes());
    packet.extend(name.as_bytes());
    let length = u16::try_from(packet.len()).unwrap();
    packet[4..6].copy_from_slice(&length.to_be_bytes());
    packet
}

/// The packets of a call of 10 s as agents send them, with two reports of each side, which name
/// `name`; seconds since 1970.
fn call(call_id: &str, name: &str, began: u32) -> Vec<Vec<u8>> {
    let [phone, switch] = SIGNALLING;
    let sip = |between, at, text: String| {
        let packet = packet_between(between, KNOWN, Some(KEY), (SIP, Some(text.as_bytes())));
        captured(packet, began + at)
    };
    let report = |between, at, (ssrc, about), packets| {
        let text = report(ssrc, about, packets);
        let packet = packet_between(between, KNOWN, Some(KEY), (RTCP, Some(text.as_bytes())));
        named(captured(packet, began + at), name)
    };
    let (invite, answer) = ("INVITE sip:bob@example.com SIP/2.0", "SIP/2.0 200 OK");
    let offered = Some(("192.0.2.1", 4000));
    let agreed = Some(("192.0.2.2", 3000));
    let [there, back] = [REPORTS, [REPORTS[1], REPORTS[0]]];
    vec![
        sip(SIGNALLING, 0, message(call_id, invite, "1 INVITE", offered)),
        sip(
            [switch, phone],
            1,
            message(call_id, answer, "1 INVITE", agreed),
        ),
        report(there, 6, (10, 11), 250),
        report(back, 6, (11, 10), 250),
        report(there, 9, (10, 11), 400),
        report(back, 9, (11, 10), 400),
        sip(
            SIGNALLING,
            10,
            message(call_id, "BYE sip:bob@example.com SIP/2.0", "2 BYE", None),
        ),
    ]
}

/// What each way of the call's edge has sent.
fn sent(summary: &Value) -> [Value; 2] {
    ["inbound", "outbound"].map(|way| summary["sip_edge"]["metrics"][way]["packets_sent"].clone())
}

fn now() -> u32 {
    u32::try_from(Clock::default().now().micros() / SECOND_US).unwrap()
}

impl Live {
    fn send(&self, packets: &[Vec<u8>]) {
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        for packet in packets {
            sender.send_to(packet, self.udp()).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_a_call_that_is_over_already_are_found() {
    let live = live(Settings {
        settle: Some("100ms".parse().unwrap()),
        ..Settings::default()
    })
    .await;
    // It is complete before the first of them has waited for the call that it might name.
    let packets = call("over", CHANNEL, now() - 10);
    live.send(&packets);
    let accepted = packets.len() as u64;
    assert_eq!(
        live.settled("udp", accepted).await,
        counts([("accepted", accepted)])
    );
    let is_ready = |summary: &Value| sent(summary) == [json!(400), json!(400)];
    let summary = live.summary("over", is_ready).await;
    assert_eq!(summary["call_state"], "completed", "{summary:#}");
    live.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_ran_before_a_restart_are_found_by_their_addresses() {
    let mut live = live(Settings::default()).await;
    let packets = call("before", CHANNEL, now() - 8);
    live.send(&packets[..2]);
    live.settled("udp", 2).await;
    live.summary("before", |_| true).await;
    live.running.stop().await;
    live.running = start_at(live.dir.path(), Settings::default())
        .await
        .unwrap();
    live.send(&packets[2..]);
    let rest = packets.len() as u64 - 2;
    assert_eq!(
        live.settled("udp", rest).await,
        counts([("accepted", rest)])
    );
    live.summary("before", |summary| {
        sent(summary) == [json!(400), json!(400)]
    })
    .await;
    live.running.stop().await;
}

#[tokio::test]
async fn a_body_may_tell_of_its_calls_in_any_order() {
    let server = TestServer::start().await;
    // One after the other between the same ports, under the same name.
    let mut packets = call("first", CHANNEL, 1_780_000_000);
    packets.extend(call("second", CHANNEL, 1_780_000_012));
    packets.reverse();
    let kind = "application/octet-stream";
    let answer = server
        .post_as("/ingest/v1/hep?Settle=true", kind, packets.concat())
        .await;
    let expected = json!({
        "accepted": packets.len(), "duplicates": 0, "rejected": 0, "ignored": 0, "errors": [],
    });
    assert_eq!(answer.json(), expected);
    server.pass(1).await;
    for call_id in ["first", "second"] {
        let sid = sip_call_sid(ACCOUNT.parse().unwrap(), call_id);
        let summary = server.get(&format!("/v1/Voice/{sid}/Summary")).await.json();
        assert_eq!(sent(&summary), [json!(400), json!(400)], "{summary:#}");
        assert_eq!(summary["processing_state"], "complete", "{summary:#}");
    }
}
