//! `application/x-www-form-urlencoded`, and flat JSON objects read the same way.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::error::DecodeError;

/// The longest body, in bytes.
pub const BODY_MAX_BYTES: usize = 64 * 1024;
/// The most parameters.
pub const PARAMETERS_MAX: usize = 256;
/// The longest name, in bytes.
pub const NAME_MAX_BYTES: usize = 128;
/// The longest value, in bytes.
pub const VALUE_MAX_BYTES: usize = 8 * 1024;

/// Named values, in the order they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Form<'a> {
    /// Decodes a form body or a query string. Bytes that are not UTF-8 become replacement
    /// characters.
    ///
    /// # Errors
    /// When it is larger than the limits above.
    pub fn decode(body: &'a [u8]) -> Result<Self, DecodeError> {
        within(body.len(), BODY_MAX_BYTES, "body")?;
        let mut pairs = Vec::new();
        for (name, value) in form_urlencoded::parse(body) {
            one_more(pairs.len(), &name, &value)?;
            pairs.push((name, value));
        }
        Ok(Self { pairs })
    }

    /// Decodes a JSON object: its texts, numbers and booleans; what is nested or null is left out.
    ///
    /// # Errors
    /// When it is not a JSON object, or larger than the limits above.
    pub fn decode_json(body: &[u8]) -> Result<Form<'static>, DecodeError> {
        within(body.len(), BODY_MAX_BYTES, "body")?;
        let object: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|error| DecodeError::malformed("body", format!("a JSON object ({error})")))?;
        Form::of_object(object)
    }

    /// Takes a JSON object's texts, numbers and booleans as parameters.
    pub(crate) fn of_object(object: Map<String, Value>) -> Result<Form<'static>, DecodeError> {
        let mut pairs = Vec::new();
        for (name, value) in object {
            let value = match value {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => continue,
            };
            one_more(pairs.len(), &name, &value)?;
            pairs.push((Cow::Owned(name), Cow::Owned(value)));
        }
        Ok(Form { pairs })
    }

    /// The last value of this name as it came, white space and all.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .rfind(|(key, _)| key == name)
            .map(|(_, value)| value.as_ref())
    }

    /// The last value of this name without surrounding white space; `None` also when nothing is
    /// left of it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.raw(name)
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }

    /// Every name and value, in the order they came.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

fn within(length: usize, limit: usize, field: &'static str) -> Result<(), DecodeError> {
    if length <= limit {
        Ok(())
    } else {
        Err(DecodeError::too_large(
            field,
            format!("at most {limit} bytes"),
        ))
    }
}

/// Whether one more parameter is taken.
fn one_more(count: usize, name: &str, value: &str) -> Result<(), DecodeError> {
    if count == PARAMETERS_MAX {
        return Err(DecodeError::too_large(
            "form",
            format!("at most {PARAMETERS_MAX} parameters"),
        ));
    }
    within(name.len(), NAME_MAX_BYTES, "parameter name")?;
    within_named(value.len(), name)
}

fn within_named(length: usize, name: &str) -> Result<(), DecodeError> {
    if length <= VALUE_MAX_BYTES {
        Ok(())
    } else {
        Err(DecodeError {
            value: DecodeError::invalid("", name, "").value,
            ..DecodeError::too_large(
                "value of parameter",
                format!("at most {VALUE_MAX_BYTES} bytes"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_holds_and_white_space_says_nothing() {
        let form = Form::decode(b"To=%2B15550100&To=+15550101&From=+&X=%20a%20").unwrap();
        assert_eq!(form.raw("To"), Some(" 15550101"));
        assert_eq!(form.get("To"), Some("15550101"));
        assert_eq!(form.get("From"), None);
        assert_eq!(form.get("X"), Some("a"));
        assert_eq!(form.get("x"), None);
    }

    #[test]
    fn refuses_more_than_it_takes() {
        let many = "a=1&".repeat(PARAMETERS_MAX + 1);
        let long = format!("Comment={}", "x".repeat(VALUE_MAX_BYTES + 1));
        let body = "&".repeat(BODY_MAX_BYTES + 1);
        for (body, message) in [
            (many, "Too large: form. Expected at most 256 parameters."),
            (
                long,
                "Too large: value of parameter 'Comment'. Expected at most 8192 bytes.",
            ),
            (body, "Too large: body. Expected at most 65536 bytes."),
        ] {
            let error = Form::decode(body.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn reads_a_flat_json_object() {
        let form = Form::decode_json(br#"{"a":1,"b":"x","c":true,"d":null,"e":{"f":1}}"#).unwrap();
        let pairs: Vec<_> = form.pairs().collect();
        assert_eq!(pairs, [("a", "1"), ("b", "x"), ("c", "true")]);
        assert!(Form::decode_json(b"[]").is_err());
        let many: Map<String, Value> = (0..=PARAMETERS_MAX)
            .map(|number| (number.to_string(), Value::from(number)))
            .collect();
        let error = Form::decode_json(&serde_json::to_vec(&many).unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Too large: form. Expected at most 256 parameters."
        );
    }
}
