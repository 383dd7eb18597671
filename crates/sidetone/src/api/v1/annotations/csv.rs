//! Lines that are records of CSV.

use std::collections::BTreeSet;

use csv_core::{ReadRecordResult, Reader};

use super::super::export::text::{BETWEEN_WORDS, unguarded};
use super::super::patch;
use super::line::{CALL, LINE_MAX_BYTES, Line, broken, line, note, too_long};
use crate::web::form::{Invalid, Params};

/// The most columns: an export has fewer.
pub(super) const COLUMNS_MAX: usize = 1024;

/// Comma-separated values, record by record.
pub(super) struct Csv {
    reader: Reader,
    /// What of the record came: its text, and where its values end.
    text: Vec<u8>,
    ends: Vec<usize>,
    text_len: usize,
    ends_len: usize,
    /// The line that the record begins in.
    begins: u64,
    /// Nothing of it has come yet.
    is_ahead: bool,
    is_too_long: bool,
    /// The names of the columns, once they came; `None`: not read.
    columns: Option<Vec<Option<String>>>,
}

impl Default for Csv {
    fn default() -> Self {
        Self {
            reader: Reader::new(),
            text: vec![0; LINE_MAX_BYTES],
            ends: vec![0; COLUMNS_MAX],
            text_len: 0,
            ends_len: 0,
            begins: 1,
            is_ahead: true,
            is_too_long: false,
            columns: None,
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
        mut bytes: &[u8],
        lines: &mut Vec<Line>,
        unknown: &mut BTreeSet<String>,
    ) -> Result<(), Invalid> {
        while !bytes.is_empty() {
            let (_, read) = self.read(bytes, lines, unknown)?;
            bytes = &bytes[read..];
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
        // No bytes are the end, for this reader; it may have no room at first for what it has.
        while self.read(&[], lines, unknown)?.0 != ReadRecordResult::End {}
        Ok(())
    }

    /// Reads some of the bytes, and says how many.
    fn read(
        &mut self,
        bytes: &[u8],
        lines: &mut Vec<Line>,
        unknown: &mut BTreeSet<String>,
    ) -> Result<(ReadRecordResult, usize), Invalid> {
        // Line ends before a record are read one by one, so that it is known in which line it
        // begins.
        let is_end = self.is_ahead && matches!(bytes.first(), Some(b'\r' | b'\n'));
        let bytes = if is_end { &bytes[..1] } else { bytes };
        self.is_ahead &= is_end || bytes.is_empty();
        let (result, read, written, ended) = self.reader.read_record(
            bytes,
            &mut self.text[self.text_len..],
            &mut self.ends[self.ends_len..],
        );
        self.text_len += written;
        self.ends_len += ended;
        match result {
            ReadRecordResult::InputEmpty | ReadRecordResult::End => {
                if self.is_ahead {
                    self.begins = self.reader.line();
                }
            }
            // The rest of it is read over what came before.
            ReadRecordResult::OutputFull => (self.text_len, self.is_too_long) = (0, true),
            ReadRecordResult::OutputEndsFull => (self.ends_len, self.is_too_long) = (0, true),
            ReadRecordResult::Record => {
                let number = self.begins;
                let record = self.record();
                (self.text_len, self.ends_len, self.is_ahead) = (0, 0, true);
                self.begins = self.reader.line();
                let is_too_long = std::mem::take(&mut self.is_too_long);
                self.take(number, record.filter(|_| !is_too_long), lines, unknown)?;
            }
        }
        Ok((result, read))
    }

    /// The values of the record that is whole. `None`: they are not UTF-8.
    fn record(&self) -> Option<Vec<String>> {
        let mut from = 0;
        let value = |end: &usize| {
            let text = self.text.get(from..*end)?;
            from = *end;
            String::from_utf8(text.to_vec()).ok()
        };
        self.ends[..self.ends_len].iter().map(value).collect()
    }

    fn take(
        &mut self,
        number: u64,
        record: Option<Vec<String>>,
        lines: &mut Vec<Line>,
        unknown: &mut BTreeSet<String>,
    ) -> Result<(), Invalid> {
        let Some(columns) = &self.columns else {
            self.columns = Some(names(record, unknown)?);
            return Ok(());
        };
        let Some(record) = record else {
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
