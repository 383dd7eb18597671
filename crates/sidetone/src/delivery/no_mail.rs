//! No mail: what stands for `mail` where the program is built without the feature `email`.

use std::time::Duration;

use sidetone_core::time::TimeUs;

use super::addressees::Posted;
use super::sending::Undelivered;
use crate::alerts::notice::mail::Mail;
use crate::config;

/// Sends nothing.
pub(super) async fn send(
    _: &config::Mail,
    _: &[String],
    _: &Mail,
    _: TimeUs,
    _: Duration,
) -> Result<Posted, Undelivered> {
    let why = "this program was built without it (feature email)";
    Err(Undelivered::NoMail(why.to_owned()))
}
