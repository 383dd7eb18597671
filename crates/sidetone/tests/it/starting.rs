//! What a start makes, keeps and says, and what is read again while the server runs.

use std::path::Path;
use std::sync::OnceLock;

use rusqlite::Connection;
use sidetone::accounts::{self, Credentials, NewAccount, first};
use sidetone::clock::Clock;
use sidetone::cmd::reload::Origin;
use sidetone::cmd::serve::{Running, start, start_logs};
use sidetone::config::{Secret, Settings};
use sidetone::data::{self, Data, DataArgs};
use sidetone::data_dir;
use sidetone::secrets::Vault;
use sidetone::telemetry::logs::LogFilter;
use sidetone_core::id::AccountSid;
use sidetone_core::time::{DAY_US, TimeUs};
use sidetone_store_sqlite::Options;
use tokio::net::TcpListener;

use crate::harness::{ACCOUNT, NOW};

pub(crate) fn settings(dir: &Path) -> Settings {
    Settings {
        data: Some(dir.to_owned()),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        hep_udp: Some("off".parse().unwrap()),
        hep_tcp: Some("off".parse().unwrap()),
        ..Settings::default()
    }
}

fn with(dir: &Path, account: Option<&str>, token: Option<&str>) -> Settings {
    Settings {
        account_sid: account.map(str::to_owned),
        auth_token: token.map(|token| Secret(token.to_owned())),
        ..settings(dir)
    }
}

pub(crate) async fn try_start(settings: Settings) -> anyhow::Result<Running> {
    let clock = Clock::set_to(TimeUs::parse_rfc3339(NOW).unwrap());
    start(settings.resolve(None).unwrap(), clock).await
}

/// What is logged: nothing. A process begins to log once.
pub(crate) fn log_filter() -> LogFilter {
    static STARTED: OnceLock<LogFilter> = OnceLock::new();
    let start = || {
        let off = Settings {
            log: Some("off".to_owned()),
            ..Settings::default()
        };
        start_logs(&off.resolve(None).unwrap()).unwrap()
    };
    STARTED.get_or_init(start).clone()
}

fn may_log_in(running: &Running, token: &str) -> bool {
    let (app, account) = (&running.app, running.first.account.to_string());
    let now = app.clock.now();
    app.directory.authenticate(&account, token, now).is_some()
}

#[tokio::test]
async fn after_an_unclean_stop_the_calls_are_looked_at_whoever_opened_the_database_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let is_due = || data_dir::lock(dir.path()).unwrap().is_check_due();
    let running = try_start(settings(dir.path())).await.unwrap();
    drop(running);
    // As a command does that looks something up: it closes the database as it should be.
    let key = dir.path().join("secret.key");
    let opened = data::open(dir.path(), &key, Options::default());
    drop(opened.await.unwrap());
    assert!(is_due());
    // As often as it takes: the look at the calls may itself be cut short.
    while is_due() {
        let running = try_start(settings(dir.path())).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        running.stop().await;
    }
    try_start(settings(dir.path())).await.unwrap().stop().await;
    assert!(!is_due());
}

#[tokio::test]
async fn nobody_else_may_read_what_a_server_keeps() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let running = try_start(settings(dir.path())).await.unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", file.file_name());
    }
    running.stop().await;
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_left_to_that() {
    let dir = tempfile::tempdir().unwrap();
    try_start(settings(dir.path())).await.unwrap().stop().await;
    let conn = Connection::open(dir.path().join("sidetone.db")).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    let refusal = format!("{:#}", try_start(settings(dir.path())).await.err().unwrap());
    assert!(refusal.contains("run the newer release"), "{refusal}");
    assert!(!refusal.contains("sidetone check"), "{refusal}");
}

#[tokio::test]
async fn check_finds_the_key_of_another_installation() {
    let dir = tempfile::tempdir().unwrap();
    let running = try_start(settings(dir.path())).await.unwrap();
    running.stop().await;
    let other = dir.path().join("other.key");
    Vault::create(&other).unwrap();
    for (key, expected) in [
        (None, None),
        (Some("secret.key"), None),
        (Some("other.key"), Some("is not the one")),
        (Some("none.key"), Some("none.key")),
    ] {
        let args = DataArgs {
            data: dir.path().to_owned(),
            secret_key_file: key.map(|name| dir.path().join(name)),
        };
        let found = args.check_key(&args.open_store().unwrap()).await.unwrap();
        let is_expected = match (&found, expected) {
            (Some(found), Some(expected)) => found.contains(expected),
            (found, expected) => found.is_none() && expected.is_none(),
        };
        assert!(is_expected, "{key:?}: {found:?}");
    }
}

#[tokio::test]
async fn a_start_that_fails_makes_no_account() {
    let dir = tempfile::tempdir().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = other.local_addr().unwrap().to_string();
    let certificate = Some(dir.path().join("none.pem"));
    for (settings, expected) in [
        (
            Settings {
                listen: Some(at.parse().unwrap()),
                ..settings(dir.path())
            },
            format!(
                "cannot listen for HTTP on {at}: another program is there. Choose another address with --listen or SIDETONE_LISTEN"
            ),
        ),
        (
            Settings {
                hep_tcp: Some(at.parse().unwrap()),
                ..settings(dir.path())
            },
            format!(
                "cannot listen for HEP over TCP on {at}: another program is there. Choose another address with --hep-tcp or SIDETONE_HEP_TCP, or turn it off with --hep-tcp off"
            ),
        ),
        (
            Settings {
                tls_cert: certificate.clone(),
                tls_key: certificate,
                ..settings(dir.path())
            },
            "cannot read the certificates in".to_owned(),
        ),
    ] {
        let error = try_start(settings).await.err().unwrap();
        assert!(format!("{error:#}").starts_with(&expected), "{error:#}");
    }
    assert_eq!(accounts::kept(dir.path()), None);
    let running = try_start(settings(dir.path())).await.unwrap();
    let made = running
        .first
        .made
        .clone()
        .expect("shown by the first start that succeeds");
    assert!(may_log_in(&running, &made.auth_token));
    running.stop().await;
}

#[tokio::test]
async fn a_token_that_is_given_replaces_the_one_that_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let running = try_start(settings(dir.path())).await.unwrap();
    let made = running.first.made.clone().unwrap();
    running.stop().await;
    // With the account's identifier or without.
    for (account, token, before) in [
        (None, "the-second-token", made.auth_token.as_str()),
        (
            Some(made.account_sid.as_str()),
            "the-third-token-",
            "the-second-token",
        ),
    ] {
        let running = try_start(with(dir.path(), account, Some(token)))
            .await
            .unwrap();
        assert_eq!(running.first.made, None);
        assert_eq!(running.first.account.to_string(), made.account_sid);
        let expected = Credentials {
            account_sid: made.account_sid.clone(),
            auth_token: token.to_owned(),
        };
        assert_eq!(accounts::kept(dir.path()), Some(expected));
        assert!(may_log_in(&running, token) && may_log_in(&running, before));
        running.app.clock.advance_us(DAY_US);
        assert!(may_log_in(&running, token) && !may_log_in(&running, before));
        running.stop().await;
    }
}

#[tokio::test]
async fn what_is_not_given_is_made_up_and_kept() {
    for (account, token, is_kept, is_made) in [
        (None, None, true, true),
        (None, Some("given-by-settings"), true, true),
        (Some(ACCOUNT), None, true, true),
        (Some(ACCOUNT), Some("given-by-settings"), false, false),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let running = try_start(with(dir.path(), account, token)).await.unwrap();
        let first = &running.first;
        assert_eq!(
            (first.kept_in.is_some(), first.made.is_some()),
            (is_kept, is_made)
        );
        if let Some(kept) = accounts::kept(dir.path()) {
            assert!(may_log_in(&running, &kept.auth_token));
        }
        if let Some(token) = token {
            assert!(may_log_in(&running, token));
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn tables_and_tokens_are_read_again_and_a_bad_file_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sidetone.toml");
    let data = dir.path().join("data");
    let write = |text: &str| std::fs::write(&file, format!("log = 'off'\n{text}")).unwrap();
    write("auth_token = 'the-first-of-two'");
    let origin = Origin {
        given: settings(&data),
        file: Some(file.clone()),
        usual_file: false,
    };
    let started_with = origin.settings().unwrap();
    let running = try_start(started_with.clone()).await.unwrap();
    let reload = running.reload(origin, started_with, log_filter());
    let tables = &running.app.tables;
    let account: AccountSid = running.first.account;

    write(&format!(
        "auth_token = 'the-second-of-two'\nsettle = '5s'\n[[side]]\nedge = 'carrier'\n[[agent]]\ncapture_id = 7\nkey = 'k'\naccount = '{account}'"
    ));
    assert_eq!(reload.again().await.unwrap(), ["settle"]);
    assert!(may_log_in(&running, "the-second-of-two"));
    let peer = "192.0.2.1".parse().unwrap();
    let admitted = || tables.get().agents.admit(peer, 7, Some(b"k")).ok();
    let sides = || running.app.sides.get().0.len();
    assert_eq!(sides(), 1);
    assert_eq!(admitted(), Some(account));

    for (bad, expected) in [
        ("settle = 5", "settle: invalid type"),
        (
            "[[signer]]\nurl = 'https://a.example/c.pem'\ncertificate = 'none.pem'",
            "none.pem",
        ),
        (
            "[[agent]]\ncapture_id = 1\nkey = 'k'\naccount = 'AC99999999999999999999999999999999'",
            "which is not there",
        ),
        ("tls_cert = 'c.pem'", "belong together"),
        (
            "auth_token = ''",
            "auth_token (SIDETONE_AUTH_TOKEN) is empty",
        ),
    ] {
        write(bad);
        let error = format!("{:#}", reload.again().await.unwrap_err());
        assert!(error.contains(expected), "{error}");
        assert_eq!(sides(), 1, "{bad}");
        assert_eq!(admitted(), Some(account), "{bad}");
        assert!(may_log_in(&running, "the-second-of-two"), "{bad}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_damaged_account_keeps_no_other_out() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let first = with(dir, Some(ACCOUNT), None);
    try_start(first).await.unwrap().stop().await;
    let Data { store, vault } = data::open(dir, &dir.join("secret.key"), Options::default())
        .await
        .unwrap();
    let other = accounts::create(store.as_ref(), &vault, NewAccount::default(), TimeUs::EPOCH)
        .await
        .unwrap();
    drop((store, vault));
    let damage = |id: i64| {
        let conn = Connection::open(dir.join("sidetone.db")).unwrap();
        conn.execute("update account set name = 'x' where id = ?1", [id])
            .unwrap();
    };
    damage(1);
    // The token may be meant for the one that cannot be read.
    let token = "fedcba9876543210fedcba9876543210";
    let running = try_start(with(dir, None, Some(token))).await.unwrap();
    let may_log_in = |user: &str, token: &str| {
        let now = running.app.clock.now();
        let known = running.app.directory.authenticate(user, token, now);
        known.is_some()
    };
    assert!(may_log_in(&other.account_sid, &other.auth_token));
    assert!(!may_log_in(&other.account_sid, token));
    assert!(!may_log_in(ACCOUNT, token));
    running.stop().await;
    damage(2);
    let why = try_start(settings(dir)).await.err().unwrap().to_string();
    assert!(why.contains("table account"), "{why}");
}

/// The one account cannot be read, so there is nothing to try a key on.
#[tokio::test]
async fn another_key_is_told_by_its_fingerprint_alone() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    try_start(settings(dir)).await.unwrap().stop().await;
    let conn = Connection::open(dir.join("sidetone.db")).unwrap();
    conn.execute("update account set name = 'x'", []).unwrap();
    drop(conn);
    let key = dir.join("secret.key");
    let open = || data::open(dir, &key, Options::default());
    open().await.unwrap();
    std::fs::write(&key, "0123456789abcdef".repeat(4)).unwrap();
    let why = open().await.err().unwrap().to_string();
    assert!(why.contains("different installations"), "{why}");
}

/// Two nodes that start at once on one empty database, each with a directory of its own for its
/// credentials.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_that_start_at_once_one_makes_the_first_account() {
    for (account, token) in [
        (None, None),
        (None, Some("given-by-settings")),
        (Some(ACCOUNT), None),
        (Some(ACCOUNT), Some("given-by-settings")),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("secret.key");
        let nodes = ["one", "other"].map(|node| {
            let own = dir.path().join(node);
            std::fs::create_dir(&own).unwrap();
            let key = key.clone();
            let config = with(&own, account, token).resolve(None).unwrap();
            (dir.path().to_owned(), key, config)
        });
        data::open(dir.path(), &key, Options::default())
            .await
            .unwrap();
        let starts = nodes.map(|(database, key, config)| {
            tokio::spawn(async move {
                let opened = data::open(&database, &key, Options::default()).await;
                let Data { store, vault } = opened.unwrap();
                let started = first::ensure_first(store.as_ref(), &vault, &config, TimeUs::EPOCH);
                let first = started.await.unwrap();
                let there = store.accounts().await.unwrap().sound;
                assert_eq!(there.len(), 1, "{account:?} {token:?}");
                assert_eq!(there[0].sid, first.account);
                let kept = accounts::kept(&config.data);
                (first, kept)
            })
        });
        let mut made = Vec::new();
        for start in starts {
            let (first, kept) = start.await.unwrap();
            // What does not open the account is not kept.
            assert_eq!(kept, first.made, "{account:?} {token:?}");
            made.extend(first.made);
        }
        let is_made_up = account.is_none() || token.is_none();
        assert_eq!(made.len(), usize::from(is_made_up), "{account:?} {token:?}");
    }
}

#[tokio::test]
async fn another_secret_key_refuses_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let key = dir.path().join("secret.key");
    try_start(settings(dir.path())).await.unwrap().stop().await;
    let right = std::fs::read(&key).unwrap();
    let database = || Connection::open(dir.path().join("sidetone.db")).unwrap();
    let fingerprints = || -> i64 {
        let counted = database().query_row("select count(*) from secret_key", [], |row| row.get(0));
        counted.unwrap()
    };
    assert_eq!(fingerprints(), 1);
    let other = "ab".repeat(32);
    let refused = async || {
        let error = try_start(settings(dir.path())).await.err().unwrap();
        let why = format!("{error:#}");
        for named in ["secret.key", "SIDETONE_SECRET_KEY_FILE", "the same"] {
            assert!(why.contains(named), "{why}");
        }
    };
    std::fs::write(&key, &other).unwrap();
    refused().await;
    // Of a database from before, it is told by what it opens; only the right one is kept.
    database().execute("delete from secret_key", []).unwrap();
    refused().await;
    assert_eq!(fingerprints(), 0);
    std::fs::write(&key, &right).unwrap();
    try_start(settings(dir.path())).await.unwrap().stop().await;
    assert_eq!(fingerprints(), 1);
    // From then on one that opens something is not enough: two keys were used before.
    let wrong = dir.path().join("wrong.key");
    std::fs::write(&wrong, &other).unwrap();
    let opened = data::open(dir.path(), &key, Options::default());
    let Data { store, .. } = opened.await.unwrap();
    let new = NewAccount::default();
    let vault = sidetone::secrets::Vault::open(&wrong).unwrap();
    let made = accounts::create(store.as_ref(), &vault, new, TimeUs::EPOCH);
    made.await.unwrap();
    drop(store);
    std::fs::write(&key, &other).unwrap();
    refused().await;
}
