//! Any body gives an event or an error; the same body gives the same ids whenever it comes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_core::time::TimeUs;
use sidetone_wire::translate::status_callback;

fuzz_target!(|body: &[u8]| {
    let now = status_callback::decode(body, TimeUs::EPOCH);
    let later = status_callback::decode(body, TimeUs::EPOCH.plus_us(1_000_000));
    match (now, later) {
        (Ok(now), Ok(later)) => {
            assert!(!now.is_empty());
            assert!(
                now.iter()
                    .map(|event| &event.id)
                    .eq(later.iter().map(|event| &event.id))
            );
        }
        (Err(now), Err(later)) => assert_eq!(now, later),
        _ => panic!("the time of receipt changed the outcome"),
    }
});
