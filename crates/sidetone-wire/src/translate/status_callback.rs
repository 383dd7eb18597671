//! Status, recording and answering-machine callbacks, as Twilio, `SignalWire`, Somleng and jambonz
//! send them.
//!
//! jambonz writes the names in snake case and may send a flat JSON object instead of a form;
//! everything else is alike.

mod address;
mod happening;

use sidetone_core::event::{Observation, SourceKind, Step};
use sidetone_core::facts::{CallFacts, PartyFacts};
use sidetone_core::time::TimeUs;
use sidetone_core::vocabulary::{AnsweredBy, CallDirection, EdgeKind};

use crate::error::{DecodeError, one_of};
use crate::form::Form;
use crate::identity::{AccountName, CallName};
use crate::observed::Observed;
use crate::time;
use crate::translate::{content_hash, event_id, source};

/// Every `CallStatus`, and the step it means.
const STATUSES: &[(&str, Step)] = &[
    ("queued", Step::Queued),
    ("created", Step::Queued), // SignalWire
    ("initiated", Step::Initiated),
    ("trying", Step::Initiated), // jambonz
    ("ringing", Step::Ringing),
    ("early-media", Step::Ringing), // jambonz
    ("in-progress", Step::Answered),
    ("answered", Step::Answered),
    ("completed", Step::Completed),
    ("busy", Step::Busy),
    ("failed", Step::Failed),
    ("no-answer", Step::NoAnswer),
    ("canceled", Step::Canceled),
];

/// Every `Direction`, and the direction it means.
const DIRECTIONS: &[(&str, CallDirection)] = &[
    ("inbound", CallDirection::Inbound),
    ("outbound-api", CallDirection::OutboundApi),
    ("outbound-dial", CallDirection::OutboundDial),
    ("trunking-originating", CallDirection::TrunkingOriginating),
    ("trunking-terminating", CallDirection::TrunkingTerminating),
];

/// Every `AnsweredBy`, and what it means.
const ANSWERERS: &[(&str, AnsweredBy)] = &[
    ("human", AnsweredBy::Human),
    ("machine_start", AnsweredBy::MachineStart),
    ("machine_end_beep", AnsweredBy::MachineEndBeep),
    ("machine_end_silence", AnsweredBy::MachineEndSilence),
    ("machine_end_other", AnsweredBy::MachineEndOther),
    ("fax", AnsweredBy::Fax),
    ("unknown", AnsweredBy::Unknown),
    ("machine", AnsweredBy::MachineStart), // SignalWire, and Twilio before 2018
];

/// Reads a callback's body: a form, or a JSON object if it starts with `{`.
///
/// # Errors
/// When the body is neither, or over the limits of [`crate::form`].
pub fn form(body: &[u8]) -> Result<Form<'_>, DecodeError> {
    if body.trim_ascii_start().first() == Some(&b'{') {
        Form::decode_json(body)
    } else {
        Form::decode(body)
    }
}

/// Reads and translates a callback's body.
///
/// # Errors
/// As [`form`] and [`translate`].
pub fn decode(body: &[u8], received_at: TimeUs) -> Result<Vec<Observed>, DecodeError> {
    translate(&form(body)?, received_at)
}

/// Translates a callback: at least one event, or an error. What has no `Timestamp` happened when it
/// was received.
///
/// Ids are made from the content, so that the same callback sent twice makes the same events.
///
/// # Errors
/// Names the parameter that is missing or not allowed.
pub fn translate(form: &Form<'_>, received_at: TimeUs) -> Result<Vec<Observed>, DecodeError> {
    let callback = Callback {
        form,
        call: call_name(form)?,
        at: instant(form)?.unwrap_or(received_at),
    };
    let mut observed = Vec::new();
    if let Some(status) = form.either("CallStatus", "call_status") {
        observed.push(callback.progress(status)?);
    } else if form.get("AnsweredBy").is_some() {
        observed.push(callback.detection()?);
    }
    observed.extend(callback.happenings());
    let observed: Vec<Observed> = observed
        .into_iter()
        .map(Observed::checked)
        .collect::<Result<_, _>>()?;
    if observed.is_empty() {
        let words = words(STATUSES);
        return Err(DecodeError::missing("CallStatus", one_of(&words)));
    }
    Ok(observed)
}

/// A callback whose call and time are known.
struct Callback<'a> {
    form: &'a Form<'a>,
    call: CallName,
    at: TimeUs,
}

impl Callback<'_> {
    /// The event of a `CallStatus`.
    fn progress(&self, status: &str) -> Result<Observed, DecodeError> {
        let step = word(STATUSES, "CallStatus", status)?;
        let sequence = self.whole("SequenceNumber", 0, u32::MAX)?;
        let id = match (sequence, self.form.get("Timestamp")) {
            (Some(sequence), _) => format!("status:{status}:{sequence}"),
            (None, Some(_)) => format!("status:{status}@{}", self.at.micros()),
            (None, None) => format!("status:{status}#{}", self.content_hash()),
        };
        let observation = Observation::Progress {
            step,
            sequence,
            facts: Box::new(self.facts()?),
        };
        Ok(self.observed(&id, observation))
    }

    /// The event of answering machine detection that ran beside the call.
    fn detection(&self) -> Result<Observed, DecodeError> {
        let facts = Box::new(self.facts()?);
        let id = format!("amd#{}", self.content_hash());
        Ok(self.observed(&id, Observation::Facts { facts }))
    }

    fn facts(&self) -> Result<CallFacts, DecodeError> {
        let form = self.form;
        let direction = self.direction()?;
        let mut facts = CallFacts {
            direction,
            from: self.party("From", "from")?,
            to: self.party("To", "to")?,
            connect_duration_s: self
                .whole("CallDuration", 0, u32::MAX)?
                .or(self.whole("duration", 0, u32::MAX)?)
                .map(u64::from),
            last_sip_response: self
                .sip_response("SipResponseCode")?
                .or(self.sip_response("sip_status")?),
            answered_by: form
                .get("AnsweredBy")
                .map(|word_sent| word(ANSWERERS, "AnsweredBy", word_sent))
                .transpose()?,
            disconnected_by: form.get("call_termination_by").map(str::to_owned),
            ..CallFacts::default()
        };
        facts.call_type = address::call_type(direction, &facts.from, &facts.to);
        facts.trust.verified_caller = form
            .get("StirVerstat")
            .map(|verdict| verdict.starts_with("TN-Validation-Passed-"));
        if direction == Some(CallDirection::Inbound) {
            facts.from.ip_address = form.get("originating_sip_ip").map(str::to_owned);
            facts.from.carrier = form.get("originating_sip_trunk_name").map(str::to_owned);
        }
        // `call_id` is jambonz's word for the SIP Call-ID.
        if let Some(call_id) = form.get("call_id") {
            let edge = facts.edges.entry(EdgeKind::Sip).or_default();
            edge.sip_call_id = Some(call_id.to_owned());
        }
        Ok(facts)
    }

    fn direction(&self) -> Result<Option<CallDirection>, DecodeError> {
        let Some(direction) = self.form.either("Direction", "direction") else {
            return Ok(None);
        };
        // SignalWire and jambonz do not say what began an outbound call; a call within another was
        // dialled by it.
        if direction == "outbound" {
            let dialled = self.parent().is_some();
            return Ok(Some(if dialled {
                CallDirection::OutboundDial
            } else {
                CallDirection::OutboundApi
            }));
        }
        word(DIRECTIONS, "Direction", direction).map(Some)
    }

    fn party(&self, twilio: &str, jambonz: &str) -> Result<PartyFacts, DecodeError> {
        let form = self.form;
        let about = |what: &str| form.get(&format!("{twilio}{what}")).map(str::to_owned);
        Ok(PartyFacts {
            address: form
                .raw(twilio)
                .or_else(|| form.raw(jambonz))
                .and_then(address::clean),
            city: about("City"),
            country_subdivision: about("State"),
            country_code: about("Country")
                .map(|code| country(format!("{twilio}Country"), &code))
                .transpose()?,
            ..PartyFacts::default()
        })
    }

    fn parent(&self) -> Option<CallName> {
        self.form
            .either("ParentCallSid", "parent_call_sid")
            .and_then(CallName::parse)
    }

    /// A SIP response code; 0 stands for none.
    fn sip_response(&self, name: &'static str) -> Result<Option<u16>, DecodeError> {
        if self.form.get(name) == Some("0") {
            return Ok(None);
        }
        let code = self.whole(name, 100, 699)?;
        Ok(code.and_then(|code| code.try_into().ok()))
    }

    fn whole(&self, name: &'static str, min: u32, max: u32) -> Result<Option<u32>, DecodeError> {
        let Some(text) = self.form.get(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) if (min..=max).contains(&number) => Ok(Some(number)),
            _ => Err(DecodeError::invalid(
                name,
                text,
                format!("an integer from {min} to {max}"),
            )),
        }
    }

    fn content_hash(&self) -> String {
        let mut pairs: Vec<_> = self.form.pairs().collect();
        pairs.sort_unstable();
        content_hash(
            pairs
                .into_iter()
                .flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]),
        )
    }

    fn observed(&self, id: &str, observation: Observation) -> Observed {
        let form = self.form;
        let jambonz = form.get("CallSid").is_none();
        let parent = match observation {
            Observation::Progress { .. } | Observation::Facts { .. } => self.parent(),
            _ => None,
        };
        Observed {
            account: form
                .either("AccountSid", "account_sid")
                .and_then(AccountName::parse),
            call: self.call.clone(),
            parent,
            id: event_id(id),
            at: self.at,
            source: source(
                SourceKind::StatusCallback,
                jambonz.then(|| "jambonz".to_owned()),
            ),
            observation,
        }
    }
}

impl Form<'_> {
    /// The value by Twilio's name for it, else by jambonz's.
    fn either(&self, twilio: &str, jambonz: &str) -> Option<&str> {
        self.get(twilio).or_else(|| self.get(jambonz))
    }
}

fn call_name(form: &Form<'_>) -> Result<CallName, DecodeError> {
    const EXPECTED: &str =
        "the id of a call: CA and 32 hexadecimal digits, a UUID, or any text of up to 255 bytes";
    let text = form
        .either("CallSid", "call_sid")
        .ok_or_else(|| DecodeError::missing("CallSid", EXPECTED))?;
    CallName::parse(text).ok_or_else(|| DecodeError::invalid("CallSid", text, EXPECTED))
}

fn instant(form: &Form<'_>) -> Result<Option<TimeUs>, DecodeError> {
    form.get("Timestamp")
        .map(|text| {
            time::parse(text).ok_or_else(|| DecodeError::invalid("Timestamp", text, time::FORMS))
        })
        .transpose()
}

fn country(field: String, text: &str) -> Result<String, DecodeError> {
    if text.len() == 2 && text.bytes().all(|it| it.is_ascii_alphabetic()) {
        return Ok(text.to_ascii_uppercase());
    }
    let expected = "a country of two letters, such as US";
    Err(DecodeError::invalid(field, text, expected))
}

fn words<T>(table: &[(&'static str, T)]) -> Vec<&'static str> {
    table.iter().map(|(word, _)| *word).collect()
}

fn word<T: Copy>(
    table: &[(&'static str, T)],
    field: &'static str,
    text: &str,
) -> Result<T, DecodeError> {
    table
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| DecodeError::invalid(field, text, one_of(&words(table))))
}

#[cfg(test)]
mod tests;
