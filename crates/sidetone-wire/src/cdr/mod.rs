//! Call detail records, as software switches post them: the body, taken out of its wrappings.

pub mod asterisk;
pub mod freeswitch;

use crate::error::DecodeError;

/// The largest body, in bytes. A record of `FreeSWITCH` has some 20 to 100 KiB; encoding makes it
/// up to three times as large.
pub const BODY_MAX_BYTES: usize = 1024 * 1024;

/// Whether a body is not too large to be read.
fn within(body: &[u8]) -> Result<(), DecodeError> {
    if body.len() <= BODY_MAX_BYTES {
        return Ok(());
    }
    Err(DecodeError::too_large(
        "body",
        format!("at most {BODY_MAX_BYTES} bytes"),
    ))
}

fn no_object(error: &serde_json::Error) -> DecodeError {
    DecodeError::malformed("body", format!("a JSON object ({error})"))
}
