//! What a new sink or subscription is called: by its owner, and by us.

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
