//! Which calls a request is about: whose, and those that its filters select; filters that are kept.

use sidetone_core::time::TimeUs;
use sidetone_wire::spelling::nearest;

use super::account::addressed;
use super::filter::alias::{self, OLDER_NAMES};
use super::filter::{self, Selection};
use crate::api::auth::Caller;
use crate::api::error::ApiError;
use crate::app::App;
use crate::web::form::{Invalid, Params, Value, quoted};

/// What filters may be kept as.
pub const KEPT_EXPECTED: &str =
    "the filters of GET /v1/Voice/Summaries as its URL has them, up to 2000 bytes";
const KEPT_MAX_BYTES: usize = 2_000;

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
    invalid: impl Fn(Invalid) -> ApiError,
) -> Result<Selection, ApiError> {
    let params = alias::canonical(params).map_err(&invalid)?;
    if !caller.sees_numbers()
        && let Some(name) = telling(&params)
    {
        return Err(ApiError::not_allowed(format!(
            "Whose telephone numbers are masked may not filter by {name}."
        )));
    }
    let subaccount = params.filled("Subaccount");
    let account = addressed(app, caller, subaccount, &invalid)?;
    filter::read(&params, account, now).map_err(invalid)
}

/// Filters that are to be kept: what stands behind the `?` of a list's URL, read as the list reads
/// it and written by the names of today. `is_more`: what may stand there beside filters.
///
/// # Errors
/// When one is unknown or malformed, which is what is wrong with the value; as [`select`]'s; when
/// they are too long.
pub fn kept(
    app: &App,
    caller: &Caller,
    value: Value<'_>,
    is_more: impl Fn(&str, &str) -> bool,
) -> Result<Params, ApiError> {
    let text = value.text.strip_prefix('?').unwrap_or(value.text);
    let wrong = |invalid: Invalid| within(value.name, &invalid.message);
    let params = Params::decode(text.as_bytes()).map_err(wrong)?;
    let is_filter = |name: &str| filter::NAMES.contains(&name) || OLDER_NAMES.contains(&name);
    let is_unknown = |&(name, text): &(&str, &str)| !is_filter(name) && !is_more(name, text);
    if let Some((name, _)) = params.iter().find(is_unknown) {
        let near = nearest(name, filter::NAMES.iter().copied());
        let near = near.map_or_else(|| ".".to_owned(), |near| format!("; did you mean {near}?"));
        let message = format!("A list has no filter {}{near}", quoted(name));
        return Err(within(value.name, &message));
    }
    select_by(app, caller, &params, app.clock.now(), wrong)?;
    // By the names of today: who may not see numbers is kept from what is kept by these.
    let params = alias::canonical(&params).map_err(wrong)?;
    match encoded(params.iter()).len() <= KEPT_MAX_BYTES {
        true => Ok(params),
        false => Err(ApiError::invalid_parameter(value.invalid(KEPT_EXPECTED))),
    }
}

/// What is wrong with a filter is wrong with the parameter that it stands in.
pub fn within(parameter: &str, message: &str) -> ApiError {
    ApiError::invalid_parameter(Invalid {
        parameter: parameter.to_owned().into(),
        message: format!("Invalid {parameter}. {message}"),
    })
}

/// Parameters as a URL has them.
pub fn encoded<'a>(params: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(params);
    query.finish()
}
