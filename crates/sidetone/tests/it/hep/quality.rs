//! What phones say of quality in extended reports, as agents mirror it: as on the wire, and told in
//! JSON.

use std::net::UdpSocket;

use serde_json::{Value, json};
use sidetone::config::Settings;

use super::{KEY, KNOWN, RTCP, SIP, live, packet_between};

/// A phone, and the switch that it calls.
const SIGNALLING: [&str; 2] = ["192.0.2.1:5060", "192.0.2.2:5060"];
const REPORTS: [&str; 2] = ["192.0.2.1:4001", "192.0.2.2:3001"];

/// The INVITE with its offer, or the answer to it: Opus, for which there is no score by the
/// E-model.
fn message(start: &str, tag: &str, host: &str, port: u16) -> String {
    let description = format!(
        "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 96\r\n\
        a=rtpmap:96 opus/48000/2\r\n"
    );
    format!(
        "{start}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:alice@example.com>;tag=1\r\n\
        To: <sip:bob@example.com>{tag}\r\nCall-ID: quality\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\
        Content-Length: {}\r\n\r\n{description}",
        description.len()
    )
}

/// A receiver report of the phone without blocks, and an extended one about the switch's stream: 5
/// % lost, 81 ms there and back, MOS 4.2 and none.
fn on_the_wire() -> Vec<u8> {
    let words: [u32; 13] = [
        0x80C9_0001,
        0xA,
        0x80CF_000A,
        0xA,
        0x0700_0008,
        0xB,
        0x0D01_4002,
        0x0078_1388,
        0x0051_0028,
        0xEC7F_7F10,
        0x557F_2A7F,
        0x0000_003C,
        0x0078_00F0,
    ];
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

const TOLD_BY_HEPLIFY: &str = r#"{"ssrc":10,"type":207,"report_blocks":null,"voip_metrics":{"ssrc":11,"loss_rate":13,
    "discard_rate":1,"burst_density":64,"gap_density":2,"burst_duration":120,"gap_duration":5000,"round_trip_delay":81,
    "end_system_delay":40,"signal_level":-20,"noise_level":127,"rerl":127,"gmin":16,"r_factor":85,"ext_r_factor":127,
    "mos_cq":12.7,"mos_lq":4.2,"jb_nominal":60,"jb_maximum":120,"jb_abs_max":240}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn scores_of_extended_reports_stand_in_the_summary() {
    for report in [on_the_wire(), TOLD_BY_HEPLIFY.into()] {
        let live = live(Settings::default()).await;
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        let send = |between, kind, payload: &[u8]| {
            let packet = packet_between(between, KNOWN, Some(KEY), (kind, Some(payload)));
            sender.send_to(&packet, live.udp()).unwrap();
        };
        let [phone, switch] = SIGNALLING;
        let offer = message("INVITE sip:bob@example.com SIP/2.0", "", "192.0.2.1", 4000);
        send(SIGNALLING, SIP, offer.as_bytes());
        let answer = message("SIP/2.0 200 OK", ";tag=2", "192.0.2.2", 3000);
        send([switch, phone], SIP, answer.as_bytes());
        send(REPORTS, RTCP, &report);
        live.settled("udp", 3).await;
        let side = |summary: &Value| summary["sip_edge"]["metrics"]["outbound"].clone();
        let summary = live
            .summary("quality", |summary| side(summary).is_object())
            .await;
        let outbound = side(&summary);
        assert_eq!(outbound["mos_method"], "rtcp_xr", "{summary:#}");
        assert_eq!(outbound["mos"]["avg"], json!(4.2), "{summary:#}");
        assert_eq!(outbound["rtt"]["avg"], json!(81.0), "{summary:#}");
        assert_eq!(
            outbound["packets_loss_percentage"],
            json!(5.078125),
            "{summary:#}"
        );
        live.running.stop().await;
    }
}
