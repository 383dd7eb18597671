//! What is wrong with the JSON object that sets up a sink or a receiver.

use crate::api::error::ApiError;
use crate::streams::configuration::WrongMember;
use crate::web::form::{Invalid, quoted};

/// What is wrong with a member of the object in a parameter.
pub(super) fn wrong(parameter: &'static str, wrong: &WrongMember) -> Invalid {
    let WrongMember {
        member, expected, ..
    } = wrong;
    match &wrong.given {
        None => of_member(
            parameter,
            format_args!("{member} is missing. Expected {expected}."),
        ),
        Some(given) if member.is_empty() => Invalid::new(parameter, given, expected),
        Some(given) => of_member(
            parameter,
            format_args!("{member} is '{}'. Expected {expected}.", quoted(given)),
        ),
    }
}

/// A sentence about a member of the object in a parameter.
pub(super) fn of_member(parameter: &'static str, why: std::fmt::Arguments<'_>) -> Invalid {
    Invalid {
        parameter: parameter.into(),
        message: format!("Invalid {parameter}: {why}"),
    }
}

/// The object could not be sealed.
pub(super) fn unsealed(error: &anyhow::Error) -> ApiError {
    tracing::error!(%error, "the configuration of a sink cannot be sealed");
    ApiError::internal()
}
