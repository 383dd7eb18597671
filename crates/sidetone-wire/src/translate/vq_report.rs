//! Voice quality reports of telephones, as observations.

use std::net::IpAddr;

use sidetone_core::bounds::{Bounded, NAME_MAX_CHARS, TEXT_MAX_CHARS};
use sidetone_core::capture::Capture;
use sidetone_core::time::TimeUs;
use sidetone_core::vq::{self, VqMetrics};

use crate::vq_report::{Metrics, Occasion, VqReport};

/// What is kept of a report. It was seen somewhere, or it was sent to us.
#[must_use]
pub fn report(report: VqReport, capture: Option<Capture>) -> vq::VqReport {
    vq::VqReport {
        capture,
        is_final: report.occasion == Occasion::Session { call_term: true },
        is_session: matches!(report.occasion, Occasion::Session { .. }),
        local_id: cut(report.local_id, TEXT_MAX_CHARS),
        remote_id: cut(report.remote_id, TEXT_MAX_CHARS),
        local_ssrc: report.local.ssrc,
        remote_ssrc: report.remote.ssrc,
        local_ip: report.local.ip.and_then(|ip| address(&ip)),
        local: metrics(report.local_metrics),
        remote: report.remote_metrics.map(metrics),
    }
}

/// An address, an IPv4 one never in IPv6's clothes.
fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().map(|ip: IpAddr| ip.to_canonical())
}

fn metrics(metrics: Metrics) -> VqMetrics {
    VqMetrics {
        started_at: metrics.started_at.and_then(in_use),
        ended_at: metrics.ended_at.and_then(in_use),
        payload_type: metrics.payload_type,
        codec_name: cut(metrics.codec, NAME_MAX_CHARS).map(|name| name.to_ascii_lowercase()),
        loss_percent: metrics.loss_percent,
        discard_percent: metrics.discard_percent,
        round_trip_ms: metrics.rtt_ms,
        end_system_ms: metrics.end_system_delay_ms,
        jitter_ms: metrics.jitter_ms,
        mean_absolute_jitter_ms: metrics.mean_abs_jitter_ms,
        mos_lq: metrics.mos_lq,
        mos_cq: metrics.mos_cq,
        estimated_by: cut(metrics.method, NAME_MAX_CHARS),
    }
}

/// A time that calls happen at: clocks of telephones stand anywhere.
fn in_use(at: TimeUs) -> Option<TimeUs> {
    at.check().is_ok().then_some(at)
}

fn cut(text: Option<String>, max_chars: usize) -> Option<String> {
    text.map(|text| super::cut(text, max_chars))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vq_report::decode;

    #[test]
    fn reports_of_sessions_are_told_from_those_of_intervals() {
        for (line, expected) in [
            ("VQSessionReport: CallTerm", (true, true)),
            ("VQSessionReport", (false, true)),
            ("VQIntervalReport", (false, false)),
            (
                "VQAlertReport: Type=NLR Severity=Warning Dir=local",
                (false, false),
            ),
        ] {
            let report = report(decode(format!("{line}\n").as_bytes()).unwrap(), None);
            assert_eq!((report.is_final, report.is_session), expected, "{line}");
        }
    }

    #[test]
    fn texts_and_times_are_within_what_is_taken_elsewhere() {
        let long = "é".repeat(600);
        let body = format!(
            "VQSessionReport: CallTerm\nLocalID: {long}\nLocalAddr: IP=192.0.2.10 SSRC=0x1\nRemoteAddr: IP=phone\n\
             LocalMetrics:\nTimestamps: START=1900-01-01T00:00:00Z STOP=2026-06-01T00:00:00Z\nSessionDesc: PD=OPUS\n"
        );
        let report = report(decode(body.as_bytes()).unwrap(), None);
        assert!(report.is_final);
        assert_eq!(report.local_id, Some("é".repeat(512)));
        assert_eq!(report.local_ip, "192.0.2.10".parse().ok());
        assert_eq!(report.local.started_at, None);
        assert!(report.local.ended_at.is_some());
        assert_eq!(report.local.codec_name.as_deref(), Some("opus"));
        assert_eq!(report.remote, None);
    }
}
