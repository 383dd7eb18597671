//! Tells the program which commit it is built from, and builds the web interface into it.

use std::path::Path;
use std::process::Command;

#[cfg(feature = "ui")]
#[path = "build/interface.rs"]
mod interface;

/// Says it where there is no repository, such as in a container: whoever builds there knows it.
const GIVEN: &str = "SIDETONE_BUILD_COMMIT";

#[allow(clippy::print_stdout, reason = "this is how cargo is spoken to")]
#[allow(clippy::disallowed_methods, reason = "what cargo gives to a build")]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={GIVEN}");
    // Written with every commit, so that nothing is built again for it in between.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"])
        && Path::new(&log).exists()
    {
        println!("cargo::rerun-if-changed={log}");
    }
    println!("cargo::rustc-env=SIDETONE_COMMIT={}", commit());
    let out = std::env::var_os("OUT_DIR").unwrap_or_default();
    if let Err(error) = write_interface(Path::new(&out)) {
        println!("cargo::error={error}");
    }
}

/// Writes what `src/ui.rs` includes: the files of the interface as an array, empty without the
/// feature.
fn write_interface(out: &Path) -> Result<(), String> {
    #[cfg(feature = "ui")]
    let files = interface::files(out)?;
    #[cfg(not(feature = "ui"))]
    let files = "[]";
    std::fs::write(out.join("ui.rs"), files).map_err(|error| error.to_string())
}

#[allow(clippy::disallowed_methods, reason = "what cargo gives to a build")]
fn commit() -> String {
    let given = std::env::var(GIVEN).ok();
    given
        .filter(|given| !given.is_empty() && given.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .or_else(|| {
            // An archive unpacked within somebody else's repository is not of its commits.
            git(&["ls-files", "--error-unmatch", "build.rs"])?;
            git(&["rev-parse", "--short=12", "HEAD"])
        })
        .unwrap_or_else(|| "unknown".to_owned())
}

/// What git says here; `None` when there is no git, or no repository.
fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
