//! JSON (RFC 8259), read once from its beginning to its end: who asks is given each value, and
//! nothing is kept.

mod scalar;

/// How far some JSON has been read. What cannot be read is `None`, and [`Cursor::fault`] then says
/// why.
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

    /// An object, member by member: `each` is told the name, in UTF-8, and has to read the value.
    /// `false`: null. A list of nothing is an object of nothing, as languages write it that have
    /// one kind for both.
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
}

#[cfg(test)]
mod tests;
