//! What becomes of a server whose log cannot be written.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use crate::process::{Server, serve};

#[test]
fn a_server_goes_on_without_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut server = Server::start(
        serve(dir.path())
            .args(["--access-log", "true"])
            .stderr(full),
    );
    // Each of them is a line.
    for _ in 0..3 {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        let request = "GET /v1/Voice/Summaries HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YTpi\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
    assert!(server.process.try_wait().unwrap().is_none());
}

#[test]
fn rules_that_a_reload_takes_away_are_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sidetone.toml");
    std::fs::write(&file, "[[side]]\nedge = 'carrier'\n").unwrap();
    let mut server = Server::start(serve(dir.path()).stderr(Stdio::piped()));
    std::fs::write(&file, "").unwrap();
    let pid = server.process.id().to_string();
    let hung_up = Command::new("kill").args(["-HUP", &pid]).status().unwrap();
    assert!(hung_up.success());
    let mut log = BufReader::new(server.process.stderr.take().unwrap()).lines();
    let warned = log.find_map(|line| {
        let line = line.unwrap();
        let is_last = line.contains("the configuration was read again");
        (is_last || line.contains("have no [[side]] rules")).then_some(line)
    });
    assert!(warned.unwrap().contains("have no [[side]] rules"));
}
