//! Variables of the environment that look like settings and are none.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};

use clap::Command;

use crate::config::{CLIENT_SECRET_VARIABLE, Secret, Settings};

/// What all variables of Sidetone begin with.
const PREFIX: &str = "SIDETONE_";

/// Variables that no option has: secrets, which a command line would show to everybody, what a start tells itself, and what
/// tests of this project read.
const ELSEWHERE: [&str; 7] = [
    super::arenas::MARK,
    IMPORT_AUTH_TOKEN,
    CLIENT_SECRET_VARIABLE,
    "SIDETONE_BINARY",
    "SIDETONE_CLIENT",
    "SIDETONE_MANIFEST",
    "SIDETONE_MODEL_SEED",
];

/// Holds the auth token of the account that is imported from.
pub(super) const IMPORT_AUTH_TOKEN: &str = "SIDETONE_IMPORT_AUTH_TOKEN";

/// The auth token of the account that is imported from.
#[expect(
    clippy::disallowed_methods,
    reason = "an option of that name would put it on the command line"
)]
pub(super) fn import_auth_token() -> Option<String> {
    std::env::var(IMPORT_AUTH_TOKEN).ok()
}

/// Settings with the secrets that no option has, since it would put them on the command line.
#[expect(clippy::disallowed_methods, reason = "as above")]
pub(super) fn with_secrets(settings: Settings) -> Settings {
    Settings {
        oidc_client_secret: std::env::var(CLIENT_SECRET_VARIABLE).ok().map(Secret),
        ..settings
    }
}

/// Warns of every variable that would be ignored in silence, such as a misspelt setting. Its value
/// is not shown: it may be a secret. `program`: the whole command line.
pub(super) fn warn_of_unknown(program: &Command) {
    for variable in unknown(program, std::env::vars_os().map(|(name, _)| name)) {
        tracing::warn!(
            ?variable,
            "no setting has the name of this variable; it is ignored"
        );
    }
}

/// Those names that begin as ours do and are not known.
fn unknown(program: &Command, names: impl Iterator<Item = OsString>) -> BTreeSet<OsString> {
    let mut known: BTreeSet<&OsStr> = ELSEWHERE.map(OsStr::new).into();
    add_known(program, &mut known);
    names
        .filter(|name| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()))
        .filter(|name| !known.contains(name.as_os_str()))
        .collect()
}

/// Adds the variables of a command's options, and of those of the commands below it.
fn add_known<'a>(command: &'a Command, known: &mut BTreeSet<&'a OsStr>) {
    known.extend(command.get_arguments().filter_map(|arg| arg.get_env()));
    for below in command.get_subcommands() {
        add_known(below, known);
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cmd::Cli;

    #[test]
    fn only_names_like_ours_that_nobody_reads_are_unknown() {
        let names = [
            "HOME",
            "SIDETONE_AUTH_TOKEN",
            "SIDETONE_CONFIG",
            "SIDETONE_LOG",
            "SIDETONE_MANIFEST",
            "SIDETONE_SETLE",
            "SIDETONE_WEBHOOK_ALLOW_PRIVATE",
            "SIDETONE_",
            "XSIDETONE_LISTEN",
        ];
        let unknown: Vec<OsString> =
            unknown(&Cli::command(), names.map(OsString::from).into_iter())
                .into_iter()
                .collect();
        assert_eq!(unknown, ["SIDETONE_", "SIDETONE_SETLE"]);
    }
}
