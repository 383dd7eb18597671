//! Packets of agents over real sockets: what is taken, what is turned away, and that each is
//! counted.

mod datagrams;
mod doors;
mod locations;
mod names;
mod quality;
mod streams;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sidetone::app::App;
use sidetone::clock::Clock;
use sidetone::cmd::serve::{Running, start};
use sidetone::config::{AgentEntry, Secret, Settings};
use sidetone_core::correlate::sip_call_sid;
use sidetone_core::event::EventKind;
use sidetone_core::id::{AccountSid, CallRef};
use sidetone_core::time::TimeUs;
use sidetone_store::EventFilter;
use sidetone_store::page::{PageRequest, Start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{ACCOUNT, TOKEN};

/// A request that begins a call, as an agent mirrors it.
const INVITE: &[u8] = b"INVITE sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
    From: <sip:alice@192.0.2.1>;tag=1\r\nTo: <sip:bob@192.0.2.2>\r\nCall-ID: hep-test@192.0.2.1\r\nCSeq: 1 INVITE\r\n\
    Content-Length: 0\r\n\r\n";
/// What packets are, as agents say.
const SIP: u8 = 1;
const RTCP: u8 = 5;
/// An agent that has an entry in the settings.
const KNOWN: u32 = 101;
const KEY: &str = "s3cret";

/// A packet, each captured a microsecond after the one before, so that none is a duplicate.
fn packet(agent: u32, key: Option<&str>, payload: Option<&[u8]>) -> Vec<u8> {
    let between = ["192.0.2.1:0", "192.0.2.2:0"];
    packet_between(between, agent, key, (SIP, payload))
}

/// The same of a packet of any kind that went from the first address to the second.
fn packet_between(
    between: [&str; 2],
    agent: u32,
    key: Option<&str>,
    (kind, payload): (u8, Option<&[u8]>),
) -> Vec<u8> {
    static MICROSECOND: AtomicU32 = AtomicU32::new(0);
    let microsecond = MICROSECOND.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let agent = agent.to_be_bytes();
    let ends = between.map(|end| end.parse::<SocketAddr>().unwrap());
    let ips = ends.map(|end| match end.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    });
    let ports = ends.map(|end| end.port().to_be_bytes());
    let first = if ends[0].is_ipv4() { 3 } else { 5 };
    let mut chunks: Vec<(u16, &[u8])> = vec![
        (first, &ips[0]),
        (first + 1, &ips[1]),
        (7, &ports[0]),
        (8, &ports[1]),
        (9, &[0x69, 0, 0, 0]),
        (10, &microsecond),
        (11, std::slice::from_ref(&kind)),
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

/// The same packet, captured at another second since 1970.
fn captured(mut packet: Vec<u8>, seconds: u32) -> Vec<u8> {
    let at = packet
        .windows(4)
        .position(|bytes| bytes == [0x69, 0, 0, 0])
        .unwrap();
    packet[at..at + 4].copy_from_slice(&seconds.to_be_bytes());
    packet
}

/// When the messages of the call of [`INVITE`] were captured, by their time.
async fn invites(app: &App, account: AccountSid) -> Vec<TimeUs> {
    let sid = sip_call_sid(account, "hep-test@192.0.2.1");
    let request = PageRequest {
        start: Start::First { skip: 0 },
        size: 100,
    };
    let filter = EventFilter {
        kinds: vec![EventKind::Sip],
        ..EventFilter::default()
    };
    let call = CallRef { account, sid };
    let page = app.store.events(call, &filter, &request).await.unwrap();
    page.rows.iter().map(|(_, event)| event.at).collect()
}

struct Live {
    running: Running,
    dir: tempfile::TempDir,
}

async fn try_live(settings: Settings) -> anyhow::Result<Live> {
    let dir = tempfile::tempdir().unwrap();
    let running = start_at(dir.path(), settings).await?;
    Ok(Live { running, dir })
}

async fn start_at(data: &Path, settings: Settings) -> anyhow::Result<Running> {
    let any = Some("127.0.0.1:0".parse().unwrap());
    let settings = Settings {
        data: Some(data.to_owned()),
        account_sid: Some(ACCOUNT.to_owned()),
        auth_token: Some(TOKEN.parse().unwrap()),
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
    start(settings.resolve(None).unwrap(), Clock::default()).await
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
        counts_of(&self.running.app, transport).await
    }

    /// The summary of a SIP call over HTTP, once it is as wanted.
    async fn summary(&self, call_id: &str, is_ready: impl Fn(&Value) -> bool) -> Value {
        let call = sip_call_sid(ACCOUNT.parse().unwrap(), call_id);
        let address = self.running.url.trim_start_matches("http://");
        let token = STANDARD.encode(format!("{ACCOUNT}:{TOKEN}"));
        let request = format!(
            "GET /v1/Voice/{call}/Summary?ProcessingState=partial HTTP/1.1\r\nHost: {address}\r\n\
            Authorization: Basic {token}\r\nConnection: close\r\n\r\n"
        );
        let mut text = String::new();
        for _ in 0..600 {
            text.clear();
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            stream.read_to_string(&mut text).await.unwrap();
            let body = text.split_once("\r\n\r\n").unwrap().1;
            match serde_json::from_str(body) {
                Ok(summary) if text.starts_with("HTTP/1.1 200") && is_ready(&summary) => {
                    return summary;
                }
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        panic!("not as wanted: {text}");
    }

    /// The same, once there are so many in all.
    async fn settled(&self, transport: &str, total: u64) -> BTreeMap<String, u64> {
        for _ in 0..2_400 {
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

/// The packets of a transport by result and reason.
async fn counts_of(app: &App, transport: &str) -> BTreeMap<String, u64> {
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
