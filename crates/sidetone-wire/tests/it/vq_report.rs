//! Voice quality reports that real telephones published.

use sidetone_wire::vq_report::{self, Occasion};

use crate::carried::calls;

#[test]
fn reads_what_linphone_publishes() {
    let (mut intervals, mut sessions) = (0, 0);
    for call in calls() {
        let call_id = call.truth["caller_leg"]["call_id"].as_str().unwrap();
        for (_, payload) in &call.payloads {
            let message = String::from_utf8_lossy(payload);
            let Some((head, body)) = message.split_once("\r\n\r\n") else {
                continue;
            };
            if !head.starts_with("PUBLISH") {
                continue;
            }
            let report = vq_report::decode(body.as_bytes()).unwrap();
            match report.occasion {
                Occasion::Interval => intervals += 1,
                Occasion::Session { call_term: true } => sessions += 1,
                other => panic!("{other:?}"),
            }
            assert_eq!(report.call_id.as_deref(), Some(call_id));
            assert!(report.local.ssrc.is_some() && report.remote.ssrc.is_some());
            let metrics = report.local_metrics;
            assert_eq!(metrics.codec.as_deref(), Some("opus"));
            // The path had 80 ms there and back.
            assert!(
                metrics
                    .rtt_ms
                    .is_none_or(|rtt| (75.0..100.0).contains(&rtt))
            );
            assert!(metrics.started_at < metrics.ended_at);
            assert!(metrics.mos_lq.is_none_or(|mos| mos > 3.0));
            // It lost 6 % and says nothing of it.
            assert_eq!(metrics.loss_percent, None);
        }
    }
    assert!(intervals > 0 && sessions > 0, "{intervals} {sessions}");
}
