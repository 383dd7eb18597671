//! Alerts: rules as they are set up, and what comes of them.

mod day;
mod evaluating;
mod of_file;
pub(crate) mod receivers;
mod rules;
mod watching;

use form_urlencoded::Serializer;

const RULES: &str = "/v1/Voice/Alerts/Rules";

/// A form of these parameters.
fn form(pairs: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(pairs).finish()
}
