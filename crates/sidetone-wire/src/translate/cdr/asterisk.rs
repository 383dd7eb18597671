//! Rows of Asterisk's CDR, with what a hangup handler can add: the SIP Call-ID, the cause, the
//! figures of the media.
//!
//! | field | what |
//! |---|---|
//! | `uniqueid`, `linkedid`, `sequence`, `src`, `dst`, `channel`, `dstchannel` | as in `cdr.conf` |
//! | `start`, `answer`, `end` | times: text in UTC, or seconds since 1970 with a fraction |
//! | `disposition` | as in `cdr.conf` |
//! | `callid` | SIP Call-ID |
//! | `parentcallid` | SIP Call-ID of the channel that dialled this one |
//! | `hangupcause` | Q.850 cause; also within `extra`, as CEL has it |
//! | `hangupsource` | the channel that hung up; also within `extra` |
//! | `techcause` | `SIP 486 Busy here` |
//! | `useragent`, `codec` | text; the codec as Asterisk names it |
//! | `rtpdest`, `rtpsource` | address and port |
//! | `rtpaudioqos`, `rtpaudioqosjitter`, `rtpaudioqosrtt` | the channel variables of these names |
//! | `rtp_statistics` | the object of ARI |
//! | `system` | name of the server |

mod media;

use std::net::{IpAddr, SocketAddr};

use sidetone_core::bounds::{Bounded, NAME_MAX_CHARS, TEXT_MAX_CHARS};
use sidetone_core::event::{SourceKind, Step};
use sidetone_core::facts::{CallFacts, EdgeFacts};
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{CallType, EdgeKind};

use super::{Decoded, Record, checked, epoch_us};
use crate::cdr::asterisk::Row;
use crate::error::{DecodeError, one_of};
use crate::identity::CallName;
use crate::loose::Object;
use crate::observed::Observed;
use crate::time;
use crate::translate::{cut, source};

/// Every `disposition`, and the step it means.
const DISPOSITIONS: &[(&str, Step)] = &[
    ("ANSWERED", Step::Completed),
    ("NO ANSWER", Step::NoAnswer),
    ("BUSY", Step::Busy),
    ("FAILED", Step::Failed),
    ("CONGESTION", Step::Failed),
    ("CANCEL", Step::Canceled),
];

/// Reads and translates a body.
///
/// # Errors
/// As [`Row::decode`] and [`translate`].
pub fn decode(body: &[u8], received_at: TimeUs) -> Result<Decoded, DecodeError> {
    let row = Row::decode(body)?;
    Ok(Decoded {
        observed: translate(&row, received_at)?,
        repairs: row.repairs(),
    })
}

/// Translates a row: at least the step that ended the call. What has no time happened when it was
/// received.
///
/// # Errors
/// Names the field that is missing or not allowed.
pub fn translate(row: &Row, received_at: TimeUs) -> Result<Vec<Observed>, DecodeError> {
    let channel = Channel::of(row)?;
    let started_at = channel.time("start")?;
    let answered_at = channel.time("answer")?;
    let ended_at = channel.time("end")?;
    let step = channel.ending(answered_at.is_some())?;
    let mut observed = Vec::new();
    for (step, at) in [(Step::Initiated, started_at), (Step::Answered, answered_at)] {
        if let Some(at) = at {
            observed.push(channel.record.progress(step, at, CallFacts::default()));
        }
    }
    let facts = CallFacts {
        started_at,
        answered_at: answered_at.filter(|_| step == Step::Completed),
        ended_at,
        ..channel.facts()
    };
    let ended_at = ended_at.unwrap_or(received_at);
    observed.push(channel.record.progress(step, ended_at, facts));
    for stream in media::streams(channel.row, channel.codec()) {
        observed.push(channel.record.media(
            stream.direction,
            stream.ssrc,
            stream.counters,
            ended_at,
        ));
    }
    checked(observed)
}

/// A row whose call is known.
struct Channel<'a> {
    record: Record,
    row: Object<'a>,
}

impl<'a> Channel<'a> {
    fn of(row: &'a Row) -> Result<Self, DecodeError> {
        let row = Object::of_members(row.fields());
        let named = |key: &str| row.str(key).and_then(CallName::parse);
        let by_call_id = |key: &str| row.str(key).and_then(CallName::of_call_id);
        let call = by_call_id("callid")
            .or_else(|| named("uniqueid"))
            .ok_or_else(|| {
                DecodeError::missing(
                    "uniqueid",
                    "the id of the channel, or its SIP Call-ID in callid",
                )
            })?;
        // A row is one of several of its channel when calls were forked or forwarded.
        let name = match (
            row.str("uniqueid"),
            row.value("sequence").and_then(whole_text),
        ) {
            (Some(id), Some(sequence)) => format!("{id}:{sequence}"),
            (Some(id), None) => id.to_owned(),
            (None, _) => call.to_string(),
        };
        let linked = row
            .str("linkedid")
            .filter(|linked| Some(*linked) != row.str("uniqueid"))
            .and_then(CallName::parse);
        let parent = by_call_id("parentcallid").or(linked);
        let agent = row.text("system").map(|name| cut(name, NAME_MAX_CHARS));
        Ok(Self {
            record: Record {
                parent: parent.filter(|parent| *parent != call),
                call,
                name,
                source: source(SourceKind::Asterisk, agent),
            },
            row,
        })
    }

    fn text(&self, key: &str) -> Option<String> {
        Some(cut(self.row.text(key)?, TEXT_MAX_CHARS))
    }

    fn time(&self, key: &'static str) -> Result<Option<TimeUs>, DecodeError> {
        let Some(text) = self.row.value(key).and_then(whole_text) else {
            return Ok(None);
        };
        // An empty time, and one of all zeros, are those of what did not happen.
        if text.trim_matches(['0', '.', '-', ':', ' ']).is_empty() {
            return Ok(None);
        }
        epoch_s(&text)
            .or_else(|| time::parse(&text))
            .filter(|at| at.check().is_ok())
            .map(Some)
            .ok_or_else(|| {
                let expected = "a time like 2026-06-01 00:00:00 (UTC), or seconds since 1970";
                DecodeError::invalid(key, &text, expected)
            })
    }

    /// The step that ended the call: as the row says, else as the cause does.
    fn ending(&self, answered: bool) -> Result<Step, DecodeError> {
        if let Some(word) = self.row.str("disposition") {
            return DISPOSITIONS
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(word))
                .map(|(_, step)| *step)
                .ok_or_else(|| {
                    let words: Vec<_> = DISPOSITIONS.iter().map(|(word, _)| *word).collect();
                    DecodeError::invalid("disposition", word, one_of(&words))
                });
        }
        Ok(match self.cause() {
            _ if answered => Step::Completed,
            Some(17) => Step::Busy,
            Some(16) => Step::Canceled,
            Some(18 | 19) => Step::NoAnswer,
            Some(_) => Step::Failed,
            None => {
                let words: Vec<_> = DISPOSITIONS.iter().map(|(word, _)| *word).collect();
                return Err(DecodeError::missing("disposition", one_of(&words)));
            }
        })
    }

    fn cause(&self) -> Option<u8> {
        self.row
            .narrow("hangupcause")
            .or_else(|| self.row.object("extra").narrow("hangupcause"))
            .filter(|cause| (1..=127).contains(cause))
    }

    fn disconnected_by(&self) -> Option<String> {
        let source = self
            .row
            .str("hangupsource")
            .or_else(|| self.row.object("extra").str("hangupsource"))?;
        let who = [("channel", "caller"), ("dstchannel", "callee")];
        who.iter()
            .find(|(key, _)| self.row.str(key) == Some(source))
            .map(|(_, who)| (*who).to_owned())
    }

    /// The code in `SIP 486 Busy here`.
    fn sip_response(&self) -> Option<u16> {
        let cause = self.row.str("techcause")?.strip_prefix("SIP ")?;
        let code = cause.split(' ').next()?.parse().ok()?;
        (100..=699).contains(&code).then_some(code)
    }

    fn address(&self, key: &str) -> Option<String> {
        let text = self.row.str(key)?;
        let socket = text.parse().map(|socket: SocketAddr| socket.ip());
        let address: IpAddr = socket.or_else(|_| text.parse()).ok()?;
        (!address.is_unspecified()).then(|| address.to_canonical().to_string())
    }

    /// The codec by its usual name: Asterisk says `ulaw` for PCMU.
    fn codec(&self) -> Option<String> {
        let name = self.row.str("codec")?.to_ascii_lowercase();
        let usual = match name.trim_matches(['(', ')']) {
            "ulaw" => "pcmu",
            "alaw" => "pcma",
            name => name,
        };
        Some(cut(usual.to_owned(), NAME_MAX_CHARS))
    }

    fn facts(&self) -> CallFacts {
        let mut facts = CallFacts {
            call_type: Some(CallType::Sip),
            last_sip_response: self.sip_response(),
            q850_cause: self.cause(),
            disconnected_by: self.disconnected_by(),
            ..CallFacts::default()
        };
        facts.from.address = self.text("src");
        facts.to.address = self.text("dst");
        let edge = EdgeFacts {
            sip_call_id: self.text("callid"),
            user_agent: self.text("useragent"),
            media_ip: self.address("rtpsource"),
            external_media_ip: self.address("rtpdest"),
            ..EdgeFacts::default()
        };
        if edge != EdgeFacts::default() {
            facts.edges.insert(EdgeKind::Sip, edge);
        }
        facts
    }
}

/// A number or a text, as text.
fn whole_text(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::String(text) => Some(text.trim().to_owned()),
        _ => None,
    }
}

/// Seconds since 1970, with up to six digits of a fraction that count.
fn epoch_s(text: &str) -> Option<TimeUs> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if seconds.is_empty() || !digits(seconds) || !digits(fraction) {
        return None;
    }
    let micros: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let seconds: u64 = seconds.parse().ok()?;
    let micros: u64 = micros.parse().ok()?;
    epoch_us(seconds.checked_mul(1_000_000)?.checked_add(micros)?)
}

#[cfg(test)]
mod tests;
