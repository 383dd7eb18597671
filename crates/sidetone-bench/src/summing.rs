//! Summaries of feedback: from the request until one is completed, as a client sees it, and the
//! rows read for it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sidetone_core::time::day_text;
use sidetone_store::feedback::FeedbackRange;
use sidetone_store::prelude::*;
use sidetone_store_sqlite::{Options, SqliteStore};

use crate::data;
use crate::figures::{Sorted, ms};

/// Summaries that are asked for, one after the other.
const SUMMARIES: usize = 200;

/// A connection that is kept.
struct Client {
    stream: BufReader<TcpStream>,
    head: String,
}

impl Client {
    fn request(
        &mut self,
        method: &str,
        path: &str,
        form: &str,
    ) -> anyhow::Result<serde_json::Value> {
        let length = form.len();
        write!(
            self.stream.get_mut(),
            "{method} {path} HTTP/1.1\r\n{}Content-Length: {length}\r\n\r\n{form}",
            self.head
        )?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            ensure!(
                self.stream.read_line(&mut line)? > 0,
                "the connection was closed"
            );
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(serde_json::from_slice(&body)?)
    }
}

/// Prints p50, p99 and longest (ms), rows read, and hours of the range: all days that there are
/// calls of.
#[allow(clippy::disallowed_methods, reason = "it measures")]
pub async fn run(address: &str, login: &str, dir: &Path) -> anyhow::Result<()> {
    let facts = data::facts(dir)?;
    let last = facts.end.day();
    let range = FeedbackRange {
        account: facts.account_sid,
        include_subaccounts: false,
        days: last - 400..=last,
    };
    let store = SqliteStore::open(&data::database(dir), Options::default())?;
    let (tally, rows) = store.tally_feedback(&range).await?;
    ensure!(tally.rated() > 0, "nothing is rated");
    let stream = TcpStream::connect(address).with_context(|| format!("cannot reach {address}"))?;
    stream.set_nodelay(true)?;
    let mut client = Client {
        stream: BufReader::new(stream),
        head: format!(
            "Host: {address}\r\nAuthorization: Basic {}\r\nContent-Type: application/x-www-form-urlencoded\r\n",
            STANDARD.encode(login)
        ),
    };
    let path = format!(
        "/2010-04-01/Accounts/{}/Calls/FeedbackSummary",
        facts.account_sid
    );
    let form = format!(
        "StartDate={}&EndDate={}",
        day_text(last - 400),
        day_text(last)
    );
    let mut times = Vec::new();
    for _ in 0..SUMMARIES {
        let begin = Instant::now();
        let mut summary = client.request("POST", &path, &form)?;
        let sid = summary["sid"].as_str().context("no summary")?.to_owned();
        while summary["status"] != "completed" {
            ensure!(
                summary["status"] != "failed" && begin.elapsed() < Duration::from_secs(10),
                "{summary}"
            );
            std::thread::sleep(Duration::from_micros(200));
            summary = client.request("GET", &format!("{path}/{sid}.json"), "")?;
        }
        times.push(begin.elapsed());
        ensure!(summary["call_count"] == tally.calls, "{summary}");
    }
    let times = Sorted::new(times);
    let [p50, p99, longest] = [50, 99, 100].map(|percent| ms(times.percentile(percent)));
    println!("{p50} {p99} {longest} {rows} {}", 401 * 24);
    Ok(())
}
