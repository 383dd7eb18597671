//! Parameters of a query or a form: names, values, and what each value must look like.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Characters of a wrong value that a message repeats.
const QUOTED_MAX_CHARS: usize = 64;

/// A value that is not what its parameter takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The parameter.
    pub parameter: Cow<'static, str>,
    /// What is wrong with it, as a sentence that names it.
    pub message: String,
}

impl Invalid {
    /// A wrong value, and what would be a right one.
    pub fn new(parameter: &str, value: &str, expected: impl Display) -> Self {
        let value = quoted(value);
        Self {
            parameter: Cow::Owned(parameter.to_owned()),
            message: format!("Invalid {parameter} '{value}'. Expected {expected}."),
        }
    }

    /// A parameter that must be sent and was not.
    pub fn missing(parameter: &str, expected: impl Display) -> Self {
        Self {
            parameter: Cow::Owned(parameter.to_owned()),
            message: format!("Missing {parameter}. Expected {expected}."),
        }
    }
}

/// A piece of a request, fit to be repeated: bounded, without control characters.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut chars = text.chars();
    let mut quoted: String = chars
        .by_ref()
        .take(QUOTED_MAX_CHARS)
        .map(|char| {
            if char.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                char
            }
        })
        .collect();
    if chars.next().is_some() {
        quoted.push('…');
    }
    quoted
}

/// Names and values in the order they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Decodes `a=1&b=2`. Where a name comes twice, the last one counts.
    ///
    /// # Errors
    /// When a name or a value is not UTF-8.
    pub fn decode(encoded: &[u8]) -> Result<Self, Invalid> {
        let mut params = Vec::new();
        for pair in encoded.split(|byte| *byte == b'&') {
            if pair.is_empty() {
                continue;
            }
            let at = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = match at {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            let name = unescape(name).map_err(|lossy| not_utf8("parameter name", &lossy))?;
            let value = unescape(value).map_err(|lossy| not_utf8(&quoted(&name), &lossy))?;
            params.push((name, value));
        }
        Ok(Self(params))
    }

    /// Every name and value as it came, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Adds a parameter at the end.
    pub fn push(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// The value of a parameter as it came: empty when it was sent empty, `None` when it was not
    /// sent.
    #[must_use]
    pub fn untrimmed(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    }

    /// The value of a parameter, empty when it was sent empty, `None` when it was not sent.
    #[must_use]
    pub fn sent<'a>(&'a self, name: &'a str) -> Option<Value<'a>> {
        self.untrimmed(name).map(|text| Value {
            name,
            text: text.trim(),
        })
    }

    /// Every value of a parameter that may come several times, empty ones too.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Value<'a>> {
        let given = self.iter().filter(move |(given, _)| *given == name);
        given.map(move |(_, text)| Value {
            name,
            text: text.trim(),
        })
    }

    /// The value of a parameter, `None` when it was not sent or sent empty.
    #[must_use]
    pub fn filled<'a>(&'a self, name: &'a str) -> Option<Value<'a>> {
        self.sent(name).filter(|value| !value.text.is_empty())
    }
}

fn not_utf8(parameter: &str, lossy: &str) -> Invalid {
    Invalid::new(parameter, lossy, "text encoded as UTF-8")
}

/// Undoes form encoding. A `%` without two hexadecimal digits stands for itself. `Err` has what can
/// be shown of it.
fn unescape(encoded: &[u8]) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match (byte, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, tail @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push((high << 4) | low);
                    rest = tail;
                }
                _ => bytes.push(b'%'),
            },
            _ => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).map_err(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// The value of one parameter, trimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    /// The parameter's name.
    pub name: &'a str,
    /// The text, without white space around it.
    pub text: &'a str,
}

impl<'a> Value<'a> {
    /// This value is wrong.
    pub fn invalid(self, expected: impl Display) -> Invalid {
        Invalid::new(self.name, self.text, expected)
    }

    /// `true` or `false`, in any case.
    ///
    /// # Errors
    /// When it is neither.
    pub fn boolean(self) -> Result<bool, Invalid> {
        if self.text.eq_ignore_ascii_case("true") {
            Ok(true)
        } else if self.text.eq_ignore_ascii_case("false") {
            Ok(false)
        } else {
            Err(self.invalid("true or false"))
        }
    }

    /// A whole number within a range.
    ///
    /// # Errors
    /// When it is not one.
    pub fn integer<T>(self, range: RangeInclusive<T>) -> Result<T, Invalid>
    where
        T: FromStr + PartialOrd + Display,
    {
        // A plus sign is for numbers that are added, not for those that are named.
        let digits = if self.text.starts_with('+') {
            ""
        } else {
            self.text
        };
        digits
            .parse()
            .ok()
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let (from, to) = (range.start(), range.end());
                self.invalid(format_args!("an integer from {from} to {to}"))
            })
    }

    /// The parts between commas, without white space around them; empty ones left out.
    pub fn items(self) -> impl Iterator<Item = Self> + use<'a> {
        let name = self.name;
        self.text
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(move |text| Self { name, text })
    }

    /// Text of at most so many characters (Unicode scalar values).
    ///
    /// # Errors
    /// When it is longer.
    pub fn text_up_to(self, max_chars: usize) -> Result<String, Invalid> {
        let chars = self.text.chars().count();
        if chars > max_chars {
            return Err(self.invalid(format_args!("at most {max_chars} characters, not {chars}")));
        }
        if self.text.contains('\0') {
            return Err(self.invalid("text without NUL characters"));
        }
        Ok(self.text.to_owned())
    }
}

/// Whether a content type is that of forms.
#[must_use]
pub fn is_form(content_type: &[u8]) -> bool {
    let kind = content_type.split(|byte| *byte == b';').next();
    kind.is_some_and(|kind| {
        kind.trim_ascii()
            .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    })
}

#[cfg(test)]
mod tests;
