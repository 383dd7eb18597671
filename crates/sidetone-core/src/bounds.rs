//! What is taken in of what others say: how long, how deep, between which numbers.
//!
//! The doors ask before an event is kept, so that all that is kept can be read back, compared and
//! added up. What is kept already is never asked again: a narrower bound must not make an old event
//! unreadable.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::Value;

use crate::id::{AccountSid, CallSid};
use crate::media::{Counters, MediaSample, Stat};
use crate::parsed::parsed_bytes;
use crate::time::TimeUs;
use crate::vocabulary::{
    AnsweredBy, CallDirection, CallState, CallType, MosMethod, StreamDirection, Tag,
};

/// The longest text, in characters.
pub const TEXT_MAX_CHARS: usize = 512;
/// The longest name (of a group, an event, an agent, a codec), in characters.
pub const NAME_MAX_CHARS: usize = 128;
/// The most levels of JSON within JSON. Well below the 128 that the reader takes, because summaries
/// and documents hold values deeper down than events do.
pub const LEVELS_MAX: usize = 32;
/// The most memory that JSON within an event may take once it is read (see [`crate::parsed`]).
pub const DATA_MAX_BYTES: usize = 64 * 1024;
/// The same of what is kept whole as it came: a summary that another system made, an event of an
/// unknown kind.
pub const WHOLE_MAX_BYTES: usize = 256 * 1024;
/// The most members of a list or a map that is read.
pub const ITEMS_MAX: usize = 64;
/// The largest reading, in whatever unit: sums of them stay far from the end of numbers.
pub const READING_MAX: f64 = 1e9;
/// The largest count: what a double holds exactly.
pub const COUNT_MAX: u64 = 1 << 53;

/// What is beyond a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfBounds {
    /// Which member, by its path (`facts.from.latitude`).
    pub path: String,
    /// What it holds.
    pub value: String,
    /// What it may hold.
    pub expected: Cow<'static, str>,
}

impl OutOfBounds {
    pub(crate) fn new(value: impl Display, expected: impl Into<Cow<'static, str>>) -> Self {
        Self {
            path: String::new(),
            value: value.to_string(),
            expected: expected.into(),
        }
    }

    /// The same, one level up.
    #[must_use]
    pub fn within(mut self, member: impl Display) -> Self {
        self.path = if self.path.is_empty() {
            member.to_string()
        } else {
            format!("{member}.{}", self.path)
        };
        self
    }
}

/// Can be asked whether it is within bounds.
pub trait Bounded {
    /// Whether it is within bounds.
    ///
    /// # Errors
    /// The first thing that is not.
    fn check(&self) -> Result<(), OutOfBounds>;
}

/// A point in time that calls happen at.
fn is_in_use(at: TimeUs) -> bool {
    // 2200-01-01T00:00:00Z. Beyond, some seconds and days do not fit where others keep them.
    const END: TimeUs = TimeUs::from_micros(7_258_118_400_000_000);
    (TimeUs::EPOCH..END).contains(&at)
}

impl Bounded for TimeUs {
    fn check(&self) -> Result<(), OutOfBounds> {
        if is_in_use(*self) {
            Ok(())
        } else {
            Err(OutOfBounds::new(self, "a time of the years 1970 to 2199"))
        }
    }
}

fn text(text: &str, max: usize) -> Result<(), OutOfBounds> {
    // A text has at most as many characters as bytes.
    if text.len() <= max || text.chars().count() <= max {
        Ok(())
    } else {
        Err(OutOfBounds::new(
            text,
            format!("a text of at most {max} characters"),
        ))
    }
}

/// Whether a name is short enough.
///
/// # Errors
/// When it is longer than [`NAME_MAX_CHARS`].
pub fn name(name: &str) -> Result<(), OutOfBounds> {
    text(name, NAME_MAX_CHARS)
}

impl Bounded for String {
    fn check(&self) -> Result<(), OutOfBounds> {
        text(self, TEXT_MAX_CHARS)
    }
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else {
        return value.is_object() || value.is_array();
    };
    match value {
        Value::Array(items) => items.iter().any(|item| is_deeper(item, below)),
        Value::Object(members) => members.values().any(|member| is_deeper(member, below)),
        _ => false,
    }
}

/// Whether JSON is neither too deep nor, once it is read, too large.
pub(crate) fn json(value: &Value, max_bytes: usize) -> Result<(), OutOfBounds> {
    // First, so that what follows a value down does not go deep.
    if is_deeper(value, LEVELS_MAX) {
        let expected = format!("at most {LEVELS_MAX} levels of objects and arrays");
        return Err(OutOfBounds::new(value, expected));
    }
    let bytes = parsed_bytes(value);
    if bytes <= max_bytes {
        Ok(())
    } else {
        Err(OutOfBounds::new(
            format_args!("{bytes} bytes once it is read"),
            format!("JSON that takes at most {max_bytes} bytes of memory"),
        ))
    }
}

impl Bounded for Value {
    fn check(&self) -> Result<(), OutOfBounds> {
        json(self, DATA_MAX_BYTES)
    }
}

impl Bounded for u64 {
    fn check(&self) -> Result<(), OutOfBounds> {
        if *self <= COUNT_MAX {
            Ok(())
        } else {
            Err(OutOfBounds::new(
                self,
                format!("a whole number up to {COUNT_MAX}"),
            ))
        }
    }
}

impl Bounded for i64 {
    fn check(&self) -> Result<(), OutOfBounds> {
        if self.unsigned_abs() <= COUNT_MAX {
            Ok(())
        } else {
            let expected = format!("a whole number from -{COUNT_MAX} to {COUNT_MAX}");
            Err(OutOfBounds::new(self, expected))
        }
    }
}

/// Things of which none is out of bounds.
macro_rules! all_within {
    ($($kind:ty),*) => {
        $(impl Bounded for $kind {
            fn check(&self) -> Result<(), OutOfBounds> {
                Ok(())
            }
        })*
    };
}

all_within!(
    bool,
    u8,
    u16,
    f64,
    AccountSid,
    AnsweredBy,
    CallDirection,
    CallSid,
    CallState,
    CallType,
    MosMethod,
    Stat,
    StreamDirection,
    Tag
);

impl<T: Bounded> Bounded for Option<T> {
    fn check(&self) -> Result<(), OutOfBounds> {
        self.as_ref().map_or(Ok(()), T::check)
    }
}

fn items(count: usize) -> Result<(), OutOfBounds> {
    if count <= ITEMS_MAX {
        Ok(())
    } else {
        Err(OutOfBounds::new(
            format_args!("{count} items"),
            format!("at most {ITEMS_MAX}"),
        ))
    }
}

impl<T: Bounded> Bounded for Vec<T> {
    fn check(&self) -> Result<(), OutOfBounds> {
        items(self.len())?;
        self.iter().try_for_each(T::check)
    }
}

impl<K: Display, T: Bounded> Bounded for BTreeMap<K, T> {
    fn check(&self) -> Result<(), OutOfBounds> {
        items(self.len())?;
        self.iter()
            .try_for_each(|(key, value)| value.check().map_err(|error| error.within(key)))
    }
}

/// Whether a member, if it is there, is between two numbers.
pub(crate) fn range<T: PartialOrd + Display + Copy>(
    member: &'static str,
    value: Option<T>,
    min: T,
    max: T,
) -> Result<(), OutOfBounds> {
    match value {
        Some(value) if !(min <= value && value <= max) => {
            Err(OutOfBounds::new(value, format!("a number from {min} to {max}")).within(member))
        }
        _ => Ok(()),
    }
}

impl Stat {
    /// Whether all its members are between two numbers.
    #[must_use]
    pub fn is_within(&self, min: f64, max: f64) -> bool {
        [self.value, self.min, self.max, self.avg]
            .into_iter()
            .flatten()
            .all(|reading| (min..=max).contains(&reading))
    }

    fn in_range(&self, min: f64, max: f64) -> Result<(), OutOfBounds> {
        range("value", self.value, min, max)?;
        range("min", self.min, min, max)?;
        range("max", self.max, min, max)?;
        range("avg", self.avg, min, max)
    }
}

/// The lowest and the highest score there is.
pub const MOS: (f64, f64) = (1.0, 5.0);
/// The lowest and the highest audio level there is.
pub const AUDIO_LEVEL: (f64, f64) = (0.0, 32_767.0);
/// What a delay can be, ms.
pub const DELAY_MS: (f64, f64) = (0.0, READING_MAX);

impl Bounded for Counters {
    fn check(&self) -> Result<(), OutOfBounds> {
        range("codec", self.codec, 0, 127)?;
        range("loss_percent", self.loss_percent, 0.0, 100.0)?;
        if let Some(codec) = &self.codec_name {
            name(codec).map_err(|error| error.within("codec_name"))?;
        }
        for (member, count) in [
            ("packets_received", self.packets_received),
            ("packets_sent", self.packets_sent),
            ("bytes_received", self.bytes_received),
            ("bytes_sent", self.bytes_sent),
        ] {
            count.check().map_err(|error| error.within(member))?;
        }
        self.packets_lost
            .check()
            .map_err(|error| error.within("packets_lost"))?;
        for (member, stat, (min, max)) in [
            ("jitter_ms", self.jitter_ms, DELAY_MS),
            ("latency_ms", self.latency_ms, DELAY_MS),
            ("rtt_ms", self.rtt_ms, DELAY_MS),
            ("mos", self.mos, MOS),
            ("audio_in", self.audio_in, AUDIO_LEVEL),
            ("audio_out", self.audio_out, AUDIO_LEVEL),
        ] {
            stat.map_or(Ok(()), |stat| stat.in_range(min, max))
                .map_err(|error| error.within(member))?;
        }
        self.delayed_packets
            .check()
            .map_err(|error| error.within("delayed_packets"))
    }
}

impl Bounded for MediaSample {
    fn check(&self) -> Result<(), OutOfBounds> {
        self.interval
            .check()
            .map_err(|error| error.within("interval"))?;
        self.cumulative
            .check()
            .map_err(|error| error.within("cumulative"))?;
        self.metadata
            .check()
            .map_err(|error| error.within("metadata"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn refuses_what_is_small_only_as_text() {
        let full = DATA_MAX_BYTES / 32;
        let numbers = |count| Value::from(vec![0; count]);
        assert_eq!(numbers(full - 1).check(), Ok(()));
        let error = numbers(full).check().unwrap_err();
        assert_eq!(error.value, "65568 bytes once it is read");
        assert_eq!(
            error.expected,
            "JSON that takes at most 65536 bytes of memory"
        );
        let objects: Value = (0..100).map(|_| json!({"a": {}})).collect();
        assert!(objects.to_string().len() < 1_000 && objects.check().is_err());
        assert_eq!(Value::from("x".repeat(65_000)).check(), Ok(()));
    }
}
