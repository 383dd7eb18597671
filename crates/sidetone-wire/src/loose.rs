//! Reads JSON whose authors say "nothing" in many ways: null, absence, `""`, `unknown_…`, a text
//! for a number.

use std::str::FromStr;

use serde_json::{Map, Value};
use sidetone_core::bounds::Bounded;
use sidetone_core::time::TimeUs;

use crate::time;

/// A JSON object, or nothing; either can be asked for its members.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Object<'a>(Option<&'a Map<String, Value>>);

impl<'a> Object<'a> {
    /// The object a value is, nothing if it is something else.
    pub(crate) fn of(value: Option<&'a Value>) -> Self {
        Self(value.and_then(Value::as_object))
    }

    /// An object's members.
    pub(crate) fn of_members(members: &'a Map<String, Value>) -> Self {
        Self(Some(members))
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_none_or(Map::is_empty)
    }

    pub(crate) fn members(self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.0.into_iter().flatten()
    }

    /// A member that is there and not null.
    pub(crate) fn value(self, key: &str) -> Option<&'a Value> {
        self.0?.get(key).filter(|value| !value.is_null())
    }

    pub(crate) fn object(self, key: &str) -> Self {
        Self::of(self.value(key))
    }

    /// A text that says something: not empty, not `unknown`, not `unknown_…`.
    pub(crate) fn str(self, key: &str) -> Option<&'a str> {
        let text = self.value(key)?.as_str()?.trim();
        let says_nothing = text.is_empty() || text == "unknown" || text.starts_with("unknown_");
        (!says_nothing).then_some(text)
    }

    pub(crate) fn text(self, key: &str) -> Option<String> {
        self.str(key).map(str::to_owned)
    }

    /// A word of a closed set; a word outside it is as good as none. `unknown` counts, where the
    /// set has it.
    pub(crate) fn word<T: FromStr>(self, key: &str) -> Option<T> {
        self.value(key)?.as_str()?.trim().parse().ok()
    }

    /// A word of a closed set that says something.
    pub(crate) fn told<T: FromStr>(self, key: &str) -> Option<T> {
        self.str(key)?.parse().ok()
    }

    /// A number, also as text.
    pub(crate) fn number(self, key: &str) -> Option<f64> {
        number(self.value(key)?)
    }

    /// A whole number that is not negative, also as text or with a fraction, which is rounded.
    pub(crate) fn whole(self, key: &str) -> Option<u64> {
        whole(self.value(key)?).filter(|whole| whole.check().is_ok())
    }

    /// A whole number that fits a narrower type.
    pub(crate) fn narrow<T: TryFrom<u64>>(self, key: &str) -> Option<T> {
        self.whole(key)?.try_into().ok()
    }

    /// A whole number of either sign.
    pub(crate) fn signed(self, key: &str) -> Option<i64> {
        let value = self.value(key)?;
        value
            .as_i64()
            .or_else(|| value.as_str()?.trim().parse().ok())
            .or_else(|| i64::try_from(whole(value)?).ok())
            .filter(|signed| signed.check().is_ok())
    }

    /// A boolean, also as text of either case.
    pub(crate) fn flag(self, key: &str) -> Option<bool> {
        match self.value(key)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    pub(crate) fn time(self, key: &str) -> Option<TimeUs> {
        time::parse(self.value(key)?.as_str()?).filter(|time| time.check().is_ok())
    }

    /// An object or array with something in it, as it came.
    pub(crate) fn compound(self, key: &str) -> Option<Value> {
        let value = self.value(key)?;
        let full = match value {
            Value::Object(members) => !members.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => false,
        };
        full.then(|| value.clone())
    }
}

pub(crate) fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

fn whole(value: &Value) -> Option<u64> {
    if let Some(whole) = value.as_u64() {
        return Some(whole);
    }
    if let Some(whole) = value.as_str().and_then(|text| text.trim().parse().ok()) {
        return Some(whole);
    }
    rounded(number(value)?)
}

/// The nearest whole number, if it is not negative and exact as a double.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked on the line above the cast"
)]
pub(crate) fn rounded(number: f64) -> Option<u64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let number = number.round();
    (0.0..=EXACT_MAX).contains(&number).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_is_nothing_however_it_is_said() {
        let value =
            json!({"a": null, "b": "", "c": "unknown_realm", "d": "unknown", "e": {}, "f": []});
        let object = Object::of(Some(&value));
        for key in ["a", "b", "c", "d", "e", "f", "g"] {
            assert_eq!(object.text(key), None, "{key}");
            assert_eq!(object.whole(key), None, "{key}");
            assert_eq!(object.compound(key), None, "{key}");
            assert!(object.object(key).is_empty(), "{key}");
        }
    }

    #[test]
    fn numbers_come_in_several_clothes() {
        let value = json!({"a": 12, "b": "12", "c": 12.4, "d": -3, "e": "x", "f": 1e300, "g": "-3", "h": "NaN"});
        let object = Object::of(Some(&value));
        for key in ["a", "b", "c"] {
            assert_eq!(object.whole(key), Some(12), "{key}");
        }
        for key in ["d", "e", "f", "g", "h"] {
            assert_eq!(object.whole(key), None, "{key}");
        }
        assert_eq!(object.signed("d"), Some(-3));
        assert_eq!(object.signed("g"), Some(-3));
        assert_eq!(object.number("h"), None);
        assert_eq!(object.narrow::<u8>("a"), Some(12));
    }
}
