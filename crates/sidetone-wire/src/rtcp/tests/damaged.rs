//! Packets that are cut short, wrong in part, or nothing at all.

use super::*;

#[test]
fn text_of_a_telephone_need_not_be_utf_8() {
    let json = b"{\"ssrc\":1,\"sdes_information\":[{\"type\":1,\"text\":\"a\xff\\u00e9\"}],\"x\":\"\xff\"}";
    assert_eq!(decode(json).unwrap().cname.as_deref(), Some("a\u{fffd}é"));
}

/// A report of rtpengine, its descriptions last.
fn described(text: &[u8]) -> Vec<u8> {
    let report = br#"{"sender_information":{"ntp_timestamp_sec":4004152253,"ntp_timestamp_usec":3173777408,
        "octets":40000,"rtp_timestamp":86055, "packets":250},"ssrc":10,"type":200,"report_count":1,
        "report_blocks":[{"source_ssrc":11,"highest_seq_no":82948,"fraction_lost":20,"ia_jitter":9,
        "packets_lost":16777215,"lsr":2210250028,"dlsr":720}],"sdes_report_count":1,
        "sdes_information": [ {"sdes_chunk_ssrc":10,"type":1,"text":"a@b"},{"sdes_chunk_ssrc":10,"type":2,"text":""#;
    [report, text, b"\"}] }"].concat()
}

#[test]
fn whatever_a_telephone_is_called_its_figures_are_whole() {
    let expected = |repair| {
        let mut repairs = Repairs::default();
        repairs.note(repair);
        Compound {
            ssrc: 10,
            sender: Some(sender()),
            blocks: vec![block()],
            cname: Some("a@b".into()),
            repairs,
            ..Compound::default()
        }
    };
    for (text, repair) in [
        (&b"\x10x"[..], Repair::ControlCharacter),
        (b"a\nb", Repair::ControlCharacter),
        (b"J\xf6rg", Repair::NotUtf8),
        (b"CORP\\user", Repair::Escape),
        (b"CORP\\ursula", Repair::Escape),
        (b"C:\\", Repair::Escape),
        (b"the \"desk\"", Repair::Quote),
        (b"\"packets\":5", Repair::Quote),
    ] {
        let shown = String::from_utf8_lossy(text);
        assert_eq!(decode(&described(text)), Ok(expected(repair)), "{shown}");
    }
    // Of two of one name nobody can say which is the phone's.
    let two = described(br#"x"}],"sender_information":{"packets":5},"y":[{"z":""#);
    assert!(decode(&two).is_err());
    for (end, repair) in [
        (&b"\0"[..], Repair::NulAfterEnd),
        (b"\0\0\r\n", Repair::NulAfterEnd),
        (b"}] }", Repair::TextAfterEnd),
    ] {
        let read = decode(&[&described(b"x"), end].concat());
        assert_eq!(read, Ok(expected(repair)));
    }
    let marked = [b"\xEF\xBB\xBF", &described(b"x")[..]].concat();
    assert_eq!(decode(&marked), Ok(expected(Repair::ByteOrderMark)));
}

#[test]
fn of_a_report_that_is_cut_short_whole_blocks_are_left() {
    let whole = described(b"x");
    let text = String::from_utf8(whole.clone()).unwrap();
    let at = |mark: &str| text.find(mark).unwrap();
    let read = |length: usize| {
        let read = decode(&whole[..length]).ok()?;
        assert!(read.repairs.contains(Repair::CutShort));
        Some((read.sender.is_some(), read.blocks))
    };
    // Nothing without the name of who reports.
    assert_eq!(read(at(r#""ssrc":10"#)), None);
    assert_eq!(read(at(r#","type""#)), None);
    assert_eq!(read(at(r#""type""#)), Some((true, vec![])));
    // Of a block that is not whole nothing is taken, as little as of a number.
    assert_eq!(read(at("16777215")), Some((true, vec![])));
    assert_eq!(read(at("16777215") + 3), Some((true, vec![])));
    let untimed = ReportBlock {
        lsr: 0,
        dlsr: 0,
        ..block()
    };
    // When the last report came says nothing without how long ago that was.
    assert_eq!(read(at(r#""lsr""#)), Some((true, vec![untimed])));
    assert_eq!(read(at("720") + 2), Some((true, vec![untimed])));
    assert_eq!(read(at("720") + 4), Some((true, vec![block()])));
}

#[test]
fn a_figure_that_is_no_number_takes_its_block_along_and_no_other() {
    let json = br#"{"ssrc":10,"sender_information":{"ntp_timestamp_sec":1,"ntp_timestamp_usec":0,"octets":-nan,"rtp_timestamp":1,"packets":2},
        "report_blocks":[{"source_ssrc":11,"highest_seq_no":82948,"fraction_lost":20,"ia_jitter":9,"packets_lost":-1,"lsr":2210250028,"dlsr":720},
        {"source_ssrc":12,"highest_seq_no":1,"fraction_lost":0,"ia_jitter":nan,"packets_lost":0,"lsr":0,"dlsr":0}],
        "voip_metrics":{"ssrc":11,"loss_rate":0,"discard_rate":0,"burst_density":0,"gap_density":0,"burst_duration":0,"gap_duration":0,
        "round_trip_delay":81,"mos_lq":nan,"mos_cq":4.1},}"#;
    let read = decode(json).unwrap();
    assert_eq!((read.sender, &read.blocks[..]), (None, &[block()][..]));
    let scores = (read.xr[0].mos_lq_10, read.xr[0].mos_cq_10);
    assert_eq!(scores, (None, Some(41)));
    let noted: Vec<_> = read.repairs.iter().collect();
    assert_eq!(noted, [Repair::Comma, Repair::NotANumber]);
}

#[track_caller]
fn check_refused(bytes: &[u8], what: &str, at: usize) {
    assert_eq!(
        decode(bytes).unwrap_err().to_string(),
        format!("{what} at byte {at}")
    );
}

#[test]
fn says_what_is_wrong_and_where() {
    check_refused(b"", "empty RTCP", 0);
    check_refused(b"HEP3", "neither RTCP nor JSON", 0);
    check_refused(&[0x80], "short RTCP header", 0);
    check_refused(&[0x80, 201, 0, 1, 0, 0, 0], "short RTCP packet", 4);
    check_refused(
        &packet(1, 201, &[1, 2, 3]),
        "fewer RTCP report blocks than counted",
        16,
    );
    check_refused(
        &[packet(0, 201, &[1]), vec![0x40, 200, 0, 0]].concat(),
        "RTCP version is not 2",
        8,
    );
    check_refused(&[0xA0, 201, 0, 1, 0, 0, 0, 0], "RTCP padding", 4);
    check_refused(b"{\n\"ssrc\":1;}", "RTCP not JSON", 10);
    check_refused(b"{\"ssrc\":1", "RTCP JSON cut short", 8);
    check_refused(b"{ssrc:1}", "RTCP not JSON", 1);
    check_refused(
        b"{\"ssrc\":1,\"ssrc\":2,}",
        "RTCP JSON of another shape",
        15,
    );
    check_refused(
        b"{\"ssrc\":1,\"report_blocks\":[{\"source_ssrc\":2,",
        "RTCP JSON cut short",
        43,
    );
    check_refused(b"{}", "RTCP JSON without ssrc", 0);
    let blocks = [BLOCK; 31].concat();
    let report = packet(31, 201, &[&[1], &blocks[..]].concat());
    check_refused(
        &report.repeat(9),
        "too many RTCP report blocks",
        2 * 752 + 8 + 2 * 24,
    );
}

#[test]
fn padding_is_cut_off() {
    let mut padded = packet(0, 201, &[7, 4]);
    padded[0] |= 0x20;
    assert_eq!(decode(&padded).unwrap().ssrc, 7);
}

/// A leaf packet at a time: prefixes and single bytes changed give a result, never a panic.
#[test]
fn any_length_and_any_byte_gives_a_result() {
    let json = br#"{"sender_information":{"ntp_timestamp_sec":"1795163453","ntp_timestamp_usec":"1"},"ssrc":1,"type":200,
        "report_blocks":[{"source_ssrc":2,"packets_lost":-3}],"voip_metrics":{"mos_cq":4.1},"sdes_information":[{"type":1,"text":"x"}]}"#;
    for whole in [compound(), json.to_vec()] {
        for length in 0..whole.len() {
            let _ = decode(&whole[..length]);
            for byte in [0x00, 0xFF, b'"', b'9', b'-'] {
                let mut changed = whole.clone();
                changed[length] = byte;
                let _ = decode(&changed);
            }
        }
    }
}
