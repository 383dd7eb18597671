//! Streams.

use std::time::Duration;

use sidetone::clock::Clock;
use sidetone::cmd::serve::start;
use sidetone::config::Settings;
use sidetone_core::time::TimeUs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{INVITE, Live, counts, live, packet};

#[tokio::test]
async fn streams_of_both_versions_are_cut_into_packets() {
    let live = live(Settings {
        hep_tcp: Some("[::]:0".parse().unwrap()),
        ..Settings::default()
    })
    .await;
    let good = || packet(1, None, Some(INVITE));
    let port = live.tcp().port();
    for host in ["127.0.0.1", "::1"] {
        let mut stream = TcpStream::connect((host, port)).await.unwrap();
        let bytes = [
            &good()[..],
            b"GET / HTTP/1.1
",
            &good(),
            &good(),
            &good()[..40],
        ]
        .concat();
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
async fn what_is_another_protocol_is_named_and_closed() {
    let live = live(Settings::default()).await;
    for beginning in [
        &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        b"\x16\x03\x01\x00\xee\x01",
        b"REGISTER sip:a SIP/2.0\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(live.tcp()).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut rest));
        assert!(closed.await.is_ok(), "{beginning:?}");
    }
    let expected = counts([
        ("malformed: HTTP", 1),
        ("malformed: SIP", 1),
        ("malformed: TLS", 1),
    ]);
    assert_eq!(live.settled("tcp", 3).await, expected);
    live.running.stop().await;
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
    let live = Live { running, dir };
    let _stream = TcpStream::connect(live.tcp()).await.unwrap();
    let expected = counts([("refused_source: connection", 1)]);
    assert_eq!(live.settled("tcp", 1).await, expected);
    live.running.stop().await;
}

#[tokio::test]
async fn a_silent_connection_makes_room_for_another() {
    let clock = Clock::set_to(TimeUs::parse_rfc3339("2026-06-01T12:00:00Z").unwrap());
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings {
        data: Some(dir.path().to_owned()),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        max_connections: Some(2),
        hep_udp: Some("off".parse().unwrap()),
        hep_tcp: Some("127.0.0.1:0".parse().unwrap()),
        ..Settings::default()
    };
    let running = start(settings.resolve(None).unwrap(), clock.clone())
        .await
        .unwrap();
    let live = Live { running, dir };
    let good = || packet(1, None, Some(INVITE));
    let connect = || async { TcpStream::connect(live.tcp()).await.unwrap() };
    let say = async |stream: &mut TcpStream, total| {
        stream.write_all(&good()).await.unwrap();
        live.settled("tcp", total).await;
    };
    let is_closed = async |stream: &mut TcpStream| {
        let pause = Duration::from_secs(5);
        let read = tokio::time::timeout(pause, stream.read_u8()).await;
        read.expect("it is closed").is_err()
    };
    let (mut silent, mut talks) = (connect().await, connect().await);
    say(&mut silent, 1).await;
    say(&mut talks, 2).await;
    clock.advance_us(59_000_000);
    let mut refused = connect().await;
    assert!(is_closed(&mut refused).await, "nobody was silent for long");
    say(&mut talks, 3).await;
    clock.advance_us(1_000_000);
    let mut third = connect().await;
    assert!(is_closed(&mut silent).await);
    say(&mut third, 4).await;
    say(&mut talks, 5).await;
    let counters = &live.running.app.counters;
    let counted = (
        counters.connections_refused.get(),
        counters.connections_displaced.get(),
    );
    assert_eq!(counted, (1, 1));
    live.running.stop().await;
}
