//! What a new sink, receiver or subscription is called: by its owner, and by us.

use crate::api::error::ApiError;
use crate::secrets::random_id;
use crate::web::form::{Invalid, Params};

/// The most that a description may have.
const DESCRIPTION_MAX_CHARS: usize = 255;

/// A description that must be there.
pub(super) fn description(form: &Params) -> Result<String, Invalid> {
    let expected = format!("1 to {DESCRIPTION_MAX_CHARS} characters");
    match form.filled("Description") {
        Some(description) => description.text_up_to(DESCRIPTION_MAX_CHARS),
        None => Err(Invalid::missing("Description", expected)),
    }
}

/// 128 random bits.
pub(super) fn new_id() -> Result<[u8; 16], ApiError> {
    random_id().map_err(|error| {
        tracing::error!(%error, "no identifier can be made up");
        ApiError::internal()
    })
}

/// A random UUID (version 4, RFC 9562).
pub(super) fn new_uuid() -> Result<[u8; 16], ApiError> {
    let mut id = new_id()?;
    id[6] = id[6] & 0x0f | 0x40;
    id[8] = id[8] & 0x3f | 0x80;
    Ok(id)
}
