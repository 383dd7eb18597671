//! The calls behind one rollup row, while they are few: where each lies within the hour, and which
//! it is.
//!
//! Stored in the order of lists (by offset, then id), each as the difference to the one before: the
//! offset as a varint, the id as a zigzag varint. About six bytes a call.

use crate::error::{Error, Result};
use sidetone_store::StoreError;

/// A call within an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Posting {
    /// Microseconds since the beginning of the hour.
    pub(crate) offset_us: i64,
    /// Row of the call.
    pub(crate) id: i64,
}

/// More calls than this in one hour are found by looking into the hour: one in four or more of them
/// will do, at a thousand calls an hour.
pub(crate) const POSTINGS_MAX: usize = 256;

/// Writes postings, which are in order.
pub(crate) fn encode(postings: impl Iterator<Item = Posting>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut last = FIRST;
    for posting in postings {
        put_varint(
            &mut bytes,
            posting
                .offset_us
                .wrapping_sub(last.offset_us)
                .cast_unsigned(),
        );
        let step = posting.id.wrapping_sub(last.id);
        put_varint(&mut bytes, ((step << 1) ^ (step >> 63)).cast_unsigned());
        last = posting;
    }
    bytes
}

/// Reads all postings.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Posting>> {
    let mut rest = bytes;
    let mut postings = Vec::with_capacity(bytes.len() / 3);
    let mut last = FIRST;
    while !rest.is_empty() {
        last = take_posting(&mut rest, last)?;
        postings.push(last);
    }
    Ok(postings)
}

/// Reads so many postings, and leaves what follows them.
pub(crate) fn decode_some(rest: &mut &[u8], count: usize) -> Result<Vec<Posting>> {
    let mut postings = Vec::with_capacity(count);
    let mut last = FIRST;
    for _ in 0..count {
        last = take_posting(rest, last)?;
        postings.push(last);
    }
    Ok(postings)
}

/// What the first posting is the difference to.
const FIRST: Posting = Posting {
    offset_us: 0,
    id: 0,
};

fn take_posting(rest: &mut &[u8], last: Posting) -> Result<Posting> {
    let offset = take_varint(rest)?.cast_signed();
    let zigzag = take_varint(rest)?;
    let step = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
    Ok(Posting {
        offset_us: last.offset_us.wrapping_add(offset),
        id: last.id.wrapping_add(step),
    })
}

/// Writes a number, seven bits a byte, lowest first.
pub(crate) fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Takes a number from the front.
pub(crate) fn take_varint(rest: &mut &[u8]) -> Result<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let Some((byte, tail)) = rest.split_first() else {
            break;
        };
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Error(StoreError::Corrupt(
        "postings end within a number".into(),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_written() {
        let postings = [
            (0, 1),
            (0, 7),
            (3_599_999_999, 2),
            (3_600_000_000, i64::MAX),
        ]
        .map(|(offset_us, id)| Posting { offset_us, id });
        for length in 0..=postings.len() {
            let bytes = encode(postings[..length].iter().copied());
            assert_eq!(decode(&bytes).unwrap(), &postings[..length]);
        }
        assert!(decode(&[0x80]).is_err());
        assert!(decode(&[1]).is_err());
    }
}
