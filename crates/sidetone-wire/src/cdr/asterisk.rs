//! A row of Asterisk's CDR as a dialplan or a script posts it: a form or a JSON object, with the names of `cdr.conf`.

use serde_json::{Map, Value};

use super::{is_object, no_object, within};
use crate::error::DecodeError;

/// A row. Its names are in lower case: Asterisk writes `src`, but `RTPAUDIOQOS`.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(Map<String, Value>);

impl Row {
    /// Reads a body. Of a field that comes twice the last counts; a form's field that holds a JSON object becomes it.
    ///
    /// # Errors
    /// When it is no JSON object where it begins as one, or too large.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        within(body)?;
        let fields: Map<String, Value> = if is_object(body) {
            serde_json::from_slice(body).map_err(|error| no_object(&error))?
        } else {
            form_urlencoded::parse(body)
                .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                .collect()
        };
        let fields = fields.into_iter().map(|(name, value)| {
            let value = match value {
                Value::String(text) if is_object(text.as_bytes()) => {
                    serde_json::from_str(&text).unwrap_or(Value::String(text))
                }
                value => value,
            };
            (name.to_ascii_lowercase(), value)
        });
        Ok(Self(fields.collect()))
    }

    /// The row's fields.
    #[must_use]
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(body: &str, expected: Value) {
        let row = Row::decode(body.as_bytes()).unwrap();
        assert_eq!(Value::Object(row.0), expected, "{body}");
    }

    #[test]
    fn a_form_and_an_object_are_alike() {
        check(
            "src=%2B12025550100&RTPAUDIOQOS=lp%3D1&rtp_statistics=%7B%22rxcount%22%3A5%7D&a=1&a=2",
            json!({"src": "+12025550100", "rtpaudioqos": "lp=1", "rtp_statistics": {"rxcount": 5}, "a": "2"}),
        );
        check(
            r#" {"src":"1","Extra":"{\"hangupcause\":16}","x":"{"}"#,
            json!({"src": "1", "extra": {"hangupcause": 16}, "x": "{"}),
        );
        check("", json!({}));
        assert!(Row::decode(b"{\"a\"").is_err());
    }
}
