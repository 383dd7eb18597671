//! How many arenas `malloc` may have: as many as there are cores.
//!
//! glibc gives almost every thread one of its own, eight a core at most, and what a thread has freed
//! stays in its arena: a third more memory where many packets come. How many they may be is read from
//! the environment when a program starts, and nowhere else without `unsafe` code. So the program
//! starts itself again, as the same process.

use std::num::NonZero;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread::available_parallelism;

const LIMIT: &str = "MALLOC_ARENA_MAX";
/// With one, threads that run by turns on one core wait for each other too often.
const FEWEST: usize = 2;

/// Starts the program again with a limit, unless there is one. Goes on as it is where that cannot be
/// done: it is only memory.
pub(super) fn limit() {
    #[expect(clippy::disallowed_methods, reason = "it is glibc's setting, not ours")]
    let is_limited = std::env::var_os(LIMIT).is_some();
    if is_limited || !cfg!(target_env = "gnu") {
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let arenas = available_parallelism()
        .map_or(FEWEST, NonZero::get)
        .max(FEWEST);
    let mut arguments = std::env::args_os();
    let name = arguments.next();
    let mut again = Command::new(&program);
    again.arg0(name.as_deref().unwrap_or(program.as_os_str()));
    // Returns when it failed, and only then.
    let _ = again.args(arguments).env(LIMIT, arenas.to_string()).exec();
}
