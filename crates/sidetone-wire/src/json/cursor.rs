//! JSON (RFC 8259), read once from its beginning to its end: who asks is given each value, and nothing is kept.

use std::borrow::Cow;

/// How far some JSON has been read. What cannot be read is `None`, and [`Cursor::fault`] then says why.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    /// Whether a member's name was read last, and a colon is next.
    is_named: bool,
    fault: Fault,
}

/// Why reading stopped, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) at: usize,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The text ends before the JSON does.
    Cut,
    /// It is no JSON.
    Syntax,
    /// It is JSON, and not what was asked for.
    Shape,
}

/// A number, as exact as it is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Whole(i64),
    Real(f64),
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            is_named: false,
            fault: Fault {
                kind: FaultKind::Cut,
                at: 0,
            },
        }
    }

    /// Why nothing more could be read.
    pub(crate) const fn fault(&self) -> Fault {
        self.fault
    }

    /// The byte that the next value begins with.
    #[inline]
    pub(crate) fn value(&mut self) -> Option<u8> {
        if self.is_named {
            if self.peek()? != b':' {
                return self.syntax();
            }
            self.pass(1);
            self.is_named = false;
        }
        self.peek()
    }

    /// An object, member by member: `each` is told the name, in UTF-8, and has to read the value. `false`: null. A list of
    /// nothing is an object of nothing, as languages write it that have one kind for both.
    pub(crate) fn object(
        &mut self,
        mut each: impl FnMut(&mut Self, &[u8]) -> Option<()>,
    ) -> Option<bool> {
        match self.value()? {
            b'{' => self.pass(1),
            b'[' => {
                let mut is_empty = true;
                self.array(|cursor| {
                    is_empty = false;
                    cursor.skip()
                })?;
                return if is_empty { Some(true) } else { self.shape() };
            }
            _ => return self.null().map(|()| false),
        }
        if self.peek()? == b'}' {
            self.pass(1);
            return Some(true);
        }
        loop {
            if self.peek()? != b'"' {
                return self.syntax();
            }
            match self.plain_string() {
                Some(name) => {
                    self.is_named = true;
                    each(self, name)?;
                }
                None => {
                    let name = self.text()?;
                    self.is_named = true;
                    each(self, name.as_bytes())?;
                }
            }
            if !self.goes_on(b'}')? {
                return Some(true);
            }
        }
    }

    /// An array, item by item: `each` has to read it. `false`: null.
    pub(crate) fn array(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<bool> {
        if self.value()? != b'[' {
            return self.null().map(|()| false);
        }
        self.pass(1);
        if self.peek()? == b']' {
            self.pass(1);
            return Some(true);
        }
        loop {
            each(self)?;
            if !self.goes_on(b']')? {
                return Some(true);
            }
        }
    }

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

    /// Null, where it may stand instead of something else.
    pub(crate) fn null(&mut self) -> Option<()> {
        match self.value()? {
            b'{' | b'[' => self.pass(1),
            b'"' => drop(self.text()?),
            b'-' | b'0'..=b'9' => drop(self.number()?),
            b't' => self.word(b"true")?,
            b'f' => self.word(b"false")?,
            _ => return self.word(b"null"),
        }
        self.shape()
    }

    /// Passes over any value.
    pub(crate) fn skip(&mut self) -> Option<()> {
        let mut open = Vec::new();
        loop {
            let is_opened = match self.value()? {
                b'{' => self.open(b'}', &mut open)?,
                b'[' => self.open(b']', &mut open)?,
                b'"' => self.skip_string().map(|_| false)?,
                b'-' | b'0'..=b'9' => self.raw_number().map(|_| false)?,
                b't' => self.word(b"true").map(|()| false)?,
                b'f' => self.word(b"false").map(|()| false)?,
                _ => self.word(b"null").map(|()| false)?,
            };
            if is_opened {
                continue;
            }
            loop {
                let Some(closing) = open.last().copied() else {
                    return Some(());
                };
                if self.goes_on(closing)? {
                    if closing == b'}' {
                        self.skip_name()?;
                    }
                    break;
                }
                open.pop();
            }
        }
    }

    /// Takes it that nothing follows.
    pub(crate) fn end(&mut self) -> Option<()> {
        match self.peek() {
            Some(_) => self.syntax(),
            None => Some(()),
        }
    }

    /// What was read last is not what was asked for.
    #[cold]
    pub(crate) fn shape<T>(&mut self) -> Option<T> {
        self.fail(FaultKind::Shape, self.at.saturating_sub(1))
    }

    #[cold]
    fn syntax<T>(&mut self) -> Option<T> {
        self.fail(FaultKind::Syntax, self.at)
    }

    #[cold]
    fn cut<T>(&mut self) -> Option<T> {
        self.fail(FaultKind::Cut, self.text.len().saturating_sub(1))
    }

    fn fail<T>(&mut self, kind: FaultKind, at: usize) -> Option<T> {
        self.fault = Fault { kind, at };
        None
    }

    #[inline]
    fn pass(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next byte that is no white space, which is passed.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.pass(1),
                Some(byte) => return Some(byte),
                None => return self.cut(),
            }
        }
    }

    /// Whether another member or item follows; else passes the end.
    #[inline]
    fn goes_on(&mut self, closing: u8) -> Option<bool> {
        let byte = self.peek()?;
        if byte != b',' && byte != closing {
            return self.syntax();
        }
        self.pass(1);
        Some(byte == b',')
    }

    /// Passes the beginning of an object or array, and of its first member. Whether there is one.
    fn open(&mut self, closing: u8, open: &mut Vec<u8>) -> Option<bool> {
        self.pass(1);
        if self.peek()? == closing {
            self.pass(1);
            return Some(false);
        }
        open.push(closing);
        if closing == b'}' {
            self.skip_name()?;
        }
        Some(true)
    }

    fn skip_name(&mut self) -> Option<()> {
        if self.peek()? != b'"' {
            return self.syntax();
        }
        self.skip_string()?;
        self.is_named = true;
        Some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let pairs = word.iter().zip(self.rest());
        let same = pairs.take_while(|(wanted, byte)| wanted == byte).count();
        self.pass(same);
        if same == word.len() {
            Some(())
        } else if self.rest().is_empty() {
            self.cut()
        } else {
            self.syntax()
        }
    }

    /// A string of ASCII without escapes, as most are. `None`: it may be any other.
    #[inline]
    fn plain_string(&mut self) -> Option<&'a [u8]> {
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
    fn skip_string(&mut self) -> Option<bool> {
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
    fn raw_number(&mut self) -> Option<&'a [u8]> {
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

/// How many bytes of ASCII stand before one that ends a string, begins an escape or may not be in it. Eight are looked at at a
/// time: that a byte of a word is 0 shows where it borrows when 1 is taken of each.
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

/// A whole number that is surely below 10¹⁸, as most are, and its length; `None`: it may be something else.
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

#[cfg(test)]
mod tests;
