//! RTCP reports, as observations.

use sidetone_core::capture::Capture;
use sidetone_core::rtcp::{self as observed, RtcpReport};

use crate::rtcp::{Compound, ReportBlock, SenderInfo, VoipMetrics};

/// What is kept of a packet that was seen somewhere. Nothing is, where it says nothing of a stream:
/// a goodbye, a description.
#[must_use]
pub fn report(compound: &Compound, capture: Capture) -> Option<RtcpReport> {
    let says_something =
        compound.sender.is_some() || !compound.blocks.is_empty() || !compound.xr.is_empty();
    (says_something || compound.is_silent || compound.is_encrypted).then(|| RtcpReport {
        capture,
        ssrc: compound.ssrc,
        sender: compound.sender.map(sender),
        blocks: compound.blocks.iter().map(block).collect(),
        voip_metrics: compound.xr.iter().map(voip_metrics).collect(),
        is_silent: compound.is_silent,
        is_encrypted: compound.is_encrypted,
    })
}

fn sender(sender: SenderInfo) -> observed::SenderInfo {
    observed::SenderInfo {
        ntp: sender.ntp_64.unwrap_or(0),
        rtp: sender.rtp_timestamp,
        packets: sender.packets,
        octets: sender.octets,
    }
}

fn block(block: &ReportBlock) -> observed::ReportBlock {
    observed::ReportBlock {
        ssrc: block.about_ssrc,
        fraction_lost: block.fraction_lost,
        lost: block.cumulative_lost,
        highest_seq: block.highest_seq,
        jitter_rtp: block.jitter_rtp,
        lsr: block.lsr,
        dlsr: block.dlsr,
    }
}

fn voip_metrics(metrics: &VoipMetrics) -> observed::VoipMetrics {
    let percent = |share: u8| Some(f64::from(share) * 100.0 / 256.0);
    let mos = |tenths: Option<u8>| tenths.map(|tenths| f64::from(tenths) / 10.0);
    observed::VoipMetrics {
        ssrc: metrics.about_ssrc,
        loss_percent: percent(metrics.loss_rate_256),
        discard_percent: percent(metrics.discard_rate_256),
        round_trip_ms: metrics.rtt_ms,
        end_system_ms: metrics.end_system_delay_ms,
        r_factor: metrics.r_factor,
        mos_lq: mos(metrics.mos_lq_10),
        mos_cq: mos(metrics.mos_cq_10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture() -> Capture {
        Capture {
            agent: 2002,
            source: "192.0.2.20:20071".parse().unwrap(),
            destination: "192.0.2.1:30001".parse().unwrap(),
        }
    }

    #[test]
    fn shares_become_percent_and_tenths_a_score() {
        let compound = Compound {
            ssrc: 1,
            sender: Some(SenderInfo {
                ntp_64: None,
                rtp_timestamp: 2,
                packets: 3,
                octets: 4,
            }),
            xr: vec![VoipMetrics {
                about_ssrc: 5,
                loss_rate_256: 64,
                mos_lq_10: Some(42),
                ..VoipMetrics::default()
            }],
            ..Compound::default()
        };
        let report = report(&compound, capture()).unwrap();
        assert_eq!(report.sender.map(|sender| sender.ntp), Some(0));
        let metrics = report.voip_metrics[0];
        assert_eq!(metrics.loss_percent, Some(25.0));
        assert_eq!((metrics.mos_lq, metrics.mos_cq), (Some(4.2), None));
    }

    #[test]
    fn a_goodbye_alone_is_not_kept() {
        let compound = Compound {
            bye: true,
            ..Compound::default()
        };
        assert_eq!(report(&compound, capture()), None);
    }
}
