//! Splits a stream of bytes into lines, never holding more than one line's worth.

use crate::error::{DecodeError, InputPart};

/// The longest line, or item of an array, in bytes.
pub const ITEM_MAX_BYTES: usize = 256 * 1024;

/// Cuts chunks of any size into lines. Blank lines are counted but not reported.
#[derive(Debug)]
pub struct NdjsonReader {
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
    /// The current line, from 1.
    line: u64,
    /// The current line is too long; what is left of it is dropped.
    skipping: bool,
    limit: usize,
}

impl Default for NdjsonReader {
    fn default() -> Self {
        Self::with_limit(ITEM_MAX_BYTES)
    }
}

impl NdjsonReader {
    /// A reader that refuses lines longer than so many bytes.
    #[must_use]
    pub const fn with_limit(limit: usize) -> Self {
        Self {
            begun: Vec::new(),
            line: 1,
            skipping: false,
            limit,
        }
    }

    /// A reader whose first line is not line 1.
    #[must_use]
    pub const fn from_line(line: u64) -> Self {
        let mut reader = Self::with_limit(ITEM_MAX_BYTES);
        reader.line = line;
        reader
    }

    /// Takes the next bytes and reports each line that they complete: its text, or that it is too
    /// long.
    pub fn feed(
        &mut self,
        chunk: &[u8],
        mut each: impl FnMut(InputPart, Result<&[u8], DecodeError>),
    ) {
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                None => self.hold(piece, &mut each),
                Some(text) if self.skipping || !self.begun.is_empty() => {
                    self.hold(text, &mut each);
                    self.end(&mut each);
                }
                Some(text) => {
                    let part = InputPart::Line(self.line);
                    if text.len() > self.limit {
                        each(part, Err(too_long(part, self.limit)));
                    } else {
                        report(part, text, &mut each);
                    }
                    self.line = self.line.saturating_add(1);
                }
            }
        }
    }

    /// Reports a last line that has no line feed.
    pub fn finish(&mut self, mut each: impl FnMut(InputPart, Result<&[u8], DecodeError>)) {
        self.end(&mut each);
    }

    /// Keeps the part of a line, or gives the line up.
    fn hold(&mut self, text: &[u8], each: &mut impl FnMut(InputPart, Result<&[u8], DecodeError>)) {
        if self.skipping {
            return;
        }
        if self.begun.len().saturating_add(text.len()) > self.limit {
            self.skipping = true;
            self.begun = Vec::new();
            let part = InputPart::Line(self.line);
            each(part, Err(too_long(part, self.limit)));
        } else {
            self.begun.extend_from_slice(text);
        }
    }

    fn end(&mut self, each: &mut impl FnMut(InputPart, Result<&[u8], DecodeError>)) {
        if !self.skipping {
            report(InputPart::Line(self.line), &self.begun, each);
        }
        self.begun.clear();
        self.skipping = false;
        self.line = self.line.saturating_add(1);
    }
}

fn report(
    part: InputPart,
    text: &[u8],
    each: &mut impl FnMut(InputPart, Result<&[u8], DecodeError>),
) {
    let text = text.trim_ascii();
    if !text.is_empty() {
        each(part, Ok(text));
    }
}

fn too_long(part: InputPart, limit: usize) -> DecodeError {
    DecodeError::too_large("line", format!("at most {limit} bytes")).at(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], chunk: usize, limit: usize) -> Vec<String> {
        let mut reader = NdjsonReader::with_limit(limit);
        let mut seen = Vec::new();
        let mut each = |part, line: Result<&[u8], DecodeError>| match line {
            Ok(text) => seen.push(format!("{part:?} {}", String::from_utf8_lossy(text))),
            Err(error) => seen.push(error.to_string()),
        };
        for piece in input.chunks(chunk) {
            reader.feed(piece, &mut each);
        }
        reader.finish(&mut each);
        seen
    }

    #[test]
    fn the_size_of_chunks_makes_no_difference() {
        let input = b"one\r\n\n  two  \nfar too long\nlast";
        let expected = [
            "Line(1) one",
            "Line(3) two",
            "Line 4: Too large: line. Expected at most 8 bytes.",
            "Line(5) last",
        ];
        for chunk in 1..=input.len() {
            assert_eq!(lines(input, chunk, 8), expected, "{chunk}");
        }
    }

    #[test]
    fn holds_no_more_than_a_line() {
        let mut reader = NdjsonReader::with_limit(16);
        for _ in 0..1000 {
            reader.feed(&[b'x'; 10], |_, _| {});
            assert!(reader.begun.capacity() <= 32);
        }
    }
}
