//! Which calls a request is about: whose, and those that its filters select.

use sidetone_core::time::TimeUs;

use super::account::addressed;
use super::filter::{self, Selection, alias};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::app::App;
use crate::web::form::Params;

/// What numbers, and texts that may hold some, could be guessed by, piece by piece.
const TELLING: [&str; 8] = [
    "From",
    "To",
    "Number",
    "Agent",
    "Q",
    "Comment",
    "Incident",
    "SipCallId",
];

/// Reads the filters, as they are at a time.
///
/// # Errors
/// When one is malformed, the account addressed is not the caller's, or somebody filters by numbers who
/// may not see them.
pub fn select(
    app: &App,
    caller: &Caller,
    params: &Params,
    now: TimeUs,
) -> Result<Selection, ApiError> {
    let params = alias::canonical(params).map_err(ApiError::invalid_query)?;
    if !caller.sees_numbers()
        && let Some(name) = TELLING
            .iter()
            .find(|name| params.all(name).any(|value| !value.text.is_empty()))
    {
        return Err(ApiError::not_allowed(format!(
            "Whose telephone numbers are masked may not filter by {name}."
        )));
    }
    let subaccount = params.filled("Subaccount");
    let account = addressed(app, caller, subaccount, ApiError::invalid_query)?;
    filter::read(&params, account, now).map_err(ApiError::invalid_query)
}
