//! `sidetone ingest`, as the program that is shipped.

use std::fmt::Write as _;
use std::process::Command;

use sidetone_store::conformance::sample::create_account;
use sidetone_store_sqlite::{Options, SqliteStore};

/// Exit code, standard output and standard error of reading a file that holds `text`.
async fn ingest(name: &str, text: impl AsRef<[u8]>) -> (Option<i32>, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("sidetone.db"), Options::default()).unwrap();
    sidetone::secrets::Vault::create(&dir.path().join("secret.key")).unwrap();
    create_account(&store).await;
    drop(store);
    std::fs::write(dir.path().join(name), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_sidetone"))
        .current_dir(dir.path())
        .args(["ingest", "--data", ".", name])
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test]
async fn the_first_refusals_are_printed_and_the_rest_counted() {
    let good =
        r#"{"call_sid":"a-call","at":"2026-06-01T10:00:00Z","kind":"progress","step":"initiated"}"#;
    let mut lines = format!("{good}\n");
    for number in 0..30 {
        writeln!(lines, r#"{{"call_sid":"{number}","stepp":"initiated"}}"#).unwrap();
    }
    let (code, out, err) = ingest("calls.ndjson", &lines).await;
    assert_eq!(code, Some(1), "{err}");
    let out: Vec<_> = out.lines().collect();
    assert_eq!(
        out[0],
        "calls.ndjson: 1 accepted, 0 duplicates, 30 rejected, 0 ignored"
    );
    assert!(out[1].starts_with("  Line 2: "), "{out:?}");
    assert!(out[10].starts_with("  Line 11: "), "{out:?}");
    assert_eq!(out[11..], ["  … and 20 more"]);
}

#[tokio::test]
async fn a_file_of_something_else_is_told_what_is_understood() {
    let (code, out, err) = ingest("notes.txt", "Nothing of calls.\n".repeat(100_000)).await;
    assert_eq!((code, &out[..]), (Some(1), ""), "{err}");
    for part in ["notes.txt", "Line 1: ", "one JSON object a line", ".pcapng"] {
        assert!(err.contains(part), "{part}: {err}");
    }
    // A slip of the pen in a short file is one as well.
    let (code, _, err) = ingest(
        "calls.ndjson",
        r#"{"call_sid":"a","kind":"progress","stepp":1}"#,
    )
    .await;
    assert!(code == Some(1) && err.contains("stepp"), "{err}");
}

#[tokio::test]
async fn a_compressed_file_is_named_as_such() {
    let (code, _, err) = ingest("calls.pcap.gz", b"\x1f\x8b\x08\0\0\0\0\0").await;
    assert!(
        code == Some(1) && err.contains("compressed by gzip"),
        "{err}"
    );
}

#[tokio::test]
async fn a_first_event_may_be_as_long_as_any() {
    let words = "long ".repeat(20_000);
    let line = format!(
        r#"{{"call_sid":"a","at":"2026-06-01T10:00:00Z","kind":"of a later version","words":"{words}","more":"{words}"}}"#
    );
    let (code, out, err) = ingest("calls.ndjson", &format!("{line}\n{line}")).await;
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("1 accepted, 1 duplicates"), "{out}");
}
