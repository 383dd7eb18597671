//! Looking through bytes that came over the wire. Nothing here can panic, and nothing assumes
//! UTF-8.

use std::borrow::Cow;

use memchr::memchr;

/// So many bytes at an offset.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// A 16-bit number in network order at an offset.
pub(crate) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

/// A number of decimal digits and nothing else.
pub(crate) fn decimal<N: TryFrom<u64>>(digits: &[u8]) -> Option<N> {
    if digits.is_empty() {
        return None;
    }
    let mut number = 0_u64;
    for byte in digits {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number = number.checked_mul(10)?.checked_add(digit.into())?;
    }
    N::try_from(number).ok()
}

/// Bytes as text; those that are no UTF-8 are replaced.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    // Nearly all are ASCII, of which this is by far the faster look.
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// What is before and after the first such byte.
pub(crate) fn split_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr(separator, bytes)?;
    Some((bytes.get(..at)?, bytes.get(at.saturating_add(1)..)?))
}

/// What is before the first such byte, or all.
pub(crate) fn before(bytes: &[u8], separator: u8) -> &[u8] {
    split_once(bytes, separator).map_or(bytes, |(before, _)| before)
}

/// The first word and what follows it, white space removed.
pub(crate) fn word(bytes: &[u8]) -> (&[u8], &[u8]) {
    let bytes = bytes.trim_ascii();
    bytes
        .iter()
        .position(u8::is_ascii_whitespace)
        .and_then(|at| bytes.split_at_checked(at))
        .map_or((bytes, b""), |(word, rest)| (word, rest.trim_ascii_start()))
}

/// The next line without its end, which is LF or CRLF, and what follows.
pub(crate) fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = split_once(bytes, b'\n').unwrap_or((bytes, b""));
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

/// The parts of a value between separators that stand neither in quotes nor in angle brackets.
/// Empty parts are left out.
#[derive(Debug, Clone)]
pub(crate) struct Parts<'a> {
    rest: &'a [u8],
    separator: u8,
}

impl<'a> Parts<'a> {
    pub(crate) fn new(value: &'a [u8], separator: u8) -> Self {
        Self {
            rest: value,
            separator,
        }
    }

    /// Where the first part ends.
    fn end(&self) -> Option<usize> {
        // Most values are one part, and few have quotes.
        let first = memchr(self.separator, self.rest)?;
        let plain = self.rest.get(..first)?;
        if memchr::memchr2(b'"', b'<', plain).is_none() {
            return Some(first);
        }
        let (mut quoted, mut bracketed, mut escaped) = (false, false, false);
        for (at, &byte) in self.rest.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' if !bracketed => quoted = !quoted,
                _ if quoted => {}
                b'<' => bracketed = true,
                b'>' => bracketed = false,
                _ if bracketed => {}
                _ if byte == self.separator => return Some(at),
                _ => {}
            }
        }
        None
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let (part, rest) = match self.end() {
                Some(at) => (
                    self.rest.get(..at)?,
                    self.rest.get(at.saturating_add(1)..).unwrap_or_default(),
                ),
                None => (self.rest, &b""[..]),
            };
            self.rest = rest;
            let part = part.trim_ascii();
            if !part.is_empty() {
                return Some(part);
            }
        }
        None
    }
}

/// The value of a parameter among `name=value` parts between semicolons: without quotes or angle
/// brackets around it, empty if the parameter has no value.
pub(crate) fn param<'a>(params: &'a [u8], name: &str) -> Option<&'a [u8]> {
    Parts::new(params, b';').find_map(|part| {
        let (key, value) = split_once(part, b'=').unwrap_or((part, b""));
        key.trim_ascii()
            .eq_ignore_ascii_case(name.as_bytes())
            .then(|| unwrapped(value.trim_ascii()))
    })
}

/// A value without the quotes or angle brackets around it.
fn unwrapped(value: &[u8]) -> &[u8] {
    let inside = |open: &[u8], close: &[u8]| value.strip_prefix(open)?.strip_suffix(close);
    inside(b"\"", b"\"")
        .or_else(|| inside(b"<", b">"))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: &[&str]) {
        let parts: Vec<_> = Parts::new(value.as_bytes(), b',')
            .map(|part| str::from_utf8(part).unwrap())
            .collect();
        assert_eq!(parts, expected);
    }

    #[test]
    fn separators_in_quotes_and_brackets_do_not_separate() {
        check("a", &["a"]);
        check("", &[]);
        check(" , a ,, b, ", &["a", "b"]);
        check(r#""a, b" <sip:x>, c"#, &[r#""a, b" <sip:x>"#, "c"]);
        check(r#""a\", b" <sip:x>, c"#, &[r#""a\", b" <sip:x>"#, "c"]);
        check("<sip:a,b>;q=1, c", &["<sip:a,b>;q=1", "c"]);
        check(r#""never closed, a"#, &[r#""never closed, a"#]);
        check("<never closed, a", &["<never closed, a"]);
    }

    #[test]
    fn finds_parameters() {
        let params = br#";a; B = "x;y" ;info=<http://h/;c=1>;c"#;
        assert_eq!(param(params, "a"), Some(&b""[..]));
        assert_eq!(param(params, "b"), Some(&b"x;y"[..]));
        assert_eq!(param(params, "info"), Some(&b"http://h/;c=1"[..]));
        assert_eq!(param(params, "C"), Some(&b""[..]));
        assert_eq!(param(params, "d"), None);
        assert_eq!(param(br#"a=""#, "a"), Some(&b"\""[..]));
    }

    #[test]
    fn reads_digits_only() {
        assert_eq!(decimal::<u8>(b"255"), Some(255));
        assert_eq!(decimal::<u8>(b"256"), None);
        assert_eq!(decimal::<u64>(b"18446744073709551616"), None);
        for not in ["", "+1", "-1", "1 ", "0x1", "\u{660}"] {
            assert_eq!(decimal::<u64>(not.as_bytes()), None, "{not}");
        }
    }
}
