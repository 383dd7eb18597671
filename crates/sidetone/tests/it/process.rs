//! The process of a server.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// `sidetone serve` in a directory, without HEP.
pub(crate) fn serve(dir: &Path) -> Command {
    let mut serve = Command::new(env!("CARGO_BIN_EXE_sidetone"));
    serve
        .current_dir(dir)
        .args(["serve", "--data", "data", "--listen", "127.0.0.1:0"])
        .args(["--hep-udp", "off", "--hep-tcp", "off"]);
    serve
}

/// A server that listens, until it is dropped.
pub(crate) struct Server {
    pub(crate) process: Child,
    /// Its address.
    pub(crate) address: String,
    /// Kept open, so that it may go on to write there.
    _told: Lines<BufReader<ChildStdout>>,
}

impl Server {
    pub(crate) fn start(serve: &mut Command) -> Self {
        let mut process = serve.stdout(Stdio::piped()).spawn().unwrap();
        let mut told = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = told.find_map(|line| {
            let line = line.unwrap();
            line.strip_prefix("listening on http://").map(str::to_owned)
        });
        Self {
            process,
            address: address.unwrap(),
            _told: told,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_server_has_few_arenas_and_is_the_process_that_was_started() {
    for limit in [None, Some("7")] {
        let dir = tempfile::tempdir().unwrap();
        let mut serve = serve(dir.path());
        serve
            .env_remove("MALLOC_ARENA_MAX")
            .envs(limit.map(|limit| ("MALLOC_ARENA_MAX", limit)));
        let server = Server::start(&mut serve);
        let process = format!("/proc/{}", server.process.id());
        let name = std::fs::read_to_string(format!("{process}/comm")).unwrap();
        assert_eq!(name, "sidetone\n");
        let environment = std::fs::read(format!("{process}/environ")).unwrap();
        let variables = environment.split(|byte| *byte == 0);
        let found = variables.filter_map(|it| it.strip_prefix(b"MALLOC_ARENA_MAX="));
        let found: Vec<_> = found.map(String::from_utf8_lossy).collect();
        let cores = std::thread::available_parallelism().unwrap().get();
        assert_eq!(
            found,
            [limit.map_or(cores.max(2).to_string(), str::to_owned)]
        );
    }
}
