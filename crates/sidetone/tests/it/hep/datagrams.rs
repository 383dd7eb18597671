//! Datagrams.

use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::time::Duration;

use sidetone::config::Settings;
use sidetone::ingest::hep::queue::queue;
use sidetone::ingest::hep::udp;
use sidetone::socket;
use sidetone::telemetry::labels::Transport;
use sidetone_core::time::TimeUs;
use tokio::sync::watch;

use super::{INVITE, KEY, KNOWN, captured, counts, counts_of, invites, live, packet, try_live};
use crate::harness::TestServer;
use crate::model::{Random, seed};

#[tokio::test]
async fn datagrams_of_both_versions_come_in_at_one_address() {
    let live = live(Settings {
        hep_udp: Some("[::]:0".parse().unwrap()),
        hep_readers: Some(3),
        ..Settings::default()
    })
    .await;
    let port = live.udp().port();
    for (from, to) in [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "::1")] {
        // Each sender has a port of its own, so that the readers share them.
        for _ in 0..20 {
            let sender = UdpSocket::bind(from).unwrap();
            sender
                .send_to(&packet(1, None, Some(INVITE)), (to, port))
                .unwrap();
        }
    }
    assert_eq!(live.settled("udp", 40).await, counts([("accepted", 40)]));
    let stopping = tokio::time::timeout(Duration::from_secs(2), live.running.stop());
    assert!(stopping.await.is_ok(), "it stops at once");
}

#[tokio::test]
async fn what_is_turned_away_is_counted_by_its_reason() {
    let live = live(Settings {
        hep_allow: Some("192.0.2.0/24".parse().unwrap()),
        ..Settings::default()
    })
    .await;
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let cut = &packet(KNOWN, Some(KEY), Some(INVITE))[..90];
    for datagram in [
        &packet(KNOWN, Some(KEY), Some(INVITE))[..],
        &packet(KNOWN, Some("wrong"), Some(INVITE)),
        &packet(KNOWN, None, Some(INVITE)),
        &packet(9, Some(KEY), Some(INVITE)),
        &packet(KNOWN, Some(KEY), None),
        b"\x02\x10\x02\x11",
        b"OPTIONS sip:a@b SIP/2.0\r\n\r\n",
        b"",
        cut,
    ] {
        sender.send_to(datagram, live.udp()).unwrap();
    }
    let expected = counts([
        ("accepted", 1),
        ("keepalive", 1),
        ("malformed: HEP3 length is not the packet's", 1),
        ("malformed: SIP", 1),
        ("malformed: not HEP3", 1),
        ("refused_agent", 1),
        ("refused_key: another key", 1),
        ("refused_key: no key", 1),
        ("version: HEP version 1 or 2", 1),
    ]);
    assert_eq!(live.settled("udp", 9).await, expected);
    live.running.stop().await;
}

#[tokio::test]
async fn a_clock_that_is_far_off_is_not_believed() {
    let live = live(Settings::default()).await;
    let app = &live.running.app;
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    let now = app.clock.now();
    let seconds = |seconds: i64| u32::try_from(now.micros() / 1_000_000 + seconds).unwrap();
    let sent = [
        captured(packet(1, None, Some(INVITE)), 0),
        captured(packet(1, None, Some(INVITE)), u32::MAX),
        captured(packet(1, None, Some(INVITE)), seconds(-86_000)),
        captured(packet(1, None, Some(INVITE)), seconds(86_000)),
    ];
    // Sent again later, each is the same event.
    for datagram in sent.iter().chain(&sent) {
        sender.send_to(datagram, live.udp()).unwrap();
    }
    let expected = counts([("accepted", 4), ("duplicate", 4)]);
    assert_eq!(live.settled("udp", 8).await, expected);
    let text = app.counters.encode(app.store.stats().await.unwrap());
    for reason in ["past", "future"] {
        let line =
            format!("sidetone_hep_wrong_clocks_total{{transport=\"udp\",reason=\"{reason}\"}} 2\n");
        assert!(text.contains(&line), "{text}");
    }
    let account = app.directory.first_account().unwrap();
    let off = invites(app, account).await;
    let minutes = |at: &TimeUs| (at.micros() - now.micros() + 30_000_000).div_euclid(60_000_000);
    let off: Vec<_> = off.iter().map(minutes).collect();
    assert_eq!(off, [-1_433, 0, 0, 1_433]);
    live.running.stop().await;
}

/// Most are packets with some bytes changed, so that they get far.
#[tokio::test]
#[allow(clippy::print_stdout, reason = "random tests print their seed")]
async fn random_and_truncated_datagrams_leave_the_server_up_and_the_counters_right() {
    const SENT: u64 = 50_000;
    let seed = seed();
    println!("SIDETONE_MODEL_SEED={seed}");
    let live = live(Settings::default()).await;
    let to = live.udp();
    let sending = tokio::task::spawn_blocking(move || {
        let mut random = Random(seed);
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        for number in 0..SENT {
            let mut bytes = packet(1, None, Some(INVITE));
            match random.below(4) {
                0 => bytes.truncate(random.below(bytes.len())),
                1 => {
                    bytes = (0..random.below(300))
                        .map(|_| random.below(256) as u8)
                        .collect()
                }
                _ => {
                    for _ in 0..=random.below(4) {
                        let at = random.below(bytes.len());
                        bytes[at] = random.below(256) as u8;
                    }
                }
            }
            sender.send_to(&bytes, to).unwrap();
            if number % 500 == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    });
    sending.await.unwrap();
    let before = live.settled("udp", SENT).await;
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.send_to(&packet(KNOWN, Some(KEY), None), to).unwrap();
    let after = live.settled("udp", SENT + 1).await;
    let keepalives = |counts: &BTreeMap<String, u64>| counts.get("keepalive").copied().unwrap_or(0);
    assert_eq!(keepalives(&after), keepalives(&before) + 1);
    live.running.stop().await;
}

#[tokio::test]
async fn what_a_busy_reader_leaves_is_dropped_and_counted_by_the_kernel() {
    const SENT: u64 = 5_000;
    let server = TestServer::start().await;
    let purpose = socket::Purpose {
        what: "a test",
        option: "--none",
        variable: "NONE",
        may_be_off: false,
    };
    let any = "127.0.0.1:0".parse().unwrap();
    let socket = socket::datagrams(any, 1, purpose).unwrap().remove(0);
    udp::enlarge(&socket, 1).unwrap();
    let to = socket.local_addr().unwrap();
    let app = server.app.clone();
    app.counters.kernel.watch(Transport::Udp, &socket).unwrap();
    // Nobody takes from the queue, which holds one batch, before all is sent.
    let (queue, mut queued) = queue(1);
    let (stop, stopped) = watch::channel(false);
    let reader = {
        let app = app.clone();
        tokio::task::spawn_blocking(move || udp::read(&app, &socket, &queue, &stopped))
    };
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..SENT {
        sender.send_to(&packet(1, None, Some(INVITE)), to).unwrap();
    }
    let mut received = 0;
    let pause = Duration::from_millis(500);
    while let Ok(Some(batch)) = tokio::time::timeout(pause, queued.next()).await {
        received += batch.len() as u64;
        queued.give_back(batch);
    }
    stop.send_replace(true);
    reader.await.unwrap();
    let counts = counts_of(&app, "udp").await;
    let dropped = counts.get("kernel_dropped").copied().unwrap_or(0);
    assert!(received > 0 && dropped > 0, "{received} received");
    assert_eq!(received + dropped, SENT);
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_says_what_to_do() {
    let other = UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    for readers in [1, 2] {
        let settings = Settings {
            hep_udp: Some(taken.parse().unwrap()),
            hep_readers: Some(readers),
            ..Settings::default()
        };
        let Err(error) = try_live(settings).await else {
            panic!("it started");
        };
        let error = format!("{error:#}");
        assert!(
            error.contains(&taken) && error.contains("--hep-udp off"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn two_servers_never_share_a_port() {
    let settings = || Settings {
        hep_readers: Some(2),
        ..Settings::default()
    };
    let first = live(settings()).await;
    let again = Settings {
        hep_udp: Some(first.udp().to_string().parse().unwrap()),
        ..settings()
    };
    assert!(try_live(again).await.is_err());
    first.running.stop().await;
}
