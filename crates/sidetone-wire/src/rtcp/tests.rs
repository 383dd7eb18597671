mod damaged;

use super::*;
use crate::repairs::{Repair, Repairs};

/// A packet of words, its length put in.
fn packet(count: u8, kind: u8, words: &[u32]) -> Vec<u8> {
    let length = u16::try_from(words.len()).unwrap();
    let mut bytes = vec![0x80 | count, kind];
    bytes.extend(length.to_be_bytes());
    bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    bytes
}

const BLOCK: [u32; 6] = [0xB, 0x14FF_FFFF, 0x0001_4404, 9, 0x83BD_BD2C, 720];

fn block() -> ReportBlock {
    ReportBlock {
        about_ssrc: 0xB,
        fraction_lost: 20,
        cumulative_lost: -1,
        highest_seq: 0x1_4404,
        jitter_rtp: 9,
        lsr: 0x83BD_BD2C,
        dlsr: 720,
    }
}

fn sender() -> SenderInfo {
    SenderInfo {
        ntp_64: Some(0xEEAA_83BD_BD2C_0000),
        rtp_timestamp: 86055,
        packets: 250,
        octets: 40_000,
    }
}

/// APP, SR, SDES, XR, BYE: as baresip and an XR-capable telephone would send together.
fn compound() -> Vec<u8> {
    let app = packet(0, 204, &[0xA, 0x4241_5245]);
    let mut words = vec![0xA, 0xEEAA_83BD, 0xBD2C_0000, 86055, 250, 40_000];
    words.extend(BLOCK);
    let sr = packet(1, 200, &words);
    let sdes = packet(1, 202, &[0xA, 0x0103_6140, 0x6200_0000]);
    let xr = packet(
        0,
        207,
        &[
            0xA,
            0x0400_0002, // receiver reference time: passed over
            1,
            2,
            0x0700_0008,
            0xB,
            0x0D01_4002,
            0x0078_1388,
            0x0051_0028,
            0xEC7F_7F10, // −20 dBm0, the others unavailable
            0x557F_2A7F,
            0x0000_003C,
            0x0078_00F0,
        ],
    );
    let bye = packet(1, 203, &[0xA]);
    [app, sr, sdes, xr, bye].concat()
}

fn metrics() -> VoipMetrics {
    VoipMetrics {
        about_ssrc: 0xB,
        loss_rate_256: 13,
        discard_rate_256: 1,
        burst_density_256: 64,
        gap_density_256: 2,
        burst_ms: 120,
        gap_ms: 5000,
        rtt_ms: Some(81),
        end_system_delay_ms: Some(40),
        signal_dbm: Some(-20),
        noise_dbm: None,
        rerl_db: None,
        gmin: Some(16),
        r_factor: Some(85),
        ext_r: None,
        mos_lq_10: Some(42),
        mos_cq_10: None,
        jb_nominal_ms: Some(60),
        jb_max_ms: Some(120),
        jb_abs_max_ms: Some(240),
    }
}

#[test]
fn reads_a_compound_as_on_the_wire() {
    let expected = Compound {
        ssrc: 0xA,
        sender: Some(sender()),
        blocks: vec![block()],
        xr: vec![metrics()],
        bye: true,
        is_silent: false,
        is_encrypted: false,
        cname: Some("a@b".into()),
        repairs: Repairs::default(),
    };
    assert_eq!(decode(&compound()), Ok(expected));
    assert_eq!(sender().lsr(), Some(0x83BD_BD2C));
}

#[test]
fn the_same_report_in_json_is_the_same() {
    let json = br#"{"sender_information":{"ntp_timestamp_sec":4004152253,"ntp_timestamp_usec":3173777408,
        "octets":40000,"rtp_timestamp":86055, "packets":250},"ssrc":10,"type":200,"report_count":1,
        "report_blocks":[{"source_ssrc":11,"highest_seq_no":82948,"fraction_lost":20,"ia_jitter":9,
        "packets_lost":16777215,"lsr":2210250028,"dlsr":720}],"sdes_report_count":1,
        "sdes_information": [ {"sdes_chunk_ssrc":10,"type":6,"text":"tool"},{"sdes_chunk_ssrc":10,"type":1,"text":"a@b"}] }"#;
    let expected = Compound {
        xr: Vec::new(),
        bye: false,
        ..decode(&compound()).unwrap()
    };
    assert_eq!(decode(json), Ok(expected));
}

#[test]
fn a_receiver_has_no_sender_information() {
    let mut words = vec![0xA];
    words.extend(BLOCK);
    let decoded = decode(&packet(1, 201, &words)).unwrap();
    assert_eq!((decoded.ssrc, decoded.sender), (0xA, None));
    assert_eq!(decoded.blocks, [block()]);
    for sender in [
        "",
        r#""sender_information":null,"#,
        r#""sender_information":{"ntp_timestamp_sec":0,"ntp_timestamp_usec":0,"rtp_timestamp":0,"packets":0,"octets":0},"#,
    ] {
        let json =
            format!(r#"{{{sender}"ssrc":10,"type":201,"report_count":0,"report_blocks":[]}}"#);
        let decoded = decode(json.as_bytes()).unwrap();
        assert_eq!((decoded.sender, decoded.blocks.len()), (None, 0), "{json}");
    }
}

#[track_caller]
fn check_lost(told: &str, expected: Option<i32>) {
    let json = format!(
        r#"{{"ssrc":1,"report_blocks":[{{"source_ssrc":2,"highest_seq_no":3,"fraction_lost":0,"ia_jitter":0,"packets_lost":{told}}}]}}"#
    );
    let lost = decode(json.as_bytes()).map(|decoded| decoded.blocks[0].cumulative_lost);
    assert_eq!(lost.ok(), expected, "{told}");
}

#[test]
fn cumulative_loss_has_a_sign_however_it_is_told() {
    check_lost("0", Some(0));
    check_lost("158", Some(158));
    check_lost("\"158\"", Some(158));
    check_lost("8388607", Some(8_388_607));
    check_lost("8388608", Some(-8_388_608));
    check_lost("16777215", Some(-1));
    check_lost("-1", Some(-1));
    check_lost("\"-1\"", Some(-1));
    check_lost("4294967295", Some(-1));
    for told in [
        "16777216",
        "-8388609",
        "null",
        "\"\"",
        "\"x\"",
        "1e300",
        "18446744073709551615",
    ] {
        check_lost(told, None);
    }
}

#[track_caller]
fn check_ntp(seconds: &str, part: &str, expected: Option<u64>) {
    let json = format!(
        r#"{{"ssrc":1,"sender_information":{{"ntp_timestamp_sec":{seconds},"ntp_timestamp_usec":{part},"rtp_timestamp":5,"packets":1,"octets":2}}}}"#
    );
    let sender = decode(json.as_bytes()).unwrap().sender.unwrap();
    assert_eq!(sender.ntp_64, expected, "{seconds} {part}");
}

#[test]
fn the_time_of_a_sender_is_given_as_it_stood_in_the_packet() {
    // rtpengine: NTP seconds and their fraction.
    check_ntp("4004152253", "1475149467", Some(0xEEAA_83BD_57EC_FE9B));
    // Asterisk: 2026-11-20T15:30:53.5Z as texts.
    check_ntp("\"1795163453\"", "\"500000\"", Some(0xEEAA_83BD_8000_0000));
    check_ntp("\"1795163453\"", "\"999999\"", Some(0xEEAA_83BD_FFFF_EF39));
    // A clock that counts from its own start.
    check_ntp("86400", "500000", Some(0x0001_5180_0007_A120));
    check_ntp("0", "0", None);
    check_ntp("null", "null", None);
}

#[test]
fn asterisk_tells_numbers_as_texts() {
    let json = br#"{"ssrc": 10, "type": 201, "report_count": 1, "sender_information": null,
        "report_blocks": [{"source_ssrc": 11, "fraction_lost": 20, "packets_lost": -1, "highest_seq_no": 82948,
        "ia_jitter": 9, "lsr": "2210250028", "dlsr": 720}]}"#;
    assert_eq!(decode(json).unwrap().blocks, [block()]);
}

#[test]
fn heplify_fills_in_blocks_that_were_not_there() {
    let json = br#"{"sender_information":{"ntp_timestamp_sec":3953771345,"ntp_timestamp_usec":0,"rtp_timestamp":29,"packets":2,"octets":320},
        "ssrc":3571175962,"type":200,"report_count":1,
        "report_blocks":[{"source_ssrc":0,"fraction_lost":0,"packets_lost":0,"highest_seq_no":0,"ia_jitter":0,"lsr":0,"dlsr":0}],
        "report_blocks_xr":{"type":0,"id":0,"fraction_lost":0,"fraction_discard":0,"burst_density":0,"gap_density":0,
        "burst_duration":0,"gap_duration":0,"round_trip_delay":0,"end_system_delay":0},"sdes_ssrc":0}"#;
    let decoded = decode(json).unwrap();
    assert!(decoded.sender.is_some());
    assert_eq!((decoded.blocks.len(), decoded.xr.len()), (0, 0));
}

#[test]
fn extended_reports_in_json_are_the_same_as_on_the_wire() {
    let heplify = br#"{"ssrc":10,"type":207,"report_blocks":null,
        "report_blocks_xr":{"type":7,"id":11,"fraction_lost":13,"fraction_discard":1,"burst_density":64,"gap_density":2,
        "burst_duration":120,"gap_duration":5000,"round_trip_delay":81,"end_system_delay":40},
        "voip_metrics":{"ssrc":11,"loss_rate":13,"discard_rate":1,"burst_density":64,"gap_density":2,"burst_duration":120,
        "gap_duration":5000,"round_trip_delay":81,"end_system_delay":40,"signal_level":-20,"noise_level":127,"rerl":127,
        "gmin":16,"r_factor":85,"ext_r_factor":127,"mos_cq":12.7,"mos_lq":4.2,"jb_nominal":60,"jb_maximum":120,"jb_abs_max":240}}"#;
    let captagent = br#"{"ssrc":10,"type":207,"Extended_report_information":{"identifier":11, "loss_rate":13, "discard_rate":1,
        "burst_rate":64, "gap_rate":2, "burst_duration":120, "gap_duration":5000, "round_trip_delay":81, "end_sys_delay":40,
        "signal_lev":236, "noise_lev":127, "RERL":127, "Gmin":16, "R_fact":85, "ext_R_fact":127, "MOS_LQ":42, "MOS_CQ":127,
        "RX_conf":[{"PLC":0, "JB_adapt":0, "JB_rate":0}], "JB_nom":60, "JB_max":120, "JB_abs_max":240}}"#;
    for json in [&heplify[..], captagent] {
        assert_eq!(decode(json).unwrap().xr, [metrics()]);
    }
    let legacy = br#"{"ssrc":10,"report_blocks_xr":{"type":7,"id":11,"fraction_lost":13,"fraction_discard":1,"burst_density":64,
        "gap_density":2,"burst_duration":120,"gap_duration":5000,"round_trip_delay":81,"end_system_delay":40}}"#;
    let decoded = decode(legacy).unwrap().xr[0];
    assert_eq!((decoded.loss_rate_256, decoded.rtt_ms), (13, Some(81)));
    assert_eq!((decoded.mos_lq_10, decoded.jb_nominal_ms), (None, None));
}

/// RFC 3611 §4.7.3 to §4.7.5: which values stand for "unavailable", and which must be ignored.
#[test]
fn what_is_unavailable_on_the_wire_is_absent() {
    let read = |delays: u32, scores: u32| {
        let levels = u32::MAX;
        let block = [0x0700_0008, 0xB, 0, 0, delays, levels, scores, 0, 0];
        let xr = packet(0, 207, &[&[0xA], &block[..]].concat());
        decode(&xr).unwrap().xr[0]
    };
    for octet in 0..=u8::MAX {
        let metrics = read(0, u32::from_be_bytes([octet; 4]));
        let r_factor = (octet <= 100).then_some(octet);
        let mos = (10..=50).contains(&octet).then_some(octet);
        assert_eq!((metrics.r_factor, metrics.ext_r), (r_factor, r_factor));
        assert_eq!((metrics.mos_lq_10, metrics.mos_cq_10), (mos, mos));
    }
    for (delays, expected) in [
        (0, (None, None)),
        (1, (None, Some(1))),
        (0x0001_0000, (Some(1), None)),
        (u32::MAX, (Some(u16::MAX), Some(u16::MAX))),
    ] {
        let metrics = read(delays, 0);
        assert_eq!((metrics.rtt_ms, metrics.end_system_delay_ms), expected);
    }
    let nothing = br#"{"ssrc":10,"voip_metrics":{"ssrc":11,"loss_rate":0,"discard_rate":0,"burst_density":0,"gap_density":0,
        "burst_duration":0,"gap_duration":0,"round_trip_delay":0,"end_system_delay":0,"signal_level":127,"noise_level":127,
        "rerl":127,"r_factor":127,"ext_r_factor":127,"mos_lq":12.7,"mos_cq":12.7}}"#;
    let expected = VoipMetrics {
        about_ssrc: 11,
        ..VoipMetrics::default()
    };
    assert_eq!(decode(nothing).unwrap().xr, [expected]);
}

#[test]
fn a_description_without_a_report_says_nothing() {
    let json = br#"{ "sdes_report_count":1,"sdes_information": [ {"sdes_chunk_ssrc":7,"type":1,"text":"a"}] }"#;
    assert_eq!(decode(json), Ok(Compound::default()));
}

#[test]
fn a_report_about_nobody_says_that_nothing_came() {
    let sr = packet(0, 200, &[0xA, 0xEEAA_83BD, 0xBD2C_0000, 86055, 250, 40_000]);
    let rr = packet(0, 201, &[0xA]);
    let bye = packet(1, 203, &[0xA]);
    for (payload, expected) in [
        (sr.clone(), true),
        (rr.clone(), true),
        ([sr, bye.clone()].concat(), false),
        ([rr, bye.clone()].concat(), false),
        (bye, false),
        (packet(0, 204, &[0xA, 0x4241_5245]), false),
    ] {
        assert_eq!(
            decode(&payload).unwrap().is_silent,
            expected,
            "{payload:x?}"
        );
    }
    let filler = r#"{"source_ssrc":0,"fraction_lost":0,"packets_lost":0,"highest_seq_no":0,"ia_jitter":0,"lsr":0,"dlsr":0}"#;
    let block =
        r#"{"source_ssrc":2,"fraction_lost":0,"packets_lost":0,"highest_seq_no":3,"ia_jitter":0}"#;
    for (said, expected) in [
        (
            r#""type":200,"report_count":0,"report_blocks":[]"#.to_owned(),
            true,
        ),
        (r#""type":201,"report_count":"0""#.to_owned(), true),
        (r#""type":201,"report_blocks":[]"#.to_owned(), true),
        (
            format!(r#""type":200,"report_count":1,"report_blocks":[{filler}]"#),
            true,
        ),
        (
            format!(r#""type":200,"report_count":1,"report_blocks":[{block}]"#),
            false,
        ),
        // Blocks that the agent does not pass on, and types that are no reports.
        (
            r#""type":200,"report_count":1,"report_blocks":[]"#.to_owned(),
            false,
        ),
        (r#""type":200"#.to_owned(), false),
        (
            r#""type":202,"report_count":0,"report_blocks":[]"#.to_owned(),
            false,
        ),
        (r#""report_blocks":[]"#.to_owned(), false),
    ] {
        let json = format!(r#"{{"ssrc":1,{said}}}"#);
        assert_eq!(
            decode(json.as_bytes()).unwrap().is_silent,
            expected,
            "{json}"
        );
    }
}

/// RFC 3711 §3.4, Figure 2; RFC 7714 §9.
#[test]
fn an_encrypted_report_is_known_by_its_number() {
    let encrypted = |number: u32, tag: usize| {
        let mut bytes = packet(
            1,
            200,
            &[
                0xA,
                0x9f3a_11c7,
                0x2c55_e0b1,
                0x7d90_4b12,
                0x01f8_77aa,
                0xc0de_5517,
            ],
        );
        bytes.extend([0x5e; 24]);
        bytes.extend(number.to_be_bytes());
        bytes.extend(vec![0xb7; tag]);
        bytes
    };
    for (payload, expected) in [
        (encrypted(1 << 31 | 1, 10), true),
        (encrypted(1 << 31 | 70_000, 0), true),
        // Not encrypted, by its flag; longer than any call; another tag.
        (encrypted(1, 10), false),
        (encrypted(u32::MAX, 10), false),
        (encrypted(1 << 31 | 1, 7), false),
        (packet(0, 204, &[0xA, 1 << 31 | 1])[..7].to_vec(), false),
    ] {
        let decoded = decode(&payload).ok();
        let told = decoded.map(|it| (it.ssrc, it.is_encrypted));
        assert_eq!(told, expected.then_some((0xA, true)), "{payload:x?}");
    }
    // What can be read as it is, is read.
    assert!(!decode(&compound()).unwrap().is_encrypted);
}
