//! The first line of a message (RFC 3261 §7.1, §7.2).

use crate::malformed::Malformed;
use crate::scan::{decimal, line, word};

/// What every start line names.
const VERSION: &[u8] = b"SIP/2.0";

/// The first line of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartLine<'a> {
    /// Something is asked.
    Request {
        /// The method, known or not, as it is written.
        method: &'a [u8],
        /// Whom: `sip:`, `tel:` or any other URI, unread.
        uri: &'a [u8],
    },
    /// Something is answered.
    Response {
        /// 100–699.
        status: u16,
        /// The status in words of the sender. May be empty.
        reason: &'a [u8],
    },
}

impl<'a> StartLine<'a> {
    /// Reads the first line that is not empty; gives also what follows it.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), Malformed> {
        let empty = bytes
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        let (line, rest) = line(bytes.get(empty..).unwrap_or_default());
        let malformed = |what| Malformed::new(what, empty);
        if line.is_empty() {
            return Err(malformed("empty SIP message"));
        }
        let (first, after) = word(line);
        if first.eq_ignore_ascii_case(VERSION) {
            let (status, reason) = word(after);
            let status = decimal(status)
                .filter(|status| (100..700).contains(status))
                .ok_or_else(|| malformed("no SIP status"))?;
            return Ok((Self::Response { status, reason }, rest));
        }
        // The URI is what is between: a broken one has spaces.
        let uri = after
            .len()
            .checked_sub(VERSION.len())
            .and_then(|at| after.split_at_checked(at))
            .filter(|(_, version)| version.eq_ignore_ascii_case(VERSION))
            .map(|(uri, _)| uri)
            .filter(|uri| uri.last().is_some_and(u8::is_ascii_whitespace))
            .ok_or_else(|| malformed("no SIP start line"))?
            .trim_ascii_end();
        let is_token = first
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(byte));
        if uri.is_empty() || !is_token {
            return Err(malformed("no SIP start line"));
        }
        Ok((Self::Request { method: first, uri }, rest))
    }

    /// The status of a response. `None` in a request.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match *self {
            Self::Response { status, .. } => Some(status),
            Self::Request { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn request(line: &str, method: &str, uri: &str) {
        let (method, uri) = (method.as_bytes(), uri.as_bytes());
        let parsed = StartLine::parse(line.as_bytes());
        assert_eq!(
            parsed,
            Ok((StartLine::Request { method, uri }, &b"rest"[..]))
        );
    }

    #[track_caller]
    fn response(line: &str, status: u16, reason: &str) {
        let reason = reason.as_bytes();
        let parsed = StartLine::parse(line.as_bytes());
        assert_eq!(
            parsed,
            Ok((StartLine::Response { status, reason }, &b"rest"[..]))
        );
    }

    #[track_caller]
    fn refused(line: &str, what: &str, at: usize) {
        let error = StartLine::parse(line.as_bytes()).unwrap_err();
        assert_eq!((error.what, error.at), (what, at));
    }

    #[test]
    fn requests() {
        request("BYE sip:a@b SIP/2.0\r\nrest", "BYE", "sip:a@b");
        request(
            "BYE tel:+12025550100 SIP/2.0\nrest",
            "BYE",
            "tel:+12025550100",
        );
        request(
            "N-e.W!%*_+`'~ urn:x sip/2.0\nrest",
            "N-e.W!%*_+`'~",
            "urn:x",
        );
        request("\r\n\r\nACK  sip:a@b   SIP/2.0  \r\nrest", "ACK", "sip:a@b");
        request(
            "ACK <sip:a; x = y> SIP/2.0\r\nrest",
            "ACK",
            "<sip:a; x = y>",
        );
    }

    #[test]
    fn responses() {
        response("SIP/2.0 200 OK\r\nrest", 200, "OK");
        response("SIP/2.0 404\nrest", 404, "");
        response(
            "sip/2.0  183  Session  Progress \r\nrest",
            183,
            "Session  Progress",
        );
    }

    #[test]
    fn neither() {
        refused("", "empty SIP message", 0);
        refused("\r\n\r\n", "empty SIP message", 4);
        refused("\0\0\0\0", "no SIP start line", 0);
        refused("hello", "no SIP start line", 0);
        refused("BYE SIP/2.0\r\n", "no SIP start line", 0);
        refused("BYE sip:a@bSIP/2.0\r\n", "no SIP start line", 0);
        refused("BYE sip:a@b SIP/3.0\r\n", "no SIP start line", 0);
        refused("GET / HTTP/1.1\r\n", "no SIP start line", 0);
        refused("B\u{e9}E sip:a@b SIP/2.0\r\n", "no SIP start line", 0);
        refused("SIP/2.0 99 Low\r\n", "no SIP status", 0);
        refused("SIP/2.0 700 High\r\n", "no SIP status", 0);
        refused("SIP/2.0 OK\r\n", "no SIP status", 0);
    }
}
