//! Any body gives a report within its ranges, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_wire::vq_report;

fuzz_target!(|body: &[u8]| {
    let Ok(report) = vq_report::decode(body) else {
        return;
    };
    for metrics in std::iter::once(&report.local_metrics).chain(&report.remote_metrics) {
        for mos in [metrics.mos_lq, metrics.mos_cq].iter().flatten() {
            assert!((0.0..=5.0).contains(mos));
        }
        for percent in [metrics.loss_percent, metrics.discard_percent].iter().flatten() {
            assert!((0.0..=100.0).contains(percent));
        }
    }
});
