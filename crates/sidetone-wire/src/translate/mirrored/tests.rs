use super::*;
use crate::repairs::Repair;

const ACCOUNT: AccountSid = AccountSid::from_bytes([0x11; 16]);

fn message(first: &str, cseq: &str) -> String {
    format!("{first}\r\nCall-ID: merged@192.0.2.10\r\nCSeq: {cseq}\r\nContent-Length: 0\r\n\r\n")
}

/// What is read of a packet seen at the thousandth microsecond.
fn read(
    payload: &[u8],
    protocol: u8,
    payload_type: u8,
) -> (Vec<Result<Mirrored, Skipped>>, Vec<Repair>) {
    read_named(payload, protocol, payload_type, None)
}

/// The same, of a call that its agent gives a name.
fn read_named(
    payload: &[u8],
    protocol: u8,
    payload_type: u8,
    correlation_id: Option<&[u8]>,
) -> (Vec<Result<Mirrored, Skipped>>, Vec<Repair>) {
    let packet = Packet {
        protocol,
        src: SocketAddr::from(([192, 0, 2, 10], 5060)),
        dst: SocketAddr::from(([192, 0, 2, 1], 5060)),
        captured_us: 1_000,
        payload_type,
        agent: 101,
        auth_key: None,
        payload: Payload::Plain(payload),
        correlation_id,
        node_name: None,
        mos_100: None,
        r_factor: None,
        jitter: None,
    };
    let mut read = Vec::new();
    let repairs = hep(&packet, ACCOUNT, &TrustedHeaders::default(), |it| {
        read.push(it)
    });
    (read, repairs.iter().collect())
}

#[test]
fn each_message_of_a_payload_is_an_event_of_its_own() {
    let [ringing, answer, ack] = [
        message("SIP/2.0 180 Ringing", "1 INVITE"),
        message("SIP/2.0 200 OK", "1 INVITE"),
        message("ACK sip:b@b SIP/2.0", "1 ACK"),
    ];
    let merged = format!("{ringing}{answer}{answer}\r\n{ack}a=sendrecv\r\n");
    let (messages, repairs) = read(merged.as_bytes(), TCP, hep::SIP);
    assert_eq!(repairs, [Repair::PartOfMessage]);
    let messages: Vec<Mirrored> = messages.into_iter().map(Result::unwrap).collect();
    let texts: Vec<&str> = messages
        .iter()
        .map(|it| match &it.content {
            Content::Sip(sip) => sip.text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, [&ringing, &answer, &answer, &ack]);
    let times: Vec<i64> = messages.iter().map(|it| it.at.micros()).collect();
    assert_eq!(times, [1_000, 1_001, 1_002, 1_003]);
    let ids: std::collections::BTreeSet<&str> = messages.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids.len(), 4);
    // The same packet again is the same events.
    let (again, _) = read(merged.as_bytes(), TCP, hep::SIP);
    let again: Vec<Mirrored> = again.into_iter().map(Result::unwrap).collect();
    assert_eq!(again, messages);
}

#[test]
fn one_that_belongs_to_nothing_takes_no_other_along() {
    let good = message("ACK sip:b@b SIP/2.0", "1 ACK");
    let bad = "BYE sip:b@b SIP/2.0\r\nContent-Length: 0\r\n\r\n";
    let (messages, _) = read(format!("{good}{bad}{good}").as_bytes(), 17, hep::SIP);
    let refused: Vec<bool> = messages.iter().map(Result::is_err).collect();
    assert_eq!(refused, [false, true, false]);
}

#[test]
fn what_was_put_right_is_told_of_what_was_used_only() {
    let report = br#"{"ssrc":1,"sender_information":{"ntp_timestamp_sec":1,"ntp_timestamp_usec":0,"octets":3,"rtp_timestamp":1,"packets":2},}"#;
    let (reports, repairs) = read(report, 17, hep::RTCP);
    assert!(matches!(reports.as_slice(), [Ok(_)]));
    assert_eq!(repairs, [Repair::Comma]);
    for nothing in [&b"{,}"[..], b"{\"ssrc\":1,", b"hello"] {
        let (reports, repairs) = read(nothing, 17, hep::RTCP);
        assert!(matches!(reports.as_slice(), [Err(Skipped::Malformed(_))]));
        assert_eq!(repairs, []);
    }
}

#[test]
fn what_is_kept_of_a_packet_is_counted_and_bounded() {
    let report = |blocks: u8| {
        let block = [
            0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 50, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        let head = [0x80 | blocks, 201, 0, 1 + 6 * blocks, 0, 0, 0, 1];
        [head.to_vec(), block.repeat(usize::from(blocks))].concat()
    };
    let bytes = |blocks, name: Option<&[u8]>| {
        let (read, _) = read_named(&report(blocks), 17, hep::RTCP, name);
        let [Ok(mirrored)] = read.as_slice() else {
            panic!("{read:?}");
        };
        let name = mirrored.call_name().map(str::len);
        (mirrored.bytes(), name)
    };
    let (plain, _) = bytes(1, None);
    let block = size_of::<sidetone_core::rtcp::ReportBlock>();
    assert_eq!(bytes(31, None), (plain + 30 * block, None));
    assert_eq!(bytes(1, Some(&[b'a'; 512])), (plain + 512, Some(512)));
    assert_eq!(bytes(1, Some(&[b'a'; 513])), (plain, None));
    for (length, is_kept) in [(512, true), (513, false)] {
        let report = format!(
            "VQSessionReport: CallTerm\r\nCallID: {}\r\nLocalMetrics:\r\n",
            "a".repeat(length)
        );
        let (read, _) = read(report.as_bytes(), 17, hep::QUALITY_REPORT);
        assert_eq!(read.iter().all(Result::is_ok), is_kept, "{read:?}");
    }
}

/// What was kept is known again by it.
#[test]
fn the_identity_of_a_packet_stays_what_it_is() {
    let payload = b"BYE sip:b@b SIP/2.0\r\nCall-ID: x\r\nCSeq: 2 BYE\r\n\r\n";
    for (source, expected) in [
        ("192.0.2.10:5060", "hep:63a95886d503f116e31724c04e31f9ec"),
        (
            "[2001:db8:1111:2222:3333:4444:5555:6666]:65535",
            "hep:49e160708461f78925b3c02f9ed53092",
        ),
    ] {
        let source = source.parse().unwrap();
        let destination = SocketAddr::from(([192, 0, 2, 1], 5060));
        let hash = hash(101, 1_000, source, destination, payload);
        let id = EventId::of_digest("hep", &hash.finalize());
        assert_eq!(id.as_str(), expected);
    }
}
