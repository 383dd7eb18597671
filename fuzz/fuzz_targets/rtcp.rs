//! Any payload gives a report within its ranges, or an error that points into the payload.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_wire::rtcp;

fuzz_target!(|payload: &[u8]| match rtcp::decode(payload) {
    Ok(compound) => {
        assert!(compound.blocks.len() <= rtcp::BLOCKS_MAX);
        assert!(compound.xr.len() <= rtcp::BLOCKS_MAX);
        for block in compound.blocks {
            assert!((-(1 << 23)..1 << 23).contains(&block.cumulative_lost));
        }
        for metrics in compound.xr {
            let scores = [metrics.mos_lq_10, metrics.mos_cq_10];
            assert!(scores.iter().flatten().all(|score| (10..=50).contains(score)));
        }
    }
    Err(error) => assert!(error.at <= payload.len()),
});
