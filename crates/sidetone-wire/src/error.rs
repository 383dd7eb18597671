//! Why input is refused: which field, what it held, what is allowed.

use std::borrow::Cow;
use std::fmt;

/// The longest excerpt of a refused value, in characters.
pub const EXCERPT_MAX_CHARS: usize = 64;

/// Where in the input the trouble is. Counting starts at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InputPart {
    /// The input is one thing.
    Body,
    /// A line of NDJSON.
    Line(u64),
    /// An item of a JSON array.
    Item(u64),
}

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Required and not there.
    Missing,
    /// There, but not one of the allowed values.
    Invalid,
    /// There, but no such thing is known here.
    Unknown,
    /// More of it than is taken.
    TooLarge,
}

/// Why input is refused. [`fmt::Display`] names the field, the value and what is allowed: fit to be
/// sent back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// Where.
    pub part: InputPart,
    /// What is wrong.
    pub problem: Problem,
    /// The field, by its path where it is nested (`facts.from.latitude`).
    pub field: Cow<'static, str>,
    /// What it held, cut to [`EXCERPT_MAX_CHARS`]; `None` where that says nothing.
    pub value: Option<String>,
    /// What is allowed.
    pub expected: Cow<'static, str>,
}

impl DecodeError {
    /// A required field is not there.
    #[must_use]
    pub fn missing(
        field: impl Into<Cow<'static, str>>,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            part: InputPart::Body,
            problem: Problem::Missing,
            field: field.into(),
            value: None,
            expected: expected.into(),
        }
    }

    /// A field holds what is not allowed.
    #[must_use]
    pub fn invalid(
        field: impl Into<Cow<'static, str>>,
        value: &str,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            part: InputPart::Body,
            problem: Problem::Invalid,
            field: field.into(),
            value: Some(excerpt(value)),
            expected: expected.into(),
        }
    }

    /// The input as a whole is not what it should be.
    #[must_use]
    pub fn malformed(
        field: impl Into<Cow<'static, str>>,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            part: InputPart::Body,
            problem: Problem::Invalid,
            field: field.into(),
            value: None,
            expected: expected.into(),
        }
    }

    /// Something is named that is not known here; `field` says what sort of thing.
    #[must_use]
    pub fn unknown(
        field: impl Into<Cow<'static, str>>,
        value: &str,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            part: InputPart::Body,
            problem: Problem::Unknown,
            field: field.into(),
            value: Some(excerpt(value)),
            expected: expected.into(),
        }
    }

    /// There is more of it than is taken.
    #[must_use]
    pub fn too_large(
        field: impl Into<Cow<'static, str>>,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            part: InputPart::Body,
            problem: Problem::TooLarge,
            field: field.into(),
            value: None,
            expected: expected.into(),
        }
    }

    /// The same trouble, at a line or an item.
    #[must_use]
    pub fn at(mut self, part: InputPart) -> Self {
        self.part = part;
        self
    }
}

/// The beginning of a value, on one line.
fn excerpt(value: &str) -> String {
    let mut characters = value.chars();
    let mut text: String = characters
        .by_ref()
        .take(EXCERPT_MAX_CHARS)
        .map(|character| {
            if character.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                character
            }
        })
        .collect();
    if characters.next().is_some() {
        text.push('…');
    }
    text
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            InputPart::Body => {}
            InputPart::Line(number) => write!(f, "Line {number}: ")?,
            InputPart::Item(number) => write!(f, "Item {number}: ")?,
        }
        f.write_str(match self.problem {
            Problem::Missing => "Missing ",
            Problem::Invalid => "Invalid ",
            Problem::Unknown => "Unknown ",
            Problem::TooLarge => "Too large: ",
        })?;
        f.write_str(&self.field)?;
        if let Some(value) = &self.value {
            write!(f, " '{value}'")?;
        }
        write!(f, ". Expected {}.", self.expected)
    }
}

impl std::error::Error for DecodeError {}

/// `one of a, b, c`, for [`DecodeError::expected`].
#[must_use]
pub fn one_of(words: &[&str]) -> Cow<'static, str> {
    format!("one of {}", words.join(", ")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_field_value_and_what_is_allowed() {
        let error = DecodeError::invalid("CallStatus", "ringin", one_of(&["ringing", "busy"]));
        assert_eq!(
            error.to_string(),
            "Invalid CallStatus 'ringin'. Expected one of ringing, busy."
        );
        let error = DecodeError::missing("call_sid", "an id of the call").at(InputPart::Line(7));
        assert_eq!(
            error.to_string(),
            "Line 7: Missing call_sid. Expected an id of the call."
        );
    }

    #[test]
    fn shows_the_beginning_of_a_long_value_on_one_line() {
        let error = DecodeError::invalid("From", &"a\n".repeat(1000), "less");
        assert_eq!(
            error.value.as_deref().map(|text| text.chars().count()),
            Some(65)
        );
        assert!(!error.to_string().contains('\n'));
    }
}
