//! RTCP that real telephones sent and rtpengine passed on, against what was seen on the wire beside it.

use serde_json::Value;
use sidetone_wire::rtcp::{self, ReportBlock};

use crate::hep_pcap::captures;

/// HEP's payload type of RTCP.
const RTCP: u8 = 5;

fn number(value: &Value) -> i64 {
    let text = value.as_str().unwrap();
    match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).unwrap(),
        None => text.parse().unwrap(),
    }
}

fn is_same(seen: &Value, reporter: u32, block: &ReportBlock) -> bool {
    let told = [
        ("reporter_ssrc", i64::from(reporter)),
        ("block_ssrc", i64::from(block.about_ssrc)),
        ("fraction", i64::from(block.fraction_lost)),
        ("cum", i64::from(block.cumulative_lost)),
        ("jitter", i64::from(block.jitter_rtp)),
        ("ext_high", i64::from(block.highest_seq)),
    ];
    told.iter().all(|(name, told)| number(&seen[name]) == *told)
}

#[test]
fn every_report_of_a_capture_was_seen_on_the_wire() {
    let mut reports = 0;
    for capture in captures() {
        let seen: Vec<&Value> = ["rtcp_on_wire_at_caller", "rtcp_on_wire_at_callee"]
            .iter()
            .filter_map(|side| capture.truth[side].as_array())
            .flatten()
            .collect();
        let rtcp = capture.carried.iter().filter(|it| it.payload_type == RTCP);
        for carried in rtcp {
            let decoded = rtcp::decode(&carried.payload).unwrap();
            assert_eq!(decoded.blocks.len(), 1, "{}", capture.name);
            for block in &decoded.blocks {
                assert!(
                    seen.iter().any(|it| is_same(it, decoded.ssrc, block)),
                    "{}: {decoded:?}",
                    capture.name
                );
                reports += 1;
            }
            assert!(decoded.sender.is_some_and(|sender| sender.packets > 0));
            assert!(decoded.cname.is_some_and(|name| name.contains('@')));
        }
    }
    assert_eq!(reports, 82);
}

/// What round-trip times are computed from: a receiver names the sender's report by the middle of its time.
#[test]
fn receivers_name_the_reports_that_senders_sent() {
    let mut named = 0;
    for capture in captures() {
        let mut sent = Vec::new();
        let rtcp = capture.carried.iter().filter(|it| it.payload_type == RTCP);
        for carried in rtcp {
            let decoded = rtcp::decode(&carried.payload).unwrap();
            for block in decoded.blocks.iter().filter(|block| block.lsr != 0) {
                let name = (block.about_ssrc, Some(block.lsr));
                assert!(sent.contains(&name), "{}: {block:?}", capture.name);
                named += 1;
            }
            sent.push((decoded.ssrc, decoded.sender.and_then(|it| it.lsr())));
        }
    }
    assert!(named > 60, "{named}");
}
