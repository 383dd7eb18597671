//! A SIP port for phones that report the quality of their calls themselves (RFC 6035), in PUBLISH
//! or NOTIFY.
//!
//! It is no SIP element beyond that: each request is answered by itself, from what stands in it,
//! and nothing is kept.

use std::net::SocketAddr;

use sidetone_wire::sip::{Message, StartLine};
use tokio::net::UdpSocket;
use tokio::sync::watch;

use super::batch::Kind;
use super::queue::PacketQueue;
use crate::app::App;
use crate::shutdown::stopped;
use crate::telemetry::labels::{PacketReason, PacketResult, Transport};
use crate::telemetry::throttle::Subject;

/// The event package of quality reports.
const EVENT: &[u8] = b"vq-rtcpxr";
/// Their media type.
const MEDIA_TYPE: &str = "application/vq-rtcpxr";
/// Longest time, in seconds, that a publication is said to last. Nothing of it is kept; phones may
/// ask for less.
const EXPIRES_MAX: u64 = 3_600;
/// How much longer than a request an answer may be: whoever forges a sender's address gains
/// nothing.
const LONGER_MAX: usize = 256;

/// Answers phones until a stop is asked for.
pub(super) async fn serve(
    app: App,
    socket: UdpSocket,
    queue: PacketQueue,
    mut stop: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 65_536];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            () = stopped(&mut stop) => break,
        };
        let (length, from) = match received {
            Ok(received) => received,
            // An error of an answer that could not be delivered comes back here.
            Err(error) => {
                tracing::debug!(%error, "no SIP request could be read");
                continue;
            }
        };
        let request = &buffer[..length];
        let peer = SocketAddr::new(from.ip().to_canonical(), from.port());
        let outcome = if app.config.hep.sip_allow.contains(peer.ip()) {
            judge(request)
        } else {
            Outcome::Silence(PacketResult::RefusedSource, PacketReason::None)
        };
        let answer = match outcome {
            Outcome::Silence(result, reason) => {
                count(&app, peer, result, reason);
                continue;
            }
            Outcome::Answer(answer, result) => {
                count(&app, peer, result, PacketReason::None);
                answer
            }
            Outcome::Report(answer) => {
                let mut batch = queue.empty(Transport::Sip);
                batch.received_at = app.clock.now();
                batch.push(peer, Kind::Sip, request);
                if queue.try_put(batch) {
                    answer
                } else {
                    count(&app, peer, PacketResult::QueueFull, PacketReason::None);
                    Answer::BUSY
                }
            }
        };
        let tag = app.clock.now().micros();
        if let Some(text) = answer.text(request, peer, tag)
            && let Err(error) = socket.send_to(&text, from).await
        {
            tracing::debug!(%peer, %error, "a phone was not answered");
        }
    }
}

fn count(app: &App, peer: SocketAddr, result: PacketResult, reason: PacketReason) {
    let (transport, counters) = (Transport::Sip, &app.counters);
    counters.count_packets(transport, result, reason, 1);
    let is_bad = !matches!(result, PacketResult::KeepAlive | PacketResult::NotAReport);
    let subject = Subject::Packet(transport, result, PacketReason::None);
    if is_bad && let Some(more) = counters.log_throttle.may_log(subject, app.clock.now()) {
        let (result, reason) = (result.as_str(), reason.as_str());
        tracing::warn!(%peer, result, reason, more, "a SIP request was not taken");
    }
}

/// What to do about a datagram.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// No answer; the result and the reason to count.
    Silence(PacketResult, PacketReason),
    /// An answer and nothing else; the result to count.
    Answer(Answer, PacketResult),
    /// It is a report.
    Report(Answer),
}

/// A response: its status, and the header fields that not every response has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Answer {
    status: &'static str,
    field: &'static str,
    /// With the tag and the duration of a publication.
    publication: bool,
}

impl Answer {
    const OK: Self = Self::new("200 OK", "");
    const PUBLISHED: Self = Self {
        publication: true,
        ..Self::OK
    };
    const BAD_EVENT: Self = Self::new("489 Bad Event", "Allow-Events: vq-rtcpxr\r\n");
    const WRONG_METHOD: Self = Self::new(
        "405 Method Not Allowed",
        "Allow: PUBLISH, NOTIFY, OPTIONS\r\n",
    );
    const WRONG_TYPE: Self = Self::new(
        "415 Unsupported Media Type",
        "Accept: application/vq-rtcpxr\r\n",
    );
    const BUSY: Self = Self::new("503 Service Unavailable", "Retry-After: 5\r\n");

    const fn new(status: &'static str, field: &'static str) -> Self {
        Self {
            status,
            field,
            publication: false,
        }
    }

    /// The response to a request (RFC 3261 §8.2.6). `None` when it would be much longer than that.
    fn text(self, request: &[u8], peer: SocketAddr, tag: i64) -> Option<Vec<u8>> {
        let message = Message::parse(request).ok()?;
        let mut text = format!("SIP/2.0 {}\r\n", self.status).into_bytes();
        let mut add = |name: &str, value: &[u8], more: &str| {
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b": ");
            text.extend_from_slice(value);
            text.extend_from_slice(more.as_bytes());
            text.extend_from_slice(b"\r\n");
        };
        let mut vias = message.headers("Via");
        add("Via", &returned(vias.next()?, peer), "");
        for via in vias {
            add("Via", via, "");
        }
        add("From", message.header("From")?, "");
        let to_tag = match message.to().and_then(|to| to.tag()) {
            Some(_) => String::new(),
            None => format!(";tag={tag:x}"),
        };
        add("To", message.header("To")?, &to_tag);
        add("Call-ID", message.header("Call-ID")?, "");
        add("CSeq", message.header("CSeq")?, "");
        if self.publication {
            let asked = message.header("Expires").map(String::from_utf8_lossy);
            let asked = asked.and_then(|text| text.parse().ok());
            let expires = asked.unwrap_or(EXPIRES_MAX).min(EXPIRES_MAX);
            add("SIP-ETag", format!("{tag:x}").as_bytes(), "");
            add("Expires", expires.to_string().as_bytes(), "");
        }
        text.extend_from_slice(self.field.as_bytes());
        text.extend_from_slice(b"Content-Length: 0\r\n\r\n");
        (text.len() <= request.len().saturating_add(LONGER_MAX)).then_some(text)
    }
}

/// The topmost Via as it goes back: with where the request came from, if its sender wants to know
/// (RFC 3581 §4).
fn returned(via: &[u8], peer: SocketAddr) -> Vec<u8> {
    const ASKED: &[u8] = b";rport";
    let top = via.split(|byte| *byte == b',').next().unwrap_or_default();
    let at = top
        .windows(ASKED.len())
        .position(|window| window.eq_ignore_ascii_case(ASKED));
    match at.map(|at| top.split_at(at + ASKED.len())) {
        Some((_, after)) if after.starts_with(b"=") => via.to_vec(),
        Some((before, _)) => {
            let filled = format!("={};received={}", peer.port(), peer.ip());
            let after = via.get(before.len()..).unwrap_or_default();
            [before, filled.as_bytes(), after].concat()
        }
        None => via.to_vec(),
    }
}

fn judge(request: &[u8]) -> Outcome {
    if request.trim_ascii().is_empty() {
        return Outcome::Silence(PacketResult::KeepAlive, PacketReason::None);
    }
    let message = match Message::parse(request) {
        Ok(message) => message,
        Err(error) => {
            let reason = PacketReason::Bytes(error.what);
            return Outcome::Silence(PacketResult::Malformed, reason);
        }
    };
    let StartLine::Request { method, .. } = message.start() else {
        return Outcome::Silence(PacketResult::NotAReport, PacketReason::Response);
    };
    let needed = ["Via", "From", "To", "Call-ID", "CSeq"];
    if needed
        .into_iter()
        .any(|name| message.header(name).is_none())
    {
        return Outcome::Silence(PacketResult::Malformed, PacketReason::NoHeader);
    }
    let answer = match method {
        // Nobody answers an ACK.
        b"ACK" => return Outcome::Silence(PacketResult::NotAReport, PacketReason::Ack),
        b"OPTIONS" => return Outcome::Answer(Answer::OK, PacketResult::NotAReport),
        b"PUBLISH" => Answer::PUBLISHED,
        b"NOTIFY" => Answer::OK,
        _ => return Outcome::Answer(Answer::WRONG_METHOD, PacketResult::NotAReport),
    };
    let event = message.header("Event").unwrap_or_default();
    let event = event.split(|byte| *byte == b';').next().unwrap_or_default();
    if !event.trim_ascii().eq_ignore_ascii_case(EVENT) {
        return Outcome::Answer(Answer::BAD_EVENT, PacketResult::NotAReport);
    }
    if message.body().is_empty() {
        // A publication is made to last longer, or ended.
        return Outcome::Answer(answer, PacketResult::NotAReport);
    }
    if message.content_type().is_some() && message.body_of_type(MEDIA_TYPE).is_none() {
        return Outcome::Answer(Answer::WRONG_TYPE, PacketResult::NotAReport);
    }
    Outcome::Report(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, more: &str, body: &str) -> String {
        format!(
            "{method} sip:collector@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;rport;branch=z9hG4bK1, SIP/2.0/UDP a\r\n\
            v: SIP/2.0/UDP b;rport\r\nf: <sip:a@b>;tag=1\r\nt: <sip:collector@192.0.2.1>\r\ni: 1@b\r\nCSeq: 7 {method}\r\n{more}\r\n{body}"
        )
    }

    fn answer(method: &str, more: &str, body: &str) -> String {
        let request = request(method, more, body);
        let peer = SocketAddr::from(([192, 0, 2, 9], 1024));
        match judge(request.as_bytes()) {
            Outcome::Silence(result, reason) => {
                format!("{} {}", result.as_str(), reason.as_str())
            }
            Outcome::Answer(answer, _) | Outcome::Report(answer) => {
                String::from_utf8(answer.text(request.as_bytes(), peer, 0xabc).unwrap()).unwrap()
            }
        }
    }

    #[test]
    fn a_published_report_is_answered_from_what_stands_in_it() {
        let more =
            "Event: vq-rtcpxr;a=b\r\nExpires: 99999\r\nContent-Type: application/vq-rtcpxr\r\n";
        let body = "VQSessionReport: CallTerm\r\n";
        assert!(matches!(
            judge(request("PUBLISH", more, body).as_bytes()),
            Outcome::Report(_)
        ));
        assert_eq!(
            answer("PUBLISH", more, body),
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.9:5060;rport=1024;received=192.0.2.9;branch=z9hG4bK1, SIP/2.0/UDP a\r\n\
            Via: SIP/2.0/UDP b;rport\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:collector@192.0.2.1>;tag=abc\r\nCall-ID: 1@b\r\n\
            CSeq: 7 PUBLISH\r\nSIP-ETag: abc\r\nExpires: 3600\r\nContent-Length: 0\r\n\r\n"
        );
        let refreshed = answer(
            "PUBLISH",
            "Event: vq-rtcpxr\r\nSIP-If-Match: abc\r\nExpires: 60\r\n",
            "",
        );
        assert!(refreshed.contains("\r\nExpires: 60\r\n"), "{refreshed}");
    }

    #[test]
    fn a_notified_report_has_no_publication() {
        let text = answer("NOTIFY", "o: vq-rtcpxr\r\n", "VQSessionReport\r\n");
        assert!(text.starts_with("SIP/2.0 200 OK\r\n"), "{text}");
        assert!(!text.contains("ETag"), "{text}");
    }

    #[test]
    fn other_requests_are_told_what_is_taken() {
        for (method, more, status, field) in [
            ("OPTIONS", "", "200 OK", ""),
            ("INVITE", "", "405 Method Not Allowed", "Allow: PUBLISH"),
            (
                "PUBLISH",
                "Event: presence\r\n",
                "489 Bad Event",
                "Allow-Events: vq-rtcpxr",
            ),
            ("NOTIFY", "", "489 Bad Event", "Allow-Events: vq-rtcpxr"),
            (
                "PUBLISH",
                "Event: vq-rtcpxr\r\nContent-Type: text/plain\r\n",
                "415 Unsupported Media Type",
                "Accept: application/vq-rtcpxr",
            ),
        ] {
            let text = answer(method, more, "x");
            assert!(text.starts_with(&format!("SIP/2.0 {status}\r\n")), "{text}");
            assert!(text.contains(field), "{text}");
        }
    }

    #[test]
    fn what_is_no_request_is_not_answered() {
        assert_eq!(answer("ACK", "", ""), "not_a_report ACK");
        for (text, result) in [
            ("\r\n\r\n", "keepalive"),
            ("SIP/2.0 200 OK\r\nCSeq: 1 PUBLISH\r\n\r\n", "not_a_report"),
            ("PUBLISH sip:a@b SIP/2.0\r\n\r\n", "malformed"),
            ("HEP3", "malformed"),
        ] {
            let outcome = judge(text.as_bytes());
            assert!(
                matches!(outcome, Outcome::Silence(found, _) if found.as_str() == result),
                "{outcome:?}"
            );
        }
    }
}
