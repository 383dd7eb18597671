//! What the server is set up with, and how that goes: for whoever runs it. Ours.

pub mod accounts;
pub mod deliveries;
pub mod keys;
pub mod server;
pub mod sources;

use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::app::App;

/// Whether the credentials are of an account that is nobody's subaccount: what is of the whole
/// server is no subaccount's business.
///
/// # Errors
/// When they are not.
pub fn of_whole_server(app: &App, caller: &Caller) -> Result<(), ApiError> {
    match app.directory.parent(caller.account) {
        None => Ok(()),
        Some(_) => Err(ApiError::subaccount()),
    }
}
