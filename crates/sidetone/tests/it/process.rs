//! The process of a server.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_server_has_few_arenas_and_is_the_process_that_was_started() {
    for limit in [None, Some("7")] {
        let dir = tempfile::tempdir().unwrap();
        let mut server = Command::new(env!("CARGO_BIN_EXE_sidetone"));
        server
            .current_dir(dir.path())
            .env_remove("MALLOC_ARENA_MAX");
        server.envs(limit.map(|limit| ("MALLOC_ARENA_MAX", limit)));
        let mut server = server
            .args(["serve", "--data", "data", "--listen", "127.0.0.1:0"])
            .args(["--hep-udp", "off", "--hep-tcp", "off"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(server.stdout.take().unwrap()).lines();
        told.find(|line| line.as_ref().unwrap().starts_with("listening on "))
            .unwrap()
            .unwrap();
        let process = format!("/proc/{}", server.id());
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
        server.kill().unwrap();
        server.wait().unwrap();
    }
}
