//! Numbers and texts.

use std::borrow::Cow;

use super::{Cursor, FaultKind, Number};

impl<'a> Cursor<'a> {
    /// A number.
    pub(crate) fn number(&mut self) -> Option<Number> {
        if !matches!(self.value()?, b'-' | b'0'..=b'9') {
            self.null()?;
            return self.shape();
        }
        if let Some((whole, length)) = plain_whole(self.rest()) {
            self.pass(length);
            return Some(Number::Whole(whole));
        }
        let text = self.raw_number()?;
        let text = str::from_utf8(text).unwrap_or_default();
        if let Ok(whole) = text.parse() {
            return Some(Number::Whole(whole));
        }
        // More than a double holds is no number to anybody.
        match text.parse() {
            Ok(real) if f64::is_finite(real) => Some(Number::Real(real)),
            _ => self.fail(FaultKind::Syntax, self.at.saturating_sub(1)),
        }
    }

    /// A text.
    pub(crate) fn text(&mut self) -> Option<Cow<'a, str>> {
        if self.value()? != b'"' {
            self.null()?;
            return self.shape();
        }
        let begin = self.at;
        let has_escapes = self.skip_string()?;
        let whole = self.text.get(begin..self.at)?;
        let read = if has_escapes {
            serde_json::from_slice(whole).ok().map(Cow::Owned)
        } else {
            let inner = whole.get(1..whole.len().saturating_sub(1))?;
            str::from_utf8(inner).ok().map(Cow::Borrowed)
        };
        match read {
            Some(text) => Some(text),
            None => self.fail(FaultKind::Syntax, self.at.saturating_sub(1)),
        }
    }

    /// A string of ASCII without escapes, as most are. `None`: it may be any other.
    #[inline]
    pub(super) fn plain_string(&mut self) -> Option<&'a [u8]> {
        let text = self.text.get(self.at.saturating_add(1)..)?;
        let length = plain_bytes(text);
        let (text, rest) = text.split_at_checked(length)?;
        if rest.first() != Some(&b'"') {
            return None;
        }
        self.pass(length.saturating_add(2));
        Some(text)
    }

    /// Passes over a string. Whether it has escapes.
    pub(super) fn skip_string(&mut self) -> Option<bool> {
        if self.plain_string().is_some() {
            return Some(false);
        }
        self.pass(1);
        let mut has_escapes = false;
        loop {
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escapes = true;
                    self.skip_escape()?;
                }
                Some(0..0x20) => return self.syntax(),
                Some(_) => self.pass(1),
                None => return self.cut(),
            }
        }
        self.pass(1);
        Some(has_escapes)
    }

    fn skip_escape(&mut self) -> Option<()> {
        self.pass(1);
        let digits = match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 0,
            Some(b'u') => 4,
            Some(_) => return self.syntax(),
            None => return self.cut(),
        };
        self.pass(1);
        for _ in 0..digits {
            match self.byte() {
                Some(digit) if digit.is_ascii_hexdigit() => self.pass(1),
                Some(_) => return self.syntax(),
                None => return self.cut(),
            }
        }
        Some(())
    }

    /// A number as it is written.
    pub(super) fn raw_number(&mut self) -> Option<&'a [u8]> {
        let begin = self.at;
        if self.byte() == Some(b'-') {
            self.pass(1);
        }
        if self.byte() == Some(b'0') {
            self.pass(1);
            if self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
                return self.syntax();
            }
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.pass(1);
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.pass(1);
            if matches!(self.byte(), Some(b'-' | b'+')) {
                self.pass(1);
            }
            self.digits()?;
        }
        self.text.get(begin..self.at)
    }

    /// At least one digit.
    fn digits(&mut self) -> Option<()> {
        let rest = self.rest();
        let is_other = |byte: &u8| !byte.is_ascii_digit();
        let digits = rest.iter().position(is_other).unwrap_or(rest.len());
        self.pass(digits);
        match digits {
            0 if rest.is_empty() => self.cut(),
            0 => self.syntax(),
            _ => Some(()),
        }
    }
}

/// How many bytes of ASCII stand before one that ends a string, begins an escape or may not be in
/// it. Eight are looked at at a time: that a byte of a word is 0 shows where it borrows when 1 is
/// taken of each.
#[inline]
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGHEST_BITS: u64 = ONES << 7;
    const QUOTES: u64 = ONES * b'"' as u64;
    const BACKSLASHES: u64 = ONES * b'\\' as u64;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut before = 0_usize;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let (quotes, backslashes) = (word ^ QUOTES, word ^ BACKSLASHES);
        let found = word
            | word.wrapping_sub(ONES << 5)
            | quotes.wrapping_sub(ONES)
            | backslashes.wrapping_sub(ONES);
        let found = found & HIGHEST_BITS;
        if found != 0 {
            return before.saturating_add(found.trailing_zeros() as usize / 8);
        }
        before = before.saturating_add(8);
    }
    let is_plain = |byte: &&u8| matches!(byte, 0x20..0x80) && !matches!(byte, b'"' | b'\\');
    before.saturating_add(rest.iter().take_while(is_plain).count())
}

/// A whole number that is surely below 10¹⁸, as most are, and its length; `None`: it may be
/// something else.
#[inline]
fn plain_whole(text: &[u8]) -> Option<(i64, usize)> {
    const DIGITS_MAX: usize = 18;
    let mut whole = 0_i64;
    for (length, byte) in text.iter().enumerate().take(DIGITS_MAX) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            let is_whole = length > 0 && !matches!(byte, b'.' | b'e' | b'E');
            let is_plain = is_whole && (length == 1 || text.first() != Some(&b'0'));
            return is_plain.then_some((whole, length));
        }
        whole = whole.wrapping_mul(10).wrapping_add(digit.into());
    }
    None
}
