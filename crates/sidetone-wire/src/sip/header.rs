//! Header fields: lines, names, and which names are known (RFC 3261 §7.3).

use memchr::memchr;

/// A header field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// The name as written, long or short.
    pub(super) name: &'a [u8],
    /// The value without white space around it, with the line ends of folding in it.
    pub(super) value: &'a [u8],
}

/// The header fields up to the empty line. Lines without a colon are skipped.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    is_over: bool,
}

impl<'a> Fields<'a> {
    /// The header fields of what follows a start line.
    pub(super) fn new(after_start: &'a [u8]) -> Self {
        Self {
            rest: after_start,
            is_over: after_start.is_empty(),
        }
    }

    /// What has not been walked over: the body, once there are no more fields.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next line with those that continue it, line ends included. `None` at the empty line,
    /// which is passed.
    pub(super) fn line(&mut self) -> Option<&'a [u8]> {
        if self.is_over {
            return None;
        }
        let mut end = 0_usize;
        loop {
            let tail = self.rest.get(end..).unwrap_or_default();
            let Some(at) = memchr(b'\n', tail) else {
                end = self.rest.len();
                break;
            };
            let is_empty = end == 0 && matches!(tail.get(..at), Some(b"" | b"\r"));
            end = end.saturating_add(at).saturating_add(1);
            if is_empty {
                self.rest = self.rest.get(end..).unwrap_or_default();
                self.is_over = true;
                return None;
            }
            if !matches!(self.rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (line, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        self.is_over = rest.is_empty();
        Some(line)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        loop {
            let line = self.line()?;
            // Names are so short that looking at each byte is the fastest.
            let colon = line.iter().position(|byte| *byte == b':');
            let Some((name, value)) = colon.and_then(|at| line.split_at_checked(at)) else {
                continue;
            };
            return Some(Field {
                name: name.trim_ascii(),
                value: value.get(1..)?.trim_ascii(),
            });
        }
    }
}

/// The header fields that are found while parsing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Authorization,
    CSeq,
    CallId,
    Contact,
    ContentLength,
    ContentType,
    Diversion,
    Event,
    From,
    HistoryInfo,
    Identity,
    PAssertedIdentity,
    ProxyAuthorization,
    RSeq,
    Reason,
    RecordRoute,
    RemotePartyId,
    Require,
    Server,
    To,
    UserAgent,
    Via,
}

impl Name {
    /// How many there are.
    pub(super) const COUNT: usize = Self::Via as usize + 1;
    /// The length of the longest name.
    const MAX_BYTES: usize = 19;

    /// Which one a name is, long or short.
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        let mut lower = [0; Self::MAX_BYTES];
        let lower = lower.get_mut(..name.len())?;
        for (to, byte) in lower.iter_mut().zip(name) {
            *to = byte.to_ascii_lowercase();
        }
        Some(match &*lower {
            b"authorization" => Self::Authorization,
            b"c" | b"content-type" => Self::ContentType,
            b"cseq" => Self::CSeq,
            b"diversion" => Self::Diversion,
            b"f" | b"from" => Self::From,
            b"history-info" => Self::HistoryInfo,
            b"i" | b"call-id" => Self::CallId,
            b"l" | b"content-length" => Self::ContentLength,
            b"m" | b"contact" => Self::Contact,
            b"o" | b"event" => Self::Event,
            b"p-asserted-identity" => Self::PAssertedIdentity,
            b"proxy-authorization" => Self::ProxyAuthorization,
            b"reason" => Self::Reason,
            b"record-route" => Self::RecordRoute,
            b"remote-party-id" => Self::RemotePartyId,
            b"require" => Self::Require,
            b"rseq" => Self::RSeq,
            b"server" => Self::Server,
            b"t" | b"to" => Self::To,
            b"user-agent" => Self::UserAgent,
            b"v" | b"via" => Self::Via,
            b"y" | b"identity" => Self::Identity,
            _ => return None,
        })
    }
}

/// Whether two names, long or short, are the same header field.
pub(super) fn same_name(a: &[u8], b: &[u8]) -> bool {
    long(a).eq_ignore_ascii_case(long(b))
}

/// The long name of a short one (the IANA list of compact forms); any other name as it is.
fn long(name: &[u8]) -> &[u8] {
    let [letter] = name else {
        return name;
    };
    match letter.to_ascii_lowercase() {
        b'a' => b"Accept-Contact",
        b'b' => b"Referred-By",
        b'c' => b"Content-Type",
        b'd' => b"Request-Disposition",
        b'e' => b"Content-Encoding",
        b'f' => b"From",
        b'i' => b"Call-ID",
        b'j' => b"Reject-Contact",
        b'k' => b"Supported",
        b'l' => b"Content-Length",
        b'm' => b"Contact",
        b'n' => b"Identity-Info",
        b'o' => b"Event",
        b'r' => b"Refer-To",
        b's' => b"Subject",
        b't' => b"To",
        b'u' => b"Allow-Events",
        b'v' => b"Via",
        b'x' => b"Session-Expires",
        b'y' => b"Identity",
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &str, expected: &[(&str, &str)], rest: &str) {
        let mut fields = Fields::new(bytes.as_bytes());
        let found: Vec<_> = fields
            .by_ref()
            .map(|field| (field.name, field.value))
            .map(|(n, v)| (str::from_utf8(n).unwrap(), str::from_utf8(v).unwrap()))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(fields.rest(), rest.as_bytes());
    }

    #[test]
    fn lines_are_told_apart() {
        check("", &[], "");
        check("\r\nbody", &[], "body");
        check("\nbody", &[], "body");
        check("a:1\r\nb : 2 \n\r\nbody", &[("a", "1"), ("b", "2")], "body");
        check(
            "a: 1\r\n 2\n\t3\r\nb:",
            &[("a", "1\r\n 2\n\t3"), ("b", "")],
            "",
        );
        check("no colon\r\na: 1:2\r\n", &[("a", "1:2")], "");
        check("a: 1\r\n\r\n b: 2", &[("a", "1")], " b: 2");
        check("a: 1\r\n \r\nb: 2\r\n\r\n", &[("a", "1"), ("b", "2")], "");
        check("cut", &[], "");
    }

    #[test]
    fn short_names_are_the_long_ones() {
        for letter in b'a'..=b'z' {
            let letter = [letter];
            assert_eq!(
                Name::of(&letter),
                Name::of(long(&letter)).filter(|_| long(&letter).len() > 1)
            );
        }
        assert!(same_name(b"V", b"via"));
        assert!(same_name(b"s", b"Subject"));
        assert!(!same_name(b"z", b"s"));
    }
}
