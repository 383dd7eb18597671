//! Lines that are JSON objects.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use sidetone_wire::error::{DecodeError, InputPart};

use super::super::patch;
use super::line::{CALL, Line, broken, line, note, too_long};
use crate::web::form::{Invalid, Params};

/// Reads a line.
pub(super) fn read(
    part: InputPart,
    text: Result<&[u8], DecodeError>,
    unknown: &mut BTreeSet<String>,
) -> Line {
    let number = match part {
        InputPart::Line(number) | InputPart::Item(number) => number,
        InputPart::Body => 0,
    };
    let Ok(text) = text else {
        return broken(number, too_long());
    };
    let expected = format!(
        "a JSON object with {CALL} and at least one of {}",
        patch::FIELDS.join(", ")
    );
    let object: Map<String, Value> = match serde_json::from_slice(text) {
        Ok(object) => object,
        Err(error) => {
            let text = String::from_utf8_lossy(text);
            return broken(
                number,
                Invalid::new("line", &text, format_args!("{expected} ({error})")),
            );
        }
    };
    let mut fields = Params::default();
    for (name, value) in &object {
        if !note(name, unknown) {
            continue;
        }
        match plain(value) {
            Some(text) => fields.push(name, &text),
            None => {
                let expected = "text, a number, true or false, an array of words, or null";
                return broken(number, Invalid::new(name, &value.to_string(), expected));
            }
        }
    }
    line(number, text, &fields)
}

/// A JSON value as a form has it; null clears the field.
fn plain(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(words) => {
            let words: Option<Vec<&str>> = words.iter().map(Value::as_str).collect();
            words?.join(",")
        }
        Value::Object(_) => return None,
    })
}
