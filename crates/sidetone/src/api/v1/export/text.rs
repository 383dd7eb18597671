//! Rows as lines of text: NDJSON and CSV.

use super::cell::Cell;
use super::column::Column;
use super::columns::CURSOR;
use crate::api::v1::row_text::{BETWEEN_WORDS, Format, guarded};

/// Writes rows, a line each. Times are whole seconds, as in the API: DuckDB and pyarrow take others
/// in NDJSON for text.
#[derive(Debug)]
pub struct Lines {
    format: Format,
    columns: &'static [Column],
    /// Whether the next line is the first that anybody reads of these.
    is_first: bool,
}

impl Lines {
    /// Writes rows of these columns from the first.
    #[must_use]
    pub const fn new(format: Format, columns: &'static [Column]) -> Self {
        Self {
            format,
            columns,
            is_first: true,
        }
    }

    /// Goes on behind rows that were written before: the names are there already.
    #[must_use]
    pub const fn continued(format: Format, columns: &'static [Column]) -> Self {
        Self {
            is_first: false,
            ..Self::new(format, columns)
        }
    }

    /// What stands before the first row.
    pub fn begin(&self, text: &mut Vec<u8>) {
        if self.format == Format::Csv && self.is_first {
            for column in self.columns {
                text.extend_from_slice(column.name.as_bytes());
                text.push(b',');
            }
            text.extend_from_slice(CURSOR.as_bytes());
            text.push(b'\n');
        }
    }

    /// A row, and where to go on behind it.
    pub fn row(&mut self, text: &mut Vec<u8>, cells: &[Cell], cursor: Option<&str>) {
        match self.format {
            Format::Ndjson => self.json(text, cells, cursor),
            Format::Csv => csv(text, cells, cursor),
        }
        text.push(b'\n');
        self.is_first = false;
    }

    /// Nulls stand in the first line only, so that its readers learn of every column there is.
    fn json(&self, text: &mut Vec<u8>, cells: &[Cell], cursor: Option<&str>) {
        text.push(b'{');
        for (column, cell) in self.columns.iter().zip(cells) {
            if *cell == Cell::Null && !self.is_first {
                continue;
            }
            json_text(text, &column.name);
            text.push(b':');
            json_cell(text, cell);
            text.push(b',');
        }
        json_text(text, CURSOR);
        text.push(b':');
        match cursor {
            Some(cursor) => json_text(text, cursor),
            None => text.extend_from_slice(b"null"),
        }
        text.push(b'}');
    }
}

fn json_cell(text: &mut Vec<u8>, cell: &Cell) {
    match cell {
        Cell::Null => text.extend_from_slice(b"null"),
        Cell::Text(value) => json_text(text, value),
        Cell::Integer(value) => text.extend_from_slice(value.to_string().as_bytes()),
        Cell::Number(value) => text.extend_from_slice(number_text(*value).as_bytes()),
        Cell::Boolean(value) => text.extend_from_slice(boolean_text(*value).as_bytes()),
        Cell::Time(value) => json_text(text, &value.to_seconds_text()),
        Cell::Words(words) => {
            text.push(b'[');
            for (index, word) in words.iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                json_text(text, word);
            }
            text.push(b']');
        }
    }
}

fn json_text(text: &mut Vec<u8>, value: &str) {
    // A string is always JSON.
    let _ = serde_json::to_writer(text, value);
}

fn csv(text: &mut Vec<u8>, cells: &[Cell], cursor: Option<&str>) {
    for cell in cells {
        match cell {
            Cell::Null => {}
            Cell::Text(value) => quoted(text, &guarded(value)),
            Cell::Words(words) => quoted(text, &guarded(&words.join(BETWEEN_WORDS))),
            Cell::Integer(value) => text.extend_from_slice(value.to_string().as_bytes()),
            Cell::Number(value) => text.extend_from_slice(number_text(*value).as_bytes()),
            Cell::Boolean(value) => text.extend_from_slice(boolean_text(*value).as_bytes()),
            Cell::Time(value) => text.extend_from_slice(value.to_seconds_text().as_bytes()),
        }
        text.push(b',');
    }
    text.extend_from_slice(cursor.unwrap_or_default().as_bytes());
}

/// Text is always in quotes: no comma, semicolon or line break in it begins another value, however
/// a program takes lines apart.
fn quoted(text: &mut Vec<u8>, value: &str) {
    text.push(b'"');
    for byte in value.bytes() {
        if byte == b'"' {
            text.push(b'"');
        }
        text.push(byte);
    }
    text.push(b'"');
}

/// The shortest text that is read as the same number.
fn number_text(value: f64) -> String {
    format!("{value:?}")
}

const fn boolean_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use sidetone_core::time::TimeUs;

    use super::super::columns::FEEDBACK;
    use super::*;

    static COLUMNS: LazyLock<&[Column]> = LazyLock::new(|| &FEEDBACK[1..]);

    fn written(format: Format, rows: &[[Cell; 5]]) -> String {
        let mut lines = Lines::new(format, &COLUMNS);
        let mut text = Vec::new();
        lines.begin(&mut text);
        for row in rows {
            lines.row(&mut text, row, Some("PT1"));
        }
        String::from_utf8(text).unwrap()
    }

    fn rows() -> [[Cell; 5]; 2] {
        let words = |all: &[&str]| Cell::Words(all.iter().map(|it| (*it).to_owned()).collect());
        [
            [
                Cell::Text("CA1".into()),
                Cell::Integer(5),
                words(&["a", "b"]),
                Cell::Time(TimeUs::EPOCH),
                Cell::Null,
            ],
            [
                Cell::Text("=1+\"1\",\r\n2".into()),
                Cell::Null,
                words(&[]),
                Cell::Number(1e-7),
                Cell::Boolean(true),
            ],
        ]
    }

    #[test]
    fn ndjson_has_every_name_in_its_first_line() {
        let expected = concat!(
            r#"{"call_sid":"CA1","quality_score":5,"issues":["a","b"],"created_time":"1970-01-01T00:00:00Z","updated_time":null,"cursor":"PT1"}"#,
            "\n",
            r#"{"call_sid":"=1+\"1\",\r\n2","issues":[],"created_time":1e-7,"updated_time":true,"cursor":"PT1"}"#,
            "\n",
        );
        assert_eq!(written(Format::Ndjson, &rows()), expected);
    }

    #[test]
    fn csv_quotes_text_and_nothing_else() {
        let expected = concat!(
            "call_sid,quality_score,issues,created_time,updated_time,cursor\n",
            "\"CA1\",5,\"a|b\",1970-01-01T00:00:00Z,,PT1\n",
            "\"'=1+\"\"1\"\",\r\n2\",,\"\",1e-7,true,PT1\n",
        );
        assert_eq!(written(Format::Csv, &rows()), expected);
        let mut lines = Lines::continued(Format::Csv, &COLUMNS);
        let mut text = Vec::new();
        lines.begin(&mut text);
        lines.row(&mut text, &rows()[0], None);
        assert!(text.starts_with(b"\"CA1\"") && text.ends_with(b",,\n"));
    }
}
