//! `sidetone export`

mod file;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod row_group;
mod rows;
mod what;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use sidetone_core::id::AccountSid;
use tokio::sync::mpsc;

use self::file::TextFile;
use self::rows::{Output, Row, Rows};
use self::what::What;
use crate::accounts;
use crate::api::v1::row_text;
use crate::data::DataArgs;
use crate::web::form::Params;

/// Write calls, annotations or feedback into a file, for pandas, DuckDB, a spreadsheet
///
/// Reads the data directory, beside a running server or without one. Without --filter it is all
/// there is of the account; filters are those of GET /v1/Voice/Summaries. An export that was
/// interrupted goes on with --resume and the same options, and repeats no row. docs/export.md lists
/// the columns.
///
/// Example: sidetone export --data /var/lib/sidetone --format csv --output calls.csv
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct ExportArgs {
    /// How it is written
    #[arg(long, value_enum)]
    format: Format,
    /// What is written
    #[arg(long, value_enum, default_value = "summaries")]
    what: What,
    /// Only calls that match: a parameter of GET /v1/Voice/Summaries; may be given several times
    #[arg(long = "filter", value_name = "NAME=VALUE")]
    filters: Vec<String>,
    /// The account whose calls they are [default: the first account]
    #[arg(long)]
    account: Option<AccountSid>,
    /// The file; for Parquet a directory, of numbered parts [default: standard output]
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// Go on where an export into the same output was interrupted
    #[arg(long, requires = "output")]
    resume: bool,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A JSON object a line
    Ndjson,
    /// Comma-separated values
    Csv,
    /// Apache Parquet
    Parquet,
}

/// Pages of rows that wait to be written.
const WAITING: usize = 1;

/// Writes the rows, and tells how many there were.
///
/// # Errors
/// When a filter is malformed, or the data cannot be read or the output not written.
pub async fn run(args: ExportArgs) -> anyhow::Result<()> {
    let store = args.data.open().await?.store;
    let account = accounts::named_or_first(store.as_ref(), args.account).await?;
    let filters = filters(&args.filters)?;
    let mut rows = Rows::new(store, args.what, account, filters, args.data.clock()?.now());
    // What is wrong with the filters is said before there is any output.
    rows.begin(None)?;
    let (output, cursor) = open(&args)?;
    if let Some(cursor) = cursor {
        rows.begin(Some(&cursor))
            .context("the output was begun otherwise")?;
    }
    let mut progress = Progress::default();
    // Rows are read while those before them are written.
    let (sender, receiver) = mpsc::channel(WAITING);
    let writing = tokio::task::spawn_blocking(move || write(output, receiver));
    let read = read(&mut rows, &mut progress, sender).await;
    let not_written = || match args.output() {
        Some(path) => format!(
            "{} could not be written; --resume goes on in it",
            path.display()
        ),
        None => "standard output could not be written".to_owned(),
    };
    let mut output = writing.await?.with_context(not_written)?;
    read?;
    output.finish().with_context(not_written)?;
    progress.end(args.what)?;
    match rows.damaged {
        0 => Ok(()),
        calls => bail!(
            "{calls} calls are damaged in the database and were left out; `sidetone check` names them"
        ),
    }
}

impl ExportArgs {
    /// Where the rows go. `None`: to standard output.
    fn output(&self) -> Option<&Path> {
        let output = self.output.as_deref();
        output.filter(|it| *it != Path::new("-"))
    }
}

/// Reads the rows, until there are no more or nobody takes them.
async fn read(
    rows: &mut Rows,
    progress: &mut Progress,
    sender: mpsc::Sender<Vec<Row>>,
) -> anyhow::Result<()> {
    loop {
        let some = tokio::select! {
            some = rows.next() => some?,
            () = sender.closed() => None,
        };
        let Some(some) = some else { return Ok(()) };
        progress.add(some.len())?;
        if sender.send(some).await.is_err() {
            return Ok(());
        }
    }
}

fn write(
    mut output: Box<dyn Output>,
    mut rows: mpsc::Receiver<Vec<Row>>,
) -> anyhow::Result<Box<dyn Output>> {
    while let Some(some) = rows.blocking_recv() {
        output.write(some)?;
    }
    Ok(output)
}

/// The output, and the cursor to go on behind.
fn open(args: &ExportArgs) -> anyhow::Result<(Box<dyn Output>, Option<String>)> {
    let columns = args.what.columns();
    let output = args.output();
    if args.resume && output.is_none() {
        bail!("--resume goes on in a file: name it with --output");
    }
    let format = match args.format {
        Format::Ndjson => row_text::Format::Ndjson,
        Format::Csv => row_text::Format::Csv,
        Format::Parquet => {
            let directory = output
                .context("Parquet is written into a directory: name it with --output DIRECTORY")?;
            return open_parquet(args.what, directory, args.resume);
        }
    };
    match output {
        None => Ok((Box::new(TextFile::standard_output(format, columns)), None)),
        Some(path) => {
            let opened = TextFile::open(path, format, columns, args.resume);
            let (file, cursor) = opened.with_context(|| path.display().to_string())?;
            Ok((Box::new(file), cursor))
        }
    }
}

#[cfg(feature = "parquet")]
fn open_parquet(
    what: What,
    directory: &Path,
    resume: bool,
) -> anyhow::Result<(Box<dyn Output>, Option<String>)> {
    let opened = parquet::Parts::open(directory, what, resume);
    let (parts, cursor) = opened.with_context(|| directory.display().to_string())?;
    Ok((Box::new(parts), cursor))
}

#[cfg(not(feature = "parquet"))]
fn open_parquet(
    what: What,
    _: &Path,
    _: bool,
) -> anyhow::Result<(Box<dyn Output>, Option<String>)> {
    let what = what.as_str();
    bail!(
        "this sidetone was built without Parquet. Build it with `cargo build --release --features parquet`; or export with --format ndjson \
         --output {what}.ndjson and let DuckDB write it: duckdb -c \"copy (from read_json('{what}.ndjson', map_inference_threshold=-1)) to '{what}.parquet'\""
    )
}

fn filters(given: &[String]) -> anyhow::Result<Params> {
    let mut filters = Params::default();
    for filter in given {
        let (name, value) = filter
            .split_once('=')
            .with_context(|| format!("--filter {filter}: expected NAME=VALUE"))?;
        rows::expect_known(name)?;
        filters.push(name, value);
    }
    Ok(filters)
}

/// Rows between two times that the progress is shown.
const SHOWN: u64 = 1_000;

/// How many rows there are so far: on a terminal in one line.
#[derive(Default)]
struct Progress {
    rows: u64,
    shown: u64,
}

impl Progress {
    fn add(&mut self, rows: usize) -> std::io::Result<()> {
        self.rows += rows as u64;
        let mut out = std::io::stderr();
        if self.rows >= self.shown + SHOWN && out.is_terminal() {
            self.shown = self.rows;
            write!(out, "\r{} rows", self.rows)?;
        }
        Ok(())
    }

    fn end(&self, what: What) -> std::io::Result<()> {
        let mut out = std::io::stderr();
        let begin = if self.shown > 0 { "\r" } else { "" };
        writeln!(out, "{begin}{}: {} rows", what.as_str(), self.rows)
    }
}
