//! A row of Asterisk's CDR as a dialplan or a script posts it: a form or a JSON object, with the
//! names of `cdr.conf`.

use serde_json::{Map, Value};

use super::{no_object, within};
use crate::error::DecodeError;
use crate::json::{self, is_object};
use crate::repairs::Repairs;

/// A row. Its names are in lower case: Asterisk writes `src`, but `RTPAUDIOQOS`.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    fields: Map<String, Value>,
    repairs: Repairs,
}

impl Row {
    /// Reads a body. Of a field that comes twice the last counts; a form's field that holds a JSON
    /// object becomes it.
    ///
    /// # Errors
    /// When it is no JSON object where it begins as one, or too large.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        within(body)?;
        let (fields, mut repairs) = if is_object(body) {
            json::object(body).map_err(|error| no_object(&error))?
        } else {
            let fields = form_urlencoded::parse(body)
                .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
            (fields.collect(), Repairs::default())
        };
        let fields = fields.into_iter().map(|(name, value)| {
            let value = match value {
                Value::String(text) if is_object(text.as_bytes()) => {
                    match json::object(text.as_bytes()) {
                        Ok((object, wrong)) => {
                            repairs.add(wrong);
                            Value::Object(object)
                        }
                        Err(_) => Value::String(text),
                    }
                }
                value => value,
            };
            (name.to_ascii_lowercase(), value)
        });
        let fields = fields.collect();
        Ok(Self { fields, repairs })
    }

    /// The row's fields.
    #[must_use]
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// What was wrong with its text.
    #[must_use]
    pub const fn repairs(&self) -> Repairs {
        self.repairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repairs::Repair;
    use serde_json::json;

    #[track_caller]
    fn check(body: &str, expected: Value) {
        let row = Row::decode(body.as_bytes()).unwrap();
        assert_eq!(Value::Object(row.fields), expected, "{body}");
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

    #[test]
    fn figures_that_are_none_are_absent() {
        let statistics = r#"{"rxcount":5,"rxjitter":nan,"rtt":-nan,"txjitter":0.5,}"#;
        let read = json!({"rxcount": 5, "rxjitter": null, "rtt": null, "txjitter": 0.5});
        let form = format!(
            "src=1&rtp_statistics={}",
            form_urlencoded::byte_serialize(statistics.as_bytes()).collect::<String>()
        );
        let bare = format!(r#"{{"src":"1","rtp_statistics":{statistics}}}"#);
        for body in [form, bare] {
            let row = Row::decode(body.as_bytes()).unwrap();
            assert_eq!(row.fields()["rtp_statistics"], read, "{body}");
            let noted: Vec<_> = row.repairs().iter().collect();
            assert_eq!(noted, [Repair::Comma, Repair::NotANumber]);
        }
    }
}
