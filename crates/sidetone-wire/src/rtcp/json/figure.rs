//! Whole numbers that JSON tells as numbers or as texts.

use crate::json::cursor::{Cursor, Number};
use crate::malformed::Malformed;

/// A member that may be there once.
#[derive(Debug)]
pub(super) struct Member<T>(Option<Option<T>>);

/// A number; `None` when absent, null or a text that is no number.
pub(super) type Figure = Member<Number>;

impl<T> Default for Member<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Member<T> {
    /// Reads it; null is none.
    pub(super) fn read<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        read: impl FnOnce(&mut Cursor<'a>) -> Option<Option<T>>,
    ) -> Option<()> {
        if self.0.is_some() {
            return cursor.shape();
        }
        self.0 = Some(read(cursor)?);
        Some(())
    }

    pub(super) fn get(&self) -> Option<&T> {
        self.0.as_ref()?.as_ref()
    }

    pub(super) fn take(self) -> Option<T> {
        self.0.flatten()
    }
}

impl Figure {
    /// Reads it, as a number or as a text.
    pub(super) fn read_number(&mut self, cursor: &mut Cursor<'_>) -> Option<()> {
        self.read(cursor, |cursor| {
            Some(match cursor.value()? {
                b'-' | b'0'..=b'9' => Some(cursor.number()?),
                b'"' => told(cursor.text()?.trim()),
                _ => {
                    cursor.null()?;
                    None
                }
            })
        })
    }

    /// It, rounded.
    pub(super) fn whole(&self) -> Option<i64> {
        self.times(1)
    }

    /// So many times it, rounded.
    pub(super) fn times(&self, by: u8) -> Option<i64> {
        match *self.get()? {
            Number::Whole(whole) => whole.checked_mul(by.into()),
            Number::Real(real) => rounded(real * f64::from(by)),
        }
    }

    /// It, as a narrower number.
    pub(super) fn narrow<T: TryFrom<i64>>(&self, what: &'static str) -> Result<T, Malformed> {
        self.if_fits().ok_or(Malformed::new(what, 0))
    }

    /// It, as a narrower number, if it is told and fits.
    pub(super) fn if_fits<T: TryFrom<i64>>(&self) -> Option<T> {
        T::try_from(self.whole()?).ok()
    }

    /// It, as eight bits that are told with or without their sign.
    pub(super) fn octet(&self) -> Option<u8> {
        self.if_fits()
            .or_else(|| self.if_fits::<i8>().map(i8::cast_unsigned))
    }
}

/// The number of a text.
fn told(text: &str) -> Option<Number> {
    let whole = text.parse().map(Number::Whole);
    whole.or_else(|_| text.parse().map(Number::Real)).ok()
}

/// The nearest whole number, if it is exact as a double.
#[allow(
    clippy::cast_possible_truncation,
    reason = "the range is checked on the line above the cast"
)]
fn rounded(real: f64) -> Option<i64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let whole = real.round();
    (-EXACT_MAX..=EXACT_MAX)
        .contains(&whole)
        .then_some(whole as i64)
}

/// A record of figures.
pub(super) trait Figures: Default {
    /// The one of that name.
    fn figure(&mut self, name: &[u8]) -> Option<&mut Figure>;
}

/// Reads a record; what it does not know is passed over.
pub(super) fn figures<T: Figures>(cursor: &mut Cursor<'_>) -> Option<Option<T>> {
    let mut record = T::default();
    let is_there = cursor.object(|cursor, name| match record.figure(name) {
        Some(figure) => figure.read_number(cursor),
        None => cursor.skip(),
    })?;
    Some(is_there.then_some(record))
}
