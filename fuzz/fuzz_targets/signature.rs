//! Secret, URL, signature and form, a line each: what we sign we accept, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidetone_wire::form::Form;
use sidetone_wire::signature;

fuzz_target!(|input: &[u8]| {
    let mut lines = input.splitn(4, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (secret, url, given, body) = (line(), line(), line(), line());
    let (Ok(url), Ok(given)) = (std::str::from_utf8(url), std::str::from_utf8(given)) else {
        return;
    };
    let _ = signature::verify_body(secret, url, body, given);
    if let Ok(form) = Form::decode(body) {
        let _ = signature::verify_form(secret, url, &form, given);
        let signed = signature::sign_form(secret, url, form.pairs());
        assert!(signature::verify_form(secret, url, &form, &signed));
    }
});
