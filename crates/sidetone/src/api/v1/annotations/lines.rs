//! The lines of a batch of annotations: JSON objects, or CSV with the names in its first line.

use std::collections::BTreeSet;

use sidetone_wire::ndjson::NdjsonReader;

use super::csv::Csv;
use super::json;
use super::line::{LINE_MAX_BYTES, Line};
use crate::api::v1::row_text::Format;
use crate::web::form::Invalid;

/// Reads lines of a text that comes in pieces, and never holds more than one of them.
pub struct Lines {
    input: Input,
    /// Names in the text that mean nothing here.
    pub unknown: BTreeSet<String>,
}

enum Input {
    Ndjson(NdjsonReader),
    Csv(Box<Csv>),
}

impl Lines {
    /// Nothing has come yet.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            input: match format {
                Format::Ndjson => Input::Ndjson(NdjsonReader::with_limit(LINE_MAX_BYTES)),
                Format::Csv => Input::Csv(Box::default()),
            },
            unknown: BTreeSet::new(),
        }
    }

    /// Takes the next bytes, and adds the lines that they complete.
    ///
    /// # Errors
    /// When the names in the first line of CSV make no sense: then no line does.
    pub fn feed(&mut self, bytes: &[u8], lines: &mut Vec<Line>) -> Result<(), Invalid> {
        let unknown = &mut self.unknown;
        match &mut self.input {
            Input::Ndjson(reader) => {
                reader.feed(bytes, |part, text| {
                    lines.push(json::read(part, text, unknown))
                });
                Ok(())
            }
            Input::Csv(csv) => csv.feed(bytes, lines, unknown),
        }
    }

    /// Takes it that there are no more, and adds a last line without an end.
    ///
    /// # Errors
    /// As [`Self::feed`].
    pub fn finish(&mut self, lines: &mut Vec<Line>) -> Result<(), Invalid> {
        let unknown = &mut self.unknown;
        match &mut self.input {
            Input::Ndjson(reader) => {
                reader.finish(|part, text| lines.push(json::read(part, text, unknown)));
                Ok(())
            }
            Input::Csv(csv) => csv.finish(lines, unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::csv::COLUMNS_MAX;
    use super::*;

    const SID: &str = "CA00000000000000000000000000000001";

    fn read(
        format: Format,
        text: &[u8],
        piece: usize,
    ) -> Result<(Vec<Line>, Vec<String>), Invalid> {
        let mut lines = Lines::new(format);
        let mut read = Vec::new();
        for piece in text.chunks(piece) {
            lines.feed(piece, &mut read)?;
        }
        lines.finish(&mut read)?;
        Ok((read, lines.unknown.into_iter().collect()))
    }

    fn shown(line: &Line) -> String {
        let number = line.number;
        match &line.read {
            Ok(line) => {
                let patch = &line.patch;
                let said = (
                    &patch.call_score,
                    &patch.quality_issues,
                    &patch.comment,
                    &patch.spam,
                );
                format!("{number} {said:?}")
            }
            Err(invalid) => format!("{number} {}: {}", invalid.parameter, invalid.message),
        }
    }

    #[track_caller]
    fn check(format: Format, text: &str, expected: &[&str]) {
        let text = text.replace("SID", SID);
        for piece in [1, 7, 100_000] {
            let (lines, _) = read(format, text.as_bytes(), piece).unwrap();
            let shown: Vec<_> = lines.iter().map(shown).collect();
            assert_eq!(shown, expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn json_is_read_line_by_line() {
        check(
            Format::Ndjson,
            concat!(
                "{\"call_sid\":\"SID\",\"call_score\":3,\"quality_issues\":[\"echo\",\"owa\"],\"spam\":true}\n\n",
                "{\"call_sid\":\"SID\",\"call_score\":\"5\",\"comment\":null}\n",
                "{\"call_sid\":\"SID\",\"call_score\":7}\n",
                "{\"call_sid\":\"SID\",\"comment\":{}}\n",
                "{\"call_sid\":\"CA1\",\"call_score\":1}\n",
                "{\"call_score\":1}\n",
                "{\"call_sid\":\"SID\"}",
            ),
            &[
                "1 (Some(Some(3)), Some(Some([Echo, OneWayAudio])), None, Some(Some(true)))",
                "3 (Some(Some(5)), None, Some(None), None)",
                "4 call_score: Invalid call_score '7'. Expected an integer from 1 to 5.",
                "5 comment: Invalid comment '{}'. Expected text, a number, true or false, an array of words, or null.",
                "6 call_sid: Invalid call_sid 'CA1'. Expected CA followed by 32 hexadecimal digits.",
                "7 call_sid: Missing call_sid. Expected CA followed by 32 hexadecimal digits.",
                "8 annotation: Missing annotation. Expected at least one of answered_by, connectivity_issue, quality_issues, \
                 spam, call_score, comment, incident.",
            ],
        );
        let (lines, _) = read(Format::Ndjson, b"not json", 3).unwrap();
        assert!(
            shown(&lines[0]).starts_with(
                "1 line: Invalid line 'not json'. Expected a JSON object with call_sid"
            )
        );
    }

    #[test]
    fn csv_is_read_record_by_record() {
        check(
            Format::Csv,
            "\u{feff}call_sid,start_time,quality_issues,comment,call_score\r\nSID,x,echo|owa,\"two\r\nlines, \"\"quoted\"\"\",\r\nSID,,,'=1+1,2\nSID,,,,9",
            &[
                "2 (None, Some(Some([Echo, OneWayAudio])), Some(Some(\"two\\r\\nlines, \\\"quoted\\\"\")), None)",
                "4 (Some(Some(2)), None, Some(Some(\"=1+1\")), None)",
                "5 call_score: Invalid call_score '9'. Expected an integer from 1 to 5.",
            ],
        );
        let (_, unknown) = read(Format::Csv, b"call_sid,call_scor,spam\n", 5).unwrap();
        assert_eq!(unknown, ["call_scor"]);
        let none = read(Format::Csv, b"sid,score\nx,1\n", 5).unwrap_err();
        assert!(none.message.starts_with(
            "Invalid first line 'sid,score'. Expected the names of the columns: call_sid"
        ));
    }

    #[test]
    fn a_quote_that_is_not_closed_takes_no_other_record() {
        let wrong =
            "line: Invalid line. Expected quotes around whole values, and two for each within one.";
        let [second, third, fifth] = [2, 3, 5].map(|number| format!("{number} {wrong}"));
        let fine = |number: u64| format!("{number} (None, None, Some(Some(\"fine\")), None)");
        let names = "call_sid,comment\n";
        for (text, expected) in [
            ("SID,\"never closed\nSID,fine\n", vec![&*second, &fine(3)]),
            ("SID,\"bad ec\nSID,\"fine\"\n", vec![&second, &fine(3)]),
            ("SID,5\" pipe\nSID,fine\n", vec![&second, &fine(3)]),
            ("SID,\"5\" pipe\"\r\nSID,fine\r\n", vec![&second, &fine(3)]),
            ("SID,fine\nSID,\"to the end\nand on", vec![&fine(2), &third]),
            (
                "SID,fine\n\n\nSID,\"x\n\nSID,fine",
                vec![&fine(2), &fifth, &fine(7)],
            ),
            (
                "SID,\"two\nlines, CA1\"\nSID,fine\n",
                vec![
                    "2 (None, None, Some(Some(\"two\\nlines, CA1\")), None)",
                    &fine(4),
                ],
            ),
        ] {
            check(Format::Csv, &format!("{names}{text}"), &expected);
        }
        // One that has more than its room ends with the line in which it had.
        let long = format!("{names}SID,\"{}\nSID,fine\n", "x".repeat(40_000));
        let (lines, _) = read(Format::Csv, long.replace("SID", SID).as_bytes(), 999).unwrap();
        assert!(lines[0].read.is_err() && lines[1].read.is_ok());
    }

    #[test]
    fn no_line_takes_more_than_its_room() {
        let long = "x".repeat(LINE_MAX_BYTES + 1);
        let json = format!(
            "{{\"call_sid\":\"{SID}\",\"comment\":\"{long}\"}}\n{{\"call_sid\":\"{SID}\",\"spam\":false}}\n"
        );
        let csv = format!(
            "call_sid,comment\n{SID},{long}\n{SID},{}\n{SID},fine\n",
            ",".repeat(2 * COLUMNS_MAX)
        );
        for (format, text, expected) in [(Format::Ndjson, json, 2), (Format::Csv, csv, 3)] {
            for piece in [1000, 1 << 20] {
                let (lines, _) = read(format, text.as_bytes(), piece).unwrap();
                assert_eq!(lines.len(), expected);
                assert!(lines[..expected - 1].iter().all(|line| line.read.is_err()));
                assert!(lines[expected - 1].read.is_ok());
            }
        }
        let (lines, _) = read(Format::Csv, b"call_sid,comment\n\xff,x\n", 4).unwrap();
        assert!(lines[0].read.is_err());
        for columns in [COLUMNS_MAX, COLUMNS_MAX + 1] {
            let last = format!("call_sid,comment\n{SID}{}", ",".repeat(columns - 1));
            let (lines, _) = read(Format::Csv, last.as_bytes(), 1000).unwrap();
            assert_eq!(lines.len(), 1, "the last line of {columns} columns");
            assert!(lines[0].read.is_err());
        }
    }

    #[test]
    fn what_a_line_says_has_one_digest() {
        let of = |text: &str| match read(Format::Ndjson, text.replace("SID", SID).as_bytes(), 9) {
            Ok((lines, _)) => lines[0].read.as_ref().unwrap().content,
            Err(error) => panic!("{error:?}"),
        };
        let one = of("{\"call_sid\":\"SID\",\"spam\":true}");
        assert_eq!(of("{\"call_sid\":\"SID\",\"spam\":true}\n"), one);
        assert_ne!(of("{\"call_sid\":\"SID\",\"spam\":false}"), one);
    }
}
