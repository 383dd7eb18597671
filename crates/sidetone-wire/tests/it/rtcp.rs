//! RTCP that real telephones sent and rtpengine passed on, against what was seen on the wire beside it.

use serde_json::Value;
use sidetone_wire::rtcp::{self, Compound, ReportBlock};

use crate::carried::{Call, calls};

/// HEP's payload type of RTCP.
const RTCP: u8 = 5;

/// The RTCP of a call, decoded.
fn reports(call: &Call) -> Vec<Compound> {
    let rtcp = call.payloads.iter().filter(|(kind, _)| *kind == RTCP);
    rtcp.map(|(_, payload)| rtcp::decode(payload).unwrap())
        .collect()
}

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
    let mut count = 0;
    for call in calls() {
        let seen: Vec<&Value> = ["rtcp_on_wire_at_caller", "rtcp_on_wire_at_callee"]
            .iter()
            .filter_map(|side| call.truth[side].as_array())
            .flatten()
            .collect();
        for decoded in reports(&call) {
            assert_eq!(decoded.blocks.len(), 1, "{}", call.name);
            for block in &decoded.blocks {
                assert!(
                    seen.iter().any(|it| is_same(it, decoded.ssrc, block)),
                    "{}: {decoded:?}",
                    call.name
                );
                count += 1;
            }
            assert!(decoded.sender.is_some_and(|sender| sender.packets > 0));
            assert!(decoded.cname.is_some_and(|name| name.contains('@')));
        }
    }
    assert_eq!(count, 82);
}

/// What round-trip times are computed from: a receiver names the sender's report by the middle of its time.
#[test]
fn receivers_name_the_reports_that_senders_sent() {
    let mut named = 0;
    for call in calls() {
        let mut sent = Vec::new();
        for decoded in reports(&call) {
            for block in decoded.blocks.iter().filter(|block| block.lsr != 0) {
                let name = (block.about_ssrc, Some(block.lsr));
                assert!(sent.contains(&name), "{}: {block:?}", call.name);
                named += 1;
            }
            sent.push((decoded.ssrc, decoded.sender.and_then(|it| it.lsr())));
        }
    }
    assert!(named > 60, "{named}");
}
