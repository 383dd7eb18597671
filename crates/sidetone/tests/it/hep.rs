//! Packets of agents over real sockets: what is taken, what is turned away, and that each is counted.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use sidetone::clock::Clock;
use sidetone::cmd::serve::{Running, start};
use sidetone::config::{AgentEntry, Secret, Settings};
use sidetone::ingest::hep::{file, queue::queue, socket, udp};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::harness::{ACCOUNT, TestServer};
use crate::model::{Random, seed};

/// A request that begins a call, as an agent mirrors it.
const INVITE: &[u8] = b"INVITE sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
    From: <sip:alice@192.0.2.1>;tag=1\r\nTo: <sip:bob@192.0.2.2>\r\nCall-ID: hep-test@192.0.2.1\r\nCSeq: 1 INVITE\r\n\
    Content-Length: 0\r\n\r\n";
/// An agent that has an entry in the settings.
const KNOWN: u32 = 101;
const KEY: &str = "s3cret";

fn packet(agent: u32, key: Option<&str>, payload: Option<&[u8]>) -> Vec<u8> {
    let agent = agent.to_be_bytes();
    let mut chunks: Vec<(u16, &[u8])> = vec![
        (3, &[192, 0, 2, 1]),
        (4, &[192, 0, 2, 2]),
        (9, &[0x69, 0, 0, 0]),
        (11, &[1]),
        (12, &agent),
    ];
    chunks.extend(key.map(|key| (14, key.as_bytes())));
    chunks.extend(payload.map(|payload| (15, payload)));
    let mut bytes = b"HEP3\0\0".to_vec();
    for (kind, value) in chunks {
        bytes.extend([0, 0]);
        bytes.extend(kind.to_be_bytes());
        bytes.extend(u16::try_from(value.len() + 6).unwrap().to_be_bytes());
        bytes.extend(value);
    }
    let length = u16::try_from(bytes.len()).unwrap();
    bytes[4..6].copy_from_slice(&length.to_be_bytes());
    bytes
}

struct Live {
    running: Running,
    _dir: tempfile::TempDir,
}

async fn try_live(settings: Settings) -> anyhow::Result<Live> {
    let dir = tempfile::tempdir().unwrap();
    let any = Some("127.0.0.1:0".parse().unwrap());
    let settings = Settings {
        data: Some(dir.path().to_owned()),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        hep_udp: settings.hep_udp.or(any),
        hep_tcp: settings.hep_tcp.or(any),
        agent: vec![AgentEntry {
            capture_id: KNOWN,
            key: Some(Secret(KEY.to_owned())),
            sources: None,
            account: None,
        }],
        ..settings
    };
    let running = start(settings.resolve(None).unwrap(), Clock::default()).await?;
    Ok(Live { running, _dir: dir })
}

async fn live(settings: Settings) -> Live {
    try_live(settings).await.unwrap()
}

impl Live {
    fn udp(&self) -> SocketAddr {
        self.running.hep.udp.unwrap()
    }

    fn tcp(&self) -> SocketAddr {
        self.running.hep.tcp.unwrap()
    }

    /// The packets of a transport by result and reason.
    async fn counts(&self, transport: &str) -> BTreeMap<String, u64> {
        let app = &self.running.app;
        let text = app.counters.encode(app.store.stats().await.unwrap());
        let mut counts = BTreeMap::new();
        let start = format!("sidetone_hep_packets_total{{transport=\"{transport}\",result=\"");
        for line in text.lines() {
            let Some((labels, number)) = line
                .strip_prefix(&start)
                .and_then(|rest| rest.split_once("\"} "))
            else {
                continue;
            };
            let (result, reason) = labels.split_once("\",reason=\"").unwrap();
            let name = match reason {
                "" => result.to_owned(),
                _ => format!("{result}: {reason}"),
            };
            counts.insert(name, number.parse().unwrap());
        }
        counts
    }

    /// The same, once there are so many in all.
    async fn settled(&self, transport: &str, total: u64) -> BTreeMap<String, u64> {
        for _ in 0..600 {
            let counts = self.counts(transport).await;
            let sum: u64 = counts.values().sum();
            if sum >= total {
                assert_eq!(sum, total, "{counts:?}");
                return counts;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not {total}: {:?}", self.counts(transport).await);
    }
}

fn counts<const N: usize>(expected: [(&str, u64); N]) -> BTreeMap<String, u64> {
    expected
        .map(|(name, number)| (name.to_owned(), number))
        .into()
}

#[tokio::test]
async fn datagrams_of_both_versions_come_in_at_one_address() {
    let live = live(Settings {
        hep_udp: Some("[::]:0".parse().unwrap()),
        hep_readers: Some(3),
        ..Settings::default()
    })
    .await;
    let port = live.udp().port();
    let good = packet(1, None, Some(INVITE));
    for (from, to) in [("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "::1")] {
        // Each sender has a port of its own, so that the readers share them.
        for _ in 0..20 {
            let sender = UdpSocket::bind(from).unwrap();
            sender.send_to(&good, (to, port)).unwrap();
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
        ("malformed: not HEP3", 2),
        ("refused_agent", 1),
        ("refused_key", 2),
        ("version: HEP version 1 or 2", 1),
    ]);
    assert_eq!(live.settled("udp", 9).await, expected);
    live.running.stop().await;
}

#[tokio::test]
async fn streams_of_both_versions_are_cut_into_packets() {
    let live = live(Settings {
        hep_tcp: Some("[::]:0".parse().unwrap()),
        ..Settings::default()
    })
    .await;
    let good = packet(1, None, Some(INVITE));
    let port = live.tcp().port();
    for host in ["127.0.0.1", "::1"] {
        let mut stream = TcpStream::connect((host, port)).await.unwrap();
        let bytes = [&good[..], b"GET / HTTP/1.1\r\n", &good, &good, &good[..40]].concat();
        for piece in bytes.chunks(100) {
            stream.write_all(piece).await.unwrap();
            stream.flush().await.unwrap();
        }
        stream.shutdown().await.unwrap();
    }
    let counted = live.settled("tcp", 2 * 5).await;
    let expected = counts([
        ("accepted", 6),
        ("malformed: bytes between packets", 2),
        ("malformed: stream ended within a packet", 2),
    ]);
    assert_eq!(counted, expected);
    let open = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let stopping = tokio::time::timeout(Duration::from_secs(2), live.running.stop());
    assert!(stopping.await.is_ok(), "an open connection keeps nobody");
    drop(open);
}

#[tokio::test]
async fn connections_from_where_no_agent_may_be_are_closed() {
    let settings = Settings {
        hep_allow: Some("192.0.2.0/24".parse().unwrap()),
        ..Settings::default()
    };
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings {
        data: Some(dir.path().to_owned()),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        hep_udp: Some("off".parse().unwrap()),
        hep_tcp: Some("127.0.0.1:0".parse().unwrap()),
        ..settings
    };
    let running = start(settings.resolve(None).unwrap(), Clock::default())
        .await
        .unwrap();
    let live = Live { running, _dir: dir };
    let _stream = TcpStream::connect(live.tcp()).await.unwrap();
    let expected = counts([("refused_source: connection", 1)]);
    assert_eq!(live.settled("tcp", 1).await, expected);
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
        option: "--test",
    };
    let any = "127.0.0.1:0".parse().unwrap();
    let socket = socket::datagrams(any, 1, purpose).unwrap().remove(0);
    udp::enlarge(&socket, 1).unwrap();
    let to = socket.local_addr().unwrap();
    let app = server.app.clone();
    app.counters.kernel.watch("udp", &socket).unwrap();
    // Nobody takes from the queue, which holds one batch, before all is sent.
    let (inlet, mut outlet) = queue(1);
    let (stop, stopped) = watch::channel(false);
    let reader = {
        let app = app.clone();
        tokio::task::spawn_blocking(move || udp::read(&app, &socket, &inlet, &stopped))
    };
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..SENT {
        sender.send_to(&packet(1, None, Some(INVITE)), to).unwrap();
    }
    let mut received = 0;
    let pause = Duration::from_millis(500);
    while let Ok(Some(batch)) = tokio::time::timeout(pause, outlet.next()).await {
        received += batch.len() as u64;
        outlet.give_back(batch);
    }
    stop.send_replace(true);
    reader.await.unwrap();
    let dropped = app
        .counters
        .hep
        .get_or_create(&sidetone::telemetry::HepLabels {
            transport: "udp",
            result: "kernel_dropped",
            reason: "",
        });
    assert!(received > 0 && dropped.get() > 0, "{received} received");
    assert_eq!(received + dropped.get(), SENT);
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

#[tokio::test]
async fn packets_come_in_by_http_for_the_callers_account() {
    let server = TestServer::start().await;
    let body = [
        packet(KNOWN, None, Some(INVITE)),
        packet(9, None, Some(INVITE)),
    ]
    .concat();
    let kind = "application/octet-stream";
    let answer = server
        .post_as("/ingest/v1/hep?Settle=true", kind, body.clone())
        .await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    assert_eq!(answer.json()["rejected"], 0, "{}", answer.text);
    let none = server
        .post_as("/ingest/v1/hep", kind, b"HEP2".to_vec())
        .await;
    assert_eq!(none.status.as_u16(), 400, "{}", none.text);
    let stranger = server.log_in(ACCOUNT, "another");
    let refused = stranger.post_as("/ingest/v1/hep", kind, body).await;
    assert_eq!(refused.error(), (401, 20003));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phones_report_is_answered_and_taken() {
    let live = live(Settings {
        sip_udp: Some("127.0.0.1:0".parse().unwrap()),
        ..Settings::default()
    })
    .await;
    let phone = UdpSocket::bind("127.0.0.1:0").unwrap();
    phone
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let request = "PUBLISH sip:collector@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK1\r\n\
        From: <sip:alice@192.0.2.1>;tag=1\r\nTo: <sip:collector@127.0.0.1>\r\nCall-ID: own@192.0.2.1\r\nCSeq: 1 PUBLISH\r\n\
        Event: vq-rtcpxr\r\nContent-Type: application/vq-rtcpxr\r\n\r\n\
        VQSessionReport: CallTerm\r\nCallID: hep-test@192.0.2.1\r\nLocalMetrics:\r\nTimestamps:START=2026-06-01T10:00:00Z STOP=2026-06-01T10:01:00Z\r\n";
    let ask = |text: &str| {
        phone
            .send_to(text.as_bytes(), live.running.hep.sip.unwrap())
            .unwrap();
        let mut buffer = [0; 4_096];
        let length = tokio::task::block_in_place(|| phone.recv(&mut buffer)).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let answer = ask(request);
    assert!(answer.starts_with("SIP/2.0 200 OK\r\n"), "{answer}");
    assert!(answer.contains("SIP-ETag: "), "{answer}");
    let answer = ask(&request.replace("PUBLISH", "INVITE"));
    assert!(answer.starts_with("SIP/2.0 405 "), "{answer}");
    assert_eq!(live.settled("sip", 2).await["not_a_report"], 1);
    live.running.stop().await;
}

#[tokio::test]
async fn a_capture_file_is_read() {
    let server = TestServer::start().await;
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/hep/clean-call.pcap"
    );
    let capture = std::fs::read(path).unwrap();
    assert!(file::looks_like(&capture));
    let account = ACCOUNT.parse().unwrap();
    let report = file::keep(&server.app, account, &capture).await.unwrap();
    assert!(report.accepted > 0 && report.rejected == 0, "{report:?}");
    let cut = &capture[..capture.len() - 3];
    let report = file::keep(&server.app, account, cut).await.unwrap();
    assert_eq!(report.rejected, 1, "{report:?}");
    assert!(
        file::keep(&server.app, account, &capture[..24])
            .await
            .is_err()
    );
}
