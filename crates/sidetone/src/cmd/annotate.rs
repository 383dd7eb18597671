//! `sidetone annotate`

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use sha2::{Digest, Sha256};
use sidetone_core::id::{AccountSid, AnnotationBatchSid};
use sidetone_store::Store;

use super::output::print_json;
use crate::accounts;
use crate::api::v1::annotations::line::Line;
use crate::api::v1::annotations::lines::Lines;
use crate::api::v1::annotations::undo::Undoing;
use crate::api::v1::annotations::upload::{LineResult, Upload, Word, sid_of};
use crate::api::v1::row_text::Format;
use crate::clock::Clock;
use crate::data::DataArgs;
use crate::secrets::random_hex;

/// Annotate many calls, as a file says
///
/// A line for each call: JSON objects (.ndjson) or CSV (.csv), with `call_sid` and what is to
/// change: `answered_by`, `connectivity_issue`, `quality_issues`, `spam`, `call_score`, `comment`,
/// `incident`. What a line does not say stays; in CSV that is also an empty value, in JSON null
/// clears. A line that is wrong is told with its number and stops no other. The same file twice
/// changes nothing more. --undo takes a batch back, where nobody has annotated since.
///
/// Example: sidetone annotate --data /var/lib/sidetone judged.csv
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct AnnotateArgs {
    /// The file; `-` is standard input, in JSON
    #[arg(required_unless_present = "undo")]
    file: Option<PathBuf>,
    /// Takes a batch back, by the identifier that was printed
    #[arg(long, value_name = "BATCH", conflicts_with_all = ["file", "key"])]
    undo: Option<AnnotationBatchSid>,
    /// What the batch is called: what came under the same key before does not come again [default:
    /// the file's content]
    #[arg(long)]
    key: Option<String>,
    /// The account whose calls they are [default: the first account]
    #[arg(long)]
    account: Option<AccountSid>,
    #[command(flatten)]
    data: DataArgs,
}

/// Who changed it, as the history tells.
const BY: &str = "annotate";
/// Most refusals that are printed; the rest are counted.
const PRINTED_MAX: u64 = 10;
const PIECE_BYTES: usize = 64 * 1024;

/// Annotates, and prints what became of the lines.
///
/// # Errors
/// When the file cannot be read, or any line was refused.
pub async fn run(args: AnnotateArgs) -> anyhow::Result<()> {
    let store = args.data.open().await?.store;
    let clock = args.data.clock()?;
    let account = accounts::named_or_first(store.as_ref(), args.account).await?;
    match (args.undo, args.file) {
        (Some(sid), _) => undo(store.as_ref(), account, sid, &clock).await,
        (None, Some(file)) => annotate(store, account, &file, args.key, clock).await,
        // The command line asks for either.
        (None, None) => Ok(()),
    }
}

async fn undo(
    store: &dyn Store,
    account: AccountSid,
    sid: AnnotationBatchSid,
    clock: &Clock,
) -> anyhow::Result<()> {
    let undoing = Undoing {
        sid,
        account,
        by: BY.to_owned(),
    };
    let report = undoing.all(store, || clock.now()).await?;
    print_json(&report.with_context(|| format!("the account {account} has no batch {sid}"))?)
}

async fn annotate(
    store: Arc<dyn Store>,
    account: AccountSid,
    path: &Path,
    key: Option<String>,
    clock: Clock,
) -> anyhow::Result<()> {
    let in_file = || path.display().to_string();
    let is_standard_input = path == Path::new("-");
    let key = match key {
        Some(key) => key,
        None if is_standard_input => random_hex(16)?,
        None => content_key(path).with_context(in_file)?,
    };
    let format = match path.extension().and_then(|it| it.to_str()) {
        Some("csv") => Format::Csv,
        Some("ndjson" | "jsonl" | "json") => Format::Ndjson,
        None if is_standard_input => Format::Ndjson,
        _ => bail!(
            "{}: expected a name that ends in .ndjson or .csv",
            in_file()
        ),
    };
    let upload = Upload {
        store,
        sid: sid_of(account, &key),
        account,
        by: BY.to_owned(),
        accept_unknown: false,
        only_advanced: false,
    };
    let mut file: Box<dyn Read + Send> = if is_standard_input {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).with_context(in_file)?)
    };
    let mut lines = Lines::new(format);
    let mut tally = Tally {
        clock,
        ..Tally::default()
    };
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        let read = file.read(&mut buffer).with_context(in_file)?;
        let mut came = Vec::new();
        let fed = match read {
            0 => lines.finish(&mut came),
            _ => lines.feed(&buffer[..read], &mut came),
        };
        fed.map_err(|invalid| anyhow::anyhow!("{}: {}", in_file(), invalid.message))?;
        tally.take(&upload, came).await?;
        if read == 0 {
            break;
        }
    }
    tally.print(&upload, &lines)
}

/// A key that is the same for the same content.
fn content_key(path: &Path) -> anyhow::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    Ok(format!("{:x}", hash.finalize()))
}

/// What became of the lines.
#[derive(Default)]
struct Tally {
    clock: Clock,
    changed: u64,
    unchanged: u64,
    repeated: u64,
    refused: u64,
}

impl Tally {
    async fn take(&mut self, upload: &Upload, lines: Vec<Line>) -> anyhow::Result<()> {
        for result in upload.take(lines, self.clock.now()).await? {
            match result.result {
                Word::Changed => self.changed += 1,
                Word::Unchanged => self.unchanged += 1,
                Word::Repeated => self.repeated += 1,
                Word::Refused => {
                    self.refused += 1;
                    if self.refused <= PRINTED_MAX {
                        tell(&result)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn print(&self, upload: &Upload, lines: &Lines) -> anyhow::Result<()> {
        let Self {
            changed,
            unchanged,
            repeated,
            refused,
            ..
        } = self;
        let mut out = std::io::stdout();
        if *refused > PRINTED_MAX {
            writeln!(out, "  … and {} more", refused - PRINTED_MAX)?;
        }
        if !lines.unknown.is_empty() {
            let names: Vec<&str> = lines.unknown.iter().map(String::as_str).collect();
            writeln!(out, "not read: {}", names.join(", "))?;
        }
        writeln!(
            out,
            "{}: {changed} changed, {unchanged} unchanged, {repeated} repeated, {refused} refused",
            upload.sid
        )?;
        if *refused > 0 {
            bail!("{refused} lines were refused; the others were taken");
        }
        Ok(())
    }
}

fn tell(result: &LineResult) -> anyhow::Result<()> {
    let message = result.message.as_deref().unwrap_or_default();
    let call = result
        .call_sid
        .map(|sid| format!(" {sid}:"))
        .unwrap_or_default();
    Ok(writeln!(
        std::io::stdout(),
        "  Line {}:{call} {message}",
        result.line
    )?)
}
