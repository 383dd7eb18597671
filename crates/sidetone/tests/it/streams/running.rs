//! The program as it runs, with a sink.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::time::Instant;

use super::receiver::PATIENCE;
use super::{KINDS, form, of_type, sink_form, subscription_form};
use crate::harness::{ACCOUNT, TOKEN};
use crate::process::{Server, serve};

pub(super) const CALL: &str = "CA00000000000000000000000000000001";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) fn program(dir: &Path) -> Command {
    let mut serve = serve(dir);
    serve
        .env("SIDETONE_ACCOUNT_SID", ACCOUNT)
        .env("SIDETONE_AUTH_TOKEN", TOKEN)
        .env("SIDETONE_WEBHOOK_ALLOW_PRIVATE", "1")
        .env("SIDETONE_SETTLE", "1s");
    serve
}

pub(crate) fn post(server: &Server, path: &str, kind: &str, body: &[u8]) -> Value {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let login = STANDARD.encode(format!("{ACCOUNT}:{TOKEN}"));
    write!(
        stream,
        "POST {path} HTTP/1.0\r\nHost: sidetone.test\r\nAuthorization: Basic {login}\r\n\
        Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 20"), "{path}: {answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or(Value::Null)
}

pub(super) fn subscribe(
    server: &Server,
    kind: &str,
    configuration: &Value,
    more: &[(&str, &str)],
) -> String {
    let sink = post(
        server,
        "/v1/Sinks",
        FORM,
        sink_form(kind, configuration).as_bytes(),
    );
    let sid = sink["sid"].as_str().unwrap().to_owned();
    // Others are active when they have taken a test.
    if kind != "webhook" {
        post(server, &format!("/v1/Sinks/{sid}/Test"), FORM, b"");
        until_active(server, &sid);
    }
    let takes_all = kind != "segment";
    let kinds = KINDS
        .iter()
        .filter(|it| takes_all || it.starts_with("call-summary"));
    let kinds: Vec<String> = kinds.map(|kind| of_type(kind, 1)).collect();
    let wanted = subscription_form(&sid, &kinds, more);
    post(server, "/v1/Subscriptions", FORM, wanted.as_bytes());
    sid
}

fn until_active(server: &Server, sid: &str) {
    let begin = Instant::now();
    loop {
        let sink = ask(server, &format!("/v1/Sinks/{sid}"));
        if sink["status"] == "active" {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "{sink}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What operators watch.
pub(super) fn metrics(server: &Server) -> String {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    write!(
        stream,
        "GET /metrics HTTP/1.0\r\nHost: sidetone.test\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

pub(super) fn step(server: &Server, call: &str, status: &str) {
    let form = form(&[
        ("CallSid", call),
        ("CallStatus", status),
        ("From", "+12025550143"),
        ("To", "+12025550176"),
    ]);
    post(server, "/ingest/v1/status-callback", FORM, form.as_bytes());
}

pub(crate) fn ask(server: &Server, path: &str) -> Value {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let login = STANDARD.encode(format!("{ACCOUNT}:{TOKEN}"));
    write!(
        stream,
        "GET {path} HTTP/1.0\r\nHost: sidetone.test\r\nAuthorization: Basic {login}\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

pub(crate) fn delete(server: &Server, path: &str) {
    let (status, body) = answered(server, "DELETE", path, "");
    assert_eq!(status, 204, "{path}: {body}");
}

/// What a request is answered that may be refused.
pub(crate) fn answered(server: &Server, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let login = STANDARD.encode(format!("{ACCOUNT}:{TOKEN}"));
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: sidetone.test\r\nAuthorization: Basic {login}\r\n\
        Content-Type: {FORM}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap();
    (status.parse().unwrap(), body.to_owned())
}
