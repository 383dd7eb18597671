//! Any body gives events that can be kept and read back, the same ones each time, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_core::event::CallEvent;
use sidetone_core::id::AccountSid;
use sidetone_core::time::TimeUs;
use sidetone_wire::translate::cdr::asterisk;

fuzz_target!(|body: &[u8]| {
    let Ok(decoded) = asterisk::decode(body, TimeUs::EPOCH) else {
        return;
    };
    assert!(!decoded.observed.is_empty());
    for observed in decoded.observed {
        let event = observed.place(AccountSid::from_bytes([1; 16]));
        let again = CallEvent::from_stored_json(event.call, &event.to_stored_json());
        assert_eq!(again.expect("what is stored can be read"), event);
    }
});
