//! What the server is set up with, and how that goes: for whoever runs it. Ours.

pub mod accounts;
pub mod deliveries;
pub mod keys;
pub mod server;
pub mod sources;

use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::app::App;

/// Whether the credentials are of the first account, which is whoever runs the server: what is of all
/// accounts, such as what was refused and why, is no other's business.
///
/// # Errors
/// When they are not.
pub fn of_whole_server(app: &App, caller: &Caller) -> Result<(), ApiError> {
    if app.directory.first_account() == Some(caller.account) {
        Ok(())
    } else {
        Err(ApiError::not_of_first_account())
    }
}
