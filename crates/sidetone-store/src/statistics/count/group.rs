//! Which group a call is in.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZeroU32;

use crate::statistics::GroupValue;
use crate::statistics::column::{Arity, Column};
use crate::statistics::segment::Values;

/// Codes up to here are looked up in a table.
const TABLE_MAX: usize = 4096;

/// The groups of calls by one column. A group is known by a number; 0 is that of the calls of which
/// nothing is known.
pub(super) struct Grouping {
    column: Column,
    texts: HashMap<String, u32>,
    numbers: HashMap<u64, u32>,
    values: Vec<GroupValue>,
    /// Bytes of the texts of groups, each kept twice.
    text_bytes: usize,
}

/// The groups of some calls.
pub(super) enum Groups {
    /// One each.
    One(Vec<u32>),
    /// Some each: the sets there are, and which of them each call has.
    Sets(Vec<Vec<u32>>, Vec<u32>),
}

impl Groups {
    /// Those of the n-th call.
    pub(super) fn of(&self, nth: usize) -> &[u32] {
        match self {
            Self::One(groups) => &groups[nth..=nth],
            Self::Sets(sets, of_calls) => &sets[of_calls[nth] as usize],
        }
    }
}

impl Grouping {
    pub(super) fn by(column: Column) -> Self {
        Self {
            column,
            texts: HashMap::new(),
            numbers: HashMap::new(),
            values: vec![GroupValue::Unknown],
            text_bytes: 0,
        }
    }

    /// How many groups came.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// About how much memory they take: as a value, as a key, and what allocations and tables add.
    pub(super) fn bytes(&self) -> usize {
        let of_each = size_of::<GroupValue>() + 2 * size_of::<(String, u32)>() + 32;
        self.values.len() * of_each + self.text_bytes
    }

    pub(super) const fn column(&self) -> Column {
        self.column
    }

    pub(super) fn value(&self, group: u32) -> GroupValue {
        self.values[group as usize].clone()
    }

    /// The groups of calls, by their codes.
    pub(super) fn groups_of(&mut self, calls: &[u32], values: &Values) -> Groups {
        // Sets of groups, each once, and the one of each code as far as it came.
        let mut sets: Vec<Vec<u32>> = Vec::new();
        let mut table: Vec<Option<u32>> = Vec::new();
        let mut others: HashMap<u64, u32> = HashMap::new();
        let mut of_calls = Vec::with_capacity(calls.len());
        for call in calls {
            let code = values.code(*call as usize);
            let place = usize::try_from(code)
                .ok()
                .filter(|place| *place < TABLE_MAX);
            let known = match place {
                Some(place) => table.get(place).copied().flatten(),
                None => others.get(&code).copied(),
            };
            let set = known.unwrap_or_else(|| {
                let set = u32::try_from(sets.len()).unwrap_or(u32::MAX);
                sets.push(self.groups_of_code(code, values));
                match place {
                    Some(place) => {
                        table.resize(table.len().max(place + 1), None);
                        table[place] = Some(set);
                    }
                    None => {
                        others.insert(code, set);
                    }
                }
                set
            });
            of_calls.push(set);
        }
        if sets.iter().all(|set| set.len() == 1) {
            let group = |set: &u32| sets[*set as usize][0];
            return Groups::One(of_calls.iter().map(group).collect());
        }
        Groups::Sets(sets, of_calls)
    }

    fn groups_of_code(&mut self, code: u64, values: &Values) -> Vec<u32> {
        let Some(number) = code.checked_sub(1) else {
            return vec![0];
        };
        let text = usize::try_from(number)
            .ok()
            .and_then(|place| values.texts.get(place));
        match (self.column.arity(), text) {
            (Arity::One, Some(text)) => vec![self.of_text(text)],
            (Arity::One, None) => vec![self.of_number(number)],
            (Arity::Bits, _) => {
                let bits = (0..63).filter(|bit| number >> bit & 1 == 1);
                bits.map(|bit| self.of_number(bit)).collect()
            }
            (Arity::Lines, Some(text)) => text.split('\n').map(|line| self.of_text(line)).collect(),
            (Arity::Lines, None) => vec![0],
        }
    }

    fn of_text(&mut self, text: &str) -> u32 {
        if let Some(group) = self.texts.get(text) {
            return *group;
        }
        let group = self.add(GroupValue::Text(text.to_owned()));
        self.texts.insert(text.to_owned(), group);
        self.text_bytes += 2 * text.len();
        group
    }

    fn of_number(&mut self, number: u64) -> u32 {
        if let Some(group) = self.numbers.get(&number) {
            return *group;
        }
        let group = self.add(GroupValue::Number(number));
        self.numbers.insert(number, group);
        group
    }

    fn add(&mut self, value: GroupValue) -> u32 {
        self.values.push(value);
        u32::try_from(self.values.len() - 1).unwrap_or(u32::MAX)
    }
}

/// An interval by its begin, and a group of each column; 0 where there is no column. No array:
/// mixing its bytes one by one would take longer than all else.
type GroupKey = (Option<i64>, u32, u32, u32);

/// Which tally is whose: numbers from 0, in the order in which they are asked for.
#[derive(Default)]
pub(super) struct GroupKeys {
    tallies: HashMap<GroupKey, u32, BuildHasherDefault<Mixed>>,
    keys: Vec<GroupKey>,
    /// What was asked for last: calls of one group and interval often come together.
    last: Option<(GroupKey, u32)>,
}

impl GroupKeys {
    pub(super) fn get(&mut self, key: GroupKey) -> u32 {
        if let Some((last, tally)) = self.last
            && last == key
        {
            return tally;
        }
        let next = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        let tally = *self.tallies.entry(key).or_insert(next);
        if tally == next {
            self.keys.push(key);
        }
        self.last = Some((key, tally));
        tally
    }

    /// About how much memory they take.
    pub(super) fn bytes(&self) -> usize {
        3 * self.keys.len() * size_of::<GroupKey>()
    }

    /// The keys in the order of their tallies.
    pub(super) fn into_rows(self) -> impl Iterator<Item = GroupKey> {
        self.keys.into_iter()
    }
}

/// The tallies of a piece's calls by interval and groups, as far as they came: a lookup for each call is
/// most of the work.
pub(super) struct Table {
    sizes: [usize; 4],
    /// Empty: there would be too many.
    tallies: Vec<Option<NonZeroU32>>,
}

impl Table {
    /// A table of so many intervals, and groups of each column.
    pub(super) fn of(sizes: [usize; 4]) -> Self {
        let size = sizes
            .iter()
            .fold(1, |all: usize, size| all.saturating_mul(*size));
        let size = if size > TABLE_MAX { 0 } else { size };
        Self {
            sizes,
            tallies: vec![None; size],
        }
    }

    /// The tally of an interval and groups.
    pub(super) fn tally(&mut self, key: [u32; 4], find: impl FnOnce() -> u32) -> u32 {
        let parts = key.iter().zip(self.sizes);
        let place = parts.fold(0, |place, (part, size)| place * size + *part as usize);
        let Some(known) = self.tallies.get_mut(place) else {
            return find();
        };
        if let Some(known) = known {
            return known.get() - 1;
        }
        let tally = find();
        *known = NonZeroU32::new(tally.saturating_add(1));
        tally
    }
}

/// Mixes a few small numbers that nobody outside chooses. The usual hash takes four times as long.
#[derive(Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64((*byte).into());
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        // The golden ratio: SplitMix64's step.
        self.0 = (self.0.rotate_left(23) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_i64(&mut self, number: i64) {
        self.write_u64(number.cast_unsigned());
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }
}
