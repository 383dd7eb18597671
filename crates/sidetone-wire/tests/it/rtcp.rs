//! RTCP that real telephones sent and rtpengine passed on, against what was seen on the wire beside
//! it.

use proptest::prelude::*;
use serde_json::{Value, json};
use sidetone_wire::rtcp::{self, Compound, ReportBlock, SenderInfo};

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
        // rtpengine tells of a goodbye, too, with nothing in it.
        let says_something = |decoded: &Compound| *decoded != Compound::default();
        for decoded in reports(&call).into_iter().filter(says_something) {
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
    assert_eq!(count, 98);
}

/// What round-trip times are computed from: a receiver names the sender's report by the middle of
/// its time.
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

fn any_block() -> impl Strategy<Value = ReportBlock> {
    let numbers = (1..=u32::MAX, any::<u32>(), any::<u32>(), any::<u32>());
    let losses = (any::<u8>(), -(1 << 23)..(1 << 23), any::<u32>());
    (numbers, losses).prop_map(
        |((ssrc, seq, jitter, lsr), (fraction, lost, dlsr))| ReportBlock {
            about_ssrc: ssrc,
            fraction_lost: fraction,
            cumulative_lost: lost,
            highest_seq: seq,
            jitter_rtp: jitter,
            lsr,
            dlsr,
        },
    )
}

fn any_sender() -> impl Strategy<Value = SenderInfo> {
    // Clocks that begin in 1900 stand beyond 1970.
    let ntp = 2_208_988_800 << 32..=u64::MAX;
    let rest = (any::<u32>(), 1..=u32::MAX, any::<u32>());
    (ntp, rest).prop_map(|(ntp, (rtp_timestamp, packets, octets))| SenderInfo {
        ntp_64: Some(ntp),
        rtp_timestamp,
        packets,
        octets,
    })
}

fn on_the_wire(report: &Compound) -> Vec<u8> {
    let mut words = vec![report.ssrc];
    if let Some(sender) = report.sender {
        let ntp = sender.ntp_64.unwrap();
        words.extend([(ntp >> 32) as u32, ntp as u32]);
        words.extend([sender.rtp_timestamp, sender.packets, sender.octets]);
    }
    for block in &report.blocks {
        let losses =
            u32::from(block.fraction_lost) << 24 | block.cumulative_lost as u32 & 0xFF_FFFF;
        words.extend([block.about_ssrc, losses, block.highest_seq]);
        words.extend([block.jitter_rtp, block.lsr, block.dlsr]);
    }
    let kind = if report.sender.is_some() { 200 } else { 201 };
    let mut bytes = vec![0x80 | report.blocks.len() as u8, kind];
    bytes.extend((words.len() as u16).to_be_bytes());
    bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    bytes
}

fn in_json(report: &Compound) -> String {
    let blocks = report.blocks.iter().map(|block| {
        json!({
            "source_ssrc": block.about_ssrc, "highest_seq_no": block.highest_seq, "fraction_lost": block.fraction_lost,
            "ia_jitter": block.jitter_rtp, "packets_lost": block.cumulative_lost as u32 & 0xFF_FFFF,
            "lsr": block.lsr, "dlsr": block.dlsr,
        })
    });
    let sender = report.sender.map(|sender| {
        let ntp = sender.ntp_64.unwrap();
        json!({
            "ntp_timestamp_sec": ntp >> 32, "ntp_timestamp_usec": ntp as u32, "octets": sender.octets,
            "rtp_timestamp": sender.rtp_timestamp, "packets": sender.packets,
        })
    });
    let blocks: Vec<Value> = blocks.collect();
    let kind = if sender.is_some() { 200 } else { 201 };
    json!({"ssrc": report.ssrc, "type": kind, "sender_information": sender, "report_blocks": blocks}).to_string()
}

proptest! {
    #[test]
    fn a_report_is_the_same_on_the_wire_and_in_json(
        ssrc in any::<u32>(),
        sender in prop::option::of(any_sender()),
        blocks in prop::collection::vec(any_block(), 0..=31),
    ) {
        let is_silent = blocks.is_empty();
        let report = Compound { ssrc, sender, blocks, is_silent, ..Compound::default() };
        prop_assert_eq!(rtcp::decode(&on_the_wire(&report)), Ok(report.clone()));
        prop_assert_eq!(rtcp::decode(in_json(&report).as_bytes()), Ok(report));
    }
}
