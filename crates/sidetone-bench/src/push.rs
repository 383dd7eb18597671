//! A sender of events: one request with one big body.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Sends a file and prints seconds and the answer's body. The clock stops when the whole answer is
/// here.
#[allow(clippy::disallowed_methods, reason = "it measures")]
pub fn run(address: &str, login: &str, file: &Path) -> anyhow::Result<()> {
    let mut body = File::open(file)?;
    let length = body.metadata()?.len();
    let mut stream =
        TcpStream::connect(address).with_context(|| format!("cannot reach {address}"))?;
    let begin = Instant::now();
    write!(
        stream,
        "POST /ingest/v1/events HTTP/1.1\r\nHost: {address}\r\nAuthorization: Basic {}\r\n\
         Content-Type: application/x-ndjson\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n",
        STANDARD.encode(login)
    )?;
    std::io::copy(&mut body, &mut stream)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let seconds = begin.elapsed().as_secs_f64();
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    ensure!(head.starts_with("HTTP/1.1 200"), "{answer}");
    println!("{seconds:.3} {body}");
    Ok(())
}
