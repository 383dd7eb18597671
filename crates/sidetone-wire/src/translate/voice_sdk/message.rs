//! An envelope, the call that it is about, and what comes of it.

use std::fmt;

use serde_json::Value;
use sidetone_core::bounds::NAME_MAX_CHARS;
use sidetone_core::event::{Observation, Source, SourceKind};
use sidetone_core::feedback::FeedbackPatch;
use sidetone_core::time::TimeUs;

use crate::batch::Tally;
use crate::error::DecodeError;
use crate::identity::CallName;
use crate::loose::Object;
use crate::observed::Observed;
use crate::translate::{content_hash, cut, event_id, source};

/// The longest temporary name, in bytes. The SDK's are `TJS` and a UUID.
pub const TEMPORARY_MAX_BYTES: usize = 64;

/// A clock that is ahead of ours by more than this is wrong, in microseconds.
const AHEAD_MAX_US: i64 = 300_000_000;

/// Whose SDK it is, as its token says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Speaker<'a> {
    /// The address of the side that it is: `client:alice`. `None`: not known.
    pub address: Option<&'a str>,
}

/// What an SDK calls a call before the gateway has named it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TemporarySid(Box<str>);

impl TemporarySid {
    /// Reads one: 1 to [`TEMPORARY_MAX_BYTES`] letters, digits, `-` and `_`, and no `CallSid`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=TEMPORARY_MAX_BYTES).contains(&text.len());
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_name = fits && text.bytes().all(is_plain);
        let is_foreign = matches!(CallName::parse(text), Some(CallName::Foreign(_)));
        (is_name && is_foreign).then(|| Self(text.into()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the call that its events are of as long as it has no other.
    #[must_use]
    pub fn call(&self) -> CallName {
        CallName::Temporary(self.0.clone())
    }
}

impl fmt::Display for TemporarySid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which way a call goes, as its SDK sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Somebody calls the SDK.
    Incoming,
    /// The SDK calls.
    Outgoing,
}

/// A call as its SDK names it: at least one name is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SdkCall {
    /// What the gateway calls it.
    pub sid: Option<CallName>,
    /// What the SDK called it before.
    pub temporary: Option<TemporarySid>,
    /// Which way it goes.
    pub way: Option<Way>,
}

impl SdkCall {
    /// The name that its events are kept under, as far as this message tells.
    fn name(&self) -> Option<CallName> {
        let temporary = || Some(self.temporary.as_ref()?.call());
        self.sid.clone().or_else(temporary)
    }
}

/// What a body tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The call. `None`: of no call, so that nothing is observed; a device tells of itself too.
    pub call: Option<SdkCall>,
    /// The observations. Where the call has no `CallSid` yet, they are under its temporary name.
    pub observed: Vec<Observed>,
    /// What the SDK's user thinks of the call.
    pub feedback: Option<FeedbackPatch>,
    /// Samples that cannot be taken.
    pub refused: Tally,
}

/// An envelope whose call is known.
pub(super) struct Message<'a> {
    /// All of it.
    pub(super) content: &'a Value,
    pub(super) group: &'a str,
    pub(super) name: &'a str,
    pub(super) payload: &'a Value,
    pub(super) envelope: Object<'a>,
    pub(super) call: SdkCall,
    /// When it happened, or was sent.
    pub(super) at: TimeUs,
    /// What is added to its times, because its clock is ahead.
    pub(super) shift_us: i64,
    pub(super) source: Source,
}

pub(super) fn nameless() -> DecodeError {
    DecodeError::missing(
        "call_sid",
        "a CallSid, or the SDK's own name in temp_call_sid",
    )
}

/// The call that a payload names. `None`: it names none.
pub(super) fn call_of(payload: Object<'_>, path: &str) -> Result<Option<SdkCall>, DecodeError> {
    let sid = named(payload, path, "call_sid", "a CallSid", CallName::parse)?;
    let expected = "1 to 64 letters, digits, '-' and '_', and no CallSid";
    let temporary = named(
        payload,
        path,
        "temp_call_sid",
        expected,
        TemporarySid::parse,
    )?;
    let way = payload.str("direction").and_then(|way| match way {
        "INCOMING" => Some(Way::Incoming),
        "OUTGOING" => Some(Way::Outgoing),
        _ => None,
    });
    let call = SdkCall {
        sid,
        temporary,
        way,
    };
    Ok(call.name().is_some().then_some(call))
}

fn named<T>(
    payload: Object<'_>,
    path: &str,
    key: &str,
    expected: &'static str,
    parse: fn(&str) -> Option<T>,
) -> Result<Option<T>, DecodeError> {
    match payload.value(key) {
        None => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => parse(text)
            .map(Some)
            .ok_or_else(|| DecodeError::invalid(format!("{path}.{key}"), text, expected)),
        Some(_) => Err(DecodeError::malformed(format!("{path}.{key}"), expected)),
    }
}

impl Told {
    pub(super) fn nothing() -> Self {
        Self {
            call: None,
            observed: Vec::new(),
            feedback: None,
            refused: Tally::default(),
        }
    }
}

impl<'a> Message<'a> {
    pub(super) fn of(
        envelope: &'a Value,
        call: SdkCall,
        received_at: TimeUs,
    ) -> Result<Self, DecodeError> {
        let object = Object::of(Some(envelope));
        let word = |key: &'static str| {
            object
                .value(key)
                .and_then(Value::as_str)
                .filter(|word| !word.is_empty())
                .ok_or_else(|| DecodeError::missing(key, "a text"))
        };
        let sent_at = object.time("timestamp").unwrap_or(received_at);
        let ahead_us = sent_at.since_us(received_at);
        let publisher = object.text("publisher");
        Ok(Self {
            content: envelope,
            group: word("group")?,
            name: word("name")?,
            payload: object.value("payload").unwrap_or(&Value::Null),
            envelope: object,
            call,
            at: sent_at,
            shift_us: if ahead_us > AHEAD_MAX_US {
                ahead_us.saturating_neg()
            } else {
                0
            },
            source: source(
                SourceKind::VoiceSdk,
                publisher.map(|name| cut(name, NAME_MAX_CHARS)),
            ),
        })
    }

    /// An observation, known by its content: a resend is the same one.
    pub(super) fn observe(
        &self,
        what: &str,
        content: &Value,
        at: TimeUs,
        observation: Observation,
    ) -> Result<Observed, DecodeError> {
        let content = content_hash([content.to_string().as_bytes()]);
        let observed = Observed {
            account: None,
            call: self.call.name().ok_or_else(nameless)?,
            parent: None,
            id: event_id(&format!("{what}:{content}")),
            at: at.plus_us(self.shift_us),
            source: self.source.clone(),
            observation,
        };
        observed.checked()
    }
}
