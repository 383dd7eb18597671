//! Splits a stream of bytes that is one JSON array into its items, never holding more than one
//! item's worth.

use crate::error::{DecodeError, InputPart};
use crate::ndjson::ITEM_MAX_BYTES;

/// Cuts chunks of any size into the items of `[ item, item ]`.
///
/// Only brackets and quotes are looked at; whether an item is good JSON, its reader finds out.
#[derive(Debug)]
pub struct JsonArrayReader {
    /// The beginning of an item whose end has not come yet.
    begun: Vec<u8>,
    /// The current item, from 1.
    item: u64,
    state: State,
    limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the `[`.
    Before,
    /// After the `[`: an item or the `]`.
    First,
    /// After a comma: an item.
    Next,
    /// Within an item.
    Item(Item),
    /// After the `]`.
    After,
    /// The array is broken; nothing more is taken.
    Broken,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Item {
    /// Open brackets within the item.
    depth: u32,
    in_string: bool,
    /// The character before was a backslash within a string.
    escaped: bool,
    /// The item is too long; its text is dropped.
    skipping: bool,
}

/// What a byte within an item means for the array.
enum Turn {
    Goes(Item),
    Comma,
    Close,
    /// It cannot stand there.
    Stray,
}

impl Default for JsonArrayReader {
    fn default() -> Self {
        Self::with_limit(ITEM_MAX_BYTES)
    }
}

impl JsonArrayReader {
    /// A reader that refuses items longer than so many bytes.
    #[must_use]
    pub const fn with_limit(limit: usize) -> Self {
        Self {
            begun: Vec::new(),
            item: 1,
            state: State::Before,
            limit,
        }
    }

    /// Takes the next bytes and reports each item that they complete: its text, or what is wrong.
    pub fn feed(
        &mut self,
        chunk: &[u8],
        mut each: impl FnMut(InputPart, Result<&[u8], DecodeError>),
    ) {
        // The part of the chunk that belongs to the current item starts here.
        let mut start = 0;
        for (at, byte) in chunk.iter().enumerate() {
            match self.state {
                State::Item(item) => match turn(item, *byte) {
                    Turn::Goes(item) => self.state = State::Item(item),
                    Turn::Comma => {
                        self.end_item(chunk.get(start..at), item, &mut each);
                        self.state = State::Next;
                    }
                    Turn::Close => {
                        self.end_item(chunk.get(start..at), item, &mut each);
                        self.state = State::After;
                    }
                    Turn::Stray => self.break_off("',' or ']' after an item", &mut each),
                },
                State::Broken => return,
                _ if byte.is_ascii_whitespace() => {}
                State::Before if *byte == b'[' => self.state = State::First,
                State::First if *byte == b']' => self.state = State::After,
                State::First | State::Next if !matches!(byte, b']' | b',' | b'}' | b':') => {
                    start = at;
                    self.state = match turn(Item::default(), *byte) {
                        Turn::Goes(item) => State::Item(item),
                        Turn::Comma | Turn::Close | Turn::Stray => State::Broken,
                    };
                }
                State::Before => self.break_off("a JSON array", &mut each),
                State::First => self.break_off("an item or ']'", &mut each),
                State::Next => self.break_off("an item", &mut each),
                State::After => self.break_off("nothing after the array", &mut each),
            }
        }
        if let State::Item(item) = self.state {
            self.hold(chunk.get(start..), item, &mut each);
        }
    }

    /// Reports an array that does not end.
    pub fn finish(&mut self, mut each: impl FnMut(InputPart, Result<&[u8], DecodeError>)) {
        match self.state {
            State::After | State::Broken => {}
            State::Before => self.break_off("a JSON array", &mut each),
            State::First | State::Next | State::Item(_) => {
                self.break_off("']' at the end of the array", &mut each);
            }
        }
    }

    /// Keeps the part of an item, or gives the item up.
    fn hold(
        &mut self,
        text: Option<&[u8]>,
        item: Item,
        each: &mut impl FnMut(InputPart, Result<&[u8], DecodeError>),
    ) {
        let text = text.unwrap_or_default();
        if item.skipping {
            return;
        }
        if self.begun.len().saturating_add(text.len()) > self.limit {
            self.begun = Vec::new();
            self.state = State::Item(Item {
                skipping: true,
                ..item
            });
            self.too_long(each);
        } else {
            self.begun.extend_from_slice(text);
        }
    }

    fn end_item(
        &mut self,
        text: Option<&[u8]>,
        item: Item,
        each: &mut impl FnMut(InputPart, Result<&[u8], DecodeError>),
    ) {
        let text = text.unwrap_or_default();
        let part = InputPart::Item(self.item);
        if item.skipping {
            // Reported when it became too long.
        } else if self.begun.len().saturating_add(text.len()) > self.limit {
            self.too_long(each);
        } else if self.begun.is_empty() {
            each(part, Ok(text.trim_ascii_end()));
        } else {
            self.begun.extend_from_slice(text);
            each(part, Ok(self.begun.trim_ascii_end()));
        }
        self.begun.clear();
        self.item = self.item.saturating_add(1);
    }

    fn too_long(&self, each: &mut impl FnMut(InputPart, Result<&[u8], DecodeError>)) {
        let part = InputPart::Item(self.item);
        let error = DecodeError::too_large("item", format!("at most {} bytes", self.limit));
        each(part, Err(error.at(part)));
    }

    fn break_off(
        &mut self,
        expected: &'static str,
        each: &mut impl FnMut(InputPart, Result<&[u8], DecodeError>),
    ) {
        self.begun = Vec::new();
        self.state = State::Broken;
        let part = InputPart::Item(self.item);
        each(part, Err(DecodeError::malformed("JSON", expected).at(part)));
    }
}

fn turn(item: Item, byte: u8) -> Turn {
    let Item {
        depth, in_string, ..
    } = item;
    Turn::Goes(match byte {
        _ if item.escaped => Item {
            escaped: false,
            ..item
        },
        b'\\' if in_string => Item {
            escaped: true,
            ..item
        },
        b'"' => Item {
            in_string: !in_string,
            ..item
        },
        _ if in_string => item,
        b'{' | b'[' => Item {
            depth: depth.saturating_add(1),
            ..item
        },
        b',' if depth == 0 => return Turn::Comma,
        b']' if depth == 0 => return Turn::Close,
        b'}' if depth == 0 => return Turn::Stray,
        b'}' | b']' => Item {
            depth: depth.saturating_sub(1),
            ..item
        },
        _ => item,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(input: &[u8], chunk: usize, limit: usize) -> Vec<String> {
        let mut reader = JsonArrayReader::with_limit(limit);
        let mut seen = Vec::new();
        let mut each = |part, item: Result<&[u8], DecodeError>| match item {
            Ok(text) => seen.push(format!("{part:?} {}", String::from_utf8_lossy(text))),
            Err(error) => seen.push(error.to_string()),
        };
        for piece in input.chunks(chunk) {
            reader.feed(piece, &mut each);
        }
        reader.finish(&mut each);
        seen
    }

    #[track_caller]
    fn check(input: &str, expected: &[&str]) {
        for chunk in 1..=input.len().max(1) {
            assert_eq!(
                items(input.as_bytes(), chunk, 16),
                expected,
                "{input} by {chunk}"
            );
        }
    }

    #[test]
    fn the_size_of_chunks_makes_no_difference() {
        check("[]", &[]);
        check(" [ ] \n", &[]);
        check(
            r#" [ {"a":"],\"}"} , [1,2] ,3 ] "#,
            &[r#"Item(1) {"a":"],\"}"}"#, "Item(2) [1,2]", "Item(3) 3"],
        );
        check(
            r#"[{"a":"0123456789abcdef"},{"b":1}]"#,
            &[
                "Item 1: Too large: item. Expected at most 16 bytes.",
                r#"Item(2) {"b":1}"#,
            ],
        );
    }

    #[test]
    fn says_where_an_array_is_broken() {
        check("", &["Item 1: Invalid JSON. Expected a JSON array."]);
        check("{}", &["Item 1: Invalid JSON. Expected a JSON array."]);
        check("[,", &["Item 1: Invalid JSON. Expected an item or ']'."]);
        check(
            "[1,]",
            &["Item(1) 1", "Item 2: Invalid JSON. Expected an item."],
        );
        check(
            "[1}]",
            &["Item 1: Invalid JSON. Expected ',' or ']' after an item."],
        );
        check(
            "[1] x",
            &[
                "Item(1) 1",
                "Item 2: Invalid JSON. Expected nothing after the array.",
            ],
        );
        check(
            "[1, {",
            &[
                "Item(1) 1",
                "Item 2: Invalid JSON. Expected ']' at the end of the array.",
            ],
        );
    }
}
