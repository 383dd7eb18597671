//! Which program this is.

/// Its version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit it was built from; `unknown` where there was no repository.
pub const COMMIT: &str = env!("SIDETONE_COMMIT");

/// Both, for people.
pub const VERSION_AND_COMMIT: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("SIDETONE_COMMIT"),
    ")"
);
