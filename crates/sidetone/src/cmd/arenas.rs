//! How many arenas `malloc` may have: as many as there are cores, and two at least.
//!
//! glibc gives almost every thread one of its own, eight a core at most, and what a thread has freed
//! stays in its arena: a third more memory where many packets come. How many they may be is read from
//! the environment when a program starts, and nowhere else without `unsafe` code. So the program
//! starts itself again, as the same process. Where that cannot be done it goes on as it is: it is only
//! memory.

use std::ffi::{CString, OsStr, OsString};
use std::num::NonZero;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::thread::available_parallelism;

use nix::unistd::execve;

/// glibc's setting.
const LIMIT: &str = "MALLOC_ARENA_MAX";
/// That we have done it: where the program has more rights than who starts it (`setcap`), glibc takes
/// its setting out of the environment again.
pub(super) const MARK: &str = "SIDETONE_RESTARTED";
/// With one, threads that run by turns on one core wait for each other too often.
const FEWEST: usize = 2;

/// Starts the program again with a limit, once, unless there is one.
pub(super) fn limit() {
    let variables: Vec<_> = std::env::vars_os().collect();
    let arguments: Vec<_> = std::env::args_os().collect();
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    if !cfg!(target_env = "gnu") || !is_due(&program, &arguments, &variables) {
        return;
    }
    let cores = available_parallelism().map_or(FEWEST, NonZero::get);
    let set = [(LIMIT, cores.max(FEWEST).to_string()), (MARK, "1".into())];
    let set = set.map(|(name, value)| (name.into(), value.into()));
    let variables = variables.into_iter().chain(set);
    let variables = variables.map(|(name, value)| [name, "=".into(), value].into_iter().collect());
    let (Some(program), Some(arguments), Some(variables)) = (
        text(program.into_os_string()),
        texts(arguments),
        texts(variables),
    ) else {
        return;
    };
    // Returns when it failed, and only then. It leaves signals as they are, which that of the
    // standard library does not.
    let _ = execve(&program, &arguments, &variables);
}

/// Whether there is no limit yet, and the program is itself: not a loader that was given its file.
fn is_due(program: &Path, arguments: &[OsString], variables: &[(OsString, OsString)]) -> bool {
    let is_set = |name: &str| variables.iter().any(|(it, _)| it == OsStr::new(name));
    let called = arguments.first().and_then(|it| Path::new(it).file_name());
    !is_set(LIMIT) && !is_set(MARK) && called == program.file_name()
}

fn texts(all: impl IntoIterator<Item = OsString>) -> Option<Vec<CString>> {
    all.into_iter().map(text).collect()
}

fn text(text: OsString) -> Option<CString> {
    CString::new(text.into_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_starts_itself_again_once() {
        let is_due = |program: &str, called: &[&str], variables: &[&str]| {
            let called: Vec<OsString> = called.iter().map(OsString::from).collect();
            let variables = variables.iter().map(|it| (it.into(), "1".into()));
            is_due(
                Path::new(program),
                &called,
                &variables.collect::<Vec<(OsString, OsString)>>(),
            )
        };
        let program = "/usr/bin/sidetone";
        assert!(is_due(program, &["sidetone", "serve"], &["PATH"]));
        assert!(is_due(program, &["./sidetone", "serve"], &[]));
        assert!(!is_due(
            program,
            &["sidetone", "serve"],
            &["MALLOC_ARENA_MAX"]
        ));
        // glibc took its own away.
        assert!(!is_due(
            program,
            &["sidetone", "serve"],
            &["SIDETONE_RESTARTED"]
        ));
        assert!(!is_due("/lib/ld.so", &["./sidetone", "serve"], &[]));
        assert!(!is_due(program, &[], &[]));
    }
}
