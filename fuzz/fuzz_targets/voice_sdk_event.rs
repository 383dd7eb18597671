//! An event of an SDK gives events and refusals, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_core::event::CallEvent;
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_wire::translate::voice_sdk::{self, Speaker};

fuzz_target!(|body: &[u8]| {
    let Ok(told) = voice_sdk::decode_event(body, Speaker { address: Some("client:a") }, TimeUs::EPOCH) else {
        return;
    };
    for observed in told.observed {
        let event = observed.place(AccountSid::from_bytes([1; 16]));
        let again = CallEvent::from_stored_json(event.call, &event.to_stored_json());
        assert_eq!(again.expect("what is stored can be read"), event);
    }
});
