//! `sidetone backup` and `restore`, as the program that is shipped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sidetone_core::id::CallSid;
use sidetone_store::conformance::people::{person, signing_in};
use sidetone_store::conformance::sample::{
    account_sid, at, call, call_sid, create_account, put, summary,
};
use sidetone_store::people::SessionDigest;
use sidetone_store::prelude::*;
use sidetone_store::{Lookup, Scope};
use sidetone_store_sqlite::{Options, SqliteStore};

use crate::harness::{ACCOUNT, TOKEN};

fn sidetone(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sidetone"))
        .args(arguments)
        .output()
        .unwrap()
}

#[track_caller]
fn done(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A server, and where it listens.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(data: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_sidetone"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data", data])
            .args(["--hep-udp", "off", "--hep-tcp", "off", "--log", "error"])
            .env("SIDETONE_ACCOUNT_SID", ACCOUNT)
            .env("SIDETONE_AUTH_TOKEN", TOKEN)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let address = line.trim().rsplit('/').next().unwrap().to_owned();
        Self { process, address }
    }

    /// Sends an event of a call. Whether it was acknowledged.
    fn send(&self, number: u64) -> bool {
        let call = sid(number);
        let body = format!(
            r#"{{"call_sid":"{call}","at":"2026-06-01T10:00:00Z","kind":"progress","step":"initiated"}}"#
        );
        let login = STANDARD.encode(format!("{ACCOUNT}:{TOKEN}"));
        let send = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(&self.address)?;
            write!(
                stream,
                "POST /ingest/v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Basic {login}\r\nconnection: close\r\n\
                 content-type: application/x-ndjson\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        send().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn sid(number: u64) -> CallSid {
    format!("CA{number:032x}").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_backup_comes_back_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (data, file, restored) = (at("data"), at("copy.db"), at("restored"));
    let server = Server::start(&data);
    let acknowledged = AtomicU64::new(0);
    let before = std::thread::scope(|scope| {
        scope.spawn(|| {
            while server.send(acknowledged.load(Ordering::Acquire)) {
                acknowledged.fetch_add(1, Ordering::Release);
            }
        });
        while acknowledged.load(Ordering::Acquire) < 20 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let before = acknowledged.load(Ordering::Acquire);
        let made = sidetone(&["backup", &file, "--data", &data]);
        assert!(done(&made).contains("copy.db"));
        assert!(String::from_utf8_lossy(&made.stderr).contains("secret.key"));
        let pid = server.process.id().to_string();
        let killed = Command::new("kill").args(["-9", &pid]).status().unwrap();
        assert!(killed.success());
        before
    });
    drop(server);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let restore = ["restore", &file, "--data", &restored];
    let why = refusal(&sidetone(&restore));
    assert!(why.contains("secret.key"), "{why}");
    std::fs::copy(
        Path::new(&data).join("secret.key"),
        Path::new(&restored).join("secret.key"),
    )
    .unwrap();
    done(&sidetone(&restore));
    assert_eq!(done(&sidetone(&["check", "--data", &restored])), "ok\n");
    let store = SqliteStore::open(
        &Path::new(&restored).join("sidetone.db"),
        Options::default(),
    )
    .unwrap();
    let account = ACCOUNT.parse().unwrap();
    for number in 0..before {
        let found = store.record(Scope { account }, sid(number)).await.unwrap();
        assert!(matches!(found, Lookup::Found(_)), "call {number} is lost");
    }
    drop(store);
    let again = Server::start(&restored);
    assert!(again.send(1_000_000));
    let why = refusal(&sidetone(&restore));
    assert!(why.contains("another server is running"), "{why}");
}

#[test]
fn a_backup_overwrites_nothing_and_a_restore_checks_before_it_replaces() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (data, file) = (at("data"), at("copy.db"));
    drop(Server::start(&data));
    done(&sidetone(&["backup", &file, "--data", &data]));
    for there in ["copy.db", "link.db", "dangling.db"] {
        match there {
            "link.db" => symlink(&file, at(there)).unwrap(),
            "dangling.db" => symlink(at("nothing"), at(there)).unwrap(),
            _ => {}
        }
        let why = refusal(&sidetone(&["backup", &at(there), "--data", &data]));
        assert!(why.contains("is there already"), "{why}");
    }
    let within = at("data/../data/copy.db");
    let why = refusal(&sidetone(&["backup", &within, "--data", &data]));
    assert!(why.contains("data directory"), "{why}");
    let many = at("many/");
    std::fs::create_dir(&many).unwrap();
    done(&sidetone(&["backup", &many, "--data", &data]));
    let names: Vec<_> = std::fs::read_dir(&many)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        names.len() == 1 && names[0].starts_with("sidetone-"),
        "{names:?}"
    );

    let database = at("data/sidetone.db");
    let why = refusal(&sidetone(&["restore", &file, "--data", &data]));
    assert!(why.contains("--replace"), "{why}");
    let used = at("used.db");
    std::fs::copy(&file, &used).unwrap();
    std::fs::write(at("used.db-wal"), "what was written last").unwrap();
    let why = refusal(&sidetone(&["restore", &used, "--data", &at("new")]));
    assert!(why.contains("in use"), "{why}");
    let before = std::fs::read(&database).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    let cut = at("cut.db");
    bytes.truncate(bytes.len() / 2);
    std::fs::write(&cut, &bytes).unwrap();
    refusal(&sidetone(&["restore", &cut, "--data", &data, "--replace"]));
    std::fs::write(&cut, "no database").unwrap();
    refusal(&sidetone(&["restore", &cut, "--data", &data, "--replace"]));
    assert_eq!(std::fs::read(&database).unwrap(), before);

    let other = at("other");
    drop(Server::start(&other));
    let why = refusal(&sidetone(&[
        "restore",
        &file,
        "--data",
        &other,
        "--replace",
    ]));
    assert!(why.contains("nothing was changed"), "{why}");
    let out = done(&sidetone(&["restore", &file, "--data", &data, "--replace"]));
    assert!(out.contains("sidetone.db.replaced-"), "{out}");
    assert_eq!(done(&sidetone(&["check", "--data", &data])), "ok\n");
}

/// What was erased after a backup was made does not come back with it, nor who was signed in.
#[tokio::test]
async fn a_restored_backup_knows_what_was_erased_since_and_signs_everybody_out() {
    let dir = tempfile::tempdir().unwrap();
    let copies = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("sidetone.db"), Options::default()).unwrap();
    sidetone::secrets::Vault::create(&dir.path().join("secret.key")).unwrap();
    create_account(&store).await;
    let puts = [1, 2].map(|n| put(summary(call(n), 0, Some(60)), 0));
    store.put_summaries(puts.into()).await.unwrap();
    let anna = person("Anna", 1);
    store.create_person(anna.clone(), "tester").await.unwrap();
    store.open_session(signing_in(1, &anna, 1)).await.unwrap();
    drop(store);
    let copy = copies.path().join("copy.db");
    let (copy, data) = (copy.to_str().unwrap(), dir.path().to_str().unwrap());
    done(&sidetone(&["backup", copy, "--data", data]));
    let sid = call_sid(1).to_string();
    done(&sidetone(&["erase", "--call", &sid, "--data", data]));
    let restored = done(&sidetone(&["restore", copy, "--data", data, "--replace"]));
    assert!(restored.contains("\"erasures\":1"), "{restored}");
    let store = SqliteStore::open(&dir.path().join("sidetone.db"), Options::default()).unwrap();
    let account = account_sid(1);
    let is = async |n| store.record(Scope { account }, call_sid(n)).await.unwrap();
    assert_eq!(is(1).await, Lookup::Gone);
    assert!(matches!(is(2).await, Lookup::Found(_)));
    assert!(store.person(&anna.name).await.unwrap().is_some());
    let session = store.session(SessionDigest([1; 32]), at(2)).await;
    assert_eq!(session, Ok(None));
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}
