//! Any text is an access token or none; one that was signed with another secret is not valid.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_core::time::TimeUs;
use sidetone_wire::access_token::Unverified;

fuzz_target!(|token: &str| {
    if let Ok(token) = Unverified::read(token) {
        assert_eq!(token.verify(["a secret that nobody guesses"], TimeUs::EPOCH), Ok(None));
    }
});
