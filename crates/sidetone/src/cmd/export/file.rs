//! Rows as text in a file that an interrupted export goes on in, or on standard output.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};

use super::rows::{Output, Row};
use crate::api::v1::export::column::Column;
use crate::api::v1::export::columns::CURSOR;
use crate::api::v1::export::text::Lines;
use crate::api::v1::row_text::Format;

/// What every row begins with.
const ROW: &[u8] = b"{\"account_sid\":";

/// Where rows are written, a line each.
pub(super) struct TextFile {
    to: Box<dyn Write + Send>,
    /// What is made durable at the end.
    file: Option<File>,
    lines: Lines,
    text: Vec<u8>,
}

impl TextFile {
    pub(super) fn standard_output(format: Format, columns: &'static [Column]) -> Self {
        Self::new(Box::new(std::io::stdout()), Lines::new(format, columns))
    }

    fn new(to: Box<dyn Write + Send>, lines: Lines) -> Self {
        let mut text = Vec::new();
        lines.begin(&mut text);
        Self {
            to,
            file: None,
            lines,
            text,
        }
    }

    /// Opens a file, and says behind which row it goes on, if any is in it. It is for its owner
    /// only: what is in it is about people.
    pub(super) fn open(
        path: &Path,
        format: Format,
        columns: &'static [Column],
        resume: bool,
    ) -> anyhow::Result<(Self, Option<String>)> {
        let mut options = File::options();
        options.read(true).write(true).mode(0o600);
        if resume {
            options.create(true).truncate(false);
        } else {
            options.create_new(true);
        }
        // A device or a pipe may have no end.
        if std::fs::metadata(path).is_ok_and(|it| !it.is_file()) {
            bail!("it is no file; without --output rows are written to standard output");
        }
        let file = match options.open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                bail!("it exists; --resume goes on in it, --output names another one")
            }
            opened => opened?,
        };
        file.try_lock()
            .context("another export is writing into it")?;
        let written = Written::read(&file, format, columns)?;
        // A row that was cut short goes, and rows that the next ones belong to.
        file.set_len(written.bytes)?;
        let lines = match written.cursor {
            Some(_) => Lines::continued(format, columns),
            None => Lines::new(format, columns),
        };
        let mut to = file.try_clone()?;
        std::io::Seek::seek(&mut to, std::io::SeekFrom::End(0))?;
        let opened = Self {
            file: Some(file),
            ..Self::new(Box::new(to), lines)
        };
        Ok((opened, written.cursor))
    }
}

impl Output for TextFile {
    fn write(&mut self, rows: Vec<Row>) -> anyhow::Result<()> {
        for row in rows {
            let cursor = row.cursor.as_deref();
            self.lines.row(&mut self.text, &row.cells, cursor);
        }
        self.to.write_all(&self.text)?;
        self.text.clear();
        Ok(())
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        self.to.write_all(&self.text)?;
        self.to.flush()?;
        match &self.file {
            Some(file) => Ok(file.sync_all()?),
            None => Ok(()),
        }
    }
}

/// What an earlier export has written.
#[derive(Debug, Default, PartialEq, Eq)]
struct Written {
    /// So many bytes of it are whole.
    bytes: u64,
    /// Where to go on behind them.
    cursor: Option<String>,
}

impl Written {
    /// Reads a file to its end, record by record.
    fn read(file: &File, format: Format, columns: &'static [Column]) -> anyhow::Result<Self> {
        let mut reader = BufReader::with_capacity(256 * 1024, file);
        let mut header = Vec::new();
        Lines::new(format, columns).begin(&mut header);
        let mut written = Self::default();
        let (mut bytes, mut is_first) = (0, true);
        let mut record = Vec::new();
        while read_record(&mut reader, format, &mut record)? {
            bytes += record.len() as u64;
            let is_header = std::mem::take(&mut is_first) && format == Format::Csv;
            if is_header {
                if record != header {
                    bail!("its columns are others: it is no export, or one of another release");
                }
            } else if let Some(cursor) = cursor_of(&record, format)? {
                written = Self {
                    bytes,
                    cursor: Some(cursor),
                };
            }
            record.clear();
        }
        let begins = match format {
            Format::Csv => header.starts_with(&record),
            Format::Ndjson => ROW.starts_with(&record) || record.starts_with(ROW),
        };
        if bytes == 0 && !begins {
            bail!("it holds no export that could go on");
        }
        Ok(written)
    }
}

/// No row is longer.
const RECORD_MAX_BYTES: usize = 64 << 20;

/// Reads a record with its end. `false`: there is no other whole one. In CSV a line break within
/// quotes ends none.
fn read_record(
    reader: &mut impl BufRead,
    format: Format,
    record: &mut Vec<u8>,
) -> std::io::Result<bool> {
    loop {
        let from = record.len();
        let mut rest = reader.by_ref().take((RECORD_MAX_BYTES - from) as u64);
        rest.read_until(b'\n', record)?;
        if record.len() == from || record.last() != Some(&b'\n') {
            return Ok(false);
        }
        let quotes = record.iter().filter(|byte| **byte == b'"').count();
        if format == Format::Ndjson || quotes % 2 == 0 {
            return Ok(true);
        }
    }
}

/// The cursor of a row, which is its last value.
fn cursor_of(record: &[u8], format: Format) -> anyhow::Result<Option<String>> {
    let record = record.trim_ascii_end();
    let value = match format {
        Format::Csv => record.rsplit(|byte| *byte == b',').next(),
        Format::Ndjson => {
            let row: serde_json::Value = serde_json::from_slice(record)
                .context("it holds a line that is no row of an export")?;
            let cursor = row
                .get(CURSOR)
                .context("it holds a line that is no row of an export")?;
            return Ok(cursor.as_str().map(ToOwned::to_owned));
        }
    };
    let value = std::str::from_utf8(value.unwrap_or_default())?;
    Ok((!value.is_empty()).then(|| value.to_owned()))
}
