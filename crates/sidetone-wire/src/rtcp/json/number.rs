//! Whole numbers that JSON tells as numbers or as texts.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use crate::malformed::Malformed;

/// A whole number; `None` when absent, null or a text that is no number.
pub(super) type Whole = Scaled<1>;
/// A number in tenths of what is told.
pub(super) type Tenths = Scaled<10>;

/// A number, times `BY` and rounded.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scaled<const BY: u8>(pub(super) Option<i64>);

impl<const BY: u8> Scaled<BY> {
    /// It, as a narrower number.
    pub(super) fn narrow<T: TryFrom<i64>>(self, what: &'static str) -> Result<T, Malformed> {
        self.if_fits().ok_or(Malformed::new(what, 0))
    }

    /// It, as a narrower number, if it is told and fits.
    pub(super) fn if_fits<T: TryFrom<i64>>(self) -> Option<T> {
        T::try_from(self.0?).ok()
    }

    /// It, as eight bits that are told with or without their sign.
    pub(super) fn octet(self) -> Option<u8> {
        self.if_fits()
            .or_else(|| self.if_fits::<i8>().map(i8::cast_unsigned))
    }
}

impl<'de, const BY: u8> Deserialize<'de> for Scaled<BY> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Number::<BY>)
    }
}

struct Number<const BY: u8>;

impl<const BY: u8> Visitor<'_> for Number<BY> {
    type Value = Scaled<BY>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E>(self, whole: i64) -> Result<Self::Value, E> {
        Ok(Scaled(whole.checked_mul(i64::from(BY))))
    }

    fn visit_u64<E: Error>(self, whole: u64) -> Result<Self::Value, E> {
        match i64::try_from(whole) {
            Ok(whole) => self.visit_i64(whole),
            Err(_) => Ok(Scaled(None)),
        }
    }

    #[allow(
        clippy::cast_possible_truncation,
        reason = "the range is checked on the line above the cast"
    )]
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
        let number = (number * f64::from(BY)).round();
        let whole = (-EXACT_MAX..=EXACT_MAX).contains(&number);
        Ok(Scaled(whole.then_some(number as i64)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let text = text.trim();
        if let Ok(whole) = text.parse() {
            return self.visit_i64(whole);
        }
        match text.parse() {
            Ok(number) => self.visit_f64(number),
            Err(_) => Ok(Scaled(None)),
        }
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scaled(None))
    }
}
