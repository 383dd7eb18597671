//! `VoIP` metrics, under the names that capture agents have for them.

use super::figure::{Figure, Figures};
use crate::malformed::Malformed;
use crate::rtcp::voip_metrics::{VoipMetrics, available, level, measured, mos_10, r_factor};

/// What is told of one stream.
#[derive(Default)]
pub(super) struct Extended {
    pub(super) kind: Figure,
    ssrc: Figure,
    loss_rate: Figure,
    discard_rate: Figure,
    burst_density: Figure,
    gap_density: Figure,
    burst_duration: Figure,
    gap_duration: Figure,
    round_trip_delay: Figure,
    end_system_delay: Figure,
    signal_level: Figure,
    noise_level: Figure,
    rerl: Figure,
    gmin: Figure,
    r_factor: Figure,
    ext_r_factor: Figure,
    mos_lq: Figure,
    mos_cq: Figure,
    mos_lq_10: Figure,
    mos_cq_10: Figure,
    jb_nominal: Figure,
    jb_maximum: Figure,
    jb_abs_max: Figure,
}

impl Figures for Extended {
    fn figure(&mut self, name: &[u8]) -> Option<&mut Figure> {
        Some(match name {
            b"type" => &mut self.kind,
            b"ssrc" | b"id" | b"identifier" => &mut self.ssrc,
            b"loss_rate" | b"fraction_lost" => &mut self.loss_rate,
            b"discard_rate" | b"fraction_discard" => &mut self.discard_rate,
            b"burst_density" | b"burst_rate" => &mut self.burst_density,
            b"gap_density" | b"gap_rate" => &mut self.gap_density,
            b"burst_duration" => &mut self.burst_duration,
            b"gap_duration" | b"gap_Duration" => &mut self.gap_duration,
            b"round_trip_delay" => &mut self.round_trip_delay,
            b"end_system_delay" | b"end_sys_delay" => &mut self.end_system_delay,
            b"signal_level" | b"signal_lev" => &mut self.signal_level,
            b"noise_level" | b"noise_lev" => &mut self.noise_level,
            b"rerl" | b"RERL" => &mut self.rerl,
            b"gmin" | b"Gmin" => &mut self.gmin,
            b"r_factor" | b"R_fact" => &mut self.r_factor,
            b"ext_r_factor" | b"ext_R_fact" => &mut self.ext_r_factor,
            b"mos_lq" => &mut self.mos_lq,
            b"mos_cq" => &mut self.mos_cq,
            b"MOS_LQ" => &mut self.mos_lq_10,
            b"MOS_CQ" => &mut self.mos_cq_10,
            b"jb_nominal" | b"JB_nom" => &mut self.jb_nominal,
            b"jb_maximum" | b"JB_max" => &mut self.jb_maximum,
            b"jb_abs_max" | b"JB_abs_max" => &mut self.jb_abs_max,
            _ => return None,
        })
    }
}

impl Extended {
    pub(super) fn read(&self) -> Result<VoipMetrics, Malformed> {
        const WRONG: &str = "RTCP JSON extended report";
        Ok(VoipMetrics {
            about_ssrc: self.ssrc.narrow(WRONG)?,
            loss_rate_256: self.loss_rate.narrow(WRONG)?,
            discard_rate_256: self.discard_rate.narrow(WRONG)?,
            burst_density_256: self.burst_density.narrow(WRONG)?,
            gap_density_256: self.gap_density.narrow(WRONG)?,
            burst_ms: self.burst_duration.narrow(WRONG)?,
            gap_ms: self.gap_duration.narrow(WRONG)?,
            rtt_ms: self.round_trip_delay.if_fits().and_then(measured),
            end_system_delay_ms: self.end_system_delay.if_fits().and_then(measured),
            signal_dbm: self.signal_level.octet().and_then(level),
            noise_dbm: self.noise_level.octet().and_then(level),
            rerl_db: self.rerl.if_fits().and_then(available),
            gmin: self.gmin.if_fits().filter(|gmin| *gmin != 0),
            r_factor: self.r_factor.if_fits().and_then(r_factor),
            ext_r: self.ext_r_factor.if_fits().and_then(r_factor),
            mos_lq_10: mos(&self.mos_lq, &self.mos_lq_10),
            mos_cq_10: mos(&self.mos_cq, &self.mos_cq_10),
            jb_nominal_ms: self.jb_nominal.if_fits().and_then(measured),
            jb_max_ms: self.jb_maximum.if_fits().and_then(measured),
            jb_abs_max_ms: self.jb_abs_max.if_fits().and_then(measured),
        })
    }
}

/// A MOS told as such by heplify, times ten by captagent.
fn mos(told: &Figure, told_10: &Figure) -> Option<u8> {
    let tenths: Option<u8> = told.times(10).and_then(|tenths| tenths.try_into().ok());
    tenths.or_else(|| told_10.if_fits()).and_then(mos_10)
}
