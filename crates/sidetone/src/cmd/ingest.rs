//! `sidetone ingest`

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use axum::body::Bytes;
use clap::Args;
use sidetone_core::id::AccountSid;
use sidetone_wire::batch::Batch;
use sidetone_wire::pcap;
use sidetone_wire::translate::event_streams as cloud_events;
use sidetone_wire::translate::native::NativeReader;

use super::offline;
use crate::api::error::ApiError;
use crate::app::App;
use crate::data::DataArgs;
use crate::data_dir;
use crate::ingest::outcome::Outcome;
use crate::ingest::{event_streams, hep, native::Upload};
use crate::workers::catch_up::CatchUp;

/// Read files of events into a data directory, beside a running server or without one
///
/// .ndjson and .json files hold native events (one a line, or one array); a .json file of
/// CloudEvents is taken as Event Streams; of a .pcap or .pcapng file the HEP packets are taken.
/// Calls that ended in a file need not settle: they are complete once they are folded, which a
/// running server does within a second. The same file twice changes nothing. To send to a server on
/// another machine, POST the file to /ingest/v1/events.
///
/// Example: sidetone ingest --data /var/lib/sidetone calls.ndjson
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct IngestArgs {
    /// The files; `-` is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The account whose calls they are [default: the first account]
    #[arg(long)]
    account: Option<AccountSid>,
    #[command(flatten)]
    data: DataArgs,
    /// Configuration file of the server, for how long calls settle and may be idle [default: sidetone.toml, when there is one]
    #[arg(long, env = "SIDETONE_CONFIG")]
    config: Option<PathBuf>,
}

/// Most refusals that are printed of a file; the rest are counted.
const PRINTED_MAX: usize = 10;

/// Reads the files; prints what became of their events.
///
/// # Errors
/// When a file cannot be read, or any event was refused.
pub async fn run(args: IngestArgs) -> anyhow::Result<()> {
    let app = offline::open(&args.data, args.config.as_deref()).await?;
    let account = match args.account {
        Some(account) => account,
        None => app
            .directory
            .first_account()
            .context("there is no account yet; make one with `sidetone account create`")?,
    };
    let mut refused = 0;
    for file in &args.files {
        let outcome = ingest(&app, account, file)
            .await
            .with_context(|| format!("in {}", file.display()))?;
        refused += outcome.rejected;
        print(file, &outcome)?;
    }
    // A server that is running folds; without one, nobody else would.
    if let Ok(_lock) = data_dir::lock(&args.data.data) {
        CatchUp::new(app).drain().await?;
    }
    if refused > 0 {
        bail!("{refused} events were refused; the others were kept");
    }
    Ok(())
}

async fn ingest(app: &App, account: AccountSid, path: &Path) -> anyhow::Result<Outcome> {
    let standard_input = path == Path::new("-");
    let mut file: Box<dyn Read + Send> = if standard_input {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path)?)
    };
    let size = if standard_input {
        0
    } else {
        std::fs::metadata(path)?.len()
    };
    let mut buffer = vec![0; 256 * 1024];
    let mut filled = fill(file.as_mut(), &mut buffer)?;
    if pcap::is_capture(&buffer[..filled]) {
        return hep::file::keep(app, account, buffer[..filled].chain(file)).await;
    }
    if event_streams::looks_like(&buffer[..filled]) {
        let mut body = buffer[..filled].to_vec();
        file.read_to_end(&mut body)?;
        let now = app.clock.now();
        let batch = cloud_events::decode(&body, now)?;
        return Ok(event_streams::keep(app, account, None, batch, now).await?);
    }
    check_beginning(&buffer[..filled], filled < buffer.len())?;
    let mut upload = Upload::new(app.clone(), account, true);
    let mut progress = Progress::new(size);
    while filled > 0 {
        let bytes = Bytes::copy_from_slice(&buffer[..filled]);
        upload.feed(bytes).await.map_err(told)?;
        progress.add(filled as u64)?;
        filled = fill(file.as_mut(), &mut buffer)?;
    }
    upload.finish(Ok(())).await.map_err(told)
}

fn told(error: ApiError) -> anyhow::Error {
    anyhow::anyhow!("{}", error.message())
}

/// How compressed files begin, and what unpacks them.
const COMPRESSED: [(&[u8], &str); 4] = [
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
];

/// Spares the reading of a file that holds something else.
fn check_beginning(beginning: &[u8], is_all: bool) -> anyhow::Result<()> {
    if let Some((_, format)) = COMPRESSED
        .iter()
        .find(|(magic, _)| beginning.starts_with(magic))
    {
        bail!(
            "it is compressed by {format}, and read only as it was before: unpack it first, or into the command: {format} -dc FILE | sidetone ingest -"
        );
    }
    let mut batch = Batch::default();
    let mut reader = NativeReader::default();
    reader.feed(beginning, &mut batch);
    if is_all {
        reader.finish(&mut batch);
    }
    match batch.refused.first.first() {
        Some(error) if batch.observed.is_empty() => bail!(
            "there is no event at its beginning ({error}). Files that are understood, none of them compressed: native events (one JSON object a line, or one array), Event Streams (a JSON array of CloudEvents), captures of HEP packets (.pcap, .pcapng)"
        ),
        _ => Ok(()),
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut dyn Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

/// A line on the terminal that says how far it is.
struct Progress {
    size: u64,
    done: u64,
    shown: u64,
}

impl Progress {
    fn new(size: u64) -> Self {
        Self {
            size,
            done: 0,
            shown: 0,
        }
    }

    fn add(&mut self, bytes: u64) -> std::io::Result<()> {
        self.done += bytes;
        let percent = (self.done * 100).checked_div(self.size).unwrap_or(0);
        let mut out = std::io::stderr();
        if self.size > 0 && percent > self.shown && out.is_terminal() {
            self.shown = percent;
            write!(out, "\r{percent} %")?;
            if percent >= 100 {
                writeln!(out)?;
            }
        }
        Ok(())
    }
}

fn print(file: &Path, outcome: &Outcome) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{}: {} accepted, {} duplicates, {} rejected, {} ignored",
        file.display(),
        outcome.accepted,
        outcome.duplicates,
        outcome.rejected,
        outcome.ignored
    )?;
    for (reason, number) in &outcome.repaired {
        writeln!(out, "  repaired: {reason} ({number})")?;
    }
    let printed = outcome.errors.iter().take(PRINTED_MAX);
    let more = outcome.rejected.saturating_sub(printed.len() as u64);
    for refusal in printed {
        writeln!(out, "  {}", refusal.message)?;
    }
    if more > 0 {
        writeln!(out, "  … and {more} more")?;
    }
    Ok(())
}
