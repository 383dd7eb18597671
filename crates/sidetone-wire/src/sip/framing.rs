//! Where the messages of a payload begin and end (RFC 3261 §18.3, §7.5).
//!
//! Over UDP a payload is a message. Over TCP an agent passes on what one segment holds: the end of
//! a message, several whole ones, the beginning of the next. Some agents merge messages of either
//! kind.

use memchr::memmem;

use super::message::Message;
use crate::malformed::Malformed;
use crate::repairs::{Repair, Repairs};
use crate::scan::word;

/// The most messages that are read of one payload: as many small ones as 32 KiB hold.
const MESSAGES_MAX: usize = 64;
/// So many places that look like the beginning of a message are looked at.
const STARTS_MAX: usize = 8;
/// Methods that a message is found by where its beginning is not known.
const METHODS: [&[u8]; 14] = [
    b"INVITE",
    b"ACK",
    b"BYE",
    b"CANCEL",
    b"OPTIONS",
    b"REGISTER",
    b"PRACK",
    b"SUBSCRIBE",
    b"NOTIFY",
    b"PUBLISH",
    b"INFO",
    b"REFER",
    b"MESSAGE",
    b"UPDATE",
];

/// The messages of a payload, in order. Pieces of messages that are not whole are passed over and
/// noted; a payload without any message gives the error of reading it as one.
#[derive(Debug, Clone)]
pub struct Messages<'a> {
    rest: &'a [u8],
    is_stream: bool,
    count: usize,
    /// What was not whole so far.
    pub repairs: Repairs,
}

impl<'a> Messages<'a> {
    /// Those of a payload. `is_stream`: of a transport that does not keep messages apart (TCP).
    #[must_use]
    pub fn new(payload: &'a [u8], is_stream: bool) -> Self {
        Self {
            rest: payload,
            is_stream,
            count: 0,
            repairs: Repairs::default(),
        }
    }

    /// Takes the message that the rest begins with.
    fn take(&mut self, message: Message<'a>) -> Option<Result<Message<'a>, Malformed>> {
        let bytes = self.rest;
        self.rest = b"";
        let header = bytes.len().saturating_sub(message.rest.len());
        let head = bytes.get(..header).unwrap_or_default();
        if !head.ends_with(b"\n\n") && !head.ends_with(b"\n\r\n") {
            return self.take_unfinished(message);
        }
        let Some(body) = self.body(&message) else {
            self.repairs.note(Repair::CutShort);
            return Some(Ok(message));
        };
        let after = message.rest.get(body..).unwrap_or_default();
        let next = after.get(blank(after)..).unwrap_or_default();
        let has_next = Message::parse(next).is_ok();
        if next.is_empty() || !(has_next || self.is_stream) {
            return Some(Ok(message));
        }
        self.rest = next;
        Some(Ok(message.with_body(body)))
    }

    /// Takes a message whose header has no end: all of a datagram; of a segment the lines that are
    /// whole, and nothing of one that follows others, whose end is in the next.
    fn take_unfinished(&mut self, message: Message<'a>) -> Option<Result<Message<'a>, Malformed>> {
        if self.count > 1 {
            self.repairs.note(Repair::PartOfMessage);
            return None;
        }
        if !self.is_stream {
            return Some(Ok(message));
        }
        self.repairs.note(Repair::CutShort);
        let lines = memchr::memrchr(b'\n', message.bytes).map_or(0, |end| end.saturating_add(1));
        Some(Message::parse(message.bytes.get(..lines)?))
    }

    /// The length of a message's body. `None`: not all of it is here.
    fn body(&self, message: &Message<'_>) -> Option<usize> {
        let rest = message.rest.len();
        match message.content_length() {
            Some(length) => (length <= rest).then_some(length),
            // What has no type has no body, unless what follows is no message.
            None if message.content_type().is_none() => {
                let next = message.rest.get(blank(message.rest)..)?;
                Some(if Message::parse(next).is_ok() {
                    0
                } else {
                    rest
                })
            }
            None => Some(rest),
        }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() && self.count > 0 {
            return None;
        }
        if self.count == MESSAGES_MAX {
            self.repairs.note(Repair::TooManyMessages);
            return None;
        }
        self.count = self.count.saturating_add(1);
        match Message::parse(self.rest) {
            Ok(message) => self.take(message),
            Err(error) => {
                let Some(at) = start(self.rest) else {
                    self.rest = b"";
                    if self.count > 1 {
                        self.repairs.note(Repair::PartOfMessage);
                        return None;
                    }
                    return Some(Err(error));
                };
                self.repairs.note(Repair::PartOfMessage);
                self.rest = self.rest.get(at..)?;
                self.take(Message::parse(self.rest).ok()?)
            }
        }
    }
}

/// How much of some bytes keeps a connection alive (RFC 5626 §3.5.1), or ends a string of C.
fn blank(bytes: &[u8]) -> usize {
    let is_blank = |byte: &&u8| matches!(byte, b'\r' | b'\n' | b' ' | b'\t' | 0);
    bytes.iter().take_while(is_blank).count()
}

/// Where the first message begins of bytes that do not begin with one.
fn start(bytes: &[u8]) -> Option<usize> {
    const VERSION: &[u8] = b"SIP/2.0";
    let starts = memmem::find_iter(bytes, VERSION).filter_map(|at| {
        let after = bytes.get(at.saturating_add(VERSION.len())..)?;
        match after.first()? {
            b' ' => Some(at),
            b'\r' | b'\n' => request_start(bytes, at),
            _ => None,
        }
    });
    starts.take(STARTS_MAX).find(|at| {
        let message = bytes.get(*at..).map(Message::parse);
        message.is_some_and(|it| it.is_ok_and(|it| it.call_id().is_some() && it.cseq().is_some()))
    })
}

/// Where the request begins whose line has its version at a place: a body before it need not end in
/// a line end.
fn request_start(bytes: &[u8], version: usize) -> Option<usize> {
    let before = bytes.get(..version)?;
    let line = memchr::memrchr(b'\n', before).map_or(0, |end| end.saturating_add(1));
    let (first, _) = word(before.get(line..)?);
    let method = METHODS.iter().find(|method| first.ends_with(method))?;
    let start = memmem::find(before.get(line..)?, first)?;
    let junk = first.len().saturating_sub(method.len());
    Some(line.saturating_add(start).saturating_add(junk))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACK: &str =
        "ACK sip:b@b SIP/2.0\r\nCall-ID: x\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n";
    const BYE: &str = "BYE sip:b@b SIP/2.0\r\nCall-ID: x\r\nCSeq: 2 BYE\r\nl: 0\r\n\r\n";
    const OK: &str = "SIP/2.0 200 OK\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nc: application/sdp\r\nl: 5\r\n\r\nv=0\r\n";
    /// Neither length nor type.
    const BARE: &str = "BYE sip:b@b SIP/2.0\r\nCall-ID: x\r\nCSeq: 2 BYE\r\n\r\n";
    const UNSIZED: &str =
        "SIP/2.0 200 OK\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nc: application/sdp\r\n\r\nv=0\r\n";

    /// What is read of a payload: methods with the length of their bodies, and what was noted.
    fn read(payload: &str, is_stream: bool) -> (Vec<(String, usize)>, Vec<&'static str>) {
        let mut messages = Messages::new(payload.as_bytes(), is_stream);
        let mut read = Vec::new();
        for message in messages.by_ref() {
            let message = message.unwrap();
            let method = message.start().status().map_or_else(
                || super::super::text(message.method().unwrap()).into_owned(),
                |status| status.to_string(),
            );
            read.push((method, message.body().len()));
        }
        let noted = messages.repairs.iter().map(Repair::as_str).collect();
        (read, noted)
    }

    #[track_caller]
    fn check(payload: &str, is_stream: bool, expected: &[(&str, usize)], noted: &[&str]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|(method, body)| ((*method).to_owned(), *body))
            .collect();
        assert_eq!(
            read(payload, is_stream),
            (expected, noted.to_vec()),
            "{payload}"
        );
    }

    #[test]
    fn content_length_says_where_a_message_ends() {
        for is_stream in [true, false] {
            check(OK, is_stream, &[("200", 5)], &[]);
            check(
                &format!("{ACK}{OK}{BYE}"),
                is_stream,
                &[("ACK", 0), ("200", 5), ("BYE", 0)],
                &[],
            );
            // Keep-alives before, between and behind.
            check(
                &format!("\r\n\r\n{ACK}\r\n\r\n{BYE}\r\n"),
                is_stream,
                &[("ACK", 0), ("BYE", 0)],
                &[],
            );
            // The last one says no length: the rest is its body.
            check(
                &format!("{ACK}{UNSIZED}"),
                is_stream,
                &[("ACK", 0), ("200", 5)],
                &[],
            );
            check(
                &format!("{BARE}{BARE}"),
                is_stream,
                &[("BYE", 0), ("BYE", 0)],
                &[],
            );
            // A message within a body is no message of the payload.
            let notify = format!(
                "NOTIFY sip:b@b SIP/2.0\r\nCall-ID: x\r\nCSeq: 3 NOTIFY\r\nContent-Type: message/sip\r\nContent-Length: {}\r\n\r\n{BYE}",
                BYE.len()
            );
            check(&notify, is_stream, &[("NOTIFY", BYE.len())], &[]);
        }
    }

    #[test]
    fn what_a_datagram_has_beyond_its_message_is_no_message() {
        check(&format!("{ACK}v=0\r\n"), false, &[("ACK", 0)], &[]);
        check(&format!("{ACK}BYE si"), false, &[("ACK", 0)], &[]);
    }

    #[test]
    fn pieces_of_other_messages_are_noted() {
        let part = &["part_of_message"][..];
        // The end of the one before: a body, a header, with and without a line end.
        for piece in [
            "a=sendrecv\r\n",
            "a=sendrecv",
            "ent: x\r\nVia: SIP/2.0/UDP a\r\n\r\nv=0\r\n",
        ] {
            check(
                &format!("{piece}{OK}{BYE}"),
                true,
                &[("200", 5), ("BYE", 0)],
                part,
            );
            check(&format!("{piece}{BYE}"), true, &[("BYE", 0)], part);
        }
        // The beginning of the next, cut in its first line and in its header.
        for length in [1, 10, 30, BYE.len() - 1] {
            let cut = &BYE[..length];
            check(&format!("{OK}{cut}"), true, &[("200", 5)], part);
        }
    }

    #[test]
    fn a_body_that_goes_on_in_the_next_segment_is_noted() {
        let cut = &["cut_short"][..];
        let short = &OK[..OK.len() - 3];
        check(short, true, &[("200", 2)], cut);
        check(short, false, &[("200", 2)], cut);
        check(
            &format!("{ACK}{short}"),
            true,
            &[("ACK", 0), ("200", 2)],
            cut,
        );
        // So is a header: of lines that are not whole nothing is taken.
        let header = "BYE sip:b@b SIP/2.0\r\nCSeq: 2 BYE\r\nCall-ID: x@192.0";
        let mut messages = Messages::new(header.as_bytes(), true);
        let message = messages.next().unwrap().unwrap();
        assert_eq!((message.call_id(), message.cseq().is_some()), (None, true));
        // Agents leave the empty line out, and then the datagram is all there is.
        let message = Messages::new(header.as_bytes(), false).next().unwrap();
        assert_eq!(message.unwrap().call_id(), Some(&b"x@192.0"[..]));
    }

    #[test]
    fn what_is_no_message_is_said_to_be_none() {
        for payload in [
            "",
            "\r\n\r\n",
            "a=sendrecv\r\n",
            "SIP/2.0 xx",
            "BYE SIP/2.0\r\n",
        ] {
            let mut messages = Messages::new(payload.as_bytes(), true);
            assert!(messages.next().unwrap().is_err(), "{payload}");
            assert!(messages.next().is_none());
        }
    }

    #[test]
    fn so_many_are_read_and_no_more() {
        let (read, noted) = read(&ACK.repeat(MESSAGES_MAX + 1), true);
        assert_eq!(
            (read.len(), noted),
            (MESSAGES_MAX, vec!["too_many_messages"])
        );
    }
}
