//! The native door: call events as JSON, one a line (NDJSON) or in one array.
//!
//! `docs/ingest.md` describes the members, `docs/schema/call-event.schema.json` states them.

mod line;

use crate::batch::Batch;
use crate::error::{DecodeError, InputPart};
use crate::json_array::JsonArrayReader;
use crate::ndjson::NdjsonReader;

pub use line::{KINDS, decode};

/// Decodes a stream of call events in chunks of any size: good ones are kept, bad ones named by
/// their number.
///
/// The first character decides: `[` begins an array, anything else is lines. At most one event's
/// bytes are held ([`crate::ndjson::ITEM_MAX_BYTES`]); take [`Batch::observed`] between feeds to
/// keep memory bounded.
#[derive(Debug, Default)]
pub struct NativeReader {
    /// How many bytes of a byte order mark were skipped.
    mark: usize,
    form: Form,
    refused: u64,
    /// After so many refusals nothing more is taken.
    refused_max: Option<u64>,
}

#[derive(Debug)]
enum Form {
    /// Nothing but white space came so far.
    Undecided {
        line_feeds: u64,
    },
    Lines(NdjsonReader),
    Array(JsonArrayReader),
}

impl Default for Form {
    fn default() -> Self {
        Self::Undecided { line_feeds: 0 }
    }
}

/// What some editors put before the text; it means nothing in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl NativeReader {
    /// A reader that gives the stream up when it has refused so many events: nothing that makes
    /// sense comes then.
    #[must_use]
    pub fn giving_up_after(refused: u64) -> Self {
        Self {
            refused_max: Some(refused),
            ..Self::default()
        }
    }

    /// Whether it has given the stream up.
    #[must_use]
    pub fn has_given_up(&self) -> bool {
        self.refused_max.is_some_and(|max| self.refused >= max)
    }

    /// Whether it may give a stream up.
    #[must_use]
    pub const fn gives_up(&self) -> bool {
        self.refused_max.is_some()
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, chunk: &[u8], batch: &mut Batch) {
        let mut chunk = chunk;
        if let Form::Undecided { line_feeds } = &mut self.form {
            while let Some((first, rest)) = chunk.split_first() {
                if *first == b'\n' {
                    *line_feeds = line_feeds.saturating_add(1);
                } else if BYTE_ORDER_MARK.get(self.mark) == Some(first) {
                    self.mark = self.mark.saturating_add(1);
                } else if !first.is_ascii_whitespace() {
                    self.form = if *first == b'[' {
                        Form::Array(JsonArrayReader::default())
                    } else {
                        Form::Lines(NdjsonReader::from_line(line_feeds.saturating_add(1)))
                    };
                    break;
                }
                chunk = rest;
            }
        }
        let max = self.refused_max.unwrap_or(u64::MAX);
        let refused = &mut self.refused;
        let each = |part, item: Result<&[u8], DecodeError>| {
            if *refused < max && !take(part, item, batch) {
                *refused = refused.saturating_add(1);
            }
        };
        match &mut self.form {
            Form::Undecided { .. } => {}
            Form::Lines(reader) => reader.feed(chunk, each),
            Form::Array(reader) => reader.feed(chunk, each),
        }
    }

    /// Takes the end of the stream.
    pub fn finish(self, batch: &mut Batch) {
        let has_given_up = self.has_given_up();
        let each = |part, item: Result<&[u8], DecodeError>| {
            if !has_given_up {
                take(part, item, batch);
            }
        };
        match self.form {
            Form::Undecided { .. } => {}
            Form::Lines(mut reader) => reader.finish(each),
            Form::Array(mut reader) => reader.finish(each),
        }
    }
}

/// Takes an item. Says whether it is good.
fn take(part: InputPart, item: Result<&[u8], DecodeError>, batch: &mut Batch) -> bool {
    let decoded = item.and_then(|json| match decode(json) {
        Ok(observed) => Ok((observed, json.len())),
        Err(error) => Err(error.at(part)),
    });
    match decoded {
        Ok((observed, json_bytes)) => {
            batch.keep(observed, json_bytes);
            true
        }
        Err(error) => {
            batch.refused.add(error);
            false
        }
    }
}

/// Decodes a whole body at once.
#[must_use]
pub fn decode_all(body: &[u8]) -> Batch {
    let mut batch = Batch::default();
    let mut reader = NativeReader::default();
    reader.feed(body, &mut batch);
    reader.finish(&mut batch);
    batch
}

#[cfg(test)]
mod tests;
