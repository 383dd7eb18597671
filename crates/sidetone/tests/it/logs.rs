//! What becomes of a server whose log cannot be written.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

#[test]
fn a_server_goes_on_without_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_sidetone"))
        .current_dir(dir.path())
        .args(["serve", "--data", "data", "--listen", "127.0.0.1:0"])
        .args(["--hep-udp", "off", "--hep-tcp", "off"])
        .args(["--access-log", "true"])
        .stdout(Stdio::piped())
        .stderr(full)
        .spawn()
        .unwrap();
    let mut told = BufReader::new(server.stdout.take().unwrap()).lines();
    let url = told
        .find_map(|line| {
            Some(
                line.unwrap()
                    .strip_prefix("listening on http://")?
                    .to_owned(),
            )
        })
        .unwrap();
    // Each of them is a line.
    for _ in 0..3 {
        let mut stream = TcpStream::connect(&url).unwrap();
        let request = "GET /v1/Voice/Summaries HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YTpi\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    }
    assert!(server.try_wait().unwrap().is_none());
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn rules_that_a_reload_takes_away_are_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sidetone.toml");
    std::fs::write(&file, "[[side]]\nedge = 'carrier'\n").unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_sidetone"))
        .current_dir(dir.path())
        .args(["serve", "--data", "data", "--listen", "127.0.0.1:0"])
        .args(["--hep-udp", "off", "--hep-tcp", "off"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(server.stdout.take().unwrap()).lines();
    told.find(|line| line.as_ref().unwrap().starts_with("listening on "))
        .unwrap()
        .unwrap();
    std::fs::write(&file, "").unwrap();
    let pid = server.id().to_string();
    let hung_up = Command::new("kill").args(["-HUP", &pid]).status().unwrap();
    assert!(hung_up.success());
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    let warned = log.find_map(|line| {
        let line = line.unwrap();
        let is_last = line.contains("the configuration was read again");
        (is_last || line.contains("have no [[side]] rules")).then_some(line)
    });
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(warned.unwrap().contains("have no [[side]] rules"));
}
