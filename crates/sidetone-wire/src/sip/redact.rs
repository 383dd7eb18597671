//! A message's text without what must not be shown.

use std::ops::Range;

use super::header::{Fields, same_name};
use crate::scan::{self, split_once};

/// What stands where something was removed.
const REMOVED: &str = "[removed]";
/// Header fields that prove who knows a password; with a challenge beside it, passwords can be
/// guessed from such a proof.
const SECRET_FIELDS: [&[u8]; 3] = [
    b"Authorization",
    b"Proxy-Authorization",
    b"Authentication-Info",
];
/// Lines of a session description that hold keys: of the media (RFC 4568, RFC 4567, RFC 4566
/// §5.12), and of ICE.
const SECRET_LINES: [&[u8]; 4] = [b"a=crypto:", b"a=key-mgmt:", b"k=", b"a=ice-pwd:"];

/// Bodies that are kept. What is typed during a call (INFO), and what is written to somebody
/// (MESSAGE), is nobody's business.
const KEPT_BODIES: [&[u8]; 3] = [b"application/sdp", b"application/vq-rtcpxr", b"multipart/"];

/// The text of a message without passwords, proofs of them and keys of media, and without bodies
/// that are no descriptions or reports of media; bytes that are no UTF-8 are replaced.
#[must_use]
pub fn redacted(message: &[u8]) -> String {
    let mut redacted = Redacted {
        message,
        text: String::with_capacity(message.len()),
        taken: 0,
    };
    // Empty lines before a message are no part of it (RFC 3261 §7.5), and do not end its header.
    let is_empty = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let start = message.iter().take_while(|byte| is_empty(byte)).count();
    let first = start.saturating_add(line_end(message.get(start..).unwrap_or_default()));
    let rest = message.get(first..).unwrap_or_default();

    let mut fields = Fields::new(rest);
    let mut read = first;
    let mut content_type: &[u8] = b"";
    while let Some(line) = fields.line() {
        let field = split_once(line, b':');
        if let Some((_, value)) = field.filter(|(name, _)| is_content_type(name.trim_ascii())) {
            content_type = value.trim_ascii();
        }
        if let Some((name, value)) = field.filter(|(name, _)| is_secret(name)) {
            redacted.remove(read, line, name, b": ", value);
        }
        read = read.saturating_add(line.len());
    }

    // The empty line and the body.
    let mut rest = message.get(read..).unwrap_or_default();
    let kept = content_type.is_empty() || KEPT_BODIES.iter().any(|kind| begins(content_type, kind));
    if !kept {
        let empty = line_end(rest);
        redacted.take_up_to(read.saturating_add(empty));
        if rest.len() > empty {
            redacted.text.push_str(REMOVED);
        }
        redacted.taken = message.len();
        rest = &[];
    }
    while !rest.is_empty() {
        let (line, after) = rest.split_at(line_end(rest));
        let secret = SECRET_LINES.iter().find_map(|secret| {
            let (start, value) = line.split_at_checked(secret.len())?;
            start.eq_ignore_ascii_case(secret).then_some((start, value))
        });
        if let Some((start, value)) = secret {
            redacted.remove(read, line, start, b"", value);
        } else if let Some((name, value)) = split_once(line, b':').filter(|it| is_secret(it.0)) {
            // Of a message within a message.
            redacted.remove(read, line, name, b": ", value);
        }
        read = read.saturating_add(line.len());
        rest = after;
    }
    redacted.take_up_to(message.len());
    without_passwords(redacted.text)
}

fn is_secret(name: &[u8]) -> bool {
    let name = name.trim_ascii();
    SECRET_FIELDS.iter().any(|secret| same_name(name, secret))
}

fn is_content_type(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"content-type") || name.eq_ignore_ascii_case(b"c")
}

fn begins(text: &[u8], with: &[u8]) -> bool {
    let start = text.get(..with.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(with))
}

/// A text with the passwords of its SIP URIs removed (`sip:user:password@host`, RFC 3261 §19.1.1).
#[must_use]
pub fn without_passwords(text: String) -> String {
    let mut clean = String::new();
    let mut rest = text.as_str();
    while let Some(place) = password(rest) {
        let (before, after) = (rest.get(..place.start), rest.get(place.end..));
        clean.push_str(before.unwrap_or_default());
        clean.push_str(REMOVED);
        rest = after.unwrap_or_default();
    }
    if clean.is_empty() {
        return text;
    }
    clean.push_str(rest);
    clean
}

/// Where the first password of a SIP URI is.
fn password(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'@', bytes).find_map(|at| {
        let before = bytes.get(..at)?;
        let is_user = |byte: &u8| !matches!(byte, b' ' | b'<' | b'"' | b'\r' | b'\n' | b'@' | b',');
        let length = before.iter().rev().take_while(|byte| is_user(byte)).count();
        let start = at.checked_sub(length)?;
        let uri = bytes.get(start..at)?;
        let scheme = [&b"sip:"[..], b"sips:"]
            .into_iter()
            .find(|scheme| begins(uri, scheme))?;
        let user = uri.get(scheme.len()..)?;
        let colon = memchr::memchr(b':', user)?;
        let secret = start
            .checked_add(scheme.len())?
            .checked_add(colon)?
            .checked_add(1)?;
        (secret < at).then_some(secret..at)
    })
}

/// The text so far, and how much of the message has gone into it. Lines between secrets are taken
/// in one piece.
struct Redacted<'a> {
    message: &'a [u8],
    text: String,
    taken: usize,
}

impl Redacted<'_> {
    fn take_up_to(&mut self, end: usize) {
        let piece = self.message.get(self.taken..end).unwrap_or_default();
        self.text.push_str(&scan::text(piece));
        self.taken = end;
    }

    /// Takes what stands before a line, and the line with its value removed; keeps how it ends.
    fn remove(&mut self, at: usize, line: &[u8], name: &[u8], separator: &[u8], value: &[u8]) {
        self.take_up_to(at);
        for part in [name, separator] {
            self.text.push_str(&scan::text(part));
        }
        self.text.push_str(REMOVED);
        self.text.push_str(match value {
            [.., b'\r', b'\n'] => "\r\n",
            [.., b'\n'] => "\n",
            _ => "",
        });
        self.taken = at.saturating_add(line.len());
    }
}

/// Where the first line ends, its LF included.
fn line_end(bytes: &[u8]) -> usize {
    memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        assert_eq!(redacted(message.as_bytes()), expected);
    }

    #[test]
    fn passwords_of_addresses_are_removed() {
        check(
            "INVITE sips:a:pw@b SIP/2.0\r\nFrom: <sip:c:p;x=1@d>, \"sip:e\" <sip:f@g:5060>\r\nTo: sip:h:@i\r\n\r\n",
            "INVITE sips:a:[removed]@b SIP/2.0\r\nFrom: <sip:c:[removed]@d>, \"sip:e\" <sip:f@g:5060>\r\nTo: sip:h:@i\r\n\r\n",
        );
    }

    #[test]
    fn what_people_type_or_write_is_removed() {
        check(
            "INFO sip:a SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=9\r\n",
            "INFO sip:a SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n\r\n[removed]",
        );
        check(
            "NOTIFY sip:a SIP/2.0\r\nc: multipart/mixed;boundary=x\r\n\r\n--x\r\nProxy-Authorization: Basic YTpi\r\n",
            "NOTIFY sip:a SIP/2.0\r\nc: multipart/mixed;boundary=x\r\n\r\n--x\r\nProxy-Authorization: [removed]\r\n",
        );
    }

    #[test]
    fn proofs_of_passwords_are_removed() {
        check(
            "REGISTER sip:a SIP/2.0\r\nCall-ID: x\r\nauthorization : Digest username=\"a\",\r\n\tresponse=\"00\"\r\n\
             Proxy-Authorization: Basic YTpi\nContent-Length: 0\r\n\r\nAuthorization: body",
            "REGISTER sip:a SIP/2.0\r\nCall-ID: x\r\nauthorization : [removed]\r\n\
             Proxy-Authorization: [removed]\nContent-Length: 0\r\n\r\nAuthorization: [removed]",
        );
        check(
            "\r\n\r\n\nA sip:a SIP/2.0\r\nAuthorization: after empty lines\r\n",
            "\r\n\r\n\nA sip:a SIP/2.0\r\nAuthorization: [removed]\r\n",
        );
        check(
            "A sip:a SIP/2.0\r\nAuthorization: cut",
            "A sip:a SIP/2.0\r\nAuthorization: [removed]",
        );
    }

    #[test]
    fn keys_of_media_are_removed() {
        check(
            "A sip:a SIP/2.0\n\nv=0\nk=clear:x\na=key-mgmt:mikey x\na=crypto:1 AES inline:key\na=ice-pwd:x\r\na=ice-ufrag:y",
            "A sip:a SIP/2.0\n\nv=0\nk=[removed]\na=key-mgmt:[removed]\na=crypto:[removed]\na=ice-pwd:[removed]\r\na=ice-ufrag:y",
        );
    }

    #[test]
    fn the_rest_is_as_it_was() {
        for message in [
            "",
            "\r\n",
            "\n\n\n",
            "x",
            "A sip:a SIP/2.0\r\nno colon\r\n\r\n\r\nbody\n",
        ] {
            check(message, message);
        }
        assert_eq!(
            redacted(b"A\xff\nb: \xfe\n\n\xfd"),
            "A\u{fffd}\nb: \u{fffd}\n\n\u{fffd}"
        );
    }
}
