//! What the calls of a quarter, or of a day, have in one column: gathered, and as bytes.
//!
//! A call's value is a code: 0 for none, a number plus one, or the place of a text in the segment's own
//! list, from 1. All codes of a segment take as many bytes as the largest one needs; none when they are
//! all the same. In this order: version, calls (LEB128), bytes a code, the codes or the one there is,
//! texts (LEB128; length and bytes of each), CRC-32 of whose it is and of all before it.

use std::collections::{BTreeMap, HashMap};

use super::column::{Cell, Cells, Column};
use super::quarter::Period;

/// The most calls of a segment. A period with more has several.
pub const CALLS_MAX: usize = 16_384;

const VERSION: u8 = 1;

/// The codes of some calls in one column, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// One for each call. None at all: nothing is known of any.
    pub codes: Vec<u64>,
    /// What codes stand for where they stand for texts.
    pub texts: Vec<String>,
}

impl Values {
    /// The code of the call at a place.
    #[must_use]
    pub fn code(&self, place: usize) -> u64 {
        self.codes.get(place).copied().unwrap_or(0)
    }

    /// The numbers of calls at some places, of those that have one.
    pub(super) fn numbers_of(&self, places: &[u32]) -> impl Iterator<Item = u64> {
        places
            .iter()
            .filter_map(|place| self.code(*place as usize).checked_sub(1))
    }
}

/// What is told of the calls of a segment, whatever the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// When they started.
    pub period: Period,
    /// How many there are.
    pub calls: usize,
    /// The latest end of those that have ended.
    pub latest_end_us: Option<i64>,
    /// Whether one of them runs.
    pub has_running: bool,
}

/// Gathers calls.
#[derive(Debug, Default)]
pub struct Builder {
    calls: usize,
    latest_end_us: Option<i64>,
    has_running: bool,
    columns: BTreeMap<Column, Gathered>,
}

#[derive(Debug, Default)]
struct Gathered {
    values: Values,
    codes_of_texts: HashMap<String, u64>,
}

impl Gathered {
    fn code_of(&mut self, text: &str) -> u64 {
        if let Some(code) = self.codes_of_texts.get(text) {
            return *code;
        }
        self.values.texts.push(text.to_owned());
        let code = self.values.texts.len() as u64;
        self.codes_of_texts.insert(text.to_owned(), code);
        code
    }

    fn append(&mut self, values: &Values, code_of_number: impl Fn(u64) -> u64) {
        if values.texts.is_empty() {
            let codes = values.codes.iter();
            self.values
                .codes
                .extend(codes.map(|code| code_of_number(*code)));
            return;
        }
        let texts = values.texts.iter();
        let codes: Vec<u64> = texts.map(|text| self.code_of(text)).collect();
        let new = |code: &u64| {
            let place = usize::try_from(*code)
                .ok()
                .and_then(|code| code.checked_sub(1));
            place
                .and_then(|place| codes.get(place))
                .copied()
                .unwrap_or(0)
        };
        self.values.codes.extend(values.codes.iter().map(new));
    }
}

impl Builder {
    /// Adds a call.
    pub fn add(&mut self, call: Cells<'_>) {
        for (column, cell) in call.cells {
            let gathered = self.columns.entry(column).or_default();
            let code = match cell {
                Cell::Number(number) => number.saturating_add(1),
                Cell::Text(text) => gathered.code_of(&text),
            };
            gathered.values.codes.resize(self.calls, 0);
            gathered.values.codes.push(code);
        }
        self.calls += 1;
        self.latest_end_us = self.latest_end_us.max(call.ended_us);
        self.has_running |= call.ended_us.is_none();
    }

    /// Adds the calls of a part of the period, which begins so long after it.
    pub fn append<'v>(
        &mut self,
        part: About,
        after_us: i64,
        columns: impl IntoIterator<Item = (Column, &'v Values)>,
    ) {
        for (column, values) in columns {
            let gathered = self.columns.entry(column).or_default();
            gathered.values.codes.resize(self.calls, 0);
            gathered.append(values, |code| column.code_after(code, after_us));
        }
        self.calls += part.calls;
        self.latest_end_us = self.latest_end_us.max(part.latest_end_us);
        self.has_running |= part.has_running;
    }

    /// How many there are.
    #[must_use]
    pub const fn calls(&self) -> usize {
        self.calls
    }

    /// What was gathered of a period; columns nothing is known in are left out.
    #[must_use]
    pub fn finish(self, period: Period) -> (About, BTreeMap<Column, Values>) {
        let calls = self.calls;
        let whole = |(column, gathered): (Column, Gathered)| {
            let mut values = gathered.values;
            values.codes.resize(calls, 0);
            (column, values)
        };
        let about = About {
            period,
            calls,
            latest_end_us: self.latest_end_us,
            has_running: self.has_running,
        };
        (about, self.columns.into_iter().map(whole).collect())
    }
}

/// Why bytes are no segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a segment is not what was written")]
pub struct Damaged;

/// Writes a segment. `owner`: whose it is; it can be read as nobody else's.
#[must_use]
pub fn encode(owner: &[u8], values: &Values) -> Vec<u8> {
    let codes = &values.codes;
    let largest = codes.iter().copied().max().unwrap_or(0);
    let is_one = codes.iter().all(|code| *code == largest);
    let width = if is_one { 0 } else { bytes_of(largest) };
    let mut bytes = Vec::with_capacity(16 + codes.len() * width);
    bytes.push(VERSION);
    put(&mut bytes, codes.len() as u64);
    bytes.push(u8::try_from(width).unwrap_or(8));
    if is_one {
        put(&mut bytes, largest);
    } else {
        for code in codes {
            bytes.extend_from_slice(&code.to_le_bytes()[..width]);
        }
    }
    put(&mut bytes, values.texts.len() as u64);
    for text in &values.texts {
        put(&mut bytes, text.len() as u64);
        bytes.extend_from_slice(text.as_bytes());
    }
    let sum = sum(owner, &bytes);
    bytes.extend_from_slice(&sum);
    bytes
}

/// Reads a segment.
///
/// # Errors
/// When it is not what was written, or somebody else's.
pub fn decode(owner: &[u8], bytes: &[u8]) -> Result<Values, Damaged> {
    let (bytes, stored) = bytes.split_last_chunk::<4>().ok_or(Damaged)?;
    if sum(owner, bytes) != *stored {
        return Err(Damaged);
    }
    let (version, mut rest) = bytes.split_first().ok_or(Damaged)?;
    if *version != VERSION {
        return Err(Damaged);
    }
    let calls = length(&mut rest, CALLS_MAX)?;
    let (width, tail) = rest.split_first().ok_or(Damaged)?;
    rest = tail;
    let codes = match usize::from(*width) {
        0 => vec![take(&mut rest)?; calls],
        width @ 1..=8 => {
            let (codes, tail) = rest.split_at_checked(calls * width).ok_or(Damaged)?;
            rest = tail;
            wide(codes, width)
        }
        _ => return Err(Damaged),
    };
    let count = length(&mut rest, CALLS_MAX)?;
    let mut texts = Vec::with_capacity(count);
    for _ in 0..count {
        let most = rest.len();
        let length = length(&mut rest, most)?;
        let (text, tail) = rest.split_at_checked(length).ok_or(Damaged)?;
        texts.push(std::str::from_utf8(text).map_err(|_| Damaged)?.to_owned());
        rest = tail;
    }
    if rest.is_empty() {
        Ok(Values { codes, texts })
    } else {
        Err(Damaged)
    }
}

fn wide(codes: &[u8], width: usize) -> Vec<u64> {
    /// What is known of the width makes it fast.
    fn of<const WIDTH: usize>(codes: &[u8]) -> Vec<u64> {
        let (codes, _) = codes.as_chunks::<WIDTH>();
        let code = |code: &[u8; WIDTH]| {
            let mut wide = [0; 8];
            wide[..WIDTH].copy_from_slice(code);
            u64::from_le_bytes(wide)
        };
        codes.iter().map(code).collect()
    }
    match width {
        1 => of::<1>(codes),
        2 => of::<2>(codes),
        3 => of::<3>(codes),
        4 => of::<4>(codes),
        5 => of::<5>(codes),
        6 => of::<6>(codes),
        7 => of::<7>(codes),
        _ => of::<8>(codes),
    }
}

const fn bytes_of(code: u64) -> usize {
    (64 - code.leading_zeros()).div_ceil(8) as usize
}

fn sum(owner: &[u8], bytes: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(owner);
    hasher.update(bytes);
    hasher.finalize().to_le_bytes()
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(rest: &mut &[u8]) -> Result<u64, Damaged> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first().ok_or(Damaged)?;
        *rest = tail;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Damaged)
}

fn length(rest: &mut &[u8], most: usize) -> Result<usize, Damaged> {
    let length = usize::try_from(take(rest)?).map_err(|_| Damaged)?;
    if length <= most {
        Ok(length)
    } else {
        Err(Damaged)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::column::{Own, zigzag};
    use super::super::quarter::QUARTER_US;
    use super::*;
    use crate::facets::Facet;

    /// Some of what calls have: start and end after the begin of a quarter, a text and a number.
    #[derive(Debug, Clone)]
    struct Call {
        start_us: i64,
        end_us: Option<i64>,
        carrier: Option<String>,
        score: Option<u64>,
    }

    impl Call {
        fn cells(&self, quarter: i64, after_us: i64) -> Cells<'static> {
            let own = |own, number: u64| (Column::Own(own), Cell::Number(number));
            let mut cells = vec![own(Own::Start, (self.start_us + after_us).unsigned_abs())];
            let end = self.end_us.map(|end_us| zigzag(end_us + after_us));
            cells.extend(end.map(|end| own(Own::End, end)));
            let carrier = self.carrier.clone().map(|it| Cell::Text(it.into()));
            cells.extend(carrier.map(|it| (Column::Facet(Facet::FromCarrier), it)));
            let score = self.score.map(Cell::Number);
            cells.extend(score.map(|it| (Column::Facet(Facet::CallScore), it)));
            Cells {
                quarter,
                ended_us: self
                    .end_us
                    .map(|end_us| end_us + quarter * QUARTER_US + after_us),
                cells,
            }
        }
    }

    fn call() -> impl Strategy<Value = Call> {
        let end_us = prop::option::of(-1_000..2 * QUARTER_US);
        let carrier = prop::option::of("[a-d]");
        (0..QUARTER_US, end_us, carrier, prop::option::of(1_u64..6)).prop_map(
            |(start_us, end_us, carrier, score)| Call {
                start_us,
                end_us,
                carrier,
                score,
            },
        )
    }

    fn values() -> impl Strategy<Value = Values> {
        let code = (0_u32..64, any::<u64>()).prop_map(|(bits, code)| code >> bits);
        let codes = prop_oneof![
            (code.clone(), 0_usize..300).prop_map(|(code, calls)| vec![code; calls]),
            prop::collection::vec(code, 0..300),
            prop::collection::vec(0_u64..256, 0..300),
        ];
        (codes, prop::collection::vec(".{0,12}", 0..20))
            .prop_map(|(codes, texts)| Values { codes, texts })
    }

    proptest! {
        #[test]
        fn gives_back_what_was_written(values in values()) {
            let bytes = encode(b"me", &values);
            prop_assert_eq!(decode(b"me", &bytes), Ok(values));
            prop_assert_eq!(decode(b"you", &bytes), Err(Damaged));
        }

        #[test]
        fn joined_quarters_are_what_their_calls_are_of_a_day(quarters in prop::collection::vec((0_i64..96, prop::collection::vec(call(), 0..20)), 0..8)) {
            let (mut joined, mut whole) = (Builder::default(), Builder::default());
            for (quarter, calls) in quarters {
                let mut part = Builder::default();
                for it in &calls {
                    part.add(it.cells(quarter, 0));
                    whole.add(it.cells(0, quarter * QUARTER_US));
                }
                let (about, columns) = part.finish(Period::quarter(quarter));
                joined.append(about, quarter * QUARTER_US, columns.iter().map(|(column, values)| (*column, values)));
            }
            prop_assert_eq!(joined.finish(Period::day(0)), whole.finish(Period::day(0)));
        }

        #[test]
        fn damage_is_told(values in values(), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let mut bytes = encode(b"me", &values);
            let at = at.index(bytes.len());
            prop_assert_eq!(decode(b"me", &bytes[..at]), Err(Damaged));
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(decode(b"me", &bytes), Err(Damaged));
        }

        #[test]
        fn bytes_of_somebody_who_knows_the_checksum_do_no_harm(mut bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            bytes.insert(0, VERSION);
            let sum = sum(b"me", &bytes);
            bytes.extend_from_slice(&sum);
            let _ = decode(b"me", &bytes);
        }
    }
}
