//! Which calls a request is about: whose, and those that its filters select.

use sidetone_core::time::TimeUs;

use super::account::addressed;
use super::filter::{self, Selection, alias};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::app::App;
use crate::web::form::Params;

/// Reads the filters, as they are at a time.
///
/// # Errors
/// When one is malformed, or the account addressed is not the caller's.
pub fn select(
    app: &App,
    caller: &Caller,
    params: &Params,
    now: TimeUs,
) -> Result<Selection, ApiError> {
    let params = alias::canonical(params).map_err(ApiError::invalid_query)?;
    let subaccount = params.filled("Subaccount");
    let account = addressed(app, caller, subaccount, ApiError::invalid_query)?;
    filter::read(&params, account, now).map_err(ApiError::invalid_query)
}
