//! The body that `mod_json_cdr` posts: a JSON object, bare or as the form field `cdr` in URL or
//! base64 encoding; the texts within it URL-encoded once more where `encode-values` is on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{no_object, within};
use crate::error::DecodeError;
use crate::json::{self, is_object};
use crate::repairs::Repairs;

/// A record of one leg.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    members: Map<String, Value>,
    repairs: Repairs,
}

impl Record {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is neither a JSON object nor a form with one in `cdr`, or too large.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        within(body)?;
        let object = if is_object(body) {
            json::object(body)
        } else {
            json::object(&unwrapped(body)?)
        };
        let (mut members, repairs) = object.map_err(|error| no_object(&error))?;
        if is_encoded(&members) {
            members.values_mut().for_each(decode_texts);
        }
        Ok(Self { members, repairs })
    }

    /// The record as JSON.
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// What was wrong with its text.
    #[must_use]
    pub const fn repairs(&self) -> Repairs {
        self.repairs
    }
}

/// The object in the form field `cdr`.
fn unwrapped(form: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let (_, value) = form_urlencoded::parse(form)
        .find(|(name, _)| name == "cdr")
        .ok_or_else(|| {
            DecodeError::missing("cdr", "a JSON object, or a form with one in the field cdr")
        })?;
    if is_object(value.as_bytes()) {
        return Ok(value.into_owned().into_bytes());
    }
    // Base64 has plus signs, which a form reads as spaces; line ends may be in it.
    let digits: String = value
        .chars()
        .filter(|character| !matches!(character, '\r' | '\n'))
        .map(|character| if character == ' ' { '+' } else { character })
        .collect();
    STANDARD
        .decode(digits)
        .map_err(|_| DecodeError::malformed("cdr", "a JSON object in URL or base64 encoding"))
}

/// Whether texts are URL-encoded. Nothing says so; but then no variable has a space, which the
/// times of every record (`start_stamp`) have otherwise.
fn is_encoded(record: &Map<String, Value>) -> bool {
    let variables = record.get("variables").and_then(Value::as_object);
    let mut texts = variables
        .into_iter()
        .flat_map(Map::values)
        .filter_map(Value::as_str);
    !texts.any(|text| text.contains(' '))
}

fn decode_texts(value: &mut Value) {
    match value {
        Value::String(text) => {
            if text.contains('%') {
                *text = percent_decoded(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(decode_texts),
        Value::Object(members) => members.values_mut().for_each(decode_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A text with its `%41` read; a plus sign stays one, because this encoding writes a space as
/// `%20`.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after
            .split_at_checked(2)
            .filter(|_| *first == b'%')
            .and_then(|(digits, after)| {
                let digits = str::from_utf8(digits).ok()?;
                let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                let byte = u8::from_str_radix(digits, 16).ok()?;
                hexadecimal.then_some((byte, after))
            });
        let (byte, after) = escaped.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repairs::Repair;

    const BARE: &str = r#"{"switchname":"a","variables":{"sip_from_user":"+1","start_stamp":"2026-06-01 10:00:00","x":"50%25"}}"#;
    const ENCODED: &str = r#"{"switchname":"a","variables":{"sip_from_user":"%2B1","start_stamp":"2026-06-01%2010%3A00%3A00","x":"50%2525"}}"#;

    #[track_caller]
    fn check(body: &str) {
        let expected: Value = serde_json::from_str(BARE).unwrap();
        let record = Record::decode(body.as_bytes()).unwrap();
        assert_eq!(Value::Object(record.members().clone()), expected, "{body}");
    }

    #[test]
    fn wrappings_come_off() {
        for json in [BARE, ENCODED] {
            check(json);
            let url: String = form_urlencoded::byte_serialize(json.as_bytes()).collect();
            check(&format!("cdr={url}"));
            let base64 = STANDARD.encode(json);
            check(&format!("uuid=x&cdr={base64}"));
            check(&format!(
                "cdr={}",
                base64.replace('+', "%2B").replace('=', "%3D")
            ));
        }
    }

    #[test]
    fn variables_of_raw_bytes_take_no_other_along() {
        for (raw, said, repair) in [
            (&b"\x18\x01x"[..], "\u{18}\u{1}x", Repair::ControlCharacter),
            (
                b"\xff\xfe>\xb0",
                "\u{fffd}\u{fffd}>\u{fffd}",
                Repair::NotUtf8,
            ),
            (br#"the "desk""#, r#"the "desk""#, Repair::Quote),
            (br"C:\fax\", r"C:\fax\", Repair::Escape),
        ] {
            // A form feed and more, where the backslash of `\f` is none.
            let said = said.replace(r"\f", "\u{c}");
            let json = [
                br#"{"variables":{"a":"x y","fax_station":""#,
                raw,
                br#"","billsec":"30"},"callflow":[]}"#,
            ]
            .concat();
            let base64 = format!("cdr={}", STANDARD.encode(&json).replace('+', "%2B"));
            for body in [json, base64.into_bytes()] {
                let record = Record::decode(&body).unwrap();
                let variables = &record.members()["variables"];
                let read = (&variables["fax_station"], &variables["billsec"]);
                assert_eq!(read, (&Value::from(said.as_str()), &Value::from("30")));
                assert_eq!(record.repairs().iter().collect::<Vec<_>>(), [repair]);
            }
        }
    }

    #[test]
    fn broken_escapes_stay_as_they_are() {
        for (text, expected) in [
            ("%", "%"),
            ("%4", "%4"),
            ("%+1", "%+1"),
            ("a%zz%41", "a%zzA"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(percent_decoded(text), expected);
        }
    }

    #[test]
    fn says_what_is_no_record() {
        for (body, message) in [
            (
                "",
                "Missing cdr. Expected a JSON object, or a form with one in the field cdr.",
            ),
            (
                "cdr=%%%",
                "Invalid cdr. Expected a JSON object in URL or base64 encoding.",
            ),
            (
                "{",
                "Invalid body. Expected a JSON object (EOF while parsing an object at line 1 column 1).",
            ),
        ] {
            let error = Record::decode(body.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
        let large = vec![b'a'; super::super::BODY_MAX_BYTES + 1];
        assert!(Record::decode(&large).is_err());
    }
}
