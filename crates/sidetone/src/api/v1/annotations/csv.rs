//! Lines that are records of CSV (RFC 4180).
//!
//! A value in quotes may have line ends in it, so a quote that somebody forgot to close would take the
//! next records for a part of itself. A line that is a record of its own is therefore one, whatever
//! is open before it.

use std::collections::BTreeSet;

use csv_core::{ReadRecordResult, Reader};
use sidetone_core::id::CallSid;

use super::super::patch;
use super::line::{CALL, LINE_MAX_BYTES, Line, broken, line, note, too_long};
use crate::api::v1::row_text::{BETWEEN_WORDS, unguarded};
use crate::web::form::{Invalid, Params};

/// The most columns: an export has fewer.
pub(super) const COLUMNS_MAX: usize = 1024;

/// Comma-separated values, record by record.
#[derive(Default)]
pub(super) struct Csv {
    /// What came of the line that is coming, as far as there is room for it.
    line: Record,
    /// It ended with a carriage return: a line feed belongs to it still.
    is_returned: bool,
    /// A record in which a quote is open.
    open: Option<Record>,
    /// The names of the columns, once they came; `None`: not read.
    columns: Option<Vec<Option<String>>>,
}

/// Some lines with their ends.
#[derive(Default)]
struct Record {
    /// How many lines are before it.
    before: u64,
    text: Vec<u8>,
    is_too_long: bool,
}

impl Record {
    fn push(&mut self, bytes: &[u8]) {
        self.is_too_long |= self.text.len() + bytes.len() > LINE_MAX_BYTES;
        if !self.is_too_long {
            self.text.extend_from_slice(bytes);
        }
    }
}

impl Csv {
    /// Takes the next bytes, and adds the lines that they complete.
    ///
    /// # Errors
    /// When the names in the first line make no sense: then no line does.
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        lines: &mut Vec<Line>,
        unknown: &mut BTreeSet<String>,
    ) -> Result<(), Invalid> {
        for byte in bytes {
            if std::mem::take(&mut self.is_returned) && *byte == b'\n' {
                if let Some(open) = &mut self.open {
                    open.push(b"\n");
                }
                continue;
            }
            self.line.push(&[*byte]);
            if matches!(byte, b'\r' | b'\n') {
                self.is_returned = *byte == b'\r';
                self.end_line(lines, unknown)?;
            }
        }
        Ok(())
    }

    /// Takes it that there are no more, and adds a last line without an end.
    ///
    /// # Errors
    /// As [`Self::feed`].
    pub(super) fn finish(
        &mut self,
        lines: &mut Vec<Line>,
        unknown: &mut BTreeSet<String>,
    ) -> Result<(), Invalid> {
        if !self.line.text.is_empty() || self.line.is_too_long {
            self.end_line(lines, unknown)?;
        }
        match self.open.take() {
            Some(open) => self.take(&open, lines, unknown),
            None if self.columns.is_none() => self.take(&Record::default(), lines, unknown),
            None => Ok(()),
        }
    }

    fn end_line(
        &mut self,
        lines: &mut Vec<Line>,
        unknown: &mut BTreeSet<String>,
    ) -> Result<(), Invalid> {
        let next = Record {
            before: self.line.before + 1,
            ..Record::default()
        };
        let line = std::mem::replace(&mut self.line, next);
        let record = match self.open.take() {
            Some(open) if self.is_record(&line) => {
                self.take(&open, lines, unknown)?;
                line
            }
            Some(mut open) => {
                open.push(&line.text);
                open.is_too_long |= line.is_too_long;
                open
            }
            None if matches!(line.text[..], [b'\r' | b'\n']) => return Ok(()),
            None => line,
        };
        if !record.is_too_long && quotes(&record.text) == Quotes::Open {
            self.open = Some(record);
            return Ok(());
        }
        self.take(&record, lines, unknown)
    }

    /// Whether a line is a record on its own: as many values as there are columns, and a call.
    fn is_record(&self, line: &Record) -> bool {
        let Some(columns) = &self.columns else {
            return false;
        };
        if line.is_too_long || quotes(&line.text) != Quotes::Whole {
            return false;
        }
        let of_call = columns.iter().position(|it| it.as_deref() == Some(CALL));
        values(&line.text).is_some_and(|values| {
            let call = of_call.and_then(|place| values.get(place));
            values.len() == columns.len()
                && call.is_some_and(|call| call.trim().parse::<CallSid>().is_ok())
        })
    }

    fn take(
        &mut self,
        record: &Record,
        lines: &mut Vec<Line>,
        unknown: &mut BTreeSet<String>,
    ) -> Result<(), Invalid> {
        let number = record.before + 1;
        let whole = (!record.is_too_long).then(|| values(&record.text));
        let Some(columns) = &self.columns else {
            self.columns = Some(names(whole.flatten(), unknown)?);
            return Ok(());
        };
        if whole.is_some() && quotes(&record.text) != Quotes::Whole {
            lines.push(broken(number, misquoted()));
            return Ok(());
        }
        let Some(record) = whole.flatten() else {
            let mut invalid = too_long();
            invalid
                .message
                .insert_str(invalid.message.len() - 1, ", encoded as UTF-8");
            lines.push(broken(number, invalid));
            return Ok(());
        };
        let mut fields = Params::default();
        for (name, value) in columns.iter().zip(&record) {
            // Nothing between two commas says nothing: who fills in a column does so for some
            // calls.
            if let Some(name) = name
                && !value.trim().is_empty()
            {
                match name.as_str() {
                    "quality_issues" => fields.push(name, &value.replace(BETWEEN_WORDS, ",")),
                    _ => fields.push(name, unguarded(value)),
                }
            }
        }
        lines.push(line(number, record.join("\u{1f}").as_bytes(), &fields));
        Ok(())
    }
}

/// How the quotes of a record stand.
#[derive(Debug, PartialEq, Eq)]
enum Quotes {
    /// Around whole values, and twice within those.
    Whole,
    /// The last one is not closed.
    Open,
    /// One within a value, or text behind one that closes.
    Stray,
}

fn quotes(record: &[u8]) -> Quotes {
    enum At {
        Begin,
        Bare,
        Quoted,
        Closed,
    }
    let mut at = At::Begin;
    for byte in record {
        at = match (at, byte) {
            (At::Begin, b'"') | (At::Closed, b'"') => At::Quoted,
            (At::Quoted, b'"') => At::Closed,
            (At::Quoted, _) => At::Quoted,
            (_, b',') => At::Begin,
            (At::Closed, b'\r' | b'\n') => At::Closed,
            (At::Bare, b'"') | (At::Closed, _) => return Quotes::Stray,
            (At::Begin | At::Bare, _) => At::Bare,
        };
    }
    match at {
        At::Quoted => Quotes::Open,
        At::Begin | At::Bare | At::Closed => Quotes::Whole,
    }
}

/// What is wrong with a line whose quotes make no values.
fn misquoted() -> Invalid {
    Invalid {
        parameter: "line".into(),
        message: "Invalid line. Expected quotes around whole values, and two for each within one."
            .into(),
    }
}

/// The values of a record. `None`: there are too many, or they are not UTF-8.
fn values(record: &[u8]) -> Option<Vec<String>> {
    let mut reader = Reader::new();
    let (mut text, mut ends) = (vec![0; record.len() + 1], vec![0; COLUMNS_MAX]);
    let (mut read, mut written, mut ended) = (0, 0, 0);
    loop {
        // No bytes are the end, for this reader.
        let (result, more_read, more_written, more_ended) =
            reader.read_record(&record[read..], &mut text[written..], &mut ends[ended..]);
        (read, written, ended) = (read + more_read, written + more_written, ended + more_ended);
        match result {
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::Record | ReadRecordResult::End => break,
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => return None,
        }
    }
    let mut from = 0;
    let value = |end: &usize| {
        let text = text.get(from..*end)?;
        from = *end;
        String::from_utf8(text.to_vec()).ok()
    };
    ends[..ended].iter().map(value).collect()
}

/// The columns that are read, by the first record.
fn names(
    record: Option<Vec<String>>,
    unknown: &mut BTreeSet<String>,
) -> Result<Vec<Option<String>>, Invalid> {
    let record = record.unwrap_or_default();
    let names = record.iter().enumerate().map(|(index, name)| {
        // Spreadsheets mark UTF-8 by these bytes.
        let name = if index == 0 {
            name.trim_start_matches('\u{feff}')
        } else {
            name
        };
        let name = name.trim().to_owned();
        note(&name, unknown).then_some(name)
    });
    let names: Vec<_> = names.collect();
    let has = |wanted: &str| names.iter().flatten().any(|name| name == wanted);
    if has(CALL) && patch::FIELDS.iter().any(|name| has(name)) {
        return Ok(names);
    }
    let expected = format!(
        "the names of the columns: {CALL} and at least one of {}",
        patch::FIELDS.join(", ")
    );
    Err(Invalid::new("first line", &record.join(","), expected))
}
