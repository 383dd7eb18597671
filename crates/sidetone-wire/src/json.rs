//! JSON (RFC 8259) as programs write it that print it piece by piece: what is wrong with the text
//! is put right where only one reading is left.
//!
//! A text that is JSON is never touched: it is read as it is. Of any other, what stands in strings
//! stays in strings and what is whole keeps its value; what is not whole is left out. Nothing is
//! guessed: no figure is made of a part of one.

pub(crate) mod cursor;
mod number;
mod string;

use serde_json::{Map, Value};

use crate::repairs::{Repair, Repairs};

/// Brackets within brackets that are followed: as many as the reader of the repaired text takes.
const DEPTH_MAX: usize = 120;

/// A text that is JSON now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repaired {
    pub(crate) text: String,
    pub(crate) repairs: Repairs,
}

impl Repaired {
    /// Whether some of it was left out, so that what it tells may lack parts.
    pub(crate) fn is_part(&self) -> bool {
        [
            Repair::CutShort,
            Repair::UnreadableRest,
            Repair::NotANumber,
            Repair::MissingValue,
        ]
        .into_iter()
        .any(|repair| self.repairs.contains(repair))
    }
}

/// Whether some bytes mean to be a JSON object, as far as their beginning tells.
pub(crate) fn is_object(bytes: &[u8]) -> bool {
    without_mark(bytes).trim_ascii_start().first() == Some(&b'{')
}

/// Reads an object, and tells what was wrong with it.
///
/// # Errors
/// When it is none: what the strict reader says of it.
pub(crate) fn object(bytes: &[u8]) -> Result<(Map<String, Value>, Repairs), serde_json::Error> {
    let strict = match serde_json::from_slice(bytes) {
        Ok(object) => return Ok((object, Repairs::default())),
        Err(error) => error,
    };
    let Some(repaired) = repaired(bytes) else {
        return Err(strict);
    };
    let object = serde_json::from_str(&repaired.text).map_err(|_| strict)?;
    Ok((object, repaired.repairs))
}

/// A text that means to be an object, as JSON. `None`: it is none, or nothing in it is whole.
pub(crate) fn repaired(bytes: &[u8]) -> Option<Repaired> {
    let read = Reader::read(bytes, Backslash::Escapes)?;
    if !read.is_whole() || read.repairs.contains(Repair::Quote) {
        // A text that ends in a backslash (`C:\`) seems to go on.
        let other = Reader::read(bytes, Backslash::EndsText)
            .filter(|other| other.is_whole() && !other.repairs.contains(Repair::Quote));
        if let Some(other) = other {
            return Some(other.finish());
        }
    }
    let is_nothing = read.open.is_empty() && !read.repairs.is_empty() && read.out == b"{}";
    (!is_nothing || read.is_whole()).then(|| read.finish())
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

/// A text without the NULs that it ends in, which may be all that a buffer was filled up with.
fn without_nuls(text: &[u8]) -> &[u8] {
    let is_rest = |byte: &u8| *byte == 0 || byte.is_ascii_whitespace();
    let rest = text.iter().rev().take_while(|byte| is_rest(byte)).count();
    let (before, rest) = text.split_at(text.len().saturating_sub(rest));
    if rest.contains(&0) { before } else { text }
}

/// What a backslash before a quotation mark is taken for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Backslash {
    /// An escape, as in JSON.
    Escapes,
    /// The last character of the text, where what follows the mark could follow a text.
    EndsText,
}

/// What a string is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Name,
    Value,
}

struct Reader<'a> {
    input: &'a [u8],
    at: usize,
    out: Vec<u8>,
    /// The brackets that close what is open.
    open: Vec<u8>,
    /// How much of `out` is whole, and what was wrong until then.
    whole: (usize, Repairs),
    backslash: Backslash,
    repairs: Repairs,
}

impl<'a> Reader<'a> {
    /// Reads all there is.
    fn read(bytes: &'a [u8], backslash: Backslash) -> Option<Self> {
        let text = without_mark(bytes);
        let input = without_nuls(text);
        let mut reader = Self {
            input,
            at: 0,
            out: Vec::with_capacity(input.len()),
            open: Vec::new(),
            whole: (0, Repairs::default()),
            backslash,
            repairs: Repairs::default(),
        };
        if text.len() < bytes.len() {
            reader.note(Repair::ByteOrderMark);
        }
        if reader.peek() != Some(b'{') {
            return None;
        }
        reader.open(b'{', b'}');
        while let Some(closing) = reader.open.last().copied() {
            if reader.step(closing).is_none() {
                reader.cut();
                return Some(reader);
            }
            reader.whole = (reader.out.len(), reader.repairs);
        }
        if after_space(input, reader.at) < input.len() {
            reader.note(Repair::TextAfterEnd);
        } else if input.len() < text.len() {
            reader.note(Repair::NulAfterEnd);
        }
        Some(reader)
    }

    /// Whether it came to its end, and nothing but NULs follow.
    fn is_whole(&self) -> bool {
        ![
            Repair::CutShort,
            Repair::UnreadableRest,
            Repair::TextAfterEnd,
        ]
        .into_iter()
        .any(|repair| self.repairs.contains(repair))
    }

    fn finish(mut self) -> Repaired {
        let text = String::from_utf8(self.out).unwrap_or_else(|error| {
            self.repairs.note(Repair::NotUtf8);
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        });
        Repaired {
            text,
            repairs: self.repairs,
        }
    }

    fn note(&mut self, repair: Repair) {
        self.repairs.note(repair);
    }

    /// The byte so far ahead.
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.input.get(self.at.saturating_add(ahead)).copied()
    }

    fn pass(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    /// The next byte that is no white space, which is passed.
    fn peek(&mut self) -> Option<u8> {
        self.at = after_space(self.input, self.at);
        self.byte(0)
    }

    fn open(&mut self, bracket: u8, closing: u8) {
        self.pass(1);
        self.out.push(bracket);
        self.open.push(closing);
        self.whole = (self.out.len(), self.repairs);
    }

    /// Reads a member or an item with the comma before it, or the end of the object or array.
    /// `None`: that is not there.
    fn step(&mut self, closing: u8) -> Option<()> {
        let is_first = matches!(self.out.last(), Some(b'{' | b'['));
        let mut commas = 0_usize;
        while self.peek()? == b',' {
            self.pass(1);
            commas = commas.saturating_add(1);
        }
        let expected = usize::from(!is_first);
        let next = self.byte(0)?;
        if next == closing {
            if commas > 0 {
                self.note(Repair::Comma);
            }
            self.pass(1);
            self.out.push(closing);
            self.open.pop();
            return Some(());
        }
        if commas < expected && !matches!(next, b'"' | b'{' | b'[') {
            return None;
        }
        if commas != expected {
            self.note(Repair::Comma);
        }
        if !is_first {
            self.out.push(b',');
        }
        if closing == b'}' {
            self.name()?;
        } else {
            // Items keep their places.
            for _ in expected..commas {
                self.out.extend_from_slice(b"null,");
            }
        }
        self.value(closing)
    }

    fn name(&mut self) -> Option<()> {
        if self.peek()? != b'"' {
            return None;
        }
        self.string(Role::Name)?;
        if self.peek()? != b':' {
            return None;
        }
        self.pass(1);
        self.out.push(b':');
        Some(())
    }

    fn value(&mut self, closing: u8) -> Option<()> {
        match self.peek()? {
            b'{' | b'[' if self.open.len() >= DEPTH_MAX => return None,
            b'{' => self.open(b'{', b'}'),
            b'[' => self.open(b'[', b']'),
            b'"' => self.string(Role::Value)?,
            b',' | b'}' | b']' => {
                self.note(Repair::MissingValue);
                self.out.extend_from_slice(b"null");
            }
            _ => self.word(closing)?,
        }
        Some(())
    }

    /// A value without quotation marks. One that the text ends with may have gone on.
    fn word(&mut self, closing: u8) -> Option<()> {
        let rest = self.input.get(self.at..)?;
        let is_end = |byte: &u8| {
            byte.is_ascii_whitespace() || matches!(byte, b',' | b'}' | b']' | b'"' | b':' | 0)
        };
        let length = rest.iter().position(is_end)?;
        let (word, after) = rest.split_at_checked(length)?;
        if after.first() == Some(&0) {
            return None;
        }
        if matches!(word, b"true" | b"false" | b"null") {
            self.out.extend_from_slice(word);
        } else if let Some((text, length)) = number::with_comma(word, after, closing) {
            self.note(match text {
                Some(_) => Repair::Number,
                None => Repair::NotANumber,
            });
            let text = text.as_deref().unwrap_or("null");
            self.out.extend_from_slice(text.as_bytes());
            self.pass(length);
            return Some(());
        } else if let Some(text) = number::written(word) {
            if text.as_bytes() != word {
                self.note(Repair::Number);
            }
            self.out.extend_from_slice(text.as_bytes());
        } else if number::is_none(word) {
            self.note(Repair::NotANumber);
            self.out.extend_from_slice(b"null");
        } else {
            return None;
        }
        self.pass(length);
        Some(())
    }

    /// Ends what is open behind the last thing that is whole.
    fn cut(&mut self) {
        let is_at_end = after_space(self.input, self.at) == self.input.len();
        let is_in_word = self.input.get(self.at..).is_some_and(|rest| {
            let word =
                |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
            let length = rest.iter().take_while(|byte| word(byte)).count();
            length == rest.len()
        });
        let (whole, repairs) = self.whole;
        self.out.truncate(whole);
        self.repairs = repairs;
        self.note(if is_at_end || is_in_word {
            Repair::CutShort
        } else {
            Repair::UnreadableRest
        });
        while let Some(closing) = self.open.pop() {
            self.out.push(closing);
        }
    }
}

/// The first place from one on that is no white space.
fn after_space(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let passed = rest.iter().take_while(is_space).count();
    at.saturating_add(passed)
}

#[cfg(test)]
mod tests;
