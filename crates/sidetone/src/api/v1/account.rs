//! The account that a parameter names.

use sidetone_core::id::AccountSid;

use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::app::App;
use crate::web::form::{Invalid, Value};

/// The caller's own account, or the subaccount that a parameter names.
///
/// # Errors
/// When it is malformed (made an error by `invalid`), or neither the caller's own nor one of its
/// subaccounts.
pub fn addressed(
    app: &App,
    caller: &Caller,
    named: Option<Value<'_>>,
    invalid: impl Fn(Invalid) -> ApiError,
) -> Result<AccountSid, ApiError> {
    let Some(named) = named else {
        return Ok(caller.account);
    };
    let account = named
        .text
        .parse()
        .map_err(|_| invalid(named.invalid("AC followed by 32 hexadecimal digits")))?;
    if account == caller.account || app.directory.is_subaccount(account, caller.account) {
        Ok(account)
    } else {
        Err(ApiError::foreign_account(account))
    }
}
