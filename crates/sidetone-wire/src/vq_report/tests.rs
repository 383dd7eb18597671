use super::*;
use crate::time;

/// In the manner of RFC 6035 §4.6.1, with a telephone's own lines.
const FULL: &str = "VQSessionReport : CallTerm\r\n\
    CallID:12345678@pbx.example\r\n\
    LocalID:\"Ana\" <sip:ana@example.org>\r\n\
    RemoteID:<sip:bo@example.org>\r\n\
    OrigID:<sip:ana@example.org>\r\n\
    LocalGroup: x\r\n\
    LocalAddr:IP=192.0.2.1 PORT=5000 SSRC=0x2468ACE0\r\n\
    LocalMAC: 00:1f:5b:cc:21:0f\r\n\
    RemoteAddr:IP=2001:db8::2 PORT=5002 SSRC=1311768465\r\n\
    LocalMetrics:\r\n\
    Timestamps:START=2026-06-01T10:00:00Z STOP=2026-06-01T10:00:42.5Z\r\n\
    SessionDesc:PT=18 PD=G729 SR=8000 FD=20 FO=20 FPP=2 PPS=50 FMTP=\"annexb=no; a b\" PLC=3 SSUP=on\r\n\
    JitterBuffer:JBA=3 JBR=2 JBN=40 JBM=80 JBX=120\r\n\
    PacketLoss:NLR=5.0 JDR=2.0\r\n\
    BurstGapLoss:BLD=12.5 BD=500 GLD=2.0 GD=3500 GMIN=16\r\n\
    Delay:RTD=127 ESD=140 OWD=100 IAJ=2 MAJ=10\r\n\
    Signal:SL=-21 NL=-50 RERL=55\r\n\
    QualityEst:RLQ=90 RCQ=85 EXTRI=90 MOSLQ=4.2 MOSCQ=4.3 QoEEstAlg=P.564\r\n\
    x-Vendor:NLR=99\r\n\
    RemoteMetrics:\r\n\
    PacketLoss:NLR=0.1 JDR=\r\n\
    Signal:SL=127 NL=127 RERL=127\r\n\
    QualityEst:RLQ=127 MOSLQ=12.7 MOSCQ=-1\r\n\
    DialogID:38419823470834;to-tag=8472761;from-tag=9123dh311\r\n";

#[test]
fn reads_what_a_telephone_tells() {
    let report = decode(FULL.as_bytes()).unwrap();
    let expected = VqReport {
        occasion: Occasion::Session { call_term: true },
        call_id: Some("12345678@pbx.example".to_owned()),
        local_id: Some("\"Ana\" <sip:ana@example.org>".to_owned()),
        remote_id: Some("<sip:bo@example.org>".to_owned()),
        orig_id: Some("<sip:ana@example.org>".to_owned()),
        local: Address {
            ip: Some("192.0.2.1".to_owned()),
            port: Some(5000),
            ssrc: Some(0x2468_ACE0),
        },
        remote: Address {
            ip: Some("2001:db8::2".to_owned()),
            port: Some(5002),
            ssrc: Some(1_311_768_465),
        },
        local_metrics: Metrics {
            started_at: time::parse("2026-06-01T10:00:00Z"),
            ended_at: time::parse("2026-06-01T10:00:42.5Z"),
            payload_type: Some(18),
            codec: Some("G729".to_owned()),
            sample_rate_hz: Some(8000),
            frame_ms: Some(20),
            frames_per_packet: Some(2),
            packets_per_second: Some(50),
            jb_nominal_ms: Some(40),
            jb_max_ms: Some(80),
            jb_abs_max_ms: Some(120),
            loss_percent: Some(5.0),
            discard_percent: Some(2.0),
            burst_loss_percent: Some(12.5),
            burst_ms: Some(500.0),
            gap_loss_percent: Some(2.0),
            gap_ms: Some(3500.0),
            gmin: Some(16),
            rtt_ms: Some(127.0),
            end_system_delay_ms: Some(140.0),
            one_way_delay_ms: Some(100.0),
            jitter_ms: Some(2.0),
            mean_abs_jitter_ms: Some(10.0),
            signal_dbm: Some(-21.0),
            noise_dbm: Some(-50.0),
            rerl_db: Some(55.0),
            r_lq: Some(90.0),
            r_cq: Some(85.0),
            mos_lq: Some(4.2),
            mos_cq: Some(4.3),
            method: Some("P.564".to_owned()),
        },
        remote_metrics: Some(Metrics {
            loss_percent: Some(0.1),
            ..Metrics::default()
        }),
    };
    assert_eq!(report, expected);
}

#[test]
fn line_ends_spaces_and_case_do_not_matter() {
    let expected = decode(FULL.as_bytes());
    for text in [
        FULL.replace("\r\n", "\n"),
        FULL.replace("CallID:", "CallID : ")
            .replace("Delay:", "Delay: \t"),
        format!("\r\n\r\n{FULL}\r\n\r\n"),
        FULL.replace("LocalMetrics", "LOCALMETRICS")
            .replace("QualityEst", "qualityest"),
    ] {
        let report = decode(text.as_bytes()).unwrap();
        let expected = expected.clone().unwrap();
        assert_eq!(
            report.local_metrics.mos_lq, expected.local_metrics.mos_lq,
            "{text}"
        );
        assert_eq!(
            report.local_metrics.rtt_ms, expected.local_metrics.rtt_ms,
            "{text}"
        );
        assert_eq!(report.call_id, expected.call_id, "{text}");
        assert_eq!(report.remote_metrics, expected.remote_metrics, "{text}");
        assert_eq!(report.occasion, expected.occasion, "{text}");
    }
}

#[track_caller]
fn check_occasion(line: &str, expected: Option<Occasion>) {
    let report = decode(format!("{line}\r\nCallID: a\r\n").as_bytes());
    assert_eq!(
        report.ok().map(|report| report.occasion),
        expected,
        "{line}"
    );
}

#[test]
fn the_first_line_tells_the_occasion() {
    check_occasion(
        "VQSessionReport",
        Some(Occasion::Session { call_term: false }),
    );
    check_occasion(
        "VQSessionReport:CallTerm",
        Some(Occasion::Session { call_term: true }),
    );
    check_occasion("VQIntervalReport", Some(Occasion::Interval));
    check_occasion("vqintervalreport:", Some(Occasion::Interval));
    let alert = Occasion::Alert {
        kind: Some("RLQ".to_owned()),
        severity: Some("Critical".to_owned()),
    };
    check_occasion(
        "VQAlertReport: Type=RLQ Severity=Critical Dir=local",
        Some(alert),
    );
    for line in ["CallID: x", "{}", "VQ", "PUBLISH sip:a SIP/2.0"] {
        check_occasion(line, None);
    }
    assert_eq!(
        decode(b"").unwrap_err().to_string(),
        "not a voice quality report at byte 0"
    );
}

#[test]
fn what_says_nothing_is_nothing() {
    let report = decode(
        b"VQIntervalReport\nCallID:\nLocalAddr: IP= PORT=99999 SSRC=0xZZ\nLocalMetrics:\n\
        Timestamps: START=now STOP=\nSessionDesc: PT=300 PD= SR=x FPP\nPacketLoss: NLR=101 JDR=NaN\n\
        Delay: RTD=-1 IAJ=1e9\nQualityEst: MOSLQ=5.1 MOSCQ=127 RLQ=121 RCQ=\nno colon\n: x\n",
    )
    .unwrap();
    assert_eq!(report.call_id, None);
    assert_eq!(report.local, Address::default());
    assert_eq!(report.local_metrics, Metrics::default());
    assert_eq!(report.remote_metrics, None);
}

#[test]
fn any_length_and_any_byte_gives_a_result() {
    let whole = FULL.as_bytes();
    for length in 0..whole.len() {
        let _ = decode(&whole[..length]);
        for byte in [0x00, 0xFF, b'"', b'=', b':', b'\n'] {
            let mut changed = whole.to_vec();
            changed[length] = byte;
            let _ = decode(&changed);
        }
    }
}
