//! Which calls a request is about: whose, and those that its filters select.

use sidetone_core::time::TimeUs;

use super::account::addressed;
use super::filter::{self, Selection, alias};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::app::App;
use crate::web::form::{Invalid, Params};

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

/// A filter among them by which numbers could be guessed. Names are canonical already.
#[must_use]
pub fn telling(params: &Params) -> Option<&'static str> {
    let is_set = |name: &&str| params.all(name).any(|value| !value.text.is_empty());
    TELLING.into_iter().find(is_set)
}

/// Reads the filters of a request's query, as they are at a time.
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
    select_by(app, caller, params, now, ApiError::invalid_query)
}

/// The same of filters that come otherwise. `invalid` makes what is malformed an error.
///
/// # Errors
/// As [`select`]'s.
pub fn select_by(
    app: &App,
    caller: &Caller,
    params: &Params,
    now: TimeUs,
    invalid: fn(Invalid) -> ApiError,
) -> Result<Selection, ApiError> {
    let params = alias::canonical(params).map_err(invalid)?;
    if !caller.sees_numbers()
        && let Some(name) = telling(&params)
    {
        return Err(ApiError::not_allowed(format!(
            "Whose telephone numbers are masked may not filter by {name}."
        )));
    }
    let subaccount = params.filled("Subaccount");
    let account = addressed(app, caller, subaccount, invalid)?;
    filter::read(&params, account, now).map_err(invalid)
}
